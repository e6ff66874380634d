"""Damaged clips are told from whole ones by their samples and marks."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, replace

import numpy as np
import pytest

from podcast.models import Mark, Sentence, Utterance
from podcast.testing import LEVEL, SAMPLE_RATE_HZ, speak_in_tones, spoil
from podcast.tts.base import Speech, Voice
from podcast.tts.verify import LEARNT_CLIPS, REMEMBERED_CLIPS, Pace, sound_extent, spoken_seconds, syllables, verify

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
    ("text", "count"),
    [
        ("你好。", 2),
        ("software", 3.2),
        ("GPU", 3.9),  # letters that are spelled
        ("hmm", 3.9),  # no vowel: spelled too
        ("a", 1),
        ("，。_", 0),
        ("第3个", 3),
        ("新的software和GPU", 10.1),
    ],
)
def test_syllables(text: str, count: float) -> None:
    assert syllables(text) == pytest.approx(count)


# --- where the thresholds stand: a little on this side, and a little on that -------------------------------------


def at_db(level_db: float, seconds: float) -> np.ndarray:
    """Noise `level_db` under the tones' level."""
    noise = np.random.default_rng(2).normal(0, 1, round(seconds * SAMPLE_RATE_HZ))
    return (noise / np.sqrt(np.mean(noise**2)) * LEVEL * 10 ** (level_db / 20)).astype(np.float32)


@pytest.mark.parametrize(("gain_db", "silent"), [(-29, False), (-35, True)])
def test_silent_is_what_stays_below_50_db_under_full_scale(gain_db: float, silent: bool) -> None:
    """The tones' frames reach -18 dBFS."""
    clip = speech()
    found = problems(replace(clip, samples=clip.samples * np.float32(10 ** (gain_db / 20))))
    assert found == ("it is silent" if silent else "")


