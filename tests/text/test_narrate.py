"""A script fitted to an engine: what is one request, what it says, and how long the voice rests after it."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

import pytest

from podcast.models import Script, Segment, Sentence, Utterance
from podcast.text import CLAUSE_PAUSE_SECONDS, SENTENCE_PAUSE_SECONDS, narrate, read_sentence
from podcast.text.lexicon import BUILTIN, load_lexicon
from tests.builders import PUBLISHED, script, utterance

AFTER_PARAGRAPH_SECONDS = 0.7


def told(
    *paragraphs: str, unit: Literal["sentence", "paragraph"] = "sentence", max_characters: int = 100
) -> list[Utterance]:
    written = [
        utterance(text, f"s04-u{place:02}", "commentator", AFTER_PARAGRAPH_SECONDS)
        for place, text in enumerate(paragraphs, start=1)
    ]
    whole = Script("样例", PUBLISHED, (Segment("commentary", "点评", None, tuple(written)),))
    return list(narrate(whole, BUILTIN, unit=unit, max_characters=max_characters).utterances)


def texts(utterances: list[Utterance]) -> list[str]:
    return ["".join(sentence.text for sentence in each.sentences) for each in utterances]


def test_an_engine_of_sentences_gets_each_of_them_with_a_name_of_its_own() -> None:
    """Numbered through the segment from 1; the speaker stays."""
    said = told("第一句。第二句！", "第三句？")
    assert [(each.id, each.speaker, each.text) for each in said] == [
        ("s04-u01", "commentator", "第一句。"),
        ("s04-u02", "commentator", "第二句！"),
        ("s04-u03", "commentator", "第三句？"),
    ]


def test_the_voice_rests_longer_after_a_sentence_than_after_a_clause_and_as_asked_after_a_paragraph() -> None:
    """A closing quote does not hide the full stop before it."""
    said = told("他说：“好的，没问题。” 新模型将在明年春季推出，届时用户可以直接使用。", max_characters=16)
    assert [(each.text[-2:], each.pause_after_seconds) for each in said] == [
        ("。”", SENTENCE_PAUSE_SECONDS),
        ("出，", CLAUSE_PAUSE_SECONDS),
        ("用。", AFTER_PARAGRAPH_SECONDS),
    ]


@pytest.mark.parametrize(
    ("limit", "groups"),
    [
        (7, ["一共四字。", "一共四字。", "一句。"]),
        (8, ["一共四字。", "一共四字。一句。"]),
        (10, ["一共四字。一共四字。", "一句。"]),
    ],
)
def test_an_engine_of_paragraphs_gets_as_many_sentences_as_its_limit_takes(limit: int, groups: list[str]) -> None:
    """The limit counts what is spoken, and a request may be just as long as it."""
    assert texts(told("一共四字。一共四字。一句。", unit="paragraph", max_characters=limit)) == groups


def test_paragraphs_are_never_one_request() -> None:
    assert texts(told("第一段。", "第二段。", unit="paragraph")) == ["第一段。", "第二段。"]


@pytest.mark.parametrize("unit", ["sentence", "paragraph"])
@pytest.mark.parametrize("text", ["🚀🚀。今天发布。下一条。", "今天发布。🎉🎉。 下一条。", "今天发布。\n下一条。——"])
def test_a_sentence_with_nothing_to_say_goes_with_its_neighbour(
    unit: Literal["sentence", "paragraph"], text: str
) -> None:
    """Nothing of the written text is lost, and no request is silent."""
    said = told(text, unit=unit)
    assert "".join(texts(said)) == text
    assert all(any(map(str.isalnum, sentence.spoken)) for each in said for sentence in each.sentences)


def test_a_paragraph_and_a_segment_with_nothing_to_say_are_left_out() -> None:
    assert texts(told("🚀🚀", "今天发布。")) == ["今天发布。"]
    one = script(("🚀🚀", "……"))
    two = replace(one, segments=(*one.segments, *script(("今天发布。",)).segments))
    kept = narrate(two, BUILTIN, unit="sentence", max_characters=50).segments
    assert [[each.text for each in segment.utterances] for segment in kept] == [["今天发布。"]]


def test_what_is_said_fits_the_limit_also_where_it_is_much_longer_than_what_is_written() -> None:
    text = "营收1299.55亿元，净利润877.66亿元，毛利率73.85%，研发投入566.78亿元。"
    said = told(text, max_characters=len(text))
    assert len(said) > 1
    assert all(len(each.spoken) <= len(text) for each in said)
    assert "".join(texts(said)) == text


def test_a_sentence_that_just_fits_stays_whole() -> None:
    """Twelve characters are written and fourteen said."""
    (whole,) = told("今天售价为$35.5起。", max_characters=14)
    assert whole.spoken == "今天售价为三十五点五美元起。"


def test_a_sentence_carries_its_reading_for_engines_of_every_kind() -> None:
    lexicon = BUILTIN.extended(load_lexicon({"重塑": "chong2 su4"}, where="test"))
    assert read_sentence("AI重塑行业。", lexicon) == Sentence(
        "AI重塑行业。",
        "A I重塑行业。",
        ("_", "_", "_", "chong2", "su4", "hang2", "ye4", "_"),
        ("A", " ", "I", "重塑", "行业", "。"),
        "A I虫塑行业。",
    )
