"""hugo_episode.py POST... [-o public] [-c podcast.toml]: write each post's episode into its front matter.

For a Hugo site whose posts are the digests.  After `podcast make content/posts` this puts a table `podcast` into the
YAML or TOML front matter of every post that has an episode (addresses of MP3, page and feed, length, bytes), which the
templates of deploy/hugo show as a player.  The rest of the file stays as it is, byte for byte; a second run changes
nothing; and as an episode is made from title, date and text alone, none is made again.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import sys
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import yaml  # type: ignore[import-untyped]  # has no types

from podcast.config import find_config, load_config
from podcast.digest import read_digest
from podcast.errors import DigestError, InputError, PodcastError
from podcast.models import Episode, Show
from podcast.production import show
from podcast.publish import source_name
from podcast.publish.chapters import clock
from podcast.publish.episode import read_episodes
from podcast.publish.feed import FEED, file_url, page_url
from podcast.publish.files import replace_file

KEY = "podcast"
_FRONT = re.compile(
    r"\A(?P<open>\ufeff?(?P<mark>-{3}|\+{3})[ \t]*\r?\n)(?P<front>.*?)^(?P=mark)[ \t]*\r?$", re.MULTILINE | re.DOTALL
)
# A key at the margin, with all lines below it that are indented, up to the next one.
_YAML_BLOCK = re.compile(rf"^{KEY}:.*\n(?:[ \t]+\S.*\n)*", re.MULTILINE)
_TOML_BLOCK = re.compile(rf"^\[{KEY}\][ \t\r]*\n(?:\w+ = .*\n)*", re.MULTILINE)


def fields(episode: Episode, about: Show) -> dict[str, str | int]:
    """What a template needs to know of an episode."""
    return {
        "mp3": file_url(episode.enclosure.url, about),
        "page": page_url(episode, about),
        "feed": about.base_url + FEED,
        "duration": clock(episode.duration_seconds),
        "seconds": round(episode.duration_seconds),
        "bytes": episode.enclosure.length_bytes,
    }


def with_episode(text: str, values: Mapping[str, str | int], where: str) -> str:
    """The post with these values in its front matter.  Raises InputError where it cannot be done safely."""
    match = _FRONT.match(text)
    if match is None:
        hint = "Begin it with YAML between lines --- or TOML between lines +++."
        raise InputError("has no YAML or TOML front matter", where=where, hint=hint)
    front, end = match["front"], "\r\n" if match["open"].endswith("\r\n") else "\n"
    is_yaml = match["mark"] == "---"
    # JSON's strings and whole numbers mean the same in YAML and TOML.
    pairs = {name: json.dumps(value, ensure_ascii=False) for name, value in values.items()}
    if is_yaml:
        block = end.join([f"{KEY}:", *(f"  {name}: {value}" for name, value in pairs.items()), ""])
    else:
        block = end.join([f"[{KEY}]", *(f"{name} = {value}" for name, value in pairs.items()), ""])
    pattern = _YAML_BLOCK if is_yaml else _TOML_BLOCK
    new, count = pattern.subn(lambda _: block, front, count=1)
    if not count:
        new = front + block
    wanted = {name: str(value) if is_yaml else value for name, value in values.items()}
    if _load(new, is_yaml=is_yaml) != _load(front, is_yaml=is_yaml) | {KEY: wanted}:
        hint = f"Take {KEY} out of it by hand, or write it as plain lines."
        raise InputError("the front matter would not read as it should", where=where, hint=hint)
    return text[: match.start("front")] + new + text[match.end("front") :]


def _load(front: str, *, is_yaml: bool) -> dict[str, Any]:
    """What it holds, YAML's values all as strings; of broken front matter nothing: that equals nothing asked for."""
    try:
        values = yaml.BaseLoader(front).get_single_data() if is_yaml else tomllib.loads(front.replace("\r\n", "\n"))
    except (yaml.YAMLError, tomllib.TOMLDecodeError):
        return {}
    return values if isinstance(values, dict) else {}


def posts(paths: Iterable[Path]) -> list[Path]:
    """The Markdown files that are named, and those below folders; Hugo's lists (_index.md) are none."""
    found: list[Path] = []
    for path in paths:
        found += sorted(path.rglob("*.md")) if path.is_dir() else [path]
    return [path for path in found if path.name != "_index.md"]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("posts", nargs="+", type=Path, metavar="POST", help="posts, or folders of them")
    parser.add_argument("-o", "--output", type=Path, default=Path("public"), help="public folder of `podcast make`")
    parser.add_argument("-c", "--config", type=Path, help="podcast.toml (default: found upward)")
    options = parser.parse_args()
    try:
        config = load_config(options.config or find_config(Path.cwd()), os.environ)
        about = show(config)
        episodes = {(each.source, each.published.date()): each for each in read_episodes(options.output)}
    except PodcastError as error:
        print(f"hugo_episode: {error}", file=sys.stderr)
        return error.exit_status
    status = 0
    for path in posts(options.posts):
        try:
            if write(path, episodes, about, config.show.timezone):
                print(path)
        except DigestError:
            continue  # a post that is no digest: it has no episode
        except PodcastError as error:
            print(f"hugo_episode: {error}", file=sys.stderr)
            status = error.exit_status
    return status


def write(path: Path, episodes: Mapping[tuple[str, Any], Episode], about: Show, timezone: str) -> bool:
    """Write a post's episode into it; whether that changed it."""
    episode = episodes.get((source_name(path), read_digest(path, timezone=timezone).published.date()))
    if episode is None:
        return False
    text = path.read_bytes().decode()
    return replace_file(path, with_episode(text, fields(episode, about), str(path)).encode())


if __name__ == "__main__":
    sys.exit(main())
