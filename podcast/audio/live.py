"""The master before it is whole: one MP3 stream that grows clip by clip, in the order of the script.

Every clip stands at the sample where `make_master` puts it: the same parts, the same pauses, each part whole frames.
So a player can change from the stream to the finished file in the middle of a word.  What the master knows beforehand
is found out on the way:

level   a clip is levelled by what its speaker has said so far, and limited with a short look ahead;
music   it is assumed that a part goes on; where it does not, what was assumed gives way over `_GIVE_WAY_SECONDS`.

What is given out depends on script and clips alone, not on the order or the time in which they came.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from podcast.audio import mp3
from podcast.audio.filters import Samples
from podcast.audio.master import Music, Target, read_recipe
from podcast.audio.mix import Heard, Layer, lead, levelled, music_layers, part_length, pause_after, place, speech_gain
from podcast.audio.parts import Part, fits, has_bed, has_outro, opening
from podcast.audio.peaks import REACH_SAMPLES, limit
from podcast.audio.render import Recipe
from podcast.audio.voice import BEFORE_SECONDS, FADE_IN_SECONDS, Voice, read_voice
from podcast.models import Clip, Cue, Script, Utterance

RATE_HZ = mp3.RATE_HZ
_KNOWN_CLIPS = 32  # of a speaker, that tell how loud it is: a few minutes
_ASSUMED_SECONDS = 4.0  # of speech to come, for the music: longer than every fade before an end
_GIVE_WAY_SECONDS = 0.3

Table = npt.NDArray[np.float32]  # (channels, n)


@dataclass(frozen=True, slots=True)
class _Turn:
    """What is to be said next."""

    segment: int  # its place in the script
    utterance: Utterance
    first: int  # sentence to begin with: those before it were heard already


class LiveStream:
    """The stream of one episode.  Each call gives the frames that follow; none waits for anything.

    `begin` once; again where another engine starts over: its script says the same, perhaps in other units, and what is
    not yet heard of it follows.  `add` with every clip, in any order: one that was given out is not taken back.
    Raises InputError or SetupError where the music cannot be read, QualityError for a damaged clip.
    """

    _script: Script
    _part: _OpenPart
    _start: int  # of the part, in samples

    def __init__(self, music: Music, target: Target) -> None:
        self.recipe = read_recipe(music, target, None)
        self.complete = False  # the last frame was given
        self.cues: list[Cue] = []  # of what was given, in the time of the stream
        self._encoder = _Encoder(self.recipe)
        self._clips: dict[str, Clip] = {}  # not yet given out
        self._turns: deque[_Turn] = deque()
        self._spoken: dict[str, deque[Voice]] = {}  # by speaker, without their samples
        self._heard = 0  # characters

    def begin(self, script: Script) -> bytes:
        self._script = script
        self._clips.clear()
        if self.complete:
            return b""
        self._turns = deque(_turns(script, self._heard))
        if not self._turns:
            return b""
        segment = self._turns[0].segment
        if not self._encoder.pushed:
            return self._open(segment)
        return b"" if self._part.plan.segment == segment else self._close(segment)

    def add(self, clip: Clip) -> Iterator[bytes]:
        """A piece for each clip that can be heard now: it may be the one that many others waited for."""
        self._clips[clip.utterance_id] = clip
        while self._turns and self._turns[0].utterance.id in self._clips:
            yield self._speak(self._turns.popleft())

    def _speak(self, turn: _Turn) -> bytes:
        clip = self._clips.pop(turn.utterance.id)
        whole = read_voice(clip)
        voice = _from_sentence(whole, turn.first)
        samples = levelled(voice, self._gain(whole, turn.utterance.speaker), self.recipe.levels.peak)
        frames = b""
        if not fits(self._part.plan.spoken, clip, bed=self._part.plan.bed):
            frames += self._close(turn.segment, divided=True)
        self._note(turn, self._part.add(turn.utterance, clip, voice, samples))
        following = self._turns[0].segment if self._turns else None
        if following == turn.segment:
            return frames + self._encoder.push(self._part.go_on())
        return frames + self._close(following)

    def _close(self, following: int | None, *, divided: bool = False) -> bytes:
        """End the part, and open that of the segment which follows, or another of the same that is `divided`."""
        music = "none" if divided or following is None else opening(self._script, following)
        outro = following is None and has_outro(self._script)
        frames = self._encoder.push(self._part.end(outro=outro, before_sting=music == "sting"))
        if following is None:
            self.complete = True
            return frames + self._encoder.close()
        return frames + self._open(following, divided=divided)

    def _open(self, segment: int, *, divided: bool = False) -> bytes:
        bed = has_bed(self._script, segment, bed=self.recipe.music.bed is not None)
        music = "none" if divided else opening(self._script, segment)
        self._part = _OpenPart(Part(segment, (), opening=music, bed=bed), self.recipe)
        self._start = self._encoder.pushed
        return self._encoder.push(self._part.go_on())

    def _gain(self, voice: Voice, speaker: str) -> np.float32:
        known = self._spoken.setdefault(speaker, deque(maxlen=_KNOWN_CLIPS))
        known.append(replace(voice, samples=voice.samples[:0].copy()))  # a view would keep them all
        return speech_gain(voice, known, self.recipe.levels.speech_lufs)

    def _note(self, turn: _Turn, heard: Sequence[Heard]) -> None:
        for sentence, at in zip(turn.utterance.sentences[turn.first :], heard, strict=True):
            times = ((self._start + at.start) / RATE_HZ, (self._start + at.end) / RATE_HZ)
            self.cues.append(Cue(*times, turn.utterance.speaker, sentence.text.strip()))
            self._heard += _characters(sentence.text)


class _OpenPart:
    """A part of which more is to come: `go_on` and `end` give what is certain of it and not yet given."""

    def __init__(self, plan: Part, recipe: Recipe) -> None:
        self.plan = plan  # as far as it is known
        self._recipe = recipe
        self._lead = lead(plan.opening, recipe.music, recipe.levels)
        self._lengths: list[int] = []  # of the clips, in samples
        self._spans: list[tuple[float, float]] = []  # of speech, in seconds
        self._following = self._lead  # where the next clip starts
        self._given = 0
        self._waiting: tuple[int, Samples] | None = None  # a clip that was not given yet, and its start
        self._assumed: Table | None = None  # the music that would follow what was given

    def add(self, utterance: Utterance, clip: Clip, voice: Voice, samples: Samples) -> tuple[Heard, ...]:
        """Place a clip; `samples` are those of the voice at the master's rate, levelled."""
        self.plan = replace(self.plan, spoken=(*self.plan.spoken, (utterance, clip)))
        self._lengths.append(len(samples))
        start = self._following
        self._following += len(samples) + pause_after(utterance)
        self._waiting = start, samples
        heard = tuple(Heard(start + round(a * RATE_HZ), start + round(b * RATE_HZ)) for a, b in voice.sentences)
        self._spans.append((heard[0].start / RATE_HZ, heard[-1].end / RATE_HZ))
        return heard

    def go_on(self) -> Table:
        """All before the next clip, which is assumed to come in this part."""
        begin = self._following / RATE_HZ + BEFORE_SECONDS
        music = self._music([*self._spans, (begin, begin + _ASSUMED_SECONDS)])
        return self._give(self._following, music, round(_GIVE_WAY_SECONDS * RATE_HZ))

    def end(self, *, outro: bool, before_sting: bool) -> Table:
        self.plan = replace(self.plan, outro=outro, before_sting=before_sting)
        music = self._music(self._spans) if self._spans else []
        _, speech_end = place(self.plan, self._lengths, self._lead) if self._lengths else ([], self._lead)
        length = max(part_length(speech_end, music), mp3.to_frames(self._given))
        return self._give(length, music, min(round(_GIVE_WAY_SECONDS * RATE_HZ), length - self._given))

    def _music(self, spans: Sequence[tuple[float, float]]) -> list[Layer]:
        return music_layers(self.plan, self._recipe.music, self._recipe.levels, spans)

    def _give(self, until: int, music: Sequence[Layer], give_way: int) -> Table:
        """Samples up to `until`: the clip that waits, and the music, into which what was assumed so far goes over."""
        count = until - self._given
        table = np.zeros((self._recipe.channels, count + give_way), dtype=np.float32)
        for start, cut in music:
            for channel, samples in zip(table, cut.channels, strict=True):
                _add(channel, samples, start - self._given)
        if self._assumed is not None and give_way:
            weight = np.linspace(0, 1, give_way, endpoint=False, dtype=np.float32)
            table[:, :give_way] = self._assumed[:, :give_way] * (1 - weight) + table[:, :give_way] * weight
        self._assumed = table[:, count:].copy()
        if self._waiting:
            start, speech = self._waiting
            for channel in table:
                _add(channel, speech, start - self._given)
            self._waiting = None
        self._given = until
        return table[:, :count]


