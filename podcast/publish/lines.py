"""A sentence -> lines that are easy to read: broken after clauses, and inside a long one where a phrase ends.

There is no dictionary here.  In Chinese the small words show where phrases end: after 的 or 了, before 和 or 将.  Where
such a character is a part of a longer word (温和, 即将), it is on a list, and the word is kept whole.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from functools import cache

# The podcast namespace recommends at most 32 characters a line for SRT.  A Chinese character is as wide as two Latin
# ones, and 20 of them hold most clauses whole.
LINE_CHARACTERS = 32
LINE_COLUMNS = 40
LINES = 2  # at once
# A clause with the punctuation that ends it, or what is left at the end.
_CLAUSE = re.compile(r".*?(?:[，。！？；：、…]+[”’」』）】》]*|[,.!?;:]+[\"')\]]*(?=\s)|$)\s*", re.DOTALL)
_NEVER_FIRST = "，。！？；：、,.!?;:…—·）」』》”’】)]%"
_NEVER_LAST = "（「『《“‘【([$#—·第"
_PHRASE_ENDS = "的了着是”」』》）)"
_PHRASE_BEGINS = "和与及或并而但在从对向将以为由被把使让其"
_OPENING = "“「『《（("
# Words and pairs that end in a character of _PHRASE_BEGINS: no phrase begins inside them.
_WORDS = """
温和 缓和 总和 饱和 共和 参与 给与 以及 涉及 普及 顾及 提及 波及 危及 埃及 合并 一并 吞并 从而 然而 因而 进而 反而 时而
现在 正在 存在 潜在 实在 内在 外在 所在 旨在 好在 仍在 已在 也在 将在 服从 自从 听从 遵从 相对 绝对 针对 应对 面对 反对
核对 比对 方向 转向 走向 面向 倾向 导向 动向 意向 偏向 流向 投向 推向 即将 必将 终将 仍将 也将 已将 可以 所以 难以 足以
得以 加以 予以 用以 何以 成为 作为 认为 行为 因为 华为 更为 最为 视为 称为 分为 极为 人为 改为 变为 名为 列为 定为 化为
升为 较为 自由 理由 经由 缘由 促使 即使 迫使 驱使 天使 尤其 极其 及其 与其 使其 将其 为其 对其 从其 在其 土耳其 并在
并对 并以 并由 并从 并向 并与 并将 并为 而在 而对 而将 而以 但在 但对 但将
"""
_WHOLE = frozenset(_WORDS.split())
_SUFFIXES = "的了着过地得们吗呢吧性化者率"  # they belong to the word before them
# Columns that a break may lie off the middle before the next kind of break is taken.
_BETWEEN_SCRIPTS, _ANYWHERE, _IN_A_WORD = 2, 10, 24
_CARD, _SHORT_CARD, _IN_A_CLAUSE = (
    6.0,
    3.0,
    8.0,
)  # costs of a card, of one with a word or two, of one that ends in the air
_SHORT_COLUMNS = 12


def cards_of(text: str) -> list[tuple[str, ...]]:
    """The text as cards of one or two lines; a card ends where a clause does wherever that is possible."""
    lines = wrap(text)
    best: list[tuple[float, tuple[int, ...]]] = [(0.0, ())]  # for the first n lines: (cost, lines of each card)
    for end in range(1, len(lines) + 1):
        options = []
        for size in range(1, min(LINES, end) + 1):
            cost, sizes = best[end - size]
            options.append((cost + _card_cost(lines[end - size : end], last=end == len(lines)), (*sizes, size)))
        best.append(min(options))
    groups, place = [], 0
    for size in best[-1][1]:
        groups.append(tuple(lines[place : place + size]))
        place += size
    return groups


def wrap(text: str) -> list[str]:
    """Lines of at most 32 characters and 40 columns, broken after clauses where these fit, and at phrases where not."""
    text = " ".join(text.split())
    if _fits(text):
        return [text]
    lines = [""]
    for clause in _CLAUSE.findall(text):
        for part in _parts(clause):
            if _fits((lines[-1] + part).rstrip()):
                lines[-1] += part
            else:
                lines.append(part)
    return [line.strip() for line in lines if line.strip()]


def columns(text: str) -> int:
    """Width on the screen: 1 for a Latin letter, 2 for a Chinese character."""
    return sum(map(_width, text))


def _card_cost(lines: Sequence[str], *, last: bool) -> float:
    width = sum(map(columns, lines))
    ends = {"，": 1.0, ",": 1.0, "、": 3.0} | dict.fromkeys("。！？；：.!?;:…", 0.0)
    ending = 0.0 if last else ends.get(lines[-1].rstrip("”’」』）】》\"')]")[-1:], _IN_A_CLAUSE)
    return _CARD + ending + _SHORT_CARD * (width < _SHORT_COLUMNS) + (width / LINE_COLUMNS) ** 2 / 4


def _parts(clause: str) -> list[str]:
    """A clause that is too long for a line, in parts of about one length."""
    if _fits(clause.rstrip()):
        return [clause]
    count = max(-(-columns(clause) // LINE_COLUMNS), -(-len(clause) // LINE_CHARACTERS))
    while True:
        parts = _cut(clause, count)
        if all(_fits(part.strip()) for part in parts) or count >= len(clause):
            return parts
        count += 1


def _cut(clause: str, count: int) -> list[str]:
    edges = [0]
    for number in range(count, 1, -1):
        start = edges[-1]
        ideal = columns(clause[start:]) / number
        # Without a fair place (an address, a run of digits) a word is cut after all.
        middle = start + max(1, (len(clause) - start) // number)
        fair = [(abs(offset - ideal) + _off(clause, place), place) for place, offset in _places(clause, start)]
        edges.append(min(fair)[1] if fair else middle)
    return [clause[start:end] for start, end in zip(edges, [*edges[1:], len(clause)], strict=True) if end > start]


def _places(clause: str, start: int) -> Iterator[tuple[int, int]]:
    """(place, columns from the start to it) of each place where a line may end and fits."""
    offset = 0
    for place in range(start + 1, len(clause)):
        offset += _width(clause[place - 1])
        if _may_break(clause, place) and _fits(clause[start:place].strip()):
            yield place, offset


def _may_break(text: str, place: int) -> bool:
    before, after = text[place - 1], text[place]
    inside = not before.isspace() and not after.isspace() and before.isascii() and after.isascii()
    return not inside and after not in _NEVER_FIRST and not after.isspace() and before not in _NEVER_LAST


def _off(text: str, place: int) -> int:
    """How much worse than the best this place is for a break, in columns."""
    before, after = text[place - 1], text[place]
    if after in _SUFFIXES or text[place - 1 : place + 1] in _WHOLE or text[place - 2 : place + 1] in _WHOLE:
        return _IN_A_WORD
    if before.isdecimal():
        return _IN_A_WORD  # a number and what it counts: 7 年
    if before in _PHRASE_BEGINS and text[place - 2 : place] not in _WHOLE:
        return _ANYWHERE  # the phrase has only begun
    if before in _PHRASE_ENDS or after in _PHRASE_BEGINS or after in _OPENING:
        return 0
    if before.isspace():
        return _ANYWHERE if text[place - 2].isascii() and after.isascii() else 0  # Apple Intelligence
    return _BETWEEN_SCRIPTS if before.isascii() or after.isascii() else _ANYWHERE


def _fits(line: str) -> bool:
    return len(line) <= LINE_COLUMNS // 2 or (len(line) <= LINE_CHARACTERS and columns(line) <= LINE_COLUMNS)


@cache
def _width(character: str) -> int:
    # A: ambiguous, as “ ” and … are; Chinese fonts draw them wide.
    return 2 if unicodedata.east_asian_width(character) in "WFA" else 1
