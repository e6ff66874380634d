"""What an edition that says less leaves out, and in which order."""

from __future__ import annotations

import re
from collections.abc import Sequence

import pytest

from podcast.models import Digest, Edition, Interlude
from podcast.script import Cutting, cut_digest
from tests.builders import digest, item

SUMMARY = "第一句说发生了什么。第二句说明细节。", "第三句在另一段里。"
WHOLE = digest(
    overview=("概览一。概览二。", "概览三。"),
    items=tuple(item(number, summary=SUMMARY) for number in range(1, 6)),
    commentary=("先说一句。", "第一点是这样。它有两句。", "第二点是那样。", "最后一点。"),
    interludes=(Interlude(2, ("以下是下半部分。",)),),
)


def sentences(text: str) -> Sequence[str]:
    return re.findall("[^。]*。", text)


def characters(cut: Digest) -> float:
    """A second a character; an item takes a headline's besides."""
    texts = [*cut.overview, *cut.commentary, *(text for one in cut.items for text in (one.title, *one.summary))]
    return float(sum(map(len, texts)) + sum(len("".join(each.paragraphs)) for each in cut.interludes))


def cut(seconds: float | None, whole: Digest = WHOLE, name: str = "xmin") -> Cutting:
    return cut_digest(whole, Edition(name, seconds), sentences, characters)


def test_without_a_length_all_is_said() -> None:
    assert cut(None) == Cutting(WHOLE, 0.0, ())
    assert cut(10_000).digest == WHOLE
    assert cut(10_000).left_out == ()


def test_any_length_is_met_within_a_sentence_or_an_item() -> None:
    for seconds in range(15, int(characters(WHOLE))):
        found = cut(seconds)
        assert abs(found.seconds - seconds) <= len("第一句说发生了什么。")
        assert found.seconds == characters(found.digest)


def test_no_sentence_is_said_in_part() -> None:
    whole = set(sentences("".join((*WHOLE.overview, *WHOLE.commentary, *SUMMARY))))
    for seconds in range(10, 250, 3):
        shown = cut(seconds).digest
        texts = [*shown.overview, *shown.commentary, *(text for one in shown.items for text in one.summary)]
        assert set(sentences("".join(texts))) <= whole
        assert all(text.endswith("。") for text in texts)


def test_summaries_are_shortened_before_they_go_and_items_go_last() -> None:
    """At no length is an item a headline while another has two sentences, or gone while another has one."""
    for seconds in range(10, 250):
        shown = cut(seconds).digest
        counts = [len(sentences("".join(one.summary))) for one in shown.items]
        assert max(counts) - min(counts) <= 1
        if len(shown.items) < len(WHOLE.items):
            assert set(counts) == {0}
        assert [one.number for one in shown.items] == list(range(1, len(shown.items) + 1))
        assert counts == sorted(counts, reverse=True)


def test_what_is_left_out_is_told() -> None:
    assert cut(characters(WHOLE) - 8).left_out == ("left out: 1 passage between the items",)
    assert cut(14).left_out == (
        "left out: items 2-5",
        "headline only: item 1",
        "left out: the overview",
        "left out: the commentary",
        "left out: 1 passage between the items",
    )
    some = cut(135).left_out
    assert "shortened: items 1-5" in some
    assert "shortened: the commentary" in some


def test_the_shortest_there_is_comes_where_less_was_asked_for() -> None:
    assert cut(1).seconds == len(WHOLE.items[0].title)


@pytest.mark.parametrize("seconds", [60, 80, 90, 1000])
def test_brief_has_each_headline_and_the_first_point_of_the_commentary(seconds: float) -> None:
    """The first paragraph of one sentence only leads in."""
    shown = cut(seconds, name="brief").digest
    assert [(one.title, one.summary) for one in shown.items] == [(one.title, ()) for one in WHOLE.items]
    assert shown.commentary[0].startswith("第一点是这样。")
    assert len(shown.commentary) == 1
    assert characters(shown) <= max(seconds, 63)


def test_brief_keeps_a_sentence_of_an_item_whose_title_cannot_be_said() -> None:
    whole = digest(items=(item(1), item(2, title="An English title", summary=SUMMARY)))
    assert [one.summary for one in cut(60, whole, "brief").digest.items] == [(), ("第一句说发生了什么。",)]


def test_a_digest_of_nothing_but_titles_can_be_cut() -> None:
    whole = digest(overview=(), commentary=(), items=tuple(item(number, summary=()) for number in (1, 2, 3)))
    assert cut(1000, whole).digest == whole
    assert cut(1000, whole, "brief").digest == whole
    assert len(cut(24, whole).digest.items) == 2
