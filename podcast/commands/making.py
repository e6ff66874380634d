"""podcast make: digests and script documents -> episodes, feed and pages."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Any

from podcast.commands.shared import config_of, public_of, tell_unset, told, wanted
from podcast.errors import ConfigError, EngineUnavailable, InputError, PodcastError, SetupError

if TYPE_CHECKING:
    from podcast.console import Display
    from podcast.draft import Source
    from podcast.pipeline import Made
    from podcast.settings import Config
    from podcast.unchanged import Unchanged
    from podcast.work import Production


@dataclass(frozen=True)
class _Task:
    """What is to be made of one show."""

    config: Config
    public: Path
    digests: Sequence[str]  # as they were named


@dataclass(frozen=True)
class _Known:
    """A file of which every edition is known to be as it should."""

    path: Path
    made: Sequence[Made]


@dataclass
class _Result:
    """What became of it."""

    name: str
    made: list[Made] = field(default_factory=list)
    failed: list[PodcastError] = field(default_factory=list)
    feed: Path | None = None


def make(options: argparse.Namespace) -> int:
    from podcast.console import Display

    results = []
    with Display(quiet=options.json) as display:
        for task in _tasks(options):
            results.append(_Result(task.config.name))
            try:
                _make_show(task, options, display, results[-1])
            except PodcastError as error:
                if not options.all:
                    raise
                if error.where is None:
                    error.where = f"show {task.config.name}"
                results[-1].failed.append(told(error))  # the other shows are made all the same
    if options.json:
        answers = [_answer(result) for result in results]
        print(json.dumps({"shows": answers} if options.all else answers[0]))
    else:
        for result in results:
            lines = [*(str(made.path) for made in result.made), *([str(result.feed)] if result.feed else [])]
            print(*lines, sep="\n", end="\n" * bool(lines))
    return max((error.exit_status for result in results for error in result.failed), default=0)


def _tasks(options: argparse.Namespace) -> list[_Task]:
    """One show with the digests that are named or that are its content, or every show with its content."""
    from podcast.sources import near

    config = config_of(options, near(options.digests[0]) if options.digests else None)
    if not options.all:
        if not (options.digests or config.content):
            raise InputError("no digest is named", hint="Name digest files or folders, or --all for every show's.")
        return [_Task(config, public_of(options, config), options.digests or _content(config))]
    if options.digests or options.show or options.output:
        raise InputError("--all takes no digest, no --show and no -o", hint="Shows name their content and output.")
    if not config.shows:
        hint = "Write a table [shows.NAME] for each show, with its content."
        raise InputError("the config has no shows", where=str(config.path or "no podcast.toml"), hint=hint)
    if idle := next((name for name, show in config.shows.items() if not show.content), None):
        where = f"{config.path}: shows.{idle}"
        raise ConfigError("the show has no content", where=where, hint='Write content = ["folder of its digests"].')
    return [_Task(show, public_of(options, show), _content(show)) for show in config.shows.values()]


def _content(config: Config) -> list[str]:
    return [str(config.resolve(name)) for name in config.content]


def _make_show(task: _Task, options: argparse.Namespace, display: Display, result: _Result) -> None:
    """Make what changed of a show's episodes, its feed and pages."""
    from podcast.audio import check_music
    from podcast.production import chosen_editions, production
    from podcast.publish import check_show, exclusive, prepare_public, publish_show
    from podcast.unchanged import Unchanged

    config, public = task.config, task.public
    tell_unset(config, options.rewrite)
    first, *others = chosen_editions(config, options.edition, options.minutes)
    work = production(
        config,
        public=public,
        engine=options.engine,
        edition=first,
        hosts=options.hosts,
        accept=frozenset(options.accept),
        rewrite=options.rewrite,
    )
    works = [work, *(replace(work, edition=other) for other in others)]  # with the same engines: a model is loaded once
    known = Unchanged(public, believe=not (options.force or options.fresh))
    sources = _readable(_each(task, options, works, known), result)
    if len(sources) > 1 and any("/" not in name for name in work.accept):
        raise InputError("--accept names no episode", hint="With several digests write --accept EPISODE/UTTERANCE.")
    check_show(work.show)
    if not all(isinstance(source, _Known) for source in sources):
        check_music(work.music, work.target)
    if sources:
        prepare_public(public)
        with exclusive(public):
            _make_each(sources, works, known, display, result, options=options)
            if result.made:
                result.feed = publish_show(public, work.show)
                known.save()


