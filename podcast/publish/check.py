"""The gate: what must be true of every episode before the feed may name it.

An MP3 is read whole and not decoded: its checksum, its frames one by one, its chapters.  What only decoding can tell,
loudness, true peak and the longest silence, was measured when it was mastered and is held to what was wanted.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from podcast.models import Chapter, Cue, Episode
from podcast.publish.frames import Stream, TagChapter, tag_chapters, walk
from podcast.publish.readback import TRANSCRIPTS, Caption, read_chapters

LOUDNESS_TOLERANCE_LU = 1.0  # Apple: -16 LKFS, give or take 1
DURATION_TOLERANCE_SECONDS = 0.1  # four frames: encoders that do not tell their delay are two off
MILLISECOND = 0.0011  # two times that were rounded to milliseconds are the same
# Speech of -16 LUFS is heard at about 65 dB SPL.  A peak of -50 dBFS is then 31 dB SPL, what a quiet room has of
# itself: nobody hears it.
SILENCE_DBFS = -50.0
LONGEST_SILENCE_SECONDS = 2.5


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is not as the feed would say it."""

    where: str  # the episode's id, the file, or the address
    what: str
    warning: bool = False  # worth a look, and no reason to hold anything back

    def __str__(self) -> str:
        return f"{self.where}: {self.what}"


def episode_problems(episode: Episode, audio: Path) -> list[Problem]:
    """What is wrong with an episode whose MP3 is at `audio`; reads the whole file, decodes nothing."""
    faults = [
        *_audio_faults(episode, audio),
        *level_faults(
            episode.loudness_lufs, episode.true_peak_dbtp, episode.target_lufs, ceiling_dbtp=episode.ceiling_dbtp
        ),
        *silence_faults(episode.longest_silence_seconds or 0.0),
        *chapter_faults(episode.chapters, episode.duration_seconds),
        *order_faults("cue", episode.cues, episode.duration_seconds),
    ]
    if not episode.cues:
        faults.append("the transcript is empty")
    return [Problem(episode.id, fault) for fault in faults]


def document_problems(episode: Episode, folder: Path) -> list[Problem]:
    """What is wrong with the files of the folder that say again, for apps, what the record says."""
    faults: list[str] = []
    for name in ("chapters.json", *TRANSCRIPTS):
        try:
            content = (folder / name).read_bytes()
            if not content:
                faults.append(f"{name} is empty")
            elif name == "chapters.json":
                faults += _chapters_differ(read_chapters(content), episode.chapters)
            else:
                found = _captions_differ(TRANSCRIPTS[name](content), episode.cues)
                faults += [f"{name}: {fault}" for fault in found]
        except FileNotFoundError:
            faults.append(f"{name} is not there")
        except OSError as error:
            faults.append(f"{name} cannot be read: {error.strerror}")
        except ValueError as error:
            faults.append(f"{name} {error}")
    return [Problem(episode.id, fault) for fault in faults]


def guid_problems(episodes: Iterable[Episode], published: Mapping[str, str]) -> list[Problem]:
    """GUIDs that are used twice, or are not what the present feed says (`published`: episode id -> guid).

    An episode that is gone from the folder is no problem: its owner took it down.
    """
    problems = []
    owner: dict[str, str] = {}
    for episode in episodes:
        if episode.guid in owner:
            problems.append(Problem(episode.id, f"has the same guid as {owner[episode.guid]}: {episode.guid}"))
        owner[episode.guid] = episode.id
        before = published.get(episode.id)
        if before and before != episode.guid:
            problems.append(Problem(episode.id, f"its guid was {before} and would become {episode.guid}"))
    return problems


def longest_silence(peaks: Sequence[float], duration_seconds: float) -> float:
    """The longest run of peaks below `SILENCE_DBFS`, in seconds; `peaks` share out the duration evenly.

    1.0 is full scale.  A frame that sounds for a part of its time counts as sound: at most 0.05 s too short for MP3.
    """
    limit = 10 ** (SILENCE_DBFS / 20)
    runs = (sum(1 for _ in run) for silent, run in groupby(peaks, lambda peak: peak < limit) if silent)
    return max(runs, default=0) * duration_seconds / max(1, len(peaks))


def stream_faults(stream: Stream) -> Iterator[str]:
    """Frames that break off, and a header that promises others than there are."""
    if not stream.is_whole:
        lost = stream.size_bytes - stream.end
        yield f"is damaged after {stream.duration_seconds:.1f} s: {lost} bytes from byte {stream.end} on are no frames"
    elif stream.promised_frames is not None and abs(stream.promised_frames - stream.frames) > 1:
        yield f"has {stream.frames} frames, its header promises {stream.promised_frames}"


def tag_faults(found: Sequence[TagChapter], chapters: Sequence[Chapter]) -> Iterator[str]:
    """The first difference between the ID3 chapters and those listeners read elsewhere."""
    if len(found) != len(chapters):
        yield f"has {len(found)} chapters in its ID3 tag, not {len(chapters)}"
        return
    for place, (tag, chapter) in enumerate(zip(found, chapters, strict=True), start=1):
        times = (tag.start_ms / 1000, chapter.start_seconds), (tag.end_ms / 1000, chapter.end_seconds)
        if not all(abs(one - other) < MILLISECOND for one, other in times):
            yield (
                f"has chapter {place} from {tag.start_ms / 1000:.3f} to {tag.end_ms / 1000:.3f} s in its ID3 tag, not"
                f" {chapter.start_seconds:.3f} to {chapter.end_seconds:.3f} s"
            )
            return
        if not _same_title(tag.title, " ".join(chapter.title.split())):
            yield f"calls chapter {place} “{tag.title}” in its ID3 tag, not “{chapter.title}”"
            return


