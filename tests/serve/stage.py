"""A studio of tones for servers under test, and digests to give it.

Workers import this module: it loads nothing that they do not need.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from podcast.audio import Music
from podcast.config import load_config
from podcast.models import Utterance
from podcast.production import production
from podcast.testing import Fault, ToneEngine
from podcast.tts.base import Voice
from podcast.tts.cache import ClipCache
from podcast.tts.roster import Roster
from podcast.tts.synthesis import Speaker
from podcast.work import Production

VOICES = {"anchor": Voice("low"), "commentator": Voice("high")}


@dataclass(frozen=True)
class ToneStudio:
    """Everything below `root`; `delay_seconds` before each answer of the engine, `fault` is what it always does."""

    root: Path
    delay_seconds: float = 0.0
    fault: Fault | None = None

    def __call__(self) -> Production:
        engine = ToneEngine(delay_seconds=self.delay_seconds, concurrency=2, faults=self._fault)
        return replace(
            production(load_config(None, {}), public=self.root / "public"),
            roster=Roster([Speaker(engine, VOICES)]),
            cache=ClipCache(self.root / "clips"),
            parts=self.root / "parts",
            music=Music(),
        )

    def _fault(self, _: Utterance, __: int) -> Fault | None:
        return self.fault


def digest_of(day: str = "2026-03-02", topic: str = "青禾电池", items: int = 2) -> str:
    """A short digest; another topic is another text."""
    news = "\n\n".join(
        f"{number}.  [{topic}第{number}号](https://example.com/{number})\n\n    {topic}今天有新的进展，编号{number}。"
        for number in range(1, items + 1)
    )
    return f"---\ntitle: {day} {topic}\ndate: {day}\n---\n\n今天的新闻关于{topic}。\n\n{news}\n"
