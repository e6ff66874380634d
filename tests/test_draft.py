"""The editor's way: a document that is written from a digest, edited, and made; and the digest made again."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from podcast.audio import Music
from podcast.cli import main
from podcast.commands.making import _readable, _Result
from podcast.draft import Draft, edition_of, read_draft, read_source_file
from podcast.editions import editions
from podcast.errors import ScriptError
from podcast.pipeline import make_episode
from podcast.sources import Wanted, read_sources
from podcast.testing import ToneEngine
from podcast.work import Production
from tests.test_pipeline import DIGEST, make, studio

SENTENCE = "资金将用于固态电池量产。"


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "2026-03-02.md"
    path.write_text(DIGEST, encoding="utf-8")
    return path


def quick(tmp_path: Path, engine: ToneEngine, **changes: object) -> Production:
    return replace(studio(tmp_path, engine), music=Music(), **changes)  # type: ignore[arg-type]  # whatever a test wants


def draft(source: Path, work: Production) -> Draft:
    found = read_source_file(source, timezone=work.timezone)
    return read_draft(found, work, work.roster.speakers[0], edition=edition_of(found, work.edition))


def write(source: Path, work: Production, *edits: tuple[str, str]) -> Path:
    """The document of a digest, edited."""
    text = draft(source, work).markdown
    for old, new in edits:
        assert old in text
        text = text.replace(old, new)
    path = source.with_name("episode.md")
    path.write_text(text, encoding="utf-8")
    return path


def files(public: Path) -> dict[str, bytes]:
    return {str(path.relative_to(public)): path.read_bytes() for path in public.rglob("*") if path.is_file()}


def said(made_text: str, folder: Path) -> bool:
    return made_text in (folder / "transcript.vtt").read_text(encoding="utf-8").replace("\n", "")


def test_the_document_of_a_digest_makes_the_same_bytes_as_the_digest(source: Path, tmp_path: Path) -> None:
    one = make(source, studio(tmp_path, ToneEngine()))
    document = write(source, studio(tmp_path, ToneEngine()))
    other = replace(studio(tmp_path, ToneEngine()), public=tmp_path / "other", parts=tmp_path / "none")
    two = make(document, other)
    assert two.warnings == one.warnings
    assert files(tmp_path / "other") == files(tmp_path / "public")
    assert one.path.with_name("script.md").read_bytes() == document.read_bytes()
    assert make(document, studio(tmp_path, ToneEngine())).changed is False


@pytest.mark.parametrize("edition", ["full", "brief"])
@pytest.mark.parametrize("name", ["2025-05-07", "2025-05-20", "2025-11-04"])
def test_the_documents_of_the_shared_digests_say_the_same(
    shared: Path, tmp_path: Path, name: str, edition: str
) -> None:
    """All that follows is made from these: script, notes and document."""
    work = quick(tmp_path, ToneEngine(), edition=editions((edition,), 0)[0])
    digest = draft(shared / "digests" / f"{name}.md", work)
    path = tmp_path / "episode.md"
    path.write_text(digest.markdown, encoding="utf-8")
    document = draft(path, work)
    assert (document.script, document.notes) == (digest.script, digest.notes)
    assert document.markdown == digest.markdown
    assert not document.edited


def test_one_edited_sentence_speaks_one_utterance(source: Path, tmp_path: Path) -> None:
    first = make(source, quick(tmp_path, ToneEngine()))
    engine = ToneEngine()
    document = write(source, quick(tmp_path, engine), (SENTENCE, "钱会用来量产固态电池。"))
    made = make(document, quick(tmp_path, engine))
    assert engine.said == ["钱会用来量产固态电池。"]
    assert (made.synthesized, made.changed, made.episode.guid) == (1, True, first.episode.guid)
    assert said("钱会用来量产固态电池", made.path.parent)


def test_a_reading_is_heard_and_not_seen(source: Path, tmp_path: Path) -> None:
    before = make(source, quick(tmp_path, ToneEngine()))
    engine = ToneEngine()
    document = write(source, quick(tmp_path, engine), ("7B模型，可在", "[7B]{七比}模型，可在"))
    made = make(document, quick(tmp_path, engine))
    assert [text for text in engine.said if "七比模型" in text] == engine.said != []
    assert [cue.text for cue in made.episode.cues] == [cue.text for cue in before.episode.cues]
    assert made.episode.show_notes == before.episode.show_notes
    assert "[7B]{七比}" in made.path.with_name("script.md").read_text(encoding="utf-8")
    assert "七比" in made.path.with_name("readings.md").read_text(encoding="utf-8")


def test_what_is_edited_stays_when_the_digest_is_made_again(source: Path, tmp_path: Path) -> None:
    work = quick(tmp_path, ToneEngine())
    make(write(source, work, (SENTENCE, "钱会用来量产固态电池。")), work)
    engine = ToneEngine()
    again = make(source, quick(tmp_path, engine))
    assert (engine.said, again.changed) == ([], False)
    assert again.warnings == ()

    source.write_text(DIGEST.replace("成本正在", "价格正在"), encoding="utf-8")  # another segment
    followed = make(source, quick(tmp_path, engine))
    assert engine.said == ["价格正在成为主线。"]
    assert said("钱会用来量产固态电池", followed.path.parent)
    assert followed.warnings == ()

    source.write_text(DIGEST.replace("约80亿元", "约90亿元"), encoding="utf-8")  # the edited one
    kept = make(source, quick(tmp_path, engine))
    assert said("估值约80亿元", kept.path.parent)
    assert any("新闻 1" in warning and "the digest has changed" in warning for warning in kept.warnings)
    assert any("does not say number" in warning for warning in kept.warnings)
    once_more = make(source, quick(tmp_path, engine))
    assert (once_more.changed, once_more.warnings) == (False, kept.warnings)

    fresh = make_episode(source, quick(tmp_path, engine), fresh=True)
    assert said("估值约90亿元", fresh.path.parent)
    assert not said("钱会用来", fresh.path.parent)
    assert fresh.warnings == ()


def test_the_show_notes_follow_the_edit(source: Path, tmp_path: Path) -> None:
    work = quick(tmp_path, ToneEngine())
    edits = (("成本正在成为主线。", "成本是主线。"), ("{只播}新闻播报完毕", "{只登}只在说明里。\n\n{只播}新闻播报完毕"))
    made = make(write(source, work, *edits), work)
    assert "成本是主线。" in made.episode.show_notes
    assert "只在说明里。" in made.episode.show_notes
    assert not said("只在说明里", made.path.parent)
    assert "新闻播报完毕" not in made.episode.show_notes


def test_music_that_is_taken_out_is_not_heard(source: Path, tmp_path: Path) -> None:
    work = studio(tmp_path, ToneEngine())
    with_music = make(write(source, work), work)
    cues = (("{片头音乐}\n", ""), ("{片尾音乐}\n", ""), ("{转场音}\n", ""))
    speech = make(write(source, work, *cues), work)
    assert speech.synthesized == 0
    assert speech.episode.duration_seconds < with_music.episode.duration_seconds - 5  # the intro's lead alone is 4.5 s


@pytest.mark.parametrize(
    ("old", "new", "what"),
    [
        ("12亿元融资，估值", "[重庆]{chong2}估值", "2 characters and its pinyin 1"),
        ("\n**评论员：**\n", "\n**评委：**\n", "no speaker is called 评委"),
    ],
)
def test_a_document_that_cannot_be_spoken_is_refused_and_nothing_changes(
    source: Path, tmp_path: Path, old: str, new: str, what: str
) -> None:
    work = quick(tmp_path, ToneEngine())
    make(source, work)
    before = files(work.public)
    path = write(source, work, (old, new))
    line = next(n for n, text in enumerate(path.read_text(encoding="utf-8").split("\n"), 1) if new.strip() in text)
    with pytest.raises(ScriptError, match=what) as caught:
        make(path, work)
    assert caught.value.where == f"{path}:{line}"
    assert files(work.public) == before


def test_a_kept_document_that_was_broken_is_named_and_can_be_dropped(source: Path, tmp_path: Path) -> None:
    work = quick(tmp_path, ToneEngine())
    kept = make(source, work).path.with_name("script.md")
    kept.write_text(kept.read_text(encoding="utf-8").replace("## 点评", "## 评"), encoding="utf-8")
    with pytest.raises(ScriptError, match="--fresh"):
        make(source, work)
    assert make_episode(source, work, fresh=True).path.is_file()


def test_script_writes_the_document_and_keeps_what_was_edited_in_it(
    source: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "podcast.toml").touch()
    path = tmp_path / "out.md"

    def script(given: Path, *options: str) -> str:
        assert main(["script", str(given), "-c", str(tmp_path / "podcast.toml"), *options]) == 0
        return capsys.readouterr().out

    assert script(source, "-o", str(path)) == f"{path}\n"
    assert script(source, "--format", "markdown") == path.read_text(encoding="utf-8")
    path.write_text(path.read_text(encoding="utf-8").replace(SENTENCE, "[钱]{qian2}会用来量产。"), encoding="utf-8")
    source.write_text(DIGEST.replace("成本正在", "价格正在"), encoding="utf-8")
    script(source, "-o", str(path))
    assert "[钱]{qian2}会用来量产。" in path.read_text(encoding="utf-8")
    assert "价格正在" in path.read_text(encoding="utf-8")
    assert "钱会用来量产" in script(path)
    path.write_text(path.read_text(encoding="utf-8") + "\n<!-- 备注 -->\n", encoding="utf-8")
    script(source, "-o", str(path))
    assert "备注" in path.read_text(encoding="utf-8")  # nothing changed, nothing is written
    source.write_text(DIGEST, encoding="utf-8")
    assert main(["script", str(source), "-c", str(tmp_path / "podcast.toml"), "-o", str(path)]) == 0
    assert "its comments are gone (1)" in capsys.readouterr().err
    script(source, "-o", str(path), "--fresh")
    assert "会用来量产" not in path.read_text(encoding="utf-8")


def test_script_writes_over_no_file_that_is_no_document(source: Path, tmp_path: Path) -> None:
    (tmp_path / "podcast.toml").touch()
    assert main(["script", str(source), "-c", str(tmp_path / "podcast.toml"), "-o", str(source)]) == 2
    assert source.read_text(encoding="utf-8") == DIGEST


def test_a_digest_and_its_document_are_one_episode(
    source: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Both at once are refused: which of them would it be?"""
    document = write(source, quick(tmp_path, ToneEngine()))
    found = read_sources([str(source), str(document)], Wanted(), timezone="Asia/Shanghai")
    result = _Result("")
    assert [each.path for each in _readable(found, result)] == [source]
    assert len(result.failed) == 1
    assert f"{document}: has the name and the date of {source}" in capsys.readouterr().err
