"""Fakes for tests, ours and our users': ToneEngine speaks in tones, FakeClock lets time pass at once.

    engine = ToneEngine(faults=lambda utterance, attempt: "truncated" if attempt == 1 else None)
    speech = await engine.synthesize(utterance, Voice("low"))
    assert engine.said == [utterance.spoken]

The tones are a pure function of text and voice: the same words give the same samples on every machine with the same
numpy.  They have the length, level and pauses of speech, so verification, loudness and timing rules hold for them.
"""

from __future__ import annotations

import asyncio
import zlib
from collections import Counter
from collections.abc import Awaitable, Callable
from functools import lru_cache
from typing import Literal, get_args

import numpy as np

from podcast.errors import EngineUnavailable, SpeechRefused
from podcast.models import Mark, Utterance
from podcast.tts.base import Samples, Speech, Voice

SAMPLE_RATE_HZ = 24_000
LEAD_IN_SECONDS = 0.1
TAIL_SECONDS = 0.2
HAN_SECONDS = 0.18  # a newsreader's syllable: 5 to 6 a second
LETTER_SECONDS = 0.08  # of a Latin word
COMMA_SECONDS = 0.15
STOP_SECONDS = 0.3
RAMP_SECONDS = 0.01
LEVEL = 0.125  # RMS of a tone; with the ramps and pauses speech of it measures about -20 LUFS

Fault = Literal["silent", "truncated", "short", "hole", "clipped", "unavailable", "refused"]
FaultRule = Callable[[Utterance, int], Fault | None]


