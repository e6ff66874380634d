"""The running order: which blocks a digest has, who speaks them, and what each is given to say.

No words of our own are here (those are in the templates) and no layout of the digest (that is `podcast.digest`).  An
edition that says less is made of a digest that was cut before (`podcast.script.cut`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from podcast.models import Digest, Item, SegmentKind

Place = Literal["only", "first", "middle", "last"]
SPEAKERS = ("anchor", "commentator", "coanchor")  # the roles
# The formats: who speaks for each role that a template may name.
HOSTS: Mapping[str, Mapping[str, str]] = {
    "solo": {"anchor": "anchor", "commentator": "anchor", "coanchor": "anchor"},
    "commentary": {"anchor": "anchor", "commentator": "commentator", "coanchor": "commentator"},
    "duo": {"anchor": "anchor", "commentator": "coanchor", "coanchor": "coanchor"},
}

_HAN = re.compile(r"[\u3400-\u9fff]")
_LATIN_WORD = re.compile(r"[A-Za-z][A-Za-z'’.-]*")


@dataclass(frozen=True, slots=True)
class Block:
    """One segment before its words are chosen."""

    kind: SegmentKind
    title: str  # of the chapter
    paragraphs: tuple[str, ...] = ()
    headline: str = ""  # what the anchor says of the title; empty where the summary has to carry it
    item: Item | None = None
    number: int = 0  # of the item among those that are said, from 1
    place: Place = "only"  # among the items
    speaker: str = "anchor"  # who begins it


def rundown(digest: Digest, hosts: str = "commentary") -> tuple[Block, ...]:
    """The blocks of an episode in order.  `hosts` is a key of HOSTS; in "duo" two anchors take turns by items."""
    turns = ("anchor", HOSTS[hosts]["coanchor"]) if hosts == "duo" else ("anchor",)
    blocks = [Block("opening", "开场")]
    if digest.overview:
        blocks.append(Block("overview", "今日概览", digest.overview))
    interludes = {interlude.after_item: interlude.paragraphs for interlude in digest.interludes}
    if 0 in interludes:
        blocks.append(_interlude_block(interludes[0], turns[0]))
    for index, item in enumerate(digest.items):
        speaker = turns[index % len(turns)]
        blocks.append(_item_block(item, index + 1, _place(index, len(digest.items)), speaker))
        if item.number in interludes:
            blocks.append(_interlude_block(interludes[item.number], speaker))
    if digest.commentary:
        blocks.append(Block("commentary", "点评", digest.commentary))
    blocks.append(Block("closing", "结束语"))
    return tuple(blocks)


def speakable_headline(title: str) -> str:
    """The title as a headline, or "" for a title that is not Chinese.

    A newsreader does not read an English title out in a Chinese bulletin; the summary says the same in Chinese.  A
    title counts as Chinese when it has at least as many Han characters as Latin words, and four or more of them.
    """
    han = len(_HAN.findall(title))
    return title if han >= 4 and han >= len(_LATIN_WORD.findall(title)) else ""


def _item_block(item: Item, number: int, place: Place, speaker: str) -> Block:
    headline = speakable_headline(item.title)
    if not headline and not item.summary:
        headline = item.title  # nothing else would say this item at all
    return Block("item", item.title, item.summary, headline, item, number, place, speaker)


def _interlude_block(paragraphs: tuple[str, ...], speaker: str) -> Block:
    """Its title is its first words, up to the first mark of punctuation."""
    title = re.split(r"[，。！？：；,.!?:;]", paragraphs[0], maxsplit=1)[0][:20].strip() or "串场"
    return Block("interlude", title, paragraphs, speaker=speaker)


def _place(index: int, count: int) -> Place:
    if count == 1:
        return "only"
    if index == 0:
        return "first"
    return "last" if index == count - 1 else "middle"
