"""Reading feeds.  A new case is two files: tests/data/feeds/NAME.xml (or .jsonfeed) and NAME.json, what it says."""

from __future__ import annotations

import json
import re
from datetime import date
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from podcast.digest import FEED_LIMIT_BYTES, read_content, read_digest_text
from podcast.digest.feed import Feed
from podcast.digest.written import digest_json
from podcast.errors import DigestError
from podcast.models import Digest

SAMPLES = sorted(
    path for path in (Path(__file__).parent / "data" / "feeds").iterdir() if path.suffix in {".xml", ".jsonfeed"}
)
SHANGHAI = ZoneInfo("Asia/Shanghai")
ITEM = "<ol><li><a href='https://example.com/1'>甲公司开源模型</a><p>摘要一句。</p></li></ol>"


def feed(content: bytes | str, name: str = "feed.xml", **given: str) -> Feed:
    found = read_content(content.encode() if isinstance(content, str) else content, Path(name), **given)
    assert isinstance(found, Feed)
    return found


def rss(*entries: str) -> str:
    return f'<?xml version="1.0"?><rss version="2.0"><channel>{"".join(entries)}</channel></rss>'


def entry(
    html: str = ITEM, title: str = "2026.03.02 早报", guid: str = "1", moment: str = "2026-03-02T08:00:00Z"
) -> str:
    return (
        f"<item><title>{title}</title><guid>{guid}</guid><pubDate>{moment}</pubDate>"
        f"<description><![CDATA[{html}]]></description></item>"
    )


def only(content: bytes | str, **given: str) -> Digest:
    [found] = feed(content, **given).entries
    return found.read(SHANGHAI)


def what_is_read(found: Feed) -> list[Any]:
    """Every entry as JSON, the oldest first; of one that is no digest what is said of it."""
    read: list[Any] = []
    for each in found.newest(None):
        try:
            read.append(json.loads(digest_json(each.read(SHANGHAI))))
        except DigestError as error:
            read.append({"error": str(error)})
    return read


# --- whole feeds ---


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.stem)
def test_sample_is_read_whole(path: Path) -> None:
    expected = json.loads(path.with_suffix(".json").read_text("utf-8"))
    assert what_is_read(feed(path.read_bytes(), path.name)) == expected


def han_runs(text: str) -> list[str]:
    return re.findall(r"[\u3400-\u9fff]+", text)


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.stem)
def test_every_word_of_an_entry_is_said_or_named(path: Path) -> None:
    """Against the raw content, with its tags cut out by a regular expression: not by what is tested."""
    labels = {"概述", "编者按", "点评", "编后", "短评", "今日总结与展望", "原文链接"}
    for each in feed(path.read_bytes(), path.name).entries:
        try:
            digest = each.read(SHANGHAI)
        except DigestError:
            continue
        # A table is named by its header row, as one in Markdown is.
        html = re.sub(r"<pre.*?</pre>|<tbody>.*?</tbody>", " ", each._raw.content, flags=re.DOTALL)
        html = re.sub(r'<[^>]*?(?:alt="([^"]*)")?[^>]*>', r" \1 ", html) if not each._raw.is_plain else html
        kept = digest_json(digest).replace("\\n", "")
        joined = "".join(han_runs(kept))
        for run in han_runs(html):
            assert run in joined or run in labels, f"lost: {run}"


def test_html_is_read_as_the_markdown_it_was_made_from() -> None:
    markdown = """---
date: 2026-03-02T08:00:00Z
title: 2026.03.02 早报
---

概览一句。

---

1.  [甲公司开源模型](https://example.com/1)

    摘要**两**句。第二句。

2.  [乙公司融资](https://example.com/2)

    - 第一点
    - 第二点

### 点评

成本是主线。
"""
    html = """<p>概览一句。</p><hr/><ol><li><p><a href="https://example.com/1">甲公司开源模型</a></p>
<p>摘要<strong>两</strong>句。第二句。</p></li><li><p><a href="https://example.com/2">乙公司融资</a></p>
<ul><li>第一点</li><li>第二点</li></ul></li></ol><h3 id="x">点评</h3><p>成本是主线。</p>"""
    plain = read_digest_text(markdown, Path("x.md"))
    read = only(rss(entry(html)))
    for name in ("title", "overview", "items", "commentary", "interludes", "figures", "warnings"):
        assert getattr(read, name) == getattr(plain, name), name
    assert read.published == plain.published


