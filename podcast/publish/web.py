"""Requests that come to an end: bounded in time, in size and in redirects."""

from __future__ import annotations

import io
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import httpx

_TIMEOUT = httpx.Timeout(20.0, connect=10.0)  # of one step: to connect, to send, to get the next bytes
_BODY_SECONDS = 120.0  # of a whole body, however steadily it drips
_DOWNLOAD_SECONDS = 1800.0
_REDIRECTS = 5  # Apple follows as many


class Unreachable(Exception):
    """No answer, or none that ends, or not the one that was asked for."""


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    headers: httpx.Headers
    content: bytes = b""

    @property
    def kind(self) -> str:
        """Content-Type without its parameters, in lower case."""
        return str(self.headers.get("Content-Type", "")).partition(";")[0].strip().lower()


class Web:
    """A client for looking at what is published.  Every method raises Unreachable where no answer comes."""

    def __init__(self) -> None:
        # A length is that of the file only where no coding is asked for.
        headers = {"User-Agent": "digestcast (podcast check)", "Accept-Encoding": "identity"}
        self._client = httpx.Client(follow_redirects=True, max_redirects=_REDIRECTS, timeout=_TIMEOUT, headers=headers)

    def close(self) -> None:
        self._client.close()

    def head(self, url: str) -> Answer:
        try:
            answer = self._client.head(url)
        except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
            raise Unreachable(_why(error)) from error
        return Answer(answer.status_code, answer.headers)

    def get(self, url: str, limit_bytes: int, headers: Mapping[str, str]) -> Answer:
        """GET with these headers; of the body one byte more than the limit at most."""
        body = io.BytesIO()
        answer = self._get(url, body, limit_bytes, headers, _BODY_SECONDS)
        return Answer(answer.status, answer.headers, body.getvalue()[: limit_bytes + 1])

    def content(self, url: str, limit_bytes: int) -> bytes:
        """The file.  Raises Unreachable also for any status but 200, and for more than the limit."""
        body = io.BytesIO()
        self._whole(url, body, limit_bytes, _BODY_SECONDS)
        return body.getvalue()

    def download(self, url: str, path: Path, limit_bytes: int) -> None:
        """The file, to `path`.  Raises what `content` does."""
        with path.open("wb") as file:
            self._whole(url, file, limit_bytes, _DOWNLOAD_SECONDS)

    def _whole(self, url: str, file: BinaryIO, limit_bytes: int, seconds: float) -> None:
        answer = self._get(url, file, limit_bytes, {}, seconds)
        if answer.status != 200:
            raise Unreachable(f"GET gives {answer.status}")
        if file.tell() > limit_bytes:
            raise Unreachable(f"has more than {limit_bytes / 1e6:.0f} MB")

    def _get(self, url: str, file: BinaryIO, limit_bytes: int, headers: Mapping[str, str], seconds: float) -> Answer:
        deadline = time.monotonic() + seconds
        try:
            with self._client.stream("GET", url, headers=dict(headers)) as answer:
                for piece in answer.iter_bytes():
                    file.write(piece)
                    if file.tell() > limit_bytes:
                        break
                    if time.monotonic() > deadline:
                        raise Unreachable(f"does not come to an end within {seconds:.0f} s")
        except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
            raise Unreachable(_why(error)) from error
        return Answer(answer.status_code, answer.headers)


def _why(error: Exception) -> str:
    match error:
        case httpx.TooManyRedirects():
            return f"is redirected more than {_REDIRECTS} times"
        case httpx.TimeoutException():
            return "does not answer in time"
        case httpx.RemoteProtocolError():
            return f"breaks off: {error}"
    return f"cannot be reached: {error or type(error).__name__}"
