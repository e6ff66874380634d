"""The meter against ffmpeg's ebur128 and the filters against their recursive form."""

from __future__ import annotations

import itertools
import math
import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
import soundfile
from synthetic import syllables

from podcast.audio import filters
from podcast.audio.filters import Biquad
from podcast.audio.loudness import (
    Loudness,
    Meter,
    gating_blocks,
    integrated_lufs,
    k_weighting,
    loudness_of,
    lufs,
    step_samples,
)
from podcast.audio.peaks import true_peak

FFMPEG = shutil.which("ffmpeg")


def tone(frequency_hz: float, seconds: float, amplitude: float) -> np.ndarray:
    return (amplitude * np.sin(2 * np.pi * frequency_hz * np.arange(round(seconds * 44_100)) / 44_100)).astype(
        np.float32
    )


def recursive(samples: np.ndarray, sections: tuple[Biquad, ...]) -> np.ndarray:
    for section in sections:
        (b0, b1, b2), (_, a1, a2) = section.b, section.a
        x1 = x2 = y1 = y2 = 0.0
        result = []
        for x in samples.tolist():
            y = b0 * x + b1 * x1 + b2 * x2 - a1 * y1 - a2 * y2
            x1, x2, y1, y2 = x, x1, y, y1
            result.append(y)
        samples = np.array(result)
    return samples


def measured(*channels: np.ndarray) -> Loudness:
    return loudness_of(channels, 44_100)


@pytest.mark.parametrize("rate_hz", [16_000, 24_000, 44_100])
def test_the_block_filter_is_the_recursive_filter(rate_hz):
    """A high-pass of noise agrees with the recursion to -90 dB, across block borders too."""
    samples = np.random.default_rng(1).standard_normal(filters.block_size(rate_hz) * 2).astype(np.float32)
    (fast,) = filters.apply(samples, rate_hz, (filters.high_pass(70, rate_hz),))
    slow = recursive(samples, (filters.high_pass(70, rate_hz),))
    assert np.sqrt(np.mean((fast - slow) ** 2)) < 10 ** (-90 / 20)


@pytest.mark.parametrize("rate_hz", [24_000, 44_100])
def test_the_spectral_steps_are_those_of_the_recursive_filter(rate_hz):
    """K-weighted loudness of syllables, from spectra and by the standard's own recursion, within 0.02 LU."""
    samples = syllables(4.0, seed=3, rate_hz=rate_hz)
    weighted = recursive(samples, k_weighting(rate_hz)).reshape(-1, step_samples(rate_hz))
    exact = integrated_lufs(gating_blocks(np.square(weighted).mean(axis=1), len(weighted)))
    assert loudness_of([samples], rate_hz).integrated_lufs() == pytest.approx(exact, abs=0.02)


def test_the_filter_at_48_khz_has_the_coefficients_of_the_standard():
    """BS.1770-5, tables 1 and 2."""
    shelf, cut = k_weighting(48_000)
    assert shelf.b == pytest.approx((1.53512485958697, -2.69169618940638, 1.19839281085285), abs=1e-9)
    assert shelf.a == pytest.approx((1.0, -1.69065929318241, 0.73248077421585), abs=1e-9)
    assert cut.a == pytest.approx((1.0, -1.99004745483398, 0.99007225036621), abs=1e-9)


def test_a_tone_of_997_hz_at_full_scale_reads_minus_3_01():
    """BS.1770-5, annex 1: 0 dBFS sine on one channel."""
    assert measured(tone(997, 5, 1.0)).integrated_lufs() == pytest.approx(-3.01, abs=0.02)


def test_silence_has_no_loudness():
    silent = measured(np.zeros(44_100, dtype=np.float32))
    assert silent.integrated_lufs() == -math.inf
    assert silent.range_lu() == 0.0
    assert integrated_lufs(np.zeros(0)) == -math.inf


def test_quiet_stretches_are_gated_out():
    """EBU Tech 3341, case 3: -36 for 10 s, -23 for 60 s, -36 for 10 s reads -23."""
    quiet, loud = tone(1000, 10, 10 ** (-36 / 20)), tone(1000, 60, 10 ** (-23 / 20))
    signal = np.concatenate((quiet, loud, quiet))
    assert measured(signal, signal).integrated_lufs() == pytest.approx(-23.0, abs=0.1)


def test_short_term_loudness_is_that_of_3_s():
    """EBU Tech 3341, case 9: 1.34 s at -20 and 1.66 s at -30, over and over, reads -23 in every 3 s."""
    cycle = np.concatenate((tone(1000, 1.34, 10 ** (-20 / 20)), tone(1000, 1.66, 10 ** (-30 / 20))))
    signal = np.concatenate([cycle] * 5)
    assert measured(signal, signal).short_term_lufs() == pytest.approx(-23.0, abs=0.1)


@pytest.mark.parametrize(
    ("levels_dbfs", "range_lu"),
    [((-20, -30), 10), ((-20, -15), 5), ((-40, -20), 20), ((-50, -35, -20, -35, -50), 15)],
)
def test_loudness_range_is_that_of_the_standard(levels_dbfs, range_lu):
    """EBU Tech 3342, cases 1 to 4: tones of 20 s each, within 1 LU."""
    signal = np.concatenate([tone(1000, 20, 10 ** (level / 20)) for level in levels_dbfs])
    assert measured(signal, signal).range_lu() == pytest.approx(range_lu, abs=1)


@pytest.mark.parametrize("channels", [1, 2])
def test_pieces_measure_as_the_whole(channels):
    """A signal that comes in pieces of any number of samples gives the figures of the whole."""
    sides = [syllables(7.0, seed=4 + side, rate_hz=44_100) for side in range(channels)]
    meter = Meter(44_100)
    edges = [0, 64, 640, 6400, 7000, 150_001, len(sides[0])]
    for first, last in itertools.pairwise(edges):
        meter.add([side[first:last] for side in sides])
    assert np.array_equal(meter.result().steps, measured(*sides).steps)


def test_one_syllable_is_measured_over_its_own_length():
    """0.2 s of tone read as loud as 2 s of it, not diluted by silence to fill a block."""
    short, long = (
        integrated_lufs(gating_blocks(measured(tone(997, seconds, 0.1)).steps, seconds * 10)) for seconds in (0.25, 2)
    )
    assert short == pytest.approx(long, abs=0.1)
    assert short == pytest.approx(lufs(0.1**2 / 2), abs=0.8)  # K-weighting adds 0.7 dB at 997 Hz


@pytest.mark.skipif(FFMPEG is None, reason="compares with ffmpeg")
@pytest.mark.parametrize("channels", [1, 2])
def test_loudness_and_peak_agree_with_ffmpeg(tmp_path: Path, channels):
    sides = [syllables(12.0, seed=k, rate_hz=44_100) * (k + 1) * 2 for k in range(channels)]
    path = tmp_path / "x.wav"
    soundfile.write(path, np.stack(sides, axis=1), 44_100, subtype="FLOAT")
    command = [FFMPEG, "-hide_banner", "-nostats", "-i", path, "-af", "ebur128=peak=true", "-f", "null", "-"]
    report = subprocess.run(command, capture_output=True, text=True, check=True).stderr
    summary = report[report.rindex("Summary:") :]
    figures = {name: float(re.search(rf"{name}:\s+(-?[\d.]+)", summary)[1]) for name in ("I", "Peak")}
    assert measured(*sides).integrated_lufs() == pytest.approx(figures["I"], abs=0.1)
    peak = max(true_peak(side) for side in sides)
    assert 20 * math.log10(peak) == pytest.approx(figures["Peak"], abs=0.2)
