"""The queues, and Celery's settings for them.

    interactive   plan, and one message for each utterance: an episode uses every machine
    backfill      one message for each episode, bounded: who submits more has to wait
    edge          utterances for edge, at one rate for the whole cluster: one worker at a time takes from it
    assemble      what has been begun is finished first: episodes come one by one, not all at the end
    publish       one message a show, likewise
    sweep         at most one message
    dead          what was delivered four times and never acknowledged

All are quorum queues: what was confirmed outlives a broker that is killed.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from celery import Celery
from kombu.entity import Exchange, Queue

from podcast.cluster.messages import QUEUES, Message

DELIVERIES = 3  # after the first: a message that ends its worker is dead after four
DEAD = "podcast.dead"
_TASK_SECONDS = 600  # no task may take longer; the broker itself closes a channel after thirty minutes
_CONFIRM_SECONDS = 20.0
# Retried for some seconds, then left to the sweep.
RETRY_POLICY = {"max_retries": 5, "interval_start": 0.1, "interval_step": 0.5, "interval_max": 2.0}


def make_app(broker: str, *, backlog: int = 10_000) -> Celery:
    """`backlog`: messages that the backfill queue holds; it is the queue's own, and changes only with a new queue."""
    app = Celery("podcast", broker=broker, set_as_current=False)
    app.conf.update(
        task_queues=[_queue(name, _limits(name, backlog)) for name in QUEUES],
        task_create_missing_queues=False,
        task_default_queue_type="quorum",
        worker_detect_quorum_queues=True,  # the prefetch count is each consumer's: quorum queues know no other
        worker_prefetch_multiplier=1,
        task_acks_late=True,
        task_reject_on_worker_lost=True,
        task_ignore_result=True,
        task_store_errors_even_if_ignored=False,
        task_time_limit=_TASK_SECONDS,
        task_publish_retry_policy=RETRY_POLICY,
        broker_transport_options={
            "confirm_publish": True,
            "confirm_timeout": _CONFIRM_SECONDS,
            "read_timeout": _CONFIRM_SECONDS * 2,
        },
        broker_heartbeat=10,  # a peer that was cut off is found after twice as long
        broker_connection_retry_on_startup=True,
        broker_connection_max_retries=None,
        broker_pool_limit=2,
        worker_proc_alive_timeout=120.0,  # tables, dictionaries, a cold disk
        worker_enable_remote_control=False,
        worker_send_task_events=False,
        worker_hijack_root_logger=False,
        worker_log_format="%(asctime)s %(levelname)s %(message)s",
        worker_task_log_format="%(asctime)s %(levelname)s %(task_name)s %(message)s",
        accept_content=["json"],
    )
    return app


def _limits(name: str, backlog: int) -> dict[str, Any]:
    if name == "backfill":
        return {"x-max-length": backlog, "x-overflow": "reject-publish"}
    if name == "sweep":
        return {"x-max-length": 1, "x-overflow": "drop-head"}
    return {"x-single-active-consumer": True} if name == "edge" else {}


def _queue(name: str, limits: dict[str, Any]) -> Queue:
    arguments = {
        "x-queue-type": "quorum",
        "x-delivery-limit": DELIVERIES,
        "x-dead-letter-exchange": DEAD,
        "x-dead-letter-routing-key": DEAD,
        **limits,
    }
    if name == "sweep":  # the next is on its way
        del arguments["x-dead-letter-exchange"], arguments["x-dead-letter-routing-key"]
    key = f"podcast.{name}"
    return Queue(key, Exchange("podcast", type="topic"), routing_key=key, queue_arguments=arguments)


def dead_queue() -> Queue:
    return Queue(DEAD, Exchange(DEAD, type="direct"), routing_key=DEAD, queue_arguments={"x-queue-type": "quorum"})


def declare(app: Celery) -> None:
    """Make the queues where they lack.  Raises kombu's OperationalError where the broker does not answer."""
    with channel_of(app) as channel:
        for queue in (dead_queue(), *app.conf.task_queues):
            queue(channel).declare()


def send(app: Celery, message: Message) -> None:
    """Returns when the broker has the message on its disk.  Raises kombu's OperationalError where it will not."""
    key = f"podcast.{message.queue}"
    app.send_task(f"podcast.{message.task}", args=message.args, queue=key, routing_key=key, exchange="podcast")


@contextmanager
def channel_of(app: Celery) -> Iterator[Any]:
    with app.connection_for_read() as connection, connection.channel() as channel:
        yield channel


def waiting(channel: Any) -> dict[str, int]:
    """Messages in each queue that no worker has taken."""
    names = (*QUEUES, "dead")
    return {name: channel.queue_declare(f"podcast.{name}", passive=True).message_count for name in names}
