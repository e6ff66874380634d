"""Reading digests.  A new case is two files: tests/data/digests/NAME.md and NAME.json, what is to be read from it."""

from __future__ import annotations

import dataclasses
import json
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from podcast.digest import SIZE_LIMIT_BYTES, read_digest, read_digest_text
from podcast.errors import ConfigError, DigestError
from podcast.models import Digest, Interlude

SAMPLES = sorted((Path(__file__).parent / "data" / "digests").glob("*.md"))
ITEM = "1. [甲公司开源模型](https://example.com/1)\n\n    摘要一句。\n"


def read(text: str, name: str = "2025-06-08.md") -> Digest:
    return read_digest_text(text, Path(name))


def as_json(digest: Digest) -> dict[str, Any]:
    fields = dataclasses.asdict(digest) | {"source": digest.source.name, "published": digest.published.isoformat()}
    return json.loads(json.dumps(fields))


def written(path: Path, data: bytes | str) -> Path:
    path.write_bytes(data if isinstance(data, bytes) else data.encode())
    return path


# --- whole files ---


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.stem)
def test_sample_is_read_whole(path):
    expected = json.loads(path.with_suffix(".json").read_text("utf-8"))
    assert as_json(read_digest(path)) == expected


@pytest.mark.parametrize("line_end", ["\r\n", "\r"])
@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.stem)
def test_line_ends_make_no_difference(path, line_end):
    text = path.read_text("utf-8")
    assert read_digest_text(text.replace("\n", line_end), path) == read_digest_text(text, path)


def test_byte_order_mark_makes_no_difference(tmp_path):
    plain = read_digest(written(tmp_path / "2025-06-08.md", "2025.06.08 早报\n\n" + ITEM))
    assert read_digest(written(tmp_path / "2025-06-08.md", "\ufeff2025.06.08 早报\n\n" + ITEM)) == plain


# Labels and words that only lead somewhere: their meaning is read, they are not text.
LABELS = {"概述", "编者按", "点评", "总结", "评论", "编辑点评", "今日总结与展望", "原文链接", "原文", "查看原文"}


def han_runs(text: str) -> list[str]:
    """Runs of Han characters of a digest's body, less front matter, addresses, figures, definitions and comments."""
    body = re.sub(r"\A(---|\+\+\+)\n.*?\n\1\n", "", text, flags=re.DOTALL)
    body = re.sub(r"```.*?```|<!--.*?-->|<img[^>]*>|<script.*?</script>|\{\{.*?\}\}", " ", body, flags=re.DOTALL)
    body = re.sub(r"!\[.*?\]\(.*?\)|\]\([^)]*\)|^\|.*$|^\[.*?\]: .*$", " ", body, flags=re.MULTILINE)
    return [run for run in re.findall(r"[\u3400-\u9fff]+", body) if run not in LABELS]


def in_order(digest: Digest) -> str:
    """All that is read of a digest, in the order it is said."""
    interludes = {interlude.after_item: interlude.paragraphs for interlude in digest.interludes}
    parts = [digest.title, *digest.overview, *interludes.get(0, ())]
    for item in digest.items:
        parts += [item.title, *item.summary, *interludes.get(item.number, ())]
    return "\n".join([*parts, *digest.commentary])


def assert_accounted_for(path: Path) -> None:
    digest = read_digest(path)
    said = in_order(digest)
    links = [link for item in digest.items for link in item.links] + list(digest.links)
    beside = "\n".join([*digest.warnings, *(link.title for link in links)])
    at = 0
    runs = han_runs(path.read_text("utf-8"))
    assert len(runs) > 5
    for run in runs:
        found = said.find(run, at)
        if found >= 0:
            at = found + len(run)
        assert found >= 0 or run in beside, f"lost, or out of order: {run}"


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.stem)
def test_every_word_is_said_in_order_or_named(path):
    assert_accounted_for(path)


