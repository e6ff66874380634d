"""Blocks -> passages, in the order of the file.

A passage is a stretch of text with one part to play: each block goes to the passage it belongs to, or begins one.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal

from podcast.digest.blocks import Block, Entry, Listing, Rule, Text
from podcast.digest.head import find_date
from podcast.digest.heads import (
    Head,
    commentary_label,
    is_only_links,
    is_overview_label,
    is_references_label,
    is_source,
    names_source,
    numbered_head,
    read_head,
)
from podcast.digest.lines import Line, Note, plain, shorten, without_decoration
from podcast.models import Figure, Link

_PARAGRAPH = 7  # Passage.form of an item that a paragraph begins
_LONGEST_TITLE = 80  # characters of a first line that is a title and not the overview's first sentence
_FOOTNOTE = re.compile(r"\[\^[^\]]+\]:\s*")


@dataclass(slots=True)
class Passage:
    kind: Literal["overview", "item", "interlude", "commentary"]
    line: int
    title: str = ""  # of an item; the label of a commentary
    number: int | None = None  # of an item, as written
    url: str | None = None
    form: int = 0  # what an item began with: 1 to 6 = a heading of that level, 7 = a paragraph, 0 = an entry of a list
    series: int = 0  # line of the list an item is an entry of
    closed: bool = False  # by a rule, a heading or the end of its list: unindented text is no more of the item
    parted: bool = False  # by a rule or a heading
    attached: bool = False  # a commentary right below an item, which it may belong to
    only_heading: bool = False
    paragraphs: list[str] = field(default_factory=list)
    links: list[Link] = field(default_factory=list)
    figures: list[Figure] = field(default_factory=list)


@dataclass(slots=True)
class Passages:
    title: str = ""
    title_line: int = 0
    passages: list[Passage] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)
    has_items: bool = False


def read_passages(blocks: Sequence[Block]) -> Passages:
    """Read blocks through; lines such as "1、title" count as items only where nothing else does."""
    found = _Reader(plain_numbers=False).read(blocks)
    return found if found.has_items else _Reader(plain_numbers=True).read(blocks)


class _Reader:
    def __init__(self, *, plain_numbers: bool) -> None:
        self._plain_numbers = plain_numbers
        self._found = Passages()
        self._seen_text = False
        self._last_number = 0
        self._in_references = False  # below a heading that a note has said to hold only links

    def read(self, blocks: Sequence[Block]) -> Passages:
        for index, block in enumerate(blocks):
            if isinstance(block, Rule) or (isinstance(block, Text) and block.level):
                self._in_references = False
            if isinstance(block, Rule):
                self._close()
            elif isinstance(block, Listing):
                self._listing(block)
            elif not block.lines:
                self._beside_text(block)
            elif _leads_to_links(block, (blocks[below] for below in range(index + 1, len(blocks)))):
                self._note(block.line, f"「{plain(block.lines[0].text)}」 holds only links: in the notes, not spoken")
                self._close()
                self._in_references = True
            else:
                self._text(block)
        return self._found

    # --- where text goes ---

    @property
    def _current(self) -> Passage | None:
        return self._found.passages[-1] if self._found.passages else None

    def _note(self, line: int, text: str) -> None:
        self._found.notes.append(Note(line, text))

    def _close(self) -> None:
        if self._current:
            self._current.closed = self._current.parted = True

    def _begin(self, passage: Passage) -> Passage:
        self._found.passages.append(passage)
        return passage

    def _begin_item(self, head: Head, line: int, form: int, series: int = 0) -> Passage:
        self._found.has_items = True
        if head.number is not None:
            self._last_number = head.number
        item = Passage("item", line, head.title, head.number, head.url or None, form, series, links=list(head.links))
        return self._begin(item)

    def _narration(self, line: int) -> Passage:
        """The passage that running text belongs to."""
        current = self._current
        if current is None:
            return self._begin(Passage("overview", line))
        if current.kind == "item" and current.closed:
            return self._begin(Passage("interlude", line))
        current.only_heading = False
        return current

    # --- headings and paragraphs ---

    def _text(self, block: Text) -> None:
        first = block.lines[0]
        lines = block.lines
        is_first, self._seen_text = not self._seen_text, True
        if is_first and self._is_title(block, first):
            self._found.title, self._found.title_line = without_decoration(plain(first.text)), first.number
            lines = lines[1:]
        elif block.level and self._is_section(block, first):
            self._section(block)
            return
        self._lines(lines, block)
        self._beside_text(block)

    def _is_title(self, block: Text, first: Line) -> bool:
        text = without_decoration(plain(first.text))
        if self._head(block, first) or commentary_label(first, block.level) or is_overview_label(first):
            return False
        if block.level:
            return block.level == 1 or find_date(text) is not None
        begins_with_date = find_date(text[:12]) is not None and text[:4].isdecimal()
        return begins_with_date and len(text) <= _LONGEST_TITLE and not re.search(r"。|日?[，,]", text[:_LONGEST_TITLE])

    def _is_section(self, block: Text, first: Line) -> bool:
        """Whether a heading begins something new that is neither item nor commentary."""
        if self._head(block, first) or commentary_label(first, block.level):
            return False
        current = self._current
        below_item = current is not None and current.kind == "item" and not current.closed
        return not (below_item and current is not None and 0 < current.form < block.level <= 6)

    def _section(self, block: Text) -> None:
        """A heading that is no head of an item: text of its own, unless it only says that the overview begins."""
        current = self._current
        first = block.lines[0]
        if not self._found.has_items and (current is None or current.kind == "overview"):
            passage = self._begin(Passage("overview", block.line))
            if is_overview_label(first):
                return
            self._paragraphs(block.lines, passage)
            passage.only_heading = True
        else:
            if current is None or current.kind != "commentary":
                current = self._begin(Passage("interlude", block.line))
            self._paragraphs(block.lines, current)
            current.closed = True
        self._beside_text(block)

    def _lines(self, lines: Sequence[Line], block: Text) -> None:
        """Deal out the lines of a paragraph, any of which may begin an item or the commentary."""
        waiting: list[Line] = []
        for line in lines:
            head = self._head(block, line)
            label = None if head else commentary_label(line, block.level)
            if not head and not label:
                waiting.append(line)
                continue
            self._flush(waiting)
            if head:
                self._begin_item(head, line.number, block.level or _PARAGRAPH)
                rest = head.rest
            elif label:
                current = self._current
                attached = current is not None and current.kind == "item" and not current.parted
                self._begin(Passage("commentary", line.number, label[0], attached=attached))
                rest = label[1]
            waiting = [rest] if rest else []
        self._flush(waiting)

    def _flush(self, lines: list[Line]) -> None:
        if lines:
            self._paragraphs(lines, self._narration(lines[0].number))

    def _head(self, block: Text, line: Line) -> Head | None:
        head = numbered_head(line, level=block.level, plain_numbers=self._plain_numbers)
        return head if head and self._may_begin(head, block.level) else None

    def _may_begin(self, head: Head, level: int) -> bool:
        """Whether a numbered line is an item here, and not a point made in a commentary or below a heading."""
        current = self._current
        if current is None or head.url is not None:
            return True
        if current.kind == "commentary":
            before_items = not self._found.has_items and (current.closed or level > 0)
            return before_items or (self._found.has_items and head.number == self._last_number + 1)
        if current.kind == "item" and not current.closed and 0 < current.form < _PARAGRAPH:
            return 0 < level <= current.form
        return True

    # --- lists ---

    def _listing(self, listing: Listing) -> None:
        entries = list(listing.entries)
        skipped = self._points_before_items(entries)
        for entry in entries[:skipped]:
            self._narrate(entry.blocks, self._narration(entry.line))
        for entry in entries[skipped:]:
            self._entry(entry, listing.line)
        current = self._current
        if skipped < len(entries) and current and current.paragraphs and _has_text(entries[-1]):
            current.closed = True

    def _points_before_items(self, entries: Sequence[Entry]) -> int:
        """How many entries at the start of a list are points of the text above it, and no items."""
        current = self._current
        kind = current.kind if current else "overview"
        if entries[0].number is None:
            return len(entries)
        if current is None or kind in {"overview", "interlude"} or (kind == "item" and current.closed):
            return 0
        linked = [_is_linked(entry) for entry in entries]
        more = [_has_text(entry) for entry in entries]
        continues = entries[0].number == self._last_number + 1
        if kind == "commentary" and not self._found.has_items:
            are_items = current.closed or any(linked)
        elif kind == "commentary":
            are_items = continues or (all(linked) and any(more))
        elif current.form:  # below a heading or a line like 📌 **1. title**, only what looks like fuller items
            are_items = any(link and text for link, text in zip(linked, more, strict=True))
        elif continues or current.url is None:
            are_items = True
        else:  # points and the next item are one list in Markdown, where neither is indented
            points = [not link and not text for link, text in zip(linked, more, strict=True)]
            return points.index(False) if False in points else len(points)
        return 0 if are_items else len(entries)

    def _entry(self, entry: Entry, series: int) -> None:
        self._seen_text = True
        first = entry.blocks[0] if entry.blocks else None
        if not isinstance(first, Text) or not first.lines:
            item = self._begin_item(Head(entry.number, "", None, (), None), entry.line, 0, series)
            self._narrate(entry.blocks, item)
            return
        head = read_head(first.lines[0], entry.number)
        item = self._begin_item(head, entry.line, 0, series)
        rest = [head.rest] if head.rest else []
        self._paragraphs([*rest, *first.lines[1:]], item)
        item.figures += first.figures
        item.links += first.links
        self._narrate(entry.blocks[1:], item)

    # --- text that is said ---

    def _beside_text(self, block: Text) -> None:
        """Figures and links without text go to the item they stand at."""
        if not block.figures and not block.links:
            return
        passage = self._current or self._begin(Passage("overview", block.line))
        passage.figures += block.figures
        passage.links += block.links

    def _narrate(self, blocks: Sequence[Block], passage: Passage) -> None:
        for block in blocks:
            if isinstance(block, Text):
                self._paragraphs(block.lines, passage)
                passage.figures += block.figures
                passage.links += block.links
            elif isinstance(block, Listing):
                for entry in block.entries:
                    self._narrate(entry.blocks, passage)

    def _paragraphs(self, lines: Sequence[Line], passage: Passage) -> None:
        if passage.kind == "item":
            for index, line in enumerate(lines):
                label = commentary_label(line, 0) if line.at_margin else None
                if label:  # Markdown takes it for a line of the item's last paragraph: no empty line stands between
                    self._paragraphs(lines[:index], passage)
                    below = self._begin(Passage("commentary", line.number, label[0], attached=True))
                    self._paragraphs([*([label[1]] if label[1] else []), *lines[index + 1 :]], below)
                    return
        for group in _joined(lines):
            kept = [line for line in group if not self._take_source(line, passage)]
            if not kept:
                continue
            text = plain("\n".join(line.text for line in kept))
            links = [link for line in kept for link in line.links]
            passage.links += [link for link in links if link.url != passage.url]
            if _FOOTNOTE.match(text):
                self._note(kept[0].number, f"footnote 「{shorten(text)}」: not spoken")
            elif all(is_only_links(line) for line in kept):
                if self._in_references:
                    continue
                words = shorten(text) or links[0].url
                self._note(kept[0].number, f"only a link, 「{words}」: in the notes, not spoken")
            elif text:
                passage.paragraphs.append(text)

    def _take_source(self, line: Line, passage: Passage) -> bool:
        """Whether a line of an item only led to its source, and is taken in."""
        if passage.kind != "item":
            return False
        taken = is_source(line)
        if passage.url is None and line.links and (taken or names_source(line) or is_only_links(line)):
            passage.url = line.links[0].url
        if taken:
            passage.links += [link for link in line.links if link.url != passage.url]
        return taken


def _joined(lines: Sequence[Line]) -> Iterator[list[Line]]:
    """Lines in groups that are one paragraph: no hard break parts them, and none of them only names a source."""
    group: list[Line] = []
    for line in lines:
        if group and (not line.joined or names_source(line) or names_source(group[-1])):
            yield group
            group = []
        group.append(line)
    if group:
        yield group


def _is_linked(entry: Entry) -> bool:
    first = entry.blocks[0] if entry.blocks else None
    return isinstance(first, Text) and bool(first.lines) and read_head(first.lines[0], None).url is not None


def _has_text(entry: Entry) -> bool:
    """Whether an entry holds more than one line."""
    first = entry.blocks[0] if entry.blocks else None
    return len(entry.blocks) > 1 or (isinstance(first, Text) and len(first.lines) > 1)


def _leads_to_links(block: Text, following: Iterable[Block]) -> bool:
    """Whether a heading, or a line such as 参考链接：, has only links below it."""
    if not block.level and not _is_references(block):
        return False
    if numbered_head(block.lines[0], level=block.level, plain_numbers=False):
        return False
    found = False
    for below in following:
        if isinstance(below, Rule) or (isinstance(below, Text) and (below.level or _is_references(below))):
            break
        for line in _lines_of(below):
            if not is_only_links(line):
                return False
            found = True
    return found


def _is_references(block: Text) -> bool:
    return len(block.lines) == 1 and is_references_label(block.lines[0])


def _lines_of(block: Block) -> Iterator[Line]:
    if isinstance(block, Text):
        yield from block.lines
    elif isinstance(block, Listing):
        for entry in block.entries:
            for inner in entry.blocks:
                yield from _lines_of(inner)
