"""The words that a model is asked with: templates in jinja2, of which the user's own win over the built-in ones.

    system.j2         what holds for every request: the form of the answer; that the digest is data
    conversation.j2   the style: two hosts
    monologue.j2      the style: one lively host
    again.j2          what was wrong with the last answer

The digest's words reach a model as JSON strings in a message of their own: none of them stands among the instructions.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import jinja2

from podcast.errors import ConfigError
from podcast.rewrite.check import Source

STYLES: Mapping[str, tuple[str, ...]] = {  # name -> who speaks
    "conversation": ("anchor", "commentator"),
    "monologue": ("anchor",),
}
Message = dict[str, str]


class Prompts:
    """The templates of a style.  `templates` is a folder whose files win.  Raises ConfigError for a wrong one."""

    def __init__(self, style: str, templates: Path | None) -> None:
        loaders: list[jinja2.BaseLoader] = [jinja2.FileSystemLoader(str(templates))] if templates else []
        loaders.append(jinja2.PackageLoader("podcast.rewrite"))
        self._style = style
        self._environment = jinja2.Environment(
            loader=jinja2.ChoiceLoader(loaders),
            undefined=jinja2.StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            autoescape=False,  # noqa: S701 - the result is read by a model, not HTML
        )

    def first(self, source: Source, *, speakers: Sequence[str], show_title: str) -> list[Message]:
        """The messages that ask for a segment."""
        values = {"speakers": speakers, "show_title": show_title, "kind": source.kind, "number": source.number}
        style = self._fill(f"{self._style}.j2", **values)
        data = {
            "title": source.title,
            "sentences": [{"n": number, "text": text} for number, text in enumerate(source.sentences, start=1)],
        }
        return [
            {"role": "system", "content": self._fill("system.j2", style=style, **values)},
            {"role": "user", "content": json.dumps(data, ensure_ascii=False)},
        ]

    def again(self, messages: Sequence[Message], answer: str, reasons: Sequence[str]) -> list[Message]:
        """The messages that ask once more, with what was wrong."""
        words = self._fill("again.j2", reasons=reasons)
        return [*messages[:2], {"role": "assistant", "content": answer}, {"role": "user", "content": words}]

    def _fill(self, name: str, **values: Any) -> str:
        try:
            return self._environment.get_template(name).render(**values).strip()
        except jinja2.TemplateSyntaxError as error:
            raise ConfigError(str(error.message), where=f"{error.filename or name}:{error.lineno}") from error
        except (jinja2.TemplateError, UnicodeDecodeError, ArithmeticError, TypeError, ValueError) as error:
            raise ConfigError(
                f"template {name} cannot be filled: {error}", hint="Compare it with the built-in one."
            ) from error
