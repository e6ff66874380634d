"""Any server with OpenAI's speech interface: POST {base_url}/audio/speech, JSON in, an audio file out.

Besides OpenAI itself that is most self-hosted speech (Kokoro-FastAPI, LocalAI, openedai-speech ...).  They differ in
what they answer when something is wrong, so an answer is believed only when it decodes as audio and is as long as it
says.
"""

from __future__ import annotations

import asyncio
import io
import json
import struct
import time
from collections.abc import Callable, Mapping
from typing import Any, Literal

import httpx
import numpy as np
import soundfile

from podcast.errors import EngineUnavailable, SpeechRefused
from podcast.models import Mark, Utterance
from podcast.tts.align import speakable
from podcast.tts.base import Samples, Speech, Voice
from podcast.tts.retry import Limiter, Passing, Sleep, persist
from podcast.tts.server import Hints, Server, words
from podcast.tts.verify import sound_extent

# https://platform.openai.com/docs/api-reference/audio/createSpeech; other servers have voices of their own.
VOICES = ("alloy", "ash", "ballad", "coral", "echo", "fable", "nova", "onyx", "sage", "shimmer", "verse")
CHECK_SECONDS = 5.0
STREAMED_BYTES = 0x7FFF0000  # a WAV header that says more than this was written before the length was known

CHECK_KEY = "Put the key into the environment variable that tts.openai.key_variable names (OPENAI_API_KEY)."
CHECK_ADDRESS = "Check tts.openai.base_url (it ends in /v1 as a rule) and tts.openai.model."
CHECK_SERVER = "See whether the server runs and is well, or take another engine (--engine kokoro)."
HINTS = Hints("tts.openai", CHECK_KEY, CHECK_ADDRESS, CHECK_SERVER, "Check model, voice and extra fields.")


