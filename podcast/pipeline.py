"""make_episode(): one call for each stage."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING

from podcast.audio import Tags, make_master, waveform_svg
from podcast.draft import Source, edition_of, read_source_file
from podcast.editions import heard_pace, off_length
from podcast.errors import EngineUnavailable
from podcast.models import Clip, Edition, Episode, Master, Script, Show, Timeline
from podcast.plan import Plan, plan_episode
from podcast.publish.episode import EPISODES, SCRIPT, Papers, episode_place, new_guid, read_episode, write_episode
from podcast.publish.leftovers import MAKING, sweep
from podcast.text.report import report_markdown, script_report
from podcast.tts.synthesis import Progress, Speaker, Synthesis, synthesize
from podcast.work import Production

if TYPE_CHECKING:
    from collections.abc import Iterator


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
    work: Production,
    *,
    id: str | None = None,  # noqa: A002 -- the field's name
    force: bool = False,
    fresh: bool = False,
    watcher: Watcher | None = None,
) -> Made:
    """Make the episode of a digest or a script document and write its folder.  The feed is `publish_show`'s.

    `id`: the folder that was reserved for it; otherwise that of `episode_place`.  `fresh`: what was edited in the
    episode's script.md is dropped; otherwise it is kept.
    Raises PodcastError: DigestError, ScriptError, SpeechError, QualityError, SetupError.
    """
    watcher = watcher or Watcher()
    clock = _Clock(watcher)
    notes: list[str] = []  # of the engines
    with clock.stage("script"):
        sweep(work.public)
        if isinstance(source, Path):
            source = read_source_file(source, timezone=work.timezone)
        place = _Place.of(source, work, id)
        accept = frozenset(other.removeprefix(f"{place.name}/") for other in work.accept)
        document = None if fresh else work.public / EPISODES / place.name / SCRIPT
        planner = cache(partial(plan_episode, source, document, work, edition=place.edition, accept=accept))
        old = read_episode(work.public, place.name)
        kept = _still_good(old, planner, work) if old and not force else None
    if old and kept:
        return _unchanged(old, kept, work, clock)
    with clock.stage("tts"):
        speak = partial(_speak, work=work, accept=accept, watcher=watcher, notes=notes)
        plan, synthesis = _to_length(place.edition, planner, speak)
    with clock.stage("audio"):
        guid = old.guid if old else new_guid(work.show, place.name)
        master, timeline = _master(plan, synthesis, work, place.name, guid)
    with clock.stage("publish"):
        engine = " + ".join(synthesis.by_engine)
        episode = _publish(plan, master, timeline, work, place, engine=engine)
    off = off_length(place.edition, plan.draft.written, episode.duration_seconds)
    return Made(
        episode=episode,
        path=work.public / episode.enclosure.url,
        utterances=len(plan.script.utterances),
        synthesized=synthesis.synthesized,
        cached=synthesis.cached,
        changed=True,
        warnings=(*plan.warnings, *off, *notes),
        left_out=plan.draft.left_out,
        settled=plan.draft.rewriting.settled,
        seconds=clock.seconds,
    )


@dataclass(frozen=True)
class _Place:
    """Where an episode stands in the show."""

    name: str  # of its folder
    beside: str  # id of the episode of the show's own edition; empty for that one itself
    edition: Edition

    @classmethod
    def of(cls, source: Source, work: Production, reserved: str | None) -> _Place:
        edition = edition_of(source, work.edition)
        name, beside = (reserved, "") if reserved else episode_place(work.public, source.digest, edition)
        return cls(name, beside, replace(edition, own=not beside))


def _master(plan: Plan, synthesis: Synthesis, work: Production, name: str, guid: str) -> tuple[Master, Timeline]:
    return make_master(
        plan.script,
        synthesis.clips,
        work.public / MAKING / f"{name}.mp3",
        music=work.music,
        target=work.target,
        tags=_tags(plan.script, work.show, name, guid),
        cache=work.parts,
    )


def _publish(
    plan: Plan, master: Master, timeline: Timeline, work: Production, place: _Place, *, engine: str
) -> Episode:
    draft = plan.draft
    episode = write_episode(
        work.public,
        id=place.name,
        digest=draft.notes,
        script=plan.script,
        papers=Papers(
            script=draft.markdown,
            readings=report_markdown(script_report(plan.script, work.lexicon)),
            rewrite=draft.rewrite_markdown,
            waveform=waveform_svg(master.peaks, timeline),
        ),
        timeline=timeline,
        master=master,
        show=work.show,
        engine=engine,
        voices=_voices(plan, work.show),
        content_hash=plan.content_hash,
        target_lufs=work.target.loudness_lufs,
        ceiling_dbtp=work.target.true_peak_dbtp,
        edition=place.edition.name,
        beside=place.beside,
        pace=draft.written.pace if draft.written else 1.0,
    )
    sweep(work.public)
    return episode


def _voices(plan: Plan, show: Show) -> dict[str, str]:
    """Role -> voice of those that speak in the show or in this script."""
    roles = {*show.hosts, *(utterance.speaker for utterance in plan.script.utterances)}
    return {role: voice.name for role, voice in plan.speaker.voices.items() if role in roles}


Planner = Callable[..., Plan]  # of who speaks, and the pace of the voice


def _to_length(
    edition: Edition, plan: Planner, speak: Callable[[Callable[[Speaker], Plan]], tuple[Plan, Synthesis]]
) -> tuple[Plan, Synthesis]:
    """Speak, and where that misses the edition's length once more, cut by the pace that was heard.

    Sentences that stay are in the cache.
    """
    chosen, synthesis = speak(plan)
    pace = heard_pace(edition, chosen.draft.written, chosen.script, synthesis.clips, chosen.speaker)
    return (chosen, synthesis) if pace is None else speak(partial(plan, pace=pace))


def _still_good(old: Episode, plan: Planner, work: Production) -> Plan | None:
    """The plan that `old` is the result of, if it is that of an engine which would speak it now."""
    roster = work.roster
    spoken_by = next((speaker for speaker in roster.speakers if speaker.engine.name == old.engine), None)
    if spoken_by is None or not _is_whole(old, work.public):
        return None
    preferred = spoken_by is roster.speakers[0] or roster.any_will_do
    if not preferred and asyncio.run(roster.available())[0] is not spoken_by:
        return None
    found = plan(spoken_by) if old.pace == 1.0 else plan(spoken_by, pace=old.pace)
    return found if found.content_hash == old.content_hash else None


def _speak(
    plan: Callable[[Speaker], Plan],
    work: Production,
    accept: frozenset[str],
    watcher: Watcher,
    notes: list[str],
) -> tuple[Plan, Synthesis]:
    """Speak the plan of the first speaker that can; the whole episode by the next one where it gives up midway."""
    roster = work.roster
    while True:
        speakers = asyncio.run(roster.available())
        notes[:] = roster.reasons()
        chosen = plan(speakers[0])
        watcher.script(chosen.script)
        try:
            speaking = synthesize(
                chosen.script,
                speakers,
                work.cache,
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


def _unchanged(old: Episode, plan: Plan, work: Production, clock: _Clock) -> Made:
    count = len(plan.script.utterances)
    return Made(
        episode=old,
        path=work.public / old.enclosure.url,
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
