"""Microsoft Edge's read-aloud service, through the unmodified edge-tts client.

The client leaves to its caller what would lose audio or hang, and this module takes care of it:
* A connection that closes early raises nothing, so the bytes received must equal those the client counted when the
  service said that the turn had ended; the audio must decode whole; the times given must cover the text and fit in it.
* A stream that stands still is never given up by the client, so every message of it has a deadline.
* One `Communicate` for each try: it cannot be used twice.
* Chinese text is not divided by the client (it looks for spaces), and long answers were seen cut: 1,000 characters at
  most.
* Text without a letter would give no audio and no error: it is refused before it is sent.
"""

from __future__ import annotations

import asyncio
import io
import math
import re
import time
from collections.abc import Callable
from difflib import get_close_matches
from typing import Any, Literal

import edge_tts
import edge_tts.exceptions
import numpy as np
import soundfile

from podcast.errors import ConfigError, EngineUnavailable, SpeechRefused
from podcast.models import Mark, Utterance
from podcast.tts.align import Boundary, Misaligned, align, speakable
from podcast.tts.base import Samples, Speech, Voice
from podcast.tts.edge_client import ELSEWHERE, LATER, UPGRADE, endpoint_context, explained
from podcast.tts.retry import Limiter, Passing, Sleep, persist

VOICES = (
    "zh-CN-YunyangNeural",  # made for news
    "zh-CN-XiaoxiaoNeural",
    "zh-CN-XiaoyiNeural",
    "zh-CN-YunjianNeural",
    "zh-CN-YunxiNeural",
    "zh-CN-YunxiaNeural",
    "zh-CN-liaoning-XiaobeiNeural",
    "zh-CN-shaanxi-XiaoniNeural",
    "zh-HK-HiuGaaiNeural",
    "zh-HK-HiuMaanNeural",
    "zh-HK-WanLungNeural",
    "zh-TW-HsiaoChenNeural",
    "zh-TW-HsiaoYuNeural",
    "zh-TW-YunJheNeural",
)
SAMPLE_RATE_HZ = 24_000
BYTES_PER_SECOND = 6_000  # MP3 at a constant 48 kbit/s
TICKS_PER_SECOND = 10_000_000
CHECK_SECONDS = 5.0
NOT_XML = re.compile("[\ufffe\uffff\ud800-\udfff]")  # characters that no XML document can carry (XML 1.0, 2.2)


