"""The tables of the ledger: one schema for SQLite (one machine) and PostgreSQL (many)."""

from __future__ import annotations

import sqlite3
from typing import Any

from sqlalchemy import (
    Column,
    Connection,
    Engine,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    create_engine,
    event,
    func,
    select,
    text,
)
from sqlalchemy.exc import ArgumentError, NoSuchModuleError

from podcast.errors import ConfigError, SetupError

_BUSY_SECONDS = 30.0  # how long SQLite waits for another writer
_TURN_LOCK = 0x706F6463  # of PostgreSQL's advisory locks: "podc"

metadata = MetaData()

# One job an episode: the same file of the same day, whatever its text became.  Times are seconds since 1970.
jobs = Table(
    "jobs",
    metadata,
    Column("id", String(16), primary_key=True),
    Column("show", Text, nullable=False),  # its base_url
    Column("episode_id", Text, nullable=False),
    Column("name", Text, nullable=False),  # the digest's file name, as episode.json has it
    Column("title", Text, nullable=False),
    Column("day", Text, nullable=False),  # of the digest
    Column("text", LargeBinary, nullable=False),  # the digest; empty once the episode is published
    Column("queue", Text, nullable=False),  # interactive or backfill
    Column("edition", Text, nullable=False),  # empty: the show's own
    Column("accept", Text, nullable=False),  # ids of utterances, a space between them
    Column("force", Integer, nullable=False),  # 1: made again though nothing changed
    Column("state", Text, nullable=False),
    Column("turn", Integer, nullable=False),  # place in the order of acceptance; another one each time it starts over
    Column("engine", Text, nullable=False),  # that speaks it; empty until it is planned
    Column("passed_over", Text, nullable=False),  # engines that gave up on it, a space between them
    Column("total", Integer, nullable=False),  # utterances, equal ones counted once
    Column("synthesized", Integer, nullable=False),  # of them, by an engine and not found
    Column("begun", Integer, nullable=False),  # times its making has begun and not come to an end
    Column("tries", Integer, nullable=False),  # times its making failed of what may pass
    Column("due", Float, nullable=False),  # not heard of by then, it has stalled
    Column("created", Float, nullable=False),
    Column("finished", Float),
    Column("content_hash", Text, nullable=False),
    Column("duration_seconds", Float),
    Column("error", Text, nullable=False),  # name of the error's class
    Column("problem", Text, nullable=False),  # why it failed, or what it waits for
    Column("hint", Text, nullable=False),  # what to do about it
    UniqueConstraint("show", "episode_id"),
    Index("jobs_by_state", "state", "turn"),
    Index("jobs_by_turn", "turn"),
)

# Of jobs in work and failed ones; gone when the episode is published.
utterances = Table(
    "utterances",
    metadata,
    Column("job", ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True),
    Column("place", Integer, primary_key=True),  # in the script, from 0
    Column("utterance", Text, nullable=False),  # its id, "s03-u02"
    Column("content", Text, nullable=False),  # the whole utterance as JSON: a worker that speaks it plans nothing
    Column("state", Text, nullable=False),  # waiting, later, spoken, bad, dead
    Column("begun", Integer, nullable=False),  # times a worker began it and was not heard of again
    Column("tries", Integer, nullable=False),  # times it failed of what may pass
    Column("due", Float, nullable=False),  # "later": when it is asked for again; "waiting": by then it has stalled
    Column("problem", Text, nullable=False),
)

leases = Table(
    "leases",
    metadata,
    Column("name", Text, primary_key=True),  # "episode ID" or "show URL"
    Column("owner", Text, nullable=False),
    Column("until", Float, nullable=False),
)

# What the broker gave up on.
dead_letters = Table(
    "dead_letters",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("job", Text, nullable=False),
    Column("task", Text, nullable=False),
    Column("args", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("time", Float, nullable=False),
)


def open_database(url: str) -> Engine:
    """The engine for "sqlite:///file" or "postgresql+psycopg://user@host/name"; tables are made where they lack."""
    try:
        engine = create_engine(url, **_options(url))
    except (ArgumentError, NoSuchModuleError) as error:
        hint = "Write postgresql+psycopg://user@host/name, or sqlite:///file."
        raise ConfigError(f"cluster.ledger names no database: {error}", hint=hint) from error
    except ModuleNotFoundError as error:
        hint = 'Install it: pip install "digestcast[cluster]"'
        raise SetupError(f"the ledger needs {error.name}", hint=hint) from error
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN IMMEDIATE"))
    return engine


def _options(url: str) -> dict[str, Any]:
    if url.startswith("sqlite"):
        return {"connect_args": {"timeout": _BUSY_SECONDS}}
    # A dead host is given up after half a minute; of a connection that was cut the next transaction finds out.
    keepalive = {"keepalives_idle": 10, "keepalives_interval": 5, "keepalives_count": 3, "tcp_user_timeout": 25_000}
    return {"pool_size": 2, "connect_args": {"connect_timeout": 5, **keepalive}}


def _prepare_sqlite(connection: sqlite3.Connection, _: object) -> None:
    connection.isolation_level = None  # we say BEGIN IMMEDIATE ourselves: no transaction fails half-way for a lock
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA foreign_keys = ON")


def make_tables(connection: Connection) -> None:
    hold_turns(connection)  # two workers that start at once would both create them
    metadata.create_all(connection)


def hold_turns(connection: Connection) -> None:
    """Keep others from taking a turn until this transaction is over; SQLite has one writer anyway."""
    if connection.dialect.name == "postgresql":
        connection.execute(select(func.pg_advisory_xact_lock(_TURN_LOCK)))


def commit_soon(connection: Connection) -> None:
    """A server that crashes in the next moment may lose this transaction: it is not worth a wait for the disk."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SET LOCAL synchronous_commit = off"))
