"""The gain of music under speech, keyed by where speech is."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from podcast.audio.filters import Samples

ATTACK_SECONDS = 0.4  # the music is down when the first word begins
RELEASE_SECONDS = 0.9
HOLD_SECONDS = 1.5  # in a shorter pause the music stays down
_CONTROL_HZ = 200


def duck_gain(
    spans: Sequence[tuple[float, float]], start_seconds: float, length: int, rate_hz: int, depth_db: float
) -> Samples:
    """(length,) gain for music that starts at `start_seconds`: 1 away from the spans of speech, `depth_db` inside.

    The way between is a raised cosine in dB, which the ear hears as an even movement.
    """
    times = start_seconds + np.arange(length * _CONTROL_HZ // rate_hz + 2) / _CONTROL_HZ
    depth = np.zeros(len(times))
    for begin, end in _merged(spans):
        down = np.clip((times - begin + ATTACK_SECONDS) / ATTACK_SECONDS, 0, 1)
        up = np.clip((end + RELEASE_SECONDS - times) / RELEASE_SECONDS, 0, 1)
        depth = np.maximum(depth, 0.5 - 0.5 * np.cos(np.pi * np.minimum(down, up)))
    gain = 10 ** (depth_db * depth / 20)
    places = np.arange(length) * (_CONTROL_HZ / rate_hz)
    return np.asarray(np.interp(places, np.arange(len(times)), gain), dtype=np.float32)


def equal_power(count: int) -> Samples:
    """A rise over `count` samples whose square and that of its mirror add up to 1."""
    return np.asarray(np.sin(np.pi / 2 * (np.arange(count) + 0.5) / max(count, 1)), dtype=np.float32)


def _merged(spans: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    merged: list[tuple[float, float]] = []
    for begin, end in sorted(spans):
        if merged and begin - merged[-1][1] < HOLD_SECONDS:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((begin, end))
    return merged
