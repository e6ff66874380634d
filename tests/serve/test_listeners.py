"""Live audio: what listeners of an episode in the making are given, and how a worker writes it."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import http.client
import io
import json
import logging
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pytest
import soundfile
from asking import ask, serving
from builders import PUBLISHED
from fastapi import FastAPI

from podcast.audio import Music, mp3
from podcast.config import load_config
from podcast.errors import EngineUnavailable
from podcast.models import Utterance
from podcast.pipeline import Made, make_episode
from podcast.production import production
from podcast.publish.episode import read_episode
from podcast.serve import problems
from podcast.serve.jobs import Job
from podcast.serve.live import router
from podcast.serve.livefile import LiveWatcher
from podcast.testing import ToneEngine
from podcast.tts.base import Speech, Voice
from podcast.tts.cache import ClipCache
from podcast.tts.roster import Roster
from podcast.tts.synthesis import Speaker
from podcast.work import Production

ID = "2026-03-02"
LIVE = f"/api/episodes/{ID}/live.mp3"
DIGEST = """---
title: "2026.03.02 科技早报"
date: 2026-03-02T08:00:00+08:00
---

1.  [青禾电池完成 12 亿元融资](https://example.com/1)

    青禾电池宣布完成12亿元融资。资金将用于固态电池量产。
"""
THREADS = 40  # of anyio, for what an ASGI framework may not wait for
JOB = Job("0123456789abcdef", f"{ID}.md", ID, "早报", PUBLISHED, 0.0, state="running")


@dataclass
class Desk:
    """What the endpoint knows of the board, and a test says.  As that, it is asked in the server's loop alone."""

    public: Path
    folder: Path
    jobs: dict[str, Job] = field(default_factory=lambda: {JOB.id: JOB})
    closing: bool = False
    waiting: int = 0
    news: int = 0

    @property
    def file(self) -> Path:
        return self.folder / "live.mp3"

    def append(self, data: bytes) -> None:
        with self.file.open("ab") as file:
            file.write(data)
        self.news += 1

    def now(self, **changes: object) -> None:
        self.jobs[JOB.id] = replace(self.jobs[JOB.id], **changes)  # type: ignore[arg-type]  # a field each
        self.news += 1

    def job(self, id: str) -> Job | None:  # noqa: A002 -- the seam's name
        return self.jobs.get(id)

    def latest(self, episode: str) -> Job | None:
        asyncio.get_running_loop()  # raises in another thread
        return next((job for job in self.jobs.values() if job.episode_id == episode), None)

    def live_path(self, job: Job) -> Path:
        return self.file

    def version(self, id: str) -> int:  # noqa: A002 -- the seam's name
        return self.news

    async def changed(self, id: str, seen: int) -> int:  # noqa: A002 -- the seam's name
        self.waiting += 1
        try:
            while self.news == seen and not self.closing:  # noqa: ASYNC110 -- news comes from another thread
                await asyncio.sleep(0.005)
        finally:
            self.waiting -= 1
        return self.news


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path / "public", tmp_path)


def application(desk: Desk) -> FastAPI:
    app = FastAPI()
    app.state.board = desk
    problems.register(app)
    app.include_router(router)
    return app


@pytest.fixture
def port(desk: Desk) -> Iterator[int]:
    with serving(application(desk)) as found:
        yield found
        desk.closing = True


@contextlib.contextmanager
def listening(port: int, **headers: str) -> Iterator[http.client.HTTPResponse]:
    with contextlib.closing(http.client.HTTPConnection("127.0.0.1", port, timeout=10)) as connection:
        connection.request("GET", LIVE, headers=headers)
        answer = connection.getresponse()
        yield answer
        answer.close()


def finish(desk: Desk) -> None:
    path = desk.public / "episodes" / ID / f"{ID}.mp3"
    path.parent.mkdir(parents=True)
    path.write_bytes(b"the finished file")
    desk.now(state="done")


def until(condition: object) -> None:
    for _ in range(1000):
        if condition():  # type: ignore[operator]
            return
        threading.Event().wait(0.005)
    pytest.fail("it did not come to that")


