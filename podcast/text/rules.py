"""What a reading rule is, and the patterns that rules share.

A rule looks at one place of the cleaned line (`cleaning.clean`) and either says what stands there or passes.  The
scanner in `normalize` asks the rules in order, so the first of them that answers wins and nothing spoken is read
twice.  Digits are 0-9 by then.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from podcast.text.lexicon import Lexicon


class Said(NamedTuple):
    """How something is said."""

    text: str
    sure: bool = True  # False: a guess that a person should look at
    note: str = ""  # why it is a guess, or what was decided
    rule: str = ""  # a more exact name than the rule's own, such as a lexicon entry


@dataclass(frozen=True, slots=True)
class Line:
    """The line being read, and what holds for all of it."""

    text: str  # cleaned
    lexicon: Lexicon
    english: tuple[tuple[int, int], ...] = ()  # spans of English prose, where numbers are said in English

    def is_english(self, position: int) -> bool:
        return any(start <= position < end for start, end in self.english)


Say = Callable[[re.Match[str], Line], Said | str | None]


@dataclass(frozen=True, slots=True)
class Rule:
    name: str  # as the report shows it
    pattern: re.Pattern[str]
    say: Say
    starts: frozenset[str]  # what the pattern can begin with: "digit", "letter" or "symbol"


def rule(
    name: str, pattern: str, starts: str = "digit"
) -> Callable[[Callable[[re.Match[str]], Said | str | None]], Rule]:
    """Make a function of a match a rule.  `starts` names one or more kinds of first character, parted by spaces."""
    return lambda say: line_rule(name, pattern, starts)(lambda match, _line: say(match))


def line_rule(name: str, pattern: str, starts: str = "digit") -> Callable[[Say], Rule]:
    """The same for a function that must also see the line: its lexicon, its English spans."""
    return lambda say: Rule(name, compiled(pattern), say, frozenset(starts.split()))


def table(name: str) -> list[list[str]]:
    """The rows of data/<name>.tsv; lines that start with # and blank lines are comments."""
    text = (files("podcast.text") / "data" / f"{name}.tsv").read_text(encoding="utf-8")
    return [
        line.split("\t") for line in text.splitlines() if line.strip() and not line.startswith("# ") and line != "#"
    ]


@cache
def compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.ASCII)


def alternation(words: list[str] | tuple[str, ...] | set[str] | dict[str, str]) -> str:
    """A pattern for any of these words, the longest first."""
    return "(?:" + "|".join(re.escape(word) for word in sorted(words, key=lambda word: (-len(word), word))) + ")"


# A number without its sign: 1,299 or 12 or 3.5 or .22, but not the head of 2.8.1.
NUMBER = r"(?:(?:\d{1,3}(?:,\d{3})+(?!\d)|\d+)(?:\.\d+)?|\.\d+)(?!\.?\d)"
DASH = r"(?:--|––|——|~~|[-−–—~∼〜‒―])"  # two only of a kind: the second of ~- is a minus
SPAN = rf"\s?(?:{DASH}|至|到)\s?"  # between the ends of a range
MAGNITUDE = r"(?:万亿|千亿|百亿|十亿|亿|千万|百万|十万|万|千|百)"

# Words that follow a count.  The second list takes 二 where the first takes 两 (两个, but 二月).
_MEASURES = {row[0]: row[1] for row in table("measures")}
TAKES_LIANG = alternation({word for word, two in _MEASURES.items() if two == "两"})
TAKES_ER = alternation({word for word, two in _MEASURES.items() if two == "二"})
COUNTED = rf"\s?(?:[多余几来+]\s?)?(?:{alternation(_MEASURES)}|[万亿千百%‰]|{MAGNITUDE})"

_liang = re.compile(rf"\s?(?!{TAKES_ER})(?:{TAKES_LIANG}|[万亿千]|[多余几来])")
_counted = re.compile(COUNTED)


def takes_liang(text: str, position: int) -> bool:
    """Is a 2 that ends at `position` said 两?"""
    return _liang.match(text, position) is not None


def is_counted(text: str, position: int) -> bool:
    """Does a measure word, a magnitude or a percent sign follow the number that ends at `position`?"""
    return _counted.match(text, position) is not None


def follows(match: re.Match[str], pattern: str) -> bool:
    """Does `pattern` match what stands right after the match?"""
    return compiled(pattern).match(match.string, match.end()) is not None


def precedes(match: re.Match[str], pattern: str, reach: int = 12) -> bool:
    """Does `pattern` match the end of what stands before the match, at most `reach` characters of it?"""
    before = match.string[max(0, match.start() - reach) : match.start()]
    return compiled(f"(?:{pattern})$").search(before) is not None
