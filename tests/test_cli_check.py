"""`podcast check` as a process, on a folder that `podcast make` wrote through a service on loopback."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.fake_edge import FakeEdge
from tests.test_cli import DIGEST, run
from tests.test_cli_make import ONLY_EDGE, SECOND

# Stands where faster-whisper would: hears the same sentence every time.
DEAF = """
from types import SimpleNamespace

class WhisperModel:
    def __init__(self, folder, **options):
        assert options["local_files_only"]

    def transcribe(self, samples, **options):
        return [SimpleNamespace(text="估值约80"), SimpleNamespace(text="亿元")], None
"""


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("published")
    (folder / "2026-03-02.md").write_text(DIGEST, encoding="utf-8")
    (folder / "2026-03-03.md").write_text(SECOND, encoding="utf-8")
    with FakeEdge() as fake:
        (folder / "podcast.toml").write_text(ONLY_EDGE.format(endpoint=fake.endpoint), encoding="utf-8")
        assert run(folder, "make", "2026-03-02.md", "2026-03-03.md").returncode == 0
    return folder


@pytest.fixture
def show(published: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(published, tmp_path / "show"))


@pytest.fixture
def model(tmp_path: Path) -> Path:
    folder = tmp_path / "model"
    folder.mkdir()
    for name in ("model.bin", "config.json", "tokenizer.json"):
        (folder / name).touch()
    return folder


def stand_in(folder: Path, source: str) -> dict[str, str]:
    """An environment in which `import faster_whisper` finds this source first."""
    (folder / "faster_whisper.py").write_text(source, encoding="utf-8")
    return {"PYTHONPATH": f"{folder}:{Path(__file__).parent.parent}"}


def test_a_good_folder_has_no_problems(show: Path) -> None:
    result = run(show, "check")
    assert (result.returncode, result.stdout, result.stderr) == (0, "2 episodes, 0 problems\n", "")


def test_a_cut_mp3_is_named_on_standard_output_and_status_4(show: Path) -> None:
    audio = show / "public/episodes/2026-03-02/2026-03-02.mp3"
    whole = audio.read_bytes()
    audio.write_bytes(whole[:-5000])
    result = run(show, "check")
    assert result.returncode == 4
    assert f"2026-03-02: 2026-03-02.mp3 has {len(whole) - 5000} bytes" in result.stdout
    assert "2026-03-03" not in result.stdout
    assert run(show, "check", "--episode", "2026-03-03").stdout == "1 episode, 0 problems\n"


def test_a_mistyped_folder_or_episode_is_not_a_clean_one(show: Path) -> None:
    assert run(show, "check", "-o", "pubic").returncode == 2
    result = run(show, "check", "--episode", "2026-03-09")
    assert (result.returncode, "2026-03-09: there is no such episode" in result.stderr) == (2, True)


def test_listen_prints_what_does_not_match_worst_first(show: Path, model: Path, tmp_path: Path) -> None:
    result = run(show, "check", "--listen", str(model), "--episode", "2026-03-02", **stand_in(tmp_path, DEAF))
    assert result.returncode == 0, result.stderr
    lines = result.stdout.splitlines()
    rates = [int(line.split("%")[0]) for line in lines if " wrong at " in line]
    assert rates == sorted(rates, reverse=True)
    assert len(rates) > 2
    assert "  heard:    估值约80亿元" in lines
    assert "  expected: 估值约八十亿元。" not in lines
    assert lines[-1].startswith(f"{len(rates)} of ")
    assert "listening to 2026-03-02" in result.stderr


def test_listen_without_its_extra_says_what_to_install(show: Path, model: Path, tmp_path: Path) -> None:
    missing = stand_in(tmp_path, "raise ImportError('not there')")
    result = run(show, "check", "--listen", str(model), **missing)
    assert result.returncode == 2
    assert "pip install 'digestcast[listen]'" in result.stderr


def test_listen_with_no_model_folder_is_told(show: Path) -> None:
    result = run(show, "check", "--listen", "none")
    assert (result.returncode, "none: there is no such folder" in result.stderr) == (2, True)
