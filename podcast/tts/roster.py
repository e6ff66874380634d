"""Who speaks: the engines in order of preference, and which of them can."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from podcast.errors import EngineUnavailable, PodcastError, SetupError
from podcast.tts.synthesis import Speaker

Failover = Literal["never", "episode", "utterance"]


class Roster:
    """Speakers in order of preference.  Whether an engine can speak is asked when it is its turn, and remembered.

    `any_will_do`: an episode that any of them has spoken is as good as one by the first.
    """

    def __init__(
        self, speakers: Sequence[Speaker], *, failover: Failover = "episode", any_will_do: bool = False
    ) -> None:
        self.speakers = tuple(speakers)
        self.failover = failover
        self.any_will_do = any_will_do
        self._absent: dict[str, PodcastError | None] = {}

    def afresh(self) -> Roster:
        """The same speakers, to be asked again whether they can speak."""
        return Roster(self.speakers, failover=self.failover, any_will_do=self.any_will_do)

    async def available(self) -> tuple[Speaker, ...]:
        """The first speaker that can speak now, and with it those that step in for an utterance.

        Raises EngineUnavailable, with every reason, where none can.
        """
        able: list[Speaker] = []
        for speaker in self.speakers:
            if await self._can(speaker):
                able.append(speaker)
                if self.failover != "utterance":
                    break
        if not able:
            reasons = [f"{name}: {error.what}" for name, error in self._absent.items() if error]
            hints = [error.hint for error in self._absent.values() if error and error.hint]
            raise EngineUnavailable(f"no engine can speak ({'; '.join(reasons)})", hint=" ".join(dict.fromkeys(hints)))
        return tuple(able)

    async def _can(self, speaker: Speaker) -> bool:
        name = speaker.engine.name
        if name not in self._absent:
            try:
                await speaker.engine.check()
                self._absent[name] = None
            except (EngineUnavailable, SetupError) as error:
                self._absent[name] = error
        return self._absent[name] is None

    def reasons(self) -> tuple[str, ...]:
        """Why an engine was passed over, a line each."""
        return tuple(f"{name} cannot speak now: {error.what}" for name, error in self._absent.items() if error)

    def gave_up(self, speaker: Speaker, error: EngineUnavailable) -> None:
        """Remember that an engine failed midway, so that the next episode does not wait for it again."""
        self._absent[speaker.engine.name] = error
