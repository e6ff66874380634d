"""`podcast ...` as a process: what it prints, and its exit status.

`run` forks each process from one that has imported the package, as a person's shell would start it with everything but
the two seconds of imports; `run_afresh` starts an interpreter, for what depends on its start.
"""

from __future__ import annotations

import multiprocessing
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

TIMEOUT_SECONDS = 120
_fork = multiprocessing.get_context("forkserver" if sys.platform == "linux" else "spawn")


def run(folder: Path, *arguments: str, stdin: str = "", **environment: str) -> subprocess.CompletedProcess[str]:
    _fork.set_forkserver_preload(["tests.commands_preload"])
    with tempfile.TemporaryDirectory() as name:
        places = [Path(name, stream) for stream in ("in", "out", "err")]
        places[0].write_bytes(stdin.encode())
        process = _fork.Process(target=_be_podcast, args=(folder, arguments, _environment(folder, environment), places))
        process.start()
        process.join(TIMEOUT_SECONDS)
        if process.is_alive():
            process.kill()
            raise TimeoutError(f"podcast {' '.join(arguments)}")
        output, errors = (place.read_text(encoding="utf-8") for place in places[1:])
    return subprocess.CompletedProcess(["podcast", *arguments], process.exitcode or 0, output, errors)


def run_afresh(folder: Path, *arguments: str, stdin: str = "", **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "podcast", *arguments],
        input=stdin,
        capture_output=True,
        text=True,
        cwd=folder,
        env=_environment(folder, environment),
        timeout=TIMEOUT_SECONDS,
        check=False,
    )


def _environment(folder: Path, more: Mapping[str, str]) -> dict[str, str]:
    return {**os.environ, "PODCAST_TTS__CACHE": str(folder / "cache"), **more}


def _be_podcast(folder: Path, arguments: Sequence[str], environment: Mapping[str, str], places: Sequence[Path]) -> None:
    """Become the program, with streams and surroundings of its own."""
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    for number, place in enumerate(places):
        os.dup2(os.open(place, os.O_RDWR | os.O_CREAT, 0o600), number)
    sys.stdin, sys.stdout, sys.stderr = (
        open(number, mode, encoding="utf-8", closefd=False)  # noqa: SIM115 -- as long as the process
        for number, mode in enumerate(("r", "w", "w"))
    )
    from podcast.cli import main

    status = main(list(arguments))
    sys.stdout.flush()
    sys.stderr.flush()
    sys.exit(status)
