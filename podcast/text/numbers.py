"""Numbers in words, in Chinese and in English.

Chinese follows what newsreaders do: 两 before 千 万 亿 and in a bare 200, 二 elsewhere (现代汉语八百词); one 零 for
any gap.

>>> cardinal("10010"), cardinal("2000"), cardinal("230"), decimal("1,299.50"), digits("2025")
('一万零一十', '两千', '二百三十', '一千二百九十九点五零', '二零二五')
>>> english("2025"), english_year("2025"), english_ordinal("21")
('two thousand twenty five', 'twenty twenty five', 'twenty first')
"""

from __future__ import annotations

from decimal import Decimal

CHINESE = "零一二三四五六七八九"
_DIGITS = str.maketrans("0123456789", CHINESE)
_PHONE = str.maketrans("0123456789", "零幺二三四五六七八九")
_LONGEST = 16  # digits: 亿亿 is said by nobody


def digits(written: str) -> str:
    """One after another: 5090 is 五零九零."""
    return written.translate(_DIGITS)


def phone_digits(written: str) -> str:
    """One after another with 幺 for 1, as numbers that are dialled are said."""
    return written.translate(_PHONE)


def _below_ten_thousand(value: int, *, leads: bool, er: bool) -> str:
    """`leads`: nothing is said before it, so 10 to 19 are 十 and not 一十."""
    if value == 200 and leads:
        return "二百" if er else "两百"
    said, gap = "", False
    for weight, unit in ((1000, "千"), (100, "百"), (10, "十"), (1, "")):
        digit = value // weight % 10
        if not digit:
            gap = bool(said)
            continue
        if gap:
            said += "零"
            gap = False
        if unit == "十" and digit == 1 and leads and not said:
            said += unit
        else:
            said += ("两" if digit == 2 and unit == "千" else CHINESE[digit]) + unit
    return said


def _integer(value: int, *, leads: bool = True, er: bool = False) -> str:
    for weight, unit in ((10**8, "亿"), (10**4, "万")):
        if value >= weight:
            high, low = divmod(value, weight)
            said = "两" if high == 2 and leads else _integer(high, leads=leads)
            said += unit
            if low:
                said += ("零" if low < weight // 10 else "") + _integer(low, leads=False)
            return said
    return _below_ten_thousand(value, leads=leads, er=er)


def cardinal(written: str, *, er: bool = False) -> str:
    """A whole number.  `er`: a bare 200 is 二百 (第二百, H二百).  Leading zeros and long numbers go by digits."""
    plain = written.replace(",", "")
    if len(plain) > _LONGEST or (len(plain) > 1 and plain[0] == "0"):
        return digits(plain)
    return _integer(int(plain), er=er) or CHINESE[0]


def decimal(written: str, *, er: bool = False) -> str:
    """A number with or without a decimal point, sign apart."""
    whole, point, fraction = written.partition(".")
    if not point:
        return cardinal(whole, er=er)
    if len(whole) > 1 and whole[0] == "0":
        return f"{digits(whole)}点{digits(fraction)}"
    return f"{cardinal(whole or '0', er=True)}点{digits(fraction)}"


def count(written: str, *, liang: bool) -> str:
    """A number of things; `liang` where a single 2 is 两."""
    return "两" if liang and written == "2" else decimal(written)


def version(written: str) -> str:
    """Parts of a version or an address: 2.8.1 is 二点八点一, 127.0.0.1 is 一二七点零点零点一."""
    return "点".join(cardinal(part) if len(part) < 3 else digits(part) for part in written.split("."))


def scaled(written: str, factor: int) -> str:
    """A number times 1000, a million ... in Chinese magnitudes: 1.5 x 10**9 is 十五亿."""
    value = Decimal(written.replace(",", "")) * factor
    for weight, unit in ((10**12, "万亿"), (10**8, "亿"), (10**4, "万")):
        if value >= weight:
            return count(f"{(value / weight).normalize():f}", liang=True) + unit
    return decimal(f"{value.normalize():f}")


# --- English ----------------------------------------------------------------------------------------------------

_ONES = [
    "zero",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
]
_TENS = ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]
_SCALES = ((10**12, "trillion"), (10**9, "billion"), (10**6, "million"), (1000, "thousand"), (100, "hundred"))
_ORDINALS = {
    "one": "first",
    "two": "second",
    "three": "third",
    "five": "fifth",
    "eight": "eighth",
    "nine": "ninth",
    "twelve": "twelfth",
}


def _english(value: int) -> str:
    for weight, name in _SCALES:
        if value >= weight:
            high, low = divmod(value, weight)
            return f"{_english(high)} {name}" + (f" {_english(low)}" if low else "")
    if value < 20:
        return _ONES[value]
    tens, ones = divmod(value, 10)
    return _TENS[tens - 2] + (f" {_ONES[ones]}" if ones else "")


def english_digits(written: str) -> str:
    return " ".join(_ONES[int(digit)] for digit in written)


def english(written: str) -> str:
    """A number in English words, without hyphens (engines read both alike, and no hyphen is left to be said)."""
    whole, point, fraction = written.replace(",", "").partition(".")
    if len(whole) > _LONGEST - 1 or (len(whole) > 1 and whole[0] == "0"):
        said = english_digits(whole)
    else:
        said = _english(int(whole or "0"))
    return f"{said} point {english_digits(fraction)}" if point else said


def english_year(written: str) -> str:
    """1995 is nineteen ninety five, 2008 is two thousand eight, 1900 is nineteen hundred."""
    value = int(written)
    century, year = divmod(value, 100)
    if value % 1000 < 10:
        return _english(value)
    if not year:
        return f"{_english(century)} hundred"
    return f"{_english(century)} {'oh ' if year < 10 else ''}{_english(year)}"


def english_ordinal(written: str) -> str:
    """21 is twenty first."""
    head, _, last = english(written).rpartition(" ")
    last = _ORDINALS.get(last) or (last[:-1] + "ieth" if last.endswith("y") else last + "th")
    return f"{head} {last}".strip()
