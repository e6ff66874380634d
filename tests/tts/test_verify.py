"""Damaged clips are told from whole ones by their samples and marks."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, replace

import numpy as np
import pytest

from podcast.models import Mark, Sentence, Utterance
from podcast.testing import SAMPLE_RATE_HZ, speak_in_tones, spoil
from podcast.tts.base import Speech, Voice
from podcast.tts.verify import LEARNT_CLIPS, Pace, spoken_seconds, syllables, verify

SENTENCES = ("青禾电池今天宣布，已经完成新一轮融资。", "这笔钱将用来建第二座工厂。", "公司没有透露估值。")


def utterance(sentences: Sequence[str] = SENTENCES) -> Utterance:
    return Utterance("s00-u01", "anchor", tuple(Sentence(text, text) for text in sentences), 0.3)


def speech(sentences: Sequence[str] = SENTENCES, rate: float = 1.0) -> Speech:
    return speak_in_tones(list(sentences), Voice("low", rate=rate))


def problems(what: Speech, pace: Pace | None = None) -> str:
    return "; ".join(verify(what, utterance(), pace))


def learnt(sentences: Sequence[Sequence[str]] = (SENTENCES,) * LEARNT_CLIPS) -> Pace:
    pace = Pace()
    for each in sentences:
        pace.add(utterance(each), spoken_seconds(speech(each).marks))
    return pace


@pytest.mark.parametrize("pace", [None, learnt()])
@pytest.mark.parametrize("sentences", [SENTENCES, ("好。",), SENTENCES * 8, ("发布GPU和iPhone。",)])
def test_whole_speech_has_no_problem(sentences: Sequence[str], pace: Pace | None) -> None:
    assert verify(speech(sentences), utterance(sentences), pace) == []


def test_silence_around_speech_is_no_problem() -> None:
    """Edge adds 0.8 s; other services more."""
    clip = speech()
    after = np.concatenate([clip.samples, np.zeros(5 * SAMPLE_RATE_HZ, np.float32)])
    assert verify(replace(clip, samples=after), utterance()) == []


def test_quiet_speech_and_a_noise_floor_are_no_problem() -> None:
    clip = speech()
    noise = np.random.default_rng(1).normal(0, 0.001, len(clip.samples)).astype(np.float32)
    assert verify(replace(clip, samples=clip.samples * np.float32(0.2)), utterance()) == []
    assert verify(replace(clip, samples=clip.samples + noise), utterance()) == []


def test_peaks_over_full_scale_are_no_clipping() -> None:
    """Kokoro's floating-point samples overshoot now and then."""
    clip = speech()
    samples = clip.samples.copy()
    samples[np.argmax(samples)] = 1.25
    assert verify(replace(clip, samples=samples), utterance()) == []


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        ("silent", "silent"),
        ("truncated", "in the middle of a sound"),
        ("short", "too short"),
        ("hole", "a hole of 2.0 s"),
        ("clipped", "clipped"),
    ],
)
def test_a_spoilt_clip_is_told_why(fault: str, expected: str) -> None:
    assert expected in problems(spoil(speech(), fault))


def test_no_audio_and_no_numbers_are_told() -> None:
    clip = speech()
    assert "no audio" in problems(replace(clip, samples=clip.samples[:0]))
    broken = clip.samples.copy()
    broken[100] = np.nan
    assert "no numbers" in problems(replace(clip, samples=broken))


@pytest.mark.parametrize("share", [0.3, 0.5, 0.7, 0.9])
def test_speech_cut_inside_a_word_is_noticed_wherever_it_is_cut(share: float) -> None:
    clip = speech()
    length = int(len(clip.samples) * share)
    while abs(clip.samples[length - 200 : length]).max() < 0.1:  # a pause: cut a little later
        length += 200
    assert verify(replace(clip, samples=clip.samples[:length]), utterance()) != []


def test_speech_repeated_is_too_long() -> None:
    """A model that stutters."""
    clip = speech()
    stutter = np.concatenate([clip.samples] * 4)
    marks = (*clip.marks[:2], replace(clip.marks[2], duration_seconds=3 * len(clip.samples) / SAMPLE_RATE_HZ))
    assert "too long" in problems(replace(clip, samples=stutter, marks=marks))


def test_a_sentence_that_is_silent_is_noticed() -> None:
    clip = speech()
    mark = clip.marks[1]
    start = round(mark.offset_seconds * SAMPLE_RATE_HZ)
    samples = clip.samples.copy()
    samples[start : start + round(mark.duration_seconds * SAMPLE_RATE_HZ)] = 0
    assert f"was not spoken: “{SENTENCES[1]}”" in problems(replace(clip, samples=samples))


def test_marks_must_be_those_of_the_sentences() -> None:
    clip = speech()
    assert "marks are not those" in problems(replace(clip, marks=clip.marks[:2]))
    assert "marks are not those" in problems(replace(clip, marks=clip.marks[::-1]))


def test_marks_must_be_in_order_and_inside_the_audio() -> None:
    clip = speech()
    first, second, third = clip.marks
    swapped = (replace(first, offset_seconds=third.offset_seconds), second, third)
    assert "out of order" in problems(replace(clip, marks=swapped))
    late = (first, second, replace(third, duration_seconds=third.duration_seconds + 1.0))
    assert "outside the audio" in problems(replace(clip, marks=late))


def test_marks_must_hold_the_speech() -> None:
    clip = speech()
    early = tuple(Mark(each.offset_seconds / 2, each.duration_seconds / 2, each.text) for each in clip.marks)
    assert "speech outside its marks" in problems(replace(clip, marks=early))


def test_a_voice_is_measured_by_its_own_pace() -> None:
    """The last sentence is missing: plausible for a voice that nobody knows, not for a slow one."""
    clip = speech(SENTENCES[:2])
    marks = (*clip.marks, Mark(spoken_seconds(clip.marks) + 0.1, 0.0, SENTENCES[2]))
    slow = speech(rate=0.6)
    pace = Pace()
    for _ in range(LEARNT_CLIPS):
        pace.add(utterance(), spoken_seconds(slow.marks))
    assert "too short" not in problems(replace(clip, marks=marks))
    assert "too short" in problems(replace(clip, marks=marks), pace)


def test_a_faster_voice_is_allowed_where_it_was_asked_for() -> None:
    fast = speech(rate=2.0)
    assert "too short" in problems(fast)
    assert problems(fast, Pace(rate=2.0)) == ""


def test_a_few_bad_clips_do_not_move_the_pace() -> None:
    pace = learnt((SENTENCES,) * 20)
    for _ in range(5):
        pace.add(utterance(), 60.0)
    shortest, longest = pace.bounds_seconds("".join(SENTENCES))
    assert shortest < spoken_seconds(speech().marks) < longest < 60 / 3


def test_short_texts_teach_nothing_about_pace() -> None:
    pace = Pace()
    pace.add(utterance(("好。",)), 1.0)
    assert pace.seconds_per_syllable == []


def test_a_pace_survives_json() -> None:
    pace = learnt()
    assert Pace(**json.loads(json.dumps(asdict(pace)))) == pace


@pytest.mark.parametrize(
    ("text", "count"), [("你好。", 2), ("software", 3.2), ("GPU", 3.9), ("a", 1), ("，。", 0), ("第3个", 3)]
)
def test_syllables(text: str, count: float) -> None:
    assert syllables(text) == pytest.approx(count)
