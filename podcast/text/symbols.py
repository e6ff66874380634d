"""Symbols: what is said, what is a pause, and what nobody would say.

Nothing here deletes what has a sound; a symbol without one is dropped and reported.

    A→B      A 到 B            R&D      R and D          乐奇 & BOLON   乐奇和 Bolon
    ≥5       大于等于五          ±2       正负二            A+轮          A 加轮
    #AI      A I              #键      井号键            @OpenAI      at Open A I
"""

from __future__ import annotations

import re
import unicodedata

from podcast.text import numbers
from podcast.text.latin import BRANDS
from podcast.text.rules import DASH, Line, Rule, Said, follows, is_counted, line_rule, precedes, rule, table

PAUSES = "，、。！？；：…,.!?;:"
SOFT_PAUSE = "，"
LIST_PAUSE = "、"
FULL_STOP = "."

# Rules whose changes nobody needs to check: they are about the writing, not about words.
QUIET = frozenset(
    ("quotation mark", "bracket", "dash", "name dot", "punctuation", "markup", "white space", "width", "hyphen")
)


@rule("white space", r"[ ]+", "symbol")
def space(_match: re.Match[str]) -> str:
    return " "


@rule("quotation mark", r"[“”‘’\"'`´＂＇「」『』《》〈〉«»‹›„‟‚〝〞〟]+", "symbol")
def quote(match: re.Match[str]) -> str | None:
    if match[0] in "'’" and precedes(match, "[A-Za-z]") and follows(match, r"\d\d(?![\dA-Za-z])"):
        return None  # a year: ICLR'26
    return ""


_GLOSS = r"[A-Za-z][^（）()一-龥%]{0,30}"  # in Latin letters: 亚马逊云科技（AWS）达成 is said without a pause


@rule("bracket", r"[（(]", "symbol")
def opening(match: re.Match[str]) -> str:
    gloss = follows(match, rf"{_GLOSS}[）)]") and precedes(match, "[一-龥]")
    return "" if gloss else SOFT_PAUSE


@rule("bracket", r"[）)]", "symbol")
def closing(match: re.Match[str]) -> str:
    """No pause where the sentence runs on with a particle: 智能体（助手）的竞赛."""
    runs_on = precedes(match, rf"[一-龥][（(]{_GLOSS}", 40) or follows(match, r"[的地得上中里内下后前时等]")
    return "" if runs_on else SOFT_PAUSE


@rule("bracket", r"[\[\]{}【】〔〕〖〗]+|</?(?=[A-Za-z][^<>]*>)|(?<=[A-Za-z\"/])/?>(?=[^=\d])", "symbol")
def bracket(_match: re.Match[str]) -> str:
    return SOFT_PAUSE


@line_rule("arrow", r"\s?(?:-+>|=+>|[→⟶➔➜➡⇒⇨↦▶►])\s?", "symbol")
def arrow(match: re.Match[str], line: Line) -> str:
    return "to" if line.is_english(match.start()) else "到"


_COMPARISONS = {row[0]: row[1] for row in table("signs")}
_SYMBOL = "|".join(re.escape(symbol) for symbol in sorted(_COMPARISONS, key=len, reverse=True))


@line_rule("about", r"[≈~∼〜～]\s?(?=[\d$€£¥.])", "symbol")
def about(match: re.Match[str], line: Line) -> str | None:
    """~5万 -> 约五万; but 50 ≈ 49 is 约等于"""
    if precedes(match, r"[\w%）)一-龥Α-ω]\s?") and not precedes(match, r"[是为在达到共有计约价超近]\s?"):
        return None
    return "about" if line.is_english(match.start()) else "约"


@rule("line mark", r"[>#*+\-•·●○◆◇■□▪–—]+\s+", "symbol")
def line_mark(match: re.Match[str]) -> str | None:
    """> a quotation, - a list"""
    return "" if match.start() == 0 else None


@rule("times sign", r"\s?[×✕✖]\s?(?=[^\d\s])", "symbol")
def joint(match: re.Match[str]) -> Said | str | None:
    """Rokid × BOLON -> 和; 8×H100 is 乘"""
    if precedes(match, r"[\d一二三四五六七八九十百千万亿]\s?"):
        return None
    return Said("和", sure=False, note="× between names")


@line_rule("symbol", _SYMBOL, "symbol")
def symbol(match: re.Match[str], line: Line) -> str:
    if line.is_english(match.start()) and match[0] in _ENGLISH:
        return _ENGLISH[match[0]]
    return _COMPARISONS[match[0]]


_ENGLISH = {"%": "percent", "=": "equals", "×": "times", "±": "plus or minus", ">": "greater than", "<": "less than"}


