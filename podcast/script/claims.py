"""What a script must say, and what it may say besides: the two sides of the fidelity check."""

from __future__ import annotations

from collections.abc import Container
from pathlib import Path

from podcast.models import Digest, Script
from podcast.script.rundown import rundown
from podcast.script.writer import narration_line, template_words

Key = tuple[str, int | None]  # of a segment: its kind and the number of its item


def must_say(digest: Digest, *, but: Container[Key] = ()) -> tuple[str, ...]:
    """The paragraphs of the digest, as it was cut for an edition, that have to be said, in written form.

    `but` are segments that are said in other words, and held to the digest by other rules.
    """
    blocks = [block for block in rundown(digest) if (block.kind, block.item and block.item.number) not in but]
    return tuple(narration_line(paragraph) for block in blocks for paragraph in block.paragraphs)


def left_out(digest: Digest, script: Script, *, but: Container[Key] = ()) -> tuple[str, ...]:
    """The paragraphs that the script does not have, word for word: a template of the user's may forget them."""
    said = _letters("".join(utterance.text for utterance in script.utterances))
    return tuple(paragraph for paragraph in must_say(digest, but=but) if _letters(paragraph) not in said)


def _letters(text: str) -> str:
    """Letters and digits alone: a template may add a full stop or a quotation mark."""
    return "".join(character for character in text if character.isalnum())


def may_say(digest: Digest, script: Script, *, show_title: str, templates: Path | None = None) -> tuple[str, ...]:
    """What may be said though no paragraph of the digest has it: titles, places in the order, the template's own words.

    Opening and closing are the show's own as a whole: they hold the date and the disclosure.
    """
    own = [
        utterance.text
        for segment in script.segments
        if segment.kind in {"opening", "closing"}
        for utterance in segment.utterances
    ]
    own += [f"第{item.number}条" for item in digest.items]
    own += [narration_line(title) for title in (digest.title, show_title, *(item.title for item in digest.items))]
    return (*own, *template_words(templates))