@pytest.mark.parametrize(
    ("name", "items", "overview", "commentary"),
    [("2025-05-07", 14, 1, 4), ("2025-05-20", 30, 1, 0), ("2025-11-04", 12, 1, 4)],
)
def test_real_digest_arrives_whole(shared, name, items, overview, commentary):
    path = shared / "digests" / f"{name}.md"
    digest = read_digest(path)
    assert [item.number for item in digest.items] == list(range(1, items + 1))
    assert (len(digest.overview), len(digest.commentary)) == (overview, commentary)
    assert all(item.title and len(item.summary) == 1 for item in digest.items)
    assert_accounted_for(path)


def test_real_digest_of_two_series_keeps_the_text_between(shared):
    digest = read_digest(shared / "digests" / "2025-05-20.md")
    assert digest.interludes == (Interlude(10, ("以上是今日精选AI行业动态，点击链接可查看详细报道。",)),)
    assert [item.number for item in digest.items if item.url is None] == [16]
    assert any(warning.startswith("line 92: ") for warning in digest.warnings)


# --- date and title ---

SHANGHAI = "+08:00"


@pytest.mark.parametrize(
    ("front", "published"),
    [
        ("date: 2025-11-04T09:20:00+08:00", "2025-11-04T09:20:00+08:00"),
        ("date: 2025-11-04 09:20:00 +0900", "2025-11-04T09:20:00+09:00"),
        ("date: 2025-11-04T01:20:00Z", "2025-11-04T01:20:00+00:00"),
        ("date: 2025-11-04 09:20", "2025-11-04T09:20:00+08:00"),
        ("date: 2025-11-04", "2025-11-04T08:00:00+08:00"),
        ('date: "2025/11/4"', "2025-11-04T08:00:00+08:00"),
        ("date: 2025年11月4日", "2025-11-04T08:00:00+08:00"),
        ("date: 20251104", "2025-11-04T08:00:00+08:00"),
        ("title: 2025.11.04 早报", "2025-11-04T08:00:00+08:00"),
    ],
)
def test_date_of_front_matter(front, published):
    assert read(f"---\n{front}\n---\n{ITEM}").published.isoformat() == published


@pytest.mark.parametrize(
    ("value", "published"),
    [("2025-11-04T09:20:00-05:00", "2025-11-04T09:20:00-05:00"), ("2025-11-04", "2025-11-04T08:00:00+08:00")],
)
def test_date_of_toml(value, published):
    assert read(f"+++\ndate = {value}\n+++\n{ITEM}").published.isoformat() == published


@pytest.mark.parametrize(
    ("first_line", "name", "published"),
    [
        ("2025.05.07 全球新闻速递", "x.md", "2025-05-07"),
        ("2025-05-07", "x.md", "2025-05-07"),
        ("**2025年5月7日 星期三 早报**", "x.md", "2025-05-07"),
        ("# 早报（2025年5月7日）", "x.md", "2025-05-07"),
        ("今天的新闻。", "2025-05-07.md", "2025-05-07"),
        ("今天的新闻。", "2025-05-07-evening.md", "2025-05-07"),
        ("今天的新闻。", "20250507.md", "2025-05-07"),
        ("2025.05.07 早报", "2025-05-08.md", "2025-05-07"),
    ],
)
def test_date_of_first_line_or_name(first_line, name, published):
    assert read(f"{first_line}\n\n{ITEM}", name).published.date().isoformat() == published


def test_sentence_that_begins_with_a_date_is_overview_not_title():
    digest = read("2025年5月7日，两家公司合并。\n\n" + ITEM)
    assert digest.overview == ("2025年5月7日，两家公司合并。",)
    assert digest.title == "2025年6月8日新闻"


def test_zone_of_dates_without_one_can_be_given():
    digest = read_digest_text(ITEM, Path("2025-06-08.md"), timezone="Europe/Berlin")
    assert digest.published.astimezone(UTC) == datetime(2025, 6, 8, 6, tzinfo=UTC)


def test_unknown_zone_is_an_error():
    with pytest.raises(ConfigError, match="Mars/Base"):
        read_digest_text(ITEM, Path("2025-06-08.md"), timezone="Mars/Base")


def test_title_that_had_to_be_made_is_warned_of():
    digest = read(ITEM)
    assert digest.title == "2025年6月8日新闻"
    assert [warning for warning in digest.warnings if "2025年6月8日新闻" in warning]


