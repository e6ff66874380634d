"""A web server on the loopback address, as strict as any that may carry the pages: a folder below a base path, byte
ranges (RFC 9110, 14), and a Content-Security-Policy that allows no inline code."""

from __future__ import annotations

import contextlib
import re
import threading
from collections.abc import Iterator
from functools import partial
from http import HTTPStatus
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

POLICY = (
    "default-src 'none'; img-src 'self'; media-src 'self'; script-src 'self'; style-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


@contextlib.contextmanager
def serving(folder: Path) -> Iterator[str]:
    """Serve the folder; yields its address, which ends in "/"."""
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(_Answer, directory=str(folder))) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/"
        finally:
            server.shutdown()
            thread.join()


class _Answer(SimpleHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def end_headers(self) -> None:
        self.send_header("Content-Security-Policy", POLICY)
        self.send_header("X-Content-Type-Options", "nosniff")
        super().end_headers()

    def do_GET(self) -> None:
        path = Path(self.translate_path(self.path))
        asked = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range", ""))
        with contextlib.suppress(ConnectionError):  # a browser drops what it does not need any more
            if asked and path.is_file():
                self._part(path.read_bytes(), self.guess_type(path), int(asked[1]), asked[2])
            else:
                super().do_GET()

    def _part(self, content: bytes, media_type: str, first: int, last: str) -> None:
        end = min(int(last) + 1, len(content)) if last else len(content)
        if first >= end:
            self.send_error(HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE)
            return
        self.send_response(HTTPStatus.PARTIAL_CONTENT)
        self.send_header("Content-Type", media_type)
        self.send_header("Content-Range", f"bytes {first}-{end - 1}/{len(content)}")
        self.send_header("Content-Length", str(end - first))
        self.end_headers()
        self.wfile.write(content[first:end])

    def handle(self) -> None:
        with contextlib.suppress(ConnectionError):
            super().handle()

    def log_message(self, *_: object) -> None:
        """Say nothing."""
