"""GET of an address that somebody named: bounded in time and size, and never of a machine inside the network.

Each hop is resolved once, every address it has is checked, and the connection goes to one that was checked: a name
that answers differently the second time (DNS rebinding) is not asked a second time.  Proxies of the environment are not
used, for they would resolve the name themselves.
"""

from __future__ import annotations

import asyncio
import ipaddress
import re
import socket
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass

import httpx

from podcast.errors import InputError

SECONDS = 30.0  # for everything: names, redirects, the last byte
LIMIT_BYTES = 4 * 1024 * 1024  # of what it says when it is unpacked
_REDIRECTS = 5
_STEP = httpx.Timeout(10.0)  # to connect, to get the next bytes
_HEADERS = {
    "User-Agent": "digestcast (podcast make)",
    "Accept": "application/atom+xml, application/rss+xml, application/feed+json, application/xml;q=0.9, */*;q=0.5",
    "Accept-Encoding": "gzip",
}
_HOST = re.compile(rb"[A-Za-z0-9._-]+|[0-9A-Fa-f:.]+")  # a name, or an address of either kind
_NAT64 = ipaddress.ip_network("64:ff9b::/96")  # RFC 6052: the last four bytes are an IPv4 address
_BY_HAND = "Fetch it by other means and give it on standard input: podcast make -"

Resolve = Callable[[str, int], Awaitable[list[str]]]  # name, port -> addresses


@dataclass(frozen=True, slots=True)
class Fetched:
    address: str  # where it was in the end
    content: bytes
    charset: str  # as Content-Type says; may be empty, may be wrong


def fetch(
    address: str,
    *,
    allow_private: bool = False,
    limit_bytes: int = LIMIT_BYTES,
    seconds: float = SECONDS,
    resolve: Resolve | None = None,
) -> Fetched:
    """What is at an address.  Raises InputError, which names it, for whatever keeps us from it.

    `allow_private` lets the host that `address` names be one of this machine or its network; where that redirects to
    another host, it must be a public one.
    """
    fetching = _fetch(address, allow_private=allow_private, limit_bytes=limit_bytes, resolve=resolve or _resolve)
    try:
        return asyncio.run(asyncio.wait_for(fetching, seconds))
    except TimeoutError:
        raise InputError(
            f"does not come to an end within {seconds:g} s", where=_shown(address), hint=_BY_HAND
        ) from None


async def _fetch(address: str, *, allow_private: bool, limit_bytes: int, resolve: Resolve) -> Fetched:
    start = url = _url(address, address)
    # One client for one fetch; nothing of the environment: neither proxies nor .netrc.
    async with httpx.AsyncClient(trust_env=False, timeout=_STEP, headers=_HEADERS) as client:
        for _ in range(_REDIRECTS + 1):
            where = _shown(str(url))
            places = await _places(url, allow_private=allow_private and url.host == start.host, resolve=resolve)
            answer = await _ask(client, url, places, where)
            try:
                if not answer.has_redirect_location:
                    return await _whole(answer, str(url), where, limit_bytes)
                url = _url(answer.headers.get("Location", ""), where, url)
            finally:
                await answer.aclose()
    raise InputError(f"is redirected more than {_REDIRECTS} times", where=_shown(address))


def _url(text: str, where: str, base: httpx.URL | None = None) -> httpx.URL:
    try:
        url = base.join(text) if base is not None else httpx.URL(text)
    except (httpx.InvalidURL, ValueError) as error:
        raise InputError(f"is no address: {error}", where=_shown(where)) from None
    if url.scheme not in {"http", "https"} or not _HOST.fullmatch(url.raw_host):
        to = f"leads to {str(url)[:100]!r}, which" if base is not None else "it"
        raise InputError(f"{to} is no http or https address", where=_shown(where))
    return url


