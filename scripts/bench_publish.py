#!/usr/bin/env python3
"""bench_publish.py [--sizes 500 1000]: feed and pages of a long show beside their floor, in the same run.

A show grows to so many episodes of 80 cues and 15 chapters (records of 25 kB) with a real but short MP3.  At each size
three builds are measured, each in a process of its own whose peak memory is reported: the first one; one of a folder in
which nothing changed, which must write nothing; and one after a further episode.

The floor is what nobody can do without: to parse every record, and to write as many files of as many bytes as the build
wrote.  The gate reads each new MP3 whole: that time grows with the audio (10 minutes are 7 MB, here it is 0.1 MB).
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from figures import Figure, add_option, markdown, save

from podcast.audio import Tags, ffmpeg_path
from podcast.audio.tags import tag_bytes
from podcast.models import Chapter, Cue, Enclosure, Episode, Show, Timeline
from podcast.publish import publish_show
from podcast.publish.check import checksum
from podcast.publish.record import episode_json

ROOT = Path(__file__).parent.parent
SECONDS = 30.0
CHAPTERS, CUES = 15, 80
FIRST_DAY = datetime(2010, 1, 1, tzinfo=UTC)
SENTENCE = "公司今天发布了第 {} 代芯片，功耗比上一代低三成，售价不变，预计明年春天上市。"
COLUMNS = ["episodes", "build", "wall s", "cpu s", "floor wall s", "floor cpu s", "x floor cpu", "cpu ms/episode"]
COLUMNS += ["peak MB", "files written", "MB written"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", type=int, nargs="+", default=[500, 1000], metavar="EPISODES")
    add_option(parser)
    parser.add_argument("--build", type=Path, metavar="PUBLIC", help=argparse.SUPPRESS)
    parser.add_argument("--floor", type=Path, nargs=2, metavar=("PUBLIC", "LIST"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.build:
        measure(lambda: publish_show(options.build, show()))
        return
    if options.floor:
        measure(lambda: floor(*options.floor))
        return
    with tempfile.TemporaryDirectory() as name:
        rows = list(bench(Path(name), options.sizes))
    print(markdown([COLUMNS, *([row[name] for name in COLUMNS] for row in rows)]))
    save(map(figure, rows), options.figures)


def figure(row: dict[str, float | str]) -> Figure:
    also = f"peak {row['peak MB']} MB, {row['files written']} files written, {row['cpu ms/episode']} ms an episode"
    what = f"{row['episodes']} episodes, {row['build']}"
    return Figure("publish", what, float(row["cpu s"]), float(row["floor cpu s"]), "CPU s", "", also)


def bench(folder: Path, sizes: Sequence[int]) -> Iterator[dict[str, float | str]]:
    public, count = folder / "public", 0
    audio = make_audio(folder / "audio.mp3")
    for size in sizes:
        for place in range(count, size):
            add_episode(public, audio, place)
        forget(public)
        yield build(public, size, "first")
        yield build(public, size, "unchanged")
        # A copy: a further link to the one file would be a change to all the episodes that share it.
        count = size + 1
        add_episode(public, Path(shutil.copy(audio, folder / "another.mp3")), size)
        yield build(public, count, "one more")


def forget(public: Path) -> None:
    """Leave only what a build starts from: records and audio."""
    for folder, _, names in os.walk(public):
        for name in names:
            if name != "episode.json" and not name.endswith(".mp3"):
                Path(folder, name).unlink()


def build(public: Path, size: int, name: str) -> dict[str, float | str]:
    before = stamps(public)
    figures = run("--build", str(public))
    after = stamps(public)
    written = [path for path in after if after[path] != before.get(path)]
    work = public.with_name("list.json")
    work.write_text(json.dumps([after[path][1] for path in written]))
    least = run("--floor", str(public), str(work))
    return {
        "episodes": size,
        "build": name,
        "wall s": round(figures["wall"], 2),
        "cpu s": round(figures["cpu"], 2),
        "floor wall s": round(least["wall"], 2),
        "floor cpu s": round(least["cpu"], 2),
        "x floor cpu": round(figures["cpu"] / least["cpu"], 1),
        "cpu ms/episode": round(figures["cpu"] / size * 1000, 2),
        "peak MB": round(figures["peak"] / 1e6),
        "files written": len(written),
        "MB written": round(sum(after[path][1] for path in written) / 1e6, 1),
    }


def run(*arguments: str) -> dict[str, float]:
    """In a process of its own, whose memory is its own."""
    command = [sys.executable, __file__, *arguments]
    found: dict[str, float] = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    return found


def measure(work: Callable[[], object]) -> None:
    start, cpu_start = time.perf_counter(), time.process_time()
    work()
    wall, cpu = time.perf_counter() - start, time.process_time() - cpu_start
    peak_bytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    print(json.dumps({"wall": wall, "cpu": cpu, "peak": peak_bytes}))


def floor(public: Path, work: Path) -> None:
    """Parse every record, one at a time, and write files of these sizes."""
    for path in public.glob("episodes/*/episode.json"):
        json.loads(path.read_bytes())
    target = work.with_name("floor")
    target.mkdir()
    for place, size in enumerate(json.loads(work.read_bytes())):
        (target / str(place)).write_bytes(bytes(size))
    os.sync()  # as the build does, which may be stopped by a power cut
    shutil.rmtree(target)


def stamps(public: Path) -> dict[Path, tuple[int, int]]:
    """Time and size of every file."""
    found = {}
    for folder, _, names in os.walk(public):
        for name in names:
            path = Path(folder, name)
            found[path] = (path.stat().st_mtime_ns, path.stat().st_size)
    return found


def show() -> Show:
    return Show(
        title="每日新闻",
        description="每天几分钟。",
        author="编辑部",
        email="editor@example.org",
        link="",
        base_url="https://pod.example/",
        language="zh-cn",
        category=("News", "Tech News"),
        cover=ROOT / "assets" / "cover.jpg",
        disclosure="本节目由 AI 语音合成播报。",
    )


def chapters() -> tuple[Chapter, ...]:
    each = SECONDS / CHAPTERS
    return tuple(
        Chapter(n * each, (n + 1) * each, f"第 {n} 条：新一代芯片发布，功耗降低三成", f"https://news.example/{n}")
        for n in range(CHAPTERS)
    )


def make_audio(path: Path) -> Path:
    """A tone with the chapters of every episode."""
    plain = path.with_suffix(".plain.mp3")
    source = f"sine=frequency=220:sample_rate=44100:duration={SECONDS}"
    encode = ["-ac", "1", "-b:a", "32k", "-id3v2_version", "0", str(plain)]
    subprocess.run([ffmpeg_path(), "-v", "error", "-y", "-f", "lavfi", "-i", source, *encode], check=True)
    tag = tag_bytes(Tags("每日新闻"), Timeline((), chapters(), (), SECONDS))
    path.write_bytes(tag + plain.read_bytes())
    return path


def add_episode(public: Path, audio: Path, place: int) -> None:
    published = FIRST_DAY + timedelta(days=place)
    day = published.date().isoformat()
    folder = public / "episodes" / day
    folder.mkdir(parents=True)
    (folder / f"{day}.mp3").hardlink_to(audio)
    data = audio.read_bytes()
    each = SECONDS / CUES
    cues = (
        Cue(round(n * each, 3), round((n + 0.9) * each, 3), "anchor", SENTENCE.format(place * CUES + n))
        for n in range(CUES)
    )
    items = "<br>".join(f'<a href="{chapter.url}">{chapter.title}</a>' for chapter in chapters())
    episode = Episode(
        id=day,
        guid=f"bench {day}",
        title=f"{day} 的科技新闻",
        published=published,
        summary=SENTENCE.format(place) * 4,
        show_notes=f"<p>{items}</p>\n<p>{SENTENCE.format(place) * 10}</p>",
        enclosure=Enclosure(f"episodes/{day}/{day}.mp3", len(data), "audio/mpeg"),
        duration_seconds=SECONDS,
        loudness_lufs=-16.0,
        true_peak_dbtp=-1.5,
        chapters=chapters(),
        cues=tuple(cues),
        engine="bench",
        voices={"anchor": "a", "commentator": "b"},
        content_hash="0" * 64,
        highlight=Chapter(0.0, SECONDS, "今日概览"),
        longest_silence_seconds=0.0,
        audio_sha256=checksum(data),
    )
    (folder / "episode.json").write_bytes(episode_json(episode))


if __name__ == "__main__":
    main()
