"""An OpenAI-compatible server as both of its askers see it: one address, one key, one way to be refused.

What may pass (no connection, a broken or late answer, 429, 5xx) is raised as Passing, so that `persist` of
`podcast.tts.retry` tries again; what will not (a wrong key or address, a request it does not take) as SpeechRefused.
"""

from __future__ import annotations

import asyncio
import ipaddress
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import httpx

from podcast.errors import ConfigError, SpeechRefused
from podcast.tts.retry import Passing, retry_after_seconds

CONNECT_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Hints:
    """What a person can do about a server, in the words of the settings that name it."""

    table: str  # of podcast.toml: "tts.openai"
    key: str
    address: str
    server: str
    request: str


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole answer of status 200."""

    content: bytes
    content_type: str


class Server:
    """`base_url` goes up to and with the version: "http://127.0.0.1:8880/v1".

    Proxies of the environment apply, except to a loopback address.
    Raises ConfigError if base_url is no such address or the key cannot be one.
    """

    def __init__(self, base_url: str, api_key: str, hints: Hints) -> None:
        self.base_url = _address(base_url, hints)
        self.hints = hints
        self._headers = _authorization(api_key.strip(), hints)
        self._tls = httpx.create_ssl_context()  # takes 20 ms to make

    def client(self, timeout: httpx.Timeout) -> httpx.AsyncClient:
        # One for each request: a client belongs to one event loop, and its connections would have to be closed.
        return httpx.AsyncClient(
            verify=self._tls, headers=self._headers, timeout=timeout, trust_env=not _is_loopback(self.base_url)
        )

    async def post(
        self,
        path: str,
        body: Mapping[str, Any],
        *,
        timeout_seconds: float,  # between two pieces of the answer
        whole_seconds: float | None = None,  # for all of it; None = as long as pieces come
        limit_bytes: int | None = None,
    ) -> Answer:
        """Ask once.  Raises Passing or SpeechRefused."""
        timeout = httpx.Timeout(timeout_seconds, connect=min(CONNECT_SECONDS, timeout_seconds))
        try:
            async with (
                asyncio.timeout(whole_seconds),
                self.client(timeout) as client,
                client.stream("POST", f"{self.base_url}{path}", json=body) as response,
            ):
                content = await self._read(response, limit_bytes)
        except httpx.RemoteProtocolError as error:  # also a body shorter than its Content-Length
            raise Passing(f"the answer broke off ({words(error)})", hint=self.hints.server) from error
        except (httpx.TimeoutException, TimeoutError) as error:
            raise Passing(f"no answer in time ({words(error)})", hint=self.hints.server) from error
        except httpx.RequestError as error:
            raise Passing(f"no connection ({words(error)})", hint=self.hints.server) from error
        self._refuse_status(response, content)
        return Answer(content, response.headers.get("content-type", ""))

    async def _read(self, response: httpx.Response, limit_bytes: int | None) -> bytes:
        content = bytearray()
        async for piece in response.aiter_bytes():
            content += piece
            if limit_bytes is not None and len(content) > limit_bytes:
                what = f"the server refused: an answer of more than {limit_bytes} bytes"
                raise SpeechRefused(what, where=self.base_url, hint=self.hints.server)
        return bytes(content)

    def _refuse_status(self, response: httpx.Response, content: bytes) -> None:
        status, hints = response.status_code, self.hints
        if status == 200:
            return
        what = f"status {status}{_said(content, response.headers.get('content-type', ''))}"
        if status in {408, 409, 429} or status >= 500:
            asked = retry_after_seconds(response.headers.get("retry-after"))
            raise Passing(what, hint=hints.server, retry_after_seconds=asked, pushed_back=status in {429, 503})
        known = {401: hints.key, 403: hints.key, 404: hints.address, 405: hints.address}
        hint = hints.address if response.is_redirect else known.get(status, hints.request)
        raise SpeechRefused(f"the server refused: {what}", where=self.base_url, hint=hint)


def words(error: Exception) -> str:
    return str(error) or type(error).__name__


def _authorization(api_key: str, hints: Hints) -> dict[str, str]:
    if not (api_key.isascii() and api_key.isprintable()):
        raise ConfigError("the key has characters that no key has", where=hints.table, hint=hints.key)
    return {"Authorization": f"Bearer {api_key}"} if api_key else {}


def _address(base_url: str, hints: Hints) -> str:
    try:
        url = httpx.URL(base_url)
    except httpx.InvalidURL as error:
        raise ConfigError(f"{base_url!r} is no address ({error})", hint=hints.address) from error
    if url.scheme not in {"http", "https"} or not url.host:
        raise ConfigError(f"{base_url!r} is no address of a server", hint="Give http://host:port/v1.")
    return base_url.rstrip("/")


def _is_loopback(base_url: str) -> bool:
    host = httpx.URL(base_url).host
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _said(content: bytes, content_type: str) -> str:
    """What an error answer says for itself: the message of OpenAI's format, or the start of the text."""
    try:
        found = json.loads(content)
        error = found.get("error", found.get("detail", ""))
        message = error.get("message", "") if isinstance(error, dict) else str(error)
    except (ValueError, AttributeError):
        message = "" if "html" in content_type else content.decode("utf-8", "replace")
    message = " ".join(message.split())
    return f" ({message[:200]})" if message else ""
