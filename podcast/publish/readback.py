"""Chapters and transcripts as an app reads them: the files' bytes -> chapters and captions.

Every reader raises ValueError, saying what is wrong, for a file that is not what its name says.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from podcast.models import Chapter

_CLOCK = r"(?:(\d{2,}):)?([0-5]\d):([0-5]\d)[.,](\d{3})"
_SPAN = re.compile(rf"{_CLOCK}[ \t]+-->[ \t]+{_CLOCK}(?:[ \t].*)?")


@dataclass(frozen=True, slots=True)
class Caption:
    """What is shown at once: a card of VTT or SRT, a segment of JSON."""

    start_seconds: float
    end_seconds: float
    text: str


def read_chapters(content: bytes) -> list[Chapter]:
    """JSON Chapters 1.2 of the podcast namespace; a chapter without an end ends where the next one begins."""
    entries = _list(_json(content), "chapters")
    starts = [float(entry["startTime"]) for entry in entries]
    chapters = []
    for place, entry in enumerate(entries):
        following = starts[place + 1] if place + 1 < len(starts) else starts[place] + 0.001
        end = float(entry.get("endTime", following))
        chapters.append(Chapter(starts[place], end, str(entry.get("title", "")), entry.get("url"), entry.get("img")))
    return chapters


def read_vtt(content: bytes) -> list[Caption]:
    """WebVTT (W3C); the text without its tags."""
    text = _text(content).removeprefix("\ufeff")
    if not re.match(r"WEBVTT(?:[ \t\n]|$)", text):
        raise ValueError("does not begin with WEBVTT")
    blocks = [block for block in re.split(r"\n{2,}", text)[1:] if not re.match(r"(NOTE|STYLE|REGION)\b", block)]
    return [_caption(block, lambda line: html.unescape(re.sub(r"<[^>]*>", "", line))) for block in blocks if block]


def read_srt(content: bytes) -> list[Caption]:
    """SubRip."""
    blocks = re.split(r"\n{2,}", _text(content).removeprefix("\ufeff"))
    return [_caption(block, str) for block in blocks if block.strip()]


def read_transcript_json(content: bytes) -> list[Caption]:
    """The JSON transcript of the podcast namespace."""
    entries = _list(_json(content), "segments")
    return [Caption(float(entry["startTime"]), float(entry["endTime"]), str(entry["body"])) for entry in entries]


TRANSCRIPTS: Mapping[str, Callable[[bytes], list[Caption]]] = {
    "transcript.vtt": read_vtt,
    "transcript.srt": read_srt,
    "transcript.json": read_transcript_json,
}


def _caption(block: str, plain: Callable[[str], str]) -> Caption:
    lines = block.strip("\n").split("\n")
    place = next((place for place, line in enumerate(lines[:2]) if "-->" in line), None)
    times = _SPAN.fullmatch(lines[place].strip()) if place is not None else None
    if place is None or times is None:
        raise ValueError(f"has no times where a caption should be: {lines[0][:40]!r}")
    return Caption(_seconds(times.groups()[:4]), _seconds(times.groups()[4:]), plain("\n".join(lines[place + 1 :])))


def _seconds(parts: tuple[str | None, ...]) -> float:
    hours, minutes, seconds, milliseconds = (int(part or 0) for part in parts)
    return hours * 3600 + minutes * 60 + seconds + milliseconds / 1000


def _text(content: bytes) -> str:
    return content.decode().replace("\r\n", "\n")  # UnicodeDecodeError is a ValueError


def _json(content: bytes) -> Any:
    try:
        return json.loads(content)
    except RecursionError as error:
        raise ValueError("is nested too deeply") from error


def _list(values: Any, name: str) -> list[dict[str, Any]]:
    """The list of objects with times under the name."""
    entries = values.get(name) if isinstance(values, dict) else None
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise ValueError(f"has no list of {name}")
    required = ("startTime",) if name == "chapters" else ("startTime", "endTime", "body")
    for place, entry in enumerate(entries, start=1):
        for key in required:
            if key not in entry:
                raise ValueError(f"{name} {place} has no {key}")
        for key in {"startTime", "endTime"} & entry.keys():
            if type(entry[key]) not in (int, float):
                raise ValueError(f"{name} {place}: {key} is {entry[key]!r}, no number")
    return entries
