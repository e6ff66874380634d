"""The command line: parse, call, print.

Results go to standard output, progress and messages to standard error.  Exit status: 0 done, 1 unexpected, 2 the input
or config is wrong, 3 no engine could speak, 4 an episode failed its checks (one being made is then not published).
"""

from __future__ import annotations

import argparse
import io
import json
import os
import sys
from collections.abc import Container, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from podcast import __version__
from podcast.errors import (
    ConfigError,
    DigestError,
    EngineUnavailable,
    InputError,
    PodcastError,
    QualityError,
    SetupError,
)

if TYPE_CHECKING:
    from podcast.console import Display
    from podcast.listen import Heard
    from podcast.models import Episode
    from podcast.pipeline import Made, Production
    from podcast.publish.check import Problem
    from podcast.publish.upload import Tell
    from podcast.settings import Config

ENGINES = ("auto", "edge", "kokoro", "openai")
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
            return _told(error).exit_status
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

    make = command("make", _make, "make the episodes of digests, the feed and the pages (only what changed)")
    make.add_argument("digests", nargs="+", type=Path, metavar="DIGEST", help="digest files or folders of them")
    public(make)
    engine(make)
    make.add_argument("--edition", choices=("full", "brief"), help="how much is said")
    make.add_argument("--force", action="store_true", help="make it again though nothing changed")
    make.add_argument("--accept", action="append", default=[], metavar="ID", help="take this utterance as it is")
    make.add_argument("--json", action="store_true", help="print one JSON object and nothing else")

    script = command("script", _script, "print the narration of a digest, before any audio")
    script.add_argument("digest", type=Path, metavar="DIGEST")
    script.add_argument("--format", choices=("text", "json", "markdown"), default="text")
    script.add_argument("--report", action="store_true", help="show every place where spoken differs from written")
    script.add_argument("--edition", choices=("full", "brief"), help="how much is said")

    command("normalize", _normalize, "written lines on standard input -> spoken lines on standard output")
    command("pinyin", _pinyin, "sentences on standard input -> one pinyin token a character")

    say = command("say", _say, "speak a sentence into a file")
    say.add_argument("text", metavar="TEXT")
    say.add_argument("-o", "--output", type=Path, required=True, metavar="FILE", help="mp3, wav, flac or ogg")
    say.add_argument("--voice", help="the engine's name of a voice (default: the anchor's)")
    engine(say)

    engine(command("voices", _voices, "list the voices"))
    init = command("init", _init, "write podcast.toml with every setting explained")
    init.add_argument("folder", nargs="?", type=Path, default=Path())
    command("doctor", _doctor, "say what this machine has and lacks")
    public(command("feed", _feed, "rebuild feed and pages from the episode folders"))
    publish = command("publish", _publish, "send the public folder to s3://bucket/prefix or to a folder, the feed last")
    publish.add_argument("target", nargs="?", metavar="TARGET", help="default: publish.target of the config")
    public(publish)
    publish.add_argument("--delete", action="store_true", help="remove there what the public folder no longer has")
    publish.add_argument("--dry-run", action="store_true", help="only say what would be done")
    check = command("check", _check, "look at what is published: files, lengths, levels, times, guids")
    public(check)
    _check_options(check)
    _serve_options(command("serve", _serve, "site, feed, downloads, and episodes on demand"), public, engine)
    cache = command("cache", _cache, "what the clip cache holds; prune it")
    cache.add_argument("--prune", type=float, metavar="GB", help="remove the least recently used clips beyond this")
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


def _config(options: argparse.Namespace, near: Path | None = None) -> Config:
    from podcast.config import find_config, load_config

    path: Path | None = options.config
    if path is None:
        start = near or Path.cwd()
        path = find_config(start if start.is_dir() else start.parent) or find_config(Path.cwd())
    return load_config(path, os.environ)


def _make(options: argparse.Namespace) -> int:
    from podcast.audio import check_music
    from podcast.console import Display
    from podcast.production import production
    from podcast.publish import check_show, exclusive, prepare_public, publish_show

    config = _config(options, options.digests[0])
    digests, failed = _readable(_digest_files(options.digests), config.show.timezone)
    accept = frozenset(options.accept)
    if len(digests) > 1 and any("/" not in name for name in accept):
        raise InputError("--accept names no episode", hint="With several digests write --accept EPISODE/UTTERANCE.")
    work = production(config, public=options.output, engine=options.engine, edition=options.edition, accept=accept)
    check_show(work.show)
    check_music(work.music, work.target)
    made: list[Made] = []
    feed = None
    if digests:
        prepare_public(work.public)
        with exclusive(work.public), Display(quiet=options.json) as display:
            failed += _make_each(digests, work, display, made, force=options.force)
            if made:
                feed = publish_show(work.public, work.show)
    if options.json:
        print(json.dumps({"episodes": [_summary(result) for result in made], "feed": feed and str(feed)}))
    else:
        print(*(str(result.path) for result in made), *([str(feed)] if feed else []), sep="\n", end="\n" * bool(made))
    return max((error.exit_status for error in failed), default=0)


