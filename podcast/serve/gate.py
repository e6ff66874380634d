"""What every request passes: its host and origin, the size and coding of its body; and what every answer gets.

ASGI, without a framework: streams go through it untouched.
"""

from __future__ import annotations

import ipaddress
import logging
import time
from collections.abc import Callable, Iterable
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from podcast.serve.problems import Refused, problem

# Scripts and styles come as files of our own, so that nothing in a digest can become one.
CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; media-src 'self' blob:; "
    "connect-src 'self'; font-src 'self'; manifest-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}
_SAFE = ("GET", "HEAD", "OPTIONS")
log = logging.getLogger("podcast.requests")


class Gate:
    """Refuses what no endpoint should see, and logs every request in one line without its headers and query.

    `hosts`: names that requests may use; None where any may (a token guards what matters there).
    """

    def __init__(self, app: ASGIApp, *, body_bytes: int, hosts: Iterable[str] | None) -> None:
        self._app, self._body_bytes = app, body_bytes
        self._hosts = None if hosts is None else frozenset(hosts)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
            return
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        answer = _Answer(scope, send)
        try:
            self._refuse(scope["method"], Headers(scope=scope))
            await self._app(scope, _Body(receive, self._body_bytes), answer)
        except Refused as refused:
            if answer.status:
                raise
            await problem(refused)(scope, receive, answer)
        finally:
            answer.log()

    def _refuse(self, method: str, headers: Headers) -> None:
        host = _hostname(headers.get("host", ""))
        if self._hosts is not None and host not in self._hosts and not _is_loopback(host):
            # DNS rebinding: a page of another site that has made its own name mean this machine.
            raise Refused(421, "host", "this server does not answer to that name")
        if method in _SAFE:
            return
        if _is_cross_site(headers):
            raise Refused(403, "cross_site", "a page of another site may not ask for this")
        if headers.get("content-encoding", "identity").lower() != "identity":
            raise Refused(415, "coding", "a coded body is not taken", headers={"Accept-Encoding": "identity"})
        length = headers.get("content-length", "0")
        if not length.isdecimal() or int(length) > self._body_bytes:
            raise _too_large(self._body_bytes)


class _Body:
    """Counts what comes: a chunked body does not say how long it is."""

    def __init__(self, receive: Receive, limit_bytes: int) -> None:
        self._receive, self._limit_bytes, self._bytes = receive, limit_bytes, 0

    async def __call__(self) -> Message:
        message = await self._receive()
        self._bytes += len(message.get("body", b""))
        if self._bytes > self._limit_bytes:
            raise _too_large(self._limit_bytes)
        return message


class _Answer:
    """Adds the headers, and remembers what the log wants to know."""

    def __init__(self, scope: Scope, send: Send, clock: Callable[[], float] = time.monotonic) -> None:
        self._scope, self._send, self._clock = scope, send, clock
        self._start = clock()
        self._bytes = 0
        self.status = 0

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            headers = MutableHeaders(scope=message)
            for name, value in HEADERS.items():
                headers.setdefault(name, value)
            if self.status in (408, 413, 415):
                headers["Connection"] = "close"  # the rest of the body is not waited for
        self._bytes += len(message.get("body", b""))
        await self._send(message)

    def log(self) -> None:
        client = self._scope.get("client")
        log.info(
            "request",
            extra={
                "method": self._scope["method"],
                "path": self._scope["path"],
                "status": self.status,
                "bytes": self._bytes,
                "seconds": round(self._clock() - self._start, 3),
                "client": client[0] if client else "",
            },
        )


def _too_large(limit_bytes: int) -> Refused:
    return Refused(413, "too_large", f"the body is larger than {limit_bytes} bytes")


def _hostname(host: str) -> str:
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""


def _is_loopback(host: str) -> bool:
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _is_cross_site(headers: Headers) -> bool:
    """Whether a browser says so.  Other programs say nothing, and carry no credentials of a person."""
    if site := headers.get("sec-fetch-site"):
        return site not in ("same-origin", "none")
    origin = headers.get("origin")
    return origin is not None and origin.lower().partition("://")[2] != headers.get("host", "").lower()
