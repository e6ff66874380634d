"""Dates.  A year of four digits is always said digit by digit.

2025-11-04               二零二五年十一月四日
2026年初至2029年末         二零二六年初至二零二九年末
1月6-9日                  一月六至九日
FY2025 Q3, 2025H1        二零二五财年第三季度, 二零二五年上半年
20世纪80年代, 90后         二十世纪八十年代, 九零后
9:30-11:00, 8:05pm       九点三十分到十一点, 晚上八点零五分
"""

from __future__ import annotations

import re

from podcast.text import numbers
from podcast.text.rules import DASH, SPAN, Line, Rule, Said, follows, is_counted, line_rule, precedes, rule

_YEAR = r"(?:1[5-9]|20)\d\d"
_MONTH = r"(?:1[0-2]|0?[1-9])"
_DAY = r"(?:3[01]|[12]\d|0?[1-9])"


def _month(written: str) -> str:
    return numbers.cardinal(written.lstrip("0") or "0", er=True)


def _date(year: str, month: str, day: str) -> str:
    return f"{numbers.digits(year)}年{_month(month)}月{_month(day)}日"


# --- dates ------------------------------------------------------------------------------------------------------


@rule("date", rf"({_YEAR})([-/.·])({_MONTH})\2({_DAY})(?![\d]|\.\d)T?")
def full(match: re.Match[str]) -> str:
    return _date(match[1], match[3], match[4])


@rule("date", rf"(\d\d)([-/.])(\d\d)\2({_YEAR})(?![\d.])")
def year_last(match: re.Match[str]) -> Said | None:
    """Month first, as Americans write it, unless it cannot be a month."""
    first, second = match[1], match[3]
    if not re.fullmatch(_MONTH, first):
        first, second = second, first
    if not (re.fullmatch(_MONTH, first) and re.fullmatch(_DAY, second)):
        return None
    return Said(_date(match[4], first, second), sure=first == second or int(second) > 12, note="month or day first")


@rule("date", rf"(\d\d)([/])({_MONTH})\2({_DAY})(?![\d/])")
def short_year(match: re.Match[str]) -> Said:
    return Said(_date(match[1], match[3], match[4]), sure=False, note="a date with a short year")


@rule("year and month", r"((?:19|20)\d\d)([-/.])(0[1-9]|1[0-2])(?![\d年月%]|\.\d)")
def year_month(match: re.Match[str]) -> Said | None:
    if is_counted(match.string, match.end()) or follows(match, r"\s?[A-Za-z]") or precedes(match, r"[A-Za-z] ?"):
        return None
    return Said(
        f"{numbers.digits(match[1])}年{_month(match[3])}月", sure=match[2] != ".", note="year and month, or a number"
    )


@rule("year and month", rf"({_YEAR})\.({_MONTH}){SPAN}({_YEAR})\.({_MONTH})(?![\d.])")
def months_of_years(match: re.Match[str]) -> str:
    """2025.9-2026.3"""
    first, last = (f"{numbers.digits(match[at])}年{_month(match[at + 1])}月" for at in (1, 3))
    return f"{first}至{last}"


_FIXED = {"10·1": "十一", "11·11": "双十一", "12·12": "双十二"}  # holidays that are not said digit by digit
_EVENT = (
    r"\s?[”\"’」]?(?:阅兵|事件|晚会|大促|购物节|年中|地震|空难|事故|讲话|惨案|恐袭|袭击|起义|运动(?!会)|当[天日晚]|新政"
    r"|消费者)"
)


@rule("named day", rf"({_MONTH})([·•・.])({_DAY})(?![\d%]|\.\d)")
def named_day(match: re.Match[str]) -> Said | str | None:
    """3·15 -> 三一五, 9.3阅兵 -> 九三, 定档12·19 -> 十二月十九日"""
    if precedes(match, r"(?:定档|于|截至|截止|日期)\s?"):
        return f"{_month(match[1])}月{_month(match[3])}日"
    if match[2] == "." and not follows(match, _EVENT):
        return None
    written = f"{match[1]}·{match[3]}"
    return Said(_FIXED.get(written) or numbers.digits(match[1] + match[3]), note="a day that is a name")


