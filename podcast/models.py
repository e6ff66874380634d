"""The data that flows through `podcast`, in the order it flows.

Digest -> Script -> Clips -> Timeline -> Master -> Episode.  Everything is frozen: a stage takes one of these and
returns the next.  Times are seconds from the start of the audio they belong to; a published time always has a zone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Literal

# --- digest: what the publisher wrote ---------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Link:
    """A link inside running text.  It is shown in the notes and never spoken."""

    title: str  # the words that were linked, plain text
    url: str


@dataclass(frozen=True, slots=True)
class Figure:
    """An image, table or code block: named in the show notes, not spoken."""

    kind: Literal["image", "table", "code"]
    title: str  # alt text, header row or language; may be empty
    url: str | None = None  # of an image


@dataclass(frozen=True, slots=True)
class Item:
    """One news item of a digest."""

    number: int  # place in the digest from 1, running on over several numbered series
    title: str  # plain text, as written
    url: str | None  # of the source; None where the digest names none
    summary: tuple[str, ...]  # paragraphs of plain written text; a list's entries are paragraphs of their own
    links: tuple[Link, ...] = ()  # further links of the summary
    figures: tuple[Figure, ...] = ()


@dataclass(frozen=True, slots=True)
class Interlude:
    """Running text between items that is none of them: kept where it stood."""

    after_item: int  # number of the item before it; 0 = before the first
    paragraphs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Digest:
    """A news digest, whole."""

    source: Path  # the file it was read from
    title: str
    published: datetime  # with a zone
    overview: tuple[str, ...]  # paragraphs, may be empty
    items: tuple[Item, ...]  # at least one
    commentary: tuple[str, ...]  # paragraphs of the 点评, may be empty
    interludes: tuple[Interlude, ...] = ()
    links: tuple[Link, ...] = ()  # of overview and commentary
    figures: tuple[Figure, ...] = ()  # of overview and commentary
    warnings: tuple[str, ...] = ()  # what was not understood, each "line N: what, and what became of it"


# --- script: what is said ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Edition:
    """How much of a digest is said."""

    name: str = "full"  # "full", "brief", or "5min" where a length was asked for
    seconds: float | None = None  # the length that was asked for; None = as long as it takes
    own: bool = True  # it is the show's own; False: it stands beside that one, with an id and a title that tell


SegmentKind = Literal["opening", "overview", "item", "interlude", "commentary", "closing"]
Sound = Literal["intro", "sting", "bed", "outro"]


@dataclass(frozen=True, slots=True)
class Override:
    """How a person wants one place of a text read; what a reader sees stays as it is."""

    start: int  # span in the text, in characters
    end: int
    said: str  # other words, or pinyin with a syllable for each Han character: "chong2 qing4"


@dataclass(frozen=True, slots=True)
class Sentence:
    """The smallest piece that has a time of its own in the transcript."""

    text: str  # written form, with any white space after it: joined, sentences give their paragraph back
    spoken: str  # what is said: no digits, no symbols, no markup
    pinyin: tuple[str, ...] = ()  # one token for each character of `spoken`: "zhong4", 5 = neutral, v = ü, "_" = no Han
    words: tuple[str, ...] = ()  # `spoken`, cut into words: an engine that takes phonemes parts them
    respelling: str = ""  # for engines that take only text: `spoken` with other characters of the same sound where the
    # lexicon says how to read them (same length); empty = `spoken`
    overrides: tuple[Override, ...] = ()  # in order and apart, none of them empty


@dataclass(frozen=True, slots=True)
class Utterance:
    """One request to an engine: a sentence or a whole paragraph, as the engine likes it."""

    id: str  # "s03-u02", unique in its script
    speaker: str  # a role: "anchor", "commentator" or "coanchor"
    sentences: tuple[Sentence, ...]
    pause_after_seconds: float

    @property
    def text(self) -> str:
        """What a reader sees."""
        return "".join(sentence.text for sentence in self.sentences).strip()

    @property
    def spoken(self) -> str:
        """What is said."""
        return "".join(sentence.spoken for sentence in self.sentences).strip()

    @property
    def pinyin(self) -> tuple[str, ...]:
        """One token for each character of the sentences' spoken text."""
        return tuple(token for sentence in self.sentences for token in sentence.pinyin)


@dataclass(frozen=True, slots=True)
class Segment:
    """An editorial block; one chapter of the episode."""

    kind: SegmentKind
    title: str  # the chapter's title
    item: int | None  # Item.number, for kind "item"
    utterances: tuple[Utterance, ...]
    url: str | None = None  # the source of the item
    image: str | None = None  # address of the item's first picture
    sounds: tuple[Sound, ...] | None = None  # music that goes with it; None = `podcast.sounds` says by kind and place


@dataclass(frozen=True, slots=True)
class Script:
    """All that is said in an episode."""

    title: str
    published: datetime
    segments: tuple[Segment, ...]

    @property
    def utterances(self) -> tuple[Utterance, ...]:
        return tuple(utterance for segment in self.segments for utterance in segment.utterances)


# --- clips: what was spoken -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Mark:
    """When a sentence is spoken inside its clip."""

    offset_seconds: float
    duration_seconds: float
    text: str  # the sentence's spoken text


@dataclass(frozen=True, slots=True)
class Clip:
    """The audio of one utterance."""

    utterance_id: str
    path: Path  # a FLAC file in the clip cache: mono, the engine's own sample rate
    duration_seconds: float
    marks: tuple[Mark, ...]  # one for each sentence of the utterance, in order


# --- timeline and master: the finished audio --------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Chapter:
    start_seconds: float
    end_seconds: float
    title: str
    url: str | None = None  # source of the item
    image: str | None = None  # address of a picture


