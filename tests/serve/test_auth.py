"""Tokens, their rates, and what becomes of guessing."""

from __future__ import annotations

import hashlib

import pytest

from podcast.config import load_config
from podcast.errors import ConfigError
from podcast.serve.auth import Tokens
from podcast.serve.command import access_of
from podcast.serve.problems import Refused
from podcast.settings import ServeConfig
from podcast.testing import FakeClock

TOKEN = "a-token-of-enough-characters"  # noqa: S105 -- of a test
OTHER = "another-token-of-characters"


def status(tokens: Tokens, header: str | None, address: str = "192.0.2.1") -> int:
    """Of the answer to one wish."""
    try:
        tokens.admit(header, address)
    except Refused as refused:
        return refused.status
    return 200


def test_a_known_token_is_admitted_by_its_name() -> None:
    tokens = Tokens({"phone": TOKEN, "desk": f"sha256:{hashlib.sha256(OTHER.encode()).hexdigest()}"})
    assert tokens.admit(f"Bearer {TOKEN}", "192.0.2.1") == "phone"
    assert tokens.admit(f"bearer {OTHER}", "192.0.2.1") == "desk"


@pytest.mark.parametrize(
    "header",
    [None, "", TOKEN, f"Basic {TOKEN}", "Bearer", "Bearer ", f"Bearer {TOKEN[:-1]}", f"Bearer {TOKEN}x",
     "Bearer \udcff", f"Bearer sha256:{hashlib.sha256(TOKEN.encode()).hexdigest()}"],
)  # fmt: skip
def test_anything_else_is_not(header: str | None) -> None:
    assert status(Tokens({"phone": TOKEN}), header) == 401


def test_without_tokens_nobody_needs_one() -> None:
    assert status(Tokens({}), None) == 200


def test_each_token_has_a_rate_of_its_own() -> None:
    clock = FakeClock()
    tokens = Tokens({"phone": TOKEN, "desk": OTHER}, an_hour=2, clock=clock)
    wishes = [status(tokens, f"Bearer {TOKEN}") for _ in range(3)]
    assert wishes == [200, 200, 429]
    assert status(tokens, f"Bearer {OTHER}") == 200
    clock.seconds += 1801
    assert status(tokens, f"Bearer {TOKEN}") == 200


def test_who_is_refused_hears_when_to_ask_again() -> None:
    clock = FakeClock()
    tokens = Tokens({"phone": TOKEN}, an_hour=1, clock=clock)
    tokens.admit(f"Bearer {TOKEN}", "192.0.2.1")
    with pytest.raises(Refused) as caught:
        tokens.admit(f"Bearer {TOKEN}", "192.0.2.1")
    clock.seconds += int(caught.value.headers["Retry-After"])
    assert status(tokens, f"Bearer {TOKEN}") == 200


def test_who_guesses_is_soon_not_listened_to_even_with_the_right_token() -> None:
    clock = FakeClock()
    tokens = Tokens({"phone": TOKEN}, clock=clock)
    guesses = [status(tokens, f"Bearer {number:032}") for number in range(12)]
    assert guesses == [401] * 10 + [429] * 2
    assert status(tokens, f"Bearer {TOKEN}") == 429
    assert status(tokens, f"Bearer {TOKEN}", "192.0.2.2") == 200
    clock.seconds += 60
    assert status(tokens, f"Bearer {TOKEN}") == 200


def test_the_addresses_of_an_ipv6_host_count_as_one() -> None:
    tokens = Tokens({"phone": TOKEN}, clock=FakeClock())
    guesses = [status(tokens, "Bearer x", f"2001:db8::{number:x}") for number in range(11)]
    assert guesses[-1] == 429
    assert status(tokens, "Bearer x", "2001:db8:0:1::1") == 401


def test_forgetting_a_token_is_no_guess() -> None:
    tokens = Tokens({"phone": TOKEN}, clock=FakeClock())
    assert {status(tokens, None) for _ in range(30)} == {401}


@pytest.mark.parametrize("value", ["", "short", "fifteen-letters", "a token with spaces in", "sha256:abc"])
def test_a_weak_token_is_an_error_of_the_config_that_does_not_tell_it(value: str) -> None:
    with pytest.raises(ConfigError) as caught:
        Tokens({"phone": value})
    assert "phone" in str(caught.value)
    assert not value or value not in str(caught.value)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.7", "podcast.example", ""])  # noqa: S104 -- what is refused
def test_a_server_for_others_does_not_start_without_a_token(host: str) -> None:
    with pytest.raises(ConfigError):
        access_of(ServeConfig(), host, "http://127.0.0.1:8000/")
    assert access_of(ServeConfig(tokens={"me": TOKEN}), host, "http://127.0.0.1:8000/").tokens.needed


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.2", "::1", "localhost"])
def test_a_server_for_this_machine_needs_none(host: str) -> None:
    access = access_of(ServeConfig(), host, "https://pod.example/news/")
    assert not access.tokens.needed
    assert set(access.hosts or ()) == {"pod.example"}


def test_a_token_can_come_from_the_environment() -> None:
    config = load_config(None, {"PODCAST_SERVE__TOKENS__PHONE": TOKEN})
    assert config.serve.tokens == {"phone": TOKEN}
