"""One part mixed: speech levelled and placed, music around and under it.

All places are samples at the master's rate, so times are exact.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from podcast.audio import mp3
from podcast.audio.ducking import duck_gain, equal_power
from podcast.audio.filters import Samples
from podcast.audio.loudness import unlevelled_lufs
from podcast.audio.music import Cut
from podcast.audio.parts import Opening, Part
from podcast.audio.peaks import limit
from podcast.audio.voice import AFTER_SECONDS, BEFORE_SECONDS, Voice, read_voice, resample
from podcast.models import Utterance

RATE_HZ = mp3.RATE_HZ
LEAD_SECONDS = 0.25  # silence before the first word where no music leads in
LONGEST_PAUSE_SECONDS = 2.0
SHORTEST_END_SECONDS = 0.06  # silence at the end of a part: encoder delay and the overlap of its transform
BEFORE_STING_SECONDS = 0.4
OUTRO_RISE_SECONDS = 0.3  # before the last sound ends: heard as rising with it
_STEADY_BLOCKS = 10  # 1 s of gating blocks: a clip as long counts half by its own loudness, half by its voice's
_CLIP_MAKE_UP = 2.0  # 6 dB: a low voice whose peaks are 20 dB over its loudness needs 2
_APART_DB = 4.0  # most that clips of one voice are levelled apart


@dataclass(frozen=True, slots=True)
class MusicCuts:
    """The music, read; None where there is none."""

    intro: Cut | None = None
    outro: Cut | None = None
    sting: Cut | None = None
    bed: Cut | None = None


@dataclass(frozen=True, slots=True)
class Levels:
    """How loud things are, as they reach the mix."""

    speech_lufs: float  # of the speech on one channel
    peak: float  # of the speech, 1.0 = full scale
    duck_db: float  # of music under speech, against its own level
    intro_lead_seconds: float  # the intro alone, before the first word
    outro_lead_seconds: float  # the outro under the last words


@dataclass(frozen=True, slots=True)
class Heard:
    """Where a sentence is heard, in samples from the start of its part."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Mix:
    channels: tuple[Samples, ...]  # one where both would be the same; a whole number of MP3 frames
    music: bool  # whether anything but limited speech is in it
    sentences: tuple[tuple[Heard, ...], ...]  # for each utterance of the part


def mix_part(part: Part, music: MusicCuts, levels: Levels) -> Mix:
    """Read, level and place the clips of a part and its music."""
    voices = [read_voice(clip) for _, clip in part.spoken]
    gains = _gains(part, voices, levels.speech_lufs)
    speech = [levelled(voice, gain, levels.peak) for voice, gain in zip(voices, gains, strict=True)]
    starts, speech_end = place(part, [len(samples) for samples in speech], lead(part.opening, music, levels))
    heard = tuple(
        tuple(Heard(start + round(a * RATE_HZ), start + round(b * RATE_HZ)) for a, b in voice.sentences)
        for start, voice in zip(starts, voices, strict=True)
    )
    spans = [(sentences[0].start / RATE_HZ, sentences[-1].end / RATE_HZ) for sentences in heard]
    layers = music_layers(part, music, levels, spans)
    count = max([len(cut.channels) for _, cut in layers], default=1)
    channels = tuple(np.zeros(part_length(speech_end, layers), dtype=np.float32) for _ in range(count))
    for channel in channels:
        for start, samples in zip(starts, speech, strict=True):
            channel[start : start + len(samples)] += samples
    for start, cut in layers:
        for channel, samples in zip(channels, cut.channels, strict=True):
            channel[start : start + len(samples)] += samples
    return Mix(channels, bool(layers), heard)


def _gains(part: Part, voices: Sequence[Voice], target_lufs: float) -> list[np.float32]:
    """Gain of each clip, by what its speaker says in this part."""
    speakers = [utterance.speaker for utterance, _ in part.spoken]
    return [
        speech_gain(voice, [other for other, of in zip(voices, speakers, strict=True) if of == speaker], target_lufs)
        for voice, speaker in zip(voices, speakers, strict=True)
    ]


def levelled(voice: Voice, gain: np.float32, peak: float) -> Samples:
    """The samples at the master's rate, with the gain, and then limited without losing loudness.

    Each clip by itself: limited along with another speaker's, a peaky voice would come out softer than that one.
    """
    samples = resample(voice, RATE_HZ) * gain
    limit((samples,), peak, make_up=_CLIP_MAKE_UP)
    return samples


def speech_gain(voice: Voice, same: Sequence[Voice], target_lufs: float) -> np.float32:
    """Gain of a clip: its own loudness counts as far as it is long, the rest is that of `same`, its speaker's clips.

    A clip of one short word measures low or high by chance of its vowels; levelled alone it would shout.
    """
    usual = unlevelled_lufs(np.concatenate([other.blocks for other in same]))
    in_master = unlevelled_lufs(np.concatenate([other.blocks_between_pauses for other in same]))
    apart = float(np.clip(voice.loudness_lufs - usual, -_APART_DB, _APART_DB))
    weight = len(voice.blocks) / (len(voice.blocks) + _STEADY_BLOCKS)
    return np.float32(10 ** ((target_lufs - in_master - apart * weight) / 20))


