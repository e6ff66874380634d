"""Clips to master: every part finished on its own, then joined and tagged.

Two parts are worked on at a time (numpy, libsndfile, soxr and LAME all let go of the interpreter's lock).  Nothing
passes over the whole episode but the copy into its file, so memory does not grow with it.
"""

from __future__ import annotations

import math
import os
import shutil
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import BinaryIO

import numpy as np

from podcast.audio import encoded, mp3
from podcast.audio.files import temporary_beside
from podcast.audio.loudness import MONO_AS_PLAYED_LU, Meter
from podcast.audio.mix import Levels, MusicCuts
from podcast.audio.music import read_music
from podcast.audio.parts import Part, plan
from podcast.audio.render import CODEC_HEADROOM_DB, Recipe, Rendered, render_part
from podcast.audio.tags import Tags, tag_bytes
from podcast.audio.timeline import build_timeline
from podcast.errors import ConfigError, QualityError, SetupError
from podcast.models import Clip, Master, Script, Timeline

_THREADS = 2
_LOUDNESS_TOLERANCE_LU = 0.5
_SHORT_TERM_ABOVE_LU = 5.0  # no 3 s may be louder than that above the whole (EBU R128 s1)
_RANGE_LU = 10.0  # most loudness range: over it a listener in a car reaches for the knob
_REDO_LU = 0.3  # further off than this, all is done once more with the difference as gain
_GAIN_STEP_DB = 0.25  # an edit that moves the whole by less leaves the other parts as they were encoded
_TRIES = 3  # the limiter may take back some of the gain


@dataclass(frozen=True, slots=True)
class Music:
    """Files in any format; None where there shall be none."""

    intro: Path | None = None  # alone for `intro_lead_seconds`, then under the greeting
    outro: Path | None = None  # under the last words, then alone to its end
    sting: Path | None = None  # before the news and before the commentary
    bed: Path | None = None  # under the overview, looped
    duck_db: float = -15.0  # of music under speech, against music alone
    below_speech_lu: float = 1.0  # the loudest 3 s of music alone, under the loudness of speech
    intro_lead_seconds: float = 4.5
    outro_lead_seconds: float = 2.0

    @property
    def files(self) -> tuple[Path, ...]:
        """The files that are named."""
        return tuple(path for path in (self.intro, self.outro, self.sting, self.bed) if path)


@dataclass(frozen=True, slots=True)
class Target:
    """What the master shall be.

    A mono file is measured as one channel, the way ffmpeg's ebur128 does by default.  From two loudspeakers it comes
    3 LU louder; `mono_as_played` measures that instead, and -16 then gives what others call -19 LUFS mono.
    """

    loudness_lufs: float = -16.0
    true_peak_dbtp: float = -1.0
    channels: int = 1
    bitrate_kbps: int = 96
    mono_as_played: bool = False

    def __post_init__(self) -> None:
        if self.channels not in {1, 2}:
            raise ConfigError(f"audio has 1 channel or 2, not {self.channels}")
        if self.bitrate_kbps not in mp3.BITRATES_KBPS:
            known = ", ".join(str(rate) for rate in mp3.BITRATES_KBPS)
            raise ConfigError(f"MP3 knows no {self.bitrate_kbps} kbit/s", hint=f"Choose one of {known}.")

    @property
    def as_measured_lufs(self) -> float:
        """The target for the plain measure over the file's channels."""
        return self.loudness_lufs - self.correction_lu

    @property
    def correction_lu(self) -> float:
        """What is added to the plain measure."""
        return MONO_AS_PLAYED_LU if self.mono_as_played and self.channels == 1 else 0.0


def make_master(
    script: Script,
    clips: Sequence[Clip],
    output: Path,
    *,
    music: Music,
    target: Target,
    tags: Tags,
    cache: Path | None = None,
) -> tuple[Master, Timeline]:
    """Mix and encode an episode to the MP3 file `output`; clips[i] belongs to script.utterances[i].

    `cache`, a folder, keeps encoded parts, so that an edit encodes one part; the least recently used of them go.  The
    file is written under another name and renamed when it is whole; the same input gives the same bytes.

    QualityError: a clip is damaged, or the result misses its target or is uneven.  InputError: music or cover cannot be
    read.
    SetupError: the folder cannot be written, or music needs an ffmpeg that is not there.
    """
    parts = plan(script, clips, bed=music.bed is not None)
    recipe = read_recipe(music, target, cache)
    try:
        for folder in filter(None, (output.parent, cache)):
            folder.mkdir(parents=True, exist_ok=True)
        with temporary_beside(output.with_suffix(".frames")) as frames_path:
            joined = _render_to_target(parts, recipe, target, frames_path)
            timeline = build_timeline(script, tuple(clips), parts, joined.parts)
            head = tag_bytes(tags, timeline) + _info_frame(joined, frames_path)
            _write(output, head, frames_path)
        if cache:
            encoded.prune(cache)
    except OSError as error:
        raise SetupError(
            f"the audio cannot be written ({error.strerror or error})",
            where=str(error.filename or output),
            hint="Make the folder writable, or free some space.",
        ) from error
    master = Master(
        output,
        timeline.duration_seconds,
        joined.loudness_lufs + target.correction_lu,
        joined.true_peak_dbtp,
        joined.range_lu,
        joined.short_term_lufs + target.correction_lu,
        tuple(np.concatenate([part.frame_peaks for part in joined.parts]).tolist()),
    )
    return master, timeline


