"""The published folder -> feed and pages, behind the gate."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from podcast.errors import InputError
from podcast.models import Episode, Show
from podcast.publish.check import Problem, episode_problems, guid_problems
from podcast.publish.directories import check_show
from podcast.publish.episode import EPISODES, quality_error, read_episodes
from podcast.publish.feed import read_published, write_feed
from podcast.publish.files import replace_file
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

    Raises QualityError, with nothing changed, where an episode is not as the feed would say it; ConfigError for a show
    that directories would reject; InputError for a damaged record or no episode at all.
    """
    check_show(show)
    episodes = read_episodes(public)
    if not episodes:
        raise InputError("there is no episode to publish", where=str(public / EPISODES), hint="Run podcast make first.")
    if problems := problems_of(public, episodes):
        raise quality_error(problems)
    write_site(public, episodes, show)
    return write_feed(public, episodes, show)


def check_public(public: Path, show: Show) -> list[Problem]:
    """What the gate finds in a folder; see `publish_show` for what it raises."""
    check_show(show)
    return problems_of(public, read_episodes(public))


def problems_of(public: Path, episodes: Sequence[Episode]) -> list[Problem]:
    problems = [
        problem for episode in episodes for problem in episode_problems(episode, public / episode.enclosure.url)
    ]
    return problems + guid_problems(episodes, read_published(public).guids)
