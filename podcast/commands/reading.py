"""podcast script, normalize, pinyin: what would be said, before any audio."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from podcast.commands.shared import config_of, tell_unset, wanted
from podcast.errors import InputError

if TYPE_CHECKING:
    from podcast.draft import Draft


def script(options: argparse.Namespace) -> int:
    from podcast.console import print_report, print_script
    from podcast.draft import edition_of, read_draft
    from podcast.production import chosen_editions, production
    from podcast.sources import near, read_one
    from podcast.text import narrate
    from podcast.text.report import script_report

    config = config_of(options, near(options.digest))
    tell_unset(config, options.rewrite)
    source = read_one(options.digest, wanted(options, config), timezone=config.show.timezone)
    edition = chosen_editions(config, [options.edition] if options.edition else [], options.minutes)[0]
    # Who speaks matters to a length alone; the client of an online engine takes half a second to load.
    anyone = "kokoro" if edition.seconds is None else None
    work = production(
        config,
        public=Path(),
        engine=options.engine or anyone,
        edition=edition,
        hosts=options.hosts,
        rewrite=options.rewrite,
    )
    words = work.lexicon
    draft = read_draft(source, work, work.roster.speakers[0], edition=edition_of(source, work.edition))
    if options.output:
        draft = _write(draft, options)
    for warning in draft.warnings:
        print(f"podcast: {source.path}: {warning}", file=sys.stderr)
    if options.output:
        return 0
    script = narrate(draft.script, words, unit="sentence", max_characters=90)
    if options.report:
        print_report(script_report(script, words), options.format, draft.rewriting.told if work.desk else None)
    elif options.format == "markdown":
        print(draft.markdown, end="")
    else:
        print_script(script, options.format)
    return 0


def _write(draft: Draft, options: argparse.Namespace) -> Draft:
    """Write the document, with what a person edited in the file that is there."""
    from podcast.draft import with_edits
    from podcast.publish.files import replace_file
    from podcast.script import is_document, own_comments, read_document

    path: Path = options.output
    if options.report or options.format != "text":
        raise InputError("-o writes the document", hint="Leave --report and --format out.")
    if draft.said is None:
        raise InputError("is a script document already", where=str(options.digest), hint="Edit it, or make it.")
    if options.fresh or not path.exists():
        replace_file(path, draft.markdown.encode())
    elif not (path.is_file() and is_document(before := path.read_text(encoding="utf-8-sig", errors="replace"))):
        raise InputError("is there, and is no script document", where=str(path), hint="Choose another name.")
    else:
        draft = with_edits(draft, path)
        if read_document(before, path) != draft.document:
            replace_file(path, draft.markdown.encode())
            if count := own_comments(before):
                print(f"podcast: {path}: its comments are gone ({count})", file=sys.stderr)
    print(path)
    return draft


def normalize(options: argparse.Namespace) -> int:
    from podcast.production import lexicon
    from podcast.text.normalize import normalize

    words = lexicon(config_of(options))
    for line in _lines():
        print(normalize(line, words), flush=True)
    return 0


def pinyin(options: argparse.Namespace) -> int:
    from podcast.production import lexicon
    from podcast.text.g2p import pinyin

    words = lexicon(config_of(options))
    for line in _lines():
        print(" ".join(pinyin(line, words.readings)), flush=True)
    return 0


def _lines() -> Any:
    """Lines of standard input without their ends; bytes that are no UTF-8 are replaced, so that one line stays one."""
    for line in sys.stdin.buffer:
        yield line.decode("utf-8", "replace").rstrip("\r\n")
