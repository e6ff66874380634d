"""The narration of an edition: the digest is cut until what is said of it lasts as long as was asked for.

Lengths are estimated before anything is spoken: syllables at the pace of the voice, pauses, and music.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

from podcast.audio import Music, music_seconds
from podcast.errors import ConfigError
from podcast.models import Clip, Digest, Edition, Script
from podcast.script import Cutting, cut_digest, write_script
from podcast.text import SENTENCE_PAUSE_SECONDS, pieces
from podcast.text.lexicon import Lexicon
from podcast.text.normalize import normalize
from podcast.tts.pace import estimated_seconds, measured_seconds, seconds_per_syllable
from podcast.tts.synthesis import Speaker
from podcast.tts.verify import syllables

NAMES = ("full", "brief")
BRIEF_SECONDS = 180.0  # the brief edition stays below
# What the brief edition is cut to: an estimate may be 5 % off, and nobody minds ten seconds less.
_BRIEF_AIM_SECONDS = 168.0
_OFF = 0.10  # of the length asked for: more is told
_SENTENCE_CHARACTERS = 90  # as kokoro is given them


@dataclass(frozen=True, slots=True)
class Written:
    """A script in written form, and what of the digest it says."""

    script: Script
    said: Digest
    notes: tuple[str, ...]  # what is left out, and whether the length can be met
    left_out: tuple[str, ...]  # what of the digest is not said, a line each
    seconds: float  # about how long it takes; 0 where no length was asked for
    pace: float  # times the estimated length of speech, that this was cut by


def editions(names: Sequence[str], minutes: float, own: Edition | None = None) -> tuple[Edition, ...]:
    """The editions of these names; of the full one `minutes`, if any, is the length.

    `own`: the show's own, which has no name in ids and titles (without it: the first).  Raises ConfigError.
    """
    found: list[Edition] = []
    for name in dict.fromkeys(names):
        if name not in NAMES:
            raise ConfigError(f"there is no edition {name!r}", hint=f"One of: {', '.join(NAMES)}.")
        if name == "brief":
            found.append(Edition("brief", BRIEF_SECONDS))
        elif minutes:
            found.append(Edition(f"{minutes:g}min", minutes * 60))
        else:
            found.append(Edition())
    if minutes and "full" not in names:
        raise ConfigError("the brief edition has its own length", hint="Ask for minutes of the full one.")
    first = own or found[0]
    return tuple(replace(each, own=each.name == first.name) for each in found)


def label(edition: Edition) -> str:
    """What listeners read after the title of one that stands beside the show's own."""
    if edition.own:
        return ""
    if edition.seconds is None:
        return "（完整版）"
    return "（简报）" if edition.name == "brief" else f"（{edition.seconds / 60:g} 分钟版）"


def write_edition(
    digest: Digest,
    edition: Edition,
    *,
    show_title: str,
    disclosure: str,
    hosts: str,
    templates: Path | None,
    lexicon: Lexicon,
    music: Music,
    speaker: Speaker,
    pace: float = 1.0,
) -> Written:
    """Write the narration of an edition; `music`, `speaker` and `pace` say how long it will be."""

    def write(cut: Digest) -> Script:
        return write_script(
            cut,
            show_title=show_title,
            disclosure=disclosure,
            edition=edition.name,
            hosts=hosts,
            templates=templates,
        )

    paces = {role: pace * seconds_per_syllable(speaker.engine.name, voice) for role, voice in speaker.voices.items()}

    @cache
    def spoken(text: str) -> tuple[float, int]:
        """Syllables and sentences."""
        sentences = [normalize(piece, lexicon) for piece in pieces(text, lexicon, _SENTENCE_CHARACTERS)]
        return sum(map(syllables, sentences)), len(sentences)

    def measure(cut: Digest) -> float:
        script = write(cut)
        seconds = music_seconds(music, stings=1 + bool(cut.commentary))
        for utterance in script.utterances:
            count, sentences = spoken(utterance.text)
            between = (sentences - 1) * SENTENCE_PAUSE_SECONDS
            seconds += count * paces[utterance.speaker] + between + utterance.pause_after_seconds
        return seconds

    cutting = cut_digest(digest, _aim(edition), sentences_of, measure)
    script = write(cutting.digest)
    script = replace(script, title=f"{script.title}{label(edition)}")
    return Written(script, cutting.digest, _notes(edition, cutting), cutting.left_out, cutting.seconds, pace)


def heard_pace(
    edition: Edition, draft: Written | None, script: Script, clips: Sequence[Clip], speaker: Speaker
) -> float | None:
    """How the speech compares with its estimate, where that makes the edition miss its length; else None.

    `script` is the draft as it was spoken, in `clips`.
    """
    if edition.seconds is None or draft is None:
        return None
    estimated = estimated_seconds(script.utterances, speaker.engine.name, speaker.voices)
    heard = measured_seconds(clips)
    low, high = _bounds(edition)
    lasts = draft.seconds + heard - estimated
    all_is_said = not draft.left_out
    if not estimated or (lasts <= high and (lasts >= low or all_is_said)):
        return None
    return round(heard / estimated, 3)


def off_length(edition: Edition, draft: Written | None, seconds: float) -> tuple[str, ...]:
    """A word where an episode of a length that seemed right came out at another."""
    if edition.seconds is None or draft is None or _length_note(edition, draft.seconds):
        return ()
    low, high = _bounds(edition)
    if low <= seconds <= high:
        return ()
    lasts = f"lasts {seconds / 60:.1f} minutes, expected were {draft.seconds / 60:.1f}: the voice has another pace"
    return (f"{edition.name} edition, {lasts}",)


def sentences_of(paragraph: str) -> Sequence[str]:
    from podcast.text.split import split_sentences

    return split_sentences(paragraph, len(paragraph) + 1)


def _aim(edition: Edition) -> Edition:
    return replace(edition, seconds=_BRIEF_AIM_SECONDS) if edition.name == "brief" else edition


def _bounds(edition: Edition) -> tuple[float, float]:
    """The lengths in seconds that nobody need be told of."""
    wanted = edition.seconds or 0.0
    return (0.0, wanted) if edition.name == "brief" else (wanted * (1 - _OFF), wanted * (1 + _OFF))


def _length_note(edition: Edition, seconds: float) -> str:
    """Why an edition of this estimated length is not as long as was asked for; empty where it is."""
    low, high = _bounds(edition)
    about = f"about {seconds / 60:.1f} minutes"
    if edition.seconds is None or low <= seconds <= high:
        return ""
    if seconds < low:
        return f"{edition.name} edition, shorter than asked: the whole digest takes {about}"
    least = "a headline for each item takes" if edition.name == "brief" else "the shortest there is takes"
    return f"{edition.name} edition, longer than asked: {least} {about}"


def _notes(edition: Edition, cutting: Cutting) -> tuple[str, ...]:
    told = f"{edition.name} edition, {'; '.join(cutting.left_out)}" if cutting.left_out else ""
    return tuple(filter(None, (told, _length_note(edition, cutting.seconds))))
