"""podcast feed, publish, serve: where episodes go."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from podcast.commands.shared import config_of, public_of
from podcast.errors import ConfigError, InputError, SetupError

if TYPE_CHECKING:
    from podcast.publish.upload import Tell


def feed(options: argparse.Namespace) -> int:
    from podcast.production import show
    from podcast.publish import exclusive, publish_show

    config = config_of(options)
    public = public_of(options, config)
    with exclusive(public):
        print(publish_show(public, show(config)))
    return 0


def publish(options: argparse.Namespace) -> int:
    from podcast.production import show
    from podcast.publish import check_public, exclusive, publish_show
    from podcast.publish.episode import quality_error
    from podcast.publish.storage import open_store
    from podcast.publish.upload import upload
    from podcast.settings import ShowConfig

    config = config_of(options)
    public = public_of(options, config)
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
    with exclusive(public), open_store(target, public=public, write=write) as store:
        if write:
            publish_show(public, about)
        elif problems := check_public(public, about):
            raise quality_error(problems)
        with _sending() as tell:
            done = upload(public, store, delete=options.delete, dry_run=options.dry_run, tell=tell)
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


def serve(options: argparse.Namespace) -> int:
    config = config_of(options)
    try:
        from podcast.serve.command import serve as run
    except ModuleNotFoundError as error:
        hint = 'Install it: pip install "digestcast[serve]"'
        raise SetupError(f"the server is not installed ({error})", hint=hint) from error
    run(
        config,
        public_of(options, config),
        host=options.host,
        port=options.port,
        engine=options.engine,
        content=options.content,
        watch=options.watch,
    )
    return 0
