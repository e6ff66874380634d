"""The public folder over HTTP: every request of the table is asked of nginx too, where one is installed."""

from __future__ import annotations

import asyncio
import email
import gzip
import json
import os
import re
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from email.utils import formatdate
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import numpy as np
import pytest

from podcast.serve.files import PublicFiles, content_disposition
from podcast.serve.ranges import accepts_gzip, wanted_ranges
from podcast.serve.sending import CHUNK_BYTES, send_pieces
from tests.peer_nginx import nginx
from tests.serve.asking import Answer, ask, serving

SIZE = 1_000_003
MP3 = "/episodes/2025-11-04/2025-11-04.mp3"
CONTENT = np.random.default_rng(4).bytes(SIZE)
MODIFIED = 1_762_214_400  # 2025-11-04 00:00 UTC
BEFORE, AFTER = formatdate(MODIFIED - 60, usegmt=True), formatdate(MODIFIED + 60, usegmt=True)
FEED = "<rss>" + "<item>每日新闻</item>" * 500 + "</rss>"


@pytest.fixture(scope="module")
def public(tmp_path_factory: pytest.TempPathFactory) -> Path:
    public = tmp_path_factory.mktemp("site") / "public"
    folder = public / "episodes" / "2025-11-04"
    folder.mkdir(parents=True)
    audio = folder / "2025-11-04.mp3"
    audio.write_bytes(CONTENT)
    os.utime(audio, (MODIFIED, MODIFIED))
    (public / "index.html").write_text("<h1>节目</h1>")
    (folder / "index.html").write_text("<h1>一期</h1>")
    (public / "feed.xml").write_text(FEED)
    return public


@pytest.fixture(scope="module")
def port(public: Path) -> Iterator[int]:
    with serving(PublicFiles(public)) as port:
        yield port


