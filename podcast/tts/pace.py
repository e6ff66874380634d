"""How fast a voice speaks: as it is estimated before it has spoken, and as it did."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from podcast.models import Clip, Utterance
from podcast.tts.base import Voice
from podcast.tts.verify import spoken_seconds, syllables

# Seconds for a syllable as `podcast.tts.verify.syllables` counts them, with the pauses inside of sentences.
# Of an episode of 609 s: 64 sentences by zf_xiaoxiao, 14 by zm_yunyang.
_MEASURED: Mapping[tuple[str, str], float] = {
    ("kokoro", "zf_xiaoxiao"): 0.192,
    ("kokoro", "zm_yunyang"): 0.172,
}
_USUAL_SECONDS = 0.19  # a newsreader's: 5.3 syllables a second


def seconds_per_syllable(engine: str, voice: Voice) -> float:
    """Of a voice at its rate."""
    return _MEASURED.get((engine, voice.name), _USUAL_SECONDS) / voice.rate


def estimated_seconds(utterances: Sequence[Utterance], engine: str, voices: Mapping[str, Voice]) -> float:
    """How long they take to say, without the pauses after them."""
    return sum(syllables(one.spoken) * seconds_per_syllable(engine, voices[one.speaker]) for one in utterances)


def measured_seconds(clips: Sequence[Clip]) -> float:
    """The same, as it was spoken."""
    return sum(spoken_seconds(clip.marks) for clip in clips)
