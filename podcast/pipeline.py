"""make_episode(): one call for each stage."""

from __future__ import annotations

import asyncio
import hashlib
import json
import time
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from podcast.audio import Music, Tags, Target, make_master, waveform_svg
from podcast.digest import read_digest
from podcast.errors import EngineUnavailable, QualityError, SetupError
from podcast.models import Clip, Digest, Episode, Script, Show
from podcast.publish.episode import episode_id, new_guid, read_episode, write_episode
from podcast.publish.leftovers import MAKING, sweep
from podcast.script import left_out, may_say, must_say, script_markdown, write_script
from podcast.text import narrate, pieces
from podcast.text.fidelity import check
from podcast.text.lexicon import Lexicon
from podcast.text.normalize import normalize, read
from podcast.text.report import report, report_markdown
from podcast.tts.cache import ClipCache
from podcast.tts.roster import Roster
from podcast.tts.synthesis import Progress, Speaker, Synthesis, synthesize

if TYPE_CHECKING:
    from collections.abc import Iterator

FORMAT = 3  # raise it when the same input should give other bytes: every episode is then made again


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
    edition: str = "full"
    templates: Path | None = None
    accept: frozenset[str] = frozenset()  # taken as they are though they failed verification: "2025-11-04/s03-u02"


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
    source: Path,
    production: Production,
    *,
    id: str | None = None,  # noqa: A002 -- the field's name
    force: bool = False,
    watcher: Watcher | None = None,
) -> Made:
    """Make the episode of a digest and write its folder.  The feed is not touched: `publish_show` does that.

    `id`: the folder that was reserved for it; otherwise that of `episode_id`.
    Raises PodcastError: DigestError, SpeechError, QualityError, SetupError.
    """
    watcher = watcher or Watcher()
    clock = _Clock(watcher)
    warnings: list[str] = []  # of the engines
    with clock.stage("script"):
        sweep(production.public)
        draft = draft_episode(source, production, id=id)
        name, digest, plan = draft.id, draft.digest, draft.plan
        old = read_episode(production.public, name)
        kept = _still_good(old, plan, production) if old and not force else None
    if old and kept:
        return _unchanged(old, kept, production, _notes(digest, production), clock)
    with clock.stage("tts"):
        chosen, synthesis = asyncio.run(_speak(plan, production, draft.accept, watcher, warnings))
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
            digest=digest,
            script=chosen.script,
            script_document=_document(chosen.script, production.lexicon),
            waveform=waveform_svg(master.peaks, timeline),
            timeline=timeline,
            master=master,
            show=production.show,
            engine=" + ".join(synthesis.by_engine),
            voices={role: voice.name for role, voice in chosen.speaker.voices.items()},
            content_hash=chosen.content_hash,
            target_lufs=production.target.loudness_lufs,
            ceiling_dbtp=production.target.true_peak_dbtp,
        )
        sweep(production.public)
    return Made(
        episode=episode,
        path=production.public / episode.enclosure.url,
        utterances=len(chosen.script.utterances),
        synthesized=synthesis.synthesized,
        cached=synthesis.cached,
        changed=True,
        warnings=(*_notes(digest, production), *warnings),
        seconds=clock.seconds,
    )


@dataclass(frozen=True)
class Plan:
    """What a speaker would say, and the name of the result."""

    speaker: Speaker
    script: Script
    content_hash: str


Planner = Callable[[Speaker], Plan]


@dataclass(frozen=True)
class Draft:
    """A digest and what would be said of it, as far as that does not depend on who speaks."""

    id: str  # of the episode
    digest: Digest
    accept: frozenset[str]  # ids of utterances that are taken as they are
    plan: Planner  # raises QualityError where the script does not say what the digest says


def draft_episode(source: Path, production: Production, *, id: str | None = None) -> Draft:  # noqa: A002 -- the field's name
    """The first part of `make_episode`, which writes nothing.  Raises DigestError, SetupError."""
    digest = read_digest(source, timezone=production.timezone)
    script = write_script(
        digest,
        show_title=production.show.title,
        disclosure=production.show.disclosure,
        edition=production.edition,
        templates=production.templates,
    )
    name = id or episode_id(production.public, digest)
    accept = frozenset(other.removeprefix(f"{name}/") for other in production.accept)
    return Draft(name, digest, accept, cache(lambda speaker: _plan(script, digest, speaker, production, accept)))


