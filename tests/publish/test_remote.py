"""A published feed, looked at from outside: on a host of ours that misbehaves as told, and on nginx."""

from __future__ import annotations

import contextlib
import io
import json
import re
import shutil
import socket
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from PIL import Image

from podcast.publish import publish_show
from podcast.publish.remote import Report, check_address
from tests.conftest import ROOT
from tests.peer_nginx import TYPES, nginx
from tests.publish.host import Host
from tests.publish.shows import make_digest, make_show, write_tone

OLD, MIDDLE, NEW = DAYS = ("2025-11-04", "2025-11-05", "2025-11-06")
MP3 = f"episodes/{NEW}/{NEW}.mp3"
CHAPTERS = f"episodes/{NEW}/chapters.json"
Change = Callable[[bytes], bytes]


@pytest.fixture(scope="module")
def site(tone: Path, cover: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Host]:
    """Three episodes, published at the address where the host serves them."""
    public = tmp_path_factory.mktemp("site") / "public"
    with Host(public) as host:
        show = make_show(cover, base_url=host.address)
        for day in DAYS:
            write_tone(public, make_digest(day), show, tone)
        publish_show(public, show)
        yield host


@pytest.fixture
def host(site: Host) -> Host:
    site.reset()
    return site


def problems(report: Report) -> list[str]:
    return [str(problem) for problem in report.problems if not problem.warning]


def look(host: Host, **options: object) -> Report:
    return check_address(f"{host.address}feed.xml", **options)  # type: ignore[arg-type]  # whatever a test wants


def test_a_good_site_has_no_problem_and_one_warning(host: Host) -> None:
    report = look(host)
    assert (report.episodes, report.known) == (3, 3)
    assert problems(report) == []
    (warning,) = report.problems
    assert "17 of the addresses looked at are http, not https" in warning.what
    assert 3000 < host.sent_bytes[MP3] < 5000  # three ranges of 1 KiB and no more


def test_the_newest_are_looked_at_or_the_one_that_is_named(host: Host) -> None:
    assert look(host, newest=1).episodes == 1
    assert any(NEW in path for path in host.sent_bytes)
    assert not any(OLD in path for path in host.sent_bytes)
    host.reset()
    assert look(host, only=OLD).episodes == 1
    assert not any(NEW in path for path in host.sent_bytes)
    assert look(host, only="2025-11-09").episodes == 0


# (ending of the address, what the host does wrong, what is said of it)
SERVED = [
    ("feed.xml", "gone", "feed.xml: HEAD gives 404"),
    ("feed.xml", "no HEAD", "feed.xml: HEAD gives 405"),
    ("feed.xml", "octets", "feed.xml: is served as application/octet-stream, should be application/rss+xml"),
    ("feed.xml", "no validators", "feed.xml: has neither ETag nor Last-Modified"),
    ("feed.xml", "ignores If-None-Match", "feed.xml: If-None-Match with its own value gives 200, not 304"),
    ("feed.xml", "ignores If-Modified-Since", "feed.xml: If-Modified-Since with its own value gives 200, not 304"),
    ("feed.xml", "round and round", "feed.xml: is redirected more than 5 times"),
    ("feed.xml", "cut off", "feed.xml: breaks off"),
    ("cover.jpg", "gone", "cover.jpg: GET gives 404"),
    ("cover.jpg", "octets", "cover.jpg: is served as application/octet-stream, should be image/jpeg"),
    (MP3, "gone", f"{MP3}: HEAD gives 404"),
    (MP3, "no HEAD", f"{MP3}: HEAD gives 405"),
    (MP3, "octets", f"{MP3}: is served as application/octet-stream, should be audio/mpeg"),
    (MP3, "no ranges", f"{MP3}: byte ranges are not served: bytes=0-1023 gives 200, not 206"),
    (MP3, "short ranges", f"{MP3}: bytes="),
    (MP3, "another total", "gives Content-Range 'bytes 0-1023/"),
    (MP3, "all beyond the end", f"{MP3}: a range beyond the end gives 200, not 416"),
    (MP3, "no validators", f"{MP3}: has neither ETag nor Last-Modified"),
    (MP3, "ignores If-None-Match", f"{MP3}: If-None-Match with its own value gives 200, not 304"),
    (MP3, "coded", f"{MP3}: is sent with Content-Encoding br to one who did not ask for it"),
    (CHAPTERS, "gone", f"{CHAPTERS}: HEAD gives 404"),
    (CHAPTERS, "octets", f"{CHAPTERS}: is served as application/octet-stream"),
    ("transcript.vtt", "octets", "transcript.vtt: is served as application/octet-stream, should be text/vtt"),
    ("transcript.srt", "octets", "should be application/x-subrip"),
    ("transcript.json", "no HEAD", "transcript.json: HEAD gives 405"),
]


