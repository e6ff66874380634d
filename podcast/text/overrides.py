"""Readings that a person gave at one place of a text: checked, and told to whoever reads the sentence.

They are written as in the lexicon: other words, or pinyin with a syllable for each Han character.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

from podcast.errors import LexiconError
from podcast.models import Override
from podcast.text.dictionary import is_han
from podcast.text.lexicon import Entry, entry, syllables
from podcast.text.normalize import Fixed

LONGEST_CHARACTERS = 40  # of a reading: an engine takes 90 characters at once, and more stand beside it
_TONE_MARKS = re.compile("[\u0304\u0301\u030c\u0300]")


def fixed(text: str, overrides: Sequence[Override], where: str = "") -> list[Fixed]:
    """The overrides of a text as `normalize.read` takes them.  Raises LexiconError, which names `where`."""
    return [(each.start, each.end, _entry(text[each.start : each.end], each.said, where)) for each in overrides]


def within(overrides: Sequence[Override], start: int, end: int) -> tuple[Override, ...]:
    """Those of a piece of the text, counted from its start."""
    return tuple(
        Override(each.start - start, each.end - start, each.said)
        for each in overrides
        if start <= each.start and each.end <= end
    )


def _entry(written: str, said: str, where: str) -> Entry:
    if len(said) > LONGEST_CHARACTERS and not re.search("[1-5]", said):
        what = f"the reading of {written} has {len(said)} characters"
        raise LexiconError(what, where=where, hint=f"Write {LONGEST_CHARACTERS} at most, or change the text itself.")
    if all(map(is_han, written)) and _is_toneless(said, len(written)):
        what = f"the pinyin of {written} lacks tone digits: {said}"
        raise LexiconError(what, where=where, hint="Write 1 to 5 behind every syllable, as in chong2 qing4; v for ü.")
    return entry(written, said, exact=True, where=where)


def _is_toneless(said: str, count: int) -> bool:
    """Whether these are so many Mandarin syllables with tone marks or without any tone."""
    plain = unicodedata.normalize("NFC", _TONE_MARKS.sub("", unicodedata.normalize("NFD", said.lower())))
    words = plain.replace("ü", "v").split()
    return len(words) == count and all(word in syllables() for word in words)
