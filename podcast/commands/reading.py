"""podcast script, normalize, pinyin: what would be said, before any audio."""

from __future__ import annotations

import argparse
import sys
from typing import Any

from podcast.commands.shared import config_of, tell_unset


def script(options: argparse.Namespace) -> int:
    from podcast.console import print_report, print_script
    from podcast.digest import read_digest
    from podcast.production import desk, existing, lexicon, show
    from podcast.rewrite import rewrite
    from podcast.script import write_script
    from podcast.text import narrate
    from podcast.text.normalize import read
    from podcast.text.report import report

    config = config_of(options, options.digest)
    tell_unset(config, options.rewrite)
    words = lexicon(config)
    digest = read_digest(options.digest, timezone=config.show.timezone)
    about = show(config)
    edition = options.edition or config.script.edition
    draft = write_script(
        digest,
        show_title=about.title,
        disclosure=about.disclosure,
        edition=edition,
        templates=existing(config, config.script.templates, "script.templates"),
    )
    writer = desk(config, options.rewrite)
    rewriting = rewrite(draft, digest, writer, edition=edition, show_title=about.title, lexicon=words)
    script = narrate(rewriting.script, words, unit="sentence", max_characters=90)
    for warning in (*digest.warnings, *rewriting.warnings):
        print(f"podcast: {options.digest}: {warning}", file=sys.stderr)
    if options.report:
        texts = [sentence.text for utterance in script.utterances for sentence in utterance.sentences]
        rows = report((text, read(text, words)) for text in texts)
        print_report(rows, options.format, rewriting.told if writer else None)
    else:
        print_script(script, options.format)
    return 0


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
