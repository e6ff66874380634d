"""What each rule says to the letter, pauses and spaces too, where it holds back, and what it is not sure of."""

from __future__ import annotations

from pathlib import Path

import pytest

from podcast.text import numbers
from podcast.text.fidelity import Fact, Fidelity, check
from podcast.text.normalize import read
from podcast.text.report import report, report_markdown
from podcast.text.rules import table
from podcast.text.sandhi import sandhi
from podcast.text.split import split_sentences

ROWS = Path(__file__).parent.parent / "data" / "reading" / "rules.tsv"


def _rows() -> list[tuple[str, str, list[str]]]:
    lines = [line for line in ROWS.read_text(encoding="utf-8").splitlines() if not line.startswith("# written")]
    cells = [[*line.split("\t"), ""] for line in lines]
    return [(written, spoken, unsure.split()) for written, spoken, unsure, *_ in cells]


@pytest.mark.parametrize(("written", "spoken", "unsure"), _rows())
def test_is_said_just_so(written: str, spoken: str, unsure: list[str]) -> None:
    reading = read(written)
    assert reading.spoken == spoken
    assert " ".join(change.written.strip() for change in reading.changes if not change.sure).split() == unsure


@pytest.mark.parametrize(
    ("written", "rule", "note"),
    [
        ("04/05/2025", "date", "month or day first"),
        ("3·15晚会", "named day", "a day that is a name"),
        ("https://a.com", "web address", "the scheme is not said"),
        ("🚀", "dropped symbol", "rocket: nobody would say it"),
        ("特工0071", "zero first", "digit by digit for its leading zero"),
        ("QUALCONIA", "word in capitals", "capitals that can be said as a word"),
        ("10:30", "clock time", "a time, or a ratio"),
        ("5/5", "fraction", "a draw, even odds"),
        ("5090台", "number", ""),
    ],
)
def test_a_change_tells_its_rule_and_what_was_decided(written: str, rule: str, note: str) -> None:
    (change, *_) = read(written).changes
    assert (change.rule, change.note) == (rule, note)


@pytest.mark.parametrize(
    ("written", "spoken"),
    [
        ("0", "zero"),
        ("007", "zero zero seven"),
        ("19", "nineteen"),
        ("20", "twenty"),
        ("21", "twenty one"),
        ("100", "one hundred"),
        ("1,999", "one thousand nine hundred ninety nine"),
        ("2000000", "two million"),
        ("3.05", "three point zero five"),
        (".5", "zero point five"),
        ("1234567890123456", "one two three four five six seven eight nine zero one two three four five six"),
        ("100000020000000", "one hundred trillion twenty million"),
    ],
)  # fmt: skip
def test_numbers_in_english(written: str, spoken: str) -> None:
    assert numbers.english(written) == spoken


@pytest.mark.parametrize(
    ("written", "spoken"),
    [
        ("1995", "nineteen ninety five"),
        ("1900", "nineteen hundred"),
        ("1905", "nineteen oh five"),
        ("2000", "two thousand"),
        ("2008", "two thousand eight"),
        ("2010", "twenty ten"),
        ("2025", "twenty twenty five"),
    ],
)
def test_years_in_english(written: str, spoken: str) -> None:
    assert numbers.english_year(written) == spoken


def test_ordinals_in_english() -> None:
    said = [numbers.english_ordinal(each) for each in ("1", "2", "3", "4", "5", "8", "9", "12", "20", "21", "100")]
    assert said == [
        *("first", "second", "third", "fourth", "fifth", "eighth", "ninth", "twelfth", "twentieth"),
        *("twenty first", "one hundredth"),
    ]


@pytest.mark.parametrize(
    ("written", "spoken"),
    [
        ("10", "十"), ("11", "十一"), ("110", "一百一十"), ("101", "一百零一"), ("1001", "一千零一"),
        ("1010", "一千零一十"),
        ("1100", "一千一百"), ("200", "两百"), ("2002", "两千零二"), ("220", "二百二十"), ("20000", "两万"),
        ("22000", "两万两千"), ("100100", "十万零一百"), ("120000", "十二万"), ("200000000", "两亿"),
        ("100010000", "一亿零一万"), ("1000000000001", "一万亿零一"), ("1,299", "一千二百九十九"), ("00", "零零"),
        ("12345678901234567", "一二三四五六七八九零一二三四五六七"),
    ],
)  # fmt: skip
def test_numbers_in_chinese(written: str, spoken: str) -> None:
    assert numbers.cardinal(written) == spoken


