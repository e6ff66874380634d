"""Markdown -> blocks whose lines are plain text with their links, each knowing its line in the file.

markdown-it-py parses; what a listener cannot hear (addresses, images, tables, code) is set apart here, and what is not
understood (HTML, template tags, footnotes) is named in a note.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from markdown_it.tree import SyntaxTreeNode

from podcast.digest.html import read_html
from podcast.digest.inline import Inline
from podcast.digest.lines import Line, Note, plain, shorten
from podcast.digest.syntax import NESTING_LIMIT, parse_markdown
from podcast.errors import DigestError
from podcast.models import Figure, Link

_FOOTNOTE_MARK = re.compile(r"\[\^[^\]\s]+\](?!:)")
_BRACKET_LIMIT = 50_000  # of one digest; unpaired, 100 000 take markdown-it 10 s


@dataclass(frozen=True, slots=True)
class Text:
    """A paragraph or a heading; without lines it only carries figures or links."""

    line: int
    lines: tuple[Line, ...] = ()
    level: int = 0  # of a heading; 0 = a paragraph
    figures: tuple[Figure, ...] = ()
    links: tuple[Link, ...] = ()  # of what has no text: a linked image, a table's cells


@dataclass(frozen=True, slots=True)
class Rule:
    line: int


@dataclass(frozen=True, slots=True)
class Entry:
    line: int
    number: int | None  # as written; None in an unordered list
    blocks: tuple[Block, ...]


@dataclass(frozen=True, slots=True)
class Listing:
    line: int
    entries: tuple[Entry, ...]


Block = Text | Rule | Listing


def texts_of(blocks: Iterable[Block]) -> Iterator[Text]:
    """The texts of blocks, those of listings too, in order."""
    for block in blocks:
        if isinstance(block, Text):
            yield block
        elif isinstance(block, Listing):
            for entry in block.entries:
                yield from texts_of(entry.blocks)


def read_blocks(text: str, first_line: int, source: Path, notes: list[Note]) -> list[Block]:
    """Parse Markdown that begins at `first_line` of the file `source`.  Appends to `notes`; raises DigestError."""
    if text.count("[") > _BRACKET_LIMIT:
        raise DigestError(
            f"more than {_BRACKET_LIMIT} square brackets", where=str(source), hint="Is it the right file?"
        )
    tokens, references = parse_markdown(text)
    for token in tokens:
        if token.level >= NESTING_LIMIT - 2 and token.map:
            where = f"{source}:{first_line + token.map[0]}"
            raise DigestError("lists or quotes are nested too deep to be read", where=where, hint="Write them flatter.")
    reader = _Reader(text.split("\n"), first_line, source, notes)
    blocks = list(reader.blocks(SyntaxTreeNode(tokens).children))
    return blocks + reader.unused(references)


class _Reader:
    def __init__(self, source_lines: list[str], first_line: int, source: Path, notes: list[Note]) -> None:
        self._source_lines = source_lines
        self._first_line = first_line
        self._source = source
        self.notes = notes
        self.used_labels: set[str] = set()  # of link definitions

    def blocks(self, nodes: Sequence[SyntaxTreeNode]) -> Iterator[Block]:
        for node in nodes:
            line = self._line(node)
            if node.type in {"paragraph", "heading"}:
                # A line of --- right below text makes a heading of it in Markdown; a digest means a rule.
                is_rule = node.type == "heading" and node.markup == "-"
                level = int(node.tag[1:]) if node.type == "heading" and not is_rule else 0
                yield self._text(node, line, level)
                if is_rule:
                    yield Rule(self._first_line + (node.map or (0, 1))[1] - 1)
            elif node.type == "hr":
                yield Rule(line)
            elif node.type in {"bullet_list", "ordered_list"}:
                yield Listing(line, tuple(self._entry(child) for child in node.children))
            elif node.type == "blockquote":
                yield from self.blocks(node.children)
            elif node.type in {"fence", "code_block"}:
                yield self._code(node, line)
            elif node.type == "table":
                yield self._table(node, line)
            elif node.type == "html_block":
                yield self._html(node, line)
            else:
                self.notes.append(Note(line, f"a {node.type} is not read"))

    def unused(self, references: Sequence[tuple[str, dict[str, Any]]]) -> list[Block]:
        """What "[label]: address" lines say that no link uses."""
        found: list[Block] = []
        for label, reference in references:
            if label and label in self.used_labels:
                continue
            href = reference["href"]
            line = self._first_line + reference["map"][0]
            name = (label or reference["label"]).lower()
            words = " ".join(f"{name} {unquote(href)} {reference.get('title') or ''}".split())
            self.notes.append(Note(line, f"link definition 「{words}」 is used nowhere: not spoken"))
            if url := Inline(line, self.notes, self.is_at_margin).link(href):
                found.append(Text(line, links=(Link(reference["title"] or name, url),)))
        return found

    def _line(self, node: SyntaxTreeNode) -> int:
        return self._first_line + (node.map[0] if node.map else 0)

    def _entry(self, node: SyntaxTreeNode) -> Entry:
        number = int(node.info) if node.info.isdecimal() else None
        return Entry(self._line(node), number, tuple(self.blocks(node.children)))

    def _text(self, node: SyntaxTreeNode, line: int, level: int = 0) -> Text:
        inline = _Inline(self, line)
        for child in node.children:  # the one inline node
            inline.walk(child.children)
        return Text(line, inline.finish(), level, tuple(inline.figures), tuple(inline.links))

    def _code(self, node: SyntaxTreeNode, line: int) -> Text:
        first, end = node.map or (0, 0)
        closing = self._source_lines[end - 1].strip(" \t>") if end - first > 1 else ""
        if not closing.startswith(node.markup):
            raise self._never_closed(f"the code block {node.markup}", line, f"Close it with a line {node.markup}.")
        return Text(line, figures=(Figure("code", node.info.strip().partition(" ")[0]),))

    def _table(self, node: SyntaxTreeNode, line: int) -> Text:
        """Its title is the header row; links of all cells are kept."""
        cells = [self._text(cell, line) for row in node.walk() if row.type == "tr" for cell in row.children]
        header = len(node.children[0].children[0].children)
        title = " | ".join(plain("\n".join(line.text for line in cell.lines)) for cell in cells[:header])
        links = [link for cell in cells for line in cell.lines for link in line.links]
        links += [link for cell in cells for link in cell.links]
        inner = [figure for cell in cells for figure in cell.figures]
        return Text(line, figures=(Figure("table", title), *inner), links=tuple(links))

    def _html(self, node: SyntaxTreeNode, line: int) -> Text:
        page = read_html(node.content)
        if page.never_closed:
            raise self._never_closed(page.never_closed, line, "Close it: the rest of the file is lost in it.")
        inline = _Inline(self, line)
        for piece in page.pieces:
            if piece.kind == "break":
                inline.end_line(joined=piece.text == "\n", number=line + piece.line)
            elif piece.kind == "image":
                inline.add_image(piece.text, piece.url or "")
            else:
                inline.add(piece.text, url=None if piece.url is None else inline.link(piece.url))
        for text in page.unread:
            self.notes.append(Note(line, f"not spoken: {shorten(text)}"))
        if page.tags:
            tags = " ".join(f"<{tag}>" for tag in page.tags)
            self.notes.append(Note(line, f"HTML {tags}: its text is kept, the markup is not"))
        return Text(line, inline.finish(), 0, tuple(inline.figures), tuple(inline.links))

    def _never_closed(self, what: str, line: int, hint: str) -> DigestError:
        return DigestError(f"{what} is never closed", where=f"{self._source}:{line}", hint=hint)

    def is_at_margin(self, line: int) -> bool:
        at = line - self._first_line
        return at < len(self._source_lines) and not self._source_lines[at].startswith((" ", "\t", ">"))


class _Inline(Inline):
    """Turns the inside of a paragraph into lines."""

    def __init__(self, reader: _Reader, number: int) -> None:
        super().__init__(number, reader.notes, reader.is_at_margin)
        self._reader = reader

    def walk(self, nodes: Sequence[SyntaxTreeNode], *, bold: bool = False, url: str | None = None) -> None:
        for node in nodes:
            kind = node.type
            if kind == "text":
                self.add(self._without_footnotes(node.content), bold=bold, url=url)
            elif kind in {"softbreak", "hardbreak"}:
                self._break(joined=kind == "softbreak", bold=bold, url=url)
            elif kind == "code_inline":
                self.add_raw(node.content, bold=bold, url=url)
            elif kind == "link":
                self._link(node, bold=bold)
            elif kind == "image":
                self.add_image(_alt(node), str(node.attrs.get("src", "")))
                self._reader.used_labels.add(node.meta.get("label", ""))
            elif kind in {"html_inline", "template_tag"}:
                self._tag(node, bold=bold, url=url)
            else:  # strong, em, s
                if kind == "s":
                    self.note("struck text is kept")
                self.walk(node.children, bold=bold or kind == "strong", url=url)

    def _break(self, *, joined: bool, bold: bool, url: str | None) -> None:
        if url is None:
            self.end_line(joined=joined, number=self.number + 1)
        else:  # a link that runs over two lines is one link
            self.add_raw("\n", bold=bold, url=url)
            self.number += 1

    def _link(self, node: SyntaxTreeNode, *, bold: bool) -> None:
        url = self.link(str(node.attrs.get("href", "")))
        self._reader.used_labels.add(node.meta.get("label", ""))
        runs, figures = self.run_count, len(self.figures)
        self.walk(node.children, bold=bold, url=url)
        if url and self.run_count == runs:  # a linked image
            titles = [figure.title for figure in self.figures[figures:]]
            self.links.append(Link("".join(titles) or url, url))

    def _tag(self, node: SyntaxTreeNode, *, bold: bool, url: str | None) -> None:
        tag = node.content
        if node.type == "template_tag":
            self.note(f"template tag {shorten(tag)}: not spoken")
        elif re.match(r"<br\s*/?>", tag, re.IGNORECASE):
            self._break(joined=False, bold=bold, url=url)
            self.number -= 1  # no line ends here in the file
        elif not tag.startswith("<!--"):
            page = read_html(tag)
            images = [piece for piece in page.pieces if piece.kind == "image"]
            for image in images:
                self.add_image(image.text, image.url or "")
            if not images and not tag.startswith("</"):
                self.note(f"HTML {shorten(tag)}: left out, the text around it is kept")
        self.number += tag.count("\n")

    def _without_footnotes(self, text: str) -> str:
        for match in _FOOTNOTE_MARK.finditer(text):
            self.note(f"footnote mark {match[0]}: not spoken")
        return _FOOTNOTE_MARK.sub("", text)


def _alt(node: SyntaxTreeNode) -> str:
    return "".join(child.content if not child.children else _alt(child) for child in node.children)
