"""Master -> Episode: the episode's folder, written whole or not at all, and read back."""

from __future__ import annotations

import hashlib
import re
import shutil
import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from podcast.errors import QualityError, SetupError
from podcast.models import Chapter, Cue, Digest, Edition, Enclosure, Episode, Master, Script, Show, Timeline
from podcast.publish import notes
from podcast.publish.chapters import chapters_json
from podcast.publish.check import Problem, checksum, episode_problems, longest_silence
from podcast.publish.files import printable, replace_file, web_address
from podcast.publish.record import RECORD, clean, episode_json, read_record
from podcast.publish.transcript import cards, srt, transcript_json, vtt

EPISODES = "episodes"
SCRIPT = "script.md"  # as a document: what a person edits in it is kept
READINGS = "readings.md"  # every place where spoken differs from written; lacking in episodes of earlier versions
WAVEFORM = "waveform.svg"  # likewise
REWRITE = "rewrite.md"  # digest and rewrite side by side, where a language model wrote the script
DOCUMENTS = ("chapters.json", "transcript.vtt", "transcript.srt", "transcript.json")  # names of `documents`


def episode_id(public: Path, digest: Digest) -> str:
    """The folder name for a digest: its date (2025-11-04), or date plus slug where another digest has the date.

    The same file of the same day is the same episode, whatever became of its title: the name of the digest's file is
    kept in episode.json.  Nothing is reserved: two digests of one day have to be made one after the other.
    """
    return episode_place(public, digest, Edition(name=""))[0]


def episode_place(public: Path, digest: Digest, edition: Edition) -> tuple[str, str]:
    """`episode_id` for an edition, and the id of the episode it stands beside; empty for the show's own edition.

    One that stands beside another has that one's id and its own name (2025-11-04-brief), whichever was made first.
    """
    source, day = source_name(digest.source), digest.published.date()
    taken = {path.parent.name: read_record(path) for path in (public / EPISODES).glob(f"{day.isoformat()}*/{RECORD}")}
    mine = {
        name: episode
        for name, episode in sorted(taken.items())
        if episode.source == source and episode.published.date() == day
    }
    same = (name for name, episode in mine.items() if edition.name and episode.edition == edition.name)
    own = (name for name, episode in mine.items() if edition.own and not episode.beside)
    if found := next(same, None) or next(own, None):
        return found, mine[found].beside
    stem = next((episode.beside or name for name, episode in mine.items()), "") or _stem(digest, taken)
    if edition.own:
        return stem, ""
    name = f"{stem}-{slug(edition.name, unique=edition.name)}"
    return (name if name not in taken else f"{name}-{_digits(source)}"), stem


def _stem(digest: Digest, taken: Mapping[str, Episode]) -> str:
    """The date, or the date plus the slug of the file's name where another digest has the date."""
    day, source = digest.published.date().isoformat(), source_name(digest.source)
    reserved = {*taken, *(episode.beside for episode in taken.values())}
    if day not in reserved:
        return day
    name = f"{day}-{slug(digest.source.stem.removeprefix(day), unique=source)}"
    return name if name not in reserved else f"{name}-{_digits(source)}"


def source_name(path: Path) -> str:
    """The name of a digest's file without this machine's folders; an index.md (Hugo) keeps the one that names it."""
    return f"{path.parent.name}/{path.name}" if path.stem in ("index", "_index") else path.name


def slug(text: str, *, unique: str) -> str:
    """Latin letters, digits and hyphens of the text, for an address; where it has none, a short hash of `unique`."""
    words = re.findall(r"[a-z0-9]+", text.lower())
    return "-".join(words)[:40].strip("-") or _digits(unique)


def read_episode(public: Path, id: str) -> Episode | None:  # noqa: A002 -- the field's name
    """The episode of a folder, None where there is none.  Raises InputError where its record is damaged."""
    path = public / EPISODES / id / RECORD
    return read_record(path) if path.is_file() else None


def read_episodes(public: Path) -> list[Episode]:
    """Every episode of the folder, newest first.  Raises InputError, naming the file, for a damaged record."""
    return sorted(each_episode(public), key=lambda episode: (episode.published, episode.id), reverse=True)


def each_episode(public: Path) -> Iterator[Episode]:
    """Every episode of the folder, one at a time, by name."""
    for path in sorted((public / EPISODES).glob(f"[!.]*/{RECORD}")):
        yield read_record(path)


@dataclass(frozen=True, slots=True)
class Papers:
    """What lies beside an episode for people to read and look at, each the text of a file."""

    script: str
    readings: str
    waveform: str
    rewrite: str | None = None  # None: no language model had a hand in it

    def files(self) -> dict[str, bytes]:
        """By name.  The script is left as it is: it is read again, to the letter."""
        plain = {READINGS: self.readings, WAVEFORM: printable(self.waveform)}
        plain |= {} if self.rewrite is None else {REWRITE: printable(self.rewrite)}
        return {SCRIPT: self.script.encode()} | {name: text.encode() for name, text in plain.items()}