@pytest.mark.parametrize(("share", "found"), [(0.004, ""), (0.007, "it is clipped (0.7% of the samples)")])
def test_clipped_is_half_a_per_cent_at_full_scale(share: float, found: str) -> None:
    clip = speech()
    samples = clip.samples.copy()
    loud = np.flatnonzero(np.abs(samples) > 0.1)
    samples[loud[:: len(loud) // round(share * len(samples))][: round(share * len(samples))]] = -0.985
    assert problems(replace(clip, samples=samples)) == found


@pytest.mark.parametrize(
    ("seconds", "level_db", "found"),
    [
        (1.2, -90, ""),
        (2.3, -40, "there is a hole of 2.3 s in it"),  # background noise
        (2.3, -30, ""),  # a voice that whispers
    ],
)
def test_a_hole_is_a_pause_longer_than_a_second_and_a_half(seconds: float, level_db: float, found: str) -> None:
    """Put between the second sentence and the third, where the tones rest for 0.3 s already."""
    clip = speech()
    first, second, third = clip.marks
    end = round((second.offset_seconds + second.duration_seconds) * SAMPLE_RATE_HZ)
    pause = at_db(level_db, seconds - 0.3)
    samples = np.concatenate([clip.samples[:end], pause, clip.samples[end:]])
    later = replace(third, offset_seconds=third.offset_seconds + len(pause) / SAMPLE_RATE_HZ)
    assert problems(replace(clip, samples=samples, marks=(first, second, later))) == found


@pytest.mark.parametrize(("level_db", "found"), [(-29, ""), (-21, "it ends in the middle of a sound")])
def test_speech_has_ended_where_the_last_frame_is_25_db_quieter(level_db: float, found: str) -> None:
    clip = speech()
    samples = np.concatenate([clip.samples, at_db(level_db, 0.1)])
    assert problems(replace(clip, samples=samples)) == found


@pytest.mark.parametrize(("seconds", "spoken"), [(0.5, False), (0.8, True)])
def test_a_sentence_is_spoken_where_a_third_of_its_shortest_length_is_heard(seconds: float, spoken: bool) -> None:
    """Thirty characters at twice the speed of a fast voice: 1.8 s, of which 0.6 s must have sound."""
    long = "青禾电池今天宣布已经完成了新的一轮融资这笔钱将用来建第二座厂。"
    clip = speech((*SENTENCES, long, SENTENCES[0]))
    mark = clip.marks[3]
    start = round((mark.offset_seconds + seconds) * SAMPLE_RATE_HZ)
    end = round((mark.offset_seconds + mark.duration_seconds) * SAMPLE_RATE_HZ)
    samples = clip.samples.copy()
    samples[start:end] = 0
    found = verify(replace(clip, samples=samples), utterance((*SENTENCES, long, SENTENCES[0])))
    assert (f"a sentence was not spoken: “{long}”" in found) is not spoken


@pytest.mark.parametrize(
    ("first", "last", "found"),
    [
        (0.9, -0.9, ""),
        (1.4, 0, "there is speech outside its marks"),
        (0, -1.4, "there is speech outside its marks"),
        (0, 0.55, ""),  # the full stop and the tail are 0.5 s, and 0.1 s a codec may take
        (0, 0.65, "its marks are out of order or outside the audio"),
        (-0.15, 0, "its marks are out of order or outside the audio"),  # before the clip begins
    ],
)
def test_marks_may_be_a_second_late_or_early_and_never_outside_the_audio(first: float, last: float, found: str) -> None:
    """`first` moves the beginning of the first mark, `last` the end of the last."""
    clip = speech()
    one, two, three = clip.marks
    one = replace(one, offset_seconds=one.offset_seconds + first, duration_seconds=one.duration_seconds - first)
    three = replace(three, duration_seconds=three.duration_seconds + last)
    assert problems(replace(clip, marks=(one, two, three))) == found


@pytest.mark.parametrize(("early_seconds", "found"), [(0.05, ""), (0.2, "its marks are out of order")])
def test_marks_may_overlap_by_a_tenth_of_a_second(early_seconds: float, found: str) -> None:
    clip = speech()
    one, two, three = clip.marks
    end = one.offset_seconds + one.duration_seconds
    two = replace(two, offset_seconds=end - early_seconds)
    assert problems(replace(clip, marks=(one, two, three))).startswith(found)
    assert bool(problems(replace(clip, marks=(one, two, three)))) is bool(found)


TEN = "一二三四五六七八九十"


@pytest.mark.parametrize(
    ("known", "text", "expected"),
    [
        ([], TEN, (1.2, 5.0)),  # 0.12 to 0.40 s a syllable, and a second for pauses
        ([0.2] * 7, TEN, (1.2, 5.0)),  # too few to be trusted
        ([0.2] * 8, TEN, (1.3, 3.9)),  # a quarter and one syllable less, or twice that more and half a second
        ([0.19, 0.21] * 4, TEN, (1.2, 4.38)),  # a voice that varies is given more room
        ([0.285, 0.315] * 4, TEN, (1.59, 5.0)),
        ([0.1, 0.2, 0.3] * 4, TEN, (1.2, 4.5)),  # but not without end
        ([0.2] * 8, TEN[:7] + "software", (1.22, 4.34)),  # and so is Latin, whose syllables are estimated
        ([0.3] * 8, TEN[:4] + "software" * 2, (1.46, 5.16)),
        ([0.3] * 8, "，。", (0.0, 0.5)),
    ],
)
def test_what_a_pace_lets_pass(known: list[float], text: str, expected: tuple[float, float]) -> None:
    assert Pace(1.0, known).bounds_seconds(text) == pytest.approx(expected, abs=0.005)


def test_a_rate_that_was_asked_for_shortens_both_bounds() -> None:
    assert Pace(2.0).bounds_seconds(TEN) == pytest.approx((0.6, 3.0))


def test_a_pace_learns_from_eight_syllables_on_and_forgets_the_oldest() -> None:
    pace = Pace()
    pace.add(utterance((TEN[:7],)), 1.4)
    assert pace.seconds_per_syllable == []
    for place in range(REMEMBERED_CLIPS + 2):
        pace.add(utterance((TEN[:8],)), 8.0 * (place + 1))
    assert (pace.seconds_per_syllable[0], pace.seconds_per_syllable[-1]) == (3.0, REMEMBERED_CLIPS + 2)
    assert len(pace.seconds_per_syllable) == REMEMBERED_CLIPS == 400


def test_spoken_seconds_reach_from_the_first_mark_to_the_end_of_the_last() -> None:
    assert spoken_seconds((Mark(0.5, 1.0, "一"), Mark(1.75, 1.0, "二"), Mark(3.0, 2.0, "三"))) == 4.5
    assert spoken_seconds(()) == 0.0


@pytest.mark.parametrize("rate_hz", [16_000, 24_000])
def test_sound_reaches_from_its_first_frame_to_the_end_of_its_last(rate_hz: int) -> None:
    """Frames of 20 ms; the last one may be cut to a half, and shorter rests belong to the one before."""
    quiet, loud = np.zeros(rate_hz // 10, np.float32), np.full(rate_hz // 5, 0.1, np.float32)
    assert sound_extent(np.concatenate([quiet, loud, quiet, loud, quiet]), rate_hz) == pytest.approx((0.1, 0.6))
    frame = rate_hz // 50
    assert sound_extent(loud[: 3 * frame + frame // 2 + 1], rate_hz) == pytest.approx((0.0, 0.08))
    assert sound_extent(loud[: 3 * frame + frame // 4], rate_hz) == pytest.approx((0.0, 0.06))
    assert sound_extent(loud[:5], rate_hz) == pytest.approx((0.0, 0.02))


def test_where_there_is_no_sound_the_extent_is_all_of_it() -> None:
    assert sound_extent(np.zeros(12_000, np.float32), SAMPLE_RATE_HZ) == (0.0, 0.5)
    assert sound_extent(np.full(12_000, 0.002, np.float32), SAMPLE_RATE_HZ) == (0.0, 0.5)  # -54 dBFS
    assert sound_extent(np.zeros(0, np.float32), SAMPLE_RATE_HZ) == (0.0, 0.0)


def test_problems_give_the_length_of_what_sounds_and_not_of_the_file() -> None:
    """Half a second of silence, then frames with 0.46 s of sound, a pause of 1.54 s, 0.02 s of sound, silence."""
    sound = np.full(SAMPLE_RATE_HZ * 46 // 100, 0.1, np.float32)
    pause = np.zeros(SAMPLE_RATE_HZ * 154 // 100, np.float32)
    rest = np.zeros(SAMPLE_RATE_HZ // 2, np.float32)
    mark = Mark(0.5, 1.0, SENTENCES[0])
    whole = Speech(np.concatenate([rest, sound, rest]), SAMPLE_RATE_HZ, (mark,))
    said = utterance(SENTENCES[:1])
    assert verify(whole, said)[0] == "it is too short for its text (0.5 s, expected 2.0 s or more)"
    parted = replace(whole, samples=np.concatenate([rest, sound, pause, sound[:480], rest]))
    assert verify(parted, said)[0] == "there is a hole of 1.5 s in it"
    almost = replace(whole, samples=np.concatenate([rest, sound, pause[:-960], sound[:480], rest]))
    assert not any("hole" in each for each in verify(almost, said))
