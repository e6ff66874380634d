"""feed.xml as clients read it."""

from __future__ import annotations

import dataclasses
import html
import re
from datetime import timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from podcast.models import Chapter, Enclosure, Episode, Person, Show
from podcast.publish import feed
from podcast.publish.feed import guid_of_feed, read_published
from podcast.publish.fingerprints import Fingerprints
from podcast.publish.namespace import ATOM, ITUNES, PODCAST, SIMPLE_CHAPTERS
from podcast.publish.rows import row
from tests.publish.shows import Publish, make_digest

CONTENT = "http://purl.org/rss/1.0/modules/content/"


@pytest.fixture
def episode(write: Publish) -> Episode:
    return write(make_digest())


def many(episode: Episode, count: int) -> list[Episode]:
    """`count` days of the episode, the given one the oldest."""
    result = []
    for days in range(count):
        published = episode.published + timedelta(days=days)
        name = published.date().isoformat()
        enclosure = Enclosure(f"episodes/{name}/{name}.mp3", episode.enclosure.length_bytes, "audio/mpeg")
        fresh = {"id": name, "guid": f"guid {name}", "title": f"第 {name} 天", "published": published}
        result.append(dataclasses.replace(episode, enclosure=enclosure, **fresh))
    return result


def write_feed(public: Path, episodes: list[Episode], show: Show, *, page_episodes: int = feed.PAGE_EPISODES) -> Path:
    whole = {episode.id: episode for episode in episodes}
    rows = [row(episode, public / "episodes" / episode.id, "") for episode in episodes]
    guid = guid_of_feed(f"{show.base_url}feed.xml")
    made = Fingerprints(public)
    return feed.write_feed(
        public, rows, show, lambda row: whole[row.id], made, show_guid=guid, page_episodes=page_episodes
    )


def channel_of(path: Path) -> ET.Element:
    channel = ET.parse(path).getroot().find("channel")
    assert channel is not None
    return channel


def text(parent: ET.Element, name: str) -> str | None:
    return parent.findtext(name)


def attributes(parent: ET.Element, name: str) -> dict[str, str]:
    found = parent.find(name)
    assert found is not None, name
    return found.attrib


def test_the_channel_says_what_directories_require(public: Path, show: Show, episode: Episode) -> None:
    channel = channel_of(write_feed(public, [episode], show))
    assert text(channel, "title") == show.title
    assert text(channel, "link") == show.base_url
    assert text(channel, "language") == "zh-cn"
    assert text(channel, "generator") == "digestcast"
    assert text(channel, f"{{{ITUNES}}}explicit") == "false"
    assert text(channel, f"{{{ITUNES}}}owner/{{{ITUNES}}}email") == show.email
    assert attributes(channel, f"{{{ITUNES}}}category/{{{ITUNES}}}category") == {"text": "Tech News"}
    assert attributes(channel, f"{{{ITUNES}}}image") == {"href": "https://pod.example/news/cover.jpg"}
    assert text(channel, "image/url") == "https://pod.example/news/cover.jpg"
    self_link = {"href": "https://pod.example/news/feed.xml", "rel": "self", "type": "application/rss+xml"}
    assert [link.attrib for link in channel.findall(f"{{{ATOM}}}link")] == [self_link]


def test_the_channel_says_that_the_voice_is_synthetic(public: Path, show: Show, episode: Episode) -> None:
    channel = channel_of(write_feed(public, [episode], show))
    assert show.disclosure in (text(channel, "description") or "")
    assert re.search(r"\bAI\b", text(channel, "description") or "")
    assert [txt.text for txt in channel.findall(f"{{{PODCAST}}}txt[@purpose='ai-content']")] == ["true"]


