"""podcast say, voices, cache: single sentences, who can say them, and what is kept of it."""

from __future__ import annotations

import argparse
import sys

from podcast.commands.shared import ENGINES, config_of


def say(options: argparse.Namespace) -> int:
    from podcast import audition
    from podcast.production import clip_cache, lexicon, roster

    config = config_of(options)
    clip = audition.say(
        options.text,
        options.output,
        roster=roster(config, options.engine, alone=True),
        cache=clip_cache(config),
        lexicon=lexicon(config),
        voice=options.voice,
    )
    print(f"{clip.engine}, {clip.duration_seconds:.1f} s: {clip.spoken}", file=sys.stderr)
    print(options.output)
    return 0


def voices(options: argparse.Namespace) -> int:
    from podcast.production import engine

    config = config_of(options)
    names = ENGINES[1:] if options.engine in (None, "auto") else (options.engine,)
    for name in names:
        chosen = {
            getattr(config.voices.anchor, name): "anchor",
            getattr(config.voices.commentator, name): "commentator",
            getattr(config.voices.coanchor, name): "coanchor",
        }
        for voice in engine(config, name).voices():
            print(f"{name:8}{voice:32}{chosen.get(voice, '')}".rstrip())
    return 0


def cache(options: argparse.Namespace) -> int:
    from podcast.audio import encoded
    from podcast.production import clip_cache, parts_folder

    config = config_of(options)
    cache, parts = clip_cache(config), parts_folder(config)
    if options.prune is not None:
        limit_bytes = round(options.prune * 1e9)
        removed = cache.prune(limit_bytes)
        encoded.prune(parts, min(limit_bytes, encoded.LIMIT_BYTES))
        print(f"removed {removed.clips} clips, {removed.size_bytes / 1e6:.1f} MB", file=sys.stderr)
    size = cache.size()
    print(f"{cache.folder}: {size.clips} clips, {size.size_bytes / 1e6:.1f} MB")
    count, size_bytes = encoded.size(parts)
    print(f"{parts}: {count} encoded parts, {size_bytes / 1e6:.1f} MB")
    return 0
