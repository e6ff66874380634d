"""Is a rewritten segment true to the segment of the digest it was made from, and is all of it there?

Every sentence names the sentences it rests on and is held against those: numbers with unit and bound, whose number it
is, directions, negations and certainty; names against the whole segment.  A segment is whole when it says the title's
numbers and names, two thirds of the digest's text and two thirds of its numbers.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

from podcast.rewrite import tables
from podcast.rewrite.binding import agrees, misplaced
from podcast.rewrite.meanings import FREE, clauses, turned
from podcast.rewrite.names import foreign, mentions, same, subjects_of
from podcast.rewrite.numbers import Number, numbers
from podcast.text.dictionary import is_han, segment

SAID_SHARE = 2 / 3  # of the characters of the digest's sentences, and of its numbers
TITLE_SHARE = 1 / 3  # of the title's pairs of characters, anywhere in the segment
SENTENCE_SHARE = 0.2  # of a sentence's pairs of characters: less is another statement
SUPPORTED_SHARE = 0.5  # of a sentence's words that the digest or the list of small talk has

Speak = Callable[[str], str]  # written -> spoken: `podcast.text.normalize.normalize` with the show's lexicon


@dataclass(frozen=True, slots=True)
class Line:
    """One sentence of a rewrite."""

    speaker: str
    text: str  # written form
    rests_on: tuple[int, ...]  # numbers of the digest's sentences; 0 is the title


@dataclass(frozen=True)
class Source:
    """A segment of the digest: what a rewrite of it may say."""

    kind: str  # of the segment
    number: int | None  # of the item
    title: str  # written; empty where the segment has none
    sentences: tuple[str, ...]  # written
    speak: Speak
    title_is_said: bool = True  # an English title is not

    @cached_property
    def spoken(self) -> tuple[str, ...]:
        """The title and the sentences as they are said: place 0 is the title."""
        return tuple(self.speak(text) for text in (self.title, *self.sentences))

    @cached_property
    def whole_spoken(self) -> str:
        return "。".join(self.spoken)

    @cached_property
    def subjects(self) -> tuple[str, ...]:
        return subjects_of(self.spoken)

    @property
    def whole(self) -> str:
        return "\n".join((self.title, *self.sentences))


def problems(lines: Sequence[Line], source: Source) -> tuple[str, ...]:
    """All that is wrong with a rewritten segment, in words for a person; none: it can be spoken."""
    found = [f"“{line.text}”: {what}" for line in lines for what in line_problems(line, source)]
    return (*found, *left_out(lines, source))


def line_problems(line: Line, source: Source) -> Iterator[str]:
    """What is wrong with one sentence."""
    if unknown := [number for number in line.rests_on if not 0 <= number <= len(source.sentences)]:
        yield f"rests on sentence {unknown[0]}, and there is none of that number"
        return
    spoken = source.speak(line.text)
    cited = [source.spoken[number] for number in line.rests_on]
    yield from number_problems(spoken, cited, source.number)
    yield from (
        f"{what} is not in the digest" for what in foreign(spoken, line.text, source.whole_spoken, source.whole)
    )
    if cited:
        yield from _strangers(spoken, line.rests_on, source)
        yield from misplaced(spoken, cited, source.subjects)
        yield from turned(spoken, cited)
    elif senses := [word for clause in clauses(spoken) for (kind, _), word in clause.words.items() if kind not in FREE]:
        yield f"{senses[0]!r} in a sentence that rests on nothing"
    yield from _unsupported(spoken, source, rests=bool(cited))


def _strangers(spoken: str, rests_on: Sequence[int], source: Source) -> Iterator[str]:
    """Names of the segment that are neither in the title nor in the sentences that the line rests on.

    A sentence of the digest without any name speaks of those before it (该公司), and so may the line.
    """

    def named(number: int) -> list[str]:
        return [name.key for name in mentions(source.spoken[number], source.subjects)]

    known = named(0)
    for number in rests_on:
        own = named(number)
        known += own or [name for before in range(1, number) for name in named(before)]
    for name in mentions(spoken, source.subjects):
        if not any(same(name.key, other) for other in known):
            yield f"{name.key!r} is not in the sentences it rests on"


def number_problems(spoken: str, sources: Sequence[str], item: int | None) -> Iterator[str]:
    """The numbers that none of the spoken sources has, with the same unit, bound and name."""
    known = [number for text in sources for number in numbers(text)]
    for number in numbers(spoken):
        is_place = (number.value, number.unit) == (str(item), "第")
        if is_place or any(agrees(number, other) for other in known):
            continue
        # 三百八十亿，…: a unit that is not said is not said wrongly.
        bare = not number.unit and not number.name and not spoken[number.end :].lstrip()[:1].isalnum()
        if not bare or not any((number.value, number.bound) == (other.value, other.bound) for other in known):
            near = next((other for other in known if other.value == number.value), None)
            yield f"{number.words} is not in the sentences it rests on" + (f" ({near.words} is)" if near else "")
    yield from _singled(spoken, known, sources)


def _singled(spoken: str, known: Sequence[Number], sources: Iterable[str]) -> Iterator[str]:
    """一家公司 where the digest counts companies otherwise: the article is then a number, and a wrong one."""
    for number in known:
        one = re.search(f"(?<![第十百千万亿零点])一{re.escape(number.unit)}(..)", spoken) if number.unit else None
        if one is None or number.value == "1" or any(one[0] in text for text in sources):
            continue
        if any(f"{number.unit}{one[1]}" in text for text in sources):
            yield f"{one[0]}, where the digest has {number.words}"


def _unsupported(spoken: str, source: Source, *, rests: bool) -> Iterator[str]:
    """Words that neither the digest nor the list of small talk has: none where a sentence rests on nothing."""
    words = [word for word in segment(spoken) if len(word) > 1 and is_han(word[0])]
    strange = [word for word in words if word not in source.whole_spoken and word not in tables.words("fillers")]
    if strange and (not rests or len(strange) > (1 - SUPPORTED_SHARE) * len(words)):
        share = "" if rests else ", and it rests on nothing"
        yield f"says {'、'.join(strange[:4])}, which the digest does not{share}"


# --- is all of it there -----------------------------------------------------------------------------------------


def left_out(lines: Sequence[Line], source: Source) -> Iterator[str]:
    """What of the digest's segment the rewrite does not say."""
    spoken = source.speak("\n".join(line.text for line in lines))
    said = numbers(spoken)
    yield from _title_left_out(spoken, said, source)
    wanted = list(dict.fromkeys(number.key for text in source.spoken[1:] for number in numbers(text)))
    there = {number.key for number in said}
    lacking = [key for key in wanted if key not in there]
    if len(lacking) > (1 - SAID_SHARE) * len(wanted):
        named = "、".join(f"{bound}{value}{unit}" for value, unit, bound in lacking[:4])
        yield f"leaves out {len(lacking)} of the {len(wanted)} numbers: {named}"
    total = sum(map(len, source.sentences))
    missing = [
        number for number, text in enumerate(source.sentences, start=1) if not _is_said(number, text, lines, source)
    ]
    if sum(len(source.sentences[number - 1]) for number in missing) > (1 - SAID_SHARE) * total:
        yield f"leaves out the sentences {', '.join(map(str, missing))}"