@dataclass(frozen=True, slots=True)
class Cue:
    """One timed line of the transcript, in written form."""

    start_seconds: float
    end_seconds: float
    speaker: str
    text: str


@dataclass(frozen=True, slots=True)
class Timeline:
    """Exact times of everything in the master, from sample counts."""

    clips: tuple[Clip, ...]
    chapters: tuple[Chapter, ...]
    cues: tuple[Cue, ...]
    duration_seconds: float


@dataclass(frozen=True, slots=True)
class Master:
    """The finished MP3."""

    path: Path
    duration_seconds: float  # of the audio a player hears
    loudness_lufs: float  # integrated, EBU R128 gated, of the decoded MP3
    true_peak_dbtp: float  # ITU-R BS.1770 (4 x oversampled), of the decoded MP3
    loudness_range_lu: float = 0.0  # EBU Tech 3342, of the decoded MP3
    short_term_lufs: float = 0.0  # of the loudest 3 s
    peaks: tuple[float, ...] = ()  # greatest magnitude in each MP3 frame (26 ms), decoded; 1.0 = full scale


# --- show and episode: what is published ------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Person:
    """Someone who makes the show, in the words of podcast:person."""

    name: str
    role: str  # of the Podcast Taxonomy, lower case: "author", "host", "editor" ...
    group: str = "cast"  # of the same: "cast", "writing", "audio production" ...
    url: str = ""  # a page about them
    image: str = ""  # address of a picture


@dataclass(frozen=True, slots=True)
class Show:
    """The series an episode belongs to: what the feed's channel says."""

    title: str
    description: str
    author: str
    email: str  # of the owner; may be empty
    link: str  # home page of the show; empty = base_url
    base_url: str  # where the public folder is reachable; ends in "/"
    language: str  # "zh-cn"
    category: tuple[str, ...]  # Apple's: ("News", "Tech News") or ("Technology",)
    cover: Path  # JPEG or PNG, square, 1400 to 3000 px
    disclosure: str  # that the voice is synthetic; shown on every page and in every note
    explicit: bool = False
    copyright: str = ""  # empty = the author
    guid: str = ""  # podcast:guid, a UUIDv5; empty = the last feed's, or made from the feed's address
    license: str = "arr"  # name of the license the namespace lists ("arr" = all rights reserved, "cc-by-4.0" ...)
    license_url: str = ""  # where it can be read; needed for a name the namespace does not list
    locked: bool = True  # podcast:locked: other hosts may not import the feed
    funding: tuple[Link, ...] = ()  # ways to support the show
    persons: tuple[Person, ...] = ()  # who stands behind it; empty = the author
    cast: Mapping[str, Person] = field(  # role in the script -> who listeners read in transcript, notes and feed
        default_factory=lambda: {
            "anchor": Person("主播", "host"),
            "commentator": Person("评论员", "co-host"),
            "coanchor": Person("搭档主播", "co-host"),
        }
    )
    hosts: tuple[str, ...] = ("anchor", "commentator")  # the roles of the cast that speak in it
    voice_label: str = "AI 语音"  # stands after the name of each of the cast in podcast:person; may be empty
    update_rrule: str = "FREQ=DAILY"  # RFC 5545, how often an episode comes; empty = not said
    update_text: str = "每日更新"  # the same in words
    podroll: tuple[str, ...] = ()  # podcast:guid of shows it recommends
    hub: str = ""  # WebSub hub
    txt: Mapping[str, str] = field(default_factory=dict)  # purpose -> text of further podcast:txt
    subscribe: tuple[
        Link, ...
    ] = ()  # the show in directories: Link("小宇宙", "https://www.xiaoyuzhoufm.com/podcast/…")

    @property
    def speakers(self) -> Mapping[str, str]:
        """Role in the script -> the name listeners read."""
        return {role: person.name for role, person in self.cast.items()}


@dataclass(frozen=True, slots=True)
class Enclosure:
    """The audio file of an episode as the feed names it."""

    url: str  # relative to the public folder: "episodes/2025-11-04/2025-11-04.mp3"
    length_bytes: int
    type: str  # media type, "audio/mpeg"


@dataclass(frozen=True, slots=True)
class Episode:
    """One item of the feed: what episode.json in the episode's folder holds, whole."""

    id: str  # name of its folder: the digest's date, or date plus slug
    guid: str  # never changes once given
    title: str
    published: datetime
    summary: str  # plain text, one paragraph
    show_notes: str  # sanitised HTML
    enclosure: Enclosure
    duration_seconds: float
    loudness_lufs: float
    true_peak_dbtp: float
    chapters: tuple[Chapter, ...]
    cues: tuple[Cue, ...]
    engine: str  # that spoke it
    voices: Mapping[str, str]  # speaker -> engine voice
    content_hash: str  # of everything it was made from; the same hash = nothing to do
    source: str = ""  # name of the digest's file: the same source, day and edition is the same episode
    highlight: Chapter | None = None  # the overview, offered as podcast:soundbite
    target_lufs: float = -16.0  # the loudness it was made for
    ceiling_dbtp: float = -1.0  # the true peak it must not pass
    longest_silence_seconds: float | None = None  # in the MP3 as it decodes; None in records of earlier versions
    audio_sha256: str = ""  # of the MP3, hexadecimal; empty in records of earlier versions
    edition: str = ""  # Edition.name; empty in records of earlier versions: the show's own edition
    beside: str = ""  # id of the show's own edition of the same digest, where this is another one
    pace: float = 1.0  # times the length that its speech was first estimated at: an edition is cut to a length by it
