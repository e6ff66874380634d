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
        under = has_bed(segment, bed=bed)
        for number, stretch in enumerate(_stretches(mine, under)):
            music = opening(script, index) if number == 0 else "none"
            parts.append(Part(index, tuple(stretch), opening=music, bed=under))
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


def has_bed(segment: Segment, *, bed: bool) -> bool:
    """Whether there is music under the whole segment, if the show has a bed at all."""
    return bed and segment.kind == "overview"


def opening(script: Script, index: int) -> Opening:
    """The music that leads in segment `index`."""
    spoken = [segment for segment in script.segments[:index] if segment.utterances]
    if not spoken:
        return "intro"
    block = _block(script.segments[index])
    return "sting" if block in _STING_BEFORE and block != _block(spoken[-1]) else "none"


def _block(segment: Segment) -> str:
    return "news" if segment.kind in _NEWS else segment.kind


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