def test_what_is_written_is_heard_while_the_rest_is_being_made(desk: Desk, port: int) -> None:
    desk.append(b"greeting")
    with listening(port) as answer:
        assert answer.read(8) == b"greeting"
        desk.append(b"news")
        assert answer.read(4) == b"news"
        desk.append(b"end")
        finish(desk)
        assert answer.read() == b"end"
    assert answer.headers["Content-Type"] == "audio/mpeg"
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Accept-Ranges"] == "none"
    assert answer.headers["Content-Length"] is None


def test_whoever_comes_late_hears_it_from_the_start(desk: Desk, port: int) -> None:
    pieces = [bytes([number]) * 100_000 for number in range(5)]

    def hear() -> bytes:
        with listening(port) as answer:
            return answer.read()

    with ThreadPoolExecutor(10) as pool:
        heard = []
        for number, piece in enumerate(pieces, 1):
            heard += [pool.submit(hear), pool.submit(hear)]
            until(lambda all_of_them=2 * number: desk.waiting == all_of_them)
            desk.append(piece)
        finish(desk)
        assert {each.result() for each in heard} == {b"".join(pieces)}


def test_it_is_not_answered_before_there_is_something_to_hear(desk: Desk, port: int) -> None:
    """A job that waits in the queue, and then fails, has a status that says so."""
    desk.now(state="queued")
    with ThreadPoolExecutor() as pool:
        answer = pool.submit(ask, port, LIVE)
        until(lambda: desk.waiting)
        desk.now(state="running")
        desk.now(state="failed", problem="no engine could speak", hint="Install one.")
        found = answer.result()
    assert found.status == 404
    assert found["Content-Type"] == "application/problem+json"
    body = json.loads(found.body)
    assert (body["code"], body["hint"]) == ("failed", "Install one.")
    assert "no engine could speak" in body["detail"]


def test_an_episode_that_was_there_already_is_sent_on_to(desk: Desk, port: int) -> None:
    """Its job ends without a sound: the listener who waits is led to the finished file."""
    with ThreadPoolExecutor() as pool:
        answer = pool.submit(ask, port, LIVE)
        until(lambda: desk.waiting)
        finish(desk)
        found = answer.result()
    assert (found.status, found["Location"]) == (307, f"../../../episodes/{ID}/{ID}.mp3")


def test_afterwards_it_leads_to_the_finished_file(desk: Desk, port: int) -> None:
    """Also where the service has never heard of it: `podcast make` has made it."""
    finish(desk)
    found = ask(port, LIVE)
    assert (found.status, found["Location"]) == (307, f"../../../episodes/{ID}/{ID}.mp3")
    assert found["Cache-Control"] == "no-store"
    desk.jobs.clear()
    assert ask(port, LIVE).status == 307


@pytest.mark.parametrize(
    ("state", "problem", "says"),
    [
        ("failed", "it is damaged", "it is damaged"),
        ("cancelled", "", "it was cancelled"),
        ("done", "", "no such episode"),
    ],
)
def test_where_there_is_nothing_the_answer_says_why(desk: Desk, port: int, state: str, problem: str, says: str) -> None:
    desk.now(state=state, problem=problem)
    found = ask(port, LIVE)
    assert found.status == 404
    assert says in json.loads(found.body)["detail"]


def test_an_unknown_episode_and_what_is_no_id(port: int) -> None:
    assert ask(port, "/api/episodes/2026-03-03/live.mp3").status == 404
    for name in ("..", "2026-03-02.mp3", "2026-03-02%2f..", "x", "2026-03-02-%0a"):
        assert ask(port, f"/api/episodes/{name}/live.mp3").status in (404, 422)


@pytest.mark.parametrize("end", ["failed", "cancelled", "closing", "emptied"])
def test_what_is_cut_is_not_ended_as_if_it_were_whole(desk: Desk, port: int, end: str) -> None:
    """The job fails, the server stops, or the live file could not be written to its end."""
    desk.append(b"greeting")
    with listening(port) as answer:
        assert answer.read(8) == b"greeting"
        if end == "closing":
            desk.closing = True
        elif end == "emptied":
            desk.file.write_bytes(b"")
            finish(desk)
        else:
            desk.file.unlink()
            desk.now(state=end)
        with pytest.raises(http.client.IncompleteRead):
            answer.read()


def test_a_server_that_stops_before_the_first_sound_says_so(desk: Desk, port: int) -> None:
    with ThreadPoolExecutor() as pool:
        answer = pool.submit(ask, port, LIVE)
        until(lambda: desk.waiting)
        desk.closing = True
        assert answer.result().status == 503


