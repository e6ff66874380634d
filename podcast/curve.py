"""The loudness of an episode over time, drawn: targets, pauses and chapters beside it."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import numpy as np

from podcast.audio import Target
from podcast.audio.loudness import STEP_SECONDS, Loudness
from podcast.errors import InputError, SetupError
from podcast.measure import Measured
from podcast.models import Episode

PAUSE_SECONDS = 0.7  # shown from here on: longer than between sentences
_LOWEST_LUFS = -50.0
_FONTS = ("Noto Sans CJK SC", "Source Han Sans SC", "PingFang SC", "Microsoft YaHei", "WenQuanYi Micro Hei")


def draw_loudness(episode: Episode, found: Measured, target: Target, output: Path) -> None:
    """Write a picture whose suffix says its format: png, svg, pdf.

    Momentary (0.4 s) and short-term (3 s) loudness after EBU R128, the target with what Apple allows around it, the
    pauses between sentences and the chapters.
    Raises SetupError where matplotlib is not installed, InputError for a file that cannot be written.
    """
    try:
        from matplotlib import font_manager, rc_context
        from matplotlib.figure import Figure
    except ImportError as error:
        hint = 'Install it with pip install "digestcast[plot]".'
        raise SetupError("drawing needs matplotlib, which is not installed", hint=hint) from error
    figure = Figure(figsize=(14, 5), layout="constrained")
    if output.suffix.lstrip(".").lower() not in (known := figure.canvas.get_supported_filetypes()):
        raise InputError(
            "is no picture format", where=str(output), hint=f"End it in one of: {', '.join(sorted(known))}."
        )
    installed = {entry.name for entry in font_manager.fontManager.ttflist}
    fonts = [name for name in _FONTS if name in installed]
    axes = figure.subplots()
    _curves(axes, found, target)
    _pauses(axes, episode)
    _chapters(axes, episode, fonts)
    axes.set(xlim=(0, episode.duration_seconds), ylim=(_LOWEST_LUFS, 0), xlabel="minutes", ylabel="LUFS")
    axes.xaxis.set_major_formatter(lambda seconds, _: f"{seconds / 60:g}")
    axes.set_xticks(np.arange(0, episode.duration_seconds, _tick_seconds(episode.duration_seconds)))
    axes.legend(loc="lower right", ncols=4, fontsize="small")
    axes.set_title(
        f"{episode.id}: {found.loudness_lufs + target.correction_lu:.1f} LUFS, range {found.range_lu:.1f} LU,"
        f" true peak {found.true_peak_dbtp:.1f} dBTP",
        loc="left",
    )
    try:
        with rc_context({"svg.fonttype": "none", "svg.hashsalt": episode.id}):
            figure.savefig(output, dpi=110, metadata=_DATELESS.get(output.suffix.lower()))
    except OSError as error:
        raise InputError(f"cannot be written: {error.strerror}", where=str(output)) from error


_DATELESS: dict[str, dict[str, Any]] = {".svg": {"Date": None}, ".pdf": {"CreationDate": None}}


def _curves(axes: Any, found: Measured, target: Target) -> None:
    loudness = Loudness(found.steps)
    for levels, seconds, colour, name in (
        (loudness.momentary_lufs(), 0.4, "#9db7dd", "momentary, 0.4 s"),
        (loudness.short_term_lufs(), 3.0, "#1f5fbf", "short-term, 3 s"),
    ):
        middles = np.arange(len(levels)) * STEP_SECONDS + seconds / 2
        shown = np.maximum(levels + target.correction_lu, _LOWEST_LUFS)
        axes.plot(middles, shown, color=colour, linewidth=0.7 if seconds < 1 else 1.4, label=name)
    axes.axhline(target.loudness_lufs, color="#2a8f4f", linewidth=1, label=f"target {target.loudness_lufs:g} LUFS ±1")
    axes.axhspan(target.loudness_lufs - 1, target.loudness_lufs + 1, color="#2a8f4f", alpha=0.15, linewidth=0)


def _pauses(axes: Any, episode: Episode) -> None:
    pauses = [(one.end_seconds, other.start_seconds) for one, other in itertools.pairwise(episode.cues)]
    shown = [(start, end - start) for start, end in pauses if end - start >= PAUSE_SECONDS]
    axes.broken_barh(shown, (_LOWEST_LUFS, 3), color="#c0642a", label=f"pause from {PAUSE_SECONDS} s")


def _chapters(axes: Any, episode: Episode, fonts: list[str]) -> None:
    for number, chapter in enumerate(episode.chapters, start=1):
        axes.axvline(chapter.start_seconds, color="#777777", linewidth=0.6, linestyle=":")
        title = f"{number} {chapter.title}" if fonts else f"{number}"
        room = (chapter.end_seconds - chapter.start_seconds) / episode.duration_seconds
        axes.text(
            chapter.start_seconds + episode.duration_seconds * 0.002,
            -0.7,
            title if room > 0.015 else f"{number}",
            rotation=90,
            va="top",
            fontsize=7,
            color="#444444",
            clip_on=True,
            **({"fontfamily": fonts} if fonts else {}),
        )


def _tick_seconds(duration_seconds: float) -> int:
    """A whole number of minutes, or half of one, that gives about ten marks."""
    choices = (30, 60, 120, 300, 600, 1800)
    return next((choice for choice in choices if duration_seconds / choice <= 15), choices[-1])
