"""What a person edited, brought together with what the digest says now.

Each section is compared with what the digest gave when the document was written (its fingerprint in `basis`): one that
was not edited follows the digest, one that was stays as it is.  Where both changed the edit stays, and a warning says
so each time, until the document is written anew from the digest.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from podcast.script.convert import as_usual
from podcast.script.document import HEAD, KIND_NAMES, Document, Section, fingerprint, head_fingerprint, identities

_STAYS = "the edit stays; edit it again, or drop all edits with --fresh"


def is_edited(document: Document) -> bool:
    """Whether it says anything but what the digest gave."""
    base = dict(document.basis)
    names = identities(document.sections)
    return list(base) != [HEAD, *names] or any(
        base[name] != found
        for name, found in [
            (HEAD, head_fingerprint(document)),
            *zip(names, map(fingerprint, document.sections), strict=True),
        ]
    )


def merge(new: Document, kept: Document) -> tuple[Document, tuple[str, ...]]:
    """`new`, as the digest gives it now, with what was edited in `kept`; and what a person should look at.

    The first is `new` itself where nothing was edited.
    """
    if not is_edited(kept):
        return new, ()
    weighed = _weighed(new, kept)
    order = _order(weighed, new, kept)
    sections = as_usual([*_numbered([weighed.sections[name] for name in order], new)])
    basis = tuple((name, found) for name, found in weighed.basis.items() if found)
    head = kept if weighed.keeps_head else new
    merged = replace(
        new,
        title=head.title,
        published=head.published,
        links=head.links,
        figures=head.figures,
        sections=sections,
        basis=basis,
    )
    return merged, tuple(weighed.warnings)


@dataclass
class _Weighed:
    """What becomes of each section, by its identity."""

    sections: dict[str, Section]
    basis: dict[str, str]
    warnings: list[str]
    keeps_head: bool = False


def _weighed(new: Document, kept: Document) -> _Weighed:
    base = dict(kept.basis)
    now = dict(zip(identities(new.sections), new.sections, strict=True))
    edits = dict(zip(identities(kept.sections), kept.sections, strict=True))
    result = _Weighed({}, {}, [])
    _weigh_head(new, kept, result)
    for name in dict.fromkeys([*now, *edits]):
        if name in now and name in edits:
            _weigh(name, now[name], edits[name], base.get(name), result)
        elif name in now:
            _weigh_unsaid(name, now[name], base.get(name), result)
        else:
            _weigh_own(name, edits[name], base.get(name), result)
    return result


def _weigh_head(new: Document, kept: Document, result: _Weighed) -> None:
    base, given, mine = dict(kept.basis).get(HEAD), head_fingerprint(new), head_fingerprint(kept)
    result.keeps_head = mine not in (base, given)
    conflict = result.keeps_head and given != base
    result.basis[HEAD] = (base or "") if conflict else given
    if conflict:
        what = f"title or date was edited, and stays “{kept.title}”, {kept.published}"
        result.warnings.append(f"{what}: the digest now has “{new.title}”, {new.published}")


def _weigh(name: str, given: Section, mine: Section, base: str | None, result: _Weighed) -> None:
    """A section that both have."""
    changed, edited = fingerprint(given) != base, fingerprint(mine) != base
    if not edited or fingerprint(given) == fingerprint(mine):
        result.sections[name], result.basis[name] = given, fingerprint(given)
        return
    result.sections[name] = mine
    result.basis[name] = (base or "") if changed else fingerprint(given)
    if changed:
        result.warnings.append(f"{_called(given)} was edited, and the digest has changed since: {_STAYS}")


def _weigh_unsaid(name: str, given: Section, base: str | None, result: _Weighed) -> None:
    """A section that only the digest has: it is new, or was taken out."""
    if base is None:
        result.sections[name], result.basis[name] = given, fingerprint(given)
        result.warnings.append(f"{_called(given)} is new in the digest, and was added to the edited script")
    else:
        result.basis[name] = base
        if fingerprint(given) != base:
            result.warnings.append(f"{_called(given)} was taken out, and the digest has changed it since: it stays out")


def _weigh_own(name: str, mine: Section, base: str | None, result: _Weighed) -> None:
    """A section that only the edited script has: a person added it, or the digest dropped it."""
    if base == fingerprint(mine):
        result.warnings.append(f"{_called(mine)} is no longer in the digest, and was taken out of the script")
        return
    result.sections[name] = mine
    if base is not None:
        result.basis[name] = base
        result.warnings.append(f"{_called(mine)} was edited, and is no longer in the digest: {_STAYS}")


def _order(weighed: _Weighed, new: Document, kept: Document) -> list[str]:
    """The digest's order with the editor's own sections in it; the editor's order where it was changed."""
    given, mine = identities(new.sections), identities(kept.sections)
    before = [name for name, _ in kept.basis if name in mine]
    moved = before != [name for name in mine if name in before]
    first, second = (mine, given) if moved else (given, mine)
    order = [name for name in first if name in weighed.sections]
    for place, name in enumerate(second):
        if name in weighed.sections and name not in order:
            ahead = next((other for other in reversed(second[:place]) if other in order), None)
            order.insert(order.index(ahead) + 1 if ahead else 0, name)
    return order


def _numbered(sections: Sequence[Section], new: Document) -> list[Section]:
    """Items of the digest have its numbers, those that a person added the next ones."""
    given: Mapping[str, int | None] = {
        name: section.number for name, section in zip(identities(new.sections), new.sections, strict=True)
    }
    free = max((number for number in given.values() if number), default=0) + 1
    result = []
    for name, section in zip(identities(sections), sections, strict=True):
        number = given.get(name)
        if section.kind == "item" and number is None:
            number, free = free, free + 1
        result.append(replace(section, number=number))
    return result


def _called(section: Section) -> str:
    number = f" {section.number}" if section.number else ""
    return f"{KIND_NAMES.get(section.kind, section.kind)}{number} “{section.title[:30]}”"
