"""Latin letters inside Chinese: words, initialisms, and names with numbers.

OpenAI           Open A I          CamelCase is split, initialisms are spelled
AWS, mcp         A W S, M C P      spelled: capitals, and letters that no one could say
NASA             Nasa              the lexicon knows those that are said as words
DeepSeek-V3.2    Deep Seek V 三点二  a hyphen is never minus between a name and a number
H100, RTX 5090   H 一百, R T X 五零九零  hundreds and thousands as a number, other long numbers digit by digit
B2B, text2sql    B to B, text to sql
70B, 3D, 4K      七十 B, 三 D, 四 K
"""

from __future__ import annotations

import re

from podcast.text import numbers
from podcast.text.rules import Line, Rule, Said, alternation, is_counted, line_rule, precedes, rule, table

LETTER = "A-Za-zÀ-ÖØ-öø-ɏ"
_PIECE = re.compile(rf"[{LETTER}]+(?:['’](?:s|t|re|ve|ll|d|m|S)(?![{LETTER}]))?|\d+(?:\.\d+)*|.", re.ASCII)
_CAMEL = re.compile(r"AI(?=[a-z])|[A-Z]{2,}(?=[a-z]\b)|[A-Z]+(?![a-z])|[A-Z]?[^A-Z]+|[A-Z]+")
_VOWEL = re.compile(r"[AEIOUYaeiouyÀ-ÖØ-öø-ɏ]")
_SAYABLE = re.compile(r"(?:[^AEIOU]{0,2}[AEIOUY]{1,2})+[^AEIOUY]{0,2}")  # syllables a stranger would make of it
_CONSONANT_VOWEL = re.compile(r"(?:[^AEIOU][AEIOUY]){2,}[^AEIOU]?")

# Between businesses, consumers, governments, offline and online, peers, agents, vehicles; text to image and the like
_EXCHANGE = re.compile(r"[BCG]2[BCGMS]|[ODPAEFMS]2[ODPAEFMS]|D2C|S2B|V2[XVGLIHP]|[TISA]2[TIVSAM]|[tb]2[bc]")

BRANDS = alternation([row[0] for row in table("brands")])
# Tiers of processors, after which a number with a letter is a model: Ultra 7 258V
TIER = r"(?:Ultra|Core|Ryzen|酷睿|锐龙|i|R)\s?[3579][ -]"

# name: letters, then letters, digits and version points, then more of them after hyphens
_TAIL = (
    rf"(?:[{LETTER}0-9]|(?<=\d)\.(?=\d)|[-_‑](?=[{LETTER}0-9]))*(?:(?<![0-9])['’](?:s|t|re|ve|ll|d|m|S)(?![{LETTER}]))?"
)
NAME = rf"[{LETTER}]{_TAIL}"


def spell(letters: str) -> str:
    return " ".join(letters.upper())


def say_word(written: str, line: Line) -> Said:
    """A run of letters without digits."""
    stem, apostrophe, ending = written.replace("’", "'").partition("'")
    said = _stem(stem, line)
    return said._replace(text=said.text + apostrophe + ending) if apostrophe else said


def _stem(written: str, line: Line) -> Said:
    entry = line.lexicon.word(written)
    if entry is not None:
        return Said(entry.spoken, rule=f"lexicon: {entry.term}")
    if len(written) == 1:
        return Said(written, rule="letter")
    if written.isupper():
        return _capitals(written)
    if written[1:].islower():
        return Said(written, rule="word") if _VOWEL.search(written) else Said(spell(written), rule="spelled")
    parts = _CAMEL.findall(written)
    if len(parts) == 1:
        return Said(written, rule="word")
    said = [_stem(part, line) for part in parts]
    return Said(" ".join(part.text for part in said), all(part.sure for part in said), rule="joined words")


def _capitals(written: str) -> Said:
    """Capitals that no lexicon knows."""
    if not _VOWEL.search(written) or len(written) <= 3:
        return Said(spell(written), rule="spelled")
    if len(written) < 8 and not _SAYABLE.fullmatch(written):  # longer ones are words: STRANDING
        return Said(spell(written), rule="spelled")
    if len(written) > 4 or _CONSONANT_VOWEL.fullmatch(written):
        return Said(
            written.capitalize(), sure=False, note="capitals that can be said as a word", rule="word in capitals"
        )
    return Said(spell(written), sure=False, note="capitals that no lexicon knows", rule="spelled")


def number_in_name(written: str) -> str:
    """The number of a product: H100 is 一百, GB200 二百, 5090 五零九零, A320 三二零, V3.2 三点二, 0324 零三二四."""
    if "." in written:
        whole, _, rest = written.partition(".")
        if "." in rest:
            return numbers.version(written)
        return f"{number_in_name(whole)}点{numbers.digits(rest)}"
    if (
        len(written) < 3
        or (len(written) == 3 and written.endswith("00"))
        or (len(written) == 4 and written.endswith("000"))
    ):
        return numbers.cardinal(written, er=True)
    return numbers.digits(written)