# --- identity and choice ---


def test_an_entry_keeps_its_name_when_title_text_and_place_change() -> None:
    before = feed(rss(entry(guid="https://a.example/2026/evening.html"))).entries[0].source
    after = (
        feed(rss(entry(guid="2"), entry(title="改了", guid="https://a.example/2026/evening.html"))).entries[1].source
    )
    assert before == after
    assert re.fullmatch(r"feed\.xml/evening-[0-9a-f]{8}", str(before))


def test_the_newest_entries_are_chosen_by_date_and_come_oldest_first() -> None:
    days = ["2026-03-03T08:00:00Z", "2026-03-01T08:00:00Z", "2026-03-04T08:00:00Z", "2026-03-02T08:00:00Z"]
    found = feed(rss(*(entry(title=f"第{index}", guid=str(index), moment=day) for index, day in enumerate(days))))
    assert [each.title for each in found.newest(1)] == ["第2"]
    assert [each.title for each in found.newest(2)] == ["第0", "第2"]
    assert [each.title for each in found.newest(None, date(2026, 3, 2))] == ["第3", "第0", "第2"]
    assert found.newest(None, date(2026, 3, 5)) == []


def test_of_two_at_one_time_the_upper_one_is_newer_and_an_undated_one_is_not_passed_over() -> None:
    found = feed(rss(entry(title="上", guid="1"), entry(title="下", guid="2"), entry(title="无", guid="3", moment="")))
    assert [each.title for each in found.newest(3)] == ["下", "上", "无"]
    with pytest.raises(DigestError, match="no date"):
        found.newest(1)[0].read(SHANGHAI)


def test_the_day_is_that_of_the_show() -> None:
    content = rss(entry(title="早报", moment="Sun, 01 Mar 2026 23:30:00 GMT"))
    assert only(content).published.isoformat() == "2026-03-02T07:30:00+08:00"
    found = feed(content, timezone="America/New_York").entries[0]
    assert found.published is not None
    assert found.published.isoformat() == "2026-03-01T18:30:00-05:00"


# --- encodings ---

CHINESE = rss(entry(html=f"<p>概览，镕与喆。</p>{ITEM}")).replace('<?xml version="1.0"?>', "")


@pytest.mark.parametrize(
    ("written", "declared", "served"),
    [
        ("utf-8", "", ""),
        ("utf-8", "gbk", "gbk"),  # a server that says GBK of every page
        ("utf-8-sig", "gb2312", ""),
        ("gbk", "gb2312", ""),  # 镕 is not in GB 2312
        ("gb18030", "utf-8", "utf-8"),  # wrong twice
        ("gbk", "", "iso-8859-1"),
        ("gbk", "", ""),
        ("big5", "big5", ""),
        ("utf-16", "utf-16", ""),
        ("utf-16-le", "utf-16", ""),
    ],
)
def test_encoding_is_found_out_whatever_is_declared(written: str, declared: str, served: str) -> None:
    head = f'<?xml version="1.0" encoding="{declared}"?>' if declared else '<?xml version="1.0"?>'
    text = CHINESE.translate(str.maketrans("镕与喆开摘览", "鎔與喆開摘覽")) if written == "big5" else CHINESE
    text = text.translate(str.maketrans("报", "報")) if written == "big5" else text
    digest = only((head + text).encode(written, "xmlcharrefreplace"), charset=served)
    assert digest.overview in {("概览，镕与喆。",), ("概覽，鎔與喆。",)}


