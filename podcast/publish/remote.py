"""A published feed as the apps of the world meet it: every address asked, every answer held to what the feed says."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from podcast.models import Chapter
from podcast.publish.check import Problem, chapter_faults, order_faults, stream_faults, tag_faults
from podcast.publish.directories import picture_fault
from podcast.publish.frames import tag_chapters, walk
from podcast.publish.readback import Caption, read_chapters, read_srt, read_transcript_json, read_vtt
from podcast.publish.remote_feed import Item, read_feed
from podcast.publish.web import Unreachable, Web

NEWEST = 10
_FILE_BYTES = 20_000_000  # of a cover, chapters or a transcript
_AUDIO_BYTES = 2_000_000_000
_RANGE_BYTES = 1024
_ROUNDED_SECONDS = 1.0  # itunes:duration is in whole seconds
_AT_ONCE = 4  # episodes looked at side by side: quick, and no burden to a small host
_FEED_TYPES = ("application/rss+xml", "application/xml", "text/xml")
_CHAPTER_TYPES = ("application/json+chapters", "application/json")
_SRT_TYPES = ("application/x-subrip", "application/srt", "text/srt")
_READERS: Mapping[str, Callable[[bytes], list[Caption]]] = {  # by the type the feed gives
    "text/vtt": read_vtt,
    "application/json": read_transcript_json,
    **dict.fromkeys(_SRT_TYPES, read_srt),
}

Listen = Callable[[Path], Iterable[str]]  # an MP3 -> what is wrong with how it sounds


@dataclass(frozen=True, slots=True)
class Report:
    """What came of looking at an address."""

    episodes: int  # that were looked at
    known: int  # that the feed names
    problems: tuple[Problem, ...]


def check_address(address: str, *, newest: int | None = NEWEST, only: str = "", listen: Listen | None = None) -> Report:
    """Look at the feed at `address`, its cover, and the files of its newest episodes (None: of all).

    `only`: id, title or guid of the one episode to look at.  With `listen` each MP3 is downloaded as well and held to
    the gate: its frames, its ID3 chapters, and what `listen` says of its sound.
    """
    with closing(Web()) as web:
        feed = read_feed(web, address)
        chosen = [item for item in feed.items if only in ("", item.name, item.guid)][: None if only else newest]
        problems = [*_problems(address, _served_faults(web, address, _FEED_TYPES)), *feed.problems]
        for picture in filter(None, dict.fromkeys([feed.cover, *(item.image for item in chosen)])):
            problems += _problems(picture, _picture_faults(web, picture))
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            for found in pool.map(lambda item: _item_problems(web, item, listen), chosen):
                problems += found
    asked = dict.fromkeys([address, feed.cover, *(url for item in chosen for url in item.addresses)])
    if plain := [url for url in asked if url.startswith("http:")]:
        what = f"{len(plain)} of the addresses looked at are http, not https; the first is {plain[0]}"
        problems.append(Problem(address, what, warning=True))
    return Report(len(chosen), len(feed.items), tuple(dict.fromkeys(problems)))


def _problems(where: str, faults: Iterator[str]) -> list[Problem]:
    """The faults of one address; where it gives no answer, or not the file, that is the last of them."""
    found: list[str] = []
    try:
        for fault in faults:
            found.append(fault)  # noqa: PERF402 -- what came before the exception is kept
    except (Unreachable, ValueError) as error:
        found.append(str(error))
    return [Problem(where, fault) for fault in found]


def _item_problems(web: Web, item: Item, listen: Listen | None) -> list[Problem]:
    problems = []
    chapters: list[Chapter] = []
    if item.audio:
        problems += _problems(item.audio, _audio_faults(web, item))
    if item.chapters:
        problems += _problems(item.chapters, _chapter_faults(web, item, chapters))
    for url, kind in item.transcripts:
        problems += _problems(url, _transcript_faults(web, url, kind, item.duration_seconds))
    if listen and item.audio:
        problems += _problems(item.audio, _deep_faults(web, item, chapters, listen))
    return problems


def _served_faults(web: Web, url: str, types: Sequence[str], length_bytes: int | None = None) -> Iterator[str]:
    """How a file is served: status, type, length, and whether one who has it is spared the body (RFC 9110, 13)."""
    answer = web.head(url)
    if answer.status != 200:
        yield f"HEAD gives {answer.status}"
        return
    if answer.kind not in types:
        yield f"is served as {answer.kind or 'no type'}, should be {types[0]}"
    if coding := answer.headers.get("Content-Encoding"):
        yield f"is sent with Content-Encoding {coding} to one who did not ask for it"
    stated = answer.headers.get("Content-Length")
    if length_bytes is not None and stated != str(length_bytes):
        yield f"has {stated or 'no stated number of'} bytes, the feed says {length_bytes}"
    etag, modified = answer.headers.get("ETag"), answer.headers.get("Last-Modified")
    if not etag and not modified:
        yield "has neither ETag nor Last-Modified"
    for name, value in (("If-None-Match", etag), ("If-Modified-Since", modified)):
        if value and (status := web.get(url, 0, {name: value}).status) != 304:
            yield f"{name} with its own value gives {status}, not 304"


def _audio_faults(web: Web, item: Item) -> Iterator[str]:
    yield from _served_faults(web, item.audio, (item.audio_type,), item.length_bytes)
    answer = web.head(item.audio)
    stated = answer.headers.get("Content-Length", "")
    if answer.status == 200 and stated.isdecimal() and int(stated):
        yield from _range_faults(web, item.audio, int(stated))


def _range_faults(web: Web, url: str, total: int) -> Iterator[str]:
    """RFC 9110, 14: the start, the middle, the rest from a place on, and a range beyond the end."""
    size = min(_RANGE_BYTES, total)
    middle = (total - size) // 2
    for first, asked in (
        (0, f"0-{size - 1}"),
        (middle, f"{middle}-{middle + size - 1}"),
        (total - size, f"{total - size}-"),
    ):
        answer = web.get(url, size, {"Range": f"bytes={asked}"})
        if answer.status != 206:
            yield f"byte ranges are not served: bytes={asked} gives {answer.status}, not 206"
            return
        named = answer.headers.get("Content-Range", "")
        if named != f"bytes {first}-{first + size - 1}/{total}":
            yield f"bytes={asked} of {total} gives Content-Range {named!r}"
            return
        if len(answer.content) != size:
            yield f"bytes={asked} gives {'more' if len(answer.content) > size else 'less'} than {size} bytes"
            return
        if first == 0 and not answer.content.startswith((b"ID3", b"\xff")):
            yield "does not begin as an MP3 does"
    answer = web.get(url, 0, {"Range": f"bytes={total}-"})
    if answer.status != 416:
        yield f"a range beyond the end gives {answer.status}, not 416"


def _picture_faults(web: Web, url: str) -> Iterator[str]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "picture"
        web.download(url, path, _FILE_BYTES)
        if fault := picture_fault(path):
            yield fault
        with path.open("rb") as file:
            kind = "image/png" if file.read(4) == b"\x89PNG" else "image/jpeg"
    yield from _served_faults(web, url, (kind,))


def _chapter_faults(web: Web, item: Item, chapters: list[Chapter]) -> Iterator[str]:
    """Also puts what it reads into `chapters`."""
    yield from _served_faults(web, item.chapters, _CHAPTER_TYPES)
    chapters += read_chapters(web.content(item.chapters, _FILE_BYTES))
    yield from chapter_faults(chapters, item.duration_seconds + _ROUNDED_SECONDS)


def _transcript_faults(web: Web, url: str, kind: str, duration_seconds: float) -> Iterator[str]:
    yield from _served_faults(web, url, _SRT_TYPES if kind in _SRT_TYPES else (kind,))
    content = web.content(url, _FILE_BYTES)
    if kind in _READERS:
        captions = _READERS[kind](content)
        yield from order_faults("caption", captions, duration_seconds + _ROUNDED_SECONDS)
        if not captions:
            yield "the transcript is empty"


def _deep_faults(web: Web, item: Item, chapters: Sequence[Chapter], listen: Listen) -> Iterator[str]:
    """Download the MP3, and hold it to what the gate holds it to."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "episode.mp3"
        web.download(item.audio, path, _AUDIO_BYTES)
        data = path.read_bytes()
        if len(data) != item.length_bytes:
            yield f"comes with {len(data)} bytes, the feed says {item.length_bytes}"
        stream = walk(data)
        yield from stream_faults(stream)
        if not abs(stream.duration_seconds - item.duration_seconds) <= _ROUNDED_SECONDS:
            yield f"plays {stream.duration_seconds:.1f} s, the feed says {item.duration_seconds:g}"
        if chapters:
            yield from tag_faults(tag_chapters(data), chapters)
        yield from listen(path)
