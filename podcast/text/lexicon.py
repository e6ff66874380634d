"""Our pronunciation overrides: term -> how to say it, as other words or as pinyin.

    OpenAI = "Open A I"          other words; letters that are spelled stand apart
    重塑 = "chong2 su4"          pinyin of a Han term: one syllable a character, for the g2p
    Qwen = "qian1 wen4"          pinyin of any other term: it is said with Han characters of just that sound

A term matches between ASCII word boundaries, so that OpenAI is found in `OpenAI与` and Meta not in `Metadata`; the
longest term wins.  A term in capitals only, or in small letters only, matches as it is written (US is not us); any
other matches in any case.  In the built-in table, data/lexicon.tsv, the third column says so for every term; there
"any" lets initialisms be written in small letters too (gpu), but not with one capital (San is not SAN).
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import lru_cache
from pathlib import Path

from podcast.errors import LexiconError
from podcast.text.respelling import homophones
from podcast.text.rules import alternation, table

_HAN = re.compile(r"[㐀-䶿一-鿿豈-﫿𠀀-𲎯〇]+")
_CHUNK = re.compile(r"[A-Za-z0-9]+|.", re.DOTALL)
_SYLLABLE = re.compile(r"([a-zü:]+)([1-5])")
# TOML 1.0 wants quotes around a key that is not ASCII; people write 重塑 = "chong2 su4".
_BARE_KEY = re.compile(r"^([^\s\"'#=\[\].]*[^\x00-\x7f][^\s\"'#=\[\].]*)(\s*=)", re.MULTILINE)
_UNSPEAKABLE = re.compile(r"[^\w\s'’，。、]|[\d_]")


@dataclass(frozen=True, slots=True)
class Entry:
    term: str
    spoken: str  # what is written in its place
    exact: bool  # matches only in this case
    pinyin: tuple[str, ...] = ()  # of `spoken`, where the lexicon says it
    where: str = ""  # file, and line where known


@dataclass(frozen=True, slots=True)
class Lexicon:
    """Entries by term, and what is derived from them to find them fast."""

    entries: Mapping[str, Entry]
    readings: Mapping[str, tuple[str, ...]]  # Han term -> its syllables ("zhong4"), for the g2p
    _words: Mapping[str, Entry] = field(repr=False)  # terms that are one run of letters, as they may be written
    _folded: Mapping[str, Entry] = field(repr=False)  # those that match in any case, folded
    _phrases: Mapping[str, tuple[Entry, ...]] = field(repr=False)  # other terms by first chunk, the longest first
    _han: re.Pattern[str] | None = field(repr=False)  # terms that start with Han and are said with other characters

    @classmethod
    def of(cls, entries: Iterable[Entry]) -> Lexicon:
        by_term = {entry.term: entry for entry in entries}
        words: dict[str, Entry] = {}
        folded: dict[str, Entry] = {}
        phrases: dict[str, list[Entry]] = {}
        han: list[str] = []
        for entry in sorted(by_term.values(), key=lambda entry: (-len(entry.term), entry.term)):
            if entry.term.isascii() and entry.term.isalpha():
                words[entry.term] = entry
                if entry.term.isupper() and not entry.exact:
                    words.setdefault(entry.term.lower(), entry)
                elif not entry.exact:
                    folded.setdefault(entry.term.casefold(), entry)
            elif _HAN.match(entry.term):
                if entry.spoken != entry.term:
                    han.append(entry.term)
            else:
                chunk = _CHUNK.match(entry.term)
                phrases.setdefault(chunk[0].casefold() if chunk else "", []).append(entry)
        readings = {entry.spoken: entry.pinyin for entry in by_term.values() if entry.pinyin}
        return cls(
            by_term,
            readings,
            words,
            folded,
            {chunk: tuple(found) for chunk, found in phrases.items()},
            re.compile(alternation(tuple(han))) if han else None,
        )

    def extended(self, other: Lexicon) -> Lexicon:
        """Both lexicons; `other` wins where they differ, whatever the case of its term."""
        folded = {term.casefold() for term, entry in other.entries.items() if not entry.exact}
        kept = (entry for term, entry in self.entries.items() if term.casefold() not in folded)
        return Lexicon.of([*kept, *other.entries.values()])

    def word(self, written: str) -> Entry | None:
        """The entry for a whole run of letters."""
        return self._words.get(written) or self._folded.get(written.casefold())

    def phrase(self, text: str, position: int) -> Entry | None:
        """The longest term at `position` that is more than a run of letters: with digits, symbols or spaces."""
        chunk = _CHUNK.match(text, position)
        for entry in self._phrases.get(chunk[0].casefold(), ()) if chunk else ():
            end = position + len(entry.term)
            written = text[position:end]
            same = written == entry.term or (not entry.exact and written.casefold() == entry.term.casefold())
            if same and _is_bounded(text, position, end):
                return entry
        return None

    def han_terms(self, text: str) -> dict[int, Entry]:
        """Where in the text terms stand that start with Han and are said otherwise: position -> entry."""
        if self._han is None:
            return {}
        found = ((match.start(), match.end(), match[0]) for match in self._han.finditer(text))
        return {start: self.entries[term] for start, end, term in found if _is_bounded(text, start, end)}


def _is_bounded(text: str, start: int, end: int) -> bool:
    return not (_is_word(text[start]) and _is_word(text[start - 1 : start])) and not (
        _is_word(text[end - 1]) and _is_word(text[end : end + 1])
    )


def _is_word(character: str) -> bool:
    return character.isascii() and character.isalnum()


# --- reading a lexicon ------------------------------------------------------------------------------------------


def load_lexicon(terms: Mapping[str, str], *, where: str, lines: Mapping[str, int] | None = None) -> Lexicon:
    """A lexicon of term -> reading.  `where` names its source in errors, `lines` the line of each term.

    Raises LexiconError for an empty term or reading, a wrong syllable, a wrong number of syllables, and a reading that
    itself would have to be read (digits, symbols).
    """
    entries = []
    for term, reading in terms.items():
        place = f"{where}:{lines[term]}" if lines and term in lines else f"{where}: {term}"
        exact = term.isupper() or term.islower()
        entries.append(entry(term.strip(), reading.strip(), exact=exact, where=place))
    return Lexicon.of(entries)


def read_lexicon(path: Path) -> Lexicon:
    """A lexicon file: TOML (term = "reading", at the top or in a table [lexicon]) or lines of term TAB reading.

    Raises LexiconError where the file cannot be read or an entry is wrong.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise LexiconError(f"the lexicon cannot be read: {error}", where=str(path)) from error
    terms, lines = _toml(text, path) if path.suffix == ".toml" else _tsv(text, path)
    return load_lexicon(terms, where=str(path), lines=lines)


