"""What may stand in a feed, and how a file gets its content."""

from __future__ import annotations

import contextlib
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from podcast.errors import SetupError
from podcast.publish.files import exclusive, printable, replace_file, web_address


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("https://a.example/x?b=1&c=2#d", "https://a.example/x?b=1&c=2#d"),
        (" https://a.example/ ", "https://a.example/"),
        ("HTTPS://a.example/x", "https://a.example/x"),
        ("https://a.example/新闻 一", "https://a.example/%E6%96%B0%E9%97%BB%20%E4%B8%80"),
        ("https://bücher.example/", "https://xn--bcher-kva.example/"),
        ("https://a.example/%E6%96%B0", "https://a.example/%E6%96%B0"),
        ("https://a.example/\"'<>", "https://a.example/%22%27%3C%3E"),
        ("https://a.example/\x00x", "https://a.example/x"),
        ("javascript:alert(1)", None),
        ("java\nscript:alert(1)", None),
        ("data:text/html,x", None),
        ("//a.example/", None),
        ("/x", None),
        ("https:///x", None),
        ("https://[x/", None),
        ("", None),
        (None, None),
    ],
)
def test_only_web_addresses_are_linked(url: str | None, address: str | None) -> None:
    assert web_address(url) == address


def test_text_keeps_everything_that_can_be_seen() -> None:
    text = "中文 English\tß é 😀\n“引号”"
    assert printable(text) == text
    assert printable("a\x00b\x1bc\ud800d\uffffe") == "abcde"


def test_a_file_is_written_only_when_its_content_changes(tmp_path: Path) -> None:
    path = tmp_path / "new" / "file"
    assert replace_file(path, b"one")
    assert not replace_file(path, b"one")
    assert replace_file(path, b"two")
    assert path.read_bytes() == b"two"
    assert [found.name for found in path.parent.iterdir()] == ["file"]


def test_a_failed_write_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    with pytest.raises(SetupError, match="cannot be"):
        replace_file(tmp_path / "folder", b"content")
    assert [found.name for found in tmp_path.iterdir()] == ["folder"]


def test_one_run_at_a_time_holds_a_folder(tmp_path: Path) -> None:
    """Also where one comes in the instant in which another leaves and removes the lock's file."""
    inside, together, turns = threading.Lock(), threading.Barrier(4), []

    def run(_: int) -> int:
        """How often it was not alone."""
        together.wait()
        crowded = 0
        for _ in range(300):
            with contextlib.suppress(SetupError), exclusive(tmp_path):
                alone = inside.acquire(blocking=False)
                turns.append(alone)
                if alone:
                    time.sleep(0)  # let others try
                    inside.release()
                else:
                    crowded += 1
        return crowded

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(run, range(4))) == 0
    assert any(turns)
    assert list(tmp_path.iterdir()) == []