@line_rule("plus", r"\s?[+＋]+\s?", "symbol")
def plus(match: re.Match[str], line: Line) -> str:
    """AI+教育 -> 加; the + of a service's name is English: Disney+, Copilot+"""
    if (
        match[0] == match[0].lstrip()
        and precedes(match, r"[A-Z]?[a-z]{3,}")
        and not follows(match, r"(?<=\+)[A-Za-z0-9]")
    ):
        return "plus"
    if precedes(match, r"\d\s?[万亿千百]") and is_counted(match.string, match.end()):
        return "多"
    if line.is_english(match.start()):
        return "plus"
    return "加" * match[0].count("+")


@rule("ampersand", r"\s?&+\s?", "symbol")
def ampersand(match: re.Match[str]) -> str:
    """Between Latin words "and", else 和."""
    latin = precedes(match, r"[A-Za-z0-9.]") and follows(match, r"[A-Za-z0-9]")
    return "and" if latin else "和"


@rule("at", r"\s?@\s?", "symbol")
def at(match: re.Match[str]) -> str:
    if precedes(match, r"\d[KPpk]\s?") and follows(match, r"\d+\s?(?:fps|FPS|Hz|帧)"):
        return " "  # 4K@120fps
    return "at" if follows(match, r"[A-Za-z0-9]") else "艾特"


@line_rule("number sign", r"#(?=键)|#\s?(\d{1,6})(?![\d.A-Za-z])", "symbol")
def number_sign(match: re.Match[str], line: Line) -> Said | str:
    """#键 -> 井号键, #42 -> 四十二号"""
    if not match[1]:
        return "井号"
    said = numbers.english(match[1]) if line.is_english(match.start()) else None
    return Said(
        f"number {said}" if said else f"{numbers.cardinal(match[1], er=True)}号", sure=False, note="# before a number"
    )


@rule("star", r"\*(?=键)|\s?\*\s?(?=\d)", "symbol")
def star(match: re.Match[str]) -> str | None:
    """*键 -> 星号键, 5*8 -> 五乘八"""
    if follows(match, "键"):
        return "星号"
    return "乘" if precedes(match, r"\d") else None


@rule("markup", r"[*_`~^#|\\]*[*_`#]+|~~", "symbol")
def markup(_match: re.Match[str]) -> str:
    """Markdown's emphasis, the # of a tag, the _ of an identifier"""
    return ""


@rule("list of names", r"\s?[/／∕⁄]+\s?", "symbol")
def slash(match: re.Match[str]) -> str:
    """iOS/Android -> a short pause; 和/或 -> 和或; A/B -> A B"""
    if precedes(match, r"[=＝]\s?[^，。；=]{1,10}"):
        return "除以"  # 准确率=正确数/总数
    if precedes(match, "和") or (precedes(match, r"(?<![A-Za-z0-9])[A-Z]") and follows(match, r"[A-Z](?![A-Za-z0-9])")):
        return ""
    if precedes(match, r"[A-Za-z]") and follows(match, r"\d(?![\d.]*[A-Za-z])"):
        return " "  # HTTP/3
    return LIST_PAUSE


@rule("to", rf"\s?{DASH}\s?(?=\d)", "symbol")
def to(match: re.Match[str]) -> str | None:
    """10亿-15亿 -> 到, 1月6日-9日 -> 至: both ends have a unit"""
    if precedes(match, r"(?:\^\(?-?\d+\)?|[⁰¹²³⁴⁵⁶⁷⁸⁹]|\d[eE]-?\d+)\s?"):  # after a power: 2^32-1, 10^6~10^7
        return "减" if match[0].strip() in "-−" else "到"
    if precedes(match, r"\d\s?[年月日号时点分初末底号]{1,2}(?<!分)"):
        return "至"
    counted = r"\d\s?[万亿千百多余]{0,3}[元美欧日英港个%‰倍岁家人台款名年天周米吨级度瓦克层位次秒]{0,3}(?<!\d)"
    measured = match[0].strip() in "~～∼〜–" and precedes(match, r"\d[A-Za-z/]{1,6}\s?")  # 18B~32B
    versions = match[0].strip() in "~∼〜–" and precedes(match, r"\d\.\d+\s?") and follows(match, r"\d+\.\d")
    return "到" if measured or versions or precedes(match, counted) else None


@line_rule("minus", r"[-−](?=\.?\d|百分之)", "symbol")
def minus(match: re.Match[str], line: Line) -> str | None:
    """-2 -> 负二; not in -词 nor after a letter or digit"""
    if precedes(match, rf"[A-Za-z0-9_)）]|[歼轰]|(?<![一-龥])[运直教强苏图]|{BRANDS}"):
        return None
    return "minus" if line.is_english(match.start()) else "负"


@line_rule("minus", r"\s[-−]\s(?=\d)", "symbol")
def subtraction(match: re.Match[str], line: Line) -> str | None:
    return "减" if precedes(match, r"\d") and "=" in line.text else None


@rule("hyphen", r"[-‐‑]", "symbol")
def hyphen(match: re.Match[str]) -> str | None:
    """GPU-Free is two words; 端-边-云 a list"""
    if precedes(match, r"[一-龥]") and follows(match, r"[一-龥]"):
        return LIST_PAUSE
    return " " if precedes(match, r"[^\s]") and follows(match, r"[^\s\-]") else None


