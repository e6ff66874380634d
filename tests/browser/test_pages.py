"""The pages in a real browser: with a pointer, with the keyboard alone, without JavaScript, and held against WCAG.

What every page must not do (ask another origin, break the policy it is served with, report an error) is seen to by the
fixture `visitor`.
"""

from __future__ import annotations

import itertools
import json
import re
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import segno
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import BrowserContext, Page, expect

from tests.publish.attacks import ATTACKS

Open = Callable[..., Page]
INDEX, YEAR, EPISODE = "news/index.html", "news/archive/2025.html", "news/episodes/2025-11-04/index.html"
HOSTILE = "hostile/episodes/2025-11-04/index.html"
PHONE, DESK = {"width": 390, "height": 844}, {"width": 1280, "height": 900}
PLAYER = ".player"
PATIENCE_SECONDS = 10


def position(page: Page) -> float:
    return float(page.evaluate("document.querySelector('audio').currentTime"))


def wait_until(page: Page, condition: str) -> None:
    """Until it holds of `audio`.  Not page.wait_for_function: it makes code of a string, which the policy forbids."""
    end = time.monotonic() + PATIENCE_SECONDS
    while not page.evaluate(f"((audio) => {condition})(document.querySelector('audio'))"):
        assert time.monotonic() < end, condition
        page.wait_for_timeout(30)


def button(page: Page, name: str) -> None:
    page.locator(PLAYER).get_by_role("button", name=name, exact=True).click()


# --- playing ------------------------------------------------------------------------------------------------------


def test_it_plays_and_pauses(visit: Open) -> None:
    page = visit(EPISODE, viewport=PHONE)
    page.get_by_role("button", name="播放本期").click()
    wait_until(page, "audio.currentTime > 0.4")
    expect(page.locator("#now")).to_have_text("开场")
    button(page, "暂停")
    wait_until(page, "audio.paused")
    held = position(page)
    page.wait_for_timeout(150)
    assert position(page) == held
    expect(page.locator(PLAYER).get_by_role("button", name="播放", exact=True)).to_be_visible()


def test_a_chapter_and_a_sentence_lead_to_their_place(visit: Open) -> None:
    page = visit(EPISODE)
    chapter = page.locator(".chapters").get_by_role("link", name="Rocket lands on a ship")
    chapter.click()
    wait_until(page, "!audio.paused && audio.currentTime >= 36")
    assert position(page) < 39
    expect(chapter).to_have_attribute("aria-current", "true")
    expect(page.locator(".chapters [aria-current]")).to_have_count(1)
    expect(page.locator("#now")).to_have_text("Rocket lands on a ship")

    sentence = page.locator(".transcript").get_by_role("link", name="功耗降三成。")
    sentence.click()
    wait_until(page, "audio.currentTime >= 33 && audio.currentTime < 35")
    expect(sentence).to_have_attribute("aria-current", "true")
    expect(page.locator("#now")).to_have_text("新芯片发布，功耗降低 30%")


def test_the_highlight_follows_the_speech_and_the_page_the_highlight(visit: Open) -> None:
    page = visit(EPISODE, viewport={"width": 390, "height": 500})
    page.get_by_label("播放速度").select_option("2.5")
    sentences = page.locator(".cue")
    before, after = sentences.nth(3), sentences.nth(4)
    before.click()
    box = "document.querySelectorAll('.cue')[4].getBoundingClientRect()"
    page.evaluate(f"scrollBy(0, {box}.top - 400)")  # the next one lies behind the player
    expect(after).to_have_attribute("aria-current", "true")
    expect(before).not_to_have_attribute("aria-current", "true")
    wait_until(page, f"{box}.bottom < document.querySelector('.player').getBoundingClientRect().top")


