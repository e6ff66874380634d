"""An episode's MP3, decoded and measured again: what `podcast check --deep` holds against its record."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import soundfile

from podcast.audio import Target
from podcast.audio.filters import Samples
from podcast.audio.loudness import Energies, Meter
from podcast.audio.peaks import PeakMeter
from podcast.errors import QualityError
from podcast.models import Episode
from podcast.publish.check import (
    DURATION_TOLERANCE_SECONDS,
    Problem,
    level_faults,
    longest_silence,
    silence_faults,
)

_FRAME = 1152  # samples that share a peak, as in Master.peaks
_BLOCK_SECONDS = 30  # at least: as much as is in memory at once
# Between the record's figure and the one measured here: another decoder's rounding.
_LOUDNESS_TOLERANCE_LU = 0.3


@dataclass(frozen=True, slots=True)
class Measured:
    """What decoding tells of an MP3."""

    duration_seconds: float
    loudness_lufs: float  # integrated, by the plain measure over the file's channels (EBU R128)
    true_peak_dbtp: float
    longest_silence_seconds: float
    range_lu: float  # loudness range, EBU Tech 3342
    steps: Energies  # K-weighted mean squares of every 0.1 s


def measure(audio: Path) -> Measured:
    """Decode an MP3 and measure it, in blocks of half a minute.  Raises QualityError where it cannot be decoded."""
    samples, peaks = 0, []
    try:
        with soundfile.SoundFile(audio) as file:
            rate_hz = file.samplerate
            meter, sides = Meter(rate_hz), [PeakMeter() for _ in range(file.channels)]
            for block in _blocks(file):
                meter.add(block)
                for side, channel in zip(sides, block, strict=True):
                    side.add(channel)
                samples += len(block[0])
                magnitudes = np.max([np.abs(channel) for channel in block], axis=0)
                peaks.append(np.maximum.reduceat(magnitudes, np.arange(0, len(magnitudes), _FRAME)))
    except (soundfile.LibsndfileError, OSError) as error:
        raise QualityError(f"cannot be decoded: {error}", where=str(audio)) from error
    if not samples:
        raise QualityError("has no sound", where=str(audio))
    duration_seconds = samples / rate_hz
    silence_seconds = longest_silence(np.concatenate(peaks).tolist(), duration_seconds)
    loudness = meter.result()
    peak_dbtp = 20 * math.log10(max(1e-9, *(side.close() for side in sides)))
    return Measured(
        duration_seconds, loudness.integrated_lufs(), peak_dbtp, silence_seconds, loudness.range_lu(), loudness.steps
    )


def sound_faults(found: Measured, target: Target) -> list[str]:
    """What is wrong with how an MP3 sounds: loudness, true peak, silence."""
    loudness_lufs = found.loudness_lufs + target.correction_lu
    levels = level_faults(loudness_lufs, found.true_peak_dbtp, target.loudness_lufs, ceiling_dbtp=target.true_peak_dbtp)
    return [*levels, *silence_faults(found.longest_silence_seconds)]


def sound_judge(target: Target) -> Callable[[Path], list[str]]:
    """What is wrong with how an MP3 sounds, decoded."""

    def judge(audio: Path) -> list[str]:
        try:
            return sound_faults(measure(audio), target)
        except QualityError as error:
            return [error.what]

    return judge


def deep_problems(episode: Episode, audio: Path, target: Target) -> list[Problem]:
    """What decoding finds wrong with an episode that passed the gate.

    `target` says how loudness is measured; how loud it should be, the episode's own record says.
    """
    try:
        found = measure(audio)
    except QualityError as error:
        return [Problem(episode.id, f"{audio.name} {error.what}")]
    own = replace(target, loudness_lufs=episode.target_lufs, true_peak_dbtp=episode.ceiling_dbtp)
    faults = sound_faults(found, own)
    loudness_lufs = found.loudness_lufs + target.correction_lu
    if not abs(loudness_lufs - episode.loudness_lufs) <= _LOUDNESS_TOLERANCE_LU:
        faults.append(f"loudness is {loudness_lufs:.1f} LUFS, the record says {episode.loudness_lufs:.1f}")
    if not abs(found.duration_seconds - episode.duration_seconds) <= DURATION_TOLERANCE_SECONDS:
        faults.append(f"decodes to {found.duration_seconds:.2f} s, the record says {episode.duration_seconds:.2f} s")
    return [Problem(episode.id, f"{audio.name}: {fault}") for fault in faults]


def _blocks(file: Any) -> Iterator[tuple[Samples, ...]]:
    """The channels of a block, which is whole frames, so that their peaks run on."""
    length = _FRAME * -(-_BLOCK_SECONDS * file.samplerate // _FRAME)
    for table in file.blocks(length, dtype="float32", always_2d=True):
        yield tuple(np.ascontiguousarray(channel) for channel in table.T)
