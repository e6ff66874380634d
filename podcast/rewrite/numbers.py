"""The numbers of a spoken text: value, unit, bound and the name they belong to.

All is read from what is *said* (`podcast.text.normalize`), where 3.5万, 35000 and 三万五千 are numerals of one kind and
30km and 30公里 the same words, so that a rewrite may write a number in any way and still has to mean the same one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from functools import cache, lru_cache

from podcast.rewrite import tables
from podcast.text.dictionary import segment
from podcast.text.rules import table

_DIGITS = {digit: place for place, digit in enumerate("零一二三四五六七八九")} | {"两": 2, "幺": 1, "〇": 0}
_WEIGHTS = {"十": 10, "百": 100, "千": 1000}
_LARGE = {"万": 10**4, "亿": 10**8}
_NUMERALS = frozenset(_DIGITS) | frozenset(_WEIGHTS) | frozenset(_LARGE)

_ONE = "零一二三四五六七八九两幺〇"
# The part after 点 is said digit by digit; digits before 十 百 千 are a number of their own (九点三十分).
_NUMBER = re.compile(
    rf"(?P<sign>负|零下)?(?P<percent>[百千万]分之)?(?P<value>[{_ONE}十百千万亿]+(?:点[{_ONE}]+(?![十百千])[万亿]*)*)"
)
_GLUED = re.compile("[一二三四五六七八九]一[起样直些致旦般共同并]")
_FRACTION = re.compile(rf"(?P<low>[{_ONE}十百千]+)分之(?P<high>[{_ONE}十百千]+)")
_LETTERS = re.compile(r" ?((?:[A-Za-z](?: [A-Za-z]){0,2})(?![A-Za-z' ]*[a-z]))")  # the B of 7B, the G B of 64GB
_NAME_BEFORE = re.compile(r"([A-Za-zÀ-ɏ'][A-Za-zÀ-ɏ' ]*) ?$")
_UNIT_WORDS = frozenset(
    "年初 年中 年底 年末 月初 月底 月末 百分点 个百分点 个月 个工作日 个基点 基点 平方米 岁 强 国 点 分 日 号".split()  # noqa: SIM905 -- read as a list
)


@dataclass(frozen=True, slots=True)
class Number:
    """One number of a spoken text."""

    value: str  # canonical: "35000", "72.9", "2.8.1", "1/3"
    unit: str  # "%", "第", "公里", "美元", "b"; empty where none is known
    bound: str  # ">", "<", "~" or empty
    name: str  # Latin word or letters that it follows at once, lower case: "g p t" of GPT-5
    start: int  # span of the numeral in the spoken text
    end: int
    idiom: str = ""  # the dictionary's word that the numeral is a part of (三星, 十分)

    @property
    def key(self) -> tuple[str, str, str]:
        return self.value, self.unit, self.bound

    @property
    def words(self) -> str:
        """For a person."""
        unit = {"%": "%", "第": ""}.get(self.unit, self.unit)
        return f"{'第' if self.unit == '第' else ''}{self.bound}{self.value}{unit}"


@lru_cache(maxsize=2048)
def numbers(spoken: str) -> tuple[Number, ...]:
    """The numbers of a spoken text in order.  The 一 of 一个 and of words such as 一起 is none."""
    found = list(_found(spoken))
    return tuple(_shared_units(spoken, found))


def _found(spoken: str) -> Iterator[Number]:
    words = _words(spoken)
    position = 0
    while match := _NUMBER.search(spoken, position):
        if _GLUED.match(spoken, match.end() - 2) and match.end() - match.start() > 1:  # 二十六点四一起: 26.4, together
            match = _NUMBER.match(spoken, match.start(), match.end() - 1) or match
            position = match.end()
        start, end = match.span("value")
        fraction = None if match["percent"] else _FRACTION.match(spoken, match.start())
        if fraction:
            position = fraction.end()
            value = f"{_value(fraction['high'])}/{_value(fraction['low'])}"
            yield Number(value, "", _before(spoken, match.start()), "", match.start(), fraction.end())
            continue
        if match["percent"]:  # the dictionary has 之一
            number, position = _number(spoken, match)
            yield number
            continue
        tail = _tail_of_word(words, start, spoken)
        if tail > start:  # the 一 of 统一: what follows may be a number of its own
            position = tail
            continue
        number, position = _number(spoken, match)
        inside = _word_around(words, start, end)
        if inside in _ADVERBS and not spoken[end:].startswith(("分钟", "分之")):
            continue
        if inside and not _is_counting(inside, match["value"]):
            position = end
            if number.name or number.value not in {"0", "1"}:  # 零售, 一直
                yield Number(number.value, "", "", number.name, match.start(), match.end(), inside)
        elif number.value != "1" or not _is_article(number, spoken, alone=bool(inside) or not number.name):
            yield number


def _number(spoken: str, match: re.Match[str]) -> tuple[Number, int]:
    """The number, and where its unit ends."""
    start, end = match.span()
    value = _value(match["value"])
    if match["sign"]:
        value = f"-{value}"
    elif _VAGUE.search(spoken, 0, start + 1):  # 数千, 几百, 上万: some of them
        value = f"数{value}"
    after, bound_after = _after(spoken, end)
    unit, unit_end = _unit(spoken, end + after)
    if not bound_after:
        _, bound_after = _after(spoken, unit_end)
    if match["percent"]:
        unit = {"百": "%", "千": "‰", "万": "‱"}[match["percent"][0]]
    elif spoken[:start].endswith("第"):
        unit = "第"
    before = _NAME_BEFORE.search(spoken, 0, start)
    name = before[1].strip().lower() if before else ""
    return Number(value, unit, bound_after or _before(spoken, start), name, start, end), unit_end


def _value(said: str) -> str:
    """Canonical form of a numeral: 三点五万 is 35000, 二零二五 is 2025, 二点八点一 is 2.8.1."""
    parts = said.split("点")
    if len(parts) > 2:
        return ".".join(_value(part) for part in parts)
    if len(parts) == 1:
        return str(_whole(said))
    digits = parts[1].rstrip("万亿")
    factor = 1
    for large in parts[1][len(digits) :]:
        factor *= _LARGE[large]
    fraction = "".join(str(_DIGITS[digit]) for digit in digits)
    if factor == 1:
        return f"{_whole(parts[0])}.{fraction}"  # as written: version 4.10 is not 4.1
    return f"{(Decimal(f'{_whole(parts[0])}.{fraction}') * factor).normalize():f}"


def _whole(said: str) -> int:
    """The value of a numeral without a point; one of digits alone is read digit by digit."""
    if all(character in _DIGITS for character in said):
        return int("".join(str(_DIGITS[character]) for character in said) or "0")
    total = section = digit = 0
    for character in said:
        if character in _DIGITS:
            digit = digit * 10 + _DIGITS[character] if digit else _DIGITS[character]
        elif character in _WEIGHTS:
            section += (digit or 1) * _WEIGHTS[character]
            digit = 0
        else:
            section = section + digit if said[0] not in _LARGE or total or section or digit else 1
            digit = 0
            if character == "亿":
                total, section = (total + section) * _LARGE["亿"], 0
            else:
                total, section = total + section * _LARGE["万"], 0
    return total + section + digit


# --- what stands around a number --------------------------------------------------------------------------------


@cache
def _same_units() -> dict[str, str]:
    return {name: first for first, *others in tables.rows("same_units") for name in (first, *others)}


@cache
def _unit_pattern() -> re.Pattern[str]:
    spoken = {row[1].split("|")[-1] for row in table("units")}
    known = {row[0] for row in table("measures")} | spoken | {row[1] for row in table("currencies")}
    known |= set(_same_units()) | _UNIT_WORDS
    known -= {"百", "千", "万", "亿", "半", "点五", "用户", "员工", "玩家", "学生", "开发者", "股东", "工作日", "次方"}
    return re.compile(tables.any_of(known - {name for name in known if name.startswith("个") and len(name) > 4}))


@cache
def _bounds(side: str) -> tuple[re.Pattern[str], dict[str, str]]:
    senses = {word: row[0] for row in tables.rows("bounds") if row[1] == side for word in row[2].split()}
    return re.compile(tables.any_of(senses)), senses


def _before(spoken: str, start: int) -> str:
    """The bound that the word just before a number states."""
    pattern, senses = _bounds("before")
    found = ""
    for match in pattern.finditer(spoken, max(0, start - 6), start):
        if match.end() == start or spoken[match.end() : start] in {"了", "过", "达", "有", "为", "百"}:
            found = senses[match[0]]
    return found.replace("-", "")


def _after(spoken: str, end: int) -> tuple[int, str]:
    """Length and bound of what follows a number or its unit at once (多, 以上)."""
    pattern, senses = _bounds("after")
    match = pattern.match(spoken, end)
    return (len(match[0]), senses[match[0]]) if match else (0, "")


def _unit(spoken: str, end: int) -> tuple[str, int]:
    """The unit that follows, by its first name, and where it ends."""
    start = end + spoken.startswith(" ", end)
    match = _unit_pattern().match(spoken, start)
    if match:
        return _same_units().get(match[0], match[0]), match.end()
    letters = _LETTERS.match(spoken, end)
    return (letters[1].lower(), letters.end()) if letters else ("", end)


def _shared_units(spoken: str, found: list[Number]) -> Iterator[Number]:
    """In 三到五倍 the first number has the unit of the second."""
    for place, number in enumerate(found):
        following = found[place + 1] if place + 1 < len(found) else None
        if following and not number.unit and spoken[number.end : following.start] in {"到", "至", "、", "比"}:
            yield Number(number.value, following.unit, number.bound, number.name, number.start, number.end)
        else:
            yield number


# --- numerals that do not count ---------------------------------------------------------------------------------


def _words(spoken: str) -> list[tuple[int, int, str]]:
    cut, start = [], 0
    for word in segment(spoken):
        cut.append((start, start + len(word), word))
        start += len(word)
    return cut


def _word_around(words: list[tuple[int, int, str]], start: int, end: int) -> str:
    """The dictionary's word that has the numeral and more in it."""
    return next(
        (word for first, last, word in words if first <= start and end <= last and last - first > end - start), ""
    )


