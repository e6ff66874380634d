"""The music and the cover that come with the package: what a mix and a directory expect of them."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile
from PIL import Image

ROOT = Path(__file__).parent.parent
ASSETS = ROOT / "assets"
LENGTH_SECONDS = {"intro": (8, 13), "outro": (9, 13), "sting": (1.4, 2.1), "bed": (20, 34)}
MUSIC = sorted(LENGTH_SECONDS)


def samples(name: str) -> np.ndarray:
    return soundfile.read(ASSETS / f"{name}.flac")[0]


def level_db(sound: np.ndarray) -> float:
    return float(10 * np.log10(np.mean(sound**2) + 1e-12))


@pytest.mark.parametrize("name", MUSIC)
def test_music_has_the_format_and_length_its_place_asks_for(name: str) -> None:
    info = soundfile.info(ASSETS / f"{name}.flac")
    shortest, longest = LENGTH_SECONDS[name]
    assert (info.format, info.subtype, info.samplerate, info.channels) == ("FLAC", "PCM_16", 44_100, 2)
    assert shortest <= info.duration <= longest


def test_music_is_small_enough_to_ship() -> None:
    assert sum(path.stat().st_size for path in ASSETS.glob("*.flac")) < 6_000_000


@pytest.mark.parametrize("name", MUSIC)
def test_loudness_and_true_peak_are_at_the_target(name: str) -> None:
    ffmpeg = shutil.which("ffmpeg")
    if ffmpeg is None:
        pytest.skip("no ffmpeg on the path to measure with")
    command = [
        ffmpeg,
        "-hide_banner",
        "-i",
        str(ASSETS / f"{name}.flac"),
        "-af",
        "ebur128=peak=true",
        "-f",
        "null",
        "-",
    ]
    report = subprocess.run(command, capture_output=True, text=True, check=True).stderr.rpartition("Summary:")[2]
    lufs, dbtp = (float(re.findall(rf"{key}:\s+(-?[\d.]+)", report)[0]) for key in ("I", "Peak"))
    assert -18.5 <= lufs <= -15.5
    assert dbtp <= -1.5


@pytest.mark.parametrize("name", MUSIC)
def test_mono_keeps_the_music_whole_at_every_moment(name: str) -> None:
    """A show is mono by default: the sum of the channels must not cancel, nor in any half second that can be heard."""
    sound = samples(name)
    for start in range(0, len(sound) - 22_050, 22_050):
        part = sound[start : start + 22_050]
        if level_db(part) > -50:
            assert level_db(part) - level_db(part.mean(axis=1)) < 1.5
    assert np.corrcoef(sound.T)[0, 1] > 0.5


@pytest.mark.parametrize("name", MUSIC)
def test_there_is_no_direct_current(name: str) -> None:
    assert np.abs(samples(name).mean(axis=0)).max() < 1e-3


@pytest.mark.parametrize("name", ["intro", "outro", "sting"])
def test_pieces_begin_and_end_in_silence(name: str) -> None:
    sound = samples(name)
    assert not sound[0].any()
    assert not sound[-1].any()
    assert np.abs(sound[-441:]).max() < 1e-3  # the last 10 ms: faded, not cut


def test_intro_leaves_room_for_speech_after_its_opening() -> None:
    sound = samples("intro")
    opening, tail = sound[: 4 * 44_100], sound[5 * 44_100 : 8 * 44_100]
    assert level_db(opening) - level_db(tail) > 4


def test_bed_repeats_without_a_seam() -> None:
    """From the last sample to the first the signal goes on as smoothly as it does elsewhere, and as loud."""
    sound = samples("bed")
    joined = np.concatenate([sound[-441:], sound[:441]])
    step = np.abs(np.diff(joined, axis=0))
    assert step[440].max() <= np.percentile(np.abs(np.diff(sound, axis=0)), 99.9)
    assert abs(level_db(sound[-4410:]) - level_db(sound[:4410])) < 6


def test_bed_is_steady_and_hollow_where_speech_is() -> None:
    sound = samples("bed").mean(axis=1)
    seconds = [level_db(sound[start : start + 44_100]) for start in range(0, len(sound) - 44_099, 44_100)]
    assert max(seconds) - min(seconds) < 6
    power = np.abs(np.fft.rfft(sound)) ** 2
    frequency_hz = np.fft.rfftfreq(len(sound), 1 / 44_100)
    consonants = power[(frequency_hz >= 1000) & (frequency_hz < 4000)].sum()
    assert 10 * np.log10(consonants / power.sum()) < -20


def test_composing_again_gives_the_same_music(tmp_path: Path) -> None:
    """To the last bit on the machine that made it; another numpy may round a sine otherwise, so 1 LSB is let pass."""
    script = ROOT / "scripts" / "compose_music.py"
    subprocess.run([sys.executable, script, "-o", tmp_path, "--only", "sting"], check=True, capture_output=True)
    again, _ = soundfile.read(tmp_path / "sting.flac", dtype="int16")
    kept, _ = soundfile.read(ASSETS / "sting.flac", dtype="int16")
    assert again.shape == kept.shape
    assert np.abs(again.astype(int) - kept).max() <= 1


def test_cover_is_what_directories_ask_for() -> None:
    """Apple: square, 1400 to 3000 px, RGB, JPEG or PNG; ours is also small, for it is embedded in every episode."""
    path = ASSETS / "cover.jpg"
    with Image.open(path) as image:
        assert (image.format, image.mode, image.size) == ("JPEG", "RGB", (3000, 3000))
    assert path.stat().st_size < 500_000
