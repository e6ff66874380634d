#!/usr/bin/env python3
"""cli_reference.py > docs/cli.md: every command and option, from the parser itself."""

from __future__ import annotations

import argparse
from collections.abc import Iterator

from podcast.cli import command_parsers

HEAD = """# Commands

Written by scripts/cli_reference.py from the program itself; `podcast COMMAND --help` says the same.

Results go to standard output, progress and messages to standard error. Exit status: 0 done, 1 a defect of ours, 2 the
input, a setting or the machine is not in order, 3 no engine could speak, 4 an episode failed its checks and was not
published, 130 stopped by Ctrl-C.

Every command takes `-c, --config FILE` (podcast.toml; otherwise it is found upward from the digest or from here) and
`--debug` (a traceback when something fails).
"""
COMMON = {"config", "debug", "help"}


def reference() -> str:
    return HEAD + "".join(section(name, parser) for name, parser in command_parsers().items())


def section(name: str, parser: argparse.ArgumentParser) -> str:
    actions = [action for action in parser._actions if action.dest not in COMMON]  # noqa: SLF001 -- argparse has no other list of them
    places = [action for action in actions if not action.option_strings]
    usage = " ".join(["podcast", name, *map(place, places)])
    rows = "".join(row(action) for action in actions if action.help is not argparse.SUPPRESS)
    table = f"\n| | |\n|---|---|\n{rows}" if rows else ""
    return f"\n## `{usage}`\n\n{sentence(parser.description or '')}\n{table}"


def place(action: argparse.Action) -> str:
    name = str(action.metavar or action.dest)
    return {"?": f"[{name}]", "+": f"{name}...", "*": f"[{name}...]"}.get(str(action.nargs), name)


def row(action: argparse.Action) -> str:
    names = ", ".join(action.option_strings) or place(action)
    value = " ".join(values(action)) if action.option_strings else ""
    return f"| `{f'{names} {value}'.strip()}` | {action.help or ''} |\n"


def values(action: argparse.Action) -> Iterator[str]:
    if action.nargs == 0:
        return
    if action.choices:
        yield "{" + ",".join(map(str, action.choices)) + "}"
    else:
        yield str(action.metavar or action.dest.upper())


def sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}."


if __name__ == "__main__":
    print(reference(), end="")