@rule("month and day", rf"({_MONTH})\.({_DAY})({SPAN})({_MONTH})\.({_DAY})(?![\d%]|\.\d)")
def month_days(match: re.Match[str]) -> str | None:
    """活动时间11.11-11.14: two dates with a point where a time is spoken of"""
    during = follows(match, r"\s?(?:期间|活动|举[行办]|大促|预售|每天)")
    if not during and not precedes(match, r"(?:时间|日期|档期)[为是:：]?\s?"):
        return None
    return f"{_month(match[1])}月{_month(match[2])}日至{_month(match[4])}月{_month(match[5])}日"


_ENGLISH_MONTHS = {
    "jan": 1, "feb": 2, "mar": 3, "apr": 4, "may": 5, "jun": 6, "jul": 7, "aug": 8, "sep": 9, "oct": 10, "nov": 11,
    "dec": 12,
}  # fmt: skip
_MONTH_NAME = (
    r"(?P<month>Jan(?:uary)?|Feb(?:ruary)?|Mar(?:ch)?|Apr(?:il)?|May|June?|July?|Aug(?:ust)?|Sep(?:t(?:ember)?)?"
    r"|Oct(?:ober)?|Nov(?:ember)?|Dec(?:ember)?)\.?"
)


@line_rule(
    "date",
    rf"(?:{_MONTH_NAME}\s(?P<day>{_DAY})(?:st|nd|rd|th)?|(?P<first>{_DAY})\s{_MONTH_NAME.replace('month', 'name')})"
    rf",?\s(?P<year>{_YEAR})(?!\d)",
    "letter digit",
)
def in_english(match: re.Match[str], line: Line) -> str | None:
    """Nov 24, 2025 and 24 November 2025 in Chinese text"""
    if line.is_english(match.start()):
        return None
    month = _ENGLISH_MONTHS[(match["month"] or match["name"])[:3].lower()]
    return _date(match["year"], str(month), match["day"] or match["first"])


@rule("years", rf"({_YEAR})(年?){SPAN}({_YEAR})(?=(\s?(?:财|学|赛)?[年季])?)(?!\d|\.\d)")
def years(match: re.Match[str]) -> str | None:
    """2024-2026年, 2024年-2026年; 2000-3000元 is none"""
    if match[4] is None and (is_counted(match.string, match.end()) or int(match[1]) >= int(match[3])):
        return None
    to = "到" if "到" in match[0] else "至"
    return f"{numbers.digits(match[1])}{match[2]}{to}{numbers.digits(match[3])}"


@rule("years", rf"({_YEAR}|\d\d(?=/))\s?[-/–]\s?(\d\d)(?=\s?(?:赛季|财年|年度|学年|财季|年))")
def season(match: re.Match[str]) -> str:
    return f"{numbers.digits(match[1])}至{numbers.digits(match[2])}"


@rule("days", rf"(\d{{1,2}})\s?{DASH}\s?(\d{{1,2}})(?=\s?[月日号])")
def days(match: re.Match[str]) -> str:
    return f"{_month(match[1])}至{_month(match[2])}"


@rule("month and day", r"(0?[1-9]|1[0-2])([/.])(3[01]|[12]\d|0?[1-9])(?![\d/%]|\.\d)")
def month_day(match: re.Match[str]) -> Said | str | None:
    """08/08, 于11/13发布; 7/12 is a fraction elsewhere"""
    dated = precedes(
        match, r"(?:于|定档|截至|截止|日期|每年|今年|去年|明年|[周期][一二三四五六日天][（(，]?)\s?"
    ) or follows(match, r"\s?(?:发布|上线|开售|举行|开幕|大促|预售|首发|当[天日]|[早晚日午周]报|消息|讯)")
    zero = match[1][0] == "0" and match[3][0] == "0"
    if match[2] == "." and not zero:
        return None
    if not dated and not zero:
        return None
    return Said(f"{_month(match[1])}月{_month(match[3])}日", sure=dated, note="a date, or a fraction")


