"""Cues -> the transcript in the three forms apps read: WebVTT, SubRip, and the JSON of Podcasting 2.0.

VTT and SRT are captions: a long sentence lies on several cards of at most two lines.  JSON keeps whole sentences.
"""

from __future__ import annotations

import html
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from podcast.models import Cue
from podcast.publish.lines import cards_of, columns


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
        groups = cards_of(cue.text)
        widths = [sum(map(columns, group)) or 1 for group in groups]
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
