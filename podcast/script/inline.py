r"""What stands inside a line of the document: words as they are read, and how some of them are said.

    [重庆]{chong2 qing4}   [Qwen3]{千问三}      the words in brackets, and how they are said
    \*  \[  \{  \\                              the sign itself; any sign of ASCII may follow the backslash

Everything else is what it is.  `escape` puts a backslash before every sign that a reader of Markdown would take for
more than that.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from podcast.models import Override

_SIGNS = re.compile(r"[\\`*_\[\]{}<>]|&(?=#?\w+;)")
_WIDE = re.compile(r"(］\s*)｛")  # would be taken for a reading in the wrong signs
_AT_START = re.compile(r"[#+\-=~|@]|\d{1,9}(?=[.)](?:\s|$))")
_TOKEN = re.compile(
    r"""\\(?P<sign>[!-/:-@\[-`{-~｛])
    | \[(?P<written>(?:\\.|[^\\\[\]{}])*)\]\{(?P<said>(?:\\.|[^\\\[\]{}])*)\}
    | (?P<comment><!--)
    | (?P<wide>[\]］]\s*[{｛])
    | (?P<brace>[{}])""",
    re.VERBOSE,
)
_SHOW_AS_TYPED = re.compile(r"(?<!\\)(?:\*\*|__|`|\]\()|^(?:>|\||\d{1,9}[.)]\s)")


class Misread(Exception):
    """What is wrong with a line, and what to write instead; `parse` knows which line."""

    def __init__(self, what: str, hint: str) -> None:
        super().__init__(what)
        self.what, self.hint = what, hint


def escape(text: str, overrides: Sequence[Override] = ()) -> str:
    """The text for the document; not at the start of a line, for which there is `escape_start`."""
    parts, place = [], 0
    for override in overrides:
        parts.append(_signs(text[place : override.start]))
        parts.append(f"[{_signs(text[override.start : override.end])}]{{{_signs(override.said)}}}")
        place = override.end
    return "".join(parts) + _signs(text[place:])


def escape_start(line: str) -> str:
    """A line that begins with nothing but words."""
    match = _AT_START.match(line)
    if match is None:
        return line
    return f"{line[: match.end()]}\\{line[match.end() :]}" if match[0].isdigit() else f"\\{line}"


def unescape(line: str) -> tuple[str, tuple[Override, ...]]:
    """The text a reader sees, and how places of it are said.  Raises Misread."""
    parts: list[str] = []
    overrides: list[Override] = []
    length = place = 0
    for match in _TOKEN.finditer(line):
        parts.append(line[place : match.start()])
        length += match.start() - place
        place = match.end()
        if match["sign"]:
            parts.append(match["sign"])
        elif match["said"] is not None:
            written, said = _without_escapes(match["written"]), " ".join(_without_escapes(match["said"]).split())
            _refuse_empty(match[0], written, said)
            overrides.append(Override(length, length + len(written), said))
            parts.append(written)
        else:
            raise _misplaced(match)
        length += len(parts[-1])
    return "".join([*parts, line[place:]]), tuple(overrides)


def plain(line: str) -> str:
    """The text of a line that nobody speaks.  Raises Misread."""
    text, overrides = unescape(line)
    if overrides:
        raise Misread("a reading stands where nothing is spoken", "Leave the {…} out.")
    return text


def shown_as_typed(line: str) -> str | None:
    """Markdown in a line that will be shown as it is typed, or None."""
    match = _SHOW_AS_TYPED.search(line)
    return match[0].strip() if match else None


def _signs(text: str) -> str:
    return _WIDE.sub(r"\g<1>\\｛", _SIGNS.sub(r"\\\g<0>", text))


def _without_escapes(text: str) -> str:
    return re.sub(r"\\([!-/:-@\[-`{-~｛])", r"\1", text)


def _refuse_empty(raw: str, written: str, said: str) -> None:
    if not written.strip() or not said:
        raise Misread(f"{raw} lacks the {'reading' if written.strip() else 'words'}", "Write [重庆]{chong2 qing4}.")


def _misplaced(match: re.Match[str]) -> Misread:
    if match["comment"]:
        return Misread("a comment begins inside a line of text", r"Put it on a line of its own, or write \<!--.")
    if match["wide"]:
        return Misread(
            f"{match[0]} is no reading: its signs are not those of [重庆]{{chong2 qing4}}",
            r"Write half-width [ ] { } without a space between; for the signs themselves put \ before each.",
        )
    return Misread(
        f"{match[0]} belongs to no reading and no cue",
        r"Write [重庆]{chong2 qing4} for a reading, \{ or \} for the sign itself.",
    )
