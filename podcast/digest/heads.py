"""The lines that give a digest its shape: heads of items, labels of sections, links to a source."""

from __future__ import annotations

import re
from typing import NamedTuple

from podcast.digest.lines import Line, Run, decoration_length, is_address, plain, without_decoration
from podcast.models import Link

_NUMBER = re.compile(r"(\d{1,3})\s*(?:[.、．)）]|\ufe0f?\u20e3)(?!\d)\s*")  # "1." "1、" "1)" and the keycap emoji
_SEPARATOR = re.compile(r"\s*(?:[：:｜|。，,]|——?|–|- )\s*")  # between a title and the text after it on its line
_BRACKET = re.compile(r"\s*[（(【]")
_SENTENCE_END = ("。", "！", "？", "…")
_SHORTEST_TITLE = 8  # characters of a bold run that sets a title apart from a sentence that begins with a bold name

_WHO = "今日|本日|每日|本期|本周|编辑|小编|主编|记者|专家|行业|最后的?"
_COMMENTARY = re.compile(
    rf"[【\[「]?\s*(?P<label>(?:{_WHO})?(?:点评|评论|总结|编者按|编后语|编后|短评|简评|锐评|小结|结语)(?:[与和及]\w{{1,6}})?)"
    r"(?P<end>\s*[】\]」]?\s*[:：]?\s*)"
)
_OVERVIEW_WORDS = "概述|概览|综述|导语|导读|摘要|前言|引言"
_OVERVIEW = re.compile(rf"[【\[「]?\s*(?:{_WHO})?(?:{_OVERVIEW_WORDS})\s*[】\]」]?\s*[:：]?")
_REFERENCE_WORDS = "(?:参考|相关|延伸|推荐|更多|扩展)(?:链接|阅读|资料|报道|来源|文献)"
_REFERENCES = re.compile(rf"[【\[「]?\s*{_REFERENCE_WORDS}\s*[】\]」]?\s*[:：]?")
_SOURCE_WORDS = (
    "点击这里|点击此处|点击|阅读|查看|访问|新闻|文章|相关|官方|报道|原文|全文|来源|出处|链接|地址|详情|更多|了解|信源|"
    "source|link|read more|read|via"
)
_SOURCE = re.compile(rf"(?:(?:{_SOURCE_WORDS})[\s:：]*)*", re.IGNORECASE)
_SOURCE_NAMED = re.compile(r"\W*(?:原文|来源|出处|信源|链接|source|via)[^，。]{0,6}[:：]", re.IGNORECASE)
_LABEL_MARKS = re.compile(r"[\W_]+")


class Head(NamedTuple):
    """The first line of an item."""

    number: int | None  # as written
    title: str
    url: str | None  # "" = a link that leads nowhere
    links: tuple[Link, ...]  # further ones of the title
    rest: Line | None  # what stands after the title on its line


def numbered_head(line: Line, *, level: int, plain_numbers: bool) -> Head | None:
    """Read "### 1. [title](url)" (level > 0), "📌 **1. title**", "1、[title](url)"; if `plain_numbers`, "1、title"."""
    raw = line.raw
    start = decoration_length(raw)
    match = _NUMBER.match(raw, start)
    if match is None or match.end() == len(raw):
        return None
    if not (level or plain_numbers or _is_marked(line, start) or _is_marked(line, match.end())):
        return None
    return read_head(_cut(line, match.end()), int(match[1]))


def read_head(line: Line, number: int | None) -> Head:
    """Split the line of an item, less its number, into title, address and what follows them."""
    line = _cut(line, decoration_length(line.raw))
    lead, rest = _split(line)
    url = next((run.url for run in lead.runs if run.url is not None), None)
    links = [link for link in lead.links if link.url != url]
    return Head(number, without_decoration(plain(lead.text)), url, tuple(links), rest)


def commentary_label(line: Line, level: int) -> tuple[str, Line | None] | None:
    """The label of a commentary and what follows it on its line: "### 点评", "**点评：** text", "【编者按】text"."""
    raw = line.raw
    start = decoration_length(raw)
    match = _COMMENTARY.match(raw, start)
    if match is None:
        return None
    rest = _cut(line, match.end())
    alone = not rest.raw.strip()
    bold_alone = not level and _is_bold_alone(line, match.start("label"), match["label"])
    if not (alone or match["end"].strip() or bold_alone):
        return None  # 总结大会精神
    return match["label"], None if alone else rest


def is_overview_label(line: Line) -> bool:
    return _OVERVIEW.fullmatch(without_decoration(line.raw)) is not None


def is_references_label(line: Line) -> bool:
    return _REFERENCES.fullmatch(without_decoration(line.raw)) is not None


def is_source(line: Line) -> bool:
    """Whether a line does no more than lead to a source: "🔗 [原文链接](url)", "原文：https://…"."""
    if not any(run.url is not None for run in line.runs):
        return False
    return all(is_address(run.text) or _is_source_word(run.text) for run in line.runs)


def names_source(line: Line) -> bool:
    """Whether a line says where an item comes from, in words worth reading out: "来源：[IT之家](url)"."""
    return bool(line.links) and line.runs[-1].url is not None and _SOURCE_NAMED.match(line.raw) is not None


def is_only_links(line: Line) -> bool:
    return bool(line.links) and all(run.url is not None or not _LABEL_MARKS.sub("", run.text) for run in line.runs)


def _is_source_word(text: str) -> bool:
    return _SOURCE.fullmatch(_LABEL_MARKS.sub("", text)) is not None


def _split(line: Line) -> tuple[Line, Line | None]:
    """Part a title from what follows: a linked or bold beginning from its text, a title from a link to its source."""
    first = line.runs[0] if line.runs else Run("")
    count = 0
    if first.url is not None or first.bold:
        same = [run.url == first.url if first.url is not None else run.bold for run in line.runs]
        count = same.index(False) if False in same else len(same)
    elif len(line.runs) > 1 and line.runs[-1].url is not None and _is_source_word(line.runs[-1].text):
        return _parts(line, len(line.runs) - 1)
    lead, rest = _parts(line, count)
    if not count or rest is None:
        return line, None
    if separator := _SEPARATOR.match(rest.raw):
        return lead, _cut(rest, separator.end())
    ends = lead.raw.endswith(_SENTENCE_END) or _BRACKET.match(rest.raw) is not None or is_source(rest)
    is_text = rest.raw.rstrip().endswith(_SENTENCE_END) and len(lead.raw) >= _SHORTEST_TITLE
    return (lead, rest) if ends or is_text else (line, None)


def _parts(line: Line, count: int) -> tuple[Line, Line | None]:
    lead, rest = (Line(line.number, runs) for runs in (line.runs[:count], line.runs[count:]))
    return lead, rest if rest.raw.strip() else None


def _cut(line: Line, length: int) -> Line:
    """A line less its first `length` characters."""
    runs: list[Run] = []
    for run in line.runs:
        kept = run.text[length:]
        length = max(0, length - len(run.text))
        if kept:
            runs.append(run._replace(text=kept))
    return Line(line.number, tuple(runs))


def _is_marked(line: Line, position: int) -> bool:
    """Whether the character at a position is bold or linked."""
    for run in line.runs:
        if position < len(run.text):
            return run.bold or run.url is not None
        position -= len(run.text)
    return False


def _is_bold_alone(line: Line, start: int, label: str) -> bool:
    """Whether the label is all that is bold where it stands."""
    bold = next((run for run in line.runs if run.bold), None)
    return bold is not None and bold.text.strip() == label and line.raw.index(bold.text) <= start
