"""Loudness after EBU R128 / ITU-R BS.1770-5: K-weighting and gating.

Mono is measured as one channel (weight 1), as ffmpeg's ebur128 does by default.  `MONO_AS_PLAYED_LU` is what the same
file measures when it is counted as it comes out of two loudspeakers.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from podcast.audio import filters
from podcast.audio.filters import Biquad, Samples, Spectrum

Energies = npt.NDArray[np.float64]

MONO_AS_PLAYED_LU = 10 * math.log10(2)
BLOCK_SECONDS = 0.4  # gating block of BS.1770; steps of 0.1 s are 75 % overlap
STEP_SECONDS = 0.1
_OFFSET_LU = -0.691  # BS.1770: makes 997 Hz read its own level


def k_weighting(rate_hz: int) -> tuple[Biquad, Biquad]:
    """The two stages of BS.1770's filter for any rate, from its analogue form (as libebur128 derives them)."""
    k, q = math.tan(math.pi * 1681.974450955533 / rate_hz), 0.7071752369554196
    high = 10 ** (3.999843853973347 / 20)
    band = high**0.4996667741545416
    norm = 1 + k / q + k * k
    shelf = Biquad(
        ((high + band * k / q + k * k) / norm, 2 * (k * k - high) / norm, (high - band * k / q + k * k) / norm),
        (1.0, 2 * (k * k - 1) / norm, (1 - k / q + k * k) / norm),
    )
    k, q = math.tan(math.pi * 38.13547087602444 / rate_hz), 0.5003270373238773
    norm = 1 + k / q + k * k
    cut = Biquad((1.0, -2.0, 1.0), (1.0, 2 * (k * k - 1) / norm, (1 - k / q + k * k) / norm))
    return shelf, cut


@lru_cache(maxsize=16)
def k_response(rate_hz: int) -> Spectrum:
    return filters.response(k_weighting(rate_hz), rate_hz)


def lufs(mean_square: float) -> float:
    return _OFFSET_LU + 10 * math.log10(mean_square) if mean_square > 0 else -math.inf


def mean_square(loudness_lufs: float) -> float:
    return float(10 ** ((loudness_lufs - _OFFSET_LU) / 10))


def sliding(steps: Energies, count: int) -> Energies:
    """Mean of every run of `count` neighbouring steps."""
    sums = np.concatenate(([0.0], np.cumsum(steps)))
    return (sums[count:] - sums[:-count]) / count


def gating_blocks(weighted: Samples, rate_hz: int) -> Energies:
    """Mean squares of the 0.4 s blocks, 0.1 s apart, of (n,) K-weighted samples.

    Less than one block gives one value over its true length: BS.1770 would leave it unmeasured, and a clip of one
    syllable has to be levelled too.
    """
    step = round(STEP_SECONDS * rate_hz)
    count = len(weighted) // step
    if count < 4:
        return np.array([np.mean(np.square(weighted, dtype=np.float64))]) if len(weighted) else np.zeros(0)
    steps = np.square(weighted[: count * step]).reshape(count, step).mean(axis=1, dtype=np.float64)
    return sliding(steps, 4)


def integrated_lufs(blocks: Energies) -> float:
    """Gated loudness: absolute gate -70 LUFS, relative gate -10 LU.  -inf for silence."""
    loud = blocks[blocks > mean_square(-70.0)]
    if not len(loud):
        return -math.inf
    return lufs(float(np.mean(loud[loud > np.mean(loud) / 10])))


class Meter:
    """Loudness of a long signal that arrives piece by piece as energies of equal small cells.

    A cell is `CELL` samples, which divides both a step of 0.1 s and an MP3 frame: pieces that are whole frames fall on
    one grid of steps, so that the result is that of the whole signal at once.
    """

    CELL = 18  # gcd(4410, 1152)
    RATE_HZ = 44_100

    def __init__(self) -> None:
        self._rest: Energies = np.zeros(0)
        self._steps: list[Energies] = []

    @classmethod
    def cells(cls, channels: Iterable[Samples]) -> Energies:
        """K-weighted energy of each cell, summed over channels; a rest shorter than a cell is left out."""
        total: Energies = np.zeros(0)
        for channel in channels:
            (weighted,) = filters.apply(channel, cls.RATE_HZ, k_response(cls.RATE_HZ))
            count = len(weighted) // cls.CELL
            table = weighted[: count * cls.CELL].reshape(count, cls.CELL)
            energy = np.einsum("ij,ij->i", table, table).astype(np.float64)
            total = energy if not len(total) else total + energy
        return total

    def add(self, cells: Energies) -> None:
        per_step = round(STEP_SECONDS * self.RATE_HZ) // self.CELL
        cells = np.concatenate((self._rest, cells))
        count = len(cells) // per_step
        self._steps.append(cells[: count * per_step].reshape(count, per_step).sum(axis=1) / (per_step * self.CELL))
        self._rest = cells[count * per_step :]

    def integrated_lufs(self) -> float:
        steps = np.concatenate(self._steps) if self._steps else np.zeros(0)
        return integrated_lufs(sliding(steps, 4) if len(steps) >= 4 else steps)
