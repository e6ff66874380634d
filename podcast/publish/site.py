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
from podcast.publish.episode import EPISODES, WAVEFORM, documents
from podcast.publish.feed import FEED, Numbered, number, page_url
from podcast.publish.files import replace_file, web_address

INDEX_EPISODES = 30
PARAGRAPH_PAUSE_SECONDS = 0.5  # newsreaders pause longer between paragraphs than between sentences
WEEKDAYS = ("星期一", "星期二", "星期三", "星期四", "星期五", "星期六", "星期日")
_ASSETS = ("style.css", "player.js", "favicon.svg")


def write_site(public: Path, episodes: Iterable[Episode], show: Show) -> None:
    """Write all pages, and of each episode the files that say again what its episode.json says.

    A file whose content is already right is left alone.
    """
    site = Site(show)
    numbered = number(list(episodes))
    replace_file(public / cover_name(show), show.cover.read_bytes())
    for name, content in site.assets.items():
        replace_file(public / "assets" / name, content)
    for place, entry in enumerate(numbered):
        newer = numbered[place - 1].episode if place else None
        older = numbered[place + 1].episode if place + 1 < len(numbered) else None
        folder = public / EPISODES / entry.episode.id
        for name, content in documents(entry.episode, show).items():
            replace_file(folder / name, content)
        waveform = (folder / WAVEFORM).is_file()
        replace_file(folder / "index.html", site.episode_page(entry, newer, older, waveform=waveform))
    years = sorted({entry.season for entry in numbered}, reverse=True)
    for year in years:
        replace_file(public / "archive" / f"{year}.html", site.year_page(numbered, year, years))
    replace_file(public / "index.html", site.index_page(numbered, years))
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
        """Style, script and icon: name -> content."""
        folder = resources.files("podcast.publish") / "templates"
        return {name: (folder / name).read_bytes() for name in _ASSETS}

    def index_page(self, numbered: Sequence[Numbered], years: Sequence[int]) -> bytes:
        newest = numbered[:INDEX_EPISODES]
        return self._render("index.html.j2", root="", entries=newest, years=years, total=len(numbered))

    def year_page(self, numbered: Sequence[Numbered], year: int, years: Sequence[int]) -> bytes:
        entries = [entry for entry in numbered if entry.season == year]
        return self._render("year.html.j2", root="../", entries=entries, year=year, years=years)

    def episode_page(
        self, entry: Numbered, newer: Episode | None, older: Episode | None, *, waveform: bool = False
    ) -> bytes:
        episode = entry.episode
        return self._render(
            "episode.html.j2",
            root="../../",
            entry=entry,
            episode=episode,
            audio=quote(episode.enclosure.url.rpartition("/")[2]),
            passages=passages(episode, self.show),
            show_notes=Markup(episode.show_notes),  # noqa: S704 -- built from escaped words by `notes.show_notes`
            page_url=page_url(episode, self.show),
            structured=structured_data(entry, self.show),
            newer=newer,
            older=older,
            waveform=WAVEFORM if waveform else None,
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
        return f"assets/{name}?{hashlib.sha256(self.assets[name]).hexdigest()[:8]}"


def passages(episode: Episode, show: Show) -> list[Passage]:
    """The transcript by chapter; a cue belongs to the chapter its middle lies in, and none is lost."""
    groups: list[list[Cue]] = [[] for _ in episode.chapters]
    for cue in episode.cues:
        middle = (cue.start_seconds + cue.end_seconds) / 2
        started = [place for place, chapter in enumerate(episode.chapters) if chapter.start_seconds <= middle]
        groups[started[-1] if started else 0].append(cue)
    return [
        Passage(chapter, _paragraphs(cues, show.speakers))
        for chapter, cues in zip(episode.chapters, groups, strict=True)
    ]


def _paragraphs(cues: Sequence[Cue], speakers: Mapping[str, str]) -> tuple[tuple[str, tuple[Cue, ...]], ...]:
    paragraphs: list[tuple[str, list[Cue]]] = []
    before: Cue | None = None
    for cue in cues:
        other = before is None or cue.speaker != before.speaker
        if before is None or other or cue.start_seconds - before.end_seconds >= PARAGRAPH_PAUSE_SECONDS:
            paragraphs.append((speakers.get(cue.speaker, cue.speaker) if other else "", []))
        paragraphs[-1][1].append(cue)
        before = cue
    return tuple((name, tuple(sentences)) for name, sentences in paragraphs)


def subscribe_links(show: Show) -> list[Link]:
    """Buttons: the show's pages in directories, then apps that open a feed by its address.

    The addresses are those the apps document for a subscribe link: podcast:// (Apple), overcast://, pktc://.
    """
    feed = show.base_url + FEED
    bare = feed.partition("://")[2]
    links = [Link(link.title, url) for link in show.subscribe if (url := web_address(link.url))]
    named = {re.sub(r"\W", "", link.title).lower() for link in links}
    derived = (
        Link("Apple Podcasts", f"podcast://{bare}"),
        Link("Overcast", f"overcast://x-callback-url/add?url={quote(feed, safe='')}"),
        Link("Pocket Casts", f"pktc://subscribe/{bare}"),
    )
    return links + [link for link in derived if re.sub(r"\W", "", link.title).lower() not in named]


def structured_data(entry: Numbered, show: Show) -> dict[str, Any]:
    """schema.org PodcastEpisode as JSON-LD."""
    episode = entry.episode
    return {
        "@context": "https://schema.org",
        "@type": "PodcastEpisode",
        "url": page_url(episode, show),
        "name": episode.title,
        "datePublished": episode.published.isoformat(),
        "episodeNumber": entry.number,
        "description": episode.summary,
        "timeRequired": f"PT{round(episode.duration_seconds)}S",
        "inLanguage": page_language(show.language),
        "image": show.base_url + cover_name(show),
        "associatedMedia": {
            "@type": "AudioObject",
            "contentUrl": show.base_url + quote(episode.enclosure.url),
            "encodingFormat": episode.enclosure.type,
            "contentSize": str(episode.enclosure.length_bytes),
            "duration": f"PT{round(episode.duration_seconds)}S",
            "transcript": page_url(episode, show) + "transcript.vtt",
        },
        "partOfSeason": {"@type": "PodcastSeason", "seasonNumber": entry.season},
        "partOfSeries": {
            "@type": "PodcastSeries",
            "name": show.title,
            "url": show.link or show.base_url,
            "webFeed": show.base_url + FEED,
        },
    }


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
