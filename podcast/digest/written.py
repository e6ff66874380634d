"""A digest as JSON: what docs/digest.schema.json describes, read, checked and written.

The shape is that of `podcast.models.Digest`; the types of its fields are the rules, so schema, reader and model cannot
come apart.
"""

from __future__ import annotations

import dataclasses
import difflib
import json
import types
import typing
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from podcast.digest.head import read_date, with_zone
from podcast.digest.inline import leads_on
from podcast.digest.lines import plain, without_controls
from podcast.errors import DigestError
from podcast.models import Digest, Figure, Interlude, Item, Link

T = TypeVar("T")
SCHEMA_NAME = "digest.schema.json"
_ABOUT: dict[str, str] = {  # by class and field
    "Digest": "A news digest, whole.",
    "Digest.source": "name that tells it from other digests of its day; the file's where left out",
    "Digest.title": "plain text",
    "Digest.published": "2026-03-02T08:00:00+08:00; without a zone it is in the show's, without a time at 08:00",
    "Digest.overview": "paragraphs of plain text",
    "Digest.items": "the news, in the order they are said",
    "Digest.commentary": "paragraphs of the commentary (点评)",
    "Digest.interludes": "running text between items",
    "Digest.links": "links of overview and commentary, shown in the notes",
    "Digest.figures": "figures of overview and commentary, named in the notes",
    "Digest.warnings": "what was not understood where the digest comes from; passed on",
    "Item": "One news item.",
    "Item.number": "place in the digest, from 1; may be left out",
    "Item.title": "plain text",
    "Item.url": "http or https address of the source",
    "Item.summary": "paragraphs of plain text",
    "Item.links": "further links, shown in the notes",
    "Item.figures": "images, tables and code: named in the notes, not spoken",
    "Interlude": "Text between two items.",
    "Interlude.after_item": "number of the item before it; 0 = before the first",
    "Interlude.paragraphs": "paragraphs of plain text",
    "Link": "A link inside running text.",
    "Link.title": "the words that are linked",
    "Link.url": "http or https address",
    "Figure": "An image, table or code block.",
    "Figure.kind": "what it is",
    "Figure.title": "alternative text, header row or language",
    "Figure.url": "http or https address of an image",
}
# What a person who writes it by hand may leave out, besides the fields that have a default.
_MAY_LACK: dict[str, Any] = {
    "Digest.source": Path(),
    "Digest.overview": (),
    "Digest.commentary": (),
    "Item.number": 0,
    "Item.url": None,
    "Item.summary": (),
}
_MAY_BE_EMPTY = frozenset({"Link.title", "Figure.title"})
_CLASSES = (Digest, Item, Interlude, Link, Figure)


def read_written(values: Any, source: Path, zone: ZoneInfo) -> Digest:
    """Raises DigestError naming the place: "digest.json: items[2].url is no http or https address"."""
    reader = _Reader(str(source), zone)
    found: Digest = reader.build(Digest, values, "")
    if not found.items:
        raise reader.wrong("items", "is empty")
    for place, item in enumerate(found.items, 1):
        if item.number not in (0, place):
            raise reader.wrong(f"items[{place - 1}].number", f"is {item.number}, should be its place, {place}")
    for index, interlude in enumerate(found.interludes):
        if interlude.after_item > len(found.items):
            there = f"is {interlude.after_item}: there are {len(found.items)} items"
            raise reader.wrong(f"interludes[{index}].after_item", there)
    return dataclasses.replace(
        found,
        items=tuple(dataclasses.replace(item, number=place) for place, item in enumerate(found.items, 1)),
        source=source.parent / found.source.name if found.source.name else source,
        warnings=(*found.warnings, *reader.notes),
    )


def digest_json(digest: Digest) -> str:
    """The digest as `read_written` reads it, one line for each value."""
    values = dataclasses.asdict(digest) | {"source": digest.source.name, "published": digest.published.isoformat()}
    return json.dumps(values, ensure_ascii=False, indent=2) + "\n"


