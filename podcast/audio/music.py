"""Music files in any format, cut and faded by pydub, handed on as samples at the master's rate."""

from __future__ import annotations

import io
import subprocess
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import soundfile
import soxr

from podcast.audio.ffmpeg import ffmpeg_path
from podcast.audio.filters import Samples
from podcast.audio.loudness import loudness_of, mean_square
from podcast.errors import InputError

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # pydub warns where no ffmpeg is on the PATH; it is not asked to start one
    from pydub import AudioSegment
    from pydub.silence import detect_leading_silence

LONGEST_SECONDS = 30.0  # of one file that is used; a whole song as an intro is not read
_SILENCE_DBFS = -60.0
_CUT_FADE_MS = 3000  # where a longer file is cut
_EDGE_FADE_MS = 5


@dataclass(frozen=True, slots=True)
class Cut:
    """A piece of music at a known loudness where it is loudest."""

    channels: tuple[Samples, ...]  # one or two of shape (n,)

    @property
    def length(self) -> int:
        return len(self.channels[0])


def read_music(path: Path, *, channels: int, rate_hz: int, loudness_lufs: float, loop: bool = False) -> Cut:
    """Read a file, drop the silence at its ends, and bring its loudest 3 s to a loudness.

    Not the whole: a piece that swells and dies away would be louder than the speech where it is loudest.

    The ends of a `loop` are left as they are, for the last sample may lead into the first.

    InputError if it cannot be read or is silent, SetupError if it needs ffmpeg and there is none.
    """
    segment = _trim(_read(path))
    if len(segment) > LONGEST_SECONDS * 1000:
        segment = segment[: int(LONGEST_SECONDS * 1000)].fade_out(_CUT_FADE_MS)
    if not loop:
        segment = segment.fade_in(_EDGE_FADE_MS).fade_out(_EDGE_FADE_MS)
    table = np.frombuffer(segment.raw_data, dtype="<i2").reshape(-1, segment.channels).astype(np.float32) / 32768
    table = table.mean(axis=1, keepdims=True) if channels == 1 else table[:, [0, -1]]
    table = soxr.resample(table, segment.frame_rate, rate_hz, "HQ")
    parts = tuple(np.ascontiguousarray(column, dtype=np.float32) for column in table.T)
    gain = _gain_to(parts, rate_hz, loudness_lufs)
    if gain is None:
        raise InputError("the music is silent", where=str(path), hint="Name another file, or leave the setting empty.")
    return Cut(tuple(part * gain for part in parts))


def _gain_to(channels: tuple[Samples, ...], rate_hz: int, loudness_lufs: float) -> np.float32 | None:
    loudness = float(loudness_of(channels, rate_hz).short_term_lufs().max(initial=-np.inf))
    if not np.isfinite(loudness):
        return None
    return np.float32(np.sqrt(mean_square(loudness_lufs) / mean_square(loudness)))


def _trim(segment: AudioSegment) -> AudioSegment:
    head = detect_leading_silence(segment, silence_threshold=_SILENCE_DBFS, chunk_size=5)
    tail = detect_leading_silence(segment.reverse(), silence_threshold=_SILENCE_DBFS, chunk_size=5)
    return segment[head : max(len(segment) - tail, head)]


def _read(path: Path) -> AudioSegment:
    """The start of the file: by libsndfile what it knows (WAV, FLAC, Ogg, MP3, AIFF), by ffmpeg the rest."""
    if not path.is_file():
        raise InputError("there is no such music file", where=str(path), hint="Correct the path in podcast.toml.")
    try:
        with soundfile.SoundFile(path) as file:
            frames = int((LONGEST_SECONDS + 1) * file.samplerate)
            return _segment(file.read(frames, dtype="float32", always_2d=True), file.samplerate)
    except soundfile.LibsndfileError:
        return _read_by_ffmpeg(path)


def _read_by_ffmpeg(path: Path) -> AudioSegment:
    command = [ffmpeg_path(), "-v", "error", "-nostdin", "-i", str(path), "-map", "0:a:0"]
    command += ["-t", str(LONGEST_SECONDS + 1), "-f", "wav", "-"]
    result = subprocess.run(command, capture_output=True, check=False)
    if result.returncode or not result.stdout:
        reason = result.stderr.decode(errors="replace").strip().splitlines()
        raise InputError(
            f"the music cannot be read ({reason[-1] if reason else 'no audio in it'})",
            where=str(path),
            hint="Name a file that ffmpeg can play.",
        )
    table, rate_hz = soundfile.read(io.BytesIO(result.stdout), dtype="float32", always_2d=True)
    return _segment(table, rate_hz)


def _segment(table: npt.NDArray[Any], rate_hz: int) -> AudioSegment:
    """pydub's form of (n, channels) samples: 16 bit; more than two channels keep the first two."""
    pcm = np.clip(np.rint(table[:, :2] * 32767), -32768, 32767).astype("<i2")
    return AudioSegment(data=pcm.tobytes(), sample_width=2, frame_rate=int(rate_hz), channels=pcm.shape[1])
