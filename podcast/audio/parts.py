"""What is mixed and encoded together: a part is a segment, or a stretch of one that is long.

Parts bound the memory (one is well under a minute) and are what the encoder's cache holds.  They meet in silence.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from podcast.errors import QualityError
from podcast.models import Clip, Script, Segment, SegmentKind, Utterance

LONGEST_SECONDS = 40.0  # of speech; a part with a bed is not divided before BED_LONGEST_SECONDS
BED_LONGEST_SECONDS = 180.0

_NEWS: frozenset[SegmentKind] = frozenset({"item", "interlude"})  # one block; every other kind is its own
_STING_BEFORE = {"news", "commentary"}

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
        under = bed and segment.kind == "overview"
        for number, stretch in enumerate(_stretches(mine, BED_LONGEST_SECONDS if under else LONGEST_SECONDS)):
            opening = _opening(script, index) if number == 0 else "none"
            parts.append(Part(index, tuple(stretch), opening=opening, bed=under))
    if not parts:
        raise QualityError("the script has nothing to say")
    return tuple(
        Part(
            part.segment,
            part.spoken,
            opening=part.opening,
            bed=part.bed,
            outro=following is None,
            before_sting=following is not None and following.opening == "sting",
        )
        for part, following in zip(parts, [*parts[1:], None], strict=True)
    )


def _opening(script: Script, index: int) -> Opening:
    spoken = [segment for segment in script.segments[:index] if segment.utterances]
    if not spoken:
        return "intro"
    block = _block(script.segments[index])
    return "sting" if block in _STING_BEFORE and block != _block(spoken[-1]) else "none"


def _block(segment: Segment) -> str:
    return "news" if segment.kind in _NEWS else segment.kind


def _stretches(
    pairs: Sequence[tuple[Utterance, Clip]], longest_seconds: float
) -> Iterator[list[tuple[Utterance, Clip]]]:
    stretch: list[tuple[Utterance, Clip]] = []
    seconds = 0.0
    for pair in pairs:
        if stretch and seconds + pair[1].duration_seconds > longest_seconds:
            yield stretch
            stretch, seconds = [], 0.0
        stretch.append(pair)
        seconds += pair[1].duration_seconds
    if stretch:
        yield stretch
