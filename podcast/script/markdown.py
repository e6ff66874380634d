"""Document -> Markdown, for a person to edit and for `parse` to read back."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

from podcast.models import Figure, Link, SegmentKind
from podcast.script.document import (
    EXTRAS,
    FIGURE_NAMES,
    KIND_NAMES,
    LINK,
    PAUSE,
    SILENT,
    SOUND_NAMES,
    SOURCE,
    SPEAKER_NAMES,
    USE_NAMES,
    VERSION,
    Document,
    Paragraph,
    Section,
    placed,
)
from podcast.script.inline import escape, escape_start
from podcast.sounds import usual_sounds

# Read by the editor, in the editor's language; `parse` skips comments.
GUIDE = r"""<!--
播报文稿：改好后运行 podcast make 本文件。只有改过的句子会重新合成。

文字    一段一行，段与段之间空一行。改、删、加都可以。
小节    ## 开场、## 概览、## 新闻 3：标题、## 串场、## 点评、## 结束语。新闻要有编号，冒号后是章节标题，可改。
说话人  **主播：** 或 **评论员：** 单独一行，管到本节结束或下一个说话人。不写就是主播。
读音    [重庆]{chong2 qing4}：每个汉字一个拼音，1 到 5 是声调，ü 写作 v。
        [Qwen3]{千问三}：照大括号里的字念。读者看到的文字不变。
停顿    {停顿 1.5 秒} 单独一行，写在一段之后，最长 2 秒。不写就是平常的停顿。
音乐    {片头音乐} {转场音} {垫乐} 写在小节的第一段之前，{片尾音乐} 写在最后。删掉就没有。
节目说明  概览和点评的文字也登在节目说明里：{只播} 开头的段落不登，{只登} 开头的段落不播。
        {不播} 的新闻没有文字，只列在节目说明里。“- 来源”“- 链接”“- 图片”等各行不念，登在说明里。
符号    要写 [ ] { } * < 这些符号本身，就在前面加 \。注释不念，也不存入节目。
-->"""


def own_comments(text: str) -> int:
    """How many comments of a document's file (line ends "\\n") are a person's: they are not part of the document."""
    return sum(line.lstrip().startswith("<!--") for line in text.replace(GUIDE, "").split("\n"))


def document_markdown(document: Document) -> str:
    """The document as a Markdown file: front matter, the editor's guide, a heading for each section."""
    blocks = ["\n".join(_front(document)), GUIDE]
    for section, before, after in placed(document.sections):
        blocks += _section(section, before, after)
    if document.links or document.figures:
        blocks += [f"## {EXTRAS}", "\n".join(_facts(document.links, document.figures))]
    return "\n\n".join(blocks) + "\n"


def _front(document: Document) -> Iterator[str]:
    yield "---"
    yield f"podcast_script: {VERSION}"
    yield f"title: {_quoted(document.title)}"
    yield f"published: {document.published.isoformat()}"
    yield f"source: {_quoted(document.source)}"
    yield f"edition: {_quoted(document.edition)}"
    pairs = " ".join(f"{name}:{found}" for name, found in document.basis)
    yield f'basis: "{pairs}" # 写出时各节的指纹，摘要改动后据此核对，请勿改'
    yield "---"


def _section(section: Section, before: SegmentKind | None, after: SegmentKind | None) -> Iterator[str]:
    yield _heading(section)
    source = [f"- {SOURCE}：<{_address(section.url)}>"] if section.url is not None else []
    if facts := [*source, *_facts(section.links, section.figures)]:
        yield "\n".join(facts)
    if not section.paragraphs:
        yield f"{{{SILENT}}}"
    sounds = section.sounds
    if sounds is None:
        sounds = usual_sounds(section.kind, before, last=after is None) if section.heard else ()
    yield from (f"{{{SOUND_NAMES[sound]}}}" for sound in sounds if sound != "outro")
    speaker = ""
    for paragraph in section.paragraphs:
        if paragraph.use != "read" and paragraph.speaker != speaker:
            speaker = paragraph.speaker
            yield f"**{SPEAKER_NAMES.get(speaker, speaker)}：**"
        yield from _paragraph(paragraph)
    if "outro" in sounds:
        yield f"{{{SOUND_NAMES['outro']}}}"


def _heading(section: Section) -> str:
    name = KIND_NAMES.get(section.kind, section.kind)
    if section.number is None and section.title == name:
        return f"## {name}"
    number = "" if section.number is None else f" {section.number}"
    return f"## {name}{number}：{escape(section.title)}"


def _paragraph(paragraph: Paragraph) -> Iterator[str]:
    mark = f"{{{USE_NAMES[paragraph.use]}}}" if paragraph.use != "both" else ""
    yield mark + escape_start(escape(paragraph.text, paragraph.overrides))
    if paragraph.pause_seconds is not None:
        yield f"{{{PAUSE} {_number(paragraph.pause_seconds)} 秒}}"


def _facts(links: Sequence[Link], figures: Sequence[Figure]) -> Iterator[str]:
    yield from (f"- {LINK}：{_linked(link.title, link.url)}" for link in links)
    yield from (f"- {FIGURE_NAMES[figure.kind]}：{_linked(figure.title, figure.url)}".rstrip() for figure in figures)


def _linked(title: str, url: str | None) -> str:
    return escape(title) if url is None else f"[{escape(title)}](<{_address(url)}>)"


def _address(url: str) -> str:
    return url.replace("\\", "\\\\").replace("<", "\\<").replace(">", "\\>")


def _quoted(text: str) -> str:
    """In double quotes as YAML has them, with what cannot be seen written out."""
    signs = (json.dumps(c, ensure_ascii=False)[1:-1] if c.isprintable() else f"\\U{ord(c):08x}" for c in text)
    return f'"{"".join(signs)}"'


def _number(seconds: float) -> str:
    return repr(float(seconds)).removesuffix(".0")
