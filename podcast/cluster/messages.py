"""What is sent: which step, of what, through which queue; and how long is waited for what."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from podcast.cluster.base import Job
from podcast.cluster.requests import STALLED_SECONDS

Queue = Literal["interactive", "backfill", "edge", "assemble", "publish", "sweep"]
QUEUES: tuple[Queue, ...] = ("interactive", "backfill", "edge", "assemble", "publish", "sweep")


@dataclass(frozen=True, slots=True)
class Message:
    task: str
    args: tuple[object, ...]
    queue: Queue


@dataclass(frozen=True, slots=True)
class Patience:
    """Times in seconds."""

    lease: float = 30.0  # prolonged while its owner lives: an episode that one was killed at is free after so long
    stalled: float = (
        STALLED_SECONDS  # nothing was heard of it for so long, and its queue is empty: it is asked for again
    )
    backfill: float = (
        240.0  # of one message; the rest of the episode is another's.  A task is to take ten minutes at most
    )
    pause: float = 10.0  # before what may pass is tried again, twice as long each time
    longest_pause: float = 120.0
    tries: int = 6  # of what may pass: some five minutes
    # A backfill message, which has other utterances, goes on without one that ended three workers.  A message of one
    # utterance is buried by the broker after four; more than five have begun only where the broker was lost meanwhile.
    crashes_in_backfill: int = 3
    crashes: int = 5
    batch: int = 500  # most that one sweep asks for again


def first_message(job: Job) -> Message:
    """What a queued job begins with."""
    if job.queue == "backfill":
        return Message("backfill", (job.id, job.turn), "backfill")
    return Message("plan", (job.id, job.turn), "interactive")


def speak_message(job: Job, place: int) -> Message:
    edge = job.engine == "edge"
    return Message("speak_edge" if edge else "speak", (job.id, job.turn, place), "edge" if edge else "interactive")
