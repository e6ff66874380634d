"""Digests -> jobs: into the ledger, then to the broker, as fast as it takes them."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path

from celery import Celery
from kombu.exceptions import OperationalError

from podcast.cluster.app import send
from podcast.cluster.ledger import Job, Ledger, Order
from podcast.cluster.messages import first_message
from podcast.cluster.places import Place
from podcast.cluster.requests import STALLED_SECONDS
from podcast.digest import read_digest
from podcast.publish import source_name
from podcast.publish.episode import slug

_AT_ONCE = 100  # jobs in one transaction
_FULL_SECONDS = 2.0  # a queue that is full, or a broker that is away, is asked again after so long


def order_of(
    source: Path, show: str, place: Place, *, timezone: str, queue: str = "interactive", edition: str = "",
    accept: frozenset[str] = frozenset(), force: bool = False,
) -> Order:  # fmt: skip
    """What is asked for with a digest.  Raises DigestError, SetupError."""
    digest = read_digest(source, timezone=timezone)
    day, name = digest.published.date().isoformat(), source_name(source)
    with_slug = f"{day}-{slug(source.stem.removeprefix(day), unique=name)}"
    names = [day, with_slug, f"{with_slug}-{slug('', unique=name)}"]  # as `episode_id` has them
    there = {name: place.episode(name) for name in names}
    ours = [other for other, found in there.items() if found and (found.source, _day(found.published)) == (name, day)]
    free = [other for other, found in there.items() if found is None]
    return Order(
        show=show, names=(*ours, *free), name=name, title=digest.title, day=day,
        text=source.read_bytes(), queue=queue, edition=edition, accept=" ".join(sorted(accept)), force=force,
    )  # fmt: skip


def _day(published: object) -> str:
    return str(published)[:10]


def submit(
    app: Celery,
    ledger: Ledger,
    orders: Iterable[Order],
    *,
    full: Callable[[], None] = lambda: None,
    sleep: Callable[[float], None] = time.sleep,
    stalled_seconds: float = STALLED_SECONDS,
) -> Iterator[Job]:
    """Each job once the broker has it; where its queue is full (`full` is told), this waits until there is room.

    Whoever is killed here loses nothing: what is in the ledger and not with the broker is swept up.
    """
    for batch in _batches(orders):
        for job in ledger.add(batch, stalled_seconds=stalled_seconds):
            if job.state == "queued":
                while not _sent(app, job):
                    full()
                    sleep(_FULL_SECONDS)
            yield job


def _batches(orders: Iterable[Order]) -> Iterator[Sequence[Order]]:
    left = iter(orders)
    while batch := list(islice(left, _AT_ONCE)):
        yield batch


def _sent(app: Celery, job: Job) -> bool:
    try:
        send(app, first_message(job))
    except OperationalError:
        return False
    return True
