"""The public folder over HTTP, as podcast apps and hosts expect it: ranges, conditions, types, names for downloads.

Of Starlette's StaticFiles this keeps the path lookup (no traversal, no link out of the folder) and the rules of 304.
Its FileResponse is not used.  It looks a file up and opens it later, so that one replaced in between is sent with the
length and the tag of the other; it answers 400 to range units it does not know, and 416 to a set of ranges of which
one lies past the end; it has no gzip; and it reads every 64 KiB in another thread.
"""

from __future__ import annotations

import gzip
import os
import re
import stat
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from email.utils import formatdate
from pathlib import Path
from threading import Lock
from urllib.parse import quote

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers, QueryParams
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.staticfiles import StaticFiles
from starlette.types import Receive, Scope, Send

from podcast.errors import InputError
from podcast.publish.record import RECORD, read_record
from podcast.serve.ranges import accepts_gzip, precondition_fails, range_still_applies, wanted_ranges
from podcast.serve.sending import Piece, content_range, parts, send_pieces

GZIP_MIN_BYTES = 1024  # below it the headers weigh more than what is saved
GZIP_MAX_BYTES = 32 * 2**20  # packed in memory
GZIP_KEPT_BYTES = 32 * 2**20
NAME_BYTES = 200  # of a download's name: file systems take 255

_UTF8 = "; charset=utf-8"
_TYPES = {  # what the feed says of a file, its server must say too; JSON and MP3 have no charset
    ".css": f"text/css{_UTF8}",
    ".html": f"text/html{_UTF8}",
    ".jpeg": "image/jpeg",
    ".jpg": "image/jpeg",
    ".js": f"text/javascript{_UTF8}",
    ".json": "application/json",
    ".md": f"text/markdown{_UTF8}",
    ".mp3": "audio/mpeg",
    ".png": "image/png",
    ".srt": f"application/x-subrip{_UTF8}",
    ".svg": "image/svg+xml",
    ".txt": f"text/plain{_UTF8}",
    ".vtt": f"text/vtt{_UTF8}",
    ".xml": f"application/xml{_UTF8}",
}
_FEED = f"application/rss+xml{_UTF8}"
_CHAPTERS = "application/json+chapters"  # of the podcast namespace
_OTHER = "application/octet-stream"
_PACKED = ("audio/", "image/jpeg", "image/png", _OTHER)  # gzip would only cost
_REVALIDATE = "no-cache"  # kept, and asked for again each time: an episode may be made anew under its name
_NOT_FOUND = (
    '<!doctype html><html lang="zh-CN"><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
    '<title>没有这个页面</title><main><h1>没有这个页面</h1><p><a href="{home}">回到首页</a></p></main></html>'
)


