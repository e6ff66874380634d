"""kill_make.py [--kills 200] [--seed 1]: `make`, killed at random instants, then let run to its end.

An episode is made in a process of its own (forked, so that its life is the work and not the start of Python) by an
engine that speaks in tones and writes down what it was asked for.  It is killed with SIGKILL up to eight times, each
time somewhere between its start and the end of a run without kills, and then let through.  What is counted: clips in
the cache that are not whole; utterances spoken again although their clip had been stored; files of the public folder
that differ from an undisturbed run's, or are left over from killed ones.  All shall be 0.
"""

from __future__ import annotations

import argparse
import os
import random
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field, replace
from multiprocessing import get_context
from multiprocessing.process import BaseProcess
from pathlib import Path

from podcast.audio import Music
from podcast.config import load_config
from podcast.models import Utterance
from podcast.pipeline import make_episode
from podcast.production import production
from podcast.publish import publish_show
from podcast.testing import ToneEngine
from podcast.tts.base import Speech, Voice
from podcast.tts.cache import ClipCache
from podcast.tts.roster import Roster
from podcast.tts.synthesis import Speaker

DELAY_SECONDS = 0.1  # of each request, so that a good part of a run is spent speaking
CONCURRENCY = 3
VOICES = {"anchor": Voice("low"), "commentator": Voice("high")}
DIGEST = """---
title: "2026.03.02 科技早报"
date: 2026-03-02T08:00:00+08:00
---

今天有三条新闻值得一听。

1.  [青禾电池完成融资](https://example.com/1)

    青禾电池宣布完成新一轮融资。资金将用于固态电池量产。公司没有透露估值。

2.  [海上风场并网](https://example.com/2)

    这座风场离岸八十公里。全部机组已经并网。它能满足一座城市的用电。

3.  [新模型发布](https://example.com/3)

    新模型可以在手机上运行。开发者今天就能下载。

### 点评

成本正在成为主线。明年会有更多消息。
"""


class LoggingEngine(ToneEngine):
    """Writes each text it is asked for to a file, as surely as a clip is written."""

    def __init__(self, log: Path) -> None:
        super().__init__(delay_seconds=DELAY_SECONDS, concurrency=CONCURRENCY)
        self._log = log

    async def synthesize(self, utterance: Utterance, voice: Voice) -> Speech:
        with self._log.open("a", encoding="utf-8") as file:
            file.write(f"{utterance.spoken}\n")
            file.flush()
            os.fsync(file.fileno())
        return await super().synthesize(utterance, voice)


def make(folder: Path, name: str, clips: str = "") -> None:
    """What `podcast make` does, with tones and without music: folder/name is the public folder."""
    public = folder / name
    work = replace(
        production(load_config(None, {}), public=public),
        roster=Roster([Speaker(LoggingEngine(folder / f"{name}.log"), VOICES)]),
        cache=ClipCache(folder / (clips or f"{name}-clips")),
        parts=folder / f"{name}-parts",
        music=Music(),
    )
    make_episode(folder / "2026-03-02.md", work)
    publish_show(public, work.show)


def spawn(folder: Path, name: str) -> BaseProcess:
    """`make` in a process of its own."""
    run = get_context("fork").Process(target=make, args=(folder, name))
    run.start()
    return run


def finish(run: BaseProcess) -> None:
    run.join(120)
    assert run.exitcode == 0


@dataclass
class Tally:
    kills: int = 0
    episodes: int = 0
    killed_in: Counter[str] = field(default_factory=Counter)
    damaged: int = 0
    differing: int = 0
    spoken: int = 0
    needed: int = 0
    repeated: int = 0
    leftovers: list[str] = field(default_factory=list)


def trial(folder: Path, kills: int, seed: int) -> Tally:
    """Kill at least so many times, in as many episodes as that takes."""
    rng = random.Random(seed)  # noqa: S311 -- guards nothing
    (folder / "2026-03-02.md").write_text(DIGEST, encoding="utf-8")
    make(folder, "clean")  # here, so that tables are read once and every child has them
    start = time.monotonic()
    finish(spawn(folder, "timed"))
    run_seconds = time.monotonic() - start
    tally = Tally()
    while tally.kills < kills:
        tally.episodes += 1
        tally.needed += len(lines(folder / "clean.log"))
        episode = _Episode(folder, str(tally.episodes), tally)
        for _ in range(min(rng.randint(3, 8), kills - tally.kills)):
            if not episode.kill(rng.uniform(0, run_seconds)):
                break
        episode.finish()
    return tally


class _Episode:
    def __init__(self, folder: Path, name: str, tally: Tally) -> None:
        self.folder, self.name, self.tally = folder, name, tally
        self.public, self.log = folder / name, folder / f"{name}.log"
        self.cache = ClipCache(folder / f"{name}-clips")
        self.stored: set[str] = set()  # spoken texts whose clip is in the cache

    def kill(self, after_seconds: float) -> bool:
        """Start it and kill it; False if it had ended by then."""
        before = len(lines(self.log))
        run = spawn(self.folder, self.name)
        time.sleep(after_seconds)
        run.kill()
        run.join()
        self._count(before)
        if run.exitcode == 0:
            return False
        self.tally.kills += 1
        self.tally.killed_in[self._instant(asked=len(lines(self.log)) > before)] += 1
        return True

    def finish(self) -> None:
        """Let it through, an hour later, when nobody can still be at work on what is unfinished."""
        for path in (*self.public.rglob("*"), *self.cache.folder.rglob("*.part")):
            if path.is_file():
                os.utime(path, (time.time() - 7200, time.time() - 7200))
        before = len(lines(self.log))
        finish(spawn(self.folder, self.name))
        self._count(before)
        self.tally.spoken += len(lines(self.log))
        found, clean = files(self.public), files(self.folder / "clean")
        self.tally.differing += sum(found.get(key) != clean[key] for key in clean)
        self.cache.prune()  # as the next episode does: this one may have been whole before that hour had passed
        self.tally.leftovers += found.keys() - clean.keys()
        hidden = [path for path in self.public.rglob(".*") if path.is_dir()]
        self.tally.leftovers += map(str, (*hidden, *self.cache.folder.rglob("*.part")))

    def _count(self, before: int) -> None:
        self.tally.repeated += len(self.stored.intersection(lines(self.log)[before:]))
        clips = [self.cache.get(path.stem, "") for path in self.cache.folder.glob("??/*.flac")]
        self.tally.damaged += clips.count(None)
        self.stored = {mark.text for clip in clips if clip for mark in clip.marks}

    def _instant(self, *, asked: bool) -> str:
        if (self.public / "feed.xml").exists():
            return "writing pages"
        if any(self.public.glob("episodes/*")):
            return "publishing"
        if any(self.public.glob(".making/.*")):
            return "mastering"
        return "speaking" if asked else "reading"


def lines(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8").splitlines() if path.exists() else []


def files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        tally = trial(Path(name), options.kills, options.seed)
    for key, value in vars(tally).items():
        print(f"| {key} | {dict(value) if isinstance(value, Counter) else value} |")  # noqa: T201 -- a script


if __name__ == "__main__":
    main()