def check_music(music: Music, target: Target) -> None:
    """Read the music once: better told now than after minutes of speech.  Raises what `make_master` would of it."""
    read_recipe(music, target, None)


def read_recipe(music: Music, target: Target, cache: Path | None) -> Recipe:
    """Read the music, and set the levels that reach the target.  Raises InputError, SetupError."""
    read = partial(
        read_music,
        channels=target.channels,
        rate_hz=mp3.RATE_HZ,
        loudness_lufs=target.as_measured_lufs - music.below_speech_lu,
    )
    cuts = MusicCuts(*(read(path) if path else None for path in (music.intro, music.outro, music.sting)))
    if music.bed:
        cuts = replace(cuts, bed=read(music.bed, loop=True))
    one_channel = target.as_measured_lufs - 10 * math.log10(target.channels)  # BS.1770 adds the channels' energies
    peak = float(10 ** ((target.true_peak_dbtp - CODEC_HEADROOM_DB) / 20))
    levels = Levels(one_channel, peak, music.duck_db, music.intro_lead_seconds, music.outro_lead_seconds)
    return Recipe(cuts, levels, target.true_peak_dbtp, target.channels, target.bitrate_kbps, cache)


@dataclass(frozen=True, slots=True)
class _Joined:
    parts: tuple[Rendered, ...]  # without their frames and samples
    loudness_lufs: float
    short_term_lufs: float  # of the loudest 3 s
    range_lu: float
    true_peak_dbtp: float

    @property
    def samples(self) -> int:
        return sum(part.length for part in self.parts)


def _render_to_target(parts: Sequence[Part], recipe: Recipe, target: Target, path: Path) -> _Joined:
    """Write the frames of all parts; again with a corrected gain if the loudness came out wrong."""
    gain_db = 0.0
    for _ in range(_TRIES):
        with path.open("wb") as file:
            joined = _join(parts, partial(render_part, recipe=recipe, gain_db=gain_db), file)
        off = joined.loudness_lufs - target.as_measured_lufs
        if abs(off) <= _REDO_LU:
            break
        gain_db -= round(off / _GAIN_STEP_DB) * _GAIN_STEP_DB
    if abs(off) > _LOUDNESS_TOLERANCE_LU or joined.true_peak_dbtp > target.true_peak_dbtp:
        raise QualityError(
            f"the master came out at {target.loudness_lufs + off:.1f} LUFS and {joined.true_peak_dbtp:.1f} dBTP instead"
            f" of {target.loudness_lufs:g} LUFS and at most {target.true_peak_dbtp:g} dBTP",
            hint="Set a lower loudness_lufs: the limiter has no room left.",
        )
    above = joined.short_term_lufs - joined.loudness_lufs
    if above > _SHORT_TERM_ABOVE_LU or joined.range_lu > _RANGE_LU:
        raise QualityError(
            f"the master is uneven: its loudest 3 s are {above:.1f} LU above the whole (at most"
            f" {_SHORT_TERM_ABOVE_LU:g}), and its loudness range is {joined.range_lu:.1f} LU (at most {_RANGE_LU:g})",
            hint="Lower the music under [audio], or name another voice: one of them is far louder than the rest.",
        )
    return joined


def _join(parts: Sequence[Part], render: partial[Rendered], file: BinaryIO) -> _Joined:
    """Render the parts side by side, write their frames in order, measure the whole."""
    meter, done = Meter(mp3.RATE_HZ), list[Rendered]()
    pool = ThreadPoolExecutor(_THREADS)
    try:
        for part, rendered in zip(parts, pool.map(render, parts), strict=True):
            file.write(rendered.frames if part is parts[-1] else mp3.without_last(rendered.frames))
            meter.add(rendered.heard)
            done.append(replace(rendered, frames=b"", heard=()))
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
    loudness, peak = meter.result(), max(part.true_peak for part in done)
    loudest = float(loudness.short_term_lufs().max())
    return _Joined(
        tuple(done), loudness.integrated_lufs(), loudest, loudness.range_lu(), 20 * math.log10(max(peak, 1e-9))
    )


def _info_frame(joined: _Joined, frames_path: Path) -> bytes:
    with frames_path.open("rb") as file:
        first_header = file.read(4)
    return mp3.info_frame(
        first_header, joined.samples // mp3.FRAME + 1, frames_path.stat().st_size, samples=joined.samples
    )


def _write(output: Path, head: bytes, frames_path: Path) -> None:
    """Head and frames to `output`, whole or not at all."""
    with temporary_beside(output) as temporary:
        with temporary.open("wb") as file, frames_path.open("rb") as frames:
            file.write(head)
            shutil.copyfileobj(frames, file, 1 << 20)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(output)