class PublicFiles:
    """An ASGI app for GET and HEAD of the files in `public`; RuntimeError where there is no such folder.

    No name that begins with a dot is served (work in progress has such), no folder is listed, and no link is followed
    out of the folder.  `?download` asks for a file of an episode as a download under the episode's title.

    Several ranges at once are answered as multipart/byteranges, as nginx does: at most MAX_RANGES of them, and never
    more bytes than the file has.  HEAD ignores Range, which RFC 9110 (14.2) defines for GET alone.
    """

    def __init__(self, public: Path) -> None:
        self._folder = StaticFiles(directory=public)
        self._packer = _Packer()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._folder(scope, receive, send)  # closes a websocket
            return
        if scope["path"].endswith(".mp3") and not scope["query_string"]:
            answer = self._answer(scope)  # opens a file, no more: quicker than to wake a thread
        else:
            answer = await run_in_threadpool(self._answer, scope)  # may have to pack, or to read a record
        if isinstance(answer, Response):
            await answer(scope, receive, send)
            return
        try:
            raw = [(name.lower().encode(), value.encode("latin-1")) for name, value in answer.headers.items()]
            await send({"type": "http.response.start", "status": answer.status, "headers": raw})
            pieces = () if scope["method"] == "HEAD" else answer.pieces
            await send_pieces(answer.descriptor, pieces, receive, send)
        finally:
            os.close(answer.descriptor)

    def _answer(self, scope: Scope) -> _Answer | Response:
        """What is said to the request; an _Answer holds an open file."""
        if scope["method"] not in ("GET", "HEAD"):
            return PlainTextResponse("Method Not Allowed", 405, headers={"Allow": "GET, HEAD"})
        path = self._find(scope)
        if isinstance(path, Response):
            return path
        try:
            with _opened(path) as file:
                return self._answer_with(file, scope)
        except OSError:  # gone since, not readable, no regular file
            return _not_found(scope)

    def _find(self, scope: Scope) -> Path | Response:
        """The file that the request's path names."""
        asked: str = scope["path"]
        if any(part.startswith(".") for part in asked.split("/")):
            return _not_found(scope)
        path = self._folder.get_path(scope)
        try:
            full, status = self._folder.lookup_path(path)
            if status and stat.S_ISDIR(status.st_mode):
                full, status = self._folder.lookup_path(f"{path}/index.html")
                if status and not asked.endswith("/"):
                    # Relative, so that it leads to no other host: in "//evil/x" the first name would be one.
                    return Response(status_code=301, headers={"Location": f"./{quote(asked.rpartition('/')[2])}/"})
            elif asked.endswith("/"):  # a file is no folder: its relative links would break
                return _not_found(scope)
        except (OSError, ValueError):  # a name that is too long; a NUL byte
            return _not_found(scope)
        return Path(full) if status else _not_found(scope)

    def _answer_with(self, file: _File, scope: Scope) -> _Answer | Response:
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        answer = {
            "Content-Type": file.media_type,
            "Last-Modified": formatdate(file.modified_seconds, usegmt=True),
            "ETag": file.etag,
            "Cache-Control": _cache_control(file, scope),
            "Accept-Ranges": "bytes",
            "X-Content-Type-Options": "nosniff",
        }
        if "download" in QueryParams(scope["query_string"]):
            answer["Content-Disposition"] = content_disposition(_download_name(file.path), file.path.name)
        packed = None
        if GZIP_MIN_BYTES <= file.size <= GZIP_MAX_BYTES and not file.media_type.startswith(_PACKED):
            answer["Vary"] = "Accept-Encoding"
            if "range" not in headers and accepts_gzip(headers.get("accept-encoding")):
                packed = self._packer.pack(file)
                # A range would be one of the file as it is, so this form has none.
                answer |= {"ETag": f'{file.etag[:-1]}-gz"', "Content-Encoding": "gzip", "Accept-Ranges": "none"}

        if precondition_fails(headers, answer["ETag"], file.modified_seconds):
            return Response(status_code=412)
        if self._folder.is_not_modified(Headers(answer), Headers(headers)):
            return _not_modified(answer)
        if packed is not None:
            answer["Content-Length"] = str(len(packed))
            return _Answer(200, answer, (packed,), os.dup(file.descriptor))
        ranges = None
        if scope["method"] == "GET" and range_still_applies(
            headers.get("if-range"), file.etag, answer["Last-Modified"]
        ):
            ranges = wanted_ranges(headers.get("range", ""), file.size)
        return _bytes_of(file, answer, ranges)


@dataclass(frozen=True)
class _File:
    """An open file: it stays the one it is, whatever its name is given to while it is sent."""

    path: Path
    descriptor: int
    size: int
    modified_seconds: int
    etag: str  # strong: other bytes are another file (every one of ours is renamed into its place)
    media_type: str


@dataclass(frozen=True)
class _Answer:
    """An answer whose body comes from a file."""

    status: int
    headers: dict[str, str]
    pieces: tuple[Piece, ...]
    descriptor: int  # to be closed by whoever sends it


@contextmanager
def _opened(path: Path) -> Iterator[_File]:
    """The file as it is at this instant.  Raises OSError, also for what is no regular file."""
    # O_NONBLOCK: a named pipe would be waited for.  O_NOFOLLOW: links have been resolved, so this is none any more.
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW)
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise IsADirectoryError(path)
        # The inode tells a file that replaced another within the clock's grain, of the same length (constant bit rate).
        etag = f'"{status.st_mtime_ns:x}-{status.st_size:x}-{status.st_ino:x}"'
        yield _File(path, descriptor, status.st_size, int(status.st_mtime), etag, _media_type(path.name))
    finally:
        os.close(descriptor)


