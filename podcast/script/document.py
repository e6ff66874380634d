"""The script as a Markdown document a person can read: script.md beside every episode."""

from __future__ import annotations

from podcast.models import Script

_SPEAKERS = {"anchor": "主播", "commentator": "评论"}


def script_markdown(script: Script) -> str:
    """Front matter, a heading for each segment, a paragraph for each utterance, who speaks where that changes."""
    lines = ["---", f'title: "{_escaped(script.title)}"', f"date: {script.published.isoformat()}", "---", ""]
    for segment in script.segments:
        number = f"{segment.item}. " if segment.item else ""
        lines += [f"## {number}{segment.title}", ""]
        speaker = ""
        for utterance in segment.utterances:
            if utterance.speaker != speaker:
                speaker = utterance.speaker
                lines += [f"**{_SPEAKERS.get(speaker, speaker)}：**", ""]
            lines += [utterance.text, ""]
    return "\n".join(lines)


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')
