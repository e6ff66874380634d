"""HTML as a tree: libxml2 (lxml) mends the tags, in linear time and without leaving the machine."""

from __future__ import annotations

import re
from html import escape
from typing import Any

from lxml import etree

from podcast.errors import DigestError

HTML_LIMIT_BYTES = 512 * 1024  # of one entry
_ATTRIBUTE_LIMIT = 5000  # of one tag, roughly; libxml2 takes 0.2 s for 10 000, 2.8 s for 30 000
_TAG = re.compile(r"<[A-Za-z]")
HEADINGS = {f"h{level}": level for level in range(1, 7)}
_DEPTH_LIMIT = 150  # elements; what editors nest stays under 40, libxml2 breaks off at 2048, Python's stack before
_CDATA = re.compile(r"<!\[CDATA\[(.*?)\]\]>", re.DOTALL)
_LAID_OUT = re.compile(r"<(?:br|p|div|li|ol|ul|h[1-6]|hr|tr|table|pre|blockquote|section)\b", re.IGNORECASE)
_NO_TEXT = frozenset({"script", "style", "iframe", "noscript", "template", "svg", "math", "object", "embed", "canvas"})
_NO_TEXT |= {"audio", "video", "button", "select", "textarea", "input", "nav", "head", "title", "map"}
# Parts of a page around the article, by the classes that Substack, WordPress (Jetpack) and Ghost give them; footnotes.
_FURNITURE = re.compile(
    r"(?:^|\s)(?:subscription-widget\S*|subscribe-widget|button-wrapper|sharedaddy|jp-relatedposts|post-footer"
    r"|share-dialog|kg-signup-card|footnotes?)(?:\s|$)"
)
_HIDDEN = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.IGNORECASE)


def read_tree(source: str, where: str) -> Any:
    """The root element; None where there is nothing but comments.  Raises DigestError naming `where`."""
    if len(source.encode()) > HTML_LIMIT_BYTES:
        what = f"more than {HTML_LIMIT_BYTES // 1024} KiB of HTML in one entry"
        raise DigestError(what, where=where, hint="A day's digest has 20 to 50; is it the right feed?")
    if max(map(_parts_of_tag, source.split(">"))) > _ATTRIBUTE_LIMIT:
        raise DigestError("a tag of its HTML has thousands of attributes", where=where, hint="Is it the right feed?")
    root = _parse(source)
    if root is not None and _depth(root) > _DEPTH_LIMIT:
        raise DigestError("its HTML is nested too deep to be read", where=where, hint="Write it flatter.")
    return root


def plain_to_html(text: str) -> str:
    """Plain text as HTML that looks the same."""
    return escape(text).replace("\r\n", "\n").replace("\n", "<br>")


def with_line_breaks(source: str) -> str:
    """HTML that has line ends and nothing to lay it out by is plain text that somebody put into a feed."""
    return source if _LAID_OUT.search(source) else source.strip().replace("\r\n", "\n").replace("\n", "<br>")


def text_of_html(source: str) -> str:
    """The text of a short piece, such as a title, on one line."""
    root = _parse(source[:10_000])
    return "" if root is None else words_of(root)


def words_of(element: Any) -> str:
    """All text in an element, on one line."""
    return " ".join("".join(element.itertext()).split())


def is_no_text(element: Any, inside: str) -> bool:
    """Whether an element is none of the article: a script, something hidden, a part of the page around it."""
    hidden = "hidden" in element.attrib or _HIDDEN.search(element.get("style", "")) is not None
    furniture = _FURNITURE.search(element.get("class", "")) is not None
    # In a quotation <footer> names who said it.
    return element.tag in _NO_TEXT or hidden or furniture or (element.tag == "footer" and inside != "blockquote")


def rows_of(table: Any) -> list[list[Any]]:
    return [[cell for cell in row if cell.tag in {"td", "th"}] for row in table.iter("tr")]


def is_data(table: Any) -> bool:
    """Whether a table holds figures, or lays out a page: newsletters and editors build with tables."""
    if next(table.iterdescendants("table", "pre", "ol", "ul", "p", "div", *HEADINGS), None) is not None:
        return False
    rows = rows_of(table)
    return len(rows) > 1 and all(len(row) > 1 for row in rows)


def _parts_of_tag(piece: str) -> int:
    """How many attributes may begin in what stands before a ">"."""
    start = _TAG.search(piece)
    tag = piece[start.start() :] if start else ""
    return len(tag.split()) + tag.count('="') + tag.count("='") + tag.count("/") // 8  # base64 has a / in 64 characters


def _parse(source: str) -> Any:
    parser = etree.HTMLParser(
        encoding="utf-8", huge_tree=True, no_network=True, remove_comments=True, remove_pis=True, recover=True
    )
    source = _CDATA.sub(r"\1", source)  # wrapped once too often; libxml2 would take it for a comment
    return etree.fromstring(f"<div>{source}</div>".encode(), parser) if source.strip() else None


def _depth(root: Any) -> int:
    deepest = depth = 0
    for event, _ in etree.iterwalk(root, events=("start", "end")):
        depth += 1 if event == "start" else -1
        deepest = max(deepest, depth)
    return deepest
