"""Whose number is it?  A true number beside the wrong name or the wrong noun is a false statement.

A number of a rewrite stands with a name that it stands with in the digest, in a clause without the nouns of the
digest's other numbers, and two names or numbers of one clause keep their order (who bought whom, from 50 to 30).
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from podcast.rewrite.names import Mention, mentions, same
from podcast.rewrite.numbers import Number, numbers
from podcast.text.dictionary import segment

_DAYS = frozenset({"月", "日", "点", "年初", "年中", "年底", "月初", "月底"})
_CLAUSE_END = re.compile(r"[，。！？；：、,!?;:…—]")
_SENTENCE_PART = re.compile(r"[，。！？；：,!?;:…—]")


@dataclass(frozen=True, slots=True)
class Placed:
    """A number with what stands around it."""

    number: Number
    company: tuple[str, ...]  # names it can belong to; empty: any
    nouns: frozenset[str]  # words of its clause up to the numbers beside it
    beside: frozenset[str]  # of these the next one on either side


def is_date(number: Number) -> bool:
    """Does it say when?  Such a number belongs to no name and stands beside any noun."""
    return number.unit in _DAYS or (number.unit == "年" and len(number.value) == 4)


def agrees(number: Number, other: Number) -> bool:
    """Do two numbers say the same?  A name's own number needs the name: GPT-5 is no Claude 5."""
    if (number.value, number.bound, number.idiom) != (other.value, other.bound, other.idiom):
        return False
    if number.name and f" {number.name} " in f" {other.name} ":  # GR00T N1.5 of Isaac GR00T N1.5
        return True
    return number.unit == other.unit and bool(number.unit or (not number.name and not other.name))


def misplaced(sentence: str, sources: Sequence[str], subjects: tuple[str, ...] = ()) -> Iterator[str]:
    """What a spoken sentence has put in another place than the spoken `sources` it rests on, in words for a person."""
    placed = [place for text in sources for place in placed_numbers(text, subjects)]
    for place in placed_numbers(sentence, subjects):
        true = [other for other in placed if agrees(place.number, other.number)]
        if not true:
            continue  # an unknown number is told of by others
        nearest = place.company[-1:]
        if nearest and not any(_may_belong(nearest[0], other.company) for other in true):
            yield f"{place.number.words} is not said of {nearest[0]!r}"
        theirs = {noun for other in placed if other not in true for noun in other.beside}
        mine = {noun for other in true for noun in other.nouns}
        if stolen := sorted(place.beside & (theirs - mine)):
            yield f"{place.number.words} is not said of {stolen[0]}"
    yield from (f"{name} twice in one clause" for name in _doubled(sentence, sources, subjects))
    for first, second in _reversed(sentence, sources, subjects):
        yield f"{first} before {second}: the digest has them the other way round"


def _may_belong(name: str, company: tuple[str, ...]) -> bool:
    return not company or any(same(name, other) for other in company)


@lru_cache(maxsize=2048)
def placed_numbers(spoken: str, subjects: tuple[str, ...] = ()) -> tuple[Placed, ...]:
    """The numbers of a sentence that count or measure; those of a name (GPT-5) go with the name."""
    counted = [number for number in numbers(spoken) if (number.unit or not number.name) and not is_date(number)]
    names = mentions(spoken, subjects)
    placed: list[Placed] = []
    for place, number in enumerate(counted):
        before = counted[place - 1].end if place else 0
        after = counted[place + 1].start if place + 1 < len(counted) else len(spoken)
        company = tuple(name.key for name in names if before <= name.start < number.start)
        if not company and placed:
            company = placed[-1].company
        left, right = _words_around(spoken, number, before, after)
        placed.append(Placed(number, company, frozenset(left + right), frozenset(left[-1:] + right[:1])))
    return tuple(placed)


def _words_around(spoken: str, number: Number, before: int, after: int) -> tuple[list[str], list[str]]:
    """Words of two characters and more in the number's clause, on its left and on its right."""
    start = max([before, *(match.end() for match in _CLAUSE_END.finditer(spoken, before, number.start))])
    stop = _CLAUSE_END.search(spoken, number.end, after)
    right = spoken[number.end : stop.start() if stop else after].removeprefix(number.unit)
    left, right_words = (
        [word for word in segment(text) if len(word) > 1 and word not in _LINKS]
        for text in (spoken[start : number.start], right)
    )
    return left, right_words


# Verbs that lead to a number, and are no noun it could be the number of.
_LINKS = frozenset(
    {"达到", "高达", "超过", "约为", "多达", "增至", "降至", "升至", "跌至", "只有", "共有", "大约", "接近", "突破"}
)


def _doubled(sentence: str, sources: Iterable[str], subjects: tuple[str, ...]) -> Iterator[str]:
    """Names and numbers that a clause has twice and no clause of the sources has: no one buys itself."""
    known = [_marks(part, subjects) for text in sources for part in _SENTENCE_PART.split(text)]
    for part in _SENTENCE_PART.split(sentence):
        marks = _marks(part, subjects)
        yield from (
            mark for mark in sorted(set(marks)) if marks.count(mark) > max([1, *(one.count(mark) for one in known)])
        )


# --- order ------------------------------------------------------------------------------------------------------


def _reversed(sentence: str, sources: Iterable[str], subjects: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    """Pairs that all sources with both have the other way round: names and dates of a sentence, all of a clause."""
    yield from _turned(_dated(sentence, subjects), [_dated(text, subjects) for text in sources])
    clauses = [_marks(part, subjects) for text in sources for part in _SENTENCE_PART.split(text)]
    for part in _SENTENCE_PART.split(sentence):
        yield from _turned(_marks(part, subjects), clauses)


def _turned(marks: Sequence[str], sources: Sequence[Sequence[str]]) -> Iterator[tuple[str, str]]:
    for first, second in itertools.combinations(dict.fromkeys(marks), 2):
        orders = [_order(first, second, source) for source in sources]
        if -1 in orders and 1 not in orders:
            yield first, second


def _dated(sentence: str, subjects: tuple[str, ...]) -> list[str]:
    """The names and dates of a sentence in order."""
    return _in_order(_own(sentence, subjects), filter(is_date, numbers(sentence)))


def _marks(clause: str, subjects: tuple[str, ...]) -> list[str]:
    """The names and counted numbers of a clause in order."""
    return _in_order(_own(clause, subjects), (place.number for place in placed_numbers(clause, subjects)))


def _in_order(names: Iterable[Mention], found: Iterable[Number]) -> list[str]:
    marks = [(name.start, name.key) for name in names] + [(number.start, number.words) for number in found]
    return [key for _, key in sorted(marks)]


def _own(clause: str, subjects: tuple[str, ...]) -> Iterator[Mention]:
    """The names of a clause without single letters, which are units and parts of names."""
    return (name for name in mentions(clause, subjects) if len(name.key) > 1)


def _order(first: str, second: str, marks: Sequence[str]) -> int:
    """1 where the clause has them in this order, -1 in the other, 0 where it has not both."""
    places = [_place(key, marks) for key in (first, second)]
    if places[0] is None or places[1] is None or places[0] == places[1]:
        return 0
    return 1 if places[0] < places[1] else -1


def _place(key: str, marks: Sequence[str]) -> int | None:
    """Where the mark stands, or else the first that it is a part of or that is a part of it."""
    if key in marks:
        return marks.index(key)
    return next((place for place, mark in enumerate(marks) if same(mark, key)), None)
