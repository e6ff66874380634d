"""Any server with OpenAI's speech interface: POST {base_url}/audio/speech, JSON in, an audio file out.

Besides OpenAI itself that is most self-hosted speech (Kokoro-FastAPI, LocalAI, openedai-speech ...).  They differ in
what they answer when something is wrong, so an answer is believed only when it decodes as audio and is as long as it
says.
"""

from __future__ import annotations

import asyncio
import io
import ipaddress
import json
import struct
import time
from collections.abc import Callable, Mapping
from typing import Any, Literal

import httpx
import numpy as np
import soundfile

from podcast.errors import ConfigError, EngineUnavailable, SpeechRefused
from podcast.models import Mark, Utterance
from podcast.tts.align import speakable
from podcast.tts.base import Samples, Speech, Voice
from podcast.tts.retry import Limiter, Passing, Sleep, persist, retry_after_seconds
from podcast.tts.verify import sound_extent

# https://platform.openai.com/docs/api-reference/audio/createSpeech; other servers have voices of their own.
VOICES = ("alloy", "ash", "ballad", "coral", "echo", "fable", "nova", "onyx", "sage", "shimmer", "verse")
CONNECT_SECONDS = 10.0
CHECK_SECONDS = 5.0
STREAMED_BYTES = 0x7FFF0000  # a WAV header that says more than this was written before the length was known

CHECK_KEY = "Put the key into the environment variable that tts.openai.key_variable names (OPENAI_API_KEY)."
CHECK_ADDRESS = "Check tts.openai.base_url (it ends in /v1 as a rule) and tts.openai.model."
CHECK_SERVER = "See whether the server runs and is well, or take another engine (--engine kokoro)."


class OpenAIEngine:
    """An engine (`podcast.tts.base.Engine`) that asks a server for a sentence at a time, so that marks are exact.

    `base_url` goes up to and with the version: "http://127.0.0.1:8880/v1".  `extra` is added to the body of each
    request and wins over what the engine puts there.  Proxies of the environment apply, except to a loopback address.

    Raises ConfigError if base_url is no such address or the key cannot be one.
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
        self._base_url = _address(base_url)
        self._headers = _authorization(api_key.strip())
        self._model = model
        self._extra = dict(extra or {})
        self._attempts = attempts
        self._timeout = httpx.Timeout(timeout_seconds, connect=min(CONNECT_SECONDS, timeout_seconds))
        self._sleep = sleep
        self._limiter = Limiter(concurrency, rate_per_second or 2.5 * concurrency, clock=clock, sleep=sleep)
        self._tls = httpx.create_ssl_context()  # takes 20 ms to make

    def request(self, utterance: Utterance, voice: Voice) -> str:
        return json.dumps([self._base_url, self._body(utterance, voice)], ensure_ascii=False, sort_keys=True)

    def voices(self) -> tuple[str, ...]:
        return VOICES

    async def check(self) -> None:
        try:
            async with self._client(httpx.Timeout(CHECK_SECONDS)) as client, asyncio.timeout(CHECK_SECONDS):
                response = await client.get(f"{self._base_url}/models")
        except (httpx.HTTPError, TimeoutError) as error:
            raise EngineUnavailable(f"no answer ({_words(error)})", where=self._base_url, hint=CHECK_SERVER) from error
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

    def _client(self, timeout: httpx.Timeout) -> httpx.AsyncClient:
        # One for each request: a client belongs to one event loop, and its connections would have to be closed.
        return httpx.AsyncClient(
            verify=self._tls, headers=self._headers, timeout=timeout, trust_env=not _is_loopback(self._base_url)
        )

    async def _speak_once(self, body: Mapping[str, Any]) -> tuple[Samples, int]:
        try:
            async with self._client(self._timeout) as client:
                response = await client.post(f"{self._base_url}/audio/speech", json=body)
        except httpx.RemoteProtocolError as error:  # also a body shorter than its Content-Length
            raise Passing(f"the answer broke off ({_words(error)})", hint=CHECK_SERVER) from error
        except httpx.TimeoutException as error:
            raise Passing(f"no answer in time ({_words(error)})", hint=CHECK_SERVER) from error
        except httpx.RequestError as error:
            raise Passing(f"no connection ({_words(error)})", hint=CHECK_SERVER) from error
        self._refuse_status(response)
        return await asyncio.to_thread(_decoded, response.content, response.headers.get("content-type", ""))

    def _refuse_status(self, response: httpx.Response) -> None:
        status = response.status_code
        if status == 200:
            return
        what = f"status {status}{_said(response)}"
        if status in {408, 409, 429} or status >= 500:
            asked = retry_after_seconds(response.headers.get("retry-after"))
            raise Passing(what, hint=CHECK_SERVER, retry_after_seconds=asked, pushed_back=status in {429, 503})
        hints = {401: CHECK_KEY, 403: CHECK_KEY, 404: CHECK_ADDRESS, 405: CHECK_ADDRESS}
        hint = CHECK_ADDRESS if response.is_redirect else hints.get(status, "Check model, voice and extra fields.")
        raise SpeechRefused(f"the server refused: {what}", where=self._base_url, hint=hint)


def _authorization(api_key: str) -> dict[str, str]:
    if not (api_key.isascii() and api_key.isprintable()):
        raise ConfigError("the key has characters that no key has", where="tts.openai", hint=CHECK_KEY)
    return {"Authorization": f"Bearer {api_key}"} if api_key else {}


def _address(base_url: str) -> str:
    try:
        url = httpx.URL(base_url)
    except httpx.InvalidURL as error:
        raise ConfigError(f"{base_url!r} is no address ({error})", hint=CHECK_ADDRESS) from error
    if url.scheme not in {"http", "https"} or not url.host:
        raise ConfigError(f"{base_url!r} is no address of a server", hint="Give http://host:port/v1.")
    return base_url.rstrip("/")


def _is_loopback(base_url: str) -> bool:
    host = httpx.URL(base_url).host
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _words(error: Exception) -> str:
    return str(error) or type(error).__name__


def _said(response: httpx.Response) -> str:
    """What an error answer says for itself: the message of OpenAI's format, or the start of the text."""
    try:
        found = response.json()
        error = found.get("error", found.get("detail", ""))
        message = error.get("message", "") if isinstance(error, dict) else str(error)
    except (ValueError, AttributeError):
        message = "" if "html" in response.headers.get("content-type", "") else response.text
    message = " ".join(message.split())
    return f" ({message[:200]})" if message else ""


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
