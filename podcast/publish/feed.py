"""Episodes -> feed.xml: RSS 2.0 with the tags of Apple, Spotify and Podcasting 2.0, paged as RFC 5005 says.

Pages are filled from the oldest episode up, so a full page never changes again but for its link to a newer one:
feed.xml holds the newest 50 to 99 episodes, feed-1.xml the oldest 50.
"""

from __future__ import annotations

import re
import threading
import uuid
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

from podcast.errors import InputError
from podcast.models import Episode, Person, Show
from podcast.publish import notes
from podcast.publish.directories import cover_name
from podcast.publish.files import replace_file, web_address
from podcast.publish.namespace import ATOM, ITUNES, PODCAST, SIMPLE_CHAPTERS, MoreElements, make, new_feed, parse_xml
from podcast.publish.transcript import timestamp

FEED = "feed.xml"
PAGE_EPISODES = 50
GENERATOR = "digestcast"
# The namespace UUID of podcast:guid, fixed by the Podcasting 2.0 namespace.
PODCAST_NAMESPACE = uuid.UUID("ead4c236-bf58-58c6-a2c6-a6b28d128cb6")
SOUNDBITE_SECONDS = (15.0, 120.0)  # lengths that the namespace recommends
# Podcast Taxonomy: the role a speaker of ours has.
_ROLES = {"anchor": "host", "commentator": "co-host"}
_TRANSCRIPTS = {"vtt": "text/vtt", "srt": "application/x-subrip", "json": "application/json"}

_DATES = threading.Lock()  # feedgen sets the locale of the whole program to write a date


@dataclass(frozen=True, slots=True)
class Published:
    """What the present feed has promised to its readers."""

    show_guid: str  # empty where there is no feed yet
    guids: Mapping[str, str]  # episode id -> guid, over all pages


def write_feed(public: Path, episodes: Sequence[Episode], show: Show, *, page_episodes: int = PAGE_EPISODES) -> Path:
    """Write feed.xml and its older pages; feed.xml is replaced last.  The same episodes and show give the same bytes.

    `episodes`, one or more in any order, must have passed `podcast.publish.check`.  Returns the path of feed.xml.
    """
    numbered = number(episodes)
    show_guid = show.guid or read_published(public).show_guid or guid_of_feed(show.base_url + FEED)
    pages = paginate(numbered, page_episodes)
    for place in reversed(range(len(pages))):
        content = _feed_page(pages, place, show, show_guid)
        replace_file(public / page_name(place, len(pages)), content)
    for path in public.glob("feed-*.xml"):
        match = re.fullmatch(r"feed-(\d+)\.xml", path.name)
        if match and int(match.group(1)) >= len(pages):
            path.unlink()
    return public / FEED


def read_published(public: Path) -> Published:
    """The GUIDs of the feed that is there now, with all its pages; nothing where there is none.

    Raises InputError for a feed that is no XML: what it promised cannot be kept if it cannot be read.
    """
    show_guid, guids = "", dict[str, str]()
    paths = [public / FEED, *sorted(public.glob("feed-*.xml"))]
    for path in paths:
        if not path.is_file():
            continue
        try:
            channel = parse_xml(path.read_bytes()).find("channel")
        except SyntaxError as error:  # lxml's XMLSyntaxError is one
            hint = "Put back a good copy, or remove it if no one has subscribed yet."
            raise InputError(f"is no XML: {error}", where=str(path), hint=hint) from error
        show_guid = show_guid or channel.findtext(f"{{{PODCAST}}}guid") or ""
        for item in channel.findall("item"):
            address = item.find("enclosure").get("url") if item.find("enclosure") is not None else ""
            if match := re.search(r"episodes/([^/]+)/[^/]+$", urlsplit(address).path):
                guids[match.group(1)] = item.findtext("guid") or ""
    return Published(show_guid, guids)


def guid_of_feed(url: str) -> str:
    """podcast:guid: UUIDv5 of the feed's address without scheme and trailing slashes."""
    return str(uuid.uuid5(PODCAST_NAMESPACE, url.split("://", 1)[-1].rstrip("/")))


