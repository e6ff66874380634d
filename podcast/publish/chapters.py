"""Chapters -> chapters.json, as the Podcasting 2.0 namespace wants it (JSON Chapters 1.2.0)."""

from __future__ import annotations

import json
from typing import Any

from podcast.models import Chapter, Episode, Show
from podcast.publish.files import web_address


def chapters_json(episode: Episode, show: Show) -> bytes:
    """The chapters file.  Times are in whole milliseconds, as the CHAP frames of the MP3 have them."""
    values = {
        "version": "1.2.0",
        "title": episode.title,
        "author": show.author,
        "podcastName": show.title,
        "fileName": episode.enclosure.url.rpartition("/")[2],
        "chapters": [_entry(chapter) for chapter in episode.chapters],
    }
    return (json.dumps(values, ensure_ascii=False, indent=1) + "\n").encode()


def _entry(chapter: Chapter) -> dict[str, Any]:
    entry: dict[str, Any] = {
        "startTime": round(chapter.start_seconds, 3),
        "endTime": round(chapter.end_seconds, 3),
        "title": chapter.title,
    }
    if url := web_address(chapter.url):
        entry["url"] = url
    if image := web_address(chapter.image):
        entry["img"] = image
    return entry


def clock(seconds: float) -> str:
    """A chapter's time as apps read it in show notes: 05:07, or 1:05:07 from an hour on."""
    minutes, second = divmod(int(seconds), 60)
    hours, minute = divmod(minutes, 60)
    return f"{hours}:{minute:02}:{second:02}" if hours else f"{minute:02}:{second:02}"
