"""What may stand in a feed, and how a file gets its content."""

from __future__ import annotations

from pathlib import Path

import pytest

from podcast.errors import SetupError
from podcast.publish.files import printable, replace_file, web_address


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