def _readable(paths: Sequence[Path], timezone: str) -> tuple[list[Path], list[PodcastError]]:
    """The files that are digests, and what is wrong with the others: told before anything is spoken."""
    from podcast.digest import read_digest
    from podcast.publish import source_name

    readable: dict[tuple[str, date], Path] = {}
    failed: list[PodcastError] = []
    for path in paths:
        try:
            day = read_digest(path, timezone=timezone).published.date()
            other = readable.setdefault((source_name(path), day), path)
            if other != path:
                hint = "Give one of them another name: by name and date an episode knows its digest."
                raise InputError(f"has the name and the date of {other}", where=str(path), hint=hint)
        except PodcastError as error:
            failed.append(_told(error))
    return list(readable.values()), failed


def _make_each(
    digests: Sequence[Path], work: Production, display: Display, made: list[Made], *, force: bool
) -> list[PodcastError]:
    """Make the episodes; one that fails does not keep the others from being made, unless no engine can speak."""
    from podcast.pipeline import make_episode

    failed = []
    for path in digests:
        try:
            with display.episode(path.name) as watcher:
                result = make_episode(path, work, force=force, watcher=watcher)
        except PodcastError as error:
            if path.name not in (error.where or ""):
                error.where = ", ".join(filter(None, (str(path), error.where)))
            failed.append(_told(error))
            if isinstance(error, EngineUnavailable | SetupError):
                break
        else:
            display.made(result)
            made.append(result)
    return failed


def _told(error: PodcastError) -> PodcastError:
    print(f"podcast: {error}", file=sys.stderr)
    return error


def _digest_files(paths: Sequence[Path]) -> list[Path]:
    """The digests that are named, those of a folder in order of name."""
    files: list[Path] = []
    for path in paths:
        if path.is_dir():
            found = sorted(file for file in path.glob("*.md") if not file.name.startswith(("_", ".", "README")))
            if not found:
                raise DigestError("the folder has no digest: looked for *.md", where=str(path))
            files += found
        else:
            files.append(path)
    return files


def _summary(made: Made) -> dict[str, Any]:
    episode = made.episode
    return {
        "id": episode.id,
        "guid": episode.guid,
        "title": episode.title,
        "mp3": str(made.path),
        "duration_seconds": episode.duration_seconds,
        "loudness_lufs": episode.loudness_lufs,
        "true_peak_dbtp": episode.true_peak_dbtp,
        "engine": episode.engine,
        "utterances": made.utterances,
        "synthesized": made.synthesized,
        "cached": made.cached,
        "changed": made.changed,
        "warnings": list(made.warnings),
        "seconds": made.seconds,
    }


def _script(options: argparse.Namespace) -> int:
    from podcast.console import print_report, print_script
    from podcast.digest import read_digest
    from podcast.production import existing, lexicon, show
    from podcast.script import write_script
    from podcast.text import narrate
    from podcast.text.normalize import read
    from podcast.text.report import report

    config = _config(options, options.digest)
    words = lexicon(config)
    digest = read_digest(options.digest, timezone=config.show.timezone)
    about = show(config)
    draft = write_script(
        digest,
        show_title=about.title,
        disclosure=about.disclosure,
        edition=options.edition or config.script.edition,
        templates=existing(config, config.script.templates, "script.templates"),
    )
    script = narrate(draft, words, unit="sentence", max_characters=90)
    for warning in digest.warnings:
        print(f"podcast: {options.digest}: {warning}", file=sys.stderr)
    if options.report:
        texts = [sentence.text for utterance in script.utterances for sentence in utterance.sentences]
        print_report(report((text, read(text, words)) for text in texts), options.format)
    else:
        print_script(script, options.format)
    return 0


def _normalize(options: argparse.Namespace) -> int:
    from podcast.production import lexicon
    from podcast.text.normalize import normalize

    words = lexicon(_config(options))
    for line in _lines():
        print(normalize(line, words), flush=True)
    return 0


def _pinyin(options: argparse.Namespace) -> int:
    from podcast.production import lexicon
    from podcast.text.g2p import pinyin

    words = lexicon(_config(options))
    for line in _lines():
        print(" ".join(pinyin(line, words.readings)), flush=True)
    return 0


def _lines() -> Any:
    """Lines of standard input without their ends; bytes that are no UTF-8 are replaced, so that one line stays one."""
    for line in sys.stdin.buffer:
        yield line.decode("utf-8", "replace").rstrip("\r\n")


