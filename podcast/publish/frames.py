"""An MP3 file as it lies on the disk: tag, frames, and what its header promises.  Nothing is decoded.

The frames are walked from header to header (ISO 11172-3, 2.4.1.3 and 2.4.2.3; 13818-3 for the lower rates), so a file
that was cut, joined or overwritten is found whatever its Info frame says.
"""

from __future__ import annotations

import io
import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from mutagen import MutagenError, id3

# kbit/s of layer III by the bit rate index from 1, for MPEG 1 and for MPEG 2 and 2.5.
_BITRATES = (
    (32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
)
_RATES_HZ = (44_100, 48_000, 32_000)
_DIVISORS = {3: 1, 2: 2, 0: 4}  # of the rates, by the version's two bits: MPEG 1, 2, 2.5
_RUN = 64  # frames taken in one step
_ID3V1_BYTES = 128
_CHAPTER_FRAMES = {"CHAP": id3.CHAP, "CTOC": id3.CTOC, "TIT2": id3.TIT2}  # the others, the cover with them, are skipped


@dataclass(frozen=True, slots=True)
class Stream:
    """What was found between the tag and the end."""

    tag_bytes: int  # of the ID3v2 tag before the frames
    end: int  # offset of the first byte after the last whole frame
    size_bytes: int  # of the file, without an ID3v1 tag at its end
    frames: int  # that sound: the Info frame is not one of them
    promised_frames: int | None  # by the Info frame; None = it says nothing
    duration_seconds: float  # that a player hears: without the delay and the padding that the Info frame tells

    @property
    def is_whole(self) -> bool:
        """Whether the frames reach to the end."""
        return self.end == self.size_bytes


@dataclass(frozen=True, slots=True)
class TagChapter:
    """A chapter as the ID3 tag has it."""

    start_ms: int
    end_ms: int
    title: str


def walk(data: bytes) -> Stream:
    """Walk over the frames of a file.  Raises ValueError where there is none at the place of the first."""
    tag_bytes = _tag_bytes(data)
    size_bytes = len(data) - (_ID3V1_BYTES if data[-_ID3V1_BYTES:].startswith(b"TAG") else 0)
    try:
        length, samples, rate_hz = _frame(data[tag_bytes : tag_bytes + 3])
    except ValueError as error:
        raise ValueError(f"no MP3 frame at byte {tag_bytes}, where the first should be") from error
    promised, cut_samples, is_info = _info(data[tag_bytes : tag_bytes + length])
    runs = list(_runs(data, tag_bytes, size_bytes))
    end = runs[-1][0] if runs else tag_bytes
    frames = sum(count for _, count in runs) - is_info
    return Stream(tag_bytes, end, size_bytes, frames, promised, (frames * samples - cut_samples) / rate_hz)


def tag_chapters(data: bytes) -> list[TagChapter]:
    """The chapters of the ID3 tag in the order of its table of contents.

    Raises ValueError for a tag that cannot be read, or whose table names what is not there or leaves a chapter out.
    """
    try:
        tag = id3.ID3(io.BytesIO(data[: _tag_bytes(data)]), known_frames=_CHAPTER_FRAMES, translate=False)
    except id3.ID3NoHeaderError:
        return []
    except (MutagenError, ValueError) as error:
        raise ValueError(f"its ID3 tag cannot be read: {error}") from error
    chapters = {frame.element_id: frame for frame in tag.getall("CHAP")}
    tables = {frame.element_id: frame for frame in tag.getall("CTOC")}
    top = [frame for frame in tables.values() if frame.flags & id3.CTOCFlags.TOP_LEVEL]
    if chapters and len(top) != 1:
        raise ValueError(f"its ID3 tag has {len(top)} tables of contents (CTOC) at the top, not 1")
    listed = [name for frame in top for name in frame.child_element_ids]
    names = [name for child in listed for name in (tables[child].child_element_ids if child in tables else [child])]
    if sorted(names) != sorted(chapters):
        raise ValueError("its ID3 table of contents (CTOC) does not list each chapter (CHAP) once")
    found = [chapters[name] for name in names]
    return [TagChapter(frame.start_time, frame.end_time, _title(frame)) for frame in found]


def _title(frame: Any) -> str:
    return " ".join("".join(map(str, frame.sub_frames.getall("TIT2"))).split())


def _tag_bytes(data: bytes) -> int:
    """Length of the ID3v2 tag: four bytes of seven bits, without header and footer (ID3v2.4, 3.1 and 3.4)."""
    if data[:3] != b"ID3" or len(data) < 10:
        return 0
    size = data[6] << 21 | data[7] << 14 | data[8] << 7 | data[9]
    return 10 + size + (10 if data[5] & 0x10 else 0)


def _frame(header: bytes) -> tuple[int, int, int]:
    """(bytes, samples, sample rate in Hz) of the frame whose first three bytes these are; else ValueError."""
    if len(header) < 3 or header[0] != 0xFF or header[1] & 0xE6 != 0xE2:
        raise ValueError("no layer III frame")
    version, bitrate, rate = header[1] >> 3 & 3, header[2] >> 4, header[2] >> 2 & 3
    if version not in _DIVISORS or bitrate in (0, 15) or rate == 3:
        raise ValueError("reserved values in a frame's header")
    rate_hz = _RATES_HZ[rate] // _DIVISORS[version]
    samples = 1152 if version == 3 else 576
    kbps = _BITRATES[version != 3][bitrate - 1]
    return samples // 8 * kbps * 1000 // rate_hz + (header[2] >> 1 & 1), samples, rate_hz


def _runs(data: bytes, start: int, size_bytes: int) -> Iterator[tuple[int, int]]:
    """(end, number of frames) of each run of frames of one version, rate and bit rate, one after the other.

    A pattern steps over many frames at once: 1 ms for ten minutes, where a loop over the headers takes 7.
    """
    place = start
    first = data[start : start + 3]
    while place < size_bytes:
        header = data[place : place + 3]
        try:
            _frame(header)
        except ValueError:
            return
        if (header[1] ^ first[1]) & 0xFE or (header[2] ^ first[2]) & 0x0C:
            return  # another version or rate: no player expects it in the middle of a file
        before = place
        for count in (_RUN, 1):
            pattern = _pattern(header[1] | 1, header[2] & 0xFC, count)
            while match := pattern.match(data, place, size_bytes):
                place = match.end()
                yield place, count
        if place == before:
            return


@lru_cache(maxsize=64)
def _pattern(second: int, third: int, count: int) -> re.Pattern[bytes]:
    """`count` frames with these header bytes, whatever their protection, padding and private bits."""
    length = _frame(bytes([0xFF, second, third]))[0]
    start = re.escape(b"\xff") + b"[" + re.escape(bytes([second & 0xFE])) + re.escape(bytes([second])) + b"]"
    kinds = [
        b"[" + re.escape(bytes([third | padding])) + re.escape(bytes([third | padding | 1])) + b"].{%d}" % (length - 3)
        for padding, length in ((0, length), (2, length + 1))
    ]
    return re.compile(b"(?:%s(?:%s)){%d}" % (start, b"|".join(kinds), count), re.DOTALL)


def _info(frame: bytes) -> tuple[int | None, int, bool]:
    """(frames promised, samples that players cut away, whether it is an Info frame) of the first frame.

    The layout is that of Xing's header with LAME's extension.
    """
    mono, lower = frame[3] >> 6 == 3, frame[1] >> 3 & 3 != 3
    side = (9 if mono else 17) if lower else (17 if mono else 32)
    place = 4 + side + (0 if frame[1] & 1 else 2)  # two bytes of checksum where the frame is protected
    if frame[place : place + 4] not in (b"Xing", b"Info"):
        return None, 0, False
    flags = int.from_bytes(frame[place + 4 : place + 8], "big")
    place += 8
    promised = None
    if flags & 1:
        (promised,) = struct.unpack_from(">I", frame, place)
    place += sum(size for bit, size in ((1, 4), (2, 4), (4, 100), (8, 4)) if flags & bit)
    # LAME's extension begins with the encoder's name; 21 bytes on stand 12 bits of delay and 12 of padding.
    both = int.from_bytes(frame[place + 21 : place + 24], "big") if frame[place : place + 1].isalpha() else 0
    return promised, (both >> 12) + (both & 0xFFF), True
