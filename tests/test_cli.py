"""The command line as a person meets it: a process, its output and its exit status."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.commands import run, run_afresh

DIGEST = (
    "2026.03.02 科技早报\n\n概览一句。\n\n1. [青禾电池完成12亿元融资](https://example.com/1)\n\n   估值约80亿元。\n"
)


@pytest.fixture(autouse=True)
def _no_stray_config(tmp_path: Path) -> None:
    """A config is searched for upward: an empty one here ends the search."""
    (tmp_path / "podcast.toml").touch()


@pytest.fixture
def digest(tmp_path: Path) -> Path:
    path = tmp_path / "2026-03-02.md"
    path.write_text(DIGEST, encoding="utf-8")
    return path


def test_script_json_has_the_agreed_form(digest: Path, tmp_path: Path) -> None:
    result = run_afresh(tmp_path, "script", str(digest), "--format", "json")
    script = json.loads(result.stdout)
    assert result.returncode == 0
    assert list(script) == ["title", "published", "segments"]
    assert [segment["kind"] for segment in script["segments"]] == ["opening", "overview", "item", "closing"]
    spoken = "".join(part["spoken"] for segment in script["segments"] for part in segment["utterances"])
    assert "估值约八十亿元" in spoken
    assert "二零二六年三月二日，星期一" in spoken


def test_script_markdown_and_report(digest: Path, tmp_path: Path) -> None:
    assert "**主播：**" in run(tmp_path, "script", str(digest), "--format", "markdown").stdout
    rows = json.loads(run(tmp_path, "script", str(digest), "--report", "--format", "json").stdout)
    assert {"written", "spoken", "rule", "sure", "times"} <= set(rows[0])
    assert any("80" in row["written"] and "八十" in row["spoken"] for row in rows)


def test_normalize_and_pinyin_answer_line_for_line(tmp_path: Path) -> None:
    spoken = run_afresh(tmp_path, "normalize", stdin="涨了12%\n\n第3条\n").stdout
    assert spoken == "涨了百分之十二\n\n第三条\n"
    assert run_afresh(tmp_path, "pinyin", stdin="银行,长大\n").stdout == "yin2 hang2 _ zhang3 da4\n"


def test_the_lexicon_of_the_show_is_used_and_checked(tmp_path: Path) -> None:
    (tmp_path / "podcast.toml").write_text('[lexicon]\n重塑 = "chong2 su4"\nQingHe = "青禾"\n', encoding="utf-8")
    assert run(tmp_path, "normalize", stdin="QingHe发布\n").stdout == "青禾发布\n"
    (tmp_path / "lexicon.toml").write_text('行 = "hangg2"\n', encoding="utf-8")
    wrong = run(tmp_path, "normalize", stdin="x\n")
    assert wrong.returncode == 2
    assert "lexicon.toml:1" in wrong.stderr
    (tmp_path / "lexicon.toml").unlink()
    (tmp_path / "podcast.toml").write_text('[lexicon]\n银行 = "yin2 hang2"\n行 = "hangg2"\n', encoding="utf-8")
    assert "podcast.toml:3" in run(tmp_path, "normalize", stdin="x\n").stderr


def test_init_writes_a_config_that_loads_and_never_overwrites(tmp_path: Path) -> None:
    folder = tmp_path / "show"
    assert run(tmp_path, "init", "show").returncode == 0
    assert run(folder, "voices", "--engine", "edge").returncode == 0
    again = run(tmp_path, "init", "show")
    assert (again.returncode, "is there already" in again.stderr) == (2, True)


def test_voices_marks_the_chosen_ones(tmp_path: Path) -> None:
    lines = run(tmp_path, "voices").stdout.splitlines()
    assert any("zf_xiaoxiao" in line and "anchor" in line for line in lines)
    assert any("zh-CN-YunyangNeural" in line for line in lines)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("empty.md", b"", "empty"),
        ("binary.md", bytes(range(256)) * 40, "binary"),
        ("huge.md", "新闻".encode() * 900_000, "MiB"),
        ("prose.md", "只有一段话，没有任何条目。\n".encode(), "numbered items"),
        ("2026-03-02.md", DIGEST.replace("2026.03.02 科技早报", "---\ndate: someday\n---").encode(), "someday"),
    ],
)
def test_what_is_no_digest_is_refused_in_a_line(tmp_path: Path, name: str, content: bytes, message: str) -> None:
    (tmp_path / name).write_bytes(content)
    result = run(tmp_path, "make", name, "--engine", "kokoro")
    assert result.returncode == 2
    assert message in result.stderr
    assert name in result.stderr
    assert len(result.stderr.strip().splitlines()) <= 2
    assert "Traceback" not in result.stderr
    assert not list(tmp_path.glob("public/episodes/*"))


def test_a_missing_digest_is_refused(tmp_path: Path) -> None:
    result = run(tmp_path, "make", "nowhere.md")
    assert (result.returncode, "nowhere.md" in result.stderr) == (2, True)


def test_an_output_that_cannot_be_written_is_refused_before_anything_is_spoken(digest: Path, tmp_path: Path) -> None:
    (tmp_path / "public").write_text("a file, no folder")
    result = run(tmp_path, "make", str(digest), "--engine", "kokoro")
    assert result.returncode == 2
    assert "public" in result.stderr
    assert not (tmp_path / "cache" / "clips").exists()


def test_no_engine_is_status_3(digest: Path, tmp_path: Path) -> None:
    (tmp_path / "podcast.toml").write_text(
        '[tts]\nengine = "openai"\nfailover = "never"\n[tts.openai]\nbase_url = "http://127.0.0.1:9/v1"\nattempts = 1\n'
    )
    result = run(tmp_path, "make", str(digest), OPENAI_API_KEY="x")
    assert result.returncode == 3
    assert "Traceback" not in result.stderr


def test_an_unknown_key_names_its_neighbour(digest: Path, tmp_path: Path) -> None:
    (tmp_path / "podcast.toml").write_text('[show]\ntitel = "x"\n', encoding="utf-8")
    result = run(tmp_path, "script", str(digest))
    assert result.returncode == 2
    assert "podcast.toml:2" in result.stderr
    assert "title" in result.stderr