def test_the_channel_carries_the_podcasting_namespace(public: Path, show: Show, episode: Episode) -> None:
    full = dataclasses.replace(
        show,
        hub="https://hub.example/",
        license="cc-by-4.0",
        persons=(Person("王编辑", "editor", "writing", "https://pod.example/wang"),),
        txt={"applepodcastsverify": "05124"},
        podroll=("ead4c236-bf58-58c6-a2c6-a6b28d128cb6",),
    )
    channel = channel_of(write_feed(public, [episode], full))
    assert text(channel, f"{{{PODCAST}}}guid") == guid_of_feed("https://pod.example/news/feed.xml")
    assert attributes(channel, f"{{{PODCAST}}}locked") == {"owner": show.email}
    assert text(channel, f"{{{PODCAST}}}medium") == "podcast"
    assert text(channel, f"{{{PODCAST}}}license") == "cc-by-4.0"
    assert attributes(channel, f"{{{PODCAST}}}funding") == {"url": "https://pod.example/support"}
    assert attributes(channel, f"{{{PODCAST}}}updateFrequency") == {"rrule": "FREQ=DAILY"}
    assert text(channel, f"{{{PODCAST}}}txt[@purpose='applepodcastsverify']") == "05124"
    assert attributes(channel, f"{{{PODCAST}}}image") == {
        "href": "https://pod.example/news/cover.jpg",
        "alt": "晨间科技的封面",
        "aspect-ratio": "1/1",
        "width": "3000",
        "type": "image/jpeg",
        "purpose": "artwork",
    }
    assert attributes(channel, f"{{{PODCAST}}}podroll/{{{PODCAST}}}remoteItem")["feedGuid"] == full.podroll[0]
    assert attributes(channel, f"{{{ATOM}}}link[@rel='hub']")["href"] == full.hub
    assert text(channel, "link") == show.base_url


def test_channel_and_item_name_who_speaks_and_who_stands_behind_the_show(
    public: Path, show: Show, write: Publish
) -> None:
    """A voice is marked as one, and each has the picture and page that the config gives."""
    full = dataclasses.replace(
        show,
        cast={
            "anchor": Person("小播", "host", image="https://pod.example/xiaobo.png"),
            "commentator": Person("老评", "co-host", url="https://pod.example/laoping"),
        },
        persons=(Person("王编辑", "author", "writing", "https://pod.example/wang"),),
    )
    episode = dataclasses.replace(write(make_digest(), to=full), voices={"anchor": "low"})
    channel = channel_of(write_feed(public, [episode], full))
    item = channel.find("item")
    assert item is not None
    anchor = {"role": "host", "group": "cast", "img": "https://pod.example/xiaobo.png"}
    commentator = {"role": "co-host", "group": "cast", "href": "https://pod.example/laoping"}
    author = {"role": "author", "group": "writing", "href": "https://pod.example/wang"}
    assert [(part.text, part.attrib) for part in channel.findall(f"{{{PODCAST}}}person")] == [
        ("小播（AI 语音）", anchor),
        ("老评（AI 语音）", commentator),
        ("王编辑", author),
    ]
    assert [(part.text, part.attrib) for part in item.findall(f"{{{PODCAST}}}person")] == [
        ("小播（AI 语音）", anchor),
        ("王编辑", author),
    ]
    plain = dataclasses.replace(full, voice_label="")
    channel = channel_of(write_feed(public, [episode], plain))
    assert text(channel, f"{{{PODCAST}}}person") == "小播"


def test_other_formats_and_a_picture_in_the_folder_are_offered(
    public: Path, show: Show, episode: Episode, cover: Path
) -> None:
    folder = public / "episodes/2025-11-04"
    (folder / "2025-11-04.opus").write_bytes(bytes(6000))
    (folder / "2025-11-04.small.mp3").write_bytes(bytes(3000))
    (folder / "2025-11-04.m4a").write_bytes(b"")  # not there yet
    (folder / "other.m4a").write_bytes(bytes(10))
    (folder / "cover.jpg").write_bytes(cover.read_bytes())
    item = channel_of(write_feed(public, [episode], show)).find("item")
    assert item is not None
    address = "https://pod.example/news/episodes/2025-11-04/"
    found = {
        source.get("uri"): part.attrib
        for part in item.findall(f"{{{PODCAST}}}alternateEnclosure")
        for source in part.findall(f"{{{PODCAST}}}source")
    }
    assert found == {
        f"{address}2025-11-04.opus": {
            "type": "audio/ogg",
            "codecs": "opus",
            "length": "6000",
            "bitrate": "800",
            "lang": "zh-cn",
            "title": "opus",
        },
        f"{address}2025-11-04.small.mp3": {
            "type": "audio/mpeg",
            "length": "3000",
            "bitrate": "400",
            "lang": "zh-cn",
            "title": "small.mp3",
        },
    }
    assert attributes(item, f"{{{ITUNES}}}image") == {"href": f"{address}cover.jpg"}
    picture = attributes(item, f"{{{PODCAST}}}image")
    assert (picture["href"], picture["alt"]) == (f"{address}cover.jpg", "芯片与航天的一天的封面")


