"""Numbers that count, order, compare or calculate.

2个, 2000万, 第2       两个, 两千万, 第二
72.9%, 5%-10%, -3%    百分之七十二点九, 百分之五到百分之十, 负百分之三
3-5倍, 50万+           三到五倍, 五十万加
9:1, 比分 17:16        九比一, 十七比十六
1/3, 1又1/5           三分之一, 一又五分之一
7×24, 10x, 1+2=3      七乘二十四, 十倍, 一加二等于三
996, 618大促          九九六, 六一八大促      (data/codes.tsv)
"""

from __future__ import annotations

import re

from podcast.text import numbers
from podcast.text.dates import BARE_YEAR
from podcast.text.latin import BRANDS, number_in_name
from podcast.text.rules import (
    DASH,
    NUMBER,
    SPAN,
    TAKES_ER,
    Rule,
    Said,
    follows,
    is_counted,
    precedes,
    rule,
    table,
    takes_liang,
)

_SIGN = {"-": "负", "−": "负", "+": "正", "±": "正负", "~": "约", "≈": "约", "": ""}
_CHANGE = {"+": "增长", "-": "下降", "−": "下降"}  # after 同比 and 环比, as newsreaders say it
_CODES = {row[0]: (row[1], row[2] if len(row) > 2 else "") for row in table("codes")}


def _counted(written: str, text: str, end: int) -> str:
    return numbers.count(written, liang=takes_liang(text, end))


# --- percent ----------------------------------------------------------------------------------------------------

_WHOLE = {"%": "百分之", "‰": "千分之", "﹪": "百分之"}


def _compared(match: re.Match[str]) -> str | None:
    """How a newsreader says the sign of a change after what it is compared with: 同比-3% is 同比下降."""
    return _CHANGE.get(match["sign"]) if precedes(match, r"(?:同比|环比|较[上去]年)\s?") else None


def _percent(written: str, mark: str) -> str:
    return "百分之百" if written == "100" and mark == "%" else _WHOLE[mark] + numbers.decimal(written, er=True)


@rule(
    "percent",
    rf"(?P<sign>[-−+±]?)(?P<a>{NUMBER})\s?[%‰]?{SPAN}(?P<sign2>[-−+]?)(?P<b>{NUMBER})\s?(?P<mark>[%‰])",
    "digit symbol",
)
def percents(match: re.Match[str]) -> str | None:
    """5%-10%, 5-10%, 3至5%"""
    if match["sign"] and precedes(match, r"[A-Za-z0-9%)）]"):
        return None
    to = "至" if "至" in match[0] else "到"
    first, last = (_percent(match[end], match["mark"]) for end in "ab")
    last_sign = "-" if match["sign"] and "--" in match[0] else match["sign2"]  # -5%--3%
    return f"{_SIGN[match['sign']]}{first}{to}{_SIGN[last_sign]}{last}"


@rule("percent", rf"(?P<sign>[-−+±]?)(?P<a>{NUMBER})\s?(?P<mark>[%‰])(?P<points>pts?|pp)?", "digit symbol")
def percent(match: re.Match[str]) -> str | None:
    if match["sign"] and precedes(match, r"[A-Za-z0-9%)）]"):
        return None
    return (_compared(match) or _SIGN[match["sign"]]) + _percent(match["a"], match["mark"])


@rule("percentage points", rf"(?P<sign>[-−+±]?)(?P<a>{NUMBER})\s?(?:pct|pp|ppt|ppts|pcts)(?![A-Za-z])", "digit symbol")
def points(match: re.Match[str]) -> str:
    return f"{_compared(match) or _SIGN[match['sign']]}{numbers.count(match['a'], liang=True)}个百分点"


# --- order ------------------------------------------------------------------------------------------------------


@rule("ordinal", rf"(\d+)(?:{SPAN}(\d+))?(?![\d.])")
def ordinal(match: re.Match[str]) -> str | None:
    """第2, 第200, 第2-3名"""
    if not precedes(match, r"第\s?"):
        return None
    first = _ordered(match[1])
    return f"{first}{'至' if '至' in match[0] else '到'}{_ordered(match[2])}" if match[2] else first


