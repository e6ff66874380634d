"""How fast a voice speaks, for estimates made before it has spoken."""

from __future__ import annotations

from collections.abc import Mapping

from podcast.tts.base import Voice

# Seconds for a syllable as `podcast.tts.verify.syllables` counts them, with the pauses inside of sentences.
# kokoro: zf_xiaoxiao 64 sentences and zm_yunyang 14 of an episode of 609 s; the others say the same 12 sentences.
_MEASURED: Mapping[tuple[str, str], float] = {
    ("kokoro", "zf_xiaoxiao"): 0.192,
    ("kokoro", "zm_yunyang"): 0.172,
}
_USUAL_SECONDS = 0.19  # a newsreader's: 5.3 syllables a second


def seconds_per_syllable(engine: str, voice: Voice) -> float:
    """Of a voice at its rate."""
    return _MEASURED.get((engine, voice.name), _USUAL_SECONDS) / voice.rate
