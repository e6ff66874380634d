"""Nothing is lost: whatever the service does, an episode is either whole or refused with the reason.

The real client talks to a server that fails at the first, a middle or the last utterance, once or for good.  Whole
means the same clips, and the same bytes in the public folder, as without the fault; refused means that not a byte of
the public folder has changed.  `pytest -s` prints the matrix.
"""

from __future__ import annotations

import asyncio
import re
import shutil
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import numpy as np
import pytest
import soundfile

from podcast.audio import Music
from podcast.config import load_config
from podcast.digest import read_digest
from podcast.errors import EngineUnavailable, PodcastError, QualityError, SpeechRefused
from podcast.models import Clip, Script, Utterance
from podcast.pipeline import Made, make_episode
from podcast.production import production
from podcast.publish import publish_show
from podcast.publish.fingerprints import FINGERPRINTS
from podcast.script import write_script
from podcast.testing import FakeClock, Fault, ToneEngine
from podcast.text import narrate
from podcast.tts.base import Engine, Samples, Voice
from podcast.tts.cache import ClipCache
from podcast.tts.edge import EdgeEngine
from podcast.tts.roster import Failover, Roster
from podcast.tts.synthesis import Speaker, Synthesis, synthesize
from podcast.work import Production
from tests.fake_edge import FakeEdge

pytestmark = pytest.mark.usefixtures("no_proxy")

SENTENCES = (
    "青禾电池今天宣布完成了新一轮的融资。",
    "公司表示这笔资金将会用于固态电池的量产。",
    "从今天的几条新闻来看成本正在成为主线。",
    "到了明年的这个时候应该会有更多的消息。",
)
DIGEST = f"""---
title: "2026.03.02 科技早报"
date: 2026-03-02T08:00:00+08:00
---

1.  [青禾电池融资](https://example.com/1)

    {SENTENCES[0]}{SENTENCES[1]}

### 点评

{SENTENCES[2]}{SENTENCES[3]}
"""
EDGE_VOICES = {"anchor": Voice("zh-CN-YunyangNeural"), "commentator": Voice("zh-CN-XiaoxiaoNeural")}
TONE_VOICES = {"anchor": Voice("low"), "commentator": Voice("high")}
PLACES = {"first": 0, "middle": 2, "last": -1}

# What the service does, and what is said about it if it does so at every try.
FAULTS = {
    "403:nodate": "status 403",
    "429": "status 429",
    "503": "status 503",
    "reset": "no connection",
    "empty": "no audio was received",
    "drop:0.5": "closed early",
    "close:0.9": "closed early",
    "short:0.5": "the times given end at|no time was given|a part was not spoken",
    "lost": "no time was given|no audio was received|a part was not spoken",
    "order": "a part was not spoken",
    "nomarks": "no time was given",
    "badmeta": "does not understand",
    "noise": "decoded",
    "stall:0.5": "stood still",
    "noend": "stood still",
    "mute": "stood still",
}
# What only the verification of a clip can notice, and what it says.
SPOILT: dict[Fault, str] = {
    "silent": "silent",
    "truncated": "ends in the middle of a sound",
    "short": "too short",
    "hole": "hole",
    "clipped": "clipped",
}


Unit = Literal["sentence", "paragraph"]
Matrix = dict[str, dict[str, str]]  # fault -> "once, first" -> outcome


@dataclass(frozen=True)
class Studio:
    """A public folder with yesterday's episode in it, and what today's is without faults."""

    folder: Path
    source: Path
    script: Script
    edge: Made
    tone: Made
    edge_clips: list[Samples]
    tone_clips: list[Samples]

    @property
    def texts(self) -> list[str]:
        return [utterance.spoken for utterance in self.script.utterances]

    def fresh(self, tmp_path: Path) -> Path:
        shutil.copytree(self.folder / "yesterday", tmp_path / "public")
        return tmp_path / "public"