def _ordered(written: str) -> str:
    return "二" if written == "2" else numbers.cardinal(written, er=True)


@rule("code", r"\d{2,5}(?![\d.,:%A-Za-z])")
def code(match: re.Match[str]) -> str | None:
    """996, 985高校, 360公司: numbers that are names"""
    spoken, context = _CODES.get(match[0], ("", ""))
    if not spoken or precedes(match, r"[第$€£¥.]"):
        return None
    if context:
        return spoken if follows(match, rf"\s?[”\"」]?(?:{context})") else None
    return None if is_counted(match.string, match.end()) else spoken


@rule("code", r"\d{3,4}(?=新政|事件|工程|战略|惨案|地震|讲话|大促|购物节|计划|程序员节)")
def dated_name(match: re.Match[str]) -> Said:
    """930新政, 618大促"""
    return Said(numbers.digits(match[0]), sure=False, note="a number that is a name")


@rule("GPU", r"[3-5]0[5-9]0(?![\d.,:%]|\s?(?:[万亿千百元美块家人年月日台张颗片个只米吨]|Mb|MB|GB))")
def gpu(match: re.Match[str]) -> Said:
    """一张5090, 4090显卡: NVIDIA's consumer cards are said digit by digit"""
    known = follows(match, r"\s?(?:显卡|笔记本|Ti|SUPER|Super|D|GPU|系列|级)") or precedes(
        match, r"张|块|RTX|GTX|显卡|卡"
    )
    return Said(numbers.digits(match[0]), sure=known, note="a graphics card, or a number")


# --- times, fractions, ratios ------------------------------------------------------------------------------------


@rule("times", rf"({NUMBER})(?:\s?[xX×]?{SPAN}({NUMBER}))?\s?[xX×](?![A-Za-z0-9À-ɏ])(?!\s?\d)(\+?)")
def times(match: re.Match[str]) -> str | None:
    """10x -> 十倍, 2-3x -> 两到三倍; f(x)=2x and 极氪9X are none"""
    if ("=" in match.string and precedes(match, r"[=+\-−*/]\s?")) or (
        "X" in match[0] and precedes(match, rf"(?:{BRANDS})[ -]?")
    ):
        return None
    last = f"到{numbers.count(match[2], liang=True)}" if match[2] else ""
    return f"{numbers.count(match[1], liang=True)}{last}倍{'加' if match[3] else ''}"


@rule("product of numbers", rf"({NUMBER})(?:\s?[xX×*✕✖]\s?({NUMBER}))(?:\s?[xX×*✕✖]\s?({NUMBER}))?(?![\d])")
def product(match: re.Match[str]) -> str | None:
    """7×24, 1920x1080, 8x22B"""
    parts = [part for part in match.groups() if part]
    if len(parts[0]) > 3 and "X" in match[0] and follows(match, r"[A-Z]"):
        return None  # 9950X3D is one name
    said = [
        numbers.digits(part) if len(part) == 4 and part.isdigit() and part[-3:] != "000" else numbers.decimal(part)
        for part in parts
    ]
    return "乘".join(said)


@rule("times", rf"({NUMBER})\s?[xX×]\s?(?=[A-Za-z])")
def of_each(match: re.Match[str]) -> str | None:
    """8×H100, 8xA100"""
    return f"{numbers.decimal(match[1])}乘" if match[0][-1] == "×" or follows(match, r"[A-Z]+\d") else None


@rule("power of ten", rf"({NUMBER})[eE]([-+]\d{{1,3}}|(?<=e)\d{{1,3}})(?![A-Za-z0-9À-ɏ])")
def scientific(match: re.Match[str]) -> str:
    """3e-4 -> 三乘十的负四次方"""
    sign = "负" if match[2][0] == "-" else ""
    power = f"十的{sign}{numbers.cardinal(match[2].lstrip('+-').lstrip('0') or '0', er=True)}次方"
    return power if match[1] == "1" else f"{numbers.decimal(match[1])}乘{power}"


