"""Programs that listeners and publishers use read our MP3: what each says of it is what we say, to 10 ms."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from podcast.audio import Target
from podcast.models import Episode
from podcast.pipeline import Made, make_episode
from podcast.testing import ToneEngine
from tests.test_pipeline import studio

ITEM = """
{n}.  [第{n}家公司 releases model {n}](https://example.com/news/{n})

    这家公司今天发布了第{n}个模型，参数量是{n}亿。
"""
HEAD = """---
title: "2026.03.02 科技早报"
date: 2026-03-02T08:00:00+08:00
---

今天的新闻值得一听。
"""
CASES = [(1, 1), (40, 2)]  # items, channels


@pytest.fixture(scope="module", params=CASES, ids=lambda case: f"{case[0]} items, {case[1]} channels")
def made(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Made:
    items, channels = request.param
    folder = tmp_path_factory.mktemp("readers")
    source = folder / "2026-03-02.md"
    source.write_text(HEAD + "".join(ITEM.format(n=n) for n in range(1, items + 1)) + "\n### 点评\n\n成本是主线。\n")
    target = Target(channels=channels, bitrate_kbps=96 if channels == 1 else 128)
    return make_episode(source, replace(studio(folder, ToneEngine()), target=target))


def output_of(*command: str | Path) -> str:
    if not shutil.which(str(command[0])):
        pytest.skip(f"{command[0]} is not installed")
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def starts(episode: Episode) -> list[float]:
    return [pytest.approx(chapter.start_seconds, abs=0.01) for chapter in episode.chapters]


def test_ffprobe(made: Made) -> None:
    """Its duration counts from before its start_time, which is the delay that a player cuts."""
    answer = json.loads(
        output_of("ffprobe", "-v", "warning", "-show_chapters", "-show_format", "-of", "json", made.path)
    )
    played = float(answer["format"]["duration"]) - float(answer["format"]["start_time"])
    assert played == pytest.approx(made.episode.duration_seconds, abs=0.01)
    assert [float(chapter["start_time"]) for chapter in answer["chapters"]] == starts(made.episode)
    assert float(answer["chapters"][-1]["end_time"]) == pytest.approx(made.episode.duration_seconds, abs=0.01)


def test_mediainfo(made: Made) -> None:
    """It counts the encoder's delay and padding, which a player cuts, as the LAME header tells it to."""
    tracks = json.loads(output_of("mediainfo", "--Output=JSON", made.path))["media"]["track"]
    audio = next(track for track in tracks if track["@type"] == "Audio")
    cut = lame_delay_and_padding(made.path) / 44_100
    assert float(audio["Duration"]) == pytest.approx(made.episode.duration_seconds + cut, abs=0.01)
    assert (audio["BitRate_Mode"], audio["SamplingRate"]) == ("CBR", "44100")


def lame_delay_and_padding(path: Path) -> int:
    """Samples, from the three bytes at 141 of the Info tag's LAME extension."""
    content = path.read_bytes()
    place = content.index(b"LAME3.100") + 21
    packed = int.from_bytes(content[place : place + 3], "big")
    return (packed >> 12) + (packed & 0xFFF)


def test_eyed3(made: Made) -> None:
    """Its program says nothing of chapters; its library, in the Python that the program names, does.

    The duration it guesses from the size, taking every frame for as short as the first: 0.2 % long at 44.1 kHz.
    """
    if not (program := shutil.which("eyeD3")):
        pytest.skip("eyeD3 is not installed")
    python = Path(program).read_text(encoding="utf-8").splitlines()[0].removeprefix("#!").split()
    code = (
        "import eyed3, json, sys; audio = eyed3.load(sys.argv[1]); "
        "print(json.dumps([audio.info.time_secs, [chapter.times.start for chapter in audio.tag.chapters]]))"
    )
    duration, found = json.loads(output_of(*python, "-c", code, made.path))
    assert duration == pytest.approx(made.episode.duration_seconds, rel=0.003)
    assert [start / 1000 for start in found] == starts(made.episode)


def test_mp3val(made: Made) -> None:
    assert "WARNING" not in output_of("mp3val", made.path)


def test_the_projects_own_check(made: Made, shared: Path) -> None:
    command = [sys.executable, shared / "checks/check_mp3.py", made.path, "--length", str(made.path.stat().st_size)]
    output = subprocess.run(command, capture_output=True, text=True, check=False).stdout
    assert output.splitlines()[-1] == "0 problems", output
