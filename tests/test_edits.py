"""An edit speaks what it changed, and an accepted clip stays accepted."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from podcast.errors import QualityError
from podcast.models import Utterance
from podcast.pipeline import make_episode
from podcast.testing import Fault, ToneEngine
from podcast.tts.cache import ClipCache
from podcast.tts.synthesis import Speaker, synthesize
from tests.test_faults import DIGEST, SENTENCES, TONE_VOICES, Unit, files, make, narration, tone, with_engines


@pytest.mark.parametrize("unit", ["sentence", "paragraph"])
def test_one_changed_character_speaks_exactly_the_utterances_that_hold_it(
    shared: Path, tmp_path: Path, unit: Unit
) -> None:
    original = (shared / "digests" / "2025-11-04.md").read_text(encoding="utf-8")
    source = tmp_path / "2025-11-04.md"
    source.write_text(original, encoding="utf-8")
    before = narration(source, unit)
    # A character of a summary in the middle that stands once in the file, so that one place of the text changes.
    middle = next(segment for segment in before.segments[len(before.segments) // 2 :] if segment.kind == "item")
    text = middle.utterances[-1].sentences[-1].text
    place = next(place for place in range(2, len(text)) if original.count(text[place - 2 : place + 1]) == 1)
    old = text[place - 2 : place + 1]
    source.write_text(original.replace(old, f"{old[:2]}龘"), encoding="utf-8")
    after = narration(source, unit)

    cache = ClipCache(tmp_path / "clips")
    asyncio.run(synthesize(before, [Speaker(ToneEngine(unit=unit), TONE_VOICES)], cache))
    engine = ToneEngine(unit=unit)
    said = asyncio.run(synthesize(after, [Speaker(engine, TONE_VOICES)], cache))
    assert engine.said == [utterance.spoken for utterance in after.utterances if "龘" in utterance.text]
    assert (said.synthesized, said.cached) == (1, len(before.utterances) - 1)


def test_an_accepted_clip_stays_accepted_and_only_there(tmp_path: Path) -> None:
    def broken(part: Utterance, attempt: int) -> Fault | None:
        return "hole" if SENTENCES[1] in part.spoken else None

    source = tmp_path / "2026-03-02.md"
    source.write_text(DIGEST, encoding="utf-8")
    public = tmp_path / "public"
    with pytest.raises(QualityError) as caught:
        make(source, with_engines(public, tone(broken)))
    [name] = set(str(caught.value).split("--accept ")[1].rstrip(".").split())
    accepted = frozenset({f"2026-03-02/{name.split('/')[-1]}", "2026-03-09/s00-u01"})

    make(source, with_engines(public, tone(broken), accept=accepted))
    published = files(public)
    engine = tone(broken)
    again = make(source, with_engines(public, engine, accept=accepted))
    assert (engine.said, again.changed) == ([], False)
    forced = make_episode(source, with_engines(public, engine, accept=accepted), force=True)
    assert (engine.said, forced.synthesized) == ([], 0)
    with pytest.raises(QualityError):
        make(source, with_engines(public, tone(broken)))
    assert files(public) == published
    well = make(source, with_engines(public, tone()))
    assert (well.changed, well.synthesized) == (True, 1)