@rule("fraction", r"(?:(\d+)又)?(\d+)\s?[/⁄∕]\s?(\d+)(?![\d./])(?!\s?(?:GB|TB|MB|KB|nm))")
def fraction(match: re.Match[str]) -> Said | None:
    """1/3, 33/4, 1又1/5"""
    if match[3] == "0" or precedes(match, r"[A-Za-z/]") or (len(match[3]) > 1 and match[3][0] == "0"):
        return None
    if match[2] == match[3]:
        return Said(f"{numbers.cardinal(match[2])}比{numbers.cardinal(match[3])}", sure=False, note="a draw, even odds")
    whole = f"{numbers.cardinal(match[1])}又" if match[1] else ""
    top, bottom = (numbers.cardinal(part, er=True) for part in (match[2], match[3]))
    proper = int(match[2]) < int(match[3]) <= 100 and int(match[2]) < 25
    return Said(f"{whole}{bottom}分之{top}", sure=proper, note="a fraction, or a list")


@rule("fraction", r"1\s?[/⁄∕]\s?(\d\.\d+)(?=\s?-?(?:英寸|寸|型|inch|″|\"))")
def sensor(match: re.Match[str]) -> str:
    """1/1.28英寸: the size of an image sensor"""
    return f"{numbers.decimal(match[1])}分之一"


@rule("aperture", rf"[fF]/(\d+(?:\.\d+)?)(?:{SPAN}(?:[fF]/)?(\d+(?:\.\d+)?))?(?![A-Za-z\d])", "letter")
def aperture(match: re.Match[str]) -> str:
    """f/1.8, f/1.6-f/4.0"""
    return f"F {numbers.decimal(match[1])}" + (f"到{numbers.decimal(match[2])}" if match[2] else "")


@rule("list of numbers", rf"({NUMBER})\s?[/⁄∕]\s?(?=\d)")
def listed(match: re.Match[str]) -> str:
    """4/8/16GB, 24/7"""
    return f"{numbers.decimal(match[1])}、"


@rule("ratio", rf"({NUMBER})((?:\s?[:：]\s?{NUMBER})+)(?![\d])")
def ratio(match: re.Match[str]) -> Said:
    """9:1, 16:9, 2:3:5"""
    parts = re.split(r"\s?[:：]\s?", match[0])
    if len(parts) == 2 and follows(match, "开"):
        return Said("".join(map(numbers.decimal, parts)))  # 八二开
    return Said("比".join(numbers.decimal(part) for part in parts), sure=len(parts) == 2, note="a ratio, or a list")


_WON = (
    r"(?:胜|负|平|击败|力克|不敌|赢|输|比分|战平|大胜|完胜|险胜|领先|落后|爆冷|队|以"
    r"|中国|日本|韩国|美国|英国|法国|德国|巴西|阿根廷|西班牙|意大利)"
)


@rule("score", r"(\d{1,2})\s?[-–—]\s?(\d{1,2})(?![\d.:]|[-–—])")
def score(match: re.Match[str]) -> Said | None:
    """3-1击败, 以2-0领先, 中国1-2"""
    if is_counted(match.string, match.end()) or follows(match, r"\s?[个年月日岁线A-Za-z]"):
        return None
    if not (
        precedes(match, rf"{_WON}[是为:：]?\s?")
        or follows(match, r"\s?(?:击败|战胜|大胜|完胜|险胜|逆转|领先|落后|获胜|取胜|告负|战平|力克|不敌)")
    ):
        return None
    return Said(f"{numbers.cardinal(match[1])}比{numbers.cardinal(match[2])}", sure=False, note="a score, or a range")


@rule("code", r"\d(?:-\d){2,}(?![\d.-])")
def dashed_digits(match: re.Match[str]) -> Said:
    """9-9-6"""
    return Said(numbers.digits(match[0].replace("-", "")), sure=False, note="single digits with dashes")


