"""What a worker process does: it reads digests and makes episodes, one at a time, as its server asks through a pipe.

    server -> worker   ("read" | "preview", text, name)   ("make", digest, episode id, live file, lock)   ("go",)
    worker -> server   ("ready",)   ("told", what, ...)   ("done", result)   ("failed", class, what, where, hint, trace)

Before an episode is published the worker asks: ("told", "publish") waits for ("go",).  Until then nothing that anyone
can see has changed, so that a server which cancels need only kill it.  A worker ends with its server: the pipe's end is
the server's end, whatever became of that.
"""

from __future__ import annotations

import fcntl
import os
import queue
import signal
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from podcast.config import load_config
from podcast.draft import read_draft, read_source_text
from podcast.errors import PodcastError
from podcast.models import Clip, Script
from podcast.pipeline import Made, Watcher, make_episode
from podcast.production import production
from podcast.publish import publish_show
from podcast.script import script_json
from podcast.serve.journal import write_log
from podcast.serve.livefile import LiveWatcher
from podcast.text import narrate
from podcast.text.report import script_report
from podcast.tts.synthesis import Progress
from podcast.work import Production

Studio = Callable[[], Production]  # crosses into the worker: it has to be picklable


@dataclass(frozen=True)
class ConfiguredStudio:
    """What `podcast make` works with; made in each worker, from the same file and environment."""

    config: Path | None
    public: Path
    engine: str | None
    show: str = ""  # of several shows in the config: this one

    def __call__(self) -> Production:
        config = load_config(self.config, os.environ)
        return production(config.shows[self.show] if self.show else config, public=self.public, engine=self.engine)


@dataclass(frozen=True, slots=True)
class Summary:
    """What a server has to know of a digest."""

    title: str
    published: datetime
    items: int
    warnings: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Outcome:
    """An episode that was made."""

    content_hash: str
    duration_seconds: float
    synthesized: int
    cached: int
    warnings: tuple[str, ...]
    seconds: dict[str, float]


def work(pipe: Connection, studio: Studio, alive: Path) -> None:
    """The worker's whole life.  `alive`: a file that it holds a shared lock on as long as it lives."""
    write_log()
    for number in (signal.SIGINT, signal.SIGTERM):  # sent to the whole group: the server says when to stop
        signal.signal(number, signal.SIG_IGN)
    asked: queue.SimpleQueue[tuple[Any, ...]] = queue.SimpleQueue()
    threading.Thread(target=_listen, args=(pipe, asked), daemon=True).start()
    with alive.open("a") as file:
        fcntl.flock(file, fcntl.LOCK_SH)
        voice = _Voice(pipe)
        with voice.failures():
            production = studio()
            voice.say("ready")
            while True:
                _answer(asked, voice, production)


def _listen(pipe: Connection, asked: queue.SimpleQueue[tuple[Any, ...]]) -> None:
    try:
        while True:
            asked.put(pipe.recv())
    except (EOFError, OSError):
        os._exit(0)  # whatever the other threads are at: nobody waits for it any more


class _Voice:
    """Says things to the server, from any thread."""

    def __init__(self, pipe: Connection) -> None:
        self._pipe = pipe
        self._lock = threading.Lock()

    def say(self, *message: Any) -> None:
        with self._lock:
            try:
                self._pipe.send(message)
            except OSError:
                os._exit(0)

    @contextmanager
    def failures(self) -> Iterator[None]:
        """Say what goes wrong inside."""
        try:
            yield
        except PodcastError as error:
            self.say("failed", type(error).__name__, error.what, error.where, error.hint, "")
        except OSError as error:
            what = f"{error.strerror or error}"
            self.say("failed", "SetupError", what, None, None, traceback.format_exc())
        except Exception as error:  # noqa: BLE001 -- told to the server, which logs it
            what = f"unexpected {type(error).__name__}"
            self.say("failed", "Defect", what, None, None, traceback.format_exc())


