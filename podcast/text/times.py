"""Clock times and lengths of time.  2 o'clock is 两点.

20:00, 14:05             二十点, 十四点零五分
9:30-11:00, 8:05pm       九点三十分到十一点, 晚上八点零五分
时长 1:30                 一分三十秒
比分 17:16                no time: left to the ratios
"""

from __future__ import annotations

import re

from podcast.text import numbers
from podcast.text.latin import spell
from podcast.text.rules import SPAN, Rule, Said, follows, precedes, rule

_CLOCK = r"(2[0-4]|[01]?\d)[:：]([0-5]\d)(?:[:：]([0-5]\d))?(?:分(?![钟之享段]))?(?![\d:：])"
_ASPECTS = {
    ("9", "16"),
    ("16", "10"),
    ("9", "20"),
    ("9", "21"),
    ("1", "10"),
    ("1", "20"),
    ("1", "50"),
}  # of screens and scales, more often than times
_HALF = r"\s?([AaPp])\.?\s?[Mm](?![A-Za-z])\.?"
_RATIO_BEFORE = (
    r"(?:比分|比例|比率|比值|之比|配比|占比|宽高比|画幅|赔率|投票|票数|大胜|战胜|击败|力克|不敌|负于|惜败|爆冷|领先|落后|杠杆|兑换|汇率|缩放|屏幕|定格在|比)"
    r"[一-龥：:]{0,5}\s?|[按以]\s?"
)
_RATIO_AFTER = (
    r"\s?(?:的?(?:比例|比分|优势|比率|大比分|画幅|杠杆|缩放|屏)"
    r"|战胜|击败|大胜|险胜|力克|告负|获胜|取胜|领先|落后|完胜|逆转|的[一-龥]{1,4}比(?![例较]))"
)


def _hour(written: str) -> str:
    hour = written.lstrip("0") or "0"
    return "两" if hour == "2" else numbers.cardinal(hour)


def _clock(hour: str, minute: str, second: str | None) -> str:
    said = f"{_hour(hour)}点"
    second = None if second == "00" else second
    if second or minute != "00":
        said += f"{numbers.cardinal(minute) if minute[0] != '0' else '零' + numbers.CHINESE[int(minute[1])]}分".replace(
            "零零分", "零分"
        )
    if second:
        said += f"{numbers.cardinal(second) if second[0] != '0' else '零' + numbers.CHINESE[int(second[1])]}秒".replace(
            "零零秒", "零秒"
        )
    return said


def _half_day(letter: str, hour: str) -> str:
    value = int(hour)
    if letter in "Aa":
        return "凌晨" if value < 6 or value == 12 else "上午"
    return "晚上" if 6 <= value < 12 else "中午" if value == 12 else "下午"


_IN_HALF = r"(?:[上下中]午|凌晨|晚上?|早上|傍晚|清晨|今晚|夜间)\s?"


@rule("length of time", r"(?:(\d{1,2})[:：])?([0-5]?\d)[:：]([0-5]\d)(?![\d:：])")
def length(match: re.Match[str]) -> str | None:
    """时长 1:30, 用时 01:23:45"""
    if not precedes(match, r"(?:时长|用时|耗时|片长|历时|成绩|时间缩短至)(?:为|是|约|仅|达|:|：)?\s?"):
        return None
    parts = [("小时", match[1]), ("分", match[2]), ("秒", match[3])]
    said = "".join(
        numbers.count(part.lstrip("0"), liang=True) + unit for unit, part in parts if part and part.strip("0")
    )
    return said or "零秒"


@rule("length of time", r"(\d{1,2})(?:[:：]([0-5]\d)\.(\d{2,3})|['’′]([0-5]\d)(?:[\"”″]|''|’’)(\d{2,3})?)(?!\d)")
def lap(match: re.Match[str]) -> str:
    """6:22.091 and 3'45": minutes and seconds of a lap or a run"""
    second, rest = match[2] or match[4], match[3] or match[5]
    zero = "零" if second[0] == "0" else ""
    said = f"{numbers.count(match[1], liang=True)}分{zero}{numbers.cardinal(second.lstrip('0') or '0')}秒"
    return said.replace("零零秒", "零秒") + numbers.digits(rest or "")


@rule("clock time", rf"{_CLOCK}(?:{_HALF})?")
def clock(match: re.Match[str]) -> Said | str | None:
    """20:00 is a time, 比分 17:16 a score"""
    hour, minute, second, half = match[1], match[2], match[3], match[4]
    if half:
        prefix = "" if precedes(match, _IN_HALF) else _half_day(half, hour)
        return prefix + _clock(str((int(hour) - 1) % 12 + 1), minute, second)
    if not second and (precedes(match, _RATIO_BEFORE) or follows(match, _RATIO_AFTER)):
        return None
    if not second and (hour, minute) in _ASPECTS and not precedes(match, _IN_HALF):
        return None
    if not second and int(hour) == 24 and minute != "00":
        return None
    timed = (
        second
        or precedes(match, rf"(?:{_IN_HALF}|[日号天周晨晚时间于在从至到自起—~-])\s?|星期.")
        or follows(match, r"\s?(?:开|起|截止|准时|发|直播|前|后|左右|之|[-~–—至到])")
    )
    return Said(_clock(hour, minute, second), sure=bool(timed), note="a time, or a ratio")


@rule("clock time", rf"{_CLOCK}{SPAN}{_CLOCK}")
def clocks(match: re.Match[str]) -> str:
    to = "至" if "至" in match[0] else "到"
    return f"{_clock(match[1], match[2], match[3])}{to}{_clock(match[4], match[5], match[6])}"


@rule("clock time", rf"(1[0-2]|0?[1-9])(?:{SPAN}(1[0-2]|0?[1-9]))?{_HALF}")
def hour_only(match: re.Match[str]) -> str:
    """8pm -> 晚上八点"""
    prefix = "" if precedes(match, _IN_HALF) else _half_day(match[3], match[1])
    last = f"到{_hour(match[2])}点" if match[2] else ""
    return f"{prefix}{_hour(match[1])}点{last}"


@rule("clock time", r"(2[0-4]|1?\d)点\s?([0-5]?\d)(?=分(?![钟之享段数]))")
def hour_and_minute(match: re.Match[str]) -> str:
    """7点2分: the minute of a clock is 二, not 两"""
    zero = "零" if len(match[2]) > 1 and match[2][0] == "0" else ""
    return f"{_hour(match[1])}点{zero}{numbers.cardinal(match[2].lstrip('0') or '0', er=True)}"


@rule("clock time", r"(\d{1,2})(?=[点时]\d{1,2}分|点(?:钟|整|半|左右|[前后])|点(?!\d)[^一-龥]|点开)")
def oclock(match: re.Match[str]) -> str:
    return _hour(match[1])


@rule("clock time", r"([AaPp])\.[Mm]\.|(?:AM|PM)(?![A-Za-z])", "letter")
def half_alone(match: re.Match[str]) -> str | None:
    """5点差4分 am: the half of the day after a time in Chinese"""
    return spell(match[0].replace(".", "")) if precedes(match, r"\d\s?|[点分秒]\s?") else None


RULES: tuple[Rule, ...] = (lap, length, clocks, clock, hour_only, hour_and_minute, oclock, half_alone)
