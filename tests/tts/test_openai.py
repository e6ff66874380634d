"""The engine for OpenAI-compatible servers, against a loopback server that answers as servers do, bytes and all."""

from __future__ import annotations

import asyncio
import io
import json
from collections.abc import Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest
import soundfile

from podcast.errors import ConfigError, EngineUnavailable, SpeechRefused
from podcast.models import Sentence, Utterance
from podcast.testing import SAMPLE_RATE_HZ, FakeClock, speak_in_tones
from podcast.tts.base import Engine, Speech, Voice
from podcast.tts.openai import OpenAIEngine
from podcast.tts.verify import verify
from tests.builders import utterance

TEXT = "青禾电池今天宣布，已经完成新一轮融资。"
ALLOY = Voice("alloy")
SAMPLES = speak_in_tones([TEXT], ALLOY).samples


def audio(kind: str = "WAV", samples: np.ndarray = SAMPLES, rate_hz: int = SAMPLE_RATE_HZ) -> bytes:
    file = io.BytesIO()
    soundfile.write(file, samples, rate_hz, format=kind)
    return file.getvalue()


def answer(
    body: bytes, status: str = "200 OK", kind: str = "audio/wav", length: int | None = None, more: str = ""
) -> bytes:
    count = len(body) if length is None else length
    head = f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {count}\r\n{more}Connection: close\r\n\r\n"
    return head.encode() + body


def error(status: str, message: str = "", more: str = "") -> bytes:
    return answer(json.dumps({"error": {"message": message}}).encode(), status, "application/json", more=more)


SPOKEN = answer(audio())


