"""A clip read: trimmed to its speech, its marks moved to what is heard, and refused when damaged."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st
from synthetic import RATE_HZ, write_clip

from podcast.audio.voice import AFTER_SECONDS, BEFORE_SECONDS, read_voice, speech_stretches
from podcast.errors import QualityError
from podcast.models import Clip, Mark


def test_the_engines_own_silence_is_trimmed(tmp_path):
    """30 ms stay before the speech and 80 ms after, whatever the engine left."""
    for lead, tail in ((0.0, 0.0), (0.9, 0.1), (0.1, 1.2)):
        voice = read_voice(write_clip(tmp_path, "a", [2.0], lead=lead, gap=tail))
        start, end = voice.speech
        assert start == pytest.approx(min(lead, BEFORE_SECONDS), abs=0.004)
        assert end - start == pytest.approx(2.0, abs=0.015)
        assert len(voice.samples) / RATE_HZ - end <= AFTER_SECONDS + 0.004


def test_a_clip_measures_alike_at_any_level(tmp_path):
    """60 dB softer it is 60 LU less loud: no gate counts from full scale before it is levelled."""
    loud = read_voice(write_clip(tmp_path, "a", [1.0, 0.4], gap=0.5, gain=1.0))
    soft = read_voice(write_clip(tmp_path, "b", [1.0, 0.4], gap=0.5, gain=0.02))
    assert loud.loudness_lufs - soft.loudness_lufs == pytest.approx(20 * np.log10(50), abs=0.1)


def test_edges_are_faded_to_zero(tmp_path):
    voice = read_voice(write_clip(tmp_path, "a", [1.0], lead=0.0, gap=0.0, tail=0.0))
    assert voice.samples[0] == 0
    assert abs(voice.samples[-1]) < 1e-3


@pytest.mark.parametrize("error_seconds", [-0.12, 0.0, 0.12])
def test_marks_are_moved_to_the_onsets_they_mean(tmp_path, error_seconds):
    """A mark that is up to 120 ms off still gives the sentence the time of its first sound."""
    clip = write_clip(tmp_path, "a", [1.5, 1.0, 2.0], gap=0.3)
    wrong = tuple(replace(mark, offset_seconds=mark.offset_seconds + error_seconds) for mark in clip.marks)
    voice = read_voice(replace(clip, marks=wrong))
    shift = clip.marks[0].offset_seconds - BEFORE_SECONDS
    for (start, end), mark in zip(voice.sentences, clip.marks, strict=True):
        assert start == pytest.approx(mark.offset_seconds - shift, abs=0.01)
        assert end == pytest.approx(mark.offset_seconds + mark.duration_seconds - shift, abs=0.015)


def test_sentences_spoken_without_a_pause_keep_the_engines_marks(tmp_path):
    """Where there is no silence between sentences there is nothing to move a mark to."""
    clip = write_clip(tmp_path, "a", [2.0], lead=0.5)
    marks = (Mark(0.5, 0.2, "好。"), Mark(0.7, 1.3, "下一条。"))
    (first, middle), (second, last) = read_voice(replace(clip, marks=marks)).sentences
    assert first == pytest.approx(BEFORE_SECONDS, abs=0.01)
    assert (middle, second) == pytest.approx((BEFORE_SECONDS + 0.2,) * 2, abs=0.01)
    assert last == pytest.approx(BEFORE_SECONDS + 2.0, abs=0.015)


@settings(max_examples=30, deadline=None)
@given(
    offsets=st.lists(st.floats(0, 3), min_size=1, max_size=6), lengths=st.lists(st.floats(0, 3), min_size=6, max_size=6)
)
def test_sentences_are_in_order_whatever_the_marks_say(tmp_path_factory, offsets, lengths):
    """Each sentence ends at or after its start and no later than the next one starts."""
    clip = write_clip(tmp_path_factory.getbasetemp(), "order", [1.0, 0.8], gap=0.2)
    marks = tuple(Mark(a, b, "") for a, b in zip(sorted(offsets), lengths, strict=False))
    times = [time for sentence in read_voice(replace(clip, marks=marks)).sentences for time in sentence]
    assert times == sorted(times)


def test_rumble_is_removed(tmp_path):
    """A hum of 25 Hz goes down by 15 dB and more."""
    clip = write_clip(tmp_path, "a", [2.0], lead=0.0)
    samples, rate_hz = soundfile.read(clip.path, dtype="float32")
    hum = 0.1 * np.sin(2 * np.pi * 25 * np.arange(len(samples)) / rate_hz)
    soundfile.write(clip.path, samples + hum, rate_hz)
    voice = read_voice(clip)
    spectrum = np.abs(np.fft.rfft(voice.samples[: rate_hz * 2] * np.hanning(rate_hz * 2))) / rate_hz
    assert 20 * np.log10(spectrum[45:56].max() / 0.05) < -15


def test_a_click_is_no_speech():
    samples = np.zeros(RATE_HZ, dtype=np.float32)
    samples[1000:1100] = 0.5
    samples[12_000:20_000] = 0.3
    ((start, end),) = speech_stretches(samples, RATE_HZ)
    assert (start, end) == pytest.approx((0.5, 20 / 24), abs=0.004)


def clip_of(path, samples, seconds=1.0) -> Clip:
    soundfile.write(path, samples, RATE_HZ, subtype="FLOAT" if path.suffix == ".wav" else "PCM_16")
    return Clip("s03-u02", path, seconds, (Mark(0.0, seconds, ""),))


def test_a_damaged_clip_is_named(tmp_path):
    """Not audio, missing, cut short, silent, or not numbers: the error names utterance and file."""
    noise = np.random.default_rng(0).standard_normal(RATE_HZ).astype(np.float32) * 0.1
    whole = clip_of(tmp_path / "whole.flac", noise)
    cut = tmp_path / "cut.flac"
    cut.write_bytes(whole.path.read_bytes()[:9000])
    text = tmp_path / "text.flac"
    text.write_text("this is no audio")
    bad = [
        replace(whole, path=tmp_path / "none.flac"),
        replace(whole, path=text),
        replace(whole, path=cut),
        replace(whole, duration_seconds=1.5),
        clip_of(tmp_path / "silent.flac", noise * 0),
        clip_of(tmp_path / "nan.wav", noise * np.float32(np.nan)),
    ]
    for clip in bad:
        with pytest.raises(QualityError, match="s03-u02") as caught:
            read_voice(clip)
        assert caught.value.where == str(clip.path)
        assert caught.value.hint
