"""How a script is divided into what is mixed and encoded together."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from podcast.audio.parts import LONGEST_SECONDS, plan
from podcast.models import Clip, Mark, Script, Segment, Sentence, Utterance

KINDS = ["opening", "overview", "interlude", "item", "commentary", "closing"]


def script_of(segments) -> tuple[Script, list[Clip]]:
    """Of (kind, seconds of each clip); nothing is read."""
    made, clips = [], []
    for index, (kind, lengths) in enumerate(segments):
        names = [f"s{index}-u{number}" for number in range(len(lengths))]
        utterances = tuple(Utterance(name, "anchor", (Sentence(name, name),), 0.3) for name in names)
        clips += [Clip(name, Path(name), s, (Mark(0, s, name),)) for name, s in zip(names, lengths, strict=True)]
        made.append(Segment(kind, kind, None, utterances))
    return Script("", datetime(2025, 11, 4, tzinfo=UTC), tuple(made)), clips


@given(
    st.lists(
        st.tuples(st.sampled_from(KINDS), st.lists(st.floats(0.2, 70), max_size=9)), min_size=1, max_size=6
    ).filter(lambda segments: any(lengths for _, lengths in segments))
)
def test_every_clip_is_in_one_part_in_order(segments):
    """No part mixes segments or, unless one clip alone is longer, passes the limit; one leads in, one leads out."""
    script, clips = script_of(segments)
    parts = plan(script, clips, bed=False)
    assert [clip for part in parts for _, clip in part.spoken] == clips
    for part in parts:
        names = {utterance.id for utterance in script.segments[part.segment].utterances}
        assert {utterance.id for utterance, _ in part.spoken} <= names
        assert len(part.spoken) == 1 or sum(clip.duration_seconds for _, clip in part.spoken) <= LONGEST_SECONDS
    assert [part.opening == "intro" for part in parts] == [True, *[False] * (len(parts) - 1)]
    assert [part.outro for part in parts] == [*[False] * (len(parts) - 1), True]


def test_a_sting_stands_before_the_news_and_before_the_commentary():
    kinds = ["opening", "overview", "interlude", "item", "item", "interlude", "item", "commentary", "closing"]
    script, clips = script_of([(kind, [1.0]) for kind in kinds])
    parts = plan(script, clips, bed=False)
    assert [kinds[part.segment] for part in parts if part.opening == "sting"] == ["interlude", "commentary"]
    assert [part.before_sting for part in parts].index(True) == 1


def test_the_bed_is_under_the_overview_and_keeps_it_whole():
    script, clips = script_of([("opening", [1.0]), ("overview", [30.0, 30.0, 30.0]), ("item", [30.0, 30.0])])
    with_bed, without = plan(script, clips, bed=True), plan(script, clips, bed=False)
    assert [len(part.spoken) for part in with_bed if part.bed] == [3]
    assert [len(part.spoken) for part in without] == [1, 1, 1, 1, 1, 1]