@rule("month and day", r"(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])(?![\d-])")
def month_day_dashed(match: re.Match[str]) -> Said | None:
    if match[1][0] != "0" and match[2][0] != "0":
        return None
    return Said(f"{_month(match[1])}月{_month(match[2])}日", sure=False, note="a date, or a range")


_SPELL = r"前(?!后)|来|历史|的历史|以[上前来]|之久|寿命|后的"  # after a number of years, not a year


@rule("year", r"(\d{4})(?=\s?(?:财|学|自然)?年)")
def year(match: re.Match[str]) -> Said | str | None:
    """2025年, 1823年; 1000年前 is a length of time"""
    value = int(match[1])
    if 1900 <= value < 2100 and value != 2000:
        return numbers.digits(match[1])
    if follows(match, rf"年(?:{_SPELL})") or value >= 3000:
        return None
    return numbers.digits(match[1])


@rule("year", r"(\d{2})(?=\s?(?:财)?年)")
def short(match: re.Match[str]) -> Said | str | None:
    """05年, 86年8月, 25年上半年; 25年 alone is a length of time"""
    dated = (
        r"\s?财?年(?:\s?\d{1,2}月|\s?[QH][1-4]|[上下]半年|年?[初底末中]|度|第?[一二三四1-4]季|全年|款"
        r"|[春夏秋冬]|双十一|国庆|春节|前[一二两三123]个?季度)"
    )
    if match[1][0] == "0" or follows(match, dated) or follows(match, "财年"):
        return numbers.digits(match[1])
    return None


@rule("month or day", r"0(\d)(?=\s?(?:月|日|号|时|点))")
def zero_first(match: re.Match[str]) -> str:
    return numbers.CHINESE[int(match[1])]


@rule("year", r"['’](\d\d)(?![\dA-Za-z])", "symbol")
def after_apostrophe(match: re.Match[str]) -> str | None:
    """ICLR'26"""
    return numbers.digits(match[1]) if precedes(match, r"[A-Za-z]\s?") else None


@rule("decade", r"((?:1[5-9]|20)\d0)(?:年代|'?s(?![A-Za-z]))")
def decade(match: re.Match[str]) -> str:
    return f"{numbers.digits(match[1])}年代"


@rule("generation", r"(?:([0-9][05])([/、\-]))?([0-9][05])后(?![的来续面期置端轮排座台天卫缀])")
def generation(match: re.Match[str]) -> str | None:
    """90后, 80/90后, 00后"""
    first = f"{numbers.digits(match[1])}、" if match[1] else ""
    return f"{first}{numbers.digits(match[3])}后"


# After a year, words that begin like a measure word.
_NO_MEASURE = (
    r"\s?(?:国[际内产家庆]|大[会赛奖]|天[猫津]|台[北湾]|家[电居]|款|届|点|分|世界|世[^纪]|区|班|部署|行业|本田|门户"
    r"|重[要点大]|面向|页岩|半[程年]|集[团成]|包[含括])"
)


@rule("year", r"(19[5-9]\d|20[0-4]\d)(?=\s?[一-龥“《（【]|\s*$|[，、。：；,])")
def bare(match: re.Match[str]) -> Said | None:
    """2025世界机器人大会, CES 2025; 2000人 is a count"""
    if is_counted(match.string, match.end()) and not follows(match, _NO_MEASURE):
        return None
    if match.string[max(0, match.start() - 1) : match.start()] in tuple("$€£¥第+~≈"):
        return None
    unlikely = match[1] in ("2000", "2010", "2020") or follows(match, r"\s*$|[，、。]")
    return Said(numbers.digits(match[1]), sure=not unlikely, note="a year, or a number")


