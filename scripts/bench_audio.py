#!/usr/bin/env python3
"""bench_audio.py [--minutes 30] [--clips 300]: the audio stage beside its floor, in the same run.

Synthetic speech (noise shaped into syllables, 24 kHz FLAC clips) with intro, sting and outro is mastered to MP3, mono
at 96 and stereo at 128 kbit/s.  The floor is ffmpeg's encoder (libmp3lame) on the finished samples, which is all that a
stage with nothing else to do would take.  Each master is made in a process of its own, whose peak memory is reported;
"edit" is the time to make it again with one clip changed and the encoded parts in the cache.  "one core" is the same on
one processor.  The last row is what most programs do: pydub's from_file, +=, overlay, normalize and export.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
from figures import Figure, add_option, markdown, save

from podcast.audio import Music, Tags, Target, encoded, ffmpeg_path, make_master
from podcast.measure import measure as measured
from podcast.models import Clip, Mark, Script, Segment, Sentence, Utterance

ROOT = Path(__file__).parent.parent
RATE_HZ = 24_000
PER_SEGMENT = 10  # utterances
LAYOUTS = ((1, 96), (2, 128))  # channels, kbit/s
COLUMNS = ["target", "wall s", "floor wall s", "x floor", "one core s", "x floor on one", "edit s", "edit encodes"]
COLUMNS += ["peak MB", "LUFS", "LRA", "dBTP", "audio s"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=30.0)
    parser.add_argument("--clips", type=int, default=300)
    parser.add_argument("--no-naive", action="store_true", help="leave out pydub alone, which takes minutes")
    add_option(parser)
    parser.add_argument("--one", nargs=3, metavar=("FOLDER", "CHANNELS", "WAY"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        folder, channels, way = options.one
        print(json.dumps(WAYS[way](Path(folder), int(channels))))
        return
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_material(folder, options.minutes, options.clips)
        rows = [measure(folder, channels, bitrate) for channels, bitrate in LAYOUTS]
        if not options.no_naive:
            rows.append(measure_naive(folder, rows[-1]))
    print(f"{options.minutes:g} minutes in {options.clips} clips")
    print(markdown([COLUMNS, *([row.get(name) for name in COLUMNS] for row in rows)]))
    save((figure for row in rows for figure in figures(row)), options.figures)


def figures(row: Figures) -> list[Figure]:
    also = f"peak {row['peak MB']} MB, {row['LUFS']} LUFS, {row['dBTP']} dBTP"
    floor = row["floor wall s"]
    if "one core s" not in row:
        return [Figure("audio", row["target"], row["wall s"], floor, "s", "", also)]
    return [
        Figure("audio", f"{row['target']}, 30 min on two cores", row["wall s"], floor, "s", "<= 0.7", also),
        Figure("audio", f"{row['target']}, on one core", row["one core s"], floor, "s", "<= 1.05"),
        Figure("audio", f"{row['target']}, one clip edited", row["edit s"], floor, "s", "", row["edit encodes"]),
    ]


Figures = dict[str, Any]


def measure(folder: Path, channels: int, bitrate_kbps: int) -> Figures:
    figures = in_a_process(folder, channels, "ours")
    floor = floor_seconds(folder / f"{channels}.mp3", channels, bitrate_kbps)
    one_core = in_a_process(folder, channels, "one core")["wall s"]
    return {
        **figures,
        "target": f"{'mono' if channels == 1 else 'stereo'} {bitrate_kbps}k",
        "floor wall s": round(floor, 2),
        "x floor": round(figures["wall s"] / floor, 2),
        "one core s": one_core,
        "x floor on one": round(one_core / floor, 2),
    }


def measure_naive(folder: Path, beside: Figures) -> Figures:
    figures = in_a_process(folder, 2, "naive")
    floor = beside["floor wall s"]
    return {
        **figures,
        "target": "pydub alone, stereo 128k",
        "floor wall s": floor,
        "x floor": round(figures["wall s"] / floor, 2),
    }


def in_a_process(folder: Path, channels: int, way: str) -> Figures:
    command = [sys.executable, __file__, "--one", str(folder), str(channels), way]
    figures: Figures = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    return figures


def ours(folder: Path, channels: int) -> Figures:
    """Make the master, then again with one clip changed."""
    script, clips = read_material(folder)
    make = maker(channels, folder / f"cache{channels}")
    start = time.perf_counter()
    master, _ = make(script, clips, folder / f"{channels}.mp3")
    seconds = time.perf_counter() - start
    peak_bytes = peak_memory_bytes()
    other = write_clip(folder, "edited", clips[-1].duration_seconds, seed=-1)
    edited = [*clips[:-1], replace(other, utterance_id=clips[-1].utterance_id)]
    kept = encoded.size(folder / f"cache{channels}")[0]
    start = time.perf_counter()
    make(script, edited, folder / "edited.mp3")
    return {
        "wall s": round(seconds, 2),
        "edit s": round(time.perf_counter() - start, 2),
        "edit encodes": f"{encoded.size(folder / f'cache{channels}')[0] - kept} of {kept} parts",
        "peak MB": round(peak_bytes / 1e6),
        "LUFS": round(master.loudness_lufs, 2),
        "LRA": round(master.loudness_range_lu, 1),
        "dBTP": round(master.true_peak_dbtp, 2),
        "audio s": round(master.duration_seconds, 1),
    }


def one_core(folder: Path, channels: int) -> Figures:
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, [min(os.sched_getaffinity(0))])
    script, clips = read_material(folder)
    start = time.perf_counter()
    maker(channels, None)(script, clips, folder / "one.mp3")
    return {"wall s": round(time.perf_counter() - start, 2)}


def maker(channels: int, cache: Path | None) -> Any:
    target = Target(channels=channels, bitrate_kbps=dict(LAYOUTS)[channels])
    return partial(make_master, music=music(), target=target, tags=Tags("bench"), cache=cache)


def naive(folder: Path, channels: int) -> Figures:
    """What a first program with pydub does; it has no loudness but `normalize`, which goes by the peak."""
    from pydub import AudioSegment
    from pydub.effects import normalize

    _, clips = read_material(folder)
    output = folder / "naive.mp3"
    start = time.perf_counter()
    whole = AudioSegment.silent(duration=4500, frame_rate=44_100)
    for clip in clips:
        whole += AudioSegment.from_file(clip.path).set_frame_rate(44_100).set_channels(channels)
        whole += AudioSegment.silent(duration=400, frame_rate=44_100)
    if music().intro:
        whole = whole.overlay(AudioSegment.from_file(music().intro) - 6)
    normalize(whole).export(output, format="mp3", bitrate=f"{dict(LAYOUTS)[channels]}k")
    seconds, peak_bytes = time.perf_counter() - start, peak_memory_bytes()
    found = measured(output)
    return {
        "wall s": round(seconds, 2),
        "peak MB": round(peak_bytes / 1e6),
        "LUFS": round(found.loudness_lufs, 2),
        "dBTP": round(found.true_peak_dbtp, 2),
        "audio s": round(found.duration_seconds, 1),
    }


WAYS = {"ours": ours, "one core": one_core, "naive": naive}


def peak_memory_bytes() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def floor_seconds(master: Path, channels: int, bitrate_kbps: int) -> float:
    """Wall time of ffmpeg, which has one thread for it, to encode the master's own samples, read from a WAV file."""
    wave = master.with_suffix(".wav")
    subprocess.run([ffmpeg_path(), "-v", "error", "-y", "-i", str(master), "-map", "0:a", str(wave)], check=True)
    command = [ffmpeg_path(), "-v", "error", "-y", "-i", str(wave), "-c:a", "libmp3lame", "-b:a", f"{bitrate_kbps}k"]
    start = time.perf_counter()
    subprocess.run([*command, "-ac", str(channels), str(wave.with_suffix(".floor.mp3"))], check=True)
    seconds = time.perf_counter() - start
    wave.unlink()
    return seconds


