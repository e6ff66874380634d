"""The segments of a digest that can be rewritten, and what a rewrite of each may say."""

from __future__ import annotations

from podcast.models import Digest, Segment
from podcast.rewrite.check import Source, Speak
from podcast.script.claims import Key
from podcast.script.rundown import rundown
from podcast.script.writer import narration_line
from podcast.text.split import split_sentences

KINDS = frozenset({"overview", "item", "commentary"})  # opening and closing are the show's own, an interlude is short
_UNSPLIT = 1_000_000  # characters: sentences are never cut for their length


def key_of(segment: Segment) -> Key:
    return segment.kind, segment.item


def sources(digest: Digest, speak: Speak) -> dict[Key, Source]:
    """The sources by segment; an item of which only the headline is said has nothing to be rewritten."""
    found: dict[Key, Source] = {}
    for block in rundown(digest):
        if block.kind not in KINDS or not block.paragraphs:
            continue
        number = block.item.number if block.item else None
        sentences = [
            part.strip() for text in block.paragraphs for part in split_sentences(narration_line(text), _UNSPLIT)
        ]
        found[block.kind, number] = Source(
            kind=block.kind,
            number=number,
            title=narration_line(block.item.title) if block.item else "",
            sentences=tuple(sentence for sentence in sentences if sentence),
            speak=speak,
            title_is_said=bool(block.headline),
        )
    return found
