#!/usr/bin/env python3
"""Composes the show's music: intro, outro, sting and bed, as FLAC files (44.1 kHz, stereo, 16 bit).

    python scripts/compose_music.py [-o assets] [--only NAME]

music/score.py is what is played, music/instruments.py and music/studio.py are what it is played on.  Every random
number comes from a seeded generator: the same bytes every time.
"""

from __future__ import annotations

import argparse
import io
import zlib
from pathlib import Path

import numpy as np
import soundfile
from music import instruments as synth
from music import studio
from music.score import BEAT_SECONDS, PIECES, Piece
from numpy.typing import NDArray

SEMITONES = {"D": -7, "E": -5, "F#": -3, "G": -2, "A": 0, "B": 2}  # from A; the scale the score uses
TIMING_JITTER_SECONDS = 0.003  # players are not machines: standard deviations of time and touch
TOUCH_JITTER = 0.05


def pitch_hz(name: str) -> float:
    """Equal temperament with A4 at 440 Hz; a bare number is itself."""
    if name[0].isdigit():
        return float(name)
    return float(440 * 2 ** (SEMITONES[name[:-1]] / 12 + int(name[-1]) - 4))


def played(piece: Piece) -> NDArray[np.int16]:
    """The finished piece: 16 bit, shape (samples, 2)."""
    mix = studio.Mix(piece.beats * BEAT_SECONDS, loop=piece.loop)
    for number, part in enumerate(piece.parts):
        rng = np.random.default_rng([zlib.crc32(piece.name.encode()), number])
        for note in part.notes:
            late_seconds, touch = rng.normal(0, [TIMING_JITTER_SECONDS, TOUCH_JITTER]) * (not part.strict)
            hz = pitch_hz(note.pitch) * 2**part.octaves
            velocity = min(1.0, note.velocity * (1 + touch))
            sound = part.instrument(hz, note.beats * BEAT_SECONDS, velocity, rng) * synth.gain(part.level_db)
            pan = np.clip(part.pan + part.spread * np.log2(hz / 440), -0.5, 0.5)
            mix.place(sound, max(0.0, note.beat * BEAT_SECONDS + late_seconds), pan, part.hall_db)
    rng = np.random.default_rng([zlib.crc32(piece.name.encode()), len(piece.parts)])
    sound = mix.rendered(piece.reverb_seconds, rng)
    beats, levels_db = zip(*piece.fader, strict=True)
    sound *= 10 ** (np.interp(np.arange(len(sound)) / synth.RATE_HZ / BEAT_SECONDS, beats, levels_db)[:, None] / 20)
    if not piece.loop:
        sound = synth.ramp(sound, 0.001, piece.fade_beats * BEAT_SECONDS)
    sound = studio.mastered(sound, loop=piece.loop, tone=piece.tone, target_lufs=piece.target_lufs)
    if not piece.loop:
        sound = synth.ramp(sound, 0.001, 0.05)  # the tone filter rings a little before the first note
    return studio.quantized(sound, rng)


def flac(samples: NDArray[np.int16]) -> bytes:
    buffer = io.BytesIO()
    soundfile.write(buffer, samples, synth.RATE_HZ, format="FLAC", subtype="PCM_16")
    return buffer.getvalue()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("-o", "--output", type=Path, default=Path("assets"), help="folder for the FLAC files")
    parser.add_argument("--only", choices=[piece.name for piece in PIECES], help="compose just this piece")
    arguments = parser.parse_args()
    arguments.output.mkdir(parents=True, exist_ok=True)
    for piece in PIECES:
        if arguments.only in (None, piece.name):
            path = arguments.output / f"{piece.name}.flac"
            path.write_bytes(flac(played(piece)))
            print(f"{path}  {piece.beats * BEAT_SECONDS:.2f} s")


if __name__ == "__main__":
    main()
