"""The tables of data/, read once."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache
from importlib.resources import files

_DATA = files("podcast.rewrite") / "data"


def rows(name: str) -> list[list[str]]:
    """The rows of data/<name>.tsv; lines that start with # are comments."""
    return [line.split("\t") for line in _lines(f"{name}.tsv")]


@cache
def words(name: str) -> frozenset[str]:
    """The words of data/<name>.txt, parted by white space."""
    return frozenset(word for line in _lines(f"{name}.txt") for word in line.split())


def any_of(choices: Iterable[str]) -> str:
    """A pattern for any of these words, the longest first."""
    return "(?:" + "|".join(re.escape(word) for word in sorted(choices, key=lambda word: (-len(word), word))) + ")"


def _lines(name: str) -> list[str]:
    text = (_DATA / name).read_text(encoding="utf-8")
    return [line for line in text.splitlines() if line and not line.startswith("#")]