BODY = "概览一句话。\n\n1. [青禾电池融资](https://example.com/1)\n\n    摘要一句话。\n"


def test_front_matter_in_json_is_hugos_third_form():
    digest = read('{\n  "title": "早报 {一}",\n  "date": "2026-03-02T08:00:00+08:00",\n  "tags": ["a"]\n}\n\n' + BODY)
    assert (digest.title, digest.published.isoformat()) == ("早报 {一}", "2026-03-02T08:00:00+08:00")
    assert digest.overview == ("概览一句话。",)
    with pytest.raises(DigestError, match="cannot be read") as caught:
        read('{\n  "title": "早报",\n  "date": \n}\n\n' + BODY)
    assert caught.value.where == "2025-06-08.md:4"


def test_control_characters_are_left_out_and_named():
    """No app can show them, no engine say them, and XML forbids them."""
    digest = read(
        '---\ntitle: "早\\u0007报"\n---\n' + BODY.replace("融资", "融\x07\ufffe资").replace("一句", "一\x85句")
    )
    assert digest.title == "早报"
    assert digest.items[0].title == "青禾电池融资"
    assert digest.items[0].summary == ("摘要一句话。",)
    assert any("4 control characters" in warning and warning.startswith("line 4") for warning in digest.warnings)


def test_rule_at_the_top_is_no_front_matter():
    digest = read("---\n\n📌 **1. 甲**\n来源: 某处\n\n---\n\n📌 **2. 乙**\n文字\n")
    assert [item.title for item in digest.items] == ["甲", "乙"]


# --- items ---


@pytest.mark.parametrize(
    ("source", "title", "url", "summary"),
    [
        ("1. [题](https://a.example/x)\n\n    文。", "题", "https://a.example/x", ("文。",)),
        ("1. [题](https://a.example/x)\n文。", "题", "https://a.example/x", ("文。",)),
        ("1. [题](https://a.example/x)：文。", "题", "https://a.example/x", ("文。",)),
        ("1. **题**：文。", "题", None, ("文。",)),
        ("1. 题\n\n文。\n\n又。", "题", None, ("文。", "又。")),
        ("1) [题]()\n\n   文。", "题", None, ("文。",)),
        ("1. [题](data:text/html,x)\n\n   文。", "题", None, ("文。",)),
        ("1. [甲](https://a.example/x) 收购 [乙](https://b.example)", "甲 收购 乙", "https://a.example/x", ()),
        ("### 1. [题](https://a.example/x)\n\n文。", "题", "https://a.example/x", ("文。",)),
        ("## 1、题\n\n    文。", "题", None, ("文。",)),
        ("**1. [题](https://a.example/x)**\n\n文。", "题", "https://a.example/x", ("文。",)),
        ("**[1. 题](https://a.example/x)**\n\n文。", "题", "https://a.example/x", ("文。",)),
        ("📌 **1. 题**  \n🔗 [原文链接](https://a.example/x)  \n文。", "题", "https://a.example/x", ("文。",)),
        ("🔥 **1️⃣ 题**\n文。\n阅读原文：https://a.example/a_b", "题", "https://a.example/a_b", ("文。",)),
        ("**1、“题（一）”**\n文。", "“题（一）”", None, ("文。",)),
        ("1、[题](https://a.example/x)\n文。", "题", "https://a.example/x", ("文。",)),
        ("1、题\n文。", "题", None, ("文。",)),
        ("> 1. [题](https://a.example/x)\n>\n>    文。", "题", "https://a.example/x", ("文。",)),
    ],
)
def test_forms_of_an_item(source, title, url, summary):
    (item,) = read(source).items
    assert (item.title, item.url, item.summary) == (title, url, summary)


def test_two_series_are_one_row_of_items():
    digest = read(
        "### 1. 甲\n\n文。\n\n### 2. 乙\n\n文。\n\n---\n\n再看海外。\n\n1. [丙](https://a.example)\n\n   文。\n"
    )
    assert [(item.number, item.title) for item in digest.items] == [(1, "甲"), (2, "乙"), (3, "丙")]
    assert digest.interludes == (Interlude(2, ("再看海外。",)),)


