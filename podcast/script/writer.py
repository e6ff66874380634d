"""Fills the templates: one for each kind of segment, in jinja2, overridable from the user's own folder.

A template renders to lines.  A line is a paragraph; `@anchor`, `@commentator` or `@coanchor` alone on a line says who
speaks from there on; where the format lacks that role another takes it.  What the digest says can never change the
speaker: values are put on one line and a leading @ is widened.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, get_args

import jinja2

from podcast.errors import ConfigError
from podcast.models import Digest, Figure, Script, Segment, SegmentKind, Sentence, Utterance
from podcast.script.rundown import HOSTS, Block, rundown
from podcast.script.templating import environment, fill

WEEKDAYS = ("星期一", "星期二", "星期三", "星期四", "星期五", "星期六", "星期日")
_NAMES = tuple(f"{kind}.j2" for kind in get_args(SegmentKind))
_ADDRESS = re.compile(r"(?:https?://|www\.)[\w\-.~:/?#\[\]@!$&'()*+,;=%]+", re.ASCII)

# What stands between two items is varied so that twelve items do not begin alike, and chosen by date and place so that
# the same digest always gets the same words.
_TRANSITIONS = {
    "only": ("今天的新闻是", "来看今天的新闻"),
    "first": ("首先来看第一条", "先来看第一条新闻", "我们从第一条新闻说起"),
    "middle": ("接下来，第{n}条", "再来看第{n}条", "下一条", "第{n}条", "继续来看第{n}条", "接着看下一条"),
    "last": ("最后一条", "最后来看第{n}条", "今天的最后一条新闻"),
}


@dataclass(frozen=True, slots=True)
class Pauses:
    """Silence after a boundary, in seconds, as a newsreader leaves it."""

    paragraph: float = 0.6
    headline: float = 0.4  # between items of a headline each
    item: float = 0.9
    block: float = 1.3


def write_script(
    digest: Digest,
    *,
    show_title: str,
    disclosure: str = "",
    edition: str = "full",
    hosts: str = "commentary",
    templates: Path | None = None,
    pauses: Pauses | None = None,
) -> Script:
    """Write the narration: every utterance is one paragraph in written form, not yet normalized.

    All of `digest` is said: for an edition that says less it has been cut before, and `edition` is what templates call
    it.  `hosts`: who speaks, "solo", "commentary" or "duo".
    `templates` is a folder whose files win over the built-in ones of the same name (opening.j2, item.j2 ...).
    Raises ConfigError for a template that is wrong, naming file and line.
    """
    pauses = pauses or Pauses()
    environment = _environment(templates)
    blocks = rundown(digest, hosts)
    segments: list[Segment] = []
    for index, block in enumerate(blocks):
        following = blocks[index + 1] if index + 1 < len(blocks) else None
        values = {"show_title": show_title, "disclosure": disclosure, "edition": edition, "hosts": hosts}
        lines = _render(environment, block, digest, HOSTS[hosts], **values)
        after = pause_after(block.kind, following.kind if following else None, pauses)
        if following and _terse(block, edition) and _terse(following, edition):
            after = pauses.headline
        utterances = utterances_of(lines, f"s{len(segments):02}", pauses.paragraph, after)
        if utterances:
            item = block.item
            segments.append(
                Segment(
                    kind=block.kind,
                    title=block.title,
                    item=item.number if item else None,
                    utterances=utterances,
                    url=item.url if item else None,
                    image=first_picture(item.figures) if item else None,
                )
            )
    return Script(title=digest.title, published=digest.published, segments=tuple(segments))


def first_picture(figures: Sequence[Figure]) -> str | None:
    """The address of an item's first picture; one without a host cannot be shown by an app."""
    addresses = (figure.url for figure in figures if figure.kind == "image" and figure.url)
    return next((address for address in addresses if address.startswith(("https://", "http://"))), None)


