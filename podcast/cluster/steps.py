"""What is done with a job, step by step: plan, speak each utterance, assemble, publish; and sweep, for what stalled.

A step takes ids, reads and writes the ledger, and returns the messages that follow from it.  Each may be repeated, run
twice at once, or be killed at any instant.  The work itself is the pipeline's: `plan` drafts an episode as
`make_episode` does, `speak` speaks one utterance as `synthesize` does, and `assemble` is `make_episode`, which finds
every clip in the cache.
"""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from podcast.cluster.content import from_json, to_json
from podcast.cluster.ledger import Job, Ledger, Line, held
from podcast.cluster.messages import Message, Patience, first_message, speak_message
from podcast.cluster.places import Place
from podcast.cluster.sweeper import bury, join, sweep
from podcast.errors import EngineUnavailable, InputError, PodcastError, SetupError, SpeechError
from podcast.pipeline import Production, Watcher, draft_episode, make_episode
from podcast.publish import publish_show
from podcast.tts.roster import Roster
from podcast.tts.synthesis import Speaker, speak

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass(frozen=True)
class Studio:
    """What episodes of a show are made with, and where."""

    production: Production
    place: Place


class _Stopped(Exception):
    """It was cancelled, or starts over."""


class Steps:
    """`owner` names this process; `studios` are by the show's base_url."""

    def __init__(
        self,
        ledger: Ledger,
        studios: Mapping[str, Studio],
        owner: str,
        *,
        patience: Patience | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.ledger, self._studios, self._owner = ledger, studios, owner
        self._patience = patience or Patience()
        self._clock = clock

    # --- plan

    def plan(self, id: str, turn: int) -> list[Message]:  # noqa: A002 -- the field's name
        """Write down what has to be spoken, and ask for it."""
        with self._making(id, turn, "queued") as job:
            if job:
                self._plan(job)
        job = self.ledger.job(id)
        if job is None or (job.turn, job.state) != (turn, "speaking"):
            return []
        lines = self.ledger.lines(id, ("waiting",))
        return [speak_message(job, line.place) for line in lines] or join(self.ledger, id, turn, self._stalled())

    def _plan(self, job: Job) -> None:
        production = self._studio(job).production
        able = [speaker for speaker in production.roster.speakers if speaker.engine.name not in job.passed_over.split()]
        roster = Roster(able, failover=production.roster.failover)
        [speaker, *_] = asyncio.run(roster.available())
        with self._digest(job) as source:
            script = draft_episode(source, self._for(job, production), id=job.episode_id).plan(speaker).script
        distinct = {speaker.key(utterance): (place, utterance) for place, utterance in
                    reversed(list(enumerate(script.utterances)))}  # fmt: skip
        lines = [(place, utterance.id, to_json(utterance)) for place, utterance in sorted(distinct.values())]
        self.ledger.plan(job.id, job.turn, engine=speaker.engine.name, lines=lines, due=self._stalled())

    # --- speak

    def speak(self, id: str, turn: int, place: int) -> list[Message]:  # noqa: A002 -- the field's name
        """Speak one utterance; the last to be spoken leads to the assembly."""
        job, line = self.ledger.begin(id, turn, place, due=self._stalled())
        if job and line:
            return self._speak(job, line, self._patience.crashes)
        return join(self.ledger, id, turn, self._stalled())

    def backfill(self, id: str, turn: int) -> list[Message]:  # noqa: A002 -- the field's name
        """Plan an episode and speak it, utterance by utterance; a long one goes on in another message.

        One that edge speaks goes through the queue whose rate the whole cluster keeps.
        """
        self.plan(id, turn)
        with held(self.ledger, f"episode {id}", self._owner, self._patience.lease) as ours:
            if not ours:
                self.ledger.look_again(id, turn, self._clock() + self._patience.lease)
                return []
            job = self.ledger.job(id)
            if job is None or (job.turn, job.state) != (turn, "speaking"):
                return []
            lines = self.ledger.lines(id, ("waiting", "later"))
            if job.engine == "edge":
                return [speak_message(job, line.place) for line in lines]
            end = self._clock() + self._patience.backfill
            for waiting in lines:
                if self._clock() > end:
                    return [Message("backfill", (id, turn), "assemble")]
                _, line = self.ledger.begin(id, turn, waiting.place, due=self._stalled())
                if line and (messages := self._speak(job, line, self._patience.crashes_in_backfill)):
                    return messages
        return join(self.ledger, id, turn, self._stalled())

    def _speak(self, job: Job, line: Line, crashes: int) -> list[Message]:
        """Messages only where it was the last, or the whole episode starts over."""
        if line.begun > crashes:
            self.ledger.give_up(job.id, line.place, "dead", why=f"its speech ended {line.begun - 1} workers")
            return join(self.ledger, job.id, job.turn, self._stalled())
        try:
            production = self._studio(job).production
            speaker = _speaker(production, job.engine)
            accept = frozenset(job.accept.split())
            spoken = asyncio.run(speak(from_json(line.content), speaker, production.cache, accept=accept))
        except (EngineUnavailable, SetupError, OSError) as error:
            if line.tries + 1 < self._patience.tries:
                self.ledger.later(job.id, line.place, _told(error), self._pause(line.tries))
            elif isinstance(error, EngineUnavailable) and self._others(job, production):
                self.ledger.start_over(job.id, job.turn, job.engine, self._stalled())
                return [first_message(job)]
            else:
                self.ledger.give_up(job.id, line.place, "bad", why=_told(error))
        except PodcastError as error:
            self.ledger.give_up(job.id, line.place, "bad", why=error.what)
        else:
            ready = self.ledger.spoke(job.id, job.turn, line.place, by_engine=spoken, due=self._stalled())
            return [Message("assemble", (job.id, job.turn), "assemble")] if ready else []
        return join(self.ledger, job.id, job.turn, self._stalled())

    def _others(self, job: Job, production: Production) -> bool:
        """Whether another engine may have the episode."""
        gone = {*job.passed_over.split(), job.engine}
        names = {speaker.engine.name for speaker in production.roster.speakers}
        return production.roster.failover != "never" and bool(names - gone)

    # --- assemble and publish

    def assemble(self, id: str, turn: int) -> list[Message]:  # noqa: A002 -- the field's name
        with self._making(id, turn, "assembling") as job:
            if job is None:
                return []
            studio = self._studio(job)
            with self._digest(job) as source, studio.place.making(job.episode_id) as public:
                production = replace(self._for(job, studio.production), public=public)
                made = make_episode(
                    source, production, id=job.episode_id, force=bool(job.force), watcher=_Guard(self.ledger, job)
                )
            episode = made.episode
            self.ledger.made(
                id, turn, content_hash=episode.content_hash, duration_seconds=episode.duration_seconds,
                due=self._stalled(),
            )  # fmt: skip
            return [Message("publish", (job.show,), "publish")]
        return []

    def publish(self, show: str) -> list[Message]:
        """Publish what is made of a show, all at once: of many such messages the first has the work.

        What cannot be published now is swept up later; an episode that may not be published fails.
        """
        with held(self.ledger, f"show {show}", self._owner, self._patience.lease) as ours:
            if not ours:
                return []
            while made := self.ledger.made_jobs(show):
                studio = self._studio(made[0])
                try:
                    with studio.place.publishing([job.episode_id for job in made]) as public:
                        publish_show(public, studio.production.show)
                except SetupError as error:
                    for job in made:
                        self.ledger.postpone(job.id, job.turn, _told(error), self._pause(job.tries))
                    return []
                except PodcastError as error:
                    for job in made:
                        self.ledger.fail(job.id, job.turn, error)
                    return []
                self.ledger.published(made)
        return []

    # --- sweep

    def sweep(self, waiting: Mapping[str, int]) -> list[Message]:
        speakers = (speaker for studio in self._studios.values() for speaker in studio.production.roster.speakers)
        engines = list({speaker.engine.name: None for speaker in speakers})
        return sweep(self.ledger, waiting, engines, self._stalled(), self._patience.batch)

    def bury(self, task: str, args: Sequence[object], reason: str) -> list[Message]:
        return bury(self.ledger, task, args, reason, self._stalled())

    # --- what they share

    @contextmanager
    def _making(self, id: str, turn: int, state: Literal["queued", "assembling"]) -> Iterator[Job | None]:  # noqa: A002 -- the field's name
        """The job for this process alone; None where it is another's, or not in that state.  Errors end or delay it."""
        with held(self.ledger, f"episode {id}", self._owner, self._patience.lease) as ours:
            if not ours:
                self.ledger.look_again(id, turn, self._clock() + self._patience.lease)
            job = self.ledger.begin_job(id, turn, state) if ours else None
            if job and job.begun > self._patience.crashes_in_backfill:
                what = f"it ended {job.begun - 1} workers before it was {'planned' if state == 'queued' else 'made'}"
                self.ledger.fail(id, turn, PodcastError(what, hint=f"Look at their log; podcast jobs retry {id}."))
                job = None
            try:
                yield job
            except _Stopped:
                pass
            except (EngineUnavailable, SetupError, OSError) as error:
                if job and job.tries + 1 < self._patience.tries:
                    self.ledger.postpone(id, turn, _told(error), self._pause(job.tries))
                else:
                    self.ledger.fail(id, turn, error if isinstance(error, PodcastError) else SetupError(str(error)))
            except PodcastError as error:
                self.ledger.fail(id, turn, error)

    def _studio(self, job: Job) -> Studio:
        try:
            return self._studios[job.show]
        except KeyError:
            hint = "Start podcast worker with its podcast.toml as well."
            raise InputError("this worker does not know the show", where=job.show, hint=hint) from None

    def _for(self, job: Job, production: Production) -> Production:
        """What the job is made with: its engine alone, once that is chosen."""
        changes = {"accept": frozenset(job.accept.split())}
        production = replace(production, **changes, edition=job.edition or production.edition)  # type: ignore[arg-type]  # a field's own type
        if job.engine:
            production = replace(production, roster=Roster([_speaker(production, job.engine)], failover="never"))
        return production

    @contextmanager
    def _digest(self, job: Job) -> Iterator[Path]:
        """The digest as a file of its own name."""
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, job.name)
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(self.ledger.text(job.id))
            yield path

    def _stalled(self) -> float:
        return self._clock() + self._patience.stalled

    def _pause(self, tries: int) -> float:
        return self._clock() + min(self._patience.pause * 2.0**tries, self._patience.longest_pause)


class _Guard(Watcher):
    """Ends the making of an episode that is no longer wanted before anything of it is seen."""

    def __init__(self, ledger: Ledger, job: Job) -> None:
        self._ledger, self._job = ledger, job

    def stage(self, name: str) -> None:
        if name == "publish":
            now = self._ledger.job(self._job.id)
            if now is None or (now.turn, now.state) != (self._job.turn, "assembling"):
                raise _Stopped


def _speaker(production: Production, name: str) -> Speaker:
    for speaker in production.roster.speakers:
        if speaker.engine.name == name:
            return speaker
    raise SpeechError(f"this worker has no engine {name}", hint="Give all workers of a show the same podcast.toml.")


def _told(error: Exception) -> str:
    return error.what if isinstance(error, PodcastError) else str(error)
