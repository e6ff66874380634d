"""Money in any notation.  B, M and K are turned into 亿 and 万; a price for a time comes after it.

$1.5B, US$6.5 billion     十五亿美元, 六十五亿美元
€6.5亿, ￥1,299            六点五亿欧元, 一千二百九十九元
$10-15B                   一百亿到一百五十亿美元
$20/月, 20美元/月           每月二十美元
$3/百万token              三美元每百万 token
CNY 1.25, 100 RMB         一点二五元, 一百元
"""

from __future__ import annotations

import re

from podcast.text import numbers
from podcast.text.rules import (
    DASH,
    MAGNITUDE,
    NUMBER,
    SPAN,
    Rule,
    Said,
    alternation,
    follows,
    rule,
    table,
)

_SIGNS = {row[0]: row[1] for row in table("currencies") if not row[0].isalpha()}
_CODES = {row[0]: row[1] for row in table("currencies") if row[0].isalpha()}
_NAMES = alternation({row[1] for row in table("currencies")} | {"人民币", "美金", "块钱", "块", "万元", "韩币", "日币"})
_SCALES = {"k": 10**3, "m": 10**6, "b": 10**9, "t": 10**12}
_SCALE = r"(?:billion|million|trillion|thousand|bn|mn|tn|[BMKTkmb])(?![A-Za-z0-9À-ɏ])"
_SIZE = rf"(?:\s?(?P<{{0}}>{_SCALE}|{MAGNITUDE}))?"
_LOT = r"\s?/\s?1?(?P<lot>[Mm])(?=\s?(?:[Tt]ok|词元))"  # $3/1M tokens
PERIODS = {row[0]: row[1] for row in table("periods")}
PERIOD = rf"\s?/\s?({alternation(PERIODS)})(?![A-Za-z0-9À-ɏ])"
_PERIOD = re.compile(PERIOD, re.ASCII)


def amount(written: str, size: str | None, *, liang: bool = True) -> str:
    """A number with a magnitude in Chinese or English."""
    if size is None:
        return numbers.count(written, liang=liang)
    if size[0].isascii():
        return numbers.scaled(written, _SCALES[size[0].lower()])
    return numbers.count(written, liang=size[0] in "万亿千") + size


def _plain(written: str) -> str:
    """Without the cents of a round sum: $20.00 is twenty."""
    return re.sub(r"\.00$", "", written)


def _money(match: re.Match[str], currency: str) -> str:
    groups = match.groupdict()
    first, last = groups["a"], groups.get("b")
    size, last_size = groups["am"], groups.get("bm")
    sign = {"-": "负", "−": "负", "+": "加", None: "", "": ""}[groups.get("sign")]
    if last is None:
        said = amount(_plain(first), size)
    elif size is None and last_size and not last_size[0].isascii():
        said = f"{numbers.count(first, liang=True)}到{amount(last, last_size)}"
    else:
        said = f"{amount(first, size or last_size)}到{amount(last, last_size)}"
    return f"{sign}{said}{'加' if groups.get('plus') else ''}{currency}"


_RANGE = rf"(?:{SPAN}(?:{alternation(_SIGNS)})?\s?(?P<b>{NUMBER}){_SIZE.format('bm')})?"
_AMOUNT = rf"(?P<a>{NUMBER}){_SIZE.format('am')}{_RANGE}(?P<plus>\+)?"


def _with_periods(said: str, written: str) -> str:
    """Each period goes before the price: 每用户每月二十美元."""
    return "".join(f"每{PERIODS[period]}" for period in _PERIOD.findall(written)) + said


@rule(
    "money",
    rf"(?P<sign>[-−+]?)(?P<currency>{alternation(_SIGNS)})\s?{_AMOUNT}(?:\s?(?:{_NAMES}))?(?P<per>(?:{PERIOD})*)(?:{_LOT}|(?P<open>\s?/\s?(?=[\w一-龥])))?",
    "symbol letter",
)
def sign_first(match: re.Match[str]) -> str | None:
    said = _money(match, _SIGNS[match["currency"]])
    return _with_periods(said, match["per"]) + ("每百万" if match["lot"] else "每" if match["open"] else "")


@rule("money", rf"(?P<currency>{alternation(_CODES)})\s?{_AMOUNT}(?:\s?(?:{_NAMES}))?(?P<per>(?:{PERIOD})*)", "letter")
def code_first(match: re.Match[str]) -> str:
    return _with_periods(_money(match, _CODES[match["currency"]]), match["per"])


@rule("money", rf"{_AMOUNT}\s?(?P<currency>{alternation(_CODES)})(?![A-Za-z0-9À-ɏ])(?P<per>(?:{PERIOD})*)")
def code_last(match: re.Match[str]) -> str:
    return _with_periods(_money(match, _CODES[match["currency"]]), match["per"])


@rule("money", rf"{_AMOUNT}\s?(?P<currency>{_NAMES})(?P<per>(?:{PERIOD})*)(?P<open>\s?/\s?(?=[\w一-龥]))?")
def name_last(match: re.Match[str]) -> str | None:
    """6.5 billion美元 -> 六十五亿美元, 20美元/月 -> 每月二十美元; plain sums are left to the counts"""
    latin = (match["am"] or match["bm"] or "万")[0].isascii()
    if not latin and not match["per"] and not match["open"] and not match["a"].endswith(".00"):
        return None
    return _with_periods(_money(match, match["currency"]), match["per"]) + ("每" if match["open"] else "")


@rule("large number", rf"({NUMBER})(?:\s?{DASH}\s?({NUMBER}))?\s?(billion|million|trillion|thousand|bn|mn)(?![A-Za-z])")
def large(match: re.Match[str]) -> str:
    """300 million用户 -> 三亿"""
    first = numbers.scaled(match[1], _SCALES[match[3][0]])
    return f"{first}到{numbers.scaled(match[2], _SCALES[match[3][0]])}" if match[2] else first


@rule(
    "万",
    rf"({NUMBER})[wW](?=[+]|[一-龥]|\s?$|[，。、；！？,）)])(?!\s?(?:快充|功率|充电|闪充|超充|适配器|芯片|显卡|无线|有线|的?功耗))",
)
def ten_thousand(match: re.Match[str]) -> Said | None:
    """300w张 -> 三百万张; 120W快充 is watts"""
    if "W" in match[0] and not follows(match, r"\+"):
        return None
    return Said(f"{numbers.count(match[1], liang=True)}万")


RULES: tuple[Rule, ...] = (sign_first, code_first, code_last, name_last, large, ten_thousand)