def test_numbers_out_of_order_keep_the_files_order_and_are_named():
    digest = read("2025.06.08 早报\n\n### 2. 甲\n\n文。\n\n### 1. 乙\n\n文。\n\n### 1. 丙\n\n文。\n")
    assert [item.title for item in digest.items] == ["甲", "乙", "丙"]
    assert [warning.split(":")[0] for warning in digest.warnings] == ["line 3", "line 11"]


def test_list_that_goes_on_after_an_interruption_is_not_warned_of():
    digest = read(f"2025.06.08 早报\n\n{ITEM}\n---\n\n插一句。\n\n2. [乙](https://a.example)\n\n   文。\n")
    assert len(digest.items) == 2
    assert digest.warnings == ()


@pytest.mark.parametrize(
    "points",
    ["    1. 点一\n    2. 点二\n", "1. 点一\n2. 点二\n"],
    ids=["indented", "not indented"],
)
def test_numbered_points_of_a_summary_are_no_items(points):
    head = "1. [甲](https://a.example)\n\n" + ("    要点：\n\n" if points[0] == " " else "要点：\n\n")
    digest = read(head + points + "\n2. [乙](https://b.example)\n\n    文。\n")
    assert [item.title for item in digest.items] == ["甲", "乙"]
    assert digest.items[0].summary == ("要点：", "点一", "点二")


def test_numbered_points_of_a_commentary_are_no_items():
    digest = read(ITEM + "\n**点评：**\n\n1. 其一\n2. 其二\n\n**1. 小题**\n\n其三\n")
    assert len(digest.items) == 1
    assert digest.commentary == ("其一", "其二", "1. 小题", "其三")


# --- commentary ---


@pytest.mark.parametrize("word", ["点评", "评论", "总结", "编者按", "今日点评", "编辑点评", "小编点评", "总结与展望"])
@pytest.mark.parametrize(
    "form",
    [
        "# {}\n\n慢就是快。",
        "#### 【{}】\n慢就是快。",
        "**{}：**\n\n慢就是快。",
        "**{}:** 慢就是快。",
        "**{}：**慢就是快。",
        "**{}**\n慢就是快。",
        "**【{}】**慢就是快。",
        "💡 **{}**：慢就是快。",
        "{}\n---\n慢就是快。",
        "{}：慢就是快。",
    ],
)
def test_forms_of_the_commentary(word, form):
    digest = read(ITEM + "\n" + form.format(word))
    assert digest.commentary == ("慢就是快。",)
    assert digest.interludes == ()


def test_commentary_needs_no_empty_line_above():
    digest = read("1. [甲](https://a.example)\n\n    摘要。\n**点评：** 慢就是快。\n")
    assert (digest.items[0].summary, digest.commentary) == (("摘要。",), ("慢就是快。",))


def test_commentary_of_an_item_stays_with_it():
    digest = read("1. 甲\n\n摘要。\n\n**点评：** 好。\n\n2. 乙\n\n摘要。\n\n**点评：** 更好。\n")
    assert digest.items[0].summary == ("摘要。", "点评：好。")
    assert digest.commentary == ("更好。",)


def test_word_of_the_commentary_inside_a_sentence_begins_none():
    digest = read(ITEM + "\n---\n\n### 总结大会精神\n\n评论员认为不错。")
    assert digest.commentary == ()
    assert digest.interludes == (Interlude(1, ("总结大会精神", "评论员认为不错。")),)


def test_text_under_a_heading_after_the_commentary_is_kept():
    digest = read(ITEM + "\n### 点评\n\n一。\n\n### 后记\n\n二。\n")
    assert digest.commentary == ("一。", "后记", "二。")


# --- what is not spoken ---


def test_bold_beside_chinese_punctuation_leaves_no_marks():
    digest = read(ITEM + "\n今天**“甲”**的**（乙）**和**丙。**丁")
    assert "*" not in in_order(digest)