def _title_left_out(spoken: str, said: Sequence[Number], source: Source) -> Iterator[str]:
    """Numbers and names of the title; of one that is not read out, those that the summary has too."""
    title, rest = source.spoken[0], "。".join(source.spoken[1:])
    others = numbers(rest)
    for number in numbers(title):
        needed = source.title_is_said or any(agrees(number, other) for other in others)
        if needed and not any(agrees(number, other) for other in said):
            yield f"leaves out {number.words} of the title"
    names, needed_names, titled = (
        [name.key for name in mentions(text, source.subjects)] for text in (spoken, rest, title)
    )
    pairs = _pairs(title) if source.title_is_said else set()
    if len(pairs & _pairs(spoken)) < TITLE_SHARE * len(pairs):
        yield "leaves out the title"
    for name in dict.fromkeys(titled):
        needed = source.title_is_said or name in needed_names
        if needed and not any(same(name, other) for other in names):
            yield f"leaves out the name {name!r} of the title"


def _is_said(number: int, text: str, lines: Sequence[Line], source: Source) -> bool:
    """Does a sentence that rests on this one share enough with it?"""
    spoken = source.spoken[number]
    told = "，".join(source.speak(line.text) for line in lines if number in line.rests_on)
    pairs, there = _pairs(spoken), _pairs(told)
    if not pairs:
        return bool(told) or not any(character.isalnum() for character in text)
    return len(pairs & there) >= SENTENCE_SHARE * len(pairs)


def _pairs(spoken: str) -> set[str]:
    return {one + two for one, two in pairwise(spoken) if one.isalnum() and two.isalnum()}