def test_the_buttons_skip_and_stay_inside_the_audio(visit: Open) -> None:
    page = visit(EPISODE)
    wait_until(page, "audio.readyState > 0")
    button(page, "前进 30 秒")
    assert position(page) == 30
    button(page, "后退 15 秒")
    assert position(page) == 15
    button(page, "下一章")
    assert position(page) == 30
    button(page, "下一章")
    assert position(page) == 36
    button(page, "上一章")  # at the start of a chapter: the one before it
    assert position(page) == 30
    button(page, "前进 30 秒")
    button(page, "前进 30 秒")
    assert position(page) == pytest.approx(60, abs=0.1)
    page.locator("#waveform").click(position={"x": 0, "y": 20})
    wait_until(page, "audio.currentTime < 2")


def test_position_and_speed_are_kept_until_the_end_is_reached(visitor: Callable[..., BrowserContext]) -> None:
    profile = visitor()
    page = profile.new_page()
    page.goto(EPISODE)
    page.get_by_label("播放速度").select_option("1.5")
    page.locator(".chapters").get_by_role("link", name="新芯片发布").click()
    wait_until(page, "audio.currentTime > 30.3")
    before = position(page)
    page.close()  # without a pause, as a phone does

    page = profile.new_page()
    page.goto(EPISODE)
    wait_until(page, "audio.currentTime > 0")
    assert before - 0.1 <= position(page) < before + 10
    assert page.evaluate("document.querySelector('audio').playbackRate") == 1.5
    expect(page.get_by_label("播放速度")).to_have_value("1.5")
    assert abs(float(page.get_by_label("播放位置").input_value()) - position(page)) <= 1
    page.get_by_role("button", name=re.compile(r"从 00:3\d 继续")).click()
    wait_until(page, "!audio.paused")
    page.evaluate("document.querySelector('audio').currentTime = 59.7")
    wait_until(page, "audio.ended")
    page.reload()
    wait_until(page, "audio.readyState > 0")
    assert position(page) == 0
    page.goto(EPISODE.replace("11-04", "11-05"))
    wait_until(page, "audio.readyState > 0")
    assert position(page) == 0  # each episode has a place of its own, all one speed
    expect(page.get_by_label("播放速度")).to_have_value("1.5")


def test_an_address_can_name_a_moment(visit: Open) -> None:
    page = visit(f"{EPISODE}#t=42.5")
    wait_until(page, "audio.currentTime === 42.5")


def test_a_lock_screen_shows_the_title_and_skips(visitor: Callable[..., BrowserContext]) -> None:
    profile = visitor()
    profile.add_init_script(
        "window.answers = {}; const set = MediaSession.prototype.setActionHandler;"
        "MediaSession.prototype.setActionHandler = function (name, answer) {"
        " answers[name] = answer; return set.call(this, name, answer); };"
    )
    page = profile.new_page()
    page.goto(EPISODE)
    wait_until(page, "audio.readyState > 0")
    shown = page.evaluate(
        "(({title, artist, artwork}) => [title, artist, artwork[0].src])(navigator.mediaSession.metadata)"
    )
    assert shown[:2] == ["芯片与航天的一天", "晨间科技"]
    assert profile.request.get(shown[2]).headers["content-type"] == "image/jpeg"
    for action, details, expected in (
        ("seekforward", {"action": "seekforward"}, 30),
        ("seekbackward", {"action": "seekbackward", "seekOffset": 10}, 20),
        ("nexttrack", {"action": "nexttrack"}, 30),
        ("seekto", {"action": "seekto", "seekTime": 40.5}, 40.5),
        ("previoustrack", {"action": "previoustrack"}, 36),
    ):
        page.evaluate("([action, details]) => answers[action](details)", [action, details])
        assert position(page) == expected, action


# --- downloading, copying, reading ----------------------------------------------------------------------------------


