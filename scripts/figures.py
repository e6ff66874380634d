#!/usr/bin/env python3
"""figures.py FILE: the figures that the bench scripts appended to FILE, as one table.

A figure is something measured and its floor in the same run; "x floor" is what can be compared between machines.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True)
class Figure:
    part: str  # text, speech, audio, publish, serve
    what: str
    ours: float
    floor: float | None  # of the same unit, in the same run; None: what it is measured against is not installed
    unit: str
    wanted: str = ""  # of ours / floor: "<= 1.3"
    also: str = ""  # what else was measured in the run

    @property
    def times(self) -> float | None:
        return self.ours / self.floor if self.floor else None


def add_option(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--figures", type=Path, metavar="FILE", help="append the figures here, for scripts/figures.py")


def save(figures: Iterable[Figure], file: Path | None) -> None:
    if file:
        with file.open("a", encoding="utf-8") as lines:
            lines.writelines(json.dumps(asdict(figure)) + "\n" for figure in figures)


def markdown(rows: Iterable[Iterable[object]]) -> str:
    """A table; the first row is its head."""
    lines = ["| " + " | ".join("" if cell is None else str(cell) for cell in row) + " |" for row in rows]
    return "\n".join([lines[0], "|" + "---|" * (lines[0].count(" | ") + 1), *lines[1:]])


def main() -> None:
    figures = [Figure(**json.loads(line)) for line in Path(sys.argv[1]).read_text(encoding="utf-8").splitlines()]
    rows: list[tuple[object, ...]] = [("part", "what", "ours", "floor", "unit", "x floor", "wanted", "also")]
    for figure in figures:
        floor = "not installed" if figure.floor is None else f"{figure.floor:,.4g}"
        times = figure.times and f"{figure.times:.2f}"
        rows.append(
            (figure.part, figure.what, f"{figure.ours:,.4g}", floor, figure.unit, times, figure.wanted, figure.also)
        )
    print(markdown(rows))


if __name__ == "__main__":
    main()
