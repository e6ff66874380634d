"""Episodes -> pages: index.html, one page for each episode and each year, a sitemap, style, script and cover.

Pages need nothing but the files beside them: no framework, no third party, addresses relative to the page, so they work
below any path and from a disk.  Without JavaScript everything can be read and played.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from importlib import resources
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import jinja2
from markupsafe import Markup

from podcast.models import Chapter, Cue, Episode, Link, Show
from podcast.publish import notes
from podcast.publish.chapters import clock
from podcast.publish.directories import cover_name
from podcast.publish.episode import DOCUMENTS, EPISODES, WAVEFORM, documents
from podcast.publish.feed import FEED, Load, page_url
from podcast.publish.files import replace_file, web_address
from podcast.publish.fingerprints import Fingerprints
from podcast.publish.qr import qr_svg
from podcast.publish.rows import Numbered, Row, number

PAGE = "index.html"
INDEX_EPISODES = 30
PARAGRAPH_PAUSE_SECONDS = 0.5  # newsreaders pause longer between paragraphs than between sentences
WEEKDAYS = ("星期一", "星期二", "星期三", "星期四", "星期五", "星期六", "星期日")
_ASSETS = ("style.css", "player.js", "favicon.svg")


def write_site(public: Path, rows: Iterable[Row], show: Show, load: Load, fingerprints: Fingerprints) -> None:
    """Write all pages, and of each episode the files that say again what its episode.json says.

    A file whose content is already right is left alone; an episode is loaded only where its files may not be right.
    """
    site = Site(show)
    numbered = number(rows)
    replace_file(public / cover_name(show), show.cover.read_bytes())
    for name, content in site.assets.items():
        replace_file(public / "assets" / name, content)
    ordered = [entry.episode for entry in numbered]
    for newer, entry, older in zip([None, *ordered], numbered, [*ordered[1:], None], strict=False):
        folder = public / EPISODES / entry.episode.id
        if write := fingerprints.stale(folder, [PAGE, *DOCUMENTS], (newer, entry, older)):
            episode = load(entry.episode)
            write(documents(episode, show) | {PAGE: site.episode_page(entry, episode, newer, older)})
    seasons: dict[int, list[Numbered]] = {}
    for entry in numbered:
        seasons.setdefault(entry.season, []).append(entry)
    years = sorted(seasons, reverse=True)
    for year in years:
        name = f"{year}.html"
        if write := fingerprints.stale(public / "archive", [name], (seasons[year], years)):
            write({name: site.year_page(seasons[year], year, years)})
    replace_file(public / PAGE, site.index_page(numbered, years))
    replace_file(public / "sitemap.xml", site.sitemap(numbered, years))


@dataclass(frozen=True)
class Passage:
    """A chapter as the page shows it: with the sentences spoken in it, in paragraphs."""

    chapter: Chapter
    paragraphs: tuple[tuple[str, tuple[Cue, ...]], ...]  # (speaker's name where it changes, else "", sentences)


class Site:
    """Renders pages of a show to bytes."""

    def __init__(self, show: Show) -> None:
        self.show = show
        self._environment = jinja2.Environment(
            loader=jinja2.PackageLoader("podcast.publish"),
            autoescape=True,
            undefined=jinja2.StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._environment.policies["json.dumps_kwargs"] = {"ensure_ascii": False, "sort_keys": False}
        self._environment.filters.update(
            clock=clock, day=day, minutes=minutes, seconds=seconds, megabytes=megabytes, host=host
        )
        self._environment.globals.update(
            show=show,
            language=page_language(show.language),
            disclosure=notes.disclosure(show),
            feed_url=show.base_url + FEED,
            feed=FEED,
            cover=cover_name(show),
            subscribe=subscribe_links(show),
            asset=self._asset,
        )

    @cached_property
    def assets(self) -> dict[str, bytes]:
        """Style, script, icon and the feed's QR code: name -> content."""
        folder = resources.files("podcast.publish") / "templates"
        files = {name: (folder / name).read_bytes() for name in _ASSETS}
        return files | {"feed-qr.svg": qr_svg(self.show.base_url + FEED)}

    def index_page(self, numbered: Sequence[Numbered], years: Sequence[int]) -> bytes:
        newest = numbered[:INDEX_EPISODES]
        data = {"@context": "https://schema.org"} | series_data(self.show)
        values = {"entries": newest, "years": years, "total": len(numbered), "structured": data}
        return self._render("index.html.j2", root="", **values)

    def year_page(self, entries: Sequence[Numbered], year: int, years: Sequence[int]) -> bytes:
        return self._render("year.html.j2", root="../", entries=entries, year=year, years=years)

    def episode_page(self, entry: Numbered, episode: Episode, newer: Row | None, older: Row | None) -> bytes:
        return self._render(
            "episode.html.j2",
            root="../../",
            entry=entry,
            episode=episode,
            audio=quote(episode.enclosure.url.rpartition("/")[2]),
            picture=picture(entry.episode, self.show),
            passages=passages(episode, self.show),
            show_notes=Markup(episode.show_notes),  # noqa: S704 -- built from escaped words by `notes.show_notes`
            page_url=page_url(episode, self.show),
            structured=structured_data(entry, self.show),
            newer=newer,
            older=older,
            waveform=WAVEFORM if entry.episode.waveform else None,
        )

    def sitemap(self, numbered: Sequence[Numbered], years: Sequence[int]) -> bytes:
        """sitemaps.org 0.9.  lastmod is the day of the newest episode a page names."""
        newest = {entry.season: entry.episode for entry in reversed(numbered)}
        addresses = [(self.show.base_url, numbered[0].episode)]
        addresses += [(f"{self.show.base_url}archive/{year}.html", newest[year]) for year in years]
        addresses += [(page_url(entry.episode, self.show), entry.episode) for entry in numbered]
        return self._render("sitemap.xml.j2", addresses=addresses)

    def _render(self, template: str, **values: Any) -> bytes:
        return self._environment.get_template(template).render(**values).encode()

    def _asset(self, name: str) -> str:
        """Its address from the public folder; the query changes with the content, so caches may keep it for ever."""
        return f"assets/{name}?{self._versions[name]}"

    @cached_property
    def _versions(self) -> dict[str, str]:
        return {name: hashlib.sha256(content).hexdigest()[:8] for name, content in self.assets.items()}


