"""podcast make: digests -> episodes, feed and pages."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from podcast.commands.shared import config_of, told
from podcast.errors import DigestError, EngineUnavailable, InputError, PodcastError, SetupError

if TYPE_CHECKING:
    from podcast.console import Display
    from podcast.pipeline import Made, Production


def make(options: argparse.Namespace) -> int:
    if options.cluster:
        from podcast.commands.clustering import make_on_cluster

        return make_on_cluster(options)
    from podcast.audio import check_music
    from podcast.console import Display
    from podcast.production import production
    from podcast.publish import check_show, exclusive, prepare_public, publish_show

    config = config_of(options, options.digests[0])
    digests, failed = readable(digest_files(options.digests), config.show.timezone)
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


def readable(paths: Sequence[Path], timezone: str) -> tuple[list[Path], list[PodcastError]]:
    """The files that are digests, and what is wrong with the others: told before anything is spoken."""
    from podcast.digest import read_digest
    from podcast.publish import source_name

    readable: dict[tuple[str, date], Path] = {}
    failed: list[PodcastError] = []
    for path in paths:
        try:
            day = read_digest(path, timezone=timezone).published.date()
            other = readable.setdefault((source_name(path), day), path)
            if other != path:
                hint = "Give one of them another name: by name and date an episode knows its digest."
                raise InputError(f"has the name and the date of {other}", where=str(path), hint=hint)
        except PodcastError as error:
            failed.append(told(error))
    return list(readable.values()), failed


def _make_each(
    digests: Sequence[Path], work: Production, display: Display, made: list[Made], *, force: bool
) -> list[PodcastError]:
    """Make the episodes; one that fails does not keep the others from being made, unless no engine can speak."""
    from podcast.pipeline import make_episode

    failed = []
    for path in digests:
        try:
            with display.episode(path.name) as watcher:
                result = make_episode(path, work, force=force, watcher=watcher)
        except PodcastError as error:
            if path.name not in (error.where or ""):
                error.where = ", ".join(filter(None, (str(path), error.where)))
            failed.append(told(error))
            if isinstance(error, EngineUnavailable | SetupError):
                break
        else:
            display.made(result)
            made.append(result)
    return failed


def digest_files(paths: Sequence[Path]) -> list[Path]:
    """The digests that are named, those of a folder in order of name."""
    files: list[Path] = []
    for path in paths:
        if path.is_dir():
            found = sorted(file for file in path.glob("*.md") if not file.name.startswith(("_", ".", "README")))
            if not found:
                raise DigestError("the folder has no digest: looked for *.md", where=str(path))
            files += found
        else:
            files.append(path)
    return files


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
