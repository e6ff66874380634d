"""What several commands begin and end with."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from podcast.errors import PodcastError

if TYPE_CHECKING:
    from podcast.settings import Config
    from podcast.sources import Wanted

STYLES = ("off", "conversation", "monologue")  # of a rewrite
ENGINES = ("auto", "edge", "kokoro", "openai")


def config_of(options: argparse.Namespace, near: Path | None = None) -> Config:
    """The config that is named, or found upward from `near` or from here.  Raises ConfigError."""
    from podcast.config import find_config, load_config

    path: Path | None = options.config
    if path is None:
        start = near or Path.cwd()
        path = find_config(start if start.is_dir() else start.parent) or find_config(Path.cwd())
    return load_config(path, os.environ)


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
