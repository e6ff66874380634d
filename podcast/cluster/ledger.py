"""What was asked for and what became of it.

Every method is one transaction.  While the database is away (it restarts, the network is cut) a method waits for it, up
to two minutes; each can be repeated, so that an answer that was lost does no harm.
"""

from __future__ import annotations

import hashlib
import json
import secrets
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields
from functools import wraps
from threading import Event, Thread
from typing import Any, Concatenate, Literal, ParamSpec, TypeVar

from sqlalchemy import Connection, Row, and_, delete, exists, func, insert, not_, or_, select, update
from sqlalchemy.exc import InterfaceError, OperationalError

from podcast.cluster.schema import dead_letters, hold_turns, jobs, leases, make_tables, open_database, utterances
from podcast.errors import PodcastError, SetupError

State = Literal["queued", "speaking", "assembling", "made", "done", "failed", "cancelled"]
STATES: tuple[State, ...] = ("queued", "speaking", "assembling", "made", "done", "failed", "cancelled")
MOVING: tuple[State, ...] = STATES[:4]  # of these something is still to come
OVER: tuple[State, ...] = STATES[4:]
_AWAY_SECONDS = 120.0  # how long a database may be away

P = ParamSpec("P")
R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Order:
    """What is asked for."""

    show: str  # its base_url
    names: tuple[str, ...]  # folders its episode may have: the first that no other job has
    name: str  # of the digest's file
    title: str
    day: str  # ISO date of the digest
    text: bytes
    queue: str = "interactive"
    edition: str = ""
    accept: str = ""
    force: bool = False

    @property
    def job(self) -> str:
        """By show, name and date an episode knows its digest."""
        return hashlib.sha256(json.dumps([self.show, self.name, self.day]).encode()).hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class Job:
    """A row of `schema.jobs` without the digest, and how many of its utterances are spoken."""

    id: str
    show: str
    episode_id: str
    name: str
    title: str
    day: str
    queue: str
    edition: str
    accept: str
    force: int
    state: State
    turn: int
    engine: str
    passed_over: str
    total: int
    synthesized: int
    begun: int
    tries: int
    due: float
    created: float
    finished: float | None
    content_hash: str
    duration_seconds: float | None
    error: str
    problem: str
    hint: str
    spoken: int = 0

    @property
    def over(self) -> bool:
        return self.state in OVER


@dataclass(frozen=True, slots=True)
class Line:
    """A row of `schema.utterances`."""

    job: str
    place: int
    utterance: str
    content: str
    state: str
    begun: int
    tries: int
    problem: str


_COLUMNS = [jobs.c[field.name] for field in fields(Job)[:-1]]
_LINE = [utterances.c[field.name] for field in fields(Line)]
_SPOKEN = (
    select(func.count())
    .where(utterances.c.job == jobs.c.id, utterances.c.state == "spoken")
    .correlate(jobs)
    .scalar_subquery()
)


def _transaction(
    method: Callable[Concatenate[Ledger, Connection, P], R],
) -> Callable[Concatenate[Ledger, P], R]:
    @wraps(method)
    def run(self: Ledger, *args: P.args, **keywords: P.kwargs) -> R:
        return self.within(lambda connection: method(self, connection, *args, **keywords))

    return run  # type: ignore[return-value]  # `wraps` says less of the wrapper than is known


