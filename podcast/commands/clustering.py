"""podcast worker, jobs, make --cluster: many machines."""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from podcast import errors
from podcast.commands.shared import config_of
from podcast.errors import InputError, PodcastError, SetupError

if TYPE_CHECKING:
    from podcast.cluster.ledger import Job, Ledger
    from podcast.settings import Config

_LOOK_SECONDS = 1.0
_LOG_EVERY_SECONDS = 30.0  # where there is no terminal for bars
_BARS = 12  # of jobs in work, at most
_INTERRUPTED = 130


@contextmanager
def _installed() -> Iterator[None]:
    try:
        yield
    except ModuleNotFoundError as error:
        hint = 'Install it: pip install "digestcast[cluster]"'
        raise SetupError(f"a cluster needs {error.name}", hint=hint) from error


def worker(options: argparse.Namespace) -> int:
    from podcast.config import load_config

    configs = [config_of(options), *(load_config(path, os.environ) for path in options.shows)]
    with _installed():
        from podcast.cluster.command import work
    return work(configs, queues=options.queues, processes=options.processes)


def make_on_cluster(options: argparse.Namespace) -> int:
    """Submit, and watch until all are over; Ctrl-C leaves them to the cluster."""
    from podcast.commands.making import digest_files, readable

    if options.engine:
        raise InputError("--engine is the workers' to choose", hint="Set tts.engine in their podcast.toml.")
    config = config_of(options, options.digests[0])
    digests, failed = readable(digest_files(options.digests), config.show.timezone)
    with _installed():
        from podcast.cluster.command import open_ledger
    ledger = open_ledger(config)
    ids: list[str] = []
    try:
        _submit(config, ledger, digests, options, ids)
        if not options.detach:
            _watch(ledger, ids, quiet=options.json)
    except KeyboardInterrupt:
        print(f"podcast: detached; {len(ids)} episodes are the cluster's now: podcast jobs", file=sys.stderr)
        return _INTERRUPTED
    found = ledger.jobs(ids)
    if options.json:
        print(json.dumps({"jobs": [_summary(job) for job in found]}, ensure_ascii=False))
    else:
        print(*(f"{job.id}  {job.state:<10}  {job.episode_id}" for job in found), sep="\n", end="\n" * bool(found))
    return max([error.exit_status for error in failed] + [_status(job) for job in found], default=0)


def _submit(
    config: Config, ledger: Ledger, digests: Sequence[Any], options: argparse.Namespace, ids: list[str]
) -> None:
    """The jobs' ids are added to `ids` as they are accepted."""
    from podcast.cluster.command import open_app, place_of
    from podcast.cluster.submit import order_of, submit
    from podcast.production import show

    place, about = place_of(config), show(config)
    orders = (
        order_of(
            digest, about.base_url, place, timezone=config.show.timezone,
            queue="backfill" if options.backfill else "interactive", edition=options.edition or "",
            accept=frozenset(options.accept), force=options.force,
        )
        for digest in digests
    )  # fmt: skip

    def full() -> None:
        print(f"podcast: {len(ids)} submitted; the queue is full, waiting for room", file=sys.stderr)

    ids.extend(job.id for job in submit(open_app(config), ledger, orders, full=full))