@rule("rating", r"IP(\d\d)(K?)(?![A-Za-z0-9.])", "letter")
def ingress(match: re.Match[str]) -> str:
    """IP68: one digit for dust and one for water (IEC 60529)"""
    return f"I P {numbers.digits(match[1])}{' K' * len(match[2])}"


def say_name(written: str, line: Line, *, english: bool = False) -> Said:
    """A name of letters and digits, hyphens and points."""
    pieces = _PIECE.findall(written)
    said: list[Said] = []
    for place, piece in enumerate(pieces):
        if not piece[0].isalnum():
            continue
        if piece in "xX" and _joins_numbers(pieces, place):
            said.append(Said("乘"))
            continue
        if not piece[0].isdigit():
            said.append(say_word(piece, line))
        elif piece == "2" and _joins_words(pieces, place):
            said.append(Said("to"))
        else:
            said.append(Said(numbers.english(piece) if english and piece.count(".") < 2 else number_in_name(piece)))
    text = " ".join(part.text for part in said)
    unsure = next((part for part in said if not part.sure), None)
    alone = said[0].rule if len(said) == 1 else "name"
    return Said(text, unsure is None, unsure.note if unsure else "", alone)


def _joins_numbers(pieces: list[str], place: int) -> bool:
    """8x7B"""
    return 0 < place < len(pieces) - 1 and pieces[place - 1][0].isdigit() and pieces[place + 1][0].isdigit()


def _joins_words(pieces: list[str], place: int) -> bool:
    """B2B, text2sql: a 2 between two single capitals or two words in small letters."""
    if not 0 < place < len(pieces) - 1:
        return False
    left, right = pieces[place - 1], pieces[place + 1]
    return _EXCHANGE.fullmatch(f"{left}2{right}") is not None or (
        left.islower() and right.islower() and min(len(left), len(right)) > 2
    )


@rule("initials with points", r"(?:[A-Z]\.){2,}(?![a-z])|[A-Z]\.[A-Z](?![A-Za-z0-9.])", "letter")
def initials(match: re.Match[str]) -> str:
    """U.S. -> U S"""
    return spell(match[0].replace(".", ""))


@rule("ordinal", r"(?:No|NO|no)\.\s?(\d+)", "letter")
def number_sign(match: re.Match[str]) -> str:
    """No.1 -> 第一"""
    return f"第{numbers.cardinal(match[1], er=True)}"


_ROMAN = {"II": "二", "III": "三", "VII": "七", "VIII": "八", "IV": "四", "VI": "六", "IX": "九"}


@line_rule("Roman number", r"(VIII|VII|VI|IV|IX|III|II)(?![A-Za-z0-9.+#])", "letter")
def roman(match: re.Match[str], line: Line) -> str | None:
    """阿尔忒弥斯III -> 三; IV and VI only after a word, as they are initialisms too"""
    if line.is_english(match.start()) or (match[1] in ("IV", "VI", "IX") and not precedes(match, r"[a-z]\s")):
        return None
    return _ROMAN[match[1]]


@line_rule("name", NAME, "letter")
def name(match: re.Match[str], line: Line) -> Said:
    return say_name(match[0], line, english=line.is_english(match.start()))


# A number first.  K M B T G count things (671B parameters, 128K tokens); other letters belong to a product.
@line_rule("name", rf"(\d+(?:\.\d+)*)([-‑]?)(?=[{LETTER}])({_TAIL})")
def number_first(match: re.Match[str], line: Line) -> Said:
    """70B -> 七十 B, 1080p -> 一零八零 P, 4090D -> 四零九零 D, 7B-Instruct -> 七 B Instruct"""
    number, tail = match[1], match[3]
    rest = say_name(tail, line)
    branded = precedes(match, rf"(?:{BRANDS})[ -]?|{TIER}")
    counts = re.match(rf"[KMBTGkWw](?![{LETTER}])", tail) and number.count(".") < 2 and not match[2] and not branded
    said = numbers.decimal(number, er=True) if counts else number_in_name(number)
    if tail[:1] in "pki" and rest.text[:1] == tail[:1] and len(rest.text.split()[0]) == 1:
        rest = rest._replace(text=rest.text[0].upper() + rest.text[1:])
    return Said(f"{said} {rest.text}", rest.sure, rest.note)


@rule("number of a product", r"\d+(?:\.\d+)*(?![\d.]*[A-Za-z]|,\d{3}|[:：]\d)")
def product(match: re.Match[str]) -> str | None:
    """Claude 3.5 -> 三点五, RTX 5090 -> 五零九零, 骁龙8 -> 八, 沪深300 -> 三百; but not AI 5000 万"""
    if is_counted(match.string, match.end()):
        return None
    if precedes(match, rf"[A-Za-z][+]?[ -]?|(?:{BRANDS})[ -]?"):
        return number_in_name(match[0])
    return None


RULES: tuple[Rule, ...] = (ingress, initials, number_sign, roman, name, number_first, product)