@dataclass(frozen=True, slots=True)
class Numbered:
    """An episode and its place in the show: the season is the year, the number counts its episodes from 1."""

    season: int
    number: int
    episode: Episode


def number(episodes: Sequence[Episode]) -> list[Numbered]:
    """The episodes newest first, numbered by date."""
    count: Counter[int] = Counter()
    numbered = []
    for episode in sorted(episodes, key=lambda episode: (episode.published, episode.id)):
        count[episode.published.year] += 1
        numbered.append(Numbered(episode.published.year, count[episode.published.year], episode))
    return numbered[::-1]


def paginate(numbered: Sequence[Numbered], size: int) -> list[Sequence[Numbered]]:
    """Pages, the newest first; every page but the first holds exactly `size`, filled from the oldest up."""
    old = max(0, len(numbered) // size - 1)
    first = len(numbered) - old * size
    return [numbered[:first], *(numbered[start : start + size] for start in range(first, len(numbered), size))]


def page_name(place: int, count: int) -> str:
    """File of the page at `place` (0 = newest) of `count`: the oldest is feed-1.xml whatever comes after it."""
    return FEED if place == 0 else f"feed-{count - place}.xml"


def _feed_page(pages: Sequence[Sequence[Numbered]], place: int, show: Show, show_guid: str) -> bytes:
    feed = new_feed()
    newest = pages[place][0].episode.published
    _channel(feed, show, newest)
    _channel_more(feed.more, show, show_guid)
    for rel, other in _page_links(place, len(pages)):
        feed.more.add(ATOM, "link", rel=rel, href=show.base_url + other, type="application/rss+xml")
    # The self link comes first and the home page last: feedgen takes the last link for RSS <link>.
    self_url = show.base_url + page_name(place, len(pages))
    feed.link(href=self_url, rel="self", type="application/rss+xml")
    feed.link(href=show.link or show.base_url, rel="alternate")
    for numbered in pages[place]:
        entry = feed.add_entry(order="append")
        _item(entry, numbered, show)
        _item_more(entry.more, numbered, show)
    with _DATES:
        return bytes(feed.rss_str(pretty=True)) + b"\n"


def _page_links(place: int, count: int) -> list[tuple[str, str]]:
    """RFC 5005 section 3: (rel, file) of the neighbours of a page; none where there is one page."""
    if count == 1:
        return []
    links = [("first", FEED), ("last", page_name(count - 1, count))]
    if place > 0:
        links.append(("previous", page_name(place - 1, count)))
    if place < count - 1:
        links.append(("next", page_name(place + 1, count)))
    return links


def _channel(feed: Any, show: Show, newest: Any) -> None:
    image = show.base_url + cover_name(show)
    feed.title(show.title)
    feed.description(notes.channel_description(show))
    feed.language(show.language)
    feed.generator(GENERATOR)
    feed.copyright(show.copyright or show.author)
    feed.image(url=image, title=show.title, link=show.link or show.base_url)
    feed.lastBuildDate(newest)  # of the content, not of the clock: an unchanged show is an unchanged file
    feed.pubDate(newest)
    feed.podcast.itunes_author(show.author)
    feed.podcast.itunes_image(image)
    feed.podcast.itunes_type("episodic")
    main, *sub = show.category
    feed.podcast.itunes_category({"cat": main, "sub": sub[0]} if sub else {"cat": main})
    if show.email:
        feed.podcast.itunes_owner(name=show.author, email=show.email)


def _channel_more(more: MoreElements, show: Show, show_guid: str) -> None:
    more.add(ITUNES, "explicit", str(show.explicit).lower())
    if show.hub:
        more.add(ATOM, "link", rel="hub", href=show.hub)
    more.add(PODCAST, "guid", show_guid)
    more.add(PODCAST, "medium", "podcast")
    more.add(PODCAST, "locked", "yes" if show.locked else "no", owner=show.email)
    if show.license:
        more.add(PODCAST, "license", show.license, url=show.license_url)
    for link in show.funding:
        more.add(PODCAST, "funding", link.title, url=web_address(link.url) or "")
    _persons(more, show.persons or (Person(show.author, "author", "writing"),))
    if show.update_text:
        more.add(PODCAST, "updateFrequency", show.update_text, rrule=show.update_rrule)
    more.add(PODCAST, "txt", "true", purpose="ai-content")
    if show.podroll:
        podroll = more.add(PODCAST, "podroll")
        podroll.extend(make(PODCAST, "remoteItem", feedGuid=guid) for guid in show.podroll)


def _item(entry: Any, numbered: Numbered, show: Show) -> None:
    episode = numbered.episode
    page = page_url(episode, show)
    entry.title(notes.clip(episode.title, notes.TITLE_BYTES))
    entry.guid(episode.guid, permalink=False)
    entry.link(href=page)
    entry.description(notes.description(episode, show, page))
    entry.content(episode.show_notes, type="CDATA")
    entry.enclosure(file_url(episode.enclosure.url, show), str(episode.enclosure.length_bytes), episode.enclosure.type)
    entry.pubDate(episode.published)
    entry.podcast.itunes_duration(round(episode.duration_seconds))
    entry.podcast.itunes_image(show.base_url + cover_name(show))
    entry.podcast.itunes_season(numbered.season)
    entry.podcast.itunes_episode(numbered.number)
    entry.podcast.itunes_episode_type("full")


def _item_more(more: MoreElements, numbered: Numbered, show: Show) -> None:
    episode = numbered.episode
    folder = page_url(episode, show)
    more.add(ITUNES, "explicit", str(show.explicit).lower())
    more.add(PODCAST, "season", str(numbered.season))
    more.add(PODCAST, "episode", str(numbered.number))
    for suffix, kind in _TRANSCRIPTS.items():
        rel = "captions" if suffix in ("vtt", "srt") else ""
        more.add(PODCAST, "transcript", url=f"{folder}transcript.{suffix}", type=kind, language=show.language, rel=rel)
    more.add(PODCAST, "chapters", url=f"{folder}chapters.json", type="application/json+chapters")
    if bite := soundbite(episode):
        start, duration, title = bite
        more.add(PODCAST, "soundbite", title, startTime=f"{start:.3f}", duration=f"{duration:.3f}")
    speakers = (
        Person(f"{show.speakers.get(speaker, speaker)}（AI 语音）", _ROLES.get(speaker, "voice actor"))
        for speaker in sorted(episode.voices)
    )
    _persons(more, (*speakers, *(show.persons or (Person(show.author, "author", "writing"),))))
    more.add(PODCAST, "txt", "true", purpose="ai-content")
    chapters = more.add(SIMPLE_CHAPTERS, "chapters", version="1.2")
    for chapter in episode.chapters:
        start_text = timestamp(chapter.start_seconds, ".")
        href = web_address(chapter.url) or ""
        chapters.append(make(SIMPLE_CHAPTERS, "chapter", start=start_text, title=chapter.title, href=href))


def soundbite(episode: Episode) -> tuple[float, float, str] | None:
    """(start, duration, title) of the highlight: up to the last whole cue within 120 s; None below 15 s."""
    if episode.highlight is None:
        return None
    shortest, longest = SOUNDBITE_SECONDS
    start, end = episode.highlight.start_seconds, episode.highlight.end_seconds
    if end - start > longest:
        end = max((cue.end_seconds for cue in episode.cues if cue.end_seconds - start <= longest), default=start)
    return (start, end - start, episode.highlight.title) if end - start >= shortest else None


def _persons(more: MoreElements, persons: Sequence[Person]) -> None:
    for person in persons:
        href, image = web_address(person.url) or "", web_address(person.image) or ""
        more.add(PODCAST, "person", person.name, role=person.role, group=person.group, href=href, img=image)


def file_url(relative: str, show: Show) -> str:
    """The public address of a file of the folder."""
    return show.base_url + quote(relative)


def page_url(episode: Episode, show: Show) -> str:
    """The public address of an episode's page."""
    return file_url(f"episodes/{episode.id}/", show)