@pytest.fixture(scope="module")
def no_proxy() -> Iterator[None]:
    """The client lets the environment's proxies capture loopback addresses."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NO_PROXY", "127.0.0.1")
        yield


@pytest.fixture(scope="module")
def studio(tmp_path_factory: pytest.TempPathFactory, no_proxy: None) -> Studio:
    folder = tmp_path_factory.mktemp("studio")
    source = folder / "2026-03-02.md"
    source.write_text(DIGEST, encoding="utf-8")
    earlier = folder / "2026-03-01.md"
    earlier.write_text(DIGEST.replace("03-02", "03-01").replace("03.02", "03.01"), encoding="utf-8")
    make(earlier, with_engines(folder / "yesterday", tone()))
    for name in ("edge", "tone"):
        shutil.copytree(folder / "yesterday", folder / name)
    with FakeEdge() as fake:
        made = make(source, with_engines(folder / "edge", edge(fake)))
        script = narration(source)
        edge_clips = speak(script, folder / "edge-again", edge(fake)).clips
    return Studio(
        folder,
        source,
        script,
        edge=made,
        tone=make(source, with_engines(folder / "tone", tone())),
        edge_clips=samples(edge_clips),
        tone_clips=samples(speak(script, folder / "tone-again", tone()).clips),
    )


@pytest.fixture(scope="module")
def matrix() -> Iterator[Matrix]:
    """Printed when all is there."""
    rows: Matrix = {}
    yield rows
    columns = list(dict.fromkeys(name for row in rows.values() for name in row))
    table = [["fault", *columns], ["---"] * (len(columns) + 1)]
    table += [[fault, *(row.get(name, "") for name in columns)] for fault, row in rows.items()]
    print("", *(f"| {' | '.join(row)} |" for row in table), sep="\n")  # noqa: T201 -- for pytest -s


def edge(fake: FakeEdge, *, attempts: int = 3, patience_seconds: float = 5.0) -> EdgeEngine:
    """One request after another, so that faults meet the utterance they are meant for; waiting takes no time."""
    clock = FakeClock()
    return EdgeEngine(
        endpoint=fake.endpoint,
        connect_timeout_seconds=patience_seconds,
        frame_timeout_seconds=patience_seconds,
        concurrency=1,
        attempts=attempts,
        clock=clock,
        sleep=clock.sleep,
    )


def patience_seconds(fault: str) -> float:
    """Little where the service is silent and only patience ends it."""
    return 0.2 if fault.startswith(("stall", "noend", "mute")) else 5.0


def tone(faults: Callable[[Utterance, int], Fault | None] | None = None) -> ToneEngine:
    return ToneEngine(unit="paragraph", concurrency=2, faults=faults)


def with_engines(
    public: Path, *engines: Engine, failover: Failover = "never", accept: frozenset[str] = frozenset()
) -> Production:
    speakers = [Speaker(each, EDGE_VOICES if each.name == "edge" else TONE_VOICES) for each in engines]
    return replace(
        production(load_config(None, {}), public=public, accept=accept),
        roster=Roster(speakers, failover=failover),
        cache=ClipCache(public.with_name(f"{public.name}-clips")),
        parts=public.with_name(f"{public.name}-parts"),
        music=Music(),
    )


def make(source: Path, work: Production) -> Made:
    made = make_episode(source, work)
    publish_show(work.public, work.show)
    return made


def narration(source: Path, unit: Unit = "paragraph") -> Script:
    """The script as `make_episode` has it for an engine that takes such units."""
    work = production(load_config(None, {}), public=source.parent)
    digest = read_digest(source, timezone=work.timezone)
    draft = write_script(digest, show_title=work.show.title, disclosure=work.show.disclosure)
    return narrate(draft, work.lexicon, unit=unit, max_characters=90 if unit == "sentence" else 1000)


def speak(script: Script, clips: Path, engine: Engine) -> Synthesis:
    speaker = Speaker(engine, EDGE_VOICES if engine.name == "edge" else TONE_VOICES)
    return asyncio.run(synthesize(script, [speaker], ClipCache(clips)))


def samples(clips: Iterable[Clip]) -> list[Samples]:
    return [soundfile.read(clip.path, dtype="float32")[0] for clip in clips]


def is_whole(said: Synthesis, script: Script, clean: list[Samples]) -> bool:
    """Whether there is a clip for each utterance, a mark for each sentence, and every sample of a clean run."""
    sentences = [[sentence.spoken for sentence in utterance.sentences] for utterance in script.utterances]
    marks = [[mark.text for mark in clip.marks] for clip in said.clips]
    return marks == sentences and all(
        np.array_equal(one, other) for one, other in zip(samples(said.clips), clean, strict=True)
    )


def files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def without_hash(found: dict[str, bytes]) -> dict[str, bytes]:
    """The hash names the server that spoke, and each test's has another port; fingerprints are hashes over that one."""
    kept = {name: re.sub(rb'"content_hash": "\w+"', b"", content) for name, content in found.items()}
    kept[FINGERPRINTS] = re.sub(rb'": "\w+"', b"", kept[FINGERPRINTS])
    return kept


def index(fault: str, place: str, studio: Studio) -> int:
    """Which utterance; wrong order shows only in one of several sentences."""
    several = [number for number, part in enumerate(studio.script.utterances) if len(part.sentences) > 1]
    return (several if fault == "order" else range(len(studio.texts)))[PLACES[place]]


