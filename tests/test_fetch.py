"""Fetching: what is asked for arrives, and nothing else; against a server on loopback."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from podcast.errors import InputError
from podcast.fetch import LIMIT_BYTES, Fetched, fetch, is_public
from tests.feed_host import FeedHost, content, dripping_head, endless, packed, redirect, status

FEED = '<rss version="2.0"><channel><title>早报</title></channel></rss>'


@pytest.fixture
def host() -> Iterator[FeedHost]:
    with FeedHost() as running:
        yield running


def get(address: str, **given: Any) -> Fetched:
    return fetch(address, **({"allow_private": True, "seconds": 10.0} | given))


def refused(address: str, said: str, **given: Any) -> None:
    with pytest.raises(InputError, match=said) as caught:
        get(address, **given)
    assert caught.value.where
    assert str(caught.value).count("\n") <= 1
    assert caught.value.exit_status == 2


def test_what_is_there_is_fetched(host: FeedHost) -> None:
    host.answers["/feed?a=1"] = content(FEED.encode("gbk"), "text/html; charset=GBK")
    assert get(f"{host.address}/feed?a=1") == Fetched(f"{host.address}/feed?a=1", FEED.encode("gbk"), "gbk")
    assert host.asked == [(f"127.0.0.1:{host.port}", "/feed?a=1")]


def test_a_packed_body_is_unpacked(host: FeedHost) -> None:
    host.answers["/feed"] = packed(FEED.encode())
    assert get(f"{host.address}/feed").content == FEED.encode()


def test_redirects_are_followed_and_the_last_address_is_told(host: FeedHost) -> None:
    host.answers |= {"/": redirect("/a/"), "/a/": redirect("b"), "/a/b": content(FEED)}
    assert get(f"{host.address}/").address == f"{host.address}/a/b"


# --- whom it does not ask ---

INSIDE = [
    "http://127.0.0.1:{port}/",
    "http://127.1:{port}/",
    "http://2130706433:{port}/",
    "http://0x7f000001:{port}/",
    "http://0x7f.0.0.1:{port}/",
    "http://017700000001:{port}/",
    "http://localhost:{port}/",
    "http://[::1]:{port}/",
    "http://[::ffff:127.0.0.1]:{port}/",
    "http://[::ffff:7f00:1]:{port}/",
    "http://0.0.0.0:{port}/",
    "http://169.254.169.254/latest/meta-data/",
    "http://10.0.0.1/",
    "http://192.168.1.1/",
    "http://100.64.0.1/",
    "http://[fe80::1]/",
    "http://[fd00::1]/",
    "http://[64:ff9b::7f00:1]/",
    "http://[2002:7f00:1::]/",
    "http://224.0.0.1/",
    "http://255.255.255.255/",
]


@pytest.mark.parametrize("address", INSIDE)
def test_an_address_inside_is_not_asked_unless_it_is_allowed(host: FeedHost, address: str) -> None:
    host.answers["/"] = content(FEED)
    refused(address.format(port=host.port), "inside this network|not known", allow_private=False)
    assert host.asked == []


@pytest.mark.parametrize("target", INSIDE[1:])
def test_allowed_for_one_host_no_redirect_leads_to_another_one_inside(host: FeedHost, target: str) -> None:
    host.answers |= {"/feed": redirect(target.format(port=host.port)), "/": content(FEED)}
    refused(f"{host.address}/feed", "inside this network|not known", allow_private=True)
    assert [path for _, path in host.asked] == ["/feed"]


@pytest.mark.parametrize(
    "target", ["file:///etc/passwd", "ftp://a.example/", "gopher://127.0.0.1/", "http://[", "http://0177.0.0.1/"]
)
def test_a_redirect_to_what_is_no_web_address_is_refused(host: FeedHost, target: str) -> None:
    host.answers["/feed"] = redirect(target)
    refused(f"{host.address}/feed", "no http or https address|is no address|Invalid URL")


class Names:
    """Answers for names, one after the other; tells how often it was asked."""

    def __init__(self, *answers: list[str]) -> None:
        self.answers = list(answers)
        self.asked: list[str] = []

    async def __call__(self, name: str, port: int) -> list[str]:
        self.asked.append(name)
        return self.answers[min(len(self.asked), len(self.answers)) - 1]


def test_a_name_is_resolved_once_and_the_checked_address_is_asked_by_name(host: FeedHost) -> None:
    """DNS rebinding: a second answer would be another machine's; it is never asked for."""
    host.answers["/feed"] = content(FEED)
    names = Names(["127.0.0.1"], ["192.0.2.1"])
    assert get(f"http://feed.example:{host.port}/feed", resolve=names).content == FEED.encode()
    assert names.asked == ["feed.example"]
    assert host.asked == [(f"feed.example:{host.port}", "/feed")]


