"""Characters and words with more than one reading, decided by what stands around them.

`data/poly_rules.tsv` holds ordered rules: the first that fits decides.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

from podcast.text.dictionary import numbered, table

_WINDOW = 12  # characters that a rule can see on either side


class Rule(NamedTuple):
    """A reading, and the neighbours that call for it."""

    syllables: tuple[str, ...]
    left: re.Pattern[str] | None  # must match up to the word
    right: re.Pattern[str] | None  # must match from the word's end on


def _read_rules(rows: list[list[str]]) -> dict[str, tuple[Rule, ...]]:
    classes: dict[str, str] = {}
    rules: dict[str, list[Rule]] = {}
    for cells in rows:
        if cells[0].startswith("@"):
            classes[cells[0]] = _expand(cells[1], classes)
            continue
        word, reading, left, right = (*cells, "", "")[:4]
        rules.setdefault(word, []).append(
            Rule(
                tuple(reading.split()),
                re.compile(f"(?:{_expand(left, classes)})$") if left else None,
                re.compile(_expand(right, classes)) if right else None,
            )
        )
    return {word: tuple(entries) for word, entries in rules.items()}


def _expand(pattern: str, classes: dict[str, str]) -> str:
    return re.sub(r"@[a-z]+", lambda match: f"(?:{classes[match[0]]})", pattern)


@lru_cache(maxsize=1)
def rules() -> dict[str, tuple[Rule, ...]]:
    """Ordered rules for each word."""
    return _read_rules(table("poly_rules.tsv"))


def choose(word: str, text: str, start: int) -> tuple[str, ...] | None:
    """The reading that the rules give a word at text[start:]; None if they have none for it."""
    for rule in rules().get(word, ()):
        end = start + len(word)
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
