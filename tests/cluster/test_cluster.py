"""Workers that are programs of their own, on a real RabbitMQ and a real PostgreSQL."""

from __future__ import annotations

import json
import os
import signal
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from podcast.cli import main
from podcast.cluster.app import channel_of, declare, make_app
from podcast.cluster.ledger import Job, Ledger
from podcast.cluster.places import open_place
from podcast.cluster.submit import order_of, submit
from tests.cluster import crew as crews
from tests.cluster.crew import Crew
from tests.cluster.servers import Broker, Postgres
from tests.cluster.test_steps import clean
from tests.kill_make import files
from tests.serve.stage import digest_of

POISONED = "毒药"  # of a digest about it, one utterance is
POISON = f"{POISONED}今天有新的进展，编号一"
SECONDS = 400  # only where something is wrong; two cores may be shared by many


class Office:
    """Where digests are submitted and waited for."""

    def __init__(self, folder: Path, broker: Broker, postgres: Postgres, **behaviour: object) -> None:
        self.folder = folder
        self.crew = Crew(str(folder), broker.url, postgres.url, str(folder / "public"), **behaviour)  # type: ignore[arg-type]  # its own fields
        crews.write(self.crew)
        self.app = make_app(broker.url)
        declare(self.app)
        with channel_of(self.app) as channel:
            for name in ("interactive", "backfill", "assemble", "publish", "sweep", "dead"):
                channel.queue_purge(f"podcast.{name}")  # of the test before this one
        self.ledger = Ledger(postgres.url)
        self.show = self.crew.production().show.base_url

    def ask(self, day: str, topic: str, *, queue: str = "interactive") -> Job:
        source = self.folder / f"{day}.md"
        source.write_text(digest_of(day, topic), encoding="utf-8")
        place = open_place(self.crew.public, self.folder / "scratch")
        order = order_of(source, self.show, place, timezone="Asia/Shanghai", queue=queue)
        [job] = submit(self.app, self.ledger, [order])
        return job

    def over(self, *jobs: Job) -> list[Job]:
        """The jobs, once all are over."""
        end = time.monotonic() + SECONDS
        while True:
            found = {job.id: job for job in self.ledger.jobs([job.id for job in jobs])}
            if all(job.over for job in found.values()):
                return [found[job.id] for job in jobs]
            assert time.monotonic() < end, (self.folder / "log").read_text(encoding="utf-8")[-3000:]
            time.sleep(0.1)

    def spoken(self) -> int:
        return len(crews.spoken(self.folder))


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory, broker: Broker, postgres: Postgres) -> Iterator[Office]:
    made = Office(tmp_path_factory.mktemp("office"), broker, postgres, delay_seconds=0.15, poison=POISON)
    with crews.working(made.folder):
        yield made


def test_episodes_are_those_that_make_makes(office: Office, tmp_path: Path) -> None:
    for day, queue in (("2026-03-02", "interactive"), ("2026-03-03", "backfill")):
        [job] = office.over(office.ask(day, "青禾电池", queue=queue))
        assert job.state == "done"
    assert files(office.folder / "public") == clean(tmp_path, "2026-03-02", "2026-03-03")
    texts = [text for *_, text in crews.spoken(office.folder)]
    assert len(texts) == len(set(texts))


def test_an_utterance_that_ends_its_process_is_given_up_and_shown(
    office: Office, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    jobs = [
        office.ask("2026-04-01", POISONED),
        office.ask("2026-04-02", "海上风场"),
        office.ask("2026-04-03", f"又是{POISONED}", queue="backfill"),
        office.ask("2026-04-04", "新模型", queue="backfill"),
    ]
    bad, good, bad_backfill, good_backfill = office.over(*jobs)
    assert [job.state for job in (good, good_backfill)] == ["done", "done"]
    assert [(job.state, job.error) for job in (bad, bad_backfill)] == [("failed", "DeadLetter")] * 2
    monkeypatch.setenv("PODCAST_CLUSTER__LEDGER", office.crew.ledger)
    assert main(["jobs", "show", bad.id, "--json"]) == 0
    [shown] = json.loads(capsys.readouterr().out)["jobs"]
    assert "dead" in {line["state"] for line in shown["utterances"]}
    assert {letter["reason"] for letter in shown["dead_letters"]} == {"delivery_limit"}
    assert main(["jobs", "--json"]) == 0
    listed = json.loads(capsys.readouterr().out)
    assert listed["counts"]["failed"] == 2
    assert listed["dead_letters"] >= 1


def test_cancelled_by_the_command_line_it_ends(
    office: Office, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PODCAST_CLUSTER__LEDGER", office.crew.ledger)
    monkeypatch.setenv("PODCAST_CLUSTER__BROKER", office.crew.broker)
    job = office.ask("2026-05-01", "将要取消", queue="backfill")
    assert main(["jobs", "cancel", job.id]) == 0
    [now] = office.over(job)
    assert now.state == "cancelled"
    assert main(["jobs", "retry", "2026-05-01"]) == 0
    [now] = office.over(job)
    assert (now.state, capsys.readouterr().err) == ("done", "")


def test_a_worker_that_is_killed_and_never_comes_back_loses_nothing(office: Office) -> None:
    other = crews.start(office.folder, processes=1)
    try:
        before = office.spoken()
        jobs = [office.ask(f"2026-06-0{number}", f"第{number}家工厂") for number in range(1, 4)]
        while office.spoken() < before + 4:
            time.sleep(0.02)
    finally:
        crews.kill(other)
    assert [job.state for job in office.over(*jobs)] == ["done"] * 3
    again = Counter(text for *_, text in crews.spoken(office.folder)[before:])
    assert again.total() - len(again) <= 2


def test_on_sigterm_a_worker_finishes_what_it_is_at(office: Office) -> None:
    """It ends by itself, and what it had not begun is another's."""
    before, log = office.spoken(), office.folder / "log"
    ready = log.read_text(encoding="utf-8").count(" ready.")
    worker = crews.start(office.folder, processes=1)
    while log.read_text(encoding="utf-8").count(" ready.") == ready:
        time.sleep(0.1)
    jobs = [office.ask(f"2026-07-0{number}", f"第{number}条航线") for number in range(1, 3)]
    while office.spoken() < before + 4:
        time.sleep(0.02)
    os.kill(worker.pid, signal.SIGTERM)
    assert worker.wait(SECONDS) == 0
    assert [job.state for job in office.over(*jobs)] == ["done", "done"]
    again = Counter(text for *_, text in crews.spoken(office.folder)[before:])
    assert again.total() == len(again)


def submitted(office: Office, capsys: pytest.CaptureFixture[str], arguments: Sequence[str]) -> dict[str, object]:
    assert main(["make", "--cluster", "--json", *arguments]) == 0
    result: dict[str, object] = json.loads(capsys.readouterr().out)
    return result


def test_make_on_a_cluster_waits_until_the_episodes_are_there(
    office: Office, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("broker", "ledger", "public"):
        monkeypatch.setenv(f"PODCAST_CLUSTER__{name.upper()}", str(getattr(office.crew, name)))
    for day in ("2026-08-01", "2026-08-02"):
        (tmp_path / f"{day}.md").write_text(digest_of(day, "一座新桥"), encoding="utf-8")
    result = submitted(office, capsys, [str(tmp_path)])
    assert [job["state"] for job in result["jobs"]] == ["done", "done"]  # type: ignore[attr-defined]  # a list
    assert (office.folder / "public/episodes/2026-08-02/2026-08-02.mp3").is_file()
