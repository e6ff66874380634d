"""What was asked for and what became of it: a table on disk that outlives the server."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterator
from dataclasses import asdict, dataclass, fields
from datetime import datetime
from pathlib import Path
from typing import Literal

State = Literal["queued", "running", "done", "failed", "cancelled"]
STATES: tuple[State, ...] = ("queued", "running", "done", "failed", "cancelled")

_SCHEMA = """
CREATE TABLE IF NOT EXISTS jobs (
    id TEXT PRIMARY KEY, name TEXT NOT NULL, episode_id TEXT NOT NULL, title TEXT NOT NULL, published TEXT NOT NULL,
    state TEXT NOT NULL, created REAL NOT NULL, started REAL, finished REAL, problem TEXT NOT NULL, hint TEXT NOT NULL,
    error TEXT NOT NULL, content_hash TEXT NOT NULL, duration_seconds REAL, crashes INTEGER NOT NULL,
    turn INTEGER NOT NULL, text BLOB NOT NULL
) STRICT;
CREATE UNIQUE INDEX IF NOT EXISTS one_job_an_episode ON jobs (episode_id) WHERE state IN ('queued', 'running');
CREATE INDEX IF NOT EXISTS by_state ON jobs (state, turn);
"""


def job_id(text: bytes) -> str:
    """The same digest is the same job: 64 bits of its hash."""
    return hashlib.sha256(text).hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class Job:
    """A digest that shall become an episode.  Times are seconds since 1970."""

    id: str  # 16 hex digits, from the digest's text
    name: str  # the digest's file name, as episode.json will have it
    episode_id: str
    title: str
    published: datetime
    created: float
    state: State = "queued"
    started: float | None = None
    finished: float | None = None
    problem: str = ""  # why it failed
    hint: str = ""  # what to do about it
    error: str = ""  # name of the error's class
    content_hash: str = ""  # of the episode that was made
    duration_seconds: float | None = None  # of it
    crashes: int = 0  # workers that died of it
    turn: int = 0  # place in the order of acceptance
    # What follows is of a running job and is not kept on disk.
    stage: str = ""  # "script", "tts", "audio", "publish"
    done: int = 0  # utterances
    total: int = 0
    seconds_made: float = 0.0  # of audio
    seconds_left: float | None = None  # until everything is spoken, where it can be told
    live_bytes: int = 0  # of the live file

    @property
    def over(self) -> bool:
        return self.state in ("done", "failed", "cancelled")


_KEPT = tuple(field.name for field in fields(Job))[: [field.name for field in fields(Job)].index("stage")]


class Store:
    """The table.  Every method is one transaction that is on the disk when it returns.

    A job costs some six of them, of a few milliseconds: they are made where they are called.
    """

    def __init__(self, path: Path) -> None:
        self._database = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self._database.row_factory = sqlite3.Row
        self._database.execute("PRAGMA journal_mode = WAL")
        self._database.execute("PRAGMA synchronous = FULL")  # what was answered with 202 survives a power cut
        self._database.executescript(_SCHEMA)

    def close(self) -> None:
        self._database.close()

    def add(self, job: Job, text: bytes) -> Job:
        """Keep a new job, or an old one that is asked for again, as the last in the queue.

        Raises sqlite3.IntegrityError where another job of that episode is queued or running.
        """
        [[turn]] = self._database.execute("SELECT coalesce(max(turn), 0) + 1 FROM jobs")
        values = _row(job) | {"turn": turn, "text": text}
        marks = ", ".join(f":{name}" for name in values)
        with self._database:
            self._database.execute("BEGIN IMMEDIATE")
            self._database.execute("DELETE FROM jobs WHERE id = ? AND state NOT IN ('queued', 'running')", (job.id,))
            self._database.execute(f"INSERT INTO jobs ({', '.join(values)}) VALUES ({marks})", values)  # noqa: S608 -- names of our own fields
        return self.get(job.id) or job

    def put(self, job: Job) -> None:
        """Write down what became of a job."""
        values = _row(job)
        changes = ", ".join(f"{name} = :{name}" for name in values)
        self._database.execute(f"UPDATE jobs SET {changes} WHERE id = :id", values)  # noqa: S608 -- names of our own fields

    def get(self, id: str) -> Job | None:  # noqa: A002 -- the field's name
        return next(self._select("WHERE id = ?", id), None)

    def text(self, id: str) -> bytes:  # noqa: A002 -- the field's name
        [[text]] = self._database.execute("SELECT text FROM jobs WHERE id = ?", (id,))
        return bytes(text)

    def active(self) -> list[Job]:
        """Queued and running jobs in the order of acceptance."""
        return list(self._select("WHERE state IN ('queued', 'running') ORDER BY turn"))

    def newest(self, limit: int) -> list[Job]:
        return list(self._select("ORDER BY turn DESC LIMIT ?", limit))

    def of_episode(self, episode_id: str) -> Job | None:
        """The newest job of an episode."""
        return next(self._select("WHERE episode_id = ? ORDER BY turn DESC LIMIT 1", episode_id), None)

    def counts(self) -> dict[State, int]:
        found = dict(self._database.execute("SELECT state, count(*) FROM jobs GROUP BY state").fetchall())
        return {state: found.get(state, 0) for state in STATES}

    def forget(self, finished_before: float) -> list[str]:
        """Remove jobs that were over by then; their ids."""
        found = self._database.execute(
            "DELETE FROM jobs WHERE finished < ? AND state NOT IN ('queued', 'running') RETURNING id",
            (finished_before,),
        )
        return [id for [id] in found.fetchall()]  # noqa: A001 -- the field's name

    def _select(self, rest: str, *values: object) -> Iterator[Job]:
        rows = self._database.execute(f"SELECT {', '.join(_KEPT)} FROM jobs {rest}", values)  # noqa: S608 -- of our own words
        return (Job(**{**dict(row), "published": datetime.fromisoformat(row["published"])}) for row in rows.fetchall())


def _row(job: Job) -> dict[str, object]:
    values = asdict(job)
    return {name: values[name] for name in _KEPT} | {"published": job.published.isoformat()}
