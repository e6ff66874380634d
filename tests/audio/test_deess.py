"""Sibilants: lowered where they stick out, left alone where they do not."""

from __future__ import annotations

import numpy as np
import soundfile
from synthetic import RATE_HZ, syllables, write_clip

from podcast.audio import filters
from podcast.audio.deess import SIBILANTS_HZ, body_power, is_sharp, soften
from podcast.audio.loudness import steps_and_high
from podcast.audio.voice import read_voice


def hiss(seconds: float, seed: int = 1) -> np.ndarray:
    noise = np.random.default_rng(seed).standard_normal(round(seconds * RATE_HZ)).astype(np.float32)
    return filters.apply(noise, RATE_HZ, (filters.high_pass(SIBILANTS_HZ, RATE_HZ),))[0]


def with_sibilants(level: float) -> tuple[np.ndarray, np.ndarray]:
    """3 s of speech with an s of 80 ms in every 0.25 s, and where those are."""
    sound = syllables(3.0, seed=2)
    places = np.zeros(len(sound), dtype=bool)
    for start in range(2000, len(sound) - 4000, RATE_HZ // 4):
        places[start : start + round(0.08 * RATE_HZ)] = True
    return sound + np.where(places, hiss(3.0) * np.float32(level), np.float32(0)), places


def db(samples: np.ndarray) -> float:
    return float(10 * np.log10(np.mean(np.square(samples))))


def above(samples: np.ndarray) -> np.ndarray:
    return filters.apply(samples, RATE_HZ, (filters.high_pass(SIBILANTS_HZ, RATE_HZ),))[0]


def test_a_sharp_voice_is_told_from_a_usual_one() -> None:
    for level, sharp in ((0.005, False), (0.01, False), (0.05, True), (0.2, True)):
        assert is_sharp(*steps_and_high(with_sibilants(level)[0], RATE_HZ, SIBILANTS_HZ)) is sharp


def test_sibilants_come_down_and_the_rest_stays() -> None:
    sound, places = with_sibilants(0.15)
    energies, high = steps_and_high(sound, RATE_HZ, SIBILANTS_HZ)
    softer = soften(sound, RATE_HZ, body_power(energies, high))
    lowered_db = db(above(sound)[places]) - db(above(softer)[places])
    assert 2 < lowered_db < 6.5
    low = np.fft.rfft(softer - sound)
    frequencies = np.fft.rfftfreq(len(sound), 1 / RATE_HZ)
    assert db(np.abs(low[frequencies < 2000])) < db(np.abs(low[frequencies > 6000])) - 20
    far = ~np.convolve(places, np.ones(2000), mode="same").astype(bool)
    assert np.abs(softer - sound)[far].max() < 0.01


def test_a_clip_is_softened_as_it_is_read_only_where_it_is_sharp(tmp_path) -> None:
    clip = write_clip(tmp_path, "a", [3.0], lead=0.0, tail=0.0, gap=0.0)
    middle = slice(RATE_HZ, 2 * RATE_HZ)
    usual, source = read_voice(clip).samples, soundfile.read(clip.path, dtype="float32")[0]
    assert abs(db(above(usual)[middle]) - db(above(source)[middle])) < 0.1
    sharp, places = with_sibilants(0.15)
    soundfile.write(clip.path, sharp, RATE_HZ)
    read = read_voice(clip).samples
    assert db(above(read)[places[: len(read)]]) < db(above(sharp)[places]) - 2
