"""Digest and Script -> Document and back: script_of(document_of(digest, script)) == script."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from podcast.models import Digest, Item, Script, Segment, SegmentKind, Sentence, Utterance
from podcast.script.document import KIND_NAMES, SHOWN, Document, Paragraph, Section, fingerprints, placed
from podcast.script.writer import Pauses, first_picture, pause_after
from podcast.sounds import usual_sounds

_PAUSES = Pauses()


def document_of(digest: Digest, script: Script, *, source: str, edition: str) -> Document:
    """The document of a script that was written from the digest.  `source`: the name of the digest's file."""
    items = {item.number: item for item in digest.items}
    sections = [_section(segment, items) for segment in script.segments]
    sections = _with_read(sections, "overview", digest.overview)
    sections = _with_read(sections, "commentary", digest.commentary)
    said = {section.number for section in sections}
    sections += [
        Section("item", item.title, item.number, item.url, item.links, item.figures)
        for item in digest.items
        if item.number not in said
    ]
    document = Document(
        title=script.title,
        published=script.published,
        source=source,
        edition=edition,
        sections=as_usual(sections),
        links=digest.links,
        figures=digest.figures,
    )
    return replace(document, basis=fingerprints(document))


def script_of(document: Document) -> Script:
    """What is said, with the pause after every paragraph."""
    spoken = [(section, after) for section, _, after in placed(document.sections) if section.heard]
    segments = tuple(
        Segment(
            kind=section.kind,
            title=section.title,
            item=section.number,
            utterances=_utterances(index, section, after),
            url=section.url,
            image=first_picture(section.figures),
            sounds=section.sounds,
        )
        for index, (section, after) in enumerate(spoken)
    )
    return Script(document.title, document.published, segments)


def digest_of(document: Document) -> Digest:
    """What show notes and feed need: the items without their text, overview and commentary."""
    items: dict[int, Item] = {}
    for section in document.sections:
        if section.number is not None:
            item = Item(section.number, section.title, section.url, (), section.links, section.figures)
            items.setdefault(section.number, item)
    read = {
        kind: tuple(text for section in document.sections if section.kind == kind for text in section.read)
        for kind in SHOWN
    }
    return Digest(
        source=Path(document.source),
        title=document.title,
        published=document.published,
        overview=read["overview"],
        items=tuple(items[number] for number in sorted(items)),
        commentary=read["commentary"],
        links=document.links,
        figures=document.figures,
    )


def as_usual(sections: Sequence[Section]) -> tuple[Section, ...]:
    """The sections with what is usual at its place left unsaid."""
    return tuple(_as_usual(section, before, after) for section, before, after in placed(sections))


def _as_usual(section: Section, before: SegmentKind | None, after: SegmentKind | None) -> Section:
    heard = section.heard
    if not heard:
        return replace(section, sounds=None)
    usual = iter(_usual_pauses(section, after))
    paragraphs = tuple(
        paragraph
        if paragraph.use == "read"
        else replace(
            paragraph, pause_seconds=None if paragraph.pause_seconds == next(usual) else paragraph.pause_seconds
        )
        for paragraph in section.paragraphs
    )
    sounds = None if section.sounds == usual_sounds(section.kind, before, last=after is None) else section.sounds
    return replace(section, paragraphs=paragraphs, sounds=sounds)


def _usual_pauses(section: Section, after: SegmentKind | None) -> list[float]:
    """After each paragraph that is heard, in seconds."""
    return [*(_PAUSES.paragraph for _ in section.heard[1:]), pause_after(section.kind, after, _PAUSES)]


def _utterances(index: int, section: Section, after: SegmentKind | None) -> tuple[Utterance, ...]:
    pairs = zip(section.heard, _usual_pauses(section, after), strict=True)
    return tuple(
        Utterance(
            id=f"s{index:02}-p{place:02}",
            speaker=paragraph.speaker,
            sentences=(Sentence(paragraph.text, "", overrides=paragraph.overrides),),
            pause_after_seconds=usual if paragraph.pause_seconds is None else paragraph.pause_seconds,
        )
        for place, (paragraph, usual) in enumerate(pairs, start=1)
    )


def _section(segment: Segment, items: Mapping[int, Item]) -> Section:
    item = items.get(segment.item) if segment.item is not None else None
    return Section(
        kind=segment.kind,
        title=segment.title,
        number=segment.item,
        url=segment.url,
        links=item.links if item else (),
        figures=item.figures if item else (),
        paragraphs=tuple(_paragraph(utterance, segment.kind) for utterance in segment.utterances),
        sounds=segment.sounds,
    )


def _paragraph(utterance: Utterance, kind: SegmentKind) -> Paragraph:
    return Paragraph(
        text=utterance.text,
        speaker=utterance.speaker,
        overrides=tuple(override for sentence in utterance.sentences for override in sentence.overrides),
        pause_seconds=utterance.pause_after_seconds,
        use="heard" if kind in SHOWN else "both",
    )


def _with_read(sections: Sequence[Section], kind: SegmentKind, paragraphs: Sequence[str]) -> list[Section]:
    """The sections with the digest's paragraphs of a kind: one that is said as it is written is marked "both", any
    other stands beside what is said, to be read only.
    """
    left = [text.strip() for text in paragraphs if text.strip()]
    result = list(sections)
    for index, section in enumerate(sections):
        if section.kind == kind:
            result[index] = replace(section, paragraphs=tuple(_marked(section.paragraphs, left)))
    if left:
        places = [index for index, section in enumerate(sections) if section.kind == kind]
        if not places:
            places = [len(result)]
            result.append(Section(kind, KIND_NAMES[kind]))
        last = result[places[-1]]
        unsaid = tuple(Paragraph(text, use="read") for text in left)
        result[places[-1]] = replace(last, paragraphs=(*last.paragraphs, *unsaid))
    return result


def _marked(paragraphs: Sequence[Paragraph], left: list[str]) -> list[Paragraph]:
    """The paragraphs of a section, with those of `left` that belong before or in them; what was found is taken away."""
    marked: list[Paragraph] = []
    for paragraph in paragraphs:
        if paragraph.text in left:
            ahead = left.index(paragraph.text)
            marked += [Paragraph(text, use="read") for text in left[:ahead]]
            del left[: ahead + 1]
            marked.append(replace(paragraph, use="both"))
        else:
            marked.append(paragraph)
    return marked