class Ledger:
    """Open it in each process for itself: its connections do not survive a fork."""

    def __init__(
        self, url: str, *, clock: Callable[[], float] = time.time, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        self._clock, self._sleep = clock, sleep
        self._engine = open_database(url)
        self.within(make_tables)

    def close(self) -> None:
        self._engine.dispose()

    def within(self, work: Callable[[Connection], R]) -> R:
        """Do it in a transaction, and again where the database went away.  Raises SetupError where it stays away."""
        waited = 0.0
        while True:
            try:
                with self._engine.begin() as connection:
                    return work(connection)
            except (OperationalError, InterfaceError) as error:
                if waited >= _AWAY_SECONDS:
                    where = self._engine.url.render_as_string(hide_password=True)
                    hint = "Start it, or look at cluster.ledger."
                    raise SetupError(f"the ledger does not answer: {error.orig}", where=where, hint=hint) from error
                pause = min(0.2 + waited / 4, 5.0)
                self._sleep(pause)
                waited += pause

    # --- what is asked for -------------------------------------------------------------------------------------

    @_transaction
    def add(self, connection: Connection, orders: Sequence[Order]) -> list[Job]:
        """Keep what is new or over as the last in the queue, in this order; what is in work as it is asked stays."""
        hold_turns(connection)
        turn = connection.scalar(select(func.coalesce(func.max(jobs.c.turn), 0))) or 0
        for order in orders:
            old = connection.execute(select(jobs).where(jobs.c.id == order.job)).one_or_none()
            if old and old.state in MOVING and (old.text, old.edition) == (order.text, order.edition):
                continue
            turn += 1
            values = self._fresh(turn) | {
                "show": order.show, "name": order.name, "title": order.title, "day": order.day, "text": order.text,
                "queue": order.queue, "edition": order.edition, "accept": order.accept, "force": int(order.force),
                "passed_over": "",
            }  # fmt: skip
            if old:
                _forget_lines(connection, order.job)
                connection.execute(update(jobs).where(jobs.c.id == order.job).values(values))
                continue
            others = select(jobs.c.episode_id).where(jobs.c.show == order.show, jobs.c.episode_id.in_(order.names))
            taken = set(connection.scalars(others))
            name = next(name for name in order.names if name not in taken)
            connection.execute(insert(jobs).values(values | {"id": order.job, "episode_id": name}))
        found = {job.id: job for job in _jobs(connection, jobs.c.id.in_([order.job for order in orders]))}
        return [found[order.job] for order in orders]

    def _fresh(self, turn: int) -> dict[str, Any]:
        now = self._clock()
        texts = dict.fromkeys(("engine", "content_hash", "error", "problem", "hint"), "")
        counts = dict.fromkeys(("total", "synthesized", "begun", "tries"), 0)
        return {**texts, **counts, "state": "queued", "turn": turn, "due": now, "created": now, "finished": None,
                "duration_seconds": None}  # fmt: skip

    @_transaction
    def retry(self, connection: Connection, job: str) -> Job | None:
        """Go on with one that failed or was cancelled: spoken clips are kept, what failed is asked for again."""
        hold_turns(connection)
        turn = (connection.scalar(select(func.max(jobs.c.turn))) or 0) + 1
        again = and_(jobs.c.id == job, jobs.c.state.in_(("failed", "cancelled")))
        if connection.execute(update(jobs).where(again).values(self._fresh(turn) | {"passed_over": ""})).rowcount:
            _forget_lines(connection, job)
        return next(_jobs(connection, jobs.c.id == job), None)

    @_transaction
    def cancel(self, connection: Connection, job: str) -> Job | None:
        end = {"state": "cancelled", "finished": self._clock(), "problem": "", "hint": ""}
        connection.execute(update(jobs).where(jobs.c.id == job, jobs.c.state.in_(MOVING)).values(end))
        return next(_jobs(connection, jobs.c.id == job), None)

    # --- what is known -----------------------------------------------------------------------------------------

    @_transaction
    def job(self, connection: Connection, job: str) -> Job | None:
        return next(_jobs(connection, jobs.c.id == job), None)

    @_transaction
    def jobs(self, connection: Connection, ids: Iterable[str]) -> list[Job]:
        return list(_jobs(connection, jobs.c.id.in_(list(ids))))

    @_transaction
    def newest(self, connection: Connection, limit: int, states: Sequence[str] = STATES) -> list[Job]:
        found = select(*_COLUMNS, _SPOKEN).where(jobs.c.state.in_(states)).order_by(jobs.c.turn.desc()).limit(limit)
        return [_job(row) for row in connection.execute(found)]

    @_transaction
    def counts(self, connection: Connection) -> Mapping[str, int]:
        rows = connection.execute(select(jobs.c.state, func.count()).group_by(jobs.c.state))
        return dict.fromkeys(STATES, 0) | {state: count for state, count in rows}  # noqa: C416 -- rows are no pairs to mypy

    @_transaction
    def text(self, connection: Connection, job: str) -> bytes:
        return bytes(connection.scalar(select(jobs.c.text).where(jobs.c.id == job)) or b"")

    @_transaction
    def lines(self, connection: Connection, job: str, states: Sequence[str]) -> list[Line]:
        found = select(*_LINE).where(utterances.c.job == job, utterances.c.state.in_(states))
        return [Line(*row) for row in connection.execute(found.order_by(utterances.c.place))]

    @_transaction
    def dead(self, connection: Connection, job: str | None = None) -> Sequence[Row[Any]]:
        """What the broker gave up on, the newest first."""
        found = select(dead_letters).order_by(dead_letters.c.id.desc()).limit(1000)
        return connection.execute(found.where(dead_letters.c.job == job) if job else found).all()

    # --- what a worker does ------------------------------------------------------------------------------------

    @_transaction
    def plan(
        self, connection: Connection, job: str, turn: int, *, engine: str, lines: Sequence[tuple[int, str, str]],
        due: float,
    ) -> bool:  # fmt: skip
        """Keep what is going to be spoken: (place, utterance id, content).  False where it is planned already."""
        values = {"state": "speaking", "engine": engine, "total": len(lines), "due": due, "begun": 0, "tries": 0}
        if not _moved(connection, job, turn, "queued", values):
            return False
        _forget_lines(connection, job)
        rows = [
            {"job": job, "place": place, "utterance": utterance, "content": content, "state": "waiting", "begun": 0,
             "tries": 0, "due": due, "problem": ""}
            for place, utterance, content in lines
        ]  # fmt: skip
        connection.execute(insert(utterances), rows)
        return True

    @_transaction
    def begin(self, connection: Connection, job: str, turn: int, place: int) -> Line | None:
        """The utterance, if it is still to be spoken; that a worker began it is written down."""
        speaking = exists().where(jobs.c.id == job, jobs.c.turn == turn, jobs.c.state == "speaking")
        todo = and_(_line(job, place), utterances.c.state.in_(("waiting", "later")), speaking)
        begun = update(utterances).where(todo).values(begun=utterances.c.begun + 1).returning(*_LINE)
        row = connection.execute(begun).one_or_none()
        return Line(*row) if row else None

    @_transaction
    def spoke(self, connection: Connection, job: str, place: int, *, by_engine: bool) -> None:
        todo = and_(_line(job, place), utterances.c.state != "spoken")
        row = update(utterances).where(todo).values(state="spoken", begun=0, problem="", content="")
        if connection.execute(row).rowcount and by_engine:
            connection.execute(update(jobs).where(jobs.c.id == job).values(synthesized=jobs.c.synthesized + 1))

    @_transaction
    def later(self, connection: Connection, job: str, place: int, problem: str, due: float) -> None:
        """It failed of what may pass: it is asked for again when it is due."""
        values = {"state": "later", "begun": 0, "tries": utterances.c.tries + 1, "due": due, "problem": problem}
        todo = and_(_line(job, place), utterances.c.state.in_(("waiting", "later")))
        connection.execute(update(utterances).where(todo).values(values))

    @_transaction
    def give_up(self, connection: Connection, job: str, place: int, state: Literal["bad", "dead"], *, why: str) -> None:
        """It will not be spoken: the engine's answer is wrong ("bad"), or it ends the process ("dead")."""
        todo = and_(_line(job, place), utterances.c.state.in_(("waiting", "later")))
        connection.execute(update(utterances).where(todo).values(state=state, problem=why))

    @_transaction
    def join(self, connection: Connection, job: str, turn: int, due: float) -> bool:
        """Move a job whose utterances are over on to its assembly, or to its end; whether it shall be assembled.

        Of the workers that speak the last utterances one finds this true, and whoever is killed then is found out by
        `stalled`.
        """
        mine = and_(jobs.c.id == job, jobs.c.turn == turn, jobs.c.state == "speaking")
        left = exists().where(utterances.c.job == job, utterances.c.state.in_(("waiting", "later")))
        values = {"state": "assembling", "due": due}
        if not connection.execute(update(jobs).where(mine, not_(left)).values(values)).rowcount:
            return False
        lost = select(*_LINE).where(utterances.c.job == job, utterances.c.state.in_(("bad", "dead")))
        lines = [Line(*row) for row in connection.execute(lost.order_by(utterances.c.place))]
        if lines:
            first, *more = lines
            what = f"{first.utterance}: {first.problem}" + (f" (and {len(more)} more utterances)" if more else "")
            hint = f"Change the text, then podcast jobs retry {job}."
            error = "QualityError" if first.state == "bad" else "DeadLetter"
            self._end(connection, job, turn, error, what, hint)
        return not lines

    @_transaction
    def start_over(self, connection: Connection, job: str, turn: int, without: str, due: float) -> None:
        """Plan it again for the engines besides `without`."""
        over = {"state": "queued", "passed_over": func.trim(jobs.c.passed_over + " " + without), "due": due}
        if _moved(connection, job, turn, "speaking", over):
            _forget_lines(connection, job)

    @_transaction
    def begin_job(self, connection: Connection, job: str, turn: int, state: State) -> Job | None:
        """The job, if it is in this state; that a worker began it is written down."""
        if not _moved(connection, job, turn, state, {"begun": jobs.c.begun + 1}):
            return None
        return next(_jobs(connection, jobs.c.id == job), None)

    @_transaction
    def postpone(self, connection: Connection, job: str, turn: int, problem: str, due: float) -> None:
        """Its planning or assembly failed of what may pass; `stalled` finds it when it is due."""
        values = {"begun": 0, "tries": jobs.c.tries + 1, "due": due, "problem": problem}
        mine = and_(jobs.c.id == job, jobs.c.turn == turn, jobs.c.state.in_(MOVING))
        connection.execute(update(jobs).where(mine).values(values))

    @_transaction
    def made(
        self, connection: Connection, job: str, turn: int, *, content_hash: str, duration_seconds: float, due: float
    ) -> bool:
        """False where it was cancelled meanwhile, or starts over."""
        values = {"state": "made", "content_hash": content_hash, "duration_seconds": duration_seconds, "due": due,
                  "begun": 0, "tries": 0, "problem": ""}  # fmt: skip
        return _moved(connection, job, turn, "assembling", values)

    @_transaction
    def made_jobs(self, connection: Connection, show: str) -> list[Job]:
        return list(_jobs(connection, and_(jobs.c.show == show, jobs.c.state == "made")))

    @_transaction
    def published(self, connection: Connection, done: Sequence[Job]) -> None:
        for job in done:
            end = {"state": "done", "finished": self._clock(), "text": b"", "problem": "", "hint": "", "error": ""}
            if _moved(connection, job.id, job.turn, "made", end):
                _forget_lines(connection, job.id)

    @_transaction
    def fail(self, connection: Connection, job: str, turn: int, error: PodcastError) -> None:
        what = f"{error.where}: {error.what}" if error.where else error.what
        self._end(connection, job, turn, type(error).__name__, what, error.hint or "")

    def _end(self, connection: Connection, job: str, turn: int, error: str, what: str, hint: str) -> None:
        end = {"state": "failed", "finished": self._clock(), "error": error, "problem": what, "hint": hint}
        mine = and_(jobs.c.id == job, jobs.c.turn == turn, jobs.c.state.in_(MOVING))
        connection.execute(update(jobs).where(mine).values(end))

    # --- who may, and what stalled -----------------------------------------------------------------------------

    @_transaction
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

    @_transaction
    def release(self, connection: Connection, name: str, owner: str) -> None:
        connection.execute(delete(leases).where(leases.c.name == name, leases.c.owner == owner))

    @_transaction
    def stalled(self, connection: Connection, state: State, queue: str, due: float, limit: int) -> list[Job]:
        """Jobs of a queue that are in a state, were not heard of since they were due, and that nobody has at work.

        They are due again at `due`.
        """
        now = self._clock()
        held = exists().where(leases.c.name == "episode " + jobs.c.id, leases.c.until > now)
        mine = and_(jobs.c.state == state, jobs.c.queue == queue, jobs.c.due < now, not_(held))
        found = [_job(row) for row in connection.execute(
            select(*_COLUMNS, _SPOKEN).where(mine).order_by(jobs.c.turn).limit(limit)
        )]  # fmt: skip
        connection.execute(update(jobs).where(jobs.c.id.in_([job.id for job in found])).values(due=due))
        return found

    @_transaction
    def stalled_lines(
        self, connection: Connection, state: str, engines: Sequence[str], due: float, limit: int
    ) -> list[tuple[Job, int]]:
        """Utterances in a state that are due, of interactive jobs of these engines (none: of all); due again then."""
        now = self._clock()
        of = and_(jobs.c.id == utterances.c.job, jobs.c.state == "speaking", jobs.c.queue == "interactive")
        mine = and_(of, utterances.c.state == state, utterances.c.due < now, jobs.c.engine.in_(engines))
        rows = connection.execute(
            select(*_COLUMNS, _SPOKEN, utterances.c.place)
            .where(mine)
            .order_by(jobs.c.turn, utterances.c.place)
            .limit(limit)
        ).all()
        found = [(_job(row[:-1]), int(row[-1])) for row in rows]
        for job, place in found:
            connection.execute(update(utterances).where(_line(job.id, place)).values(state="waiting", due=due))
        return found

    @_transaction
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


def _jobs(connection: Connection, condition: Any) -> Iterator[Job]:
    rows = connection.execute(select(*_COLUMNS, _SPOKEN).where(condition).order_by(jobs.c.turn))
    return (_job(row) for row in rows.all())


def _job(row: Any) -> Job:
    return Job(*row)


def _line(job: str, place: int) -> Any:
    return and_(utterances.c.job == job, utterances.c.place == place)


def _moved(connection: Connection, job: str, turn: int, state: State, values: Mapping[str, Any]) -> bool:
    mine = and_(jobs.c.id == job, jobs.c.turn == turn, jobs.c.state == state)
    return connection.execute(update(jobs).where(mine).values(values)).rowcount > 0


def _forget_lines(connection: Connection, job: str) -> None:
    connection.execute(delete(utterances).where(utterances.c.job == job))
