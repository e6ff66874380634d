"""Linear filters on long signals, as products of short spectra (overlap-save).

numpy has no recursive filter, and a Python loop over samples is 100 times too slow.  The filters used here ring for
well under 0.1 s, so the block-wise product with their frequency response equals the recursive filter to -100 dB.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

Samples = npt.NDArray[np.float32]
Spectrum = npt.NDArray[np.complex64]

MEMORY_SECONDS = 0.05  # a high-pass at 70 Hz has decayed by 130 dB
_BLOCKS_AT_ONCE = 8  # the spectra stay in the processor's cache


@dataclass(frozen=True, slots=True)
class Biquad:
    """A second-order section; a[0] is 1."""

    b: tuple[float, float, float]
    a: tuple[float, float, float]


def high_pass(cutoff_hz: float, rate_hz: int, q: float = 0.70710678) -> Biquad:
    """Butterworth by default (bilinear transform)."""
    k = np.tan(np.pi * cutoff_hz / rate_hz)
    norm = 1 + k / q + k * k
    return Biquad((1 / norm, -2 / norm, 1 / norm), (1.0, 2 * (k * k - 1) / norm, (1 - k / q + k * k) / norm))


def all_pass(centre_hz: float, rate_hz: int, q: float) -> Biquad:
    """Turns phases around a frequency and leaves every level as it is (bilinear transform)."""
    k = np.tan(np.pi * centre_hz / rate_hz)
    norm = 1 + k / q + k * k
    a1, a2 = 2 * (k * k - 1) / norm, (1 - k / q + k * k) / norm
    return Biquad((a2, a1, 1.0), (1.0, a1, a2))


def block_size(rate_hz: int) -> int:
    """FFT length that costs least for a memory of MEMORY_SECONDS: a power of two of 5 to 10 times that."""
    return 1 << int(np.ceil(np.log2(5 * MEMORY_SECONDS * rate_hz)))


def gain_at(sections: tuple[Biquad, ...], size: int) -> npt.NDArray[np.complex128]:
    """Frequency response of the sections in series at the bins of a real FFT of `size`."""
    z1 = np.exp(-2j * np.pi * np.arange(size // 2 + 1) / size)
    product: npt.NDArray[np.complex128] = np.ones_like(z1)
    for section in sections:
        (b0, b1, b2), (a0, a1, a2) = section.b, section.a
        product *= (b0 + z1 * (b1 + z1 * b2)) / (a0 + z1 * (a1 + z1 * a2))
    return product


def apply(samples: Samples, rate_hz: int, *chains: tuple[Biquad, ...]) -> tuple[Samples, ...]:
    """Filter (n,) samples by each chain of sections in series; the signal is taken as silent before its start.

    Several chains share the forward transform.
    """
    size, memory = block_size(rate_hz), int(MEMORY_SECONDS * rate_hz)
    gains = [_gain(chain, size) for chain in chains]
    hop = size - memory
    count = max(1, -(-len(samples) // hop))
    padded = np.zeros(memory + count * hop, dtype=np.float32)
    padded[memory : memory + len(samples)] = samples
    blocks = np.lib.stride_tricks.sliding_window_view(padded, size)[::hop]
    results = tuple(np.empty(count * hop, dtype=np.float32) for _ in chains)
    for first in range(0, count, _BLOCKS_AT_ONCE):
        spectra = np.fft.rfft(blocks[first : first + _BLOCKS_AT_ONCE])
        for result, gain in zip(results, gains, strict=True):
            filtered = np.fft.irfft(spectra * gain, size)[:, memory:]
            result[first * hop : first * hop + filtered.size] = filtered.ravel()
    return tuple(result[: len(samples)] for result in results)


@lru_cache(maxsize=16)
def _gain(sections: tuple[Biquad, ...], size: int) -> Spectrum:
    return gain_at(sections, size).astype(np.complex64)
