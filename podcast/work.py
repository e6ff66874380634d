"""What episodes are made with: made of the settings by `podcast.production`, and by tests of what they want."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from podcast.audio import Music, Target
from podcast.models import Edition, Show
from podcast.rewrite import Desk
from podcast.text.lexicon import Lexicon
from podcast.tts.cache import ClipCache
from podcast.tts.roster import Roster


@dataclass(frozen=True)
class Production:
    """Everything that an episode is made with, besides its digest."""

    show: Show
    public: Path
    roster: Roster
    cache: ClipCache
    parts: Path  # folder of encoded parts, which make_master keeps small
    lexicon: Lexicon
    music: Music
    target: Target
    timezone: str = "Asia/Shanghai"
    edition: Edition = field(default_factory=Edition)
    hosts: str = "commentary"  # who speaks: a key of podcast.script.HOSTS
    templates: Path | None = None
    desk: Desk | None = None  # who rewrites the script; None: it is the template's
    accept: frozenset[str] = frozenset()  # taken as they are though they failed verification: "2025-11-04/s03-u02"