class _Encoder:
    """Samples to frames: limited, and encoded as one stream."""

    def __init__(self, recipe: Recipe) -> None:
        self.pushed = 0  # samples
        self._lame = mp3.new_encoder(recipe.channels, recipe.bitrate_kbps)
        self._gain = np.float32(mp3.input_gain(recipe.bitrate_kbps))
        self._ceiling = recipe.levels.peak  # once: the master looks at what comes out of the codec, and limits again
        # From REACH_SAMPLES before the first that was not encoded: the limiter sees as far back as ahead.
        self._held = np.zeros((recipe.channels, REACH_SAMPLES), dtype=np.float32)
        self._frames = 0
        self._rest = b""  # of a frame that is not whole

    def push(self, table: Table) -> bytes:
        self.pushed += table.shape[1]
        return self._whole_frames(self._encode(table))

    def close(self) -> bytes:
        """What is left: the stream has one frame more than were pushed, for the delay of encoder and decoder."""
        stream = self._encode(np.zeros((len(self._held), 2 * REACH_SAMPLES), dtype=np.float32))
        return self._whole_frames(stream + bytes(self._lame.flush()), self.pushed // mp3.FRAME + 1)

    def _encode(self, table: Table) -> bytes:
        held = np.concatenate((self._held, table), axis=1)
        # Steps of whole reaches keep the limiter's cells where they would be in one piece.
        end = held.shape[1] // REACH_SAMPLES * REACH_SAMPLES - REACH_SAMPLES
        if end <= REACH_SAMPLES:
            self._held = held
            return b""
        limited = tuple(held.copy())
        limit(limited, self._ceiling, make_up=1.0)
        self._held = held[:, end - REACH_SAMPLES :].copy()
        ready = tuple(channel[REACH_SAMPLES:end] * self._gain for channel in limited)
        return bytes(self._lame.encode(mp3.pcm(ready)))

    def _whole_frames(self, stream: bytes, limit_frames: int | None = None) -> bytes:
        stream = self._rest + stream
        ends = [end for end in mp3.frame_ends(stream) if end <= len(stream)]
        if limit_frames is not None:
            ends = ends[: limit_frames - self._frames]
        end = ends[-1] if ends else 0
        head = mp3.open_info_frame(stream[:4]) if ends and not self._frames else b""
        self._frames += len(ends)
        self._rest = stream[end:]
        return head + stream[:end]


def _turns(script: Script, heard: int) -> list[_Turn]:
    """What is left of a script of which `heard` characters were heard: a sentence that was cut begins again."""
    turns: list[_Turn] = []
    passed = 0
    for number, segment in enumerate(script.segments):
        for utterance in segment.utterances:
            ends = (passed + np.cumsum([_characters(sentence.text) for sentence in utterance.sentences])).tolist()
            first = sum(end <= heard for end in ends)
            passed = ends[-1]
            if first < len(ends):
                turns.append(_Turn(number, utterance, first))
    return turns


def _characters(text: str) -> int:
    """Those of a written text that an engine's units leave as they are."""
    return sum(not character.isspace() for character in text)


def _from_sentence(voice: Voice, first: int) -> Voice:
    """The voice without what comes before sentence `first`."""
    if not first:
        return voice
    begin = max(0, round((voice.sentences[first][0] - BEFORE_SECONDS) * voice.rate_hz))
    samples = voice.samples[begin:].copy()
    rise = round(FADE_IN_SECONDS * voice.rate_hz)
    samples[:rise] *= np.linspace(0, 1, rise, endpoint=False, dtype=np.float32)
    shift = begin / voice.rate_hz
    return replace(voice, samples=samples, sentences=tuple((a - shift, b - shift) for a, b in voice.sentences[first:]))


def _add(channel: Samples, samples: Samples, start: int) -> None:
    """Add samples to a channel from `start` on, which may be before its first; what reaches over is left out."""
    begin, end = max(start, 0), min(start + len(samples), len(channel))
    if begin < end:
        channel[begin:end] += samples[begin - start : end - start]
