"""podcast.toml + environment -> Config.

Every key has a default that works.  A key can also be set by the environment as PODCAST_TABLE__KEY
(PODCAST_SHOW__BASE_URL, PODCAST_TTS__EDGE__PROXY), which wins over the file.  An unknown key is an error that names its
neighbour, because a setting that is silently ignored is worse than none.
"""

from __future__ import annotations

import dataclasses
import difflib
import re
import tomllib
import types
import typing
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from podcast.errors import ConfigError
from podcast.settings import Config

FILE_NAME = "podcast.toml"
ENVIRONMENT_PREFIX = "PODCAST_"
_BARE_KEY = re.compile(r"""^([ \t]*)([^\s"'#=\[\]]*[^\x00-\x7f][^\s"'#=\[\]]*)([ \t]*=)""", re.MULTILINE)
T = TypeVar("T")


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
    source = _Source(path, text)
    config = _build(Config, table, (), source)
    config = _with_environment(config, environment)
    _check(config, (), source)
    return dataclasses.replace(config, path=path)


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
    source = _Source(config.path, config.path.read_text(encoding="utf-8-sig") if config.path else "")
    lines = {name: source.line((table, name)) for name in getattr(config, table)}
    return {name: line for name, line in lines.items() if line}


@dataclass(frozen=True)
class _Source:
    """Where a key stands, for messages."""

    path: Path | None
    text: str

    def where(self, keys: tuple[str, ...]) -> str:
        name = str(self.path) if self.path else ENVIRONMENT_PREFIX + "__".join(keys).upper()
        line = self.line(keys)
        return f"{name}:{line}" if line else name

    def line(self, keys: tuple[str, ...]) -> int | None:
        table = ".".join(keys[:-1])
        current = ""
        for number, line in enumerate(self.text.splitlines(), start=1):
            header = re.match(r"\s*\[\s*([^\[\]]+?)\s*\]", line)
            if header:
                current = header.group(1).replace('"', "")
                if current == ".".join(keys):
                    return number
            elif current == table and re.match(rf'\s*"?{re.escape(keys[-1])}"?\s*=', line):
                return number
        return None


def _build(kind: type[T], table: Mapping[str, Any], keys: tuple[str, ...], source: _Source) -> T:
    hints = typing.get_type_hints(kind)
    fields = {f.name: f for f in dataclasses.fields(kind) if "internal" not in f.metadata}  # type: ignore[arg-type]  # every caller passes a dataclass
    values: dict[str, Any] = {}
    for name, value in table.items():
        here = (*keys, name)
        if name not in fields:
            near = difflib.get_close_matches(name, list(fields), n=1)
            hint = f"Did you mean {near[0]}?" if near else f"Known here: {', '.join(fields)}."
            what = f"unknown {'table' if isinstance(value, dict) else 'key'} {'.'.join(here)}"
            raise ConfigError(what, where=source.where(here), hint=hint)
        expected = hints[name]
        if dataclasses.is_dataclass(expected) and isinstance(expected, type):
            if not isinstance(value, dict):
                raise ConfigError(f"{'.'.join(here)} must be a table", where=source.where(here))
            default = _default(fields[name])
            values[name] = _merge(default, _build(expected, value, here, source), value)
        else:
            values[name] = _convert(value, expected, here, source)
    return kind(**values)


def _default(definition: dataclasses.Field[Any]) -> Any:
    if definition.default_factory is not dataclasses.MISSING:
        return definition.default_factory()
    return definition.default


def _merge(default: Any, built: Any, given: Mapping[str, Any]) -> Any:
    """Keep the field's own defaults (the commentator's voices are not the anchor's) for what is not given."""
    return dataclasses.replace(default, **{name: getattr(built, name) for name in given})


def _convert(value: Any, hint: Any, keys: tuple[str, ...], source: _Source) -> Any:
    origin = typing.get_origin(hint)
    if hint is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if origin is tuple:
        if isinstance(value, str):
            return tuple(part.strip() for part in value.split(">"))
        if isinstance(value, list) and all(isinstance(part, str) for part in value):
            return tuple(value)
        raise ConfigError(f"{'.'.join(keys)} must be a list of strings", where=source.where(keys))
    if origin is dict:
        inner = typing.get_args(hint)[1]
        if not isinstance(value, dict) or (inner is str and not all(isinstance(v, str) for v in value.values())):
            raise ConfigError(f"{'.'.join(keys)} must be a table of strings", where=source.where(keys))
        return dict(value)
    expected = hint if isinstance(hint, type) else types.NoneType
    if type(value) is not expected:
        names = {str: "a string", int: "a whole number", float: "a number", bool: "true or false"}
        raise ConfigError(f"{'.'.join(keys)} must be {names.get(expected, expected)}", where=source.where(keys))
    return value


