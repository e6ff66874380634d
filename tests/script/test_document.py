"""The document holds the script: written, read back, nothing is another."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from podcast.audio.mix import LONGEST_PAUSE_SECONDS
from podcast.digest import read_digest
from podcast.models import Digest, Item, Override, SegmentKind
from podcast.script import (
    digest_of,
    document_markdown,
    document_of,
    is_document,
    parse,
    read_document,
    script_of,
    write_script,
)
from podcast.script.convert import as_usual
from podcast.script.document import KIND_NAMES, Paragraph, Section
from podcast.script.markdown import GUIDE
from tests.builders import digest, item
from tests.script.documents import TEXTS, digests, document

FILE = Path("episode.md")


@settings(max_examples=30, deadline=None)
@example(digest(overview=("｛全角｝［括号］ ｛全角｝［括号］｛x｝",)), "full")
@given(digests(), st.sampled_from(["full", "brief"]))
def test_any_script_that_can_be_written_comes_back_from_its_document(source: Digest, edition: str) -> None:
    script = write_script(source, show_title="早间*科技*", disclosure="[语音]{合成}。", edition=edition)
    written = document_of(source, script, source="2026-03-02.md", edition=edition)
    text = document_markdown(written)
    assert is_document(text)
    back = read_document(text, FILE)
    assert back == written
    assert script_of(back) == script
    notes = digest_of(back)
    assert (notes.overview, notes.commentary) == (source.overview, source.commentary)
    assert notes.items == tuple(replace(item, summary=()) for item in source.items)
    assert (notes.links, notes.figures) == (source.links, source.figures)
    assert all("can be said" in warning for warning in back.warnings)  # of a line of signs alone
    assert read_document("\ufeff" + text.replace("\n", "\r\n"), FILE) == written


@st.composite
def paragraphs(draw: st.DrawFn, *, uses: bool) -> Paragraph:
    text = draw(TEXTS)
    use = draw(st.sampled_from(["both", "heard", "read"])) if uses else "both"
    if use == "read":
        return Paragraph(text, use="read")
    start = draw(st.integers(0, len(text) - 1))
    end = draw(st.integers(start + 1, len(text)))
    said = " ".join(draw(TEXTS).split())
    overrides = (Override(start, end, said),) if text[start:end].strip() and draw(st.booleans()) else ()
    pause = draw(st.none() | st.floats(0, 2, allow_subnormal=False).map(lambda seconds: round(seconds, 4)))
    return Paragraph(text, draw(st.sampled_from(["anchor", "commentator"])), overrides, pause, use)  # type: ignore[arg-type]


@settings(max_examples=30, deadline=None)
@given(st.data())
def test_what_an_editor_can_add_comes_back_too(data: st.DataObject) -> None:
    """Readings, pauses, speakers, music, text for the ear or for the eye alone."""
    kinds: list[SegmentKind] = data.draw(st.lists(st.sampled_from(list(KIND_NAMES)), min_size=1, max_size=4))
    sections = [
        Section(
            kind,
            data.draw(TEXTS),
            number if kind == "item" else None,
            paragraphs=tuple(data.draw(st.lists(paragraphs(uses=kind in parse.SHOWN), min_size=1, max_size=3))),
        )
        for number, kind in enumerate(kinds, 1)
    ]
    if not any(section.heard for section in sections):
        sections.append(Section("closing", "再见", paragraphs=(Paragraph("再见。"),)))
    heard = [place for place, section in enumerate(sections) if section.heard]
    for place in heard:
        sounds = [("bed",), ("sting", "bed"), (), None]
        chosen = data.draw(st.sampled_from(sounds))
        sections[place] = replace(sections[place], sounds=chosen)  # type: ignore[arg-type]
    written = replace(document(), sections=as_usual(sections))
    assert read_document(document_markdown(written), FILE) == written


@pytest.mark.parametrize("edition", ["full", "brief"])
@pytest.mark.parametrize("name", ["2025-05-07", "2025-05-20", "2025-11-04"])
def test_the_shared_digests_come_back_without_a_warning(shared: Path, name: str, edition: str) -> None:
    source = read_digest(shared / "digests" / f"{name}.md")
    script = write_script(source, show_title="每日新闻播报", edition=edition)
    back = read_document(
        document_markdown(document_of(source, script, source=source.source.name, edition=edition)), FILE
    )
    assert script_of(back) == script
    assert back.warnings == ()


def test_an_item_that_an_edition_leaves_out_stays_in_the_notes() -> None:
    source = digest()
    script = write_script(source, show_title="x")
    script = replace(script, segments=tuple(segment for segment in script.segments if segment.item != 2))
    text = document_markdown(document_of(source, script, source="x.md", edition="short"))
    assert "{不播}" in text
    back = read_document(text, FILE)
    assert [item.number for item in digest_of(back).items] == [1, 2, 3]
    assert [segment.item for segment in script_of(back).segments] == [None, None, 1, 3, None, None]
    assert [part.text for part in script_of(back).utterances] == [part.text for part in script.utterances]


def test_the_guide_shows_what_can_be_read() -> None:
    """Every notation that the editor is taught, in a document."""
    body = (
        "## 开场\n\n{片头音乐}\n\n[重庆]{chong2 qing4}和[Qwen3]{千问三}。\n\n{停顿 1.5 秒}\n\n**评论员：**\n\n好。\n\n"
        "## 概览\n\n{垫乐}\n\n{只播}听的。\n\n{只登}看的。\n\n## 新闻 3：标题\n\n- 来源：<https://example.com>\n\n{不播}\n\n"
        "## 串场\n\n下面。\n\n## 点评\n\n{转场音}\n\n好。\n\n## 结束语\n\n再见。\n\n{片尾音乐}\n"
    )
    for notation in re.findall(r"\{.+?\}|##.+|\*\*.+?\*\*|- 来源", body):
        assert notation in GUIDE
    head = document_markdown(document()).partition("-->")[0] + "-->\n\n"
    back = read_document(head + body, FILE)
    assert [segment.kind for segment in script_of(back).segments] == [
        "opening", "overview", "interlude", "commentary", "closing",
    ]  # fmt: skip
    assert digest_of(back).overview == ("看的。",)


def test_lines_of_a_paragraph_are_joined() -> None:
    text = document_markdown(document()).replace("今天有三条新闻。", "今天有\n三条\nnews\nfor you。")
    assert "今天有三条news for you。" in [part.text for part in script_of(read_document(text, FILE)).utterances]


def test_what_is_usual_is_not_written_and_follows_its_place() -> None:
    """A segment that is put between others gets the pauses of its new place."""
    text = document_markdown(document())
    assert "停顿" not in text.split("-->")[1]
    extra = "## 串场\n\n插播一句。\n\n## 新闻 2："
    script = script_of(read_document(text.replace("## 新闻 2：", extra, 1), FILE))
    pauses = {segment.title: segment.utterances[-1].pause_after_seconds for segment in script.segments}
    assert pauses["串场"] == 1.3
    assert all(segment.sounds is None for segment in script.segments)


def test_the_longest_pause_is_that_of_the_audio_stage() -> None:
    assert parse.LONGEST_PAUSE_SECONDS == LONGEST_PAUSE_SECONDS


def test_a_digest_is_no_document() -> None:
    assert not is_document("---\ntitle: x\n---\n\npodcast_script: 1\n")
    assert not is_document("podcast_script: 1\n")
    assert is_document("\ufeff---\r\npodcast_script: 1\r\ntitle: x\r\n")


def test_an_items_own_links_stay_with_it() -> None:
    two = (item(1, "一", url="https://example.com/same"), item(2, "二", url="https://example.com/same"))
    written = document(digest(items=two))
    assert [found.title for found in digest_of(written).items] == ["一", "二"]
    assert isinstance(digest_of(written).items[0], Item)
