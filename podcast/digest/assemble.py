"""Passages -> Digest: decide what only the whole file can tell.

A 点评 that items follow is none of the whole digest; a numbered list without links or text before the items is a table
of contents.
"""

from __future__ import annotations

import re
from datetime import date, datetime
from pathlib import Path

from podcast.digest.head import find_date
from podcast.digest.lines import Note
from podcast.digest.passages import Passage, Passages
from podcast.models import Digest, Interlude, Item

_TODAY = re.compile(r"今天是\s*(\S{8,12})")


def assemble(
    found: Passages, *, source: Path, title: str, published: datetime, notes: list[Note], counted: str = "line"
) -> Digest:
    """Decide what only the whole file can tell, and number the items as they come.

    `counted`: what the number of a note counts; HTML has no lines to speak of.
    """
    notes = [*notes, *found.notes]
    passages = _settle(found.passages, notes)
    items = [passage for passage in passages if passage.kind == "item"]
    _check_numbers(items, notes)
    overview = [passage for passage in passages if passage.kind == "overview"]
    others = [passage for passage in passages if passage.kind != "item"]
    _check_day(overview, published, notes)
    return Digest(
        source=source,
        title=title,
        published=published,
        overview=tuple(text for passage in overview for text in passage.paragraphs),
        items=tuple(_item(passage, number, notes) for number, passage in enumerate(items, 1)),
        commentary=tuple(text for passage in passages if passage.kind == "commentary" for text in passage.paragraphs),
        interludes=_interludes(passages),
        links=tuple(link for passage in others for link in passage.links),
        figures=tuple(figure for passage in others for figure in passage.figures),
        warnings=tuple(dict.fromkeys(f"{counted} {note.line}: {note.text}" for note in sorted(notes))),
    )


def _settle(passages: list[Passage], notes: list[Note]) -> list[Passage]:
    """Give a part to the passages whose part depends on what follows them."""
    _demote_contents([passage for passage in passages if passage.kind == "item"], notes)
    at = [index for index, passage in enumerate(passages) if passage.kind == "item"]
    first, last = at[0], at[-1]
    settled: list[Passage] = []
    for index, passage in enumerate(passages):
        if index < first:
            if passage.kind == "commentary":
                notes.append(Note(passage.line, f"{passage.title} before the first item: kept as overview"))
            heading_of_items = passage.only_heading and index == first - 1
            passage.kind = "interlude" if heading_of_items else "overview"
        elif index < last and passage.kind == "commentary":
            passage.paragraphs[:1] = [f"{passage.title}：{text}" for text in passage.paragraphs[:1]]
            if passage.attached:
                _attach(passage, settled[-1])
                continue
            notes.append(Note(passage.line, f"{passage.title} before further items: kept where it stands"))
            passage.kind = "interlude"
        settled.append(passage)
    return settled


def _attach(commentary: Passage, item: Passage) -> None:
    """An item's own commentary is part of its text."""
    item.paragraphs += commentary.paragraphs
    item.links += commentary.links
    item.figures += commentary.figures


def _demote_contents(items: list[Passage], notes: list[Note]) -> None:
    """Make overview of a first numbered list that has neither links nor text, where a fuller one starts anew below."""
    full = [bool(item.url or item.paragraphs or item.figures) for item in items]
    count = full.index(True) if True in full else 0
    if count < 2 or (items[count].number or 0) > (items[count - 1].number or 0):
        return
    notes.append(Note(items[0].line, f"{count} numbered lines without links or text: kept as overview"))
    for item in items[:count]:
        item.kind = "overview"
        item.paragraphs = [item.title] if item.title else []


def _check_numbers(items: list[Passage], notes: list[Note]) -> None:
    before = Passage("item", 0, number=0)
    for place, item in enumerate(items, 1):
        if item.number is None:
            continue
        last = before.number or 0
        same_list = item.series == before.series != 0
        follows = item.number == last + 1 or (item.number == 1 and (last != 1 or same_list))
        if not follows:
            after = f"comes after {last}" if place > 1 else "comes first"
            notes.append(Note(item.line, f"number {item.number} {after}: kept in the file's order, as item {place}"))
        before = item


def _check_day(overview: list[Passage], published: date, notes: list[Note]) -> None:
    for passage in overview:
        for match in _TODAY.finditer("".join(passage.paragraphs)):
            day = find_date(match[1])
            if day and (day.year, day.month, day.day) != (published.year, published.month, published.day):
                text = (
                    f"the text says 今天是{day.isoformat()}, the digest's date is {published:%Y-%m-%d}: both are kept"
                )
                notes.append(Note(passage.line, text))


def _item(passage: Passage, number: int, notes: list[Note]) -> Item:
    title = passage.title
    if not title:
        title = f"第{number}条"
        notes.append(Note(passage.line, f"item {number} has no title: it is called 「{title}」"))
    if not passage.paragraphs:
        notes.append(Note(passage.line, f"item {number} has no text below its title"))
    return Item(number, title, passage.url, tuple(passage.paragraphs), tuple(passage.links), tuple(passage.figures))


def _interludes(passages: list[Passage]) -> tuple[Interlude, ...]:
    """Text between items, what stands in one gap put together."""
    at: dict[int, list[str]] = {}
    after = 0
    for passage in passages:
        if passage.kind == "item":
            after += 1
        elif passage.kind == "interlude" and passage.paragraphs:
            at.setdefault(after, []).extend(passage.paragraphs)
    return tuple(Interlude(number, tuple(paragraphs)) for number, paragraphs in at.items())