@pytest.mark.parametrize("scripts", [True, False], ids=["with JavaScript", "without"])
def test_the_download_is_the_whole_file(visit: Open, public: Path, scripts: bool) -> None:
    page = visit(EPISODE, java_script_enabled=scripts)
    with page.expect_download() as download:
        page.get_by_role("link", name="下载 MP3").click()
    saved = Path(download.value.path()).read_bytes()
    assert saved == (public / "news/episodes/2025-11-04/2025-11-04.mp3").read_bytes()
    assert download.value.suggested_filename == "晨间科技 2025-11-04.mp3"


def test_without_javascript_it_can_be_read_and_played(visit: Open) -> None:
    page = visit(EPISODE, java_script_enabled=False)
    expect(page.locator(PLAYER)).to_be_hidden()
    expect(page.get_by_text("播放本期")).to_be_hidden()
    expect(page.get_by_text("火箭在船上着陆。")).to_be_visible()
    expect(page.get_by_role("link", name="来源： space.example").first).to_be_visible()
    audio = page.locator("audio")
    expect(audio).to_be_visible()
    audio.click(position={"x": 28, "y": 27})  # the button of the browser's own controls
    wait_until(page, "audio.currentTime > 0.2")


def test_the_address_of_the_feed_can_be_copied_and_scanned(visit: Open) -> None:
    page = visit(INDEX, permissions=["clipboard-read", "clipboard-write"])
    page.get_by_role("button", name="复制 RSS 地址").click()
    expect(page.get_by_role("status")).to_have_text("已复制")
    assert page.evaluate("navigator.clipboard.readText()") == "https://pod.example/news/feed.xml"

    page.get_by_text("RSS 地址与二维码").click()
    code = page.get_by_alt_text("RSS 地址的二维码")
    expect(code).to_be_visible()
    wanted = segno.make("https://pod.example/news/feed.xml", error="m", micro=False)
    shown = code.evaluate(
        """async (image, modules) => {
            await image.decode();
            const canvas = document.createElement("canvas");
            canvas.width = canvas.height = modules;
            const paper = canvas.getContext("2d");
            paper.drawImage(image, 0, 0, modules, modules);
            const { data } = paper.getImageData(0, 0, modules, modules);
            return Array.from({ length: modules * modules }, (_, place) => Number(data[4 * place] < 128));
        }""",
        wanted.symbol_size(border=4)[0],
    )
    assert shown == [int(dark) for row in wanted.matrix_iter(border=4) for dark in row]


def test_where_the_clipboard_is_closed_the_address_is_shown_and_chosen(visitor: Callable[..., BrowserContext]) -> None:
    """As on a page that comes by plain http."""
    profile = visitor()
    profile.add_init_script("Object.defineProperty(Navigator.prototype, 'clipboard', {value: undefined});")
    page = profile.new_page()
    page.goto(INDEX)
    page.get_by_role("button", name="复制 RSS 地址").click()
    expect(page.get_by_label("按网址添加")).to_be_visible()
    assert page.evaluate("getSelection().toString()") == "https://pod.example/news/feed.xml"


# --- access ---------------------------------------------------------------------------------------------------------


