"""What is said, in which order, by whom."""

from __future__ import annotations

import itertools
import re
from pathlib import Path

import pytest

from podcast.errors import ConfigError
from podcast.models import Digest, Figure, Interlude, Script
from podcast.script import write_script
from tests.builders import digest, item


def said(script: Script) -> str:
    return "\n".join(utterance.text for utterance in script.utterances)


def kinds(script: Script) -> list[str]:
    return [segment.kind for segment in script.segments]


def test_greeting_names_show_date_and_weekday() -> None:
    script = write_script(digest(), show_title="早间科技")
    assert "《早间科技》" in script.segments[0].utterances[0].text
    assert "2026年3月2日，星期一" in script.segments[0].utterances[0].text


def test_every_part_of_the_digest_is_said_in_its_order() -> None:
    source = digest(interludes=(Interlude(2, ("以下是下半部分。",)),))
    script = write_script(source, show_title="早间科技")
    assert kinds(script) == ["opening", "overview", "item", "item", "interlude", "item", "commentary", "closing"]
    parts = [*source.overview, *(text for i in source.items for text in i.summary), *source.commentary]
    assert all(part in said(script) for part in parts)


def test_commentary_is_spoken_by_the_second_voice_after_an_introduction_by_the_first() -> None:
    segment = next(s for s in write_script(digest(), show_title="x").segments if s.kind == "commentary")
    assert [utterance.speaker for utterance in segment.utterances] == ["anchor", "commentator"]


def test_transitions_vary_and_know_first_and_last() -> None:
    items = tuple(item(number, title="青禾电池完成新一轮融资") for number in range(1, 13))
    script = write_script(digest(items=items), show_title="x")
    openings = [s.utterances[0].text.split("青禾")[0] for s in script.segments if s.kind == "item"]
    assert "第一条" in openings[0]
    assert "最后" in openings[-1]
    assert all(one != other for one, other in itertools.pairwise(openings))


def test_the_same_digest_gives_the_same_words() -> None:
    assert write_script(digest(), show_title="x") == write_script(digest(), show_title="x")


@pytest.mark.parametrize(
    ("title", "is_said"),
    [
        ("Her Voice, Reborn: How AI Gave a Singer an Encore", False),
        ("OpenWeaver 发布可在手机上运行的模型", True),
        ("ChatGPT将不再提供医疗或法律建议", True),
        ("Rokid 乐奇 & BOLON 联合发布会定档 11 月 13 日", True),
    ],
)
def test_an_english_title_is_carried_by_its_chinese_summary(title: str, *, is_said: bool) -> None:
    script = write_script(digest(items=(item(1, title=title),)), show_title="x")
    segment = next(s for s in script.segments if s.kind == "item")
    assert (title in said(script)) == is_said
    assert segment.title == title  # the chapter keeps it either way


def test_an_item_without_summary_is_still_said() -> None:
    script = write_script(digest(items=(item(1, title="All English title", summary=()),)), show_title="x")
    assert "All English title" in said(script)


def test_an_items_first_picture_on_the_web_is_its_chapters() -> None:
    """One beside the post has no address that an app could open."""
    figures = (
        Figure("table", "价格"),
        Figure("image", "a", "a.png"),
        Figure("image", "b", "https://example.com/b.png"),
    )
    script = write_script(digest(items=(item(1, figures=figures), item(2))), show_title="x")
    assert [segment.image for segment in script.segments if segment.kind == "item"] == [figures[2].url, None]


def test_addresses_do_not_reach_the_voice() -> None:
    source = digest(items=(item(1, summary=("详情见 https://example.com/a?b=c，欢迎阅读。",)),))
    assert "http" not in said(write_script(source, show_title="x"))


def test_the_digest_cannot_change_the_speaker() -> None:
    script = write_script(digest(overview=("@commentator", "概览正文。")), show_title="x")
    overview = next(s for s in script.segments if s.kind == "overview")
    assert {utterance.speaker for utterance in overview.utterances} == {"anchor"}


def test_the_users_template_wins_and_the_others_stay(tmp_path: Path) -> None:
    (tmp_path / "opening.j2").write_text("早上好，{{ show_title }}。\n", encoding="utf-8")
    script = write_script(digest(), show_title="早间科技", templates=tmp_path)
    assert script.segments[0].utterances[0].text == "早上好，早间科技。"
    assert "closing" in kinds(script)


