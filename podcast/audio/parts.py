"""What is mixed and encoded together: a part is a segment, or a stretch of one that is long.

Parts bound the memory (one is well under a minute) and are what the encoder's cache holds.  They meet in silence.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from podcast.errors import QualityError
from podcast.models import Clip, Script, Sound, Utterance
from podcast.sounds import usual_sounds

LONGEST_SECONDS = 40.0  # of speech; a part with a bed is not divided before BED_LONGEST_SECONDS
BED_LONGEST_SECONDS = 180.0

Opening = Literal["intro", "sting", "none"]


@dataclass(frozen=True, slots=True)
class Part:
    segment: int  # its place in the script
    spoken: tuple[tuple[Utterance, Clip], ...]  # at least one
    opening: Opening = "none"  # music that leads in
    outro: bool = False  # music that leads out
    bed: bool = False  # music under the speech
    before_sting: bool = False  # the next part opens with a sting


def plan(script: Script, clips: Sequence[Clip], *, bed: bool) -> tuple[Part, ...]:
    """Divide the script into parts; QualityError where clips and utterances do not match."""
    if len(clips) != len(script.utterances):
        raise QualityError(f"the script has {len(script.utterances)} utterances, but {len(clips)} clips came")
    parts: list[Part] = []
    pairs = iter(zip(script.utterances, clips, strict=True))
    for index, segment in enumerate(script.segments):
        mine = [next(pairs) for _ in segment.utterances]
        if stray := next((clip for utterance, clip in mine if clip.utterance_id != utterance.id), None):
            raise QualityError(f"clip {stray.utterance_id} stands where another utterance's clip belongs")
        if short := next((clip for utterance, clip in mine if len(clip.marks) != len(utterance.sentences)), None):
            raise QualityError(f"the clip of utterance {short.utterance_id} does not mark each of its sentences")
        under = has_bed(script, index, bed=bed)
        for number, stretch in enumerate(_stretches(mine, under)):
            music = opening(script, index) if number == 0 else "none"
            parts.append(Part(index, tuple(stretch), opening=music, bed=under))
    if not parts:
        raise QualityError("the script has nothing to say")
    outro = has_outro(script)
    return tuple(
        Part(
            part.segment,
            part.spoken,
            opening=part.opening,
            bed=part.bed,
            outro=following is None and outro,
            before_sting=following is not None and following.opening == "sting",
        )
        for part, following in zip(parts, [*parts[1:], None], strict=True)
    )


def has_bed(script: Script, index: int, *, bed: bool) -> bool:
    """Whether there is music under the whole segment, if the show has a bed at all."""
    return bed and "bed" in _sounds(script, index)


def has_outro(script: Script) -> bool:
    """Whether music ends the episode."""
    last = max((index for index, segment in enumerate(script.segments) if segment.utterances), default=None)
    return last is not None and "outro" in _sounds(script, last)


def opening(script: Script, index: int) -> Opening:
    """The music that leads in segment `index`."""
    sounds = _sounds(script, index)
    return "intro" if "intro" in sounds else "sting" if "sting" in sounds else "none"


def _sounds(script: Script, index: int) -> tuple[Sound, ...]:
    segment = script.segments[index]
    if segment.sounds is not None:
        return segment.sounds
    before = next((other.kind for other in reversed(script.segments[:index]) if other.utterances), None)
    return usual_sounds(segment.kind, before, last=not any(other.utterances for other in script.segments[index + 1 :]))


def fits(spoken: Sequence[tuple[Utterance, Clip]], clip: Clip, *, bed: bool) -> bool:
    """Whether a part that holds `spoken` takes another clip of its segment."""
    seconds = sum(other.duration_seconds for _, other in spoken) + clip.duration_seconds
    return not spoken or seconds <= (BED_LONGEST_SECONDS if bed else LONGEST_SECONDS)


def _stretches(pairs: Sequence[tuple[Utterance, Clip]], bed: bool) -> Iterator[list[tuple[Utterance, Clip]]]:
    stretch: list[tuple[Utterance, Clip]] = []
    for pair in pairs:
        if not fits(stretch, pair[1], bed=bed):
            yield stretch
            stretch = []
        stretch.append(pair)
    if stretch:
        yield stretch
