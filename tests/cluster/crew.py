"""Workers under test: programs of their own, whose engine speaks in tones and writes down what it was asked for.

    python -m tests.cluster.crew FOLDER [--queues interactive ...]

FOLDER/crew.json says where everything is (`Crew`).
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import logging
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from podcast.audio import Music
from podcast.cluster.clips import BucketClips
from podcast.cluster.messages import QUEUES, Patience
from podcast.cluster.places import open_place
from podcast.cluster.steps import Studio
from podcast.cluster.worker import Cluster, run_worker
from podcast.config import load_config
from podcast.models import Utterance
from podcast.pipeline import Production
from podcast.production import production
from podcast.publish.bucket import open_bucket
from podcast.testing import ToneEngine
from podcast.tts.base import Speech, Voice
from podcast.tts.cache import ClipCache
from podcast.tts.roster import Roster
from podcast.tts.synthesis import Speaker

VOICES = {"anchor": Voice("low"), "commentator": Voice("high")}
ROOT = Path(__file__).parent.parent.parent
PATIENCE = {"lease": 6.0, "stalled": 8.0, "pause": 2.0, "longest_pause": 4.0, "tries": 60}


@dataclass(frozen=True)
class Crew:
    """Where the cluster under test is, and how its engine behaves."""

    folder: str
    broker: str
    ledger: str
    public: str  # a folder, or s3://...
    clips: str = ""  # s3://...; empty: a folder that all share
    shared: str = ""  # that folder; empty: `folder`
    burn_seconds: float = 0.0  # of processor time for each utterance
    delay_seconds: float = 0.0  # of waiting for each
    poison: str = ""  # an utterance with this text ends the process
    sweep_seconds: float = 2.0

    def cluster(self) -> Cluster:
        return Cluster(
            self.broker,
            self.ledger,
            sweep_seconds=self.sweep_seconds,
            patience=Patience(**PATIENCE),  # type: ignore[arg-type]  # numbers, as they are
        )

    def production(self) -> Production:
        folder = Path(self.folder)
        clips = ClipCache(Path(self.shared or folder) / "clips")
        if self.clips:
            clips = BucketClips(folder / "clips-here", open_bucket(self.clips))
        return replace(
            production(load_config(None, {}), public=folder / "public"),
            roster=Roster([Speaker(LoggingEngine(self), VOICES)]),
            cache=clips,
            parts=folder / "parts",
            music=Music(),
        )

    def studios(self) -> Mapping[str, Studio]:
        made = self.production()
        return {made.show.base_url: Studio(made, open_place(self.public, Path(self.folder) / "scratch"))}


class LoggingEngine(ToneEngine):
    """Writes a line for each utterance that it has spoken: process, begin, end, text."""

    def __init__(self, crew: Crew) -> None:
        super().__init__(delay_seconds=crew.delay_seconds, concurrency=1)
        self._crew = crew

    async def synthesize(self, utterance: Utterance, voice: Voice) -> Speech:
        begin = time.time()
        if self._crew.poison and self._crew.poison in utterance.spoken:
            os.kill(os.getpid(), signal.SIGKILL)
        end_of_burning = time.process_time() + self._crew.burn_seconds
        while time.process_time() < end_of_burning:
            sum(range(1000))
        speech = await super().synthesize(utterance, voice)
        await asyncio.sleep(0)
        line = json.dumps([os.getpid(), begin, time.time(), utterance.spoken], ensure_ascii=False)
        with (Path(self._crew.folder) / "spoken").open("a", encoding="utf-8") as file:
            file.write(f"{line}\n")
        return speech


def spoken(folder: Path) -> list[tuple[int, float, float, str]]:
    path = folder / "spoken"
    return [tuple(json.loads(line)) for line in path.read_text(encoding="utf-8").splitlines()] if path.exists() else []


def write(crew: Crew) -> None:
    Path(crew.folder).mkdir(parents=True, exist_ok=True)
    (Path(crew.folder) / "crew.json").write_text(json.dumps(asdict(crew)), encoding="utf-8")


def start(
    folder: Path, *, processes: int = 2, queues: Sequence[str] = QUEUES, prefix: Sequence[str] = ()
) -> subprocess.Popen[bytes]:
    """A worker in a process group of its own; its log is FOLDER/log."""
    program = [sys.executable, "-m", "tests.cluster.crew", str(folder), "--processes", str(processes)]
    with (folder / "log").open("ab") as log:
        return subprocess.Popen(
            [*prefix, *program, "--queues", *queues], stdout=log, stderr=log, cwd=ROOT, start_new_session=True,
            env=os.environ | {"PYTHONPATH": str(ROOT)},
        )  # fmt: skip


def kill(worker: subprocess.Popen[bytes]) -> None:
    """All its processes, at once."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(worker.pid, signal.SIGKILL)
    worker.wait()


@contextlib.contextmanager
def working(folder: Path, *, processes: int = 2, queues: Sequence[str] = QUEUES) -> Iterator[subprocess.Popen[bytes]]:
    worker = start(folder, processes=processes, queues=queues)
    try:
        yield worker
    finally:
        kill(worker)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--queues", nargs="+", default=QUEUES)
    options = parser.parse_args()
    logging.basicConfig(level="INFO", format="%(asctime)s %(process)d %(levelname)s %(message)s")
    crew = Crew(**json.loads((options.folder / "crew.json").read_text(encoding="utf-8")))
    name = f"crew-{os.getpid()}@test"
    sys.exit(run_worker(crew.cluster(), crew.studios, queues=options.queues, processes=options.processes, name=name))


if __name__ == "__main__":
    main()
