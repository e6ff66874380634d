"""A queue that is full, on a real broker: the submitter waits, and nothing is lost or out of order."""

from __future__ import annotations

import json
from pathlib import Path

from podcast.cluster.app import channel_of, declare, make_app
from podcast.cluster.ledger import Ledger, Order
from podcast.cluster.submit import submit
from tests.cluster.servers import Broker

ROOM = 3


def test_a_full_queue_makes_the_submitter_wait(broker: Broker, tmp_path: Path) -> None:
    app = make_app(broker.url, backlog=ROOM)
    ledger = Ledger(f"sqlite:///{tmp_path}/ledger.sqlite")
    days = [f"2026-03-0{number}" for number in range(1, 7)]
    orders = [Order("https://example.org/", (day,), f"{day}.md", day, day, b"", queue="backfill") for day in days]
    turns: list[int] = []

    def take(channel: object) -> None:
        letter = channel.basic_get("podcast.backfill", no_ack=True)  # type: ignore[attr-defined]  # has no types
        turns.append(json.loads(letter.body)[0][1])

    full: list[int] = []
    with channel_of(app) as channel:
        channel.queue_delete("podcast.backfill")  # of another size
    declare(app)
    with channel_of(app) as channel:
        for job in submit(app, ledger, orders, full=lambda: full.append(len(turns)), sleep=lambda _: take(channel)):
            assert job.queue == "backfill"
        while len(turns) < len(days):
            take(channel)
        channel.queue_delete("podcast.backfill")
    declare(make_app(broker.url))
    assert turns == sorted(turns)
    assert len(full) >= len(days) - ROOM - 1  # a quorum queue may take one more than its length
