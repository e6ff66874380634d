"""The script for programs: what `podcast script --format json` prints."""

from __future__ import annotations

from podcast.models import Script


def script_json(script: Script) -> dict[str, object]:
    """Segments and utterances in order, as plain values."""
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
