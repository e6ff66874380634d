"""Imported once in the process that workers are forked from: what they would all load, before they are asked.

A digest is read and narrated, so that tables, dictionaries and templates are in memory: together they take a second.
"""

from pathlib import Path

from podcast.digest import read_digest_text
from podcast.script import write_script
from podcast.serve import studio
from podcast.text import narrate
from podcast.text.lexicon import BUILTIN
from podcast.tts import edge

__all__ = ["edge", "studio"]

_DIGEST = """---
title: 2026-03-02
date: 2026-03-02
---

今天有1条新闻。

1.  [银行行长重新发布OpenAI的消息](https://example.org/)

    长江上的GPT-5还在增长，价格为3.5元。

## 点评

都还行。
"""

narrate(
    write_script(read_digest_text(_DIGEST, Path("2026-03-02.md")), show_title="新闻", disclosure=""),
    BUILTIN,
    unit="sentence",
    max_characters=90,
)
