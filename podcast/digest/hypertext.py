"""The HTML of a feed's entry -> the same blocks that Markdown gives.

What is no text of the article (scripts, buttons, footers of the site) is named in a note.  Blocks are counted from 1,
for HTML often stands on one line.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urljoin

from podcast.digest.blocks import Block, Entry, Listing, Rule, Text, texts_of
from podcast.digest.inline import Inline
from podcast.digest.lines import Line, Note, plain, shorten, without_controls
from podcast.digest.tree import HEADINGS, is_data, is_no_text, read_tree, rows_of, words_of
from podcast.models import Figure, Link

_BLOCKS = frozenset({"address", "article", "aside", "blockquote", "body", "caption", "center", "dd", "details", "div"})
_BLOCKS |= {"dl", "dt", "fieldset", "figcaption", "footer", "form", "header", "hgroup", "legend", "li", "main", "p"}
_BLOCKS |= {"section", "summary", "table", "tbody", "td", "tfoot", "th", "thead", "tr"}
# Sentences that software puts below every entry of a feed.
_BOILERPLATE = re.compile(
    r"The post .{1,300} (?:first )?appeared (?:first )?on .{1,200}|.{1,300}最先出现在.{1,200}"
    r"|(?:Read more|Continue reading|Comments)[ .…»]*"
)
_FOOTNOTE_MARK = re.compile(r"\W*\d{0,3}\W*")
_BOLD = re.compile(r"font-weight\s*:\s*(?:bold|[6-9]00)", re.IGNORECASE)
_SPACE = re.compile(r"\s+")


def read_hypertext(source: str, base: str, where: str, notes: list[Note]) -> list[Block]:
    """Parse HTML whose relative addresses start from `base`.  Appends to `notes`; raises DigestError naming `where`."""
    root = read_tree(source, where)
    if root is None:
        return []
    builder = _Builder(base, notes)
    builder.walk(root, _Style())
    return builder.finish()


@dataclass(frozen=True, slots=True)
class _Style:
    bold: bool = False
    url: str | None = None


@dataclass(slots=True)
class _List:
    line: int
    number: int | None  # of the next entry
    step: int
    entries: list[tuple[int, int | None, list[Block]]] = field(default_factory=list)

    def finish(self) -> Listing:
        return Listing(self.line, tuple(Entry(line, number, tuple(blocks)) for line, number, blocks in self.entries))


class _Builder:
    def __init__(self, base: str, notes: list[Note]) -> None:
        self._base = base
        self._notes = notes
        self._count = 0
        self._level = 0  # of the heading that is being read
        self._lists: list[_List] = []
        self._top: list[Block] = []
        self._inline = self._new_inline()

    def finish(self) -> list[Block]:
        self._flush()
        return self._top

    def walk(self, element: Any, style: _Style) -> None:
        self._text(element.text, style)
        for child in element:
            self._element(child, style, inside=element.tag)
            self._text(child.tail, style)

    # --- where text goes ---

    def _new_inline(self) -> Inline:
        return Inline(self._count + 1, self._notes, lambda _: not self._lists)

    def _place(self) -> list[Block]:
        """The blocks that what is read next belongs to."""
        return next((found.entries[-1][2] for found in reversed(self._lists) if found.entries), self._top)

    def _flush(self) -> None:
        """End the paragraph."""
        inline = self._inline
        lines = tuple(line for line in inline.finish() if not self._is_boilerplate(line))
        if lines or inline.figures or inline.links:
            figures, links = tuple(inline.figures), tuple(inline.links)
            self._place().append(Text(inline.number, lines, self._level if lines else 0, figures, links))
            self._count += 1
        self._inline = self._new_inline()

    def _is_boilerplate(self, line: Line) -> bool:
        text = plain(line.text)
        if _BOILERPLATE.fullmatch(text) is None:
            return False
        self._note(f"not spoken: {shorten(text)}")
        return True

    def _note(self, text: str) -> None:
        self._notes.append(Note(self._inline.number, text))

    def _text(self, text: str | None, style: _Style) -> None:
        """Add text; a line's end in it is white space, which Chinese text loses later."""
        if text is None:
            return
        text = _SPACE.sub(lambda match: "\n" if "\n" in match[0] else " ", without_controls(text))
        if not self._inline.run_count:
            text = text.lstrip()
        if text:
            self._inline.add(text, bold=style.bold, url=style.url)

    # --- elements ---

    def _element(self, element: Any, style: _Style, *, inside: str) -> None:
        tag = element.tag
        if is_no_text(element, inside):
            self._leave_out(element)
        elif tag in _ALONE:
            _ALONE[tag](self, element)
        elif tag == "table" and is_data(element):
            self._table(element)
        elif tag in HEADINGS:
            self._heading(element, style, HEADINGS[tag])
        elif tag in _WITH_TEXT:
            _WITH_TEXT[tag](self, element, style)
        elif tag in _BLOCKS:
            self._block(element, style)
        else:
            self._span(element, style)

    def _leave_out(self, element: Any) -> None:
        """Name it.  What a browser without scripts would show of lazy images is an image all the same."""
        tag, words = element.tag, words_of(element)
        if tag == "noscript" and not words:
            for image in element.iter("img"):
                self.image(image)
        elif words or tag not in {"input", "template"}:
            source = element.get("src") or element.get("data") or ""
            self._note(f"not spoken: <{tag}> {shorten(f'{source} {words}')}".rstrip())

    def image(self, element: Any) -> None:
        source = element.get("src", "")
        if not source or source.startswith("data:"):  # loaded later, by a script
            source = element.get("data-src") or element.get("data-original") or element.get("data-lazy-src") or source
        if source.startswith("data:"):
            self._inline.figures.append(Figure("image", plain(element.get("alt", ""))))
            self._note("an image inside the HTML: named, without an address")
            return
        self._inline.add_image(without_controls(element.get("alt") or element.get("title", "")), self._absolute(source))

    def _absolute(self, address: str) -> str:
        try:
            address = without_controls(address).strip()
            return urljoin(self._base, address) if address else ""
        except ValueError:  # such as http://[
            return address

    def link(self, element: Any, style: _Style) -> None:
        if "href" not in element.attrib:  # a place to link to
            self.walk(element, style)
            return
        href = element.get("href", "")
        if href.startswith("#"):  # within the page: a footnote, a table of contents
            words = words_of(element)
            if _FOOTNOTE_MARK.fullmatch(words):
                self._note(f"footnote mark {words}: not spoken")
            else:
                self.walk(element, style)
            return
        url = self._inline.link(self._absolute(href))
        self.walk(element, _Style(style.bold, url))
        if url and not words_of(element):  # a linked image
            titles = [image.get("alt", "") for image in element.iter("img")]
            self._inline.links.append(Link(plain(without_controls("".join(titles))) or url, url))

    def _heading(self, element: Any, style: _Style, level: int) -> None:
        self._flush()
        self._level = level
        self._block(element, style)
        self._level = 0

    def _block(self, element: Any, style: _Style) -> None:
        self._flush()
        self.walk(element, style)
        self._flush()

    def line_break(self, _: Any) -> None:
        self._inline.end_line(joined=False, number=self._inline.number)

    def rule(self, _: Any) -> None:
        self._flush()
        self._place().append(Rule(self._inline.number))

    def _span(self, element: Any, style: _Style) -> None:
        if element.tag in {"s", "del", "strike"}:
            self._note("struck text is kept")
        bold = element.tag in {"b", "strong"} or _BOLD.search(element.get("style", "")) is not None
        self.walk(element, _Style(style.bold or bold, style.url))

    def listing(self, element: Any, style: _Style) -> None:
        self._flush()
        ordered = element.tag == "ol"
        items = [child for child in element if child.tag == "li"]
        down = ordered and "reversed" in element.attrib
        start = _whole(element.get("start"), len(items) if down else 1)
        listing = _List(self._inline.number, start if ordered else None, -1 if down else 1)
        self._lists.append(listing)
        self._text(element.text, style)
        for child in element:
            if child.tag == "li":
                self._entry(child, style, listing)
            else:
                self._element(child, style, inside=element.tag)
            self._text(child.tail, style)
        self._flush()
        self._lists.pop()
        if listing.entries:
            self._place().append(listing.finish())

    def _entry(self, element: Any, style: _Style, listing: _List) -> None:
        self._flush()
        number = listing.number
        if number is not None:
            number = _whole(element.get("value"), number)
            listing.number = number + listing.step
        listing.entries.append((self._inline.number, number, []))
        self.walk(element, style)
        self._flush()

    def code(self, element: Any) -> None:
        self._flush()
        names = " ".join(inner.get("class", "") for inner in element.iter())
        language = re.search(r"lang(?:uage)?-([\w+#-]+)", names)
        self._place().append(Text(self._inline.number, figures=(Figure("code", language[1] if language else ""),)))

    def figure(self, element: Any, style: _Style) -> None:
        """An image is named by its caption; a figure of something else is read as it stands."""
        self._flush()
        captions = [words_of(found) for found in element.iter("figcaption")]
        if captions and captions[0] and next(element.iter("img"), None) is not None:
            for image in element.iter("img"):
                image.set("alt", " ".join(dict.fromkeys(filter(None, (image.get("alt", ""), *captions)))))
            for found in list(element.iter("figcaption")):
                self._inline.links += [
                    Link(words_of(link) or url, url)
                    for link in found.iter("a")
                    if (url := self._inline.link(self._absolute(link.get("href", ""))))
                ]
                found.text = None
                del found[:]
        self._block(element, style)

    def _table(self, element: Any) -> None:
        """Its title is the header row; links and images of all cells are kept."""
        self._flush()
        rows = rows_of(element)
        title = " | ".join(words_of(cell) for cell in rows[0])
        inner = _Builder(self._base, self._notes)
        inner._count = self._count
        for row in rows:
            for cell in row:
                inner.walk(cell, _Style())
                inner._flush()
        texts = list(texts_of(inner.finish()))
        links = [link for text in texts for line in text.lines for link in line.links]
        links += [link for text in texts for link in text.links]
        figures = [figure for text in texts for figure in text.figures]
        self._place().append(Text(self._inline.number, figures=(Figure("table", title), *figures), links=tuple(links)))


_ALONE: dict[str, Callable[[_Builder, Any], None]] = {
    "br": _Builder.line_break,
    "img": _Builder.image,
    "hr": _Builder.rule,
    "pre": _Builder.code,
}
_WITH_TEXT: dict[str, Callable[[_Builder, Any, _Style], None]] = {
    "a": _Builder.link,
    "ol": _Builder.listing,
    "ul": _Builder.listing,
    "figure": _Builder.figure,
}


def _whole(text: str | None, default: int) -> int:
    return int(text) if text and re.fullmatch(r"[0-9]{1,4}", text.strip()) else default
