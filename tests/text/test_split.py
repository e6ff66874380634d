"""Paragraphs into sentences, and long sentences where a newsreader breathes."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from podcast.text.split import split_sentences


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("第一句。第二句！第三句？", ["第一句。", "第二句！", "第三句？"]),
        ("他说：“可以。”随后离开。", ["他说：“可以。”", "随后离开。"]),
        ("价格为$1.5，版本2.8.1。完。", ["价格为$1.5，版本2.8.1。", "完。"]),
        ("上半句；下半句。", ["上半句；", "下半句。"]),
        ("真的吗？！太好了……好。", ["真的吗？！", "太好了……", "好。"]),
        ("It works well. OpenAI agrees. 下一步", ["It works well. ", "OpenAI agrees. ", "下一步"]),
        ("Mr. Altman vs. Dr. Li。完。", ["Mr. Altman vs. Dr. Li。", "完。"]),
        ("访问https://a.com/b?c=1。谢谢", ["访问https://a.com/b?c=1。", "谢谢"]),
        ("第一行\n第二行", ["第一行\n", "第二行"]),
        ("好。🚀🚀。完。", ["好。🚀🚀。", "完。"]),
        ("《你好！世界》上映。", ["《你好！世界》上映。"]),
        ("", []),
    ],
)
def test_ends_sentences_where_a_reader_would(text: str, sentences: list[str]):
    assert split_sentences(text, 200) == sentences


def test_parts_a_long_sentence_at_clauses_near_its_middle():
    text = "公司表示，新模型将在明年春季推出，届时用户可以在手机上直接使用，而且不需要联网。"
    pieces = split_sentences(text, 25)
    assert all(len(piece) <= 25 for piece in pieces)
    assert all(piece.endswith(("，", "。")) for piece in pieces)
    assert len(pieces) == 2


def test_without_a_clause_it_parts_between_words():
    text = "人工智能技术正在加速渗透各行各业成为关键生产力并推动社会发展"
    pieces = split_sentences(text, 16)
    assert "".join(pieces) == text
    assert all(len(piece) <= 16 for piece in pieces)


@pytest.mark.parametrize(
    "atom",
    ["$1,299.50", "2025-11-04", "Claude Opus 4.5", "DeepSeek-V3.2-Exp", "https://example.com/a/b", "《黑神话：悟空》"],
)
def test_never_parts_an_atom_that_fits(atom: str):
    text = f"今天的消息里提到了{atom}这一项内容并且引起了很多人的注意"
    for limit in range(len(atom) + 2, len(text)):
        assert any(atom in piece for piece in split_sentences(text, limit)), limit


_PIECES = [
    "今天",
    "发布",
    "，",
    "。",
    "！",
    "“",
    "”",
    "《",
    "》",
    "GPT-5",
    "3.5",
    "$1.5B",
    "https://a.com",
    ".",
    "...",
    "🚀",
    "；",
    "（",
    "）",
    "Claude",
    "、",
]


@settings(max_examples=600, deadline=None)
@given(st.lists(st.sampled_from([*_PIECES, " ", "\n"])).map("".join) | st.text(), st.integers(1, 60))
def test_loses_nothing_and_leaves_no_piece_without_speech(text: str, limit: int):
    pieces = split_sentences(text, limit)
    assert "".join(pieces) == text
    if any(character.isalnum() for character in text):
        assert all(any(character.isalnum() for character in piece) for piece in pieces)
