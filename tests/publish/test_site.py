"""The pages, as a browser without JavaScript, a search engine and a screen reader find them."""

from __future__ import annotations

import dataclasses
import json
import re
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import urljoin, urlsplit
from xml.etree import ElementTree as ET

import pytest

from podcast.models import Chapter, Cue, Show
from podcast.publish import publish_show
from podcast.publish.site import passages, subscribe_links
from tests.publish.shows import Publish, make_digest

PAGES = ("index.html", "archive/2025.html", "episodes/2025-11-04/index.html", "episodes/2025-11-05/index.html")


class Page(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, {name: value or "" for name, value in attrs}))

    def all(self, tag: str, attribute: str) -> list[str]:
        return [values[attribute] for name, values in self.found if name == tag and attribute in values]


def read(path: Path) -> Page:
    page = Page()
    page.feed(path.read_text())
    return page


@pytest.fixture
def site(public: Path, show: Show, write: Publish) -> Path:
    write(make_digest())
    write(make_digest("2025-11-05", "第二天"))
    publish_show(public, show)
    return public


@pytest.mark.parametrize("name", PAGES)
def test_every_file_a_page_names_is_there_and_ours(site: Path, name: str) -> None:
    page = read(site / name)
    loaded = page.all("link", "href") + page.all("script", "src") + page.all("img", "src") + page.all("audio", "src")
    relative = [url for url in loaded + page.all("a", "href") if not urlsplit(url).scheme and not url.startswith("#")]
    assert relative
    for url in relative:
        path = urlsplit(urljoin(f"file:///{name}", url)).path.lstrip("/")
        assert (site / path).is_file(), url
    styles = [values["href"] for tag, values in page.found if tag == "link" and values["rel"] in ("stylesheet", "icon")]
    assert not any(urlsplit(url).scheme for url in page.all("script", "src") + page.all("img", "src") + styles)


@pytest.mark.parametrize("name", PAGES)
def test_pages_have_what_search_engines_and_screen_readers_need(site: Path, name: str) -> None:
    page = read(site / name)
    tags = [tag for tag, _ in page.found]
    assert (tags.count("h1"), tags.count("main"), tags.count("title")) == (1, 1, 1)
    assert page.all("html", "lang") == ["zh-CN"]
    assert "https://pod.example/news/feed.xml" in page.all("link", "href")
    assert all("alt" in values for tag, values in page.found if tag == "img")
    properties = set(page.all("meta", "property"))
    assert {"og:title", "og:type", "og:url", "og:image"} <= properties
    identities = [values["id"] for _, values in page.found if "id" in values]
    assert len(identities) == len(set(identities))
    assert {label for _, values in page.found for label in values.get("aria-labelledby", "").split()} <= set(identities)


def test_an_episode_can_be_played_and_read_without_javascript(site: Path) -> None:
    path = site / "episodes/2025-11-04/index.html"
    page = read(path)
    assert [values for tag, values in page.found if tag == "audio"][0]["src"] == "2025-11-04.mp3"  # noqa: RUF015 -- reads better
    assert "controls" in next(values for tag, values in page.found if tag == "audio")
    assert "2025-11-04.mp3#t=30" in page.all("a", "href")
    hidden = [values for _, values in page.found if "scripted" in values.get("class", "").split()]
    assert hidden
    assert all("hidden" in values for values in hidden)
    for words in ("火箭在船上着陆。", "芯片竞争进入新阶段。", "https://www.space.example/rocket"):
        assert words in path.read_text()


def test_an_episode_without_a_waveform_shows_none(site: Path, show: Show) -> None:
    """As those have none that were made before there were any."""
    path = site / "episodes/2025-11-04/index.html"
    assert "waveform.svg" in read(path).all("img", "src")
    (path.parent / "waveform.svg").unlink()
    publish_show(site, show)
    assert "waveform.svg" not in read(path).all("img", "src")
    assert "waveform.svg" in read(site / "episodes/2025-11-05/index.html").all("img", "src")


def test_an_episode_with_a_picture_of_its_own_shows_it(site: Path, show: Show) -> None:
    folder = site / "episodes/2025-11-04"
    (folder / "cover.jpg").write_bytes(show.cover.read_bytes())
    publish_show(site, show)
    page = read(folder / "index.html")
    assert "../../episodes/2025-11-04/cover.jpg" in page.all("img", "src")
    assert "https://pod.example/news/episodes/2025-11-04/cover.jpg" in page.all("meta", "content")
    assert "../../cover.jpg" in read(site / "episodes/2025-11-05/index.html").all("img", "src")


def test_structured_data_says_what_the_episode_is(site: Path) -> None:
    html = (site / "episodes/2025-11-05/index.html").read_text()
    found = re.search(r'<script type="application/ld\+json">(.*?)</script>', html)
    assert found
    data = json.loads(found.group(1))
    assert (data["@type"], data["name"], data["episodeNumber"]) == ("PodcastEpisode", "第二天", 2)
    assert data["associatedMedia"]["contentUrl"] == "https://pod.example/news/episodes/2025-11-05/2025-11-05.mp3"
    assert data["timeRequired"] == "PT60S"
    assert data["partOfSeries"]["webFeed"] == "https://pod.example/news/feed.xml"
    caption = data["associatedMedia"]["caption"]
    assert caption["contentUrl"] == "https://pod.example/news/episodes/2025-11-05/transcript.vtt"


