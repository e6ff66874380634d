"""Cues -> the transcript in the three forms apps read: WebVTT, SubRip, and the JSON of Podcasting 2.0.

VTT and SRT are captions: a long sentence lies on several cards of at most two lines.  JSON keeps whole sentences.
"""

from __future__ import annotations

import html
import json
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache

from podcast.models import Cue

# The podcast namespace recommends at most 32 characters a line for SRT.  A Chinese character is as wide as two Latin
# ones, and 20 of them hold most clauses whole.
LINE_CHARACTERS = 32
LINE_COLUMNS = 40
LINES = 2
# A clause with the punctuation that ends it, or what is left at the end.
_CLAUSE = re.compile(r".*?(?:[，。！？；：、…]+[”’」』）】》]*|[,.!?;:]+[\"')\]]*(?=\s)|$)\s*", re.DOTALL)
_NEVER_FIRST = "，。！？；：、,.!?;:…）」』》”’】)]%"
_NEVER_LAST = "（「『《“‘【([$#"


@dataclass(frozen=True, slots=True)
class Card:
    """What is on the screen at once."""

    start_seconds: float
    end_seconds: float
    speaker: str
    lines: tuple[str, ...]


def cards(cues: Iterable[Cue]) -> Iterator[Card]:
    """The cues as cards of at most two lines; a long cue's time is shared out by width."""
    for cue in cues:
        lines = wrap(cue.text)
        groups = [tuple(lines[first : first + LINES]) for first in range(0, len(lines), LINES)]
        widths = [sum(_columns(line) for line in group) or 1 for group in groups]
        total, said = sum(widths), 0
        length_seconds = cue.end_seconds - cue.start_seconds
        for group, width in zip(groups, widths, strict=True):
            start = cue.start_seconds + length_seconds * said / total
            said += width
            yield Card(start, cue.start_seconds + length_seconds * said / total, cue.speaker, group)


def vtt(captions: Iterable[Card], speakers: Mapping[str, str]) -> bytes:
    """WebVTT; `speakers` says the name listeners read for a role.  Apple takes speakers from `<v>` alone."""
    blocks = ["WEBVTT\n"]
    for card in captions:
        name = html.escape(" ".join(speakers.get(card.speaker, card.speaker).split()), quote=False)
        text = html.escape("\n".join(card.lines), quote=False)
        blocks.append(f"{_span(card, '.')}\n<v {name}>{text}</v>\n")
    return "\n".join(blocks).encode()


def srt(captions: Iterable[Card]) -> bytes:
    """SubRip."""
    blocks = (
        f"{number}\n{_span(card, ',')}\n" + "\n".join(card.lines) + "\n"
        for number, card in enumerate(_srt_safe(captions), start=1)
    )
    return "\n".join(blocks).encode()


def transcript_json(cues: Sequence[Cue], speakers: Mapping[str, str]) -> bytes:
    """The JSON of github.com/Podcastindex-org/podcast-namespace, transcripts.md: one segment for each cue."""
    segments = [
        {
            "speaker": speakers.get(cue.speaker, cue.speaker),
            "startTime": round(cue.start_seconds, 3),
            "endTime": round(cue.end_seconds, 3),
            "body": cue.text,
        }
        for cue in cues
    ]
    return (json.dumps({"version": "1.0.0", "segments": segments}, ensure_ascii=False, indent=1) + "\n").encode()


def timestamp(seconds: float, point: str) -> str:
    """hh:mm:ss.mmm, with `point` before the milliseconds."""
    whole, milliseconds = divmod(round(seconds * 1000), 1000)
    minutes, second = divmod(whole, 60)
    hours, minute = divmod(minutes, 60)
    return f"{hours:02}:{minute:02}:{second:02}{point}{milliseconds:03}"


def _span(card: Card, point: str) -> str:
    # Both formats want an end after the start, in whole milliseconds.
    end = max(card.end_seconds, round(card.start_seconds * 1000) / 1000 + 0.001)
    return f"{timestamp(card.start_seconds, point)} --> {timestamp(end, point)}"


def _srt_safe(items: Iterable[Card]) -> Iterator[Card]:
    """SRT has no escapes, and players hide what looks like a tag: its signs become ones that only look like them."""
    for card in items:
        yield replace(card, lines=tuple(line.replace("<", "＜").replace(">", "＞") for line in card.lines))


def wrap(text: str) -> list[str]:
    """Lines of at most 32 characters and 40 columns, broken after clauses where these fit, and evenly where not."""
    text = " ".join(text.split())
    if _fits(text):
        return [text]
    lines = [""]
    for clause in _CLAUSE.findall(text):
        for part in _even_parts(clause):
            if _fits((lines[-1] + part).rstrip()):
                lines[-1] += part
            else:
                lines.append(part)
    return [line.strip() for line in lines if line.strip()]


def _even_parts(clause: str) -> list[str]:
    """A clause that is too long for a line, in parts of about one length, none of which breaks a Latin word."""
    if _fits(clause.rstrip()):
        return [clause]
    count = max(-(-_columns(clause) // LINE_COLUMNS), -(-len(clause) // LINE_CHARACTERS))
    while True:
        parts = _cut(clause, count)
        if all(_fits(part.strip()) for part in parts) or count >= len(clause):
            return parts
        count += 1


def _cut(clause: str, count: int) -> list[str]:
    edges = [0]
    for number in range(1, count):
        ideal = len(clause) * number // count
        nearest_first = sorted(range(edges[-1] + 1, len(clause)), key=lambda place: abs(place - ideal))
        # Without a fair place (an address, a run of digits) a word is cut after all.
        fair = (place for place in nearest_first if _may_break(clause, place))
        edges.append(next(fair, max(ideal, edges[-1])))
    return [clause[start:end] for start, end in zip(edges, [*edges[1:], len(clause)], strict=True) if end > start]


def _may_break(text: str, place: int) -> bool:
    before, after = text[place - 1], text[place]
    inside = not before.isspace() and not after.isspace() and before.isascii() and after.isascii()
    return not inside and after not in _NEVER_FIRST and before not in _NEVER_LAST


def _fits(line: str) -> bool:
    return len(line) <= LINE_COLUMNS // 2 or (len(line) <= LINE_CHARACTERS and _columns(line) <= LINE_COLUMNS)


def _columns(text: str) -> int:
    return sum(map(_width, text))


@cache
def _width(character: str) -> int:
    # A: ambiguous, as “ ” and … are; Chinese fonts draw them wide.
    return 2 if unicodedata.east_asian_width(character) in "WFA" else 1
