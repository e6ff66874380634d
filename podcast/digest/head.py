"""Front matter and dates: what a digest says about itself before its text begins."""

from __future__ import annotations

import json
import re
import tomllib
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, timezone
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import yaml  # type: ignore[import-untyped]  # python-frontmatter's parser, for its errors and loader; has no types
from frontmatter.default_handlers import BaseHandler, YAMLHandler

from podcast.digest.lines import without_controls, without_decoration
from podcast.errors import ConfigError, DigestError

_FRONT_LIMIT_CHARACTERS = 64 * 1024  # PyYAML reads about 100 kB a second
_KEY = re.compile(r"[\"']?[A-Za-z_][\w-]*[\"']?[ \t]*[:=]|\[[\w.-]+\]$")  # how a line of front matter begins
_JSON_START = re.compile(r"\s*\{\s*\"[^\"\n]+\"\s*:")
_DATE = re.compile(r"(?<!\d)(\d{4})\s?[-./年]\s?(\d{1,2})\s?[-./月]\s?(\d{1,2})(?!\d)\s?日?")
_COMPACT_DATE = re.compile(r"(?<!\d)(\d{4})(\d{2})(\d{2})(?!\d)")
_TIME = re.compile(r"(\d{1,2}):(\d{2})(?::(\d{2})(?:[.,]\d+)?)?")
_ZONE = re.compile(r"([+-])(\d{2}):?(\d{2})?")
_TIME_OF_DAY = time(8, 0)  # for a digest that names a day and no time: the clock must not decide
_WRITE_A_DATE = "Write it as 2025-11-04 or 2025-11-04T09:20:00+08:00."


@dataclass(frozen=True, slots=True)
class Head:
    title: str  # empty where the front matter gives none
    published: datetime | date | None  # a datetime may lack its zone
    body: str
    first_line: int  # the body's, in the file, from 1


class _TomlHandler(BaseHandler):  # type: ignore[misc, unused-ignore]  # frontmatter is untyped for some mypy settings
    """python-frontmatter's own one needs the `toml` package; the standard library reads TOML since 3.11."""

    FM_BOUNDARY = re.compile(r"^\+{3}[ \t]*$", re.MULTILINE)
    START_DELIMITER = END_DELIMITER = "+++"

    def load(self, fm: str, **_options: object) -> dict[str, Any]:
        return tomllib.loads(fm)


# The boundaries of python-frontmatter swallow the blank lines below them, and with them the count of lines.
_HANDLERS = (YAMLHandler(fm_boundary=re.compile(r"^-{3}[ \t]*$", re.MULTILINE)), _TomlHandler())


def read_head(text: str, source: Path) -> Head:
    """Split a digest (line ends "\\n") into what its front matter says and its body.  Raises DigestError."""
    if _JSON_START.match(text):
        return _read_json(text, source)
    for handler in _HANDLERS:
        if not handler.detect(text):
            continue
        try:
            front, body = handler.split(text)
        except ValueError:  # no second boundary
            if _is_front_matter(text):
                boundary = text.partition("\n")[0].strip()
                raise DigestError(
                    "the front matter is never closed",
                    where=f"{source}:1",
                    hint=f"Close it with a line {boundary} before the text.",
                ) from None
            continue
        if not _is_front_matter(front):
            continue  # this is a digest that begins with a rule
        first_line = text.count("\n", 0, len(text) - len(body)) + 1
        return _read_front(handler, front, body, first_line, source)
    return Head("", None, text, 1)


def _is_front_matter(front: str) -> bool:
    """Whether the text after a boundary holds keys, or the boundary is a rule and the text a digest's own."""
    lines = front.split("\n")[1:]  # the first is the boundary's
    written = [line for line in lines if line.strip() and not line.lstrip().startswith("#")]
    if not written:
        return False
    return _KEY.match(written[0]) is not None or (lines[0] != "" and any(_KEY.match(line) for line in written))


def _read_json(text: str, source: Path) -> Head:
    """Front matter as Hugo's third form: an object, and the text below its last brace."""
    try:
        values, end = json.JSONDecoder(strict=False).raw_decode(text[:_FRONT_LIMIT_CHARACTERS])
    except json.JSONDecodeError as error:
        hint = "It is taken for JSON because the file begins with a brace and a key in quotes."
        what = f"the front matter cannot be read: {error.msg}"
        raise DigestError(what, where=f"{source}:{error.lineno}", hint=hint) from None
    except RecursionError:
        raise DigestError(
            "the front matter is nested too deep", where=f"{source}:1", hint="Write it flatter."
        ) from None
    rest = text[end:]
    blank = len(rest) - len(rest.lstrip(" \t"))
    return _head(values, text[:end], rest[blank:], text.count("\n", 0, end) + 1, source)


def _read_front(handler: BaseHandler, front: str, body: str, first_line: int, source: Path) -> Head:
    return _head(_load(handler, front, source), front, body, first_line, source)


