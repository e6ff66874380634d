"""A published feed as it is read from its address: all its pages, every item, and what is wrong with either."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urljoin, urlsplit

from podcast.publish.check import Problem
from podcast.publish.files import web_address
from podcast.publish.namespace import ATOM, ITUNES, PODCAST, parse_xml
from podcast.publish.web import Unreachable, Web

_PAGES = 500  # of a feed, at most: 25,000 episodes
_FEED_BYTES = 30_000_000


@dataclass(frozen=True, slots=True)
class Item:
    """An item of the feed, as far as it was understood; what is missing is empty."""

    name: str  # the id where the address tells it, else the title
    guid: str
    audio: str
    audio_type: str
    length_bytes: int
    duration_seconds: float  # inf where the feed does not say
    chapters: str
    transcripts: tuple[tuple[str, str], ...]  # (address, type)
    image: str

    @property
    def addresses(self) -> tuple[str, ...]:
        named = (self.audio, self.chapters, *(url for url, _ in self.transcripts), self.image)
        return tuple(address for address in named if address)


@dataclass(frozen=True, slots=True)
class PublishedFeed:
    items: tuple[Item, ...]  # of all pages, as they stand
    cover: str  # address; empty where there is none
    problems: tuple[Problem, ...]


def read_feed(web: Web, address: str) -> PublishedFeed:
    """Read the feed and follow its pages (RFC 5005) to the end, to a ring, or to the 500th."""
    problems: list[Problem] = []
    items: list[Item] = []
    cover, page, seen = "", address, set[str]()
    while page and page not in seen and len(seen) < _PAGES:
        seen.add(page)
        try:
            channel = _channel(web.content(page, _FEED_BYTES))
        except (Unreachable, ValueError) as error:
            return PublishedFeed(tuple(items), cover, (*problems, Problem(page, str(error))))
        problems += [Problem(page, fault) for fault in _self_faults(channel, page)]
        for element in channel.findall("item"):
            faults: list[str] = []
            item = _item(element, faults)
            items.append(item)
            problems += [Problem(item.name, fault) for fault in faults]
        cover = cover or _address(channel.find(f"{{{ITUNES}}}image"), "href", [])
        following = _link(channel, "next")
        page = urljoin(page, following) if following else ""
    if page in seen:
        problems.append(Problem(page, "its pages go round in a ring: rel=next leads back to it"))
    elif page:
        problems.append(Problem(page, f"was not read: the feed has more than {_PAGES} pages"))
    if not cover:
        problems.append(Problem(address, "has no cover (itunes:image)"))
    if not items:
        problems.append(Problem(address, "names no episode"))
    return PublishedFeed(tuple(items), cover, (*problems, *_guid_problems(items)))


def _channel(content: bytes) -> Any:
    try:
        root = parse_xml(content)
    except SyntaxError as error:  # lxml's XMLSyntaxError is one
        raise ValueError(f"is no XML: {error}") from error
    channel = root.find("channel")
    if root.tag != "rss" or channel is None:
        raise ValueError("is no RSS feed")
    return channel


def _link(channel: Any, rel: str) -> str:
    links = (link.get("href") for link in channel.findall(f"{{{ATOM}}}link") if link.get("rel") == rel)
    return next(filter(None, links), "")


def _self_faults(channel: Any, page: str) -> Iterator[str]:
    named = _link(channel, "self")
    if not named:
        yield "has no atom:link with rel=self"
    elif named != page:
        yield f"says of itself that it is at {named}"


def _guid_problems(items: Sequence[Item]) -> Iterator[Problem]:
    owner: dict[str, str] = {}
    for item in items:
        if not item.guid:
            yield Problem(item.name, "has no guid")
        elif item.guid in owner:
            yield Problem(item.name, f"has the same guid as {owner[item.guid]}: {item.guid}")
        else:
            owner[item.guid] = item.name


def _item(element: Any, faults: list[str]) -> Item:
    """The item; what its own words lack is added to `faults`."""
    enclosure = element.find("enclosure")
    audio = _address(enclosure, "url", faults)
    length = enclosure.get("length", "") if enclosure is not None else ""
    if enclosure is None:
        faults.append("has no enclosure")
    elif not re.fullmatch(r"[1-9][0-9]*", length):
        faults.append(f"enclosure length is {length!r}, no number of bytes")
    transcripts = [
        (_address(found, "url", faults), found.get("type", "").lower())
        for found in element.findall(f"{{{PODCAST}}}transcript")
    ]
    match = re.search(r"episodes/([^/]+)/[^/]+$", urlsplit(audio).path)
    return Item(
        name=match[1] if match else " ".join((element.findtext("title") or "an episode without a title").split()),
        guid=(element.findtext("guid") or "").strip(),
        audio=audio,
        audio_type=enclosure.get("type", "").lower() if enclosure is not None else "",
        length_bytes=int(length) if re.fullmatch(r"[0-9]+", length) else 0,
        duration_seconds=_duration(element.findtext(f"{{{ITUNES}}}duration") or ""),
        chapters=_address(element.find(f"{{{PODCAST}}}chapters"), "url", faults),
        transcripts=tuple(pair for pair in transcripts if pair[0]),
        image=_address(element.find(f"{{{ITUNES}}}image"), "href", faults),
    )


def _address(element: Any, attribute: str, faults: list[str]) -> str:
    """The address that an element names; empty where there is no element, or none that can be asked."""
    if element is None:
        return ""
    url = web_address(element.get(attribute))
    if url is None:
        name = element.tag.rpartition("}")[2]
        faults.append(f"{name} {element.get(attribute)!r} is no http or https address")
    return url or ""


def _duration(text: str) -> float:
    """Seconds of "609", "10:09" or "1:10:09"; inf for anything else."""
    if not re.fullmatch(r"(\d+:){0,2}\d+(\.\d+)?", text.strip()):
        return math.inf
    seconds = 0.0
    for part in text.strip().split(":"):
        seconds = seconds * 60 + float(part)
    return seconds