# --- quarters and halves ----------------------------------------------------------------------------------------

_QUARTER = "零一二三四"
_PART = r"\s?年?\s?([QqHh])([1-4])(?![\dA-Za-z])(?:季度?)?"


def _part(letter: str, number: str) -> str:
    if letter in "Hh":
        return {"1": "上半年", "2": "下半年"}.get(number, "")
    return f"第{_QUARTER[int(number)]}季度"


def _short_year(written: str) -> str:
    return numbers.digits(written if len(written) == 4 else f"20{written}")


@rule("financial year", rf"FY\s?['’]?(20\d\d|\d\d)(?:{_PART})?(?:财年)?(?![\dA-Za-z])", "letter")
def fiscal(match: re.Match[str]) -> str:
    return f"{_short_year(match[1])}财年" + (_part(match[2], match[3]) if match[2] else "")


@rule("financial year", r"([QqHh])([1-4])\s?(FY)?\s?['’]?(20\d\d|(?<=['’Y])\d\d)(?![\d年A-Za-z])", "letter")
def part_first(match: re.Match[str]) -> str:
    """Q3 2025, Q3 FY2025"""
    return f"{_short_year(match[4])}{'财年' if match[3] else '年'}{_part(match[1], match[2])}"


@rule("quarter", rf"(20\d\d|\d\d){_PART}")
def year_part(match: re.Match[str]) -> str | None:
    """2025Q3, 25Q3, 2025年Q3, 2025H1"""
    if not _part(match[2], match[3]):
        return None
    if match[2] == "H" and precedes(match, r"(?:Win(?:dows)?\s?\d+|版本|Windows)[ ,，]?\s?"):
        return f"{numbers.digits(match[1])} H {_QUARTER[int(match[3])]}"  # Windows 11 25H2
    written = numbers.digits(match[1]) if "年" in match[0] else _short_year(match[1])
    return f"{written}年{_part(match[2], match[3])}"


@rule("quarter", r"([1-4])([QH])(\d\d)(?![\dA-Za-z])")
def part_year(match: re.Match[str]) -> str | None:
    """3Q25, 1H25"""
    said = _part(match[2], match[1])
    return f"{_short_year(match[3])}年{said}" if said else None


_MONEY_WORDS = (
    r"\s?(?:财报|财季|营收|净利|业绩|季度|季报|毛利|收入|出货|销量|订单|交付|利润|财务|全球|国内|中国"
    r"|期间|末|初|将|预计|实现)"
)


@rule("quarter", rf"([QqHh])([1-4])(?:{SPAN}[QqHh]?([1-4]))?(?![\dA-Za-z.+-])(?:季度?)?", "letter")
def part(match: re.Match[str]) -> Said | str | None:
    """今年Q3, Q3财报; 奥迪 Q3 is a car, 宇树H1 a robot"""
    timed = (
        precedes(match, r"(?:年|今年|去年|明年|上年|同期|财年|截至|自|在|于)\s?")
        or follows(match, _MONEY_WORDS)
        or "季" in match[0]
    )
    named = match[1] in "Hh" or precedes(match, r"(?:[A-Za-z0-9]|奥迪|英菲尼迪|极星|一汽)\s?")
    said = _part(match[1].upper(), match[2])
    if not said or (named and not timed and not match[3]) or match[1].islower():
        return None
    if match[3]:
        return f"{said}至{_part(match[1], match[3])}"
    return said


RULES: tuple[Rule, ...] = (
    in_english, full, year_last, short_year, months_of_years, named_day, month_days, fiscal, part_first, year_part,
    part_year, part, after_apostrophe, decade, years, season, year_month, days, month_day, month_day_dashed, year,
    short, zero_first, generation,
)  # fmt: skip
BARE_YEAR = bare  # after all else that begins with four digits
