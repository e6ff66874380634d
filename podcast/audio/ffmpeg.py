"""Where ffmpeg is, for music that libsndfile cannot read (AAC, M4A, WMA ...).  Nothing else needs it."""

from __future__ import annotations

import shutil
from collections.abc import Callable

from podcast.errors import SetupError


def _from_wheel() -> str:
    from imageio_ffmpeg import get_ffmpeg_exe

    return str(get_ffmpeg_exe())


def ffmpeg_path(*, search_path: str | None = None, wheel: Callable[[], str] = _from_wheel) -> str:
    """ffmpeg from the PATH (or the given search path), else from imageio-ffmpeg; SetupError where there is neither."""
    if found := shutil.which("ffmpeg", path=search_path):
        return found
    try:
        return wheel()
    except (ImportError, RuntimeError) as error:
        raise SetupError(
            "this music needs ffmpeg, which is not installed",
            hint="Install ffmpeg, or: pip install 'digestcast[ffmpeg]', or give music as FLAC, WAV, Ogg or MP3.",
        ) from error
