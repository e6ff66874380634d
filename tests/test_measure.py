"""Decoding and measuring again: against signals whose figures are known."""

from __future__ import annotations

from pathlib import Path

import pytest

from podcast.audio import Target
from podcast.errors import QualityError
from podcast.measure import measure, sound_faults, sound_judge
from tests.publish.shows import ffmpeg


def mp3(path: Path, source: str, *options: str) -> Path:
    ffmpeg("-f", "lavfi", "-i", source, "-b:a", "256k", *options, str(path))  # LAME turns lower rates down by 5 %
    return path


@pytest.mark.parametrize(("rate_hz", "channels", "lufs"), [(44_100, 1, -23.0), (44_100, 2, -20.0), (48_000, 1, -23.0)])
def test_a_tone_measures_what_it_is(tmp_path: Path, rate_hz: int, channels: int, lufs: float) -> None:
    """BS.1770: a 997 Hz sine of full scale in one channel is -3.01 LUFS; two channels add 3."""
    tone = "|".join(["0.1*sin(2*PI*997*t)"] * channels)
    found = measure(mp3(tmp_path / "tone.mp3", f"aevalsrc={tone}:s={rate_hz}:d=70"))  # more than two blocks
    assert found.loudness_lufs == pytest.approx(lufs, abs=0.1)
    assert found.true_peak_dbtp == pytest.approx(-20, abs=0.1)
    assert found.duration_seconds == pytest.approx(70, abs=0.001)
    assert found.longest_silence_seconds == 0


def test_a_silence_across_the_border_of_two_blocks_is_measured_whole(tmp_path: Path) -> None:
    source = "aevalsrc=0.2*sin(2*PI*440*t)*(1-between(t\\,29\\,36)):s=44100:d=60"
    assert measure(mp3(tmp_path / "hole.mp3", source)).longest_silence_seconds == pytest.approx(7, abs=0.1)


def test_what_is_wrong_is_said_in_the_words_of_the_gate(tmp_path: Path) -> None:
    loud = mp3(tmp_path / "loud.mp3", "aevalsrc=0.95*sin(2*PI*997*t)*lt(mod(t\\,6)\\,3):s=44100:d=18")
    loudness, peak, silence = sound_faults(measure(loud), Target())
    assert loudness.endswith("LUFS, wanted -16 ±1")
    assert peak.startswith("true peak is -0.")
    assert silence == "is silent for 3.0 s, allowed 2.5"
    assert sound_judge(Target())(loud) == [loudness, peak, silence]


def test_mono_that_counts_as_played_is_3_lu_louder(tmp_path: Path) -> None:
    tone = measure(mp3(tmp_path / "tone.mp3", "aevalsrc=0.16*sin(2*PI*997*t):s=44100:d=5"))
    assert tone.loudness_lufs == pytest.approx(-18.9, abs=0.1)
    assert sound_faults(tone, Target()) == ["loudness is -18.9 LUFS, wanted -16 ±1"]
    assert sound_faults(tone, Target(mono_as_played=True)) == []


def test_what_cannot_be_decoded_is_a_fault_not_a_crash(tmp_path: Path) -> None:
    page = tmp_path / "page.mp3"
    page.write_bytes(b"<html>" + bytes(5000))
    with pytest.raises(QualityError, match="cannot be decoded"):
        measure(page)
    assert sound_judge(Target())(page)[0].startswith("cannot be decoded")
    with pytest.raises(QualityError):
        measure(tmp_path / "none.mp3")
