"""Characters and words with more than one reading, decided by what stands around them.

`data/poly_rules.tsv` holds ordered rules: the first that fits decides.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

from podcast.text.dictionary import numbered
from podcast.text.rules import table

_WINDOW = 12  # characters that a rule can see on either side


class Rule(NamedTuple):
    """A reading, and the neighbours that call for it."""

    syllables: tuple[str, ...]
    left: re.Pattern[str] | None  # must match up to the word
    right: re.Pattern[str] | None  # must match from the word's end on


@lru_cache(maxsize=1)
def _rows() -> tuple[dict[str, list[list[str]]], dict[str, str]]:
    """Rows of the table for each word, and the classes that their patterns use."""
    words: dict[str, list[list[str]]] = {}
    classes: dict[str, str] = {}
    for cells in table("poly_rules"):
        if cells[0].startswith("@"):
            classes[cells[0]] = cells[1]
        else:
            words.setdefault(cells[0], []).append([*cells[1:], "", ""])
    return words, classes


def ruled() -> frozenset[str]:
    """Words that have rules."""
    return frozenset(_rows()[0])


@lru_cache(maxsize=4096)
def rules(word: str) -> tuple[Rule, ...]:
    """A word's rules in their order; none for most words."""
    words, classes = _rows()
    return tuple(
        Rule(tuple(reading.split()), _compiled(left, "$", classes), _compiled(right, "", classes))
        for reading, left, right, *_ in words.get(word, ())
    )


def _compiled(pattern: str, end: str, classes: dict[str, str]) -> re.Pattern[str] | None:
    if not pattern:
        return None
    return re.compile(f"(?:{re.sub('@[a-z]+', lambda match: classes[match[0]], pattern)}){end}")


def choose(word: str, text: str, start: int) -> tuple[str, ...] | None:
    """The reading that the rules give a word at text[start:]; None if they have none for it."""
    end = start + len(word)
    for rule in rules(word):
        if rule.left and not rule.left.search(text[max(0, start - _WINDOW) : start]):
            continue
        if rule.right and not rule.right.match(text[end : end + _WINDOW]):
            continue
        return rule.syllables
    return None


@lru_cache(maxsize=8192)
def single_reading(character: str) -> str:
    """The most usual reading of a character, "_" where no dictionary has one."""
    from pypinyin.pinyin_dict import pinyin_dict

    readings = pinyin_dict.get(ord(character), "")
    return numbered(readings.split(",")[0]) if readings else "_"