def _answer(asked: queue.SimpleQueue[tuple[Any, ...]], voice: _Voice, production: Production) -> None:
    match asked.get():
        case ("read", str(text), str(name)):
            with voice.failures():
                digest = read_source_text(text, Path(name), timezone=production.timezone).digest
                voice.say("done", Summary(digest.title, digest.published, len(digest.items), digest.warnings))
        case ("preview", str(text), str(name)):
            with voice.failures():
                voice.say("done", preview(text, name, production))
        case ("make", Path(), str(), Path(), Path()) as request:
            with voice.failures():
                voice.say("done", _make(request[1:], production, _Teller(voice, asked)))
        case message:
            voice.say("failed", "Defect", f"not understood: {message[0]}", None, None, "")


def _make(request: tuple[Path, str, Path, Path], production: Production, teller: _Teller) -> Outcome:
    source, episode, live, lock = request
    # An engine that was out of reach for the last episode may be back; the loaded models stay.
    production = replace(production, roster=production.roster.afresh())
    writing = LiveWatcher(live, production.music, production.target, teller.grew)
    made = make_episode(source, production, id=episode, watcher=_Both(writing, teller))
    writing.finish()
    teller.stage("publish")  # of an episode that was there already nothing has been told
    with lock.open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)  # one at a time: each sees the episodes of those before it
        publish_show(production.public, production.show)
    return _outcome(made)


def _outcome(made: Made) -> Outcome:
    episode = made.episode
    return Outcome(
        episode.content_hash, episode.duration_seconds, made.synthesized, made.cached, made.warnings, made.seconds
    )


def preview(text: str, name: str, production: Production) -> dict[str, Any]:
    """The script of a digest and how it is read, as `podcast script` prints them."""
    source = read_source_text(text, Path(name), timezone=production.timezone)
    draft = read_draft(source, production, production.roster.speakers[0])
    words = production.lexicon
    script = narrate(draft.script, words, unit="sentence", max_characters=90)
    return {
        **script_json(script),
        "items": len(draft.notes.items),
        "characters": sum(len(utterance.spoken) for utterance in script.utterances),
        "report": [asdict(row) for row in script_report(script, words)],
        "warnings": list(draft.warnings),
    }


class _Both(Watcher):
    """Tells the live stream first: a server that hears of a clip finds it in the file."""

    def __init__(self, live: Watcher, teller: Watcher) -> None:
        self._watchers = (live, teller)

    def stage(self, name: str) -> None:
        for watcher in self._watchers:
            watcher.stage(name)

    def script(self, script: Script) -> None:
        for watcher in self._watchers:
            watcher.script(script)

    def clip(self, clip: Clip) -> None:
        for watcher in self._watchers:
            watcher.clip(clip)

    def progress(self, progress: Progress) -> None:
        for watcher in self._watchers:
            watcher.progress(progress)


class _Teller(Watcher):
    """Tells the server how far an episode is, and waits for its word before anything is published."""

    def __init__(self, voice: _Voice, asked: queue.SimpleQueue[tuple[Any, ...]]) -> None:
        self._voice, self._asked = voice, asked
        self._started = time.monotonic()
        self._may_publish = False

    def stage(self, name: str) -> None:
        if name == "tts":
            self._started = time.monotonic()
        if name == "publish":
            if not self._may_publish:
                self._voice.say("told", "publish")
                self._asked.get()  # "go"; a server that will not have it kills us
                self._may_publish = True
            return
        self._voice.say("told", "stage", name)

    def script(self, script: Script) -> None:
        self._voice.say("told", "script", len(script.utterances))

    def progress(self, progress: Progress) -> None:
        left = None  # cached clips say nothing about the engine's speed
        if progress.characters_spoken:
            elapsed = time.monotonic() - self._started
            left = elapsed * progress.characters_left / progress.characters_spoken
        self._voice.say("told", "progress", progress.done, progress.total, progress.audio_seconds, left)

    def grew(self, size_bytes: int) -> None:
        self._voice.say("told", "grew", size_bytes)