def _say(options: argparse.Namespace) -> int:
    from podcast.audition import say
    from podcast.production import clip_cache, lexicon, roster

    config = _config(options)
    clip = say(
        options.text,
        options.output,
        roster=roster(config, options.engine, alone=True),
        cache=clip_cache(config),
        lexicon=lexicon(config),
        voice=options.voice,
    )
    print(f"{clip.engine}, {clip.duration_seconds:.1f} s: {clip.spoken}", file=sys.stderr)
    print(options.output)
    return 0


def _voices(options: argparse.Namespace) -> int:
    from podcast.production import engine

    config = _config(options)
    names = ENGINES[1:] if options.engine in (None, "auto") else (options.engine,)
    for name in names:
        chosen = {
            getattr(config.voices.anchor, name): "anchor",
            getattr(config.voices.commentator, name): "commentator",
        }
        for voice in engine(config, name).voices():
            print(f"{name:8}{voice:32}{chosen.get(voice, '')}".rstrip())
    return 0


def _init(options: argparse.Namespace) -> int:
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


def _doctor(options: argparse.Namespace) -> int:
    from podcast.doctor import examine

    findings = examine(_config(options))
    for finding in findings:
        print(f"{'ok  ' if finding.well else 'LACK'}  {finding.what}")
        if finding.hint:
            print(f"      {finding.hint}")
    return 0 if all(finding.well or finding.optional for finding in findings) else 2


def _feed(options: argparse.Namespace) -> int:
    from podcast.production import show
    from podcast.publish import exclusive, publish_show

    with exclusive(options.output):
        print(publish_show(options.output, show(_config(options))))
    return 0


def _serve(options: argparse.Namespace) -> int:
    config = _config(options)
    try:
        from podcast.serve.command import serve
    except ModuleNotFoundError as error:
        hint = 'Install it: pip install "digestcast[serve]"'
        raise SetupError(f"the server is not installed ({error})", hint=hint) from error
    serve(
        config,
        options.output,
        host=options.host,
        port=options.port,
        engine=options.engine,
        content=options.content,
        watch=options.watch,
    )
    return 0


def _publish(options: argparse.Namespace) -> int:
    from podcast.production import show
    from podcast.publish import check_public, exclusive, publish_show
    from podcast.publish.episode import quality_error
    from podcast.publish.storage import open_store
    from podcast.publish.upload import upload
    from podcast.settings import ShowConfig

    config = _config(options)
    target = options.target or config.publish.target
    if not target:
        raise InputError("no target is named", hint="Write podcast publish s3://bucket/prefix, or set publish.target.")
    if not options.target and "://" not in target:
        target = str(config.resolve(target))
    about = show(config)
    if about.base_url == ShowConfig().base_url:
        what, hint = (
            "show.base_url is not set: the feed would lead apps to this machine",
            "Set it to the target's address.",
        )
        raise ConfigError(what, where=str(config.path or "no podcast.toml was found"), hint=hint)
    write = not options.dry_run
    with exclusive(options.output), open_store(target, public=options.output, write=write) as store:
        if write:
            publish_show(options.output, about)
        elif problems := check_public(options.output, about):
            raise quality_error(problems)
        with _sending() as tell:
            done = upload(options.output, store, delete=options.delete, dry_run=options.dry_run, tell=tell)
    if options.dry_run:
        print(*(f"send    {key}" for key in done.sent), sep="\n", end="\n" * bool(done.sent))
        print(*(f"remove  {key}" for key in done.removed), sep="\n", end="\n" * bool(done.removed))
    counts = f"{len(done.sent)} sent ({done.sent_bytes / 1e6:.1f} MB), {done.unchanged} unchanged"
    print(f"{store.name}: {'would be ' * options.dry_run}{counts}, {len(done.removed)} removed")
    if done.kept and options.dry_run:
        print(f"podcast: {len(done.kept)} more are there; --delete would remove them", file=sys.stderr)
    return 0


