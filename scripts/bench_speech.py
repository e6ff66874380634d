#!/usr/bin/env python3
"""bench_speech.py [--requests 40] [--no-kokoro]: what everything around an engine costs, beside its floor.

tone, edge: each request takes half a second, eight at once; the floor is requests x 0.5 / 8.  edge is the real client
against a server on this machine that speaks its protocol.  kokoro: a few sentences; the floor is what the engine itself
took for them in the same run.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))  # the server is a part of the tests

from figures import Figure, add_option, markdown, save  # noqa: E402

from podcast.config import load_config  # noqa: E402 -- needs the path above
from podcast.models import Script, Segment, Sentence, Utterance  # noqa: E402
from podcast.production import engine, lexicon  # noqa: E402
from podcast.testing import ToneEngine, speak_in_tones  # noqa: E402
from podcast.text import narrate  # noqa: E402
from podcast.tts.base import Engine, Speech, Voice  # noqa: E402
from podcast.tts.cache import ClipCache  # noqa: E402
from podcast.tts.edge import EdgeEngine  # noqa: E402
from podcast.tts.synthesis import Speaker, synthesize  # noqa: E402
from tests.fake_edge import FakeEdge  # noqa: E402

DELAY_SECONDS = 0.5
CONCURRENCY = 8
NEWS = "青禾电池今天宣布完成新一轮融资，资金将用于第{}座固态电池工厂的建设，公司没有透露这一轮的估值。"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--requests", type=int, default=40)
    parser.add_argument("--no-kokoro", action="store_true")
    add_option(parser)
    options = parser.parse_args()
    os.environ["NO_PROXY"] = "127.0.0.1"  # the client lets the environment's proxies capture loopback addresses
    script = paragraphs(options.requests)
    floor = options.requests * DELAY_SECONDS / CONCURRENCY
    rows = [("tone", wall_seconds(script, tone(), "low"), floor, 1.3), ("edge", edge_seconds(script), floor, 1.3)]
    if not options.no_kokoro:
        rows.append(("kokoro", *kokoro_seconds(), 1.1))
    head = ("engine", "wall s", "floor s", "x floor", "at most")
    print(markdown([head, *((n, f"{s:.2f}", f"{f:.2f}", f"{s / f:.2f}", most) for n, s, f, most in rows)]))
    save(
        (Figure("speech", f"from an empty cache, {n}", s, f, "s", f"<= {most}") for n, s, f, most in rows),
        options.figures,
    )


def paragraphs(count: int, sentences: int = 2) -> Script:
    """News of about twenty seconds a paragraph."""
    number = "一二三四五六七八九十"
    texts = [NEWS.format(number[place // 10 % 10] + number[place % 10]) for place in range(count)]
    parts = tuple(
        Utterance(f"s00-u{place:02}", "anchor", (Sentence(text, text),) * sentences, 0.3)
        for place, text in enumerate(texts)
    )
    return Script("bench", datetime(2025, 11, 4, tzinfo=UTC), (Segment("item", "bench", 1, parts),))


def tone() -> ToneEngine:
    for utterance in paragraphs(10).utterances:  # the tones of each character are made once, and not counted
        speak_in_tones([sentence.spoken for sentence in utterance.sentences], Voice("low"))
    return ToneEngine(unit="paragraph", delay_seconds=DELAY_SECONDS, concurrency=CONCURRENCY)


def edge_seconds(script: Script) -> float:
    """A first run without delay lets the server make its MP3 files, which are not the client's cost."""
    with FakeEdge() as fake:
        wall_seconds(script, EdgeEngine(endpoint=fake.endpoint, concurrency=CONCURRENCY), "zh-CN-YunyangNeural")
    with FakeEdge(faults=[f"delay:{DELAY_SECONDS}"] * len(script.utterances)) as fake:
        return wall_seconds(script, EdgeEngine(endpoint=fake.endpoint, concurrency=CONCURRENCY), "zh-CN-YunyangNeural")


def kokoro_seconds() -> tuple[float, float]:
    """Wall time of `synthesize`, and the engine's own for the same utterances in the same run."""
    config = load_config(None, os.environ)
    timed = Timed(engine(config, "kokoro"))
    sentences = ["今天有三条新闻。", "青禾电池完成新一轮融资。", "海上风场已经全部并网。", "新模型可以在手机上运行。"]
    parts = tuple(
        Utterance(f"s00-u{place:02}", "anchor", (Sentence(text, text),), 0.3)
        for place, text in enumerate(["先说一句。", *sentences])
    )
    draft = Script("bench", datetime(2025, 11, 4, tzinfo=UTC), (Segment("item", "bench", 1, parts),))
    script = narrate(draft, lexicon(config), unit="sentence", max_characters=timed.max_characters)
    voice = config.voices.anchor.kokoro
    asyncio.run(timed.synthesize(script.utterances[0], Voice(voice)))  # loads the model
    timed.seconds = 0.0
    return wall_seconds(script, timed, voice), timed.seconds


class Timed:
    """An engine that adds up how long it takes."""

    def __init__(self, inner: Engine) -> None:
        self._inner = inner
        self.seconds = 0.0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    async def synthesize(self, utterance: Utterance, voice: Voice) -> Speech:
        start = time.perf_counter()
        try:
            return await self._inner.synthesize(utterance, voice)
        finally:
            self.seconds += time.perf_counter() - start


def wall_seconds(script: Script, one: Any, voice: str) -> float:
    """From an empty cache to the last clip in it."""
    with tempfile.TemporaryDirectory() as folder:
        start = time.perf_counter()
        asyncio.run(synthesize(script, [Speaker(one, {"anchor": Voice(voice)})], ClipCache(Path(folder))))
        return time.perf_counter() - start


if __name__ == "__main__":
    main()