@rule("dash", r"\s?[-−–—‐‑‒―─━~∼〜～⸺|｜¦丨∥]+\s?", "symbol")
def dash(_match: re.Match[str]) -> str:
    return SOFT_PAUSE


@rule("name dot", r"[·・•‧⋅∙･゠]", "symbol")
def name_dot(_match: re.Match[str]) -> str:
    return ""


@rule("pause", r"\.{2,}|[。｡]{2,}|⋯+|‥+", "symbol")
def ellipsis(_match: re.Match[str]) -> str:
    return "…"


@rule("punctuation", r"\.|｡", "symbol")
def full_stop(match: re.Match[str]) -> str:
    """English; the writer makes it 。 after Chinese.  The point of an identifier is said: torch.compile."""
    if precedes(match, r"[A-Za-z0-9_]{2}") and follows(match, r"[a-z_]{2}"):
        return "点"
    return FULL_STOP


@rule("punctuation", r"[,!?;:]|[｢｣､﹐-﹖]", "symbol")
def punctuation(match: re.Match[str]) -> str:
    return match[0] if match[0].isascii() else SOFT_PAUSE


GREEK = dict(
    zip(
        "αβγδεζηθικλμνξοπρστυφχψω",
        [
            "阿尔法",
            "贝塔",
            "伽马",
            "德尔塔",
            "艾普西龙",
            "泽塔",
            "伊塔",
            "西塔",
            "约塔",
            "卡帕",
            "拉姆达",
            "缪",
            "纽",
            "克西",
            "奥密克戎",
            "派",
            "柔",
            "西格马",
            "陶",
            "宇普西龙",
            "斐",
            "希",
            "普西",
            "欧米伽",
        ],
        strict=True,
    )
)


@rule("Greek letter", r"[Α-Ωα-ως](?![Α-Ωα-ωά-ώς])", "symbol")
def greek(match: re.Match[str]) -> str | None:
    """α -> 阿尔法; words in Greek stay"""
    return None if precedes(match, r"[Α-Ωα-ωά-ώ]") else GREEK.get(match[0].lower())


@rule("currency", r"[$€£¥₩₹₿₽]", "symbol")
def currency(match: re.Match[str]) -> str:
    """A sign without an amount: $AAPL is a ticker and its sign silent"""
    if match[0] == "$" and follows(match, r"[A-Za-z]"):
        return ""
    return {"$": "美元", "€": "欧元", "£": "英镑", "¥": "元", "₩": "韩元", "₹": "卢比", "₿": "比特币", "₽": "卢布"}[
        match[0]
    ]


@rule("power", r"\^\(?(-?\d+)\)?|(⁻?)([⁰¹²³⁴⁵⁶⁷⁸⁹]+)", "symbol")
def power(match: re.Match[str]) -> str | None:
    """10^6 -> 十的六次方, x² -> x 的平方, 10⁻⁶ -> 十的负六次方"""
    if not precedes(match, r"[\w)）]"):
        return None
    exponent = match[1] or "-" * len(match[2]) + "".join(str(unicodedata.digit(digit)) for digit in match[3])
    sign, magnitude = ("负", exponent[1:]) if exponent.startswith("-") else ("", exponent)
    return {"2": "的平方", "3": "的立方"}.get(exponent) or f"的{sign}{numbers.cardinal(magnitude, er=True)}次方"


@rule("number character", r".", "symbol")
def number_character(match: re.Match[str]) -> str | None:
    """① -> 一, ½ -> 二分之一, Ⅲ -> 三, 〇 -> 零"""
    if match[0] == "〇":
        return "零"
    value = unicodedata.numeric(match[0], None)
    if value is None:
        return None
    if value >= 0 and value == int(value):
        return numbers.cardinal(str(int(value)), er=True)
    for bottom in (2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 16, 20, 32, 40, 64, 80, 160, 320):
        top = round(value * bottom)
        if abs(top / bottom - value) < 1e-9:
            sign = "负" if top < 0 else ""
            return f"{sign}{numbers.cardinal(str(bottom))}分之{numbers.cardinal(str(abs(top)))}"
    return None


@rule("dropped symbol", r".", "symbol")
def dropped(match: re.Match[str]) -> Said | None:
    """Never a letter of any script, nor a mark on one."""
    if unicodedata.category(match[0])[0] in "LM":
        return None
    return Said("", note=f"{unicodedata.name(match[0], 'symbol').lower()}: nobody would say it")


SIGN_RULES: tuple[Rule, ...] = (space, quote, arrow, opening, closing, bracket, line_mark, about)
RULES: tuple[Rule, ...] = (
    joint, symbol, plus, ampersand, at, number_sign, star, markup, to, subtraction, minus, slash, hyphen, dash,
    name_dot, ellipsis, full_stop, punctuation, greek, currency, power, number_character, dropped,
)  # fmt: skip