@pytest.mark.parametrize(
    ("source", "line", "named"),
    [
        ("{{< video id=1 >}}", 5, "{{< video id=1 >}}"),
        ("一句。\n{{% note %}}话{{% /note %}}", 6, "{{% note %}}"),
        ("<div>\n话\n</div>", 5, "<div>"),
        ("一句\n<u>话</u>", 6, "<u>"),
        ("话[^1]", 5, "[^1]"),
        ("[^1]: 脚注的话", 5, "脚注的话"),
        ("[用不到]: https://c.example", 5, "https://c.example"),
        ("[话](ftp://c.example/x)", 5, "ftp://c.example/x"),
        ("[话](../x)", 5, "../x"),
    ],
)
def test_what_is_not_understood_is_named_with_its_line(source, line, named):
    digest = read("---\ntitle: 早报\n---\n\n" + source + "\n\n" + ITEM)
    assert any(warning.startswith(f"line {line}: ") and named in warning for warning in digest.warnings)
    assert "{" not in in_order(digest)
    assert "<" not in in_order(digest)


def test_comment_is_dropped_and_line_break_parts_paragraphs():
    digest = read("2025.06.08 早报\n\n<!--more-->\n\n甲<br/>乙<!-- 丙 -->\n\n" + ITEM)
    assert digest.overview == ("甲", "乙")
    assert digest.warnings == ()


def test_bare_address_becomes_a_link():
    digest = read("详情（https://c.example/a?b=1）在此。\n\n" + ITEM)
    assert digest.overview == ("详情在此。",)
    assert [link.url for link in digest.links] == ["https://c.example/a?b=1"]


def test_soft_breaks_join_chinese_without_and_latin_with_a_space():
    assert read("甲乙\n丙丁\nopen\nsource\n\n" + ITEM).overview == ("甲乙丙丁open source",)


# --- errors ---


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ("", "empty"),
        (" \r\n\ufeff\n", "empty"),
        (b"\x89PNG\r\n\0\0", "binary"),
        ("早报".encode("utf-16"), "UTF-16"),
        ("2025.06.08 新闻早报\n".encode("gb18030"), "GB18030"),
        (b"ok\ncaf\xe9 au lait, encore du caf\xe9\n", ":2: it is not UTF-8: byte 0xE9"),
        (b"a" * (SIZE_LIMIT_BYTES + 1), "2 MiB"),
        ("只有一段话。\n\n又一段。\n", r"no numbered items: looked for '1\. \[title\].* in 3 lines"),
        (ITEM, "no date: looked in"),
        (f"---\ntitle: x\ndate: 2025-13-45\n---\n{ITEM}", ":3: the date '2025-13-45'"),
        (f"---\n\ndate: 昨天\n---\n{ITEM}", ":3: the date '昨天'"),
        (f"---\ndate:\n---\n{ITEM}", ":2: the date ''"),
        (f"---\ndate: 2025-06-08 25:00\n---\n{ITEM}", ":2: the date '2025-06-08 25:00'"),
        (f"---\na: 1\ntitle: b: c\n---\n{ITEM}", ":3: the front matter cannot be read"),
        (f"---\ntitle: [x]\n---\n{ITEM}", ":2: the title is no text"),
        (f"---\ntitle: x\n\n{ITEM}", ":1: the front matter is never closed"),
        (f"---\ntitle: {'[' * 1500}\n---\n{ITEM}", "nested too deep"),
        (f"+++\ntitle = 1\ndate = 2025-02-30\n+++\n{ITEM}", ":3: the front matter cannot be read"),
        (f"+++\ndate = 10:00:00\n+++\n{ITEM}", ":2: the date '10:00:00'"),
        (f"2025.06.08\n\n<!-- 没有结束\n\n{ITEM}", ":3: <!-- is never closed"),
        (f"2025.06.08\n\n```\n\n{ITEM}", ":3: the code block ``` is never closed"),
        (f"2025.06.08\n\n{ITEM}\n{'>' * 500} 深", ":7: lists or quotes are nested too deep"),
        (f"2025.06.08\n\n{ITEM}\n{'- ' * 3000} 深", ":7: lists or quotes are nested too deep"),
        (f"2025.06.08\n\n{ITEM}\n{'[' * 60_000}", "square brackets"),
    ],
)
def test_file_that_is_no_digest(tmp_path, data, said):
    path = written(tmp_path / "digest.md", data)
    with pytest.raises(DigestError, match=said) as caught:
        read_digest(path)
    assert str(path) in str(caught.value)
    assert caught.value.exit_status == 2
    assert caught.value.hint


