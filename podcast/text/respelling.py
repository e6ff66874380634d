"""A lexicon's readings for engines that take only text: other characters of the same sound."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache

from podcast.text.dictionary import numbered, segment
from podcast.text.rules import table


def respell(
    text: str, readings: Mapping[str, Sequence[str]] | None = None, given: Mapping[int, Sequence[str]] | None = None
) -> str:
    """`text` with the lexicon's terms so written that a text engine can hardly misread them; as long as `text`.

    A character of a term is replaced unless its only reading is the one that the lexicon wants.  Where no common
    character has just that sound (the neutral tone, rare syllables) it stays.  `given`: place -> syllables of the
    characters from there on.
    """
    parts: list[str] = []
    place = 0
    for start in sorted(given or {}):
        syllables = (given or {})[start]
        end = start + len(syllables)
        parts += [_terms(text[place:start], readings), *map(_respell, text[start:end], syllables)]
        place = end
    return "".join([*parts, _terms(text[place:], readings)])


def _terms(text: str, readings: Mapping[str, Sequence[str]] | None) -> str:
    if not readings:
        return text
    return "".join(
        "".join(_respell(character, syllable) for character, syllable in zip(word, readings[word], strict=True))
        if word in readings
        else word
        for word in segment(text, readings)
    )


def _respell(character: str, syllable: str) -> str:
    return character if _readings(character) == {syllable} else homophones().get(syllable, character)


def _readings(character: str) -> set[str]:
    """Readings of a character that are in use today."""
    from pypinyin_dict.pinyin_data import cc_cedict, kmandarin_8105

    tables = (cc_cedict.pinyin_dict, kmandarin_8105.pinyin_dict)
    marked = ",".join(table.get(ord(character), "") for table in tables)
    return {numbered(reading) for reading in marked.split(",") if reading}


@lru_cache(maxsize=1)
def homophones() -> dict[str, str]:
    """Syllable -> the most common character that is read so and no other way."""
    return {row[0]: row[1] for row in table("poly_homophones")}