@pytest.mark.parametrize(
    ("template", "message"),
    [("{{ nothing }}", "nothing"), ("{% if %}", "opening.j2:1"), ("@nobody\n大家好", "@nobody")],
)
def test_a_wrong_template_is_named(tmp_path: Path, template: str, message: str) -> None:
    (tmp_path / "opening.j2").write_text(template, encoding="utf-8")
    with pytest.raises(ConfigError, match=message):
        write_script(digest(), show_title="x", templates=tmp_path)


def headlines(count: int) -> Digest:
    """A digest cut to headlines."""
    return digest(items=tuple(item(number, summary=()) for number in range(1, count + 1)))


def test_headlines_of_an_edition_follow_one_another_without_words_between() -> None:
    segments = [s for s in write_script(headlines(4), show_title="x", edition="brief").segments if s.kind == "item"]
    texts = [utterance.text for segment in segments for utterance in segment.utterances]
    assert texts[1:3] == ["青禾电池完成新一轮融资。"] * 2
    assert "第一条" in texts[0]
    assert "最后" in texts[-1]
    between = {segment.utterances[-1].pause_after_seconds for segment in segments[:-1]}
    assert max(between) < 0.6
    whole = write_script(headlines(4), show_title="x")
    assert said(whole) != said(write_script(headlines(4), show_title="x", edition="brief"))


def test_a_template_without_regard_for_empty_transitions_still_begins_with_a_word(tmp_path: Path) -> None:
    (tmp_path / "item.j2").write_text("{{ transition }}：{{ block.headline | sentence }}\n", encoding="utf-8")
    script = write_script(headlines(4), show_title="x", edition="brief", templates=tmp_path)
    texts = [utterance.text for s in script.segments if s.kind == "item" for utterance in s.utterances]
    assert texts[1:3] == ["青禾电池完成新一轮融资。"] * 2


def test_what_is_counted_is_what_is_said() -> None:
    """Items 3 and 5 of a longer digest are the first and the second of the edition that has only them."""
    cut = digest(items=(item(3), item(5), item(8)))
    texts = said(write_script(cut, show_title="x", edition="5min"))
    assert not re.search("第[358]条(?!新闻的摘要)", texts)
    assert "全部" not in texts


def speakers(script: Script, kind: str) -> list[list[str]]:
    return [
        list(dict.fromkeys(utterance.speaker for utterance in segment.utterances))
        for segment in script.segments
        if segment.kind == kind
    ]


def test_one_anchor_says_the_commentary_too() -> None:
    script = write_script(digest(), show_title="x", hosts="solo")
    assert {utterance.speaker for utterance in script.utterances} == {"anchor"}
    assert said(script) == said(write_script(digest(), show_title="x"))


def test_two_anchors_take_turns_by_items_and_the_second_has_the_commentary() -> None:
    source = digest(interludes=(Interlude(2, ("以下是下半部分。",)),))
    script = write_script(source, show_title="x", hosts="duo")
    assert speakers(script, "item") == [["anchor"], ["coanchor"], ["anchor"]]
    assert speakers(script, "interlude") == [["coanchor"]]
    assert speakers(script, "commentary") == [["anchor", "coanchor"]]
    assert speakers(script, "opening") == speakers(script, "closing") == [["anchor"]]
    assert said(script) == said(write_script(source, show_title="x"))


@pytest.mark.parametrize(("hosts", "speaker"), [("solo", "anchor"), ("commentary", "commentator"), ("duo", "coanchor")])
def test_a_template_may_name_any_role_whatever_the_format(tmp_path: Path, hosts: str, speaker: str) -> None:
    (tmp_path / "closing.j2").write_text("@coanchor\n再见。\n", encoding="utf-8")
    script = write_script(digest(), show_title="x", hosts=hosts, templates=tmp_path)
    assert speakers(script, "closing") == [[speaker]]


def test_pauses_grow_with_the_boundary() -> None:
    segments = write_script(digest(items=(item(1, summary=("一。", "二。")), item(2))), show_title="x").segments
    first = next(s for s in segments if s.kind == "item")
    paragraph, between_items = first.utterances[0], first.utterances[-1]
    block = next(s for s in segments if s.kind == "overview").utterances[-1]
    assert paragraph.pause_after_seconds < between_items.pause_after_seconds < block.pause_after_seconds
