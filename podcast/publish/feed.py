"""Episodes -> feed.xml: RSS 2.0 with the tags of Apple, Spotify and Podcasting 2.0, paged as RFC 5005 says.

Pages are filled from the oldest episode up, so a full page never changes again but for its link to a newer one:
feed.xml holds the newest 50 to 99 episodes, feed-1.xml the oldest 50.
"""

from __future__ import annotations

import re
import threading
import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

from podcast.errors import InputError
from podcast.models import Enclosure, Episode, Person, Show
from podcast.publish import notes
from podcast.publish.directories import cover_name, read_picture
from podcast.publish.files import web_address
from podcast.publish.fingerprints import Fingerprints
from podcast.publish.namespace import ATOM, ITUNES, PODCAST, SIMPLE_CHAPTERS, MoreElements, make, new_feed, parse_xml
from podcast.publish.rows import Numbered, Row, number
from podcast.publish.transcript import timestamp

FEED = "feed.xml"
PAGE_EPISODES = 50
GENERATOR = "digestcast"
# The namespace UUID of podcast:guid, fixed by the Podcasting 2.0 namespace.
PODCAST_NAMESPACE = uuid.UUID("ead4c236-bf58-58c6-a2c6-a6b28d128cb6")
SOUNDBITE_SECONDS = (15.0, 120.0)  # lengths that the namespace recommends
_TRANSCRIPTS = {"vtt": "text/vtt", "srt": "application/x-subrip", "json": "application/json"}

_DATES = threading.Lock()  # feedgen sets the locale of the whole program to write a date
Load = Callable[[Row], Episode]  # the whole episode of a row


@dataclass(frozen=True, slots=True)
class Published:
    """What the present feed has promised to its readers."""

    show_guid: str  # empty where there is no feed yet
    guids: Mapping[str, str]  # episode id -> guid, over all pages


def write_feed(
    public: Path,
    rows: Sequence[Row],
    show: Show,
    load: Load,
    fingerprints: Fingerprints,
    *,
    show_guid: str,
    page_episodes: int = PAGE_EPISODES,
) -> Path:
    """Write feed.xml and its older pages; feed.xml is replaced last.  The same episodes and show give the same bytes.

    `rows`, one or more in any order, must have passed `podcast.publish.check`; of a page's episodes one at a time is
    loaded.  Returns the path of feed.xml.
    """
    pages = paginate(number(rows), page_episodes)
    writer = _Writer(public, show, show_guid, load)
    for place in reversed(range(len(pages))):
        name, links = page_name(place, len(pages)), _page_links(place, len(pages))
        newest = name == FEED
        if write := fingerprints.stale(public, [name], (show_guid, links, pages[place]), durable=newest):
            content = writer.page(pages[place], name, links)
            if newest:
                fingerprints.settle()  # all that feed.xml names
            write({name: content})
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


