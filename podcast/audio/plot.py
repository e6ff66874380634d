"""The waveform of an episode with its chapters, as an SVG."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

import numpy as np

from podcast.audio.filters import Samples
from podcast.models import Timeline

_HEIGHT = 100  # of the drawing; it is stretched to the page
# A page shows it as an image, where its own colours do not reach: 3.8 or more (WCAG asks for 3) on light and on dark.
_COLOURS = ("#3f7ad6", "#777d87")


def waveform_svg(peaks: Sequence[float], timeline: Timeline, *, columns: int = 800) -> str:
    """An SVG `columns` wide of peaks that lie evenly over the timeline, one shape for each chapter.

    The highest column fills the height.  Neighbours differ in colour; a chapter's title is its tooltip where the
    drawing is opened by itself.
    """
    levels = _columns(np.asarray(peaks, dtype=np.float32), columns)
    shapes = []
    for number, chapter in enumerate(timeline.chapters):
        first = min(round(chapter.start_seconds / timeline.duration_seconds * columns), columns - 1)
        last = max(round(chapter.end_seconds / timeline.duration_seconds * columns), first + 1)
        shape = f'<path d="{_outline(levels[first:last], first)}"/>'
        colour = _COLOURS[number % len(_COLOURS)]
        shapes.append(f'<g fill="{colour}"><title>{escape(chapter.title)}</title>{shape}</g>')
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {columns} {_HEIGHT}" preserveAspectRatio="none">'
        f"{''.join(shapes)}</svg>\n"
    )


def _columns(peaks: Samples, columns: int) -> Samples:
    """Levels up to 1: the mean of the peaks in each column.  Their maximum is the ceiling nearly everywhere."""
    starts = np.arange(columns) * len(peaks) // columns
    counts = np.maximum(np.diff(starts, append=len(peaks)), 1)  # reduceat gives one value where a column has none
    means = np.add.reduceat(peaks, starts) / counts
    return np.asarray(means / max(float(means.max()), 1e-9), dtype=np.float32)


def _outline(levels: Samples, first: int) -> str:
    """A closed path around the middle."""
    heights = [max(round(float(level) * _HEIGHT / 2), 1) for level in levels]
    middle = _HEIGHT // 2
    upper = [f"V{middle - height}h1" for height in heights]
    lower = [f"V{middle + height}h-1" for height in reversed(heights)]
    return f"M{first} {middle}{''.join(upper)}{''.join(lower)}Z"
