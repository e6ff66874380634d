"""The script as a document that a person edits: sections of paragraphs, with all that an episode needs of the digest.

    Digest, Script ──convert──▶ Document ──markdown──▶ text ──parse──▶ Document ──convert──▶ Script, Digest

`merge` brings together what a person edited and what the digest says now.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from podcast.models import Figure, Link, Override, SegmentKind, Sound
from podcast.script.rundown import SPEAKERS

Use = Literal["both", "heard", "read"]

VERSION = 1
SHOWN: frozenset[SegmentKind] = frozenset({"overview", "commentary"})  # kinds whose paragraphs stand in the show notes
HEAD = "head"  # identity of what belongs to no section

# What an editor reads and writes.  A kind or a role without a name here goes by its own.
KIND_NAMES: dict[SegmentKind, str] = {
    "opening": "开场",
    "overview": "概览",
    "item": "新闻",
    "interlude": "串场",
    "commentary": "点评",
    "closing": "结束语",
}
SPEAKER_NAMES = {"anchor": "主播", "commentator": "评论员", "coanchor": "搭档"}
SOUND_NAMES: dict[Sound, str] = {"intro": "片头音乐", "sting": "转场音", "bed": "垫乐", "outro": "片尾音乐"}
USE_NAMES: dict[Use, str] = {"heard": "只播", "read": "只登"}
SILENT, PAUSE = "不播", "停顿"
SOURCE, LINK = "来源", "链接"
FIGURE_NAMES = {"image": "图片", "table": "表格", "code": "代码"}
EXTRAS = "相关链接与图表"  # heading of the links and figures of overview and commentary


@dataclass(frozen=True, slots=True)
class Paragraph:
    text: str
    speaker: str = SPEAKERS[0]
    overrides: tuple[Override, ...] = ()
    pause_seconds: float | None = None  # after it; None = what is usual at its place
    use: Use = "both"  # of the kinds in SHOWN: heard, read in the show notes, or both; all others are heard
    line: int = field(default=0, compare=False)  # in the file it was read from, 0 = in none


@dataclass(frozen=True, slots=True)
class Section:
    """A segment, or an item that only the show notes name."""

    kind: SegmentKind
    title: str
    number: int | None = None  # of the item
    url: str | None = None
    links: tuple[Link, ...] = ()
    figures: tuple[Figure, ...] = ()
    paragraphs: tuple[Paragraph, ...] = ()
    sounds: tuple[Sound, ...] | None = None  # None = what is usual at its place
    line: int = field(default=0, compare=False)

    @property
    def heard(self) -> tuple[Paragraph, ...]:
        return tuple(paragraph for paragraph in self.paragraphs if paragraph.use != "read")

    @property
    def read(self) -> tuple[str, ...]:
        return tuple(paragraph.text for paragraph in self.paragraphs if paragraph.use != "heard")


@dataclass(frozen=True, slots=True)
class Document:
    title: str
    published: datetime  # with a zone
    source: str  # name of the digest's file
    edition: str
    sections: tuple[Section, ...]
    links: tuple[Link, ...] = ()  # of overview and commentary
    figures: tuple[Figure, ...] = ()  # likewise
    basis: tuple[tuple[str, str], ...] = ()  # (identity, fingerprint) of each section as the digest gave it
    warnings: tuple[str, ...] = field(default=(), compare=False)  # of reading it, each "line N: what"


def placed(sections: Sequence[Section]) -> Iterator[tuple[Section, SegmentKind | None, SegmentKind | None]]:
    """Each section with the kinds of the spoken ones before and after it."""
    spoken = [section.kind for section in sections if section.heard]
    place = 0  # of the next spoken one
    for section in sections:
        before = spoken[place - 1] if place else None
        place += bool(section.heard)
        yield section, before, spoken[place] if place < len(spoken) else None


# --- what changed -----------------------------------------------------------------------------------------------


def fingerprints(document: Document) -> tuple[tuple[str, str], ...]:
    """(identity, fingerprint) of the head and of each section."""
    names = identities(document.sections)
    return ((HEAD, head_fingerprint(document)), *zip(names, map(fingerprint, document.sections), strict=True))


def identities(sections: Sequence[Section]) -> tuple[str, ...]:
    """By what a section is found again in another version: an item by its source, else by its title; an interlude by
    its title; any other by its kind.  Of several with the same, the second is "…-2".
    """
    found: Counter[str] = Counter()
    names = []
    for section in sections:
        own = {"item": section.url or section.title, "interlude": section.title}.get(section.kind, "")
        name = _hash(section.kind, own)
        found[name] += 1
        names.append(name if found[name] == 1 else f"{name}-{found[name]}")
    return tuple(names)


def fingerprint(section: Section) -> str:
    """That of its content, wherever it stands and whatever its number."""
    paragraphs = [
        [part.text, part.speaker, [[o.start, o.end, o.said] for o in part.overrides], part.pause_seconds, part.use]
        for part in section.paragraphs
    ]
    values = (section.kind, section.title, section.url, section.sounds, paragraphs)
    return _hash(*values, *_extras(section.links, section.figures))


def head_fingerprint(document: Document) -> str:
    return _hash(document.title, document.published.isoformat(), *_extras(document.links, document.figures))


def _extras(links: Sequence[Link], figures: Sequence[Figure]) -> tuple[object, ...]:
    return [[link.title, link.url] for link in links], [[figure.kind, figure.title, figure.url] for figure in figures]


def _hash(*values: object) -> str:
    """Ten hexadecimal digits: 40 bits, and a document has some fifty sections to keep apart."""
    return hashlib.sha256(json.dumps(values).encode()).hexdigest()[:10]
