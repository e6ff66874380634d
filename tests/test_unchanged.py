"""What is known to be unchanged is told without a look at digest or audio, and anything that matters is noticed."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from podcast.audio import Music
from podcast.models import Edition
from podcast.pipeline import make_episode
from podcast.rewrite import Desk
from podcast.testing import ToneEngine
from podcast.text.lexicon import load_lexicon
from podcast.tts.base import Voice
from podcast.tts.roster import Roster
from podcast.tts.synthesis import Speaker
from podcast.unchanged import Unchanged
from podcast.work import Production
from tests.test_editions import DIGEST, VOICES, studio


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "2026-03-02.md"
    path.write_text(DIGEST, encoding="utf-8")
    return path


@pytest.fixture
def work(tmp_path: Path, source: Path) -> Production:
    """A show with one episode that is known."""
    work = studio(tmp_path)
    known = Unchanged(work.public)
    assert known.find(source, work) is None
    known.keep(source, work, make_episode(source, work))
    known.save()
    return work


def test_an_unchanged_digest_is_known_again(source: Path, work: Production) -> None:
    found = Unchanged(work.public).find(source, work)
    assert found is not None
    assert (found.changed, found.synthesized, found.episode.id) == (False, 0, "2026-03-02")
    assert found.cached == found.utterances > 0
    assert Unchanged(work.public, believe=False).find(source, work) is None


def with_voice(work: Production) -> Production:
    speaker = Speaker(ToneEngine(), VOICES | {"anchor": Voice("low", rate=1.1)})
    return replace(work, roster=Roster([speaker]))


def with_lexicon(work: Production) -> Production:
    return replace(work, lexicon=work.lexicon.extended(load_lexicon({"青禾": "轻和"}, where="test")))


def with_other_engine_first(work: Production) -> Production:
    first = ToneEngine()
    first.name = "first"
    return replace(work, roster=Roster([Speaker(first, VOICES), *work.roster.speakers]))


@pytest.mark.parametrize(
    "change",
    [
        with_voice,
        with_lexicon,
        with_other_engine_first,
        lambda work: replace(work, show=replace(work.show, title="另一个节目")),
        lambda work: replace(work, edition=Edition("brief", 180.0)),
        lambda work: replace(work, hosts="duo"),
        lambda work: replace(work, target=replace(work.target, bitrate_kbps=64)),
        lambda work: replace(work, music=Music(intro_lead_seconds=3.0)),
        lambda work: replace(work, accept=frozenset({"2026-03-02/s00-u01"})),
    ],
)
def test_another_setting_is_noticed(source: Path, work: Production, change: Callable[[Production], Production]) -> None:
    assert Unchanged(work.public).find(source, change(work)) is None


def test_an_edited_digest_or_template_is_noticed(source: Path, work: Production, tmp_path: Path) -> None:
    templates = tmp_path / "templates"
    templates.mkdir()
    (templates / "opening.j2").write_text("早上好。\n", encoding="utf-8")
    own = replace(work, templates=templates)
    known = Unchanged(work.public)
    known.find(source, own)
    known.keep(source, own, make_episode(source, own))
    known.save()
    assert Unchanged(work.public).find(source, own)
    (templates / "opening.j2").write_text("晚上好。\n", encoding="utf-8")
    assert Unchanged(work.public).find(source, replace(own)) is None
    source.write_text(DIGEST.replace("电池", "电芯"), encoding="utf-8")
    assert Unchanged(work.public).find(source, work) is None


def test_an_episode_that_is_gone_cut_short_or_another_is_noticed(source: Path, work: Production) -> None:
    folder = work.public / "episodes/2026-03-02"
    audio, record = folder / "2026-03-02.mp3", folder / "episode.json"
    whole, text = audio.read_bytes(), record.read_text(encoding="utf-8")
    audio.write_bytes(whole[:-1])
    assert Unchanged(work.public).find(source, work) is None
    audio.write_bytes(whole)
    assert Unchanged(work.public).find(source, work)
    script = folder / "script.md"
    words = script.read_bytes()
    script.write_bytes(words + "\n再加一句。\n".encode())
    assert Unchanged(work.public).find(source, work) is None
    script.write_bytes(words)
    assert Unchanged(work.public).find(source, work)
    record.write_text(text.replace('"content_hash": "', '"content_hash": "0'), encoding="utf-8")
    assert Unchanged(work.public).find(source, work) is None
    record.unlink()
    assert Unchanged(work.public).find(source, work) is None


def test_a_digest_edited_while_it_was_spoken_is_not_taken_for_what_was_spoken(source: Path, tmp_path: Path) -> None:
    work = studio(tmp_path)
    known = Unchanged(work.public)
    known.find(source, work)
    made = make_episode(source, work)
    source.write_text(DIGEST.replace("电池", "电芯"), encoding="utf-8")
    known.keep(source, work, made)
    known.save()
    assert Unchanged(work.public).find(source, work) is None


@pytest.mark.parametrize("content", ["", "{", "[1]", '{"a": 1}', '{"a": {"id": 3}}'])
def test_a_damaged_file_is_as_none(source: Path, work: Production, content: str) -> None:
    (work.public / ".made.json").write_text(content, encoding="utf-8")
    known = Unchanged(work.public)
    assert known.find(source, work) is None
    known.keep(source, work, make_episode(source, work))
    known.save()
    assert Unchanged(work.public).find(source, work)


def desk(tmp_path: Path, **fields: object) -> Desk:
    """A model behind a port where nobody is."""
    plain = Desk("monologue", "http://127.0.0.1:9/v1", "m", tmp_path / "answers", attempts=1)
    return replace(plain, **fields)  # type: ignore[arg-type]  # whatever a test wants


def test_what_a_model_could_not_be_asked_is_not_settled(source: Path, tmp_path: Path) -> None:
    """The template's words stand for it, this time: the next run asks again."""
    work = replace(studio(tmp_path), desk=desk(tmp_path))
    known = Unchanged(work.public)
    known.find(source, work)
    made = make_episode(source, work)
    assert any("rewrite:" in warning for warning in made.warnings)
    known.keep(source, work, made)
    known.save()
    assert Unchanged(work.public).find(source, work) is None
    again = make_episode(source, work)
    assert not again.changed
    assert any("rewrite:" in warning for warning in again.warnings)


def test_another_model_or_prompt_is_noticed(source: Path, work: Production, tmp_path: Path) -> None:
    prompts = tmp_path / "prompts"
    prompts.mkdir()
    (prompts / "system.j2").write_text("一", encoding="utf-8")
    asked = replace(work, desk=desk(tmp_path, templates=prompts))
    known = Unchanged(work.public)
    known.find(source, asked)
    known.keep(source, asked, make_episode(source, work))  # as if it had answered
    known.save()
    assert Unchanged(work.public).find(source, asked)
    same = replace(asked, desk=desk(tmp_path, templates=prompts, sleep=lambda _: asyncio.sleep(0)))
    assert Unchanged(work.public).find(source, same), "a function says nothing, and is elsewhere in each run"
    assert Unchanged(work.public).find(source, replace(work, desk=desk(tmp_path, model="n"))) is None
    (prompts / "system.j2").write_text("二", encoding="utf-8")
    assert Unchanged(work.public).find(source, replace(asked)) is None
