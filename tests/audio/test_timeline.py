"""When everything is heard, told from sample counts alone: no audio is made here."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from podcast.audio.mix import Heard
from podcast.audio.mp3 import RATE_HZ
from podcast.audio.parts import Part
from podcast.audio.render import Rendered
from podcast.audio.timeline import build_timeline
from podcast.models import Chapter, Clip, Cue, Script, Segment, Sentence, Utterance
from tests.builders import PUBLISHED


def say(name: str, *texts: str, speaker: str = "anchor") -> Utterance:
    return Utterance(name, speaker, tuple(Sentence(text, text) for text in texts), 0.3)


OPENING = say("s00-u01", "早上好。")
FIRST = say("s02-u01", "第一句。 ", "第二句。\n")
SECOND = say("s02-u02", "第三句。", speaker="commentator")
SCRIPT = Script(
    "样例",
    PUBLISHED,
    (
        Segment("opening", "开场", None, (OPENING,)),
        Segment("overview", "概览", None, ()),  # nothing to say
        Segment("item", "第一条", 1, (FIRST, SECOND), "https://example.com/1", "https://example.com/1.jpg"),
    ),
)
CLIPS = tuple(Clip(each.id, Path(f"{each.id}.flac"), 2.0, ()) for each in SCRIPT.utterances)


def part(segment: int, utterance: Utterance) -> Part:
    return Part(segment, ((utterance, next(clip for clip in CLIPS if clip.utterance_id == utterance.id)),))


def rendered(length: int, *sentences: tuple[int, int]) -> Rendered:
    nothing = np.zeros(0, np.float32)
    heard = tuple(Heard(start, end) for start, end in sentences)
    return Rendered(b"", length, (heard,), (), 0.5, nothing)


PARTS = (part(0, OPENING), part(2, FIRST), part(2, SECOND))
RENDERED = (
    rendered(5 * RATE_HZ // 2, (RATE_HZ // 2, 2 * RATE_HZ)),
    rendered(4 * RATE_HZ, (0, RATE_HZ), (RATE_HZ, 2 * RATE_HZ)),
    rendered(3 * RATE_HZ // 4, (RATE_HZ // 4, RATE_HZ // 2)),
)


def test_chapters_follow_one_another_without_gaps_up_to_the_end() -> None:
    """One for each segment that says something, however many parts it has, with the item's source and picture."""
    timeline = build_timeline(SCRIPT, CLIPS, PARTS, RENDERED)
    assert timeline.chapters == (
        Chapter(0.0, 2.5, "开场"),
        Chapter(2.5, 7.25, "第一条", "https://example.com/1", "https://example.com/1.jpg"),
    )
    assert timeline.duration_seconds == 7.25
    assert timeline.clips == CLIPS


def test_each_sentence_has_a_cue_where_it_is_heard_in_the_whole() -> None:
    """In its written form, without the white space that parts it from the next."""
    assert build_timeline(SCRIPT, CLIPS, PARTS, RENDERED).cues == (
        Cue(0.5, 2.0, "anchor", "早上好。"),
        Cue(2.5, 3.5, "anchor", "第一句。"),
        Cue(3.5, 4.5, "anchor", "第二句。"),
        Cue(6.75, 7.0, "commentator", "第三句。"),
    )


@pytest.mark.parametrize(
    ("parts", "results"),
    [
        pytest.param(PARTS, RENDERED[:2], id="a part that was not rendered"),
        pytest.param(PARTS[:1], (Rendered(b"", 9, (), (), 0.5, np.zeros(0, np.float32)),), id="an utterance unheard"),
        pytest.param(PARTS[:1], (rendered(9),), id="a sentence unheard"),
    ],
)
def test_what_was_not_rendered_is_no_silent_loss(parts: tuple[Part, ...], results: tuple[Rendered, ...]) -> None:
    with pytest.raises(ValueError, match="shorter"):
        build_timeline(SCRIPT, CLIPS, parts, results)