def test_a_file_that_is_begun_again_is_read_on_at_the_same_place(desk: Desk, port: int) -> None:
    """Its worker died, another has the job: what was heard is not heard twice."""
    desk.append(b"greeting")
    with listening(port) as answer:
        assert answer.read(8) == b"greeting"
        desk.file.unlink()
        desk.now(state="queued")
        desk.now(state="running")
        desk.append(b"greet")
        desk.append(b"ing and news")
        assert answer.read(9) == b" and news"
        finish(desk)
        assert answer.read() == b""


@pytest.mark.parametrize("asked", ["bytes=0-1", "bytes=0-", "bytes=4-"])
def test_a_range_is_answered_with_the_whole(desk: Desk, port: int, asked: str) -> None:
    desk.append(b"greeting")
    with listening(port, Range=asked) as answer:
        assert (answer.status, answer.headers["Content-Range"]) == (200, None)
        assert answer.read(8) == b"greeting"


def test_head_has_the_headers_of_get_and_waits_for_nothing(desk: Desk, port: int) -> None:
    answer = ask(port, LIVE, "HEAD")
    assert (answer.status, answer["Content-Type"], answer["Content-Length"]) == (200, "audio/mpeg", None)
    finish(desk)
    assert ask(port, LIVE, "HEAD").status == 307


def test_a_listener_who_leaves_is_forgotten(desk: Desk, port: int) -> None:
    desk.append(b"greeting")
    with listening(port) as answer:
        answer.read(8)
        until(lambda: desk.waiting == 1)
    until(lambda: desk.waiting == 0)


# --- the worker's side


def studio(folder: Path, engine: ToneEngine) -> Production:
    voices = {"anchor": Voice("low"), "commentator": Voice("high")}
    return replace(
        production(load_config(None, {}), public=folder / "public"),
        roster=Roster([Speaker(engine, voices)]),
        cache=ClipCache(folder / "clips"),
        parts=folder / "parts",
    )


def made_live(folder: Path, engine: ToneEngine) -> tuple[Made, list[int]]:
    """An episode, and the sizes of its live file as they were told."""
    source = folder / f"{ID}.md"
    source.write_text(DIGEST, encoding="utf-8")
    sizes: list[int] = []
    work = studio(folder, engine)
    watcher = LiveWatcher(folder / "live.mp3", work.music, work.target, sizes.append)
    made = make_episode(source, work, id=ID, watcher=watcher)
    watcher.finish()
    return made, sizes


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Made, list[int]]:
    folder = tmp_path_factory.mktemp("made")
    return folder, *made_live(folder, ToneEngine())


def test_the_live_file_is_told_to_grow_until_it_is_whole(made: tuple[Path, Made, list[int]]) -> None:
    """The cues are beside it then, as the episode has them."""
    folder, result, sizes = made
    assert len(sizes) > 1
    assert sizes == sorted(sizes)
    assert sizes[-1] == (folder / "live.mp3").stat().st_size
    times = json.loads((folder / "live.json").read_text())
    assert [start for start, _ in times] == pytest.approx([cue.start_seconds for cue in result.episode.cues], abs=0.001)


def test_a_listener_changes_to_the_finished_file_without_a_gap(made: tuple[Path, Made, list[int]]) -> None:
    """The same sample is at the same time in both, from the first sentence to the last."""
    folder, result, _ = made
    live = soundfile.read(folder / "live.mp3", dtype="float32")[0][mp3.DELAY :]
    whole = soundfile.read(result.path, dtype="float32")[0]
    assert 0 <= len(live) - len(whole) < mp3.FRAME
    for cue in result.episode.cues:
        span = slice(round(cue.start_seconds * mp3.RATE_HZ), round(cue.end_seconds * mp3.RATE_HZ))
        a, b = live[span], whole[span]
        assert np.dot(a, b) / np.sqrt(np.dot(a, a) * np.dot(b, b)) > 0.98


