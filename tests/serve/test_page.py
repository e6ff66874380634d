"""The service's page in a real browser, with a real service whose engine speaks in tones."""

from __future__ import annotations

import json
import shutil
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import mean
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect, sync_playwright

from podcast.serve.app import Access
from podcast.serve.auth import Tokens
from tests.serve.tones import tone_service
from tests.test_pipeline import DIGEST

TOKEN = "open-sesame-open-sesame"  # noqa: S105 -- of the server under test
# Which audio can be heard, and where it is, every 10 ms.
SAMPLER = """() => { window.samples = []; setInterval(() => {
  const heard = [...document.querySelectorAll("audio")].filter((audio) => !audio.paused && !audio.muted && audio.src);
  window.samples.push([performance.now() / 1000, heard.map((audio) => [audio.src, audio.currentTime])]);
}, 10); }"""


def digest(day: str, title: str) -> str:
    return DIGEST.replace("2026-03-02", day).replace("2026.03.02 科技早报", title)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("page")
    (folder / "digests").mkdir()
    (folder / "digests" / "2026-03-03.md").write_text(digest("2026-03-03", "2026.03.03 <img src=x onerror=alert(1)>"))
    (folder / "digests" / "note.md").write_text("没有条目。\n")
    return folder


@pytest.fixture(scope="module")
def address(folder: Path) -> Iterator[str]:
    access = Access(Tokens({"test": TOKEN}), None)
    with tone_service(folder, delay_seconds=0.35, access=access) as port:
        yield f"http://127.0.0.1:{port}"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    program = shutil.which("chromium")
    if program is None:
        pytest.skip("chromium is not installed")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program)
        yield browser
        browser.close()


@pytest.fixture
def page(browser: Browser, address: str) -> Iterator[Page]:
    """The page on a phone, with the token in place.  Nothing may go wrong that only the console tells."""
    context = browser.new_context(viewport={"width": 390, "height": 844}, accept_downloads=True)
    page = context.new_page()
    said: list[str] = []
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("console", lambda message: said.append(message.text) if "Content Security Policy" in message.text else None)
    page.on("dialog", lambda dialog: (said.append(dialog.message), dialog.dismiss()))
    page.add_init_script(f"sessionStorage.setItem('token', '{TOKEN}')")
    page.goto(address)
    expect(page.locator("#list li")).not_to_have_count(0)
    yield page
    context.close()
    assert said == []


def ask(address: str, path: str) -> Any:
    with urllib.request.urlopen(address + path) as answer:  # noqa: S310 -- our own server
        return json.load(answer)


def until(what: Callable[[], Any], seconds: float = 30.0) -> Any:
    end = time.monotonic() + seconds
    while not (found := what()):
        assert time.monotonic() < end, "it does not come to pass"
        time.sleep(0.05)
    return found


def violations(page: Page) -> list[str]:
    found = Axe().run(page).response["violations"]
    return [f"{each['id']}: {[node['target'] for node in each['nodes']]}" for each in found]


def wide(page: Page) -> bool:
    """Whether it can be scrolled sideways."""
    return bool(page.evaluate("document.documentElement.scrollWidth > innerWidth"))


def test_a_digest_is_pasted_previewed_made_and_heard_before_it_is_done(page: Page, address: str, folder: Path) -> None:
    page.fill("#text", digest("2026-03-02", "2026.03.02 科技早报"))
    page.get_by_role("button", name="预览文稿").first.click()
    see_the_preview(page)
    page.evaluate(SAMPLER)
    page.locator("#draft-make").click()
    item = page.locator("#list li").filter(has_text="2026.03.02")
    expect(item.get_by_role("progressbar")).to_be_visible()
    hear_it_live(page, address)
    hear_it_go_over_to_the_file(page)
    seek_by_transcript(page)
    with page.expect_download() as download:
        item.get_by_role("link", name="下载").click()
    assert download.value.suggested_filename == "2026.03.02 科技早报.mp3"
    made = folder / "public/episodes/2026-03-02/2026-03-02.mp3"
    assert Path(download.value.path()).read_bytes() == made.read_bytes()


def see_the_preview(page: Page) -> None:
    expect(page.locator("#draft-title")).to_have_text("2026.03.02 科技早报")
    expect(page.locator("#draft-facts")).to_contain_text("2 条")
    page.locator("#readings summary").click()
    row = page.locator("#readings tbody tr").filter(has_text="青禾电池完成 12 亿")
    expect(row.locator("td").nth(1)).to_have_text("十二")
    expect(page.locator("#script .lines")).to_contain_text("可在手机上运行。")
    spoken = page.locator("#script .spoken").first
    expect(spoken).to_be_hidden()
    page.locator("#spoken").check()
    expect(spoken).to_be_visible()
    assert violations(page) == []
    assert not wide(page)


