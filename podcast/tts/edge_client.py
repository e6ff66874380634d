"""What the edge-tts client leaves open: its address, and what its errors mean.

The client has no setting for its address: it formats the module constants WSS_URL and VOICE_LIST into each request.
They are replaced by strings that format themselves for the endpoint of the current context (PEP 567) and as before
everywhere else, so that other users of the client in this program, and other engines, are not touched.
"""

from __future__ import annotations

import ssl
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from contextvars import ContextVar
from urllib.parse import SplitResult, urlsplit

import aiohttp
import edge_tts.communicate
import edge_tts.voices
from edge_tts.constants import BASE_URL
from edge_tts.exceptions import EdgeTTSException, SkewAdjustmentError

from podcast.errors import ConfigError, EngineUnavailable, SpeechRefused
from podcast.tts.retry import Passing, retry_after_seconds

UPGRADE = "Upgrade the client (pip install -U edge-tts); if that does not help, set a proxy or take another engine."
ELSEWHERE = "Check the network, set a proxy (tts.edge.proxy), or take another engine (--engine kokoro)."
LATER = "Try again later, with fewer at once (tts.concurrency), or take another engine (--engine kokoro)."
CHECK_PROXY = "Check the proxy (tts.edge.proxy, HTTPS_PROXY)."

_endpoint: ContextVar[SplitResult | None] = ContextVar("edge_endpoint", default=None)


class _Address(str):
    """An address of the client's own that formats itself for the endpoint of the context."""

    __slots__ = ()

    def __format__(self, spec: str) -> str:
        scheme, _, rest = self.partition("://")
        endpoint = _endpoint.get()
        if endpoint:
            scheme = scheme if endpoint.scheme in {"wss", "https"} else scheme.removesuffix("s")
            rest = rest.replace(BASE_URL, f"{endpoint.netloc}{endpoint.path.rstrip('/')}", 1)
        return format(f"{scheme}://{rest}", spec)


def endpoint_context(endpoint: str | None) -> Callable[[], AbstractContextManager[None]]:
    """Opens a context in which the client talks to `endpoint`: "wss://host/path" or "ws://host/path", None = its own.

    Raises ConfigError if it is no such address.
    """
    if not endpoint:
        return nullcontext
    parts = urlsplit(endpoint)
    if parts.scheme not in {"ws", "wss", "http", "https"} or not parts.netloc:
        raise ConfigError(f"{endpoint!r} is no address of a speech service", hint="Give wss://host/path.")
    for module, name in ((edge_tts.communicate, "WSS_URL"), (edge_tts.voices, "VOICE_LIST")):
        setattr(module, name, _Address(getattr(module, name)))

    @contextmanager
    def at_endpoint() -> Iterator[None]:
        before = _endpoint.set(parts)
        try:
            yield
        finally:
            _endpoint.reset(before)

    return at_endpoint


def explained(error: Exception) -> Passing | SpeechRefused | EngineUnavailable:
    """What an error of the client means for us.  One that is neither of the client nor of the network is raised."""
    reason: Passing | SpeechRefused | EngineUnavailable
    match error:
        case Passing() | SpeechRefused() | EngineUnavailable():
            reason = error
        case ssl.SSLError() | aiohttp.ClientConnectorCertificateError() | aiohttp.ClientConnectorSSLError():
            reason = EngineUnavailable(f"edge has no secure connection: {error}", hint=ELSEWHERE)
        case aiohttp.ClientProxyConnectionError():
            reason = Passing(f"the proxy does not answer ({error})", hint=CHECK_PROXY)
        case aiohttp.ClientHttpProxyError():
            reason = EngineUnavailable(f"the proxy to edge answered with status {error.status}", hint=CHECK_PROXY)
        case aiohttp.ClientResponseError():
            reason = _explained_status(error)
        case SkewAdjustmentError():  # the client's second try after a 403 needs the service's date, and there was none
            reason = Passing("status 403", hint=UPGRADE)
        case TimeoutError():
            reason = Passing("no answer in time", hint=ELSEWHERE)
        case aiohttp.ClientError() | OSError():
            reason = Passing(_no_connection(error), hint=ELSEWHERE)
        case EdgeTTSException() | LookupError() | ValueError() | TypeError():
            reason = Passing(f"an answer that edge-tts does not understand ({error})", hint=UPGRADE)
        case _:
            raise error
    return reason


def _no_connection(error: Exception) -> str:
    if isinstance(error, aiohttp.ClientConnectorError):  # whose own words show an object of Python's
        return f"no connection to {error.host} ({error.os_error.strerror or error.os_error})"
    return f"no connection ({str(error) or type(error).__name__})"


def _explained_status(error: aiohttp.ClientResponseError) -> Passing | SpeechRefused:
    what = f"status {error.status}"
    if error.status == 403:  # the token or the clock; the client has set its clock by the answer and tried once more
        return Passing(what, hint=UPGRADE)
    if error.status in {408, 429} or error.status >= 500:
        asked = retry_after_seconds(error.headers.get("Retry-After") if error.headers else None)
        return Passing(what, hint=LATER, retry_after_seconds=asked, pushed_back=error.status in {429, 503})
    return SpeechRefused(f"edge refused the request with {what}", hint=UPGRADE)
