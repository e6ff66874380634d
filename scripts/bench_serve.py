#!/usr/bin/env python3
"""bench_serve.py [--listeners 200] [--live 50] [--items 20]: the server under load while it makes an episode.

The engine speaks in tones and costs little, so that making an episode is script, audio and publishing.  The same digest
is made again and again, each time in a server of its own with empty caches:

  quiet       nobody listens
  listening   the listeners download ranges of 256 KiB of a 10 MB MP3, each ten times as fast as it is played, and
              `live` more hear the episode while it is made
  ours        the same, but the listeners download as fast as the server sends
  nginx       the same, but they download from an nginx with the same file; those who hear it live still hear ours

Quiet and listening take turns, three times, and the median of each counts, for machines are never quite idle.
Then, with one listener: how long after the request the first sound of the live stream comes, beside how long the engine
took for the first utterance of the same episode, with an engine of tones that takes a second, and with kokoro (which
loads its model first).  There is no intro, which would sound before the speech.

"alone" is the throughput while nothing is made.  The listeners are a process of their own, which takes as much of the
machine from the episode as the server does.  Ends with 1 where an answer was wrong, where the episode took more than
1.3 times as long with people listening, or where the first sound came more than half a second after the utterance.
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import io
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import soundfile
from figures import Figure, add_option, save

if TYPE_CHECKING:
    from podcast.work import Production

SIZE_BYTES = 10 * 2**20
RANGE_BYTES = 256 * 1024
PACE_SECONDS = RANGE_BYTES / (96_000 / 8) / 10  # between ranges: ten times as fast as 96 kbit/s are played
ALONE_SECONDS = 4.0
ALLOWED = 1.3
TURNS = 3
FIRST_SOUND_SECONDS = 0.5  # after the engine has spoken the first utterance
SILENCE = 0.002  # of full scale
MP3 = "long.mp3"
FIRST_UTTERANCE = "first-utterance"
DAY = "2026-03-02"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--listeners", type=int, default=200)
    parser.add_argument("--live", type=int, default=50)
    parser.add_argument("--items", type=int, default=20, help="of the digest")
    add_option(parser)
    parser.add_argument("--no-kokoro", action="store_true")
    parser.add_argument("--serve", nargs=3, metavar=("FOLDER", "PORT", "ENGINE"), help=argparse.SUPPRESS)
    parser.add_argument("--load", metavar="JSON", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        run_server(Path(options.serve[0]), int(options.serve[1]), options.serve[2])
        return 0
    if options.load:
        run_listeners(Crowd(**json.loads(options.load)))
        return 0
    with tempfile.TemporaryDirectory() as name:
        bench = Bench(Path(name), options.listeners, options.live, write_digest(options.items))
        engines = ["slow tones", *([] if options.no_kokoro else ["kokoro"])]
        sounds = {engine: bench.first_sound(engine) for engine in engines}
        figures = bench.run()
    print(table(figures))
    for engine, (heard, spoken) in sounds.items():
        print(f"{engine}: first sound after {heard:.2f} s; the engine took {spoken:.2f} s for the first utterance")
    save(as_figures(figures["runs"], sounds), options.figures)
    late = any(heard > spoken + FIRST_SOUND_SECONDS for heard, spoken in sounds.values())
    return 1 if figures["errors"] or late or figures["runs"]["listening"]["slower"] > ALLOWED else 0


def as_figures(runs: dict[str, Any], sounds: dict[str, tuple[float, float]]) -> Iterator[Figure]:
    for engine, (first, spoken) in sounds.items():
        what = f"first sound after the request, beside the first utterance of {engine}"
        yield Figure("serve", what, first, spoken, "s", also=f"{first - spoken:+.2f} s, at most +{FIRST_SOUND_SECONDS}")
    quiet, heard = runs["quiet"]["episode_seconds"], runs["listening"]
    also = f"server's peak {heard['server_peak_mb']} MB, {heard['mb_s']} MB/s"
    what = "an episode while people listen, beside none listening"
    yield Figure("serve", what, heard["episode_seconds"], quiet, "s", f"<= {ALLOWED}", also)
    if "nginx" in runs:
        for key, when in (("mb_s", "while one is made"), ("alone_mb_s", "alone")):
            what = f"ranges of {RANGE_BYTES // 1024} KiB {when}, beside nginx"
            yield Figure("serve", what, runs["ours"][key], runs["nginx"][key], "MB/s")


# --- the measurements


@dataclass(frozen=True)
class Crowd:
    """Who listens, and to what."""

    files: int  # port
    listeners: int
    paced: bool = False
    making: int = 0  # port of the server that makes the episode
    live: int = 0


class Bench:
    def __init__(self, folder: Path, listeners: int, live: int, digest: str) -> None:
        self._folder, self._listeners, self._live, self._digest = folder, listeners, live, digest
        self._errors: Counter[str] = Counter()

    def run(self) -> dict[str, Any]:
        others = self._folder / "nginx-files"
        others.mkdir()
        (others / MP3).write_bytes(os.urandom(SIZE_BYTES))
        with nginx(others, self._folder) as rival:
            quiet, listening = list[dict[str, Any]](), list[dict[str, Any]]()
            for turn in range(TURNS):
                quiet.append(self._run(f"quiet {turn}"))
                listening.append(self._run(f"listening {turn}", paced=True))
            runs = {"quiet": median(quiet), "listening": median(listening)}
            runs["ours"] = self._run("ours", alone=True)
            if rival:
                runs["nginx"] = self._run("nginx", rival=rival, alone=True)
        for run in runs.values():
            run["slower"] = round(run["episode_seconds"] / runs["quiet"]["episode_seconds"], 2)
        return {"listeners": self._listeners, "live": self._live, "runs": runs, "errors": dict(self._errors)}

    def _run(self, name: str, *, paced: bool = False, rival: int = 0, alone: bool = False) -> dict[str, Any]:
        """Make the episode once; `rival`: where the listeners download instead."""
        folder = self._folder / name
        (folder / "public").mkdir(parents=True)
        os.link(self._folder / "nginx-files" / MP3, folder / "public" / MP3)
        run: dict[str, Any] = {}
        with server(folder) as (port, pid):
            crowd = Crowd(rival or port, self._listeners, paced, port, self._live)
            if alone:
                run["alone_mb_s"] = self._heard(replace(crowd, making=0, live=0), partial(time.sleep, ALONE_SECONDS))
            job = post(port, self._digest)
            if name.startswith("quiet"):
                until_over(port, job["id"])
            else:
                run["mb_s"] = self._heard(crowd, partial(until_over, port, job["id"]))
            job = get(port, f"/api/jobs/{job['id']}")
            if job["state"] != "done":
                self._errors[f"the episode: {job['state']}, {job['problem']}"] += 1
            run["episode_seconds"] = round(_moment(job["finished"]) - _moment(job["started"]), 2)
            run["audio_seconds"] = round(job["duration_seconds"] or 0.0, 1)
            run["server_peak_mb"] = round(peak_bytes(pid) / 1e6, 1)
        return run

    def first_sound(self, engine: str) -> tuple[float, float]:
        """Seconds from the request to the first bytes that are no silence, and those of the engine."""
        folder = self._folder / engine
        (folder / "public").mkdir(parents=True)
        with server(folder, engine) as (port, _):
            began = time.perf_counter()
            post(port, self._digest)
            stream = bytearray()
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/api/episodes/{DAY}/live.mp3") as answer:
                while not sounds(bytes(stream)):
                    stream += answer.read1()
                heard = time.perf_counter() - began
        return heard, float((folder / FIRST_UTTERANCE).read_text())

    def _heard(self, crowd: Crowd, wait: Callable[[], object]) -> float:
        """Megabytes a second that the listeners got while `wait` waited."""
        command = [sys.executable, __file__, "--load", json.dumps(asdict(crowd))]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as listeners:
            if listeners.stdout:
                listeners.stdout.readline()  # they are there
            wait()
            listeners.send_signal(signal.SIGTERM)
            told = json.loads(listeners.communicate(timeout=60)[0])
        self._errors.update(told["errors"])
        rate: float = round(told["bytes"] / told["seconds"] / 1e6, 1)
        return rate


def sounds(stream: bytes) -> bool:
    """Whether an MP3 stream holds more than silence so far."""
    try:
        samples, _ = soundfile.read(io.BytesIO(stream), dtype="float32")
    except soundfile.LibsndfileError:
        return False
    return bool(np.abs(samples).max(initial=0.0) > SILENCE)


def median(runs: list[dict[str, Any]]) -> dict[str, Any]:
    return sorted(runs, key=lambda run: float(run["episode_seconds"]))[len(runs) // 2]


def table(figures: dict[str, Any]) -> str:
    head = ["run", "episode s", "x quiet", "MB/s", "MB/s alone", "server's peak MB"]
    keys = ["episode_seconds", "slower", "mb_s", "alone_mb_s", "server_peak_mb"]
    rows = [head] + [[name, *(str(run.get(key, "")) for key in keys)] for name, run in figures["runs"].items()]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ["  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True)) for row in rows]
    seconds = figures["runs"]["quiet"]["audio_seconds"]
    lines.append(f"{figures['listeners']} listeners, {figures['live']} live; an episode of {seconds} s")
    lines.append(f"errors: {figures['errors'] or 'none'}")
    return "\n".join(lines)


def write_digest(items: int) -> str:
    """Items of two sentences, each with another number: no clip is spoken twice."""
    news = "\n\n".join(
        f"{number}.  [第{number}家工厂投产](https://example.com/{number})\n\n"
        f"    第{number}家工厂今天投产，年产能达到{number * 37}万台，总投资{number * 13}亿元。"
        f"企业表示，明年将在{number + 3}个城市建设新的研发中心，并招聘{number * 210}名工程师。"
        for number in range(1, items + 1)
    )
    return f"---\ntitle: {DAY} 工厂早报\ndate: {DAY}\n---\n\n今天的新闻关于工厂。\n\n{news}\n"


# --- servers


@dataclass(frozen=True)
class BenchStudio:
    """What a worker makes episodes with: an engine named "tones", "slow tones" or "kokoro"."""

    folder: Path
    engine: str

    def __call__(self) -> Production:
        from podcast.audio import Music
        from podcast.config import load_config
        from podcast.production import engine, production
        from podcast.testing import ToneEngine
        from podcast.tts.base import Voice
        from podcast.tts.cache import ClipCache
        from podcast.tts.roster import Roster
        from podcast.tts.synthesis import Speaker

        config = load_config(None, {})
        if self.engine == "kokoro":
            inner, names = engine(config, "kokoro"), (config.voices.anchor.kokoro, config.voices.commentator.kokoro)
        else:
            inner, names = ToneEngine(delay_seconds=1.0 if self.engine == "slow tones" else 0.05), ("low", "high")
        voices = dict(zip(("anchor", "commentator"), map(Voice, names), strict=True))
        return replace(
            production(config, public=self.folder / "public"),
            roster=Roster([Speaker(Timed(inner, self.folder / FIRST_UTTERANCE), voices)]),
            music=Music(),
            cache=ClipCache(self.folder / "clips"),
            parts=self.folder / "parts",
        )


class Timed:
    """An engine that writes down how many seconds its first utterance took."""

    def __init__(self, inner: Any, file: Path) -> None:
        self._inner, self._file = inner, file

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    async def synthesize(self, *what: Any) -> Any:
        start = time.perf_counter()
        speech = await self._inner.synthesize(*what)
        if not self._file.exists():
            self._file.write_text(f"{time.perf_counter() - start}")
        return speech


def run_server(folder: Path, port: int, engine: str) -> None:
    from podcast.publish import prepare_public
    from podcast.serve.app import create_app
    from podcast.serve.command import run
    from podcast.serve.service import Service

    prepare_public(folder / "public")
    run(create_app(Service(folder / "state", folder / "public", BenchStudio(folder, engine))), "127.0.0.1", port)


@contextmanager
def server(folder: Path, engine: str = "tones") -> Iterator[tuple[int, int]]:
    """The port and the process id of `podcast serve` with the folder."""
    port = free_port()
    with subprocess.Popen([sys.executable, __file__, "--serve", str(folder), str(port), engine]) as running:
        try:
            until_answers(port, running)
            get(port, "/api/service")  # it listens before it answers
            yield port, running.pid
        finally:
            running.terminate()


@contextmanager
def nginx(public: Path, state: Path) -> Iterator[int | None]:
    """The port of an nginx with the folder, with one process as ours has one; None where there is no nginx."""
    program = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
    if program is None:
        yield None
        return
    port = free_port()
    temporary = " ".join(
        f"{name}_temp_path {state}/{name};" for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    config = state / "nginx.conf"
    config.write_text(
        f"daemon off; master_process off; pid {state}/pid; error_log {state}/error; "
        f"events {{ worker_connections 2048; }} http {{ access_log off; sendfile on; {temporary} "
        f"types {{ audio/mpeg mp3; }} server {{ listen 127.0.0.1:{port}; root {public}; }} }}"
    )
    with subprocess.Popen([program, "-e", str(state / "error"), "-c", str(config)]) as running:
        try:
            until_answers(port, running)
            yield port
        finally:
            running.terminate()


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def until_answers(port: int, running: subprocess.Popen[bytes]) -> None:
    while running.poll() is None:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port)):
            return
        time.sleep(0.05)
    raise SystemExit(f"{running.args!r} ended")


def get(port: int, path: str) -> Any:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}") as answer:
        return json.load(answer)


def post(port: int, digest: str) -> Any:
    headers = {"Content-Type": "text/markdown; charset=utf-8"}
    request = urllib.request.Request(f"http://127.0.0.1:{port}/api/episodes", digest.encode(), headers)
    with urllib.request.urlopen(request) as answer:  # noqa: S310 -- our own server
        return json.load(answer)


def until_over(port: int, job: str) -> None:
    while get(port, f"/api/jobs/{job}")["state"] in ("queued", "running"):
        time.sleep(0.1)


def _moment(date: str) -> float:
    return datetime.fromisoformat(date).timestamp()


def peak_bytes(pid: int) -> int:
    """The most memory that the process had (Linux)."""
    with suppress(OSError):
        for line in Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines():
            if line.startswith("VmHWM"):
                return int(line.split()[1]) * 1024
    return 0


# --- listeners


def run_listeners(crowd: Crowd) -> None:
    """Listen until SIGTERM, then print what was heard."""
    try:
        import uvloop

        uvloop.run(Listeners(crowd).run())
    except ImportError:
        asyncio.run(Listeners(crowd).run())


class Listeners:
    def __init__(self, crowd: Crowd) -> None:
        self._crowd = crowd
        self._bytes = 0
        self._errors: Counter[str] = Counter()
        self._live: Counter[str] = Counter()  # hash of what was heard
        self._scratch = bytearray(RANGE_BYTES)  # what is downloaded is counted, not kept

    async def run(self) -> None:
        loop, stop = asyncio.get_running_loop(), asyncio.Event()
        loop.add_signal_handler(signal.SIGTERM, stop.set)
        print(flush=True)
        began = time.perf_counter()
        downloads = [asyncio.create_task(self._download(number)) for number in range(self._crowd.listeners)]
        hearing = [asyncio.create_task(self._hear()) for _ in range(self._crowd.live)]
        await stop.wait()
        told = {"bytes": self._bytes, "seconds": time.perf_counter() - began}
        for task in downloads:
            task.cancel()
        if hearing:
            await asyncio.wait(hearing, timeout=20)  # the stream is at its end
        if self._crowd.live and list(self._live.values()) != [self._crowd.live]:
            self._errors[f"live streams that differ or have no end: {sorted(self._live.values())}"] += 1
        print(json.dumps(told | {"errors": dict(self._errors)}))

    async def _download(self, number: int) -> None:
        """Range after range."""
        if self._crowd.paced:
            await asyncio.sleep(PACE_SECONDS * number / self._crowd.listeners)
        loop = asyncio.get_running_loop()
        with await self._connected(self._crowd.files) as connection:
            while True:
                due = loop.time() + PACE_SECONDS
                start = number * 7919 * 13 % (SIZE_BYTES - RANGE_BYTES)
                number += 1
                await self._ask(connection, f"/{MP3}", f"Range: bytes={start}-{start + RANGE_BYTES - 1}\r\n")
                head, left = await self._head(connection)
                if not head.startswith(b"HTTP/1.1 206") or f"length: {RANGE_BYTES}\r".encode() not in head.lower():
                    self._errors[head.split(b"\r\n")[0].decode()] += 1
                    return
                left = RANGE_BYTES - left
                while left:
                    got = await loop.sock_recv_into(connection, memoryview(self._scratch)[:left])
                    if not got:
                        self._errors["a range that ended early"] += 1
                        return
                    left -= got
                    self._bytes += got
                if self._crowd.paced:
                    await asyncio.sleep(due - loop.time())

    async def _hear(self) -> None:
        """The episode that is being made, to its end."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self._crowd.making)
        writer.write(f"GET /api/episodes/{DAY}/live.mp3 HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode())
        head = await reader.readuntil(b"\r\n\r\n")
        if b" 200 " not in head.split(b"\r\n")[0]:
            self._errors[f"live: {head.splitlines()[0].decode()}"] += 1
            return
        heard = hashlib.sha256()
        while size := int(await reader.readline(), 16):  # chunked
            heard.update(await reader.readexactly(size))
            await reader.readline()
        writer.close()
        self._live[heard.hexdigest()] += 1

    async def _connected(self, port: int) -> socket.socket:
        connection = socket.socket()
        connection.setblocking(False)
        await asyncio.get_running_loop().sock_connect(connection, ("127.0.0.1", port))
        return connection

    async def _ask(self, connection: socket.socket, path: str, header: str) -> None:
        request = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n{header}\r\n".encode()
        await asyncio.get_running_loop().sock_sendall(connection, request)

    async def _head(self, connection: socket.socket) -> tuple[bytes, int]:
        """The head of an answer, and how many bytes of the body came with it."""
        head = b""
        while b"\r\n\r\n" not in head:
            chunk = await asyncio.get_running_loop().sock_recv(connection, 4096)
            if not chunk:
                return head, 0
            head += chunk
        head, _, body = head.partition(b"\r\n\r\n")
        return head + b"\r\n", len(body)


if __name__ == "__main__":
    sys.exit(main())
