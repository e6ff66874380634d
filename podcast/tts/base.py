"""What an engine is, and what it gives back.

An engine turns one utterance into samples.  Everything else (cache, retries, order, progress, checks) is the same for
all engines and lives in `podcast.tts.synthesis` and `podcast.tts.verify`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np
import numpy.typing as npt

from podcast.models import Mark, Utterance

Samples = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Voice:
    """An engine's voice for a speaker."""

    name: str  # as the engine calls it: "zh-CN-YunyangNeural", "zf_xiaoxiao"
    rate: float = 1.0  # times the voice's natural speed, 0.5 to 2.0
    pitch_hz: float = 0.0  # added to the voice's natural pitch; edge only
    gain_db: float = 0.0  # asked of the service; edge only (every clip is levelled afterwards anyway)


@dataclass(frozen=True, slots=True)
class Speech:
    """What an engine said."""

    samples: Samples  # shape (n,), mono, -1 to 1
    sample_rate_hz: int
    marks: tuple[Mark, ...]  # one for each sentence of the utterance, in order


class Engine(Protocol):
    """One way to speak.

    `synthesize` raises EngineUnavailable for what may pass (the service does not answer, answers with too little) and
    SpeechRefused for what will not (unknown voice, text refused).  It never returns less than it was asked to say
    without an error where it can know.
    """

    name: str  # "edge", "kokoro", "openai": what --engine takes
    version: str  # changes when the same request would sound different; part of the cache key
    unit: Literal["sentence", "paragraph"]  # how much text it likes at once
    max_characters: int  # of spoken text in one utterance
    concurrency: int  # utterances it can speak at once

    def request(self, utterance: Utterance, voice: Voice) -> str:
        """All that decides the sound besides voice and version: text or phonemes.  Part of the cache key."""
        ...

    async def synthesize(self, utterance: Utterance, voice: Voice) -> Speech: ...

    async def check(self) -> None:
        """Return if the engine can speak now, else raise EngineUnavailable that says why.  At most 5 seconds."""
        ...

    def voices(self) -> tuple[str, ...]:
        """Names of the voices it knows for Chinese."""
        ...
