"""kill_serve.py [--kills 100] [--seed 1]: `podcast serve` with three jobs, killed at random instants, then let through.

The server is a program of its own with workers of its own, whose engine speaks in tones.  Three digests are sent, and
the server is killed with SIGKILL up to four times: somewhere between its start and the end of an undisturbed run, one
time in six before it listens.  Then it is let through.  What is counted: accepted jobs that were lost; files that
differ from those of an undisturbed run; entries of the feed that are missing, or there twice; files left over; workers
that outlived their server.  All shall be 0.
"""

from __future__ import annotations

import argparse
import contextlib
import fcntl
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from xml.etree import ElementTree as ET

import httpx

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from tests.serve.running import finished, serving  # noqa: E402 -- after the path
from tests.serve.stage import ToneStudio, digest_of  # noqa: E402 -- likewise

DELAY_SECONDS = 0.05  # of each request, so that a good part of a run is spent speaking
DAYS = ("2026-03-02", "2026-03-03", "2026-03-04")
DIGESTS = [digest_of(day) for day in DAYS]


@dataclass
class Tally:
    kills: int = 0
    rounds: int = 0
    killed_in: Counter[str] = field(default_factory=Counter)
    accepted: int = 0
    lost: int = 0
    feed_wrong: int = 0
    orphans: int = 0
    differing: list[str] = field(default_factory=list)
    leftovers: list[str] = field(default_factory=list)


@contextlib.contextmanager
def server(root: Path) -> Iterator[subprocess.Popen[bytes]]:
    """The server as a program of its own; it writes its port to a file."""
    (root / "port").unlink(missing_ok=True)
    program = [sys.executable, str(Path(__file__)), "--serve", str(root)]
    with (root / "log").open("ab") as log, subprocess.Popen(program, stderr=log) as running:
        try:
            yield running
        finally:
            running.kill()


def address(root: Path, running: subprocess.Popen[bytes]) -> str | None:
    """Where it listens; None where it ended first."""
    while not (root / "port").exists():
        if running.poll() is not None:
            return None
        time.sleep(0.01)
    return f"http://127.0.0.1:{(root / 'port').read_text()}"


def send(client: httpx.Client) -> list[str]:
    """Ask for all three; ids of the jobs."""
    answers = [
        client.post("/api/episodes", content=digest.encode(), headers={"Content-Type": "text/markdown"})
        for digest in DIGESTS
    ]
    assert all(answer.status_code in (200, 202) for answer in answers), answers
    return [answer.json()["id"] for answer in answers]


def let_through(root: Path) -> list[str]:
    """Let a server run until every job is over; the states of those that are not done."""
    with server(root) as running, httpx.Client(base_url=address(root, running) or "", trust_env=False) as client:
        before = [job["id"] for job in client.get("/api/jobs").json()["jobs"]]
        ids = list(dict.fromkeys([*before, *send(client)]))
        states = [str(finished(client, {"id": job}, seconds=300)["state"]) for job in ids]
        running.send_signal(signal.SIGTERM)
        running.wait(60)
    return [state for state in states if state != "done"]


def trial(folder: Path, kills: int, seed: int) -> Tally:
    """Kill at least so many times, in as many rounds as that takes."""
    rng = random.Random(seed)  # noqa: S311 -- guards nothing
    clean = folder / "clean"
    clean.mkdir()
    start = time.monotonic()
    assert let_through(clean) == []
    listening = (clean / "port").stat().st_mtime - time.time() + time.monotonic()
    feed = (clean / "public" / "feed.xml").stat().st_mtime - time.time() + time.monotonic()  # the last thing written
    start_seconds, work_seconds = listening - start, feed - listening
    tally = Tally()
    while tally.kills < kills:
        tally.rounds += 1
        root = folder / str(tally.rounds)
        root.mkdir()
        for _ in range(min(rng.randint(1, 4), kills - tally.kills)):
            early = rng.random() < 1 / 6
            _kill(root, rng.uniform(0, start_seconds if early else work_seconds), tally, early=early)
        tally.lost += len(let_through(root))
        _compare(root, clean, tally)
    return tally


def _kill(root: Path, after_seconds: float, tally: Tally, *, early: bool) -> None:
    """Start it and kill it: so long after its start, or after it listens and has been asked for all three."""
    accepted = 0
    with server(root) as running:
        if early:
            time.sleep(after_seconds)
        else:
            with httpx.Client(base_url=address(root, running) or "", trust_env=False) as client:
                accepted = len(send(client))
            time.sleep(after_seconds)
        tally.killed_in[_instant(root)] += 1
        running.kill()
        running.wait()
    tally.kills += 1
    tally.accepted += accepted
    tally.orphans += not _workers_are_gone(root)


def _workers_are_gone(root: Path) -> bool:
    """Within the time that another server's start takes anyway."""
    path = root / "state" / "workers.lock"
    if not path.exists():
        return True
    with path.open("a") as file:
        for _ in range(100):
            with contextlib.suppress(BlockingIOError):
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return True
            time.sleep(0.01)
    return False


def _instant(root: Path) -> str:
    if not (root / "port").exists():
        return "starting"
    public = root / "public"
    made = len(list(public.glob("episodes/[!.]*/episode.json")))
    if list(public.glob("episodes/.*.new")) or list(public.glob("**/.*.new")):
        return "publishing"
    if list(public.glob(".making/.*")):
        return "mastering"
    return "over" if made == len(DAYS) else "speaking" if any(root.glob("clips/*")) else "reading"


def _compare(root: Path, clean: Path, tally: Tally) -> None:
    found, expected = files(root / "public"), files(clean / "public")
    tally.differing += [name for name, content in expected.items() if found.get(name) != content]
    tally.leftovers += sorted(found.keys() - expected.keys())
    tally.leftovers += [str(path) for path in (root / "public").rglob(".*") if path.is_dir()]
    guids = [guid.text for guid in ET.parse(root / "public" / "feed.xml").getroot().findall("channel/item/guid")]
    tally.feed_wrong += abs(len(guids) - len(DAYS)) + len(guids) - len(set(guids))


def files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def serve(root: Path) -> None:
    from podcast.serve.journal import write_log

    write_log()
    with serving(root, studio=ToneStudio(root, delay_seconds=DELAY_SECONDS)) as running:
        stop: list[int] = []
        signal.signal(signal.SIGTERM, lambda number, _: stop.append(number))
        (root / ".port").write_text(str(running.port))
        (root / ".port").replace(root / "port")
        while not stop:
            time.sleep(0.02)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--serve", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        serve(options.serve)
        return
    with tempfile.TemporaryDirectory() as name:
        tally = trial(Path(name), options.kills, options.seed)
    for key, value in vars(tally).items():
        print(f"| {key} | {dict(value) if isinstance(value, Counter) else value} |")  # noqa: T201 -- a script


if __name__ == "__main__":
    main()
