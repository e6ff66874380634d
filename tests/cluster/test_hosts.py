"""Two hosts: workers in network namespaces of their own, one of them cut off while it speaks."""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from podcast.cluster.app import declare, make_app
from podcast.cluster.ledger import Ledger
from podcast.cluster.places import open_place
from podcast.cluster.submit import order_of, submit
from tests.cluster import crew as crews
from tests.cluster.crew import Crew
from tests.cluster.servers import Broker, Postgres, missing, running
from tests.cluster.test_steps import clean
from tests.kill_make import files
from tests.serve.stage import digest_of

SECONDS = 400
HOSTS = 2


def ip(*arguments: str) -> None:
    subprocess.run([shutil.which("ip") or "ip", *arguments], check=True, capture_output=True)


@contextlib.contextmanager
def network() -> Iterator[list[str]]:
    """Names of two namespaces that reach 10.98.N.1, which is this machine, each over a link of its own."""
    if shutil.which("ip") is None:
        pytest.skip("there is no ip (Debian: iproute2)")
    mark = secrets.token_hex(2)
    names = [f"podcast{mark}{number}" for number in range(HOSTS)]
    made = []
    try:
        for number, name in enumerate(names):
            ip("netns", "add", name)
            made.append(name)
            link = link_of(name)
            ip("link", "add", link, "type", "veth", "peer", "name", "eth0", "netns", name)
            ip("addr", "add", f"10.98.{number}.1/24", "dev", link)
            ip("link", "set", link, "up")
            ip("-n", name, "addr", "add", f"10.98.{number}.2/24", "dev", "eth0")
            ip("-n", name, "link", "set", "eth0", "up")
            ip("-n", name, "link", "set", "lo", "up")
            ip("-n", name, "route", "add", "default", "via", f"10.98.{number}.1")
        yield names
    except (subprocess.CalledProcessError, PermissionError) as error:
        if made == names:
            raise
        pytest.skip(f"network namespaces are not permitted here: {getattr(error, 'stderr', error)!r}")
    finally:
        for name in made:
            ip("netns", "del", name)


def link_of(name: str) -> str:
    return f"p{name.removeprefix('podcast')}"


@pytest.mark.skipif(os.getuid() != 0, reason="network namespaces need root")
def test_a_host_that_is_cut_off_midway_loses_nothing(tmp_path: Path) -> None:
    """Its connections are neither closed nor answered; what it took is made by the other."""
    if reason := missing():
        pytest.skip(reason)
    with network() as hosts, contextlib.ExitStack() as stack:
        postgres = stack.enter_context(running(Postgres(tmp_path / "postgres", "0.0.0.0")))  # noqa: S104 -- of namespaces
        broker = Broker(tmp_path / "broker", "0.0.0.0")  # noqa: S104 -- likewise
        stack.callback(broker.end)
        broker.start()
        workers = []
        for number, host in enumerate(hosts):
            folder = tmp_path / host
            crew = Crew(
                str(folder), broker.url.replace("0.0.0.0", f"10.98.{number}.1"),  # noqa: S104 -- its own way there
                postgres.url.replace("0.0.0.0", f"10.98.{number}.1"),  # noqa: S104 -- likewise
                str(tmp_path / "public"), shared=str(tmp_path / "shared"), delay_seconds=0.3,
            )  # fmt: skip
            crews.write(crew)
            workers.append(crews.start(folder, processes=1, prefix=("ip", "netns", "exec", host)))
            stack.callback(crews.kill, workers[-1])
        app = make_app(broker.url)
        declare(app)
        ledger = Ledger(postgres.url)
        jobs = []
        for day in ("2026-03-02", "2026-03-03"):
            source = tmp_path / f"{day}.md"
            source.write_text(digest_of(day), encoding="utf-8")
            place = open_place(str(tmp_path / "public"), tmp_path / "scratch")
            order = order_of(source, crew.production().show.base_url, place, timezone="Asia/Shanghai")
            jobs += submit(app, ledger, [order])
        while not all(len(crews.spoken(tmp_path / host)) >= 2 for host in hosts):
            time.sleep(0.05)
        ip("link", "set", link_of(hosts[0]), "down")
        end = time.monotonic() + SECONDS
        while not all(job.over for job in jobs):
            assert time.monotonic() < end, jobs
            time.sleep(0.2)
            jobs = ledger.jobs([job.id for job in jobs])
        assert [job.state for job in jobs] == ["done", "done"]
        (tmp_path / "clean").mkdir()
        assert files(tmp_path / "public") == clean(tmp_path / "clean", "2026-03-02", "2026-03-03")
