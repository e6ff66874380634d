"""Numbers with units.  What is per second or per hour is said as 每秒 or 每小时 before the number.

    3nm, 16GB, 1.5TB       三纳米, 十六 G B, 一点五 T B
    8TB/s, 120km/h         每秒八 T B, 每小时一百二十公里
    -10°C, 20-25℃          零下十摄氏度, 二十到二十五摄氏度
    300万kWh, 5000mAh      三百万千瓦时, 五千毫安时

The units and how they are said are data/units.tsv.  A unit counts only where no letter or digit follows it.
"""

from __future__ import annotations

import re

from podcast.text import numbers
from podcast.text.latin import BRANDS, TIER
from podcast.text.money import PERIOD, PERIODS
from podcast.text.rules import MAGNITUDE, NUMBER, SPAN, Rule, Said, alternation, follows, precedes, rule, table

_UNITS = {row[0]: row[1] for row in table("units")}
_UNIT = alternation(_UNITS)
_PER_UNIT = alternation(PERIODS)
_HAN_UNIT = (
    r"(?:米|公里|千米|公斤|千克|吨|升|瓦|千瓦|兆瓦|吉瓦|千瓦时|度|次|个|台|件|辆|张|条|亿次|万次|万亿次|帧|字|笔"
    r"|人次|人|元|页|转|比特|字节|片|颗|部|单|架|艘|桶|股|份|套|块|枚|家|篇)"
)


def _said(match: re.Match[str], size: str, unit: str, between: str) -> str:
    sign, first, last = match["sign"], match["a"], match["b"]
    liang = bool(size) or unit[0] not in "摄华度千分"
    sign = {"-": "负", "−": "负", "+": "加", "±": "正负", "": ""}[sign]
    if "摄氏" in unit and sign == "负":
        sign = "零下"
    liang = liang and not sign
    said = f"{sign}{numbers.count(first, liang=liang)}"
    if last:
        negative = last[0] in "-−" or (bool(sign) and "--" in match["span"])  # -10--5
        last_sign = ("零下" if "摄氏" in unit else "负") if negative else ""
        said += f"{between}{last_sign}{numbers.count(last.lstrip('-−'), liang=liang and not last_sign)}"
    return said + size


@rule(
    "unit",
    rf"(?P<sign>[-−+±]?)(?P<a>{NUMBER})(?P<size>{MAGNITUDE}?)(?:\s?(?P<aunit>{_UNIT})?(?P<span>{SPAN})(?P<b>-?{NUMBER})(?P<bsize>{MAGNITUDE}?))?(?:\s?|-)(?P<unit>{_UNIT})"
    rf"(?:\s?/\s?(?P<per>{_PER_UNIT}))?(?P<plus>\+?)(?![A-Za-z0-9²³À-ɏ]|\.\d)",
    "digit symbol",
)
def unit(match: re.Match[str]) -> Said | str | None:
    name = match["unit"]
    if match["sign"] and precedes(match, r"[A-Za-z0-9)）]"):
        return None
    if name in _LETTERS and not _is_measured(match, name):
        return None
    size = match["size"] if not match["b"] else match["bsize"] or match["size"]
    per, said_unit = _per_second(name)
    if match["per"]:
        per = PERIODS[match["per"]]
    between = _UNITS[match["aunit"]].rpartition("|")[2] if match["aunit"] and match["b"] else ""
    if between[:1].isascii() and between:
        between = f" {between} "
    between = (
        match["size"] * bool(between or match["bsize"]) + between + ("至" if "至" in (match["span"] or "") else "到")
    )
    said = _said(match, size, said_unit, between)
    gap = " " if said_unit[0].isascii() else ""
    if match["plus"] and not gap and not size and match["a"].endswith("0") and not match["b"]:
        said += "多"  # 1000km+
    elif match["plus"]:
        said_unit += "加"
    if match["b"] and match["per"] and follows(match, r"\s?(?:[加提减破]|成绩|\d)"):
        return f"{said}{gap}{said_unit}每{per}"  # 0-100km/h加速 names a run, not a rate
    return f"{'每' + per if per else ''}{said}{gap}{said_unit}"


# Units of one letter, which in names mean something else.
_LETTERS = frozenset("msghtVWALT")


