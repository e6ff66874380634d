"""A static host on loopback that serves a folder as it should, and misbehaves where it is told to."""

from __future__ import annotations

import contextlib
import hashlib
import re
from collections import Counter
from collections.abc import Callable
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import ClassVar

from tests.loopback import Loopback

TYPES = {
    ".xml": "application/rss+xml; charset=utf-8",
    ".mp3": "audio/mpeg",
    ".jpg": "image/jpeg",
    ".png": "image/png",
    ".json": "application/json",
    ".vtt": "text/vtt; charset=utf-8",
    ".srt": "application/x-subrip",
}


class Host(Loopback):
    """`faults[ending]` names what is wrong with the files whose address ends so; `content[path]` stands for a file."""

    def __init__(self, folder: Path) -> None:
        super().__init__(_Handler)
        self.address = f"http://127.0.0.1:{self.port}/"
        self.folder = folder
        self.faults: dict[str, str] = {}
        self.content: dict[str, Callable[[bytes], bytes]] = {}
        self.sent_bytes: Counter[str] = Counter()  # of bodies, by path

    def reset(self) -> None:
        self.faults.clear()
        self.content.clear()
        self.sent_bytes.clear()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = 1 << 16  # an answer leaves in one piece
    site: ClassVar[Host]

    def do_HEAD(self) -> None:
        self._answer()

    def do_GET(self) -> None:
        self._answer()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 -- the name it has
        return

    def _answer(self) -> None:
        path = self.path.partition("?")[0].lstrip("/")
        fault = next((name for ending, name in self.site.faults.items() if path.endswith(ending)), "")
        file = self.site.folder / path
        if not file.is_file() or fault == "gone":
            self._send(404, {}, b"not here")
        elif fault == "no HEAD" and self.command == "HEAD":
            self._send(405, {}, b"")
        elif fault == "round and round":
            self._send(302, {"Location": self.path}, b"")
        else:
            body = file.read_bytes()
            change = self.site.content.get(path)
            self._send_file(change(body) if change else body, file, fault)

    def _send_file(self, body: bytes, file: Path, fault: str) -> None:
        headers = {
            "Content-Type": TYPES.get(file.suffix, "application/octet-stream"),
            "ETag": f'"{hashlib.sha256(body).hexdigest()[:16]}"',
            "Last-Modified": formatdate(file.stat().st_mtime, usegmt=True),
            "Accept-Ranges": "bytes",
        }
        if fault == "octets":
            headers["Content-Type"] = "application/octet-stream"
        if fault == "no validators":
            del headers["ETag"], headers["Last-Modified"]
        if fault == "coded":
            headers["Content-Encoding"] = "br"  # and no client of ours asked for it
        if self._is_fresh(headers, fault):
            self._send(304, headers, b"")
            return
        wanted = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range", ""))
        if wanted is None or fault == "no ranges":
            self._send(200, headers, body, cut=fault == "cut off")
            return
        first, last = int(wanted[1]), min(int(wanted[2] or len(body) - 1), len(body) - 1)
        if first >= len(body):
            status = 200 if fault == "all beyond the end" else 416
            self._send(status, headers | {"Content-Range": f"bytes */{len(body)}"}, b"")
            return
        total = len(body) + 1 if fault == "another total" else len(body)
        short = fault == "short ranges" and first > 0
        part = body[first : last + (0 if short else 1)]
        self._send(206, headers | {"Content-Range": f"bytes {first}-{last}/{total}"}, part)

    def _is_fresh(self, headers: dict[str, str], fault: str) -> bool:
        for asked, own, ignored in (
            ("If-None-Match", "ETag", "ignores If-None-Match"),
            ("If-Modified-Since", "Last-Modified", "ignores If-Modified-Since"),
        ):
            if self.headers.get(asked) and self.headers.get(asked) == headers.get(own):
                return fault != ignored
        return False

    def _send(self, status: int, headers: dict[str, str], body: bytes, *, cut: bool = False) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        if status != 304:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD" and status != 304:
            part = body[: len(body) // 2] if cut else body
            self.site.sent_bytes[self.path.lstrip("/")] += len(part)
            with contextlib.suppress(OSError):  # the client has seen enough
                self.wfile.write(part)
                self.wfile.flush()
        if cut:
            self.close_connection = True
