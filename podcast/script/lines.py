"""The lines of a script document: what each of them is, before anyone asks whether it may stand there."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from podcast.script.inline import Misread

Kind = Literal["heading", "fact", "speaker", "cue", "text"]

_SPEAKER = re.compile(r"\*\*([^*\\]{1,20}?)\s*(?:[：:]\s*\*\*|\*\*\s*[：:])\s*(.*)")
_CUE = re.compile(r"\{([^{}\\]*)\}\s*(.*)")
_FACT = re.compile(r"[-*+]\s+(.*)")
_HEADING = re.compile(r"(#{1,6})(?!#)\s*(.*)")
_CHINESE = re.compile("[\u2014-\u2026\u2e80-\u9fff\uff00-\uffef]")


@dataclass(slots=True)
class Piece:
    """A line, or the lines of a paragraph joined."""

    kind: Kind
    line: int  # in the file, from 1
    value: str  # without its marks, still escaped


def pieces(body: str, first_line: int) -> Iterator[Piece]:
    """The pieces of a body, comments left out.  Raises `Unreadable`."""
    waiting: Piece | None = None  # a paragraph that may go on
    comment = 0  # line where one began
    for number, raw in enumerate(body.split("\n"), first_line):
        line = raw.strip()
        if comment or line.startswith("<!--"):
            comment = comment or number
            _, end, after = line.partition("-->")
            if end and after.strip():
                raise Unreadable(number, Misread("text stands behind a comment", "Put it on the next line."))
            comment = 0 if end else comment
            continue
        found = list(_read(line, number)) if line else []
        if waiting and len(found) == 1 and found[0].kind == "text":
            waiting.value = _joined(waiting.value, found[0].value)
            continue
        if waiting:
            yield waiting
            waiting = None
        if found and found[-1].kind == "text":
            waiting = found.pop()
        yield from found
    if comment:
        raise Unreadable(comment, Misread("the comment is never closed", "Close it with a line -->."))
    if waiting:
        yield waiting


class Unreadable(Exception):
    """A line and what is wrong with it; `parse` knows which file."""

    def __init__(self, line: int, why: Misread) -> None:
        super().__init__(line, why)
        self.line, self.why = line, why


def _read(line: str, number: int) -> Iterator[Piece]:
    if match := _HEADING.fullmatch(line):
        if len(match[1]) != 2:
            hint = rf"Write ## and its kind for a segment, \{line[:8]} for the sign itself."
            raise Unreadable(number, Misread("a heading has two #", hint))
        yield Piece("heading", number, match[2])
    elif match := _FACT.fullmatch(line):
        yield Piece("fact", number, match[1])
    elif (match := _SPEAKER.fullmatch(line)) or (match := _CUE.fullmatch(line)):
        yield Piece("speaker" if line.startswith("*") else "cue", number, match[1].strip())
        if match[2]:
            yield Piece("text", number, match[2])
    else:
        yield Piece("text", number, line)


def _joined(before: str, after: str) -> str:
    """Two lines of a paragraph: Chinese is joined without a space."""
    tight = _CHINESE.match(before[-1]) or _CHINESE.match(after[0])
    return f"{before}{after}" if tight else f"{before} {after}"