def test_an_item_without_a_picture_has_that_of_the_show(public: Path, show: Show, episode: Episode) -> None:
    item = channel_of(write_feed(public, [episode], show)).find("item")
    assert item is not None
    assert attributes(item, f"{{{ITUNES}}}image") == {"href": "https://pod.example/news/cover.jpg"}
    assert item.find(f"{{{PODCAST}}}image") is None


@pytest.mark.parametrize("scheme", ["https", "http"])
def test_the_guid_of_a_feed_is_the_one_the_namespace_documents(scheme: str) -> None:
    assert guid_of_feed(f"{scheme}://mp3s.nashownotes.com/pc20rss.xml") == "917393e3-1b1e-5cef-ace4-edaa54e1f810"


def test_an_item_names_everything_an_app_can_use(public: Path, show: Show, episode: Episode) -> None:
    item = channel_of(write_feed(public, [episode], show)).find("item")
    assert item is not None
    folder = "https://pod.example/news/episodes/2025-11-04/"
    size = (public / "episodes/2025-11-04/2025-11-04.mp3").stat().st_size
    assert attributes(item, "enclosure") == {
        "url": f"{folder}2025-11-04.mp3",
        "length": str(size),
        "type": "audio/mpeg",
    }
    assert attributes(item, "guid") == {"isPermaLink": "false"}
    assert text(item, "link") == folder
    assert parsedate_to_datetime(text(item, "pubDate") or "") == episode.published
    expected = {"duration": "60", "season": "2025", "episode": "1", "episodeType": "full", "explicit": "false"}
    assert {name: text(item, f"{{{ITUNES}}}{name}") for name in expected} == expected
    transcripts = [(part.get("url"), part.get("type")) for part in item.findall(f"{{{PODCAST}}}transcript")]
    assert transcripts == [
        (f"{folder}transcript.vtt", "text/vtt"),
        (f"{folder}transcript.srt", "application/x-subrip"),
        (f"{folder}transcript.json", "application/json"),
    ]
    assert attributes(item, f"{{{PODCAST}}}chapters")["url"] == f"{folder}chapters.json"
    assert attributes(item, f"{{{PODCAST}}}soundbite") == {"startTime": "6.000", "duration": "24.000"}
    people = [(part.text, part.get("role")) for part in item.findall(f"{{{PODCAST}}}person")]
    assert people == [("主播（AI 语音）", "host"), ("评论员（AI 语音）", "co-host"), (show.author, "author")]
    chapters = item.findall(f"{{{SIMPLE_CHAPTERS}}}chapters/{{{SIMPLE_CHAPTERS}}}chapter")
    assert [chapter.get("title") for chapter in chapters] == [chapter.title for chapter in episode.chapters]
    assert text(item, f"{{{CONTENT}}}encoded") == episode.show_notes


@pytest.mark.parametrize("attack", ['"><script>x</script>', "]]><b>&amp;<![CDATA[", "{{ 7 }}", "</channel></rss>"])
def test_words_of_a_title_are_words_in_every_tag(
    public: Path, show: Show, episode: Episode, cover: Path, attack: str
) -> None:
    """Also where they stand in attributes; an address that is none of the web is left out."""
    (public / "episodes/2025-11-04/cover.jpg").write_bytes(cover.read_bytes())
    chapter = Chapter(0, 60, f"{attack} 章", "javascript:alert(1)")
    titles = {"title": f"{attack} 题", "summary": f"{attack} 概要", "chapters": (chapter,), "highlight": chapter}
    hostile = dataclasses.replace(episode, **titles)
    item = channel_of(write_feed(public, [hostile], show)).find("item")
    assert item is not None
    assert text(item, "title") == f"{attack} 题"
    assert attributes(item, f"{{{PODCAST}}}image")["alt"] == f"{attack} 题的封面"
    assert text(item, f"{{{PODCAST}}}soundbite") == f"{attack} 章"
    named = item.find(f"{{{SIMPLE_CHAPTERS}}}chapters/{{{SIMPLE_CHAPTERS}}}chapter")
    assert named is not None
    assert named.attrib == {"start": "00:00:00.000", "title": f"{attack} 章"}
    description = text(item, "description") or ""
    assert html.unescape(re.sub(r"<[^>]*>", "", description)).startswith(f"{attack} 概要\n00:00 {attack} 章")
    assert set(re.findall(r"</?([a-z]+)", description)) <= {"p", "br", "a"}


