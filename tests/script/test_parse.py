"""What cannot be spoken as it stands is an error that names the line and what to write instead."""

from __future__ import annotations

from pathlib import Path

import pytest

from podcast.errors import ScriptError
from podcast.script import document_markdown, read_document
from tests.script.documents import document

HEAD = '---\npodcast_script: 1\ntitle: "早报"\npublished: 2026-03-02T08:00:00+08:00\nsource: "x.md"\n---\n'
BODY_LINE = 7  # the first after HEAD


def failure(text: str) -> ScriptError:
    with pytest.raises(ScriptError) as caught:
        read_document(text, Path("episode.md"))
    assert caught.value.hint
    return caught.value


@pytest.mark.parametrize(
    ("body", "line", "what"),
    [
        ("大家好。", 7, "before the first heading"),
        ("## 开场\n\n# 大标题", 9, "heading has two #"),
        ("## 今天的内容\n\n好。", 7, "no kind of segment is called 今天的内容"),
        ("## 开场\n\n## 结束语\n\n好。", 7, "开场 has no text"),
        ("## 开场\n\n好。\n\n## 结束语\n", 11, "结束语 has no text"),
        ("## 新闻：标题\n\n好。", 7, "no number"),
        ("## 新闻 1：\n\n好。", 7, "no title"),
        ("## 开场 3：标题\n\n好。", 7, "has no number"),
        ("## 新闻 1：甲\n\n好。\n\n## 新闻 1：乙\n\n好。", 11, "same number 1"),
        ("## 开场\n\n**嘉宾：**\n\n好。", 9, "no speaker is called 嘉宾"),
        ("## 开场\n\n**注意：**这是重点。", 9, "no speaker is called 注意"),
        ("## 开场\n\n{掌声}\n\n好。", 9, "no cue is called {掌声}"),
        ("## 开场\n\n{停顿 一秒}\n\n好。", 9, "no cue"),
        ("## 开场\n\n{停顿 1 秒}\n\n好。", 9, "follows no spoken paragraph"),
        ("## 开场\n\n好。\n\n{停顿 5 秒}", 11, "too long"),
        ("## 开场\n\n好。\n\n{停顿 1 秒}\n\n{停顿 1 秒}", 13, "follows no spoken paragraph"),
        ("## 开场\n\n好。\n\n{片头音乐}", 11, "wrong place"),
        ("## 开场\n\n{片尾音乐}\n\n好。", 9, "wrong place"),
        ("## 开场\n\n{片头音乐}\n\n{片头音乐}\n\n好。", 11, "twice"),
        ("## 开场\n\n好。\n\n## 结束语\n\n{片头音乐}\n\n好。", 11, "first segment"),
        ("## 开场\n\n好。\n\n{片尾音乐}\n\n## 结束语\n\n好。", 7, "last segment"),
        ("## 开场\n\n好。\n\n{片尾音乐}\n\n还有。", 13, "behind {片尾音乐}"),
        ("## 开场\n\n{只登}好。", 9, "概览 and 点评"),
        ("## 概览\n\n{只播}\n\n**主播：**\n\n好。", 11, "no text follows {只播}"),
        ("## 概览\n\n好。\n\n{只播}", 11, "no text follows {只播}"),
        ("## 概览\n\n{只登}[重庆]{chong2 qing4}好。\n", 9, "nothing is spoken"),
        ("## 新闻 1：甲\n\n{不播}\n\n好。", 11, "behind {不播}"),
        ("## 新闻 1：甲\n\n{不播}", 7, "says nothing"),
        ("## 开场\n\n- 来源：<https://example.com>\n\n好。", 9, "only items"),
        ("## 新闻 1：甲\n\n- 出处：<https://example.com>\n\n好。", 9, "no such fact"),
        ("## 新闻 1：甲\n\n好。\n\n- 第一点", 11, "list cannot be spoken"),
        ("## 新闻 1：甲\n\n- 来源：两个 地址\n\n好。", 9, "no address"),
        ("## 新闻 1：甲\n\n- 链接：标题\n\n好。", 9, "no link"),
        ("## 开场\n\n在重庆{chong2 qing4}。", 9, "belongs to no reading"),
        ("## 开场\n\n[]{chong2}。", 9, "lacks the words"),
        ("## 开场\n\n[重庆]{}。", 9, "lacks the reading"),
        ("## 开场\n\n[重庆]｛chong2 qing4｝。", 9, "half-width"),
        ("## 开场\n\n好。 <!-- 备注 -->", 9, "inside a line"),
        ("## 开场\n\n<!-- 备注\n\n好。", 9, "never closed"),
        ("## 开场\n\n<!-- 备注 --> 好。", 9, "behind a comment"),
        ("## 开场\n\n好。\n\n## 相关链接与图表\n\n好。", 13, "links and figures only"),
    ],
)  # fmt: skip
def test_what_is_wrong_in_the_body_is_told_with_its_line(body: str, line: int, what: str) -> None:
    error = failure(HEAD + body)
    assert what in f"{error.what} {error.hint}"
    assert error.where == f"episode.md:{line}"