def level_faults(
    loudness_lufs: float, true_peak_dbtp: float, target_lufs: float, *, ceiling_dbtp: float
) -> Iterator[str]:
    if not abs(loudness_lufs - target_lufs) <= LOUDNESS_TOLERANCE_LU:  # "not": a NaN is wrong too
        yield f"loudness is {loudness_lufs:.1f} LUFS, wanted {target_lufs:g} ±1"
    if not true_peak_dbtp <= ceiling_dbtp:
        yield f"true peak is {true_peak_dbtp:.2f} dBTP, allowed {ceiling_dbtp:.1f}"


def silence_faults(longest_seconds: float) -> Iterator[str]:
    if not longest_seconds <= LONGEST_SILENCE_SECONDS:
        yield f"is silent for {longest_seconds:.1f} s, allowed {LONGEST_SILENCE_SECONDS}"


def chapter_faults(chapters: Sequence[Chapter], duration_seconds: float) -> Iterator[str]:
    yield from order_faults("chapter", chapters, duration_seconds)
    if not chapters or chapters[0].start_seconds > 0:
        yield "no chapter begins at 0"


def order_faults(kind: str, spans: Sequence[Chapter | Cue | Caption], duration_seconds: float) -> Iterator[str]:
    """The first span that is empty, overlaps the one before it, or lies outside the audio."""
    before = 0.0
    for place, span in enumerate(spans, start=1):
        times = f"{kind} {place} ({span.start_seconds:.3f} to {span.end_seconds:.3f} s)"
        if not span.start_seconds > before - MILLISECOND:
            yield f"{times} begins before the one before it ends"
        elif not span.end_seconds > span.start_seconds:
            yield f"{times} has no length"
        elif not span.end_seconds < duration_seconds + MILLISECOND:
            yield f"{times} ends after the audio ({duration_seconds:.3f} s)"
        else:
            before = span.end_seconds
            continue
        return


def _audio_faults(episode: Episode, audio: Path) -> list[str]:
    try:
        data = audio.read_bytes()
    except FileNotFoundError:
        return [f"{audio.name} is not there"]
    except OSError as error:
        return [f"{audio.name} cannot be read: {error.strerror}"]
    if not data:
        return [f"{audio.name} is empty"]
    faults = []
    if len(data) != episode.enclosure.length_bytes:
        faults.append(f"has {len(data)} bytes, the record says {episode.enclosure.length_bytes}")
    elif episode.audio_sha256 and checksum(data) != episode.audio_sha256:
        faults.append("is not the file that was made: its SHA-256 is another")
    try:
        stream = walk(data)
        faults += stream_faults(stream)
        if not abs(stream.duration_seconds - episode.duration_seconds) <= DURATION_TOLERANCE_SECONDS:
            faults.append(f"plays {stream.duration_seconds:.2f} s, the record says {episode.duration_seconds:.2f} s")
        faults += tag_faults(tag_chapters(data), episode.chapters)
    except ValueError as error:
        faults.append(f"is no readable MP3: {error}")
    return [f"{audio.name} {fault}" for fault in faults]


def checksum(data: bytes) -> str:
    """SHA-256 in hexadecimal."""
    return hashlib.sha256(data).hexdigest()


def _same_title(tagged: str, title: str) -> bool:
    """Whether the tag has the title: long ones are cut there, and end in dots (`podcast.audio.tags` says why)."""
    if tagged == title:
        return True
    cut = re.sub(r"(…|\.\.\.)$", "", tagged)
    return cut not in ("", tagged) and title.startswith(cut)


def _chapters_differ(found: Sequence[Chapter], chapters: Sequence[Chapter]) -> Iterator[str]:
    if len(found) != len(chapters):
        yield f"chapters.json has {len(found)} chapters, the record {len(chapters)}"
        return
    for place, (one, other) in enumerate(zip(found, chapters, strict=True), start=1):
        same_times = _same_span(one, other)
        if not same_times or (one.title, one.url, one.image) != (other.title, other.url, other.image):
            yield f"chapters.json has another chapter {place} than the record"
            return


def _captions_differ(captions: Sequence[Caption], cues: Sequence[Cue]) -> Iterator[str]:
    """The first cue that the captions do not show, whole and in its time; a long one lies on several."""
    place = 0
    for number, cue in enumerate(cues, start=1):
        wanted, text, first = _letters(cue.text), "", place
        while place < len(captions) and len(text) < max(1, len(wanted)):
            text += _letters(captions[place].text)
            place += 1
        shown = captions[first:place]
        if not shown or text != wanted:
            yield f"does not say cue {number}, “{cue.text}”"
            return
        if not _same_span(Caption(shown[0].start_seconds, shown[-1].end_seconds, ""), cue):
            yield f"says cue {number} at another time than the record"
            return
    if place < len(captions):
        yield f"has {len(captions) - place} captions more than the record"


def _same_span(one: Chapter | Caption, other: Chapter | Cue) -> bool:
    start = abs(one.start_seconds - other.start_seconds) < MILLISECOND
    return start and abs(one.end_seconds - other.end_seconds) < MILLISECOND


def _letters(text: str) -> str:
    """The text as it can be compared: without white space, and with the signs that SRT has no way to say."""
    return re.sub(r"\s+", "", text).replace("＜", "<").replace("＞", ">")
