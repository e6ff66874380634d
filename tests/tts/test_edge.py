"""The edge engine, through the real client, against a server that fails in all the ways that the service does.

Whatever goes wrong, the speech is either whole or there is an error that says why: never a part of it.
"""

from __future__ import annotations

import asyncio
import logging
import ssl
from dataclasses import replace
from functools import cache
from pathlib import Path

import edge_tts.communicate
import edge_tts.voices
import numpy as np
import pytest

from podcast.errors import ConfigError, EngineUnavailable, SpeechRefused
from podcast.models import Sentence, Utterance
from podcast.testing import FakeClock, speak_in_tones
from podcast.tts.base import Engine, Speech, Voice
from podcast.tts.edge import VOICES, EdgeEngine
from podcast.tts.verify import verify
from tests.builders import utterance
from tests.fake_edge import FakeEdge, certificate

SENTENCES = ("青禾电池今天宣布，已经完成新一轮融资。", "这笔钱将用来建第二座工厂。", "公司没有透露估值。")
PARAGRAPH = Utterance("s01-u01", "anchor", tuple(Sentence(text, text) for text in SENTENCES), 0.3)
YUNYANG = Voice("zh-CN-YunyangNeural")

pytestmark = [
    pytest.mark.filterwarnings("error"),  # a socket or a task that is left behind warns
    pytest.mark.usefixtures("no_proxy"),
]

# Each is met once, and the next try is whole.
PASSING = [
    *("403:nodate", "429", "429:3", "503", "500", "reset", "empty", "drop:0", "drop:0.1", "drop:0.5", "drop:0.99"),
    *("close:0", "close:0.1", "close:0.5", "close:1", "refuse", "short:0.1", "short:0.5", "short:0.8", "lost", "order"),
    *("nomarks", "badmeta", "badpath", "badbinary", "noise", "garble", "stall:0", "stall:0.5", "noend", "mute"),
]
# Each is met at every try.
LASTING = {
    "403": "status 403",
    "403:nodate": "status 403",
    "429": "status 429",
    "503": "status 503",
    "reset": "no connection",
    "empty": "no audio was received",
    "refuse": "no audio was received",
    "drop:0.5": "closed early",
    "close:0.5": "closed early",
    "short:0.5": "the times given end at",
    "lost": "no time was given for “公司没有透露估值”",
    "order": "a part was not spoken",
    "nomarks": "no time was given",
    "badmeta": "does not understand",
    "noise": "decoded",
    "garble": "s of the audio could not be decoded",
    "stall:0.5": "stood still",
    "noend": "stood still",
    "mute": "stood still after 0.0 s",
}


