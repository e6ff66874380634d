"""A server on loopback that answers as it is told, and as no server should."""

from __future__ import annotations

import contextlib
import gzip
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler
from typing import ClassVar

from tests.loopback import Loopback

Answer = Callable[["Handler"], None]


class FeedHost(Loopback):
    """`answers[path]` writes what is sent; everything else is 404."""

    def __init__(self) -> None:
        super().__init__(Handler)
        self.address = f"http://127.0.0.1:{self.port}"
        self.answers: dict[str, Answer] = {}
        self.asked: list[tuple[str, str]] = []  # Host and path of each request


class Handler(BaseHTTPRequestHandler):
    site: ClassVar[FeedHost]

    def do_GET(self) -> None:
        self.site.asked.append((self.headers.get("Host", ""), self.path))
        answer = self.site.answers.get(self.path, status(404))
        with contextlib.suppress(OSError):  # the client has seen enough
            answer(self)
        self.close_connection = True

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 -- the name it has
        return

    def head(self, code: int, **headers: str) -> None:
        self.send_response(code)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()


def content(body: bytes | str, kind: str = "application/rss+xml", **headers: str) -> Answer:
    data = body.encode() if isinstance(body, str) else body

    def answer(handler: Handler) -> None:
        handler.head(200, Content_Type=kind, **({"Content_Length": str(len(data))} | headers))
        handler.wfile.write(data)

    return answer


def packed(body: bytes) -> Answer:
    return content(gzip.compress(body), Content_Encoding="gzip")


def status(code: int) -> Answer:
    return lambda handler: handler.head(code, Content_Length="0")


def redirect(target: str) -> Answer:
    return lambda handler: handler.head(302, Location=target, Content_Length="0")


def endless(piece: bytes, wait_seconds: float = 0.0) -> Answer:
    """A body that never ends; with a wait, one that drips: each step is quick enough, the whole is not."""

    def answer(handler: Handler) -> None:
        handler.head(200, Content_Type="application/rss+xml")
        until = time.monotonic() + 20
        while time.monotonic() < until:
            handler.wfile.write(piece)
            handler.wfile.flush()
            time.sleep(wait_seconds)

    return answer


def dripping_head(handler: Handler) -> None:
    until = time.monotonic() + 20
    handler.wfile.write(b"HTTP/1.1 200 OK\r\n")
    while time.monotonic() < until:
        handler.wfile.write(b"X: y\r\n")
        handler.wfile.flush()
        time.sleep(0.05)
