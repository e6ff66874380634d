"""A digest that tries to break out of XML, HTML, WebVTT, SubRip or JSON is harmless, and can still be read."""

from __future__ import annotations

import json
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from podcast.models import Show
from podcast.publish import publish_show
from tests.publish.attacks import ATTACKS, hostile
from tests.publish.shows import Publish, make_digest


class Page(HTMLParser):
    """Element names, attributes that could run something, addresses, and the text of a page."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[str] = []
        self.active: list[str] = []
        self.links: list[str] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.active += [name for name, _ in attrs if name.startswith("on") or name in ("style", "srcdoc")]
        self.links += [value or "" for name, value in attrs if name in ("href", "src", "action")]

    def handle_data(self, data: str) -> None:
        self.text += data


def parse(html: str) -> Page:
    page = Page()
    page.feed(html)
    page.close()
    return page


@pytest.mark.parametrize("attack", ATTACKS.values(), ids=ATTACKS)
def test_words_of_a_digest_are_words_everywhere(public: Path, show: Show, write: Publish, attack: str) -> None:
    write(make_digest())
    publish_show(public, show)
    plain = parse((public / "episodes/2025-11-04/index.html").read_text())
    write(hostile(attack))
    feed = publish_show(public, show)

    folder = public / "episodes/2025-11-04"
    page = parse((folder / "index.html").read_text())
    allowed = set(plain.tags)
    assert set(page.tags) <= allowed
    assert page.tags.count("script") == plain.tags.count("script")
    assert page.active == []
    assert f"{attack} 标题" in page.text
    assert f"{attack} 摘要。" in page.text
    for link in page.links:
        assert (
            link.split(":")[0].lower() in ("https", "http", "mailto", "podcast", "overcast", "pktc") or ":" not in link
        )
        assert not set(link) & set("\"'<> ")

    item = ET.parse(feed).getroot().find("channel/item")
    assert item is not None
    assert item.findtext("title") == f"{attack} 标题"
    for notes in (item.findtext("description"), item.findtext("{http://purl.org/rss/1.0/modules/content/}encoded")):
        assert notes is not None
        shown = parse(notes)
        assert set(shown.tags) <= {"p", "br", "a", "ul", "li", "strong"}
        assert f"{attack} 概览。" in shown.text
        assert all(link.startswith("https://") for link in shown.links)

    chapters = json.loads((folder / "chapters.json").read_text())["chapters"]
    assert f"{attack} 第1条" in [chapter["title"] for chapter in chapters]
    assert {chapter["url"] for chapter in chapters if "url" in chapter} == {"https://a.example/%22%27%3E%3Cb%3E"}
    assert json.loads((folder / "transcript.json").read_text())["segments"]
    vtt = (folder / "transcript.vtt").read_text()
    assert vtt.count(" --> ") == vtt.count("<v ") == vtt.count("</v>")
    srt = (folder / "transcript.srt").read_text()
    assert "<" not in srt
    structured = (
        (folder / "index.html").read_text().split('<script type="application/ld+json">')[1].split("</script>")[0]
    )
    assert json.loads(structured)["name"] == f"{attack} 标题"


def test_characters_that_xml_forbids_are_left_out(public: Path, show: Show, write: Publish) -> None:
    forbidden = "\x00\x08\x0b\x1b\x7f\x85\ufffe"
    write(hostile(f"甲{forbidden}乙"))
    root = ET.parse(publish_show(public, show)).getroot()
    assert (root.findtext("channel/item/title") or "").split() == ["甲", "乙", "标题"]  # VT and NEL are white space
    for path in public.rglob("*"):
        if path.suffix in (".html", ".json", ".vtt", ".srt", ".xml", ".md", ".txt"):
            assert not set(path.read_text()) & set(forbidden), path.name
