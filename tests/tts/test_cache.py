"""The clip cache keeps what is whole and nothing else."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
import soundfile

from podcast.errors import SetupError
from podcast.models import Mark
from podcast.tts.base import Speech
from podcast.tts.cache import ClipCache, clip_key

KEY = clip_key("tone", "1", "你好")


def speech(seconds: float = 0.5) -> Speech:
    samples = np.sin(np.arange(round(seconds * 24000)) * 0.05).astype(np.float32) / 2
    return Speech(samples, 24000, (Mark(0.1, seconds - 0.1, "你好，世界。"),))


def test_what_is_put_comes_back(tmp_path: Path) -> None:
    cache = ClipCache(tmp_path)
    put = cache.put(KEY, "s00-u01", speech())
    assert cache.get(KEY, "s00-u01") == put
    assert put.marks == speech().marks
    samples, rate_hz = soundfile.read(put.path, dtype="float32")
    assert rate_hz == 24000
    np.testing.assert_allclose(samples, speech().samples, atol=1 / 32000)


def test_an_unknown_key_is_no_clip(tmp_path: Path) -> None:
    assert ClipCache(tmp_path).get(KEY, "s00-u01") is None


def test_key_parts_do_not_run_together() -> None:
    assert clip_key("ab", "c") != clip_key("a", "bc")


@pytest.mark.parametrize("place", [*range(0, 43, 3), 60, 300, -2000, -40])
def test_a_flipped_byte_is_noticed_and_the_clip_made_again(tmp_path: Path, place: int) -> None:
    cache = ClipCache(tmp_path)
    path = cache.put(KEY, "s00-u01", speech()).path
    content = bytearray(path.read_bytes())
    content[place] ^= 0xFF
    path.write_bytes(content)
    clip = cache.get(KEY, "s00-u01")
    if clip is None:
        cache.put(KEY, "s00-u01", speech())
        clip = cache.get(KEY, "s00-u01")
        assert clip
    # Where the byte carries nothing the clip is the same, sample by sample.
    assert clip.marks == speech().marks
    np.testing.assert_allclose(soundfile.read(path, dtype="float32")[0], speech().samples, atol=1 / 32000)


def test_of_two_clips_of_one_name_the_first_stays(tmp_path: Path) -> None:
    """A service may say the same words twice in different ways, and another run may already use the first."""
    first = ClipCache(tmp_path).put(KEY, "s00-u01", speech(0.5))
    second = ClipCache(tmp_path).put(KEY, "s00-u02", speech(0.7))
    assert (second.path, second.duration_seconds, second.marks) == (first.path, first.duration_seconds, first.marks)
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == [first.path.name]


@pytest.mark.parametrize("keep", [0, 10, 1000, -1])
def test_a_cut_file_is_noticed(tmp_path: Path, keep: int) -> None:
    cache = ClipCache(tmp_path)
    path = cache.put(KEY, "s00-u01", speech()).path
    path.write_bytes(path.read_bytes()[:keep])
    assert cache.get(KEY, "s00-u01") is None


def test_prune_removes_the_least_recently_used(tmp_path: Path) -> None:
    cache = ClipCache(tmp_path)
    keys = [clip_key("tone", str(number)) for number in range(4)]
    for age, key in enumerate(keys):
        path = cache.put(key, "s00-u01", speech()).path
        os.utime(path, (1000 + age, 1000 + age))
    cache.get(keys[0], "s00-u01")  # used now
    one = cache.size().size_bytes // 4
    removed = cache.prune(2 * one + 10)
    assert removed.clips == 2
    assert [cache.get(key, "s00-u01") is not None for key in keys] == [True, False, False, True]


def test_what_an_episode_may_still_want_is_spared(tmp_path: Path) -> None:
    cache = ClipCache(tmp_path, limit_bytes=0)
    keys = [clip_key("tone", str(number)) for number in range(3)]
    paths = [cache.put(key, "s00-u01", speech()).path for key in keys]
    os.utime(paths[0], (1000, 1000))
    assert cache.prune().clips == 1
    assert [path.exists() for path in paths] == [False, True, True]
    assert cache.prune(0).clips == 2  # someone asked for it


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("no folder")
    with pytest.raises(SetupError, match="file"):
        ClipCache(blocked).put(KEY, "s00-u01", speech())