def test_an_overview_is_offered_as_a_soundbite_of_whole_sentences(public: Path, show: Show, episode: Episode) -> None:
    """Longer than two minutes it ends with the last sentence that fits; below 15 seconds there is none."""
    cues = tuple(
        dataclasses.replace(episode.cues[0], start_seconds=n * 50.0, end_seconds=n * 50.0 + 45) for n in range(4)
    )
    long = dataclasses.replace(episode, cues=cues, highlight=Chapter(0, 200, "概览"))
    item = channel_of(write_feed(public, [long], show)).find("item")
    assert item is not None
    assert attributes(item, f"{{{PODCAST}}}soundbite")["duration"] == "95.000"
    short = dataclasses.replace(episode, highlight=Chapter(0, 14, "概览"))
    item = channel_of(write_feed(public, [short], show)).find("item")
    assert item is not None
    assert item.find(f"{{{PODCAST}}}soundbite") is None


def test_build_date_comes_from_the_newest_episode(public: Path, show: Show, episode: Episode) -> None:
    episodes = many(episode, 3)
    channel = channel_of(write_feed(public, episodes, show))
    assert parsedate_to_datetime(text(channel, "lastBuildDate") or "") == episodes[-1].published


def test_an_episode_number_counts_within_its_year(public: Path, show: Show, episode: Episode) -> None:
    eve = dataclasses.replace(episode, published=episode.published.replace(month=12, day=31))
    channel = channel_of(write_feed(public, many(eve, 3), show))
    numbers = [
        (text(item, f"{{{ITUNES}}}season"), text(item, f"{{{ITUNES}}}episode")) for item in channel.findall("item")
    ]
    assert numbers == [("2026", "2"), ("2026", "1"), ("2025", "1")]


@pytest.mark.parametrize(
    ("count", "sizes"), [(1, [1]), (10, [10]), (19, [19]), (20, [10, 10]), (29, [19, 10]), (30, [10, 10, 10])]
)
def test_pages_fill_from_the_oldest(public: Path, show: Show, episode: Episode, count: int, sizes: list[int]) -> None:
    """Walking rel=next from feed.xml meets every episode once, newest first."""
    episodes = many(episode, count)
    write_feed(public, episodes, show, page_episodes=10)
    name, found, walked = "feed.xml", [], []
    while name:
        channel = channel_of(public / name)
        links = {link.get("rel"): link.get("href", "") for link in channel.findall(f"{{{ATOM}}}link")}
        assert links["self"] == show.base_url + name
        guids = [text(item, "guid") for item in channel.findall("item")]
        walked.append(len(guids))
        found += guids
        if len(sizes) > 1:
            assert links["first"] == f"{show.base_url}feed.xml"
            assert links["last"] == f"{show.base_url}feed-1.xml"
        name = links.get("next", "").removeprefix(show.base_url)
    assert walked == sizes
    assert found == [episode.guid for episode in reversed(episodes)]
    assert read_published(public).guids == {episode.id: episode.guid for episode in episodes}


def test_a_full_page_does_not_change_when_episodes_are_added(public: Path, show: Show, episode: Episode) -> None:
    write_feed(public, many(episode, 35), show, page_episodes=10)
    before = {name: (public / name).read_bytes() for name in ("feed-1.xml",)}
    write_feed(public, many(episode, 39), show, page_episodes=10)
    write_feed(public, many(episode, 45), show, page_episodes=10)
    assert {name: (public / name).read_bytes() for name in before} == before


def test_a_page_that_is_no_longer_needed_goes(public: Path, show: Show, episode: Episode) -> None:
    write_feed(public, many(episode, 35), show, page_episodes=10)
    write_feed(public, many(episode, 5), show, page_episodes=10)
    assert sorted(path.name for path in public.glob("feed*")) == ["feed.xml"]


def test_a_long_title_and_many_chapters_stay_within_the_limits(public: Path, show: Show, episode: Episode) -> None:
    chapters = tuple(Chapter(n, n + 1, f"第{n}章" * 20) for n in range(60))
    long = dataclasses.replace(episode, title="长" * 200, summary="概" * 3000, chapters=chapters)
    item = channel_of(write_feed(public, [long], show)).find("item")
    assert item is not None
    assert len((text(item, "title") or "").encode()) <= 255
    description = text(item, "description") or ""
    assert 3000 < len(description.encode()) <= 4000
    assert description.count("<p>") == description.count("</p>") == 3
    assert show.disclosure in description
