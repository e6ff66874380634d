"""The ledger as those see it who ask for episodes: orders, and what became of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Row, and_, func, insert, select, update

from podcast.cluster.base import (
    JOB_COLUMNS,
    LINE_COLUMNS,
    MOVING,
    SPOKEN,
    STATES,
    Database,
    Job,
    Line,
    Order,
    forget_lines,
    job_of,
    jobs_where,
    transaction,
)
from podcast.cluster.schema import dead_letters, hold_turns, jobs, utterances

STALLED_SECONDS = 60.0  # a minute is longer than the way to a broker takes
_AT_ONCE = 5000  # ids in one question; databases take some ten thousand


class Requests(Database):
    # --- what is asked for -------------------------------------------------------------------------------------

    @transaction
    def add(
        self, connection: Connection, orders: Sequence[Order], *, stalled_seconds: float = STALLED_SECONDS
    ) -> list[Job]:
        """Keep what is new or over as the last in the queue, in this order; what is in work as it is asked stays.

        A job that nothing is heard of for `stalled_seconds` is swept up.
        """
        hold_turns(connection)
        turn = connection.scalar(select(func.coalesce(func.max(jobs.c.turn), 0))) or 0
        for order in orders:
            old = connection.execute(select(jobs).where(jobs.c.id == order.job)).one_or_none()
            if old and old.state in MOVING and (old.text, old.edition) == (order.text, order.edition):
                continue
            turn += 1
            values = self._fresh(turn, stalled_seconds) | {
                "show": order.show, "name": order.name, "title": order.title, "day": order.day, "text": order.text,
                "queue": order.queue, "edition": order.edition, "accept": order.accept, "force": int(order.force),
                "passed_over": "",
            }  # fmt: skip
            if old:
                forget_lines(connection, order.job)
                connection.execute(update(jobs).where(jobs.c.id == order.job).values(values))
                continue
            others = select(jobs.c.episode_id).where(jobs.c.show == order.show, jobs.c.episode_id.in_(order.names))
            taken = set(connection.scalars(others))
            name = next((name for name in order.names if name not in taken), f"{order.day}-{order.job}")
            connection.execute(insert(jobs).values(values | {"id": order.job, "episode_id": name}))
        found = {job.id: job for job in jobs_where(connection, jobs.c.id.in_([order.job for order in orders]))}
        return [found[order.job] for order in orders]

    def _fresh(self, turn: int, stalled_seconds: float = STALLED_SECONDS) -> dict[str, Any]:
        now = self._clock()
        texts = dict.fromkeys(("engine", "content_hash", "error", "problem", "hint"), "")
        counts = dict.fromkeys(("total", "synthesized", "begun", "tries"), 0)
        ends = dict.fromkeys(("finished", "duration_seconds"))
        times = {"due": now + stalled_seconds, "created": now}
        return {**texts, **counts, **ends, **times, "state": "queued", "turn": turn}

    @transaction
    def retry(self, connection: Connection, job: str) -> Job | None:
        """Go on with one that failed or was cancelled: spoken clips are kept, what failed is asked for again."""
        hold_turns(connection)
        turn = (connection.scalar(select(func.max(jobs.c.turn))) or 0) + 1
        again = and_(jobs.c.id == job, jobs.c.state.in_(("failed", "cancelled")))
        if connection.execute(update(jobs).where(again).values(self._fresh(turn) | {"passed_over": ""})).rowcount:
            forget_lines(connection, job)
        return next(jobs_where(connection, jobs.c.id == job), None)

    @transaction
    def cancel(self, connection: Connection, job: str) -> Job | None:
        """An episode that is made already stays."""
        end = {"state": "cancelled", "finished": self._clock(), "problem": "", "hint": ""}
        connection.execute(update(jobs).where(jobs.c.id == job, jobs.c.state.in_(MOVING[:-1])).values(end))
        return next(jobs_where(connection, jobs.c.id == job), None)

    # --- what is known -----------------------------------------------------------------------------------------

    @transaction
    def job(self, connection: Connection, job: str) -> Job | None:
        return next(jobs_where(connection, jobs.c.id == job), None)

    @transaction
    def jobs(self, connection: Connection, ids: Iterable[str]) -> list[Job]:
        every = list(ids)
        parts = (every[start : start + _AT_ONCE] for start in range(0, len(every), _AT_ONCE))
        return [job for part in parts for job in jobs_where(connection, jobs.c.id.in_(part))]

    @transaction
    def of_episode(self, connection: Connection, episode_id: str) -> list[Job]:
        return list(jobs_where(connection, jobs.c.episode_id == episode_id))

    @transaction
    def newest(self, connection: Connection, limit: int, states: Sequence[str] = STATES) -> list[Job]:
        found = select(*JOB_COLUMNS, SPOKEN).where(jobs.c.state.in_(states)).order_by(jobs.c.turn.desc()).limit(limit)
        return [job_of(row) for row in connection.execute(found)]

    @transaction
    def counts(self, connection: Connection) -> Mapping[str, int]:
        rows = connection.execute(select(jobs.c.state, func.count()).group_by(jobs.c.state))
        return dict.fromkeys(STATES, 0) | {state: count for state, count in rows}  # noqa: C416 -- rows are no pairs to mypy

    @transaction
    def text(self, connection: Connection, job: str) -> bytes:
        return bytes(connection.scalar(select(jobs.c.text).where(jobs.c.id == job)) or b"")

    @transaction
    def lines(self, connection: Connection, job: str, states: Sequence[str]) -> list[Line]:
        found = select(*LINE_COLUMNS).where(utterances.c.job == job, utterances.c.state.in_(states))
        return [Line(*row) for row in connection.execute(found.order_by(utterances.c.place))]

    @transaction
    def dead(self, connection: Connection, job: str | None = None) -> Sequence[Row[Any]]:
        """What the broker gave up on, the newest first."""
        found = select(dead_letters).order_by(dead_letters.c.id.desc()).limit(1000)
        return connection.execute(found.where(dead_letters.c.job == job) if job else found).all()
