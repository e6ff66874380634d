"""The ledger's ground: transactions that wait for the database, and its rows as objects."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, fields
from functools import wraps
from typing import Any, Concatenate, Literal, ParamSpec, TypeVar

from sqlalchemy import Connection, and_, delete, func, select, update
from sqlalchemy.exc import InterfaceError, OperationalError

from podcast.cluster.schema import jobs, make_tables, open_database, utterances
from podcast.errors import SetupError

State = Literal["queued", "speaking", "assembling", "made", "done", "failed", "cancelled"]
STATES: tuple[State, ...] = ("queued", "speaking", "assembling", "made", "done", "failed", "cancelled")
MOVING: tuple[State, ...] = STATES[:4]  # of these something is still to come
OVER: tuple[State, ...] = STATES[4:]
_AWAY_SECONDS = 120.0  # how long a database may be away

P = ParamSpec("P")
R = TypeVar("R")
D = TypeVar("D", bound="Database")


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


JOB_COLUMNS = [jobs.c[field.name] for field in fields(Job)[:-1]]
LINE_COLUMNS = [utterances.c[field.name] for field in fields(Line)]
SPOKEN = (
    select(func.count())
    .where(utterances.c.job == jobs.c.id, utterances.c.state == "spoken")
    .correlate(jobs)
    .scalar_subquery()
)


def jobs_where(connection: Connection, condition: Any) -> Iterator[Job]:
    rows = connection.execute(select(*JOB_COLUMNS, SPOKEN).where(condition).order_by(jobs.c.turn))
    return (job_of(row) for row in rows.all())


def job_of(row: Any) -> Job:
    return Job(*row)


def line_is(job: str, place: int) -> Any:
    return and_(utterances.c.job == job, utterances.c.place == place)


def moved(connection: Connection, job: str, turn: int, state: State, values: Mapping[str, Any]) -> bool:
    mine = and_(jobs.c.id == job, jobs.c.turn == turn, jobs.c.state == state)
    return connection.execute(update(jobs).where(mine).values(values)).rowcount > 0


def forget_lines(connection: Connection, job: str) -> None:
    connection.execute(delete(utterances).where(utterances.c.job == job))


def transaction(
    method: Callable[Concatenate[D, Connection, P], R],
) -> Callable[Concatenate[D, P], R]:
    @wraps(method)
    def run(self: D, *args: P.args, **keywords: P.kwargs) -> R:
        return self.within(lambda connection: method(self, connection, *args, **keywords))

    return run  # type: ignore[return-value]  # `wraps` says less of the wrapper than is known


class Database:
    """A connection pool, and transactions that wait."""

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
