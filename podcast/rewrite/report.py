"""Source and result side by side, for a person who wants to see what the model made of the digest."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from podcast.rewrite.desk import Told


def pairs(told: Told) -> tuple[tuple[str, str], ...]:
    """The rewrite's lines, each beside the digest's sentences it rests on; then the sentences that none rests on."""
    sentences = {0: told.title} | dict(enumerate(told.source, start=1))
    rows = [
        ("".join(sentences[number] for number in line.rests_on), f"{line.speaker}: {line.text}") for line in told.lines
    ]
    used = {number for line in told.lines for number in line.rests_on}
    rows += [(text, "") for number, text in sentences.items() if number and number not in used]
    return tuple(rows)


def rewrite_json(told: Sequence[Told]) -> list[dict[str, object]]:
    return [
        {
            "kind": one.key[0],
            "item": one.key[1],
            "title": one.title,
            "rewritten": bool(one.lines),
            "tries": one.tries,
            "reasons": list(one.reasons),
            "source": list(one.source),
            "lines": [{"speaker": line.speaker, "text": line.text, "from": list(line.rests_on)} for line in one.lines],
        }
        for one in told
    ]


def rewrite_markdown(told: Sequence[Told], *, reasons: bool = True) -> str:
    """A table for each segment.

    `reasons`: why the template's words stand where they do; they quote what was untrue, and so are not for rewrite.md,
    which is published.
    """
    return "\n".join(["# 改写对照", "", *(line for one in told for line in _section(one, reasons=reasons))]) + "\n"


def _section(told: Told, *, reasons: bool) -> Iterator[str]:
    number = f"{told.key[1]}. " if told.key[1] else ""
    yield from (f"## {number}{_cell(told.title)}", "")
    if not told.lines:
        yield from ("未改写，用模板的文稿：", "", *(f"- {_cell(reason)}" for reason in told.reasons if reasons), "")
        return
    yield from ("| 原文 | 改写 |", "|---|---|")
    yield from (f"| {_cell(source) or '（衔接）'} | {_cell(said) or '（未说）'} |" for source, said in pairs(told))
    yield ""


def _cell(text: str) -> str:
    """Words that a Markdown table shows as they are."""
    plain = " ".join(text.split())
    for character in "\\`*_<[|":
        plain = plain.replace(character, f"\\{character}")
    return plain
