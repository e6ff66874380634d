"""Every tag that apps and directories read, with all that it says; and what an old feed has promised."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from podcast.errors import InputError
from podcast.models import Chapter, Cue, Enclosure, Episode, Link, Person, Show
from podcast.publish.feed import PAGE_EPISODES, guid_of_feed, page_name, paginate, read_published, soundbite, write_feed
from podcast.publish.fingerprints import Fingerprints
from podcast.publish.namespace import ATOM, ITUNES, PODCAST, SIMPLE_CHAPTERS
from podcast.publish.rows import row
from tests.builders import PUBLISHED
from tests.publish.shows import make_cover

SITE = "https://pod.example/news/"
FOLDER = f"{SITE}episodes/2026-03-02/"
EPISODE = Episode(
    id="2026-03-02",
    guid="a-guid",
    title="芯片与航天的一天",
    published=PUBLISHED,
    summary="今天的科技新闻。",
    show_notes="<p>今天的科技新闻。</p>",
    enclosure=Enclosure("episodes/2026-03-02/2026-03-02.mp3", 4800, "audio/mpeg"),
    duration_seconds=100.6,
    loudness_lufs=-16.0,
    true_peak_dbtp=-1.2,
    chapters=(Chapter(0, 20.5, "开场"), Chapter(20.5, 100.6, "新芯片", "https://news.example/chip?a=1&b=2")),
    cues=(Cue(0, 20, "anchor", "听众朋友早上好。"), Cue(20.5, 100, "anchor", "新芯片发布。")),
    engine="tone",
    voices={"commentator": "high", "anchor": "low"},
    content_hash="0" * 64,
    highlight=Chapter(20.5, 60.75, "今日概览"),
)


def published(public: Path, show: Show, *episodes: Episode, page_episodes: int = PAGE_EPISODES) -> ET.Element:
    """The channel of the newest page, of one episode where none is given."""
    whole = {each.id: each for each in episodes or (EPISODE,)}
    public.mkdir(exist_ok=True)
    path = write_feed(
        public,
        [row(each, public / "episodes" / each.id, "") for each in whole.values()],
        show,
        lambda wanted: whole[wanted.id],
        Fingerprints(public),
        show_guid="the-guid-of-the-show",
        page_episodes=page_episodes,
    )
    channel = ET.parse(path).getroot().find("channel")
    assert channel is not None
    return channel


def days(count: int) -> list[Episode]:
    return [
        dataclasses.replace(
            EPISODE, id=f"2026-03-{day:02}", guid=f"guid {day}", published=PUBLISHED.replace(day=day), enclosure=
            Enclosure(f"episodes/2026-03-{day:02}/2026-03-{day:02}.mp3", 4800, "audio/mpeg"),
        )
        for day in range(1, count + 1)
    ]  # fmt: skip


def said(parent: ET.Element | None, namespace: str) -> list[tuple[str, str | None, dict[str, str]]]:
    """(name, text, attributes) of the children in a namespace, in order; "" is RSS itself."""
    assert parent is not None
    start = f"{{{namespace}}}" if namespace else ""
    return [
        (part.tag.removeprefix(start), part.text, dict(part.attrib))
        for part in parent
        if (part.tag.startswith(start) if start else not part.tag.startswith("{"))
    ]


def test_the_channel_in_rss(public: Path, show: Show) -> None:
    channel = published(public, show)
    words = {name: text for name, text, _ in said(channel, "") if text and text.strip()}
    assert words["copyright"] == "晨间编辑部"
    assert words["link"] == SITE
    assert words["pubDate"] == words["lastBuildDate"] == "Mon, 02 Mar 2026 08:00:00 +0800"
    assert [(name, text) for name, text, _ in said(channel.find("image"), "")] == [
        ("url", f"{SITE}cover.jpg"),
        ("title", "晨间科技"),
        ("link", SITE),
    ]
    assert published(public, dataclasses.replace(show, copyright="CC BY 4.0")).findtext("copyright") == "CC BY 4.0"


def test_a_home_page_of_its_own_is_the_link_and_the_feed_stays_where_it_is(public: Path, show: Show) -> None:
    channel = published(public, dataclasses.replace(show, link="https://example.org/"))
    assert channel.findtext("link") == channel.findtext("image/link") == "https://example.org/"
    assert said(channel, ATOM) == [
        ("link", None, {"href": f"{SITE}feed.xml", "rel": "self", "type": "application/rss+xml"})
    ]


def test_the_channel_in_apples_tags(public: Path, show: Show) -> None:
    channel = published(public, dataclasses.replace(show, explicit=True))
    assert [(name, text, attributes) for name, text, attributes in said(channel, ITUNES) if name != "owner"] == [
        ("author", "晨间编辑部", {}),
        ("category", "\n      ", {"text": "News"}),
        ("image", None, {"href": f"{SITE}cover.jpg"}),
        ("type", "episodic", {}),
        ("explicit", "true", {}),
    ]
    owner = said(channel.find(f"{{{ITUNES}}}owner"), ITUNES)
    assert owner == [("name", "晨间编辑部", {}), ("email", "editor@example.org", {})]


def test_one_category_and_no_address_are_enough(public: Path, show: Show) -> None:
    channel = published(public, dataclasses.replace(show, category=("Technology",), email=""))
    assert channel.find(f"{{{ITUNES}}}owner") is None
    assert said(channel, ITUNES)[1] == ("category", None, {"text": "Technology"})
    assert channel.find(f"{{{PODCAST}}}locked").attrib == {}


def test_the_channel_in_the_podcast_namespace(public: Path, show: Show) -> None:
    full = dataclasses.replace(
        show,
        locked=False,
        license="my-own",
        license_url="https://example.org/license",
        funding=(Link("支持我们", "https://pod.example/support"), Link("坏", "javascript:alert(1)")),
        txt={"verify": "05124"},
        podroll=("guid-1", "guid-2"),
    )
    channel = published(public, full)
    picture = {"href": f"{SITE}cover.jpg", "alt": "晨间科技的封面", "purpose": "artwork", "type": "image/jpeg"}
    assert [each for each in said(channel, PODCAST) if each[0] not in ("person", "podroll")] == [
        ("image", None, picture | {"aspect-ratio": "1/1", "width": "3000"}),
        ("guid", "the-guid-of-the-show", {}),
        ("medium", "podcast", {}),
        ("locked", "no", {"owner": "editor@example.org"}),
        ("license", "my-own", {"url": "https://example.org/license"}),
        ("funding", "支持我们", {"url": "https://pod.example/support"}),
        ("funding", "坏", {}),
        ("updateFrequency", "每日更新", {"rrule": "FREQ=DAILY"}),
        ("txt", "true", {"purpose": "ai-content"}),
        ("txt", "05124", {"purpose": "verify"}),
    ]
    podroll = said(channel.find(f"{{{PODCAST}}}podroll"), PODCAST)
    assert podroll == [("remoteItem", None, {"feedGuid": "guid-1"}), ("remoteItem", None, {"feedGuid": "guid-2"})]


def test_what_a_show_does_not_say_has_no_tag(public: Path, show: Show) -> None:
    bare = dataclasses.replace(show, license="", update_text="", funding=(), hub="")
    channel = published(public, bare)
    assert [name for name, _, _ in said(channel, PODCAST)] == [
        *("image", "guid", "medium", "locked", "person", "person", "person", "txt")
    ]
    assert [attributes["rel"] for _, _, attributes in said(channel, ATOM)] == ["self"]


def test_a_cover_that_is_no_picture_has_neither_size_nor_type(public: Path, show: Show, tmp_path: Path) -> None:
    (tmp_path / "cover.jpg").write_bytes(b"nothing that a picture begins with")
    channel = published(public, dataclasses.replace(show, cover=tmp_path / "cover.jpg"))
    found = channel.find(f"{{{PODCAST}}}image")
    assert found is not None
    assert found.attrib == {"href": f"{SITE}cover.jpg", "alt": "晨间科技的封面", "purpose": "artwork"}


def test_a_png_cover_is_named_so_everywhere(public: Path, show: Show, tmp_path: Path) -> None:
    channel = published(public, dataclasses.replace(show, cover=make_cover(tmp_path / "cover.png", 1400)))
    address = f"{SITE}cover.png"
    found = channel.find(f"{{{PODCAST}}}image")
    assert found is not None
    assert (found.get("href"), found.get("type"), found.get("width")) == (address, "image/png", "1400")
    assert channel.findtext("image/url") == address
    assert channel.find(f"item/{{{ITUNES}}}image").attrib == {"href": address}


def test_an_item_in_rss_and_in_apples_tags(public: Path, show: Show) -> None:
    item = published(public, dataclasses.replace(show, explicit=True)).find("item")
    words = {name: (text, attributes) for name, text, attributes in said(item, "") if name != "description"}
    assert words == {
        "title": ("芯片与航天的一天", {}),
        "link": (FOLDER, {}),
        "guid": ("a-guid", {"isPermaLink": "false"}),
        "enclosure": (None, {"url": f"{FOLDER}2026-03-02.mp3", "length": "4800", "type": "audio/mpeg"}),
        "pubDate": ("Mon, 02 Mar 2026 08:00:00 +0800", {}),
    }
    assert sorted((name, text) for name, text, _ in said(item, ITUNES)) == [
        ("duration", "101"),  # whole seconds
        ("episode", "1"),
        ("episodeType", "full"),
        ("explicit", "true"),
        ("image", None),
        ("season", "2026"),
    ]
    assert [name for name, _, _ in said(item, ITUNES)].count("explicit") == 1


def test_an_item_in_the_podcast_namespace(public: Path, show: Show) -> None:
    """Only captions are captions; the voices are named in one order, whatever that of the record."""
    item = published(public, dataclasses.replace(show, persons=(Person("王编辑", "editor", "writing"),))).find("item")
    language = {"language": "zh-cn"}
    cast = {"group": "cast"}
    assert said(item, PODCAST) == [
        ("season", "2026", {}),
        ("episode", "1", {}),
        ("transcript", None, {"url": f"{FOLDER}transcript.vtt", "type": "text/vtt", "rel": "captions"} | language),
        (
            "transcript",
            None,
            {"url": f"{FOLDER}transcript.srt", "type": "application/x-subrip", "rel": "captions"} | language,
        ),
        ("transcript", None, {"url": f"{FOLDER}transcript.json", "type": "application/json"} | language),
        ("chapters", None, {"url": f"{FOLDER}chapters.json", "type": "application/json+chapters"}),
        ("soundbite", "今日概览", {"startTime": "20.500", "duration": "40.250"}),
        ("person", "主播（AI 语音）", {"role": "host"} | cast),
        ("person", "评论员（AI 语音）", {"role": "co-host"} | cast),
        ("person", "王编辑", {"role": "editor", "group": "writing"}),
        ("txt", "true", {"purpose": "ai-content"}),
    ]


def test_a_speaker_that_the_show_does_not_name_is_a_voice_by_its_role(public: Path, show: Show) -> None:
    item = published(public, show, dataclasses.replace(EPISODE, voices={"guest": "low"})).find("item")
    assert [each for each in said(item, PODCAST) if each[0] == "person"] == [
        ("person", "guest（AI 语音）", {"role": "voice actor", "group": "cast"}),
        ("person", "晨间编辑部", {"role": "author", "group": "writing"}),
    ]


def test_an_item_lists_its_chapters_for_players_that_read_no_file(public: Path, show: Show) -> None:
    item = published(public, show).find("item")
    assert said(item, SIMPLE_CHAPTERS)[0][::2] == ("chapters", {"version": "1.2"})
    assert [attributes for _, _, attributes in said(item.find(f"{{{SIMPLE_CHAPTERS}}}chapters"), SIMPLE_CHAPTERS)] == [
        {"start": "00:00:00.000", "title": "开场"},
        {"start": "00:00:20.500", "title": "新芯片", "href": "https://news.example/chip?a=1&b=2"},
    ]


def test_addresses_of_files_are_quoted(public: Path, show: Show) -> None:
    slug = "2026-03-02-晚间"
    evening = dataclasses.replace(
        EPISODE, id=slug, enclosure=Enclosure(f"episodes/{slug}/{slug}.mp3", 4800, "audio/mpeg")
    )
    item = published(public, show, evening).find("item")
    assert item.findtext("link") == f"{SITE}episodes/2026-03-02-%E6%99%9A%E9%97%B4/"


# --- the soundbite ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("start", "end", "cue_ends", "expected"),
    [
        (10, 25, [], (10, 15)),
        (10, 24.9, [], None),
        (10, 130, [], (10, 120)),
        (10, 131, [20, 100, 130, 131], (10, 120)),  # up to a sentence that ends just in time
        (10, 131, [100, 130.5], (10, 90)),
        (10, 131, [20, 131], None),  # 10 s of whole sentences are too few
        (10, 131, [131], None),
        (10, 131, [], None),
    ],
)
def test_a_soundbite_is_15_to_120_seconds_of_whole_sentences(
    start: float, end: float, cue_ends: list[float], expected: tuple[float, float] | None
) -> None:
    cues = tuple(Cue(each - 1, each, "anchor", "一句。") for each in cue_ends)
    bite = soundbite(dataclasses.replace(EPISODE, highlight=Chapter(start, end, "概览"), cues=cues))
    assert bite == (expected and (*expected, "概览"))


def test_an_episode_without_an_overview_has_no_soundbite(public: Path, show: Show) -> None:
    plain = dataclasses.replace(EPISODE, highlight=None)
    assert soundbite(plain) is None
    assert published(public, show, plain).find(f"item/{{{PODCAST}}}soundbite") is None


# --- pages ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("count", "sizes"), [(1, [1]), (99, [99]), (100, [50, 50]), (149, [99, 50]), (150, [50] * 3)])
def test_the_first_page_holds_50_to_99_episodes_and_each_other_50(count: int, sizes: list[int]) -> None:
    pages = paginate(list(range(count)), PAGE_EPISODES)
    assert [len(page) for page in pages] == sizes
    assert [each for page in pages for each in page] == list(range(count))


def test_the_oldest_page_is_number_one_whatever_comes_after_it() -> None:
    assert [page_name(place, 3) for place in range(3)] == ["feed.xml", "feed-2.xml", "feed-1.xml"]


def test_a_page_leads_to_its_neighbours_and_to_both_ends(public: Path, show: Show) -> None:
    published(public, show, *days(6), page_episodes=2)
    links = {
        name: {
            link.get("rel"): (link.get("href", "").removeprefix(SITE), link.get("type"))
            for link in ET.parse(public / name).getroot().findall(f"channel/{{{ATOM}}}link")
        }
        for name in ("feed.xml", "feed-2.xml", "feed-1.xml")
    }
    kind = "application/rss+xml"
    ends = {"first": ("feed.xml", kind), "last": ("feed-1.xml", kind)}
    assert links == {
        "feed.xml": ends | {"next": ("feed-2.xml", kind), "self": ("feed.xml", kind)},
        "feed-2.xml": ends
        | {"previous": ("feed.xml", kind), "next": ("feed-1.xml", kind), "self": ("feed-2.xml", kind)},
        "feed-1.xml": ends | {"previous": ("feed-2.xml", kind), "self": ("feed-1.xml", kind)},
    }


def test_pages_beyond_the_last_go_and_files_that_are_none_stay(public: Path, show: Show) -> None:
    published(public, show, *days(6), page_episodes=2)
    for name in ("feed-3.xml", "feed-12.xml", "feed-old.xml", "feed-1.xml.bak"):
        (public / name).write_bytes(b"<rss><channel/></rss>")
    published(public, show, *days(6), page_episodes=2)
    assert sorted(path.name for path in public.glob("feed*")) == [
        *("feed-1.xml", "feed-1.xml.bak", "feed-2.xml", "feed-old.xml", "feed.xml")
    ]


def test_the_same_show_gives_the_same_bytes_line_by_line(public: Path, show: Show, tmp_path: Path) -> None:
    """A tag a line, so that two versions can be compared, and a line end at the end."""
    published(public, show)
    once = (public / "feed.xml").read_bytes()
    published(tmp_path / "again", show)
    assert (tmp_path / "again/feed.xml").read_bytes() == once
    assert once.endswith(b"  </channel>\n</rss>\n")
    assert once.count(b"\n") > 40


# --- what the feed that is there has promised -------------------------------------------------------------------


def test_guids_are_kept_of_all_pages(public: Path, show: Show) -> None:
    published(public, show, *days(6), page_episodes=2)
    kept = read_published(public)
    assert kept.show_guid == "the-guid-of-the-show"
    assert kept.guids == {f"2026-03-{day:02}": f"guid {day}" for day in range(1, 7)}


def test_a_feed_of_another_make_promises_what_it_says(public: Path) -> None:
    """Without podcast:guid, with items that have no audio, no GUID or another place: none of them is an error."""
    public.mkdir()
    (public / "feed.xml").write_text(
        "<rss><channel>"
        "<item><guid>text only</guid></item>"
        "<item><guid>elsewhere</guid><enclosure url='https://cdn.example/audio.mp3'/></item>"
        "<item><enclosure url='https://pod.example/episodes/no-guid/a.mp3'/></item>"
        "<item><guid>kept</guid><enclosure url='https://pod.example/x/episodes/2026-03-02/a.mp3?from=feed/1'/></item>"
        "</channel></rss>",
        encoding="utf-8",
    )
    kept = read_published(public)
    assert (kept.show_guid, kept.guids) == ("", {"no-guid": "", "2026-03-02": "kept"})


def test_the_guid_of_the_show_is_the_newest_pages(public: Path) -> None:
    public.mkdir()
    for name, guid in (("feed.xml", "new"), ("feed-1.xml", "old")):
        words = f"<rss xmlns:p='{PODCAST}'><channel><p:guid>{guid}</p:guid></channel></rss>"
        (public / name).write_text(words, encoding="utf-8")
    assert read_published(public).show_guid == "new"
    (public / "feed.xml").unlink()
    assert read_published(public).show_guid == "old"


def test_where_no_feed_is_nothing_was_promised(public: Path) -> None:
    public.mkdir()
    (public / "feed-1.xml").mkdir()  # no file
    assert read_published(public) == read_published(public / "nowhere")
    assert (read_published(public).show_guid, read_published(public).guids) == ("", {})


def test_a_feed_that_cannot_be_read_is_told_with_what_to_do(public: Path) -> None:
    public.mkdir()
    (public / "feed.xml").write_text("<rss><channel>", encoding="utf-8")
    with pytest.raises(InputError) as caught:
        read_published(public)
    assert caught.value.where == str(public / "feed.xml")
    assert "is no XML: " in str(caught.value)
    assert "good copy" in (caught.value.hint or "")


@pytest.mark.parametrize("address", ["mp3s.nashownotes.com/pc20rss.xml", "https://mp3s.nashownotes.com/pc20rss.xml//"])
def test_scheme_and_slashes_at_the_end_do_not_change_the_guid_of_a_feed(address: str) -> None:
    assert guid_of_feed(address) == "917393e3-1b1e-5cef-ace4-edaa54e1f810"
