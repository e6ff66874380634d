"""A show with real files: a short MP3 with chapters, a cover, and digests to publish."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from PIL import Image

from podcast.models import Digest, Episode, Link, Master, Show
from podcast.publish.episode import episode_id, write_episode
from tests.publish.shows import SECONDS, Publish, ffmpeg, make_script, make_timeline, tag


@pytest.fixture(scope="session")
def tone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A minute of a tone as MP3, 44.1 kHz mono."""
    path = tmp_path_factory.mktemp("audio") / "tone.mp3"
    source = f"sine=frequency=220:sample_rate=44100:duration={SECONDS}"
    ffmpeg("-f", "lavfi", "-i", source, "-ac", "1", "-b:a", "64k", str(path))
    return path


@pytest.fixture(scope="session")
def cover(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("cover") / "cover.jpg"
    Image.new("RGB", (3000, 3000), "#0b4fb3").save(path)
    return path


@pytest.fixture
def show(cover: Path) -> Show:
    return Show(
        title="晨间科技",
        description="每天十分钟，听懂科技新闻。",
        author="晨间编辑部",
        email="editor@example.org",
        link="",
        base_url="https://pod.example/news/",
        language="zh-cn",
        category=("News", "Tech News"),
        cover=cover,
        disclosure="本节目由人工智能语音合成播报。",
        subscribe=(Link("小宇宙", "https://www.xiaoyuzhoufm.com/podcast/1"),),
        funding=(Link("支持我们", "https://pod.example/support"),),
    )


@pytest.fixture
def public(tmp_path: Path) -> Path:
    return tmp_path / "public"


@pytest.fixture
def write(public: Path, show: Show, tone: Path, tmp_path: Path) -> Publish:
    """Write an episode of a digest as the pipeline does; keywords change the master or the show."""

    def write(digest: Digest, *, to: Show = show, audio: Path = tone, **master: float) -> Episode:
        script = make_script(digest)
        timeline = make_timeline(script)
        path = tmp_path / "master.mp3"
        shutil.copy(audio, path)
        tag(path, timeline)
        measured = {"duration_seconds": SECONDS, "loudness_lufs": -16.0, "true_peak_dbtp": -1.4} | master
        return write_episode(
            public,
            id=episode_id(public, digest),
            digest=digest,
            script=script,
            script_document="# 文稿\n",
            waveform='<svg xmlns="http://www.w3.org/2000/svg"/>\n',
            timeline=timeline,
            master=Master(path, **measured),
            show=to,
            engine="tone",
            voices={"anchor": "low", "commentator": "high"},
            content_hash="0" * 64,
        )

    return write
