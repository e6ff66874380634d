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
        root.mkdir(exist_ok=True)
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


def test_what_is_asked_for_again_is_made_only_if_it_changed(cluster: Cluster) -> None:
    first = cluster.ask()
    cluster.run()
    before = files(cluster.production.public)
    again = cluster.ask()
    cluster.run()
    assert (again.id, cluster.state(again), files(cluster.production.public)) == (first.id, "done", before)
    changed = cluster.ask(text=digest_of("2026-03-02", "海上风场"))
    cluster.run()
    assert (changed.id, changed.episode_id, cluster.state(changed)) == (first.id, first.episode_id, "done")
    assert files(cluster.production.public)["feed.xml"] != before["feed.xml"]


def test_two_digests_of_one_day_have_folders_of_their_own(cluster: Cluster) -> None:
    one = cluster.order()
    other = replace(one, name="evening.md", text=digest_of(topic="海上风场").encode())
    jobs = cluster.ledger.add([one, other])
    assert [job.episode_id for job in jobs] == ["2026-03-02", "2026-03-02-other"]
    assert [job.episode_id for job in cluster.ledger.add([other, one])] == ["2026-03-02-other", "2026-03-02"]


@pytest.mark.parametrize("task", ["plan", "speak", "assemble", "publish"])
def test_messages_that_are_lost_are_sent_again_when_their_time_is_over(cluster: Cluster, task: str) -> None:
    """As when a broker is replaced by an empty one."""
    job = cluster.ask()
    cluster.run(lose=task)
    assert cluster.state(job) != "done"
    cluster.sweep()
    assert cluster.run() == []  # too early: they may only be slow
    cluster.clock.seconds += 100
    cluster.sweep(dict.fromkeys(("interactive", "assemble", "publish"), 1))
    assert cluster.run() == []  # the queues are not empty: they may be there
    cluster.sweep()
    cluster.run()
    assert cluster.state(job) == "done"


def test_what_is_being_spoken_is_not_asked_for_again(cluster: Cluster) -> None:
    job = cluster.ask()
    cluster.run(lose="speak")
    cluster.clock.seconds += 100
    assert cluster.ledger.begin(job.id, job.turn, 1, due=cluster.clock.seconds + 60)[1]
    cluster.sweep()
    places = {message.args[2] for message in cluster.broker}
    assert (0 in places, 1 in places) == (True, False)


def test_a_lost_backfill_goes_on_where_it_was(cluster: Cluster) -> None:
    job = cluster.ask(queue="backfill")
    cluster.broker.clear()
    cluster.steps.plan(job.id, job.turn)
    cluster.steps.speak(job.id, job.turn, 0)
    engine = cluster.production.roster.speakers[0].engine
    assert isinstance(engine, ToneEngine)
    before = len(engine.said)
    cluster.clock.seconds += 100
    cluster.sweep()
    cluster.run()
    found = cluster.ledger.job(job.id)
    assert found is not None
    assert (found.state, before, len(engine.said)) == ("done", 1, found.total)


def test_every_message_twice_makes_the_same_and_speaks_nothing_twice(cluster: Cluster, tmp_path: Path) -> None:
    (tmp_path / "clean").mkdir()
    job = cluster.ask()
    while cluster.broker:
        message = cluster.broker.pop(0)
        for _ in range(2):
            cluster.broker += getattr(cluster.steps, message.task)(*message.args)
        cluster.broker = list(dict.fromkeys(cluster.broker))
    engine = cluster.production.roster.speakers[0].engine
    assert isinstance(engine, ToneEngine)
    assert len(engine.said) == len(set(engine.said))
    assert cluster.state(job) == "done"
    assert files(cluster.production.public) == clean(tmp_path / "clean", "2026-03-02")


def test_an_episode_is_one_workers_until_its_lease_is_over(cluster: Cluster) -> None:
    job = cluster.ask()
    cluster.run(lose="assemble")
    assert cluster.ledger.lease(f"episode {job.id}", "another", 30)
    assert cluster.steps.assemble(job.id, job.turn) == []
    cluster.sweep()
    assert cluster.broker == []
    cluster.clock.seconds += 31  # sooner than a job is taken to have stalled
    cluster.sweep()
    assert cluster.run() == ["assemble", "publish"]