def music() -> Music:
    intro, outro, sting = (ROOT / "assets" / f"{name}.flac" for name in ("intro", "outro", "sting"))
    return Music(intro=intro, outro=outro, sting=sting) if intro.is_file() else Music()


def write_material(folder: Path, minutes: float, count: int) -> None:
    for number in range(count):
        write_clip(folder, f"u{number:04d}", minutes * 60 / count, seed=number)


def write_clip(folder: Path, name: str, seconds: float, seed: int) -> Clip:
    rng = np.random.default_rng(seed + 1)
    count = round(seconds * RATE_HZ)
    times = np.arange(count) / RATE_HZ
    falling = 1 / np.hypot(1, np.fft.rfftfreq(count, 1 / RATE_HZ) / 500)
    noise = np.fft.irfft(np.fft.rfft(rng.standard_normal(count)) * falling, count)
    syllables = np.clip(np.sin(2 * np.pi * rng.uniform(3, 5) * times) + 0.4, 0, 1)
    phrases = np.sin(2 * np.pi * 0.3 * times + seed) > -0.9
    path = folder / f"{name}.flac"
    soundfile.write(path, (noise * syllables * phrases * 0.1).astype(np.float32), RATE_HZ)
    return Clip(name, path, count / RATE_HZ, (Mark(0.0, seconds, ""),))


def read_material(folder: Path) -> tuple[Script, list[Clip]]:
    clips = []
    for path in sorted(folder.glob("u*.flac")):
        seconds = soundfile.info(path).duration
        clips.append(Clip(path.stem, path, seconds, (Mark(0.0, seconds, ""),)))
    utterances = [Utterance(clip.utterance_id, "anchor", (Sentence(clip.utterance_id, ""),), 0.4) for clip in clips]
    groups = [tuple(utterances[first : first + PER_SEGMENT]) for first in range(0, len(utterances), PER_SEGMENT)]
    segments = [Segment("item", f"item {number}", number, group) for number, group in enumerate(groups, 1)]
    segments[0] = Segment("opening", "opening", None, groups[0])
    return Script("bench", datetime(2025, 11, 4, tzinfo=UTC), tuple(segments)), clips


if __name__ == "__main__":
    main()
