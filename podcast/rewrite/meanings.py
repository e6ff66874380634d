"""What turns a statement round: directions, negations, what is only planned, and words of quantity and time.

A rule of words, not of grammar (data/meanings.tsv): each clause of a rewrite is laid beside the clause of the digest
that it shares most with, and may have no direction that that one lacks, as many negations, and the same certainty.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache, lru_cache
from itertools import pairwise

from podcast.rewrite import tables

_CLAUSE = re.compile(r"[，。！？；：,!?;:…—]+")
_LATIN = re.compile(r"[A-Za-zÀ-ɏ']+")
_KINDS = {
    "not": "a negation",
    "maybe": "that it is planned or only expected",
    "hearsay": "that it is hearsay",
    "passive": "被",
}
FREE = frozenset({"later", "done"})  # kinds that a rewrite may add
_ANSWERS = frozenset(
    {"没有", "不", "不是", "不会", "是的", "没", "不对"}
)  # a clause of its own that answers a question
_LEAD_CHARACTERS = 6  # 公司预计，…: a clause so short says something of the next one


@dataclass(frozen=True, slots=True)
class Clause:
    """A piece of a spoken sentence between marks of punctuation."""

    text: str
    senses: frozenset[tuple[str, str]]  # (kind, sense)
    words: dict[tuple[str, str], str] = field(compare=False)  # the word that has the sense
    negations: int
    content: frozenset[str]  # pairs of Han and Latin words, without the words that have a sense

    def has(self, kind: str) -> set[str]:
        return {sense for of, sense in self.senses if of == kind}


@lru_cache(maxsize=2048)
def clauses(spoken: str) -> tuple[Clause, ...]:
    return tuple(_clause(text) for text in _CLAUSE.split(spoken) if text.strip())


def turned(sentence: str, sources: Iterable[str]) -> Iterator[str]:
    """What a spoken sentence turns round of the spoken `sources` it rests on, in words for a person."""
    source = [clause for text in sources for clause in clauses(text)]
    everything = {sense for clause in source for sense in clause.senses}
    own = [(clause, _nearest(clause, source)) for clause in clauses(sentence) if clause.text not in _ANSWERS]
    for clause, near in own:
        for sense in sorted(one for one in clause.senses - everything if one[0] not in FREE):
            yield f"{clause.words[sense]!r} ({_KINDS.get(sense[0], 'not in the digest')})"
        if near:
            yield from _against(clause, near)
        elif clause.negations and not any(other.negations for other in source):
            yield "a negation that the digest lacks"
    yield from _made_certain(own)


def _made_certain(own: list[tuple[Clause, list[Clause]]]) -> Iterator[str]:
    """Clauses that leave out what the digest's only plans or has from hearsay.

    It may be said in another clause that is near to the same one, or in a short one before it (公司预计，…).
    """
    heard = any(clause.has("hearsay") for clause, _ in own)
    for place, (clause, near) in enumerate(own):
        if not near:
            continue
        if not heard and all(other.has("hearsay") for other in near):
            yield f"leaves out {_KINDS['hearsay']}: {near[0].text}"
        if _is_open(near[0]) and clause.has("done") and not any(other.has("done") for other in near):
            yield f"{clause.words['done', 'done']!r} is said of what is planned or only expected: {near[0].text}"
        leads = place > 0 and _is_open(own[place - 1][0]) and len(own[place - 1][0].text) <= _LEAD_CHARACTERS
        said = leads or any(_is_open(other) for other, others in own if any(one in near for one in others))
        if not said and all(other.has("maybe") for other in near):
            yield f"leaves out {_KINDS['maybe']}: {near[0].text}"


def _is_open(clause: Clause) -> bool:
    return bool(clause.has("maybe") or clause.has("later"))


def _against(clause: Clause, near: list[Clause]) -> Iterator[str]:
    """Where the clause has another direction or another count of negations than all that it is near to."""
    together = {sense for other in near for sense in other.has("pole")}
    for pole in sorted(clause.has("pole") - together):
        yield f"{clause.words['pole', pole]!r} is not what the digest says of this"
    if bool(clause.has("passive")) not in {bool(other.has("passive")) for other in near}:
        yield f"被 is {'added' if clause.has('passive') else 'left out'}: {near[0].text}"
    counts = {other.negations for other in near} | {sum(other.negations for other in near)}
    if clause.negations not in counts:
        yield f"{clause.negations} negations where the digest has {near[0].negations}: {near[0].text}"


def _nearest(clause: Clause, source: Iterable[Clause]) -> list[Clause]:
    """The source's clauses that share most with it, those that share nearly as much too; none for small talk."""
    shared = [
        (len(common) / min(len(clause.content), len(other.content)), other)
        for other in source
        if (common := clause.content & other.content)
    ]
    best = max((share for share, _ in shared), default=0.0)
    if best < NEAR:
        return []
    return [other for share, other in shared if share >= 0.8 * best]


NEAR = 0.2  # of the smaller clause's pairs: less is a chance likeness


@cache
def _table() -> tuple[re.Pattern[str], dict[str, tuple[str, str]]]:
    senses = {word: (row[0], row[1]) for row in tables.rows("meanings") for word in row[2].split()}
    return re.compile(tables.any_of(senses)), senses


def _clause(text: str) -> Clause:
    pattern, senses = _table()
    found = [(senses[match[0]], match[0]) for match in pattern.finditer(text)]
    words = {sense: word for sense, word in found if sense[0] != "-"}
    rest = pattern.sub(lambda match: "|" if senses[match[0]][0] != "-" else match[0], text)
    pairs = {one + two for one, two in pairwise(rest) if _is_han(one) and _is_han(two)}
    latin = {word.lower() for word in _LATIN.findall(rest)}
    return Clause(
        text,
        frozenset(words),
        words,
        negations=sum(1 for sense, _ in found if sense[0] == "not"),
        content=frozenset(pairs | latin),
    )


def _is_han(character: str) -> bool:
    return "\u4e00" <= character <= "\u9fff"
