"""Paragraph -> sentences, and a sentence that is too long -> pieces where a newsreader breathes.

Joined, the pieces give the text back.  A number, a date, an English name, an address and a short
quotation are never broken, unless one alone is longer than a piece may be.

>>> split_sentences("GPT-5.1发布了。价格是$1.5！“好。”他说。", 100)
['GPT-5.1发布了。', '价格是$1.5！', '“好。”', '他说。']
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence

_SHORT_QUOTATION = 30  # characters: about five seconds of speech, one breath
_CLOSERS = r"”’」』）》】〉\"')\]"

# A sentence ends with its marks and the quotes and brackets that close after them.  An English full stop ends one only
# after a word of small letters, a closing quote or a digit, and before white space and a capital or Han, or the end.
_END = re.compile(
    rf"(?:[。！？!?；;…]+|(?<=[a-z0-9)”\"'])(?<![ .][a-zA-Z])\.(?=[{_CLOSERS}]*(?:\s+[A-Z“‘\"一-龥]|\s*$)))"
    rf"[{_CLOSERS}]*\s*|\s*\n\s*"
)
_ABBREVIATION = re.compile(
    r"(?:^|[^A-Za-z])(?:vs|etc|Inc|Corp|Ltd|Co|Dr|Mr|Mrs|Ms|St|No|e\.g|i\.e|al|approx|Jr|Sr|Prof|U\.S)\.\s*$"
)

_WORD = r"[A-Za-z0-9À-ɏ$#@+&'’_/-]+(?:\.[A-Za-z0-9+_/-]+)*"
_ATOM = re.compile(
    rf"""
    (?:https?|ftp)://[^\s\u3000-\u9fff，。！？；：]+               # address
    | [$€£¥￥]?\d[\d,.:/×xX%~～–—+\-]*\d[%‰+]?\s?[A-Za-z万亿千百]*   # number, date, time, range
    | {_WORD}(?:[ ]{_WORD}){{0,5}}                              # name of up to six words
    """,
    re.VERBOSE,
)
_QUOTATION = re.compile(
    "|".join(
        rf"{first}[^{first}{last}]{{1,{_SHORT_QUOTATION}}}{last}" for first, last in ("“”", "《》", "「」", "（）")
    )
)

# Where a long sentence may be parted, the best first: clauses, then items of a list, then white space.
_BREAKS = (
    re.compile(rf"(?:[，：;:；]|,(?=\s|[一-龥])|——)[{_CLOSERS}]*\s*"),
    re.compile(rf"[、）)][{_CLOSERS}]*\s*|\s(?=[（(“])"),
    re.compile(r"\s+"),
)


def split_sentences(text: str, max_characters: int) -> list[str]:
    """The sentences of a paragraph, none longer than `max_characters` (at least 1) if it can be helped.

    "".join(result) == text.  Each piece has something to say (a letter or a digit), unless the whole text has not.
    """
    spans = _spans(text)
    pieces: list[str] = []
    for start, end in _joined(text, _sentences(text, spans)):
        pieces += _fit(text, start, end, spans, max(1, max_characters))
    return _speakable(pieces)


def _spans(text: str) -> list[tuple[int, int]]:
    """What must not be broken, in order and apart."""
    found = sorted(match.span() for pattern in (_ATOM, _QUOTATION) for match in pattern.finditer(text))
    merged: list[tuple[int, int]] = []
    for start, end in found:
        if merged and start < merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged


def _is_inside(position: int, spans: Sequence[tuple[int, int]]) -> bool:
    place = bisect_right(spans, (position, -1)) - 1
    return place >= 0 and spans[place][0] < position < spans[place][1]


def _sentences(text: str, spans: Sequence[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    start = 0
    for match in _END.finditer(text):
        end = match.end()
        if end == start or _is_inside(end, spans) or _ABBREVIATION.search(text, max(0, end - 12), end):
            continue
        yield start, end
        start = end
    if start < len(text):
        yield start, len(text)


def _joined(text: str, sentences: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """Sentences that have nothing to say go with their neighbour."""
    joined: list[tuple[int, int]] = []
    for start, end in sentences:
        if joined and not (_says(text[start:end]) and _says(text[slice(*joined[-1])])):
            joined[-1] = (joined[-1][0], end)
        else:
            joined.append((start, end))
    return joined


def _says(text: str) -> bool:
    return any(character.isalnum() for character in text)


def _speakable(pieces: Iterable[str]) -> list[str]:
    joined: list[str] = []
    for piece in pieces:
        if joined and not (_says(piece) and _says(joined[-1])):
            joined[-1] += piece
        else:
            joined.append(piece)
    return joined


def _fit(text: str, start: int, end: int, spans: Sequence[tuple[int, int]], limit: int) -> list[str]:
    """The text from `start` to `end` in pieces within the limit, parted near the middle again and again."""
    if end - start <= limit:
        return [text[start:end]]
    cut = _best_cut(text, start, end, spans, limit)
    return _fit(text, start, cut, spans, limit) + _fit(text, cut, end, spans, limit)


def _best_cut(text: str, start: int, end: int, spans: Sequence[tuple[int, int]], limit: int) -> int:
    parts = -(-(end - start) // limit)
    middle = start + (end - start) * (parts // 2) // parts
    margin = (end - start) // 8
    for pattern in _BREAKS:
        cuts = [match.end() for match in pattern.finditer(text, start, end)]
        cuts = [cut for cut in cuts if start + margin < cut < end - margin and not _is_inside(cut, spans)]
        if cuts:
            return min(cuts, key=lambda cut: abs(cut - middle))
    cuts = [cut for cut in _word_ends(text[start:end], start) if start < cut < end and not _is_inside(cut, spans)]
    if cuts:
        return min(cuts, key=lambda cut: abs(cut - middle))
    return min(start + limit, end - 1)


def _word_ends(text: str, start: int) -> Iterator[int]:
    from podcast.text.dictionary import segment

    for word in segment(text):
        start += len(word)
        yield start
