"""Written Chinese -> pinyin: one token for each character.

Words before characters: the text is cut into words (`dictionary`), a word gives its characters their readings, and a
character that stands alone is decided by its neighbours (`polyphones`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from podcast.text.dictionary import dictionary, is_han, segment
from podcast.text.polyphones import choose, single_reading
from podcast.text.respelling import respell
from podcast.text.sandhi import sandhi

__all__ = ["cut", "pinyin", "respell", "spoken_pinyin"]

Readings = Mapping[str, Sequence[str]]
Given = Mapping[int, Sequence[str]]  # place in the text -> the syllables of its characters from there on


def pinyin(text: str, readings: Readings | None = None) -> tuple[str, ...]:
    """The dictionary tones of a text.

    One token for each character: "zhong4", 5 = neutral tone, v = ü, "_" for a character that is no Han.  `readings` are
    a lexicon's: Han term -> its syllables; they win over everything, the longest first.
    """
    return tuple(_tokens(text, segment(text, readings), readings or {}, {}))


def cut(text: str, readings: Readings | None = None, given: Given | None = None) -> tuple[str, ...]:
    """The words of a text; what has a given reading is a word of its own."""
    if not given:
        return segment(text, readings)
    words: list[str] = []
    place = 0
    for start in sorted(given):
        words += segment(text[place:start], readings)
        place = start + len(given[start])
        words.append(text[start:place])
    return (*words, *segment(text[place:], readings))


def spoken_pinyin(text: str, readings: Readings | None = None, given: Given | None = None) -> tuple[str, ...]:
    """The tones that are said: those of `pinyin` after tone sandhi.  Readings that are `given` win over all others."""
    words = cut(text, readings, given)
    return sandhi(words, tuple(_tokens(text, words, readings or {}, given or {})))


def _tokens(text: str, words: Sequence[str], readings: Readings, given: Given) -> Iterator[str]:
    known, start = dictionary(), 0
    for word in words:
        end = start + len(word)
        syllables = given.get(start) or readings.get(word) or choose(word, text, start) or known.reading(word)
        if syllables is not None:
            yield from syllables
        else:  # a character of its own, or a number
            yield from (single_reading(character) if is_han(character) else "_" for character in word)
        start = end
