"""`podcast say`: hear a sentence in a voice, through the same reading, engine and cache as an episode."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import soundfile

from podcast.errors import InputError
from podcast.models import Script, Segment, Sentence, Utterance
from podcast.text import narrate
from podcast.text.lexicon import Lexicon
from podcast.tts.base import Voice
from podcast.tts.cache import ClipCache
from podcast.tts.roster import Roster
from podcast.tts.synthesis import synthesize

_FORMATS = (".flac", ".mp3", ".ogg", ".wav")


@dataclass(frozen=True, slots=True)
class Audition:
    engine: str
    spoken: str
    duration_seconds: float


def say(
    text: str, output: Path, *, roster: Roster, cache: ClipCache, lexicon: Lexicon, voice: str | None = None
) -> Audition:
    """Speak `text` into `output`.  Raises InputError for a text without words or a file that cannot be written."""
    if output.suffix.lower() not in _FORMATS:
        raise InputError(f"no sound format {output.suffix!r}", where=str(output), hint=f"Use {', '.join(_FORMATS)}.")
    speaker = asyncio.run(roster.available())[0]
    if voice:
        speaker = replace(speaker, voices=_with_name(speaker.voices, voice))
    whole = Utterance("s00-p01", "anchor", (Sentence(" ".join(text.split()), ""),), 0.0)
    draft = Script("", datetime.now(UTC), (Segment("item", "", None, (whole,)),))
    script = narrate(draft, lexicon, unit=speaker.engine.unit, max_characters=speaker.engine.max_characters)
    if not script.utterances:
        raise InputError("there is nothing to say in this text", hint="Write a sentence with words in it.")
    clips = asyncio.run(synthesize(script, [speaker], cache)).clips
    samples, rate_hz = _joined([clip.path for clip in clips], [part.pause_after_seconds for part in script.utterances])
    try:
        output.parent.mkdir(parents=True, exist_ok=True)
        soundfile.write(output, samples, rate_hz)
    except (OSError, RuntimeError) as error:
        raise InputError(f"cannot be written: {error}", where=str(output)) from error
    spoken = "".join(utterance.spoken for utterance in script.utterances)
    return Audition(speaker.engine.name, spoken, len(samples) / rate_hz)


def _joined(paths: list[Path], pauses: list[float]) -> tuple[np.ndarray[tuple[int], np.dtype[np.float32]], int]:
    parts, rate_hz = [], 1
    for path, pause in zip(paths, pauses, strict=True):
        samples, rate_hz = soundfile.read(path, dtype="float32")
        parts += [samples, np.zeros(round(pause * rate_hz), np.float32)]
    return np.concatenate(parts), rate_hz


def _with_name(voices: Mapping[str, Voice], name: str) -> dict[str, Voice]:
    return {role: replace(voice, name=name) for role, voice in voices.items()}
