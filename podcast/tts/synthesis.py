"""Script -> Clips: every utterance is spoken, checked and kept, or the episode is refused.

What is in the cache is not spoken again; what is missing is spoken in order, as many at once as the engine likes.  A
clip enters the cache only when `verify` finds nothing wrong with it: one that fails is spoken again, then sentence by
sentence, then reported.  In the end every clip, found or made, is held against the pace of the voice in the whole
episode, so that what is accepted does not depend on what was interrupted before.  When an engine gives up, what is in
work is finished and kept before the error is raised.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

import numpy as np

from podcast.errors import EngineUnavailable, PodcastError, QualityError
from podcast.models import Clip, Mark, Script, Segment, Utterance
from podcast.tts.base import Engine, Samples, Speech, Voice
from podcast.tts.cache import ClipCache, clip_key
from podcast.tts.verify import SILENT, Pace, spoken_seconds, verify

_TRIES = 2  # whole, before it is split
_GAP_SECONDS = 0.35  # between sentences that had to be spoken one by one
_STORING = 4  # utterances that may be on their way into the cache while the engine goes on with others
_GIVEN_UP = 3  # utterances in a row that an engine could not speak: the next engine has the rest


@dataclass(frozen=True, slots=True)
class Progress:
    """Told after every utterance."""

    done: int  # utterances, cached ones too
    total: int
    characters_spoken: int  # by the engine in this run
    characters_left: int
    audio_seconds: float  # made or found so far


@dataclass(frozen=True, slots=True, eq=False)
class Speaker:
    """An engine with its voice for each role."""

    engine: Engine
    voices: Mapping[str, Voice]

    def key(self, utterance: Utterance) -> str:
        voice = self.voices[utterance.speaker]
        prosody = f"{voice.rate:g} {voice.pitch_hz:g} {voice.gain_db:g}"
        engine = self.engine
        spoken = (sentence.spoken for sentence in utterance.sentences)  # a clip has a mark for each of them
        return clip_key(engine.name, engine.version, voice.name, prosody, engine.request(utterance, voice), *spoken)


@dataclass(frozen=True, slots=True)
class Synthesis:
    """What was spoken, and by whom."""

    clips: tuple[Clip, ...]  # one for each utterance of the script, in order
    synthesized: int  # clips made in this run
    cached: int  # clips found
    by_engine: Mapping[str, int]  # utterances for each engine: more than one only after a failover of utterances


async def synthesize(
    script: Script,
    speakers: Sequence[Speaker],
    cache: ClipCache,
    *,
    on_progress: Callable[[Progress], None] = lambda _: None,
    on_clip: Callable[[Clip], None] = lambda _: None,
    accept: frozenset[str] = frozenset(),
) -> Synthesis:
    """Speak the script with the first speaker; the others step in for an utterance that it cannot say now.

    `on_clip` is given every clip once it is in the cache, in any order, and again one that was spoken anew.
    `accept` names utterances that are taken as they are when verification fails.
    Raises EngineUnavailable, SpeechRefused, QualityError (a clip that stays wrong) or SetupError (cache not writable).
    """
    run = _Run(script, speakers, cache, on_progress, on_clip, accept)
    run.look_up()
    workers = min(speakers[0].engine.concurrency + _STORING, max(1, len(run.missing)))
    await asyncio.gather(*(run.work() for _ in range(workers)))
    await run.review()
    cache.prune()
    return run.result()


async def speak(
    utterance: Utterance, speaker: Speaker, cache: ClipCache, *, accept: frozenset[str] = frozenset()
) -> bool:
    """Find or speak one utterance of a script as `synthesize` does; whether it had to be spoken.

    The clip is verified and kept; against the pace of its episode it is held when `synthesize` finds them all.
    Raises as `synthesize` does.
    """
    script = Script("", datetime.min.replace(tzinfo=UTC), (Segment("item", "", None, (utterance,)),))
    run = _Run(script, [speaker], cache, lambda _: None, lambda _: None, accept)
    run.look_up()
    await run.work()
    return run.result().synthesized > 0


@dataclass
class _Run:
    script: Script
    speakers: Sequence[Speaker]
    cache: ClipCache
    on_progress: Callable[[Progress], None]
    on_clip: Callable[[Clip], None]
    accept: frozenset[str]
    clips: dict[str, Clip] = field(default_factory=dict)  # by utterance id
    speaker_of: dict[str, Speaker] = field(default_factory=dict)  # by utterance id
    fresh: set[str] = field(default_factory=set)  # ids of the utterances spoken in this run
    verified: list[list[Utterance]] = field(default_factory=list)  # found or made; equal utterances together
    missing: deque[list[Utterance]] = field(default_factory=deque)  # equal utterances together
    paces: dict[str, Pace] = field(default_factory=dict)  # by voice
    turns: dict[str, asyncio.Semaphore] = field(default_factory=dict)  # by engine: how many requests may be open
    refusals: dict[str, list[EngineUnavailable]] = field(default_factory=dict)  # by engine: of utterances in a row
    characters_spoken: int = 0
    failure: Exception | None = None
    bad: list[tuple[Utterance, list[str]]] = field(default_factory=list)

    def look_up(self) -> None:
        """Take what the cache has; queue the rest in the order of the script."""
        equal: dict[str, list[Utterance]] = {}
        for utterance in self.script.utterances:
            equal.setdefault(self.speakers[0].key(utterance), []).append(utterance)
        for utterances in equal.values():
            if not self._find(utterances):
                self.missing.append(utterances)
        self._report()

    def _find(self, utterances: list[Utterance]) -> bool:
        first = utterances[0]
        for speaker in self.speakers:
            key = speaker.key(first)
            if clip := self.cache.get(key, first.id):
                self._pace(speaker, first).add(first, spoken_seconds(clip.marks))
                self.verified.append(utterances)
            elif self._accepts(utterances):
                clip = self.cache.get(_accepted(key), first.id)
            if clip:
                self._keep(utterances, clip, speaker)
                return True
        return False

    async def work(self) -> None:
        while self.missing and self.failure is None:
            utterances = self.missing.popleft()
            try:
                await self._speak(utterances)
            except (PodcastError, OSError) as error:
                self.failure = self.failure or error
            self._report()

    async def review(self) -> None:
        """Hold every verified clip against the pace that is known now, and speak once more what fails.

        An answer cut short but in good order shows in its length alone, and the first clips have nothing to compare
        with.  Clips of an earlier run are among them: it may have ended before it came to this.
        """
        for utterances in self.verified if self.failure is None else ():
            first = utterances[0]
            speaker, clip = self.speaker_of[first.id], self.clips[first.id]
            shortest, longest = self._pace(speaker, first).bounds_seconds(first.spoken)
            if not shortest <= spoken_seconds(clip.marks) <= longest:
                self.cache.remove(speaker.key(first))
                self.missing.append(utterances)
        await self.work()

    def result(self) -> Synthesis:
        if self.failure:
            raise self.failure
        if self.bad:
            lines = "; ".join(f"{utterance.id} ({', '.join(why)}): {_short(utterance)}" for utterance, why in self.bad)
            names = " ".join(f"--accept {utterance.id}" for utterance, why in self.bad if why != [SILENT])
            as_it_is = f", or publish as it is with {names}" if names else ""  # silence has no place in the transcript
            raise QualityError(
                f"{len(self.bad)} of {len(self.script.utterances)} utterances were not spoken well: {lines}",
                hint=f"Run it again, or change the text{as_it_is}.",
            )
        order = [utterance.id for utterance in self.script.utterances]
        engines = [self.speaker_of[name].engine.name for name in order]
        return Synthesis(
            clips=tuple(self.clips[name] for name in order),
            synthesized=len(self.fresh),
            cached=len(order) - len(self.fresh),
            by_engine={name: engines.count(name) for name in dict.fromkeys(engines)},
        )

    async def _speak(self, utterances: list[Utterance]) -> None:
        """Speak one of these equal utterances and give all of them its clip."""
        first = utterances[0]
        speaker, speech, problems = await self._spoken_by_one(first)
        if problems and not self._accepts(utterances):
            self.bad.append((first, problems))
            return
        key = _accepted(speaker.key(first)) if problems else speaker.key(first)
        # Compressing and syncing half a minute of speech takes 50 ms, which the other requests need not wait for.
        clip = await asyncio.to_thread(self.cache.put, key, first.id, speech)
        self._keep(utterances, clip, speaker)
        if not problems:
            self.verified.append(utterances)
        self.fresh.update(utterance.id for utterance in utterances)
        self.characters_spoken += len(first.spoken)

    async def _spoken_by_one(self, utterance: Utterance) -> tuple[Speaker, Speech, list[str]]:
        """The first speaker that can say it now, the speech, and what is still wrong with it."""
        errors: list[EngineUnavailable] = []
        for speaker in self.speakers:
            refusals = self.refusals.setdefault(speaker.engine.name, [])
            try:
                speech, problems = await self._speak_well(speaker, utterance)
            except EngineUnavailable as error:
                refusals.append(error)
                errors.append(error)
            else:
                refusals.clear()
                return speaker, speech, problems
        if len(errors) == 1:
            raise errors[0]
        hints = dict.fromkeys(error.hint for error in errors if error.hint)
        raise EngineUnavailable(
            "; ".join(error.what for error in errors), where=utterance.id, hint=" ".join(hints) or None
        )

    async def _speak_well(self, speaker: Speaker, utterance: Utterance) -> tuple[Speech, list[str]]:
        """The speech and what is still wrong with it after every means has been tried."""
        pace = self._pace(speaker, utterance)
        for _ in range(_TRIES):
            speech = await self._ask(speaker, utterance)
            problems = verify(speech, utterance, pace)
            if not problems:
                pace.add(utterance, spoken_seconds(speech.marks))
                return speech, []
        if len(utterance.sentences) > 1:
            parts = [Utterance(utterance.id, utterance.speaker, (sentence,), 0.0) for sentence in utterance.sentences]
            spoken = [await self._ask(speaker, part) for part in parts]
            problems = [why for part, said in zip(parts, spoken, strict=True) for why in verify(said, part, pace)]
            speech = _join(spoken)
            problems = list(dict.fromkeys([*problems, *verify(speech, utterance, pace)]))
        return speech, problems

    async def _ask(self, speaker: Speaker, utterance: Utterance) -> Speech:
        engine = speaker.engine
        async with self.turns.setdefault(engine.name, asyncio.Semaphore(engine.concurrency)):
            if self.failure:  # while this one waited
                raise self.failure
            refusals = self.refusals[engine.name]
            if len(refusals) >= _GIVEN_UP and speaker is not self.speakers[-1]:
                raise refusals[-1]
            return await engine.synthesize(utterance, speaker.voices[utterance.speaker])

    def _accepts(self, utterances: list[Utterance]) -> bool:
        return any(utterance.id in self.accept for utterance in utterances)

    def _pace(self, speaker: Speaker, utterance: Utterance) -> Pace:
        voice = speaker.voices[utterance.speaker]
        return self.paces.setdefault(f"{speaker.engine.name} {voice.name} {voice.rate:g}", Pace(rate=voice.rate))

    def _keep(self, utterances: list[Utterance], clip: Clip, speaker: Speaker) -> None:
        for utterance in utterances:
            self.clips[utterance.id] = Clip(utterance.id, clip.path, clip.duration_seconds, clip.marks)
            self.speaker_of[utterance.id] = speaker
            self.on_clip(self.clips[utterance.id])

    def _report(self) -> None:
        left = sum(len(utterances[0].spoken) for utterances in self.missing)
        seconds = sum(clip.duration_seconds for clip in self.clips.values())
        total = len(self.script.utterances)
        self.on_progress(Progress(len(self.clips), total, self.characters_spoken, left, seconds))


def _accepted(key: str) -> str:
    """The key of a clip that failed verification: only an episode that accepts it can get it."""
    return clip_key(key, "accepted")


def _join(parts: Sequence[Speech]) -> Speech:
    rate_hz = parts[0].sample_rate_hz
    gap = np.zeros(round(_GAP_SECONDS * rate_hz), np.float32)
    samples: list[Samples] = []
    marks: list[Mark] = []
    position = 0
    for part in parts:
        if samples:
            samples.append(gap)
            position += len(gap)
        marks += [
            Mark(position / rate_hz + mark.offset_seconds, mark.duration_seconds, mark.text) for mark in part.marks
        ]
        samples.append(part.samples)
        position += len(part.samples)
    return Speech(np.concatenate(samples), rate_hz, tuple(marks))


def _short(utterance: Utterance) -> str:
    return utterance.text if len(utterance.text) <= 24 else f"{utterance.text[:24]}…"
