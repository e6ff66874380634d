"""A small show to publish: digests, their script and timeline, a tone as MP3, a cover."""

from __future__ import annotations

import dataclasses
import shutil
import subprocess
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

from mutagen.id3 import CHAP, CTOC, ID3, TIT2, CTOCFlags
from PIL import Image

from podcast.models import (
    Chapter,
    Cue,
    Digest,
    Episode,
    Figure,
    Item,
    Link,
    Master,
    Script,
    Segment,
    Sentence,
    Show,
    Timeline,
    Utterance,
)
from podcast.publish.episode import Papers, episode_id, write_episode
from podcast.publish.files import printable

SECONDS = 60.0
Publish = Callable[..., Episode]


def ffmpeg(*arguments: str) -> None:
    program = shutil.which("ffmpeg")
    if program is None:
        import imageio_ffmpeg

        program = imageio_ffmpeg.get_ffmpeg_exe()
    subprocess.run([program, "-v", "error", "-y", *arguments], check=True)


def make_tone(path: Path) -> Path:
    """A minute of a tone as MP3, 44.1 kHz mono."""
    source = f"sine=frequency=220:sample_rate=44100:duration={SECONDS}"
    ffmpeg("-f", "lavfi", "-i", source, "-ac", "1", "-b:a", "64k", str(path))
    return path


def make_cover(path: Path, side: int = 3000) -> Path:
    Image.new("RGB", (side, side), "#0b4fb3").save(path)
    return path


def make_show(cover: Path, **changes: Any) -> Show:
    values: dict[str, Any] = {
        "title": "晨间科技",
        "description": "每天十分钟，听懂科技新闻。",
        "author": "晨间编辑部",
        "email": "editor@example.org",
        "link": "",
        "base_url": "https://pod.example/news/",
        "language": "zh-cn",
        "category": ("News", "Tech News"),
        "cover": cover,
        "disclosure": "本节目由人工智能语音合成播报。",
        "subscribe": (Link("小宇宙", "https://www.xiaoyuzhoufm.com/podcast/1"),),
        "funding": (Link("支持我们", "https://pod.example/support"),),
    } | changes
    return Show(**values)


def write_tone(
    public: Path, digest: Digest, show: Show, audio: Path, *, waveform: str = "", **master: float
) -> Episode:
    """Write an episode of a digest as the pipeline does, with `audio` for speech; keywords change the master."""
    script = make_script(digest)
    timeline = make_timeline(script)
    public.parent.mkdir(parents=True, exist_ok=True)
    path = public.parent / "master.mp3"
    shutil.copy(audio, path)
    tag(path, timeline)
    measured = {"duration_seconds": SECONDS, "loudness_lufs": -16.0, "true_peak_dbtp": -1.4} | master
    return write_episode(
        public,
        id=episode_id(public, digest),
        digest=digest,
        script=script,
        papers=Papers("# 文稿\n", "", waveform or '<svg xmlns="http://www.w3.org/2000/svg"/>\n'),
        timeline=timeline,
        master=Master(path, **measured),
        show=show,
        engine="tone",
        voices={"anchor": "low", "commentator": "high"},
        content_hash="0" * 64,
    )


def make_digest(day: str = "2025-11-04", title: str = "芯片与航天的一天", source: str = "", **changes: Any) -> Digest:
    items = (
        Item(1, "新芯片发布，功耗降低 30%", "https://news.example/chip?a=1&b=2", ("新芯片发布。", "功耗降三成。")),
        Item(2, "Rocket lands on a ship", "https://www.space.example/rocket", ("火箭在船上着陆。",)),
        Item(3, "没有来源的一条", None, ("这一条没有链接。",), (Link("论文", "https://paper.example/1"),),
             (Figure("image", "芯片照片", "https://news.example/chip.png"), Figure("table", "参数"))),
    )  # fmt: skip
    digest = Digest(
        source=Path(f"/somewhere/{source or day}.md"),
        title=title,
        published=datetime.fromisoformat(f"{day}T08:00:00+08:00"),
        overview=("今天的科技新闻从芯片说起。", "航天领域也有进展。"),
        items=items,
        commentary=("芯片竞争进入新阶段。",),
    )
    return dataclasses.replace(digest, **changes)


def make_script(digest: Digest) -> Script:
    """A segment for each block, a sentence a paragraph."""
    blocks: list[tuple[str, str, int | None, str | None, tuple[str, ...]]] = [
        ("opening", "开场", None, None, ("听众朋友早上好。",)),
        ("overview", "今日概览", None, None, digest.overview),
        *(("item", item.title, item.number, item.url, item.summary) for item in digest.items),
        ("commentary", "点评", None, None, digest.commentary),
        ("closing", "结束语", None, None, ("感谢收听。",)),
    ]
    segments = []
    for place, (kind, title, item, url, paragraphs) in enumerate(blocks):
        speaker = "commentator" if kind == "commentary" else "anchor"
        utterances = tuple(
            Utterance(f"s{place:02}-u{n:02}", speaker, (Sentence(text, text),), 0.6)
            for n, text in enumerate(paragraphs, start=1)
        )
        shown = next((each.figures[0].url for each in digest.items if each.number == item and each.figures), None)
        segments.append(Segment(kind, title, item, utterances, url, shown))  # type: ignore[arg-type]  # kinds are listed above
    return Script(digest.title, digest.published, tuple(segments))


def make_timeline(script: Script) -> Timeline:
    """Segments share the minute out, utterances their segment."""
    chapters, cues = [], []
    each = SECONDS / (len(script.segments) + 3)  # the overview takes four shares, long enough for a soundbite
    start = 0.0
    for segment in script.segments:
        end = start + each * (4 if segment.kind == "overview" else 1)
        chapters.append(Chapter(start, end, segment.title, segment.url, segment.image))
        step = (end - start) / max(1, len(segment.utterances))
        for place, utterance in enumerate(segment.utterances):
            cue_start = start + place * step
            cues.append(Cue(cue_start, cue_start + step * 0.9, utterance.speaker, utterance.text))
        start = end
    chapters[-1] = dataclasses.replace(chapters[-1], end_seconds=SECONDS)
    return Timeline((), tuple(chapters), tuple(cues), SECONDS)


def _heading(title: str) -> str:
    """The title as the record of an episode has it."""
    return " ".join(printable(" ".join(title.split())).split())


def tag(path: Path, timeline: Timeline) -> None:
    tags = ID3()
    names = [f"ch{place}" for place in range(len(timeline.chapters))]
    for name, chapter in zip(names, timeline.chapters, strict=True):
        times = {"start_time": round(chapter.start_seconds * 1000), "end_time": round(chapter.end_seconds * 1000)}
        tags.add(CHAP(element_id=name, **times, sub_frames=[TIT2(text=[_heading(chapter.title)])]))
    tags.add(CTOC(element_id="toc", flags=CTOCFlags.TOP_LEVEL | CTOCFlags.ORDERED, child_element_ids=names))
    tags.save(path)
