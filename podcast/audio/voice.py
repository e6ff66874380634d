"""One clip, read and made ready: checked, trimmed to its speech, cleaned of rumble, softened, measured.

Engines leave silence of their own before and after the words; here it goes, so that pauses are the script's to set.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import soundfile
import soxr

from podcast.audio import filters
from podcast.audio.deess import SIBILANTS_HZ, body_power, is_sharp, soften
from podcast.audio.filters import Samples
from podcast.audio.loudness import (
    BLOCK_STEPS,
    Energies,
    gating_blocks,
    sliding,
    step_samples,
    steps_and_high,
    unlevelled_lufs,
)
from podcast.errors import QualityError
from podcast.models import Clip, Mark

BEFORE_SECONDS = 0.030  # kept before the speech: soft consonants start below any threshold
AFTER_SECONDS = 0.080  # kept after it: the room's and the voice's own decay
FADE_IN_SECONDS = 0.005
FADE_OUT_SECONDS = 0.020
RUMBLE_HZ = 70.0  # the lowest male pitch is about 80 Hz
# A phase rotator, as radio stations have one before their limiter: the pulses of a low voice all point one way, and
# with their partials' phases apart they are lower (of Kokoro's men peaks lie 23.4 dB over loudness, 20.6 after it; of
# its women 14.9 and 14.3).  More of them gain no more.
ROTATOR_HZ = (350.0, 500.0)
ROTATOR_Q = 0.6
_FRAME_SECONDS = 0.0025
_BELOW_LOUD_DB = 40.0  # speech is what is at most this far under the clip's loud frames
_FLOOR_DB = -75.0  # and above the noise of any engine
_SHORTEST_SECONDS = 0.015  # a shorter burst is a click
_GAP_SECONDS = 0.080  # the closure of a plosive is no pause
_SNAP_SECONDS = 0.25  # how far an engine's mark may be from the onset it means
_LENGTH_TOLERANCE_SECONDS = 0.05


Stretches = npt.NDArray[np.float64]  # (n, 2): start and end, in seconds


@dataclass(frozen=True, slots=True)
class Voice:
    """The speech of one utterance, not yet levelled."""

    samples: Samples  # (n,) from BEFORE_SECONDS before the first sound to AFTER_SECONDS after the last
    rate_hz: int
    sentences: tuple[tuple[float, float], ...]  # start and end of each mark's sentence, seconds into the samples
    blocks: Energies  # gating blocks
    blocks_between_pauses: Energies  # the same with silence around, as the master's meter will see them
    loudness_lufs: float

    @property
    def speech(self) -> tuple[float, float]:
        """Start and end of the sound, seconds into the samples."""
        return self.sentences[0][0], self.sentences[-1][1]


def read_voice(clip: Clip) -> Voice:
    """Read a clip and trim it; QualityError if it is damaged, silent, or not as long as it says."""
    samples, rate_hz = _read(clip)
    cut = filters.high_pass(RUMBLE_HZ, rate_hz)
    turned = tuple(filters.all_pass(centre_hz, rate_hz, ROTATOR_Q) for centre_hz in ROTATOR_HZ)
    plain, clean = filters.apply(samples, rate_hz, (cut,), (cut, *turned))
    stretches = speech_stretches(plain, rate_hz)  # in the rotator the last sound rings on
    if not len(stretches):
        raise _damaged(clip, "is silent")
    first, last = float(stretches[0, 0]), float(stretches[-1, 1])
    begin = max(0, round((first - BEFORE_SECONDS) * rate_hz))
    end = min(len(clean), round((last + AFTER_SECONDS) * rate_hz))
    trimmed = clean[begin:end].copy()
    _fade_edges(trimmed, rate_hz)
    sentences = tuple((start - begin / rate_hz, stop - begin / rate_hz) for start, stop in _snap(clip.marks, stretches))
    energies, high = steps_and_high(trimmed, rate_hz, SIBILANTS_HZ)
    if is_sharp(energies, high):
        trimmed = soften(trimmed, rate_hz, body_power(energies, high))
        energies = steps_and_high(trimmed, rate_hz, SIBILANTS_HZ)[0]
    blocks = gating_blocks(energies, len(trimmed) / step_samples(rate_hz))
    loudness = unlevelled_lufs(blocks)
    if not np.isfinite(loudness):
        raise _damaged(clip, "is silent")
    between = sliding(np.pad(energies, BLOCK_STEPS - 1), BLOCK_STEPS)
    return Voice(trimmed, rate_hz, sentences, blocks, between, loudness)


def resample(voice: Voice, rate_hz: int) -> Samples:
    """The samples at another rate (soxr HQ: passband to 0.913 of Nyquist, images below -120 dB)."""
    if voice.rate_hz == rate_hz:
        return voice.samples
    result: Samples = soxr.resample(voice.samples, voice.rate_hz, rate_hz, "HQ")
    return result


def speech_stretches(samples: Samples, rate_hz: int) -> Stretches:
    """The stretches of sound in (n,) samples; none if all is silent."""
    frame = round(_FRAME_SECONDS * rate_hz)
    count = len(samples) // frame
    table = samples[: count * frame].reshape(count, frame)
    level = np.sqrt(np.einsum("ij,ij->i", table, table) / frame)
    heard = level[level > 10 ** (_FLOOR_DB / 20)]
    if not len(heard):
        return np.zeros((0, 2))
    threshold = max(float(np.percentile(heard, 95)) * 10 ** (-_BELOW_LOUD_DB / 20), 10 ** (_FLOOR_DB / 20))
    edges = np.flatnonzero(np.diff(np.concatenate(([0], (level > threshold).astype(np.int8), [0]))))
    found = _join(edges.reshape(-1, 2) * (frame / rate_hz), _FRAME_SECONDS * 2)
    found = found[found[:, 1] - found[:, 0] >= _SHORTEST_SECONDS]
    return _join(found, _GAP_SECONDS)


def _join(stretches: npt.NDArray[np.floating], gap_seconds: float) -> Stretches:
    if not len(stretches):
        return np.zeros((0, 2))
    apart = stretches[1:, 0] - stretches[:-1, 1] > gap_seconds
    return np.column_stack((stretches[np.r_[True, apart], 0], stretches[np.r_[apart, True], 1]))


def _snap(marks: tuple[Mark, ...], stretches: Stretches) -> list[tuple[float, float]]:
    """Sentences as they are heard: each mark moved to the onset and end of sound that it means.

    The first starts with the first sound and the last ends with the last, so that nothing heard is outside.
    """
    offsets = [mark.offset_seconds for mark in marks]
    starts = [float(stretches[0, 0])]
    for before, offset, after in zip(offsets, offsets[1:], [*offsets[2:], np.inf], strict=False):
        reach = min(_SNAP_SECONDS, (offset - before) / 2, (after - offset) / 2)
        starts.append(min(max(_onset(stretches, offset, reach, after), starts[-1]), float(stretches[-1, 1])))
    ends = []
    for mark, start, following in zip(marks, starts, starts[1:], strict=False):
        end = _nearest(stretches[:, 1], mark.offset_seconds + mark.duration_seconds, _SNAP_SECONDS)
        ends.append(min(max(end, start), following))
    return list(zip(starts, [*ends, float(stretches[-1, 1])], strict=True))


def _onset(stretches: Stretches, offset: float, reach: float, limit: float) -> float:
    """The nearest onset within reach; else, for a mark in silence, the next one before the limit; else the mark."""
    if (near := _nearest(stretches[:, 0], offset, reach)) != offset:
        return near
    following = int(np.searchsorted(stretches[:, 0], offset))
    silent = following == 0 or stretches[following - 1, 1] < offset
    if silent and following < len(stretches) and stretches[following, 0] < limit:
        return float(stretches[following, 0])
    return offset


def _nearest(places: npt.NDArray[np.float64], wanted: float, reach: float) -> float:
    place = float(places[np.argmin(np.abs(places - wanted))])
    return place if abs(place - wanted) <= reach else wanted


def _fade_edges(samples: Samples, rate_hz: int) -> None:
    """Raised-cosine fades in place: no edit starts or ends on a step."""
    rise, fall = (min(round(s * rate_hz), len(samples) // 2) for s in (FADE_IN_SECONDS, FADE_OUT_SECONDS))
    samples[:rise] *= _ramp(rise)
    samples[len(samples) - fall :] *= _ramp(fall)[::-1]


def _ramp(count: int) -> Samples:
    """From 0 to 1 in `count` steps."""
    return (0.5 - 0.5 * np.cos(np.pi * np.arange(count) / max(count, 1))).astype(np.float32)


def _read(clip: Clip) -> tuple[Samples, int]:
    try:
        table, rate_hz = soundfile.read(clip.path, dtype="float32", always_2d=True)
    except (soundfile.LibsndfileError, OSError) as error:
        raise _damaged(clip, f"cannot be read ({error})") from error
    samples = np.asarray(table[:, 0] if table.shape[1] == 1 else table.mean(axis=1), dtype=np.float32)
    if abs(len(samples) / rate_hz - clip.duration_seconds) > _LENGTH_TOLERANCE_SECONDS:
        raise _damaged(clip, f"lasts {len(samples) / rate_hz:.2f} s instead of {clip.duration_seconds:.2f} s")
    if not np.isfinite(samples).all():
        raise _damaged(clip, "holds samples that are no numbers")
    return samples, int(rate_hz)


def _damaged(clip: Clip, what: str) -> QualityError:
    return QualityError(
        f"the clip of utterance {clip.utterance_id} {what}",
        where=str(clip.path),
        hint="Delete the file and run again: the utterance is then spoken anew.",
    )