def paginate(numbered: Sequence[Numbered], size: int) -> list[Sequence[Numbered]]:
    """Pages, the newest first; every page but the first holds exactly `size`, filled from the oldest up."""
    old = max(0, len(numbered) // size - 1)
    first = len(numbered) - old * size
    return [numbered[:first], *(numbered[start : start + size] for start in range(first, len(numbered), size))]


def page_name(place: int, count: int) -> str:
    """File of the page at `place` (0 = newest) of `count`: the oldest is feed-1.xml whatever comes after it."""
    return FEED if place == 0 else f"feed-{count - place}.xml"


@dataclass(frozen=True)
class _Writer:
    """What all pages of a feed are written from."""

    public: Path
    show: Show
    show_guid: str
    load: Load

    def page(self, numbered: Sequence[Numbered], name: str, links: Sequence[tuple[str, str]]) -> bytes:
        """The page called `name`, with links (rel, file) to others."""
        show, feed = self.show, new_feed()
        _channel(feed, show, numbered[0].episode.published)
        _channel_more(feed.more, show, self.show_guid)
        for rel, other in links:
            feed.more.add(ATOM, "link", rel=rel, href=show.base_url + other, type="application/rss+xml")
        # The self link comes first and the home page last: feedgen takes the last link for RSS <link>.
        feed.link(href=show.base_url + name, rel="self", type="application/rss+xml")
        feed.link(href=show.link or show.base_url, rel="alternate")
        for each in numbered:
            entry = feed.add_entry(order="append")
            episode = self.load(each.episode)
            _item(entry, each, episode, show)
            _item_more(entry.more, each, episode, show)
            _item_image(entry, each.episode, self.public, show)
        with _DATES:
            return bytes(feed.rss_str(pretty=True))


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
    _image(more, show.base_url + cover_name(show), f"{show.title}的封面", show.cover)
    more.add(PODCAST, "guid", show_guid)
    more.add(PODCAST, "medium", "podcast")
    more.add(PODCAST, "locked", "yes" if show.locked else "no", owner=show.email)
    if show.license:
        more.add(PODCAST, "license", show.license, url=show.license_url)
    for link in show.funding:
        more.add(PODCAST, "funding", link.title, url=web_address(link.url) or "")
    _persons(more, show, show.hosts)
    if show.update_text:
        more.add(PODCAST, "updateFrequency", show.update_text, rrule=show.update_rrule)
    more.add(PODCAST, "txt", "true", purpose="ai-content")
    for purpose, words in show.txt.items():
        more.add(PODCAST, "txt", words, purpose=purpose)
    if show.podroll:
        podroll = more.add(PODCAST, "podroll")
        podroll.extend(make(PODCAST, "remoteItem", feedGuid=guid) for guid in show.podroll)


def _item(entry: Any, numbered: Numbered, episode: Episode, show: Show) -> None:
    page = page_url(episode, show)
    entry.title(notes.clip(episode.title, notes.TITLE_BYTES))
    entry.guid(episode.guid, permalink=False)
    entry.link(href=page)
    entry.description(notes.description(episode, show, page))
    entry.content(episode.show_notes, type="CDATA")
    entry.enclosure(file_url(episode.enclosure.url, show), str(episode.enclosure.length_bytes), episode.enclosure.type)
    entry.pubDate(episode.published)
    entry.podcast.itunes_duration(round(episode.duration_seconds))
    entry.podcast.itunes_season(numbered.season)
    entry.podcast.itunes_episode(numbered.number)
    entry.podcast.itunes_episode_type("bonus" if numbered.bonus else "full")


def _item_more(more: MoreElements, numbered: Numbered, episode: Episode, show: Show) -> None:
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
    _persons(more, show, sorted(episode.voices))
    more.add(PODCAST, "txt", "true", purpose="ai-content")
    chapters = more.add(SIMPLE_CHAPTERS, "chapters", version="1.2")
    for chapter in episode.chapters:
        start_text = timestamp(chapter.start_seconds, ".")
        href = web_address(chapter.url) or ""
        chapters.append(make(SIMPLE_CHAPTERS, "chapter", start=start_text, title=chapter.title, href=href))
    for other in numbered.episode.others:
        _alternate(more, other, episode, show)


def _item_image(entry: Any, row: Row, public: Path, show: Show) -> None:
    """The episode's own picture, else the show's: apps that know one of the two tags then show the same."""
    image = file_url(row.image.url, show) if row.image else show.base_url + cover_name(show)
    entry.podcast.itunes_image(image)
    if row.image:
        _image(entry.more, image, f"{row.title}的封面", public / row.image.url)


def _image(more: MoreElements, href: str, alt: str, path: Path) -> None:
    picture = read_picture(path)
    size = {"aspect-ratio": "1/1", "width": str(picture.width)} if picture else {}
    more.add(PODCAST, "image", href=href, alt=alt, purpose="artwork", type=picture.type if picture else "", **size)


def _alternate(more: MoreElements, other: Enclosure, episode: Episode, show: Show) -> None:
    """podcast:alternateEnclosure; the bit rate is the average over the episode, in bit/s."""
    name = other.url.rpartition("/")[2].removeprefix(f"{episode.id}.")
    element = more.add(
        PODCAST,
        "alternateEnclosure",
        type=other.type,
        length=str(other.length_bytes),
        bitrate=str(round(other.length_bytes * 8 / episode.duration_seconds)),
        lang=show.language,
        title=name,
        codecs="opus" if name.endswith("opus") else "",
    )
    element.append(make(PODCAST, "source", uri=file_url(other.url, show)))


def soundbite(episode: Episode) -> tuple[float, float, str] | None:
    """(start, duration, title) of the highlight: up to the last whole cue within 120 s; None below 15 s."""
    if episode.highlight is None:
        return None
    shortest, longest = SOUNDBITE_SECONDS
    start, end = episode.highlight.start_seconds, episode.highlight.end_seconds
    if end - start > longest:
        end = max((cue.end_seconds for cue in episode.cues if cue.end_seconds - start <= longest), default=start)
    return (start, end - start, episode.highlight.title) if end - start >= shortest else None


def _persons(more: MoreElements, show: Show, roles: Iterable[str]) -> None:
    """Who speaks, of these roles in the script, and who stands behind the show.  No voice is passed off as a person."""
    label = f"（{show.voice_label}）" if show.voice_label else ""
    cast = (show.cast.get(role) or Person(role, "voice actor") for role in roles)
    behind = show.persons or (Person(show.author, "author", "writing"),)
    for person in (*(replace(one, name=one.name + label) for one in cast), *behind):
        href, image = web_address(person.url) or "", web_address(person.image) or ""
        more.add(PODCAST, "person", person.name, role=person.role, group=person.group, href=href, img=image)


def file_url(relative: str, show: Show) -> str:
    """The public address of a file of the folder."""
    return show.base_url + quote(relative)


def page_url(episode: Episode | Row, show: Show) -> str:
    """The public address of an episode's page."""
    return file_url(f"episodes/{episode.id}/", show)