def placed(fault: str, place: str, studio: Studio, times: int) -> list[str]:
    return ["ok"] * index(fault, place, studio) + [fault] * times


def test_the_clean_episode_says_every_sentence(studio: Studio) -> None:
    assert len(studio.texts) == studio.edge.utterances >= 5
    for made in (studio.edge, studio.tone):
        said = "".join(cue.text for cue in made.episode.cues)
        assert [sentence for sentence in SENTENCES if sentence not in said] == []


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_that_passes_costs_one_request_and_nothing_else(
    studio: Studio, matrix: Matrix, tmp_path: Path, fault: str, place: str
) -> None:
    with FakeEdge(faults=placed(fault, place, studio, 1)) as fake:
        said = speak(studio.script, tmp_path, edge(fake, patience_seconds=patience_seconds(fault)))
    assert len(fake.requests) == len(studio.texts) + 1
    assert is_whole(said, studio.script, studio.edge_clips)
    matrix.setdefault(fault, {})[f"once, {place}"] = "complete"


@pytest.mark.parametrize("fault", ["delay:0.05", "slow:0.001"])
def test_slowness_is_no_fault(studio: Studio, tmp_path: Path, fault: str) -> None:
    with FakeEdge(faults=[fault] * 99) as fake:
        said = speak(studio.script, tmp_path, edge(fake))
    assert len(fake.requests) == len(studio.texts)
    assert is_whole(said, studio.script, studio.edge_clips)


@pytest.mark.parametrize("fault", ["503", "drop:0.5", "short:0.5", "stall:0.5"])
def test_faults_that_pass_leave_no_trace_in_what_is_published(studio: Studio, tmp_path: Path, fault: str) -> None:
    public = studio.fresh(tmp_path)
    with FakeEdge(faults=[fault, "ok"] * len(studio.texts)) as fake:
        make(studio.source, with_engines(public, edge(fake, patience_seconds=patience_seconds(fault))))
    assert len(fake.requests) == 2 * len(studio.texts)
    assert without_hash(files(public)) == without_hash(files(studio.folder / "edge"))


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_that_lasts_refuses_the_episode(
    studio: Studio, matrix: Matrix, tmp_path: Path, fault: str, place: str
) -> None:
    public = studio.fresh(tmp_path)
    with FakeEdge(faults=placed(fault, place, studio, 99)) as fake, pytest.raises(EngineUnavailable) as caught:
        make(studio.source, with_engines(public, edge(fake, attempts=2, patience_seconds=patience_seconds(fault))))
    assert re.search(FAULTS[fault], caught.value.what)
    assert caught.value.where == studio.script.utterances[index(fault, place, studio)].id
    assert caught.value.hint
    assert files(public) == files(studio.folder / "yesterday")
    matrix.setdefault(fault, {})[f"always, {place}"] = refusal(caught.value)


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("fault", SPOILT)
def test_a_clip_that_is_not_right_is_made_again_or_refused(
    studio: Studio, matrix: Matrix, tmp_path: Path, fault: Fault, place: str
) -> None:
    bad = studio.script.utterances[PLACES[place]]
    public = studio.fresh(tmp_path)
    with pytest.raises(QualityError) as caught:  # it stays so even where sentences are spoken one by one
        make(studio.source, with_engines(public, tone(lambda part, _: fault if part.id == bad.id else None)))
    assert SPOILT[fault] in caught.value.what
    assert (f"--accept {bad.id}" in str(caught.value)) == (fault != "silent")  # silence cannot be taken
    assert files(public) == files(studio.folder / "yesterday")
    engine = tone(lambda part, attempt: fault if part.id == bad.id and attempt == 1 else None)
    said = speak(studio.script, tmp_path / "public-clips", engine)
    assert engine.said == [bad.spoken] * 2  # what was right had been kept
    assert is_whole(said, studio.script, studio.tone_clips)
    matrix.setdefault(fault, {})[f"once, {place}"] = "complete"
    matrix[fault][f"always, {place}"] = refusal(caught.value)