def schema() -> dict[str, Any]:
    """JSON Schema (2020-12) of it."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "podcast digest",
        **_object(Digest),
        "$defs": {kind.__name__: _object(kind) for kind in _CLASSES[1:]},
    }


def _object(kind: type[Any]) -> dict[str, Any]:
    hints = typing.get_type_hints(kind)
    names = {f"{kind.__name__}.{field.name}": field for field in dataclasses.fields(kind)}
    return {
        "description": _ABOUT[kind.__name__],
        "type": "object",
        "properties": {
            field.name: {"description": _ABOUT[name], **_described(hints[field.name], name)}
            for name, field in names.items()
        },
        "required": [field.name for name, field in names.items() if _is_needed(name, field)],
        "additionalProperties": False,
    }


def _is_needed(name: str, field: dataclasses.Field[Any]) -> bool:
    return name not in _MAY_LACK and field.default is dataclasses.MISSING


def _described(hint: Any, name: str) -> dict[str, Any]:
    origin, inner = typing.get_origin(hint), typing.get_args(hint)
    if origin is tuple:
        return {"type": "array", "items": _described(inner[0], name)} | ({"minItems": 1} if inner[0] is Item else {})
    if origin is typing.Literal:
        return {"enum": list(inner)}
    if isinstance(hint, type) and dataclasses.is_dataclass(hint):
        return {"$ref": f"#/$defs/{hint.__name__}"}
    if hint is int:
        return {"type": "integer", "minimum": 0}
    text: dict[str, Any] = {"type": ["string", "null"] if origin is types.UnionType else "string"}
    if name.endswith(".url"):
        return text | {"pattern": "^[Hh][Tt][Tt][Pp][Ss]?://."}
    return text | ({"minLength": 1} if hint is str and name not in _MAY_BE_EMPTY else {})


class _Reader:
    """Builds dataclasses from what JSON gave, holding every value to the field's type."""

    def __init__(self, where: str, zone: ZoneInfo) -> None:
        self._where = where
        self._zone = zone
        self.notes: list[str] = []

    def wrong(self, place: str, what: str, hint: str | None = None) -> DigestError:
        hint = hint or f"docs/{SCHEMA_NAME} says what may stand there."
        return DigestError(f"{place} {what}".strip(), where=self._where, hint=hint)

    def build(self, kind: type[T], values: Any, place: str) -> T:
        if not isinstance(values, dict):
            raise self.wrong(place or "it", "is no object")
        hints = typing.get_type_hints(kind)
        built = {}
        for key in [key for key in values if key not in hints][:1]:
            near = difflib.get_close_matches(key, hints, n=1)
            hint = f"Did you mean {near[0]}?" if near else f"Known here: {', '.join(hints)}."
            raise self.wrong(_join(place, key[:80]), "is an unknown key", hint)
        for field in dataclasses.fields(kind):  # type: ignore[arg-type]  # every caller passes a dataclass
            name, here = f"{kind.__name__}.{field.name}", _join(place, field.name)
            if field.name in values:
                built[field.name] = self._value(hints[field.name], values[field.name], name, here)
            elif _is_needed(name, field):
                raise self.wrong(here, "is missing")
            elif name in _MAY_LACK:
                built[field.name] = _MAY_LACK[name]
        return kind(**built)

    def _value(self, hint: Any, value: Any, name: str, place: str) -> Any:
        origin, inner = typing.get_origin(hint), typing.get_args(hint)
        if origin is tuple:
            if not isinstance(value, list):
                raise self.wrong(place, "is no list")
            return tuple(self._value(inner[0], each, name, f"{place}[{index}]") for index, each in enumerate(value))
        if origin is typing.Literal and value not in inner:
            raise self.wrong(place, f"is none of {', '.join(inner)}")
        if isinstance(hint, type) and dataclasses.is_dataclass(hint):
            return self.build(hint, value, place)
        if hint is int:
            if not isinstance(value, int) or isinstance(value, bool) or value < 0:
                raise self.wrong(place, "is no whole number from 0 on")
            return value
        if value is None and origin is types.UnionType:
            return None
        if not isinstance(value, str):
            raise self.wrong(place, "is no string")
        return self._text(hint, value, name, place)

    def _text(self, hint: Any, value: str, name: str, place: str) -> Any:
        if not value.isascii() and any("\ud800" <= char <= "\udfff" for char in value):
            raise self.wrong(place, "holds half a surrogate pair, which is no text")
        text = plain(without_controls(value))
        if without_controls(value) != value:
            self.notes.append(f"{place}: control characters were left out")
        if hint is datetime:
            written = read_date(text)
            if written is None:
                raise self.wrong(place, f"is {text[:40]!r}, no date", "Write it as 2026-03-02T08:00:00+08:00.")
            return with_zone(written, self._zone)
        if hint is Path:
            return Path(text)
        if name.endswith(".url") and not leads_on(text):
            raise self.wrong(place, f"is {text[:80]!r}, no http or https address")
        if not text and name not in _MAY_BE_EMPTY:
            raise self.wrong(place, "is empty")
        return text


def _join(place: str, key: str) -> str:
    return f"{place}.{key}" if place else key
