"""The published folder -> feed and pages, behind the gate."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from podcast.errors import InputError
from podcast.models import Episode, Show
from podcast.publish.check import Problem, document_problems, episode_problems, guid_problems
from podcast.publish.directories import check_show, cover_name, picture_fault
from podcast.publish.episode import EPISODES, quality_error
from podcast.publish.feed import FEED, Published, guid_of_feed, read_published, write_feed
from podcast.publish.files import replace_file
from podcast.publish.fingerprints import Fingerprints
from podcast.publish.record import RECORD, read_record
from podcast.publish.rows import Row, each_row
from podcast.publish.site import write_site


def prepare_public(public: Path) -> None:
    """Make the folder, and see that it can be written: better now than after minutes of speech.

    Raises SetupError where it cannot.
    """
    probe = public / EPISODES / ".probe.new"
    replace_file(probe, b"")
    probe.unlink(missing_ok=True)


def publish_show(public: Path, show: Show) -> Path:
    """Make pages and feed again from the episode.json files alone; the feed is replaced last.  Returns its path.

    Time is linear in the number of episodes; of these one at a time is in memory, the others as rows.
    Raises QualityError, with nothing changed, where an episode is not as the feed would say it; ConfigError for a show
    that directories would reject; InputError for a damaged record or no episode at all.
    """
    check_show(show)
    published = read_published(public)
    fingerprints = Fingerprints(public, *_identity(show))
    rows, problems = _gate(public, published, fingerprints)
    if not rows:
        raise InputError("there is no episode to publish", where=str(public / EPISODES), hint="Run podcast make first.")
    if problems:
        raise quality_error(problems)
    show_guid = show.guid or published.show_guid or guid_of_feed(show.base_url + FEED)
    load = partial(_load, public)
    write_site(public, rows, show, load, fingerprints)
    feed = write_feed(public, rows, show, load, fingerprints, show_guid=show_guid)
    fingerprints.save()
    return feed


def check_public(public: Path, show: Show) -> list[Problem]:
    """What is wrong with a folder: all that the gate looks at, whatever passed before, and the files made from records.

    Raises as `publish_show` does.
    """
    check_show(show)
    return _gate(public, read_published(public), None)[1]


def _gate(public: Path, published: Published, known: Fingerprints | None) -> tuple[list[Row], list[Problem]]:
    """The rows of all episodes and what is wrong with them; an episode that is `known` to have passed is not opened."""
    rows: list[Row] = []
    problems: list[Problem] = []

    def look(row: Row, episode: Episode) -> None:
        files = [public / row.enclosure.url, *([public / row.image.url] if row.image else [])]
        if known and known.passed(row.id, row, files):
            return
        found = [*episode_problems(episode, files[0]), *_picture_problems(row, public)]
        if known is None:
            found += document_problems(episode, public / EPISODES / row.id)
        elif not found:
            known.keep_passed(row.id, row)
        problems.extend(found)

    def each() -> Iterator[Episode]:
        for row, episode in each_row(public):
            rows.append(row)
            look(row, episode)
            yield episode

    of_guids = guid_problems(each(), published.guids)  # draws the episodes, one at a time
    return rows, problems + of_guids


def _picture_problems(row: Row, public: Path) -> list[Problem]:
    fault = picture_fault(public / row.image.url) if row.image else None
    return [Problem(row.id, f"its own picture {fault}")] if fault else []


def _load(public: Path, row: Row) -> Episode:
    return read_record(public / EPISODES / row.id / RECORD)


def _identity(show: Show) -> tuple[Show, str]:
    """The show and its cover as values: where the cover lies on this machine says nothing."""
    return dataclasses.replace(show, cover=Path(cover_name(show))), hashlib.sha256(show.cover.read_bytes()).hexdigest()
