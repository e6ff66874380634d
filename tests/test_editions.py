"""Editions and formats of one digest, from the draft to the feed."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from podcast.audio import Music
from podcast.config import load_config
from podcast.digest import read_digest
from podcast.editions import BRIEF_SECONDS, Written, editions, write_edition
from podcast.errors import ConfigError
from podcast.models import Digest, Edition, Episode, Utterance
from podcast.pipeline import make_episode
from podcast.production import chosen_editions, production, show
from podcast.publish import publish_show
from podcast.script.rundown import speakable_headline
from podcast.testing import ToneEngine
from podcast.text.lexicon import BUILTIN
from podcast.tts.base import Speech, Voice
from podcast.tts.cache import ClipCache
from podcast.tts.roster import Roster
from podcast.tts.synthesis import Speaker
from podcast.work import Production
from tests.builders import digest, item

ITUNES = "{http://www.itunes.com/dtds/podcast-1.0.dtd}"
VOICES = {"anchor": Voice("low"), "commentator": Voice("high"), "coanchor": Voice("middle")}
SPEAKER = Speaker(ToneEngine(), VOICES)
DIGEST = """---
title: "科技早报"
date: 2026-03-02T08:00:00+08:00
---

今天有两条新闻值得一听。它们说的是电池和模型。

