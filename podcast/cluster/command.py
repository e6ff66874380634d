"""`podcast worker`, `podcast jobs`, `podcast make --cluster`: settings -> a cluster."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

import platformdirs
from celery import Celery
from kombu.exceptions import OperationalError

from podcast.audio import check_music
from podcast.cluster.app import declare, make_app
from podcast.cluster.clips import BucketClips
from podcast.cluster.ledger import Ledger
from podcast.cluster.memory import processes_that_fit
from podcast.cluster.messages import QUEUES, Queue
from podcast.cluster.places import Place, open_place
from podcast.cluster.steps import Studio
from podcast.cluster.worker import Cluster, run_worker
from podcast.errors import ConfigError, SetupError
from podcast.production import production
from podcast.publish import check_show
from podcast.publish.bucket import open_bucket
from podcast.publish.storage import S3
from podcast.settings import Config


def work(configs: Sequence[Config], *, queues: Sequence[str], processes: int | None) -> int:
    """Work for these shows until SIGTERM; the first config says where the cluster is."""
    first = configs[0]
    count = processes or first.cluster.processes or processes_that_fit(first.cluster.process_megabytes * 1_000_000)
    shared = [_sharing_cores(config, count) for config in configs]
    for studio in studios(shared).values():  # what is wrong is said now, and not in each process
        check_show(studio.production.show)
        check_music(studio.production.music, studio.production.target)
    chosen: list[Queue] = [queue for queue in QUEUES if not queues or queue in queues]
    logging.basicConfig(level="INFO", format="%(asctime)s %(process)d %(levelname)s %(message)s")
    with _told(first):
        return run_worker(cluster_of(first), lambda: studios(shared), queues=chosen, processes=count)


def _sharing_cores(config: Config, processes: int) -> Config:
    """Kokoro would take all cores in each process."""
    kokoro = config.tts.kokoro
    threads = kokoro.threads or max(1, len(os.sched_getaffinity(0)) // processes)
    return replace(config, tts=replace(config.tts, kokoro=replace(kokoro, threads=threads)))


def cluster_of(config: Config) -> Cluster:
    settings = config.cluster
    if not settings.broker:
        hint = "Set cluster.broker, or PODCAST_CLUSTER__BROKER: amqp://user:password@host:5672//"
        raise ConfigError("no cluster is named", where=str(config.path or "environment"), hint=hint)
    return Cluster(
        broker=settings.broker,
        ledger=ledger_url(config),
        backlog=settings.backlog,
        edge_rate=f"{settings.edge_rate:g}/s",
        metrics=config.resolve(settings.metrics) if settings.metrics else None,
    )


def ledger_url(config: Config) -> str:
    if config.cluster.ledger:
        return config.cluster.ledger
    path = platformdirs.user_state_path("digestcast") / "cluster.sqlite"
    path.parent.mkdir(parents=True, exist_ok=True)
    return f"sqlite:///{path}"


def open_app(config: Config) -> Celery:
    """Where messages are sent.  Raises ConfigError, SetupError."""
    cluster = cluster_of(config)
    app = make_app(cluster.broker, backlog=cluster.backlog)
    with _told(config):
        declare(app)
    return app


class _told:  # noqa: N801 -- read as a verb
    """Says in a person's words that the broker does not answer."""

    def __init__(self, config: Config) -> None:
        parts = urlsplit(config.cluster.broker)
        self._where = f"{parts.hostname}:{parts.port or 5672}"  # without the password

    def __enter__(self) -> None: ...

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, OperationalError | OSError):
            hint = "Start it, or look at cluster.broker."
            raise SetupError(f"the broker does not answer: {error}", where=self._where, hint=hint) from error


def place_of(config: Config) -> Place:
    target = config.cluster.public or "public"
    scratch = config.cache_folder / "cluster"
    return open_place(target if target.startswith(S3) else str(config.resolve(target)), scratch)


def studios(configs: Iterable[Config]) -> Mapping[str, Studio]:
    found = (_studio(config) for config in configs)
    return {studio.production.show.base_url: studio for studio in found}


def _studio(config: Config) -> Studio:
    made = production(config, public=Path("public"))  # each episode is told where
    if config.cluster.clips:
        cache = made.cache
        clips = BucketClips(cache.folder, open_bucket(config.cluster.clips), limit_bytes=cache.limit_bytes)
        made = replace(made, cache=clips)
    return Studio(made, place_of(config))


def open_ledger(config: Config) -> Ledger:
    return Ledger(ledger_url(config))
