"""What was asked for and what became of it.

Every method is one transaction.  While the database is away (it restarts, the network is cut) a method waits for it, up
to two minutes; each can be repeated, so that an answer that was lost does no harm.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from threading import Event, Thread
from typing import Literal

from sqlalchemy import Connection, and_, delete, exists, func, insert, not_, or_, select, update

from podcast.cluster.base import (
    JOB_COLUMNS,
    LINE_COLUMNS,
    MOVING,
    OVER,
    SPOKEN,
    STATES,
    Job,
    Line,
    Order,
    State,
    forget_lines,
    job_of,
    jobs_where,
    line_is,
    moved,
    transaction,
)
from podcast.cluster.requests import Requests
from podcast.cluster.schema import commit_soon, dead_letters, hold_turns, jobs, leases, utterances
from podcast.errors import PodcastError

__all__ = ["MOVING", "OVER", "STATES", "Job", "Ledger", "Line", "Order", "State", "held"]


class Ledger(Requests):
    """Open it in each process for itself: its connections do not survive a fork."""

    # --- what a worker does ------------------------------------------------------------------------------------

    @transaction
    def plan(
        self, connection: Connection, job: str, turn: int, *, engine: str, lines: Sequence[tuple[int, str, str]],
        due: float,
    ) -> bool:  # fmt: skip
        """Keep what is going to be spoken: (place, utterance id, content).  False where it is planned already."""
        values = {"state": "speaking", "engine": engine, "total": len(lines), "due": due, "begun": 0, "tries": 0}
        if not moved(connection, job, turn, "queued", values):
            return False
        forget_lines(connection, job)
        rows = [
            {"job": job, "place": place, "utterance": utterance, "content": content, "state": "waiting", "begun": 0,
             "tries": 0, "due": due, "problem": ""}
            for place, utterance, content in lines
        ]  # fmt: skip
        connection.execute(insert(utterances), rows)
        return True

    @transaction
    def begin(
        self, connection: Connection, job: str, turn: int, place: int, *, due: float
    ) -> tuple[Job | None, Line | None]:
        """The job, and the utterance if it is still to be spoken: that a worker began it is written down.

        It has stalled when nothing more is heard of it by `due`.
        """
        commit_soon(connection)
        speaking = exists().where(jobs.c.id == job, jobs.c.turn == turn, jobs.c.state == "speaking")
        todo = and_(line_is(job, place), utterances.c.state.in_(("waiting", "later")), speaking)
        begun = update(utterances).where(todo).values(begun=utterances.c.begun + 1, due=due).returning(*LINE_COLUMNS)
        row = connection.execute(begun).one_or_none()
        return next(jobs_where(connection, jobs.c.id == job), None), Line(*row) if row else None

    @transaction
    def spoke(self, connection: Connection, job: str, turn: int, place: int, *, by_engine: bool, due: float) -> bool:
        """It is spoken; whether it was the last, and the episode shall be assembled: see `join`."""
        connection.execute(select(jobs.c.id).where(jobs.c.id == job).with_for_update())  # then the last sees all others
        todo = and_(line_is(job, place), utterances.c.state != "spoken")
        row = update(utterances).where(todo).values(state="spoken", begun=0, problem="", content="")
        if connection.execute(row).rowcount and by_engine:
            connection.execute(update(jobs).where(jobs.c.id == job).values(synthesized=jobs.c.synthesized + 1))
        return self._join(connection, job, turn, due)

    @transaction
    def later(self, connection: Connection, job: str, place: int, problem: str, due: float) -> None:
        """It failed of what may pass: it is asked for again when it is due."""
        values = {"state": "later", "begun": 0, "tries": utterances.c.tries + 1, "due": due, "problem": problem}
        todo = and_(line_is(job, place), utterances.c.state.in_(("waiting", "later")))
        connection.execute(update(utterances).where(todo).values(values))

    @transaction
    def give_up(self, connection: Connection, job: str, place: int, state: Literal["bad", "dead"], *, why: str) -> None:
        """It will not be spoken: the engine's answer is wrong ("bad"), or it ends the process ("dead")."""
        todo = and_(line_is(job, place), utterances.c.state.in_(("waiting", "later")))
        connection.execute(update(utterances).where(todo).values(state=state, problem=why))

    @transaction
    def join(self, connection: Connection, job: str, turn: int, due: float) -> bool:
        """Move a job whose utterances are over on to its assembly, or to its end; whether it shall be assembled.

        Of the workers that speak the last utterances one finds this true, and whoever is killed then is found out by
        `stalled`.
        """
        return self._join(connection, job, turn, due)

    def _join(self, connection: Connection, job: str, turn: int, due: float) -> bool:
        mine = and_(jobs.c.id == job, jobs.c.turn == turn, jobs.c.state == "speaking")
        left = exists().where(utterances.c.job == job, utterances.c.state.in_(("waiting", "later")))
        values = {"state": "assembling", "due": due}
        if not connection.execute(update(jobs).where(mine, not_(left)).values(values)).rowcount:
            return False
        lost = select(*LINE_COLUMNS).where(utterances.c.job == job, utterances.c.state.in_(("bad", "dead")))
        lines = [Line(*row) for row in connection.execute(lost.order_by(utterances.c.place))]
        if lines:
            first, *more = lines
            what = f"{first.utterance}: {first.problem}" + (f" (and {len(more)} more utterances)" if more else "")
            hint = f"Change the text, then podcast jobs retry {job}."
            error = "QualityError" if first.state == "bad" else "DeadLetter"
            self._end(connection, job, turn, (error, what, hint))
        return not lines

    @transaction
    def start_over(self, connection: Connection, job: str, turn: int, without: str, due: float) -> None:
        """Plan it again for the engines besides `without`."""
        over = {"state": "queued", "passed_over": func.trim(jobs.c.passed_over + " " + without), "due": due}
        if moved(connection, job, turn, "speaking", over):
            forget_lines(connection, job)

    @transaction
    def begin_job(self, connection: Connection, job: str, turn: int, state: State) -> Job | None:
        """The job, if it is in this state; that a worker began it is written down."""
        if not moved(connection, job, turn, state, {"begun": jobs.c.begun + 1}):
            return None
        return next(jobs_where(connection, jobs.c.id == job), None)

    @transaction
    def postpone(self, connection: Connection, job: str, turn: int, problem: str, due: float) -> None:
        """Its planning or assembly failed of what may pass; `stalled` finds it when it is due."""
        values = {"begun": 0, "tries": jobs.c.tries + 1, "due": due, "problem": problem}
        mine = and_(jobs.c.id == job, jobs.c.turn == turn, jobs.c.state.in_(MOVING))
        connection.execute(update(jobs).where(mine).values(values))

    @transaction
    def look_again(self, connection: Connection, job: str, turn: int, due: float) -> None:
        """It is under way elsewhere, or was: whoever that is may be gone by then."""
        mine = and_(jobs.c.id == job, jobs.c.turn == turn, jobs.c.due > due)
        connection.execute(update(jobs).where(mine).values(due=due))

    @transaction
    def made(
        self, connection: Connection, job: str, turn: int, *, content_hash: str, duration_seconds: float, due: float
    ) -> bool:
        """False where it was cancelled meanwhile, or starts over."""
        values = {"state": "made", "content_hash": content_hash, "duration_seconds": duration_seconds, "due": due,
                  "begun": 0, "tries": 0, "problem": ""}  # fmt: skip
        return moved(connection, job, turn, "assembling", values)

    @transaction
    def made_jobs(self, connection: Connection, show: str) -> list[Job]:
        return list(jobs_where(connection, and_(jobs.c.show == show, jobs.c.state == "made")))

    @transaction
    def published(self, connection: Connection, done: Sequence[Job]) -> None:
        for job in done:
            end = {"state": "done", "finished": self._clock(), "text": b"", "problem": "", "hint": "", "error": ""}
            if moved(connection, job.id, job.turn, "made", end):
                forget_lines(connection, job.id)

    @transaction
    def fail(self, connection: Connection, job: str, turn: int, error: PodcastError) -> None:
        what = f"{error.where}: {error.what}" if error.where else error.what
        self._end(connection, job, turn, (type(error).__name__, what, error.hint or ""))

    def _end(self, connection: Connection, job: str, turn: int, why: tuple[str, str, str]) -> None:
        error, what, hint = why
        end = {"state": "failed", "finished": self._clock(), "error": error, "problem": what, "hint": hint}
        mine = and_(jobs.c.id == job, jobs.c.turn == turn, jobs.c.state.in_(MOVING))
        connection.execute(update(jobs).where(mine).values(end))

    # --- who may, and what stalled -----------------------------------------------------------------------------

    @transaction
    def lease(self, connection: Connection, name: str, owner: str, seconds: float) -> bool:
        """Take or prolong a lease; False where another has it."""
        now = self._clock()
        mine = and_(leases.c.name == name, or_(leases.c.owner == owner, leases.c.until < now))
        values = {"owner": owner, "until": now + seconds}
        if connection.execute(update(leases).where(mine).values(values)).rowcount:
            return True
        if connection.scalar(select(exists().where(leases.c.name == name))):
            return False
        hold_turns(connection)  # of two that insert it one is first
        if connection.scalar(select(exists().where(leases.c.name == name))):
            return False
        connection.execute(insert(leases).values({"name": name, **values}))
        return True

    @transaction
    def release(self, connection: Connection, name: str, owner: str) -> None:
        connection.execute(delete(leases).where(leases.c.name == name, leases.c.owner == owner))

    @transaction
    def stalled(self, connection: Connection, state: State, queue: str, due: float, limit: int) -> list[Job]:
        """Jobs of a queue that are in a state, were not heard of since they were due, and that nobody has at work.

        They are due again at `due`.
        """
        now = self._clock()
        held = exists().where(leases.c.name == "episode " + jobs.c.id, leases.c.until > now)
        mine = and_(jobs.c.state == state, jobs.c.queue == queue, jobs.c.due < now, not_(held))
        found = [job_of(row) for row in connection.execute(
            select(*JOB_COLUMNS, SPOKEN).where(mine).order_by(jobs.c.turn).limit(limit)
        )]  # fmt: skip
        connection.execute(update(jobs).where(jobs.c.id.in_([job.id for job in found])).values(due=due))
        return found

    @transaction
    def stalled_lines(
        self, connection: Connection, state: str, engines: Sequence[str], due: float, limit: int
    ) -> list[tuple[Job, int]]:
        """Utterances in a state that are due, of interactive jobs of these engines (none: of all); due again then."""
        now = self._clock()
        of = and_(jobs.c.id == utterances.c.job, jobs.c.state == "speaking", jobs.c.queue == "interactive")
        mine = and_(of, utterances.c.state == state, utterances.c.due < now, jobs.c.engine.in_(engines))
        rows = connection.execute(
            select(*JOB_COLUMNS, SPOKEN, utterances.c.place)
            .where(mine)
            .order_by(jobs.c.turn, utterances.c.place)
            .limit(limit)
        ).all()
        found = [(job_of(row[:-1]), int(row[-1])) for row in rows]
        for job, place in found:
            connection.execute(update(utterances).where(line_is(job.id, place)).values(state="waiting", due=due))
        return found

    @transaction
    def bury(self, connection: Connection, job: str, task: str, args: Sequence[object], *, reason: str) -> None:
        """Write down what the broker gave up on."""
        values = {"job": job, "task": task, "args": json.dumps(args), "reason": reason, "time": self._clock()}
        connection.execute(insert(dead_letters).values(values))


@contextmanager
def held(ledger: Ledger, name: str, owner: str, seconds: float) -> Iterator[bool]:
    """Whether the lease is ours; it is prolonged until the end."""
    owner = f"{owner}/{secrets.token_hex(4)}"  # a process may have threads
    if not ledger.lease(name, owner, seconds):
        yield False
        return
    over = Event()

    def prolong() -> None:
        while not over.wait(seconds / 3):
            ledger.lease(name, owner, seconds)

    thread = Thread(target=prolong, daemon=True)
    thread.start()
    try:
        yield True
    finally:
        over.set()
        thread.join()
        ledger.release(name, owner)
