"""One part finished: mixed, limited, encoded, decoded again and measured."""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile

from podcast.audio import encoded, mp3
from podcast.audio.filters import Samples
from podcast.audio.mix import Heard, Levels, MusicCuts, mix_part
from podcast.audio.parts import Part
from podcast.audio.peaks import limit, true_peak

CODEC_HEADROOM_DB = 1.0  # an MP3 at 96 kbit/s rises by 0.5 to 1 dB over what went in


@dataclass(frozen=True, slots=True)
class Recipe:
    """What all parts of an episode have in common."""

    music: MusicCuts
    levels: Levels
    true_peak_dbtp: float
    channels: int
    bitrate_kbps: int
    cache: Path | None  # a folder that keeps encoded parts


@dataclass(frozen=True, slots=True)
class Rendered:
    frames: bytes  # one frame more than the part is long: only the last part's is written
    length: int  # samples
    sentences: tuple[tuple[Heard, ...], ...]  # for each utterance
    heard: tuple[Samples, ...]  # what a player makes of the frames, for the meter: left out once that had it
    true_peak: float  # of the decoded frames; 1.0 = 0 dBTP
    frame_peaks: Samples  # of the decoded frames, the greatest magnitude in each, for the waveform


def render_part(part: Part, recipe: Recipe, gain_db: float = 0.0) -> Rendered:
    """Finish a part; it is limited further until the *decoded* true peak is under the target.

    QualityError if a clip is damaged.
    """
    mix = mix_part(part, recipe.music, recipe.levels)
    gain = np.float32(10 ** (gain_db / 20))
    channels = tuple(channel * gain for channel in mix.channels) if gain_db else mix.channels
    wanted = float(10 ** (recipe.true_peak_dbtp / 20))
    ceiling = wanted * float(10 ** (-CODEC_HEADROOM_DB / 20))
    if mix.music or gain_db:
        limit(channels, ceiling)
    while True:
        frames, heard = _through_codec(channels, recipe)
        peak = max(true_peak(channel) for channel in heard)
        if peak <= wanted:
            return Rendered(frames, len(channels[0]), mix.sentences, heard, peak, _frame_peaks(heard))
        ceiling *= 0.98 * wanted / peak
        limit(channels, ceiling)


def _through_codec(channels: tuple[Samples, ...], recipe: Recipe) -> tuple[bytes, tuple[Samples, ...]]:
    """The frames, and what a player makes of them."""
    frames = _encode(channels if len(channels) == recipe.channels else channels * recipe.channels, recipe)
    table, _ = soundfile.read(io.BytesIO(frames), dtype="float32", always_2d=True)
    heard = table[mp3.DELAY : mp3.DELAY + len(channels[0])].T
    return frames, tuple(np.ascontiguousarray(channel) for channel in heard)


def _encode(channels: tuple[Samples, ...], recipe: Recipe) -> bytes:
    if recipe.cache is None:
        return mp3.encode(channels, recipe.bitrate_kbps)
    return encoded.encode(channels, recipe.bitrate_kbps, recipe.cache)


def _frame_peaks(channels: tuple[Samples, ...]) -> Samples:
    peaks: Samples = np.max([np.abs(channel).reshape(-1, mp3.FRAME).max(axis=1) for channel in channels], axis=0)
    return peaks
