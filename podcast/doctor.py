"""What this machine has and lacks, so that a person can mend it before an episode fails."""

from __future__ import annotations

import asyncio
import os
import platform
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from podcast.audio import check_music
from podcast.audio.ffmpeg import ffmpeg_path
from podcast.errors import PodcastError
from podcast.production import lexicon, production, roster
from podcast.publish import check_show
from podcast.script.writer import template_words
from podcast.settings import Config
from podcast.tts.synthesis import Speaker


@dataclass(frozen=True, slots=True)
class Finding:
    well: bool
    what: str
    hint: str = ""
    optional: bool = False  # an episode can be made without it


def examine(config: Config) -> list[Finding]:
    """Look at everything that `make` needs."""
    findings = [
        Finding(well=True, what=f"Python {platform.python_version()} on {platform.system()}, {os.cpu_count()} cores"),
        Finding(well=True, what=f"config: {config.path or 'none found, defaults'}"),
        _attempt("lexicon", lambda: f"{len(lexicon(config).entries)} entries"),
        replace(_attempt("ffmpeg", ffmpeg_path), optional=True),  # only for music in formats libsndfile cannot read
        _writable(config.cache_folder),
        _attempt("settings", lambda: _settings(config)),
    ]
    engines = [_engine(speaker) for speaker in roster(config).speakers]
    findings += engines
    if not any(finding.well for finding in engines):
        findings.append(Finding(well=False, what="no engine can speak", hint="One of the above must be mended."))
    return findings


def _attempt(name: str, action: Callable[[], str]) -> Finding:
    try:
        return Finding(well=True, what=f"{name}: {action()}")
    except PodcastError as error:
        return Finding(well=False, what=f"{name}: {error.what}", hint=error.hint or "")


def _settings(config: Config) -> str:
    """Everything that `make` would look at before it speaks."""
    work = production(config, public=Path("public"))
    check_show(work.show)
    check_music(work.music, work.target)
    template_words(work.templates)
    return "templates, music, cover and show are in order"


def _engine(speaker: Speaker) -> Finding:
    name = speaker.engine.name
    try:
        asyncio.run(speaker.engine.check())
    except PodcastError as error:
        return Finding(well=False, what=f"{name}: {error.what}", hint=error.hint or "", optional=True)
    known = speaker.engine.voices()
    unknown = sorted({voice.name for voice in speaker.voices.values()} - set(known)) if known else []
    if unknown:
        hint = f"`podcast voices --engine {name}` lists those it is known to have."
        return Finding(well=False, what=f"{name}: no voice {', '.join(unknown)}", hint=hint, optional=True)
    return Finding(well=True, what=f"{name}: can speak")


def _writable(folder: Path) -> Finding:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        hint = "Set tts.cache to a folder you can write to."
        return Finding(well=False, what=f"cache: {folder} cannot be written ({error.strerror})", hint=hint)
    return Finding(well=True, what=f"cache: {folder}")
