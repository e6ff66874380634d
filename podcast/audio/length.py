"""How much longer music makes an episode, before anything is mixed."""

from __future__ import annotations

from pathlib import Path

import soundfile

from podcast.audio.master import Music
from podcast.audio.mix import BEFORE_STING_SECONDS, LEAD_SECONDS
from podcast.audio.music import LONGEST_SECONDS

_UNKNOWN_SECONDS = 10.0  # of a file that only ffmpeg reads: about the length of most
_BLOCK_PAUSE_SECONDS = 1.3  # which a sting takes the place of


def music_seconds(music: Music, *, stings: int) -> float:
    """About how long music sounds without speech, for an episode with so many stings."""
    seconds = min(music.intro_lead_seconds, _length(music.intro) * 2 / 3) if music.intro else LEAD_SECONDS
    if music.sting:
        seconds += stings * (_length(music.sting) + BEFORE_STING_SECONDS - _BLOCK_PAUSE_SECONDS)
    if music.outro:
        length = _length(music.outro)
        seconds += length - min(music.outro_lead_seconds, length / 3)
    return seconds


def _length(path: Path) -> float:
    try:
        return min(float(soundfile.info(path).duration), LONGEST_SECONDS)
    except (soundfile.LibsndfileError, RuntimeError):
        return _UNKNOWN_SECONDS
