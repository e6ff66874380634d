"""The true-peak meter and limiter."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from podcast.audio.peaks import PeakMeter, limit, true_peak


def test_a_peak_between_samples_is_seen():
    """A tone at a quarter of the rate, sampled 45 degrees off its crests, peaks 3 dB over its samples."""
    samples = np.sin(2 * np.pi * 0.25 * np.arange(4000) + np.pi / 4).astype(np.float32) * np.hanning(4000).astype(
        np.float32
    )
    assert np.abs(samples).max() == pytest.approx(0.7071, abs=0.001)
    assert true_peak(samples) == pytest.approx(1.0, abs=0.01)


@pytest.mark.parametrize("cut", [1, 7, 1000, 1009, 1013])
def test_a_signal_in_pieces_peaks_as_the_whole(cut: int) -> None:
    """Wherever it is cut: a piece taken alone would seem to stop at once, and rise by a decibel there."""
    samples = (0.5 * np.sin(2 * np.pi * 0.0226 * np.arange(5000) + 1) * np.hanning(5000)).astype(np.float32)
    meter = PeakMeter()
    for start in range(0, len(samples), cut):
        meter.add(samples[start : start + cut])
    assert meter.close() == pytest.approx(true_peak(samples), abs=1e-6)


def test_silence_has_no_peak():
    assert true_peak(np.zeros(1000, dtype=np.float32)) == 0.0
    assert true_peak(np.zeros(0, dtype=np.float32)) == 0.0


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    length=st.integers(1, 12_000),
    gain=st.floats(0.1, 8.0),
    ceiling=st.floats(0.1, 0.9),
    channels=st.integers(1, 2),
)
def test_no_true_peak_passes_the_limiter(seed, length, gain, ceiling, channels):
    """Whatever goes in, no peak comes out above the ceiling, by more than the smoothing moves it (0.1 dB)."""
    rng = np.random.default_rng(seed)
    sides = tuple((rng.standard_normal(length) ** 3 * 0.1 * gain).astype(np.float32) for _ in range(channels))
    limit(sides, ceiling)
    assert all(true_peak(side) <= ceiling * 10 ** (0.1 / 20) for side in sides)


def test_what_is_under_the_ceiling_is_left_alone():
    samples = np.sin(np.arange(20_000) / 20).astype(np.float32) * 0.5
    before = samples.copy()
    limit((samples,), 0.6)
    assert np.array_equal(samples, before)


def test_both_channels_get_one_gain():
    """A peak on the left lowers the right alike, so that the picture stays where it is."""
    left = np.full(4000, 0.2, dtype=np.float32)
    right = left.copy()
    left[2000] = 1.0
    before = left.copy()
    limit((left, right), 0.5)
    assert np.allclose(left / before, right / 0.2, atol=1e-6)
    assert right.min() < 0.15


def test_the_energy_that_the_limiter_takes_is_given_back():
    """Bursts 3 dB over the ceiling in a steady sound: the level of the whole stays within 0.1 dB."""
    samples = np.random.default_rng(2).uniform(-0.2, 0.2, 88_200).astype(np.float32)
    samples[::4410] = 0.7
    before = np.dot(samples, samples)
    limit((samples,), 0.5)
    assert abs(10 * np.log10(np.dot(samples, samples) / before)) < 0.1


def test_the_gain_moves_smoothly():
    """No step in the gain that could be heard as a click: under 1 % a sample."""
    samples = np.full(8000, 0.2, dtype=np.float32)
    samples[4000] = 1.0
    before = samples.copy()
    limit((samples,), 0.25)
    assert np.abs(np.diff(samples / before)).max() < 0.01
