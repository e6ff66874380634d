"""Who may have episodes made: bearers of a token; where there are no tokens, whoever is on this machine.

Of a token only the hash is kept.  It is compared with every known one in constant time, and who guesses is soon not
listened to any more.
"""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import re
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from podcast.errors import ConfigError
from podcast.serve.problems import Refused

_SHORTEST = 16  # characters of a token: with less than 64 bits guessing is a matter of patience
_HASHED = re.compile(r"sha256:[0-9a-f]{64}")
_GUESSES, _GUESS_SECONDS = 10, 60.0  # wrong tokens of one address, and how long it takes until they are forgotten
_ADDRESSES = 4096  # that are remembered


class Bucket:
    """A rate: so many at once, and so many again in `seconds`."""

    def __init__(self, size: float, seconds: float, clock: Callable[[], float]) -> None:
        self._size, self._seconds, self._clock = size, seconds, clock
        self._left, self._seen = size, clock()

    def wait_seconds(self) -> float:
        """Until there is one; 0 = now."""
        now = self._clock()
        self._left = min(self._size, self._left + (now - self._seen) * self._size / self._seconds)
        self._seen = now
        return 0.0 if self._left >= 1 else (1 - self._left) * self._seconds / self._size

    def take(self) -> None:
        self._left -= 1


@dataclass(frozen=True, slots=True)
class _Bearer:
    name: str
    digest: bytes
    wishes: Bucket


class Tokens:
    """The known tokens by name, each with its own rate.

    A value is the token itself (16 characters or more) or "sha256:" and its hash in hex.  Raises ConfigError.
    """

    def __init__(
        self, tokens: Mapping[str, str], *, an_hour: int = 60, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._clock = clock
        self._an_hour = an_hour
        self._bearers = [_Bearer(name, _digest(name, value), self._bucket()) for name, value in tokens.items()]
        self._local = self._bucket()
        self._guesses: OrderedDict[str, Bucket] = OrderedDict()

    @property
    def needed(self) -> bool:
        return bool(self._bearers)

    def admit(self, header: str | None, address: str, *, spend: bool = True) -> str:
        """The name of the token in an Authorization header.  Raises Refused (401, 429).

        `spend`: the wish counts against the bearer's rate.
        """
        if not self.needed:
            _spend(self._local, "wishes", spend=spend)
            return ""
        guesses = self._guesses_of(address)
        _spend(guesses, "wrong tokens", spend=False)
        scheme, _, token = (header or "").partition(" ")
        given = hashlib.sha256(token.strip().encode("utf-8", "surrogateescape")).digest()
        found = [bearer for bearer in self._bearers if hmac.compare_digest(bearer.digest, given)]  # all of them, always
        if scheme.lower() != "bearer" or not found:
            if header:
                guesses.take()
            raise Refused(
                401,
                "token",
                "the token is unknown" if header else "a token is needed",
                hint="Send it as Authorization: Bearer TOKEN.",
                headers={"WWW-Authenticate": 'Bearer realm="podcast"'},
            )
        _spend(found[0].wishes, "wishes of this token", spend=spend)
        return found[0].name

    def _bucket(self) -> Bucket:
        return Bucket(self._an_hour, 3600.0, self._clock)

    def _guesses_of(self, address: str) -> Bucket:
        key = _network(address)
        bucket = self._guesses.pop(key, None) or Bucket(_GUESSES, _GUESS_SECONDS, self._clock)
        self._guesses[key] = bucket
        if len(self._guesses) > _ADDRESSES:
            self._guesses.popitem(last=False)
        return bucket


def _spend(bucket: Bucket, what: str, *, spend: bool) -> None:
    if wait := bucket.wait_seconds():
        seconds = str(max(1, round(wait + 0.5)))
        detail = f"too many {what}"
        raise Refused(429, "rate", detail, hint=f"Ask again in {seconds} s.", headers={"Retry-After": seconds})
    if spend:
        bucket.take()


def _digest(name: str, value: str) -> bytes:
    if _HASHED.fullmatch(value):
        return bytes.fromhex(value.removeprefix("sha256:"))
    if len(value) < _SHORTEST or any(character.isspace() or not character.isprintable() for character in value):
        raise ConfigError(
            f"the token {name} is too weak: {_SHORTEST} characters or more, no space",
            hint='Make one with: python -c "import secrets; print(secrets.token_urlsafe())"',
        )
    return hashlib.sha256(value.encode()).digest()


def _network(address: str) -> str:
    """An IPv6 host has a /64 for itself: that counts as one address."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    return str(ipaddress.ip_network(f"{address}/64", strict=False)) if parsed.version == 6 else address
