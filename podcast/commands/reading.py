"""podcast script, normalize, pinyin: what would be said, before any audio."""

from __future__ import annotations

import argparse
import sys
from typing import Any

from podcast.commands.shared import config_of


def script(options: argparse.Namespace) -> int:
    from podcast.console import print_report, print_script
    from podcast.digest import read_digest
    from podcast.editions import draft
    from podcast.production import chosen_editions, existing, lexicon, music, roster, show
    from podcast.text import narrate
    from podcast.text.normalize import read
    from podcast.text.report import report

    config = config_of(options, options.digest)
    words = lexicon(config)
    digest = read_digest(options.digest, timezone=config.show.timezone)
    written = draft(
        digest,
        chosen_editions(config, [options.edition] if options.edition else [], options.minutes)[0],
        show(config, options.hosts),
        hosts=options.hosts or config.script.hosts,
        templates=existing(config, config.script.templates, "script.templates"),
        lexicon=words,
        music=music(config),
        speaker=roster(config, options.engine).speakers[0],
    )
    script = narrate(written.script, words, unit="sentence", max_characters=90)
    for warning in (*digest.warnings, *written.notes):
        print(f"podcast: {options.digest}: {warning}", file=sys.stderr)
    if options.report:
        texts = [sentence.text for utterance in script.utterances for sentence in utterance.sentences]
        print_report(report((text, read(text, words)) for text in texts), options.format)
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
