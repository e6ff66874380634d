"""Rows: what lists, numbers and neighbours say of an episode, small enough to keep for thousands of them.

An episode of 80 cues takes 36 kB of memory and its row 1.4 kB, so a show is read one record at a time and kept as rows;
where an episode is written out whole, its record is read again.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from podcast.models import Enclosure, Episode
from podcast.publish.episode import EPISODES, WAVEFORM
from podcast.publish.record import RECORD, parse_record, read_bytes

# Suffix -> media type of other formats of the same audio: `<id>.opus`, or `<id>.small.mp3` with a label of its own.
OTHER_FORMATS = {
    ".flac": "audio/flac",
    ".m4a": "audio/mp4",
    ".mp3": "audio/mpeg",
    ".mp4": "video/mp4",
    ".ogg": "audio/ogg",
    ".opus": "audio/ogg",  # RFC 7845, section 9
}
IMAGES = {"cover.jpg": "image/jpeg", "cover.png": "image/png"}  # a picture of the episode's own


@dataclass(frozen=True, slots=True)
class Row:
    """An episode in short, and what else lies in its folder."""

    id: str
    guid: str
    title: str
    published: datetime
    summary: str
    enclosure: Enclosure
    duration_seconds: float
    record: str  # hash of its episode.json: the same hash is the same episode
    beside: str = ""  # id of the episode it is another edition of
    waveform: bool = False  # there is a drawing of it
    image: Enclosure | None = None  # its own picture
    others: tuple[Enclosure, ...] = ()  # the same audio in other formats


@dataclass(frozen=True, slots=True)
class Numbered:
    """An episode and its place in the show: the season is the year, the number counts its episodes from 1.

    Another edition of an episode has that one's number and is a bonus, as Apple has it for what comes with an episode.
    """

    season: int
    number: int
    episode: Row
    bonus: bool = False


def each_row(public: Path) -> Iterator[tuple[Row, Episode]]:
    """Every episode of the folder by name, one at a time.  Raises InputError, naming the file, for a damaged record."""
    for path in sorted((public / EPISODES).glob(f"[!.]*/{RECORD}")):
        data = read_bytes(path)
        episode = parse_record(data, path)
        yield row(episode, path.parent, hashlib.sha256(data).hexdigest()), episode


def row(episode: Episode, folder: Path, record: str) -> Row:
    """The row of an episode whose folder is `folder`, which need not be there."""
    sizes = {path.name: path.stat().st_size for path in folder.iterdir()} if folder.is_dir() else {}
    where = f"{EPISODES}/{folder.name}/"
    images = [Enclosure(where + name, sizes[name], kind) for name, kind in IMAGES.items() if name in sizes]
    others = (
        Enclosure(where + name, size, OTHER_FORMATS[suffix])
        for name, size in sorted(sizes.items())
        if size and name.startswith(f"{episode.id}.") and (suffix := Path(name).suffix) in OTHER_FORMATS
    )
    return Row(
        id=episode.id,
        guid=episode.guid,
        title=episode.title,
        published=episode.published,
        summary=episode.summary,
        enclosure=episode.enclosure,
        duration_seconds=episode.duration_seconds,
        record=record,
        beside=episode.beside,
        waveform=WAVEFORM in sizes,
        image=images[0] if images else None,
        others=tuple(other for other in others if other.url != episode.enclosure.url),
    )


def number(rows: Iterable[Row]) -> list[Numbered]:
    """The episodes newest first, numbered by date."""
    count: Counter[int] = Counter()
    numbers: dict[str, int] = {}
    numbered = []
    # Between two of the same moment an id comes before those that begin with it.
    for each in sorted(rows, key=lambda row: (row.published, row.id)):
        year = each.published.year
        bonus = each.beside in numbers
        count[year] += not bonus
        numbers[each.id] = numbers[each.beside] if bonus else count[year]
        numbered.append(Numbered(year, numbers[each.id], each, bonus))
    return numbered[::-1]