def passages(episode: Episode, show: Show) -> list[Passage]:
    """The transcript by chapter; a cue belongs to the chapter its middle lies in, and none is lost."""
    groups: list[list[Cue]] = [[] for _ in episode.chapters]
    for cue in episode.cues:
        middle = (cue.start_seconds + cue.end_seconds) / 2
        started = [place for place, chapter in enumerate(episode.chapters) if chapter.start_seconds <= middle]
        groups[started[-1] if started else 0].append(cue)
    shown, speaker = [], ""
    for chapter, cues in zip(episode.chapters, groups, strict=True):
        shown.append(Passage(chapter, _paragraphs(cues, show.speakers, speaker)))
        speaker = cues[-1].speaker if cues else speaker
    return shown


def _paragraphs(cues: Sequence[Cue], names: Mapping[str, str], speaker: str) -> tuple[tuple[str, tuple[Cue, ...]], ...]:
    """The cues in paragraphs; `speaker` is who spoke before them."""
    paragraphs: list[tuple[str, list[Cue]]] = []
    end_seconds = 0.0
    for cue in cues:
        other = cue.speaker != speaker
        if not paragraphs or other or cue.start_seconds - end_seconds >= PARAGRAPH_PAUSE_SECONDS:
            paragraphs.append((names.get(cue.speaker, cue.speaker) if other else "", []))
        paragraphs[-1][1].append(cue)
        speaker, end_seconds = cue.speaker, cue.end_seconds
    return tuple((name, tuple(sentences)) for name, sentences in paragraphs)


