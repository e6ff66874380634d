"""Which music goes with a segment where nobody says otherwise: the script shows it, the audio stage plays it."""

from __future__ import annotations

from podcast.models import SegmentKind, Sound

_NEWS: frozenset[SegmentKind] = frozenset({"item", "interlude"})  # one block; every other kind is its own
_STING_BEFORE = {"news", "commentary"}


def usual_sounds(kind: SegmentKind, before: SegmentKind | None, *, last: bool) -> tuple[Sound, ...]:
    """The sounds of a segment: `before` is the kind of the one before it, None for the first.

    "intro" leads into the first words, "sting" into a block, "bed" lies under the whole segment, "outro" ends the last.
    """
    sounds: list[Sound] = []
    if before is None:
        sounds.append("intro")
    elif _block(kind) in _STING_BEFORE and _block(kind) != _block(before):
        sounds.append("sting")
    if kind == "overview":
        sounds.append("bed")
    if last:
        sounds.append("outro")
    return tuple(sounds)


def _block(kind: SegmentKind) -> str:
    return "news" if kind in _NEWS else kind
