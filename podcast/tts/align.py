"""Times for our sentences from the times a service gives for its own.

A service that reports boundaries cuts the text into sentences by its own rules.  Both cuts are laid over the same
characters (letters and digits alone: punctuation and white space have no sound), and a place inside one of the
service's sentences gets its time by proportion.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

# Of all characters: how far the count may be off where the service reports a text other than the one it was given.
# It was never seen to; a lost sentence among ten is still noticed.
REWRITTEN_TOLERANCE = 0.08
LATE_SECONDS = 0.5  # a boundary may end this long after the audio: MP3 frames and rounding take some hundredths


class Misaligned(Exception):
    """The boundaries do not cover the text, or not the audio."""


@dataclass(frozen=True, slots=True)
class Boundary:
    """A stretch of speech as the service reports it."""

    start_seconds: float
    end_seconds: float
    text: str


@dataclass(frozen=True, slots=True)
class _Span:
    first: int  # place of its first character among all speakable characters
    last: int  # place after its last
    start_seconds: float
    end_seconds: float

    def time_of(self, place: int) -> float:
        share = (place - self.first) / max(1, self.last - self.first)
        return self.start_seconds + share * (self.end_seconds - self.start_seconds)


def align(
    sentences: Sequence[str], boundaries: Sequence[Boundary], duration_seconds: float
) -> list[tuple[float, float]]:
    """Start and end in seconds of each sentence.  A sentence without letters and digits has no length.

    Raises Misaligned if some of the text has no time, if time runs backwards, or if it runs past the audio.
    """
    spans = _spans(speakable("".join(sentences)), boundaries)
    _refuse_impossible(spans, duration_seconds)
    times = []
    place = 0
    for sentence in sentences:
        after = place + len(speakable(sentence))
        start = next((span for span in spans if place < span.last), spans[-1]).time_of(place)
        end = next(span for span in spans if after <= span.last).time_of(after) if after > place else start
        times.append((min(start, duration_seconds), min(end, duration_seconds)))
        place = after
    return times


def speakable(text: str) -> str:
    """The characters of a text that have a sound: letters and digits."""
    return "".join(character for character in text.casefold() if character.isalnum())


def _spans(whole: str, boundaries: Sequence[Boundary]) -> list[_Span]:
    spans: list[_Span] = []
    place = 0
    allowed = 0  # characters that may be missing
    for boundary in boundaries:
        text = speakable(boundary.text)
        if not text:
            continue
        found = whole.find(text, place)
        if found < 0:  # the service reports other words than it was given: count instead of compare
            allowed = int(len(whole) * REWRITTEN_TOLERANCE)
            found = place
        if found - place > allowed:
            raise Misaligned(f"no time was given for {_quoted(whole[place:found])}")
        last = min(found + len(text), len(whole))
        # What was skipped belongs to this span, so that every place has a time.
        spans.append(_Span(place, last, boundary.start_seconds, boundary.end_seconds))
        place = last
    if len(whole) - place > allowed or not spans:
        raise Misaligned(f"no time was given for {_quoted(whole[place:])}")
    if place < len(whole):
        end = spans.pop()
        spans.append(_Span(end.first, len(whole), end.start_seconds, end.end_seconds))
    return spans


def _refuse_impossible(spans: Sequence[_Span], duration_seconds: float) -> None:
    before = 0.0
    for span in spans:
        if span.start_seconds < before - LATE_SECONDS or span.end_seconds < span.start_seconds:
            raise Misaligned("the times given run backwards")
        before = span.end_seconds
    if before > duration_seconds + LATE_SECONDS:
        raise Misaligned(f"the times given end at {before:.1f} s, the audio at {duration_seconds:.1f} s")


def _quoted(text: str) -> str:
    return f"“{text}”" if len(text) <= 20 else f"“{text[:20]}…” ({len(text)} characters)"