@cache  # a digest that is cut to a length is written a dozen times; jinja sees where a file was changed
def _environment(folder: Path | None) -> jinja2.Environment:
    def on_one_line(value: Any) -> Any:
        return narration_line(value) if isinstance(value, str) else value

    found = environment("podcast.script", folder, on_one_line)
    found.filters["sentence"] = as_sentence
    return found


def _render(
    templates: jinja2.Environment, block: Block, digest: Digest, roles: Mapping[str, str], **values: Any
) -> list[tuple[str, str]]:
    """The (speaker, paragraph) pairs of a block; `roles`: who speaks for a role."""
    day = digest.published
    name = f"{block.kind}.j2"
    transition = _transition(block, day.toordinal(), values["edition"])
    text = fill(
        templates,
        name,
        block=block,
        digest=digest,
        date=f"{day.year}年{day.month}月{day.day}日",
        weekday=WEEKDAYS[day.weekday()],
        transition=transition,
        **values,
    )
    lines, speaker = [], block.speaker
    for line in text.splitlines():
        paragraph = line.strip()
        if block.item and not transition:
            paragraph = paragraph.lstrip("：，。 ")  # what a template has put after it without looking
        if paragraph.startswith("@"):
            if paragraph[1:] not in roles:
                known = " or ".join(f"@{known}" for known in roles)
                raise ConfigError(f"template {name} names the speaker {paragraph!r}", hint=f"Write {known}.")
            speaker = roles[paragraph[1:]]
        elif paragraph:
            lines.append((speaker, paragraph))
    return lines


def utterances_of(
    lines: Sequence[tuple[str, str]], segment: str, between_seconds: float, after_seconds: float
) -> tuple[Utterance, ...]:
    """An utterance for each (speaker, text); `segment` begins their ids."""
    return tuple(
        Utterance(
            id=f"{segment}-p{place:02}",
            speaker=speaker,
            sentences=(Sentence(text=paragraph, spoken=""),),
            pause_after_seconds=after_seconds if place == len(lines) else between_seconds,
        )
        for place, (speaker, paragraph) in enumerate(lines, start=1)
    )


def pause_after(kind: SegmentKind, following: SegmentKind | None, pauses: Pauses) -> float:
    """Silence after the last words of a segment, in seconds."""
    if following is None:
        return 0.0
    return pauses.item if kind == following == "item" else pauses.block


def _terse(block: Block, edition: str) -> bool:
    """Whether it is one of many headlines: they follow one another without a word between."""
    return block.item is not None and (edition == "brief" or (edition != "full" and not block.paragraphs))


def _transition(block: Block, day: int, edition: str) -> str:
    if block.item is None or (block.place == "middle" and _terse(block, edition)):
        return ""
    number = block.number  # not the digest's where items are left out: nobody shall wait for the missing ones
    choices = _TRANSITIONS[block.place]
    if block.place == "middle":
        # Walk through the list from a start that the date sets: neighbours always differ.
        choice = choices[(day + number) % len(choices)]
    else:
        choice = choices[int(hashlib.sha256(str(day).encode()).hexdigest(), 16) % len(choices)]
    return choice.format(n=number)


def as_sentence(text: str) -> str:
    """The text with a full stop where it ends in none, so that no engine runs it into what follows."""
    text = text.strip()
    return text if re.search(r"[。！？!?…][”’」』）)\"']*$", text) else f"{text.rstrip('，,、；;：:.')}。"


def narration_line(text: str) -> str:
    """A text of the digest on the newsreader's page: one line, and an address is in the notes, not in the ear."""
    line = " ".join(_ADDRESS.sub("链接", text).split())
    return "＠" + line[1:] if line.startswith("@") else line


def template_words(templates: Path | None = None) -> tuple[str, ...]:
    """The words of the templates themselves, without what they fill in."""
    environment = _environment(templates)
    sources = [environment.loader.get_source(environment, name)[0] for name in _NAMES] if environment.loader else []
    return tuple(value for source in sources for _, kind, value in environment.lex(source) if kind == "data")
