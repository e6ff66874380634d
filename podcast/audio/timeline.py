"""When everything is heard in the master, from the sample counts of its parts."""

from __future__ import annotations

from collections.abc import Sequence

from podcast.audio.mp3 import RATE_HZ
from podcast.audio.parts import Part
from podcast.audio.render import Rendered
from podcast.models import Chapter, Clip, Cue, Script, Timeline


def build_timeline(
    script: Script, clips: tuple[Clip, ...], parts: Sequence[Part], rendered: Sequence[Rendered]
) -> Timeline:
    """Chapters, one for each segment that says something, without gaps; cues, one for each sentence."""
    cues: list[Cue] = []
    first_samples: dict[int, int] = {}  # segment -> where it starts
    place = 0
    for part, result in zip(parts, rendered, strict=True):
        first_samples.setdefault(part.segment, place)
        cues += _cues(part, result, place)
        place += result.length
    bounds = [*first_samples.values(), place]
    chapters = tuple(
        Chapter(start / RATE_HZ, end / RATE_HZ, segment.title, segment.url, segment.image)
        for segment, start, end in zip(
            (script.segments[place] for place in first_samples), bounds, bounds[1:], strict=False
        )
    )
    return Timeline(clips, chapters, tuple(cues), place / RATE_HZ)


def _cues(part: Part, result: Rendered, place: int) -> list[Cue]:
    return [
        Cue((place + heard.start) / RATE_HZ, (place + heard.end) / RATE_HZ, utterance.speaker, sentence.text.strip())
        for (utterance, _), sentences in zip(part.spoken, result.sentences, strict=True)
        for sentence, heard in zip(utterance.sentences, sentences, strict=True)
    ]
