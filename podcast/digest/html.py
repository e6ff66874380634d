"""HTML inside Markdown -> its text, links and images."""

from __future__ import annotations

from html.parser import HTMLParser
from typing import Literal, NamedTuple

_BLOCKS = frozenset({"article", "blockquote", "br", "center", "dd", "details", "div", "dt", "figcaption", "figure"})
_BLOCKS |= {"footer", "h1", "h2", "h3", "h4", "h5", "h6", "header", "hr", "li", "ol", "p", "pre", "section", "summary"}
_BLOCKS |= {"table", "tr", "ul"}  # what begins a line
_UNREAD = frozenset({"script", "style", "iframe", "noscript", "template", "svg"})  # a browser shows no text of these
_SWALLOWING = (("<!--", "-->"), ("<script", "</script>"), ("<style", "</style>"))  # take in all the file if not closed


class Piece(NamedTuple):
    kind: Literal["text", "break", "image"]
    line: int  # counted from 0
    text: str = ""  # of an image the alternative text, of a break "\n" where the source has no more than that
    url: str | None = None  # as written


class Page(NamedTuple):
    pieces: tuple[Piece, ...]
    tags: tuple[str, ...]  # that were there, but for line breaks and images; each once
    unread: tuple[str, ...]  # what is no text: scripts, declarations
    never_closed: str  # what would swallow the rest of a file; empty where all is well


def read_html(source: str) -> Page:
    """Read a piece of HTML, however broken.  Comments are dropped: they are not meant to be seen."""
    start = source.lstrip().lower()
    unclosed = next((opening for opening, end in _SWALLOWING if start.startswith(opening) and end not in start), "")
    reader = _Reader()
    try:
        reader.feed(source)
        reader.close()
    except AssertionError:  # html.parser on "<![x"
        return Page((Piece("text", 0, source),), ("!",), (), unclosed)
    return Page(tuple(reader.pieces), tuple(reader.tags), tuple(reader.unread), unclosed)


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.pieces: list[Piece] = []
        self.tags: dict[str, None] = {}  # a set that keeps the order
        self.unread: list[str] = []
        self._address: str | None = None
        self._inside: str | None = None  # the unread element that is open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "img":
            self._append("image", given.get("alt") or given.get("title", ""), given.get("src", ""))
            return
        if tag != "br" and tag not in _UNREAD:
            self.tags[tag] = None
        if tag in _BLOCKS:
            self._append("break")
        elif tag == "a":
            self._address = given.get("href")
        elif tag in _UNREAD:
            self.unread.append((self.get_starttag_text() or f"<{tag}>") + " ")
            self._inside = self._inside or tag

    def handle_endtag(self, tag: str) -> None:
        if tag in _BLOCKS:
            self._append("break")
        elif tag == "a":
            self._address = None
        elif tag == self._inside:
            self._inside = None

    def handle_data(self, data: str) -> None:
        if self._inside is not None:
            self.unread[-1] += data
            return
        for index, line in enumerate(data.split("\n")):
            if index:
                self._append("break", "\n", line=self.getpos()[0] - 1 + index)
            if line:
                self.pieces.append(Piece("text", self.getpos()[0] - 1 + index, line, self._address))

    def handle_decl(self, decl: str) -> None:
        self.unread.append(f"<!{decl}>")

    def handle_pi(self, data: str) -> None:
        self.unread.append(f"<?{data}>")

    def unknown_decl(self, data: str) -> None:
        self.unread.append(f"<![{data}]>")

    def _append(self, kind: Literal["break", "image"], text: str = "", url: str | None = None, line: int = -1) -> None:
        self.pieces.append(Piece(kind, line if line >= 0 else self.getpos()[0] - 1, text, url))