@pytest.fixture(scope="module")
def reference(public: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[int | None]:
    with nginx(public, tmp_path_factory.mktemp("nginx")) as port:
        yield port


ALL = slice(None)
Row = tuple[str, str, dict[str, str], int, list[slice], int | None]
# name, method, headers ({etag} and {date} are the server's own), status, parts of the file in the body, and nginx's
# status where it is another, with the reason.
ROWS: list[Row] = [
    ("whole", "GET", {}, 200, [ALL], None),
    ("head", "HEAD", {}, 200, [], None),
    ("first byte", "GET", {"range": "bytes=0-0"}, 206, [slice(1)], None),
    ("first 500", "GET", {"range": "bytes=0-499"}, 206, [slice(500)], None),
    ("next 500", "GET", {"range": "bytes=500-999"}, 206, [slice(500, 1000)], None),
    ("suffix", "GET", {"range": "bytes=-500"}, 206, [slice(-500, None)], None),
    ("suffix longer than the file", "GET", {"range": f"bytes=-{SIZE + 5}"}, 206, [ALL], None),
    ("open end", "GET", {"range": "bytes=1000000-"}, 206, [slice(1_000_000, None)], None),
    ("open end from 0", "GET", {"range": "bytes=0-"}, 206, [ALL], None),
    ("last byte", "GET", {"range": f"bytes={SIZE - 1}-"}, 206, [slice(-1, None)], None),
    ("end past the end", "GET", {"range": "bytes=999999-99999999"}, 206, [slice(999_999, None)], None),
    ("start at the end", "GET", {"range": f"bytes={SIZE}-"}, 416, [], None),
    ("suffix of nothing", "GET", {"range": "bytes=-0"}, 416, [], None),
    ("all past the end", "GET", {"range": "bytes=2000000-,3000000-"}, 416, [], None),
    ("unit in capitals", "GET", {"range": "BYTES=0-4"}, 206, [slice(5)], None),
    ("unknown unit", "GET", {"range": "items=0-5"}, 200, [ALL], None),
    ("two parts", "GET", {"range": "bytes=0-1,5-6"}, 206, [slice(2), slice(5, 7)], None),
    ("two parts, spaces, an empty one", "GET", {"range": "bytes=0-1 ,, -3"}, 206, [slice(2), slice(-3, None)], 416),
    ("one of two past the end", "GET", {"range": "bytes=0-1,2000000-"}, 206, [slice(2)], None),
    ("parts as long as the file", "GET", {"range": "bytes=0-,0-"}, 200, [ALL], None),
    ("end before start", "GET", {"range": "bytes=5-2"}, 200, [ALL], 416),  # no range: RFC 9110 lets both
    ("no number", "GET", {"range": "bytes=abc"}, 200, [ALL], 416),
    ("nothing asked", "GET", {"range": "bytes="}, 200, [ALL], None),
    ("forty digits", "GET", {"range": f"bytes={'9' * 40}-"}, 416, [], None),
    ("if-range, same tag", "GET", {"range": "bytes=0-4", "if_range": "{etag}"}, 206, [slice(5)], None),
    ("if-range, other tag", "GET", {"range": "bytes=0-4", "if_range": '"other"'}, 200, [ALL], None),
    ("if-range, weak tag", "GET", {"range": "bytes=0-4", "if_range": "W/{etag}"}, 200, [ALL], None),
    ("if-range, same date", "GET", {"range": "bytes=0-4", "if_range": "{date}"}, 206, [slice(5)], None),
    ("if-range, older date", "GET", {"range": "bytes=0-4", "if_range": BEFORE}, 200, [ALL], None),
    ("if-range, other tag, past the end", "GET", {"range": f"bytes={SIZE}-", "if_range": '"x"'}, 200, [ALL], None),
    ("if-none-match, same", "GET", {"if_none_match": "{etag}"}, 304, [], None),
    ("if-none-match, in a list, weak", "GET", {"if_none_match": '"a", W/{etag}'}, 304, [], None),
    ("if-none-match, any", "GET", {"if_none_match": "*"}, 304, [], None),
    ("if-none-match wins over the date", "GET", {"if_none_match": '"a"', "if_modified_since": AFTER}, 200, [ALL], None),
    ("if-none-match, with a range", "GET", {"if_none_match": "{etag}", "range": "bytes=0-4"}, 304, [], None),
    ("if-none-match, head", "HEAD", {"if_none_match": "{etag}"}, 304, [], None),
    ("if-modified-since, same", "GET", {"if_modified_since": "{date}"}, 304, [], None),
    ("if-modified-since, before", "GET", {"if_modified_since": BEFORE}, 200, [ALL], None),
    ("if-modified-since, after", "GET", {"if_modified_since": AFTER}, 304, [], 200),
    ("if-modified-since, no date", "GET", {"if_modified_since": "yesterday"}, 200, [ALL], None),
    ("if-match, other", "GET", {"if_match": '"a"'}, 412, [], None),
    ("if-match, same", "GET", {"if_match": '"a", {etag}', "range": "bytes=0-4"}, 206, [slice(5)], None),
    ("if-unmodified-since, before", "GET", {"if_unmodified_since": BEFORE}, 412, [], None),
    ("head with a range", "HEAD", {"range": "bytes=0-4"}, 200, [], 206),  # RFC 9110, 14.2: for GET alone
    ("post", "POST", {"content_length": "0"}, 405, [], None),
]


def asked(port: int, method: str, headers: dict[str, str]) -> Answer:
    known = ask(port, MP3, "HEAD")
    own = {"{etag}": known["etag"] or "", "{date}": known["last-modified"] or ""}
    for mark, value in own.items():
        headers = {name: text.replace(mark, value) for name, text in headers.items()}
    return ask(port, MP3, method, **headers)


def bodies(answer: Answer) -> list[tuple[str | None, bytes]]:
    """Content-Range and bytes of each part."""
    if not (answer["content-type"] or "").startswith("multipart/byteranges"):
        return [(answer["content-range"], answer.body)]
    message = email.message_from_bytes(f"Content-Type: {answer['content-type']}\r\n\r\n".encode() + answer.body)
    return [(part["content-range"], part.get_payload(decode=True)) for part in message.get_payload()]


@pytest.mark.parametrize("row", ROWS, ids=[row[0] for row in ROWS])
def test_the_answer_is_right_and_that_of_nginx(port: int, reference: int | None, row: Row) -> None:
    _, method, headers, status, spans, other = row
    ours = asked(port, method, headers)
    assert ours.status == status
    if status in (200, 206):
        assert [body for _, body in bodies(ours)] == ([CONTENT[span] for span in spans] or [b""])
        assert ours["accept-ranges"] == "bytes"
    if status == 206:
        wanted = [span.indices(SIZE) for span in spans]
        assert [where for where, _ in bodies(ours)] == [f"bytes {start}-{stop - 1}/{SIZE}" for start, stop, _ in wanted]
        assert int(ours["content-length"] or -1) == len(ours.body)
    if reference is None:
        return
    theirs = asked(reference, method, headers)
    assert theirs.status == (other or status)
    if other is None and status != 405:
        assert ours["content-range"] == theirs["content-range"]
        if status in (200, 206):
            assert bodies(ours) == bodies(theirs)
            assert len(spans) > 1 or ours["content-length"] == theirs["content-length"]


@pytest.mark.parametrize(
    ("path", "media_type", "cache"),
    [
        (MP3, "audio/mpeg", "no-cache"),
        ("/feed.xml", "application/rss+xml; charset=utf-8", "max-age=60"),
        ("/sitemap.xml", "application/xml; charset=utf-8", "no-cache"),
        ("/", "text/html; charset=utf-8", "no-cache"),
        ("/episodes/2025-11-04/", "text/html; charset=utf-8", "no-cache"),
        ("/episodes/2025-11-04/chapters.json", "application/json+chapters", "no-cache"),
        ("/episodes/2025-11-04/transcript.vtt", "text/vtt; charset=utf-8", "no-cache"),
        ("/episodes/2025-11-04/transcript.srt", "application/x-subrip; charset=utf-8", "no-cache"),
        ("/episodes/2025-11-04/transcript.json", "application/json", "no-cache"),
        ("/cover.jpg", "image/jpeg", "max-age=3600"),
        ("/assets/style.css?0a1b2c3d", "text/css; charset=utf-8", "max-age=31536000, immutable"),
        ("/assets/style.css", "text/css; charset=utf-8", "no-cache"),
        ("/unknown.bin", "application/octet-stream", "no-cache"),
    ],
)
def test_a_file_has_the_type_that_the_feed_says_and_is_kept_as_long_as_it_stays(
    public: Path, port: int, path: str, media_type: str, cache: str
) -> None:
    file = public / path.partition("?")[0].lstrip("/")
    if not file.exists():
        file.parent.mkdir(exist_ok=True)
        file.write_bytes(b"{}")
    answer = ask(port, path)
    assert (answer.status, answer["content-type"], answer["cache-control"]) == (200, media_type, cache)
    assert answer["x-content-type-options"] == "nosniff"


def test_text_is_packed_under_a_tag_of_its_own(port: int) -> None:
    plain, packed = ask(port, "/feed.xml"), ask(port, "/feed.xml", accept_encoding="br, gzip;q=0.5")
    assert gzip.decompress(packed.body) == plain.body == FEED.encode()
    assert (packed["content-encoding"], packed["accept-ranges"]) == ("gzip", "none")
    assert plain["content-encoding"] is None
    assert plain["vary"] == packed["vary"] == "Accept-Encoding"
    assert packed["etag"] != plain["etag"]
    assert int(packed["content-length"] or 0) == len(packed.body) < len(plain.body) / 4
    again = ask(port, "/feed.xml", accept_encoding="gzip", if_none_match=packed["etag"] or "")
    assert (again.status, again["etag"]) == (304, packed["etag"])
    head = ask(port, "/feed.xml", "HEAD", accept_encoding="gzip")
    assert (head["content-length"], head["etag"], head.body) == (packed["content-length"], packed["etag"], b"")


def test_a_range_is_one_of_the_file_and_never_of_its_packed_form(port: int) -> None:
    packed = ask(port, "/feed.xml", accept_encoding="gzip")
    part = ask(port, "/feed.xml", accept_encoding="gzip", range="bytes=0-9")
    assert (part.status, part["content-encoding"], part.body) == (206, None, FEED.encode()[:10])
    mixed = ask(port, "/feed.xml", accept_encoding="gzip", range="bytes=0-9", if_range=packed["etag"] or "")
    assert (mixed.status, mixed.body) == (200, FEED.encode())


def test_audio_and_small_files_are_not_packed(port: int) -> None:
    for path in (MP3, "/index.html"):
        answer = ask(port, path, accept_encoding="gzip")
        assert (answer["content-encoding"], answer["vary"]) == (None, None)


@pytest.mark.parametrize(
    ("header", "wanted"),
    [
        (None, False),
        ("", False),
        ("gzip", True),
        ("deflate, GZIP;q=1.0", True),
        ("*", True),
        ("gzip;q=0", False),
        ("gzip; q=0.0, *", False),
        ("*;q=0", False),
        ("br", False),
        ("gzip;q=high", False),
    ],
)
def test_gzip_is_for_those_who_accept_it(header: str | None, wanted: bool) -> None:
    assert accepts_gzip(header) is wanted


def test_a_set_of_ranges_never_gives_more_than_the_file() -> None:
    assert wanted_ranges("bytes=" + ",".join(["0-"] * 16), 100) is None
    assert wanted_ranges("bytes=" + ",".join(f"{n}-{n}" for n in range(0, 200, 2)), 1000) is None
    assert wanted_ranges("bytes=" + "0" * 100_000 + "-", 1000) is None
    assert wanted_ranges("bytes=8-9,0-1", 100) == [range(8, 10), range(2)]
    assert wanted_ranges("bytes=0-", 0) == []


def record(title: str) -> dict[str, object]:
    return {
        "id": "2025-11-04", "guid": "g", "title": title, "published": "2025-11-04T08:00:00+08:00", "summary": "",
        "show_notes": "", "enclosure": {"url": "u", "length_bytes": 1, "type": "audio/mpeg"}, "duration_seconds": 1,
        "loudness_lufs": -16, "true_peak_dbtp": -1, "chapters": [], "cues": [], "engine": "tone", "voices": {},
        "content_hash": "0",
    }  # fmt: skip


def test_a_download_is_named_after_the_episode(public: Path, port: int) -> None:
    title = '芯片/航天："大" 日\r\n' + "长" * 100
    (public / "episodes/2025-11-04/episode.json").write_text(json.dumps(record(title)))
    answer = ask(port, f"{MP3}?download", range="bytes=0-9")
    assert answer.status == 206
    value = answer["content-disposition"] or ""
    found = re.fullmatch(r"attachment; filename=\"([ -~]+)\"; filename\*=UTF-8''([!-~]+)", value)
    assert found
    name = unquote(found[2])
    assert name.startswith("2025-11-04 芯片 航天： 大 日 长长")
    assert name.endswith("长.mp3")
    assert len(name.encode()) <= 210
    assert found[1] == "2025-11-04.mp3"
    assert ask(port, MP3)["content-disposition"] is None
    assert "feed.xml" in (ask(port, "/feed.xml?download")["content-disposition"] or "")


def test_a_title_with_its_day_is_name_enough(public: Path, port: int) -> None:
    path = public / "episodes/2025-11-04/episode.json"
    path.write_text(json.dumps(record("2025.11.04 科技早报")))
    assert "UTF-8''2025.11.04%20%E7" in (ask(port, f"{MP3}?download")["content-disposition"] or "")


def test_no_name_breaks_out_of_its_header() -> None:
    name = 'a"b\\c%41\r\nX: 1.mp3'
    assert content_disposition(name, name) == (
        "attachment; filename=\"a_b_c_41__X__1.mp3\"; filename*=UTF-8''a%22b%5Cc%2541%0D%0AX%3A%201.mp3"
    )


@pytest.mark.parametrize(
    "path",
    [
        "/../secret.txt",
        "/episodes/../../secret.txt",
        "/%2e%2e/secret.txt",
        "/..%2fsecret.txt",
        "/episodes/%2e%2e/%2e%2e/secret.txt",
        "/..%5csecret.txt",
        "//etc/passwd",
        "/%2fetc/passwd",
        "/secret-link.txt",
        "/outside/secret.txt",
        "/.making/2025-11-05.mp3",
        "/.lock",
        "/episodes/.2025-11-05.new/index.html",
        "/episodes/2025-11-04/.index.html.7.new",
        "/feed.xml%00.html",
        "/%00",
        "/" + "a" * 300,
        "/" + "a/" * 3000,
        "/feed.xml/",
        "/feed.xml/x",
        "/pipe",
        "/empty/",
        "/empty",
        "/episodes/",
        "/no-such",
        "/%ff%fe",
    ],
)
def test_nothing_else_is_reached(public: Path, port: int, path: str) -> None:
    outside = public.parent
    if not (outside / "secret.txt").exists():
        (outside / "secret.txt").write_text("secret")
        (public / "secret-link.txt").symlink_to(outside / "secret.txt")
        (public / "outside").symlink_to(outside)
        (public / "empty").mkdir()
        os.mkfifo(public / "pipe")
        hidden = (".making/2025-11-05.mp3", ".lock", "episodes/.2025-11-05.new/index.html")
        for name in (*hidden, "episodes/2025-11-04/.index.html.7.new"):
            (public / name).parent.mkdir(exist_ok=True)
            (public / name).write_text("secret")
    answer = ask(port, path)
    assert answer.status == 404
    assert "没有这个页面" in answer.body.decode()
    assert b"secret" not in answer.body


def test_a_link_inside_the_folder_is_followed(public: Path, port: int) -> None:
    (public / "latest.mp3").symlink_to(public / MP3.lstrip("/"))
    assert ask(port, "/latest.mp3").body == CONTENT


@pytest.mark.parametrize(
    ("path", "location"),
    [
        ("/episodes/2025-11-04", "./2025-11-04/"),
        ("//episodes/2025-11-04", "./2025-11-04/"),
        ("//evil.example", "./evil.example/"),
        ("/evil:x", "./evil%3Ax/"),
        ("/%0d%0aSet-Cookie:x", "./%0D%0ASet-Cookie%3Ax/"),
    ],
)
def test_a_folder_without_its_slash_leads_to_itself_and_nowhere_else(
    public: Path, port: int, path: str, location: str
) -> None:
    for name in ("evil.example", "evil:x", "\r\nSet-Cookie:x"):
        (public / name).mkdir(exist_ok=True)
        (public / name / "index.html").touch()
    answer = ask(port, path)
    assert (answer.status, answer["location"], answer["set-cookie"]) == (301, location, None)


def test_a_file_replaced_while_it_is_sent_is_sent_as_it_was(public: Path, port: int) -> None:
    size = 30_000_000  # more than the buffers between two sockets take
    path, new = public / "long.mp3", public / "new.mp3"
    path.write_bytes(b"a" * size)
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection, connection.makefile("rb") as stream:
        connection.sendall(b"GET /long.mp3 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        status = stream.readline()
        new.write_bytes(b"b" * (size - 1))
        new.replace(path)
        head, _, body = (status + stream.read()).partition(b"\r\n\r\n")
    assert f"content-length: {size}" in head.decode()
    assert body == b"a" * size
    tag = next(line.partition(": ")[2] for line in head.decode().splitlines() if line.startswith("etag"))
    resumed = ask(port, "/long.mp3", range="bytes=100-", if_range=tag)
    assert (resumed.status, resumed.body) == (200, b"b" * (size - 1))


def test_a_file_replaced_by_one_of_the_same_size_and_time_has_another_tag(public: Path, port: int) -> None:
    path, new = public / "same.mp3", public / "other.mp3"
    tags = []
    for content in (b"a", b"b"):
        new.write_bytes(content)
        os.utime(new, ns=(1_000_000_000, 1_000_000_000))
        new.replace(path)
        tags.append(ask(port, "/same.mp3")["etag"])
        path.rename(public / f"kept-{content.decode()}.mp3")  # its inode is not given to the next
    assert tags[0] != tags[1]


def test_a_file_that_became_shorter_ends_the_answer_and_is_not_taken_for_whole(public: Path, port: int) -> None:
    path = public / "cut.mp3"
    path.write_bytes(b"a" * 30_000_000)
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection, connection.makefile("rb") as stream:
        connection.sendall(b"GET /cut.mp3 HTTP/1.1\r\nHost: x\r\n\r\n")
        assert stream.readline().startswith(b"HTTP/1.1 200")
        os.truncate(path, 20_000_000)
        rest = stream.read()  # ends, for the server closes the connection
    assert len(rest) < 20_001_000


def test_nothing_more_is_read_for_a_listener_who_has_gone(public: Path) -> None:
    """uvicorn takes what is sent to nobody, at once."""
    sent: list[bytes] = []

    async def send(message: Any) -> None:
        sent.append(message["body"])
        await asyncio.sleep(0)

    async def receive() -> dict[str, str]:
        return {"type": "http.disconnect"}

    with (public / MP3.lstrip("/")).open("rb") as file:
        asyncio.run(send_pieces(file.fileno(), [range(SIZE)], receive, send))
    assert len(sent) < SIZE // CHUNK_BYTES


def test_a_file_system_that_cannot_tell_what_is_in_memory_is_read_all_the_same() -> None:
    """tmpfs refuses RWF_NOWAIT."""
    if not os.path.ismount("/dev/shm"):  # noqa: S108 -- a tmpfs where Linux has one
        pytest.skip("no tmpfs here")
    with tempfile.TemporaryDirectory(dir="/dev/shm") as name:
        (Path(name) / "a.mp3").write_bytes(CONTENT)
        with serving(PublicFiles(Path(name))) as port:
            assert ask(port, "/a.mp3").body == CONTENT


def test_the_descriptor_is_closed_when_a_listener_goes(public: Path, port: int) -> None:
    (public / "left.mp3").write_bytes(b"a" * 30_000_000)

    path = public / "left.mp3"
    descriptors = Path("/proc/self/fd")

    def opened() -> int:
        return sum(os.path.realpath(entry) == str(path) for entry in descriptors.iterdir())

    if not descriptors.is_dir():
        pytest.skip("no /proc to count open files in")
    connections = [socket.create_connection(("127.0.0.1", port)) for _ in range(5)]
    for connection in connections:
        connection.sendall(b"GET /left.mp3 HTTP/1.1\r\nHost: x\r\n\r\n")
        connection.recv(100)
    assert opened() == 5
    for connection in connections:
        connection.close()
    for _ in range(500):
        if opened() == 0:
            break
        time.sleep(0.01)
    assert opened() == 0


@pytest.mark.parametrize("client", ["curl", "wget"])
def test_a_broken_download_goes_on_where_it_ended(port: int, tmp_path: Path, client: str) -> None:
    if shutil.which(client) is None:
        pytest.skip(f"{client} is not installed")
    file = tmp_path / "audio.mp3"
    file.write_bytes(CONTENT[:400_000])
    address = f"http://127.0.0.1:{port}{MP3}"
    command = {
        "curl": ["curl", "-sS", "-C", "-", "-o", file, address],
        "wget": ["wget", "-q", "-c", "-O", file, address],
    }
    subprocess.run(command[client], check=True, timeout=30)
    assert file.read_bytes() == CONTENT
