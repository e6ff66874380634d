"""`podcast worker`: a machine joins the cluster.

Celery's main process takes messages and forks the processes that work; each opens ledger, show and engine for itself
after the fork, and loads its model with the first utterance.  On SIGTERM each finishes what it is at.
"""

from __future__ import annotations

import logging
import os
import socket
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from celery import Celery, bootsteps
from celery.signals import worker_process_init
from celery.worker import state

from podcast.cluster.app import declare, make_app, send
from podcast.cluster.ledger import Ledger
from podcast.cluster.messages import QUEUES, Message, Patience, Queue
from podcast.cluster.steps import Steps, Studio
from podcast.cluster.tasks import add_tasks

log = logging.getLogger("podcast.cluster")
Studios = Callable[[], Mapping[str, Studio]]  # opened in each process; by the show's base_url
_METRICS_SECONDS = 15.0


@dataclass(frozen=True)
class Cluster:
    """Where everything is."""

    broker: str
    ledger: str
    backlog: int = 10_000
    edge_rate: str = "5/s"
    sweep_seconds: float = 10.0
    patience: Patience = field(default_factory=Patience)
    metrics: Path | None = None  # a file for node_exporter's textfile collector


def run_worker(
    cluster: Cluster, studios: Studios, *, queues: Sequence[Queue] = QUEUES, processes: int, name: str = ""
) -> int:
    """Work until SIGTERM or SIGINT; Celery's exit status.

    Raises kombu's OperationalError where the broker does not answer, SetupError where the ledger does not.
    """
    app = make_app(cluster.broker, backlog=cluster.backlog)
    rooms = _Rooms(cluster, studios)
    add_tasks(app, rooms.steps, edge_rate=cluster.edge_rate)
    app.steps["consumer"].add(_Timers)
    app.conf.podcast_cluster = cluster
    Ledger(cluster.ledger).close()  # better a word now than in each task
    declare(app)
    worker_process_init.connect(rooms.enter, weak=False)
    # Edge waits for the network: threads do, and one worker at a time has the queue.
    pool = "threads" if list(queues) == ["edge"] else "prefork"
    worker = app.Worker(
        hostname=name or f"podcast@{socket.gethostname()}",
        concurrency=processes,
        pool=pool,
        queues=[f"podcast.{queue}" for queue in queues],
        loglevel="INFO",
        without_gossip=True,
        without_mingle=True,
        without_heartbeat=True,
    )
    worker.start()
    return int(worker.exitcode or 0)


class _Rooms:
    """The steps of each process: a connection or a model that was opened before a fork is not the child's."""

    def __init__(self, cluster: Cluster, studios: Studios) -> None:
        self._cluster, self._studios = cluster, studios
        self._of: tuple[int, Steps] | None = None

    def enter(self, **_: object) -> None:
        self.steps()

    def steps(self) -> Steps:
        pid = os.getpid()
        if self._of is None or self._of[0] != pid:
            ledger = Ledger(self._cluster.ledger)
            owner = f"{socket.gethostname()}:{pid}"
            self._of = (pid, Steps(ledger, self._studios(), owner, patience=self._cluster.patience))
        return self._of[1]


class _Timers(bootsteps.StartStopStep):  # type: ignore[misc]  # Celery has no types
    """While connected, the main process asks for a sweep now and then, and says how it is."""

    requires = ("celery.worker.consumer.tasks:Tasks",)

    def __init__(self, consumer: Any, **_: object) -> None:  # noqa: ARG002 -- Celery passes it
        self._timers: list[Any] = []

    def start(self, consumer: Any) -> None:
        cluster: Cluster = consumer.app.conf.podcast_cluster
        self._timers = [consumer.timer.call_repeatedly(cluster.sweep_seconds, _ask_for_sweep, (consumer.app,))]
        if cluster.metrics:
            args = (cluster.metrics, consumer.pool.num_processes)
            self._timers.append(consumer.timer.call_repeatedly(_METRICS_SECONDS, write_metrics, args))

    def stop(self, consumer: Any) -> None:  # noqa: ARG002 -- likewise
        for timer in self._timers:
            timer.cancel()


def _ask_for_sweep(app: Celery) -> None:
    try:
        send(app, Message("sweep", (), "sweep"))
    except Exception as error:  # noqa: BLE001 -- of the broker, which is away: the next is in some seconds
        log.warning("no sweep now: %s", error)


def write_metrics(path: Path, processes: int) -> None:
    """Whole at any instant: node_exporter may read it now."""
    taken = Counter({str(name).removeprefix("podcast."): count for name, count in state.total_count.items()})
    lines = [
        "# TYPE podcast_worker_tasks_total counter",
        *(f'podcast_worker_tasks_total{{task="{name}"}} {count}' for name, count in sorted(taken.items())),
        "# TYPE podcast_worker_busy gauge",
        f"podcast_worker_busy {len(state.active_requests)}",
        "# TYPE podcast_worker_processes gauge",
        f"podcast_worker_processes {processes}",
        "# TYPE podcast_worker_seen_seconds gauge",
        f"podcast_worker_seen_seconds {time.time():.0f}",
    ]
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    temporary.write_text("\n".join(lines) + "\n", encoding="utf-8")
    temporary.replace(path)