def _is_measured(match: re.Match[str], name: str) -> bool:
    if precedes(match, TIER):
        return False
    if name == "s" and precedes(match, r"/h\s?"):
        return True  # 0-100km/h 2.1s
    if name == "m":
        return not precedes(match, r"[$€£¥]")
    if name == "A":
        return "." in match["a"] or follows(match, r"\s?(?:的?(?:电流|充电|快充|输出))")
    if name == "t":
        return match["per"] is not None or precedes(match, r"[一-龥]\s?")
    return not precedes(match, rf"(?:[A-Za-z]|{BRANDS})[ -]?")


def _per_second(name: str) -> tuple[str, str]:
    """Mbps and fps have their per in the unit."""
    per, _, said = _UNITS[name].rpartition("|")
    return per, said


@rule("unit", rf"({NUMBER})\s?(?:″|\"|'')(?![A-Za-z0-9À-ɏ])")
def inches(match: re.Match[str]) -> str | None:
    """14" -> 十四英寸, unless the mark closes a quotation"""
    if match[0][-1] == '"' and match.string.count('"', 0, match.start()) % 2:
        return None
    return f"{numbers.count(match[1], liang=True)}英寸"


@rule("per", rf"(?P<a>{NUMBER})(?:{SPAN}(?P<b>{NUMBER}))?(?P<size>{MAGNITUDE}?)(?P<unit>{_HAN_UNIT}){PERIOD}")
def per_period(match: re.Match[str]) -> str:
    """3万次/秒 -> 每秒三万次"""
    period = match[0].rpartition("/")[2].strip()
    liang = bool(match["size"]) or match["unit"][0] != "度"
    last = f"到{numbers.count(match['b'], liang=liang)}" if match["b"] else ""
    return f"每{PERIODS[period]}{numbers.count(match['a'], liang=liang)}{last}{match['size']}{match['unit']}"


@rule(
    "per",
    rf"(?P<a>{NUMBER})(?P<size>{MAGNITUDE}?)\s?(?P<unit>[Tt]okens?|tok|词元|帧|QPS|次|bit|美分|RPM)\s?/\s?(?P<per>s|sec|second|秒|min|分钟|h|小时|天|day|月)(?![A-Za-z])",
)
def tokens_per(match: re.Match[str]) -> str:
    """100 tokens/s -> 每秒一百 tokens"""
    gap = " " if match["unit"][0].isascii() else ""
    return f"每{PERIODS[match['per']]}{numbers.count(match['a'], liang=True)}{match['size']}{gap}{match['unit']}"


# Units that are no words: those that are (min, inch, Pa) would be taken for units in what was already said.
_NO_WORDS = alternation({unit for unit in _UNITS if not re.fullmatch(r"[A-Z]?[a-z]*[aeiou][a-z]*|.", unit)})


_WRITTEN = r"(?:\^-?\d+|[⁰¹²³⁴⁵⁶⁷⁸⁹]|\d\s?[xX×*]\s?\d+(?:\.\d+)?)\s?"  # a power or a product, in digits


@rule("unit", rf"\s?(?:({_NO_WORDS})|(m))(?:/({_PER_UNIT}))?(?![A-Za-z0-9À-ɏ])", "letter symbol")
def unit_after_han(match: re.Match[str]) -> str | None:
    """300多kWh, 三百万kWh, 10^8 m/s, 4×100m: the number is in Chinese, a power or a product"""
    if not precedes(match, _WRITTEN) and (
        match[2] or not precedes(match, r"[一二三四五六七八九十两百千万亿余多几零]\s?")
    ):
        return None
    return _UNITS[match[1] or match[2]].rpartition("|")[2] + (f"每{PERIODS[match[3]]}" if match[3] else "")


@rule("length of time", r"(\d{1,3})\s?(h|min)\s?([1-5]?\d)\s?(min|m|s)(?![A-Za-z0-9])")
def duration(match: re.Match[str]) -> str | None:
    """3h20min, 1h 30m, 4min5s"""
    names = {("h", "min"): ("小时", "分钟"), ("h", "m"): ("小时", "分钟"), ("min", "s"): ("分", "秒")}
    if (match[2], match[4]) not in names:
        return None
    first, last = names[match[2], match[4]]
    return f"{numbers.count(match[1], liang=True)}{first}{numbers.decimal(match[3], er=True)}{last}"


@rule("unit", r"([kc]?m)²(?![A-Za-z0-9])", "letter")
def square(match: re.Match[str]) -> str | None:
    """㎡单价, 元/m²: a unit without its number"""
    return None if precedes(match, r"[A-Za-z0-9]") else _UNITS[f"{match[1]}²"]


RULES: tuple[Rule, ...] = (square, duration, unit, inches, tokens_per, per_period, unit_after_han)