async def _places(url: httpx.URL, *, allow_private: bool, resolve: Resolve) -> list[str]:
    """The IP addresses of a host, all of them allowed."""
    where = _shown(str(url))
    host = url.raw_host.decode("ascii")
    try:
        places = await resolve(host, url.port or (443 if url.scheme == "https" else 80))
    except (OSError, UnicodeError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise InputError(f"the name {host} is not known: {reason}", where=where) from None
    for place in places:
        if not allow_private and not is_public(place):
            what = f"{host} is {place}, an address inside this network or machine"
            hint = "Name that address itself and add --allow-private, if it is one you trust."
            raise InputError(what, where=where, hint=hint)
    return places


async def _resolve(host: str, port: int) -> list[str]:
    """As the system does it, which also reads 2130706433 and 0x7f.1 as 127.0.0.1."""
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[4][0]) for address in found))


def is_public(place: str) -> bool:
    """Whether an IP address is one of the Internet at large, also where it wraps one of IPv4."""
    try:
        address = ipaddress.ip_address(place)
    except ValueError:
        return False
    if isinstance(address, ipaddress.IPv6Address):
        nat64 = ipaddress.IPv4Address(address.packed[-4:]) if address in _NAT64 else None
        inner = address.ipv4_mapped or nat64 or address.sixtofour or (address.teredo and address.teredo[1])
        if inner:
            return is_public(str(inner))
    return address.is_global and not address.is_multicast and not address.is_reserved


async def _ask(client: httpx.AsyncClient, url: httpx.URL, places: list[str], where: str) -> httpx.Response:
    """The answer of the first place that can be reached, its body not read; asked by its number and called by name."""
    for place in places:
        request = client.build_request(
            "GET",
            url.copy_with(host=place),
            headers={"Host": url.netloc.decode("ascii")},
            extensions={"sni_hostname": url.raw_host.decode("ascii"), "timeout": _STEP.as_dict()},
        )
        try:
            return await client.send(request, stream=True)
        except httpx.ConnectError as error:
            reason = str(error) or type(error).__name__
        except httpx.ConnectTimeout:
            reason = "no connection in time"
        except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
            raise InputError(_why(error), where=where, hint=_BY_HAND) from None
    raise InputError(f"cannot be reached: {reason if places else 'it has no address'}", where=where, hint=_BY_HAND)


async def _whole(answer: httpx.Response, address: str, where: str, limit_bytes: int) -> Fetched:
    if answer.status_code != 200:
        raise InputError(f"answers with status {answer.status_code} {answer.reason_phrase}".strip(), where=where)
    coding = answer.headers.get("Content-Encoding", "identity").strip().lower()
    if coding not in {"identity", "gzip", "x-gzip", ""}:
        raise InputError(f"answers in the coding {coding[:40]!r}, which it was not asked for", where=where)
    body = bytearray()
    try:
        async for piece in _unpacked(answer.aiter_raw(), packed=coding.endswith("gzip"), limit_bytes=limit_bytes):
            body += piece
            if len(body) > limit_bytes:
                what = f"has more than {limit_bytes / 1024 / 1024:.0f} MiB"
                hint = "Ask for a feed with fewer entries; Hugo has services.rss.limit, WordPress a setting."
                raise InputError(what, where=where, hint=hint)
    except (httpx.HTTPError, zlib.error) as error:
        raise InputError(_why(error), where=where, hint=_BY_HAND) from None
    return Fetched(address, bytes(body), answer.charset_encoding or "")


async def _unpacked(pieces: AsyncIterator[bytes], *, packed: bool, limit_bytes: int) -> AsyncIterator[bytes]:
    """The body, never more than a limit of it at once, however far a piece would swell."""
    if not packed:
        async for piece in pieces:
            yield piece
        return
    unpacker = zlib.decompressobj(wbits=31)  # with gzip's own head and checksum
    async for piece in pieces:
        yield unpacker.decompress(piece, limit_bytes + 1)
    if not unpacker.eof:
        raise zlib.error("the packed body is cut off")


def _why(error: Exception) -> str:
    match error:
        case httpx.TimeoutException():
            return "does not answer in time"
        case httpx.RemoteProtocolError():  # a body shorter than its Content-Length, a Location that is no address
            return f"gives no whole answer: {error}"
        case zlib.error():
            return f"cannot be unpacked: {error}"
    return f"cannot be reached: {error or type(error).__name__}"


def _shown(address: str) -> str:
    """An address for a message, without the password that may stand in it."""
    head, at, rest = address.partition("@")
    return f"{head.partition('://')[0]}://{rest}" if at and "/" not in head.partition("://")[2] else address[:500]
