"""Written Chinese -> spoken Chinese: one pass over the line, the first rule that answers says what stands there.

The order of the rules is the order of certainty: what can only be one thing comes first, plain numbers and dropped
symbols last.  Nothing that was said is read again, so that normalize(normalize(line)) == normalize(line).
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, field

from podcast.text import addresses, counts, dates, english, latin, money, symbols, times, units
from podcast.text.cleaning import clean
from podcast.text.english import english_spans
from podcast.text.lexicon import BUILTIN, Entry, Lexicon
from podcast.text.rules import Line, Rule, Said
from podcast.text.symbols import FULL_STOP, LIST_PAUSE, PAUSES, SOFT_PAUSE

# The reading order, the longest and surest notations first.
RULES: tuple[Rule, ...] = (
    *symbols.SIGN_RULES,
    *english.RULES,
    *addresses.RULES,
    *counts.FIRST,
    *times.RULES,
    *dates.RULES,
    *money.RULES,
    *units.RULES,
    *counts.BEFORE_NAMES,
    *latin.RULES,
    *counts.RULES,
    *symbols.RULES,
)
_BY_START = {start: tuple(rule for rule in RULES if start in rule.starts) for start in ("digit", "letter", "symbol")}

Fixed = tuple[int, int, Entry]  # a place of the written line, and how it is read

# What is said as it is written: Han, kana and other letters without case, and pauses.
_PLAIN = re.compile(
    r"[\u4e00-\u9fff\u3400-\u4dbf\u3005\u3041-\u3096\u309d-\u309f\u30a1-\u30fa\u30fc-\u30ff\uac00-\ud7a3，。！？；：、…]+"
)
_LETTER = re.compile(f"[{latin.LETTER}]")
_NUMERALS = frozenset("零一二三四五六七八九十百千万亿两点")


@dataclass(frozen=True, slots=True)
class Change:
    """A place where spoken differs from written."""

    start: int  # span in the written line
    end: int
    written: str
    spoken: str  # "" = dropped
    rule: str  # the rule or the lexicon entry that said it
    sure: bool
    note: str = ""


@dataclass(frozen=True, slots=True)
class Reading:
    """A line as it is said, and where that differs from what is written (in order, without overlap)."""

    spoken: str
    changes: tuple[Change, ...]
    fixed: tuple[tuple[int, Entry], ...] = ()  # where in `spoken` the pinyin that was given begins, in order


def normalize(text: str, lexicon: Lexicon = BUILTIN) -> str:
    """What is said for one written line: letters, marks and pauses only, no digit and no symbol."""
    return read(text, lexicon).spoken


def read(text: str, lexicon: Lexicon = BUILTIN, fixed: Sequence[Fixed] = ()) -> Reading:
    """What is said for one written line, with every change and the rule behind it.

    `fixed`: places of the line whose reading a person gave, in order and apart; no rule reaches into one.
    """
    cleaned, places = clean(text)
    line = Line(cleaned, lexicon, english_spans(cleaned))
    given = _placed(fixed, places)
    # Where something stands that no rule reads: position -> entry, end, whether a person gave it.
    terms = {start: (entry, start + len(entry.term), False) for start, entry in lexicon.han_terms(cleaned).items()}
    terms = {start: term for start, term in terms.items() if all(term[1] <= a or b <= start for a, b, _ in given)}
    terms |= {start: (entry, end, True) for start, end, entry in given}
    starts = sorted(terms)
    writer = _Writer(text, places)
    position, size = 0, len(cleaned)
    while position < size:
        if position in terms:
            entry, end, is_given = terms[position]
            writer.term(entry, position, end, is_given=is_given)
        else:
            place = bisect_left(starts, position)
            until = starts[place] if place < len(starts) else size
            plain = _PLAIN.match(cleaned, position, until)
            if plain:
                end = plain.end()
                writer.keep(plain[0], position, end)
            else:
                barrier = next((start for start, _, _ in given if start > position), size)
                end = _read_at(line, position, barrier, writer)
        position = end
    return writer.reading()


def _placed(fixed: Sequence[Fixed], places: Sequence[int] | None) -> list[tuple[int, int, Entry]]:
    """Start and end in the cleaned line; where a place has nothing that can be seen, it has no reading either."""
    if places is None:
        return [*fixed]
    found = ((bisect_left(places, start), bisect_left(places, end), entry) for start, end, entry in fixed)
    return [(start, end, entry) for start, end, entry in found if start < end]


def _read_at(line: Line, position: int, barrier: int, writer: _Writer) -> int:
    """Say what stands at `position`, and no further than `barrier`; the position after it."""
    entry = line.lexicon.phrase(line.text, position)
    if entry is not None and position + len(entry.term) <= barrier:
        end = position + len(entry.term)
        writer.term(entry, position, end, is_given=False)
        return end
    for rule in _BY_START[_kind(line.text[position])]:
        match = rule.pattern.match(line.text, position, barrier)
        if match is None or match.end() == position:
            continue
        said = rule.say(match, line)
        if said is not None:
            writer.say(said if isinstance(said, Said) else Said(said), position, match.end(), rule.name)
            return match.end()
    writer.keep(line.text[position], position, position + 1)
    return position + 1


def _kind(character: str) -> str:
    if character.isascii():
        return "digit" if character.isdigit() else "letter" if character.isalpha() else "symbol"
    if _LETTER.match(character):
        return "letter"
    return "symbol"


@dataclass(slots=True)
class _Writer:
    """Joins what is said: one space at most, none inside Chinese, a pause never beside another."""

    text: str
    places: list[int] | None
    parts: list[str] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)
    pending: str = ""  # a space or pause that waits for something to follow it
    replaced: bool = False  # was the last part no plain text
    fixed: list[tuple[int, Entry]] = field(default_factory=list)

    def term(self, entry: Entry, start: int, end: int, *, is_given: bool) -> None:
        rule = "given" if is_given else f"lexicon: {entry.term}"
        self.say(Said(entry.spoken, rule=rule), start, end, rule)
        if is_given and entry.pinyin:
            self.fixed.append((sum(map(len, self.parts)) - len(entry.spoken), entry))

    def keep(self, spoken: str, start: int, end: int) -> None:
        self._append(spoken, replaced=False)
        if self.places is not None:
            self._record(Said(spoken), start, end, "width")

    def say(self, said: Said, start: int, end: int, rule: str) -> None:
        if said.text in ("", " ", SOFT_PAUSE, LIST_PAUSE):
            self.pending = max(self.pending, said.text, key=_weight)
        else:
            if said.text == FULL_STOP and self.parts:
                said = said._replace(text=_full_stop_after(self.parts[-1][-1]))
            if said.text:
                self._append(said.text, replaced=True)
        self._record(said, start, end, rule)

    def _append(self, spoken: str, *, replaced: bool) -> None:
        if self.parts and spoken[0] not in PAUSES:
            last = self.parts[-1][-1]
            both = replaced and self.replaced
            self.parts.append(_between(last, spoken[0], self.pending, either=replaced or self.replaced, both=both))
            if not self.parts[-1]:
                self.parts.pop()
        self.pending = ""
        self.parts.append(spoken)
        self.replaced = replaced

    def _record(self, said: Said, start: int, end: int, rule: str) -> None:
        if self.places is not None:
            start, end = self.places[start], self.places[end - 1] + 1
        spoken, rule, sure = said.text, said.rule or rule, said.sure
        if self.changes and start < self.changes[-1].end:  # one character became several: ㏄ is cc
            before = self.changes.pop()
            start, spoken, rule, sure = before.start, before.spoken + spoken, before.rule, sure and before.sure
        written = self.text[start:end]
        if written != spoken:
            self.changes.append(Change(start, end, written, spoken, rule, sure, said.note))

    def reading(self) -> Reading:
        return Reading("".join(self.parts), tuple(self._with_unseen()), tuple(self.fixed))

    def _with_unseen(self) -> list[Change]:
        """The changes, and the invisible characters outside them that `clean` took away."""
        if self.places is None:
            return self.changes
        told = {place for change in self.changes for place in range(change.start, change.end)}
        unseen = set(range(len(self.text))) - set(self.places) - told
        gone = [Change(at, at + 1, self.text[at], "", "invisible character", sure=True) for at in unseen]
        return sorted([*self.changes, *gone], key=lambda change: change.start)


def _full_stop_after(character: str) -> str:
    """A point ends an English sentence; after Chinese it is 。 and after another pause nothing."""
    if character in PAUSES:
        return ""
    return FULL_STOP if _is_latin(character) else "。"


def _weight(pending: str) -> int:
    return ("", " ", LIST_PAUSE, SOFT_PAUSE).index(pending)


def _between(left: str, right: str, pending: str, *, either: bool, both: bool) -> str:
    """What stands between two parts, of which `either` or `both` are not as written.

    Letters never touch, so that no new word arises; Chinese needs no space; two numbers are kept apart by a pause.
    """
    if pending in (SOFT_PAUSE, LIST_PAUSE) and left not in PAUSES:
        return pending
    if pending and both and left in _NUMERALS and right in _NUMERALS:
        return SOFT_PAUSE
    latin_left, latin_right = _is_latin(left), _is_latin(right)
    if latin_left and latin_right:
        return " "
    if not pending or not (latin_left or latin_right or not either) or (left in PAUSES and not latin_left):
        return ""
    return " "


def _is_latin(character: str) -> bool:
    return character.isascii() or _LETTER.match(character) is not None
