"""A reading that a person gave holds at its place and nowhere else; what a reader sees stays as it is."""

from __future__ import annotations

from dataclasses import replace

import pytest

from podcast.errors import LexiconError
from podcast.models import Override, Script
from podcast.text import narrate, read_sentence
from podcast.text.lexicon import BUILTIN, load_lexicon
from podcast.text.report import script_report
from tests.builders import script


def at(text: str, written: str, said: str, nth: int = 0) -> Override:
    start = -1
    for _ in range(nth + 1):
        start = text.index(written, start + 1)
    return Override(start, start + len(written), said)


def test_pinyin_holds_for_the_characters_it_stands_at() -> None:
    text = "在重庆重新开行，重要的重庆。"
    sentence = read_sentence(text, BUILTIN, (at(text, "重庆", "zhong4 qing4"), at(text, "行", "hang2")))
    assert sentence.text == sentence.spoken == text
    assert sentence.pinyin[1:3] == ("zhong4", "qing4")
    assert sentence.pinyin[3] == "chong2"
    assert sentence.pinyin[6] == "hang2"
    assert sentence.pinyin[-4:-1] == ("de5", "chong2", "qing4")
    assert "重庆" in sentence.words
    assert (sentence.respelling[1:3], sentence.respelling[-3:-1]) == ("众庆", "重庆")  # for engines that take text


def test_words_are_said_in_place_of_what_is_written() -> None:
    text = "Qwen3发布于2025年11月4日，Qwen3很快。"
    sentence = read_sentence(text, BUILTIN, (at(text, "Qwen3", "千问三"), at(text, "11月", "冬月")))
    assert sentence.text == text
    assert sentence.spoken.startswith("千问三发布于二零二五年冬月四日")
    assert sentence.spoken.count("千问三") == 1


def test_no_rule_and_no_term_of_the_lexicon_reaches_into_a_reading() -> None:
    words = load_lexicon({"重庆大学": "重大", "GPT-5": "吉皮提五"}, where="x")
    text = "重庆大学的GPT-5有12亿元和3.5%。"
    given = (at(text, "大学", "da4 xue2"), at(text, "5", "五号"), at(text, "2亿", "两亿"), at(text, "5%", "五成"))
    spoken = read_sentence(text, words, given[1:2]).spoken
    assert "五号" in spoken
    spoken = read_sentence(text, words, (given[0], *given[2:])).spoken
    assert "重庆大学" in spoken
    assert "两亿" in spoken
    assert "五成" in spoken


def test_full_width_signs_before_it_do_not_move_a_reading() -> None:
    text = "ＡＩ㏄\u200b在重庆。"
    sentence = read_sentence(text, BUILTIN, (at(text, "重庆", "zhong4 qing4"),))
    place = sentence.spoken.index("重庆")
    assert sentence.pinyin[place : place + 2] == ("zhong4", "qing4")
    assert len(sentence.pinyin) == len(sentence.spoken) == len(sentence.respelling)


def overridden(text: str, *overrides: Override) -> Script:
    plain = script((text,))
    [segment] = plain.segments
    [utterance] = segment.utterances
    [sentence] = utterance.sentences
    utterance = replace(utterance, sentences=(replace(sentence, overrides=overrides),))
    return replace(plain, segments=(replace(segment, utterances=(utterance,)),))


def test_narrate_gives_each_sentence_its_readings_and_tears_none_apart() -> None:
    text = "重庆到了。重庆很大。他说：“好！行！”然后走了。"
    draft = overridden(text, at(text, "重庆", "zhong4 qing4", 1), at(text, "好！行", "都可以"))
    narrated = narrate(draft, BUILTIN, unit="sentence", max_characters=90)
    sentences = [sentence for utterance in narrated.utterances for sentence in utterance.sentences]
    assert "".join(sentence.text for sentence in sentences) == text
    assert sentences[0].pinyin[:2] == ("chong2", "qing4")
    assert sentences[1].pinyin[:2] == ("zhong4", "qing4")
    assert "都可以" in "".join(sentence.spoken for sentence in sentences)
    assert any(row.written == "好！行" and row.spoken == "都可以" for row in script_report(narrated, BUILTIN))


@pytest.mark.parametrize(
    ("written", "said", "what"),
    [
        ("重庆", "chong2", "2 characters and its pinyin 1"),
        ("重庆", "chong2 qing9", "digits"),
        ("重庆", "chongg2 qing4", "no Mandarin syllable"),
        ("重庆", "chong qing", "lacks tone digits"),
        ("重庆", "chóng qìng", "lacks tone digits"),
        ("重庆", "第2个", "digits"),
        ("重庆", "很长" * 30, "60 characters"),
    ],
)
def test_a_reading_that_cannot_be_said_is_refused(written: str, said: str, what: str) -> None:
    with pytest.raises(LexiconError, match=what):
        read_sentence(written, BUILTIN, (Override(0, len(written), said),))


def test_english_may_stand_for_chinese() -> None:
    assert read_sentence("苹果好。", BUILTIN, (Override(0, 2, "Apple"),)).spoken.startswith("Apple")
