"""Who speaks: the engines in order of preference, and which of them can."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from podcast.errors import EngineUnavailable
from podcast.tts.synthesis import Speaker

Failover = Literal["never", "episode", "utterance"]


class Roster:
    """Speakers in order of preference.  Whether an engine can speak is asked once and remembered."""

    def __init__(self, speakers: Sequence[Speaker], *, failover: Failover = "episode") -> None:
        self.speakers = tuple(speakers)
        self.failover = failover
        self._absent: dict[str, EngineUnavailable | None] = {}

    async def available(self) -> tuple[Speaker, ...]:
        """The speakers that can speak now.  Raises EngineUnavailable, with every reason, where none can."""
        for speaker in self.speakers:
            if speaker.engine.name not in self._absent:
                try:
                    await speaker.engine.check()
                    self._absent[speaker.engine.name] = None
                except EngineUnavailable as error:
                    self._absent[speaker.engine.name] = error
        able = tuple(speaker for speaker in self.speakers if self._absent[speaker.engine.name] is None)
        if not able:
            reasons = [f"{name}: {error.what}" for name, error in self._absent.items() if error]
            hints = [error.hint for error in self._absent.values() if error and error.hint]
            raise EngineUnavailable(f"no engine can speak ({'; '.join(reasons)})", hint=" ".join(dict.fromkeys(hints)))
        return able if self.failover != "never" else able[:1]

    def reasons(self) -> tuple[str, ...]:
        """Why an engine was passed over, a line each."""
        return tuple(f"{name} cannot speak now: {error.what}" for name, error in self._absent.items() if error)

    def gave_up(self, speaker: Speaker, error: EngineUnavailable) -> None:
        """Remember that an engine failed midway, so that the next episode does not wait for it again."""
        self._absent[speaker.engine.name] = error
