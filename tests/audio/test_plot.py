"""The waveform drawn as an SVG."""

from __future__ import annotations

import re
from pathlib import Path
from xml.etree import ElementTree as ET

import numpy as np
import soundfile

from podcast.audio.plot import waveform_svg
from podcast.models import Chapter

SVG = "{http://www.w3.org/2000/svg}"


def draw(tmp_path: Path, samples: np.ndarray, chapters, columns=100) -> ET.Element:
    soundfile.write(tmp_path / "x.wav", samples, 8000)
    return ET.fromstring(waveform_svg(tmp_path / "x.wav", chapters, columns=columns))


def heights(path: str) -> list[int]:
    """Above the middle, one for each column."""
    return [50 - int(y) for y in re.findall(r"V(\d+)h1(?!\d)", path)]


def test_each_chapter_is_a_shape_with_its_title(tmp_path):
    chapters = [Chapter(0.0, 3.0, "开场"), Chapter(3.0, 10.0, "A < B & C")]
    svg = draw(tmp_path, np.zeros(80_000), chapters)
    assert [title.text for title in svg.iter(f"{SVG}title")] == ["开场", "A < B & C"]
    assert [len(heights(path.get("d"))) for path in svg.iter(f"{SVG}path")] == [30, 70]


def test_loud_is_high_and_quiet_is_low_at_the_right_place(tmp_path):
    samples = np.zeros(80_000)
    samples[40_000:60_000] = 0.81
    (path,) = draw(tmp_path, samples, [Chapter(0.0, 10.0, "x")]).iter(f"{SVG}path")
    found = heights(path.get("d"))
    assert found[:49] == [1] * 49
    assert found[51:74] == [45] * 23
    assert found[76:] == [1] * 24


def test_a_file_without_chapters_is_one_shape(tmp_path):
    assert len(list(draw(tmp_path, np.zeros(800), []).iter(f"{SVG}path"))) == 1