def test_cancelled_midway_nothing_more_is_spoken_and_nothing_published(cluster: Cluster) -> None:
    job = cluster.ask()
    cluster.broker = cluster.steps.plan(job.id, job.turn)
    cluster.steps.speak(*cluster.broker[0].args)  # type: ignore[arg-type]  # a message's
    cluster.ledger.cancel(job.id)
    cluster.run()
    engine = cluster.production.roster.speakers[0].engine
    assert isinstance(engine, ToneEngine)
    assert (len(engine.said), cluster.state(job)) == (1, "cancelled")
    assert not cluster.production.public.exists()


def test_an_utterance_that_ends_its_workers_ends_its_episode_alone(cluster: Cluster) -> None:
    """What the broker gives up on is written down, the rest is spoken, and a retry asks for it again."""
    bad, good = cluster.ask(), cluster.ask("2026-03-03")
    cluster.run(lose="speak")
    cluster.steps.bury("speak", (bad.id, bad.turn, 1), "delivery_limit")
    cluster.clock.seconds += 100
    cluster.sweep()
    cluster.run()
    found = cluster.ledger.job(bad.id)
    assert found is not None
    assert (found.state, found.error, cluster.state(good)) == ("failed", "DeadLetter", "done")
    assert "delivery_limit" in found.problem
    assert [line.state for line in cluster.ledger.lines(bad.id, ("dead",))] == ["dead"]
    assert [letter.task for letter in cluster.ledger.dead(bad.id)] == ["speak"]
    again = cluster.ledger.retry(bad.id)
    assert again is not None
    cluster.broker.append(first_message(again))
    cluster.run()
    assert cluster.state(bad) == "done"


def test_a_backfill_goes_on_without_an_utterance_that_ended_three_workers(cluster: Cluster) -> None:
    job = cluster.ask(queue="backfill")
    cluster.broker.clear()
    cluster.steps.plan(job.id, job.turn)
    for _ in range(3):
        assert cluster.ledger.begin(job.id, job.turn, 0, due=0.0)[1]  # and was not heard of again
    cluster.steps.backfill(job.id, job.turn)
    found = cluster.ledger.job(job.id)
    assert found is not None
    assert (found.state, found.spoken, found.total - found.spoken) == ("failed", found.total - 1, 1)


def test_an_engine_that_stays_away_leaves_the_episode_to_the_next(tmp_path: Path) -> None:
    away = ToneEngine(faults=lambda *_: "unavailable")
    other = ToneEngine()
    away.name = "away"
    cluster = Cluster(tmp_path, away, other)
    job = cluster.ask()
    for _ in range(12):
        cluster.run()
        cluster.clock.seconds += 200
        cluster.sweep()
    found = cluster.ledger.job(job.id)
    assert found is not None
    assert (found.state, found.engine, found.passed_over) == ("done", "tone", "away")


def test_what_was_not_spoken_well_is_named(tmp_path: Path) -> None:
    cluster = Cluster(
        tmp_path, ToneEngine(faults=lambda utterance, _: "silent" if "编号" in utterance.spoken else None)
    )
    job = cluster.ask()
    cluster.run()
    found = cluster.ledger.job(job.id)
    assert found is not None
    assert (found.state, found.error) == ("failed", "QualityError")
    assert "silent" in found.problem


def test_edge_speaks_through_a_queue_of_its_own(tmp_path: Path) -> None:
    edge = ToneEngine()
    edge.name = "edge"
    cluster = Cluster(tmp_path, edge)
    jobs = [cluster.ask(), cluster.ask("2026-03-03", queue="backfill")]
    queues = set()
    while cluster.broker:
        message = cluster.broker.pop(0)
        queues |= {message.queue} if message.task.startswith("speak") else set()
        cluster.broker += getattr(cluster.steps, message.task.removesuffix("_edge"))(*message.args)
    assert (queues, [cluster.state(job) for job in jobs]) == ({"edge"}, ["done", "done"])


def test_a_show_that_no_worker_knows_is_an_error_that_says_so(cluster: Cluster) -> None:
    [job] = cluster.ledger.add([replace(cluster.order(), show="https://example.org/other/")])
    cluster.broker.append(first_message(job))
    cluster.run()
    found = cluster.ledger.job(job.id)
    assert found is not None
    assert (found.state, "does not know the show" in found.problem) == ("failed", True)