@pytest.mark.parametrize(("ending", "fault", "words"), SERVED, ids=[f"{end}: {fault}" for end, fault, _ in SERVED])
def test_what_the_host_does_wrong_is_named_with_its_address(host: Host, ending: str, fault: str, words: str) -> None:
    host.faults[ending] = fault
    found = problems(look(host, newest=1))
    assert any(words in problem for problem in found), found
    assert all(problem.startswith(host.address) and ending in problem for problem in found if "names no" not in problem)


def swap(old: str, new: str) -> Change:
    def change(content: bytes) -> bytes:
        assert old.encode() in content
        return content.replace(old.encode(), new.encode())

    return change


def sub(pattern: str, new: str) -> Change:
    def change(content: bytes) -> bytes:
        text, count = re.subn(pattern, new, content.decode(), flags=re.DOTALL)
        assert count
        return text.encode()

    return change


def in_chapters(place: int, **values: object) -> Change:
    def change(content: bytes) -> bytes:
        document = json.loads(content)
        document["chapters"][place] |= values
        return json.dumps(document).encode()

    return change


def small(_: bytes) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (600, 600)).save(file, "PNG")
    return file.getvalue()


def titled(old: str, new: str) -> Change:
    """Change a title in the ID3 tag."""
    return lambda content: content.replace(old.encode("utf-16-le"), new.encode("utf-16-le"))


FEED = "feed.xml"
GUID = "<guid [^>]*>[^<]*</guid>"
CONTENT = [
    (FEED, lambda _: b"<html>", "feed.xml: is no XML"),
    (FEED, lambda _: b"<html><channel/></html>", "feed.xml: is no RSS feed"),
    (FEED, sub("<item>.*</item>", ""), "feed.xml: names no episode"),
    (FEED, sub('rel="self"', 'rel="me"'), "feed.xml: has no atom:link with rel=self"),
    (FEED, sub(r'feed.xml" rel="self"', 'rss" rel="self"'), "feed.xml: says of itself that it is at http"),
    (FEED, sub(GUID, "<guid>one</guid>"), f"{MIDDLE}: has the same guid as {NEW}: one"),
    (FEED, sub(GUID, ""), f"{NEW}: has no guid"),
    (FEED, sub(r"<enclosure [^>]*/>", ""), "has no enclosure"),
    (FEED, sub(r'length="\d+"', 'length="0"'), f"{NEW}: enclosure length is '0', no number of bytes"),
    (FEED, sub(r'length="\d+"', 'length="7"'), "bytes, the feed says 7"),
    (FEED, sub(r'<enclosure url="http:', '<enclosure url="'), f"{NEW}.mp3' is no http or https address"),
    (FEED, sub(r'<itunes:image href="[^"]*"/>', ""), "feed.xml: has no cover (itunes:image)"),
    (FEED, sub(r"(<channel>)", r'\1<atom:link rel="next" href="feed.xml"/>'), "feed.xml: its pages go round in a ring"),
    (FEED, sub(r"(<channel>)", r'\1<atom:link rel="next" href="feed-7.xml"/>'), "feed-7.xml: GET gives 404"),
    ("cover.jpg", small, "cover.jpg: is 600 x 600 px"),
    ("cover.jpg", lambda _: b"GIF89a", "cover.jpg: is neither JPEG nor PNG"),
    (MP3, lambda content: b"<html>" + content[6:], f"{MP3}: does not begin as an MP3 does"),
    (MP3, lambda content: content[:-1], "bytes, the feed says"),
    (CHAPTERS, lambda _: b"[]", f"{CHAPTERS}: has no list of chapters"),
    (CHAPTERS, lambda content: content[:-9], f"{CHAPTERS}: "),
    (CHAPTERS, in_chapters(-1, endTime=99), "ends after the audio"),
    (CHAPTERS, in_chapters(0, startTime=3), "no chapter begins at 0"),
    (CHAPTERS, in_chapters(1, startTime="6"), "startTime is '6', no number"),
    (f"episodes/{NEW}/transcript.vtt", lambda content: content[3:], "transcript.vtt: does not begin with WEBVTT"),
    (f"episodes/{NEW}/transcript.vtt", swap("00:00:00.000 -->", "00:00:59.000 -->"), "caption 1 (59.000 to"),
    (f"episodes/{NEW}/transcript.srt", swap("-->", "to"), "transcript.srt: has no times where a caption should be"),
    (f"episodes/{NEW}/transcript.srt", lambda _: b"", "transcript.srt: the transcript is empty"),
    (f"episodes/{NEW}/transcript.json", lambda _: b"{}", "transcript.json: has no list of segments"),
]  # fmt: skip


@pytest.mark.parametrize(("path", "change", "words"), CONTENT, ids=[words for _, _, words in CONTENT])
def test_what_the_files_say_wrong_is_named(host: Host, path: str, change: Change, words: str) -> None:
    host.content[path] = change
    found = problems(look(host, newest=2 if "guid" in words else 1))
    assert any(words in problem for problem in found), found


