"""Small whole objects for tests."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from podcast.models import Digest, Item, Script, Segment, Sentence, Utterance

PUBLISHED = datetime(2026, 3, 2, 8, 0, tzinfo=ZoneInfo("Asia/Shanghai"))  # a Monday


def item(number: int = 1, title: str = "青禾电池完成新一轮融资", **fields: object) -> Item:
    values: dict[str, object] = {
        "url": f"https://example.com/{number}",
        "summary": (f"这是第{number}条新闻的摘要。",),
    } | fields
    return Item(number=number, title=title, **values)  # type: ignore[arg-type]  # whatever a test wants


def digest(**fields: object) -> Digest:
    values: dict[str, object] = {
        "source": Path("2026-03-02.md"),
        "title": "2026.03.02 科技早报",
        "published": PUBLISHED,
        "overview": ("今天有三条新闻。",),
        "items": tuple(item(number) for number in (1, 2, 3)),
        "commentary": ("这几条新闻很有意思。",),
    } | fields
    return Digest(**values)  # type: ignore[arg-type]  # whatever a test wants


def utterance(text: str, name: str = "s00-u01", speaker: str = "anchor", pause_after_seconds: float = 0.3) -> Utterance:
    """An utterance of one sentence whose spoken text is what is written."""
    return Utterance(name, speaker, (Sentence(text, text, ("_",) * len(text)),), pause_after_seconds)


def script(texts: Sequence[str] = ("第一句话。", "第二句话。", "第三句话。")) -> Script:
    """A script of one segment, an utterance for each text."""
    utterances = tuple(utterance(text, f"s00-u{place:02}") for place, text in enumerate(texts, start=1))
    return Script("样例", PUBLISHED, (Segment("item", "样例", 1, utterances),))