@contextmanager
def _sending() -> Iterator[Tell]:
    """A bar on a terminal, nothing elsewhere."""
    from rich.console import Console
    from rich.markup import escape
    from rich.progress import Progress

    console = Console(stderr=True)
    with Progress(console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("publishing", total=None)

        def tell(key: str, sent_bytes: int, total_bytes: int) -> None:
            bar.update(task, description=escape(key), total=total_bytes, advance=sent_bytes)

        yield tell


def _check(options: argparse.Namespace) -> int:
    from podcast.production import show
    from podcast.publish import check_public
    from podcast.publish.episode import EPISODES, read_episodes

    config = _config(options)
    if options.place and "://" in options.place:
        return _check_address(options, config)
    public = Path(options.place) if options.place else options.output
    episodes = [each for each in read_episodes(public) if options.episode in (None, each.id)]
    if not episodes:
        raise InputError("there is no such episode", where=str(public / EPISODES / (options.episode or "")))
    problems = check_public(public, show(config))
    if options.deep:
        problems += _deep(episodes, public, config, skip={problem.where for problem in problems})
    problems = [problem for problem in problems if options.episode in (None, problem.where)]
    if problems:
        print(*problems, sep="\n")
        return QualityError.exit_status
    print(f"{len(episodes)} episode{'s' * (len(episodes) != 1)}, 0 problems")
    if options.plot:
        _plot(episodes[0], public, options.plot, config)
    if options.listen:
        _listen(episodes, public, options, config)
    return 0


def _plot(episode: Episode, public: Path, output: Path, config: Config) -> None:
    from podcast.curve import draw_loudness
    from podcast.measure import measure
    from podcast.production import target

    own = replace(target(config), loudness_lufs=episode.target_lufs)
    draw_loudness(episode, measure(public / episode.enclosure.url), own, output)
    print(output)


def _deep(episodes: Sequence[Episode], public: Path, config: Config, skip: Container[str]) -> list[Problem]:
    """What decoding finds; a file that is known to be damaged is not decoded."""
    from podcast.measure import deep_problems
    from podcast.production import target

    sound = [episode for episode in episodes if episode.id not in skip]
    return [
        problem
        for episode in sound
        for problem in deep_problems(episode, public / episode.enclosure.url, target(config))
    ]


def _check_address(options: argparse.Namespace, config: Config) -> int:
    from podcast.publish.files import web_address
    from podcast.publish.remote import NEWEST, check_address

    address = web_address(options.place)
    if address is None:
        raise InputError("is no http or https address", where=options.place)
    if options.listen or options.plot:
        raise InputError(
            "--listen and --plot need a folder", hint="Leave the address out, or fetch the episodes first."
        )
    judge = None
    if options.deep:
        from podcast.measure import sound_judge
        from podcast.production import target

        judge = sound_judge(target(config))
    newest = None if options.all else NEWEST
    report = check_address(address, newest=newest, only=options.episode or "", listen=judge)
    for problem in report.problems:
        print(problem, file=sys.stderr if problem.warning else sys.stdout)
    if any(not problem.warning for problem in report.problems):
        return QualityError.exit_status
    if options.episode and not report.episodes:
        raise InputError("the feed has no such episode", where=options.episode)
    if report.episodes < report.known and not options.episode:
        print(f"podcast: the newest {report.episodes} of {report.known}; --all looks at every one", file=sys.stderr)
    print(f"{report.episodes} episode{'s' * (report.episodes != 1)}, 0 problems")
    return 0


def _listen(episodes: Sequence[Episode], public: Path, options: argparse.Namespace, config: Config) -> None:
    from podcast.listen import WhisperRecogniser, read_back, worst_first
    from podcast.production import lexicon
    from podcast.publish.chapters import clock

    recogniser, words = WhisperRecogniser(options.listen), lexicon(config)
    heard: list[Heard] = []
    for episode in episodes:
        print(f"podcast: listening to {episode.id}, {len(episode.cues)} sentences", file=sys.stderr)
        heard += read_back(episode, public / episode.enclosure.url, recogniser, words)
    wrong = worst_first(heard, options.threshold)
    for each in wrong:
        print(f"{each.error:.0%} wrong at {clock(each.cue.start_seconds)} of {each.episode}")
        print(f"  expected: {each.spoken}\n  heard:    {each.heard}")
    compared = sum(each.error is not None for each in heard)
    aside = f"; {len(heard) - compared} without Chinese were not compared" if compared < len(heard) else ""
    print(f"{len(wrong)} of {compared} sentences are more than {options.threshold:.0%} wrong{aside}")


def _cache(options: argparse.Namespace) -> int:
    from podcast.audio import encoded
    from podcast.production import clip_cache, parts_folder

    config = _config(options)
    cache, parts = clip_cache(config), parts_folder(config)
    if options.prune is not None:
        limit_bytes = round(options.prune * 1e9)
        removed = cache.prune(limit_bytes)
        encoded.prune(parts, min(limit_bytes, encoded.LIMIT_BYTES))
        print(f"removed {removed.clips} clips, {removed.size_bytes / 1e6:.1f} MB", file=sys.stderr)
    size = cache.size()
    print(f"{cache.folder}: {size.clips} clips, {size.size_bytes / 1e6:.1f} MB")
    count, size_bytes = encoded.size(parts)
    print(f"{parts}: {count} encoded parts, {size_bytes / 1e6:.1f} MB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