def _is_counting(word: str, numeral: str) -> bool:
    """Is the word a number with its unit (两个, 十一月, 百分之五) rather than an idiom?"""
    rest = word.replace(numeral, "", 1).lstrip("第数几").removeprefix("百分之").removeprefix("负")
    return not rest or all(character in _NUMERALS for character in rest) or bool(_unit_pattern().fullmatch(rest))


def _tail_of_word(words: list[tuple[int, int, str]], start: int, spoken: str) -> int:
    """Where the word ends in whose middle or end the numeral at `start` stands (唯一, 统一); `start` where in none."""
    for first, last, word in words:
        if first < start < last and spoken[start] == "一" and _NUMBER.match(word) is None and word[0] not in "第负零":
            return min(last, start + 1)
    return start


def _is_article(number: Number, spoken: str, *, alone: bool) -> bool:
    """一个, 一款, 一直, 之一: the article and idioms, not what is measured (一年, 一公里, 一亿)."""
    if not alone or number.bound or spoken[number.end : number.end + 1] in _JOINS:
        return False
    return not number.unit or number.unit in _ARTICLES or spoken[: number.start].endswith(_PARTS)


_ADVERBS = frozenset({"十分", "万分", "百度"})  # very; the company is looked at as a name
_VAGUE = re.compile(
    "[数几](?<!指数|多数|少数|系数|参数|人数|总数|次数)[十百千万亿]$|[上成](?<!完成|达成|形成)[百千万亿]$"
)
_JOINS = frozenset("比到至")
_PARTS = ("之", "唯", "统", "单", "同", "任", "每", "某", "另")
_ARTICLES = frozenset(
    "个家名位款种项次台部张块条篇场轮股起座套份笔组批类大段只件本枚片层步支把口句届幅首封道面番方下点样代则门处例人期环"
)
