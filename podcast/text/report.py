"""What a person checks before an episode is made: every place where spoken differs from written."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from podcast.models import Script
from podcast.text.lexicon import Lexicon
from podcast.text.normalize import Change, Reading, read
from podcast.text.overrides import fixed
from podcast.text.symbols import QUIET

_CONTEXT = 8  # characters on either side


@dataclass(frozen=True, slots=True)
class Row:
    """A token and how it is said."""

    before: str  # what stands before it in the text
    written: str
    after: str
    spoken: str  # "" = not said
    rule: str  # the rule, or "lexicon: <term>"
    sure: bool  # False: no rule was sure, a person should look
    note: str
    times: int  # how often the same token is said the same way


def script_report(script: Script, lexicon: Lexicon) -> tuple[Row, ...]:
    """The rows of a narrated script."""
    sentences = [sentence for utterance in script.utterances for sentence in utterance.sentences]
    return report((each.text, read(each.text, lexicon, fixed(each.text, each.overrides))) for each in sentences)


def report(readings: Iterable[tuple[str, Reading]], *, every: bool = False) -> tuple[Row, ...]:
    """The rows for written texts and their readings, in order of appearance, each token once.

    Quotation marks, brackets, dashes and markup are left out, since they change no word; `every` brings them in.
    """
    rows: dict[tuple[str, str, str], Row] = {}
    for text, reading in readings:
        for change in reading.changes:
            if change.rule in QUIET and not every:
                continue
            key = (change.written, change.spoken, change.rule)
            known = rows.get(key)
            rows[key] = replace(known, times=known.times + 1) if known else _row(text, change)
    return tuple(rows.values())


def _row(text: str, change: Change) -> Row:
    before = text[max(0, change.start - _CONTEXT) : change.start]
    after = text[change.end : change.end + _CONTEXT]
    return Row(before, change.written, after, change.spoken, change.rule, change.sure, change.note, times=1)


def report_markdown(rows: Iterable[Row]) -> str:
    """The rows as a table of Markdown, under a heading; a question mark stands where no rule was sure."""
    lines = ["## 读法", "", "| | 写作 | 读作 | 规则 | 次 |", "|---|---|---|---|---|"]
    for row in rows:
        cells = ("" if row.sure else "?", row.written, row.spoken or "（不读）", row.rule, str(row.times))
        lines.append("| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in cells) + " |")
    return "\n".join(lines) + "\n"