class OpenAIEngine:
    """An engine (`podcast.tts.base.Engine`) that asks a server for a sentence at a time, so that marks are exact.

    `base_url` and the key are those of `podcast.tts.server.Server`, with its errors.  `extra` is added to the body of
    each request and wins over what the engine puts there.
    """

    name = "openai"
    version = "1"  # server and model are a part of `request`
    unit: Literal["sentence", "paragraph"] = "sentence"
    max_characters = 1000  # OpenAI takes 4096; small servers lose words long before

    def __init__(
        self,
        *,
        base_url: str,
        api_key: str = "",
        model: str = "tts-1",
        extra: Mapping[str, Any] | None = None,
        concurrency: int = 2,
        attempts: int = 4,
        timeout_seconds: float = 120.0,  # between two pieces of an answer: a small server speaks a sentence in a minute
        rate_per_second: float | None = None,  # None = two and a half times concurrency
        clock: Callable[[], float] = time.monotonic,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        self.concurrency = concurrency
        self._server = Server(base_url, api_key, HINTS)
        self._base_url = self._server.base_url
        self._model = model
        self._extra = dict(extra or {})
        self._attempts = attempts
        self._timeout_seconds = timeout_seconds
        self._sleep = sleep
        self._limiter = Limiter(concurrency, rate_per_second or 2.5 * concurrency, clock=clock, sleep=sleep)

    def request(self, utterance: Utterance, voice: Voice) -> str:
        return json.dumps([self._base_url, self._body(utterance, voice)], ensure_ascii=False, sort_keys=True)

    def voices(self) -> tuple[str, ...]:
        return VOICES

    async def check(self) -> None:
        try:
            async with self._server.client(httpx.Timeout(CHECK_SECONDS)) as client, asyncio.timeout(CHECK_SECONDS):
                response = await client.get(f"{self._base_url}/models")
        except (httpx.HTTPError, TimeoutError) as error:
            raise EngineUnavailable(f"no answer ({words(error)})", where=self._base_url, hint=CHECK_SERVER) from error
        # Not every server has a list of models; one that says so is there.
        if response.status_code in {401, 403}:
            raise EngineUnavailable("the key was not accepted", where=self._base_url, hint=CHECK_KEY)
        if response.status_code == 429 or response.status_code >= 500:
            raise EngineUnavailable(f"status {response.status_code}", where=self._base_url, hint=CHECK_SERVER)

    async def synthesize(self, utterance: Utterance, voice: Voice) -> Speech:
        body = self._body(utterance, voice)
        if not speakable(body["input"]):
            raise SpeechRefused("there is nothing to say in this text", where=utterance.id, hint="Leave it out.")
        samples, sample_rate_hz = await persist(
            lambda: self._speak_once(body),
            engine=self.name,
            where=utterance.id,
            attempts=self._attempts,
            limiter=self._limiter,
            sleep=self._sleep,
        )
        return Speech(samples, sample_rate_hz, _marks(utterance, samples, sample_rate_hz))

    def _body(self, utterance: Utterance, voice: Voice) -> dict[str, Any]:
        text = "".join(sentence.respelling or sentence.spoken for sentence in utterance.sentences).strip()
        body = {"model": self._model, "input": text, "voice": voice.name, "response_format": "wav"}
        speed = {} if voice.rate == 1.0 else {"speed": voice.rate}  # not every model knows the field
        return {**body, **speed, **self._extra}

    async def _speak_once(self, body: Mapping[str, Any]) -> tuple[Samples, int]:
        answer = await self._server.post("/audio/speech", body, timeout_seconds=self._timeout_seconds)
        return await asyncio.to_thread(_decoded, answer.content, answer.content_type)


def _decoded(content: bytes, content_type: str) -> tuple[Samples, int]:
    """Mono samples and their rate of a WAV, FLAC, MP3 or Ogg file.  Raises Passing or SpeechRefused if it is none."""
    if not content:
        raise Passing("an empty answer", hint=CHECK_SERVER)
    if content_type.startswith(("text/", "application/json")) or content[:1] in {b"{", b"<"}:
        start = " ".join(content[:120].decode("utf-8", "replace").split())
        raise SpeechRefused(f"the server answered with text instead of audio: {start}", hint=CHECK_ADDRESS)
    _refuse_short_wav(content)
    try:
        with soundfile.SoundFile(io.BytesIO(content)) as file:
            samples, rate_hz = file.read(dtype="float32", always_2d=True), file.samplerate
            # The length of an MP3 without a header of its own is a guess from its first frames.
            expected = file.frames if file.format != "MP3" else 0
    except soundfile.LibsndfileError as error:
        raise Passing(f"the audio could not be decoded ({error})", hint=CHECK_SERVER) from error
    if not len(samples):
        raise Passing("an audio file without audio", hint=CHECK_SERVER)
    if len(samples) < expected < STREAMED_BYTES:
        what = f"the audio ends at {len(samples) / rate_hz:.1f} of {expected / rate_hz:.1f} s"
        raise Passing(what, hint=CHECK_SERVER)
    mono: Samples = np.asarray(samples.mean(axis=1), np.float32)
    return mono, rate_hz


def _refuse_short_wav(content: bytes) -> None:
    """libsndfile takes what there is of a WAV file; its header says how much there should be."""
    if content[:4] != b"RIFF":
        return
    place = 12
    while place + 8 <= len(content):
        name, length = struct.unpack_from("<4sI", content, place)
        if name == b"data":
            held = len(content) - place - 8
            if held < length < STREAMED_BYTES:
                raise Passing(f"the audio broke off after {held} of {length} bytes", hint=CHECK_SERVER)
            return
        place += 8 + length + length % 2


def _marks(utterance: Utterance, samples: Samples, sample_rate_hz: int) -> tuple[Mark, ...]:
    """Where the sound is, for the one sentence; several share it by their characters, for no times are given."""
    start, end = sound_extent(samples, sample_rate_hz)
    counts = [len(speakable(sentence.spoken)) for sentence in utterance.sentences]
    marks: list[Mark] = []
    for sentence, count in zip(utterance.sentences, counts, strict=True):
        length = (end - start) * count / max(1, sum(counts))
        before = marks[-1].offset_seconds + marks[-1].duration_seconds if marks else start
        marks.append(Mark(before, length, sentence.spoken))
    return tuple(marks)