def test_missing_file_and_folder(tmp_path):
    with pytest.raises(DigestError, match="no such file"):
        read_digest(tmp_path / "none.md")
    with pytest.raises(DigestError, match="folder"):
        read_digest(tmp_path)


# --- any text ---

PIECES = [
    *(
        "1. ",
        "2. ",
        "1、",
        "- ",
        "> ",
        "# ",
        "### 1. ",
        "**",
        "*",
        "`",
        "```\n",
        "---\n",
        "+++\n",
        "    ",
        "\n",
        "\n\n",
    ),
    *(
        "[题](https://a.example)",
        "[",
        "](",
        ")",
        "![图](x)",
        "|a|b|\n|-|-|\n",
        "<div>",
        "</div>",
        "<br>",
        "<!--",
        "-->",
    ),
    *(
        "<![x",
        "<?",
        "<script>",
        "{{<",
        ">}}",
        "[^1]",
        "[a]: b\n",
        "点评：",
        "📌 ",
        "🔗 ",
        "\u3000",
        "题",
        "文。",
        "date: ",
    ),
    *("2025-06-08", "https://", "http://[", "&#0;", "&amp;", "\\", "\r", "~~", "1️⃣", "\u200d", "=", "title: x\n"),
]


@settings(max_examples=150, deadline=None, derandomize=True)
@given(st.lists(st.sampled_from(PIECES) | st.text(max_size=4), max_size=40).map("".join))
def test_any_text_is_a_digest_or_an_error_for_people(text):
    try:
        digest = read(text)
    except DigestError:
        return
    assert digest.items
    assert digest.published.tzinfo


# Forms of text, alone and in any mixture; {} is a word that must be said or named.
FORMS = [
    *(
        "{}\n\n",
        "{}\n",
        "## {}\n\n",
        "#### {}\n\n",
        "---\n\n",
        "> {}\n\n",
        "- {}\n- {}\n\n",
        "    {}\n\n",
        "**{}**\n\n",
    ),
    *("1. [{}](https://a.example)\n\n    {}\n\n", "2. {}\n{}\n", "### 1. {}\n\n{}\n\n", "📌 **2. {}**  \n{}\n\n"),
    *(
        "1、{}\n",
        "3. [{}]()\n\n   - {}\n   - {}\n\n",
        "1. 1. {}\n",
        "**点评：** {}\n\n",
        "### 总结\n\n{}\n\n",
        "【{}】\n\n",
    ),
    *(
        "<div>\n{}\n</div>\n\n",
        "甲<b>{}</b>\n\n",
        "[{}](../x)\n\n",
        "[{}](https://b.example)\n\n",
        "![{}](https://c.d/x)\n\n",
    ),
    *(
        "[^1]: {}\n\n",
        "[{}]: https://c.example\n\n",
        "来源：[{}](https://e.example)\n",
        "{{{{< x {} >}}}}\n\n",
        "{}\n===\n\n",
    ),
    *("参考链接\n\n- [{}](https://f.example)\n\n", "~~{}~~\n", "`{}`\n", "| {} | 乙 |\n|---|---|\n\n", "{}：\n"),
]


@settings(max_examples=150, deadline=None, derandomize=True)
@given(st.lists(st.sampled_from(FORMS), min_size=1, max_size=12))
def test_no_word_is_lost_in_any_mixture_of_forms(forms):
    words = (f"词{chr(0x5000 + index)}{chr(0x6000 + index)}" for index in range(1000))
    used: list[str] = []

    def word(_match: re.Match[str]) -> str:
        used.append(next(words))
        return used[-1]

    source = "".join(re.sub(r"(?<!\{)\{\}(?!\})", word, form).replace("{{", "{").replace("}}", "}") for form in forms)
    text = "2025.06.08 早报\n\n" + source
    try:
        digest = read(text)
    except DigestError:
        return
    kept = json.dumps(as_json(digest), ensure_ascii=False)
    assert [lost for lost in used if lost not in kept] == []