def _plan(draft: Script, digest: Digest, speaker: Speaker, production: Production, accept: frozenset[str]) -> Plan:
    engine = speaker.engine
    script = narrate(draft, production.lexicon, unit=engine.unit, max_characters=engine.max_characters)
    _hold_to_digest(digest, script, engine.max_characters, production)
    content = [
        FORMAT,
        asdict(script),
        {**asdict(digest), "source": None, "warnings": None},
        [speaker.key(utterance) for utterance in script.utterances],
        [utterance.id for utterance in script.utterances if utterance.id in accept],
        asdict(production.target),
        _without_paths(production.music),
        _told_of(production.show),
        *map(_content, (*production.music.files, production.show.cover)),
    ]
    text = json.dumps(content, ensure_ascii=False, sort_keys=True, default=str)
    return Plan(speaker, script, hashlib.sha256(text.encode()).hexdigest())


def _hold_to_digest(digest: Digest, script: Script, max_characters: int, production: Production) -> None:
    """Raise QualityError where the script leaves out a number or name of the digest, or says a number it lacks."""
    words = production.lexicon
    where = str(digest.source)
    if missing := left_out(digest, script, production.edition):
        raise QualityError(
            f"the script leaves out {len(missing)} paragraphs, the first of them: {missing[0][:40]}",
            where=where,
            hint="A template of your own must say the whole of block.paragraphs.",
        )
    own = may_say(digest, script, show_title=production.show.title, templates=production.templates)
    result = check(
        [piece for text in must_say(digest, production.edition) for piece in pieces(text, words, max_characters)],
        [utterance.spoken for utterance in script.utterances],
        own=[normalize(text, words) for text in own],
        lexicon=words,
    )
    if not result.holds:
        found = [f"does not say {fact}" for fact in result.missing] + [f"adds {fact}" for fact in result.added]
        more = f" (and {len(found) - 3} more)" if len(found) > 3 else ""
        raise QualityError(
            f"the script {'; '.join(found[:3])}{more}",
            where=where,
            hint="Compare with podcast script --report.",
        )


def _document(script: Script, lexicon: Lexicon) -> str:
    """script.md: the narration, and every place where spoken differs from written."""
    sentences = [sentence.text for utterance in script.utterances for sentence in utterance.sentences]
    rows = report((text, read(text, lexicon)) for text in sentences)
    return f"{script_markdown(script)}\n{report_markdown(rows)}"


def _notes(digest: Digest, production: Production) -> tuple[str, ...]:
    """What a person should know of the digest."""
    count = len(digest.interludes) if production.edition == "brief" else 0
    brief = (f"the brief edition leaves out {count} passages between the items",) if count else ()
    return (*digest.warnings, *brief)


def _still_good(old: Episode, plan: Planner, production: Production) -> Plan | None:
    """The plan that `old` is the result of, if it is that of an engine which would speak it now."""
    roster = production.roster
    spoken_by = next((speaker for speaker in roster.speakers if speaker.engine.name == old.engine), None)
    if spoken_by is None or not _is_whole(old, production.public):
        return None
    preferred = spoken_by is roster.speakers[0] or roster.any_will_do
    if not preferred and asyncio.run(roster.available())[0] is not spoken_by:
        return None
    found = plan(spoken_by)
    return found if found.content_hash == old.content_hash else None


async def _speak(
    plan: Planner,
    production: Production,
    accept: frozenset[str],
    watcher: Watcher,
    warnings: list[str],
) -> tuple[Plan, Synthesis]:
    """Speak the plan of the first speaker that can; the whole episode by the next one where it gives up midway."""
    roster = production.roster
    while True:
        speakers = await roster.available()
        warnings[:] = roster.reasons()
        chosen = plan(speakers[0])
        watcher.script(chosen.script)
        try:
            synthesis = await synthesize(
                chosen.script,
                speakers,
                production.cache,
                on_progress=watcher.progress,
                on_clip=watcher.clip,
                accept=accept,
            )
        except EngineUnavailable as error:
            if roster.failover == "never" or len(roster.speakers) == 1:
                raise
            roster.gave_up(speakers[0], error)
        else:
            return chosen, synthesis


def _unchanged(old: Episode, plan: Plan, production: Production, warnings: tuple[str, ...], clock: _Clock) -> Made:
    count = len(plan.script.utterances)
    return Made(
        episode=old,
        path=production.public / old.enclosure.url,
        utterances=count,
        synthesized=0,
        cached=count,
        changed=False,
        warnings=warnings,
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
    return [*texts, dict(show.speakers)]


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
