"""What can go wrong, as a tree.

    PodcastError            every error a person can do something about
    ├── InputError          2  what was given is wrong
    │   ├── DigestError        the file is no digest
    │   ├── ScriptError        a script document that cannot be spoken as it stands
    │   ├── ConfigError        podcast.toml or the environment
    │   ├── LexiconError       a reading in the lexicon
    │   └── SetupError         something this machine lacks: ffmpeg, an extra, a writable folder
    ├── SpeechError         3  no engine could speak
    │   ├── EngineUnavailable  the service does not answer, or the engine is not installed
    │   └── SpeechRefused      the engine answered, and will not say this (unknown voice, text refused)
    └── QualityError        4  the episode failed its own checks and was not published

The number is the exit status of the command line.  Each error says what is wrong, where, and what to do about it.
"""

from __future__ import annotations

from typing import ClassVar


class PodcastError(Exception):
    """What is wrong, where, and what to do: ``str(error)`` is one or two lines for a person."""

    exit_status: ClassVar[int] = 1

    def __init__(self, what: str, *, where: str | None = None, hint: str | None = None) -> None:
        super().__init__(what)
        self.what = what
        self.where = where  # file and line, or address
        self.hint = hint  # an imperative sentence

    def __str__(self) -> str:
        line = f"{self.where}: {self.what}" if self.where else self.what
        return f"{line}\n  {self.hint}" if self.hint else line


class InputError(PodcastError):
    exit_status = 2


class DigestError(InputError):
    pass


class ScriptError(InputError):
    pass


class ConfigError(InputError):
    pass


class LexiconError(InputError):
    pass


class SetupError(InputError):
    pass


class SpeechError(PodcastError):
    exit_status = 3


class EngineUnavailable(SpeechError):
    pass


class SpeechRefused(SpeechError):
    pass


class QualityError(PodcastError):
    exit_status = 4
