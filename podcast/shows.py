"""Several shows from one file: a table [shows.NAME] for each, over the settings of the whole file.

Folder, address and target of publishing are each show's own even where its table is silent, for no two may share them:
public/NAME, base_url + NAME/, target/NAME.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from dataclasses import fields, replace
from typing import Any

from podcast.errors import ConfigError
from podcast.overlay import ENVIRONMENT_PREFIX, Source, check, overlay, set_key
from podcast.settings import Config, OneShowConfig

SHOWS = "shows"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")  # a folder and a part of an address
_TABLES = tuple(field.name for field in fields(OneShowConfig) if field.name not in ("content", "output"))
EXAMPLE = f"""\
# Several shows from this file: a table [shows.NAME] for each.  What it does not say is as above.  `podcast make --all`
# makes the digests of every show, `--show NAME` picks one for any command.
#
# [shows.tech]
# content = ["digests/tech"]  # folders of its digests, or single files
# output = "public/tech"  # its public folder; this one where it is left out, for no two shows may share one
#
# [shows.tech.show]  # and so on: shows.tech. before {", ".join(_TABLES[1:])}
# title = "科技早报"
# base_url = "http://127.0.0.1:8000/tech/"  # show.base_url of the whole file and the name, where it is left out
""".splitlines()


def read_shows(config: Config, tables: Any, environment: Mapping[str, str], source: Source) -> dict[str, Config]:
    """The Config of each show: the file's, its table's over that, its environment's over both.  Raises ConfigError.

    PODCAST_SHOWS__TECH__SHOW__TITLE is of one show; PODCAST_SHOW__TITLE is of the file: a show's table wins over it.
    """
    if not isinstance(tables, dict) or not all(isinstance(table, dict) for table in tables.values()):
        raise ConfigError("shows must hold tables", where=source.where((SHOWS,)), hint="Write [shows.NAME].")
    result = {}
    own = _of_environment(tuple(tables), environment)
    for name, table in tables.items():
        if not _NAME.fullmatch(name):
            hint = "Its folder and its address have this name: use Latin letters, digits, - and _."
            raise ConfigError(f"{name!r} cannot be a show's name", where=source.where((SHOWS, name)), hint=hint)
        part = overlay(_inherited(config, name), table, (SHOWS, name), source)
        for variable, keys in own[name]:
            part = set_key(part, keys, environment[variable], variable)
        check(part, (SHOWS, name), source)
        values = {table: getattr(part, table) for table in _TABLES}
        output = part.output or _output(name)
        result[name] = replace(config, **values, name=name, content=part.content, output=output, shows={})
    _keep_apart(result, source)
    return result


def _inherited(config: Config, name: str) -> OneShowConfig:
    """What a show has of the file: all but what makes it itself."""
    target = config.publish.target
    return OneShowConfig(
        output=_output(name),
        show=replace(config.show, guid="", base_url=f"{config.show.base_url.rstrip('/')}/{name}/"),
        publish=replace(config.publish, target=f"{target.rstrip('/')}/{name}" if target else ""),
        **{table: getattr(config, table) for table in _TABLES if table not in ("show", "publish")},
    )


def _output(name: str) -> str:
    return f"public/{name}"


def _of_environment(
    names: tuple[str, ...], environment: Mapping[str, str]
) -> dict[str, list[tuple[str, tuple[str, ...]]]]:
    """For each show the variables that are its own, and the keys they name."""
    found: dict[str, list[tuple[str, tuple[str, ...]]]] = {name: [] for name in names}
    by_variable = {name.upper().replace("-", "_"): name for name in names}
    prefix = f"{ENVIRONMENT_PREFIX}{SHOWS.upper()}__"
    for variable in environment:
        if not variable.upper().startswith(prefix):
            continue
        show, *rest = variable[len(prefix) :].split("__")
        name = by_variable.get(show.upper().replace("-", "_"))
        if name is None or not rest:
            near = difflib.get_close_matches(show.upper(), by_variable, n=1)
            hint = f"Did you mean {near[0]}?" if near else f"Shows: {', '.join(names) or 'none'}."
            what = f"{variable} names no key" if name else f"{variable} is of an unknown show"
            raise ConfigError(what, where="environment", hint="Name one of its keys." if name else hint)
        terms = rest[0].lower() == "lexicon"  # are taken as they are written; keys are lower case
        found[name].append((variable, (rest[0].lower(), *(rest[1:] if terms else [key.lower() for key in rest[1:]]))))
    return found


def _keep_apart(shows: Mapping[str, Config], source: Source) -> None:
    """Raise ConfigError where two shows would write to one folder or be one feed."""
    folders: dict[Any, str] = {}
    addresses: dict[Any, str] = {}
    for name, config in shows.items():
        folder, address = config.resolve(config.output).resolve(), config.show.base_url.rstrip("/").lower()
        if (other := folders.setdefault(folder, name)) != name:
            what, hint = f"the shows {other} and {name} have the same public folder", "Give one another output."
            raise ConfigError(f"{what}: {folder}", where=source.where((SHOWS, name, "output")), hint=hint)
        if (other := addresses.setdefault(address, name)) != name:
            what, hint = f"the shows {other} and {name} have the same address", "Give one another show.base_url."
            where = source.where((SHOWS, name, "show", "base_url"))
            raise ConfigError(f"{what}: {config.show.base_url}", where=where, hint=hint)