def test_every_hop_is_resolved_and_checked_anew(host: FeedHost) -> None:
    host.answers |= {"/feed": redirect("/next"), "/next": content(FEED)}
    names = Names(["127.0.0.1"], ["127.0.0.1"])
    get(f"http://feed.example:{host.port}/feed", resolve=names)
    assert names.asked == ["feed.example"] * 2


@pytest.mark.parametrize("places", [["127.0.0.1"], ["93.184.215.14", "127.0.0.1"], ["::ffff:10.0.0.1"], ["nonsense"]])
def test_a_name_that_leads_inside_is_refused(host: FeedHost, places: list[str]) -> None:
    address = f"http://feed.example:{host.port}/feed"
    refused(address, "feed.example is .* inside this network", allow_private=False, resolve=Names(places))
    assert host.asked == []


def test_of_several_addresses_the_first_that_can_be_reached_answers(host: FeedHost) -> None:
    host.answers["/feed"] = content(FEED)
    names = Names(["::1", "127.0.0.1"])  # the server listens on one of them
    assert get(f"http://feed.example:{host.port}/feed", resolve=names).content == FEED.encode()


@pytest.mark.parametrize("place", ["93.184.215.14", "2606:2800:21f::1", "::ffff:93.184.215.14", "64:ff9b::5db8:d70e"])
def test_public_addresses_are_public(place: str) -> None:
    assert is_public(place)


# --- bounds ---


def test_a_redirect_ring_ends(host: FeedHost) -> None:
    host.answers |= {"/a": redirect("/b"), "/b": redirect("/a")}
    refused(f"{host.address}/a", "redirected more than 5 times")
    assert len(host.asked) == 6


def test_a_large_body_ends_at_the_limit(host: FeedHost) -> None:
    host.answers["/large"] = content(b" " * (5 * 1024 * 1024))
    host.answers["/endless"] = endless(b"<item/>" * 10_000)
    refused(f"{host.address}/large", "has more than 4 MiB")
    refused(f"{host.address}/endless", "has more than 4 MiB")


def test_a_bomb_is_not_unpacked(host: FeedHost) -> None:
    host.answers["/bomb"] = packed(b"\0" * (10 * LIMIT_BYTES))
    refused(f"{host.address}/bomb", "has more than 4 MiB")


@pytest.mark.parametrize("answer", [endless(b"<", 0.05), dripping_head], ids=["body", "head"])
def test_what_drips_ends_at_the_deadline(host: FeedHost, answer: Any) -> None:
    """Each byte comes in time, so no timeout of a single step helps."""
    host.answers["/slow"] = answer
    refused(f"{host.address}/slow", "does not come to an end within 0.4 s", seconds=0.4)


def test_a_body_that_breaks_off_is_no_feed(host: FeedHost) -> None:
    host.answers["/short"] = content(FEED, Content_Length=str(len(FEED.encode()) + 10))
    refused(f"{host.address}/short", "gives no whole answer")


@pytest.mark.parametrize("body", [b"\x1f\x8b\x08\x00", b"no gzip"])
def test_a_broken_packing_is_named(host: FeedHost, body: bytes) -> None:
    host.answers["/gz"] = content(body, Content_Encoding="gzip")
    refused(f"{host.address}/gz", "cannot be unpacked")


def test_other_answers_are_named(host: FeedHost) -> None:
    host.answers |= {"/500": status(500), "/br": content(FEED, Content_Encoding="br"), "/nowhere": status(302)}
    refused(f"{host.address}/none", "status 404")
    refused(f"{host.address}/500", "status 500")
    refused(f"{host.address}/br", "coding 'br'")
    refused(f"{host.address}/nowhere", "status 302")
    refused("http://127.0.0.1:1/", "cannot be reached")


@pytest.mark.parametrize("address", ["http://", "http://[", "https://a b/", "http://0177.0.0.1/", "http://a\n/"])
def test_what_is_no_address_is_refused(address: str) -> None:
    refused(address, "no http or https address|is no address")


def test_a_password_is_not_shown(host: FeedHost) -> None:
    with pytest.raises(InputError) as caught:
        get(f"http://me:secret@127.0.0.1:{host.port}/none")
    assert "secret" not in str(caught.value)
    assert f"127.0.0.1:{host.port}/none" in str(caught.value)