def write_episode(
    public: Path,
    *,
    id: str,  # noqa: A002 -- the field's name
    digest: Digest,
    script: Script,
    papers: Papers,
    timeline: Timeline,
    master: Master,
    show: Show,
    engine: str,
    voices: Mapping[str, str],
    content_hash: str,
    target_lufs: float = -16.0,
    ceiling_dbtp: float = -1.0,
    edition: str = "full",
    beside: str = "",
    pace: float = 1.0,
) -> Episode:
    """Write the folder public/episodes/<id>/ and move the master into it.

    All is written to a hidden folder beside it and checked there.  A new episode appears by one rename; of one that was
    there before each file is replaced whole, episode.json last, and its guid is kept.
    Raises QualityError, with nothing changed, for an episode that the feed could not name; SetupError where the folder
    cannot be written.
    """
    before = read_episode(public, id)
    chapters = tuple(_chapter(chapter) for chapter in timeline.chapters)
    lines = notes.contents(digest, script, chapters)
    html, plain = notes.show_notes(digest, lines, show, engine=engine, voices=voices)
    episode = Episode(
        id=id,
        guid=before.guid if before else new_guid(show, id),
        title=" ".join(script.title.split()),
        published=digest.published,
        summary=notes.summary(digest),
        show_notes=html,
        enclosure=Enclosure(f"{EPISODES}/{id}/{id}.mp3", master.path.stat().st_size, "audio/mpeg"),
        duration_seconds=round(master.duration_seconds, 3),
        loudness_lufs=round(master.loudness_lufs, 2),
        true_peak_dbtp=round(master.true_peak_dbtp, 2),
        chapters=chapters,
        cues=tuple(_cue(cue) for cue in timeline.cues),
        engine=engine,
        voices=dict(sorted(voices.items())),
        content_hash=content_hash,
        source=source_name(digest.source),
        highlight=_highlight(script, chapters),
        target_lufs=target_lufs,
        ceiling_dbtp=ceiling_dbtp,
        longest_silence_seconds=_silence(master),
        audio_sha256=checksum(master.path.read_bytes()),
        edition=edition,
        beside=beside,
        pace=pace,
    )
    episode = clean(episode)
    if problems := episode_problems(episode, master.path):
        raise quality_error(problems)
    folder = public / EPISODES / id
    files = documents(episode, show) | {"notes.txt": printable(plain).encode()} | papers.files()
    _place(folder, master.path, files | {RECORD: episode_json(episode)})
    if papers.rewrite is None:
        (folder / REWRITE).unlink(missing_ok=True)  # of an earlier version of this episode
    return episode


def _place(folder: Path, audio: Path, files: Mapping[str, bytes]) -> None:
    """Move audio and files into `folder`, each whole or absent at any instant, the last of `files` last."""
    staging = folder.with_name(f".{folder.name}.new")
    audio_name = f"{folder.name}.mp3"
    try:
        shutil.rmtree(staging, ignore_errors=True)  # of a run that was killed
        staging.mkdir(parents=True)
        for name, content in files.items():
            replace_file(staging / name, content)
        shutil.move(audio, staging / audio_name)  # may be a copy from another file system, hence before the rename
        if not folder.exists():
            staging.rename(folder)
            return
        for name in (audio_name, *files):
            (staging / name).replace(folder / name)
    except OSError as error:
        raise SetupError(f"cannot be written: {error.strerror}", where=str(folder)) from error
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def _silence(master: Master) -> float | None:
    return round(longest_silence(master.peaks, master.duration_seconds), 2) if master.peaks else None


def _highlight(script: Script, chapters: Sequence[Chapter]) -> Chapter | None:
    """The overview's chapter."""
    titles = {segment.title for segment in script.segments if segment.kind == "overview"}
    return next((chapter for chapter in chapters if chapter.title in titles), None)


def _chapter(chapter: Chapter) -> Chapter:
    # Whole milliseconds, as ID3 has them: every form of a chapter then says the same time.
    start, end = round(chapter.start_seconds, 3), round(chapter.end_seconds, 3)
    title = " ".join(chapter.title.split())
    return Chapter(start, end, title, web_address(chapter.url), web_address(chapter.image))


def _cue(cue: Cue) -> Cue:
    return replace(
        cue,
        start_seconds=round(cue.start_seconds, 3),
        end_seconds=round(cue.end_seconds, 3),
        text=" ".join(cue.text.split()),
    )


def documents(episode: Episode, show: Show) -> dict[str, bytes]:
    """The files that say again, for apps, what episode.json says: name -> content."""
    captions = list(cards(episode.cues))
    return {
        "chapters.json": chapters_json(episode, show),
        "transcript.vtt": vtt(captions, show.speakers),
        "transcript.srt": srt(captions),
        "transcript.json": transcript_json(episode.cues, show.speakers),
    }


def new_guid(show: Show, id: str) -> str:  # noqa: A002 -- the field's name
    """A UUIDv5 of the address the episode is first published at."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"{show.base_url}{EPISODES}/{id}"))


def quality_error(problems: Iterable[Problem]) -> QualityError:
    """The first problem, and how many more there are."""
    first, *rest = problems
    more = f" (and {len(rest)} more)" if rest else ""
    return QualityError(
        f"{first.what}{more}", where=first.where, hint="Nothing was published. Make this episode again with --force."
    )


def _digits(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:8]
