"""The clip cache of machines that share no folder: clips in a bucket, each machine's folder in front of it.

A clip is in the folder only if it is in the bucket.  One that could not be sent waits in a folder of its own and is
sent by the next who asks for it: what was spoken while the bucket was away is not spoken again.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Protocol

from podcast.models import Clip
from podcast.publish.storage import Conflict, NotThere, Stored
from podcast.tts.base import Speech
from podcast.tts.cache import ClipCache

_UNSENT = "unsent"


class ClipStore(Protocol):
    """What is asked of a bucket: see `podcast.publish.storage.Store`."""

    def read(self, key: str) -> bytes: ...

    def put(self, key: str, content: Path | bytes, before: Stored | None) -> Stored: ...

    def remove(self, key: str) -> None: ...


class BucketClips(ClipCache):
    """Of two that speak the same words the first to send its clip is right, and the other takes that one.

    Raises SetupError where the bucket does not answer.
    """

    def __init__(self, folder: Path, store: ClipStore, *, limit_bytes: int | None = None) -> None:
        super().__init__(folder, limit_bytes=limit_bytes)
        self._unsent = ClipCache(folder / _UNSENT)
        self._store = store

    def get(self, key: str, utterance_id: str) -> Clip | None:
        if clip := super().get(key, utterance_id):
            return clip
        if self._unsent.get(key, utterance_id):
            return self._send(key, utterance_id)
        try:
            content = self._store.read(self._name(key))
        except NotThere:
            return None
        self._keep(key, content)
        clip = super().get(key, utterance_id)
        if clip is None:  # damaged there: it gives way to the next
            self.remove(key)
        return clip

    def put(self, key: str, utterance_id: str, speech: Speech) -> Clip:
        clip = self._unsent.put(key, utterance_id, speech)
        return self._send(key, utterance_id) or clip

    def remove(self, key: str) -> None:
        super().remove(key)
        self._unsent.remove(key)
        self._store.remove(self._name(key))

    def _send(self, key: str, utterance_id: str) -> Clip | None:
        unsent = self._unsent.path(key)
        content = unsent.read_bytes()
        try:
            self._store.put(self._name(key), content, None)
        except Conflict:
            content = self._store.read(self._name(key))
        self._keep(key, content)
        unsent.unlink(missing_ok=True)
        return super().get(key, utterance_id)

    def _keep(self, key: str, content: bytes) -> None:
        path = self.path(key)
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=path.parent, suffix=".part", delete=False) as file:
            file.write(content)
        Path(file.name).replace(path)

    @staticmethod
    def _name(key: str) -> str:
        return f"{key[:2]}/{key}.flac"
