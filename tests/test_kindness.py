"""What goes wrong on people's machines, and what they are told: status 2, what and where, no traceback.

The other cases stand where their subject is: Ctrl-C and two runs at once in test_cli_make, no network and a slow one in
test_faults, a wrong key in tts/test_openai, every encoding and line end in test_digest.
"""

from __future__ import annotations

import contextlib
import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.commands import run, run_afresh
from tests.fake_edge import FakeEdge
from tests.test_cli import DIGEST
from tests.test_cli_make import NO_MUSIC, ONLY_EDGE


@pytest.fixture
def show(tmp_path: Path, service: FakeEdge) -> Path:
    (tmp_path / "podcast.toml").write_text(NO_MUSIC + ONLY_EDGE.format(endpoint=service.endpoint), encoding="utf-8")
    (tmp_path / "2026-03-02.md").write_text(DIGEST, encoding="utf-8")
    return tmp_path


@contextlib.contextmanager
def mounted(folder: Path, options: str) -> Iterator[None]:
    """A small disk of its own at a folder."""
    folder.mkdir(exist_ok=True)
    try:
        subprocess.run(["/bin/mount", "-t", "tmpfs", "-o", options, "tmpfs", folder], check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("nothing can be mounted here")
    try:
        yield
    finally:
        subprocess.run(["/bin/umount", folder], check=True)


@pytest.mark.parametrize("place", ["public", "cache"])
def test_a_full_disk_is_told_and_what_was_published_stays(show: Path, place: str) -> None:
    """And with room again the run goes on."""
    with mounted(show / place, "size=100k"):
        result = run(show, "make", "2026-03-02.md")
        assert result.returncode == 2
        assert "No space left on device" in result.stderr
        assert place in result.stderr
        assert "free some space" in result.stderr.lower()
        assert "Traceback" not in result.stderr
        assert not (show / "public/feed.xml").exists()
        subprocess.run(["/bin/mount", "-o", "remount,size=50m", show / place], check=True)
        assert run(show, "make", "2026-03-02.md").returncode == 0


@pytest.mark.parametrize("place", ["public", "cache"])
def test_a_folder_that_cannot_be_written_is_told(show: Path, place: str) -> None:
    with mounted(show / place, "ro,size=100k"):
        result = run(show, "make", "2026-03-02.md")
    assert result.returncode == 2
    assert "Read-only file system" in result.stderr
    assert place in result.stderr
    assert "Traceback" not in result.stderr


def test_a_file_where_a_folder_should_be_is_told(show: Path) -> None:
    (show / "public").touch()
    result = run(show, "make", "2026-03-02.md")
    assert (result.returncode, "public" in result.stderr, "Traceback" in result.stderr) == (2, True, False)


def test_paths_with_spaces_and_chinese_and_signs_of_the_shell(show: Path) -> None:
    folder = show / "我的 播客 [新] #1 100%"
    folder.mkdir()
    source = folder / "2026-03-02 早报.md"
    source.write_text(DIGEST, encoding="utf-8")
    result = run(show, "make", str(source), "-o", str(folder / "公开 public"), "--json")
    assert (result.returncode, result.stderr) == (0, "")
    (episode,) = json.loads(result.stdout)["episodes"]
    assert Path(show, episode["mp3"]).is_file()
    assert run(show, "check", "-o", str(folder / "公开 public")).returncode == 0


@pytest.mark.parametrize("locale", [{"LC_ALL": "C"}, {"LC_ALL": "POSIX", "PYTHONIOENCODING": "ascii"}], ids=str)
def test_a_locale_without_utf_8_changes_nothing(show: Path, locale: dict[str, str]) -> None:
    plain = {**locale, "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    spoken = run_afresh(show, "normalize", stdin="涨了12%\n", **plain)
    assert (spoken.returncode, spoken.stdout) == (0, "涨了百分之十二\n")
    made = run_afresh(show, "make", "2026-03-02.md", **plain)
    assert made.returncode == 0
    assert "2026.03.02 科技早报" in made.stderr
    assert "2026.03.02 科技早报" in (show / "public/feed.xml").read_text(encoding="utf-8")


@pytest.mark.parametrize(("encoding", "name"), [("gbk", "GB18030"), ("gb18030", "GB18030"), ("utf-16", "UTF-16")])
def test_a_digest_in_another_encoding_is_not_guessed_at(show: Path, encoding: str, name: str) -> None:
    """What is told can be pasted: after it the digest is read."""
    right = run(show, "script", "2026-03-02.md")
    (show / "gb.md").write_bytes(DIGEST.encode(encoding))
    refused = run(show, "script", "gb.md")
    assert refused.returncode == 2
    assert f"written in {name}, not in UTF-8" in refused.stderr
    command = refused.stderr.partition("Convert it: ")[2]
    subprocess.run(command, shell=True, cwd=show, check=True)  # noqa: S602 -- as a person would
    assert run(show, "script", "utf8.md").stdout == right.stdout


def test_windows_line_ends_and_a_byte_order_mark_make_the_same_script(show: Path) -> None:
    right = run(show, "script", "2026-03-02.md")
    (show / "2026-03-02.md").write_bytes(DIGEST.replace("\n", "\r\n").encode("utf-8-sig"))
    assert run(show, "script", "2026-03-02.md").stdout == right.stdout
