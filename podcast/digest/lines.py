"""Lines of plain text: what every later step of reading a digest looks at."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import NamedTuple

from podcast.models import Link

ADDRESS = re.compile(r"https?://[A-Za-z0-9._~:/?#\[\]@!$&'()*+,;=%-]*[A-Za-z0-9_~/#&=%-]", re.IGNORECASE)
_CHINESE = r"[\u2014-\u2026\u2e80-\u9fff\uff00-\uffef]"  # Han and kana, their punctuation with “ ” … —
# (?<!\s): a run of white space is looked at once, not from each of its characters; 50 000 spaces took a minute.
_BREAK_BESIDE_CHINESE = re.compile(rf"(?<={_CHINESE})\s*\n\s*|(?<!\s)\s*\n\s*(?={_CHINESE})")
_LEFT_BY_ADDRESS = re.compile(
    r"[（(【]\s*[】)）]|(?<!\s)\s+(?=[，。；：、！？）】])"
)  # empty brackets, space before a stop
_DECORATION = {"So", "Sk", "Mn", "Me", "Cf", "Zs", "Cc"}  # emoji and what follows them, white space

# Control characters but tab and line feed, and what Unicode says is no character: XML, ID3 and engines choke on them.
CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ufdd0-\ufdef\ufffe\uffff]")


def without_controls(text: str) -> str:
    return CONTROLS.sub("", text)


class Note(NamedTuple):
    """What was not understood, and what became of it."""

    line: int  # in the file, from 1
    text: str


class Run(NamedTuple):
    """Text of one kind."""

    text: str
    bold: bool = False
    url: str | None = None  # where it leads; "" = a link that leads nowhere, None = no link


@dataclass(frozen=True, slots=True)
class Line:
    """A line as it was written, or the rest of one."""

    number: int  # in the file, from 1
    runs: tuple[Run, ...]
    joined: bool = False  # no hard break parts it from the line before: a sentence may run over both
    at_margin: bool = False  # it begins in the first column

    @property
    def raw(self) -> str:
        return "".join(run.text for run in self.runs)

    @property
    def text(self) -> str:
        """What is read aloud: all but addresses."""
        kept = "".join("" if is_address(run.text) else run.text for run in self.runs)
        return kept if len(kept) == len(self.raw) else _LEFT_BY_ADDRESS.sub("", kept)

    @property
    def links(self) -> tuple[Link, ...]:
        found: list[Link] = []
        before: str | None = None
        for run in self.runs:
            if run.url and run.url == before:  # one link of several runs: [**a** b](url)
                found[-1] = Link(found[-1].title + run.text, run.url)
            elif run.url:
                found.append(Link(run.text, run.url))
            before = run.url
        return tuple(Link(plain(link.title) or link.url, link.url) for link in found)


def plain(text: str) -> str:
    """One line of text: lines of Chinese are joined without a space, others with one."""
    return " ".join(_BREAK_BESIDE_CHINESE.sub("", text).split())


def is_address(text: str) -> bool:
    return ADDRESS.fullmatch(text.strip()) is not None


def decoration_length(text: str) -> int:
    """How many characters of emoji, bullets and white space a text begins with."""
    for index, char in enumerate(text):
        if unicodedata.category(char) not in _DECORATION and char not in "•·*":
            return index
    return len(text)


def without_decoration(text: str) -> str:
    return text[decoration_length(text) :].strip()


def shorten(text: str) -> str:
    """A text for a message: one line, whole where it is short."""
    text = " ".join(text.split())
    return text if len(text) <= 200 else text[:200] + "…"
