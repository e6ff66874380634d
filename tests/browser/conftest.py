"""Two shows below one origin, and a real browser to look at them."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Dialog, Page, sync_playwright

from podcast.publish import publish_show
from tests.browser.loopback import serving
from tests.publish.attacks import everything_hostile
from tests.publish.shows import make_cover, make_digest, make_show, make_tone, write_tone

WAVEFORM = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 800 100" preserveAspectRatio="none">'
    '<path fill="#3f7ad6" d="M0 10H800V90H0Z"/></svg>\n'
)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Debian's Chromium, without a window.  One for the module, and closed after it: its event loop would be in the
    way of tests that run one of their own."""
    program = shutil.which("chromium")
    if program is None:
        pytest.skip("chromium is not installed")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox", "--mute-audio"])
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def public(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """news/: three episodes in two years; hostile/: one that tries everything."""
    folder = tmp_path_factory.mktemp("pages")
    tone, cover = make_tone(folder / "tone.mp3"), make_cover(folder / "cover.jpg", side=1400)
    news = make_show(cover)
    for day in ("2024-12-31", "2025-11-04", "2025-11-05"):
        write_tone(folder / "public/news", make_digest(day), news, tone, waveform=WAVEFORM)
    publish_show(folder / "public/news", news)
    hostile = make_show(cover, base_url="https://pod.example/hostile/")
    write_tone(folder / "public/hostile", everything_hostile(), hostile, tone, waveform=WAVEFORM)
    publish_show(folder / "public/hostile", hostile)
    return folder / "public"


@pytest.fixture(scope="module")
def origin(public: Path) -> Iterator[str]:
    with serving(public) as address:
        yield address


@pytest.fixture
def visitor(browser: Browser, origin: str) -> Iterator[Callable[..., BrowserContext]]:
    """A browser profile of its own, by playwright's options.  At the end nothing may have gone wrong in it: no request
    to another origin, no answer that says no, no violation of the policy, no error on the console, no dialog."""
    wrong: list[str] = []
    profiles: list[BrowserContext] = []

    def said(message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            wrong.append(f"console: {message.text}")

    def asked(dialog: Dialog) -> None:
        wrong.append(f"dialog: {dialog.message}")
        dialog.dismiss()

    def visitor(**options: object) -> BrowserContext:
        profile = browser.new_context(locale="zh-CN", reduced_motion="reduce", base_url=origin, **options)  # type: ignore[arg-type]  # playwright's own words
        profile.set_default_timeout(10_000)
        profile.on("console", said)
        profile.on("dialog", asked)
        profile.on("weberror", lambda error: wrong.append(f"error: {error.error}"))
        profile.on("request", lambda request: _ours(request.url, origin) or wrong.append(f"request: {request.url}"))
        profile.on("response", lambda answer: answer.status < 400 or wrong.append(f"{answer.status}: {answer.url}"))
        profiles.append(profile)
        return profile

    yield visitor
    for profile in profiles:
        profile.close()
    assert not wrong


@pytest.fixture
def visit(visitor: Callable[..., BrowserContext]) -> Callable[..., Page]:
    """Open a page in a profile of its own."""

    def visit(path: str, **options: object) -> Page:
        page = visitor(**options).new_page()
        page.goto(path)
        return page

    return visit


def _ours(url: str, origin: str) -> bool:
    parts = urlsplit(url)
    return parts.scheme in ("data", "blob") or f"{parts.scheme}://{parts.netloc}/" == origin
