"""MP3 frames: encoded part by part, joined, and headed by a frame that says how long they play.

Each part is encoded on its own (so parts can be encoded side by side, and an edit encodes one of them), and the frames
are written one after the other.  Why that is clean: a part is a whole number of frames and ends in silence.  Its
encoder is DELAY samples late, so its first frame starts with silence and what its last frame lacks is silence too;
nothing sounds across the joint, neither in the overlap of the transform nor in the bit reservoir (a part's first frame
refers to none).  A player skips the delay of the first part as the header tells it, and then sample i of the master is
sample i of what was mixed.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

import lameenc
import numpy as np

from podcast.audio.filters import Samples

RATE_HZ = 44_100
FRAME = 1152  # samples
ENCODER_DELAY = 576  # of LAME, samples
DELAY = ENCODER_DELAY + 529  # and of every decoder: what players skip when the header names ENCODER_DELAY
BITRATES_KBPS = (32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320)
_QUALITY = 5  # LAME's -q: also what ffmpeg uses; 2 takes twice the time
ENCODER = "LAME 3.100 -q 5"  # part of the cache key
_SCALES = {192: 0.97, 224: 0.98, 256: 1.0, 320: 1.0}  # LAME's own input gain at constant bit rate; 0.95 below


def input_gain(bitrate_kbps: int) -> float:
    """What LAME's input is multiplied by to come out of the decoder as loud as it went in."""
    return 1 / _SCALES.get(bitrate_kbps, 0.95)


def encode(channels: tuple[Samples, ...], bitrate_kbps: int) -> bytes:
    """Frames of one part at constant bit rate: len // FRAME + 1 of them, the last for the end of the last part.

    A player hears the samples as loud as they are here.
    """
    encoder = new_encoder(len(channels), bitrate_kbps)
    stream = bytes(encoder.encode(pcm(channels, input_gain(bitrate_kbps)))) + bytes(encoder.flush())
    count = len(channels[0]) // FRAME + 1
    ends = [end for _, end in zip(range(count), frame_ends(stream), strict=False)]
    if len(ends) < count:
        raise RuntimeError(f"LAME gave {len(ends)} frames for {len(channels[0])} samples")
    return stream[: ends[-1]]


def new_encoder(channels: int, bitrate_kbps: int) -> lameenc.Encoder:
    """LAME at constant bit rate, which is given `pcm` and gives frames."""
    encoder = lameenc.Encoder()
    encoder.silence()
    encoder.set_channels(channels)
    encoder.set_in_sample_rate(RATE_HZ)
    encoder.set_out_sample_rate(RATE_HZ)
    encoder.set_bit_rate(bitrate_kbps)
    encoder.set_quality(_QUALITY)
    return encoder


def pcm(channels: tuple[Samples, ...], gain: float = 1.0) -> bytes:
    """16 bit, interleaved."""
    table = np.empty((len(channels[0]), len(channels)), dtype="<i2")
    for side, channel in enumerate(channels):
        scaled = channel * np.float32(32767 * gain)
        table[:, side] = np.rint(np.clip(scaled, -32767, 32767, out=scaled), out=scaled)
    return table.tobytes()


def without_last(frames: bytes) -> bytes:
    """The frames but the last."""
    return frames[: list(frame_ends(frames))[-2]]


def frame_ends(stream: bytes) -> Iterator[int]:
    """Where each frame of an MPEG-1 layer III stream ends."""
    place = 0
    while place + 4 <= len(stream):
        place += frame_bytes(stream[place : place + 4])
        yield place


def frame_bytes(header: bytes) -> int:
    """Length of the frame that the 4 header bytes begin (ISO 11172-3, 2.4.1.3 and 2.4.2.3)."""
    if header[0] != 0xFF or header[1] & 0xFE != 0xFA or header[2] & 0x0C:
        raise ValueError(f"no MPEG-1 layer III frame at 44.1 kHz: {header.hex()}")
    bitrate = BITRATES_KBPS[(header[2] >> 4) - 1]
    return FRAME // 8 * bitrate * 1000 // RATE_HZ + (header[2] >> 1 & 1)


def info_frame(first_header: bytes, frames: int, stream_bytes: int, samples: int) -> bytes:
    """The Info frame that goes before `frames` frames of `stream_bytes` which play `samples` samples.

    Layout: Xing's header with LAME's extension (delay and padding, after which players cut).
    """
    length = frame_bytes(_unpadded(first_header))
    total = stream_bytes + length
    toc = bytes(min(255, 256 * (length + stream_bytes * i // 100) // total) for i in range(100))
    counts = struct.pack(">III", 0x0F, frames, total) + toc + struct.pack(">I", 50)
    return _info_frame(first_header, counts, frames * FRAME - ENCODER_DELAY - samples, total)


def open_info_frame(first_header: bytes) -> bytes:
    """The same for a stream whose length is not known yet: what matters in it is the delay.

    ffmpeg, and with it Chromium, plays the frame as sound if it names neither frames nor bytes: it says as many bytes
    as can be said, and no frames, so that no player shows a duration.
    """
    return _info_frame(first_header, struct.pack(">II", 0x02, 0xFFFFFFFF), 0, 0)


def _info_frame(first_header: bytes, counts: bytes, padding: int, total_bytes: int) -> bytes:
    header = _unpadded(first_header)
    side = 17 if header[3] >> 6 == 3 else 32
    bitrate = BITRATES_KBPS[(header[2] >> 4) - 1]
    tag = header + bytes(side) + b"Info" + counts
    tag += b"LAME3.100" + bytes([0x01, 0]) + bytes(8) + bytes([0x04, min(bitrate, 255)])  # 0x01: constant bit rate
    tag += (ENCODER_DELAY << 12 | padding).to_bytes(3, "big") + bytes(4) + struct.pack(">IH", total_bytes, 0)
    return (tag + struct.pack(">H", _crc16(tag))).ljust(frame_bytes(header), b"\0")


def _unpadded(header: bytes) -> bytes:
    """A frame header without its padding bit."""
    return bytes([*header[:2], header[2] & 0xFD, header[3]])


def _crc16(data: bytes) -> int:
    """CRC-16/ARC, which LAME's tag ends with."""
    value = 0
    for byte in data:
        value ^= byte
        for _ in range(8):
            value = value >> 1 ^ (0xA001 if value & 1 else 0)
    return value


def to_frames(samples: int) -> int:
    """The next whole number of frames, in samples."""
    return -(-samples // FRAME) * FRAME
