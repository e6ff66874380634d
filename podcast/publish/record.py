"""episode.json: an Episode, whole, as JSON.  The published folder is the database, and this is its row."""

from __future__ import annotations

import dataclasses
import json
from datetime import datetime
from pathlib import Path
from typing import Any

from podcast.errors import InputError
from podcast.models import Chapter, Cue, Enclosure, Episode
from podcast.publish.files import printable

RECORD = "episode.json"


def episode_json(episode: Episode) -> bytes:
    """The episode as UTF-8 JSON; the same episode gives the same bytes."""
    values = dataclasses.asdict(episode) | {"published": episode.published.isoformat()}
    values["voices"] = dict(sorted(episode.voices.items()))
    return (json.dumps(values, ensure_ascii=False, indent=1) + "\n").encode()


def read_record(path: Path) -> Episode:
    """Read an episode.json.  Raises InputError, naming the file, for one that is damaged or not ours."""
    return parse_record(read_bytes(path), path)


def read_bytes(path: Path) -> bytes:
    """The content of a file.  Raises InputError where it cannot be read."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", where=str(path)) from error


def parse_record(data: bytes, path: Path) -> Episode:
    """The episode that `data`, the content of `path`, says.  Raises InputError where it says none."""
    hint = "Restore the file, or remove the folder and make the episode again: its guid will be the same."
    try:
        return episode_from(json.loads(data))
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        what = f"lacks {error}" if isinstance(error, KeyError) else f"is damaged: {error}"
        raise InputError(what, where=str(path), hint=hint) from error


def episode_from(values: Any) -> Episode:
    """The episode that `values` (parsed JSON) says.  Raises KeyError, TypeError or ValueError where it says none.

    Keys we do not know are left out: a later version may have written them.
    """
    values = _printable(values)
    published = datetime.fromisoformat(values["published"])
    if published.tzinfo is None:
        raise ValueError(f"published {values['published']!r} has no zone")
    known = {field.name for field in dataclasses.fields(Episode)}
    plain = {name: value for name, value in values.items() if name in known}
    texts = ["id", "guid", "title", "summary", "show_notes", "engine", "content_hash"]
    texts += [name for name in ("edition", "beside") if name in plain]  # earlier versions had none
    if wrong := [name for name in texts if not isinstance(plain[name], str)]:
        raise ValueError(f"{wrong[0]} is no text")
    numbers = {name: float(plain[name]) for name in ("duration_seconds", "loudness_lufs", "true_peak_dbtp")}
    numbers["pace"] = float(plain.get("pace", 1.0))
    if (silence := plain.get("longest_silence_seconds")) is not None:
        numbers["longest_silence_seconds"] = float(silence)
    highlight = plain.get("highlight")
    return Episode(
        **plain
        | numbers
        | {
            "published": published,
            "enclosure": Enclosure(**plain["enclosure"]),
            "chapters": tuple(_chapter(chapter) for chapter in plain["chapters"]),
            "cues": tuple(_cue(cue) for cue in plain["cues"]),
            "voices": {str(speaker): str(voice) for speaker, voice in plain["voices"].items()},
            "highlight": _chapter(highlight) if highlight else None,
        }
    )


def clean(episode: Episode) -> Episode:
    """The episode as it will be read back."""
    return episode_from(json.loads(episode_json(episode)))


def _chapter(values: dict[str, Any]) -> Chapter:
    times = {name: float(values[name]) for name in ("start_seconds", "end_seconds")}
    return Chapter(**values | times)


def _cue(values: dict[str, Any]) -> Cue:
    times = {name: float(values[name]) for name in ("start_seconds", "end_seconds")}
    return Cue(**values | times)


def _printable(value: Any) -> Any:
    """Every text in it without the characters that XML forbids: a feed must be well-formed whatever a digest holds."""
    if isinstance(value, str):
        # isprintable is ten times as quick, and says no to all that `printable` takes out.
        return value if value.isprintable() else printable(value)
    if isinstance(value, list):
        return [_printable(part) for part in value]
    if isinstance(value, dict):
        return {name: _printable(part) for name, part in value.items()}
    return value
