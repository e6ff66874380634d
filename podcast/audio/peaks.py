"""True peak: measured, and held under a ceiling.

The signal between samples is found by 4-times oversampling (ITU-R BS.1770-5, annex 2) with a windowed sinc.  Only
blocks with a sample near the ceiling are looked at: speech and music rise by less than 3 dB between samples.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import numpy.typing as npt

from podcast.audio.filters import Samples

_TAPS = 8  # a side; annex 2 has 6
_BLOCK = 256
_RISE = 0.7079  # -3 dB
_REACH = 441  # samples a side, 10 ms: the gain is back at 1 within two of these
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

    The gain looks 10 ms ahead and moves along a Hann window, so that it is smooth and never late.
    """
    peaks = np.max([_block_peaks(channel) for channel in channels], axis=0)
    near = np.flatnonzero(peaks > ceiling * _RISE)
    if not len(near):
        return
    needed = np.ones(len(peaks) * _BLOCK, dtype=np.float32)
    magnitude = np.max([_between(channel, near) for channel in channels], axis=0)
    needed.reshape(-1, _BLOCK)[near] = np.minimum(1.0, ceiling / np.maximum(magnitude, 1e-9))
    length = len(channels[0])
    for start, end in _runs(needed < 1.0, 2 * _REACH):
        low, high = max(start, 0), min(end, length)
        gain = _smooth(np.pad(needed[low : min(high, len(needed))], 2 * _REACH, constant_values=1.0))[
            2 * _REACH : 2 * _REACH + high - low
        ]
        for channel in channels:
            channel[low:high] *= gain


def _runs(mask: npt.NDArray[np.bool_], margin: int) -> list[tuple[int, int]]:
    """Stretches around the set places, `margin` a side, merged where they meet."""
    places = np.flatnonzero(mask)
    if not len(places):
        return []
    breaks = np.flatnonzero(np.diff(places) > 2 * margin)
    starts = places[np.concatenate(([0], breaks + 1))] - margin
    ends = places[np.concatenate((breaks, [len(places) - 1]))] + margin + 1
    return [(int(start), int(end)) for start, end in zip(starts, ends, strict=True)]


def _smooth(needed: Samples) -> Samples:
    """A smooth gain that is at most `needed` everywhere: a running minimum, then a Hann window of the same width."""
    width = 2 * _REACH + 1
    lowest = _running_minimum(needed, width)
    window = np.hanning(width + 2)[1:-1]
    window /= window.sum()
    size = 1 << (len(lowest) + width).bit_length()
    dip = 1.0 - lowest.astype(np.float64)
    smooth = np.fft.irfft(np.fft.rfft(dip, size) * np.fft.rfft(window, size), size)[_REACH : _REACH + len(lowest)]
    return (1.0 - smooth).astype(np.float32)


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
