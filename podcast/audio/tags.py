"""The ID3 tag of an episode.

Version 2.4 with text in UTF-16, which readers that know only 2.3 understand too.  Chapters follow the "ID3v2 Chapter
Frame Addendum": one ordered top-level CTOC, CHAP frames in order of time, no byte offsets.
"""

from __future__ import annotations

import contextlib
import io
from dataclasses import dataclass
from pathlib import Path

from mutagen import id3

from podcast.errors import InputError
from podcast.models import Chapter, Timeline

_NO_OFFSET = 0xFFFFFFFF
# ffmpeg (5 to 9) reads the sizes of frames inside CHAP as plain numbers; the synchsafe ones of ID3v2.4 are so only up
# to 127: it leaves out a whole chapter that has a larger one.
_INNER_BYTES = 127
_UTF16 = id3.Encoding.UTF16
_LANGUAGES = {"zh": "zho", "en": "eng", "ja": "jpn", "ko": "kor", "de": "deu", "fr": "fra", "es": "spa", "ru": "rus"}
_CHILDREN = 255  # a CTOC counts its children in one byte


@dataclass(frozen=True, slots=True)
class Tags:
    """What the file says about itself; an empty field gets no frame."""

    title: str
    album: str = ""  # the show
    artist: str = ""
    album_artist: str = ""
    date: str = ""  # ISO 8601: "2025-11-04"
    genre: str = "Podcast"
    comment: str = ""  # short show notes
    lyrics: str = ""  # the plain transcript
    url: str = ""  # the episode's page
    feed_url: str = ""
    guid: str = ""
    copyright: str = ""
    language: str = "zh-cn"
    cover: Path | None = None  # JPEG or PNG, square


def tag_bytes(tags: Tags, timeline: Timeline) -> bytes:
    """The whole ID3v2.4 tag.  InputError if the cover is no JPEG or PNG file."""
    tag = id3.ID3()
    language = _LANGUAGES.get(tags.language[:2].lower(), "und")
    texts: dict[type[id3.TextFrame], str] = {
        id3.TIT2: tags.title,
        id3.TALB: tags.album,
        id3.TPE1: tags.artist,
        id3.TPE2: tags.album_artist,
        id3.TDRC: tags.date,
        id3.TDRL: tags.date,
        id3.TCON: tags.genre,
        id3.TCOP: tags.copyright,
        id3.TLAN: language,
        id3.TLEN: str(milliseconds(timeline.duration_seconds)),
        id3.TGID: tags.guid,
        id3.TDES: tags.comment,
    }
    for frame, text in texts.items():
        if text:
            tag.add(frame(encoding=_UTF16, text=[text]))
    if tags.comment:
        tag.add(id3.COMM(encoding=_UTF16, lang=language, desc="", text=[tags.comment]))
    if tags.lyrics:
        tag.add(id3.USLT(encoding=_UTF16, lang=language, desc="", text=tags.lyrics))
    if tags.url:
        tag.add(id3.WOAF(url=tags.url))
    if tags.feed_url:
        tag.add(id3.WFED(url=tags.feed_url))
    tag.add(id3.PCST(value=1))
    if tags.cover:
        tag.add(_picture(tags.cover))
    _add_chapters(tag, timeline.chapters, tags.url)
    return _in_order(tag)


def milliseconds(seconds: float) -> int:
    return round(seconds * 1000)