def test_the_keyboard_alone_reaches_and_does_everything(visit: Open) -> None:
    page = visit(EPISODE, viewport=PHONE)
    stops = []
    for _ in range(80):
        page.keyboard.press("Tab")
        name, seen = page.evaluate(
            """() => {
                const element = document.activeElement, box = element.getClientRects()[0];
                if (!box) return [null, true];
                const top = document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2);
                const label = element.ariaLabel ?? element.labels?.[0]?.textContent ?? element.textContent;
                return [label.trim(), element.contains(top)];
            }"""
        )
        if name is None or element_is_body(page):
            break
        assert seen, f"{name} has the focus and cannot be seen"  # WCAG 2.2, 2.4.11: the player may not lie over it
        stops.append(name)
    assert stops[0] == "跳到正文"
    wanted = ["播放本期", "下载 MP3", "复制 RSS 地址", "上一章", "播放", "播放位置", "播放速度"]
    assert [name for name in wanted if not any(stop.startswith(name) for stop in stops)] == []
    assert len([stop for stop in stops if stop.startswith("听众朋友早上好")]) == 1
    assert "感谢收听。" not in stops  # one stop for the whole text

    page.reload()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"
    page.keyboard.press("Tab")
    page.keyboard.press("Space")
    wait_until(page, "audio.currentTime > 0.1")
    page.locator(".cue").first.focus()
    for _ in range(3):
        page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Enter")
    third = page.locator(".cue").nth(2)
    expect(third).to_be_focused()
    expect(third).to_have_attribute("aria-current", "true")
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Tab")
    expect(third).to_be_focused()  # back where one was, not at the start
    slider = page.get_by_label("播放位置")
    button(page, "暂停")
    before = round(position(page))
    slider.focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    wait_until(page, f"Math.abs(audio.currentTime - {before} - 2) <= 1")
    page.keyboard.press("End")
    wait_until(page, "audio.currentTime > 59")
    assert "共 01:00" in (slider.get_attribute("aria-valuetext") or "")


def element_is_body(page: Page) -> bool:
    return bool(page.evaluate("document.activeElement === document.body"))


@pytest.mark.parametrize("path", [INDEX, YEAR, EPISODE], ids=["index", "year", "episode"])
def test_axe_finds_nothing(visit: Open, path: str) -> None:
    """All rules of axe-core, light and dark, phone and desk, folded and unfolded."""
    page = visit(path)
    found = []
    for scheme, size in itertools.product(("light", "dark"), (PHONE, DESK)):
        page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]  # one of the two
        page.set_viewport_size(size)  # type: ignore[arg-type]  # width and height
        if (scheme, size) == ("dark", PHONE):
            page.evaluate("for (const part of document.querySelectorAll('details')) part.open = true")
            if path == EPISODE:
                page.locator(".chapters .seek").nth(2).click()
        for violation in Axe().run(page).response["violations"]:
            nodes = [node["html"] for node in violation["nodes"]]
            found.append(f"{scheme} {size['width']}: {violation['id']}: {json.dumps(nodes, ensure_ascii=False)}")
    assert found == []


def test_nothing_is_wider_than_a_narrow_phone(visit: Open) -> None:
    """WCAG 1.4.10: 320 px."""
    page = visit(INDEX, viewport={"width": 320, "height": 640})
    for path in (INDEX, YEAR, EPISODE, HOSTILE, "hostile/index.html", "hostile/archive/2025.html"):
        page.goto(path)
        page.evaluate("for (const part of document.querySelectorAll('details')) part.open = true")
        assert page.evaluate("document.documentElement.scrollWidth") <= 320, path


# --- harm -----------------------------------------------------------------------------------------------------------


def test_a_page_runs_nothing_of_a_digest_and_shows_all_of_it(visit: Open) -> None:
    page = visit(HOSTILE)
    expect(page.locator("#now")).to_have_text("开场")  # our own script did run
    assert page.evaluate("[...document.scripts].map((script) => [script.type, script.hasAttribute('src')])") == [
        ["", True],
        ["application/ld+json", False],
    ]
    title = page.locator("h1").text_content() or ""
    text = page.locator(".transcript").text_content() or ""
    for attack in ATTACKS.values():
        assert attack in title
        assert f"{attack} 摘要。" in text
    assert "甲\u202e乙" in text
    links = page.evaluate("[...document.links].map((link) => link.protocol)")
    assert set(links) <= {"http:", "https:", "mailto:", "podcast:", "overcast:", "pktc:"}
    page.locator(".chapters .seek").nth(3).click()
    wait_until(page, "audio.currentTime > 0.3 && !audio.paused")
    for path in ("hostile/index.html", "hostile/archive/2025.html"):
        page.goto(path)
        assert all(attack in (page.locator("main").text_content() or "") for attack in ATTACKS.values())
