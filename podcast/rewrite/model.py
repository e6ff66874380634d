"""A language model behind an OpenAI-compatible server: asked once for each request, then never again.

An answer is kept under the hash of server, model, prompt and parameters, good or bad, so that the same digest and
config give the same script.  What is not an answer (an outage, an error) is not kept.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
import os
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from podcast.errors import SetupError
from podcast.rewrite.prompts import Message
from podcast.tts.retry import Limiter, Passing, Sleep, persist
from podcast.tts.server import Hints, Server

ANSWER_BYTES = 1_000_000  # of one answer; a segment's has 2 to 20 kB
KEPT_ANSWERS = 5_000  # the least recently used go first; a day's episode has some twenty
_SERVER = "See whether the server runs and is well."
HINTS = Hints(
    "rewrite",
    "Put the key into the environment variable that rewrite.key_variable names.",
    "Check rewrite.base_url (it ends in /v1 as a rule) and rewrite.model.",
    _SERVER,
    "Check rewrite.model and rewrite.extra.",
)


class Model:
    """`ask` gives the text of an answer.

    Raises ConfigError for an address or a key that can be none.
    """

    def __init__(
        self,
        *,
        base_url: str,
        api_key: str,
        model: str,
        parameters: Mapping[str, Any],  # of the request's body, besides model and messages
        folder: Path,  # of kept answers
        attempts: int,
        timeout_seconds: float,  # for one whole answer
        concurrency: int,
        clock: Callable[[], float] = time.monotonic,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        self._server = Server(base_url, api_key, HINTS)
        self._common = {"model": model, **parameters}
        self._folder = folder
        self._attempts = attempts
        self._timeout_seconds = timeout_seconds
        self._limiter = Limiter(concurrency, 2.5 * concurrency, clock=clock, sleep=sleep)
        self._sleep = sleep
        self.asked = 0  # requests that were sent, each try counted

    def known(self, messages: Sequence[Message]) -> str | None:
        """The answer that is kept, if there is one."""
        path = self._path(self._body(messages))
        try:
            content: object = json.loads(path.read_text(encoding="utf-8"))["content"]
        except (OSError, ValueError, KeyError, TypeError):
            return None
        with contextlib.suppress(OSError):  # it is the newest again; a cache that cannot be written may still be read
            os.utime(path)
        return content if isinstance(content, str) else None

    async def ask(self, messages: Sequence[Message], *, where: str) -> str:
        """The text of the answer, kept or new.

        Raises EngineUnavailable, after all tries, and SpeechRefused where the server does not take the request;
        SetupError where the answer cannot be kept.
        """
        if (kept := self.known(messages)) is not None:
            return kept
        body = self._body(messages)
        content = await persist(
            lambda: self._once(body),
            engine="the model",
            where=where,
            attempts=self._attempts,
            limiter=self._limiter,
            task="rewrite this",
            sleep=self._sleep,
        )
        self._keep(self._path(body), content)
        return content

    def prune(self) -> None:
        """Remove the answers that were not used for longest, beyond KEPT_ANSWERS."""
        with contextlib.suppress(OSError):  # another run was quicker
            paths = sorted(self._folder.glob("*.json"), key=lambda path: path.stat().st_mtime_ns, reverse=True)
            for path in paths[KEPT_ANSWERS:]:
                path.unlink()

    def _body(self, messages: Sequence[Message]) -> dict[str, Any]:
        return {"messages": list(messages), **self._common}

    def _path(self, body: Mapping[str, Any]) -> Path:
        text = json.dumps([self._server.base_url, body], ensure_ascii=False, sort_keys=True)
        return self._folder / f"{hashlib.sha256(text.encode()).hexdigest()}.json"

    async def _once(self, body: Mapping[str, Any]) -> str:
        self.asked += 1
        answer = await self._server.post(
            "/chat/completions",
            body,
            timeout_seconds=self._timeout_seconds,
            whole_seconds=self._timeout_seconds,
            limit_bytes=ANSWER_BYTES,
        )
        try:
            content = json.loads(answer.content)["choices"][0]["message"]["content"]
        except (ValueError, KeyError, IndexError, TypeError, RecursionError) as error:
            raise Passing("an answer that is no chat completion", hint=HINTS.address) from error
        if not isinstance(content, str) or not content.strip():
            raise Passing("an empty answer", hint=_SERVER)
        return content

    def _keep(self, path: Path, content: str) -> None:
        """Written beside its place and renamed, so that it is whole or not there."""
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            handle, name = tempfile.mkstemp(dir=self._folder, suffix=".new")
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                json.dump({"content": content}, file, ensure_ascii=False)
            Path(name).replace(path)
        except OSError as error:
            hint = "Set tts.cache to a folder you can write to."
            raise SetupError(f"cannot be written: {error.strerror}", where=str(self._folder), hint=hint) from error