@pytest.fixture
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """The client lets the environment's proxies capture loopback addresses."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")


def edge(fake: FakeEdge, *, attempts: int = 3, concurrency: int = 4, patience_seconds: float = 5.0) -> EdgeEngine:
    clock = FakeClock()
    return EdgeEngine(
        endpoint=fake.endpoint,
        connect_timeout_seconds=patience_seconds,
        frame_timeout_seconds=patience_seconds,
        attempts=attempts,
        concurrency=concurrency,
        clock=clock,
        sleep=clock.sleep,
    )


def patience_seconds(fault: str) -> float:
    """Little where the service is silent and only patience ends it."""
    return 0.3 if fault.startswith(("stall", "noend", "mute")) else 5.0


def say(engine: EdgeEngine, what: Utterance = PARAGRAPH, voice: Voice = YUNYANG) -> Speech:
    return asyncio.run(engine.synthesize(what, voice))


@cache
def whole() -> Speech:
    """The paragraph as a service says it that works."""
    with FakeEdge() as fake:
        return say(edge(fake))


def test_it_is_an_engine() -> None:
    engine: Engine = EdgeEngine()
    assert "zh-CN-YunyangNeural" in engine.voices()


def test_a_paragraph_is_one_request_with_marks_where_its_sentences_are() -> None:
    with FakeEdge() as fake:
        speech = say(edge(fake))
    assert [request.text for request in fake.requests] == ["".join(SENTENCES)]
    assert verify(speech, PARAGRAPH) == []
    exact = speak_in_tones(list(SENTENCES), YUNYANG).marks
    for mark, other in zip(speech.marks, exact, strict=True):
        assert mark.text == other.text
        assert mark.offset_seconds == pytest.approx(other.offset_seconds, abs=0.06)
        assert mark.duration_seconds == pytest.approx(other.duration_seconds, abs=0.03)


@pytest.mark.parametrize("fault", PASSING)
def test_what_passes_is_tried_again_until_the_speech_is_whole(fault: str) -> None:
    with FakeEdge(faults=[fault]) as fake:
        speech = say(edge(fake, patience_seconds=patience_seconds(fault)))
    assert len(fake.requests) == 2
    assert np.array_equal(speech.samples, whole().samples)
    assert speech.marks == whole().marks


@pytest.mark.parametrize(("fault", "reason"), LASTING.items())
def test_what_lasts_is_an_error_that_says_what_was_seen(fault: str, reason: str) -> None:
    with FakeEdge(faults=[fault] * 20) as fake, pytest.raises(EngineUnavailable) as caught:
        say(edge(fake, attempts=2, patience_seconds=patience_seconds(fault)))
    assert reason in caught.value.what
    assert "2 tries" in caught.value.what
    assert caught.value.where == PARAGRAPH.id
    assert caught.value.hint


@pytest.mark.parametrize("fault", ["delay:0.1", "slow:0.002", "ok"])
def test_slowness_is_no_fault(fault: str) -> None:
    with FakeEdge(faults=[fault]) as fake:
        speech = say(edge(fake))
    assert len(fake.requests) == 1
    assert np.array_equal(speech.samples, whole().samples)


def test_several_different_faults_in_a_row_are_survived() -> None:
    with FakeEdge(faults=["403", "403", "drop:0.5", "429", "stall:0.3"]) as fake:
        speech = say(edge(fake, attempts=5, patience_seconds=0.3))
    assert np.array_equal(speech.samples, whole().samples)


@pytest.mark.parametrize("place", [0, 5, 11])
@pytest.mark.parametrize("fault", ["403:nodate", "429", "drop:0.5", "short:0.5", "lost", "stall:0.5", "empty"])
def test_one_bad_text_among_many_is_the_only_one_that_fails(fault: str, place: int) -> None:
    texts = [f"{first}条新闻来自青禾电池。第二句话。" for first in "一二三四五六七八九十百千"]
    bad = texts[place]
    if fault[:3].isdigit():
        rule, faults = None, [fault] * 20
        texts = [bad]
    else:
        rule, faults = (lambda text: fault if text == bad else None), []

    async def all_of_them(engine: EdgeEngine) -> list[Speech | BaseException]:
        jobs = (engine.synthesize(utterance(text), YUNYANG) for text in texts)
        return await asyncio.gather(*jobs, return_exceptions=True)

    with FakeEdge(rule=rule, faults=faults) as fake:
        engine = edge(fake, attempts=2, patience_seconds=patience_seconds(fault) * 2)
        results = dict(zip(texts, asyncio.run(all_of_them(engine)), strict=True))
    failed = results.pop(bad)
    assert isinstance(failed, EngineUnavailable)
    for text, speech in results.items():
        assert isinstance(speech, Speech)
        assert verify(speech, utterance(text)) == []


def test_no_more_requests_are_open_than_it_may() -> None:
    async def many(engine: EdgeEngine) -> None:
        await asyncio.gather(*(engine.synthesize(utterance(f"{text}条新闻。"), YUNYANG) for text in "一二三四五六七八"))

    with FakeEdge(faults=["delay:0.05"] * 8) as fake:
        asyncio.run(many(edge(fake, concurrency=3)))
    assert fake.peak == 3


def test_a_service_that_takes_fewer_is_asked_for_fewer() -> None:
    async def many(engine: EdgeEngine) -> None:
        await asyncio.gather(*(engine.synthesize(utterance(f"{text}条新闻。"), YUNYANG) for text in "一二三四五六七八"))

    with FakeEdge(most=2) as fake:
        asyncio.run(many(edge(fake, concurrency=8, attempts=40)))
    assert sum(request.ended for request in fake.requests) == 8


@pytest.mark.parametrize("name", ["zh-CN-NobodyNeural", "nobody"])
def test_an_unknown_voice_is_refused_at_once(name: str) -> None:
    with FakeEdge() as fake, pytest.raises(SpeechRefused, match="no voice") as caught:
        say(edge(fake), voice=Voice(name))
    assert len(fake.requests) <= 1
    assert "Take zh-" in str(caught.value)


def test_a_voice_is_not_refused_when_nobody_knows_whether_it_exists() -> None:
    with FakeEdge(list_faults=["500"] * 9) as fake, pytest.raises(EngineUnavailable, match="no audio"):
        say(edge(fake, attempts=2), voice=Voice("zh-CN-NobodyNeural"))


@pytest.mark.parametrize("text", ["", "  \n", "……！", "，。"])
def test_text_without_sound_is_refused_before_it_is_sent(text: str) -> None:
    with FakeEdge() as fake, pytest.raises(SpeechRefused, match="nothing to say"):
        say(edge(fake), utterance(text))
    assert fake.requests == []


@pytest.mark.parametrize(("text", "reason"), [("好" * 1001, "1001 characters"), ("好\ufffe", "U\\+FFFE")])
def test_text_that_the_service_cannot_take_is_refused(text: str, reason: str) -> None:
    with FakeEdge() as fake, pytest.raises(SpeechRefused, match=reason):
        say(edge(fake), utterance(text))
    assert fake.requests == []


def test_the_longest_text_is_one_request() -> None:
    text = "青禾电池今天宣布好" * 111 + "。"
    with FakeEdge() as fake:
        say(edge(fake), utterance(text))
    assert [request.text for request in fake.requests] == [text]


@pytest.mark.parametrize("status", ["400", "401", "404"])
def test_a_refused_request_is_not_tried_again(status: str) -> None:
    with FakeEdge(faults=[status] * 5) as fake, pytest.raises(SpeechRefused, match=status):
        say(edge(fake))
    assert len(fake.requests) == 1


def test_text_arrives_as_it_was_meant() -> None:
    what = Utterance(
        "s00-u01", "anchor", (Sentence("x", "AT&T <新> 版，重来。", respelling="AT&T <新> 版，虫来。"),), 0.3
    )
    with FakeEdge() as fake:
        speech = say(edge(fake), what)
    assert fake.requests[0].text == "AT&T <新> 版，虫来。"
    assert [mark.text for mark in speech.marks] == ["AT&T <新> 版，重来。"]


def test_prosody_arrives_and_is_a_part_of_the_request() -> None:
    voice = Voice(YUNYANG.name, rate=1.15, pitch_hz=-12, gain_db=-6)
    with FakeEdge() as fake:
        engine = edge(fake)
        say(engine, voice=voice)
    assert fake.requests[0].prosody == {"rate": "+15%", "pitch": "-12Hz", "volume": "-50%"}
    assert fake.requests[0].voice == "Microsoft Server Speech Text to Speech Voice (zh-CN, YunyangNeural)"
    changes: list[dict[str, float]] = [{"rate": 1.1}, {"pitch_hz": 0}, {"gain_db": 0}]
    requests = {engine.request(PARAGRAPH, replace(voice, **change)) for change in changes}
    assert len(requests | {engine.request(PARAGRAPH, voice)}) == 4


@pytest.mark.parametrize("name", VOICES)
def test_every_listed_voice_has_a_name_that_the_client_takes(name: str) -> None:
    edge_tts.Communicate("好", name)


@pytest.mark.parametrize("fault", ["stall:0.5", "mute", "noend"])
def test_an_interrupt_leaves_no_connection_and_no_task(fault: str, caplog: pytest.LogCaptureFixture) -> None:
    """Ctrl-C cancels.  The client must not wait ten seconds for the service to say goodbye."""

    async def scenario(fake: FakeEdge) -> None:
        task = asyncio.create_task(edge(fake, patience_seconds=30).synthesize(PARAGRAPH, YUNYANG))
        assert await asyncio.to_thread(fake.heard.wait, 5)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            async with asyncio.timeout(5):
                await task
        assert len(asyncio.all_tasks()) == 1
        assert await asyncio.to_thread(fake.gone.wait, 5)

    with caplog.at_level(logging.ERROR, "asyncio"), FakeEdge(faults=[fault]) as fake:
        asyncio.run(scenario(fake))
    assert caplog.records == []


def test_check_returns_when_the_service_answers() -> None:
    with FakeEdge() as fake:
        asyncio.run(edge(fake).check())
    with FakeEdge(list_faults=["404"]) as fake:  # a relay without a list of voices
        asyncio.run(edge(fake).check())


@pytest.mark.parametrize(("status", "hint"), [("403", "Upgrade"), ("503", "Try again later")])
def test_check_tells_why_the_service_cannot_be_used(status: str, hint: str) -> None:
    with FakeEdge(list_faults=[status] * 3) as fake, pytest.raises(EngineUnavailable, match=status) as caught:
        asyncio.run(edge(fake).check())
    assert hint in str(caught.value)


def test_nobody_there_is_an_error_that_says_so() -> None:
    with FakeEdge() as fake:
        engine = edge(fake, attempts=2)
    with pytest.raises(EngineUnavailable, match="no connection"):
        asyncio.run(engine.check())
    with pytest.raises(EngineUnavailable, match="no connection"):
        say(engine)


def test_an_endpoint_belongs_to_one_engine() -> None:
    """Two engines in one program at the same time, and the client's own address is what it was."""
    with FakeEdge() as one, FakeEdge() as other:

        async def both() -> None:
            jobs = (
                edge(fake).synthesize(utterance(text), YUNYANG) for fake in (one, other) for text in ("一。", "二。")
            )
            await asyncio.gather(*jobs)

        asyncio.run(both())
        assert [sorted(request.text for request in fake.requests) for fake in (one, other)] == [["一。", "二。"]] * 2
    assert f"{edge_tts.communicate.WSS_URL}".startswith("wss://speech.platform.bing.com/")
    assert f"{edge_tts.voices.VOICE_LIST}".startswith("https://speech.platform.bing.com/")


def test_a_proxy_that_does_not_answer_is_named() -> None:
    with FakeEdge() as fake:
        engine = EdgeEngine(endpoint=fake.endpoint, proxy="http://127.0.0.1:9", attempts=1)
        with pytest.raises(EngineUnavailable, match="the proxy does not answer"):
            say(engine)


@pytest.mark.parametrize("settings", [{"proxy": "socks5://127.0.0.1:1080"}, {"endpoint": "127.0.0.1:9000"}])
def test_an_address_that_cannot_be_one_is_an_error_of_the_config(settings: dict[str, str]) -> None:
    with pytest.raises(ConfigError):
        EdgeEngine(**settings)


def test_speech_over_tls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    context, trusted = certificate(tmp_path)
    with FakeEdge(tls=context) as fake:
        with pytest.raises(EngineUnavailable, match="no secure connection"):
            say(edge(fake))
        # The client has no setting for the certificates that it trusts.
        monkeypatch.setattr(edge_tts.communicate, "_SSL_CTX", ssl.create_default_context(cafile=str(trusted)))
        speech = say(edge(fake))
    assert np.array_equal(speech.samples, whole().samples)
