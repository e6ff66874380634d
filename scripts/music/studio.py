"""The studio: a stereo mix with a hall, and a mastering chain that ends in 16 bit."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from music.instruments import RATE_HZ, Sound, filtered, gain, noise, ramp, times


class Mix:
    """A stereo tape of a fixed length, and one that feeds the hall.  On a loop the tail wraps into the head."""

    def __init__(self, seconds: float, *, loop: bool) -> None:
        self.loop = loop
        self.dry: Sound = np.zeros((round(seconds * RATE_HZ), 2))
        self.hall: Sound = np.zeros_like(self.dry)

    def place(self, sound: Sound, at_seconds: float, pan: float, hall_db: float) -> None:
        """Adds a sound at a time; pan -1 (left) to 1 (right), constant power for mono sounds."""
        angle = (pan + 1) * np.pi / 4
        sides = np.array([np.cos(angle), np.sin(angle)])
        stereo = sound[:, None] * sides if sound.ndim == 1 else sound * sides * np.sqrt(2)
        start = round(at_seconds * RATE_HZ)
        if self.loop:
            where = np.arange(start, start + len(stereo)) % len(self.dry)
            np.add.at(self.dry, where, stereo)
            np.add.at(self.hall, where, stereo * gain(hall_db))
            return
        stereo = stereo[: max(0, len(self.dry) - start)]
        self.dry[start : start + len(stereo)] += stereo
        self.hall[start : start + len(stereo)] += stereo * gain(hall_db)

    def rendered(self, reverb_seconds: float, rng: np.random.Generator) -> Sound:
        """Dry and hall together; a loop is convolved circularly, as its endless repetition would sound."""
        echo = impulse_response(reverb_seconds, rng)
        count = len(self.dry) if self.loop else len(self.dry) + len(echo)
        wet = np.fft.irfft(np.fft.rfft(self.hall, count, axis=0) * np.fft.rfft(echo, count, axis=0), count, axis=0)
        mixed: Sound = self.dry + wet[: len(self.dry)]
        return mixed


def impulse_response(reverb_seconds: float, rng: np.random.Generator) -> Sound:
    """A hall from noise: 22 ms before it, quick build-up, 60 dB of decay that is faster for treble, unit energy."""
    t = times(reverb_seconds * 1.1)
    middle, side = np.zeros_like(t), np.zeros_like(t)
    for low_hz, high_hz, share in ((120, 500, 1.0), (500, 2000, 0.8), (2000, 6500, 0.45)):
        decay = np.exp(-6.91 * t / (reverb_seconds * share))  # 6.91 = ln(1000) = 60 dB
        weight = {120: 0.8, 500: 1.0, 2000: 0.6}[low_hz]
        middle += weight * noise(len(t) / RATE_HZ, low_hz, high_hz, rng) * decay
        side += weight * noise(len(t) / RATE_HZ, low_hz, high_hz, rng) * decay
    build_up = np.minimum(t / 0.015, 1)
    stereo = np.stack([middle + 0.6 * side, middle - 0.6 * side], axis=1) * build_up[:, None]
    stereo /= np.sqrt(np.sum(stereo**2) / 2)
    return np.concatenate([np.zeros((round(0.022 * RATE_HZ), 2)), ramp(stereo, 0, 0.1 * reverb_seconds)])


# --- master -----------------------------------------------------------------------------------------------------------


def loudness_lufs(sound: Sound) -> float:
    """Integrated loudness of a stereo sound (ITU-R BS.1770-5: K weighting, 400 ms blocks, both gates)."""

    def weighting(frequency_hz: Sound) -> Sound:
        z = np.exp(-2j * np.pi * frequency_hz / 48_000)  # the standard gives its coefficients for 48 kHz
        shelf = (1.53512485958697 - 2.69169618940638 * z + 1.19839281085285 * z**2) / (
            1 - 1.69065929318241 * z + 0.73248077421585 * z**2
        )
        high_pass = (1 - 2 * z + z**2) / (1 - 1.99004745483398 * z + 0.99007225036621 * z**2)
        weights: Sound = np.abs(shelf * high_pass)
        return weights

    weighted = filtered(sound, weighting)
    hop = RATE_HZ // 10
    energy = np.sum(weighted[: len(sound) // hop * hop].reshape(-1, 2 * hop) ** 2, axis=1)
    blocks = np.convolve(energy, np.ones(4), "valid") / (4 * hop)
    levels = -0.691 + 10 * np.log10(np.maximum(blocks, 1e-12))
    loud = blocks[levels > -70]
    gate = -0.691 + 10 * np.log10(np.mean(loud)) - 10
    return float(-0.691 + 10 * np.log10(np.mean(blocks[levels > max(gate, -70)])))


def smoothed(curve: Sound, seconds: float) -> Sound:
    """Circular moving average, centred."""
    width = 2 * round(seconds * RATE_HZ / 2) + 1
    wrapped = np.concatenate([curve[-(width // 2) :], curve, curve[: width // 2]])
    total = np.concatenate([[0.0], np.cumsum(wrapped)])
    average: Sound = (total[width:] - total[:-width]) / width
    return average


def glued(sound: Sound, threshold_db: float, ratio: float) -> Sound:
    """A gentle bus compressor: what lies above the threshold, measured as RMS over 120 ms, is lowered by the ratio."""
    level = np.sqrt(np.maximum(smoothed(np.mean(sound**2, axis=1), 0.12), 1e-12)) / gain(threshold_db)
    knee = (1 + level**4) ** 0.25  # near 1 below the threshold, near the level above it
    reduced: Sound = sound * (knee ** (1 / ratio - 1))[:, None]
    return reduced


def narrowed(sound: Sound, *, loop: bool) -> Sound:
    """Bass in the middle, sides a little lower: most listeners hear mono, and lose what the sides hold."""
    middle, side = sound.mean(axis=1), (sound[:, 0] - sound[:, 1]) / 2
    side = 0.8 * filtered(side, lambda frequency_hz: frequency_hz**4 / (frequency_hz**4 + 160**4), loop=loop)
    return np.stack([middle + side, middle - side], axis=1)


def mastered(sound: Sound, *, loop: bool, tone: tuple[tuple[float, float], ...], target_lufs: float) -> Sound:
    """Tone (points of Hz and dB), glue and a touch of saturation, at a loudness.

    The saturation rounds the peaks off to about -4 dBTP at -16 LUFS, so no limiter follows.
    """
    points_hz, points_db = zip(*tone, strict=True)

    def response(frequency_hz: Sound) -> Sound:
        at = np.log(np.maximum(frequency_hz, 1.0))
        rumble = (frequency_hz / 32) ** 4 / (1 + (frequency_hz / 32) ** 4)
        weights: Sound = rumble * 10 ** (np.interp(at, np.log(points_hz), points_db) / 20)
        return weights

    out = narrowed(filtered(sound, response, loop=loop), loop=loop)
    out *= gain(target_lufs - loudness_lufs(out))
    even = glued(out, threshold_db=target_lufs + 2, ratio=2.0)
    makeup_db = 0.0
    for _ in range(4):  # saturation lowers the loudness a little: settle
        out = np.tanh(gain(makeup_db) * even)
        makeup_db += target_lufs - loudness_lufs(out)
    return out


def quantized(sound: Sound, rng: np.random.Generator) -> NDArray[np.int16]:
    """16 bit with triangular dither, 2 LSB wide (Lipshitz and others 1992); digital silence stays silent."""
    dither = rng.random(sound.shape) - rng.random(sound.shape)
    steps = np.rint(sound * 32767 + np.where(sound == 0, 0, dither))
    return np.clip(steps, -32768, 32767).astype(np.int16)