@dataclass
class Server:
    """Gives one answer after the other, the last of them for ever."""

    answers: list[bytes]
    requests: list[tuple[str, dict[str, str], Any]] = field(default_factory=list)  # line, headers, body
    port: int = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        line, *rest = (await reader.readuntil(b"\r\n\r\n")).decode().strip().split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (each.partition(":") for each in rest)}
        body = await reader.readexactly(int(headers.get("content-length", 0)))
        self.requests.append((line, headers, json.loads(body) if body else None))
        writer.write(self.answers.pop(0) if len(self.answers) > 1 else self.answers[0])
        await writer.drain()
        writer.close()

    @asynccontextmanager
    async def running(self):
        server = await asyncio.start_server(self.serve, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        async with server:
            yield

    def engine(self, **settings: Any) -> OpenAIEngine:
        clock = FakeClock()
        fixed: dict[str, Any] = {"attempts": 2, "timeout_seconds": 2.0, "clock": clock, "sleep": clock.sleep}
        return OpenAIEngine(base_url=f"http://127.0.0.1:{self.port}/v1", **(fixed | settings))


def say(server: Server, what: Utterance | None = None, voice: Voice = ALLOY, **settings: Any) -> Speech:
    async def scenario() -> Speech:
        async with server.running():
            return await server.engine(**settings).synthesize(what or utterance(TEXT), voice)

    return asyncio.run(scenario())


def check(server: Server) -> None:
    async def scenario() -> None:
        async with server.running():
            await server.engine().check()

    asyncio.run(scenario())


def test_a_sentence_is_spoken_and_its_mark_is_where_the_sound_is() -> None:
    server = Server([SPOKEN])
    speech = say(server, api_key="secret", model="tts-1-hd", extra={"instructions": "像新闻主播"})
    assert verify(speech, utterance(TEXT)) == []
    exact = speak_in_tones([TEXT], ALLOY).marks[0]
    assert speech.marks[0].offset_seconds == pytest.approx(exact.offset_seconds, abs=0.03)
    assert speech.marks[0].duration_seconds == pytest.approx(exact.duration_seconds, abs=0.06)
    line, headers, body = server.requests[0]
    assert line.startswith("POST /v1/audio/speech ")
    assert headers["authorization"] == "Bearer secret"
    assert body == {
        "model": "tts-1-hd",
        "input": TEXT,
        "voice": "alloy",
        "response_format": "wav",
        "instructions": "像新闻主播",
    }


def test_rate_and_extra_fields_are_sent_and_no_key_where_there_is_none() -> None:
    server = Server([SPOKEN])
    say(server, voice=Voice("alloy", rate=1.25), extra={"response_format": "flac"})
    _, headers, body = server.requests[0]
    assert (body["speed"], body["response_format"]) == (1.25, "flac")
    assert "authorization" not in headers


@pytest.mark.parametrize("kind", ["WAV", "FLAC", "MP3", "OGG"])
def test_any_audio_file_will_do_whatever_was_asked_for(kind: str) -> None:
    speech = say(Server([answer(audio(kind))]))
    assert len(speech.samples) == pytest.approx(len(SAMPLES), rel=0.03)
    assert verify(speech, utterance(TEXT)) == []


def test_an_mp3_without_a_header_is_as_long_as_it_is() -> None:
    file = io.BytesIO()
    uneven = np.concatenate([SAMPLES * 0, SAMPLES])  # a variable rate makes a guess from the first frames wrong
    soundfile.write(file, uneven, SAMPLE_RATE_HZ, "MPEG_LAYER_III", format="MP3", bitrate_mode="VARIABLE")
    content = file.getvalue()
    speech = say(Server([answer(content[content.index(content[:2], 4) :], kind="audio/mpeg")]))
    assert len(speech.samples) == pytest.approx(len(uneven), rel=0.03)


def test_stereo_becomes_mono_and_the_rate_stays() -> None:
    speech = say(Server([answer(audio(samples=np.stack([SAMPLES, SAMPLES], axis=1), rate_hz=44_100))]))
    assert speech.samples.shape == SAMPLES.shape
    assert speech.sample_rate_hz == 44_100


def test_a_wav_that_was_streamed_has_no_length_in_its_header() -> None:
    wav = bytearray(audio())
    place = wav.index(b"data") + 4
    wav[place : place + 4] = wav[4:8] = b"\xff\xff\xff\xff"
    assert len(say(Server([answer(bytes(wav))])).samples) == len(SAMPLES)


PASSING: dict[str, tuple[bytes, str]] = {
    "busy": (error("429 Too Many Requests", "slow down", "Retry-After: 3\r\n"), "status 429 (slow down)"),
    "broken": (error("500 Internal Server Error"), "status 500"),
    "loading": (answer(b"model is loading", "503 Service Unavailable", "text/plain"), "503 (model is loading)"),
    "gateway": (answer(b"<html>nginx</html>", "502 Bad Gateway", "text/html"), "status 502"),
    "empty": (answer(b""), "an empty answer"),
    "cut": (answer(audio()[:5000], length=len(audio())), "broke off"),
    "cut with a right length": (answer(audio()[:5000]), "broke off after"),
    "cut flac": (answer(audio("FLAC")[:5000]), "could not be decoded"),
    "no audio in it": (answer(audio(samples=SAMPLES[:0])), "without audio"),
    "noise": (answer(bytes(range(256)) * 20), "could not be decoded"),
    "no answer": (b"", "broke off"),
}


@pytest.mark.parametrize(("bad", "_reason"), PASSING.values(), ids=PASSING)
def test_what_passes_is_tried_again(bad: bytes, _reason: str) -> None:
    server = Server([bad, SPOKEN])
    assert len(say(server).samples) == len(SAMPLES)
    assert len(server.requests) == 2


@pytest.mark.parametrize(("bad", "reason"), PASSING.values(), ids=PASSING)
def test_what_lasts_is_an_error_that_says_what_was_seen(bad: bytes, reason: str) -> None:
    with pytest.raises(EngineUnavailable) as caught:
        say(Server([bad]))
    assert reason in caught.value.what
    assert "2 tries" in caught.value.what
    assert caught.value.hint


@pytest.mark.parametrize(
    ("bad", "reason", "hint"),
    [
        (error("401 Unauthorized", "Incorrect API key"), "401 (Incorrect API key)", "OPENAI_API_KEY"),
        (answer(b'{"detail": "Not Found"}', "404 Not Found", "application/json"), "404 (Not Found)", "base_url"),
        (error("400 Bad Request", "no voice 'alloy'"), "no voice 'alloy'", "voice"),
        (answer(b"", "301 Moved", more="Location: https://example.com/\r\n"), "301", "base_url"),
        (answer(b"<!doctype html><title>Web UI</title>", kind="text/html"), "text instead of audio", "base_url"),
        (answer(b'{"error": "no such model"}', kind="application/json"), "no such model", "model"),
    ],
)
def test_what_will_not_pass_is_refused_at_once(bad: bytes, reason: str, hint: str) -> None:
    server = Server([bad])
    with pytest.raises(SpeechRefused) as caught:
        say(server, api_key="secret")
    assert reason in caught.value.what
    assert hint in (caught.value.hint or "")
    assert len(server.requests) == 1
    assert "secret" not in str(caught.value)


def test_a_server_that_says_nothing_is_given_up() -> None:
    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    async def scenario() -> None:
        server = await asyncio.start_server(silent, "127.0.0.1", 0)
        async with server:
            port = server.sockets[0].getsockname()[1]
            await Server([], port=port).engine(timeout_seconds=0.2).synthesize(utterance(TEXT), ALLOY)

    with pytest.raises(EngineUnavailable, match="no answer in time"):
        asyncio.run(scenario())


def test_nobody_there_is_an_error_that_says_so() -> None:
    engine = Server([], port=9).engine()
    with pytest.raises(EngineUnavailable, match="no connection"):
        asyncio.run(engine.synthesize(utterance(TEXT), ALLOY))
    with pytest.raises(EngineUnavailable, match="no answer"):
        asyncio.run(engine.check())


def test_text_without_sound_is_refused_before_it_is_sent() -> None:
    server = Server([SPOKEN])
    with pytest.raises(SpeechRefused, match="nothing to say"):
        say(server, utterance("……"))
    assert server.requests == []


@pytest.mark.parametrize("status", ["200 OK", "404 Not Found"])
def test_check_returns_when_the_server_answers(status: str) -> None:
    check(Server([answer(b"{}", status, "application/json")]))


@pytest.mark.parametrize(("status", "reason"), [("401 Unauthorized", "the key"), ("503 Busy", "status 503")])
def test_check_tells_why_the_server_cannot_be_used(status: str, reason: str) -> None:
    with pytest.raises(EngineUnavailable, match=reason):
        check(Server([error(status)]))


def test_a_loopback_server_is_not_asked_through_a_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.delenv("NO_PROXY", raising=False)
    assert len(say(Server([SPOKEN])).samples) == len(SAMPLES)


def test_several_sentences_share_the_time_by_their_characters() -> None:
    what = Utterance("s00-u01", "anchor", tuple(Sentence(text, text) for text in (TEXT, "……", TEXT)), 0.3)
    speech = say(Server([answer(audio(samples=np.concatenate([SAMPLES, SAMPLES])))]), what)
    first, silent, last = speech.marks
    assert silent.duration_seconds == 0
    assert last.offset_seconds == pytest.approx(len(SAMPLES) / SAMPLE_RATE_HZ, abs=0.2)
    assert first.duration_seconds == pytest.approx(last.duration_seconds)


def test_the_request_tells_all_that_decides_the_sound() -> None:
    def request(base_url: str = "http://a/v1", voice: Voice = ALLOY, **settings: Any) -> str:
        return OpenAIEngine(base_url=base_url, **settings).request(utterance(TEXT), voice)

    different = {request(), request("http://b/v1"), request(model="other"), request(extra={"seed": 1})}
    assert len(different | {request(voice=Voice("echo")), request(voice=Voice("alloy", rate=1.1))}) == 6
    assert request() == request("http://a/v1/", api_key="other", concurrency=7)


def test_it_is_an_engine() -> None:
    engine: Engine = OpenAIEngine(base_url="http://a/v1")
    assert "alloy" in engine.voices()


BAD_SETTINGS: list[Callable[[], object]] = [
    lambda: OpenAIEngine(base_url="127.0.0.1:8000/v1"),
    lambda: OpenAIEngine(base_url="ftp://host/v1"),
    lambda: OpenAIEngine(base_url="http://host:port/v1"),
    lambda: OpenAIEngine(base_url="http://a/v1", api_key="“secret”"),
]


@pytest.mark.parametrize("build", BAD_SETTINGS)
def test_settings_that_cannot_be_are_errors_of_the_config(build: Callable[[], object]) -> None:
    with pytest.raises(ConfigError) as caught:
        build()
    assert "secret" not in str(caught.value)