class EdgeEngine:
    """An engine (`podcast.tts.base.Engine`) that asks the service for a paragraph at a time.

    `endpoint` is the address of another server that speaks the protocol ("wss://host/path", without "/edge/v1"), for
    this engine alone.  `proxy` is "http://host:port"; without it the usual environment variables apply, even to a
    loopback endpoint unless NO_PROXY names it.  The limits on concurrency and rate hold for this object: use one for
    all requests to a host.

    Raises ConfigError if endpoint or proxy is no such address.
    """

    name = "edge"
    # The sound is made by the service, which has no version; the client's does not change it.  Another server's clips
    # are not this one's.
    version = "1"
    unit: Literal["sentence", "paragraph"] = "paragraph"
    max_characters = 1000

    def __init__(
        self,
        *,
        endpoint: str | None = None,
        proxy: str | None = None,
        connect_timeout_seconds: float = 10.0,
        frame_timeout_seconds: float = 20.0,
        concurrency: int = 4,  # 503 was seen at 4 and is answered by fewer; the client's author calls 40 spam
        attempts: int = 5,
        rate_per_second: float | None = None,  # None = two and a half times concurrency: no bursts of short texts
        clock: Callable[[], float] = time.monotonic,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        if proxy and not proxy.startswith(("http://", "https://")):
            raise ConfigError(
                f"{proxy!r} is no proxy that edge-tts can use", hint="Give an HTTP proxy: http://host:port."
            )
        self.concurrency = concurrency
        self._at_endpoint = endpoint_context(endpoint)
        if endpoint:
            self.version = f"1 {endpoint}"
        self._proxy = proxy or None
        self._connect_timeout_seconds = connect_timeout_seconds
        self._frame_timeout_seconds = frame_timeout_seconds
        self._attempts = attempts
        self._sleep = sleep
        self._limiter = Limiter(concurrency, rate_per_second or 2.5 * concurrency, clock=clock, sleep=sleep)
        self._known_voices: frozenset[str] | None = None  # as the service lists them, once asked

    def request(self, utterance: Utterance, voice: Voice) -> str:
        return "|".join([_text(utterance), *_prosody(voice)])

    def voices(self) -> tuple[str, ...]:
        return VOICES

    async def check(self) -> None:
        try:
            await self._list_voices()
        except Exception as error:
            reason = explained(error)
            if not isinstance(reason, SpeechRefused):  # a server may have no list, but it answers
                raise EngineUnavailable(f"edge does not answer: {reason.what}", hint=reason.hint or None) from error

    async def synthesize(self, utterance: Utterance, voice: Voice) -> Speech:
        text = _text(utterance)
        _refuse_unspeakable(text, utterance, self.max_characters)
        return await persist(
            lambda: self._speak_once(text, utterance, voice),
            engine=self.name,
            where=utterance.id,
            attempts=self._attempts,
            limiter=self._limiter,
            sleep=self._sleep,
        )

    async def _speak_once(self, text: str, utterance: Utterance, voice: Voice) -> Speech:
        try:
            audio, boundaries = await self._receive(text, voice)
        except edge_tts.exceptions.NoAudioReceived as error:
            await self._refuse_unknown_voice(voice, utterance)
            raise Passing("no audio was received", hint=LATER) from error
        except (Passing, SpeechRefused):
            raise
        except Exception as error:
            raise explained(error) from error
        samples = await asyncio.to_thread(_decoded, audio)
        return Speech(samples, SAMPLE_RATE_HZ, _marks(utterance, boundaries, len(samples) / SAMPLE_RATE_HZ))

    async def _receive(self, text: str, voice: Voice) -> tuple[bytes, list[Boundary]]:
        """All of the MP3 stream and the times of its sentences."""
        audio = bytearray()
        boundaries = []
        communicate = self._communicate(text, voice)
        clock = asyncio.get_running_loop().time
        with self._at_endpoint():
            try:
                async with asyncio.timeout(self._connect_timeout_seconds + self._frame_timeout_seconds) as patience:
                    async for message in communicate.stream():
                        patience.reschedule(clock() + self._frame_timeout_seconds)
                        if message["type"] == "audio":
                            audio += message["data"]
                        else:
                            boundaries.append(_boundary(message))
            except TimeoutError:
                raise Passing(f"the stream stood still after {_heard(audio)}", hint=ELSEWHERE) from None
        counted_bytes = communicate.state["cumulative_audio_bytes"]  # set when the service says that the turn has ended
        if not audio or counted_bytes != len(audio):
            raise Passing(f"the connection closed early, after {_heard(audio)}", hint=ELSEWHERE)
        return bytes(audio), boundaries

    def _communicate(self, text: str, voice: Voice) -> edge_tts.Communicate:
        rate, volume, pitch = _prosody(voice)
        seconds = math.ceil(self._connect_timeout_seconds)  # the client takes whole ones
        try:
            return edge_tts.Communicate(
                text, voice.name, rate=rate, volume=volume, pitch=pitch, proxy=self._proxy, connect_timeout=seconds
            )
        except ValueError as error:
            raise SpeechRefused(
                f"edge has no voice {voice.name!r}", hint=f"Take {VOICES[0]}, or see podcast voices."
            ) from error

    async def _list_voices(self) -> frozenset[str]:
        with self._at_endpoint():
            async with asyncio.timeout(CHECK_SECONDS):
                found = await edge_tts.list_voices(proxy=self._proxy)
        return frozenset(voice["ShortName"] for voice in found)

    async def _refuse_unknown_voice(self, voice: Voice, utterance: Utterance) -> None:
        """The service answers an unknown voice with nothing: ask it which voices there are."""
        if self._known_voices is None:
            try:
                self._known_voices = await self._list_voices()
            except Exception:  # noqa: BLE001 -- without a list we know nothing about the voice, and try again
                return
        if voice.name not in self._known_voices:
            near = get_close_matches(voice.name, self._known_voices, n=1) or [VOICES[0]]
            raise SpeechRefused(
                f"edge has no voice {voice.name!r}", where=utterance.id, hint=f"Take {near[0]}, or see podcast voices."
            )


def _text(utterance: Utterance) -> str:
    return "".join(sentence.respelling or sentence.spoken for sentence in utterance.sentences).strip()


def _prosody(voice: Voice) -> tuple[str, str, str]:
    """Rate, volume (a change of amplitude in percent) and pitch as the client takes them."""
    return (
        f"{round((voice.rate - 1) * 100):+d}%",
        f"{round((10 ** (voice.gain_db / 20) - 1) * 100):+d}%",
        f"{round(voice.pitch_hz):+d}Hz",
    )


def _refuse_unspeakable(text: str, utterance: Utterance, max_characters: int) -> None:
    if not speakable(text):
        raise SpeechRefused("there is nothing to say in this text", where=utterance.id, hint="Leave it out.")
    if len(text) > max_characters:
        raise SpeechRefused(
            f"{len(text)} characters are too many at once", where=utterance.id, hint=f"Split it at {max_characters}."
        )
    if found := NOT_XML.search(text):
        raise SpeechRefused(f"U+{ord(found[0]):04X} cannot be sent to the service", where=utterance.id)


def _heard(audio: bytearray) -> str:
    return f"{len(audio) / BYTES_PER_SECOND:.1f} s of audio"


def _boundary(message: Any) -> Boundary:
    start_ticks, length_ticks = message["offset"], message["duration"]
    start_seconds = start_ticks / TICKS_PER_SECOND
    return Boundary(start_seconds, start_seconds + length_ticks / TICKS_PER_SECOND, message["text"])


def _decoded(audio: bytes) -> Samples:
    """Mono samples of a 24 kHz MP3 stream.  Raises Passing if it does not decode whole."""
    try:
        samples, rate_hz = soundfile.read(io.BytesIO(audio), dtype="float32", always_2d=True)
    except soundfile.LibsndfileError as error:
        raise Passing(f"the audio could not be decoded ({error})", hint=LATER) from error
    if rate_hz != SAMPLE_RATE_HZ:
        raise Passing(f"the audio came at {rate_hz} Hz, not {SAMPLE_RATE_HZ}", hint=UPGRADE)
    # A decoder skips what it does not understand; it may also take off its own delay, two or three frames of 24 ms.
    missing_seconds = len(audio) / BYTES_PER_SECOND - len(samples) / rate_hz
    if missing_seconds > 0.1:
        raise Passing(f"{missing_seconds:.1f} s of the audio could not be decoded", hint=LATER)
    mono: Samples = np.asarray(samples.mean(axis=1), np.float32)
    return mono


def _marks(utterance: Utterance, boundaries: list[Boundary], duration_seconds: float) -> tuple[Mark, ...]:
    sent = [sentence.respelling or sentence.spoken for sentence in utterance.sentences]
    try:
        times = align(sent, boundaries, duration_seconds)
    except Misaligned as error:
        raise Passing(f"a part was not spoken: {error}", hint=LATER) from error
    return tuple(
        Mark(start, end - start, sentence.spoken)
        for sentence, (start, end) in zip(utterance.sentences, times, strict=True)
    )
