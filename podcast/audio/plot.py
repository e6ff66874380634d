"""The waveform of an episode with its chapters, as an SVG."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from pathlib import Path

import numpy as np
import soundfile

from podcast.audio.filters import Samples
from podcast.models import Chapter

_BLOCK = 1 << 16  # samples read at a time
_HEIGHT = 100  # of the drawing; it is stretched to the page


def waveform_svg(path: Path, chapters: Sequence[Chapter], *, columns: int = 800) -> str:
    """An SVG `columns` wide that shows the peak level of an audio file, one shape for each chapter.

    The shapes have the classes "even" and "odd" and take the text's colour, so that a page styles them; a chapter's
    title is its tooltip.  The file is read in blocks.
    """
    peaks, seconds = _peaks(path, columns)
    shapes = []
    for number, chapter in enumerate(chapters or (Chapter(0.0, seconds, path.stem),)):
        first = round(chapter.start_seconds / seconds * columns)
        last = max(round(chapter.end_seconds / seconds * columns), first + 1)
        kind = "odd" if number % 2 else "even"
        outline = _outline(peaks[first:last], first)
        title = escape(chapter.title)
        shapes.append(f'<g class="{kind}"><title>{title}</title><path d="{outline}"/></g>')
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="waveform" viewBox="0 0 {columns} {_HEIGHT}" '
        f'preserveAspectRatio="none" fill="currentColor" role="img"><style>.waveform .odd{{opacity:.6}}</style>'
        f"{''.join(shapes)}</svg>\n"
    )


def _peaks(path: Path, columns: int) -> tuple[Samples, float]:
    """Greatest magnitude in each column, and the length in seconds."""
    peaks = np.zeros(columns, dtype=np.float32)
    with soundfile.SoundFile(path) as file:
        total, place = file.frames, 0
        for block in file.blocks(_BLOCK, dtype="float32", always_2d=True):
            level = np.abs(block).max(axis=1)
            column = np.minimum((place + np.arange(len(level))) * columns // total, columns - 1)
            starts = np.flatnonzero(np.diff(column, prepend=-1))
            np.maximum.at(peaks, column[starts], np.maximum.reduceat(level, starts))
            place += len(level)
        return peaks, total / file.samplerate


def _outline(peaks: Samples, first: int) -> str:
    """A closed path around the middle, square root of the level: quiet speech stays visible."""
    heights = [max(round(float(peak) ** 0.5 * _HEIGHT / 2), 1) for peak in peaks]
    middle = _HEIGHT // 2
    upper = [f"V{middle - height}h1" for height in heights]
    lower = [f"V{middle + height}h-1" for height in reversed(heights)]
    return f"M{first} {middle}{''.join(upper)}{''.join(lower)}Z"
