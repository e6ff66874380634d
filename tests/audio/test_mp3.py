"""Frames of parts joined: what a player hears is, sample for sample, where it was mixed."""

from __future__ import annotations

import io
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
import soundfile
from synthetic import syllables

from podcast.audio import mp3

BEFORE, SILENCE = (round(seconds * mp3.RATE_HZ) for seconds in (0.03, 0.06))


def part(seconds: float, seed: int) -> np.ndarray:
    sound = syllables(seconds, seed, mp3.RATE_HZ) * 2
    return np.pad(sound, (BEFORE, mp3.to_frames(BEFORE + len(sound) + SILENCE) - BEFORE - len(sound)))


def joined(parts: list[np.ndarray], channels: int, bitrate_kbps: int) -> bytes:
    encoded = [mp3.encode((samples,) * channels, bitrate_kbps) for samples in parts]
    stream = b"".join([*map(mp3.without_last, encoded[:-1]), encoded[-1]])
    samples = sum(map(len, parts))
    return mp3.info_frame(stream[:4], samples // mp3.FRAME + 1, len(stream), samples) + stream


def decoded(path: Path) -> np.ndarray:
    """By ffmpeg where there is one, else by mpg123 in libsndfile."""
    if not shutil.which("ffmpeg"):
        return soundfile.read(path, dtype="float32", always_2d=True)[0]
    command = ["ffmpeg", "-v", "warning", "-i", path, "-f", "wav", "-c:a", "pcm_f32le", path.with_suffix(".wav")]
    result = subprocess.run(command, capture_output=True, text=True, check=True)
    assert result.stderr == ""
    return soundfile.read(path.with_suffix(".wav"), dtype="float32", always_2d=True)[0]


@pytest.mark.parametrize(("channels", "bitrate_kbps"), [(1, 64), (1, 96), (2, 128), (2, 192)])
def test_joined_parts_decode_to_what_was_mixed(tmp_path: Path, channels, bitrate_kbps):
    """Length exact, every part in its place to the sample, and the level as it was."""
    parts = [part(1.3, 1), part(0.7, 2), part(2.1, 3)]
    path = tmp_path / "x.mp3"
    path.write_bytes(joined(parts, channels, bitrate_kbps))
    whole = decoded(path)
    assert whole.shape == (sum(map(len, parts)), channels)
    place = 0
    for samples in parts:
        heard = whole[place : place + len(samples), 0]
        spectra = np.fft.rfft(heard) * np.conj(np.fft.rfft(samples))
        lag = int(np.argmax(np.fft.irfft(spectra, len(samples))))
        assert lag == 0
        level = np.dot(heard, samples) / np.dot(samples, samples)
        assert 20 * np.log10(level) == pytest.approx(0.0, abs=0.15)
        place += len(samples)


@pytest.mark.parametrize("channels", [1, 2])
def test_nothing_sounds_at_the_joints(tmp_path: Path, channels):
    """The 30 ms before a joint stay silent to -70 dB: no click, no echo of either side."""
    parts = [part(0.9, seed) for seed in range(4)]
    path = tmp_path / "x.mp3"
    path.write_bytes(joined(parts, channels, 96))
    whole, place = decoded(path), 0
    for samples in parts[:-1]:
        place += len(samples)
        assert np.abs(whole[place - 1323 : place - 300]).max() < 10 ** (-70 / 20)


def test_both_decoders_agree_on_the_length(tmp_path: Path):
    parts = [part(0.4, 1), part(0.5, 2)]
    data = joined(parts, 1, 96)
    samples, rate_hz = soundfile.read(io.BytesIO(data))
    assert rate_hz == mp3.RATE_HZ
    assert len(samples) == sum(map(len, parts))


def test_the_same_samples_give_the_same_bytes():
    samples = part(0.5, 1)
    assert mp3.encode((samples,), 96) == mp3.encode((samples.copy(),), 96)


def test_all_frames_are_of_one_bit_rate():
    stream = joined([part(0.4, 1), part(0.4, 2)], 1, 96)
    starts = [0, *mp3.frame_ends(stream)]
    assert starts.pop() == len(stream)
    assert {stream[start + 2] >> 4 for start in starts} == {7}  # 96 kbit/s


def test_what_is_no_frame_is_refused():
    with pytest.raises(ValueError, match="layer III"):
        mp3.frame_bytes(b"RIFF")
