"""Loudness after EBU R128 / ITU-R BS.1770-5: K-weighting and gating.

Mono is measured as one channel (weight 1), as ffmpeg's ebur128 does by default.  `MONO_AS_PLAYED_LU` is what the same
file measures when it is counted as it comes out of two loudspeakers.

K-weighting is taken from the power spectrum of each step of 0.1 s (Parseval), which costs a quarter of filtering.  What
the borders of the steps smear is 0.01 LU for speech and music; only pure tones under 40 Hz read up to 0.5 LU high.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from podcast.audio.filters import Biquad, Samples, gain_at

Energies = npt.NDArray[np.float64]

MONO_AS_PLAYED_LU = 10 * math.log10(2)
STEP_SECONDS = 0.1
BLOCK_STEPS = 4  # gating block of BS.1770: 0.4 s, 75 % overlap
SHORT_TERM_STEPS = 30  # EBU R128: 3 s
_OFFSET_LU = -0.691  # BS.1770: makes 997 Hz read its own level
_STEPS_AT_ONCE = 8  # the spectra stay in the processor's cache


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
def _k_weights(rate_hz: int) -> Samples:
    """For each bin of a step's power spectrum: what it adds to the step's K-weighted mean square."""
    size = step_samples(rate_hz)
    return _one_sided(np.square(np.abs(gain_at(k_weighting(rate_hz), size))), size)


@lru_cache(maxsize=16)
def _weights_above(cutoff_hz: float, rate_hz: int) -> Samples:
    size = step_samples(rate_hz)
    return _one_sided(np.fft.rfftfreq(size, 1 / rate_hz) >= cutoff_hz, size)


def _one_sided(power_gain: npt.NDArray[Any], size: int) -> Samples:
    weights = power_gain / size**2
    weights[1 : -(-size // 2)] *= 2  # the bins that stand for negative frequencies too
    return weights.astype(np.float32)


def step_samples(rate_hz: int) -> int:
    return round(STEP_SECONDS * rate_hz)


def steps_and_high(samples: Samples, rate_hz: int, cutoff_hz: float) -> tuple[Energies, Energies]:
    """The steps of one channel, and their mean squares above a frequency, not weighted."""
    weighted, high = _weighted_steps(samples, rate_hz, _k_weights(rate_hz), _weights_above(cutoff_hz, rate_hz))
    return weighted, high


def _weighted_steps(samples: Samples, rate_hz: int, *weights: Samples) -> list[Energies]:
    size = step_samples(rate_hz)
    whole = len(samples) // size
    runs = [
        samples[: whole * size].reshape(whole, size)[at : at + _STEPS_AT_ONCE] for at in range(0, whole, _STEPS_AT_ONCE)
    ]
    if rest := len(samples) - whole * size:
        runs.append(np.pad(samples[-rest:], (0, size - rest))[None, :])
    results = [np.zeros((len(weights), 0))]
    for run in runs:
        power = _power(run)
        results.append(np.stack([np.einsum("ij,j->i", power, each) for each in weights]))
    return list(np.concatenate(results, axis=1).astype(np.float64))


def _power(rows: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    spectra = np.fft.rfft(rows)
    power = np.square(spectra.real)
    power += np.square(spectra.imag)
    return np.asarray(power, dtype=np.float32)


def lufs(mean_square: float) -> float:
    return _OFFSET_LU + 10 * math.log10(mean_square) if mean_square > 0 else -math.inf


def mean_square(loudness_lufs: float) -> float:
    return float(10 ** ((loudness_lufs - _OFFSET_LU) / 10))


def sliding(steps: Energies, count: int) -> Energies:
    """Mean of every run of `count` neighbouring steps."""
    sums = np.concatenate(([0.0], np.cumsum(steps)))
    return (sums[count:] - sums[:-count]) / count


def gating_blocks(steps_of_sound: Energies, length: float) -> Energies:
    """Mean squares of the 0.4 s blocks, 0.1 s apart, of a sound that is `length` steps long.

    Less than one block gives one value over its true length: BS.1770 would leave it unmeasured, and a clip of one
    syllable has to be levelled too.
    """
    if length < BLOCK_STEPS:
        return np.array([steps_of_sound.sum() / length]) if length else np.zeros(0)
    return sliding(steps_of_sound[: int(length)], BLOCK_STEPS)


def integrated_lufs(blocks: Energies) -> float:
    """Gated loudness: absolute gate -70 LUFS, relative gate -10 LU.  -inf for silence."""
    loud = blocks[blocks > mean_square(-70.0)]
    if not len(loud):
        return -math.inf
    return lufs(float(np.mean(loud[loud > np.mean(loud) / 10])))


def unlevelled_lufs(blocks: Energies) -> float:
    """Gated loudness of a sound whose level is yet to be set: the absolute gate counts from its loudest block.

    Otherwise a clip near -70 LUFS would lose its softer blocks to a gate that they pass once they are levelled.
    """
    loudest = float(blocks.max(initial=0.0))
    return integrated_lufs(blocks / loudest) + 10 * math.log10(loudest) if loudest > 0 else -math.inf


class Loudness:
    """What is said of a signal from its steps: K-weighted mean squares of every 0.1 s, summed over channels."""

    def __init__(self, steps: Energies) -> None:
        self.steps = steps

    def integrated_lufs(self) -> float:
        return integrated_lufs(sliding(self.steps, BLOCK_STEPS) if len(self.steps) >= BLOCK_STEPS else self.steps)

    def momentary_lufs(self) -> Energies:
        """Loudness of every 0.4 s, 0.1 s apart (EBU Tech 3341); -inf for silence.  Less than 0.4 s counts as one."""
        return self._lufs(BLOCK_STEPS)

    def short_term_lufs(self) -> Energies:
        """Loudness of every 3 s, likewise."""
        return self._lufs(SHORT_TERM_STEPS)

    def range_lu(self) -> float:
        """Loudness range after EBU Tech 3342: from the 10th to the 95th percentile of the gated short-term loudness."""
        short = self.short_term_lufs()
        short = short[short > -70.0]
        if not len(short):
            return 0.0
        gated = short[short > lufs(float(np.mean(10 ** ((short - _OFFSET_LU) / 10)))) - 20.0]
        low, high = np.percentile(gated, (10, 95))
        return float(high - low)

    def _lufs(self, count: int) -> Energies:
        if not len(self.steps):
            return np.zeros(0)
        with np.errstate(divide="ignore"):
            return np.asarray(_OFFSET_LU + 10 * np.log10(sliding(self.steps, min(count, len(self.steps)))))


class Meter:
    """Measures a signal that comes in pieces of any length: the result is that of the whole, to the last bit."""

    def __init__(self, rate_hz: int = 44_100) -> None:
        self._rate_hz = rate_hz
        self._rests: tuple[Samples, ...] = ()  # of each channel: what does not fill a step yet
        self._steps: list[Energies] = []

    def add(self, channels: Sequence[Samples]) -> None:
        """The next (n,) samples of each channel."""
        if self._rests:
            channels = [np.concatenate(both) for both in zip(self._rests, channels, strict=True)]
        whole = len(channels[0]) // step_samples(self._rate_hz) * step_samples(self._rate_hz)
        self._steps.append(self._energies([channel[:whole] for channel in channels]))
        self._rests = tuple(channel[whole:].copy() for channel in channels)

    def result(self) -> Loudness:
        """Of all that came; the last step is filled with silence."""
        return Loudness(np.concatenate([np.zeros(0), *self._steps, self._energies(self._rests)]))

    def _energies(self, channels: Sequence[Samples]) -> Energies:
        weights = _k_weights(self._rate_hz)
        steps = [_weighted_steps(channel, self._rate_hz, weights)[0] for channel in channels]
        return np.sum(steps, axis=0) if steps else np.zeros(0)


def loudness_of(channels: Sequence[Samples], rate_hz: int) -> Loudness:
    """Of (n,) samples of each channel at once."""
    meter = Meter(rate_hz)
    meter.add(channels)
    return meter.result()
