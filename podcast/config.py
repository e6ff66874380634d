"""podcast.toml + environment -> Config.

Every key has a default that works.  A key can also be set by the environment as PODCAST_TABLE__KEY
(PODCAST_SHOW__BASE_URL, PODCAST_TTS__EDGE__PROXY), which wins over the file.  An unknown key is an error that names its
neighbour, because a setting that is silently ignored is worse than none.
"""

from __future__ import annotations

import dataclasses
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from podcast.errors import ConfigError
from podcast.overlay import ENVIRONMENT_PREFIX, Source, check, overlay, set_key
from podcast.settings import Config
from podcast.shows import EXAMPLE, SHOWS, read_shows

FILE_NAME = "podcast.toml"
_BARE_KEY = re.compile(r"""^([ \t]*)([^\s"'#=\[\]]*[^\x00-\x7f][^\s"'#=\[\]]*)([ \t]*=)""", re.MULTILINE)


def find_config(start: Path) -> Path | None:
    """The nearest podcast.toml in `start` or a folder above it."""
    start = start.resolve()
    for folder in (start, *start.parents):
        if (folder / FILE_NAME).is_file():
            return folder / FILE_NAME
    return None


def load_config(path: Path | None, environment: Mapping[str, str]) -> Config:
    """Read the file (None: defaults only) and the environment.  Raises ConfigError with file, line and what to do."""
    table: dict[str, Any] = {}
    text = ""
    if path is not None:
        try:
            text = path.read_text(encoding="utf-8-sig")
            table = _parse(text)
        except OSError as error:
            raise ConfigError(f"cannot be read: {error.strerror}", where=str(path)) from error
        except UnicodeDecodeError as error:
            raise ConfigError("is not UTF-8 text", where=str(path), hint="Save it as UTF-8.") from error
        except tomllib.TOMLDecodeError as error:
            line = re.search(r"line (\d+)", str(error))
            raise ConfigError(
                f"is not valid TOML: {error}", where=f"{path}:{line.group(1)}" if line else str(path)
            ) from error
    source = Source(path, text)
    shows = table.pop("shows", {})
    config = overlay(Config(), table, (), source)
    config = _with_environment(config, environment)
    check(config, (), source)
    config = dataclasses.replace(config, path=path)
    return dataclasses.replace(config, shows=read_shows(config, shows, environment, source))


def _parse(text: str) -> dict[str, Any]:
    """TOML, and one thing more: 重塑 = "chong2 su4" without the quotation marks that TOML wants around such a key."""
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        quoted = _BARE_KEY.sub(r'\1"\2"\3', text)
        if quoted == text:
            raise
        return tomllib.loads(quoted)


def key_lines(config: Config, table: str) -> dict[str, int]:
    """The line of each key of a table of strings, where the file has it."""
    source = Source(config.path, config.path.read_text(encoding="utf-8-sig") if config.path else "")
    lines = {
        name: source.line(("shows", config.name, table, name)) or source.line((table, name))
        for name in getattr(config, table)
    }
    return {name: line for name, line in lines.items() if line}


def _default(definition: dataclasses.Field[Any]) -> Any:
    if definition.default_factory is not dataclasses.MISSING:
        return definition.default_factory()
    return definition.default


def _with_environment(config: Config, environment: Mapping[str, str]) -> Config:
    tables = {definition.name for definition in dataclasses.fields(Config) if "internal" not in definition.metadata}
    for name, text in environment.items():
        first, *rest = name.removeprefix(ENVIRONMENT_PREFIX).split("__")
        if not name.startswith(ENVIRONMENT_PREFIX) or (not rest and first.split("_")[0].lower() not in tables):
            continue  # another program's
        if first.lower() == SHOWS and rest:
            continue  # of one show: `read_shows`
        if not rest:
            hint = f"Write {name.replace('_', '__', 2).replace('__', '_', 1)}: two underscores part table and key."
            raise ConfigError(f"{name} names no key", where="environment", hint=hint)
        # A term of the lexicon is taken as it is written; keys are lower case.
        lexicon = first.lower() == "lexicon"
        keys = (first.lower(), *(rest if lexicon else [part.lower() for part in rest]))
        config = set_key(config, keys, text, name)
    return config


def example() -> str:
    """The file that `podcast init` writes: every key with its default and what it means."""
    lines = ["# Settings of this show.  Every key may be left out; what stands here is its default.", ""]
    for table in dataclasses.fields(Config):
        if "internal" not in table.metadata:
            lines += _example_table(_default(table), (table.name,), table.metadata.get("comment"))
    return "\n".join([*lines, *EXAMPLE]).rstrip() + "\n"


def _example_table(part: Any, keys: tuple[str, ...], comment: str | None) -> list[str]:
    lines = [f"[{'.'.join(keys)}]" + (f"  # {comment}" if comment else "")]
    if isinstance(part, dict):
        return [*lines, ""]
    inner: list[str] = []
    for definition in dataclasses.fields(part):
        value = getattr(part, definition.name)
        if dataclasses.is_dataclass(value) or isinstance(value, dict):
            inner += _example_table(value, (*keys, definition.name), definition.metadata.get("comment"))
        else:
            lines.append(f"{definition.name} = {_toml(value)}  # {definition.metadata['comment']}")
    if len(lines) == 1:
        return inner
    return [*lines, "", *inner]


def _toml(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple):
        return "[" + ", ".join(_toml(part) for part in value) + "]"
    if isinstance(value, str):
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    return str(value)
