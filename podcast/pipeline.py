"""make_episode(): one call for each stage."""

from __future__ import annotations

import asyncio
import hashlib
import json
import time
from collections.abc import Callable, Container
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING

from podcast.audio import Music, Tags, Target, make_master, waveform_svg
from podcast.draft import Draft, Source, Words, edition_of, read_draft, read_source, with_edits
from podcast.editions import heard_pace, off_length
from podcast.errors import EngineUnavailable, QualityError, SetupError
from podcast.models import Clip, Digest, Edition, Episode, Script, Show
from podcast.publish.episode import EPISODES, SCRIPT, episode_place, new_guid, read_episode, write_episode
from podcast.publish.leftovers import MAKING, sweep
from podcast.rewrite import Desk, hold
from podcast.script import Key, left_out, may_say, must_say
from podcast.text import narrate, pieces
from podcast.text.fidelity import check
from podcast.text.lexicon import Lexicon
from podcast.text.normalize import normalize
from podcast.text.report import report_markdown, script_report
from podcast.tts.cache import ClipCache
from podcast.tts.roster import Roster
from podcast.tts.synthesis import Progress, Speaker, Synthesis, synthesize

if TYPE_CHECKING:
    from collections.abc import Iterator

FORMAT = 4  # raise it when the same input should give other bytes: every episode is then made again


@dataclass(frozen=True)
class Production:
    """Everything that an episode is made with, besides its digest."""

    show: Show
    public: Path
    roster: Roster
    cache: ClipCache
    parts: Path  # folder of encoded parts, which make_master keeps small
    lexicon: Lexicon
    music: Music
    target: Target
    timezone: str = "Asia/Shanghai"
    edition: Edition = field(default_factory=Edition)
    hosts: str = "commentary"  # who speaks: a key of podcast.script.HOSTS
    templates: Path | None = None
    desk: Desk | None = None  # who rewrites the script; None: it is the template's
    accept: frozenset[str] = frozenset()  # taken as they are though they failed verification: "2025-11-04/s03-u02"

    @property
    def words(self) -> Words:
        """What a script needs besides its digest."""
        show = self.show
        return Words(
            show_title=show.title,
            disclosure=show.disclosure,
            edition=self.edition,
            hosts=self.hosts,
            templates=self.templates,
            lexicon=self.lexicon,
            music=self.music,
            desk=self.desk,
        )


@dataclass(frozen=True)
class Made:
    """An episode and what it took."""

    episode: Episode
    path: Path  # the MP3
    utterances: int
    synthesized: int
    cached: int
    changed: bool  # False: everything was there already
    warnings: tuple[str, ...]
    left_out: tuple[str, ...] = ()  # what of the digest is not said, a line each
    settled: bool = True  # made again it would be the same; False: a language model was not to be had
    seconds: dict[str, float] = field(default_factory=dict)  # wall time of each stage


class Watcher:
    """Is told what happens while an episode is made; of its methods a subclass writes those that it wants.

    They are called from the thread that makes the episode and should return at once.
    """

    def stage(self, name: str) -> None:
        """A stage begins: script, tts, audio or publish."""

    def script(self, script: Script) -> None:
        """What is going to be spoken.  Another script follows where another engine has to start again."""

    def clip(self, clip: Clip) -> None:
        """A clip is there, spoken or found, in any order.  A later one of the same utterance replaces it."""

    def progress(self, progress: Progress) -> None:
        """How far the speech is."""


