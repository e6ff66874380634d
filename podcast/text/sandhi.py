"""Tone sandhi: from the tones of the dictionary to those that are said.

一, 不 and third tones, after Duanmu, The Phonology of Standard Chinese (2007), chapter 11, and GB/T 16159.  Third tones
change inside a foot: a word is one foot, a longer one is cut into feet of two with an odd syllable joining the last,
and a word of one syllable leans on its neighbour.  Two longer words do not change one another.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise

_DIGITS = frozenset("〇零一二三四五六七八九")
_SCALES = frozenset("百千万亿")
# What 一 counts off rather than counts: January, the 1st, Q1, first prize, first instance, first floor.
_ORDERED = ("月", "号", "季", "等奖", "等功", "审", "楼", "中全会")
# Words whose last 一 belongs to what follows: 每一|次 is heard as 每|一次.
_OPEN = frozenset({"同一", "每一", "某一", "任一", "这一", "那一", "哪一", "另一", "下一", "上一", "其中一"})


def sandhi(words: Sequence[str], tokens: Sequence[str]) -> tuple[str, ...]:
    """The tones that are said for `words`, whose characters have the dictionary's `tokens`, one each."""
    text = "".join(words)
    said = list(tokens)
    ends = {start + len(word) - 1: word for start, word in _placed(words)}
    for place, character in enumerate(text):
        if tokens[place] == "yi1" and character == "一":
            said[place] = _yi(text, tokens, place, ends)
        elif tokens[place] == "bu4" and character == "不" and _tone(tokens, place + 1) == "4":
            said[place] = "bu2"
    _third_tones(words, said)
    return tuple(said)


def _placed(words: Sequence[str]) -> Iterator[tuple[int, str]]:
    start = 0
    for word in words:
        yield start, word
        start += len(word)


def _tone(tokens: Sequence[str], place: int) -> str:
    """Tone of the token at a place, "" where there is no syllable."""
    return tokens[place][-1] if 0 <= place < len(tokens) and tokens[place] != "_" else ""


def _yi(text: str, tokens: Sequence[str], place: int, ends: Mapping[int, str]) -> str:
    """一 at a place; `ends` has the words by the place of their last character."""
    before, after = text[place - 1 : place], text[place + 1 : place + 2]
    tone = _tone(tokens, place + 1)
    if before and before == after and before not in _DIGITS and _tone(tokens, place - 1):
        return "yi5"  # 试一试
    if not tone or _is_closed(ends.get(place, "")) or _counts_off(text, place, ends):
        return "yi1"
    return "yi2" if tone == "4" or after == "个" else "yi4"


def _is_closed(word: str) -> bool:
    """Whether the 一 that ends a word belongs to it alone: 统一, 之一."""
    return len(word) > 1 and word.endswith("一") and word not in _OPEN and not _is_number(word)


def _is_number(word: str) -> bool:
    return len(word) > 2 and not set(word) - _DIGITS - _SCALES - {"十", "两"}


def _counts_off(text: str, place: int, ends: Mapping[int, str]) -> bool:
    """Whether 一 is a digit or an ordinal: 二十一, 一二三, 第一, 一点五, 一月."""
    before = "" if _is_closed(ends.get(place - 1, "")) else text[place - 1 : place]
    rest = text[place + 1 :]
    after = rest[:1]
    if before in {"第", "十", "初"} or after in _DIGITS:
        return True
    if before in _DIGITS and after not in _SCALES:
        return True
    if after == "点" and rest[1:2] in _DIGITS:
        return True
    return rest.startswith(_ORDERED) or (before == "月" and after == "日")


def _third_tones(words: Sequence[str], said: list[str]) -> None:
    """Third tone before third tone becomes second: in the feet of each word, then where a single syllable leans on."""
    for start, word in _placed(words):
        for first, last in _feet(start, len(word)):
            tones = [_tone(said, place) for place in range(first, last + 1)]
            for offset, (tone, following) in enumerate(pairwise(tones)):
                if tone == following == "3":
                    said[first + offset] = said[first + offset][:-1] + "2"
    placed = list(_placed(words))
    for (_, left), (start, right) in reversed(list(pairwise(placed))):
        if min(len(left), len(right)) == 1 and _tone(said, start - 1) == _tone(said, start) == "3":
            said[start - 1] = said[start - 1][:-1] + "2"


def _feet(start: int, length: int) -> Iterator[tuple[int, int]]:
    """First and last place of each foot of a word."""
    end = start + length
    while end - start > 3:
        yield start, start + 1
        start += 2
    yield start, end - 1