@rule("code", r"\d{4,5}(?<!00)(?=\s?(?:圆柱|芯片|[大小]?电池|电芯|处理器|座舱|平台))")
def part_number(match: re.Match[str]) -> Said:
    """8295芯片, 4680电池: parts are named by digits"""
    return Said(numbers.digits(match[0]), note="the name of a part")


# --- ranges and plain numbers ------------------------------------------------------------------------------------


@rule("range", rf"({NUMBER})\s?{DASH}\s?([-−]?)({NUMBER})(?!\s?{DASH}\s?\d)(\+?)")
def span(match: re.Match[str]) -> Said:
    """3-5倍, 12~23, 2-3年, 5~-3; 100-20=80 is a sum"""
    if follows(match, r"\s?=\s?\d"):
        return Said(f"{numbers.decimal(match[1])}减{_SIGN[match[2]]}{numbers.decimal(match[3])}")
    liang = takes_liang(match.string, match.end())
    er = follows(match, rf"\s?{TAKES_ER}")
    first, last = (numbers.count(match[end], liang=liang) for end in (1, 3))
    if er:
        first, last = (numbers.decimal(match[end], er=True) for end in (1, 3))
    sure = bool(is_counted(match.string, match.end())) or "~" in match[0]
    return Said(
        f"{first}到{_SIGN[match[2]]}{last}{'加' if match[4] else ''}",
        sure=sure,
        note="a range, a score or a number with a dash",
    )


@rule("range", rf"({NUMBER})\s?([到至])\s?({NUMBER})(?!\s?[到至])")
def words_range(match: re.Match[str]) -> str | None:
    """2到3个月 -> 两到三个月: both ends count the same thing"""
    if match[1] != "2" or not takes_liang(match.string, match.end()):
        return None
    return f"两{match[2]}{numbers.count(match[3], liang=True)}"


@rule("version", r"\.\d+(?![\d.])", "symbol")
def point_of_name(match: re.Match[str]) -> str | None:
    """FLUX.2, H.265; the point of Vol.3 only shortens the word"""
    if precedes(match, r"(?<![A-Za-z])(?:Vol|vol|Ch|pp?|Fig|Sec|Eq|Ep|Pt|[Vv]er)"):
        return numbers.cardinal(match[0][1:])
    return f"点{number_in_name(match[0][1:])}" if precedes(match, "[A-Za-z]") else None


@rule("version", r"\d+(?:\.\d+){2,}")
def version(match: re.Match[str]) -> str:
    """2.8.1"""
    return numbers.version(match[0])


@rule("zero first", r"0\d+(?![.\d])")
def zero_first(match: re.Match[str]) -> Said:
    """007, 00"""
    return Said(numbers.digits(match[0]), sure=False, note="digit by digit for its leading zero")


@rule("number", rf"(?P<a>{NUMBER})(?P<plus>\+(?!\s?[\dA-Za-z]))?", "digit symbol")
def number(match: re.Match[str]) -> Said | str:
    """12, 2个, 2000万, .22, 30+种 -> 三十多种, 100+ -> 一百加"""
    said = _counted(match["a"], match.string, match.end())
    if match["plus"]:
        said += "多" if match["a"].endswith("0") and is_counted(match.string, match.end()) else "加"
    long = len(match["a"]) > 9 and match["a"].isdigit()
    return Said(said, sure=False, note="a long number, or a code") if long else said


@rule("digits", r"\d+")
def fallback(match: re.Match[str]) -> Said:
    return Said(numbers.digits(match[0]), sure=False, note="no rule knows this number")


FIRST: tuple[Rule, ...] = (percents, percent, points, ordinal)
BEFORE_NAMES: tuple[Rule, ...] = (aperture, scientific, code, dated_name, times, product, of_each)
RULES: tuple[Rule, ...] = (
    sensor,
    fraction,
    listed,
    ratio,
    score,
    dashed_digits,
    part_number,
    span,
    words_range,
    point_of_name,
    version,
    BARE_YEAR,
    gpu,
    zero_first,
    number,
    fallback,
)
