"""Rewrites a script segment by segment: ask, check, ask again with the reasons, else leave the template's words.

The episode is made whatever becomes of the model: a segment that no answer was true to, and all that an outage or the
time limit leaves over, are spoken as the template has them, with a warning.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

from podcast.errors import SpeechError
from podcast.models import Digest, Script, Segment
from podcast.rewrite.answer import Unreadable, read_answer, unspeakable
from podcast.rewrite.check import Line, Source, Speak, problems
from podcast.rewrite.prompts import STYLES, Message, Prompts
from podcast.rewrite.sources import key_of, sources
from podcast.script.claims import Key
from podcast.script.writer import Pauses, as_sentence, utterances_of
from podcast.text.lexicon import Lexicon
from podcast.text.normalize import normalize
from podcast.tts.retry import Sleep

if TYPE_CHECKING:
    from podcast.rewrite.model import Model

REASONS = 8  # told to the model and kept for the report; more help nobody
LONGEST_SHARE = 2.5  # of the digest's segment: what is longer is padding
LONGEST_EXTRA = 150  # characters besides, for greeting and questions
ANSWER_CHARACTERS = 6_000  # of a failed answer that is shown to the model again


@dataclass(frozen=True, slots=True)
class Told:
    """What became of one segment."""

    key: Key
    title: str
    source: tuple[str, ...]  # the digest's sentences
    lines: tuple[Line, ...]  # of the rewrite; empty: the template's words stand
    tries: int  # answers that were looked at
    reasons: tuple[str, ...] = ()  # what was wrong with the last answer, or why there is none


@dataclass(frozen=True, slots=True)
class Rewriting:
    """A script and which of its segments are rewritten."""

    script: Script
    told: tuple[Told, ...] = ()
    warnings: tuple[str, ...] = ()

    @property
    def rewritten(self) -> frozenset[Key]:
        return frozenset(told.key for told in self.told if told.lines)

    @property
    def settled(self) -> bool:
        """Whether nothing is left that another run might get from the model."""
        return all(told.lines for told in self.told)


@dataclass(frozen=True)
class Desk:
    """A style and the server that writes it."""

    style: str  # "conversation" or "monologue"
    base_url: str
    model: str
    folder: Path  # of kept answers
    api_key: str = field(default="", repr=False)
    parameters: Mapping[str, Any] = field(default_factory=dict)  # temperature, seed, max_tokens ...
    templates: Path | None = None  # folder of prompts that win over the built-in ones
    again: int = 2  # times that a segment is asked for again
    attempts: int = 3  # tries of one request
    timeout_seconds: float = 120.0  # for one answer
    limit_seconds: float = 600.0  # for all of an episode
    concurrency: int = 2
    clock: Callable[[], float] = field(default=time.monotonic, repr=False)
    sleep: Sleep = field(default=asyncio.sleep, repr=False)

    def rewrite(self, draft: Script, digest: Digest, *, show_title: str, speak: Speak) -> Rewriting:
        """The script with every segment rewritten whose rewrite is true to the digest.

        `speak` is written -> spoken.  Raises ConfigError for a wrong prompt or address, SetupError where answers cannot
        be kept.
        """
        from podcast.rewrite.model import Model  # the HTTP client takes a tenth of a second, and most shows have none

        prompts = Prompts(self.style, self.templates)
        model = Model(
            base_url=self.base_url,
            api_key=self.api_key,
            model=self.model,
            parameters=self.parameters,
            folder=self.folder,
            attempts=self.attempts,
            timeout_seconds=self.timeout_seconds,
            concurrency=self.concurrency,
            clock=self.clock,
            sleep=self.sleep,
        )
        found = sources(digest, speak)
        wanted = [segment for segment in draft.segments if key_of(segment) in found]
        work = _Work(self, prompts, model, show_title)
        told = asyncio.run(work.all([(segment, found[key_of(segment)]) for segment in wanted]))
        model.prune()
        new = {one.key: one.lines for one in told if one.lines}
        segments = tuple(
            _with(segment, new[key_of(segment)]) if key_of(segment) in new else segment for segment in draft.segments
        )
        return Rewriting(replace(draft, segments=segments), told, _warnings(told))


def rewrite(draft: Script, digest: Digest, desk: Desk | None, *, show_title: str, lexicon: Lexicon) -> Rewriting:
    """The draft in a model's words where there is a desk and they are true; without a desk the draft itself."""
    if desk is None:
        return Rewriting(draft)
    speak = partial(normalize, lexicon=lexicon)
    return desk.rewrite(draft, digest, show_title=show_title, speak=speak)


