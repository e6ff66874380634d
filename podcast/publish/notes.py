"""Show notes: HTML built from escaped words alone, a plain-text twin, and the short form that fits every directory.

What works everywhere: paragraphs, lists, links, bold and line breaks (Apple shows no other tags), and one line for each
chapter that begins with its time, `00:00 title`, which 小宇宙, Spotify and Apple turn into chapters.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape

from podcast.models import Chapter, Digest, Episode, Figure, Link, Script, Show
from podcast.publish.chapters import clock
from podcast.publish.files import web_address

DESCRIPTION_BYTES = 4000  # Apple's and PSP-1's limit for a description
TITLE_BYTES = 255  # PSP-1's for a title
SUMMARY_BYTES = 1200  # of the short form's 4000, so that the list of chapters has room

_FIGURES = {"image": "图片", "table": "表格", "code": "代码"}
# What reviewers and tools look for as a word of its own; \b needs a space or a sign between it and Chinese.
_NAMES_AI = re.compile(r"\b(AI|TTS|text-to-speech|artificial intelligence)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the list of contents."""

    start_seconds: float | None  # None: not spoken in this edition
    title: str
    url: str | None


def disclosure(show: Show) -> str:
    """That the voice is synthetic, in the show's own words; with English after them where they do not say AI."""
    words = show.disclosure.strip()
    return words if _NAMES_AI.search(words) else f"{words} (AI-generated voice)".strip()


def channel_description(show: Show) -> str:
    """What the show is about and that its voice is synthetic, plain text."""
    words = disclosure(show)
    return show.description.strip() if words in show.description else f"{show.description.strip()}\n\n{words}"


def summary(digest: Digest) -> str:
    """One paragraph of plain text: the overview, or where there is none the first titles."""
    text = " ".join(digest.overview) or "；".join(item.title for item in digest.items[:5])
    return " ".join(text.split())


def contents(digest: Digest, script: Script, chapters: Sequence[Chapter]) -> list[Line]:
    """The chapters in order, then the items that no chapter speaks of."""
    spoken = {segment.item for segment in script.segments}
    lines = [Line(chapter.start_seconds, chapter.title, web_address(chapter.url)) for chapter in chapters]
    silent = (item for item in digest.items if item.number not in spoken)
    return lines + [Line(None, item.title, web_address(item.url)) for item in silent]


def show_notes(
    digest: Digest, lines: Sequence[Line], show: Show, *, engine: str, voices: Mapping[str, str]
) -> tuple[str, str]:
    """The full notes as HTML and as plain text: overview, contents, further links and figures, commentary, credits.

    In plain text an address stands on a line of its own, after its title.
    """
    html = [_paragraph(*digest.overview)] if digest.overview else []
    plain = ["\n".join(digest.overview)]
    html.append(_paragraph(*lines))
    plain.append("\n".join(_plain(line) for line in lines))
    if extras := _extras(digest):
        entries = "".join(f"<li>{'；'.join(_html(part) for part in parts)}</li>" for parts in extras)
        html.append(f"<p><strong>相关链接与图表</strong></p>\n<ul>{entries}</ul>")
        plain.append("相关链接与图表\n" + "\n".join("\n".join(_plain(part) for part in parts) for parts in extras))
    if digest.commentary:
        html.append("<p><strong>点评</strong></p>\n" + "\n".join(_paragraph(text) for text in digest.commentary))
        plain.append("\n".join(("点评", *digest.commentary)))
    spoken_by = "、".join(f"{show.speakers.get(speaker, speaker)} {voice}" for speaker, voice in sorted(voices.items()))
    made_by = (disclosure(show), f"语音引擎：{engine}" + (f"（{spoken_by}）" if spoken_by else ""))
    html.append(_paragraph(*made_by))
    plain.append("\n".join(made_by))
    return "\n".join(html), "\n\n".join(block for block in plain if block) + "\n"


def description(episode: Episode, show: Show, page_url: str) -> str:
    """The short form: summary, timed list, disclosure and the page's address, as HTML of at most 4000 bytes.

    What does not fit is left out by whole lines, and the last line says where all of it stands.
    """
    end = _paragraph(disclosure(show), Line(None, "完整文稿与链接", web_address(page_url)))
    start = f"<p>{escape(clip(episode.summary, SUMMARY_BYTES))}</p>"
    room = DESCRIPTION_BYTES - _size(start) - _size(end) - len("\n<p></p>\n")
    rows: list[str] = []
    for chapter in episode.chapters:
        row = escape(f"{clock(chapter.start_seconds)} {chapter.title}")
        room -= _size(row) + len("<br>")
        if room < 0:
            break
        rows.append(row)
    middle = f"<p>{'<br>'.join(rows)}</p>\n" if rows else ""
    return f"{start}\n{middle}{end}"


def clip(text: str, limit_bytes: int) -> str:
    """The text, or as much of it as `limit_bytes` of UTF-8 hold with an ellipsis."""
    if _size(text) <= limit_bytes:
        return text
    return text.encode()[: limit_bytes - _size("…")].decode(errors="ignore").rstrip() + "…"


def _extras(digest: Digest) -> list[list[Line]]:
    """Further links and figures, by item: a line that says whose they are, then each."""
    groups = [(item.title, item.links, item.figures) for item in digest.items]
    groups.append(("概览与点评", digest.links, digest.figures))
    return [
        [Line(None, title, None), *(_link(link) for link in links), *(_figure(figure) for figure in figures)]
        for title, links, figures in groups
        if links or figures
    ]


def _link(link: Link) -> Line:
    return Line(None, link.title or link.url, web_address(link.url))


def _figure(figure: Figure) -> Line:
    name = _FIGURES[figure.kind]
    return Line(None, f"{name}：{figure.title}" if figure.title else name, web_address(figure.url))


def _paragraph(*lines: Line | str) -> str:
    return f"<p>{'<br>'.join(escape(line) if isinstance(line, str) else _html(line) for line in lines)}</p>"


def _html(line: Line) -> str:
    title = escape(line.title)
    if line.url:
        title = f'<a href="{escape(line.url)}">{title}</a>'
    return title if line.start_seconds is None else f"{clock(line.start_seconds)} {title}"


def _plain(line: Line) -> str:
    title = f"· {line.title}" if line.start_seconds is None else f"{clock(line.start_seconds)} {line.title}"
    return f"{title}\n{line.url}" if line.url else title


def _size(text: str) -> int:
    return len(text.encode())