def _with_environment(config: Config, environment: Mapping[str, str]) -> Config:
    tables = {definition.name for definition in dataclasses.fields(Config)}
    for name, text in environment.items():
        first, *rest = name.removeprefix(ENVIRONMENT_PREFIX).split("__")
        if not name.startswith(ENVIRONMENT_PREFIX) or (not rest and first.split("_")[0].lower() not in tables):
            continue  # another program's
        if not rest:
            hint = f"Write {name.replace('_', '__', 2).replace('__', '_', 1)}: two underscores part table and key."
            raise ConfigError(f"{name} names no key", where="environment", hint=hint)
        # A term of the lexicon is taken as it is written; keys are lower case.
        lexicon = first.lower() == "lexicon"
        keys = (first.lower(), *(rest if lexicon else [part.lower() for part in rest]))
        config = _set(config, keys, text, name)
    return config


def _set(part: T, keys: tuple[str, ...], text: str, name: str) -> T:
    hints = typing.get_type_hints(type(part))
    head, rest = keys[0], keys[1:]
    if head not in hints or "internal" in type(part).__dataclass_fields__[head].metadata:  # type: ignore[attr-defined]  # a dataclass
        near = difflib.get_close_matches(head, hints, n=1)
        hint = f"Did you mean {near[0].upper()}?" if near else f"Known: {', '.join(hints).upper()}."
        raise ConfigError(f"{name} sets an unknown key", where="environment", hint=hint)
    old = getattr(part, head)
    if dataclasses.is_dataclass(old) != bool(rest) and not isinstance(old, dict):
        what = "is a table" if dataclasses.is_dataclass(old) else "has no keys below it"
        raise ConfigError(f"{name}: {head} {what}", where="environment", hint="Name one key of a table.")
    if dataclasses.is_dataclass(old):
        return dataclasses.replace(part, **{head: _set(old, rest, text, name)})  # type: ignore[type-var]  # a dataclass
    value: Any = text
    try:
        if isinstance(old, bool):
            value = {"true": True, "false": False, "1": True, "0": False}[text.lower()]
        elif isinstance(old, int):
            value = int(text)
        elif isinstance(old, float):
            value = float(text)
        elif isinstance(old, dict):
            value = old | tomllib.loads(text) if not rest else old | {rest[0]: text}
        elif isinstance(old, tuple):
            value = tuple(part.strip() for part in text.split(">"))
    except (ValueError, KeyError) as error:
        raise ConfigError(f"{name}={text!r} is not a {type(old).__name__}", where="environment") from error
    return dataclasses.replace(part, **{head: value})  # type: ignore[type-var]  # a dataclass


def _check(part: Any, keys: tuple[str, ...], source: _Source) -> None:
    """Hold every value against the choices or limits that its key states."""
    for definition in dataclasses.fields(part):
        here, value = (*keys, definition.name), getattr(part, definition.name)
        if dataclasses.is_dataclass(value):
            _check(value, here, source)
        choices, limits = definition.metadata.get("choices"), definition.metadata.get("limits")
        if choices and value not in choices:
            near = difflib.get_close_matches(str(value), map(str, choices), n=1)
            hint = f"Did you mean {near[0]!r}?" if near else f"One of: {', '.join(map(str, choices))}."
            raise ConfigError(f"{'.'.join(here)} is {value!r}", where=source.where(here), hint=hint)
        if limits and not limits[0] <= value <= limits[1]:
            hint = f"Use a value from {limits[0]} to {limits[1]}."
            raise ConfigError(f"{'.'.join(here)} is {value}", where=source.where(here), hint=hint)
    if keys == ("show",) and not re.match(r"https?://[^/\s]+", part.base_url):
        raise ConfigError(
            f"show.base_url is {part.base_url!r}",
            where=source.where(("show", "base_url")),
            hint="Write the whole address, as in https://example.org/podcast/.",
        )


def example() -> str:
    """The file that `podcast init` writes: every key with its default and what it means."""
    lines = ["# Settings of this show.  Every key may be left out; what stands here is its default.", ""]
    for table in dataclasses.fields(Config):
        if "internal" not in table.metadata:
            lines += _example_table(_default(table), (table.name,), table.metadata.get("comment"))
    return "\n".join(lines).rstrip() + "\n"


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
