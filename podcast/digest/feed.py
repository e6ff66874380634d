"""A feed -> its entries, each of which is a digest: the HTML goes the way that Markdown goes."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, replace
from datetime import date, datetime
from pathlib import Path
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from podcast.digest.assemble import assemble
from podcast.digest.blocks import Block, texts_of
from podcast.digest.head import find_date, with_zone
from podcast.digest.hypertext import read_hypertext
from podcast.digest.lines import Note, plain, shorten, without_controls, without_decoration
from podcast.digest.moments import read_moment
from podcast.digest.passages import Passages, read_passages
from podcast.digest.tree import plain_to_html, text_of_html, with_line_breaks
from podcast.digest.xmlfeed import RawEntry, RawFeed
from podcast.errors import DigestError
from podcast.models import Digest, Link

_READ_ON = r"(?:阅读全文|继续阅读|查看全文|阅读更多|Read more|Continue reading)"
# A lone … or [...] at the end; …… is how Chinese writes an ellipsis.
_CUT_SHORT = re.compile(
    rf"(?:\[\s*(?:…|\.\.\.)\s*\]|(?<!…)…|(?<!\.)\.\.\.|{_READ_ON})\s*(?:{_READ_ON})?[\s»→>）)]*", re.IGNORECASE
)
_NAME_LIMIT = 40  # characters of an address that make a name readable


@dataclass(frozen=True, slots=True)
class FeedEntry:
    """One entry; `read` makes a digest of it."""

    source: Path  # the feed, and below it a name that is this entry's for good
    title: str
    published: datetime | None  # None where neither a date nor the title tells
    _raw: RawEntry
    _notes: tuple[str, ...]

    @property
    def where(self) -> str:
        return f"{self.source.parent}: entry 「{shorten(self.title or self.source.name)}」"

    def read(self, zone: ZoneInfo) -> Digest:
        """Raises DigestError where the entry is none."""
        notes = [Note(1, text) for text in self._notes]
        source = plain_to_html(self._raw.content) if self._raw.is_plain else with_line_breaks(self._raw.content)
        if not source.strip():
            raise DigestError("it has no text", where=self.where, hint="Have the feed carry the whole text.")
        blocks = read_hypertext(source, self._raw.base, self.where, notes)
        cut = _is_cut_short(blocks)
        passages = read_passages(blocks)
        if not passages.has_items:
            raise self._no_items(len(blocks), cut=cut)
        if cut:
            notes.append(Note(len(blocks), "the text breaks off: the feed may carry only the beginning of it"))
        published = self.published or self._day_of_text(passages, zone)
        title = self.title or passages.title or f"{published.year}年{published.month}月{published.day}日新闻"
        if passages.title and passages.title != title:
            notes.append(Note(passages.title_line, f"second title 「{passages.title}」: the entry's own is used"))
        digest = assemble(passages, source=self.source, title=title, published=published, notes=notes, counted="block")
        return _with_link(digest, self._raw.link)

    def _day_of_text(self, passages: Passages, zone: ZoneInfo) -> datetime:
        day = find_date(passages.title)
        if day is None:
            written = self._raw.published or self._raw.changed
            given = f" ({written[:40]!r} is none)" if written else ""
            hint = "An entry needs a date of its own (pubDate, published, date_published), or one in its title."
            raise DigestError(f"it has no date{given}", where=self.where, hint=hint)
        return with_zone(day, zone)

    def _no_items(self, count: int, *, cut: bool) -> DigestError:
        looked_for = "an ordered list, headings like '1. title', or lines like '1、title'"
        hint = "Have the feed carry the whole text." if cut else "Number each news item; is it the feed of the digests?"
        what = f"no numbered items: looked for {looked_for} in {count} blocks"
        return DigestError(f"{what}; the text breaks off" if cut else what, where=self.where, hint=hint)


@dataclass(frozen=True, slots=True)
class Feed:
    source: Path
    entries: tuple[FeedEntry, ...]  # as they stand

    def newest(self, count: int | None, since: date | None = None) -> list[FeedEntry]:
        """The newest entries (None: all), of those the ones from a day on; the oldest first.

        An entry without a date counts as the newest: it is then named as wrong, not passed over.
        """
        dated = [entry.published for entry in self.entries if entry.published]
        latest = max(dated, default=None)
        # Of two at the same time the one that stands higher in the feed is the newer one.
        order = sorted(enumerate(self.entries), key=lambda pair: (_moment(pair[1], latest), -pair[0]))
        chosen = [entry for _, entry in order if not (since and entry.published and entry.published.date() < since)]
        return chosen if count is None else chosen[-count:]


def read_feed(raw: RawFeed, source: Path, zone: ZoneInfo, notes: tuple[str, ...] = ()) -> Feed:
    """Name and date the entries.  Raises DigestError where there is none."""
    if not raw.entries:
        raise DigestError("the feed has no entries", where=str(source), hint="Is it the right feed?")
    return Feed(source, tuple(_entry(entry, source, zone, (*notes, *raw.notes)) for entry in raw.entries))


def _entry(raw: RawEntry, source: Path, zone: ZoneInfo, notes: tuple[str, ...]) -> FeedEntry:
    title = text_of_html(raw.title) if raw.title_is_html else raw.title
    title = without_decoration(plain(without_controls(title)))
    return FeedEntry(source / _name(raw), title, _published(raw, title, zone), raw, notes)


def _published(raw: RawEntry, title: str, zone: ZoneInfo) -> datetime | None:
    """When it appeared; the day in its title goes before a date that may only say when it was changed."""
    if published := read_moment(raw.published, zone):
        return published
    changed, day = read_moment(raw.changed, zone), find_date(title)
    if day and (changed is None or changed.date() != day):
        return with_zone(day, zone)
    return changed


def _name(raw: RawEntry) -> str:
    """By what the feed says identifies it, whatever becomes of title and link: an episode knows its digest by it."""
    identity = raw.guid or raw.link or f"{raw.title}\n{raw.published}"
    path = urlsplit(identity).path if re.match(r"https?://[^\[\]]*$", identity) else ""
    last = re.sub(r"\.\w{1,5}$", "", path.rstrip("/").rpartition("/")[2])
    words = "-".join(re.findall(r"[A-Za-z0-9]+", last))[:_NAME_LIMIT].strip("-")
    return "-".join(filter(None, (words, hashlib.sha256(identity.encode()).hexdigest()[:8])))


def _moment(entry: FeedEntry, latest: datetime | None) -> tuple[bool, float]:
    published = entry.published or latest
    return entry.published is None, published.timestamp() if published else 0.0


def _with_link(digest: Digest, link: str) -> Digest:
    """The entry's own page stands first among the links that the notes show."""
    if not link or any(known.url == link for known in digest.links):
        return digest
    return replace(digest, links=(Link(digest.title, link), *digest.links))


def _is_cut_short(blocks: list[Block]) -> bool:
    last = ""
    for text in texts_of(blocks):
        for line in text.lines:
            last = plain(line.text) or last
    return any(match.end() == len(last) for match in _CUT_SHORT.finditer(last, max(0, len(last) - 60)))
