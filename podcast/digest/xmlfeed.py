"""RSS and Atom -> entries.  feedparser knows the formats; what it is given is well-formed, bounded and harmless.

feedparser alone would read broken XML with a second, forgiving parser, which drops what it does not understand: half a
feed would become half an episode.  So expat goes over the text first: no entities of its own (billion laughs, local
files), bounded depth and number of elements, and a broken feed is refused with its line.
"""

from __future__ import annotations

import io
import re
from html.entities import html5
from typing import Any, NamedTuple
from xml.parsers import expat

from podcast.errors import DigestError

_ELEMENT_LIMIT = 100_000  # feedparser reads 20 000 a second
_ATTRIBUTE_LIMIT = 100  # of one element; feedparser's time grows with the square of these
_NAMESPACE_LIMIT = 1000  # declarations, likewise
_DEPTH_LIMIT = 150
_ROOTS = frozenset({"rss", "feed", "RDF"})
_BEFORE_ROOT = (("<?", "?>"), ("<!--", "-->"))
_DOCTYPE = re.compile(r"<!DOCTYPE\s+([^\s>\[]*)[^>\[]*(?:\[[^\]]*\]\s*)?>", re.IGNORECASE)
_ELEMENT = re.compile(r"<([A-Za-z_][\w.:-]*)")
_DECLARATION = re.compile(r"^\s*<\?xml[^>]*\?>")
_RAW = re.compile(r"(<!\[CDATA\[.*?\]\]>|<!--.*?-->)", re.DOTALL)
_AMPERSAND = re.compile(r"&(#\d{1,7}|#x[0-9A-Fa-f]{1,6}|[A-Za-z][A-Za-z0-9]{1,31})?(;?)")
_XML_NAMES = frozenset({"amp", "lt", "gt", "quot", "apos"})


class RawEntry(NamedTuple):
    """What a feed says of an entry, as it says it."""

    guid: str
    title: str
    title_is_html: bool
    link: str
    published: str
    changed: str  # of an entry that was not changed, its publication (dc:date, an Atom entry with nothing else)
    content: str
    is_plain: bool  # content is text, not HTML
    base: str  # relative addresses of the content start here


class RawFeed(NamedTuple):
    entries: tuple[RawEntry, ...]
    notes: tuple[str, ...]


def root_name(text: str) -> str:
    """The name of the first element of what begins as XML or HTML does, without its prefix; empty for other text."""
    at = 0
    while at < len(text):
        at += len(text[at : at + 10_000]) - len(text[at : at + 10_000].lstrip())
        skipped = next((pair for pair in _BEFORE_ROOT if text.startswith(pair[0], at)), None)
        doctype = _DOCTYPE.match(text, at)
        if skipped:
            end = text.find(skipped[1], at)
            at = len(text) if end < 0 else end + len(skipped[1])
        elif doctype and doctype[1].lower() == "html":
            return "html"  # which need not write <html>
        elif doctype:
            at = doctype.end()
        else:
            break
    match = _ELEMENT.match(text, at)
    return match[1].rpartition(":")[2] if match else ""


def is_feed(name: str) -> bool:
    return name in _ROOTS


def read_xml(text: str, address: str, where: str) -> RawFeed:
    """Read a feed; `address` is where it came from, or empty.  Raises DigestError naming `where` and the line."""
    notes = []
    text = _DECLARATION.sub("", text)  # its encoding has been undone
    if fault := _fault(text, where):
        mended = _with_ampersands(text)
        if mended == text or _fault(mended, where):
            raise fault
        text = mended
        notes.append("its XML was broken: signs & that should be &amp; were taken for what they mean")
    import feedparser

    headers = {"content-type": "application/xml; charset=utf-8", "content-location": address}
    read: Any = feedparser.parse
    # Its own cleaning and resolving of HTML would drop what it takes for dangerous without a word.
    found = read(io.BytesIO(text.encode()), response_headers=headers, sanitize_html=False, resolve_relative_uris=False)
    if found.get("bozo_exception") is not None and not isinstance(found.bozo_exception, UnicodeError):
        raise DigestError(f"is no feed that can be read: {found.bozo_exception}", where=where)
    return RawFeed(tuple(_entry(entry, address) for entry in found.entries), tuple(notes))


def _fault(text: str, where: str) -> DigestError | None:
    """What is wrong with it, if a repair could help; raises DigestError where none could."""
    guard = _Guard(where)
    try:
        guard.parser.Parse(text.encode(), True)
    except expat.ExpatError as error:
        what = expat.ErrorString(error.code)
        place = f"{where}:{error.lineno}"
        return DigestError(f"its XML is broken: {what}, column {error.offset + 1}", where=place, hint="Mend the feed.")
    return None


class _Guard:
    """expat, stopping at what a feed has no need of."""

    def __init__(self, where: str) -> None:
        self._where = where
        self._depth = self._count = self._namespaces = 0
        self.parser = expat.ParserCreate(namespace_separator=" ")
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.StartNamespaceDeclHandler = self._namespace
        self.parser.EntityDeclHandler = self._entity

    def _start(self, _: str, attributes: dict[str, str]) -> None:
        self._depth, self._count = self._depth + 1, self._count + 1
        if len(attributes) > _ATTRIBUTE_LIMIT:
            raise self._refusal(f"an element has more than {_ATTRIBUTE_LIMIT} attributes")
        if self._depth > _DEPTH_LIMIT:
            raise self._refusal("its elements are nested too deep")
        if self._count > _ELEMENT_LIMIT:
            raise self._refusal(f"it has more than {_ELEMENT_LIMIT} elements")

    def _end(self, *_: object) -> None:
        self._depth -= 1

    def _namespace(self, *_: object) -> None:
        self._namespaces += 1
        if self._namespaces > _NAMESPACE_LIMIT:
            raise self._refusal("it declares too many namespaces")

    def _entity(self, name: str, *_: object) -> None:
        raise self._refusal(f"it declares an entity of its own, {name[:40]!r}: none is read")

    def _refusal(self, what: str) -> DigestError:
        return DigestError(what, where=f"{self._where}:{self.parser.CurrentLineNumber}", hint="Is it the right feed?")


def _with_ampersands(text: str) -> str:
    """Put right the commonest fault of feeds written by hand: `&` for `&amp;`, and names that only HTML has."""
    parts = _RAW.split(text)
    return "".join(part if index % 2 else _AMPERSAND.sub(_mended, part) for index, part in enumerate(parts))


def _mended(match: re.Match[str]) -> str:
    name, end = match[1] or "", match[2]
    if end and (name.startswith("#") or name in _XML_NAMES):
        return match[0]
    if end and f"{name};" in html5:
        return html5[f"{name};"]
    return f"&amp;{name}{end}"


def _entry(entry: Any, address: str) -> RawEntry:
    contents = [found for found in entry.get("content", ()) if found.get("value", "").strip()]
    content = max(contents, key=lambda found: len(found["value"]), default=entry.get("summary_detail") or {})
    title = entry.get("title_detail") or {}
    link = entry.get("link", "")
    link = link if link.startswith(("http://", "https://")) else ""
    return RawEntry(
        guid=entry.get("id", "") or link,
        title=title.get("value", ""),
        title_is_html="html" in title.get("type", ""),
        link=link,
        published=entry.get("published", "") or entry.get("created", ""),
        changed=dict.get(entry, "updated", ""),  # its own `get` would answer with the publication
        content=content.get("value", ""),
        is_plain=content.get("type") == "text/plain",
        base=content.get("base") or link or address,
    )
