"""The steps in one process, on SQLite: what is spoken, what follows, and what is swept up."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from podcast.cluster.ledger import Job, Ledger, Order
from podcast.cluster.messages import Message, Patience, first_message
from podcast.cluster.places import FolderPlace
from podcast.cluster.steps import Steps, Studio
from podcast.pipeline import Production, make_episode
from podcast.publish import publish_show
from podcast.testing import FakeClock, ToneEngine
from podcast.tts.roster import Roster
from podcast.tts.synthesis import Speaker
from tests.kill_make import files
from tests.serve.stage import VOICES, ToneStudio, digest_of


class Cluster:
    """A worker, a broker that is a list, and a clock that one sets."""

    def __init__(self, root: Path, *engines: ToneEngine) -> None:
        self.root = root
        production = ToneStudio(root)()
        engines = engines or (ToneEngine(),)
        self.production: Production = replace(production, roster=Roster([Speaker(e, VOICES) for e in engines]))
        self.clock = FakeClock(1000.0)
        self.ledger = Ledger(f"sqlite:///{root}/ledger.sqlite", clock=self.clock)
        studio = Studio(self.production, FolderPlace(self.production.public))
        self.steps = Steps(
            self.ledger, {production.show.base_url: studio}, "worker", clock=self.clock, patience=Patience()
        )
        self.broker: list[Message] = []

    def ask(self, day: str = "2026-03-02", *, queue: str = "interactive", text: str = "") -> Job:
        [job] = self.ledger.add([self.order(day, queue=queue, text=text)])
        self.broker.append(first_message(job))
        return job

    def order(self, day: str = "2026-03-02", *, queue: str = "interactive", text: str = "") -> Order:
        content = (text or digest_of(day)).encode()
        names = (day, f"{day}-other")
        return Order(self.production.show.base_url, names, f"{day}.md", day, day, content, queue=queue)

    def run(self, *, lose: str = "") -> list[str]:
        """Work until the broker is empty; messages of the task `lose` are lost.  The tasks, in order."""
        done = []
        while self.broker:
            message = self.broker.pop(0)
            if message.task != lose:
                done.append(message.task)
                self.broker += getattr(self.steps, message.task.removesuffix("_edge"))(*message.args)
        return done

    def sweep(self, waiting: Mapping[str, int] | None = None) -> None:
        self.broker += self.steps.sweep(waiting or {})

    def state(self, job: Job) -> str:
        found = self.ledger.job(job.id)
        assert found is not None
        return found.state


@pytest.fixture
def cluster(tmp_path: Path) -> Cluster:
    return Cluster(tmp_path)


def clean(root: Path, *days: str) -> dict[str, bytes]:
    """The public folder that `podcast make` makes of the same digests."""
    work = ToneStudio(root)()
    for day in days:
        source = root / f"{day}.md"
        source.write_text(digest_of(day), encoding="utf-8")
        make_episode(source, work)
    publish_show(work.public, work.show)
    return files(work.public)


@pytest.mark.parametrize("queue", ["interactive", "backfill"])
def test_an_episode_is_the_one_that_make_makes(cluster: Cluster, tmp_path: Path, queue: str) -> None:
    (tmp_path / "clean").mkdir()
    jobs = [cluster.ask(day, queue=queue) for day in ("2026-03-02", "2026-03-03")]
    cluster.run()
    assert [cluster.state(job) for job in jobs] == ["done", "done"]
    assert files(cluster.production.public) == clean(tmp_path / "clean", "2026-03-02", "2026-03-03")
