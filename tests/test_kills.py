"""Killed at any instant, an episode is made to the same bytes in the end, and nothing finished is spoken again."""

from __future__ import annotations

import sys
from multiprocessing import get_context
from pathlib import Path

import pytest

from tests.kill_make import DIGEST, files, lines, make, trial

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="needs fork and SIGKILL")


def test_kills_at_random_instants_lose_and_spoil_nothing(tmp_path: Path) -> None:
    tally = trial(tmp_path, kills=8, seed=3)
    assert tally.kills == 8
    assert (tally.damaged, tally.differing, tally.repeated, tally.leftovers) == (0, 0, 0, [])


def test_two_at_once_share_a_cache(tmp_path: Path) -> None:
    """Two folders, one cache, the same digest: both are whole, and each clip is whole and there once."""
    (tmp_path / "2026-03-02.md").write_text(DIGEST, encoding="utf-8")
    make(tmp_path, "alone")
    runs = [
        get_context("fork").Process(target=make, args=(tmp_path, name), kwargs={"clips": "clips"})
        for name in ("one", "two")
    ]
    for run in runs:
        run.start()
    for run in runs:
        run.join(60)
    assert [run.exitcode for run in runs] == [0, 0]
    assert files(tmp_path / "one") == files(tmp_path / "two") == files(tmp_path / "alone")
    assert {path: len(content) for path, content in files(tmp_path / "clips").items()} == {
        path: len(content) for path, content in files(tmp_path / "alone-clips").items()
    }
    assert set(lines(tmp_path / "one.log") + lines(tmp_path / "two.log")) == set(lines(tmp_path / "alone.log"))
