"""Chinese words: a dictionary with readings, and the cut of a text into its words.

The words are CC-CEDICT's (as pypinyin-dict ships them) and pypinyin's own; `data/phrases.tsv` stands above both.
The cut takes the fewest words, then the most even ones, then leaves those characters alone which most often stand alone
(the rules of MMSEG, Tsai 1996, http://technology.chtsai.org/mmseg/, as one shortest path over the text).
"""

from __future__ import annotations

import gc
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from podcast.text.rules import table

# The cost of a word; the square of its length and whether a character stands alone only break ties.
_WORD = 1000
_NUMBER = re.compile("[〇零一二三四五六七八九十百千万亿两]{3,}")
_TONES = {"\u0304": "1", "\u0301": "2", "\u030c": "3", "\u0300": "4"}  # macron, acute, caron, grave

# Characters that stand alone most often: particles, prepositions, conjunctions, adverbs, pronouns, common verbs.
_ALONE = frozenset(
    "的了是在和有这也不就都与及将对从但而以为于被把让向由给等或则并还又再更最很太可能会要想说看用做使令叫"
    "我你他她它那其该此各每某本今前后中上下内外里年月日时个种类次件家位名款台只条张份项座所间场点分秒元"
    "地得着过吗呢吧啊呀嘛如若因据按经比跟同至到自往朝沿当随除连即便却只仅已曾正刚才未没无非大小新旧多少好坏高低"
    "一二三四五六七八九十百千万亿两几半第约近超长短快慢强弱重轻深远早晚更再"
)


def is_han(character: str) -> bool:
    """Whether a character is a Chinese one: CJK ideographs, extensions and compatibility forms, and 〇."""
    return (
        "\u4e00" <= character <= "\u9fff"
        or "\u3400" <= character <= "\u4dbf"
        or character == "〇"
        or "\uf900" <= character <= "\ufaff"
        or "\U00020000" <= character <= "\U000323af"
    )


@lru_cache(maxsize=4096)
def numbered(syllable: str) -> str:
    """A syllable with its tone as a digit: lǜ -> lv4, de -> de5."""
    letters: list[str] = []
    tone = "5"
    for character in unicodedata.normalize("NFD", syllable):
        if character in _TONES:
            tone = _TONES[character]
        elif character == "\u0308":  # ü
            letters[-1] = "v"
        elif character != "\u0302":  # ê, which has no spelling of its own here
            letters.append(character)
    return "".join(letters).replace("ɡ", "g") + tone


@dataclass(frozen=True, slots=True)
class Dictionary:
    """Words with their readings."""

    marked: Mapping[str, Sequence[Sequence[str]]]  # the libraries', with tone marks; the first of each list counts
    own: Mapping[str, tuple[str, ...]]  # from data/phrases.tsv, tone digits
    reach: Mapping[str, int] = field(default_factory=dict)  # first two characters -> length of the longest word

    def reading(self, word: str) -> tuple[str, ...] | None:
        """Syllables of a word, None if it is no word of ours."""
        if word in self.own:
            return self.own[word]
        if word not in self.marked:
            return None
        syllables = (numbered(options[0]) for options in self.marked[word])
        # pypinyin's phrases have the changed tones of 一 and 不 in place of those of the dictionary
        return tuple(
            {"一": "yi1", "不": "bu4"}.get(character, syllable) if syllable[-1] != "5" else syllable
            for character, syllable in zip(word, syllables, strict=True)
        )

    def __contains__(self, word: object) -> bool:
        return word in self.own or word in self.marked


def own_phrases() -> dict[str, tuple[str, ...]]:
    """The words of data/phrases.tsv; one with "-" for a reading is no word, whatever the libraries say."""
    return {word: tuple(reading.split()) for word, reading in table("phrases")}


def reach_of(words: Iterable[str]) -> dict[str, int]:
    """Length of the longest word for each pair of first characters."""
    reach: dict[str, int] = {}
    for word in words:
        start, length = word[:2], len(word)
        if length > reach.get(start, 1):
            reach[start] = length
    return reach


@lru_cache(maxsize=1)
def dictionary() -> Dictionary:
    """The whole dictionary; the first call takes half a second."""
    collecting = gc.isenabled()
    gc.disable()  # half a million small lists that stay: walking them again and again would take as long as reading
    try:
        marked = _library_words()
    finally:
        if collecting:
            gc.enable()
    own = own_phrases()
    for word in [word for word, reading in own.items() if reading == ("-",)]:
        marked.pop(word, None)
        own.pop(word)
    found = Dictionary(marked, own, reach_of([*marked, *own]))
    gc.freeze()  # they stay as long as the program: each full collection would take 0.2 s to walk them
    return found


def _library_words() -> dict[str, Sequence[Sequence[str]]]:
    from pypinyin.phrases_dict import phrases_dict
    from pypinyin_dict.phrase_pinyin_data import cc_cedict_0, cc_cedict_1, cc_cedict_2, cc_cedict_3

    words: dict[str, Sequence[Sequence[str]]] = dict(phrases_dict)
    for part in (cc_cedict_0, cc_cedict_1, cc_cedict_2, cc_cedict_3):
        words.update(part.phrases_dict)
    return words


def segment(text: str, extra: Mapping[str, Sequence[str]] | None = None) -> tuple[str, ...]:
    """Cut a text into words that joined give it back; characters that are no Han stand alone.

    `extra` are further words; one of them that fits is always taken, the longest first.
    """
    words = dictionary()
    reach = words.reach
    numbers = {match.start(): match.end() for match in _NUMBER.finditer(text)}
    costs = [0] * (len(text) + 1)
    steps = [1] * len(text)
    extra_reach = max(map(len, extra), default=0) if extra else 0
    for start in range(len(text) - 1, -1, -1):
        character = text[start]
        best = costs[start + 1] + (_WORD + 10 if character in _ALONE else _WORD + 18)
        for length in range(2, min(reach.get(text[start : start + 2], 1), len(text) - start) + 1):
            if text[start : start + length] in words:
                cost = costs[start + length] + _WORD + 10 * min(length, 9) ** 2
                if cost < best:
                    best, steps[start] = cost, length
        if start in numbers and costs[numbers[start]] + _WORD < best:
            best, steps[start] = costs[numbers[start]] + _WORD, numbers[start] - start
        for length in range(min(extra_reach, len(text) - start), 0, -1):
            if extra and text[start : start + length] in extra:
                best, steps[start] = costs[start + length] - 100 * _WORD * length, length
                break
        costs[start] = best
    cut, start = [], 0
    while start < len(text):
        cut.append(text[start : start + steps[start]])
        start += steps[start]
    return tuple(cut)
