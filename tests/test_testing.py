"""The fakes that users of the package get."""

from __future__ import annotations

import asyncio
import time

import numpy as np
import pytest

from podcast.errors import EngineUnavailable, SpeechRefused
from podcast.models import Sentence, Utterance
from podcast.testing import SAMPLE_RATE_HZ, FakeClock, Fault, ToneEngine
from podcast.tts.base import Engine, Speech, Voice
from podcast.tts.verify import verify
from tests.builders import utterance

TEXT = "青禾电池今天宣布，已经完成新一轮融资。"
LOW = Voice("low")


def say(engine: ToneEngine, what: Utterance | None = None, voice: Voice = LOW) -> Speech:
    return asyncio.run(engine.synthesize(what or utterance(TEXT), voice))


def test_it_is_an_engine() -> None:
    engine: Engine = ToneEngine()
    asyncio.run(engine.check())
    assert engine.request(utterance(TEXT), LOW) == TEXT


def test_the_same_words_give_the_same_samples() -> None:
    assert np.array_equal(say(ToneEngine()).samples, say(ToneEngine()).samples)


def test_other_words_and_other_voices_sound_different() -> None:
    speech = say(ToneEngine()).samples
    assert not np.array_equal(speech, say(ToneEngine(), utterance(TEXT.replace("电", "天"))).samples)
    assert not np.array_equal(speech, say(ToneEngine(), voice=Voice("high")).samples)


def test_twice_the_rate_is_half_the_speech() -> None:
    natural, fast = say(ToneEngine()), say(ToneEngine(), voice=Voice("low", rate=2.0))
    assert fast.marks[0].duration_seconds == pytest.approx(natural.marks[0].duration_seconds / 2, abs=0.01)


def test_marks_hold_the_sound_of_their_sentences_exactly() -> None:
    what = Utterance("s00-u01", "anchor", (Sentence("你好。", "你好。"), Sentence("再见。", "再见。")), 0.3)
    speech = say(ToneEngine(), what)
    sounding = np.zeros(len(speech.samples), bool)
    for mark in speech.marks:
        start = round(mark.offset_seconds * SAMPLE_RATE_HZ)
        sounding[start : start + round(mark.duration_seconds * SAMPLE_RATE_HZ)] = True
    assert [mark.text for mark in speech.marks] == ["你好。", "再见。"]
    assert np.count_nonzero(speech.samples[~sounding]) == 0
    assert np.count_nonzero(speech.samples[sounding]) > 0.95 * np.count_nonzero(sounding)


@pytest.mark.parametrize("text", ["好。", TEXT, TEXT * 20, "GPT和Claude都是大语言模型，OpenAI与Anthropic的产品。"])
def test_its_speech_passes_verification(text: str) -> None:
    assert verify(say(ToneEngine(), utterance(text)), utterance(text)) == []


@pytest.mark.parametrize("fault", ["silent", "truncated", "short", "hole", "clipped"])
def test_what_it_spoils_fails_verification(fault: Fault) -> None:
    assert verify(say(ToneEngine(faults=lambda *_: fault)), utterance(TEXT)) != []


def test_a_fault_may_depend_on_the_try() -> None:
    def unavailable_at_first(_: Utterance, attempt: int) -> Fault | None:
        return "unavailable" if attempt == 1 else None

    engine = ToneEngine(faults=unavailable_at_first)
    with pytest.raises(EngineUnavailable):
        say(engine)
    assert verify(say(engine), utterance(TEXT)) == []
    assert engine.said == [TEXT, TEXT]


def test_it_refuses_where_it_is_told_to() -> None:
    with pytest.raises(SpeechRefused):
        say(ToneEngine(faults=lambda *_: "refused"))


def test_it_counts_how_many_were_in_work_at_once() -> None:
    clock = FakeClock()
    engine = ToneEngine(delay_seconds=0.5, sleep=clock.sleep)

    async def three() -> None:
        await asyncio.gather(*(engine.synthesize(utterance(text), LOW) for text in ("一。", "二。", "三。")))

    asyncio.run(three())
    assert engine.peak == 3
    assert clock.slept == [0.5] * 3


def test_a_fake_clock_passes_hours_at_once() -> None:
    clock = FakeClock(10.0)
    before = time.monotonic()
    asyncio.run(clock.sleep(3600))
    assert clock() == 3610.0
    assert time.monotonic() - before < 60