def test_structured_data_of_the_index_says_what_the_show_is(site: Path) -> None:
    found = re.search(r'<script type="application/ld\+json">(.*?)</script>', (site / "index.html").read_text())
    assert found
    data = json.loads(found.group(1))
    assert (data["@type"], data["name"], data["inLanguage"]) == ("PodcastSeries", "晨间科技", "zh-CN")


@pytest.mark.parametrize("name", PAGES)
def test_nothing_on_a_page_needs_a_policy_that_allows_inline_code(site: Path, name: str) -> None:
    """script-src 'self'; style-src 'self': no inline script, style or handler.  JSON-LD is data, which is not run."""
    found = read(site / name).found
    inline = [values for tag, values in found if tag == "script" and "src" not in values]
    assert all(values == {"type": "application/ld+json"} for values in inline)
    assert "style" not in [tag for tag, _ in found]
    assert not [key for _, values in found for key in values if key == "style" or key.startswith("on")]
    assert not [url for _, values in found for url in values.values() if url.lower().startswith("javascript:")]


def test_sources_stand_at_their_item_in_the_list_and_in_the_text(site: Path) -> None:
    html = (site / "episodes/2025-11-04/index.html").read_text()
    listed = re.search(r'<span class="name">Rocket lands on a ship</span></a><a class="source" href="(.*?)"', html)
    read_on = re.search(r'<h3>Rocket lands on a ship</h3>\s*<a class="source" href="(.*?)"', html)
    assert listed
    assert read_on
    assert listed.group(1) == read_on.group(1) == "https://www.space.example/rocket"


def test_a_year_is_shown_by_month_newest_first(public: Path, show: Show, write: Publish) -> None:
    for day in ("2025-02-27", "2025-03-01", "2025-03-02", "2024-12-31"):
        write(make_digest(day, f"节目 {day}"))
    publish_show(public, show)
    html = (public / "archive/2025.html").read_text()
    assert re.findall(r'<h2 id="m\d+">(.*?)</h2>|<span>节目 (.*?)</span>', html) == [
        ("3 月", ""),
        ("", "2025-03-02"),
        ("", "2025-03-01"),
        ("2 月", ""),
        ("", "2025-02-27"),
    ]


def test_neighbours_are_linked(site: Path) -> None:
    assert "../2025-11-05/index.html" in read(site / "episodes/2025-11-04/index.html").all("a", "href")
    assert "../2025-11-04/index.html" in read(site / "episodes/2025-11-05/index.html").all("a", "href")


def test_the_sitemap_names_every_page(site: Path) -> None:
    places = ET.parse(site / "sitemap.xml").getroot()
    names = [place.text for place in places.iter("{http://www.sitemaps.org/schemas/sitemap/0.9}loc")]
    base = "https://pod.example/news/"
    assert names == [base, f"{base}archive/2025.html", f"{base}episodes/2025-11-05/", f"{base}episodes/2025-11-04/"]


def test_subscribe_links_are_derived_from_the_feed_unless_given(show: Show) -> None:
    links = {link.title: link.url for link in subscribe_links(show)}
    assert links["小宇宙"] == "https://www.xiaoyuzhoufm.com/podcast/1"
    assert links["Apple Podcasts"] == "podcast://pod.example/news/feed.xml"
    assert links["Overcast"].endswith("url=https%3A%2F%2Fpod.example%2Fnews%2Ffeed.xml")
    assert list(links) == ["Apple Podcasts", "小宇宙", "Overcast", "Pocket Casts"]  # Spotify has no address of its own
    given = dataclasses.replace(show, subscribe=(dataclasses.replace(show.subscribe[0], title="Apple Podcasts"),))
    assert [link.title for link in subscribe_links(given)].count("Apple Podcasts") == 1


def test_every_cue_is_shown_in_the_chapter_it_is_spoken_in(show: Show, write: Publish) -> None:
    episode = dataclasses.replace(
        write(make_digest()),
        chapters=(Chapter(0, 10, "一"), Chapter(10, 20, "二")),
        cues=(
            Cue(0, 4, "anchor", "甲"),
            Cue(4.1, 9, "anchor", "乙"),  # goes on
            Cue(9.9, 12, "anchor", "丙"),  # mostly in the second chapter
            Cue(13, 15, "anchor", "丁"),  # after a pause: a new paragraph
            Cue(15, 19, "commentator", "戊"),
        ),
    )
    shown = [
        [(name, "".join(cue.text for cue in cues)) for name, cues in passage.paragraphs]
        for passage in passages(episode, show)
    ]
    # A speaker is named where another one spoke before, be it in another chapter.
    assert shown == [[("主播", "甲乙")], [("", "丙"), ("", "丁"), ("评论员", "戊")]]
