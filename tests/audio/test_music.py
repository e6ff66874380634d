"""Music read from files, and its gain under speech."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
import soundfile
from synthetic import write_music

from podcast.audio.ducking import duck_gain, equal_power
from podcast.audio.ffmpeg import ffmpeg_path
from podcast.audio.loudness import loudness_of
from podcast.audio.music import LONGEST_SECONDS, read_music
from podcast.errors import InputError, SetupError

RATE_HZ = 44_100


def loudness(cut) -> float:
    """Of the loudest 3 s."""
    return loudness_of(cut.channels, RATE_HZ).short_term_lufs().max()


@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize("suffix", [".flac", ".wav", ".ogg", ".mp3"])
def test_music_of_any_format_comes_at_the_wanted_loudness(tmp_path: Path, suffix, channels):
    """Also without ffmpeg: libsndfile reads these."""
    source = write_music(tmp_path / "x.flac", 4.0)
    path = tmp_path / f"y{suffix}"
    samples, rate_hz = soundfile.read(source)
    soundfile.write(path, samples, rate_hz)
    cut = read_music(path, channels=channels, rate_hz=RATE_HZ, loudness_lufs=-18.0)
    assert len(cut.channels) == channels
    assert cut.length / RATE_HZ == pytest.approx(4.0, abs=0.1)
    assert loudness(cut) == pytest.approx(-18.0, abs=0.2)


@pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="makes an M4A file with ffmpeg")
def test_what_libsndfile_cannot_read_ffmpeg_reads(tmp_path: Path):
    source = write_music(tmp_path / "x.wav", 3.0)
    path = tmp_path / "x.m4a"
    subprocess.run([ffmpeg_path(), "-v", "error", "-i", source, "-ar", "48000", path], check=True)
    cut = read_music(path, channels=2, rate_hz=RATE_HZ, loudness_lufs=-18.0)
    assert cut.length / RATE_HZ == pytest.approx(3.0, abs=0.1)


def test_mono_music_fills_both_sides_and_silence_at_the_ends_goes(tmp_path: Path):
    path = tmp_path / "x.wav"
    silence, sound = np.zeros(22_050), 0.3 * np.sin(np.arange(48_000) / 10)
    soundfile.write(path, np.concatenate((silence, sound, silence)), 22_050)
    cut = read_music(path, channels=2, rate_hz=RATE_HZ, loudness_lufs=-18.0)
    assert np.array_equal(*cut.channels)
    assert cut.length / RATE_HZ == pytest.approx(48_000 / 22_050, abs=0.05)


def test_a_whole_song_is_cut_with_a_fade(tmp_path: Path):
    path = tmp_path / "x.wav"
    soundfile.write(path, np.random.default_rng(0).standard_normal(8000 * 40) * 0.1, 8000)
    cut = read_music(path, channels=1, rate_hz=RATE_HZ, loudness_lufs=-18.0)
    assert cut.length / RATE_HZ == pytest.approx(LONGEST_SECONDS, abs=0.05)
    assert np.abs(cut.channels[0][-2000:]).max() < 0.01


def test_what_is_no_music_is_an_error_that_names_the_file(tmp_path: Path):
    text, silent = tmp_path / "x.txt", tmp_path / "x.wav"
    text.write_text("no music")
    soundfile.write(silent, np.zeros(44_100), 44_100)
    for path in (text, silent, tmp_path / "missing.flac"):
        with pytest.raises(InputError) as caught:
            read_music(path, channels=1, rate_hz=RATE_HZ, loudness_lufs=-18.0)
        assert caught.value.where == str(path)


def test_without_any_ffmpeg_the_error_says_what_to_install(tmp_path: Path):
    def no_wheel() -> str:
        raise ImportError

    with pytest.raises(SetupError, match="digestcast\\[ffmpeg\\]"):
        ffmpeg_path(search_path=str(tmp_path), wheel=no_wheel)
    assert ffmpeg_path(search_path=str(tmp_path), wheel=lambda: "/of/the/wheel") == "/of/the/wheel"


def test_music_is_down_while_speech_sounds_and_up_away_from_it():
    gain = duck_gain([(5.0, 6.0), (7.0, 8.0)], 0.0, 15 * RATE_HZ, RATE_HZ, -15.0)
    at = lambda seconds: 20 * np.log10(gain[round(seconds * RATE_HZ)])  # noqa: E731  # three words, used four times
    assert at(4.5) == pytest.approx(0, abs=0.1)
    assert max(at(t) for t in np.arange(5.0, 8.0, 0.05)) == pytest.approx(-15, abs=0.1)
    assert at(9.0) == pytest.approx(0, abs=0.1)


def test_ducking_moves_evenly():
    """Never faster than 70 dB a second, so that neither way clicks or pumps."""
    gain = 20 * np.log10(duck_gain([(2.0, 3.0)], 0.0, 6 * RATE_HZ, RATE_HZ, -15.0).astype(np.float64))
    assert np.abs(np.diff(gain)).max() * RATE_HZ < 70


def test_a_crossfade_keeps_the_power():
    rise = equal_power(1000).astype(np.float64)
    assert np.allclose(rise**2 + rise[::-1] ** 2, 1.0)
