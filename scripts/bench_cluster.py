#!/usr/bin/env python3
"""bench_cluster.py [--episodes 6] [--items 16] [--submit 10000]: what a cluster costs beside its work.

Busy: episodes of 40 utterances are made by two worker processes whose engine burns 0.2 s of processor time for each.
Speaking is the share of the time between the first utterance and the last in which they do; working adds planning,
mastering and publishing, which the same processes do.  Beside it stands the same work by the pool that one machine has:
two processes that make whole episodes.  Submit: how fast backfill jobs are accepted, what broker and ledger take for
them, and whether they come out in order.  Needs the Debian packages rabbitmq-server and postgresql.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import re
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path
from statistics import median
from typing import Any

from figures import Figure, add_option, markdown, save

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))  # the servers are a part of the tests

from sqlalchemy import Connection, func, select  # noqa: E402 -- needs the path above

from podcast.cluster.app import channel_of, declare, make_app  # noqa: E402
from podcast.cluster.ledger import Ledger, Order  # noqa: E402
from podcast.cluster.places import open_place  # noqa: E402
from podcast.cluster.submit import order_of, submit  # noqa: E402
from podcast.pipeline import make_episode  # noqa: E402
from podcast.publish import prepare_public, publish_show  # noqa: E402
from tests.cluster import crew as crews  # noqa: E402
from tests.cluster.crew import Crew  # noqa: E402
from tests.cluster.servers import Broker, Postgres, missing, running  # noqa: E402
from tests.serve.stage import digest_of  # noqa: E402

PROCESSES = 2
BURN_SECONDS = 0.2
DIGEST_BYTES = 12_000  # of a real day
FIRST_DAY = date(2026, 3, 2)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--episodes", type=int, default=6)
    parser.add_argument("--items", type=int, default=16, help="of a digest: two utterances each, and eight more")
    parser.add_argument("--submit", type=int, default=10_000, metavar="JOBS")
    add_option(parser)
    options = parser.parse_args()
    if reason := missing():
        parser.exit(2, f"{reason}\n")
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
        folder = Path(name)
        broker = Broker(folder / "broker")
        try:
            with running(Postgres(folder / "postgres")) as postgres:
                broker.start()
                if options.episodes:
                    busy(folder, broker, postgres, options)
                if options.submit:
                    backlog(broker, postgres, options)
        finally:
            broker.end()


# --- busy


@dataclass(frozen=True)
class Run:
    """What the processes did between the first utterance and the last."""

    wall_seconds: float  # from the submission to the last feed
    span_seconds: float
    speaking: float  # share of the processes' time in that span
    working: float
    utterances: int
    twice: int
    gap_seconds: float  # median, between utterances that follow one another in a process


def busy(folder: Path, broker: Broker, postgres: Postgres, options: argparse.Namespace) -> None:
    sources = []
    for number in range(options.episodes):
        day = (FIRST_DAY + timedelta(days=number)).isoformat()
        sources.append(folder / f"{day}.md")
        sources[-1].write_text(digest_of(day, "甲乙丙丁戊己庚辛壬癸"[number % 10] + "公司", options.items), "utf-8")
    cluster = on_cluster(folder / "cluster", sources, broker, postgres)
    pool = on_pool(folder / "pool", sources)
    rows: list[Sequence[object]] = [
        ("", "wall s", "speaking", "working", "utterances", "spoken twice", "gap between utterances")
    ]
    for name, run in (("cluster", cluster), ("pool", pool)):
        shares = (f"{run.speaking:.1%}", f"{run.working:.1%}" if run.working else "")
        rows.append(
            (name, f"{run.wall_seconds:.1f}", *shares, run.utterances, run.twice, f"{run.gap_seconds * 1000:.1f} ms")
        )
    print(markdown(rows))
    also = f"{cluster.twice} of {cluster.utterances} utterances twice, {cluster.gap_seconds * 1000:.1f} ms between two"
    save(
        [
            Figure("cluster", "workers busy", cluster.working * 100, 100.0, "%", ">= 0.9", also),
            Figure(
                "cluster", f"{len(sources)} episodes, beside the pool", cluster.wall_seconds, pool.wall_seconds, "s"
            ),
        ],
        options.figures,
    )


def on_cluster(folder: Path, sources: Sequence[Path], broker: Broker, postgres: Postgres) -> Run:
    crew = Crew(str(folder), broker.url, postgres.url, str(folder / "public"), burn_seconds=BURN_SECONDS)
    crews.write(replace(crew, sweep_seconds=10.0))
    app = make_app(broker.url)
    declare(app)
    ledger = Ledger(postgres.url)
    show = crew.production().show.base_url
    place = open_place(crew.public, folder / "scratch")
    with crews.working(folder, processes=PROCESSES):
        while "ready" not in (folder / "log").read_text():
            time.sleep(0.1)
        start = time.time()
        jobs = list(submit(app, ledger, [order_of(path, show, place, timezone="Asia/Shanghai") for path in sources]))
        while not all(job.over for job in jobs):
            time.sleep(0.2)
            jobs = ledger.jobs([job.id for job in jobs])
        wall_seconds = time.time() - start
    if any(job.state != "done" for job in jobs):
        raise SystemExit(f"not all were made: {jobs}")
    seconds = sum(map(float, re.findall(r"succeeded in ([\d.e-]+)s", (folder / "log").read_text())))
    return figures_of(folder, wall_seconds, seconds)


def on_pool(folder: Path, sources: Sequence[Path]) -> Run:
    crew = Crew(str(folder), "", "", str(folder / "public"), burn_seconds=BURN_SECONDS)
    crews.write(crew)
    work = crew.production()
    prepare_public(work.public)
    with multiprocessing.get_context("fork").Pool(PROCESSES) as pool:
        start = time.time()
        pool.starmap(made_alone, [(crew, source) for source in sources], chunksize=1)
        publish_show(work.public, work.show)
    return figures_of(folder, time.time() - start, 0.0)


def made_alone(crew: Crew, source: Path) -> None:
    make_episode(source, crew.production())


def figures_of(folder: Path, wall_seconds: float, task_seconds: float) -> Run:
    lines = crews.spoken(folder)
    span = max(end for _, _, end, _ in lines) - min(begin for _, begin, _, _ in lines)
    speaking = sum(end - begin for _, begin, end, _ in lines)
    texts = Counter(text for *_, text in lines)
    return Run(
        wall_seconds, span, speaking / span / PROCESSES, task_seconds / wall_seconds / PROCESSES, len(texts),
        texts.total() - len(texts), median(gaps(lines)),
    )  # fmt: skip


def gaps(lines: Sequence[tuple[int, float, float, str]]) -> Iterator[float]:
    last: dict[int, float] = {}
    for process, begin, end, _ in sorted(lines, key=lambda line: line[1]):
        if process in last:
            yield begin - last[process]
        last[process] = end


# --- submit


def backlog(broker: Broker, postgres: Postgres, options: argparse.Namespace) -> None:
    """Nobody works: all that is submitted waits."""
    app, ledger = make_app(broker.url), Ledger(postgres.url)
    declare(app)
    rows: list[Sequence[object]] = [("jobs", "a second", "broker MB", "ledger MB")]
    empty = broker.resident_bytes
    step = max(1, options.submit // 4)
    rates = []
    for done in range(0, options.submit, step):
        start = time.perf_counter()
        count = sum(1 for _ in submit(app, ledger, orders(done, min(step, options.submit - done))))
        rates.append(count / (time.perf_counter() - start))
        sizes = (f"{broker.resident_bytes / 1e6:.0f}", f"{ledger.within(size_bytes) / 1e6:.1f}")
        rows.append((done + count, f"{rates[-1]:.0f}", *sizes))
    turns = list(taken(app, options.submit))
    kept = turns == sorted(turns) and len(turns) == options.submit
    print(f"\nThe broker took {empty / 1e6:.0f} MB before; order kept: {'yes' if kept else 'no'}\n{markdown(rows)}")
    what = f"{options.submit} backfill jobs submitted, the last quarter beside the first"
    also = f"broker {rows[-1][2]} MB, ledger {rows[-1][3]} MB, order {'kept' if kept else 'not kept'}"
    save([Figure("cluster", what, rates[-1], rates[0], "jobs/s", "", also)], options.figures)


def orders(first: int, count: int) -> Iterator[Order]:
    for number in range(first, first + count):
        day = (date(1990, 1, 1) + timedelta(days=number)).isoformat()
        text = digest_of(day).encode().ljust(DIGEST_BYTES, b"\n")
        yield Order("https://example.org/bench/", (day,), f"{day}.md", day, day, text, queue="backfill")


def size_bytes(connection: Connection) -> int:
    return int(connection.scalar(select(func.pg_database_size("postgres"))) or 0)


def taken(app: Any, count: int) -> Iterator[int]:
    """The turns of the jobs whose messages come out, in order."""
    with channel_of(app) as channel:
        for _ in range(count):
            letter = channel.basic_get("podcast.backfill", no_ack=True)
            if letter is None:
                return
            yield int(json.loads(letter.body)[0][1])


if __name__ == "__main__":
    main()