def hear_it_live(page: Page, address: str) -> None:
    until(lambda: page.evaluate("document.querySelector('audio').currentTime") > 0.5)
    assert ask(address, "/api/jobs")["jobs"][0]["state"] == "running"  # heard, and not yet done
    assert page.evaluate("document.querySelector('audio').currentSrc").endswith("/api/episodes/2026-03-02/live.mp3")
    expect(page.locator("#state")).to_have_text("边做边听")
    expect(page.locator("#position")).to_be_disabled()
    assert violations(page) == []


def hear_it_go_over_to_the_file(page: Page) -> None:
    expect(page.locator("#position")).to_be_enabled(timeout=30_000)
    time.sleep(0.5)
    samples = page.evaluate("window.samples")
    places = [
        place
        for place, (_, heard) in enumerate(samples)
        if heard and heard[0][0].endswith("live.mp3") and heard[0][1] > 0
    ]
    heard_since = samples[places[0] :]
    assert sum(not heard for _, heard in heard_since) <= 5  # samples of 10 ms
    ahead: dict[bool, list[float]] = {True: [], False: []}
    for moment, heard in heard_since:
        for source, time_heard in heard:
            ahead[source.endswith("live.mp3")].append(time_heard - moment)
    assert abs(mean(ahead[False][-20:]) - mean(ahead[True][-20:])) < 0.15  # it went on at the same place


def seek_by_transcript(page: Page) -> None:
    cue = page.locator("#words .cue").filter(has_text="可在手机上运行")
    cue.click()
    start = float(cue.get_attribute("data-start") or -1)
    assert any(start <= at < start + 3 and not paused for at, paused in audios(page))
    expect(cue).to_have_attribute("aria-current", "true")
    cue.press("ArrowUp")
    expect(cue).not_to_be_focused()
    page.keyboard.press("Enter")
    until(lambda: max(at for at, _ in audios(page)) < start)
    page.get_by_role("button", name="暂停").click()
    expect(page.get_by_role("button", name="播放", exact=True)).to_be_visible()
    assert violations(page) == []
    assert not wide(page)


def audios(page: Page) -> list[tuple[float, bool]]:
    found: list[tuple[float, bool]] = page.evaluate(
        "[...document.querySelectorAll('audio')].map((audio) => [audio.currentTime, audio.paused])"
    )
    return found


def test_a_digest_of_the_folder_has_a_button_and_one_that_is_none_says_why(page: Page) -> None:
    unreadable = page.locator("#list li").filter(has_text="note.md")
    expect(unreadable).to_contain_text("读不懂这份早报")
    expect(unreadable.get_by_role("button")).to_have_count(0)
    item = page.locator("#list li").filter(has_text="2026.03.03")
    expect(item.locator("h3")).to_have_text("2026.03.03 <img src=x onerror=alert(1)>")
    item.get_by_role("button", name="制作并收听").click()
    expect(item.get_by_role("button", name="取消")).to_be_visible()
    until(lambda: page.evaluate("document.querySelector('audio').currentTime") > 0)
    item.get_by_role("button", name="取消").click()
    expect(item.get_by_role("button", name="制作并收听")).to_be_visible()


def test_a_file_is_chosen_and_what_is_wrong_with_it_is_said(page: Page, tmp_path: Path) -> None:
    path = tmp_path / "empty.md"
    path.write_text("没有新闻。\n")
    page.set_input_files("#file", path)
    expect(page.locator("#text")).to_have_value("没有新闻。\n")
    expect(page.locator("#text-hint")).to_contain_text("empty.md")
    page.get_by_role("button", name="制作并收听").first.click()
    expect(page.get_by_role("alert")).not_to_be_empty()
    page.fill("#text", "")
    page.get_by_role("button", name="预览文稿").first.click()
    expect(page.get_by_role("alert")).to_have_text("请先粘贴一份早报。")


def test_the_token_is_asked_for_and_kept_in_this_tab_alone(browser: Browser, address: str) -> None:
    page = browser.new_page()
    page.goto(address)
    page.fill("#text", digest("2026-03-05", "2026.03.05 科技早报"))
    page.get_by_role("button", name="预览文稿").first.click()
    expect(page.get_by_role("alert")).to_have_text("请先填写访问令牌。")
    expect(page.locator("#token")).to_be_focused()
    page.fill("#token", TOKEN)
    page.get_by_role("button", name="预览文稿").first.click()
    expect(page.locator("#draft-title")).to_have_text("2026.03.05 科技早报")
    page.reload()
    expect(page.locator("#token")).to_have_value(TOKEN)
    assert page.evaluate("localStorage.length") == 0
    page.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
def test_everyone_can_use_the_page(browser: Browser, address: str, scheme: Any, width: int) -> None:
    page = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)
    page.goto(address)
    expect(page.locator("#list li")).not_to_have_count(0)
    assert violations(page) == []
    assert not wide(page)
    page.close()