def test_encoding_that_cannot_be_read_is_refused() -> None:
    with pytest.raises(DigestError, match="neither utf-8 nor UTF-8 nor GB 18030"):
        feed(b'<?xml version="1.0" encoding="utf-8"?><rss>\x81\xff\xff \xe9 </rss>')


# --- what is no feed, and what means harm ---

BOMB = '<!DOCTYPE r [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;">]>' + rss(entry(html="x")).replace(
    "CDATA[x", "CDATA[&b;"
)
ATTRIBUTES = " ".join(f"a{index}='b'" for index in range(101))
LOCAL = '<!DOCTYPE r [<!ENTITY f SYSTEM "file:///etc/hostname">]><rss><channel><title>&f;</title></channel></rss>'


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (BOMB, "declares an entity of its own, 'a'"),
        (LOCAL, "declares an entity of its own, 'f'"),
        ("<!DOCTYPE html><html><head></head><body><ol><li>x</li></ol></body></html>", "web page, not a feed"),
        ('<?xml version="1.0"?><opml version="2.0"><body/></opml>', "no feed: it begins with <opml>"),
        ('<?xml version="1.0"?><!-- ', "XML that has no element"),
        (rss(), "no entries"),
        (rss(entry()).partition("</item>")[0], "its XML is broken: no element found"),
        (rss(entry()).replace("</title>", "</titel>", 1), "its XML is broken: mismatched tag"),
        (f"<rss>{'<a>' * 5000}", "nested too deep"),
        (f"<rss>{'<a/>' * 100_001}</rss>", "more than 100000 elements"),
        (f"<rss><a {ATTRIBUTES}/></rss>", "more than 100 attributes"),
        ("<rss>" + "".join(f"<a xmlns:x{index}='y'/>" for index in range(1001)) + "</rss>", "too many namespaces"),
        (f"<rss>{' ' * FEED_LIMIT_BYTES}</rss>", "too large: a feed may have 4 MiB"),
        ('{"version": "https://jsonfeed.org/version/1.1"}', "items is no list"),
        ('{"version": "https://jsonfeed.org/version/1.1", "items": [1]}', r"items\[0\] is no object"),
        (
            '{"version": "https://jsonfeed.org/version/1", "items": [{"id": "1", "content_html": 5}]}',
            r"items\[0\]\.content_html is no string",
        ),
        ('{"items": ' + "[" * 100_000, "its JSON is nested too deep"),
    ],
)
def test_what_is_no_feed_is_refused_in_a_line(content: str, said: str) -> None:
    with pytest.raises(DigestError, match=said) as caught:
        read_content(content.encode(), Path("feed.xml"))
    assert "feed.xml" in str(caught.value)
    assert str(caught.value).count("\n") <= 1
    assert caught.value.exit_status == 2


def test_a_page_that_names_its_feed_says_where_it_is() -> None:
    page = '<html><head><link rel="alternate" type="application/rss+xml" href="/index.xml"></head></html>'
    with pytest.raises(DigestError, match=r"names its feed: https://a\.example/index\.xml"):
        read_content(page.encode(), Path("x"), address="https://a.example/posts/")


def deep(tag: str, count: int) -> str:
    return f"<{tag}>" * count + ITEM + f"</{tag}>" * count


@pytest.mark.parametrize(
    ("html", "said"),
    [
        (deep("div", 300), "nested too deep"),
        (deep("div", 5000), "nested too deep"),  # libxml2 itself stops at 2048, and keeps what it has
        ("<ol><li>" * 200 + "x", "nested too deep"),
        ("<p>" + "字" * 200_000, "more than 512 KiB of HTML"),
        ("<a " + "".join(f"a{index}=b " for index in range(50_000)) + ">", "thousands of attributes"),
        ("<p>没有编号的新闻。</p>", "no numbered items"),
        ("", "no text"),
        ("<!-- 只有注释 -->", "no numbered items"),
    ],
)
def test_an_entry_that_is_no_digest_is_named(html: str, said: str) -> None:
    with pytest.raises(DigestError, match=said) as caught:
        only(rss(entry(html)))
    assert str(caught.value).startswith("feed.xml: entry 「2026.03.02 早报」: ")