def _tsv(text: str, path: Path) -> tuple[dict[str, str], dict[str, int]]:
    terms: dict[str, str] = {}
    lines: dict[str, int] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip() or line.startswith("# "):
            continue
        term, tab, rest = line.partition("\t")
        if not tab:
            raise LexiconError("a term and its reading must be parted by a tab", where=f"{path}:{number}")
        terms[term] = rest.split("\t")[0]
        lines[term] = number
    return terms, lines


def _toml(text: str, path: Path) -> tuple[dict[str, str], dict[str, int]]:
    try:
        parsed = tomllib.loads(_BARE_KEY.sub(r'"\1"\2', text))
    except tomllib.TOMLDecodeError as error:
        raise LexiconError(f"this is not TOML: {error}", where=str(path)) from error
    terms = parsed.get("lexicon", parsed)
    lines: dict[str, int] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        lines.setdefault(line.partition("=")[0].strip().strip("\"'"), number)
    for term, reading in terms.items():
        if not isinstance(reading, str):
            where = f"{path}:{lines.get(term, 1)}"
            raise LexiconError(f"the reading of {term} must be text", where=where, hint=f'Write "{term}" = "...".')
    return terms, lines


def entry(term: str, reading: str, *, exact: bool, where: str) -> Entry:
    """The entry of a term and a reading.  Raises LexiconError, as `load_lexicon` does."""
    if not term or not reading:
        raise LexiconError("a term and a reading must not be empty", where=where)
    tokens = [token.replace("u:", "v").replace("ü", "v") for token in reading.split()]
    matches = [_SYLLABLE.fullmatch(token) for token in tokens]
    if all(matches):
        pinyin = tuple(_checked(token, term, where) for token in tokens)
        if not _HAN.fullmatch(term):
            return Entry(term, "".join(map(_character, pinyin)), exact, pinyin, where)
        if len(pinyin) != len(term):
            raise LexiconError(
                f"{term} has {len(term)} characters and its pinyin {len(pinyin)} syllables: {reading}", where=where
            )
        return Entry(term, term, exact, pinyin, where)
    if _UNSPEAKABLE.search(reading):
        raise LexiconError(
            f"the reading of {term} has digits or symbols: {reading}",
            where=where,
            hint='Write words as they are said, or pinyin with a tone digit for every syllable, such as "chong2 su4".',
        )
    return Entry(term, reading, exact, (), where)


def _checked(syllable: str, term: str, where: str) -> str:
    if syllable[:-1] not in syllables():
        near = get_close_matches(syllable[:-1], sorted(syllables()), n=4, cutoff=0.5)
        raise LexiconError(
            f"{syllable} in the reading of {term} is no Mandarin syllable",
            where=where,
            hint=f"Near ones: {', '.join(syllable_ + syllable[-1] for syllable_ in near)}." if near else None,
        )
    return syllable


@lru_cache(maxsize=1)
def syllables() -> frozenset[str]:
    """Mandarin's syllables without tone, v = ü."""
    return frozenset(syllable for row in table("syllables") for syllable in row[0].split())


def _character(syllable: str) -> str:
    """A common character with this sound.  Where none has the tone, one of another: the pinyin goes along anyway."""
    tones = [syllable, *(syllable[:-1] + tone for tone in "14235")]
    return next((homophones()[tone] for tone in tones if tone in homophones()), "")


def _builtin() -> Lexicon:
    rows = table("lexicon")
    return Lexicon.of(entry(row[0], row[1], exact=row[2] == "exact", where="lexicon.tsv") for row in rows)


BUILTIN = _builtin()
