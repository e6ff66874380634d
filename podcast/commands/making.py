"""podcast make: digests and script documents -> episodes, feed and pages."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterable, Sequence
from datetime import date
from typing import TYPE_CHECKING, Any

from podcast.commands.shared import config_of, tell_unset, told, wanted
from podcast.errors import EngineUnavailable, InputError, PodcastError, SetupError

if TYPE_CHECKING:
    from podcast.console import Display
    from podcast.draft import Source
    from podcast.pipeline import Made, Production


def make(options: argparse.Namespace) -> int:
    from podcast.audio import check_music
    from podcast.console import Display
    from podcast.production import production
    from podcast.publish import check_show, exclusive, prepare_public, publish_show
    from podcast.sources import near, read_sources

    config = config_of(options, near(options.digests[0]))
    told_of = read_sources(options.digests, wanted(options, config), timezone=config.show.timezone)
    digests, failed = _readable(told_of)
    accept = frozenset(options.accept)
    if len(digests) > 1 and any("/" not in name for name in accept):
        raise InputError("--accept names no episode", hint="With several digests write --accept EPISODE/UTTERANCE.")
    work = production(
        config,
        public=options.output,
        engine=options.engine,
        edition=options.edition,
        accept=accept,
        rewrite=options.rewrite,
    )
    tell_unset(config, options.rewrite)
    check_show(work.show)
    check_music(work.music, work.target)
    made: list[Made] = []
    feed = None
    if digests:
        prepare_public(work.public)
        with exclusive(work.public), Display(quiet=options.json) as display:
            failed += _make_each(digests, work, display, made, force=options.force, fresh=options.fresh)
            if made:
                feed = publish_show(work.public, work.show)
    if options.json:
        print(json.dumps({"episodes": [_summary(result) for result in made], "feed": feed and str(feed)}))
    else:
        print(*(str(result.path) for result in made), *([str(feed)] if feed else []), sep="\n", end="\n" * bool(made))
    return max((error.exit_status for error in failed), default=0)


def _readable(found: Iterable[Source | PodcastError]) -> tuple[list[Source], list[PodcastError]]:
    """What can be made, and what is wrong with the rest: told before anything is spoken."""
    from podcast.publish import source_name

    readable: dict[tuple[str, date], Source] = {}
    failed: list[PodcastError] = []
    for source in found:
        if isinstance(source, PodcastError):
            failed.append(told(source))
            continue
        key = source_name(source.digest.source), source.digest.published.date()
        if key in readable:
            hint = "Make one of them, or give one another name: by name and date an episode knows its digest."
            what = f"has the name and the date of {readable[key].path}"
            failed.append(told(InputError(what, where=str(source.path), hint=hint)))
        else:
            readable[key] = source
    return list(readable.values()), failed


def _make_each(
    sources: Sequence[Source], work: Production, display: Display, made: list[Made], *, force: bool, fresh: bool
) -> list[PodcastError]:
    """Make the episodes; one that fails does not keep the others from being made, unless no engine can speak."""
    from podcast.pipeline import make_episode

    failed = []
    for source in sources:
        try:
            with display.episode(source.path.name) as watcher:
                result = make_episode(source, work, force=force, fresh=fresh, watcher=watcher)
        except PodcastError as error:
            if source.path.name not in (error.where or ""):
                error.where = ", ".join(filter(None, (str(source.path), error.where)))
            failed.append(told(error))
            if isinstance(error, EngineUnavailable | SetupError):
                break
        else:
            display.made(result)
            made.append(result)
    return failed


def _summary(made: Made) -> dict[str, Any]:
    episode = made.episode
    return {
        "id": episode.id,
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
        "warnings": list(made.warnings),
        "seconds": made.seconds,
    }
