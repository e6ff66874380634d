"""Every utterance is spoken, checked and kept, or the episode is refused."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path

import pytest

from podcast.errors import EngineUnavailable, QualityError, SpeechRefused
from podcast.models import Script, Segment, Sentence, Utterance
from podcast.testing import Fault, FaultRule, ToneEngine
from podcast.tts.base import Speech, Voice
from podcast.tts.cache import ClipCache
from podcast.tts.roster import Roster
from podcast.tts.synthesis import Progress, Speaker, Synthesis, synthesize
from tests.builders import PUBLISHED, script

VOICES = {"anchor": Voice("low"), "commentator": Voice("high")}


def speak(what: Script, folder: Path, *engines: ToneEngine, accept: Sequence[str] = ()) -> Synthesis:
    speakers = [Speaker(engine, VOICES) for engine in engines]
    return asyncio.run(synthesize(what, speakers, ClipCache(folder), accept=frozenset(accept)))


def on(text: str, fault: Fault, *, times: int = 99) -> FaultRule:
    """The fault for the utterance that says `text`, the first `times` tries."""
    return lambda utterance, attempt: fault if utterance.spoken == text and attempt <= times else None


def test_a_clip_for_each_utterance_in_order(tmp_path: Path) -> None:
    engine = ToneEngine(concurrency=3)
    result = speak(script(), tmp_path, engine)
    assert [clip.utterance_id for clip in result.clips] == [part.id for part in script().utterances]
    assert (result.synthesized, result.cached) == (3, 0)
    assert all(clip.path.is_file() for clip in result.clips)


def test_nothing_is_spoken_twice(tmp_path: Path) -> None:
    speak(script(), tmp_path, ToneEngine())
    engine = ToneEngine()
    result = speak(script(), tmp_path, engine)
    assert engine.said == []
    assert (result.synthesized, result.cached) == (0, 3)


def test_a_changed_sentence_is_the_only_one_spoken(tmp_path: Path) -> None:
    speak(script(), tmp_path, ToneEngine())
    engine = ToneEngine()
    speak(script(("第一句话。", "第二句改了。", "第三句话。", "第四句话。")), tmp_path, engine)
    assert sorted(engine.said) == sorted(["第二句改了。", "第四句话。"])


def test_equal_sentences_are_spoken_once(tmp_path: Path) -> None:
    engine = ToneEngine(concurrency=4)
    result = speak(script(("同样的话。", "别的话。", "同样的话。")), tmp_path, engine)
    assert sorted(engine.said) == sorted(["别的话。", "同样的话。"])
    assert [clip.utterance_id for clip in result.clips] == ["s00-u01", "s00-u02", "s00-u03"]


# Enough to learn how fast the voice speaks: an answer cut short in good order shows in nothing else.
TEXTS = tuple(f"这是{number}号很普通的一句话。" for number in "甲乙丙丁戊己庚辛壬癸")


@pytest.mark.parametrize("fault", ["silent", "truncated", "short", "hole", "clipped"])
@pytest.mark.parametrize("place", [0, 5, 9])
def test_a_bad_clip_is_spoken_again(tmp_path: Path, fault: Fault, place: int) -> None:
    texts = TEXTS
    engine = ToneEngine(faults=on(texts[place], fault, times=1))
    result = speak(script(texts), tmp_path, engine)
    assert result.synthesized == len(texts)
    assert engine.said.count(texts[place]) == 2


@pytest.mark.parametrize("fault", ["silent", "truncated", "short", "hole", "clipped"])
@pytest.mark.parametrize("place", [0, 5, 9])
def test_a_clip_that_stays_bad_is_refused_by_name_and_not_kept(tmp_path: Path, fault: Fault, place: int) -> None:
    texts = TEXTS
    with pytest.raises(QualityError, match=f"s00-u{place + 1:02}"):
        speak(script(texts), tmp_path, ToneEngine(faults=on(texts[place], fault)))
    engine = ToneEngine()
    speak(script(texts), tmp_path, engine)
    assert engine.said == [texts[place]]  # the good ones were kept


class Slow(ToneEngine):
    """A voice by nature so slow that half of a sentence is not too short for it, until its pace is known."""

    async def synthesize(self, utterance: Utterance, voice: Voice) -> Speech:
        return await super().synthesize(utterance, Voice(voice.name, rate=0.6))


@pytest.mark.parametrize("last", ["unavailable", None])
def test_what_was_cut_before_the_pace_was_known_is_found_out(tmp_path: Path, last: Fault | None) -> None:
    """In the end of the same run, or by the next where that one ended early."""

    def faults(utterance: Utterance, attempt: int) -> Fault | None:
        if utterance.spoken == TEXTS[0] and attempt == 1:
            return "short"
        return last if utterance.spoken == TEXTS[9] else None

    first, second = Slow(concurrency=1, faults=faults), Slow()
    with pytest.raises(EngineUnavailable) if last else nullcontext():
        speak(script(TEXTS), tmp_path, first)
    assert first.said.count(TEXTS[0]) == (1 if last else 2)
    result = speak(script(TEXTS), tmp_path, second)
    assert sorted(second.said) == sorted([TEXTS[0], TEXTS[9]] if last else [])
    assert result.synthesized == len(second.said)


def test_an_accepted_clip_is_not_spoken_again_for_any_of_its_equals(tmp_path: Path) -> None:
    texts = ("同样的话。", "别的话。", "同样的话。")
    faults = on("同样的话。", "silent")
    speak(script(texts), tmp_path, ToneEngine(faults=faults), accept=["s00-u01"])
    engine = ToneEngine(faults=faults)
    assert speak(script(texts), tmp_path, engine, accept=["s00-u01"]).cached == 3
    assert engine.said == []


def test_the_same_text_in_other_sentences_is_another_clip(tmp_path: Path) -> None:
    """A clip has a mark for each sentence."""
    one = Sentence("你好。再见。", "你好。再见。")
    two = (Sentence("你好。", "你好。"), Sentence("再见。", "再见。"))
    for sentences in ((one,), two):
        what = Script("样例", PUBLISHED, (Segment("item", "样例", 1, (Utterance("u", "anchor", sentences, 0.3),)),))
        assert len(speak(what, tmp_path, ToneEngine()).clips[0].marks) == len(sentences)


def test_an_engine_is_never_asked_for_more_at_once_than_it_likes(tmp_path: Path) -> None:
    first = ToneEngine(concurrency=4, delay_seconds=0.005, faults=lambda *_: "unavailable")
    second = ToneEngine(concurrency=1, delay_seconds=0.005)
    second.name = "other"
    speak(script(TEXTS), tmp_path, first, second)
    assert (first.peak, second.peak) == (4, 1)


def test_a_bad_clip_is_taken_only_by_name(tmp_path: Path) -> None:
    faults = on("第二句话。", "silent")
    assert speak(script(), tmp_path, ToneEngine(faults=faults), accept=["s00-u02"]).synthesized == 3
    with pytest.raises(QualityError):
        speak(script(), tmp_path, ToneEngine(faults=faults))


def test_when_an_engine_gives_up_what_was_spoken_is_kept(tmp_path: Path) -> None:
    with pytest.raises(EngineUnavailable):
        speak(script(), tmp_path, ToneEngine(concurrency=1, faults=on("第三句话。", "unavailable")))
    engine = ToneEngine()
    speak(script(), tmp_path, engine)
    assert engine.said == ["第三句话。"]


def test_a_refused_text_is_not_tried_again(tmp_path: Path) -> None:
    engine = ToneEngine(concurrency=1, faults=on("第二句话。", "refused"))
    with pytest.raises(SpeechRefused):
        speak(script(), tmp_path, engine)
    assert engine.said.count("第二句话。") == 1


def test_another_engine_steps_in_for_an_utterance(tmp_path: Path) -> None:
    first, second = ToneEngine(faults=on("第二句话。", "unavailable")), ToneEngine()
    second.name = "other"
    result = speak(script(), tmp_path, first, second)
    assert second.said == ["第二句话。"]
    assert result.by_engine == {"tone": 2, "other": 1}


def test_progress_ends_with_everything_done(tmp_path: Path) -> None:
    steps: list[Progress] = []
    speakers = [Speaker(ToneEngine(), VOICES)]
    asyncio.run(synthesize(script(), speakers, ClipCache(tmp_path), on_progress=steps.append))
    assert [step.done for step in steps] == [0, 1, 2, 3]
    assert steps[-1].characters_left == 0
    assert steps[-1].audio_seconds > 1


class Absent(ToneEngine):
    name = "absent"

    async def check(self) -> None:
        raise EngineUnavailable("the service does not answer", hint="Wait.")


def test_the_roster_takes_the_first_that_can_speak_and_says_why_not_the_others() -> None:
    roster = Roster([Speaker(Absent(), VOICES), Speaker(ToneEngine(), VOICES)])
    assert [speaker.engine.name for speaker in asyncio.run(roster.available())] == ["tone"]
    assert roster.reasons() == ("absent cannot speak now: the service does not answer",)


def test_no_engine_at_all_is_an_error_with_every_reason() -> None:
    with pytest.raises(EngineUnavailable, match="absent: the service does not answer"):
        asyncio.run(Roster([Speaker(Absent(), VOICES)]).available())
