"""podcast make: digests -> episodes, feed and pages."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterable, Sequence
from datetime import date
from typing import TYPE_CHECKING, Any

from podcast.commands.shared import config_of, told, wanted
from podcast.errors import EngineUnavailable, InputError, PodcastError, SetupError

if TYPE_CHECKING:
    from podcast.console import Display
    from podcast.models import Digest
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
    work = production(config, public=options.output, engine=options.engine, edition=options.edition, accept=accept)
    check_show(work.show)
    check_music(work.music, work.target)
    made: list[Made] = []
    feed = None
    if digests:
        prepare_public(work.public)
        with exclusive(work.public), Display(quiet=options.json) as display:
            failed += _make_each(digests, work, display, made, force=options.force)
            if made:
                feed = publish_show(work.public, work.show)
    if options.json:
        print(json.dumps({"episodes": [_summary(result) for result in made], "feed": feed and str(feed)}))
    else:
        print(*(str(result.path) for result in made), *([str(feed)] if feed else []), sep="\n", end="\n" * bool(made))
    return max((error.exit_status for error in failed), default=0)


def _readable(found: Iterable[Digest | PodcastError]) -> tuple[list[Digest], list[PodcastError]]:
    """The digests, and what is wrong with what is none: told before anything is spoken."""
    from podcast.publish import source_name

    readable: dict[tuple[str, date], Digest] = {}
    failed: list[PodcastError] = []
    for digest in found:
        if isinstance(digest, PodcastError):
            failed.append(told(digest))
            continue
        key = source_name(digest.source), digest.published.date()
        if key in readable:
            hint = "Give one of them another name: by name and date an episode knows its digest."
            what = f"has the name and the date of {readable[key].source}"
            failed.append(told(InputError(what, where=str(digest.source), hint=hint)))
        else:
            readable[key] = digest
    return list(readable.values()), failed


def _make_each(
    digests: Sequence[Digest], work: Production, display: Display, made: list[Made], *, force: bool
) -> list[PodcastError]:
    """Make the episodes; one that fails does not keep the others from being made, unless no engine can speak."""
    from podcast.pipeline import make_episode

    failed = []
    for digest in digests:
        try:
            with display.episode(digest.source.name) as watcher:
                result = make_episode(digest, work, force=force, watcher=watcher)
        except PodcastError as error:
            if digest.source.name not in (error.where or ""):
                error.where = ", ".join(filter(None, (str(digest.source), error.where)))
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
