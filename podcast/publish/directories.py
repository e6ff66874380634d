"""What directories ask of a show, checked before anything is spoken or published."""

from __future__ import annotations

import dataclasses
import re
import struct
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from podcast.errors import ConfigError
from podcast.models import Show
from podcast.publish.files import printable, web_address
from podcast.publish.notes import DESCRIPTION_BYTES, TITLE_BYTES, channel_description

# podcasters.apple.com, "Apple Podcasts categories": the only words the tag may hold.
APPLE_CATEGORIES: dict[str, str] = {
    "Arts": "Books|Design|Fashion & Beauty|Food|Performing Arts|Visual Arts",
    "Business": "Careers|Entrepreneurship|Investing|Management|Marketing|Non-Profit",
    "Comedy": "Comedy Interviews|Improv|Stand-Up",
    "Education": "Courses|How To|Language Learning|Self-Improvement",
    "Fiction": "Comedy Fiction|Drama|Science Fiction",
    "Government": "",
    "Health & Fitness": "Alternative Health|Fitness|Medicine|Mental Health|Nutrition|Sexuality",
    "History": "",
    "Kids & Family": "Education for Kids|Parenting|Pets & Animals|Stories for Kids",
    "Leisure": "Animation & Manga|Automotive|Aviation|Crafts|Games|Hobbies|Home & Garden|Video Games",
    "Music": "Music Commentary|Music History|Music Interviews",
    "News": "Business News|Daily News|Entertainment News|News Commentary|Politics|Sports News|Tech News",
    "Religion & Spirituality": "Buddhism|Christianity|Hinduism|Islam|Judaism|Religion|Spirituality",
    "Science": "Astronomy|Chemistry|Earth Sciences|Life Sciences|Mathematics|Natural Sciences|Nature|Physics|"
    "Social Sciences",
    "Society & Culture": "Documentary|Personal Journals|Philosophy|Places & Travel|Relationships",
    "Sports": "Baseball|Basketball|Cricket|Fantasy Sports|Football|Golf|Hockey|Rugby|Running|Soccer|Swimming|Tennis|"
    "Volleyball|Wilderness|Wrestling",
    "TV & Film": "After Shows|Film History|Film Interviews|Film Reviews|TV Reviews",
    "Technology": "",
    "True Crime": "",
}
NAME_BYTES = 128  # Podcasting 2.0: longest podcast:person, funding, updateFrequency and purpose of a txt
COVER_PIXELS = (1400, 3000)  # Apple: smallest and largest side


def check_show(show: Show) -> None:
    """Raises ConfigError for the first thing that a directory would reject: quick, so call it before any speech."""
    _check_texts(show)
    _check_addresses(show)
    if not re.fullmatch(r"[A-Za-z]{2,3}(-[A-Za-z]{2,8})*", show.language):
        raise ConfigError(f"show.language {show.language!r} is no language code", hint="Write zh-cn for Chinese.")
    _check_category(show.category)
    _check_namespace(show)
    _check_lengths(show)
    check_cover(show.cover)


def _check_texts(show: Show) -> None:
    for name, value in dataclasses.asdict(show).items():
        if any(printable(text) != text for text in _texts(value)):
            raise ConfigError(f"show.{name} holds a control character", hint="XML, and so the feed, cannot say it.")
    required = {
        "title": (show.title, TITLE_BYTES),
        "author": (show.author, TITLE_BYTES),
        "description": (channel_description(show), DESCRIPTION_BYTES),
    }
    for name, (text, limit) in required.items():
        if not text.strip():
            raise ConfigError(f"show.{name} is empty", hint="Every directory requires it.")
        if len(text.encode()) > limit:
            raise ConfigError(f"show.{name} has {len(text.encode())} bytes", hint=f"Directories take {limit}.")


def _check_addresses(show: Show) -> None:
    if not show.base_url.endswith("/") or web_address(show.base_url) != show.base_url:
        raise ConfigError(
            f"show.base_url {show.base_url!r} is no address of a folder",
            hint="Write it as https://example.org/podcast/ with the slash at the end.",
        )
    addresses = {"link": show.link, "hub": show.hub, "license_url": show.license_url}
    addresses |= {f"funding {link.title!r}": link.url for link in show.funding}
    addresses |= {f"subscribe {link.title!r}": link.url for link in show.subscribe}
    for person in (*show.cast.values(), *show.persons):
        addresses |= {f"persons {person.name!r} href": person.url, f"persons {person.name!r} img": person.image}
    for name, url in addresses.items():
        if url and not web_address(url):
            raise ConfigError(f"show.{name}: {url!r} is no http or https address")
    if show.email and not re.fullmatch(r"[^@\s]+@[^@\s]+", show.email):
        raise ConfigError(f"show.email {show.email!r} is no mail address")


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        yield from _texts(tuple(value.values()))
    elif isinstance(value, tuple | list):
        for part in value:
            yield from _texts(part)