@pytest.mark.parametrize(
    ("old", "new", "line", "what"),
    [
        ("podcast_script: 1", "podcast_script: 2", 2, "this version reads 1"),
        ('title: "早报"', 'titel: "早报"', 3, "no key is called titel"),
        ('title: "早报"\n', "", 1, "no title"),
        ('title: "早报"\n', "title: 一\ntitle: 二\n", 4, "twice"),
        ("2026-03-02T08:00:00+08:00", "2026-03-02", 4, "no time with its zone"),
        ('"x.md"', "[1, 2]", 1, "source in the front matter is no text"),
        ('title: "早报"', 'title: "早报', 5, "cannot be read"),
        ("\n---\n", "\n", 1, "never closed"),
    ],
)
def test_what_is_wrong_in_the_front_matter_is_told(old: str, new: str, line: int, what: str) -> None:
    error = failure(HEAD.replace(old, new) + "## 开场\n\n好。\n")
    hint = f"{error.what} {error.hint}"
    assert what in hint
    assert (error.where or "").startswith("episode.md:")
    if "cannot be read" not in what:  # where YAML notices is its own affair
        assert error.where == f"episode.md:{line}"


@pytest.mark.parametrize(
    ("line", "what"),
    [("这是**重点**。", "**"), ("见[这里](https://example.com)。", "]("), ("> 引用。", ">"), ("1. 第一。", "1.")],
)
def test_markdown_that_has_no_meaning_here_is_kept_and_told(line: str, what: str) -> None:
    read = read_document(f"{HEAD}## 开场\n\n{line}\n", Path("episode.md"))
    assert [paragraph.text for paragraph in read.sections[0].paragraphs] == [line]
    assert read.warnings == (f"line 9: {what} is shown as it is typed, not as Markdown",)


def test_a_line_of_signs_alone_is_told() -> None:
    read = read_document(f"{HEAD}## 开场\n\n好。\n\n🎉🎉\n", Path("episode.md"))
    assert read.warnings == ("line 11: nothing in 🎉🎉 can be said: it is left out",)


def test_a_speaker_may_stand_before_the_words_and_comments_are_nobodys() -> None:
    body = "## 开场\n\n<!-- 给自己的\n备注 -->\n**评论员：**大家好。\n\n**主播**：\n你好。\n"
    read = read_document(HEAD + body, Path("episode.md"))
    assert [(part.speaker, part.text) for part in read.sections[0].paragraphs] == [
        ("commentator", "大家好。"),
        ("anchor", "你好。"),
    ]


def test_broken_fingerprints_make_their_sections_count_as_edited() -> None:
    text = document_markdown(document())
    broken = text.replace('basis: "head:', 'basis: "heady ')
    assert len(read_document(broken, Path("x.md")).basis) == len(document().basis) - 1
