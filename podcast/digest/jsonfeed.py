"""JSON Feed 1.0 and 1.1 (https://www.jsonfeed.org/version/1.1/) -> entries."""

from __future__ import annotations

from typing import Any
from urllib.parse import urljoin

from podcast.digest.xmlfeed import RawEntry, RawFeed
from podcast.errors import DigestError

VERSION = "https://jsonfeed.org/version/1"


def is_json_feed(values: Any) -> bool:
    return isinstance(values, dict) and str(values.get("version", "")).startswith(VERSION)


def read_json_feed(values: dict[str, Any], address: str, where: str) -> RawFeed:
    """Read a feed that is parsed already.  Raises DigestError naming the place in it."""
    items = values.get("items")
    if not isinstance(items, list):
        raise DigestError("items is no list", where=where, hint="JSON Feed puts the entries there.")
    home = _text(values, "home_page_url", "", where) or _text(values, "feed_url", "", where) or address
    return RawFeed(tuple(_entry(item, f"items[{index}]", home, where) for index, item in enumerate(items)), ())


def _entry(item: Any, place: str, home: str, where: str) -> RawEntry:
    if not isinstance(item, dict):
        raise DigestError(f"{place} is no object", where=where)
    content = _text(item, "content_html", place, where)
    plain = "" if content else _text(item, "content_text", place, where)
    summary = "" if content or plain else _text(item, "summary", place, where)
    url = _text(item, "url", place, where)
    link = urljoin(home, url) if url else ""
    return RawEntry(
        guid=_text(item, "id", place, where) or link,
        title=_text(item, "title", place, where),
        title_is_html=False,
        link=link,
        published=_text(item, "date_published", place, where),
        changed=_text(item, "date_modified", place, where),
        content=content or plain or summary,
        is_plain=not content,
        base=link or home,
    )


def _text(values: dict[str, Any], key: str, place: str, where: str) -> str:
    value = values.get(key, "")
    if key == "id" and isinstance(value, int | float):  # "a string or number" was allowed by no version, and is common
        return str(value)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise DigestError(f"{f'{place}.' if place else ''}{key} is no string", where=where)
    return value
