"""Asks again for what stalled: messages that were lost with the broker, work of whoever is gone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from podcast.cluster.ledger import Ledger
from podcast.cluster.messages import Message, first_message, speak_message
from podcast.errors import PodcastError


def sweep(ledger: Ledger, waiting: Mapping[str, int], engines: Sequence[str], due: float, batch: int) -> list[Message]:
    """What has to be sent again; it is due again at `due`.

    `waiting`: messages in each queue.  While a queue holds any, what was sent to it is taken to be among them.
    `engines`: names of all that the shows of this worker have.
    """
    messages = [speak_message(*found) for found in ledger.stalled_lines("later", engines, due, batch)]
    for queue in ("interactive", "edge"):
        if not waiting.get(queue):
            mine = [name for name in engines if (name == "edge") == (queue == "edge")]
            messages += [speak_message(*found) for found in ledger.stalled_lines("waiting", mine, due, batch)]
    for queue in ("interactive", "backfill"):
        if not waiting.get(queue):
            messages += map(first_message, ledger.stalled("queued", queue, due, batch))
        if not waiting.get("assemble"):
            for job in ledger.stalled("speaking", queue, due, batch):
                again = [Message("backfill", (job.id, job.turn), "assemble")] if queue == "backfill" else []
                messages += again or join(ledger, job.id, job.turn, due)
            made = ledger.stalled("assembling", queue, due, batch)
            messages += [Message("assemble", (job.id, job.turn), "assemble") for job in made]
        if not waiting.get("publish"):
            shows = {job.show for job in ledger.stalled("made", queue, due, batch)}
            messages += [Message("publish", (show,), "publish") for show in sorted(shows)]
    return messages


def bury(ledger: Ledger, task: str, args: Sequence[object], reason: str, due: float) -> list[Message]:
    """The broker gave up on a message: write it down, and go on without what it asked for."""
    match task, *args:
        case "speak", str(job), int(turn), int(place):
            ledger.bury(job, task, args, reason=reason)
            ledger.give_up(job, place, "dead", why=f"its speech ended every worker that tried ({reason})")
            return join(ledger, job, turn, due)
        case (("plan" | "assemble"), str(job), int(turn)):
            ledger.bury(job, task, args, reason=reason)
            hint = f"Look at the workers' log, then podcast jobs retry {job}."
            ledger.fail(job, turn, PodcastError(f"{task} ended every worker that tried ({reason})", hint=hint))
        case _, str(job), *_:  # of a backfill: the sweep asks again for what is left of it
            ledger.bury(job, task, args, reason=reason)
        case _:
            ledger.bury("", task, args, reason=reason)
    return []


def join(ledger: Ledger, id: str, turn: int, due: float) -> list[Message]:  # noqa: A002 -- the field's name
    """The assembly, where all utterances of an episode are over and it is not under way already."""
    return [Message("assemble", (id, turn), "assemble")] if ledger.join(id, turn, due) else []
