"""podcast check: what is published, looked at again."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Container, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from podcast.commands.shared import config_of, public_of
from podcast.errors import InputError, QualityError

if TYPE_CHECKING:
    from podcast.listen import Heard
    from podcast.models import Episode
    from podcast.publish.check import Problem
    from podcast.settings import Config


def check(options: argparse.Namespace) -> int:
    from podcast.production import show
    from podcast.publish import check_public
    from podcast.publish.episode import EPISODES, read_episodes

    config = config_of(options)
    if options.place and "://" in options.place:
        return _check_address(options, config)
    public = Path(options.place) if options.place else public_of(options, config)
    episodes = [each for each in read_episodes(public) if options.episode in (None, each.id)]
    if not episodes:
        raise InputError("there is no such episode", where=str(public / EPISODES / (options.episode or "")))
    problems = check_public(public, show(config))
    if options.deep:
        problems += _deep(episodes, public, config, skip={problem.where for problem in problems})
    problems = [problem for problem in problems if options.episode in (None, problem.where)]
    if options.plot:  # also of an episode that has problems: they may be seen in it
        _plot(episodes[0], public, options.plot, config)
    if problems:
        print(*problems, sep="\n")
        return QualityError.exit_status
    print(f"{len(episodes)} episode{'s' * (len(episodes) != 1)}, 0 problems")
    if options.listen:
        _listen(episodes, public, options, config)
    return 0


def _plot(episode: Episode, public: Path, output: Path, config: Config) -> None:
    from podcast.curve import draw_loudness
    from podcast.measure import measure
    from podcast.production import target

    own = replace(target(config), loudness_lufs=episode.target_lufs)
    draw_loudness(episode, measure(public / episode.enclosure.url), own, output)
    print(output)


def _deep(episodes: Sequence[Episode], public: Path, config: Config, skip: Container[str]) -> list[Problem]:
    """What decoding finds; a file that is known to be damaged is not decoded."""
    from podcast.measure import deep_problems
    from podcast.production import target

    sound = [episode for episode in episodes if episode.id not in skip]
    return [
        problem
        for episode in sound
        for problem in deep_problems(episode, public / episode.enclosure.url, target(config))
    ]


def _check_address(options: argparse.Namespace, config: Config) -> int:
    from podcast.publish.feed import FEED
    from podcast.publish.files import web_address
    from podcast.publish.remote import NEWEST, check_address

    address = web_address(options.place)
    if address is None:
        raise InputError("is no http or https address", where=options.place)
    if address.endswith("/"):  # the show's page: its feed is beside it
        address += FEED
    if options.listen or options.plot:
        raise InputError(
            "--listen and --plot need a folder", hint="Leave the address out, or fetch the episodes first."
        )
    judge = None
    if options.deep:
        from podcast.measure import sound_judge
        from podcast.production import target

        judge = sound_judge(target(config))
    newest = None if options.all else NEWEST
    report = check_address(address, newest=newest, only=options.episode or "", listen=judge)
    for problem in report.problems:
        print(problem, file=sys.stderr if problem.warning else sys.stdout)
    if any(not problem.warning for problem in report.problems):
        return QualityError.exit_status
    if options.episode and not report.episodes:
        raise InputError("the feed has no such episode", where=options.episode)
    if report.episodes < report.known and not options.episode:
        print(f"podcast: the newest {report.episodes} of {report.known}; --all looks at every one", file=sys.stderr)
    print(f"{report.episodes} episode{'s' * (report.episodes != 1)}, 0 problems")
    return 0


def _listen(episodes: Sequence[Episode], public: Path, options: argparse.Namespace, config: Config) -> None:
    from podcast.listen import WhisperRecogniser, read_back, worst_first
    from podcast.production import lexicon
    from podcast.publish.chapters import clock

    recogniser, words = WhisperRecogniser(options.listen), lexicon(config)
    heard: list[Heard] = []
    for episode in episodes:
        print(f"podcast: listening to {episode.id}, {len(episode.cues)} sentences", file=sys.stderr)
        heard += read_back(episode, public / episode.enclosure.url, recogniser, words)
    wrong = worst_first(heard, options.threshold)
    for each in wrong:
        print(f"{each.error:.0%} wrong at {clock(each.cue.start_seconds)} of {each.episode}")
        print(f"  expected: {each.spoken}\n  heard:    {each.heard}")
    compared = sum(each.error is not None for each in heard)
    aside = f"; {len(heard) - compared} without Chinese were not compared" if compared < len(heard) else ""
    print(f"{len(wrong)} of {compared} sentences are more than {options.threshold:.0%} wrong{aside}")