@pytest.mark.parametrize(
    ("written", "factor", "spoken"),
    [("1.5", 10**9, "十五亿"), ("2", 10**12, "两万亿"), ("2", 1000, "两千"), ("0.5", 1000, "五百"),
     ("20", 1000, "两万"),
     ("1,500", 10**6, "十五亿"), ("1.234", 10**6, "一百二十三点四万"), ("10", 10**3, "一万")],
)  # fmt: skip
def test_english_magnitudes_become_chinese_ones(written: str, factor: int, spoken: str) -> None:
    assert numbers.scaled(written, factor) == spoken


# --- sentences --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "limit", "pieces"),
    [
        ("今天的天气很好，我们决定去公园散步。", 12, ["今天的天气很好，", "我们决定去公园散步。"]),
        ("苹果、香蕉、葡萄、西瓜都降价", 8, ["苹果、香蕉、", "葡萄、西瓜都降价"]),
        ("今天，我们去了很远很远的一个公园散步看花", 12, ["今天，", "我们去了很远很远", "的一个公园散步看花"]),
        ("一二三四五六七八九十", 5, ["一二三四五六七八九十"[:5], "一二三四五六七八九十"[5:]]),
        ("好。！今天。", 20, ["好。！", "今天。"]),
        ("……今天。", 20, ["……今天。"]),
        ("今天。……", 20, ["今天。……"]),
        ("“好！”他说。", 20, ["“好！”", "他说。"]),
        ("他说“很好！真的很好。”然后走了。", 30, ["他说“很好！真的很好。”", "然后走了。"]),
        ("版本号是v1. 下一句。", 30, ["版本号是v1. ", "下一句。"]),
        ("Use it. and so on。", 30, ["Use it. and so on。"]),
    ],
)
def test_parts_where_a_reader_breathes(text: str, limit: int, pieces: list[str]) -> None:
    assert split_sentences(text, limit) == pieces


# --- the tones that are said ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "tokens", "said"),
    [
        (("你好",), ("ni3", "hao3"), ("ni2", "hao3")),
        (("不", "是"), ("bu4", "shi4"), ("bu2", "shi4")),
        (("不", "好"), ("bu4", "hao3"), ("bu4", "hao3")),
        (("一", "个"), ("yi1", "ge4"), ("yi2", "ge4")),
        (("一", "天"), ("yi1", "tian1"), ("yi4", "tian1")),
        (("第", "一"), ("di4", "yi1"), ("di4", "yi1")),
        (("一", "月"), ("yi1", "yue4"), ("yi1", "yue4")),
        (("一", "千"), ("yi1", "qian1"), ("yi4", "qian1")),
    ],
)
def test_tones_change_before_their_neighbours(
    words: tuple[str, ...], tokens: tuple[str, ...], said: tuple[str, ...]
) -> None:
    assert sandhi(words, tokens) == said


# --- what a person checks ---------------------------------------------------------------------------------------


def test_a_row_shows_eight_characters_on_either_side() -> None:
    text = "一二三四五六七八九到$20甲乙丙丁戊己庚辛壬癸"
    (row,) = report([(text, read(text))])
    assert (row.before, row.after) == ("三四五六七八九到", "甲乙丙丁戊己庚辛")


def test_the_report_is_a_table_that_a_bar_in_a_cell_does_not_break() -> None:
    rows = report([(text, read(text)) for text in ("ZAWEKO发布🚀", "再看ZAWEKO", "A｜B")], every=True)
    assert report_markdown(rows).splitlines()[:7] == [
        "## 读法",
        "",
        "| | 写作 | 读作 | 规则 | 次 |",
        "|---|---|---|---|---|",
        "| ? | ZAWEKO | Zaweko | word in capitals | 2 |",
        "|  | 🚀 | （不读） | dropped symbol | 1 |",
        "|  | ｜ | ， | dash | 1 |",
    ]
    assert report_markdown(rows).endswith(" |\n")


def test_a_fact_that_is_missing_tells_what_and_where() -> None:
    found = check(["  OpenAI融资5亿美元，投资方有很多家公司参加  "], ["没有说"])
    where = "OpenAI融资5亿美元，投资方有很多家"
    assert found.missing == (Fact("number", "五亿", where), Fact("name", "open", where), Fact("name", "a i", where))
    assert str(found.missing[0]) == f"number 五亿 (in: {where})"
    assert not found.holds
    assert not Fidelity((), found.missing[:1]).holds
    assert Fidelity((), ()).holds


def test_comments_of_a_table_are_no_rows() -> None:
    """A row may begin with the sign #: only "# " and a # alone are comments."""
    rows = table("signs")
    assert all(len(row) > 1 for row in rows)
    assert not any(row[0].startswith("# ") for row in rows)