def _head(values: dict[str, Any], front: str, body: str, first_line: int, source: Path) -> Head:
    title = values.get("title") or ""
    if isinstance(title, (dict, list)):
        line = _line_of_key(front, "title")
        raise DigestError("the title is no text", where=f"{source}:{line}", hint='Write it as title: "…".')
    published = None
    if "date" in values:
        published = read_date(values["date"])
        if published is None:
            line = _line_of_key(front, "date")
            found = f"the date {str(values['date'])[:80]!r}"
            raise DigestError(f"{found} is no date", where=f"{source}:{line}", hint=_WRITE_A_DATE)
    return Head(without_decoration(" ".join(without_controls(str(title)).split())), published, body, first_line)


def _load(handler: BaseHandler, front: str, source: Path) -> dict[str, Any]:
    if len(front) > _FRONT_LIMIT_CHARACTERS:
        raise DigestError("the front matter is longer than 64 KiB", where=f"{source}:1", hint="Is it closed?")
    try:
        # The base loader leaves every value a string: a broken date is then ours to name, not PyYAML's to trip over.
        options = {"Loader": yaml.BaseLoader} if isinstance(handler, YAMLHandler) else {}
        values = handler.load(front, **options)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise _broken(error.problem or "broken YAML", 1 + (mark.line if mark else 0), source) from None
    except yaml.YAMLError as error:
        raise _broken(str(error).split("\n")[0], 1, source) from None
    except tomllib.TOMLDecodeError as error:
        at = re.search(r" \(at line (\d+), .*\)", str(error))
        line = int(at[1]) if at else front.rstrip().count("\n") + 1
        raise _broken(re.sub(r" \(at .*\)", "", str(error)), line, source) from None
    except ValueError as error:  # tomllib: a date such as 2025-02-30, where it does not say so itself
        raise _broken(str(error), _line_of_key(front, "date"), source) from None
    if not isinstance(values, dict):
        raise _broken("it holds no keys", 2, source)
    return values


def _broken(problem: str, line: int, source: Path) -> DigestError:
    """`line` counts from the boundary, which is line 1 of the file."""
    what = f"the front matter cannot be read: {problem}"
    return DigestError(what, where=f"{source}:{line}", hint='Write "key: value" lines, text with a colon in quotes.')


def _line_of_key(front: str, key: str) -> int:
    lines = front.split("\n")  # the first is what follows the boundary: nothing
    return next((number for number, line in enumerate(lines, 1) if line.lstrip(" \t\"'").startswith(key)), 1)


def read_date(value: object) -> datetime | date | None:
    """A date as front matter writes it, without a zone where it names none; None when it is no date."""
    if isinstance(value, (datetime, date)):  # TOML has dates of its own
        return value
    text = str(value).strip()
    day = _DATE.match(text) or _COMPACT_DATE.match(text)
    if day is None:
        return None
    rest = text[day.end() :].removeprefix("T").removeprefix("t").strip()
    clock = _TIME.match(rest)
    zone = rest[clock.end() :].strip() if clock else rest
    try:
        written = date(int(day[1]), int(day[2]), int(day[3]))
        if clock is None:
            return None if zone else written
        hour, minute, second = (int(part or 0) for part in clock.groups())
        return datetime(written.year, written.month, written.day, hour, minute, second, tzinfo=_read_zone(zone))
    except ValueError:
        return None


def _read_zone(text: str) -> timezone | None:
    """ "Z", "+08:00", "+0800" or nothing.  Raises ValueError."""
    if text in {"", "Z", "z", "UTC"}:
        return UTC if text else None
    match = _ZONE.fullmatch(text)
    if match is None:
        raise ValueError(text)
    offset = timedelta(hours=int(match[2]), minutes=int(match[3] or 0))
    return timezone(-offset if match[1] == "-" else offset)


def find_date(text: str) -> date | None:
    """The first date of a text such as "2025.05.07 全球AI新闻速递", if it is in the calendar."""
    for match in _DATE.finditer(text):
        try:
            return date(int(match[1]), int(match[2]), int(match[3]))
        except ValueError:
            continue
    return None


def zone_of(name: str) -> ZoneInfo:
    """Raises ConfigError where no zone is called so."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):  # the last two: "../x", and a folder of zones such as "Asia"
        raise ConfigError(f"no time zone is called {name!r}", hint="Write one like Asia/Shanghai.") from None


def with_zone(written: datetime | date, zone: ZoneInfo) -> datetime:
    """A date that may lack its zone, or its time of day."""
    if isinstance(written, datetime):
        return written if written.tzinfo else written.replace(tzinfo=zone)
    return datetime.combine(written, _TIME_OF_DAY, zone)


def date_in_name(path: Path) -> date | None:
    """The date a file is named after: 2025-05-20.md, 2025-05-20-evening.md, 20250520.md."""
    name = path.stem.replace("_", "-")
    if found := find_date(name):
        return found
    match = _COMPACT_DATE.search(name)
    return find_date("-".join(match.groups())) if match else None
