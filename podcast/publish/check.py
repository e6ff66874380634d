"""The gate: what must be true of every episode before the feed may name it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mutagen import MutagenError
from mutagen.mp3 import MP3

from podcast.models import Chapter, Cue, Episode

LOUDNESS_TOLERANCE_LU = 1.0  # Apple: -16 LKFS, give or take 1
DURATION_TOLERANCE_SECONDS = 0.1  # between the record and what the MP3's own header says
_mp3: Any = MP3  # mutagen has no type hints


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is not as the feed would say it."""

    where: str  # the episode's id, or the file
    what: str

    def __str__(self) -> str:
        return f"{self.where}: {self.what}"


def episode_problems(episode: Episode, audio: Path) -> list[Problem]:
    """What is wrong with an episode whose MP3 is at `audio`; reads the file's headers, decodes nothing."""
    faults = [*_file_faults(episode, audio), *_level_faults(episode)]
    faults += _order_faults("chapter", episode.chapters, episode.duration_seconds)
    faults += _order_faults("cue", episode.cues, episode.duration_seconds)
    if not episode.chapters or episode.chapters[0].start_seconds > 0:
        faults.append("no chapter begins at 0")
    if not episode.cues:
        faults.append("the transcript is empty")
    return [Problem(episode.id, fault) for fault in faults]


def guid_problems(episodes: Iterable[Episode], published: Mapping[str, str]) -> list[Problem]:
    """GUIDs that are used twice, or are not what the present feed says (`published`: episode id -> guid).

    An episode that is gone from the folder is no problem: its owner took it down.
    """
    problems = []
    owner: dict[str, str] = {}
    for episode in episodes:
        if episode.guid in owner:
            problems.append(Problem(episode.id, f"has the same guid as {owner[episode.guid]}: {episode.guid}"))
        owner[episode.guid] = episode.id
        before = published.get(episode.id)
        if before and before != episode.guid:
            problems.append(Problem(episode.id, f"its guid was {before} and would become {episode.guid}"))
    return problems


def _file_faults(episode: Episode, audio: Path) -> list[str]:
    try:
        size = audio.stat().st_size
        length_seconds = _mp3(audio).info.length
    except FileNotFoundError:
        return [f"{audio.name} is not there"]
    except (MutagenError, OSError) as error:
        return [f"{audio.name} is no readable MP3: {error}"]
    faults = []
    if size != episode.enclosure.length_bytes:
        faults.append(f"{audio.name} has {size} bytes, the record says {episode.enclosure.length_bytes}")
    if abs(length_seconds - episode.duration_seconds) > DURATION_TOLERANCE_SECONDS:
        faults.append(f"{audio.name} plays {length_seconds:.2f} s, the record says {episode.duration_seconds:.2f} s")
    return faults


def _level_faults(episode: Episode) -> list[str]:
    faults = []
    if abs(episode.loudness_lufs - episode.target_lufs) > LOUDNESS_TOLERANCE_LU:
        faults.append(f"loudness is {episode.loudness_lufs:.1f} LUFS, wanted {episode.target_lufs:g} ±1")
    if episode.true_peak_dbtp > episode.ceiling_dbtp:
        faults.append(f"true peak is {episode.true_peak_dbtp:.2f} dBTP, allowed {episode.ceiling_dbtp:.1f}")
    return faults


def _order_faults(kind: str, spans: Sequence[Chapter | Cue], duration_seconds: float) -> list[str]:
    """The first span that is empty, overlaps the one before it, or lies outside the audio."""
    before = 0.0
    for place, span in enumerate(spans, start=1):
        times = f"{kind} {place} ({span.start_seconds:.3f} to {span.end_seconds:.3f} s)"
        if span.start_seconds < before - 0.001:  # times are in whole milliseconds
            return [f"{times} begins before the one before it ends"]
        if span.end_seconds <= span.start_seconds:
            return [f"{times} has no length"]
        if span.end_seconds > duration_seconds + 0.001:
            return [f"{times} ends after the audio ({duration_seconds:.3f} s)"]
        before = span.end_seconds
    return []
