"""Does the script say what the digest says?  Numbers, dates and names, compared as they are spoken.

Every number and every Latin name of the digest must be said as often as the digest has it, and no number may be said
that the digest lacks.  What the script adds of its own (the greeting's date, "第一条") is given apart and allowed.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from podcast.text.lexicon import BUILTIN, Lexicon
from podcast.text.normalize import normalize

_NUMBER = re.compile(
    r"[零一二三四五六七八九十百千万亿两点]*[零一二三四五六七八九十两幺][零一二三四五六七八九十百千万亿两幺点]*"
)
_NAME = re.compile(r"[A-Z](?: [A-Z])*(?![A-Za-zÀ-ɏ'])|[A-Za-zÀ-ɏ]+(?:'[A-Za-z]+)?")


@dataclass(frozen=True, slots=True)
class Fact:
    kind: Literal["number", "name"]
    spoken: str
    where: str  # the beginning of the text that has it

    def __str__(self) -> str:
        return f"{self.kind} {self.spoken} (in: {self.where})"


@dataclass(frozen=True, slots=True)
class Fidelity:
    missing: tuple[Fact, ...]  # in the digest, and not said
    added: tuple[Fact, ...]  # said, and not in the digest

    @property
    def holds(self) -> bool:
        return not self.missing and not self.added


def numbers_said(spoken: str) -> tuple[str, ...]:
    """The numbers of a spoken text, in order: runs of numerals, with the point in them."""
    return tuple(match.strip("点") for match in _NUMBER.findall(spoken))


def names_said(spoken: str) -> tuple[str, ...]:
    """The Latin words of a spoken text, in order, without case; letters that are spelled in a row are one."""
    return tuple(match.lower() for match in _NAME.findall(spoken))


def check(
    digest: Iterable[str], script: Iterable[str], *, own: Iterable[str] = (), lexicon: Lexicon = BUILTIN
) -> Fidelity:
    """Compare the digest's written texts with the script's spoken ones.

    `digest` are the texts that must be said (overview, summaries, commentary); `own` spoken texts that the script adds
    and titles that it may say.
    """
    wanted = list(_facts((normalize(text, lexicon), text) for text in digest))
    said = list(_facts((text, text) for text in script))
    allowed = {fact.spoken for fact in _facts((text, text) for text in own)}
    known = {fact.spoken for fact in wanted} | allowed
    missing = _short(wanted, Counter(_key(fact) for fact in said))
    added = [fact for fact in said if fact.kind == "number" and fact.spoken not in known]
    return Fidelity(tuple(missing), tuple(added))


def _facts(texts: Iterable[tuple[str, str]]) -> Iterable[Fact]:
    for spoken, text in texts:
        where = text.strip()[:20]
        yield from (Fact("number", number, where) for number in numbers_said(spoken))
        yield from (Fact("name", name, where) for name in names_said(spoken))


def _key(fact: Fact) -> tuple[str, str]:
    return fact.kind, fact.spoken


def _short(wanted: Iterable[Fact], said: Counter[tuple[str, str]]) -> Iterable[Fact]:
    """The facts that are said less often than wanted."""
    left = said.copy()
    for fact in wanted:
        if left[_key(fact)]:
            left[_key(fact)] -= 1
        else:
            yield fact
