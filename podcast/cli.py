"""The command line: parse, call, print.

Results go to standard output, progress and messages to standard error.  Exit status: 0 done, 1 unexpected, 2 the input
or config is wrong, 3 no engine could speak, 4 an episode failed its checks (one being made is then not published).
"""

from __future__ import annotations

import argparse
import io
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from podcast import __version__
from podcast.commands import checking, clustering, making, publishing, reading, speaking, starting
from podcast.commands.shared import ENGINES, told
from podcast.errors import InputError, PodcastError

INTERRUPTED = 130  # 128 + SIGINT, as shells have it


def main(arguments: Sequence[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")  # Chinese, whatever the locale says
    try:
        status: int = options.run(options)
        sys.stdout.flush()
    except (Exception, KeyboardInterrupt) as error:
        if options.debug:
            raise
        return _told_at_the_end(error)
    return status


def _told_at_the_end(error: BaseException) -> int:
    """Say in a line or two what ended the program; the exit status that goes with it."""
    match error:
        case PodcastError():
            return told(error).exit_status
        case KeyboardInterrupt():
            line, status = "stopped; what was spoken is kept, run it again to go on", INTERRUPTED
        case BrokenPipeError():
            # The reader of our output went away (`podcast script | head`): no one to tell.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return 0
        case OSError():
            line = f"{error.filename or 'standard output'}: {error.strerror or error}"
            status = InputError.exit_status
        case _:
            line = f"unexpected {type(error).__name__}: {error}\n  This is a defect; --debug shows where it happened."
            status = 1
    print(f"podcast: {line}", file=sys.stderr)
    return status


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="podcast", description="Turns a Chinese news digest in Markdown into a spoken podcast episode."
    )
    parser.add_argument("--version", action="version", version=f"podcast {__version__}")
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("-c", "--config", type=Path, metavar="FILE", help="podcast.toml (default: found upward)")
    common.add_argument("--debug", action="store_true", help="show a traceback when something fails")
    commands = parser.add_subparsers(metavar="COMMAND", required=True)

    def command(name: str, run: Any, description: str) -> argparse.ArgumentParser:
        sub = commands.add_parser(name, parents=[common], help=description, description=description)
        sub.set_defaults(run=run)
        return sub

    def public(sub: argparse.ArgumentParser) -> None:
        sub.add_argument("-o", "--output", type=Path, default=Path("public"), metavar="FOLDER", help="public folder")

    def engine(sub: argparse.ArgumentParser) -> None:
        sub.add_argument("--engine", choices=ENGINES, help="who speaks (default: tts.engine of the config)")

    make = command("make", making.make, "make the episodes of digests, the feed and the pages (only what changed)")
    make.add_argument("digests", nargs="+", type=Path, metavar="DIGEST", help="digest files or folders of them")
    public(make)
    engine(make)
    make.add_argument("--edition", choices=("full", "brief"), help="how much is said")
    make.add_argument("--force", action="store_true", help="make it again though nothing changed")
    make.add_argument("--accept", action="append", default=[], metavar="ID", help="take this utterance as it is")
    make.add_argument("--json", action="store_true", help="print one JSON object and nothing else")
    _make_cluster_options(make)

    script = command("script", reading.script, "print the narration of a digest, before any audio")
    script.add_argument("digest", type=Path, metavar="DIGEST")
    script.add_argument("--format", choices=("text", "json", "markdown"), default="text")
    script.add_argument("--report", action="store_true", help="show every place where spoken differs from written")
    script.add_argument("--edition", choices=("full", "brief"), help="how much is said")

    command("normalize", reading.normalize, "written lines on standard input -> spoken lines on standard output")
    command("pinyin", reading.pinyin, "sentences on standard input -> one pinyin token a character")

    say = command("say", speaking.say, "speak a sentence into a file")
    say.add_argument("text", metavar="TEXT")
    say.add_argument("-o", "--output", type=Path, required=True, metavar="FILE", help="mp3, wav, flac or ogg")
    say.add_argument("--voice", help="the engine's name of a voice (default: the anchor's)")
    engine(say)

    engine(command("voices", speaking.voices, "list the voices"))
    init = command("init", starting.init, "write podcast.toml with every setting explained")
    init.add_argument("folder", nargs="?", type=Path, default=Path())
    command("doctor", starting.doctor, "say what this machine has and lacks")
    public(command("feed", publishing.feed, "rebuild feed and pages from the episode folders"))
    publish = command(
        "publish", publishing.publish, "send the public folder to s3://bucket/prefix or to a folder, the feed last"
    )
    publish.add_argument("target", nargs="?", metavar="TARGET", help="default: publish.target of the config")
    public(publish)
    publish.add_argument("--delete", action="store_true", help="remove there what the public folder no longer has")
    publish.add_argument("--dry-run", action="store_true", help="only say what would be done")
    check = command("check", checking.check, "look at what is published: files, lengths, levels, times, guids")
    public(check)
    _check_options(check)
    _serve_options(command("serve", publishing.serve, "site, feed, downloads, and episodes on demand"), public, engine)
    _cluster_options(
        command("worker", clustering.worker, "join a cluster: make what others submit"),
        command("jobs", clustering.jobs, "jobs of a cluster: list, show, retry or cancel them"),
    )
    command("cache", speaking.cache, "what the clip cache holds; prune it").add_argument(
        "--prune", type=float, metavar="GB", help="remove the least recently used clips beyond this"
    )
    return parser


def _check_options(check: argparse.ArgumentParser) -> None:
    check.add_argument(
        "place", nargs="?", metavar="FEED", help="address of a published feed, https://…/feed.xml (or a public folder)"
    )
    check.add_argument("--episode", metavar="ID", help="look at this one only")
    check.add_argument(
        "--plot",
        type=Path,
        metavar="FILE",
        help="draw the loudness of the newest episode, or of --episode: x.png, x.svg",
    )
    check.add_argument("--all", action="store_true", help="of a published feed, all episodes (default: the newest 10)")
    check.add_argument("--deep", action="store_true", help="decode the audio and measure it again; 1 s for 10 minutes")
    check.add_argument(
        "--listen", type=Path, metavar="MODEL", help="folder of a whisper model that hears each sentence"
    )
    # Whisper base was at most 0.24 off on 78 sound sentences by kokoro, at least 0.39 where two fifths were silenced.
    check.add_argument("--threshold", type=float, default=0.3, metavar="RATE", help="of wrong syllables (default: 0.3)")


def _serve_options(serve: argparse.ArgumentParser, public: Any, engine: Any) -> None:
    public(serve)
    engine(serve)
    serve.add_argument("--host", help="address to listen on (default: serve.host)")
    serve.add_argument("--port", type=int, help="port to listen on (default: serve.port)")
    serve.add_argument("--content", type=Path, metavar="FOLDER", help="offer its digests (default: serve.content)")
    serve.add_argument("--watch", action="store_true", help="make episodes of new digests in that folder unasked")


def _make_cluster_options(make: argparse.ArgumentParser) -> None:
    make.add_argument("--cluster", action="store_true", help="let the workers of cluster.broker make them, and watch")
    make.add_argument("--backfill", action="store_true", help="with --cluster: behind everything that is more urgent")
    make.add_argument("--detach", action="store_true", help="with --cluster: submit them and return")


def _cluster_options(worker: argparse.ArgumentParser, jobs: argparse.ArgumentParser) -> None:
    worker.add_argument("shows", nargs="*", type=Path, metavar="CONFIG", help="podcast.toml of further shows")
    queues = ("interactive", "backfill", "edge", "assemble", "publish", "sweep")
    worker.add_argument("--queues", nargs="+", choices=queues, default=[], help="what to work for (default: all)")
    worker.add_argument("--processes", type=int, metavar="N", help="default: cluster.processes, else by memory")
    jobs.add_argument("action", nargs="?", choices=("list", "show", "retry", "cancel"), default="list")
    jobs.add_argument(
        "ids", nargs="*", metavar="ID", help="ids of jobs or episodes; all: retry what failed, cancel all"
    )
    jobs.add_argument("--state", help="list only these: queued, speaking, assembling, made, done, failed, cancelled")
    jobs.add_argument("--limit", type=int, default=50, metavar="N", help="list the newest (default: 50)")
    jobs.add_argument("--json", action="store_true", help="print one JSON object and nothing else")


if __name__ == "__main__":
    sys.exit(main())
