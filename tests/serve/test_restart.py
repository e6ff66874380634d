"""The server ends, in order or not, and the next one goes on with its jobs."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest

from podcast.errors import SetupError
from podcast.serve.limits import Limits
from tests.kill_serve import trial
from tests.serve.running import finished, serving
from tests.serve.stage import ToneStudio, digest_of

MARKDOWN = {"Content-Type": "text/markdown"}


def ask(client: httpx.Client, text: str) -> dict[str, object]:
    job: dict[str, object] = client.post("/api/episodes", content=text.encode(), headers=MARKDOWN).json()
    return job


def test_killed_at_any_instant_the_server_loses_and_repeats_nothing(tmp_path: Path) -> None:
    tally = trial(tmp_path, kills=2, seed=int.from_bytes(os.urandom(4)))
    assert (tally.lost, tally.feed_wrong, tally.orphans) == (0, 0, 0), tally
    assert (tally.differing, tally.leftovers) == ([], [])


def test_a_server_that_is_stopped_requeues_what_it_was_making(tmp_path: Path) -> None:
    """With what it has spoken kept, and nothing half-made in the public folder."""
    with serving(tmp_path, studio=ToneStudio(tmp_path, delay_seconds=0.3)) as running, running.client() as client:
        jobs = [ask(client, digest_of(day)) for day in ("2026-03-02", "2026-03-03")]
        while client.get(f"/api/jobs/{jobs[0]['id']}").json()["done"] < 3:
            time.sleep(0.02)
    assert [path for path in (tmp_path / "public").rglob("*") if path.is_file()] == []
    spoken = len(list((tmp_path / "clips").rglob("*.flac")))
    assert spoken >= 3
    with serving(tmp_path) as running, running.client() as client:
        assert [finished(client, job)["state"] for job in jobs] == ["done", "done"]
        found = dict(line.rsplit(" ", 1) for line in client.get("/metrics").text.splitlines())
        assert float(found['podcast_clips_total{origin="cache"}']) >= spoken


def test_followers_of_a_job_are_let_go_when_the_server_stops(tmp_path: Path) -> None:
    with serving(tmp_path, studio=ToneStudio(tmp_path, delay_seconds=0.5)) as running, running.client() as client:
        job = ask(client, digest_of())
        with client.stream("GET", f"/api/jobs/{job['id']}/events") as events:
            lines = events.iter_lines()
            next(lines)
            running.service.close()
            rest = list(lines)  # ends
    assert not any(line == "event: done" for line in rest)


def test_two_servers_do_not_share_a_queue(tmp_path: Path) -> None:
    with serving(tmp_path), pytest.raises(SetupError, match="another server"), serving(tmp_path):
        pass


@pytest.mark.parametrize("workers", [1, 2])
def test_a_worker_that_is_killed_is_replaced_and_its_job_made(tmp_path: Path, workers: int) -> None:
    """Also where another worker has nothing to do, and waits."""
    studio, limits = ToneStudio(tmp_path, delay_seconds=0.2), Limits(concurrency=workers)
    with serving(tmp_path, studio=studio, limits=limits) as running, running.client() as client:
        job = ask(client, digest_of())
        while client.get(f"/api/jobs/{job['id']}").json()["done"] < 2:
            time.sleep(0.02)
        for maker in running.service.makers.workers:
            os.kill(maker.pid or 0, signal.SIGKILL)
        assert finished(client, job)["state"] == "done"


def test_the_command_serves_until_it_is_told_to_stop(tmp_path: Path) -> None:
    program = [sys.executable, "-m", "podcast", "serve", "-o", "public", "--port", "0"]
    environment = {**os.environ, "PODCAST_SERVE__STATE": str(tmp_path / "state")}
    with subprocess.Popen(program, cwd=tmp_path, env=environment, stderr=subprocess.PIPE, text=True) as running:
        assert running.stderr is not None
        lines = (json.loads(line) for line in running.stderr)
        address = next(line["address"] for line in lines if line["event"] == "listening")
        with httpx.Client(base_url=address, trust_env=False) as client:
            while True:
                try:
                    assert client.get("/readyz").text == "ready\n"
                    break
                except httpx.ConnectError:
                    time.sleep(0.05)
        running.send_signal(signal.SIGTERM)
        running.stderr.read()
        assert running.wait(30) in (0, -signal.SIGTERM)


def test_the_command_does_not_listen_for_others_without_a_token(tmp_path: Path) -> None:
    program = [sys.executable, "-m", "podcast", "serve", "--host", "0.0.0.0"]  # noqa: S104 -- what is refused
    run = subprocess.run(program, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert run.returncode == 2
    assert "no token is set" in run.stderr
    assert "Traceback" not in run.stderr