def _each(
    task: _Task, options: argparse.Namespace, works: Sequence[Production], known: Unchanged
) -> Iterator[_Known | Source | PodcastError]:
    """What was named, each read: but for files of which every episode is known to be as it should."""
    from podcast.sources import each_name, read_sources

    which = wanted(options, task.config)
    for name in each_name(task.digests):
        if isinstance(name, Path) and all(made := [known.find(name, work) for work in works]):
            yield _Known(name, [one for one in made if one])
        elif isinstance(name, PodcastError):
            yield name
        else:
            yield from read_sources([str(name)], which, timezone=works[0].timezone)


def _readable(found: Iterable[_Known | Source | PodcastError], result: _Result) -> list[_Known | Source]:
    """What can be made; what is wrong with the rest is told before anything is spoken."""
    from podcast.publish import source_name

    readable: dict[tuple[str, date], _Known | Source] = {}
    for each in found:
        if isinstance(each, PodcastError):
            result.failed.append(told(each))
            continue
        key = (
            (source_name(each.path), each.made[0].episode.published.date())
            if isinstance(each, _Known)
            else (source_name(each.digest.source), each.digest.published.date())
        )
        if key in readable:
            hint = "Make one of them, or give one another name: by name and date an episode knows its digest."
            what = f"has the name and the date of {readable[key].path}"
            result.failed.append(told(InputError(what, where=str(each.path), hint=hint)))
        else:
            readable[key] = each
    return list(readable.values())


def _make_each(
    sources: Sequence[_Known | Source],
    works: Sequence[Production],
    known: Unchanged,
    display: Display,
    result: _Result,
    *,
    options: argparse.Namespace,
) -> None:
    """Make the episodes; one that fails does not keep the others from being made, unless no engine can speak."""
    from podcast.pipeline import make_episode

    for source, (number, work) in product(sources, enumerate(works)):
        try:
            if isinstance(source, _Known):
                made = source.made[number]
            else:
                with display.episode(source.path.name) as watcher:
                    made = make_episode(source, work, force=options.force, fresh=options.fresh, watcher=watcher)
                if source.on_disk:
                    known.keep(source.path, work, made)
        except PodcastError as error:
            if source.path.name not in (error.where or ""):
                error.where = ", ".join(filter(None, (str(source.path), error.where)))
            result.failed.append(told(error))
            if isinstance(error, EngineUnavailable | SetupError):
                return
        else:
            display.made(made)
            result.made.append(made)


def _answer(result: _Result) -> dict[str, Any]:
    """What --json says of a show."""
    name = {"show": result.name} if result.name else {}
    return {**name, "episodes": [_summary(made) for made in result.made], "feed": result.feed and str(result.feed)}


def _summary(made: Made) -> dict[str, Any]:
    episode = made.episode
    return {
        "id": episode.id,
        "edition": episode.edition,
        "guid": episode.guid,
        "title": episode.title,
        "mp3": str(made.path),
        "duration_seconds": episode.duration_seconds,
        "loudness_lufs": episode.loudness_lufs,
        "true_peak_dbtp": episode.true_peak_dbtp,
        "engine": episode.engine,
        "utterances": made.utterances,
        "synthesized": made.synthesized,
        "cached": made.cached,
        "changed": made.changed,
        "left_out": list(made.left_out),
        "warnings": list(made.warnings),
        "seconds": made.seconds,
    }
