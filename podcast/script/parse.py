"""Markdown -> Document: every line becomes part of it, or an error names the line and what to write instead."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import get_args

from podcast.errors import ScriptError
from podcast.models import Figure, Link, SegmentKind, Sound
from podcast.script import document as words
from podcast.script.convert import as_usual
from podcast.script.document import SHOWN, Document, Paragraph, Section, Use
from podcast.script.front import plain_lines, read_front
from podcast.script.inline import Misread, plain, shown_as_typed, unescape
from podcast.script.lines import Piece, Unreadable, pieces
from podcast.script.rundown import SPEAKERS

LONGEST_PAUSE_SECONDS = 2.0  # that the audio stage leaves; a test holds the two together

_KINDS: dict[str, SegmentKind] = {words.KIND_NAMES.get(kind, kind): kind for kind in get_args(SegmentKind)}
_SPEAKERS = {words.SPEAKER_NAMES.get(role, role): role for role in SPEAKERS}
_SOUNDS: dict[str, Sound] = {name: sound for sound, name in words.SOUND_NAMES.items()}
_USES: dict[str, Use] = {name: use for use, name in words.USE_NAMES.items()}
_FIGURES = {name: kind for kind, name in words.FIGURE_NAMES.items()}
_HEADING = re.compile(r"([^\s\d：:]+)\s*(\d{1,6})?\s*(?:[：:]\s*(.*))?")
_PAUSE = re.compile(rf"{words.PAUSE}\s*(\d+(?:\.\d+)?(?:e-?\d+)?)\s*秒")
_LINKED = re.compile(r"\[((?:\\.|[^\\\[\]])*)\]\((?:<((?:\\.|[^\\<>])*)>|([^<>\s]*))\)")
_ADDRESS = re.compile(r"<((?:\\.|[^\\<>])*)>|([^<>\s]+)")
_CUES = "、".join(f"{{{name}}}" for name in (*_SOUNDS, f"{words.PAUSE} 1.5 秒", *_USES, words.SILENT))


def read_document(text: str, source: Path) -> Document:
    """Read a script document; a byte order mark and any line ends are taken.  Raises ScriptError."""
    front = read_front(plain_lines(text), source)
    reading = _Reading()
    try:
        for piece in pieces(front.body, front.first_line):
            try:
                reading.take(piece)
            except Misread as error:
                raise Unreadable(piece.line, error) from None
        sections = reading.finish()
    except Unreadable as error:
        where = f"{source}:{error.line or front.first_line}"
        raise ScriptError(error.why.what, where=where, hint=error.why.hint) from None
    return Document(
        title=front.title,
        published=front.published,
        source=front.source,
        edition=front.edition,
        sections=as_usual(sections),
        links=tuple(reading.extras.links),
        figures=tuple(reading.extras.figures),
        basis=front.basis,
        warnings=tuple(reading.warnings),
    )


@dataclass(slots=True)
class _Open:
    """A section that is being read."""

    line: int
    kind: SegmentKind | None = None  # None: of the links and figures of no item
    title: str = ""
    number: int | None = None
    url: str | None = None
    links: list[Link] = field(default_factory=list)
    figures: list[Figure] = field(default_factory=list)
    paragraphs: list[Paragraph] = field(default_factory=list)
    sounds: list[Sound] = field(default_factory=list)
    speaker: str = SPEAKERS[0]
    use: tuple[Use, int] | None = None  # of the paragraph that must follow, and its line
    silent: bool = False  # an item that only the notes name


@dataclass
class _Reading:
    """Takes piece after piece."""

    sections: list[Section] = field(default_factory=list)
    extras: _Open = field(default_factory=lambda: _Open(0))
    warnings: list[str] = field(default_factory=list)
    open: _Open | None = None

    def take(self, piece: Piece) -> None:
        """Raises Misread."""
        if piece.kind == "heading":
            self._close()
            self.open = self._heading(piece)
            return
        here = self.open
        if here is None:
            hint = f"Begin with a heading: ## {words.KIND_NAMES['opening']}."
            raise Misread("something stands before the first heading", hint)
        if here.use and piece.kind != "text":
            raise Misread(f"no text follows {{{words.USE_NAMES[here.use[0]]}}}", "Write the paragraph on its line.")
        if here.kind is None and piece.kind != "fact":
            raise Misread(f"## {words.EXTRAS} has links and figures only", "Move the text to a segment.")
        take: dict[str, Callable[[Piece, _Open], None]] = {
            "fact": self._fact,
            "speaker": self._speaker,
            "cue": self._cue,
            "text": self._text,
        }
        take[piece.kind](piece, here)

    def finish(self) -> tuple[Section, ...]:
        """Raises Unreadable."""
        self._close()
        spoken = [section for section in self.sections if section.heard]
        if not spoken:
            raise Unreadable(0, Misread("the document says nothing", "Write a segment: ## 开场, and text below it."))
        for section in self.sections:
            _check_music(section, first=section is spoken[0], last=section is spoken[-1])
        self._check_numbers()
        return tuple(self.sections)

    def _heading(self, piece: Piece) -> _Open:
        self._note_markdown(piece)
        if plain(piece.value) == words.EXTRAS:
            self.extras.line = piece.line
            return self.extras
        match = _HEADING.fullmatch(piece.value)
        kind = _KINDS.get(match[1]) if match else None
        if match is None or kind is None:
            known = "、".join(f"## {name}" for name in _KINDS)
            raise Misread(
                f"no kind of segment is called {piece.value[:40]}", f"Write one of {known}, then ：and a title."
            )
        title = plain(match[3] or "").strip()
        number = int(match[2]) if match[2] else None
        if kind == "item":
            self._check_item(number, title)
        elif number is not None:
            raise Misread(f"{match[1]} has no number", f"Write ## {match[1]}：{title or match[1]}.")
        return _Open(piece.line, kind, title or match[1], number)

    def _check_item(self, number: int | None, title: str) -> None:
        if number is None or not title:
            what = f"the item {title[:20]} has no number" if number is None else f"item {number} has no title"
            raise Misread(
                what, f"Write ## {words.KIND_NAMES['item']} {number or self._free_number()}：{title or '标题'}."
            )

    def _check_numbers(self) -> None:
        """One item may have several segments, one number not several items."""
        known: dict[int | None, Section] = {None: Section("opening", "")}
        for section in self.sections:
            other = known.setdefault(section.number, section)
            if section.number is not None and (other.title, other.url) != (section.title, section.url):
                what = f"the items {other.title[:20]} and {section.title[:20]} have the same number {section.number}"
                hint = f"Give each its own: ## {words.KIND_NAMES['item']} {self._free_number()}：{section.title}."
                raise Unreadable(section.line, Misread(what, hint))

    def _free_number(self) -> int:
        return max((section.number for section in self.sections if section.number is not None), default=0) + 1

    def _fact(self, piece: Piece, here: _Open) -> None:
        name, colon, value = piece.value.partition("：")
        if not colon:
            name, colon, value = piece.value.partition(":")
        name, value = name.strip(), value.strip()
        if not colon or name not in {words.SOURCE, words.LINK, *_FIGURES} or here.paragraphs:
            facts = "、".join(f"- {known}：" for known in (words.SOURCE, words.LINK, *_FIGURES))
            what = "a list cannot be spoken, and facts stand before the text" if here.paragraphs else "no such fact"
            raise Misread(f"{what}: - {piece.value[:30]}", rf"Facts are {facts}; write text as paragraphs, or \- .")
        if here.kind not in ("item", None):
            raise Misread("only items have a source, links and figures", f"Move it below an item or ## {words.EXTRAS}.")
        if name == words.SOURCE:
            if here.kind is None or here.url is not None:
                raise Misread("an item has one source", f"Write others as - {words.LINK}：[标题](<地址>).")
            here.url = _address(value)
        elif name == words.LINK:
            match = _LINKED.fullmatch(value)
            if match is None:
                raise Misread(f"{value[:40]} is no link", f"Write - {words.LINK}：[标题](<地址>).")
            here.links.append(Link(plain(match[1]), _unbracketed(match[2], match[3])))
        else:
            match = _LINKED.fullmatch(value)
            title, url = (plain(match[1]), _unbracketed(match[2], match[3])) if match else (plain(value), None)
            here.figures.append(Figure(_FIGURES[name], title, url))  # type: ignore[arg-type]  # a key of FIGURE_NAMES

    def _speaker(self, piece: Piece, here: _Open) -> None:
        role = _SPEAKERS.get(piece.value)
        if role is None:
            known = "、".join(f"**{name}：**" for name in _SPEAKERS)
            raise Misread(f"no speaker is called {piece.value}", rf"Write {known}; bold text begins with \*\*.")
        here.speaker = role

    def _cue(self, piece: Piece, here: _Open) -> None:
        cue = piece.value
        if cue in _USES:
            if here.kind not in SHOWN:
                raise Misread(
                    f"{{{cue}}} is for 概览 and 点评", "Leave it out: the show notes have no text of the others."
                )
            here.use = (_USES[cue], piece.line)
        elif cue in _SOUNDS:
            sound = _SOUNDS[cue]
            if (sound == "outro") != bool(here.paragraphs):
                place = "behind the last paragraph" if sound == "outro" else "before the first paragraph of the segment"
                raise Misread(f"{{{cue}}} stands at the wrong place", f"Move it {place}.")
            if sound in here.sounds:
                raise Misread(f"{{{cue}}} stands there twice", "Leave one out.")
            here.sounds.append(sound)
        elif match := _PAUSE.fullmatch(cue):
            self._pause(float(match[1]), here)
        elif cue == words.SILENT and here.kind == "item":
            here.silent = True
        else:
            raise Misread(f"no cue is called {{{cue}}}", rf"Write one of {_CUES}; \{{ for the sign itself.")

    def _pause(self, seconds: float, here: _Open) -> None:
        last = here.paragraphs[-1] if here.paragraphs else None
        if last is None or last.use == "read" or last.pause_seconds is not None or "outro" in here.sounds:
            raise Misread("this pause follows no spoken paragraph", "Write one pause, after the paragraph it follows.")
        if seconds > LONGEST_PAUSE_SECONDS:
            raise Misread(f"a pause of {seconds:g} s is too long", f"Write {LONGEST_PAUSE_SECONDS:g} seconds at most.")
        here.paragraphs[-1] = replace(last, pause_seconds=seconds)

    def _text(self, piece: Piece, here: _Open) -> None:
        if here.silent or "outro" in here.sounds:
            cue = words.SILENT if here.silent else words.SOUND_NAMES["outro"]
            raise Misread(f"text stands behind {{{cue}}}", "Move the cue behind it, or leave one of them out.")
        self._note_markdown(piece)
        text, overrides = unescape(piece.value)
        use = here.use[0] if here.use else "both"
        if use == "read" and overrides:
            raise Misread("a reading stands where nothing is spoken", "Leave the {…} out.")
        if not any(character.isalnum() for character in text):
            self.warnings.append(f"line {piece.line}: nothing in {text[:30]} can be said: it is left out")
        speaker = SPEAKERS[0] if use == "read" else here.speaker
        here.paragraphs.append(Paragraph(text, speaker, overrides, use=use, line=piece.line))
        here.use = None

    def _note_markdown(self, piece: Piece) -> None:
        if found := shown_as_typed(piece.value):
            self.warnings.append(f"line {piece.line}: {found} is shown as it is typed, not as Markdown")

    def _close(self) -> None:
        here = self.open
        if here is None or here.kind is None:
            return
        if here.use:
            what = f"no text follows {{{words.USE_NAMES[here.use[0]]}}}"
            raise Unreadable(here.use[1], Misread(what, "Write the paragraph on its line."))
        if not here.paragraphs and not here.silent:
            silent = f", or write {{{words.SILENT}}} below it" if here.kind == "item" else ""
            what = f"the segment {here.title[:20]} has no text"
            raise Unreadable(here.line, Misread(what, f"Write some, or take the heading out{silent}."))
        section = Section(
            kind=here.kind,
            title=here.title,
            number=here.number,
            url=here.url,
            links=tuple(here.links),
            figures=tuple(here.figures),
            paragraphs=tuple(here.paragraphs),
            sounds=tuple(sound for sound in get_args(Sound) if sound in here.sounds),
            line=here.line,
        )
        self.sections.append(section)


def _check_music(section: Section, *, first: bool, last: bool) -> None:
    sounds: Sequence[Sound] = section.sounds or ()
    for sound in sounds:
        name = words.SOUND_NAMES[sound]
        if sound == "sting" and "intro" in sounds:
            raise Unreadable(
                section.line, Misread(f"{{{name}}} is too much here", "Leave one cue of this segment out.")
            )
        if (sound == "intro" and not first) or (sound == "outro" and not last):
            place = "first" if sound == "intro" else "last"
            why = Misread(f"{{{name}}} is for the {place} segment that is spoken", "Move it there, or leave it out.")
            raise Unreadable(section.line, why)
        if not section.heard:
            raise Unreadable(section.line, Misread(f"{{{name}}} has nothing to go with", "Leave it out."))


def _address(value: str) -> str:
    match = _ADDRESS.fullmatch(value)
    if match is None:
        raise Misread(f"{value[:40]} is no address", f"Write - {words.SOURCE}：<https://…>.")
    return _unbracketed(match[1], match[2])


def _unbracketed(bracketed: str | None, bare: str | None) -> str:
    return (bare or "") if bracketed is None else re.sub(r"\\([\\<>])", r"\1", bracketed)
