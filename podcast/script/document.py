"""The script as a document: Markdown for people (script.md beside every episode), JSON for programs."""

from __future__ import annotations

import json
import re

from podcast.models import Script

_SPEAKERS = {"anchor": "主播", "commentator": "评论"}


def script_markdown(script: Script) -> str:
    """Front matter, a heading for each segment, a paragraph for each utterance, who speaks where that changes."""
    title = json.dumps(script.title, ensure_ascii=False)  # a JSON string is a YAML string
    lines = ["---", f"title: {title}", f"date: {script.published.isoformat()}", "---", ""]
    for segment in script.segments:
        number = f"{segment.item}. " if segment.item else ""
        lines += [f"## {number}{_escaped(segment.title)}", ""]
        if segment.url:
            lines += [f"<{segment.url}>", ""]
        speaker = ""
        for utterance in segment.utterances:
            if utterance.speaker != speaker:
                speaker = utterance.speaker
                lines += [f"**{_SPEAKERS.get(speaker, speaker)}：**", ""]
            lines += [_escaped(utterance.text), ""]
    return "\n".join(lines)


def script_json(script: Script) -> dict[str, object]:
    """What `podcast script --format json` prints."""
    return {
        "title": script.title,
        "published": script.published.isoformat(),
        "segments": [
            {
                "kind": segment.kind,
                "title": segment.title,
                "item": segment.item,
                "utterances": [
                    {"id": part.id, "speaker": part.speaker, "text": part.text, "spoken": part.spoken}
                    for part in segment.utterances
                ],
            }
            for segment in script.segments
        ],
    }


def _escaped(text: str) -> str:
    """Words that a Markdown reader shows as they are."""
    return re.sub(r"([\\`*_<\[])", r"\\\1", text)