def _check_lengths(show: Show) -> None:
    """Names and lengths of what Podcasting 2.0 tags hold; apps may cut what is longer."""
    label = f"（{show.voice_label}）" if show.voice_label else ""
    texts = [(f"persons.{role}", name + label, NAME_BYTES) for role, name in show.speakers.items()]
    texts += [("persons", person.name, NAME_BYTES) for person in show.persons]
    texts += [("funding", link.title, NAME_BYTES) for link in show.funding]
    texts += [("txt", purpose, NAME_BYTES) for purpose in show.txt]
    texts += [(f"txt.{purpose}", text, DESCRIPTION_BYTES) for purpose, text in show.txt.items()]
    for key, text, limit in [*texts, ("update_text", show.update_text or "-", NAME_BYTES)]:
        if not text.removesuffix(label).strip():
            raise ConfigError(f"show.{key} is empty", hint="Write its words, or leave the key out.")
        if len(text.encode()) > limit:
            raise ConfigError(f"show.{key} has {len(text.encode())} bytes: {text[:40]!r}", hint=f"Apps take {limit}.")


def _check_category(category: tuple[str, ...]) -> None:
    main, *sub = category or ("",)
    if main not in APPLE_CATEGORIES:
        raise ConfigError(
            f"show.category {main!r} is not in Apple's list", hint=f"Apple's are: {', '.join(APPLE_CATEGORIES)}."
        )
    known = APPLE_CATEGORIES[main].split("|")
    if len(sub) > 1 or (sub and sub[0] not in known):
        names = ", ".join(known) if known != [""] else "none"
        raise ConfigError(f"show.category {main!r} has no {' > '.join(sub)!r}", hint=f"Apple's are: {names}.")


def _check_namespace(show: Show) -> None:
    for name, guid in (("guid", show.guid), *(("podroll", guid) for guid in show.podroll)):
        try:
            version = uuid.UUID(guid).version if guid else 5
        except ValueError:
            version = None
        if version != 5:
            raise ConfigError(f"show.{name}: {guid!r} is no UUID of version 5")
    if show.update_rrule and not re.search(
        r"(^|;)FREQ=(SECONDLY|MINUTELY|HOURLY|DAILY|WEEKLY|MONTHLY|YEARLY)(;|$)", show.update_rrule
    ):
        raise ConfigError(f"show.update_rrule {show.update_rrule!r} has no FREQ", hint="Write FREQ=DAILY (RFC 5545).")


def check_cover(path: Path) -> None:
    """Raises ConfigError for a cover that is not as Apple wants it; see `picture_fault`."""
    if fault := picture_fault(path):
        low, high = COVER_PIXELS
        hint = f"A square JPEG or PNG, RGB without transparency, {low} to {high} px (3000 is best)."
        raise ConfigError(f"show.cover {fault}", where=str(path), hint=hint)


def picture_fault(path: Path) -> str | None:
    """What keeps a picture from being as Apple wants it: JPEG or PNG, square, 1400 to 3000 px, RGB; None = nothing."""
    try:
        picture = read_picture(path)
    except OSError as error:
        return f"cannot be read: {error.strerror}"
    low, high = COVER_PIXELS
    if picture is None:
        return "is neither JPEG nor PNG"
    if picture.width != picture.height or not low <= picture.width <= high:
        return f"is {picture.width} x {picture.height} px"
    return f"is {picture.colours}" if picture.colours != "RGB" else None


@dataclass(frozen=True, slots=True)
class Picture:
    """What the header of a picture says."""

    type: str  # media type
    width: int  # px
    height: int  # px
    colours: str  # "RGB", or what it is instead


def read_picture(path: Path) -> Picture | None:
    """The header of a JPEG or PNG file; None for anything else.  Raises OSError where it cannot be read."""
    data = path.read_bytes()
    try:
        return _measure(data)
    except (struct.error, IndexError):
        return None


def cover_name(show: Show) -> str:
    """The cover's name in the public folder; apps go by the ending."""
    return "cover.png" if show.cover.read_bytes()[:4] == b"\x89PNG" else "cover.jpg"


def _measure(data: bytes) -> Picture | None:
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        width, height, _, kind = struct.unpack(">IIBB", data[16:26])
        # PNG specification 11.2.2, colour type; a tRNS chunk makes any of them transparent.
        colours = {0: "grey", 2: "RGB", 3: "RGB", 4: "transparent", 6: "transparent"}.get(kind, "unknown")
        return Picture("image/png", width, height, "transparent" if b"tRNS" in data[:4096] else colours)
    place = 2
    while data.startswith(b"\xff\xd8") and data[place] == 0xFF:
        marker, size = data[place + 1], int.from_bytes(data[place + 2 : place + 4], "big")
        # ITU-T T.81, table B.1: C0 to CF are the frame headers, but for C4 (DHT), C8 (JPG) and CC (DAC).
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            height, width, components = struct.unpack(">HHB", data[place + 5 : place + 10])
            return Picture("image/jpeg", width, height, {1: "grey", 3: "RGB", 4: "CMYK"}.get(components, "unknown"))
        place += 2 + size
    return None