def _bytes_of(file: _File, headers: dict[str, str], ranges: list[range] | None) -> _Answer | Response:
    """200 with all of it, 206 with one range or several, 416 where there is none of them."""
    if ranges == []:
        return Response(status_code=416, headers={"Content-Range": f"bytes */{file.size}", "Accept-Ranges": "bytes"})
    pieces: tuple[Piece, ...] = tuple(ranges or [range(file.size)])
    if ranges and len(ranges) == 1:
        headers = headers | {"Content-Range": content_range(ranges[0], file.size)}
    elif ranges:
        pieces, media_type = parts(ranges, file.size, file.media_type)
        headers = headers | {"Content-Type": media_type}
    headers = headers | {"Content-Length": str(sum(map(len, pieces)))}
    return _Answer(206 if ranges else 200, headers, pieces, os.dup(file.descriptor))


def _not_modified(headers: dict[str, str]) -> Response:
    """304 with the fields that a cache brings up to date (RFC 9110, 15.4.5)."""
    kept = ("Cache-Control", "ETag", "Last-Modified", "Vary")
    return Response(status_code=304, headers={name: headers[name] for name in kept if name in headers})


def _not_found(scope: Scope) -> Response:
    home = f"{quote(scope.get('root_path', ''))}/"
    return HTMLResponse(_NOT_FOUND.format(home=home), 404, headers={"Cache-Control": _REVALIDATE})


def _media_type(name: str) -> str:
    if name == "chapters.json":
        return _CHAPTERS
    if name.startswith("feed") and name.endswith(".xml"):
        return _FEED
    return _TYPES.get(Path(name).suffix.lower(), _OTHER)


def _cache_control(file: _File, scope: Scope) -> str:
    if file.path.parent.name == "assets" and scope["query_string"]:
        return "max-age=31536000, immutable"  # pages name style and script with a hash of the content
    if file.media_type == _FEED:
        return "max-age=60"  # apps that ask more often than that get it from their own cache
    if file.media_type.startswith("image/"):
        return "max-age=3600"
    return _REVALIDATE


def content_disposition(name: str, plain: str) -> str:
    """A download under `name`, and under `plain` for clients that read ASCII alone (RFC 6266, appendix D)."""
    safe = re.sub(r"[^A-Za-z0-9._-]", "_", plain)
    return f"attachment; filename=\"{safe}\"; filename*=UTF-8''{quote(name, safe='')}"


def _download_name(path: Path) -> str:
    """The title of the episode whose folder the file is in, after its day where it does not say it itself.

    Its ending is the file's.  A file of no episode has its own name.
    """
    try:
        episode = read_record(path.parent / RECORD)
    except InputError:
        return path.name
    # What no file system takes (Windows takes the least), and what is not to be seen, becomes a blank.
    title = "".join(sign if sign.isprintable() and sign not in '<>:"/\\|?*' else " " for sign in episode.title)
    day = episode.published
    dated = re.search(rf"{day.year}\D{{0,2}}0?{day.month}\D{{0,2}}0?{day.day}(?!\d)", title)
    name = " ".join((title if dated else f"{episode.id} {title}").split())
    return name.encode()[:NAME_BYTES].decode(errors="ignore").strip(" .") + path.suffix


class _Packer:
    """Files in gzip, each packed once while it is the same file; the oldest are forgotten."""

    def __init__(self) -> None:
        self._packed: OrderedDict[str, bytes] = OrderedDict()  # by entity tag
        self._lock = Lock()  # many who ask for a new feed at once wait for one packing

    def pack(self, file: _File) -> bytes:
        with self._lock:
            if file.etag not in self._packed:
                # No time in it: the same file gives the same bytes, which a strong entity tag promises.
                self._packed[file.etag] = gzip.compress(os.pread(file.descriptor, file.size, 0), 6, mtime=0)
                while len(self._packed) > 1 and sum(map(len, self._packed.values())) > GZIP_KEPT_BYTES:
                    self._packed.popitem(last=False)
            self._packed.move_to_end(file.etag)
            return self._packed[file.etag]
