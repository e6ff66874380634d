"""The instruments: small synthesizers in numpy.

Sounds are float64 arrays at 44.1 kHz, shape (n,) for mono and (n, 2) for stereo; pitches are in Hz, velocities 0 to 1.
Nothing here is random that is not drawn from the generator that is passed in.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Sound = NDArray[np.float64]
Instrument = Callable[[float, float, float, np.random.Generator], Sound]  # (pitch_hz, seconds, velocity, rng)

RATE_HZ = 44_100


def times(seconds: float) -> Sound:
    return np.arange(round(seconds * RATE_HZ)) / RATE_HZ


def gain(level_db: float) -> float:
    return float(10 ** (level_db / 20))


def rms(sound: Sound) -> float:
    return float(np.sqrt(np.mean(sound**2)))


def ramp(sound: Sound, attack_seconds: float, release_seconds: float) -> Sound:
    """Raised-cosine attack and release: begins and ends at zero without a corner, so without a click."""
    shaped = sound.copy()
    for seconds, part in ((attack_seconds, slice(None)), (release_seconds, slice(None, None, -1))):
        count = min(round(seconds * RATE_HZ), len(sound))
        curve = 0.5 - 0.5 * np.cos(np.pi * np.arange(count) / max(count, 1))
        shaped[part][:count] *= curve.reshape(-1, *[1] * (sound.ndim - 1))
    return shaped


def filtered(sound: Sound, response: Callable[[Sound], Sound], *, loop: bool = False) -> Sound:
    """Multiplies the spectrum by ``response(frequency in Hz)``: zero phase; a loop is filtered as the circle it is."""
    count = len(sound) if loop else len(sound) + RATE_HZ // 2
    spectrum = np.fft.rfft(sound, count, axis=0)
    weights = response(np.fft.rfftfreq(count, 1 / RATE_HZ).astype(np.float64))
    shaped: Sound = np.fft.irfft(spectrum * weights.reshape(-1, *[1] * (sound.ndim - 1)), count, axis=0)
    return shaped[: len(sound)]


def band(low_hz: float, high_hz: float) -> Callable[[Sound], Sound]:
    """A band with soft skirts of 12 dB per octave."""

    def response(frequency_hz: Sound) -> Sound:
        up = (frequency_hz / low_hz) ** 2
        down = (frequency_hz / high_hz) ** 2
        shape: Sound = up / (1 + up) / (1 + down)
        return shape

    return response


def noise(seconds: float, low_hz: float, high_hz: float, rng: np.random.Generator) -> Sound:
    """Noise in a band, about 1 RMS."""
    hiss = filtered(rng.standard_normal(round(seconds * RATE_HZ)), band(low_hz, high_hz), loop=True)
    return hiss / rms(hiss)


def partials(t: Sound, table: list[tuple[float, float, float]], rng: np.random.Generator) -> Sound:
    """A sum of decaying sines, each (frequency in Hz, amplitude, time constant in seconds)."""
    sound = np.zeros_like(t)
    for frequency_hz, amplitude, decay_seconds in table:
        if frequency_hz < 0.4 * RATE_HZ:
            phase = rng.uniform(0, 2 * np.pi)
            sound += amplitude * np.exp(-t / decay_seconds) * np.sin(2 * np.pi * frequency_hz * t + phase)
    return sound


# --- instruments: (pitch_hz, seconds, velocity, rng) -> sound ----------------------------------------------------


def felt_piano(pitch_hz: float, seconds: float, velocity: float, rng: np.random.Generator) -> Sound:
    """Stiff strings in pairs that beat slowly, a felt hammer that darkens soft notes, and its thump."""
    t = times(seconds + 0.35)
    stiffness = 3e-4 * (pitch_hz / 262) ** 1.3  # partials of a real string are a little sharp (Fletcher 1962)
    felt_hz = 700 + 2600 * velocity
    sustain_seconds = 2.6 * (262 / pitch_hz) ** 0.6
    table = []
    for n in range(1, 25):
        frequency_hz = n * pitch_hz * np.sqrt(1 + stiffness * n * n)
        strike = abs(np.sin(np.pi * n * 0.122))  # the hammer strikes at about an eighth of the string
        amplitude = strike * n**-0.7 / (1 + (frequency_hz / felt_hz) ** 2)
        for cents in (-0.7, 0.8):
            decay_seconds = sustain_seconds / (1 + 0.25 * n) * (1 + 0.2 * np.sign(cents))
            table.append((frequency_hz * 2 ** (cents / 1200), amplitude, decay_seconds))
    thump = noise(len(t) / RATE_HZ, 60, 380, rng) * np.exp(-t / 0.022) * 0.12
    return velocity * ramp(partials(t, table, rng) + thump, 0.004, 0.35)


def mallet(pitch_hz: float, seconds: float, velocity: float, rng: np.random.Generator) -> Sound:
    """A tuned bar: partials at 1, 4 and 10 times the pitch, as marimba bars are cut, struck with yarn."""
    t = times(max(seconds, 1.1))
    warmth = (440 / pitch_hz) ** 0.5
    table = [
        (pitch_hz, 1.0, 0.50 * warmth),
        (pitch_hz * 1.002, 0.35, 0.75 * warmth),
        (pitch_hz * 3.98, 0.16 * velocity, 0.11 * warmth),
        (pitch_hz * 9.9, 0.03 * velocity, 0.035),
    ]
    return velocity * ramp(partials(t, table, rng), 0.003, 0.3)


def glass(pitch_hz: float, seconds: float, velocity: float, rng: np.random.Generator) -> Sound:
    """A soft celesta-like shimmer: nearly harmonic, long fundamental, quick upper partials."""
    t = times(max(seconds, 1.8))
    table = [(pitch_hz * r, a, d) for r, a, d in ((1, 1, 0.9), (2.003, 0.3, 0.5), (3.01, 0.1, 0.25), (5.2, 0.03, 0.08))]
    return velocity * ramp(partials(t, table, rng), 0.006, 0.5)


def horn(pitch_hz: float, seconds: float, velocity: float, rng: np.random.Generator) -> Sound:
    """Brass-like: upper harmonics swell later than low ones, with a late, shallow vibrato."""
    t = times(seconds + 0.2)
    swell = np.minimum(t / 0.09, 1) ** 1.3 * np.exp(-t / 3.5)
    vibrato = 0.0025 * np.clip((t - 0.35) / 0.4, 0, 1) * np.sin(2 * np.pi * 5.1 * t + rng.uniform(0, 6))
    phase = 2 * np.pi * np.cumsum(pitch_hz * (1 + vibrato)) / RATE_HZ
    sound = np.zeros_like(t)
    for n in range(1, 13):
        bell = 1 / (1 + (n * pitch_hz / (900 + 900 * velocity)) ** 2)
        sound += n**-0.35 * bell * swell ** (1 + 0.45 * n) * np.sin(n * phase)
    return velocity * ramp(sound, 0.02, 0.2)


def _ensemble(seconds: float, pitch_hz: float, cutoff_hz: float, rng: np.random.Generator) -> Sound:
    """Many detuned saws at once, drawn as a spectrum: each harmonic a band 30 cents wide with random phases.

    After the PADsynth algorithm of Paul Nasca.
    The sides carry half the amplitude of the middle, so a mono fold-down loses 1 dB at most.
    """
    count = round(seconds * RATE_HZ)
    frequency_hz = np.fft.rfftfreq(count, 1 / RATE_HZ)
    magnitude = np.zeros_like(frequency_hz)
    for n in range(1, 1 + min(40, int(9000 / pitch_hz))):
        centre_hz = n * pitch_hz
        width_hz = centre_hz * (2 ** (15 / 1200) - 1)
        shape = np.exp(-(((frequency_hz - centre_hz) / width_hz) ** 2)) / np.sqrt(width_hz)
        magnitude += shape / n / (1 + (centre_hz / cutoff_hz) ** 2)
    spectra = magnitude * np.exp(2j * np.pi * rng.random((2, len(magnitude))))
    middle, side = np.fft.irfft(spectra, count, axis=1)
    stereo = np.stack([middle + 0.5 * side, middle - 0.5 * side], axis=1)
    return stereo / rms(stereo)


def pad(pitch_hz: float, seconds: float, velocity: float, rng: np.random.Generator) -> Sound:
    """A slow, dark ensemble; overlaps its neighbour by its release."""
    sound = _ensemble(seconds + 1.2, pitch_hz, 450 + 900 * velocity, rng)
    return 0.3 * velocity * ramp(sound, min(0.7, 0.4 * seconds), 1.3)


def strings(pitch_hz: float, seconds: float, velocity: float, rng: np.random.Generator) -> Sound:
    """A brighter ensemble that speaks sooner and swells."""
    sound = _ensemble(seconds + 0.9, pitch_hz, 1200 + 1600 * velocity, rng)
    swell = np.linspace(0.6, 1, len(sound))[:, None]
    return 0.3 * velocity * ramp(sound * swell, 0.12, 1.0)


def pluck(pitch_hz: float, seconds: float, velocity: float, rng: np.random.Generator) -> Sound:
    """A palm-muted pulse: a saw whose harmonics die from the top."""
    t = times(max(seconds, 0.5))
    table = [
        (n * pitch_hz, n**-1.0 / (1 + (n * pitch_hz / (500 + 1300 * velocity)) ** 2), 0.24 / (1 + 0.35 * n))
        for n in range(1, 17)
    ]
    return velocity * ramp(partials(t, table, rng), 0.004, 0.15)


def bass(pitch_hz: float, seconds: float, velocity: float, rng: np.random.Generator) -> Sound:
    """A round sub: a sine with a little second and third harmonic, so that small speakers hear it too."""
    t = times(seconds + 0.25)
    phase = 2 * np.pi * pitch_hz * t + rng.uniform(0, 2 * np.pi)
    sound = np.sin(phase) + 0.28 * velocity * np.sin(2 * phase) + 0.10 * velocity * np.sin(3 * phase)
    return velocity * ramp(sound * np.exp(-t / 2.8), 0.012, 0.25)


# --- percussion: pitch_hz is where the drum settles, or the lower edge of the noise ------------------------------


def _drop(t: Sound, start_hz: float, end_hz: float, drop_seconds: float) -> Sound:
    return np.sin(2 * np.pi * np.cumsum(end_hz + (start_hz - end_hz) * np.exp(-t / drop_seconds)) / RATE_HZ)


def kick(pitch_hz: float, _seconds: float, velocity: float, rng: np.random.Generator) -> Sound:
    t = times(0.6)
    beater = noise(0.6, 300, 1800, rng) * np.exp(-t / 0.006) * 0.10 * velocity
    return velocity * ramp(_drop(t, 3.2 * pitch_hz, pitch_hz, 0.028) * np.exp(-t / 0.13) + beater, 0.002, 0.2)


def tom(pitch_hz: float, _seconds: float, velocity: float, rng: np.random.Generator) -> Sound:
    t = times(0.9)
    skin = noise(0.9, 150, 900, rng) * np.exp(-t / 0.02) * 0.15
    return velocity * ramp(_drop(t, 1.5 * pitch_hz, pitch_hz, 0.05) * np.exp(-t / 0.2) + skin, 0.002, 0.3)


def boom(pitch_hz: float, _seconds: float, velocity: float, rng: np.random.Generator) -> Sound:
    """A deep cinematic hit that says "here we are"."""
    t = times(2.6)
    body = _drop(t, 2.4 * pitch_hz, pitch_hz, 0.06) * np.exp(-t / 0.55)
    air = noise(2.6, 70, 420, rng) * np.exp(-t / 0.16) * 0.22
    return velocity * ramp(body + air, 0.003, 0.8)


def shaker(pitch_hz: float, _seconds: float, velocity: float, rng: np.random.Generator) -> Sound:
    t = times(0.14)
    return velocity * ramp(noise(0.14, pitch_hz, 10_500, rng) * np.exp(-t / 0.03), 0.011, 0.05)


def snap(pitch_hz: float, _seconds: float, velocity: float, rng: np.random.Generator) -> Sound:
    """A soft clap: three short bursts that blur into one."""
    t = times(0.4)
    bursts = sum(np.where(t >= late, np.exp(-(t - late) / 0.006), 0) for late in (0.0, 0.011, 0.021))
    envelope = bursts + np.where(t >= 0.021, np.exp(-(t - 0.021) / 0.055), 0)
    return velocity * ramp(noise(0.4, pitch_hz, 4200, rng) * envelope, 0.002, 0.1)


def cymbal(pitch_hz: float, seconds: float, velocity: float, rng: np.random.Generator) -> Sound:
    t = times(seconds)
    wash = np.stack([noise(seconds, pitch_hz, 9000, rng) for _ in range(2)], axis=1)
    wash += wash.mean(axis=1, keepdims=True)  # towards the middle, for mono
    return velocity * ramp(wash * np.exp(-t / (0.28 * seconds))[:, None], 0.006, 0.3 * seconds)


def riser(pitch_hz: float, seconds: float, velocity: float, rng: np.random.Generator) -> Sound:
    """A breath that grows into the next downbeat: a cymbal backwards."""
    return cymbal(pitch_hz, seconds, velocity, rng)[::-1]