def make_episode(
    source: Path | Source,
    production: Production,
    *,
    id: str | None = None,  # noqa: A002 -- the field's name
    force: bool = False,
    fresh: bool = False,
    watcher: Watcher | None = None,
) -> Made:
    """Make the episode of a digest or a script document and write its folder.  The feed is `publish_show`'s.

    `id`: the folder that was reserved for it; otherwise that of `episode_id`.  `fresh`: what was edited in the
    episode's script.md is dropped; otherwise it is kept.
    Raises PodcastError: DigestError, ScriptError, SpeechError, QualityError, SetupError.
    """
    watcher = watcher or Watcher()
    clock = _Clock(watcher)
    warnings: list[str] = []  # of the engines
    with clock.stage("script"):
        sweep(production.public)
        if isinstance(source, Path):
            source = read_source(source, timezone=production.timezone)
        edition = edition_of(source, production.edition)
        name, beside = (id, "") if id else episode_place(production.public, source.digest, edition)
        edition = replace(edition, own=not beside)
        document = None if fresh else production.public / EPISODES / name / SCRIPT
        accept = frozenset(other.removeprefix(f"{name}/") for other in production.accept)
        plan = cache(partial(_plan, source, document, production, edition=edition, accept=accept))
        old = read_episode(production.public, name)
        kept = _still_good(old, plan, production) if old and not force else None
    if old and kept:
        return _unchanged(old, kept, production, clock)
    with clock.stage("tts"):
        speak = partial(_speak, production=production, accept=accept, watcher=watcher, warnings=warnings)
        chosen, synthesis = _to_length(edition, plan, speak)
    with clock.stage("audio"):
        master, timeline = make_master(
            chosen.script,
            synthesis.clips,
            production.public / MAKING / f"{name}.mp3",
            music=production.music,
            target=production.target,
            tags=_tags(chosen.script, production.show, name, old.guid if old else new_guid(production.show, name)),
            cache=production.parts,
        )
    with clock.stage("publish"):
        episode = write_episode(
            production.public,
            id=name,
            digest=chosen.draft.notes,
            script=chosen.script,
            script_document=chosen.draft.markdown,
            reading_report=report_markdown(script_report(chosen.script, production.lexicon)),
            rewrite_document=chosen.draft.rewrite_markdown,
            waveform=waveform_svg(master.peaks, timeline),
            timeline=timeline,
            master=master,
            show=production.show,
            engine=" + ".join(synthesis.by_engine),
            voices=_voices(chosen, production.show),
            content_hash=chosen.content_hash,
            target_lufs=production.target.loudness_lufs,
            ceiling_dbtp=production.target.true_peak_dbtp,
            edition=edition.name,
            beside=beside,
            pace=chosen.draft.written.pace if chosen.draft.written else 1.0,
        )
        sweep(production.public)
    return Made(
        episode=episode,
        path=production.public / episode.enclosure.url,
        utterances=len(chosen.script.utterances),
        synthesized=synthesis.synthesized,
        cached=synthesis.cached,
        changed=True,
        warnings=(*chosen.warnings, *off_length(edition, chosen.draft.written, episode.duration_seconds), *warnings),
        left_out=chosen.draft.left_out,
        settled=chosen.draft.rewriting.settled,
        seconds=clock.seconds,
    )


@dataclass(frozen=True)
class _Plan:
    """What a speaker would say, and the name of the result."""

    speaker: Speaker
    draft: Draft
    script: Script
    content_hash: str
    warnings: tuple[str, ...]  # of the digest and the script


def _plan(
    source: Source,
    document: Path | None,
    production: Production,
    speaker: Speaker,
    *,
    edition: Edition,
    accept: frozenset[str],
    pace: float = 1.0,
) -> _Plan:
    """`document`: what a person may have edited; `pace`: that of the voice, beside what was expected."""
    engine = speaker.engine
    draft = read_draft(source, replace(production.words, edition=edition), speaker, pace=pace)
    if document:
        draft = with_edits(draft, document)
    script = narrate(draft.script, production.lexicon, unit=engine.unit, max_characters=engine.max_characters)
    warnings = [*draft.warnings]
    if draft.said:
        told_anew: frozenset[Key] = frozenset()
        if not draft.edited:
            hold(draft.rewriting, script, draft.said, lexicon=production.lexicon)
            told_anew = draft.rewriting.rewritten
        warnings += _hold_to_digest(
            draft.said, script, engine.max_characters, production, told_anew, edited=draft.edited
        )
    content = [
        FORMAT,
        asdict(script),
        {**asdict(draft.notes), "source": None},
        [draft.document.edition, draft.document.basis],
        [speaker.key(utterance) for utterance in script.utterances],
        [utterance.id for utterance in script.utterances if utterance.id in accept],
        asdict(production.target),
        _without_paths(production.music),
        _told_of(production.show),
        *map(_content, (*production.music.files, production.show.cover)),
    ]
    text = json.dumps(content, ensure_ascii=False, sort_keys=True, default=str)
    return _Plan(speaker, draft, script, hashlib.sha256(text.encode()).hexdigest(), tuple(warnings))


def _hold_to_digest(
    digest: Digest, script: Script, max_characters: int, production: Production, but: Container[Key], *, edited: bool
) -> tuple[str, ...]:
    """Raise QualityError where the script leaves out a number or name of the digest, or says a number it lacks.

    A person who edited it may do both, and change words: that is a warning.  `but` are rewritten segments, which
    podcast.rewrite.hold looks at.
    """
    words = production.lexicon
    where = str(digest.source)
    if not edited and (missing := left_out(digest, script, but=but)):
        raise QualityError(
            f"the script leaves out {len(missing)} paragraphs, the first of them: {missing[0][:40]}",
            where=where,
            hint="A template of your own must say the whole of block.paragraphs.",
        )
    own = may_say(digest, script, show_title=production.show.title, templates=production.templates)
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
        return ()
    found = [f"does not say {fact}" for fact in result.missing] + [f"adds {fact}" for fact in result.added]
    more = f" (and {len(found) - 3} more)" if len(found) > 3 else ""
    what = f"the script {'; '.join(found[:3])}{more}"
    if edited:
        return (f"as it was edited, {what}",)
    raise QualityError(what, where=where, hint="Compare with podcast script --report.")


