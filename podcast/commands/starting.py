"""podcast init, doctor: a new show, and what this machine has for it."""

from __future__ import annotations

import argparse

from podcast.commands.shared import config_of
from podcast.errors import InputError


def init(options: argparse.Namespace) -> int:
    from podcast.config import FILE_NAME, example

    path = options.folder / FILE_NAME
    try:
        options.folder.mkdir(parents=True, exist_ok=True)
        with path.open("x", encoding="utf-8") as file:
            file.write(example())
    except FileExistsError as error:
        raise InputError("is there already", where=str(path), hint="Edit it, or move it away first.") from error
    except OSError as error:
        raise InputError(f"cannot be written: {error.strerror}", where=str(path)) from error
    print(path)
    return 0


def doctor(options: argparse.Namespace) -> int:
    from podcast.doctor import examine

    findings = examine(config_of(options))
    for finding in findings:
        print(f"{'ok  ' if finding.well else 'LACK'}  {finding.what}")
        if finding.hint:
            print(f"      {finding.hint}")
    return 0 if all(finding.well or finding.optional for finding in findings) else 2
