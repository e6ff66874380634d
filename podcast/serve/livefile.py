"""The live file: what a worker writes while it makes an episode, for the server to give to listeners.

Whole MP3 frames are appended to it, so that whoever reads it from its start has a stream.
"""

from __future__ import annotations

import json
import logging
import queue
import threading
import weakref
from collections.abc import Callable, Iterable
from pathlib import Path

from podcast.audio import Music, Target
from podcast.audio.live import LiveStream
from podcast.models import Clip, Script
from podcast.pipeline import Watcher

log = logging.getLogger("podcast.serve")

Step = Callable[[LiveStream], Iterable[bytes]]


class LiveWatcher(Watcher):
    """Mixes and encodes in a thread of its own: speaking does not wait for it, and goes on where it fails.

    `grew` is told the size of the file, in bytes, after each append, from that thread.

    A file that did not come to its end is emptied, so that nobody takes it for whole.  One that did has its cues beside
    it, as JSON: [[start, end], ...] in seconds, a pair for each sentence.
    """

    def __init__(self, path: Path, music: Music, target: Target, grew: Callable[[int], None]) -> None:
        self._steps: queue.SimpleQueue[Step | None] = queue.SimpleQueue()
        self._thread = threading.Thread(
            target=_write, args=(path, music, target, grew, self._steps), name="live", daemon=True
        )
        self._thread.start()
        weakref.finalize(self, self._steps.put, None)  # where making it failed, nobody calls finish

    def script(self, script: Script) -> None:
        self._steps.put(lambda stream: [stream.begin(script)])

    def clip(self, clip: Clip) -> None:
        self._steps.put(lambda stream: stream.add(clip))

    def finish(self) -> None:
        """Wait until everything is in the file."""
        self._steps.put(None)
        self._thread.join()


def _write(
    path: Path, music: Music, target: Target, grew: Callable[[int], None], steps: queue.SimpleQueue[Step | None]
) -> None:
    try:
        # Opened once: where the job is given up and asked for again, its next worker has a file of its own.
        with path.open("xb", buffering=0) as file:
            stream = LiveStream(music, target)  # reads the music while the script is being written
            try:
                while (step := steps.get()) is not None:
                    for frames in filter(None, step(stream)):
                        file.write(frames)
                        grew(file.tell())
            finally:
                if not stream.complete:
                    file.truncate(0)
        if stream.complete:
            times = [[cue.start_seconds, cue.end_seconds] for cue in stream.cues]
            cues_path(path).write_text(json.dumps(times), encoding="utf-8")
    except Exception:  # the episode is worth more than its preview
        log.exception("no live audio")


def cues_path(path: Path) -> Path:
    """Where the cues of a live file are kept."""
    return path.with_suffix(".json")
