"""Times for our sentences from the times of the service's."""

from __future__ import annotations

import pytest

from podcast.tts.align import Boundary, Misaligned, align

FIRST, SECOND, THIRD = "今天有三条新闻。", "第一条来自青禾电池；", "它融到了钱。"


def boundaries(*texts: str, seconds_each: float = 2.0, gap_seconds: float = 0.5) -> list[Boundary]:
    step = seconds_each + gap_seconds
    return [Boundary(place * step, place * step + seconds_each, text) for place, text in enumerate(texts)]


def test_the_same_sentences_have_the_same_times() -> None:
    assert align([FIRST, SECOND], boundaries(FIRST, SECOND), 5.0) == [(0.0, 2.0), (2.5, 4.5)]


def test_punctuation_space_and_case_do_not_matter() -> None:
    ours = ["OpenAI 发布了新品。 ", "“好！”"]
    assert align(ours, boundaries("openai发布了新品", "好"), 5.0) == [(0.0, 2.0), (2.5, 4.5)]


def test_a_sentence_inside_one_of_the_service_has_its_share() -> None:
    times = align(["一二三四，", "五六七八。"], boundaries("一二三四，五六七八。"), 2.0)
    assert times == [(0.0, pytest.approx(1.0)), (pytest.approx(1.0), 2.0)]


def test_a_sentence_over_several_of_the_service_has_all_of_them() -> None:
    assert align([FIRST + SECOND, THIRD], boundaries(FIRST, SECOND, THIRD), 8.0) == [(0.0, 4.5), (5.0, 7.0)]


def test_a_sentence_without_sound_has_no_length() -> None:
    times = align([FIRST, "……", SECOND], boundaries(FIRST, SECOND), 5.0)
    assert times[1] == (2.5, 2.5)
    assert align([FIRST, "……"], boundaries(FIRST), 2.0)[1] == (2.0, 2.0)


@pytest.mark.parametrize(
    "given", [(FIRST, SECOND), (FIRST, THIRD), (SECOND, THIRD), (), (FIRST, SECOND[:4], THIRD), ("。",)]
)
def test_text_without_a_time_is_noticed(given: tuple[str, ...]) -> None:
    with pytest.raises(Misaligned, match="no time was given"):
        align([FIRST, SECOND, THIRD], boundaries(*given), 20.0)


def test_times_after_the_audio_are_noticed() -> None:
    with pytest.raises(Misaligned, match=r"the audio at 3\.0 s"):
        align([FIRST, SECOND], boundaries(FIRST, SECOND), 3.0)


def test_times_that_run_backwards_are_noticed() -> None:
    with pytest.raises(Misaligned, match="backwards"):
        align([FIRST, SECOND], [Boundary(4, 6, FIRST), Boundary(0, 2, SECOND)], 8.0)


def test_other_characters_for_the_same_text_are_counted() -> None:
    """A service may report the text that it read instead of the one it was given."""
    times = align([FIRST, SECOND], boundaries("今天有叁條新聞。", SECOND), 5.0)
    assert times == [(0.0, 2.0), (2.5, 4.5)]


def test_a_lost_sentence_is_noticed_among_other_characters_too() -> None:
    with pytest.raises(Misaligned):
        align([FIRST, SECOND, THIRD], boundaries("今天有叁條新聞。", THIRD), 20.0)


def test_times_stay_inside_the_audio() -> None:
    assert align([FIRST], boundaries(FIRST), 1.9) == [(0.0, 1.9)]
