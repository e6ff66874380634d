"""The loudness of an episode, drawn."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from podcast.audio import Target
from podcast.curve import draw_loudness
from podcast.errors import InputError
from podcast.measure import measure
from podcast.pipeline import Made, make_episode
from podcast.testing import ToneEngine
from tests.test_pipeline import DIGEST, studio

pytest.importorskip("matplotlib")
SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    folder = tmp_path_factory.mktemp("curve")
    (folder / "2026-03-02.md").write_text(DIGEST, encoding="utf-8")
    return make_episode(folder / "2026-03-02.md", studio(folder, ToneEngine()))


def test_it_names_the_episode_its_figures_and_every_chapter(made: Made, tmp_path: Path) -> None:
    draw_loudness(made.episode, measure(made.path), Target(), tmp_path / "curve.svg")
    words = "\n".join("".join(text.itertext()) for text in ET.parse(tmp_path / "curve.svg").iter(f"{SVG}text"))
    assert f"{made.episode.id}: {made.episode.loudness_lufs:.1f} LUFS" in words
    assert "target -16 LUFS" in words
    assert all(f"{number}" in words for number in range(1, len(made.episode.chapters) + 1))


def test_the_same_episode_gives_the_same_picture(made: Made, tmp_path: Path) -> None:
    found = measure(made.path)
    for suffix in (".png", ".svg"):
        one, other = tmp_path / f"one{suffix}", tmp_path / f"other{suffix}"
        draw_loudness(made.episode, found, Target(), one)
        draw_loudness(made.episode, found, Target(), other)
        assert one.read_bytes() == other.read_bytes()


def test_a_file_that_cannot_be_a_picture_is_refused(made: Made, tmp_path: Path) -> None:
    found = measure(made.path)
    with pytest.raises(InputError, match="no picture format"):
        draw_loudness(made.episode, found, Target(), tmp_path / "curve.doc")
    with pytest.raises(InputError, match="cannot be written"):
        draw_loudness(made.episode, found, Target(), tmp_path / "none" / "curve.png")
