"""A feedgen extension for what feedgen 1.0 cannot say: ready elements of any namespace, put where it builds the tree.

feedgen's own extension is called `podcast` and writes the itunes tags; this one is registered as `more`.
"""

from __future__ import annotations

from typing import Any

from feedgen.ext.base import BaseEntryExtension
from feedgen.feed import FeedGenerator
from feedgen.util import xml_elem, xml_fromstring

ATOM = "http://www.w3.org/2005/Atom"
ITUNES = "http://www.itunes.com/dtds/podcast-1.0.dtd"
PODCAST = "https://podcastindex.org/namespace/1.0"
SIMPLE_CHAPTERS = "http://podlove.org/simple-chapters"

parse_xml: Any = xml_fromstring  # with entities and network off; feedgen has no type hints
_element: Any = xml_elem
_generator: Any = FeedGenerator


def new_feed() -> Any:
    """A FeedGenerator that knows the itunes tags (as .podcast) and ours (as .more)."""
    feed = _generator()
    feed.load_extension("podcast", rss=True)
    feed.register_extension("more", MoreElements, MoreElements, rss=True)
    return feed


class MoreElements(BaseEntryExtension):
    """Elements for a channel or an item, in the order in which they were added."""

    def __init__(self) -> None:
        self.elements: list[Any] = []

    def add(self, namespace: str, name: str, text: str | None = None, /, **attributes: str) -> Any:
        """Add <name>; attributes that are empty are left out.  Returns the element, for children."""
        element = make(namespace, name, text, **attributes)
        self.elements.append(element)
        return element

    def extend_ns(self) -> dict[str, str]:
        return {"podcast": PODCAST, "psc": SIMPLE_CHAPTERS}

    def extend_rss(self, feed: Any) -> Any:
        parent = feed.find("channel") if feed.tag == "rss" else feed
        parent.extend(self.elements)
        return feed


def make(namespace: str, name: str, text: str | None = None, /, **attributes: str) -> Any:
    """An element; attributes that are empty are left out."""
    element = _element(f"{{{namespace}}}{name}", **{key: value for key, value in attributes.items() if value})
    element.text = text
    return element
