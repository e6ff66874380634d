"""`podcast check` as a process, on a folder that `podcast make` wrote through a service on loopback."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from podcast.cli import main
from tests.commands import run, run_afresh
from tests.fake_edge import FakeEdge
from tests.publish.host import Host
from tests.test_cli import DIGEST
from tests.test_cli_make import NO_MUSIC, ONLY_EDGE, SECOND

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
        (folder / "podcast.toml").write_text(NO_MUSIC + ONLY_EDGE.format(endpoint=fake.endpoint), encoding="utf-8")
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


def test_a_lost_transcript_is_named_and_made_again_by_feed(show: Path) -> None:
    (show / "public/episodes/2026-03-02/transcript.vtt").unlink()
    result = run(show, "check", "public")  # the folder may be named without -o
    assert (result.returncode, result.stdout) == (4, "2026-03-02: transcript.vtt is not there\n")
    assert run(show, "feed").returncode == 0
    assert (show / "public/episodes/2026-03-02/transcript.vtt").is_file()


def test_deep_measures_the_audio_and_finds_a_record_that_lies(show: Path) -> None:
    record = show / "public/episodes/2026-03-02/episode.json"
    values = json.loads(record.read_text())
    record.write_text(json.dumps(values | {"loudness_lufs": values["loudness_lufs"] - 0.6}))
    result = run(show, "check", "--deep")
    assert result.returncode == 4
    assert result.stdout.startswith("2026-03-02: 2026-03-02.mp3: loudness is -16.")
    assert "the record says -16." in result.stdout


def test_a_published_feed_is_looked_at_by_its_address(show: Path) -> None:
    with Host(show / "public") as host:
        assert run(show, "feed", PODCAST_SHOW__BASE_URL=host.address).returncode == 0
        feed = f"{host.address}feed.xml"
        good = run(show, "check", feed, "--deep")
        assert (good.returncode, good.stdout) == (0, "2 episodes, 0 problems\n")
        assert "are http, not https" in good.stderr  # a warning
        assert run(show, "check", host.address).stdout == good.stdout  # the show's page: its feed is beside it
        host.faults["2026-03-02.mp3"] = "no ranges"
        bad = run(show, "check", feed)
        where = f"{host.address}episodes/2026-03-02/2026-03-02.mp3"
        assert bad.returncode == 4
        assert bad.stdout == f"{where}: byte ranges are not served: bytes=0-1023 gives 200, not 206\n"
        none = run(show, "check", feed, "--episode", "2026-03-09")
        assert (none.returncode, "2026-03-09: the feed has no such episode" in none.stderr) == (2, True)


def test_what_is_no_address_or_does_not_go_with_one_is_told(
    published: Path, model: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = ("-c", str(published / "podcast.toml"))
    assert main(["check", *config, "ftp://example.org/feed.xml"]) == 2
    assert "ftp://example.org/feed.xml: is no http or https" in capsys.readouterr().err
    assert main(["check", *config, "https://example.org/feed.xml", "--listen", str(model)]) == 2
    assert "--listen and --plot need a folder" in capsys.readouterr().err


def test_listen_prints_what_does_not_match_worst_first(show: Path, model: Path, tmp_path: Path) -> None:
    result = run_afresh(show, "check", "--listen", str(model), "--episode", "2026-03-02", **stand_in(tmp_path, DEAF))
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