def subscribe_links(show: Show) -> list[Link]:
    """Buttons, in the order people look for them: `show.subscribe`, and apps that open a feed by its address.

    The addresses are those the apps document for a subscribe link: podcast:// (Apple), overcast://, pktc://.
    小宇宙 and Spotify take no feed from a listener, only from who owns it: they have a button once `show.subscribe` has
    the show's page there, and none before.
    """
    feed = show.base_url + FEED
    bare = feed.partition("://")[2]
    links = {
        "Apple Podcasts": f"podcast://{bare}",
        "小宇宙": "",
        "Spotify": "",
        "Overcast": f"overcast://x-callback-url/add?url={quote(feed, safe='')}",
        "Pocket Casts": f"pktc://subscribe/{bare}",
    }
    known = {_plain(title): title for title in links}
    for link in show.subscribe:
        if url := web_address(link.url):
            links[known.get(_plain(link.title), link.title)] = url
    return [Link(title, url) for title, url in links.items() if url]


def _plain(title: str) -> str:
    return re.sub(r"\W", "", title).lower()


def series_data(show: Show) -> dict[str, Any]:
    """schema.org PodcastSeries as JSON-LD."""
    return {
        "@type": "PodcastSeries",
        "name": show.title,
        "description": show.description,
        "url": show.link or show.base_url,
        "webFeed": show.base_url + FEED,
        "image": show.base_url + cover_name(show),
        "inLanguage": page_language(show.language),
    }


def structured_data(entry: Numbered, show: Show) -> dict[str, Any]:
    """schema.org PodcastEpisode as JSON-LD; a transcript in a file of its own is a caption in its words."""
    episode = entry.episode
    page = page_url(episode, show)
    length = f"PT{round(episode.duration_seconds)}S"
    return {
        "@context": "https://schema.org",
        "@type": "PodcastEpisode",
        "url": page,
        "name": episode.title,
        "datePublished": episode.published.isoformat(),
        "episodeNumber": entry.number,
        "description": episode.summary,
        "timeRequired": length,
        "inLanguage": page_language(show.language),
        "image": show.base_url + picture(entry.episode, show),
        "accessibilityFeature": ["transcript"],
        "associatedMedia": {
            "@type": "AudioObject",
            "contentUrl": show.base_url + quote(episode.enclosure.url),
            "encodingFormat": episode.enclosure.type,
            "contentSize": str(episode.enclosure.length_bytes),
            "duration": length,
            "caption": {
                "@type": "MediaObject",
                "contentUrl": page + "transcript.vtt",
                "encodingFormat": "text/vtt",
            },
        },
        "partOfSeason": {"@type": "PodcastSeason", "seasonNumber": entry.season},
        "partOfSeries": series_data(show),
    }


def picture(row: Row, show: Show) -> str:
    """The episode's own picture, or the show's, as an address from the public folder."""
    return quote(row.image.url) if row.image else cover_name(show)


def page_language(code: str) -> str:
    """BCP 47 with the usual capitals: zh-cn -> zh-CN, which browsers choose Chinese glyphs by."""
    language, _, region = code.partition("-")
    return f"{language.lower()}-{region.upper()}" if region else language.lower()


def day(moment: datetime) -> str:
    """2025年11月4日 星期二, in the zone of the digest."""
    return f"{moment.year}年{moment.month}月{moment.day}日 {WEEKDAYS[moment.weekday()]}"


def minutes(length_seconds: float) -> str:
    """A length as people say it: 10 分钟, 1 小时 5 分钟."""
    hours, rest = divmod(max(1, round(length_seconds / 60)), 60)
    return f"{hours} 小时 {rest} 分钟" if hours else f"{rest} 分钟"


def seconds(time: float) -> str:
    """A time for an address fragment (W3C Media Fragments): 12.3."""
    return f"{time:.3f}".rstrip("0").rstrip(".")


def megabytes(size_bytes: int) -> str:
    return f"{size_bytes / 1e6:.1f} MB"


def host(url: str | None) -> str:
    """The site a source is on, without www."""
    return (urlsplit(url or "").hostname or "").removeprefix("www.")
