"""The running order: which blocks an edition has, and what each is given to say.

No words of our own are here (those are in the templates) and no layout of the digest (that is `podcast.digest`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from podcast.models import Digest, Item, SegmentKind

Place = Literal["only", "first", "middle", "last"]

_HAN = re.compile(r"[\u3400-\u9fff]")
_LATIN_WORD = re.compile(r"[A-Za-z][A-Za-z'’.-]*")
_FIRST_SENTENCE = re.compile(r"[^。！？!?]*[。！？!?][”’」』）)]*")


@dataclass(frozen=True, slots=True)
class Block:
    """One segment before its words are chosen."""

    kind: SegmentKind
    title: str  # of the chapter
    paragraphs: tuple[str, ...] = ()
    headline: str = ""  # what the anchor says of the title; empty where the summary has to carry it
    item: Item | None = None
    place: Place = "only"  # among the items


def rundown(digest: Digest, edition: str = "full") -> tuple[Block, ...]:
    """The blocks of an episode in order.

    `edition` is "full", or "brief": a headline for each item, and of overview and commentary the first paragraph.
    """
    brief = edition == "brief"
    blocks = [Block("opening", "开场")]
    if digest.overview:
        blocks.append(Block("overview", "今日概览", digest.overview[:1] if brief else digest.overview))
    interludes = {interlude.after_item: interlude.paragraphs for interlude in digest.interludes}
    if 0 in interludes and not brief:
        blocks.append(Block("interlude", _chapter_title(interludes[0]), interludes[0]))
    for index, item in enumerate(digest.items):
        blocks.append(_item_block(item, _place(index, len(digest.items)), brief=brief))
        if item.number in interludes and not brief:
            blocks.append(Block("interlude", _chapter_title(interludes[item.number]), interludes[item.number]))
    if digest.commentary:
        blocks.append(Block("commentary", "点评", digest.commentary[:1] if brief else digest.commentary))
    blocks.append(Block("closing", "结束语"))
    return tuple(blocks)


def speakable_headline(title: str) -> str:
    """The title as a headline, or "" for a title that is not Chinese.

    A newsreader does not read an English title out in a Chinese bulletin; the summary says the same in Chinese.  A
    title counts as Chinese when it has at least as many Han characters as Latin words, and four or more of them.
    """
    han = len(_HAN.findall(title))
    return title if han >= 4 and han >= len(_LATIN_WORD.findall(title)) else ""


def _item_block(item: Item, place: Place, *, brief: bool) -> Block:
    headline = speakable_headline(item.title)
    paragraphs = item.summary
    if not headline and not paragraphs:
        headline = item.title  # nothing else would say this item at all
    if brief:
        paragraphs = () if headline else tuple(_first_sentence(paragraph) for paragraph in item.summary[:1])
    return Block("item", item.title, paragraphs, headline, item, place)


def _first_sentence(paragraph: str) -> str:
    match = _FIRST_SENTENCE.match(paragraph)
    return match.group() if match else paragraph


def _chapter_title(paragraphs: tuple[str, ...]) -> str:
    """The first words of the block, up to its first mark of punctuation."""
    return re.split(r"[，。！？：；,.!?:;]", paragraphs[0], maxsplit=1)[0][:20].strip() or "串场"


def _place(index: int, count: int) -> Place:
    if count == 1:
        return "only"
    if index == 0:
        return "first"
    return "last" if index == count - 1 else "middle"
