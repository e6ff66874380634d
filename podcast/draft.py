"""What is going to be said: of a digest, of a script document, or of a digest whose script a person has edited.

digest ──▶ Document ──┐
kept script.md ───────┴─▶ merge ──▶ Document ──▶ Draft
script document ─────────────────▶ Document ──▶ Draft
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from podcast.digest import read_digest_text, read_text
from podcast.editions import Written, write_edition
from podcast.errors import LexiconError, ScriptError
from podcast.models import Digest, Edition, Script
from podcast.publish import source_name
from podcast.rewrite import Rewriting, rewrite, rewrite_markdown
from podcast.script import (
    Document,
    digest_of,
    document_markdown,
    document_of,
    is_document,
    is_edited,
    merge,
    read_document,
    script_of,
)
from podcast.text.overrides import fixed
from podcast.tts.synthesis import Speaker
from podcast.work import Production

_WRITE_A_READING = "Write a syllable with its tone for each Han character, [重庆]{chong2 qing4}, or other words."


@dataclass(frozen=True)
class Draft:
    """What is going to be said, before it is fitted to an engine."""

    document: Document
    said: Digest | None  # what of the digest is said; None: the source was a script document
    warnings: tuple[str, ...]  # what a person should look at
    edited: bool  # a person had a hand in it
    rewriting: Rewriting  # what a language model made of it
    written: Written | None  # as the templates had it; None: the source was a script document

    @property
    def script(self) -> Script:
        return script_of(self.document)

    @property
    def notes(self) -> Digest:
        """What show notes and feed are made of."""
        return digest_of(self.document)

    @property
    def left_out(self) -> tuple[str, ...]:
        """What of the digest is not said, a line each."""
        return self.written.left_out if self.written else ()

    @property
    def markdown(self) -> str:
        return document_markdown(self.document)

    @property
    def rewrite_markdown(self) -> str | None:
        """Digest and rewrite side by side; None where nothing was rewritten."""
        return rewrite_markdown(self.rewriting.told, reasons=False) if self.rewriting.rewritten else None


@dataclass(frozen=True, slots=True)
class Source:
    """What an episode is made of, read."""

    path: Path  # is named in messages
    content: Digest | Document
    on_disk: bool = False  # the path is that of a file which holds it

    @property
    def digest(self) -> Digest:
        """What it is about."""
        return digest_of(self.content) if isinstance(self.content, Document) else self.content


def read_draft(
    source: Source, work: Production, speaker: Speaker, *, edition: Edition | None = None, pace: float = 1.0
) -> Draft:
    """What is said of a digest or a script document.

    An edition of a length is cut to it by the pace of the speaker; without one it is the production's.  Raises
    ConfigError.
    """
    if isinstance(source.content, Document):
        document = source.content
        return Draft(document, None, document.warnings, is_edited(document), Rewriting(script_of(document)), None)
    digest = source.content
    edition = edition or work.edition
    written = write_edition(
        digest,
        edition,
        show_title=work.show.title,
        disclosure=work.show.disclosure,
        hosts=work.hosts,
        templates=work.templates,
        lexicon=work.lexicon,
        music=work.music,
        speaker=speaker,
        pace=pace,
    )
    rewriting = rewrite(written.script, written.said, work.desk, show_title=work.show.title, lexicon=work.lexicon)
    document = document_of(digest, rewriting.script, source=source_name(source.path), edition=edition.name)
    warnings = (*digest.warnings, *written.notes, *rewriting.warnings)
    return Draft(document, written.said, warnings, edited=False, rewriting=rewriting, written=written)


def edition_of(source: Source, wanted: Edition) -> Edition:
    """The edition that is made of a source: a script document is of one."""
    if isinstance(source.content, Document) and source.content.edition != wanted.name:
        return Edition(source.content.edition, own=False)
    return replace(wanted, seconds=None) if isinstance(source.content, Document) else wanted


def read_source_file(path: Path, *, timezone: str) -> Source:
    """The digest or script document of a Markdown file.  Raises DigestError, ScriptError, ConfigError."""
    return read_source_text(read_text(path), path, timezone=timezone)


def read_source_text(text: str, source: Path, *, timezone: str) -> Source:
    """The source that a Markdown text is; `source` is named in errors.  Raises as above."""
    if is_document(text):
        return Source(source, _read_document(text, source))
    return Source(source, read_digest_text(text, source, timezone=timezone))


def with_edits(draft: Draft, kept: Path) -> Draft:
    """The draft of a digest with what a person edited in the document `kept`, where there is one.

    Raises ScriptError for a document that cannot be read.
    """
    if draft.said is None or not kept.is_file():
        return draft
    text = read_text(kept)
    if not is_document(text):  # of an earlier version, which wrote no documents
        return draft
    try:
        edits = _read_document(text, kept)
    except ScriptError as error:
        error.hint = f"{error.hint or ''} Or drop what was edited there with --fresh.".strip()
        raise
    document, warnings = merge(draft.document, edits)
    return replace(draft, document=document, warnings=(*draft.warnings, *warnings), edited=document != draft.document)


def _read_document(text: str, source: Path) -> Document:
    document = read_document(text, source)
    for section in document.sections:
        for paragraph in section.paragraphs:
            try:
                fixed(paragraph.text, paragraph.overrides)
            except LexiconError as error:
                raise ScriptError(
                    error.what, where=f"{source}:{paragraph.line}", hint=error.hint or _WRITE_A_READING
                ) from None
    return document