def test_scripts_and_hidden_text_are_never_said_and_always_named() -> None:
    html = (
        f"<p onclick='x()'>概览。<script>alert('脚本')</script></p>{ITEM}<style>.a{{}}</style>"
        "<iframe src='https://bad.example/'></iframe><p hidden>看不见</p><a href='javascript:x()'>点我</a>"
        "<img src='x' onerror='alert(1)' alt='图'><svg><text>矢量</text></svg>"
    )
    digest = only(rss(entry(html)))
    said = "".join([*digest.overview, *digest.items[0].summary, *digest.commentary])
    assert not any(word in said for word in ("alert", "脚本", "看不见", "矢量", "onclick"))
    warned = "\n".join(digest.warnings)
    for word in ("脚本", "看不见", "矢量", "bad.example", "javascript:x()"):
        assert word in warned
    assert "javascript" not in "".join(link.url for link in digest.items[0].links)


def test_control_characters_are_left_out_and_mentioned() -> None:
    content = rss(entry(f"<p>概\x0b览&#8;一&#x1f;句。</p>{ITEM}", title="2026.03.02&#11; 早\x08报"))
    digest = only(content)
    assert (digest.title, digest.overview) == ("2026.03.02 早报", ("概览一句。",))
    assert any("control characters" in warning for warning in digest.warnings)


def test_bare_ampersands_and_names_of_html_are_mended_and_mentioned() -> None:
    digest = only(rss(entry(title="2026.03.02 A&B&nbsp;早报 &mdash; R&D;")))
    assert digest.title == "2026.03.02 A&B 早报 — R&D;"
    assert any("XML was broken" in warning for warning in digest.warnings)


def test_titles_of_html_and_of_text_are_told_apart() -> None:
    atom = """<feed xmlns="http://www.w3.org/2005/Atom">{}</feed>"""
    body = f"<published>2026-03-02T08:00:00Z</published><content type='html'><![CDATA[{ITEM}]]></content>"
    html = atom.format(
        f"<entry><id>1</id><title type='html'>&lt;b&gt;A&amp;amp;B&lt;/b&gt; &amp;lt;i&amp;gt;</title>{body}</entry>"
    )
    text = atom.format(f"<entry><id>1</id><title type='text'>a &lt;b&gt; c</title>{body}</entry>")
    assert (only(html).title, only(text).title) == ("A&B <i>", "a <b> c")


def test_text_wrapped_in_cdata_once_too_often_is_not_lost() -> None:
    twice = entry("").replace("<![CDATA[]]>", f"&lt;![CDATA[{ITEM.replace('<', '&lt;')}]]&gt;")
    assert only(rss(twice)).items == only(rss(entry())).items


def test_numbers_of_lists_count_down_and_start_where_they_say() -> None:
    html = "<ol reversed><li>甲事</li><li>乙事</li></ol><ol start='3'><li>丙事</li><li value='9'>丁事</li></ol>"
    digest = only(rss(entry(html)))
    assert [item.title for item in digest.items] == ["甲事", "乙事", "丙事", "丁事"]
    assert sum("number" in warning for warning in digest.warnings) == 3


def test_layout_tables_are_read_and_tables_of_figures_are_named() -> None:
    layout = f"<table><tr><td><p>概览。</p></td></tr><tr><td>{ITEM}</td></tr></table>"
    assert only(rss(entry(layout))).overview == ("概览。",)
    data = f"{ITEM}<table><tr><td>国</td><td>量</td></tr><tr><td>甲</td><td><a href='https://e.com/x'>乙</a></td></tr></table>"
    [item] = only(rss(entry(data))).items
    assert [figure.title for figure in item.figures] == ["国 | 量"]
    assert [link.url for link in item.links] == ["https://e.com/x"]
