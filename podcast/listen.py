"""Read-back: an episode is heard by a speech recogniser and compared with what it should say, sentence by sentence.

Compared are toneless syllables, so that the recogniser's choice among characters of one sound does not matter.  The
sentence as it is said now (by the lexicon of today, not of the day it was made) and the recogniser's text go through
the same reading: what it writes as "80亿" is eight syllables of "八十亿".  Only Han characters count; Latin words are
left out on both sides.  Hence a name that the recogniser writes in characters counts as wrong, one that is misread does
not, and a sentence without any Han is not compared.  A recogniser errs too: what it reports is worth a listen, no more.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import soundfile
import soxr

from podcast.errors import InputError, QualityError, SetupError
from podcast.models import Cue, Episode
from podcast.text.g2p import Readings, pinyin
from podcast.text.lexicon import Lexicon
from podcast.text.normalize import normalize

RATE_HZ = 16_000  # what whisper takes
MARGIN_SECONDS = 0.2  # around a sentence: a recogniser loses a syllable that begins at its first sample
# Whisper writes traditional characters and no punctuation unless the text before does otherwise.
_PROMPT = "以下是普通话的句子。"
_MODEL_FILES = ("model.bin", "config.json", "tokenizer.json")  # without the last faster-whisper would download one

Samples = npt.NDArray[np.float32]


class Recogniser(Protocol):
    def transcribe(self, samples: Samples) -> str:
        """What is said in the samples: shape (n,), mono, 16 kHz, -1 to 1."""
        ...


class WhisperRecogniser:
    """A whisper model in CTranslate2 form, on the processor, from a folder of this machine; nothing is downloaded.

    Raises InputError for a folder that holds no such model, SetupError where faster-whisper is not installed.
    """

    def __init__(self, folder: Path) -> None:
        hint = "Name the folder of a whisper model in CTranslate2 form."
        if not folder.is_dir():
            raise InputError("there is no such folder", where=str(folder), hint=hint)
        if missing := [name for name in _MODEL_FILES if not (folder / name).is_file()]:
            raise InputError(f"the model has no {', no '.join(missing)}", where=str(folder), hint=hint)
        try:
            from faster_whisper import WhisperModel
        except ImportError as error:
            hint = "Install it: pip install 'digestcast[listen]'"
            raise SetupError(f"faster-whisper is not installed ({error})", hint=hint) from error
        try:
            self._model: Any = WhisperModel(str(folder), device="cpu", compute_type="int8", local_files_only=True)
        except (RuntimeError, ValueError, OSError) as error:  # what CTranslate2 raises
            raise InputError(f"the model cannot be loaded: {error}", where=str(folder), hint=hint) from error

    def transcribe(self, samples: Samples) -> str:
        segments, _ = self._model.transcribe(
            samples, language="zh", initial_prompt=_PROMPT, condition_on_previous_text=False
        )
        return "".join(segment.text for segment in segments).strip()


@dataclass(frozen=True, slots=True)
class Heard:
    """A sentence of an episode, as it should sound and as it was heard."""

    episode: str  # id
    cue: Cue
    spoken: str
    heard: str
    error: float | None  # edits of syllables over syllables expected, may exceed 1; None = no Han to compare


def read_back(episode: Episode, audio: Path, recogniser: Recogniser, lexicon: Lexicon) -> Iterator[Heard]:
    """Every sentence of the episode in order of time, each as soon as it is heard.

    Raises QualityError where the audio cannot be read or ends before its sentences.
    """
    for cue, samples in zip(episode.cues, _cuts(episode.cues, audio), strict=True):
        spoken = normalize(cue.text, lexicon)
        expected = _syllables(spoken, lexicon.readings)
        text = recogniser.transcribe(samples)
        heard = _syllables(normalize(text, lexicon), lexicon.readings)
        error = edits(expected, heard) / len(expected) if expected else None
        yield Heard(episode.id, cue, spoken, text, error)


def worst_first(heard: Iterable[Heard], threshold: float) -> list[Heard]:
    """The sentences whose error is above the threshold; equal ones in the order they came."""
    wrong = [(sentence.error, sentence) for sentence in heard if sentence.error is not None]
    return [sentence for error, sentence in sorted(wrong, key=lambda pair: -pair[0]) if error > threshold]


def edits(expected: Sequence[str], heard: Sequence[str]) -> int:
    """Levenshtein distance: how many insertions, deletions and substitutions part the two."""
    row = list(range(len(heard) + 1))
    for place, wanted in enumerate(expected, start=1):
        before, row = row, [place]
        for column, got in enumerate(heard):
            row.append(min(before[column] + (wanted != got), before[column + 1] + 1, row[column] + 1))
    return row[-1]


def _syllables(spoken: str, readings: Readings) -> list[str]:
    return [said.rstrip("12345") for said in pinyin(spoken, readings) if said[-1].isdigit()]


def _cuts(cues: Sequence[Cue], audio: Path) -> Iterator[Samples]:
    """The audio of each cue, mono at 16 kHz, with a margin that does not reach into its neighbours."""
    try:
        with soundfile.SoundFile(audio) as file:
            for place, cue in enumerate(cues):
                floor = cues[place - 1].end_seconds if place else 0.0
                ceiling = cues[place + 1].start_seconds if place + 1 < len(cues) else file.frames / file.samplerate
                start = max(floor, cue.start_seconds - MARGIN_SECONDS)
                end = max(cue.end_seconds, min(ceiling, cue.end_seconds + MARGIN_SECONDS))
                file.seek(round(start * file.samplerate))
                frames = round((end - start) * file.samplerate)
                table = file.read(frames, dtype="float32", always_2d=True)
                if len(table) < frames - 1:  # the two roundings
                    raise QualityError(f"the audio ends inside “{cue.text}”", where=str(audio))
                mono = table.mean(axis=1)
                samples: Samples = soxr.resample(mono, file.samplerate, RATE_HZ, "HQ")
                yield samples
    except (soundfile.LibsndfileError, OSError) as error:
        raise QualityError(f"the audio cannot be read: {error}", where=str(audio)) from error