@pytest.mark.parametrize(
    ("moved", "jumps"),
    [([0, 0, 0, 0, 0], []), ([0, 0, 2, 2, 5], [2, 4]), ([1, 1, 1, 1, 1], [0])],
    ids=["the same", "two sentences anew", "all anew"],
)
def test_a_player_is_told_where_the_finished_file_has_what_it_played(
    desk: Desk, port: int, made: tuple[Path, Made, list[int]], moved: list[float], jumps: list[int]
) -> None:
    """`moved`: seconds by which the first sentences were earlier in the stream."""
    desk.public = made[0] / "public"
    episode = read_episode(desk.public, ID)
    assert episode
    shifts = moved + moved[-1:] * len(episode.cues)
    starts = [cue.start_seconds for cue in episode.cues]
    times = [[start - shift, start - shift + 1] for start, shift in zip(starts, shifts, strict=False)]
    (desk.folder / "live.json").write_text(json.dumps(times))
    desk.now(state="done")
    expected = [[0.0, 0.0], *([times[place][0], starts[place]] for place in jumps)]
    assert json.loads(ask(port, f"/api/episodes/{ID}/live.json").body)["jumps"] == expected


def test_they_are_told_while_every_thread_of_the_framework_waits_for_a_disk(
    desk: Desk, made: tuple[Path, Made, list[int]]
) -> None:
    """As many as it has by default, each on behalf of a listener."""
    desk.public, disk = made[0] / "public", threading.Event()
    (desk.folder / "live.json").write_text("[]")
    desk.now(state="done")
    app, waiting = application(desk), []

    @app.get("/disk")
    def _wait() -> None:
        waiting.append(True)
        disk.wait(10)

    with serving(app) as port, ThreadPoolExecutor(THREADS) as pool:
        asked = [pool.submit(ask, port, "/disk") for _ in range(THREADS)]
        until(lambda: len(waiting) == THREADS)
        assert ask(port, f"/api/episodes/{ID}/live.json").status == 200
        assert not any(each.done() for each in asked)
        disk.set()


def test_no_places_without_a_stream(desk: Desk, port: int) -> None:
    assert ask(port, f"/api/episodes/{ID}/live.json").status == 404


class Held(ToneEngine):
    """Says nothing for a long time, and then that it cannot."""

    def __init__(self) -> None:
        super().__init__()
        self.may = threading.Event()

    async def synthesize(self, utterance: Utterance, voice: Voice) -> Speech:
        await asyncio.to_thread(self.may.wait)
        raise EngineUnavailable("the engine is held")


def test_music_is_heard_before_the_engine_has_said_a_word(tmp_path: Path) -> None:
    engine = Held()
    with ThreadPoolExecutor() as pool:
        making = pool.submit(made_live, tmp_path, engine)
        live = tmp_path / "live.mp3"
        until(lambda: live.exists() and live.stat().st_size > 40_000)  # 3.3 s
        assert not making.done()
        samples = soundfile.read(io.BytesIO(live.read_bytes()), dtype="float32")[0]
        assert np.sqrt(np.mean(np.square(samples))) > 0.03
        engine.may.set()
        with pytest.raises(EngineUnavailable):
            making.result()


def test_the_episode_is_made_though_its_live_audio_fails(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """The file is left empty, so that nobody takes it for whole, and the log has the reason."""

    class Deaf(LiveWatcher):
        def clip(self, clip) -> None:
            super().clip(replace(clip, path=tmp_path / "none.flac"))

    source = tmp_path / f"{ID}.md"
    source.write_text(DIGEST, encoding="utf-8")
    work = replace(studio(tmp_path, ToneEngine()), music=Music())
    watcher = Deaf(tmp_path / "live.mp3", work.music, work.target, lambda _: None)
    with caplog.at_level(logging.ERROR, "podcast.serve"):
        assert make_episode(source, work, id=ID, watcher=watcher).path.exists()
        watcher.finish()
    assert (tmp_path / "live.mp3").read_bytes() == b""
    assert not (tmp_path / "live.json").exists()
    assert "no live audio" in caplog.text


def test_a_watcher_that_nobody_finishes_ends_with_its_job(tmp_path: Path) -> None:
    """The digest was none: the worker goes on with other jobs, and no thread of this one stays."""
    work = studio(tmp_path, ToneEngine())
    before = threading.active_count()
    watcher = LiveWatcher(tmp_path / "live.mp3", work.music, work.target, lambda _: None)
    assert threading.active_count() == before + 1
    del watcher
    gc.collect()
    until(lambda: threading.active_count() == before)
