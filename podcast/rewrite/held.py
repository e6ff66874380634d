"""The last look at a rewritten script, as it will be spoken: nothing of the way it was made is believed."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from podcast.errors import QualityError
from podcast.models import Digest, Script
from podcast.rewrite.check import Source, Speak, number_problems, problems
from podcast.rewrite.desk import Rewriting, Told
from podcast.rewrite.sources import key_of, sources
from podcast.text.lexicon import Lexicon
from podcast.text.normalize import normalize


def hold(rewriting: Rewriting, script: Script, digest: Digest, *, lexicon: Lexicon) -> None:
    """Raise QualityError where a rewritten segment of the narrated script is not true to the digest.

    The lines are checked again from the digest itself; the words that will be spoken must be those lines, and every
    number in them one of the segment.
    """
    untrue = list(_untrue(rewriting, script, digest, speak=partial(normalize, lexicon=lexicon)))
    if untrue:
        more = f" (and {len(untrue) - 1} more)" if len(untrue) > 1 else ""
        raise QualityError(
            f"the rewrite is not true to the digest: {untrue[0]}{more}",
            where=str(digest.source),
            hint="Look at podcast script --rewrite --report, or make it with --rewrite off.",
        )


def _untrue(rewriting: Rewriting, script: Script, digest: Digest, *, speak: Speak) -> Iterator[str]:
    found = sources(digest, speak)
    segments = {key_of(segment): segment for segment in script.segments}
    for told in rewriting.told:
        if not told.lines:
            continue
        if told.key not in found or told.key not in segments:
            yield f"{told.title}: there is no such segment in the digest"
            continue
        utterances = segments[told.key].utterances
        text, spoken = "".join(part.text for part in utterances), [part.spoken for part in utterances]
        yield from (f"{told.title}: {what}" for what in _against(told, text, spoken, found[told.key]))


def _against(told: Told, text: str, spoken: list[str], source: Source) -> Iterator[str]:
    if _letters(text) != _letters("".join(line.text for line in told.lines)):
        yield "what is spoken are not the lines of the rewrite"
    yield from problems(told.lines, source)
    for words in spoken:
        yield from number_problems(words, source.spoken, source.number)


def _letters(text: str) -> str:
    return "".join(character for character in text if character.isalnum())
