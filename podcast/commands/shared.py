"""What several commands begin and end with."""

from __future__ import annotations

import argparse
import difflib
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from podcast.errors import InputError, PodcastError

if TYPE_CHECKING:
    from podcast.settings import Config
    from podcast.sources import Wanted

STYLES = ("off", "conversation", "monologue")  # of a rewrite
ENGINES = ("auto", "edge", "kokoro", "openai")


def config_of(options: argparse.Namespace, near: Path | None = None) -> Config:
    """The config that is named, or found upward from `near` or from here; of the show that is picked.

    Raises ConfigError.
    """
    from podcast.config import find_config, load_config

    path: Path | None = options.config
    if path is None:
        start = near or Path.cwd()
        path = find_config(start if start.is_dir() else start.parent) or find_config(Path.cwd())
    config = load_config(path, os.environ)
    return one_show(config, options.show) if options.show else config


def one_show(config: Config, name: str) -> Config:
    """The config of one of its shows.  Raises InputError where there is none of this name."""
    if name in config.shows:
        return config.shows[name]
    near = difflib.get_close_matches(name, config.shows, n=1)
    known = f"It has {', '.join(config.shows)}." if config.shows else "Write a table [shows.NAME] for each show."
    hint = f"Did you mean {near[0]}?" if near else known
    raise InputError(f"the config has no show {name!r}", where=str(config.path or "no podcast.toml"), hint=hint)


def public_of(options: argparse.Namespace, config: Config) -> Path:
    """The public folder that is named, or that of the show that is picked, or ./public."""
    if options.output:
        return Path(options.output)
    return config.resolve(config.output) if config.name else Path(config.output)


def wanted(options: argparse.Namespace, config: Config) -> Wanted:
    """Which entries of a feed: the newest one, so many of them, or all from a day on."""
    from podcast.sources import Wanted

    newest = options.entries or (None if options.since else 1)
    return Wanted(newest, options.since, options.allow_private or config.fetch.allow_private)


def tell_unset(config: Config, style: str | None) -> None:
    """Say so where a rewrite is wished for and there is no one to write it."""
    rewrite = config.rewrite
    if (style or rewrite.style) != "off" and not (rewrite.base_url and rewrite.model):
        what = "rewrite.base_url and rewrite.model name no model: the template's words are spoken"
        print(f"podcast: {what}", file=sys.stderr)


def told(error: PodcastError) -> PodcastError:
    """Say it on standard error."""
    print(f"podcast: {error}", file=sys.stderr)
    return error