def _watch(ledger: Ledger, ids: Sequence[str], *, quiet: bool) -> None:
    """Show how far they are until all are over; each that comes to its end is said once."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn

    console = Console(stderr=True, quiet=quiet)
    said: set[str] = set()
    logged = time.monotonic()
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.completed:.0f}/{task.total:.0f}"))
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bars:
        whole = bars.add_task("episodes", total=len(ids))
        tasks: dict[str, Any] = {}
        while True:
            found = ledger.jobs(ids)
            for job in found:
                if job.over and job.id not in said:
                    said.add(job.id)
                    console.print(_told(job), highlight=False, markup=False)
                    if job.id in tasks:
                        bars.remove_task(tasks.pop(job.id))
                elif not job.over and job.total and (job.id in tasks or len(tasks) < _BARS):
                    task = tasks.setdefault(job.id, None) or bars.add_task("")
                    tasks[job.id] = task
                    bars.update(
                        task, completed=job.spoken, total=job.total, description=f"{job.episode_id} {job.state}"
                    )
            bars.update(whole, completed=len(said))
            if len(said) == len(found):
                return
            if bars.disable and time.monotonic() - logged > _LOG_EVERY_SECONDS:
                logged = time.monotonic()
                spoken = sum(job.spoken for job in found)
                console.print(f"{len(said)}/{len(found)} episodes, {spoken} utterances of the others", highlight=False)
            time.sleep(_LOOK_SECONDS)


def jobs(options: argparse.Namespace) -> int:
    config = config_of(options)
    with _installed():
        from podcast.cluster.command import open_ledger
    ledger = open_ledger(config)
    if options.action == "list":
        return _list(ledger, options)
    if not options.ids:
        raise InputError(f"no job is named to {options.action}", hint="podcast jobs lists them; name some, or all.")
    return {"show": _show, "retry": _retry, "cancel": _cancel}[options.action](config, ledger, options)


def _list(ledger: Ledger, options: argparse.Namespace) -> int:
    from podcast.cluster.ledger import STATES

    counts, dead = ledger.counts(), ledger.dead()
    found = ledger.newest(options.limit, [options.state] if options.state else STATES)
    if options.json:
        values = {"counts": counts, "dead_letters": len(dead), "jobs": [_summary(job) for job in found]}
        print(json.dumps(values, ensure_ascii=False))
        return 0
    for job in reversed(found):
        progress = f"{job.spoken}/{job.total}" if job.total and not job.over else ""
        print(f"{job.id}  {job.state:<10}  {job.queue:<11}  {progress:>7}  {job.episode_id}  {job.title}")
        if job.problem:
            print(f"{'':18}{job.problem}")
    print(", ".join(f"{count} {state}" for state, count in counts.items() if count) or "no jobs", end="")
    print(f"; {len(dead)} messages were given up" if dead else "")
    return 0


def _show(config: Config, ledger: Ledger, options: argparse.Namespace) -> int:  # noqa: ARG001 -- the others need it
    values = []
    for job in _named(ledger, options.ids):
        lines = ledger.lines(job.id, ("waiting", "later", "bad", "dead"))
        troubled = [line for line in lines if line.problem]
        letters = [{"task": letter.task, "args": json.loads(letter.args), "reason": letter.reason, "time": letter.time}
                   for letter in ledger.dead(job.id)]  # fmt: skip
        utterances = [{"utterance": line.utterance, "state": line.state, "problem": line.problem} for line in troubled]
        values.append(_summary(job) | {"utterances": utterances, "dead_letters": letters})
    if options.json:
        print(json.dumps({"jobs": values}, ensure_ascii=False))
        return 0
    for value in values:
        for name, content in value.items():
            if isinstance(content, list):
                for row in content:
                    print(f"  {name}: {', '.join(str(part) for part in row.values())}")
            elif content not in ("", None):
                print(f"{name}: {content}")
        print()
    return 0


def _retry(config: Config, ledger: Ledger, options: argparse.Namespace) -> int:
    """What was spoken is in the cache: only the rest is asked for again."""
    from podcast.cluster.app import send
    from podcast.cluster.command import open_app
    from podcast.cluster.messages import first_message

    app = open_app(config)
    ids = [job.id for job in ledger.newest(1_000_000, ["failed"])] if options.ids == ["all"] else options.ids
    for job in _named(ledger, ids):
        if not job.over or job.state == "done":
            print(f"podcast: {job.id} is {job.state}", file=sys.stderr)
            continue
        again = ledger.retry(job.id)
        if again:
            send(app, first_message(again))
            print(f"{again.id}  {again.state}  {again.episode_id}")
    return 0


def _cancel(config: Config, ledger: Ledger, options: argparse.Namespace) -> int:  # noqa: ARG001 -- the others need it
    """Its messages are still with the broker: whoever takes one finds that there is nothing to do."""
    from podcast.cluster.ledger import MOVING

    ids = [job.id for job in ledger.newest(1_000_000, MOVING)] if options.ids == ["all"] else options.ids
    for job in _named(ledger, ids):
        now = ledger.cancel(job.id)
        print(f"{job.id}  {now.state if now else ''}  {job.episode_id}")
    return 0


def _named(ledger: Ledger, ids: Sequence[str]) -> list[Job]:
    """Jobs by id, or by the folder of their episode.  Raises InputError for one that there is not."""
    found = []
    for name in ids:
        jobs = ledger.jobs([name]) or ledger.of_episode(name)
        if not jobs:
            raise InputError("there is no such job", where=name, hint="podcast jobs lists them.")
        found += jobs
    return found


def _summary(job: Job) -> dict[str, Any]:
    hidden = ("due", "turn", "begun", "passed_over")  # of use to workers alone
    return {name: value for name, value in dataclasses.asdict(job).items() if name not in hidden}


def _told(job: Job) -> str:
    hint = f"\n      {job.hint}" if job.hint else ""
    return f"{job.state}  {job.episode_id}  {job.title}" + (f"\n      {job.problem}{hint}" if job.problem else "")


def _status(job: Job) -> int:
    if job.state != "failed":
        return 0
    kind = getattr(errors, job.error, PodcastError)
    return int(kind.exit_status)