@pytest.mark.parametrize("place", PLACES)
def test_a_text_that_an_engine_refuses_is_named_and_nobody_else_is_asked(
    studio: Studio, matrix: Matrix, tmp_path: Path, place: str
) -> None:
    text = studio.texts[PLACES[place]]
    public = studio.fresh(tmp_path)
    first, second = tone(lambda part, _: "refused" if part.spoken == text else None), tone()
    second.name = "other"
    with pytest.raises(SpeechRefused) as caught:
        make(studio.source, with_engines(public, first, second, failover="episode"))
    assert caught.value.where
    assert second.said == []
    assert files(public) == files(studio.folder / "yesterday")
    matrix.setdefault("refused", {})[f"always, {place}"] = refusal(caught.value)


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("fault", ["503", "mute"])
def test_the_whole_episode_by_the_next_engine(
    studio: Studio, matrix: Matrix, tmp_path: Path, fault: str, place: str
) -> None:
    public, second = studio.fresh(tmp_path), tone()
    with FakeEdge(faults=placed(fault, place, studio, 99)) as fake:
        engine = edge(fake, attempts=2, patience_seconds=patience_seconds(fault))
        work = with_engines(public, engine, second, failover="episode")
        made = make(studio.source, work)
    assert second.said == studio.texts
    assert files(public) == files(studio.folder / "tone")
    assert any("edge cannot speak now" in warning for warning in made.warnings)
    before = PLACES[place] % len(studio.texts)
    assert work.cache.size().clips == before + len(studio.texts)  # what edge had said is kept for next time
    matrix.setdefault(f"{fault}, failover episode", {})[f"always, {place}"] = f"complete by {made.episode.engine}"


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("fault", ["drop:0.5", "mute"])
def test_an_utterance_by_the_next_engine(
    studio: Studio, matrix: Matrix, tmp_path: Path, fault: str, place: str
) -> None:
    public, second = studio.fresh(tmp_path), tone()
    bad = studio.texts[PLACES[place]]
    with FakeEdge(rule=lambda text: fault if text == bad else None) as fake:
        engine = edge(fake, attempts=2, patience_seconds=patience_seconds(fault))
        made = make(studio.source, with_engines(public, engine, second, failover="utterance"))
    assert second.said == [bad]
    assert set(made.episode.engine.split(" + ")) == {"edge", "tone"}
    assert [cue.text for cue in made.episode.cues] == [cue.text for cue in studio.edge.episode.cues]
    matrix.setdefault(f"{fault}, failover utterance", {})[f"always, {place}"] = f"complete by {made.episode.engine}"


@pytest.mark.parametrize("failover", ["never", "episode", "utterance"])
def test_an_engine_that_goes_away_for_good(studio: Studio, tmp_path: Path, failover: Failover) -> None:
    """After three utterances that it could not say nobody waits for it any more."""
    public, second = studio.fresh(tmp_path), tone()
    with FakeEdge(faults=["503"] * 99) as fake:
        work = with_engines(public, edge(fake, attempts=2), second, failover=failover)
        if failover == "never":
            with pytest.raises(EngineUnavailable, match="status 503"):
                make(studio.source, work)
            assert second.said == []
            assert files(public) == files(studio.folder / "yesterday")
        else:
            assert make(studio.source, work).episode.engine == "tone"
            assert len(fake.requests) <= 2 * len(studio.texts) - 2


def test_no_engine_left_is_said_with_every_reason(studio: Studio, tmp_path: Path) -> None:
    second = tone(lambda *_: "unavailable")
    for failover in ("episode", "utterance"):
        public = studio.fresh(tmp_path / failover)
        with FakeEdge(faults=["503"] * 99) as fake, pytest.raises(EngineUnavailable) as caught:
            make(studio.source, with_engines(public, edge(fake, attempts=2), second, failover=failover))
        assert "the tone engine does not answer" in caught.value.what
        assert files(public) == files(studio.folder / "yesterday")
    assert "status 503" in caught.value.what


def test_an_engine_that_failed_is_not_waited_for_again(studio: Studio, tmp_path: Path) -> None:
    """Four digests in a row: the service goes away in the second, and the others ask it for nothing."""
    days = []
    for day in range(2, 6):
        path = tmp_path / f"2026-03-{day:02}.md"
        text = DIGEST.replace("03-02", f"03-{day:02}").replace("03.02", f"03.{day:02}")
        path.write_text(text.replace("明年", f"第{day}年"), encoding="utf-8")
        days.append(path)
    requests, engines = [], []
    with FakeEdge(rule=lambda text: "empty" if "第三年" in text else None) as fake:
        work = with_engines(tmp_path / "public", edge(fake, attempts=2), tone(), failover="episode")
        for path in days:
            engines.append(make(path, work).episode.engine)
            requests.append(len(fake.requests))
    assert engines == ["edge", "tone", "tone", "tone"]
    assert requests[1] == requests[2] == requests[3]


def refusal(error: PodcastError) -> str:
    return f"{type(error).__name__}: {error.what[:60]}"
