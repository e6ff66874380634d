"""Words and links that try to break out of XML, HTML, WebVTT, SubRip or JSON."""

from __future__ import annotations

from podcast.models import Digest, Item, Link
from tests.publish.shows import make_digest

ATTACKS = {
    "script": "<script>alert(1)</script>",
    "handler": '"><img src=x onerror=alert(1)>',
    "end of CDATA": "]]><script>alert(1)</script><![CDATA[",
    "entity": "&lt;script&gt; &amp; &nbsp; &#60;b&#62;",
    "end of script": "</script><script>alert(1)</script>",
    "comment": "<!-- --><![if IE]>",
    "template": "{{ 7 * 7 }}{% raw %}",
    "cue": "00:00:01.000 --> 00:00:02.000 <v 假>",
    "quotes": """'"`\\""",
}
LINKS = (
    "javascript:alert(1)",
    "JaVaScRiPt:alert(1)",
    "data:text/html,<script>",
    " https://a.example/\"'><b>",
    "//x",
    "ftp://a",
)


def hostile(attack: str) -> Digest:
    items = tuple(
        Item(n, f"{attack} 第{n}条", url, (f"{attack} 摘要。",), (Link(f"{attack} 链接", url),))
        for n, url in enumerate(LINKS, start=1)
    )
    return make_digest(
        title=f"{attack} 标题", overview=(f"{attack} 概览。",), items=items, commentary=(f"{attack} 点评。",)
    )


def everything_hostile() -> Digest:
    """Every attack in one digest, with control characters, a right-to-left mark and a word of 400 letters."""
    attacks = [*ATTACKS.values(), "甲\x00\x07\x1b\u202e乙", "w" * 400]
    items = []
    for number, attack in enumerate(attacks, start=1):
        url = LINKS[number % len(LINKS)]
        items.append(Item(number, f"{attack} 第{number}条", url, (f"{attack} 摘要。",), (Link(attack, url),)))
    words = " ".join(attacks[:-1])
    return make_digest(title=words, overview=(f"{words} 概览。",), items=tuple(items), commentary=(f"{words} 点评。",))
