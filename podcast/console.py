"""What a person sees: progress on standard error, scripts and reports on standard output."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, TaskID, TextColumn
from rich.table import Table

from podcast.models import Script
from podcast.pipeline import Made, Watcher
from podcast.rewrite import Told, rewrite_json, rewrite_markdown
from podcast.script import script_json
from podcast.text.report import Row, report_markdown
from podcast.tts.synthesis import Progress as Step

_LOG_EVERY_SECONDS = 30.0  # where there is no terminal for a bar


class _Bar(Watcher):
    """Moves the bar of an episode."""

    def __init__(self, console: Console, bar: Progress, task: TaskID, name: str) -> None:
        self._console, self._bar, self._task, self._name = console, bar, task, name
        self._started = self._logged = time.monotonic()

    def progress(self, progress: Step) -> None:
        now = time.monotonic()
        note = f"{clock(progress.audio_seconds)} spoken{_time_left(progress, now - self._started)}"
        self._bar.update(self._task, completed=progress.done, total=progress.total, note=note)
        if self._bar.disable and now - self._logged > _LOG_EVERY_SECONDS:
            self._logged = now
            self._console.print(f"{self._name}: {progress.done}/{progress.total} utterances, {note}", highlight=False)


class Display:
    """A bar on a terminal, a line now and then elsewhere, nothing when quiet."""

    def __init__(self, *, quiet: bool = False) -> None:
        self._console = Console(stderr=True, quiet=quiet)
        self._bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.completed:.0f}/{task.total:.0f} utterances  {task.fields[note]}"),
            console=self._console,
            transient=True,
            disable=quiet or not self._console.is_terminal,
        )

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.stop()

    @contextmanager
    def episode(self, name: str) -> Iterator[Watcher]:
        task = self._bar.add_task(name, total=1, note="reading")
        try:
            yield _Bar(self._console, self._bar, task, name)
        finally:
            self._bar.remove_task(TaskID(task))

    def made(self, made: Made) -> None:
        """What became of a digest, in a line or a few."""
        for warning in made.warnings:
            self._console.print(f"[yellow]warning[/]  {made.episode.id}: {escape(warning)}", highlight=False)
        episode = made.episode
        what = "made" if made.changed else "unchanged"
        self._console.print(
            f"[green]{what}[/]  {episode.id}  {clock(episode.duration_seconds)}  {escape(episode.title)}\n"
            f"      {episode.engine}: {made.synthesized} utterances spoken, {made.cached} from the cache; "
            f"{episode.loudness_lufs:.1f} LUFS, {episode.true_peak_dbtp:.1f} dBTP",
            highlight=False,
        )


def clock(seconds: float) -> str:
    """Seconds as m:ss or h:mm:ss."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def print_script(script: Script, form: str) -> None:
    """`form` is "text" or "json"."""
    if form == "json":
        print(json.dumps(script_json(script), ensure_ascii=False, indent=1))
    else:
        for segment in script.segments:
            print(f"[{segment.kind}] {segment.title}")
            for utterance in segment.utterances:
                print(f"  {utterance.speaker}: {utterance.spoken}")
            print()


def print_report(rows: Sequence[Row], form: str, told: Sequence[Told] | None = None) -> None:
    """Every place where spoken differs from written; `form` is "text", "json" or "markdown".

    `told`: what became of a rewrite comes first, digest and result side by side; JSON is then one object.
    """
    if form == "json":
        readings = [asdict(row) for row in rows]
        found = readings if told is None else {"rewrite": rewrite_json(told), "readings": readings}
        print(json.dumps(found, ensure_ascii=False, indent=1))
        return
    if told is not None:
        print(rewrite_markdown(told))
    if form == "markdown":
        print(report_markdown(rows), end="")
        return
    table = Table("", "written", "spoken", "rule", "times", "in", box=None)
    for row in rows:
        context = f"{escape(row.before)}[bold]{escape(row.written)}[/]{escape(row.after)}"
        mark = "" if row.sure else "[bold yellow]?[/]"
        table.add_row(mark, escape(row.written), escape(row.spoken) or "—", row.rule, str(row.times), context)
    Console(soft_wrap=not sys.stdout.isatty()).print(table)


def _time_left(step: Step, elapsed_seconds: float) -> str:
    """From the characters that the engine itself has spoken: cached ones say nothing about its speed."""
    if not step.characters_spoken or not step.characters_left:
        return ""
    return f", about {clock(elapsed_seconds * step.characters_left / step.characters_spoken)} left"