def _add_chapters(tag: id3.ID3, chapters: tuple[Chapter, ...], page: str) -> None:
    names = [f"ch{number:04d}" for number in range(1, len(chapters) + 1)]
    for name, chapter in zip(names, chapters, strict=True):
        inside: list[id3.Frame] = [_short_title(chapter.title)]
        if chapter.url:
            inside += _short_link(chapter.url, f"{page}#t={int(chapter.start_seconds)}")
        if chapter.image:
            inside += _picture_link(chapter.image)
        tag.add(
            id3.CHAP(
                element_id=name,
                start_time=milliseconds(chapter.start_seconds),
                end_time=milliseconds(chapter.end_seconds),
                start_offset=_NO_OFFSET,
                end_offset=_NO_OFFSET,
                sub_frames=inside,
            )
        )
    groups = [names[first : first + _CHILDREN] for first in range(0, len(names), _CHILDREN)]
    if len(groups) > 1:
        for number, group in enumerate(groups, 1):
            tag.add(id3.CTOC(element_id=f"toc{number}", flags=id3.CTOCFlags.ORDERED, child_element_ids=group))
        groups = [[f"toc{number}" for number in range(1, len(groups) + 1)]]
    if groups:
        flags = id3.CTOCFlags.TOP_LEVEL | id3.CTOCFlags.ORDERED
        tag.add(id3.CTOC(element_id="toc", flags=flags, child_element_ids=groups[0], sub_frames=[]))


def _short_title(title: str) -> id3.TIT2:
    """A title that fits into a frame of `_INNER_BYTES` with encoding, byte order mark and terminator.

    The whole of it is in chapters.json.
    """
    for encoding, codec, overhead in ((id3.Encoding.LATIN1, "latin-1", 2), (_UTF16, "utf-16-le", 5)):
        with contextlib.suppress(UnicodeEncodeError):
            if len(data := title.encode(codec)) > _INNER_BYTES - overhead:
                dots = "..." if codec == "latin-1" else "…"
                room = _INNER_BYTES - overhead - len(dots.encode(codec))
                title = data[:room].decode(codec, "ignore").rstrip() + dots
            return id3.TIT2(encoding=encoding, text=[title])
    raise InputError("a chapter's title is no Unicode text", where=title)


def _short_link(url: str, page: str) -> list[id3.Frame]:
    """The link, or where it is too long the place on the episode's page, which has it."""
    fitting = [link for link in (url, page) if link.isascii() and len(link) <= _INNER_BYTES - 3]
    return [id3.WXXX(encoding=id3.Encoding.LATIN1, desc="", url=link) for link in fitting[:1]]


def _picture_link(url: str) -> list[id3.Frame]:
    """A picture named by its address (ID3v2.4, 4.14), which keeps the frame short; chapters.json has long ones too."""
    link = id3.APIC(encoding=id3.Encoding.LATIN1, mime="-->", type=id3.PictureType.OTHER, desc="", data=url.encode())
    overhead = len("-->") + 4  # encoding, two terminators, type
    return [link] if url.isascii() and len(url) <= _INNER_BYTES - overhead else []


def _picture(path: Path) -> id3.APIC:
    try:
        data = path.read_bytes()
    except OSError as error:
        raise InputError(f"the cover cannot be read ({error.strerror})", where=str(path)) from error
    kinds = {b"\xff\xd8\xff": "image/jpeg", b"\x89PN": "image/png"}
    if (mime := kinds.get(data[:3])) is None:
        raise InputError("the cover is no JPEG or PNG file", where=str(path), hint="Save the picture as JPEG.")
    return id3.APIC(encoding=id3.Encoding.LATIN1, mime=mime, type=id3.PictureType.COVER_FRONT, desc="", data=data)


def _in_order(tag: id3.ID3) -> bytes:
    """The tag with its CHAP frames last and in order of time.

    mutagen sorts frames by size, and players built on ffmpeg list chapters as they stand in the file.
    """
    file = io.BytesIO()
    tag.save(file, v2_version=4, padding=lambda _: 0)
    data = file.getvalue()
    frames, place = [], 10
    while place < len(data):
        end = place + 10 + _synchsafe(data[place + 4 : place + 8])
        frames.append(data[place:end])
        place = end
    frames.sort(key=lambda frame: frame[10:].split(b"\0", 1)[0] if frame.startswith(b"CHAP") else b"")
    return data[:10] + b"".join(frames)


def _synchsafe(four: bytes) -> int:
    """Four bytes of seven bits each (ID3v2.4, 6.2)."""
    return four[0] << 21 | four[1] << 14 | four[2] << 7 | four[3]
