"""Synthetic speech: bursts of shaped noise with known onsets, cut into utterances and clips."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import soundfile
from hypothesis import strategies as st

from podcast.models import Clip, Mark, Script, Segment, SegmentKind, Sentence, Utterance

RATE_HZ = 24_000


def syllables(seconds: float, seed: int, rate_hz: int = RATE_HZ) -> np.ndarray:
    """A voice-like sound without pauses: 4 syllables a second, a pulse of 120 Hz with noise, falling spectrum."""
    rng = np.random.default_rng(seed)
    count = round(seconds * rate_hz)
    times = np.arange(count) / rate_hz
    frequencies = np.fft.rfftfreq(count, 1 / rate_hz)
    noise = np.fft.irfft(np.fft.rfft(rng.standard_normal(count)) / (1 + (frequencies / 500) ** 2) ** 0.5, count)
    pulse = np.sign(np.sin(2 * np.pi * 120 * times) - 0.95) * 0.3
    envelope = 0.25 + 0.75 * np.abs(np.sin(2 * np.pi * 2 * times + 0.5))
    return ((noise + pulse) * envelope * 0.1).astype(np.float32)


def write_clip(
    folder: Path,
    utterance_id: str,
    sentence_seconds: Sequence[float],
    *,
    seed: int = 0,
    gain: float = 1.0,
    lead: float = 0.2,
    gap: float = 0.35,
    tail: float = 0.3,
    rate_hz: int = RATE_HZ,
) -> Clip:
    """A FLAC clip of sentences with silence around and between them, marks at the exact onsets."""
    pieces, marks, place = [np.zeros(round(lead * rate_hz), np.float32)], [], lead
    for number, seconds in enumerate(sentence_seconds):
        pieces += [syllables(seconds, seed * 100 + number, rate_hz) * gain, np.zeros(round(gap * rate_hz), np.float32)]
        marks.append(Mark(place, seconds, f"第{number}句。"))
        place += seconds + gap
    pieces.append(np.zeros(round(tail * rate_hz), np.float32))
    samples = np.concatenate(pieces)
    path = folder / f"{utterance_id}.flac"
    soundfile.write(path, samples, rate_hz)
    return Clip(utterance_id, path, len(samples) / rate_hz, tuple(marks))


@dataclass(frozen=True)
class Plan:
    """What to say: for each segment its kind, and for each utterance the seconds of its sentences."""

    kind: SegmentKind
    utterances: Sequence[Sequence[float]]


def write_script(folder: Path, plans: Sequence[Plan], **options: float) -> tuple[Script, list[Clip]]:
    segments, clips, item = [], [], 0
    for index, plan in enumerate(plans):
        item += plan.kind == "item"
        utterances = []
        for number, seconds in enumerate(plan.utterances):
            name = f"s{index:02d}-u{number:02d}"
            clips.append(write_clip(folder, name, seconds, seed=len(clips), **options))
            sentences = tuple(Sentence(f"{name} 第 {k} 句。", f"第{k}句。") for k in range(len(seconds)))
            last = number == len(plan.utterances) - 1
            speaker = "commentator" if plan.kind == "commentary" else "anchor"
            utterances.append(Utterance(name, speaker, sentences, 0.9 if last else 0.35))
        url = f"https://example.org/{item}" if plan.kind == "item" else None
        title = f"{plan.kind} {index}"
        segments.append(Segment(plan.kind, title, item if plan.kind == "item" else None, tuple(utterances), url))
    return Script("测试节目", datetime(2025, 11, 4, 8, tzinfo=UTC), tuple(segments)), clips


def write_music(path: Path, seconds: float, seed: int = 0, channels: int = 2) -> Path:
    """A decaying chord with a little noise, different on each side."""
    rng = np.random.default_rng(seed)
    times = np.arange(round(seconds * 44_100)) / 44_100
    decay = np.minimum(1, np.minimum(times / 0.02, (seconds - times) / 1.0))
    chord = [
        sum(np.sin(2 * np.pi * f * (1 + 0.002 * c) * times) for f in (220, 277, 330, 440)) for c in range(channels)
    ]
    table = np.stack(chord, axis=1) * 0.1 * decay[:, None] + rng.standard_normal((len(times), channels)) * 0.002
    soundfile.write(path, table.astype(np.float32), 44_100)
    return path


@st.composite
def narrations(draw, shortest_seconds: float = 0.2):
    """Plans of an overview and one to three items, and how their clips are: silences, level, rate."""
    seconds = st.lists(st.floats(shortest_seconds, 1.5), min_size=1, max_size=3)
    items = [Plan("item", draw(st.lists(seconds, min_size=1, max_size=3))) for _ in range(draw(st.integers(1, 3)))]
    options = {
        "lead": draw(st.floats(0, 0.6)),
        "gap": draw(st.floats(0.15, 0.6)),
        "gain": draw(st.sampled_from([0.02, 0.3, 2.0])),
        "rate_hz": draw(st.sampled_from([16_000, 24_000, 44_100])),
    }
    return [Plan("overview", [[2.0]]), *items], options
