"""The steps as Celery tasks.  A task sends what follows from its step; what cannot be sent the sweep finds."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from celery import Celery
from kombu.exceptions import OperationalError

from podcast.cluster.app import DEAD, channel_of, send, waiting
from podcast.cluster.messages import Message
from podcast.cluster.steps import Steps

log = logging.getLogger("podcast.cluster")
_BURIED_AT_ONCE = 100


def add_tasks(app: Celery, steps: Callable[[], Steps], *, edge_rate: str) -> None:
    """`steps` gives those of the process that it is called in.  `edge_rate`: utterances, "5/s", of the one consumer."""

    @app.task(name="podcast.plan")
    def plan(id: str, turn: int) -> None:  # noqa: A002 -- the field's name
        send_all(app, steps().plan(id, turn))

    def speak(id: str, turn: int, place: int) -> None:  # noqa: A002 -- the field's name
        send_all(app, steps().speak(id, turn, place))

    app.task(name="podcast.speak")(speak)
    app.task(name="podcast.speak_edge", rate_limit=edge_rate)(speak)

    @app.task(name="podcast.backfill")
    def backfill(id: str, turn: int) -> None:  # noqa: A002 -- the field's name
        send_all(app, steps().backfill(id, turn))

    @app.task(name="podcast.assemble")
    def assemble(id: str, turn: int) -> None:  # noqa: A002 -- the field's name
        send_all(app, steps().assemble(id, turn))

    @app.task(name="podcast.publish")
    def publish(show: str) -> None:
        send_all(app, steps().publish(show))

    @app.task(name="podcast.sweep")
    def sweep() -> None:
        with channel_of(app) as channel:
            messages = [*bury(channel, steps()), *steps().sweep(waiting(channel))]
        send_all(app, messages)


def send_all(app: Celery, messages: Iterable[Message]) -> None:
    try:
        for message in messages:
            send(app, message)
    except OperationalError as error:
        log.warning("the broker does not take messages now, the sweep will ask again: %s", error)


def bury(channel: Any, steps: Steps) -> Iterator[Message]:
    """Take the dead letters out of their queue and write them down; what follows from it."""
    for _ in range(_BURIED_AT_ONCE):
        letter = channel.basic_get(DEAD)
        if letter is None:
            return
        task = str(letter.headers.get("task", "")).removeprefix("podcast.").removesuffix("_edge")
        [death, *_] = letter.headers.get("x-death") or [{}]
        args, reason = json.loads(letter.body)[0], str(death.get("reason", "rejected"))
        yield from steps.bury(task, args, reason)
        channel.basic_ack(letter.delivery_tag)
        log.error("gave up on %s%s: %s", task, tuple(args), reason)
