"""The meter against ffmpeg's ebur128 and the filters against their recursive form."""

from __future__ import annotations

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
from podcast.audio.loudness import Meter, gating_blocks, integrated_lufs, k_response, k_weighting
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


@pytest.mark.parametrize("rate_hz", [16_000, 24_000, 44_100])
def test_the_block_filter_is_the_recursive_filter(rate_hz):
    """K-weighting of noise agrees with the recursion to -90 dB, across block borders too."""
    samples = np.random.default_rng(1).standard_normal(filters.block_size(rate_hz) * 2).astype(np.float32)
    (fast,) = filters.apply(samples, rate_hz, k_response(rate_hz))
    slow = recursive(samples, k_weighting(rate_hz))
    assert np.sqrt(np.mean((fast - slow) ** 2)) < 10 ** (-90 / 20)


def test_the_filter_at_48_khz_has_the_coefficients_of_the_standard():
    """BS.1770-5, tables 1 and 2."""
    shelf, cut = k_weighting(48_000)
    assert shelf.b == pytest.approx((1.53512485958697, -2.69169618940638, 1.19839281085285), abs=1e-9)
    assert shelf.a == pytest.approx((1.0, -1.69065929318241, 0.73248077421585), abs=1e-9)
    assert cut.a == pytest.approx((1.0, -1.99004745483398, 0.99007225036621), abs=1e-9)


def test_a_tone_of_997_hz_at_full_scale_reads_minus_3_01():
    """BS.1770-5, annex 1: 0 dBFS sine on one channel."""
    meter = Meter()
    meter.add(Meter.cells([tone(997, 5, 1.0)]))
    assert meter.integrated_lufs() == pytest.approx(-3.01, abs=0.02)


def test_silence_has_no_loudness():
    meter = Meter()
    meter.add(Meter.cells([np.zeros(44_100, dtype=np.float32)]))
    assert meter.integrated_lufs() == -math.inf
    assert integrated_lufs(np.zeros(0)) == -math.inf


def test_quiet_stretches_are_gated_out():
    """EBU Tech 3341, case 3: -36 for 10 s, -23 for 60 s, -36 for 10 s reads -23."""
    quiet, loud = tone(1000, 10, 10 ** (-36 / 20)), tone(1000, 60, 10 ** (-23 / 20))
    signal = np.concatenate((quiet, loud, quiet))
    meter = Meter()
    meter.add(Meter.cells([signal, signal]))
    assert meter.integrated_lufs() == pytest.approx(-23.0, abs=0.1)


def test_pieces_measure_as_the_whole():
    """Frames that come in pieces of any number give the figures of the whole signal."""
    cells = Meter.cells([syllables(7.0, seed=4, rate_hz=44_100)])
    whole, pieces = Meter(), Meter()
    whole.add(cells)
    for piece in np.split(cells, [64, 640, 6400, 7000]):
        pieces.add(piece)
    assert pieces.integrated_lufs() == whole.integrated_lufs()


def test_one_syllable_is_measured_over_its_own_length():
    """0.2 s of tone read as loud as 2 s of it, not diluted by silence to fill a block."""
    short, long = (integrated_lufs(gating_blocks(tone(997, seconds, 0.1), 44_100)) for seconds in (0.2, 2.0))
    assert short == pytest.approx(long, abs=0.1)


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
    meter = Meter()
    meter.add(Meter.cells(sides))
    assert meter.integrated_lufs() == pytest.approx(figures["I"], abs=0.1)
    peak = max(true_peak(side) for side in sides)
    assert 20 * math.log10(peak) == pytest.approx(figures["Peak"], abs=0.2)
