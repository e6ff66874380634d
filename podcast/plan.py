"""What a speaker would say of a source, held against the digest, and the hash that names the result."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Container
from dataclasses import asdict, dataclass
from pathlib import Path

from podcast.audio import Music
from podcast.draft import Draft, Source, read_draft, with_edits
from podcast.errors import QualityError, SetupError
from podcast.models import Digest, Edition, Script, Show
from podcast.rewrite import hold
from podcast.script import Key, left_out, may_say, must_say
from podcast.text import narrate, pieces
from podcast.text.fidelity import check
from podcast.text.normalize import normalize
from podcast.tts.synthesis import Speaker
from podcast.work import Production

FORMAT = 4  # raise it when the same input should give other bytes: every episode is then made again


@dataclass(frozen=True)
class Plan:
    """What a speaker would say, and the name of the result."""

    speaker: Speaker
    draft: Draft
    script: Script
    content_hash: str
    warnings: tuple[str, ...]  # of the digest and the script


def plan_episode(
    source: Source,
    document: Path | None,
    work: Production,
    speaker: Speaker,
    *,
    edition: Edition,
    accept: frozenset[str],
    pace: float = 1.0,
) -> Plan:
    """`document`: what a person may have edited; `accept`: ids of utterances; `pace`: that of the voice, beside what
    was expected.

    Raises ConfigError, ScriptError, SetupError, and QualityError where the script is not true to the digest.
    """
    engine = speaker.engine
    draft = read_draft(source, work, speaker, edition=edition, pace=pace)
    if document:
        draft = with_edits(draft, document)
    script = narrate(draft.script, work.lexicon, unit=engine.unit, max_characters=engine.max_characters)
    warnings = (*draft.warnings, *_hold_to_digest(draft, script, engine.max_characters, work))
    content = [
        FORMAT,
        asdict(script),
        {**asdict(draft.notes), "source": None},
        [draft.document.edition, draft.document.basis],
        [speaker.key(utterance) for utterance in script.utterances],
        [utterance.id for utterance in script.utterances if utterance.id in accept],
        asdict(work.target),
        _without_paths(work.music),
        _told_of(work.show),
        *map(_content, (*work.music.files, work.show.cover)),
    ]
    text = json.dumps(content, ensure_ascii=False, sort_keys=True, default=str)
    return Plan(speaker, draft, script, hashlib.sha256(text.encode()).hexdigest(), warnings)


def _hold_to_digest(draft: Draft, script: Script, max_characters: int, work: Production) -> tuple[str, ...]:
    """Raise QualityError where the script leaves out a number or name of the digest, or says a number it lacks.

    A person who edited it may do both, and change words: that is a warning.  Segments that a model has rewritten are
    held by `podcast.rewrite.hold`.  A script document has no digest to be held to.
    """
    if draft.said is None:
        return ()
    rewritten: frozenset[Key] = frozenset()
    if not draft.edited:
        hold(draft.rewriting, script, draft.said, lexicon=work.lexicon)
        rewritten = draft.rewriting.rewritten
        if missing := left_out(draft.said, script, but=rewritten):
            raise QualityError(
                f"the script leaves out {len(missing)} paragraphs, the first of them: {missing[0][:40]}",
                where=str(draft.said.source),
                hint="A template of your own must say the whole of block.paragraphs.",
            )
    untrue = _untrue(draft.said, script, max_characters, work, rewritten)
    if untrue and not draft.edited:
        raise QualityError(untrue, where=str(draft.said.source), hint="Compare with podcast script --report.")
    return (f"as it was edited, {untrue}",) if untrue else ()


def _untrue(digest: Digest, script: Script, max_characters: int, work: Production, but: Container[Key]) -> str:
    """Which numbers and names the script lacks or adds, in words; empty where there are none."""
    words = work.lexicon
    own = may_say(digest, script, show_title=work.show.title, templates=work.templates)
    result = check(
        [piece for text in must_say(digest, but=but) for piece in pieces(text, words, max_characters)],
        [
            utterance.spoken
            for segment in script.segments
            if (segment.kind, segment.item) not in but
            for utterance in segment.utterances
        ],
        own=[normalize(text, words) for text in own],
        lexicon=words,
    )
    if result.holds:
        return ""
    found = [f"does not say {fact}" for fact in result.missing] + [f"adds {fact}" for fact in result.added]
    more = f" (and {len(found) - 3} more)" if len(found) > 3 else ""
    return f"the script {'; '.join(found[:3])}{more}"


def _without_paths(music: Music) -> dict[str, object]:
    """The values that say something on every machine."""
    return {name: value for name, value in asdict(music).items() if not isinstance(value, Path)}


def _told_of(show: Show) -> list[object]:
    """What an episode's own files say of the show; the rest is in feed and pages, which are made each time."""
    texts = (show.title, show.author, show.copyright, show.disclosure, show.language, show.base_url)
    return [*texts, {role: name for role, name in show.speakers.items() if role in show.hosts}]


def _content(path: Path) -> str:
    """Hash of what is in a file: its path says nothing about it."""
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        raise SetupError(f"cannot be read: {error.strerror}", where=str(path)) from error
