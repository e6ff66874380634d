"""A show with real files: a short MP3 with chapters, a cover, and digests to publish."""

from __future__ import annotations

from pathlib import Path

import pytest

from podcast.models import Digest, Episode, Show
from tests.publish.shows import Publish, make_cover, make_show, make_tone, write_tone


@pytest.fixture(scope="session")
def tone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_tone(tmp_path_factory.mktemp("audio") / "tone.mp3")


@pytest.fixture(scope="session")
def cover(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_cover(tmp_path_factory.mktemp("cover") / "cover.jpg")


@pytest.fixture
def show(cover: Path) -> Show:
    return make_show(cover)


@pytest.fixture
def public(tmp_path: Path) -> Path:
    return tmp_path / "public"


@pytest.fixture
def write(public: Path, show: Show, tone: Path) -> Publish:
    """Write an episode of a digest as the pipeline does; keywords change the master or the show."""

    def write(digest: Digest, *, to: Show = show, audio: Path = tone, **master: float) -> Episode:
        return write_tone(public, digest, to, audio, **master)

    return write