class ToneEngine:
    """An engine (`podcast.tts.base.Engine`) that says a tone for each character.

    `faults` is asked before each try with the utterance and the number of this try of its text, from 1:
    "silent"       zeros of the right length
    "truncated"    cut off in the middle of a character half way, marks of the whole
    "short"        the first half of the text, ended in order, with marks of the whole squeezed into it
    "hole"         two seconds of silence in the middle
    "clipped"      far over full scale, cut at it
    "unavailable"  raises EngineUnavailable
    "refused"      raises SpeechRefused
    """

    name = "tone"
    version = "1"
    max_characters = 1000

    def __init__(
        self,
        *,
        unit: Literal["sentence", "paragraph"] = "sentence",
        delay_seconds: float = 0.0,
        concurrency: int = 8,
        faults: FaultRule | None = None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self.unit: Literal["sentence", "paragraph"] = unit
        self.concurrency = concurrency
        self.said: list[str] = []  # spoken text of every utterance asked for, in order, failed tries too
        self.peak = 0  # utterances in work at once, at most
        self._active = 0
        self._tries: Counter[str] = Counter()
        self._delay_seconds = delay_seconds
        self._faults = faults
        self._sleep = sleep

    def request(self, utterance: Utterance, voice: Voice) -> str:  # noqa: ARG002 -- voice is a part of the protocol
        return utterance.spoken

    def voices(self) -> tuple[str, ...]:
        return ("low", "high")  # any other name is a voice too

    async def check(self) -> None:
        return

    async def synthesize(self, utterance: Utterance, voice: Voice) -> Speech:
        self.said.append(utterance.spoken)
        self._tries[utterance.spoken] += 1
        fault = self._faults(utterance, self._tries[utterance.spoken]) if self._faults else None
        self._active += 1
        self.peak = max(self.peak, self._active)
        try:
            if self._delay_seconds:
                await self._sleep(self._delay_seconds)
        finally:
            self._active -= 1
        if fault == "unavailable":
            raise EngineUnavailable("the tone engine does not answer", where=utterance.id)
        if fault == "refused":
            raise SpeechRefused("the tone engine refuses this text", where=utterance.id)
        speech = speak_in_tones([sentence.spoken for sentence in utterance.sentences], voice)
        return spoil(speech, fault) if fault else speech


def speak_in_tones(sentences: list[str], voice: Voice) -> Speech:
    """Tones for the characters of each sentence, with exact marks from a sentence's first tone to its last."""
    pitch_hz = (110 if voice.name == "low" else 180) + zlib.crc32(voice.name.encode()) % 40 + voice.pitch_hz
    parts: list[Samples] = [_silence(LEAD_IN_SECONDS)]
    length = len(parts[0])
    marks = []
    for sentence in sentences:
        start = end = length
        for character in sentence:
            part = _sound(character, round(pitch_hz), voice.rate)
            parts.append(part)
            length += len(part)
            if character.isalnum():
                end = length
        marks.append(Mark(start / SAMPLE_RATE_HZ, (end - start) / SAMPLE_RATE_HZ, sentence))
    parts.append(_silence(TAIL_SECONDS))
    return Speech(np.concatenate(parts), SAMPLE_RATE_HZ, tuple(marks))


def spoil(speech: Speech, fault: str) -> Speech:
    """`speech` with something wrong: "silent", "truncated", "short", "hole" or "clipped", as ToneEngine says."""
    samples, rate_hz, marks = speech.samples, speech.sample_rate_hz, speech.marks
    middle = _middle(samples)
    if fault == "silent":
        return Speech(np.zeros_like(samples), rate_hz, marks)
    if fault == "truncated":
        return Speech(samples[:middle].copy(), rate_hz, marks)
    if fault == "short":
        half = np.concatenate([samples[:middle], _fall(samples[middle : middle + 480]), _silence(TAIL_SECONDS)])
        share = (len(half) - TAIL_SECONDS * rate_hz) / len(samples)
        squeezed = (Mark(mark.offset_seconds * share, mark.duration_seconds * share, mark.text) for mark in marks)
        return Speech(half, rate_hz, tuple(squeezed))
    if fault == "hole":
        return Speech(np.concatenate([samples[:middle], _silence(2.0), samples[middle:]]), rate_hz, marks)
    if fault == "clipped":
        return Speech(np.clip(samples * 20, -1, 1), rate_hz, marks)
    raise ValueError(f"{fault!r} is no fault: {', '.join(get_args(Fault))}")


class FakeClock:
    """A clock that stands still until someone sleeps on it: pass `clock` and `clock.sleep` where they are asked for."""

    def __init__(self, seconds: float = 0.0) -> None:
        self.seconds = seconds
        self.slept: list[float] = []  # every sleep asked for, in order

    def __call__(self) -> float:
        return self.seconds

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.seconds += seconds
        await asyncio.sleep(0)  # others get their turn, as with a real sleep


def _silence(seconds: float) -> Samples:
    return np.zeros(round(seconds * SAMPLE_RATE_HZ), dtype=np.float32)


def _fall(samples: Samples) -> Samples:
    return (samples * np.linspace(1, 0, len(samples), dtype=np.float32)).astype(np.float32)


def _middle(samples: Samples) -> int:
    """The loudest place of the 0.4 s from the middle of the sound on: inside a tone, not in a pause."""
    sounding = np.flatnonzero(samples)
    if not len(sounding):
        return len(samples) // 2
    middle = int(sounding[0] + sounding[-1]) // 2
    return middle + int(np.argmax(np.abs(samples[middle : middle + round(0.4 * SAMPLE_RATE_HZ)])))


@lru_cache(maxsize=4096)
def _sound(character: str, pitch_hz: int, rate: float) -> Samples:
    if not character.isalnum():
        seconds = STOP_SECONDS if character in "。！？!?.\n" else 0.0 if character.isspace() else COMMA_SECONDS
        return _silence(seconds / rate)
    seconds = LETTER_SECONDS if character.isascii() else HAN_SECONDS
    t = np.arange(round(seconds / rate * SAMPLE_RATE_HZ)) / SAMPLE_RATE_HZ
    tone_hz = pitch_hz * (1 + ord(character) * 31 % 25 / 50)  # half an octave of pitches
    wave = sum(np.sin(2 * np.pi * tone_hz * harmonic * t) / harmonic for harmonic in (1, 2, 3, 5, 8))
    ramp = np.minimum(1, np.minimum(t, t[-1] - t) / RAMP_SECONDS)
    sound: Samples = (wave * ramp).astype(np.float32)
    return sound * np.float32(LEVEL / np.sqrt(np.mean(sound**2)))
