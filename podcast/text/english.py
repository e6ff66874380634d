"""English prose inside or instead of Chinese: titles, quotations.  Its numbers are said in English.

How to build 3 apps in 2025      three, twenty twenty five
a 21st-Century Encore            twenty first
raises $1.5B                     one point five billion dollars
10% of users, 2-3x faster        ten percent, two to three times
"""

from __future__ import annotations

import re

from podcast.text import numbers
from podcast.text.latin import LETTER, say_name
from podcast.text.rules import NUMBER, Line, Rule, Said, line_rule, precedes, rule

_RUN = re.compile(rf"[{LETTER}0-9$€£#][{LETTER}0-9 ,.'’:;!?&%$€£+#@/()–—-]*", re.ASCII)
_WORD = re.compile(rf"[{LETTER}]+(?:['’][a-z]+)?")
_GRAMMAR = frozenset(
    [
        "a",
        "an",
        "the",
        "of",
        "to",
        "in",
        "for",
        "with",
        "and",
        "or",
        "on",
        "at",
        "by",
        "from",
        "is",
        "are",
        "was",
        "were",
        "be",
        "been",
        "has",
        "have",
        "had",
        "will",
        "can",
        "could",
        "how",
        "what",
        "why",
        "who",
        "when",
        "where",
        "its",
        "it's",
        "your",
        "you",
        "we",
        "our",
        "their",
        "this",
        "that",
        "these",
        "into",
        "as",
        "than",
        "about",
        "after",
        "over",
        "under",
        "but",
        "not",
        "new",
        "i'm",
        "i",
        "my",
        "he",
        "she",
        "they",
        "his",
        "her",
    ]
)


def english_spans(text: str) -> tuple[tuple[int, int], ...]:
    """Runs of at least four words that hold together by an English function word."""
    spans = []
    for match in _RUN.finditer(text):
        if match.end() - match.start() < 12:
            continue
        words = _WORD.findall(match[0])
        grammar = [
            word for word in words if word.lower() in _GRAMMAR and word != "i" and (word != "A" or words[0] == "A")
        ]
        if len(words) >= 4 and grammar:
            spans.append(match.span())
    return tuple(spans)


_SCALES = {"k": "thousand", "m": "million", "b": "billion", "t": "trillion"}
_CURRENCIES = {"$": "dollars", "€": "euros", "£": "pounds"}
_TO = r"\s?[-–—]\s?"


def _in_english(match: re.Match[str], line: Line) -> bool:
    return line.is_english(match.start())


def _scale(written: str | None) -> str:
    return f" {_SCALES[written.strip()[0].lower()]}" if written else ""


@line_rule(
    "English money",
    rf"([$€£])\s?({NUMBER})(?:{_TO}[$€£]?({NUMBER}))?(\s?(?:[kKmMbBtT]|bn|mn|thousand|million|billion|trillion)(?![A-Za-z]))?",
    "symbol",
)
def money(match: re.Match[str], line: Line) -> str | None:
    if not _in_english(match, line):
        return None
    amount = numbers.english(match[2]) + (f" to {numbers.english(match[3])}" if match[3] else "")
    return f"{amount}{_scale(match[4])} {_CURRENCIES[match[1]]}"


@rule("English number", r"(\d+)(?:st|nd|rd|th)(?![A-Za-z0-9])")
def ordinal(match: re.Match[str]) -> str:
    """21st, in Chinese text too"""
    return numbers.english_ordinal(match[1])


@line_rule(
    "English number",
    rf"({NUMBER})(?:{_TO}({NUMBER}))?\s?(%|[xX×](?![A-Za-z0-9])|[kKmMbBtT](?![A-Za-z0-9])|(?:mn|bn)(?![A-Za-z0-9]))",
)
def with_unit(match: re.Match[str], line: Line) -> str | None:
    if not _in_english(match, line):
        return None
    amount = numbers.english(match[1]) + (f" to {numbers.english(match[2])}" if match[2] else "")
    if match[3] == "%":
        return f"{amount} percent"
    if match[3] in "xX×":
        return f"{amount} times"
    return f"{amount} {match[3].upper()}" if len(match[3]) == 1 else f"{amount}{_scale(match[3])}"


@line_rule("English number", rf"(\d+(?:\.\d+)*)-?(?=[{LETTER}])([{LETTER}][{LETTER}0-9-]*)")
def with_letters(match: re.Match[str], line: Line) -> Said | None:
    """3D-guided -> three D guided"""
    if not _in_english(match, line):
        return None
    return Said(f"{_number(match[1])} {say_name(match[2], line, english=True).text}")


@line_rule("English number", rf"(\d+(?:[.,]\d+)*)(?:{_TO}(\d+(?:[.,]\d+)*))?(?![\d])")
def number(match: re.Match[str], line: Line) -> str | None:
    if not _in_english(match, line):
        return None
    plain = _number(match[1], year=not precedes(match, r"[$€£]"))
    return f"{plain} to {_number(match[2], year=True)}" if match[2] else plain


def _number(written: str, *, year: bool = False) -> str:
    if year and re.fullmatch(r"(?:1[1-9]|20)\d\d", written):
        return numbers.english_year(written)
    if re.fullmatch(r"\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?", written):
        return numbers.english(written)
    return " point ".join(numbers.english(part) for part in re.split(r"[.,]", written))


RULES: tuple[Rule, ...] = (money, ordinal, with_unit, with_letters, number)
