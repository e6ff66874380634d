"""kill_publish.py [--kills 50] [--seed 1] [--server moto|weed]: an upload to S3, killed at random instants.

A public folder goes on from day to day: an episode comes, one is made again under its name with other bytes and another
length, one is taken down.  Each day's upload runs in a process of its own, is killed with SIGKILL up to four times,
each time somewhere between its start and the end of an upload without kills, and then let through.  After each kill the
store is read: what the feed and its older pages name must be there with the length they say, and every object must be
one whole version of its file.  After the last run the store holds the folder, byte for byte.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import random
import shutil
import tempfile
import time
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from multiprocessing import get_context
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path

from podcast.publish.bucket import Bucket
from podcast.publish.storage import visible_files
from podcast.publish.upload import enclosures, upload
from tests.object_store import BUCKET, SERVERS, Server, serve

BASE_URL = "https://pod.example/news/"
PREFIX = "news"
PAGE_EPISODES = 4
LARGE_BYTES = 5 << 20  # the least that S3 takes for a part
SIZES_BYTES = (40_000, 300_000, 7_000_000)  # of audio; the last goes up in two parts


def write_feeds(public: Path, names: list[str]) -> None:
    """feed.xml with the newest episodes and feed-1.xml with the others."""
    newest = names[-PAGE_EPISODES:]
    for feed, episodes in {"feed-1.xml": names[:-PAGE_EPISODES], "feed.xml": newest}.items():
        items = "".join(
            f'<item><guid>{name}</guid><enclosure url="{BASE_URL}episodes/{name}/{name}.mp3" '
            f'length="{(public / f"episodes/{name}/{name}.mp3").stat().st_size}" type="audio/mpeg"/></item>'
            for name in reversed(episodes)
        )
        (public / feed).write_text(f"<rss><channel>{items}</channel></rss>")


class Show:
    """A public folder that changes from day to day."""

    def __init__(self, public: Path, seed: int) -> None:
        self.public, self.rng, self.day = public, random.Random(seed), 0  # noqa: S311 -- guards nothing
        self.names: list[str] = []
        self.versions: defaultdict[str, set[str]] = defaultdict(set)  # key -> digests of all it ever was

    def next_day(self) -> None:
        self.day += 1
        if self.names:
            self._episode(self.rng.choice(self.names))
        if len(self.names) > PAGE_EPISODES + 2:
            gone = self.names.pop(self.rng.randrange(len(self.names)))
            shutil.rmtree(self.public / "episodes" / gone)
        self.names.append(f"2026-{self.day:04}")
        self._episode(self.names[-1])
        (self.public / "index.html").write_text(f"<p>{self.day}</p>")
        write_feeds(self.public, self.names)
        for key, path in visible_files(self.public):
            self.versions[key].add(digest(path.read_bytes()))

    def _episode(self, name: str) -> None:
        folder = self.public / "episodes" / name
        folder.mkdir(parents=True, exist_ok=True)
        size_bytes = self.rng.choice(SIZES_BYTES) + self.rng.randrange(1000)
        (folder / f"{name}.mp3").write_bytes(self.rng.randbytes(size_bytes))
        for file in ("transcript.vtt", "chapters.json", "episode.json", "index.html"):
            (folder / file).write_text(f"{name} {file} {self.day}")


def digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def child(public: Path, environment: dict[str, str], ready: Connection) -> None:
    os.environ.update(environment)
    store = Bucket(BUCKET, PREFIX, large_bytes=LARGE_BYTES, part_bytes=LARGE_BYTES)
    ready.send(None)
    upload(public, store, delete=store.contents() != {})


@dataclass
class Tally:
    kills: int = 0
    days: int = 0
    killed_when: Counter[str] = field(default_factory=Counter)
    named: int = 0  # episodes that a feed named, over all looks
    not_whole: list[str] = field(default_factory=list)
    differing: list[str] = field(default_factory=list)


class Trial:
    def __init__(self, folder: Path, server: Server, seed: int) -> None:
        self.public, self.server, self.tally = folder / "public", server, Tally()
        self.show = Show(self.public, seed)
        self.client = server.client()
        self.context = get_context("forkserver")
        self.context.set_forkserver_preload(["boto3.s3.transfer", "podcast.publish.bucket", "podcast.publish.upload"])

    def run(self, kills: int) -> Tally:
        while self.tally.kills < kills:
            self.tally.days += 1
            self.show.next_day()
            if self.tally.days > 2:  # the first two uploads are measured
                for _ in range(min(self.show.rng.randint(2, 4), kills - self.tally.kills)):
                    if not self._kill(self.show.rng.uniform(0, self.run_seconds)):
                        break
            self._finish()
        return self.tally

    def _start(self) -> BaseProcess:
        ours, theirs = self.context.Pipe()
        run = self.context.Process(target=child, args=(self.public, self.server.environment, theirs))
        run.start()
        assert ours.poll(60)
        ours.recv()
        return run

    def _kill(self, after_seconds: float) -> bool:
        run = self._start()
        time.sleep(after_seconds)
        run.kill()
        run.join()
        instant = self._look()
        if run.exitcode == 0:
            return False
        self.tally.kills += 1
        self.tally.killed_when[instant] += 1
        return True

    def _finish(self) -> None:
        run = self._start()
        start = time.monotonic()
        run.join(120)
        self.run_seconds = time.monotonic() - start
        assert run.exitcode == 0, run.exitcode
        self._look()
        there = self._objects()
        here = {key: path.read_bytes() for key, path in visible_files(self.public)}
        self.tally.differing += [key for key in here if there.get(key) != here[key]]
        copies = {key for key in there if key.count(".") == 2}  # set aside for apps that have read the feed
        self.tally.differing += there.keys() - here.keys() - copies

    def _objects(self) -> dict[str, bytes]:
        found = self.client.list_objects_v2(Bucket=BUCKET, Prefix=f"{PREFIX}/").get("Contents", [])
        return {
            entry["Key"].removeprefix(f"{PREFIX}/"): self.client.get_object(Bucket=BUCKET, Key=entry["Key"])[
                "Body"
            ].read()
            for entry in found
        }

    def _look(self) -> str:
        """Read the store as an app does; what the feed is at this instant."""
        there = self._objects()
        named: dict[str, int] = {}
        for feed in ("feed.xml", "feed-1.xml"):
            named |= enclosures(there.get(feed, b""))
            for key, length_bytes in enclosures(there.get(feed, b"")).items():
                self.tally.named += 1
                if len(there.get(key, b"")) != length_bytes:
                    self.tally.not_whole.append(f"{feed} {key}")
        for key, content in there.items():
            versions = self.show.versions[_original(key)]
            if digest(content) not in versions and not key.startswith("feed"):
                self.tally.not_whole.append(key)
        present = there.get("feed.xml") == (self.public / "feed.xml").read_bytes()
        aside = any(key != _original(key) for key in named)
        return "feed is new" if present else "feed names copies" if aside else "feed is old"


def _original(key: str) -> str:
    """The file that a copy was set aside of."""
    parts = key.split(".")
    return f"{parts[0]}.{parts[-1]}" if len(parts) == 3 else key


def trial(folder: Path, server: Server, *, kills: int, seed: int) -> Tally:
    return Trial(folder, server, seed).run(kills)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--server", choices=SERVERS, default="moto")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name, serve(options.server) as server:
        tally = trial(Path(name), server, kills=options.kills, seed=options.seed)
    for key, value in vars(tally).items():
        print(f"| {key} | {dict(value) if isinstance(value, Counter) else value} |")  # noqa: T201 -- a script


if __name__ == "__main__":
    main()