class _Work:
    """One run over a script: what is down stays down for the rest of it."""

    def __init__(self, desk: Desk, prompts: Prompts, model: Model, show_title: str) -> None:
        self._desk, self._prompts, self._model, self._show_title = desk, prompts, model, show_title
        self._down = ""
        self._turn = asyncio.Semaphore(desk.concurrency)

    async def all(self, wanted: Sequence[tuple[Segment, Source]]) -> tuple[Told, ...]:
        if not wanted:
            return ()
        tasks = [asyncio.create_task(self._one(segment, source)) for segment, source in wanted]
        try:
            await asyncio.wait(tasks, timeout=self._desk.limit_seconds)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        late = f"not done within {self._desk.limit_seconds:g} s"
        return tuple(
            _told(*pair, reasons=(late,)) if task.cancelled() else task.result()
            for task, pair in zip(tasks, wanted, strict=True)
        )

    async def _one(self, segment: Segment, source: Source) -> Told:
        speakers = _speakers(self._desk.style, segment.kind)
        messages = self._prompts.first(source, speakers=speakers, show_title=self._show_title)
        reasons: tuple[str, ...] = ()
        for tries in range(1, self._desk.again + 2):
            answer = await self._answer(messages, segment)
            if answer is None:
                return _told(segment, source, tries=tries - 1, reasons=(self._down,))
            lines, reasons = _read(answer, source, speakers)
            if not reasons:
                return _told(segment, source, lines, tries=tries)
            messages = self._prompts.again(messages, answer[:ANSWER_CHARACTERS], reasons)
        return _told(segment, source, tries=self._desk.again + 1, reasons=reasons)

    async def _answer(self, messages: list[Message], segment: Segment) -> str | None:
        """The answer; None where the server is down, which one segment finds out for all."""
        async with self._turn:
            if self._down:
                return self._model.known(messages)
            try:
                return await self._model.ask(messages, where=segment.title)
            except SpeechError as error:
                self._down = self._down or error.what
                return None


def _read(answer: str, source: Source, speakers: Sequence[str]) -> tuple[tuple[Line, ...], tuple[str, ...]]:
    """The lines of an answer, and what is wrong with them."""
    try:
        lines = read_answer(answer, speakers=speakers, most=3 * len(source.sentences) + 8)
    except Unreadable as error:
        return (), (str(error),)
    found = [f"“{line.text}”: {what}" for line in lines for what in unspeakable(line.text, source.whole)]
    length = sum(len(line.text) for line in lines)
    most = round(LONGEST_SHARE * len(source.whole)) + LONGEST_EXTRA
    if length > most:
        found.append(f"{length} characters: at most {most} are wanted")
    if len({line.text for line in lines}) < len(lines):
        found.append("a line is said twice")
    if lacking := set(speakers) - {line.speaker for line in lines}:
        found.append(f"{', '.join(sorted(lacking))} says nothing")
    lines = tuple(replace(line, text=as_sentence(line.text)) for line in lines)
    # A text that is not speakable is not looked into: its words may be markup.
    return lines, tuple(found[:REASONS]) or problems(lines, source)[:REASONS]


def _told(
    segment: Segment, source: Source, lines: tuple[Line, ...] = (), *, tries: int = 0, reasons: tuple[str, ...] = ()
) -> Told:
    return Told(key_of(segment), segment.title, source.sentences, lines, tries, reasons)


def _speakers(style: str, kind: str) -> tuple[str, ...]:
    """Who speaks; a monologue's commentary is the commentator's, as the template has it."""
    return ("commentator",) if style == "monologue" and kind == "commentary" else STYLES[style]


def _with(segment: Segment, lines: Sequence[Line]) -> Segment:
    """The segment with these lines: one utterance for each turn, the pause after the last as the template has it."""
    prefix = segment.utterances[0].id.split("-")[0]
    turns = [
        (speaker, "".join(line.text for line in turn)) for speaker, turn in groupby(lines, lambda line: line.speaker)
    ]
    after_seconds = segment.utterances[-1].pause_after_seconds
    return replace(segment, utterances=utterances_of(turns, prefix, Pauses().paragraph, after_seconds))


def _warnings(told: Sequence[Told]) -> tuple[str, ...]:
    """One line for each reason that segments keep the template's words for."""
    kept: dict[str, list[str]] = {}
    for one in told:
        if not one.lines:
            kept.setdefault(one.reasons[0] if one.reasons else "", []).append(one.title)
    return tuple(
        f"rewrite: the template's words stand for {titles[0]}"
        + (f" and {len(titles) - 1} more segments" if len(titles) > 1 else "")
        + f": {reason}"
        for reason, titles in kept.items()
    )
