"""Documents for tests: what an editor might do, and texts that look like something else."""

from __future__ import annotations

from pathlib import Path

from hypothesis import strategies as st

from podcast.models import Digest, Figure, Interlude, Item, Link
from podcast.script import Document, document_markdown, document_of, read_document, write_script
from tests.builders import digest, item

# Lines that mean something in the document, in Markdown or in YAML.
LOOKS_LIKE = (
    *(
        "## 新闻 3：假的",
        "# 标题",
        "---",
        "***",
        "podcast_script: 1",
        "{停顿 1 秒}",
        "{片头音乐}",
        "{只播}假的",
        "**主播：**",
    ),
    *(
        "**嘉宾**：大家好",
        "- 来源：<https://example.com>",
        "* 一",
        "+ 二",
        "1. 第一",
        "2) 第二",
        "2026",
        "<!-- 注释 -->",
    ),
    *("-->", "[重庆]{chong2 qing4}", "[a](b)", "![图](x.png)", "> 引用", "| 表 | 格 |", "```", "~~~", "=====", "\\"),
    *("\\\\[", "C:\\新\\{x}", "@anchor", "＠主播", "｛全角｝［括号］", "&amp; &lt;", "P&L", "a_b_c", "“引号”'x'\"y\""),
    *("#话题#", "…", "🎉", "\ufeff字", "a\u3000b\u00a0c"),
)
FILE = Path("episode.md")
ALPHABET = st.characters(exclude_categories=["Cc", "Cs", "Zl", "Zp"]) | st.sampled_from(
    "\\`*_[]{}<>#-=~|@&!：；，。“”（）1a中"
)
WORDS = st.lists(st.sampled_from(LOOKS_LIKE) | st.text(ALPHABET, min_size=1, max_size=8), min_size=1, max_size=4)
TEXTS = WORDS.map(lambda words: " ".join(" ".join(words).split()) or "空")
ADDRESSES = st.sampled_from(["https://example.com/a?b=c&d=<e>", "a b.png", "x(y)z", "\\", "#"])


@st.composite
def digests(draw: st.DrawFn) -> Digest:
    """Digests as they are read, of texts that look like anything."""
    paragraphs = st.lists(TEXTS, max_size=2).map(tuple)
    links = st.lists(st.builds(Link, TEXTS, ADDRESSES), max_size=2).map(tuple)
    kinds = st.sampled_from(["image", "table", "code"])
    figures = st.lists(st.builds(Figure, kinds, TEXTS | st.just(""), ADDRESSES | st.none()), max_size=2).map(tuple)
    count = draw(st.integers(1, 3))
    items = tuple(
        Item(number, draw(TEXTS), draw(ADDRESSES | st.none()), draw(paragraphs), draw(links), draw(figures))
        for number in range(1, count + 1)
    )
    return digest(
        title=draw(TEXTS),
        overview=draw(paragraphs),
        items=items,
        commentary=draw(paragraphs),
        interludes=tuple(Interlude(1, (text,)) for text in draw(st.lists(TEXTS, max_size=1))),
        links=draw(links),
        figures=draw(figures),
    )


def document(source: Digest | None = None, edition: str = "full") -> Document:
    source = source or digest()
    script = write_script(source, show_title="早间科技", disclosure="语音为合成。", edition=edition)
    return document_of(source, script, source=source.source.name, edition=edition)


def three_items(**changed: str) -> Digest:
    """A digest of three items; `changed`: title -> what its summary says instead."""
    titles = ("青禾电池融资", "模型可在手机上运行", "机器人进厂")
    return digest(
        items=tuple(
            item(number, title, summary=(changed.get(title, f"这是{title}的摘要。"),))
            for number, title in enumerate(titles, 1)
        )
    )


def edited(before: Document, *changes: tuple[str, str]) -> Document:
    """The document after a person replaced texts in its file."""
    text = document_markdown(before)
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    return read_document(text, FILE)
