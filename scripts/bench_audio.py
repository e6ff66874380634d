#!/usr/bin/env python3
"""bench_audio.py [--minutes 30] [--clips 300]: the audio stage beside its floor, in the same run.

Synthetic speech (noise shaped into syllables, 24 kHz FLAC clips) with intro, sting and outro is mastered to MP3, mono
at 96 and stereo at 128 kbit/s.  The floor is ffmpeg's encoder (libmp3lame) on the finished samples, which is all that a
stage with nothing else to do would take.  Each master is made in a process of its own, whose peak memory is reported;
"edit" is the time to make it again with one clip changed and the encoded parts in the cache.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import numpy as np
import soundfile

from podcast.audio import Music, Tags, Target, ffmpeg_path, make_master
from podcast.models import Clip, Mark, Script, Segment, Sentence, Utterance

ROOT = Path(__file__).parent.parent
RATE_HZ = 24_000
PER_SEGMENT = 10  # utterances
LAYOUTS = ((1, 96), (2, 128))  # channels, kbit/s
COLUMNS = ["target", "wall s", "floor wall s", "x floor", "cpu s", "floor cpu s", "edit wall s", "peak MB"]
COLUMNS += ["LUFS", "dBTP", "audio s"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=30.0)
    parser.add_argument("--clips", type=int, default=300)
    parser.add_argument("--json", action="store_true", help="print figures as JSON")
    parser.add_argument("--one", nargs=2, metavar=("FOLDER", "CHANNELS"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        make_one(Path(options.one[0]), int(options.one[1]))
        return
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_material(folder, options.minutes, options.clips)
        rows = [measure(folder, channels, bitrate) for channels, bitrate in LAYOUTS]
    if options.json:
        print(json.dumps(rows, indent=1))
        return
    print(f"{options.minutes:g} minutes in {options.clips} clips")
    print("| " + " | ".join(COLUMNS) + " |\n|" + "---|" * len(COLUMNS))
    for row in rows:
        print("| " + " | ".join(str(row[name]) for name in COLUMNS) + " |")


def measure(folder: Path, channels: int, bitrate_kbps: int) -> dict[str, float | str]:
    command = [sys.executable, __file__, "--one", str(folder), str(channels)]
    figures = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    wall, cpu = floor_seconds(folder / f"{channels}.mp3", channels, bitrate_kbps)
    return {
        **figures,
        "target": f"{'mono' if channels == 1 else 'stereo'} {bitrate_kbps}k",
        "floor wall s": round(wall, 2),
        "floor cpu s": round(cpu, 2),
        "x floor": round(figures["wall s"] / wall, 2),
    }


def make_one(folder: Path, channels: int) -> None:
    """In a process of its own: make the master, then again with one clip changed; print the figures."""
    script, clips = read_material(folder)
    make = partial(
        make_master,
        music=music(),
        target=Target(channels=channels, bitrate_kbps=dict(LAYOUTS)[channels]),
        tags=Tags("bench"),
        cache=folder / f"cache{channels}",
    )
    start, cpu_start = time.perf_counter(), time.process_time()
    master, _ = make(script, clips, folder / f"{channels}.mp3")
    seconds, cpu_seconds = time.perf_counter() - start, time.process_time() - cpu_start
    peak_bytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    other = write_clip(folder, "edited", clips[-1].duration_seconds, seed=-1)
    edited = [*clips[:-1], replace(other, utterance_id=clips[-1].utterance_id)]
    start = time.perf_counter()
    make(script, edited, folder / "edited.mp3")
    figures = {
        "wall s": round(seconds, 2),
        "cpu s": round(cpu_seconds, 2),
        "edit wall s": round(time.perf_counter() - start, 2),
        "peak MB": round(peak_bytes / 1e6),
        "LUFS": round(master.loudness_lufs, 2),
        "dBTP": round(master.true_peak_dbtp, 2),
        "audio s": round(master.duration_seconds, 1),
    }
    print(json.dumps(figures))


def floor_seconds(master: Path, channels: int, bitrate_kbps: int) -> tuple[float, float]:
    """Wall and processor time of ffmpeg to encode the master's own samples, read from a WAV file."""
    wave = master.with_suffix(".wav")
    subprocess.run([ffmpeg_path(), "-v", "error", "-y", "-i", str(master), "-map", "0:a", str(wave)], check=True)
    command = [ffmpeg_path(), "-v", "error", "-y", "-i", str(wave), "-c:a", "libmp3lame", "-b:a", f"{bitrate_kbps}k"]
    start, cpu_start = time.perf_counter(), children_seconds()
    subprocess.run([*command, "-ac", str(channels), str(wave.with_suffix(".floor.mp3"))], check=True)
    seconds, cpu_seconds = time.perf_counter() - start, children_seconds() - cpu_start
    wave.unlink()
    return seconds, cpu_seconds


def children_seconds() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


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
