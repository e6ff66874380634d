"""The waveform drawn as an SVG."""

from __future__ import annotations

import re
from xml.etree import ElementTree as ET

import numpy as np

from podcast.audio import waveform_svg
from podcast.models import Chapter, Timeline

SVG = "{http://www.w3.org/2000/svg}"


def draw(peaks: np.ndarray, chapters: list[Chapter], columns: int = 100) -> ET.Element:
    timeline = Timeline((), tuple(chapters), (), chapters[-1].end_seconds)
    return ET.fromstring(waveform_svg(peaks.tolist(), timeline, columns=columns))


def heights(svg: ET.Element) -> list[list[int]]:
    """Of each shape: above the middle, one for each column."""
    paths = [path.get("d", "") for path in svg.iter(f"{SVG}path")]
    return [[50 - int(y) for y in re.findall(r"V(\d+)h1(?!\d)", path)] for path in paths]


def test_each_chapter_is_a_shape_with_its_title_and_neighbours_differ() -> None:
    chapters = [Chapter(0.0, 3.0, "开场"), Chapter(3.0, 9.0, "A < B & C"), Chapter(9.0, 10.0, "结束")]
    svg = draw(np.zeros(5000), chapters)
    assert [title.text for title in svg.iter(f"{SVG}title")] == ["开场", "A < B & C", "结束"]
    assert [len(shape) for shape in heights(svg)] == [30, 60, 10]
    colours = [group.get("fill") for group in svg.iter(f"{SVG}g")]
    assert colours[0] == colours[2] != colours[1]


def test_loud_is_high_and_quiet_is_low_at_the_right_place() -> None:
    peaks = np.zeros(5000)
    peaks[2500:3750] = 0.4
    peaks[3750:4000] = 0.8
    [found] = heights(draw(peaks, [Chapter(0.0, 10.0, "x")]))
    assert found == [1] * 50 + [25] * 25 + [50] * 5 + [1] * 20


def test_a_column_that_sounds_half_the_time_is_half_as_high() -> None:
    """The maximum would be the limiter's ceiling in every column of a second."""
    peaks = np.full(5000, 0.9)
    peaks[1000:2000:2] = 0.0
    [found] = heights(draw(peaks, [Chapter(0.0, 10.0, "x")]))
    assert found == [50] * 20 + [25] * 20 + [50] * 60


def test_fewer_frames_than_columns_are_stretched() -> None:
    [found] = heights(draw(np.array([0.0, 1.0]), [Chapter(0.0, 0.05, "x")], columns=10))
    assert found == [1] * 5 + [50] * 5


def test_a_chapter_too_short_for_a_column_still_has_one() -> None:
    chapters = [Chapter(0.0, 599.9, "长"), Chapter(599.9, 600.0, "短")]
    assert [len(shape) for shape in heights(draw(np.ones(23_000), chapters))] == [100, 1]
