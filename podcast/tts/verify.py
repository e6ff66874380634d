"""Was every word spoken?  What can be told from the samples, without recognising speech.

The thresholds stand between what real clips show and what damaged ones do.  "Real" is thirty clips of Kokoro in two
voices, 2 to 59 characters: 0.15 to 0.26 s a character, the last 20 ms at 59 dB or more under the speech, no pause
longer than 0.3 s.  Edge ends each clip with 0.8 s of silence and pauses up to 0.8 s between sentences.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import median

import numpy as np
import numpy.typing as npt

from podcast.models import Mark, Utterance
from podcast.tts.base import Samples, Speech

SILENT = "it is silent"
FRAME_SECONDS = 0.02
SILENT_DBFS = -50.0  # a clip whose loudest frame is below this; speech is 25 dB louder or more
PAUSE_DB = -35.0  # under the level of speech: background and breath, not voice
ENDING_DB = -25.0  # under the level of speech: the last frame of a word is louder, of a clip that has ended quieter
LONGEST_PAUSE_SECONDS = 1.5
FULL_SCALE = 0.98
CLIPPED_SHARE = 0.005  # of samples at full scale: Kokoro's own peaks reach 0.0013, 6 dB too much gives 0.006
OUTSIDE_SECONDS = 1.0  # of speech before the first mark or after the last

# Of a voice at its natural speed before anything is known about it, in seconds for each syllable.
FASTEST_SECONDS, SLOWEST_SECONDS = 0.12, 0.40
LEARNT_CLIPS = 8  # from this many on a voice's own pace is trusted
REMEMBERED_CLIPS = 400
LEARNT_SYLLABLES = 8  # shorter clips say little about pace
LETTER_SYLLABLES = 0.4  # of a Latin word: "software", eight letters, lasts as long as three Han characters
LETTER_NAME_SYLLABLES = 1.3  # "W" aside, a letter's name lasts a little longer than a Han character


@dataclass
class Pace:
    """How fast a voice speaks, learnt from its accepted clips.  Its fields are plain data, ready for JSON."""

    rate: float = 1.0  # times the voice's natural speed, as asked for
    seconds_per_syllable: list[float] = field(default_factory=list)  # of accepted clips, the oldest first

    def add(self, utterance: Utterance, seconds: float) -> None:
        """Learn from an accepted clip; `seconds` without the silence around the speech (see `spoken_seconds`)."""
        count = syllables(utterance.spoken)
        if count >= LEARNT_SYLLABLES:
            self.seconds_per_syllable.append(seconds / count)
            del self.seconds_per_syllable[:-REMEMBERED_CLIPS]

    def bounds_seconds(self, text: str) -> tuple[float, float]:
        """The shortest and longest plausible length of `text`.

        The spread is the median absolute deviation (times 1.4826 it is the standard deviation of normal data), which a
        few bad clips do not move.  Short texts vary more, and so do Latin words, whose syllables are only estimated.
        """
        count = syllables(text)
        shortest, longest = count * FASTEST_SECONDS / self.rate, count * SLOWEST_SECONDS / self.rate + 1.0
        if len(self.seconds_per_syllable) >= LEARNT_CLIPS:
            middle = median(self.seconds_per_syllable)
            spread = 1.4826 * median(abs(each - middle) for each in self.seconds_per_syllable) / middle
            latin = sum(syllables(word) for word in re.findall("[A-Za-z]+", text)) / max(count, 1)
            tolerance = min(max(0.25, 5 * spread), 0.4) + 1 / max(count, 1) + 0.3 * latin
            shortest = max(shortest, count * middle * (1 - tolerance))
            longest = min(longest, count * middle * (1 + 2 * tolerance) + 0.5)
        return shortest, longest


def verify(speech: Speech, utterance: Utterance, pace: Pace | None = None) -> list[str]:
    """What is wrong with the speech of an utterance, in words for a person; empty = nothing was found.

    It hears neither a wrong word nor a missing one that lasts less than the tolerance of `pace`.
    """
    samples = speech.samples
    if not len(samples):
        return ["there is no audio"]
    if not np.isfinite(samples).all():
        return ["the audio has samples that are no numbers"]
    levels_db = _levels_db(samples, speech.sample_rate_hz)
    if levels_db.max() < SILENT_DBFS:
        return [SILENT]
    problems = []
    clipped = float(np.mean(np.abs(samples) >= FULL_SCALE))
    if clipped > CLIPPED_SHARE:
        problems.append(f"it is clipped ({clipped:.1%} of the samples)")
    # Of the frames that hold sound at all, so that silence around the speech does not count.
    level_db = float(np.percentile(levels_db[levels_db > levels_db.max() - 40], 90))
    sounding = np.flatnonzero(levels_db > level_db + PAUSE_DB)
    start_seconds, end_seconds = sounding[0] * FRAME_SECONDS, (sounding[-1] + 1) * FRAME_SECONDS
    problems += _pause_problems(sounding)
    problems += _length_problems(end_seconds - start_seconds, utterance.spoken, pace or Pace())
    last_db = _levels_db(samples[-round(FRAME_SECONDS * speech.sample_rate_hz) :], speech.sample_rate_hz)[-1]
    if last_db > level_db + ENDING_DB:
        problems.append("it ends in the middle of a sound")
    problems += _mark_problems(speech, utterance, (start_seconds, end_seconds), sounding)
    return problems


def spoken_seconds(marks: Sequence[Mark]) -> float:
    """From the start of the first sentence to the end of the last."""
    return marks[-1].offset_seconds + marks[-1].duration_seconds - marks[0].offset_seconds if marks else 0.0


def syllables(text: str) -> float:
    """About how many syllables are said: one for a Han character, fewer for each letter of a Latin word."""
    count = 0.0
    for word in re.findall(r"[A-Za-z]+|[^\W_]", text):
        if not word.isascii() or word.isdigit():
            count += 1
        elif word.isupper() or not re.search("[aeiouy]", word, re.IGNORECASE):
            count += LETTER_NAME_SYLLABLES * len(word)
        else:
            count += max(1, LETTER_SYLLABLES * len(word))
    return count


def sound_extent(samples: Samples, sample_rate_hz: int) -> tuple[float, float]:
    """Start and end in seconds of what is louder than a pause; all of it where there is no sound."""
    if not len(samples):
        return 0.0, 0.0
    levels_db = _levels_db(samples, sample_rate_hz)
    if levels_db.max() < SILENT_DBFS:
        return 0.0, len(samples) / sample_rate_hz
    sounding = np.flatnonzero(levels_db > levels_db.max() + PAUSE_DB)
    return float(sounding[0] * FRAME_SECONDS), float((sounding[-1] + 1) * FRAME_SECONDS)


def _levels_db(samples: Samples, sample_rate_hz: int) -> npt.NDArray[np.float64]:
    """RMS of each 20 ms in dBFS; the last frame holds what is left, at least half of one."""
    length = round(FRAME_SECONDS * sample_rate_hz)
    starts = np.arange(0, max(1, len(samples) - length // 2), length)
    energy = np.add.reduceat(np.square(samples, dtype=np.float64), starts)
    counts = np.diff(np.append(starts, len(samples)))
    levels: npt.NDArray[np.float64] = 10 * np.log10(energy / counts + 1e-12)
    return levels


def _pause_problems(sounding: npt.NDArray[np.intp]) -> list[str]:
    longest_seconds = float(np.diff(sounding).max(initial=1) - 1) * FRAME_SECONDS
    if longest_seconds > LONGEST_PAUSE_SECONDS:
        return [f"there is a hole of {longest_seconds:.1f} s in it"]
    return []


def _length_problems(seconds: float, text: str, pace: Pace) -> list[str]:
    shortest, longest = pace.bounds_seconds(text)
    if seconds < shortest:
        return [f"it is too short for its text ({seconds:.1f} s, expected {shortest:.1f} s or more)"]
    if seconds > longest:
        return [f"it is too long for its text ({seconds:.1f} s, expected {longest:.1f} s or less)"]
    return []


def _mark_problems(
    speech: Speech, utterance: Utterance, extent: tuple[float, float], sounding: npt.NDArray[np.intp]
) -> list[str]:
    marks = speech.marks
    if [mark.text for mark in marks] != [sentence.spoken for sentence in utterance.sentences]:
        return ["its marks are not those of its sentences"]
    ends = [mark.offset_seconds + mark.duration_seconds for mark in marks]
    starts = [mark.offset_seconds for mark in marks]
    duration_seconds = len(speech.samples) / speech.sample_rate_hz
    slack_seconds = 0.1  # rounding, and what a codec adds
    ordered = all(start >= end - slack_seconds for end, start in zip(ends, starts[1:], strict=False))
    if not ordered or starts[0] < 0 or ends[-1] > duration_seconds + slack_seconds:
        return ["its marks are out of order or outside the audio"]
    if extent[0] < starts[0] - OUTSIDE_SECONDS or extent[1] > ends[-1] + OUTSIDE_SECONDS:
        return ["there is speech outside its marks"]
    return [
        f"a sentence was not spoken: “{mark.text}”"
        for mark, end in zip(marks, ends, strict=True)
        if not _spoken_in(mark, end, sounding)
    ]


def _spoken_in(mark: Mark, end_seconds: float, sounding: npt.NDArray[np.intp]) -> bool:
    """Whether a sentence has sound enough for a third of the shortest length it could have.

    Marks inside a service's sentence are estimates, so this asks for little.
    """
    inside = (sounding >= mark.offset_seconds / FRAME_SECONDS - 1) & (sounding <= end_seconds / FRAME_SECONDS)
    return float(inside.sum()) * FRAME_SECONDS >= Pace(rate=2.0).bounds_seconds(mark.text)[0] / 3
