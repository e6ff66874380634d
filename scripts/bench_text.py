#!/usr/bin/env python3
"""bench_text.py: characters per processor second of reading, beside a library that does the same, in the same run.

The floor of normalization is wetext (pip install wetext; left out where it is not installed), that of pinyin is
pypinyin's own lazy_pinyin.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from pathlib import Path

from figures import Figure, add_option, markdown, save

from podcast.text.g2p import pinyin
from podcast.text.normalize import normalize

ROOT = Path(__file__).parent.parent
ROUNDS = 5


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_option(parser)
    options = parser.parse_args()
    lines = [line for line in (ROOT / "assets/sample-digest.md").read_text(encoding="utf-8").splitlines() if line]
    for path in sorted((ROOT / "tests/data/text").glob("*.tsv")):
        rows = path.read_text(encoding="utf-8").splitlines()
        lines += [row.split("\t")[0] for row in rows if "\t" in row]
    spoken = [normalize(line) for line in lines]
    unit = "characters per CPU second"
    figures = [
        Figure("text", "normalize, beside wetext", speed(normalize, lines), wetext_speed(lines), unit, ">= 1"),
        Figure("text", "pinyin, beside lazy_pinyin", speed(pinyin, spoken), lazy_pinyin_speed(spoken), unit, ">= 1"),
    ]
    head = ("what", unit, "floor", "x floor")
    print(
        markdown(
            [
                head,
                *((each.what, round(each.ours), round(each.floor or 0), f"{each.times or 0:.2f}") for each in figures),
            ]
        )
    )
    save(figures, options.figures)


def speed(read: Callable[[str], object], lines: list[str]) -> float:
    """The best of a few rounds; the first one loads what is loaded once."""
    best = 0.0
    for _ in range(ROUNDS):
        start = time.process_time()
        for line in lines:
            read(line)
        best = max(best, sum(map(len, lines)) / (time.process_time() - start))
    return best


def wetext_speed(lines: list[str]) -> float | None:
    try:
        from wetext import Normalizer
    except ImportError:
        return None
    return speed(Normalizer(lang="zh", operator="tn").normalize, lines)


def lazy_pinyin_speed(lines: list[str]) -> float:
    from pypinyin import Style, lazy_pinyin

    return speed(lambda line: lazy_pinyin(line, style=Style.TONE3), lines)


if __name__ == "__main__":
    main()