def test_pages_are_followed_and_guids_unique_over_all(host: Host) -> None:
    feed = (host.folder / FEED).read_text()
    newest, *older = re.findall(r"<item>.*?</item>", feed, flags=re.DOTALL)
    first = sub("<item>.*</item>", newest)(feed.encode())
    host.content[FEED] = swap("<channel>", '<channel><atom:link rel="next" href="feed-1.xml"/>')
    page = host.folder / "feed-1.xml"
    try:
        page.write_text(feed.replace(newest, "").replace('feed.xml" rel="self"', 'feed-1.xml" rel="self"'))
        link = host.content[FEED]
        host.content[FEED] = lambda _: link(first)
        report = look(host)
        assert (report.known, report.episodes, problems(report)) == (1 + len(older), 3, [])
        host.content[FEED] = lambda _: link(feed.encode())
        assert problems(look(host, newest=1))[0].startswith(f"{MIDDLE}: has the same guid as {MIDDLE}: ")
    finally:
        page.unlink()


def test_nobody_at_the_address_is_a_problem_not_an_exception() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{free.getsockname()[1]}/feed.xml"
        found = problems(check_address(address))
    assert found[0].startswith(f"{address}: cannot be reached")


# Damage that HEAD and ranges do not show: the length is right.
DEEP: list[tuple[str, Change, str]] = [
    ("zeros in the middle", lambda content: content[:200_000] + bytes(5000) + content[205_000:], "is damaged after"),
    ("a chapter no table names", lambda content: content.replace(b"ch3\0", b"chX\0", 1), "does not list each chapter"),
    ("another title than in chapters.json", titled("点评", "评点"), "calls chapter 6 “评点” in its ID3 tag"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("change", "words"), [(change, words) for _, change, words in DEEP], ids=[n for n, _, _ in DEEP]
)
def test_deep_finds_what_the_outside_does_not_show(host: Host, change: Change, words: str) -> None:
    host.content[MP3] = change
    assert problems(look(host, newest=1)) == []
    found = problems(look(host, newest=1, listen=lambda _: ()))
    assert any(words in problem for problem in found), found


def test_deep_asks_how_the_download_sounds(host: Host) -> None:
    heard: list[bytes] = []

    def listen(audio: Path) -> list[str]:
        heard.append(audio.read_bytes())
        return ["hums"]

    assert problems(look(host, newest=1, listen=listen)) == [f"{host.address}{MP3}: hums"]
    assert heard == [(host.folder / MP3).read_bytes()]


@pytest.fixture
def nginx_site(site: Host, cover: Path, tmp_path: Path) -> Iterator[Callable[[str], str]]:
    """Start nginx with these settings on a copy of the site: its address."""
    with contextlib.ExitStack() as running:

        def start(settings: str) -> str:
            root, state = tmp_path / "root", tmp_path / "state"
            state.mkdir()
            shutil.copytree(site.folder, root)
            port = running.enter_context(nginx(root, state, settings))
            if port is None:
                pytest.skip("nginx is not installed")
            address = f"http://127.0.0.1:{port}/"
            publish_show(root, replace(make_show(cover), base_url=address))
            return address

        yield start


def nginx_example() -> str:
    """What deploy/nginx.conf has in its server block, but for the name and the place."""
    text = (ROOT / "deploy/nginx.conf").read_text(encoding="utf-8")
    types = "/etc/nginx/mime.types"
    if not Path(types).exists():
        pytest.skip(f"there is no {types}")
    block = text[text.index("server {") + len("server {") : text.rindex("}")].replace("mime.types", types)
    return re.sub(r"^ +(listen|server_name|root) .*$", "", block, flags=re.MULTILINE)


def test_the_example_for_nginx_has_no_problem(nginx_site: Callable[[str], str]) -> None:
    address = nginx_site(nginx_example())
    report = check_address(f"{address}feed.xml", listen=lambda _: ())
    assert (report.episodes, problems(report)) == (3, [])
    feed = httpx.get(f"{address}feed.xml", headers={"Accept-Encoding": "gzip"})
    names = ("Content-Type", "Content-Encoding", "Vary", "Access-Control-Allow-Origin")
    told = {name: feed.headers[name] for name in names}
    assert told == {
        "Content-Type": "application/rss+xml; charset=utf-8",
        "Content-Encoding": "gzip",
        "Vary": "Accept-Encoding",
        "Access-Control-Allow-Origin": "*",
    }


def test_nginx_as_it_comes_does_not_know_transcripts(nginx_site: Callable[[str], str]) -> None:
    found = problems(check_address(f"{nginx_site(TYPES)}feed.xml", newest=1))
    assert [problem.rpartition("/transcript.")[2] for problem in found] == [
        "vtt: is served as text/plain, should be text/vtt",
        "srt: is served as text/plain, should be application/x-subrip",
    ]