def _voices(plan: _Plan, show: Show) -> dict[str, str]:
    """Role -> voice of those that speak in the show or in this script."""
    roles = {*show.hosts, *(utterance.speaker for utterance in plan.script.utterances)}
    return {role: voice.name for role, voice in plan.speaker.voices.items() if role in roles}


Planner = Callable[..., _Plan]  # of who speaks, and the pace of the voice


def _to_length(
    edition: Edition, plan: Planner, speak: Callable[[Callable[[Speaker], _Plan]], tuple[_Plan, Synthesis]]
) -> tuple[_Plan, Synthesis]:
    """Speak, and where that misses the edition's length once more, cut by the pace that was heard.

    Sentences that stay are in the cache.
    """
    chosen, synthesis = speak(plan)
    pace = heard_pace(edition, chosen.draft.written, chosen.script, synthesis.clips, chosen.speaker)
    return (chosen, synthesis) if pace is None else speak(partial(plan, pace=pace))


def _still_good(old: Episode, plan: Planner, production: Production) -> _Plan | None:
    """The plan that `old` is the result of, if it is that of an engine which would speak it now."""
    roster = production.roster
    spoken_by = next((speaker for speaker in roster.speakers if speaker.engine.name == old.engine), None)
    if spoken_by is None or not _is_whole(old, production.public):
        return None
    preferred = spoken_by is roster.speakers[0] or roster.any_will_do
    if not preferred and asyncio.run(roster.available())[0] is not spoken_by:
        return None
    found = plan(spoken_by) if old.pace == 1.0 else plan(spoken_by, pace=old.pace)
    return found if found.content_hash == old.content_hash else None


def _speak(
    plan: Callable[[Speaker], _Plan],
    production: Production,
    accept: frozenset[str],
    watcher: Watcher,
    warnings: list[str],
) -> tuple[_Plan, Synthesis]:
    """Speak the plan of the first speaker that can; the whole episode by the next one where it gives up midway."""
    roster = production.roster
    while True:
        speakers = asyncio.run(roster.available())
        warnings[:] = roster.reasons()
        chosen = plan(speakers[0])
        watcher.script(chosen.script)
        try:
            speaking = synthesize(
                chosen.script,
                speakers,
                production.cache,
                on_progress=watcher.progress,
                on_clip=watcher.clip,
                accept=accept,
            )
            synthesis = asyncio.run(speaking)
        except EngineUnavailable as error:
            if roster.failover == "never" or len(roster.speakers) == 1:
                raise
            roster.gave_up(speakers[0], error)
        else:
            return chosen, synthesis


def _unchanged(old: Episode, plan: _Plan, production: Production, clock: _Clock) -> Made:
    count = len(plan.script.utterances)
    return Made(
        episode=old,
        path=production.public / old.enclosure.url,
        utterances=count,
        synthesized=0,
        cached=count,
        changed=False,
        warnings=plan.warnings,
        left_out=plan.draft.left_out,
        settled=plan.draft.rewriting.settled,
        seconds={**dict.fromkeys(("tts", "audio", "publish"), 0.0), **clock.seconds},
    )


def _is_whole(episode: Episode, public: Path) -> bool:
    path = public / episode.enclosure.url
    return path.is_file() and path.stat().st_size == episode.enclosure.length_bytes


def _tags(script: Script, show: Show, name: str, guid: str) -> Tags:
    return Tags(
        title=script.title,
        album=show.title,
        artist=show.author,
        album_artist=show.author,
        date=script.published.date().isoformat(),
        comment=show.disclosure,
        url=f"{show.base_url}episodes/{name}/",
        feed_url=f"{show.base_url}feed.xml",
        guid=guid,
        cover=show.cover,
        language=show.language,
        copyright=show.copyright,
        lyrics="\n\n".join(
            "\n".join(utterance.text for utterance in segment.utterances) for segment in script.segments
        ),
    )


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


class _Clock:
    """Wall time of each stage, in seconds."""

    def __init__(self, watcher: Watcher) -> None:
        self.seconds: dict[str, float] = {}
        self._watcher = watcher

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        self._watcher.stage(name)
        start = time.perf_counter()
        try:
            yield
        finally:
            self.seconds[name] = round(time.perf_counter() - start, 3)
