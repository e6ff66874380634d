"""True peak: measured, and held under a ceiling.

The signal between samples is found by 4-times oversampling (ITU-R BS.1770-5, annex 2) with a windowed sinc.  Only the
surroundings of samples near the ceiling are looked at: a tone rises by 1 / cos(pi f / rate) at most between samples,
3 dB at 11 kHz, and what is higher in speech and music is far from its peaks.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import numpy.typing as npt

from podcast.audio.filters import Samples

_TAPS = 8  # a side; annex 2 has 6
_RISE = 0.708  # -3 dB
_MAKE_UP = 1.12  # 1 dB
_ROUNDS = 4  # what is given back is limited in turn
_CLOSE = 1.01  # 0.1 dB
_CELL = 32  # samples that share one gain before it is drawn smooth: 0.7 ms
_REACH = 14  # cells a side, 10 ms: the gain is back at 1 within two of these
REACH_SAMPLES = 1024  # more than two reaches, the cell's own slope and the taps; a whole number of cells
_AT_ONCE = 1 << 10  # rows of a product: more of them would wake up threads of the BLAS, and the episode has its own

Places = npt.NDArray[np.intp]


@lru_cache(maxsize=1)
def _phases() -> Samples:
    """(2 * _TAPS + 1, 6): weights of the samples around one for the points 1/4, 2/4 and 3/4 of the way on and back."""
    distance = np.arange(-_TAPS, _TAPS + 1)[:, None] - np.array([-0.75, -0.5, -0.25, 0.25, 0.5, 0.75])[None, :]
    window = np.cos(np.pi * np.clip(distance / (2 * _TAPS + 1), -0.5, 0.5)) ** 2
    weights = np.sinc(distance) * window
    return np.asarray(weights / weights.sum(axis=0), dtype=np.float32)


def _near(samples: Samples, level: float) -> tuple[Places, Samples]:
    """The samples that reach `level`, and the greatest magnitude at and between each and its neighbours."""
    places = np.flatnonzero(np.abs(samples) >= level)
    padded = np.pad(samples, _TAPS)
    around = np.arange(2 * _TAPS + 1)
    magnitudes = np.empty(len(places), dtype=np.float32)
    for first in range(0, len(places), _AT_ONCE):
        rows = padded[places[first : first + _AT_ONCE, None] + around]
        between = np.abs(rows @ _phases()).max(axis=1)
        magnitudes[first : first + len(rows)] = np.maximum(between, np.abs(rows[:, _TAPS]))
    return places, magnitudes


def true_peak(samples: Samples) -> float:
    """Greatest magnitude of (n,) samples between and at the samples (1.0 = 0 dBTP), which silence surrounds."""
    highest = max(float(samples.max()), -float(samples.min())) if len(samples) else 0.0
    return float(_near(samples, highest * _RISE)[1].max()) if highest else 0.0


class PeakMeter:
    """The true peak of one channel that comes in pieces, which may be cut anywhere.

    A piece alone would seem to end in silence, and a tone that stops at once rises by 1 dB and more between samples.
    """

    def __init__(self) -> None:
        self.highest = 0.0  # of what has come; 1.0 = 0 dBTP
        self._before = np.zeros(2 * _TAPS, dtype=np.float32)

    def add(self, samples: Samples) -> None:
        """The next (n,) samples.  The last few are looked at when more have come, or with `close`."""
        joined = np.concatenate((self._before, samples))
        level = max(self.highest, float(np.abs(joined).max()), 1e-9) * _RISE
        places, magnitudes = _near(joined, level)
        inside = (places >= _TAPS) & (places < len(joined) - _TAPS)
        self.highest = max(self.highest, float(magnitudes[inside].max(initial=0.0)))
        self._before = joined[-2 * _TAPS :].copy()

    def close(self) -> float:
        """The true peak of all, with silence after it."""
        self.add(np.zeros(2 * _TAPS, dtype=np.float32))
        return self.highest


def limit(channels: tuple[Samples, ...], ceiling: float, *, make_up: float = _MAKE_UP) -> None:
    """Bring every true peak of the channels to `ceiling` or below, in place, with one gain for all channels.

    The gain looks 10 ms ahead and moves along a triangle, so that it is smooth and never late.  What it takes from
    the energy of the whole is given back first, so that loudness stays: by a factor of at most `make_up`.  Where that
    is 1 the gain at a sample depends only on the `REACH_SAMPLES` before and after it.
    """
    reached = min(make_up, _MAKE_UP)
    while True:
        magnitude = _magnitudes(channels, ceiling * _RISE / reached)
        if magnitude.max(initial=0.0) <= ceiling:
            return
        gain, given = _gain_and_make_up(channels, magnitude, ceiling, make_up)
        if given <= reached:
            break
        reached = min(given * 1.1, make_up)
    for channel in channels:
        _apply(channel, gain)
        if given > 1:
            np.multiply(channel, np.float32(given), out=channel)


def _magnitudes(channels: tuple[Samples, ...], level: float) -> Samples:
    """The greatest magnitude in each cell of any channel, 0 where no sample reaches the level."""
    magnitude = np.zeros(-(-len(channels[0]) // _CELL), dtype=np.float32)
    for channel in channels:
        places, magnitudes = _near(channel, level)
        cells, firsts = np.unique(places // _CELL, return_index=True)
        if len(cells):
            magnitude[cells] = np.maximum(magnitude[cells], np.maximum.reduceat(magnitudes, firsts))
    return magnitude


def _limiting_gain(magnitude: Samples, ceiling: float) -> Samples:
    return _smooth(np.minimum(1.0, ceiling / np.maximum(magnitude, 1e-9), dtype=np.float32))


def _gain_and_make_up(
    channels: tuple[Samples, ...], magnitude: Samples, ceiling: float, most: float
) -> tuple[Samples, float]:
    """The limiting gain of each cell, and the factor, up to `most`, with which as much energy is left as without it."""
    gain, given = _limiting_gain(magnitude, ceiling), 1.0
    if most <= 1:
        return gain, given
    whole = len(channels[0]) // _CELL  # the last cell may be short; what it holds is nothing beside the rest
    energy = np.zeros(len(magnitude), dtype=np.float32)
    for channel in channels:
        table = channel[: whole * _CELL].reshape(-1, _CELL)
        energy[:whole] += np.einsum("ij,ij->i", table, table)
    total = float(energy.sum())
    for _ in range(_ROUNDS):
        left = float(np.einsum("i,i,i->", energy, gain, gain))
        wanted = min((total / left) ** 0.5, most) if left else 1.0
        if wanted <= given * _CLOSE:
            break
        given = wanted
        gain = _limiting_gain(magnitude * np.float32(given), ceiling)
    return gain, given


def _smooth(needed: Samples) -> Samples:
    """A smooth gain for each cell that is at most `needed` in it and its neighbours."""
    around = np.pad(needed, _REACH, constant_values=1.0)  # a dip near an end begins before it
    dip = 1.0 - _running_minimum(around, 2 * _REACH + 3)
    return np.asarray(1.0 - _running_mean(_running_mean(dip, _REACH + 1), _REACH + 1), dtype=np.float32)


def _running_mean(values: Samples, width: int) -> Samples:
    """Twice over, it moves along a triangle; the sums lose nothing, for what is summed are dips between 0 and 1."""
    sums = np.concatenate(([0.0], np.cumsum(values, dtype=np.float64)))
    return np.asarray((sums[width:] - sums[:-width]) / width, dtype=np.float32)


def _apply(channel: Samples, gain: Samples) -> None:
    """Multiply by gains at the starts of the cells, in place, with straight lines between them."""
    ends = np.append(gain[1:], gain[-1:])
    cells = np.flatnonzero(np.minimum(gain, ends) < 1)
    slope = (ends - gain)[cells, None] * (np.arange(_CELL) / _CELL).astype(np.float32)
    factors = gain[cells, None] + slope
    whole = len(channel) // _CELL
    table = channel[: whole * _CELL].reshape(-1, _CELL)
    inside = cells < whole
    table[cells[inside]] *= factors[inside]
    if rest := len(channel) - whole * _CELL:
        channel[-rest:] *= factors[-1, :rest] if len(cells) and not inside[-1] else np.float32(1)


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
