"""The score, as data: who plays what, when, how loud, and where they sit.

One motif of six notes, A D E A F# E, over D major at 120 beats a minute.  The intro states it and answers it upwards;
the outro turns this round and lets it come home to D; the sting plays it at twice the speed; in the bed it is the bass,
one note every two bars, so that it is felt and never competes with speech.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from music import instruments as synth

BEAT_SECONDS = 0.5  # 120 beats a minute


@dataclass(frozen=True)
class Note:
    beat: float
    pitch: str  # "F#5"; for drums the frequency of the drum
    beats: float
    velocity: float  # 0 to 1


@dataclass(frozen=True)
class Part:
    """One player: where they sit, how loud, how much of the hall they get."""

    instrument: synth.Instrument
    notes: tuple[Note, ...]
    level_db: float
    pan: float = 0.0
    hall_db: float = -16.0
    octaves: int = 0
    spread: float = 0.0  # pan follows pitch, as on a keyboard: this much for each octave above A4
    strict: bool = False  # no jitter: the downbeat


@dataclass(frozen=True)
class Piece:
    name: str
    beats: float  # whole length, with the tail
    fade_beats: float  # of the tail
    parts: tuple[Part, ...]
    tone: tuple[tuple[float, float], ...]  # Hz, dB
    target_lufs: float
    reverb_seconds: float = 2.2
    loop: bool = False
    fader: tuple[tuple[float, float], ...] = ((0, 0),)  # beat, dB: the ride of the whole mix


# --- writing -----------------------------------------------------------------------------------------------------


def line(start: float, notes: Iterable[tuple[float, str, float, float]], speed: float = 1.0) -> tuple[Note, ...]:
    """A melody moved to a beat; speed 2 plays it twice as fast."""
    return tuple(Note(start + beat / speed, pitch, beats / speed, velocity) for beat, pitch, beats, velocity in notes)


def chords(progression: Iterable[tuple[float, float, str]], velocity: float, strum: float = 0.0) -> tuple[Note, ...]:
    """Held chords (beat, beats, "D3 A3 E4"), each tone `strum` beats after the one below."""
    return tuple(
        Note(beat + strum * index, pitch, beats, velocity)
        for beat, beats, voicing in progression
        for index, pitch in enumerate(voicing.split())
    )


def pattern(start: float, steps: str, pitch: str, level: float = 1.0) -> tuple[Note, ...]:
    """Sixteenths; a digit is a velocity in ninths, anything else a rest.  Spaces and bars are for the eye."""
    grid = steps.replace(" ", "").replace("|", "")
    return tuple(
        Note(start + index / 4, pitch, 0.25, level * int(step) / 9) for index, step in enumerate(grid) if step.isdigit()
    )


def arpeggio(start: float, bars: Iterable[str], steps: str, levels: Iterable[float]) -> tuple[Note, ...]:
    """A pulse: in each bar ("D3 A3 D4") its tones in turn, on the steps of a pattern that lasts one bar."""
    return tuple(
        Note(note.beat, tones[index % len(tones)], 0.5, note.velocity)
        for bar, (tones, level) in enumerate(zip((b.split() for b in bars), levels, strict=True))
        for index, note in enumerate(pattern(start + 4 * bar, steps, "A4", level))
    )


# --- the score ---------------------------------------------------------------------------------------------------

#           beat  pitch  beats velocity
MOTIF = (
    (0.0, "A4", 0.5, 0.70),
    (0.5, "D5", 0.5, 0.75),
    (1.0, "E5", 0.5, 0.80),
    (1.5, "A5", 1.0, 0.95),
    (2.5, "F#5", 0.5, 0.80),
    (3.0, "E5", 1.0, 0.85),
)
ANSWER = (*MOTIF[:4], (2.5, "B5", 0.5, 0.85), (3.0, "A5", 1.0, 0.95))
HOME = ((0.0, "D5", 4.0, 0.90),)

CLEAR = ((60, 0), (250, -0.5), (400, -1.5), (1500, 0), (6000, 1.5), (12_000, 2))  # Hz, dB: less box, a little air
HOLLOW = ((80, 0), (250, 0), (450, -5), (900, -9), (3000, -9), (5000, -3), (7000, 0), (12_000, 1))  # room for a voice

DRIVE = "9.5. 7.5. 8.56 7.5."
ROLL = "6353 7353 6353 7354 | 6353 7353 7464 5..."
WALK = "8... 6... 7... 6..."


def _intro() -> Piece:
    theme = line(0, MOTIF) + line(4, ANSWER[:-1]) + line(7, [(0, "A5", 5.0, 0.95)])
    harmony = ((0, 4, "D3 A3 D4 E4 F#4"), (4, 2, "G3 B3 D4 A4"), (6, 2, "A3 D4 E4 A4"), (8, 16, "D3 A3 D4 E4 F#4 A4"))
    roots = ((0, 3.5, "D2"), (4, 1.75, "G1"), (6, 1.75, "A1"), (8, 8, "D2"), (16, 8, "D2"))
    held = ((8, 4, "D3 A3 E4 F#4"), (12, 4, "D3 B3 D4 G4"), (16, 5, "D3 A3 E4 F#4"))
    bars = ("D3 A3 D4 A3", "G3 D4 G3 B3", "D3 A3 D4 A3", "D3 B3 D4 B3")
    return Piece(
        "intro",
        beats=24,
        fade_beats=8,
        parts=(
            Part(synth.felt_piano, theme, -6, pan=-0.05, hall_db=-12, spread=0.1),
            Part(synth.mallet, theme, -9, pan=0.15, hall_db=-10, spread=0.1),
            Part(synth.glass, line(8, [(0, "A5", 6, 0.5), (0.06, "D6", 6, 0.4)]), -17, pan=0.2, hall_db=-4),
            Part(synth.horn, theme, -17, pan=-0.2, hall_db=-8, octaves=-1),
            Part(synth.felt_piano, chords(harmony, 0.6, strum=0.02), -15, pan=-0.1, hall_db=-12, spread=0.15),
            Part(synth.strings, chords(harmony[:3], 0.6), -14, hall_db=-10),
            Part(synth.pad, chords(((0, 8, "D3 A3 D4"), *held), 0.6), -13, hall_db=-12),
            Part(synth.pluck, arpeggio(0, bars, DRIVE, (0.9, 1.0, 0.55, 0.35)), -9, pan=0.22, hall_db=-18),
            Part(synth.bass, chords(roots, 0.8), -7, hall_db=-40),
            Part(synth.boom, pattern(0, "8", "46") + pattern(8, "9", "46"), -5, hall_db=-14, strict=True),
            Part(synth.kick, pattern(0, "9... .... 8... ..5. | 8... .... 8...", "48"), -4, hall_db=-30, strict=True),
            Part(synth.tom, pattern(7, "5.67", "98"), -8, pan=-0.3, hall_db=-12),
            Part(synth.tom, pattern(7.25, "5..", "124"), -9, pan=0.3, hall_db=-12),
            Part(synth.snap, pattern(0, ".... 7... .... 7... | .... 7...", "1100"), -15, pan=0.05, hall_db=-10),
            Part(synth.shaker, pattern(0, ROLL, "5600"), -18, pan=-0.3, hall_db=-20),
            Part(synth.shaker, pattern(8, "5.3. 5.3. 4.3. 4.2. | 3.2. 3.2. 2.2. 1.1.", "5600"), -19, pan=-0.3),
            Part(synth.cymbal, (Note(0, "4200", 5, 0.7), Note(8, "3800", 9, 0.9)), -29, hall_db=-14, strict=True),
            Part(synth.riser, (Note(6, "3000", 4, 0.8),), -30, hall_db=-12, strict=True),
        ),
        tone=CLEAR,
        target_lufs=-16.0,
    )


def _outro() -> Piece:
    theme = line(4, ANSWER) + line(8, MOTIF) + line(12, HOME)
    harmony = ((4, 4, "G3 B3 D4 A4"), (8, 2, "E3 B3 D4 G4"), (10, 2, "A3 D4 E4 G4"), (12, 9, "D3 A3 D4 F#4 A4"))
    held = ((0, 4, "B2 F#3 D4"), (4, 4, "G3 B3 D4 A4"), (8, 2, "E3 B3 D4 G4"), (10, 2, "A3 D4 E4 G4"))
    roots = ((0, 3.75, "B1"), (4, 3.75, "G1"), (8, 1.75, "E2"), (10, 1.75, "A1"), (12, 10, "D2"))
    bars = ("B2 F#3 B3 F#3", "G3 D4 G3 B3", "E3 B3 E3 A3")
    return Piece(
        "outro",
        beats=23,
        fade_beats=7,
        fader=((0, -10), (4, 0)),
        parts=(
            Part(synth.felt_piano, theme, -6, pan=-0.05, hall_db=-12, spread=0.1),
            Part(synth.mallet, theme, -9, pan=0.15, hall_db=-10, spread=0.1),
            Part(synth.horn, theme, -16, pan=-0.2, hall_db=-8, octaves=-1),
            Part(synth.felt_piano, chords(harmony, 0.65, strum=0.02), -15, pan=-0.1, hall_db=-12, spread=0.15),
            Part(synth.felt_piano, chords(((0, 4, "B2 F#3 D4"),), 0.35, strum=0.03), -15, hall_db=-10),
            Part(synth.glass, line(13, [(0, "A5", 4, 0.5), (0.5, "D6", 5, 0.55)]), -16, pan=0.2, hall_db=-4),
            Part(synth.strings, chords((*harmony[:3], (12, 4, "D3 A3 D4 F#4")), 0.65), -13, hall_db=-10),
            Part(synth.pad, chords((*held, (12, 9, "D3 A3 E4 F#4")), 0.6), -15, hall_db=-12),
            Part(synth.pluck, arpeggio(0, bars, DRIVE, (0.5, 0.85, 1.0)), -9, pan=0.22, hall_db=-18),
            Part(synth.bass, chords(roots, 0.8), -7, hall_db=-40),
            Part(synth.boom, pattern(4, "6", "46") + pattern(12, "9", "46"), -5, hall_db=-14, strict=True),
            Part(synth.kick, pattern(4, "9... .... 8... ..5. | 8... .... 8...", "48"), -4, hall_db=-30, strict=True),
            Part(synth.tom, pattern(11, "5.67", "98"), -8, pan=-0.3, hall_db=-12),
            Part(synth.tom, pattern(11.25, "5..", "124"), -9, pan=0.3, hall_db=-12),
            Part(synth.snap, pattern(4, ".... 7... .... 7... | .... 7...", "1100"), -15, pan=0.05, hall_db=-10),
            Part(synth.shaker, pattern(0, "1.1. 2.1. 3.2. 4.3.", "5600"), -18, pan=-0.3, hall_db=-20),
            Part(synth.shaker, pattern(4, ROLL, "5600"), -18, pan=-0.3, hall_db=-20),
            Part(synth.cymbal, (Note(4, "4200", 5, 0.6), Note(12, "3800", 9, 0.9)), -29, hall_db=-14, strict=True),
            Part(synth.riser, (Note(0, "3000", 8, 0.7), Note(10, "3000", 4, 0.8)), -31, hall_db=-12, strict=True),
        ),
        tone=CLEAR,
        target_lufs=-16.0,
    )


def _sting() -> Piece:
    theme = line(0, MOTIF[:-1], speed=2) + line(1.5, [(0, "E5", 2, 0.85)])
    chord = ((0.75, 3, "D3 A3 D4 E4 A4"),)
    return Piece(
        "sting",
        beats=3.9,
        fade_beats=1.9,
        parts=(
            Part(synth.felt_piano, theme, -6, pan=-0.05, hall_db=-14, spread=0.1),
            Part(synth.mallet, theme, -8, pan=0.15, hall_db=-12, spread=0.1),
            Part(synth.felt_piano, chords(chord, 0.6), -14, pan=-0.1, hall_db=-14, spread=0.15),
            Part(synth.strings, chords(chord, 0.5), -18, hall_db=-12),
            Part(synth.bass, chords(((0.75, 1.5, "D2"),), 0.8), -8, hall_db=-40),
            Part(synth.kick, pattern(0, "6..9", "48"), -5, hall_db=-24, strict=True),
            Part(synth.shaker, pattern(0, "5465 3.2.", "5600"), -18, pan=-0.3, hall_db=-20),
            Part(synth.cymbal, (Note(0.75, "4200", 3, 0.7),), -30, hall_db=-14),
        ),
        tone=CLEAR,
        target_lufs=-16.0,
        reverb_seconds=1.1,
    )


def _bed() -> Piece:
    """The motif in the bass, one note every two bars; the middle is hollowed out for the voice."""
    roots = ("A1", "D2", "E2", "A2", "F#2", "E2")  # MOTIF's tones
    voicings = ("D3 A3 E4", "D3 A3 F#4", "E3 B3 D4", "A2 E3 D4", "F#3 A3 E4", "E3 B3 D4")
    pulses = ("D3 A3 E3 A3", "D3 A3 F#3 A3", "E3 B3 G3 B3", "E3 A3 D3 A3", "F#3 A3 E3 A3", "E3 B3 G3 B3")
    progression = tuple((8.0 * index, 8.0, voicing) for index, voicing in enumerate(voicings))
    low = tuple((8.0 * index + bar, 3.8, root) for index, root in enumerate(roots) for bar in (0, 4))
    bars = [pulse for pulse in pulses for _ in range(2)]
    return Piece(
        "bed",
        beats=48,
        fade_beats=0,
        parts=(
            Part(synth.pad, chords(progression, 0.45), -8, hall_db=-14),
            Part(synth.felt_piano, chords(progression, 0.3, strum=0.05), -16, hall_db=-10, spread=0.2),
            Part(synth.pluck, arpeggio(0, bars, WALK, [0.5] * 12), -7, pan=0.2, hall_db=-16),
            Part(synth.bass, chords(low, 0.6), -10, hall_db=-40),
            Part(synth.kick, pattern(0, "5... .... 4... ...." * 12, "48"), -10, hall_db=-30, strict=True),
            Part(synth.shaker, pattern(0, "4.2. 4.2. 4.2. 4.23" * 12, "6000"), -23, pan=-0.25, hall_db=-22),
        ),
        tone=HOLLOW,
        target_lufs=-18.0,
        loop=True,
    )


PIECES = (_intro(), _outro(), _sting(), _bed())
