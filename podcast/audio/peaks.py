"""True peak: measured, and held under a ceiling.

The signal between samples is found by 4-times oversampling (ITU-R BS.1770-5, annex 2) with a windowed sinc.  Only
blocks with a sample near the ceiling are looked at: a tone rises by 1 / cos(pi f / rate) at most between samples, 2 dB
at 9 kHz, and what is higher in speech and music is far from its peaks.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import numpy.typing as npt

from podcast.audio.filters import Samples

_TAPS = 8  # a side; annex 2 has 6
_BLOCK = 256
_RISE = 0.794  # -2 dB
_MAKE_UP = np.float32(1.12)  # 1 dB
_CELL = 16  # samples that share one gain before it is drawn smooth: 0.4 ms
_REACH = 28  # cells a side, 10 ms: the gain is back at 1 within two of these
_BLOCKS_AT_ONCE = 64


@lru_cache(maxsize=1)
def _phases() -> Samples:
    """(2 * _TAPS, 3): weights of the samples around for the points 1/4, 2/4 and 3/4 of the way to the next."""
    distance = np.arange(-_TAPS + 1, _TAPS + 1)[:, None] - np.array([0.25, 0.5, 0.75])[None, :]
    window = np.cos(np.pi * distance / (2 * _TAPS + 1)) ** 2
    weights = np.sinc(distance) * window
    return np.asarray(weights / weights.sum(axis=0), dtype=np.float32)


def _block_peaks(samples: Samples) -> Samples:
    count = -(-len(samples) // _BLOCK)
    padded = np.zeros(count * _BLOCK, dtype=np.float32)
    np.abs(samples, out=padded[: len(samples)])
    peaks: Samples = padded.reshape(count, _BLOCK).max(axis=1)
    return peaks


def _between(samples: Samples, blocks: npt.NDArray[np.intp]) -> Samples:
    """(len(blocks), _BLOCK): greatest magnitude at and around each sample of the blocks."""
    padded = np.zeros((len(samples) // _BLOCK + 2) * _BLOCK + 2 * _TAPS, dtype=np.float32)
    padded[_TAPS : _TAPS + len(samples)] = samples
    result = np.empty((len(blocks), _BLOCK), dtype=np.float32)
    windows = np.lib.stride_tricks.sliding_window_view(padded, _BLOCK + 2 * _TAPS)
    for first in range(0, len(blocks), _BLOCKS_AT_ONCE):
        rows = windows[blocks[first : first + _BLOCKS_AT_ONCE] * _BLOCK]
        around = np.lib.stride_tricks.sliding_window_view(rows, 2 * _TAPS, axis=1)  # (rows, _BLOCK + 1, 2 * _TAPS)
        phases = np.abs(around @ _phases())
        between = np.maximum(np.maximum(phases[..., 0], phases[..., 1]), phases[..., 2])  # after sample i - 1
        peaks = np.maximum(between[:, :-1], between[:, 1:])
        result[first : first + len(rows)] = np.maximum(peaks, np.abs(rows[:, _TAPS:-_TAPS]))
    return result


def true_peak(samples: Samples) -> float:
    """Greatest magnitude of (n,) samples between and at the samples (1.0 = 0 dBTP)."""
    if not len(samples):
        return 0.0
    peaks = _block_peaks(samples)
    near = np.flatnonzero(peaks >= peaks.max() * _RISE)
    return float(_between(samples, near).max()) if peaks.max() > 0 else 0.0


def limit(channels: tuple[Samples, ...], ceiling: float) -> None:
    """Bring every true peak of the channels to `ceiling` or below, in place, with one gain for all channels.

    The gain looks 10 ms ahead and moves along a Hann window, so that it is smooth and never late.  What it takes from
    the energy of the whole is given back first, so that loudness stays: by at most `_MAKE_UP`.
    """
    peaks = np.max([_block_peaks(channel) for channel in channels], axis=0)
    near = np.flatnonzero(peaks * _MAKE_UP > ceiling * _RISE)
    if not len(near):
        return
    magnitude = np.zeros((len(peaks), _BLOCK // _CELL), dtype=np.float32)
    blocks = np.max([_between(channel, near) for channel in channels], axis=0)
    magnitude[near] = blocks.reshape(len(near), -1, _CELL).max(axis=2)
    gain = _limiting_gain(magnitude.ravel(), ceiling)
    if gain.min() == 1.0:
        return
    make_up = _make_up(channels, gain)
    gain = make_up * _limiting_gain(magnitude.ravel() * make_up, ceiling)
    for channel in channels:
        np.multiply(channel, _per_sample(gain, len(channel)), out=channel)


def _limiting_gain(magnitude: Samples, ceiling: float) -> Samples:
    return _smooth(np.minimum(1.0, ceiling / np.maximum(magnitude, 1e-9), dtype=np.float32))


def _make_up(channels: tuple[Samples, ...], gain: Samples) -> np.float32:
    """The gain that gives back the energy which a gain for each cell takes."""
    energy = np.zeros(len(gain), dtype=np.float32)
    for channel in channels:
        cells = channel[: len(channel) // _CELL * _CELL].reshape(-1, _CELL)
        energy[: len(cells)] += np.einsum("ij,ij->i", cells, cells)
    left = float(np.dot(energy, gain * gain))
    return np.float32(min((float(energy.sum()) / left) ** 0.5, _MAKE_UP) if left > 0 else 1.0)


def _smooth(needed: Samples) -> Samples:
    """A smooth gain for each cell that is at most `needed` in it and its neighbours."""
    window = np.hanning(2 * _REACH + 3)[1:-1]
    around = np.pad(needed, _REACH, constant_values=1.0)  # a dip near an end begins before it
    dip = 1.0 - _running_minimum(around, 2 * _REACH + 3)
    return np.asarray(1.0 - np.convolve(dip, window / window.sum(), mode="valid"), dtype=np.float32)


def _per_sample(gain: Samples, length: int) -> Samples:
    """From gains at the starts of the cells to a gain for each of the samples, by straight lines."""
    slope = np.diff(gain, append=gain[-1:])[:, None] * (np.arange(_CELL) / _CELL).astype(np.float32)
    return np.asarray((gain[:, None] + slope).ravel()[:length], dtype=np.float32)


def _running_minimum(values: Samples, width: int) -> Samples:
    """Minimum of the `width` values around each (van Herk: running minima from both ends of blocks)."""
    half = width // 2
    count = -(-(len(values) + 2 * half) // width)
    padded = np.ones(count * width, dtype=np.float32)
    padded[half : half + len(values)] = values
    table = padded.reshape(count, width)
    forward = np.minimum.accumulate(table, axis=1).ravel()
    backward = np.minimum.accumulate(table[:, ::-1], axis=1)[:, ::-1].ravel()
    result: Samples = np.minimum(backward[: len(values)], forward[width - 1 : width - 1 + len(values)])
    return result
