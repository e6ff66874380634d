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

from podcast.rewrite.check import Source
from podcast.script.templating import environment, fill

STYLES: Mapping[str, tuple[str, ...]] = {  # name -> who speaks
    "conversation": ("anchor", "commentator"),
    "monologue": ("anchor",),
}
Message = dict[str, str]


class Prompts:
    """The templates of a style.  `templates` is a folder whose files win.  Raises ConfigError for a wrong one."""

    def __init__(self, style: str, templates: Path | None) -> None:
        self._style = style
        self._templates = environment("podcast.rewrite", templates)

    def first(self, source: Source, *, speakers: Sequence[str], show_title: str) -> list[Message]:
        """The messages that ask for a segment."""
        values = {"speakers": speakers, "show_title": show_title, "kind": source.kind, "number": source.number}
        style = fill(self._templates, f"{self._style}.j2", **values).strip()
        data = {
            "title": source.title,
            "sentences": [{"n": number, "text": text} for number, text in enumerate(source.sentences, start=1)],
        }
        return [
            {"role": "system", "content": fill(self._templates, "system.j2", style=style, **values).strip()},
            {"role": "user", "content": json.dumps(data, ensure_ascii=False)},
        ]

    def again(self, messages: Sequence[Message], answer: str, reasons: Sequence[str]) -> list[Message]:
        """The messages that ask once more, with what was wrong."""
        words = fill(self._templates, "again.j2", reasons=reasons).strip()
        return [*messages[:2], {"role": "assistant", "content": answer}, {"role": "user", "content": words}]
