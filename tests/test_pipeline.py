"""The whole path with an engine that speaks in tones: digest in, episode, feed and pages out."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
import soundfile
from mutagen.mp3 import MP3

from podcast.audio import Music
from podcast.audio.loudness import loudness_of
from podcast.config import load_config
from podcast.errors import DigestError, EngineUnavailable, QualityError
from podcast.models import Utterance
from podcast.pipeline import Made, make_episode
from podcast.production import production, target
from podcast.publish import publish_show
from podcast.testing import Fault, ToneEngine
from podcast.tts.base import Voice
from podcast.tts.cache import ClipCache
from podcast.tts.roster import Failover, Roster
from podcast.tts.synthesis import Speaker
from podcast.work import Production

VOICES = {"anchor": Voice("low"), "commentator": Voice("high")}
DIGEST = """---
title: "2026.03.02 科技早报"
date: 2026-03-02T08:00:00+08:00
---

今天有两条新闻值得一听。

1.  [青禾电池完成 12 亿元融资](https://example.com/1)

    青禾电池宣布完成12亿元融资，估值约80亿元。资金将用于固态电池量产。

2.  [OpenWeaver releases a small model](https://example.com/2)

    OpenWeaver发布7B模型，可在手机上运行。

### 点评

成本正在成为主线。
"""


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "2026-03-02.md"
    path.write_text(DIGEST, encoding="utf-8")
    return path


def studio(tmp_path: Path, *engines: ToneEngine, failover: Failover = "episode") -> Production:
    """Everything as the command line has it, but for who speaks and where clips are kept."""
    built = production(load_config(None, {}), public=tmp_path / "public")
    return replace(
        built,
        roster=Roster([Speaker(engine, VOICES) for engine in engines], failover=failover),
        cache=ClipCache(tmp_path / "clips"),
        parts=tmp_path / "parts",
    )


def make(source: Path, work: Production) -> Made:
    made = make_episode(source, work)
    publish_show(work.public, work.show)
    return made


def items(public: Path) -> list[ET.Element]:
    return ET.parse(public / "feed.xml").getroot().findall("channel/item")


def test_a_digest_becomes_an_episode_with_everything_beside_it(source: Path, tmp_path: Path) -> None:
    made = make(source, studio(tmp_path, ToneEngine()))
    folder = made.path.parent
    names = {path.name for path in folder.iterdir()}
    assert names >= {
        "2026-03-02.mp3",
        "episode.json",
        "chapters.json",
        "transcript.vtt",
        "transcript.srt",
        "script.md",
        "waveform.svg",
        "index.html",
    }
    mp3 = MP3(made.path)
    assert abs(mp3.info.length - made.episode.duration_seconds) < 0.03
    assert mp3.info.sample_rate == 44100
    chapters = json.loads((folder / "chapters.json").read_text(encoding="utf-8"))["chapters"]
    titles = [chapter["title"] for chapter in chapters]
    assert any("青禾电池" in title for title in titles)
    assert "OpenWeaver releases a small model" in titles  # not said, but named
    assert len(mp3.tags.getall("CHAP")) == len(chapters)
    assert -16.5 <= made.episode.loudness_lufs <= -15.5
    assert made.episode.true_peak_dbtp <= -1.0
    [entry] = items(tmp_path / "public")
    enclosure = entry.find("enclosure")
    assert enclosure is not None
    assert int(enclosure.get("length", "0")) == made.path.stat().st_size


def test_the_transcript_says_every_sentence_of_the_digest(source: Path, tmp_path: Path) -> None:
    made = make(source, studio(tmp_path, ToneEngine()))
    said = "".join(cue.text for cue in made.episode.cues).replace(" ", "")
    for sentence in ("估值约80亿元", "资金将用于固态电池量产", "OpenWeaver发布7B模型", "成本正在成为主线"):
        assert sentence in said
    starts = [cue.start_seconds for cue in made.episode.cues]
    assert starts == sorted(starts)


def test_made_again_nothing_is_spoken_and_nothing_is_written(source: Path, tmp_path: Path) -> None:
    first = make(source, studio(tmp_path, ToneEngine()))
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "public").rglob("*") if path.is_file()}
    engine = ToneEngine()
    again = make(source, studio(tmp_path, engine))
    assert (engine.said, again.synthesized, again.cached, again.changed) == ([], 0, first.utterances, False)
    assert {path: path.stat().st_mtime_ns for path in (tmp_path / "public").rglob("*") if path.is_file()} == before


def test_the_same_digest_gives_the_same_bytes(source: Path, tmp_path: Path) -> None:
    one = make(source, studio(tmp_path, ToneEngine()))
    two = make(source, replace(studio(tmp_path, ToneEngine()), public=tmp_path / "other"))
    assert one.path.read_bytes() == two.path.read_bytes()
    assert (tmp_path / "public/feed.xml").read_bytes() == (tmp_path / "other/feed.xml").read_bytes()


def test_one_changed_item_speaks_its_own_sentences_and_keeps_the_guid(source: Path, tmp_path: Path) -> None:
    first = make(source, studio(tmp_path, ToneEngine()))
    source.write_text(DIGEST.replace("约80亿元", "约90亿元"), encoding="utf-8")
    engine = ToneEngine()
    again = make(source, studio(tmp_path, engine))
    assert [text for text in engine.said if "九十亿" in text] == engine.said != []
    assert len(engine.said) == 1
    assert (again.changed, again.episode.guid) == (True, first.episode.guid)


@pytest.mark.parametrize("music", [True, False], ids=["music", "speech alone"])
def test_one_changed_item_encodes_its_own_part(source: Path, tmp_path: Path, *, music: bool) -> None:
    """Once; or once for each gain where the master came out too loud or too soft first, as with much music."""
    work = studio(tmp_path, ToneEngine())
    work = work if music else replace(work, music=Music())
    make(source, work)
    before = set((tmp_path / "parts").iterdir())
    source.write_text(DIGEST.replace("约80亿元", "约90亿元"), encoding="utf-8")
    again = make(source, work)
    rounds, rest = divmod(len(before), len(again.episode.chapters))
    assert (rest, rounds == 1) == (0, not music)
    assert len(set((tmp_path / "parts").iterdir()) - before) == rounds
    fresh = make(source, replace(work, public=tmp_path / "other", parts=tmp_path / "none"))
    assert fresh.path.read_bytes() == again.path.read_bytes()


def test_mono_as_played_is_a_setting_that_makes_the_episode_again(source: Path, tmp_path: Path) -> None:
    make(source, studio(tmp_path, ToneEngine()))
    config = load_config(None, {"PODCAST_AUDIO__MONO_AS_PLAYED": "true"})
    made = make(source, replace(studio(tmp_path, ToneEngine()), target=target(config)))
    assert made.changed
    assert made.episode.loudness_lufs == pytest.approx(-16.0, abs=0.5)
    table, rate_hz = soundfile.read(made.path, dtype="float32")
    assert loudness_of([table], rate_hz).integrated_lufs() == pytest.approx(-19.0, abs=0.5)


def test_the_waveform_names_the_chapters_and_is_on_the_page(source: Path, tmp_path: Path) -> None:
    made = make(source, studio(tmp_path, ToneEngine()))
    titles = [found.text for found in ET.parse(made.path.with_name("waveform.svg")).findall(".//{*}title")]
    assert titles == [chapter.title for chapter in made.episode.chapters]
    assert '<img id="waveform" src="waveform.svg"' in made.path.with_name("index.html").read_text(encoding="utf-8")


def test_a_new_title_is_the_same_episode(source: Path, tmp_path: Path) -> None:
    first = make(source, studio(tmp_path, ToneEngine()))
    source.write_text(DIGEST.replace("科技早报", "科技晨报"), encoding="utf-8")
    again = make(source, studio(tmp_path, ToneEngine()))
    assert (again.episode.id, again.episode.guid) == (first.episode.id, first.episode.guid)
    assert len(items(tmp_path / "public")) == 1


def test_two_digests_newest_first_and_two_of_one_day_side_by_side(source: Path, tmp_path: Path) -> None:
    work = studio(tmp_path, ToneEngine())
    later = tmp_path / "2026-03-03.md"
    later.write_text(DIGEST.replace("2026-03-02", "2026-03-03").replace("2026.03.02", "2026.03.03"), encoding="utf-8")
    evening = tmp_path / "2026-03-02-evening.md"
    evening.write_text(DIGEST.replace("科技早报", "科技晚报").replace("T08:00", "T20:00"), encoding="utf-8")
    ids = [make(path, work).episode.id for path in (source, later, evening)]
    assert ids[:2] == ["2026-03-02", "2026-03-03"]
    assert ids[2].startswith("2026-03-02-")
    titles = [entry.findtext("title") or "" for entry in items(work.public)]
    assert ["03.03" in titles[0], "晚报" in titles[1], "早报" in titles[2]] == [True] * 3


def test_a_failed_engine_hands_the_whole_episode_to_the_next(source: Path, tmp_path: Path) -> None:
    def gives_up(utterance: Utterance, attempt: int) -> Fault | None:
        return "unavailable" if "手机" in utterance.spoken else None

    first, second = ToneEngine(concurrency=1, faults=gives_up), ToneEngine()
    first.name = "first"
    made = make(source, studio(tmp_path, first, second))
    assert made.episode.engine == "tone"
    assert len(second.said) == made.utterances
    assert any("first cannot speak now" in warning for warning in made.warnings)


def test_without_failover_the_error_is_raised_and_nothing_is_published(source: Path, tmp_path: Path) -> None:
    engine = ToneEngine(faults=lambda utterance, attempt: "unavailable")
    with pytest.raises(EngineUnavailable):
        make(source, studio(tmp_path, engine, ToneEngine(), failover="never"))
    assert not (tmp_path / "public" / "feed.xml").exists()


def test_an_episode_with_a_bad_clip_is_refused_and_the_feed_stays(source: Path, tmp_path: Path) -> None:
    make(source, studio(tmp_path, ToneEngine()))
    feed = (tmp_path / "public/feed.xml").read_bytes()
    source.write_text(DIGEST.replace("成本", "价格"), encoding="utf-8")
    silent = ToneEngine(faults=lambda utterance, attempt: "silent" if "价格" in utterance.spoken else None)
    with pytest.raises(QualityError):
        make(source, studio(tmp_path, silent))
    assert (tmp_path / "public/feed.xml").read_bytes() == feed


def test_no_digest_no_folder(tmp_path: Path) -> None:
    path = tmp_path / "empty.md"
    path.write_text("", encoding="utf-8")
    with pytest.raises(DigestError):
        make(path, studio(tmp_path, ToneEngine()))
    assert not list((tmp_path / "public").glob("episodes/*"))


def test_a_template_that_forgets_the_summaries_is_refused(source: Path, tmp_path: Path) -> None:
    templates = tmp_path / "templates"
    templates.mkdir()
    (templates / "item.j2").write_text("{{ transition }}：{{ block.headline }}\n", encoding="utf-8")
    engine = ToneEngine()
    with pytest.raises(QualityError, match="leaves out 2 paragraphs"):
        make(source, replace(studio(tmp_path, engine), templates=templates))
    assert engine.said == []


def test_a_template_that_says_a_number_of_its_own_by_chance_is_refused(source: Path, tmp_path: Path) -> None:
    templates = tmp_path / "templates"
    templates.mkdir()
    (templates / "overview.j2").write_text(
        "{% for text in block.paragraphs %}{{ text }}{{ digest.items | length * 7 }}分。\n{% endfor %}",
        encoding="utf-8",
    )
    with pytest.raises(QualityError, match="adds number 十四"):
        make(source, replace(studio(tmp_path, ToneEngine()), templates=templates))


def test_a_named_engine_makes_it_again_and_auto_takes_what_is_there(source: Path, tmp_path: Path) -> None:
    one, two = ToneEngine(), ToneEngine()
    one.name, two.name = "one", "two"
    make(source, studio(tmp_path, two))
    auto = studio(tmp_path, one, two)
    auto = replace(auto, roster=Roster(auto.roster.speakers, any_will_do=True))
    assert make(source, auto).changed is False
    assert make(source, studio(tmp_path, one, two)).episode.engine == "one"
