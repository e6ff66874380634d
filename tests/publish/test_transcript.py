"""The three forms of the transcript."""

from __future__ import annotations

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from podcast.models import Cue
from podcast.publish.lines import LINE_CHARACTERS, LINE_COLUMNS, LINES, cards_of, columns, wrap
from podcast.publish.transcript import cards, srt, transcript_json, vtt

SPEAKERS = {"anchor": "主播", "commentator": "评论员"}
CUES = (
    Cue(0.0, 2.5, "anchor", "听众朋友早上好。"),
    Cue(
        2.5,
        14.25,
        "anchor",
        "今天的新闻从芯片说起，功耗降低百分之三十的新产品在上海发布，价格为1,299.00元，下月开始供货。",
    ),
    Cue(3601.0, 3602.0, "commentator", "AT&T <b>说</b>：好。"),
)


def test_webvtt_names_the_speaker_and_escapes_what_looks_like_markup() -> None:
    text = vtt(cards(CUES), SPEAKERS).decode()
    assert text.startswith("WEBVTT\n\n00:00:00.000 --> 00:00:02.500\n<v 主播>听众朋友早上好。</v>\n\n")
    assert text.endswith("01:00:01.000 --> 01:00:02.000\n<v 评论员>AT&amp;T &lt;b&gt;说&lt;/b&gt;：好。</v>\n")


def test_subrip_is_numbered_and_has_no_tags() -> None:
    blocks = srt(cards(CUES)).decode().split("\n\n")
    assert [block.split("\n")[0] for block in blocks] == [str(n) for n in range(1, len(blocks) + 1)]
    assert blocks[0] == "1\n00:00:00,000 --> 00:00:02,500\n听众朋友早上好。"
    assert "AT&T ＜b＞说＜/b＞：好。" in blocks[-1]


def test_json_keeps_whole_sentences() -> None:
    segments = json.loads(transcript_json(CUES, SPEAKERS))["segments"]
    assert [segment["body"] for segment in segments] == [cue.text for cue in CUES]
    assert segments[1] == {"speaker": "主播", "startTime": 2.5, "endTime": 14.25, "body": CUES[1].text}


def test_a_long_sentence_is_shared_out_over_cards_that_touch() -> None:
    spans = re.findall(r"(\S+) --> (\S+)\n(.+(?:\n.+)?)\n", srt(cards(CUES[1:2])).decode())
    assert len(spans) > 1
    assert spans[0][0] == "00:00:02,500"
    assert spans[-1][1] == "00:00:14,250"
    assert [end for _, end, _ in spans[:-1]] == [start for start, _, _ in spans[1:]]
    assert "".join(text.replace("\n", "") for _, _, text in spans) == CUES[1].text


def test_a_cue_shorter_than_a_millisecond_still_has_a_length() -> None:
    assert "00:00:01.000 --> 00:00:01.001" in vtt(cards((Cue(1.0, 1.0002, "anchor", "嗯"),)), SPEAKERS).decode()


@pytest.mark.parametrize(
    "text",
    [
        "短句。",
        "标志着算力竞争进入白热化阶段，巨头们正通过多元化合作重塑云服务格局。",
        "没有标点的一个非常非常长的句子它一直说下去也不停下来让读的人喘一口气直到说完为止",
        "How the new model gave an old singer a 21st-century encore, and what it means for the rest of us",
        "https://example.org/a/very/long/address/without/any/place/to/break/it?x=1234567890",
        "价格为1,234.56元（含税），约合“一百七十美元”。" * 3,
        "",
    ],
)
def test_lines_fit_and_lose_nothing(text: str) -> None:
    lines = wrap(text)
    assert all(len(line) <= LINE_CHARACTERS for line in lines)
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")
    assert not any(line[0] in "，。！？；：）」』》”" for line in lines if line)


def test_lines_do_not_break_a_word_or_a_number() -> None:
    lines = wrap("公司表示将以每股1,234.56元的价格收购OpenWeaver的全部流通股份并且保留管理团队")
    assert any("1,234.56" in line for line in lines)
    assert any("OpenWeaver" in line for line in lines)


def test_lines_of_a_long_clause_without_phrases_are_even() -> None:
    first, second = wrap("没有标点符号也没有虚词这样长句子必须分成两行才能显示完整内容")
    assert abs(len(first) - len(second)) <= 2


@pytest.mark.parametrize(
    "lines",
    [
        ("资金将用于固态电池量产", "和海外工厂建设以及新一代电池研究"),  # before 和, not inside 以及
        ("焦点集中在基础设施层的", "巨大博弈与应用层的全面开花。"),  # after 的, and 巨大 is whole
        ("这一进展是脑机接口技术", "从实验室走向实际应用的关键一步。"),
        ("新功能允许用户在“快速回应”", "和“进阶模式”之间切换。"),  # not inside quotes
        ("瑞士机器人公司Mimic完成", "1600万美元种子轮融资，"),
        ("据报道苹果公司计划在2026年对其", "Apple Intelligence进行两次重大升级。"),  # a name is whole
        ("AR眼镜制造商Rokid宣布", "将与时尚眼镜品牌BOLON合作，"),  # 将 begins the phrase, and 与 goes on with it
    ],
)
def test_a_long_clause_is_broken_where_a_phrase_ends(lines: tuple[str, ...]) -> None:
    assert wrap("".join(lines)) == list(lines)


@pytest.mark.parametrize(
    "shown",
    [
        [("今日全球AI领域风起云涌，",), ("焦点集中在基础设施层的", "巨大博弈与应用层的全面开花。")],
        [("微软宣布扩大", "与阿联酋人工智能公司G42的合作，"), ("用于建设AI云服务基础设施。",)],
        [("短句。",)],
    ],
)
def test_a_card_ends_where_a_clause_does(shown: list[tuple[str, ...]]) -> None:
    assert cards_of("".join(line for card in shown for line in card)) == shown


@given(st.text(alphabet="新闻的了和将与，。：“”（）《》 aB7.%-—…·", max_size=120))
def test_any_text_is_shown_whole_in_lines_that_fit(text: str) -> None:
    found = cards_of(text)
    assert all(len(card) <= LINES for card in found)
    lines = [line for card in found for line in card]
    assert all(len(line) <= LINE_CHARACTERS and (columns(line) <= LINE_COLUMNS or len(line) <= 20) for line in lines)
    assert "".join("".join(lines).split()) == "".join(text.split())