def lead(opening: Opening, music: MusicCuts, levels: Levels) -> int:
    """Samples before the first word."""
    if opening == "intro":
        if music.intro is None:
            return _samples(LEAD_SECONDS)
        return min(_samples(levels.intro_lead_seconds), music.intro.length * 2 // 3)
    if opening == "sting" and music.sting is not None:
        return _body(music.sting)
    return 0


def _body(sting: Cut) -> int:
    """Samples until a sting has rung down by 15 dB, and a breath: speech may enter over the rest."""
    window = _samples(0.05)
    count = sting.length // window
    level = np.square(sting.channels[0][: count * window]).reshape(count, window).mean(axis=1)
    loud = np.flatnonzero(level > level.max() / 30)
    return min((int(loud[-1]) + 1) * window + _samples(0.15), sting.length)


def place(part: Part, lengths: Sequence[int], first: int) -> tuple[list[int], int]:
    """Start of each clip, the first at `first`, and where the pause after the last one ends."""
    starts, following = [], first
    for (utterance, _), length in zip(part.spoken, lengths, strict=True):
        starts.append(following)
        following += length + pause_after(utterance)
    last = starts[-1] + lengths[-1]
    if part.before_sting:
        following = min(following, last + _samples(BEFORE_STING_SECONDS - AFTER_SECONDS))
    return starts, max(following, last + _samples(SHORTEST_END_SECONDS))


def pause_after(utterance: Utterance) -> int:
    """Samples from the end of a clip to the start of the next: a pause is from sound to sound."""
    pause = min(utterance.pause_after_seconds, LONGEST_PAUSE_SECONDS)
    return _samples(max(pause - (BEFORE_SECONDS + AFTER_SECONDS), 0.0))


Layer = tuple[int, Cut]


def part_length(speech_end: int, layers: Sequence[Layer]) -> int:
    """Samples of a part: whole MP3 frames, with silence at the end."""
    end = max([speech_end, *(start + cut.length for start, cut in layers)])
    return mp3.to_frames(end + _samples(SHORTEST_END_SECONDS) if layers else end)


def music_layers(part: Part, music: MusicCuts, levels: Levels, spans: Sequence[tuple[float, float]]) -> list[Layer]:
    """The music of the part: where each piece starts, and its samples, faded and ducked under the spans of speech."""
    layers: list[Layer] = []
    last = spans[-1][1]
    if part.opening == "intro" and music.intro:
        end = min(music.intro.length, _samples(last + 0.6))
        # Once the greeting is over the intro does not come up again: it is ducked to its end.
        spans_to_end = [*spans[:-1], (spans[-1][0], end / RATE_HZ + 1)]
        layers.append(_layer(_until(music.intro, end), 0, spans_to_end, levels.duck_db))
    if part.opening == "sting" and music.sting:
        layers.append(_layer(music.sting, 0, spans, levels.duck_db))
    if part.bed and music.bed:
        start = max(_samples(spans[0][0] - 1.0), 0)
        layers.append(
            _layer(_looped(music.bed, _samples(last + 0.6) - start), start, [(0.0, last + 9)], levels.duck_db)
        )
    if part.outro and music.outro:
        lead = min(levels.outro_lead_seconds, last - spans[0][0], music.outro.length / RATE_HZ / 3)
        start = _samples(last - lead)
        faded = _faded(music.outro, rise=min(1.0, lead), fall=0.0)
        rising = [*spans[:-1], (spans[-1][0], last - OUTRO_RISE_SECONDS)]
        layers.append(_layer(faded, start, rising, levels.duck_db))
    return layers


def _layer(cut: Cut, start: int, spans: Sequence[tuple[float, float]], duck_db: float) -> Layer:
    gain = duck_gain(spans, start / RATE_HZ, cut.length, RATE_HZ, duck_db)
    return start, Cut(tuple(channel * gain for channel in cut.channels))


def _until(cut: Cut, end: int) -> Cut:
    """Cut short, with a fade; whole where it ends by itself."""
    if end >= cut.length:
        return cut
    return _faded(Cut(tuple(channel[:end] for channel in cut.channels)), rise=0.0, fall=2.0)


def _faded(cut: Cut, *, rise: float, fall: float) -> Cut:
    up, down = min(_samples(rise), cut.length), min(_samples(fall), cut.length)
    gain = np.ones(cut.length, dtype=np.float32)
    gain[:up] *= equal_power(up)
    gain[cut.length - down :] *= equal_power(down)[::-1]
    return Cut(tuple(channel * gain for channel in cut.channels))


def _looped(cut: Cut, length: int) -> Cut:
    """The bed over again to `length` samples, faded at both ends.

    A bed made to repeat sounds at both ends, and is put end to end so that it stays in time; another is crossfaded with
    itself over 1 s.
    """
    overlap = 0 if _repeats(cut) else min(_samples(1.0), cut.length // 3)
    rise = equal_power(overlap)
    channels = []
    for channel in cut.channels:
        total = channel
        while len(total) < length:
            joint = total[len(total) - overlap :] * rise[::-1] + channel[:overlap] * rise
            total = np.concatenate((total[: len(total) - overlap], joint, channel[overlap:]))
        channels.append(total[:length])
    return _faded(Cut(tuple(channels)), rise=1.0, fall=1.0)


def _repeats(cut: Cut) -> bool:
    """Whether the last sample leads into the first: no fade at either end, and no step that is larger than usual."""
    edge = _samples(0.1)
    for channel in cut.channels:
        usual = np.sqrt(np.mean(np.square(channel)))
        ends = [np.sqrt(np.mean(np.square(end))) for end in (channel[:edge], channel[-edge:])]
        if min(ends) < usual / 4 or abs(channel[0] - channel[-1]) > np.abs(np.diff(channel)).max():
            return False
    return True


def _samples(seconds: float) -> int:
    return round(seconds * RATE_HZ)
