"""The ID3 tag as other programs read it."""

from __future__ import annotations

import io
import json
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
import soundfile
from mutagen.id3 import ID3

from podcast.audio.tags import Tags, tag_bytes
from podcast.models import Chapter, Timeline

CHAPTERS = (
    Chapter(0.0, 1.0, "开场"),
    Chapter(
        1.0,
        2.0,
        "Her Voice, Reborn: How AI Gave Whitney Houston a 21st-Century Encore",
        "https://example.com/a",
        "https://example.com/a.jpg",
    ),
    Chapter(
        2.0,
        3.0,
        "一条标题非常长的新闻，" * 12,
        "https://example.com/" + "long-address-" * 20,
        f"https://example.com/{'x' * 99}.png",
    ),
    Chapter(3.0, 4.0, "An English title that is far too long for any display, " * 5),
    Chapter(4.0, 5.0, "😀" * 70, "https://example.com/中文"),
)
TIMELINE = Timeline((), CHAPTERS, (), 5.0)
TAGS = Tags(title="样例", url="https://pod.example/episodes/2026-03-02/")


@pytest.fixture
def tagged(tmp_path: Path) -> Path:
    audio = io.BytesIO()
    soundfile.write(audio, np.zeros(5 * 44100, np.float32), 44100, format="MP3")
    path = tmp_path / "tagged.mp3"
    path.write_bytes(tag_bytes(TAGS, TIMELINE) + audio.getvalue())
    return path


@pytest.mark.skipif(shutil.which("ffprobe") is None, reason="ffprobe is not installed")
def test_ffmpeg_sees_every_chapter_however_long_its_title_and_link(tagged: Path) -> None:
    command = ["ffprobe", "-v", "error", "-show_chapters", "-of", "json", str(tagged)]
    output = subprocess.run(command, capture_output=True, check=True).stdout
    chapters = json.loads(output)["chapters"]
    assert [chapter["start"] for chapter in chapters] == [0, 1000, 2000, 3000, 4000]
    titles = [chapter["tags"]["title"] for chapter in chapters]
    assert titles[:2] == [chapter.title for chapter in CHAPTERS[:2]]
    assert titles[2].startswith("一条标题非常长的新闻，")
    assert titles[2].endswith("…")


def test_a_link_that_does_not_fit_leads_to_its_place_on_the_page(tagged: Path) -> None:
    frames = sorted(ID3(tagged).getall("CHAP"), key=lambda frame: frame.start_time)
    links = [[link.url for link in frame.sub_frames.getall("WXXX")] for frame in frames]
    page = "https://pod.example/episodes/2026-03-02/#t="
    assert links == [[], ["https://example.com/a"], [f"{page}2"], [], [f"{page}4"]]


def test_a_picture_is_named_by_its_address_where_that_is_short(tagged: Path) -> None:
    """ID3v2.4, 4.14: MIME type "-->".  The long one is in chapters.json alone; see the test above for why."""
    frames = sorted(ID3(tagged).getall("CHAP"), key=lambda frame: frame.start_time)
    pictures = [[(each.mime, each.data) for each in frame.sub_frames.getall("APIC")] for frame in frames]
    assert pictures == [[], [("-->", b"https://example.com/a.jpg")], [], [], []]
