"""A setting from a TOML table or the environment into its dataclass, and held against what it may be.

A key that is not known is an error that names its neighbour, at every depth.
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
from podcast.settings import ShowConfig

ENVIRONMENT_PREFIX = "PODCAST_"
T = TypeVar("T")


@dataclass(frozen=True)
class Source:
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


def overlay(part: T, table: Mapping[str, Any], keys: tuple[str, ...], source: Source) -> T:
    """The settings `part` with those of a TOML table over them: what is not given stays, at every depth."""
    hints = typing.get_type_hints(type(part))
    fields = [f.name for f in dataclasses.fields(part) if "internal" not in f.metadata]  # type: ignore[arg-type]  # every caller passes a dataclass
    values: dict[str, Any] = {}
    for name, value in table.items():
        here = (*keys, name)
        if name not in fields:
            near = difflib.get_close_matches(name, fields, n=1)
            hint = f"Did you mean {near[0]}?" if near else f"Known here: {', '.join(fields)}."
            what = f"unknown {'table' if isinstance(value, dict) else 'key'} {'.'.join(here)}"
            raise ConfigError(what, where=source.where(here), hint=hint)
        old = getattr(part, name)
        if dataclasses.is_dataclass(old):
            if not isinstance(value, dict):
                raise ConfigError(f"{'.'.join(here)} must be a table", where=source.where(here))
            values[name] = overlay(old, value, here, source)
        else:
            new = _convert(value, hints[name], here, source)
            values[name] = old | new if isinstance(old, dict) else new
    return dataclasses.replace(part, **values)  # type: ignore[type-var]  # a dataclass


def _convert(value: Any, hint: Any, keys: tuple[str, ...], source: Source) -> Any:
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


def set_key(part: T, keys: tuple[str, ...], text: str, name: str) -> T:
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
        return dataclasses.replace(part, **{head: set_key(old, rest, text, name)})  # type: ignore[type-var]  # a dataclass
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


def check(part: Any, keys: tuple[str, ...], source: Source) -> None:
    """Hold every value against the choices or limits that its key states."""
    for definition in dataclasses.fields(part):
        here, value = (*keys, definition.name), getattr(part, definition.name)
        if dataclasses.is_dataclass(value):
            check(value, here, source)
        choices, limits = definition.metadata.get("choices"), definition.metadata.get("limits")
        given = value if isinstance(value, tuple) else (value,)
        if choices and (wrong := next((one for one in given if one not in choices), None)) is not None:
            near = difflib.get_close_matches(str(wrong), map(str, choices), n=1)
            hint = f"Did you mean {near[0]!r}?" if near else f"One of: {', '.join(map(str, choices))}."
            raise ConfigError(f"{'.'.join(here)} is {wrong!r}", where=source.where(here), hint=hint)
        if limits and not limits[0] <= value <= limits[1]:
            hint = f"Use a value from {limits[0]} to {limits[1]}."
            raise ConfigError(f"{'.'.join(here)} is {value}", where=source.where(here), hint=hint)
    if isinstance(part, ShowConfig) and not re.match(r"https?://[^/\s]+", part.base_url):
        raise ConfigError(
            f"{'.'.join((*keys, 'base_url'))} is {part.base_url!r}",
            where=source.where((*keys, "base_url")),
            hint="Write the whole address, as in https://example.org/podcast/.",
        )