1.  [青禾电池完成融资](https://example.com/1)

    青禾电池宣布完成融资。资金将用于固态电池量产。

2.  [山风发布小模型](https://example.com/2)

    山风发布小模型，可在手机上运行。它的价格没有变。

### 点评

成本正在成为主线。模型也是如此。
"""
BOTH = editions(("full", "brief"), 0)


def drafted(source: Digest, edition: Edition, hosts: str = "commentary") -> Written:
    return write_edition(
        source,
        edition,
        show_title=show(load_config(None, {}), hosts).title,
        disclosure="",
        hosts=hosts,
        templates=None,
        lexicon=BUILTIN,
        music=Music(),
        speaker=SPEAKER,
    )


def long_digest() -> Digest:
    """About ten minutes."""
    summary = "公司在周一的发布会上介绍了新的产品和它的价格。" * 10
    return digest(items=tuple(item(number, summary=(summary,)) for number in range(1, 11)))


@pytest.mark.parametrize("minutes", [1, 2, 3, 5, 8])
def test_minutes_are_what_the_digest_is_cut_to(minutes: float) -> None:
    found = drafted(long_digest(), Edition("xmin", minutes * 60))
    assert found.seconds == pytest.approx(minutes * 60, rel=0.1)
    assert len(found.notes) == 1  # what is left out, and no more
    assert found.left_out


def test_a_length_that_cannot_be_met_is_told() -> None:
    assert "shorter than asked" in drafted(long_digest(), Edition("60min", 3600)).notes[-1]
    assert "longer than asked" in drafted(long_digest(), Edition("0.2min", 12)).notes[-1]
    many = digest(items=tuple(item(number, title="青禾电池宣布完成新一轮融资" * 2) for number in range(1, 61)))
    brief = drafted(many, editions(("brief",), 0)[0])
    assert "longer than asked: a headline for each item takes" in brief.notes[-1]
    assert len(brief.said.items) == 60


@pytest.mark.parametrize("name", ["2025-05-07", "2025-05-20", "2025-11-04"])
def test_brief_of_a_real_digest_has_every_item_in_three_minutes(shared: Path, name: str) -> None:
    source = read_digest(shared / "digests" / f"{name}.md", timezone="Asia/Shanghai")
    found = drafted(source, BOTH[1])
    assert 0 < found.seconds < BRIEF_SECONDS
    said = "".join(utterance.text for utterance in found.script.utterances)
    for one in source.items:
        assert (speakable_headline(one.title) or one.summary[0].split("。")[0]) in said


def test_editions_have_names_and_the_first_is_the_shows_own() -> None:
    assert [(each.name, each.own, each.seconds) for each in BOTH] == [("full", True, None), ("brief", False, 180.0)]
    assert [each.name for each in editions(("full", "brief"), 5)] == ["5min", "brief"]
    with pytest.raises(ConfigError, match="no edition 'short'"):
        editions(("short",), 0)
    with pytest.raises(ConfigError, match="its own length"):
        editions(("brief",), 5)


def test_the_command_line_asks_for_editions_beside_the_configs() -> None:
    config = load_config(None, {"PODCAST_SCRIPT__MINUTES": "5"})

    def names(*asked: str, minutes: float | None = None) -> list[tuple[str, bool]]:
        return [(each.name, each.own) for each in chosen_editions(config, asked, minutes)]

    assert names() == [("5min", True)]
    assert names("brief") == [("brief", False)]
    assert names("full", "brief") == [("5min", True), ("brief", False)]
    assert names(minutes=0) == [("full", False)]
    assert names("full", minutes=7.5) == [("7.5min", False)]


def studio(tmp_path: Path, hosts: str = "commentary") -> Production:
    return replace(
        production(load_config(None, {}), public=tmp_path / "public", hosts=hosts),
        roster=Roster([SPEAKER]),
        cache=ClipCache(tmp_path / "clips"),
        parts=tmp_path / "parts",
        music=Music(),
    )


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "2026-03-02.md"
    path.write_text(DIGEST, encoding="utf-8")
    return path


def feed_items(public: Path) -> dict[str, ET.Element]:
    entries = ET.parse(public / "feed.xml").getroot().findall("channel/item")
    return {(entry.findtext("link") or "").rstrip("/").rpartition("/")[2]: entry for entry in entries}


@pytest.mark.parametrize("order", [BOTH, BOTH[::-1]], ids=["full first", "brief first"])
def test_both_editions_stand_in_one_feed(source: Path, tmp_path: Path, order: tuple[Edition, ...]) -> None:
    work = studio(tmp_path)
    made = {edition.name: make_episode(source, replace(work, edition=edition)).episode for edition in order}
    publish_show(work.public, work.show)
    entries = feed_items(work.public)
    assert (made["full"].id, made["brief"].id) == ("2026-03-02", "2026-03-02-brief")
    assert made["full"].guid != made["brief"].guid
    assert (made["full"].title, made["brief"].title) == ("科技早报", "科技早报（简报）")
    types = {name: entry.findtext(f"{ITUNES}episodeType") for name, entry in entries.items()}
    assert types == {"2026-03-02": "full", "2026-03-02-brief": "bonus"}
    assert {entry.findtext(f"{ITUNES}episode") for entry in entries.values()} == {"1"}
    assert made["brief"].duration_seconds < made["full"].duration_seconds
    again = [make_episode(source, replace(work, edition=edition)) for edition in BOTH]
    assert [one.changed for one in again] == [False, False]


def test_a_brief_edition_alone_is_no_bonus_and_has_the_plain_id(source: Path, tmp_path: Path) -> None:
    work = replace(studio(tmp_path), edition=editions(("brief",), 0)[0])
    made = make_episode(source, work)
    publish_show(work.public, work.show)
    assert (made.episode.id, made.episode.title) == ("2026-03-02", "科技早报")
    assert feed_items(work.public)["2026-03-02"].findtext(f"{ITUNES}episodeType") == "full"
    assert any("headline only: items 1-2" in warning for warning in made.warnings)
    assert "headline only: items 1-2" in made.left_out


def test_two_digests_of_a_day_have_their_own_editions(source: Path, tmp_path: Path) -> None:
    work = studio(tmp_path)
    evening = tmp_path / "2026-03-02-evening.md"
    evening.write_text(DIGEST.replace("早报", "晚报").replace("T08", "T20"), encoding="utf-8")
    ids = [
        make_episode(path, replace(work, edition=edition)).episode.id
        for edition in BOTH[::-1]
        for path in (source, evening)
    ]
    assert ids == ["2026-03-02-brief", "2026-03-02-evening-brief", "2026-03-02", "2026-03-02-evening"]
    publish_show(work.public, work.show)
    numbers = {name: entry.findtext(f"{ITUNES}episode") for name, entry in feed_items(work.public).items()}
    assert numbers["2026-03-02-brief"] == numbers["2026-03-02"] == "1"
    assert numbers["2026-03-02-evening-brief"] == numbers["2026-03-02-evening"] == "2"


class SlowEngine(ToneEngine):
    """Speaks far slower than anyone would have thought."""

    async def synthesize(self, utterance: Utterance, voice: Voice) -> Speech:
        return await super().synthesize(utterance, replace(voice, rate=voice.rate * 0.7))


def test_a_voice_of_another_pace_is_heard_and_the_length_is_met(tmp_path: Path) -> None:
    path = tmp_path / "2026-03-02.md"
    summary = "公司介绍了新产品。它的价格没有变。电池可用两天。" * 2
    items = "".join(f"{n}. [青禾电池完成融资](https://example.com/{n})\n\n   {summary}\n\n" for n in range(1, 8))
    path.write_text(f"---\ndate: 2026-03-02T08:00:00+08:00\n---\n\n{items}", encoding="utf-8")
    work = replace(studio(tmp_path), edition=editions(("full",), 1)[0], roster=Roster([Speaker(SlowEngine(), VOICES)]))
    made = make_episode(path, work)
    assert made.episode.duration_seconds == pytest.approx(60, rel=0.1)
    assert made.episode.pace > 1.2
    assert not any("another pace" in warning for warning in made.warnings)
    assert make_episode(path, work).changed is False
    forced = make_episode(path, work, force=True)
    assert (forced.episode.content_hash, forced.synthesized) == (made.episode.content_hash, 0)


def spoken_by(episode: Episode) -> set[str]:
    return {cue.speaker for cue in episode.cues}


@pytest.mark.parametrize(
    ("hosts", "roles"),
    [("solo", {"anchor"}), ("commentary", {"anchor", "commentator"}), ("duo", {"anchor", "coanchor"})],
)
def test_each_format_has_its_voices_and_its_persons(source: Path, tmp_path: Path, hosts: str, roles: set[str]) -> None:
    work = studio(tmp_path, hosts)
    episode = make_episode(source, work).episode
    publish_show(work.public, work.show)
    assert spoken_by(episode) == set(episode.voices) == roles
    channel = ET.parse(work.public / "feed.xml").getroot().find("channel")
    assert channel is not None
    names = {role: work.show.speakers[role] for role in roles}
    for element in (channel, channel.findall("item")[0]):
        cast = [
            person.text or ""
            for person in element.findall("{https://podcastindex.org/namespace/1.0}person")
            if person.get("group") == "cast"
        ]
        assert [name.removesuffix("（AI 语音）") for name in cast] == [names[role] for role in sorted(roles)]
