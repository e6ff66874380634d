"""The API of a real server: ask, follow, hear what became of it, cancel."""

from __future__ import annotations

import json
import os
import shutil
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import httpx
import pytest

from podcast.publish import exclusive
from podcast.serve.limits import Limits
from tests.serve.running import Serving, finished, serving
from tests.serve.stage import ToneStudio, digest_of

MARKDOWN = {"Content-Type": "text/markdown"}


@pytest.fixture(scope="module")
def quick(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    """An engine that answers at once, and a content folder."""
    root = tmp_path_factory.mktemp("quick")
    (root / "content").mkdir()
    with serving(root, content=root / "content") as running:
        yield running


@pytest.fixture(scope="module")
def slow(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    """An engine that takes its time, a queue of two."""
    root = tmp_path_factory.mktemp("slow")
    with serving(root, studio=ToneStudio(root, delay_seconds=0.5), limits=Limits(queue=2)) as running:
        yield running


def ask(client: httpx.Client, text: str) -> httpx.Response:
    return client.post("/api/episodes", content=text.encode(), headers=MARKDOWN)


def events(client: httpx.Client, job: dict[str, Any], **headers: str) -> list[tuple[int, str, dict[str, Any]]]:
    """Id, name and data of each event until the stream ends."""
    found = []
    with client.stream("GET", job["urls"]["events"], headers=headers) as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        for block in "".join(answer.iter_text()).split("\n\n"):
            lines = dict(line.split(": ", 1) for line in block.splitlines())
            if "event" in lines:
                found.append((int(lines["id"]), lines["event"], json.loads(lines["data"])))
    return found


def files(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def cancel_all(running: Serving) -> None:
    with running.client() as client:
        for job in client.get("/api/jobs").json()["jobs"]:
            if job["state"] in ("queued", "running"):
                client.delete(job["urls"]["self"])


def test_a_digest_that_is_sent_becomes_an_episode_of_the_feed(quick: Serving) -> None:
    with quick.client() as client:
        answer = ask(client, digest_of("2026-03-02"))
        assert answer.status_code == 202
        job = answer.json()
        assert answer.headers["location"] == job["urls"]["self"]
        over = finished(client, job)
        assert (over["state"], over["problem"]) == ("done", "")
        audio = client.get(job["urls"]["audio"])
        assert audio.headers["content-type"] == "audio/mpeg"
        feed = ET.fromstring(client.get("/feed.xml").content)
        assert [item.findtext("title") for item in feed.findall("channel/item")] == [job["title"]]
        assert client.get(job["urls"]["page"]).status_code == 200


def test_the_same_digest_asked_for_again_is_the_same_job(quick: Serving) -> None:
    with quick.client() as client:
        first, second = ask(client, digest_of("2026-03-03")), ask(client, digest_of("2026-03-03"))
        assert first.json()["id"] == second.json()["id"]
        finished(client, first.json())
        third = ask(client, digest_of("2026-03-03"))
        assert (third.status_code, third.json()["id"]) == (200, first.json()["id"])


def test_asked_for_by_many_at_once_it_is_one_job(quick: Serving) -> None:
    answers: list[str] = []

    def one() -> None:
        with quick.client() as client:
            answers.append(ask(client, digest_of("2026-03-04")).json()["id"])

    threads = [threading.Thread(target=one) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(answers) == 8
    assert len(set(answers)) == 1


def test_an_episode_that_was_removed_is_made_again(quick: Serving) -> None:
    with quick.client() as client:
        job = ask(client, digest_of("2026-03-05")).json()
        finished(client, job)
        shutil.rmtree(quick.root / "public" / "episodes" / job["episode_id"])
        assert ask(client, digest_of("2026-03-05")).status_code == 202
        assert finished(client, job)["state"] == "done"
        assert client.get(job["urls"]["audio"]).status_code == 200


def test_two_digests_of_a_day_become_two_episodes(slow: Serving) -> None:
    with slow.client() as client:
        first, second = ask(client, digest_of(topic="甲")).json(), ask(client, digest_of(topic="乙")).json()
        assert first["episode_id"] == "2026-03-02"
        assert second["episode_id"].startswith("2026-03-02-")
        assert second["state"] == "queued"
        assert second["place"] == 1
    cancel_all(slow)


def test_another_text_of_the_same_file_waits_until_the_first_is_done(slow: Serving) -> None:
    with slow.client() as client:
        wish = {"name": "2026-03-02.md", "text": digest_of(topic="甲")}
        assert client.post("/api/episodes", json=wish).status_code == 202
        answer = client.post("/api/episodes", json=wish | {"text": digest_of(topic="乙")})
        assert (answer.status_code, answer.json()["code"]) == (409, "conflict")
    cancel_all(slow)


def test_the_queue_has_an_end(slow: Serving) -> None:
    with slow.client() as client:
        running = ask(client, digest_of("2026-03-10")).json()
        while client.get(running["urls"]["self"]).json()["state"] == "queued":
            time.sleep(0.02)
        answers = [ask(client, digest_of(f"2026-03-1{day}")) for day in (1, 2, 3)]
        assert [answer.status_code for answer in answers] == [202, 202, 429]
        assert int(answers[2].headers["retry-after"]) >= 1
        assert [answer.json()["place"] for answer in answers[:2]] == [1, 2]
        again = ask(client, digest_of("2026-03-11"))  # costs no place
        assert again.status_code == 202
    cancel_all(slow)


def test_a_job_that_is_cancelled_leaves_nothing(slow: Serving) -> None:
    with slow.client() as client:
        before = files(slow.root / "public")
        running, queued = ask(client, digest_of("2026-03-20")).json(), ask(client, digest_of("2026-03-21")).json()
        while client.get(running["urls"]["self"]).json()["done"] < 2:
            time.sleep(0.02)
        for job in (queued, running):
            assert client.delete(job["urls"]["self"]).status_code == 204
            assert client.get(job["urls"]["self"]).json()["state"] == "cancelled"
            assert client.delete(job["urls"]["self"]).status_code == 204  # as it is already
        assert files(slow.root / "public") <= before
        assert files(slow.root / "state" / "jobs") == set()
        assert client.get(running["urls"]["live"]).status_code == 404


def test_a_cancelled_job_can_be_asked_for_again(slow: Serving) -> None:
    with slow.client() as client:
        job = ask(client, digest_of("2026-03-22")).json()
        client.delete(job["urls"]["self"])
        again = ask(client, digest_of("2026-03-22"))
        assert (again.status_code, again.json()["id"]) == (202, job["id"])
        while (now := client.get(job["urls"]["self"]).json())["state"] == "queued":
            time.sleep(0.02)
        assert now["state"] == "running"  # the killed worker has a successor
    cancel_all(slow)


def test_what_is_done_cannot_be_cancelled(quick: Serving) -> None:
    with quick.client() as client:
        job = ask(client, digest_of("2026-03-06")).json()
        finished(client, job)
        assert client.delete(job["urls"]["self"]).status_code == 409
        assert client.get(job["urls"]["audio"]).status_code == 200


def test_events_tell_every_stage_in_order_and_then_end(quick: Serving) -> None:
    with quick.client() as client:
        job = ask(client, digest_of("2026-03-07")).json()
        told = events(client, job)
        names = list(dict.fromkeys(name for _, name, _ in told))
        assert names == ["queued", "script", "tts", "audio", "publish", "done"]
        ids = [id for id, _, _ in told]  # noqa: A001 -- the field's name
        assert ids == sorted(set(ids))
        spoken = [data for _, name, data in told if name == "tts"][-1]
        assert spoken["done"] == spoken["total"] > 5
        assert spoken["seconds_made"] > 10


def test_who_comes_back_is_told_what_was_missed_and_nothing_twice(quick: Serving) -> None:
    with quick.client() as client:
        job = ask(client, digest_of("2026-03-08")).json()
        told = events(client, job)
        middle = [id for id, name, _ in told if name == "tts"][-1]  # noqa: A001 -- the field's name
        rest = events(client, job, **{"Last-Event-ID": str(middle)})
        assert [name for _, name, _ in rest] == ["audio", "publish", "done"]
        assert events(client, job, **{"Last-Event-ID": str(told[-1][0])}) == []


def test_a_digest_can_come_as_a_file_and_keeps_its_name(quick: Serving) -> None:
    with quick.client() as client:
        upload = {"digest": ("C:\\digests\\2026-04-01.md", digest_of("2026-04-01").encode())}
        job = client.post("/api/episodes", files=upload).json()
        finished(client, job)
        record = json.loads((quick.root / "public" / "episodes" / "2026-04-01" / "episode.json").read_text())
        assert record["source"] == "2026-04-01.md"


def test_an_edited_file_becomes_the_same_episode(quick: Serving) -> None:
    with quick.client() as client:
        guids = set()
        for topic in ("原稿", "改稿"):
            upload = {"digest": ("2026-04-02.md", digest_of("2026-04-02", topic).encode())}
            job = client.post("/api/episodes", files=upload).json()
            assert finished(client, job)["state"] == "done"
            record = json.loads((quick.root / "public" / "episodes" / "2026-04-02" / "episode.json").read_text())
            guids.add(record["guid"])
            assert topic in record["title"]
        assert len(guids) == 1


def test_digests_without_an_episode_are_listed_and_made_by_their_id(quick: Serving) -> None:
    content = quick.root / "content"
    (content / "2026-05-01.md").write_text(digest_of("2026-05-01"), encoding="utf-8")
    (content / "no-digest.md").write_text("# 只有标题\n", encoding="utf-8")
    with quick.client() as client:
        listed = {each["name"]: each for each in client.get("/api/digests").json()["digests"]}
        assert {name: each["state"] for name, each in listed.items()} == {
            "2026-05-01.md": "new",
            "no-digest.md": "unreadable",
        }
        assert listed["no-digest.md"]["problem"]
        job = client.post("/api/episodes", json={"digest": listed["2026-05-01.md"]["id"]}).json()
        assert finished(client, job)["state"] == "done"
        assert [each["name"] for each in client.get("/api/digests").json()["digests"]] == ["no-digest.md"]


def test_a_preview_shows_script_and_readings_and_makes_nothing(quick: Serving) -> None:
    with quick.client() as client:
        before = client.get("/api/jobs").json()
        text = digest_of("2026-06-01").replace("今天有新的进展", "今天融资12亿元")
        preview = client.post("/api/preview", content=text.encode(), headers=MARKDOWN).json()
        said = "".join(part["spoken"] for segment in preview["segments"] for part in segment["utterances"])
        assert "十二亿元" in said
        assert ("12", "十二") in {(row["written"], row["spoken"]) for row in preview["report"]}
        assert preview["episode_id"] == "2026-06-01"
        assert client.get("/api/jobs").json() == before


def test_what_is_no_digest_is_refused_with_the_reason(quick: Serving) -> None:
    with quick.client() as client:
        answer = ask(client, "2026-03-02 没有条目\n")
        assert answer.status_code == 422
        assert answer.headers["content-type"] == "application/problem+json"
        problem = answer.json()
        assert problem["code"] == "DigestError"
        assert "no numbered items" in problem["detail"]
        assert str(quick.root) not in answer.text


def test_metrics_count_jobs_clips_and_stages(quick: Serving) -> None:
    with quick.client() as client:
        finished(client, ask(client, digest_of("2026-03-09")).json())
        text = client.get("/metrics").text
    values = dict(line.rsplit(" ", 1) for line in text.splitlines() if not line.startswith("#"))
    assert float(values['podcast_jobs{state="done"}']) >= 1
    assert float(values['podcast_clips_total{origin="engine"}']) >= 5
    assert float(values['podcast_stage_seconds_count{stage="audio"}']) >= 1


def test_the_api_is_described_for_programs_and_for_people(quick: Serving) -> None:
    with quick.client() as client:
        paths = client.get("/openapi.json").json()["paths"]
        page = client.get("/docs").text
        assert {"/api/episodes", "/api/jobs/{job_id}/events", "/api/episodes/{id}/live.mp3"} <= set(paths)
        assert all(path in page for path in paths)
        assert "青禾电池完成" in page
        assert "<script" not in page


def test_the_server_says_that_it_lives_and_is_ready(quick: Serving) -> None:
    with quick.client() as client:
        assert client.get("/healthz").text == "ok\n"
        assert client.get("/readyz").status_code == 200


def test_a_job_waits_while_another_run_writes_to_the_folder(tmp_path: Path) -> None:
    """`podcast make` holds the folder; and while a job runs, it cannot begin."""
    with serving(tmp_path) as running, running.client() as client:
        with exclusive(tmp_path / "public"):
            job = ask(client, digest_of()).json()
            time.sleep(0.7)
            assert client.get(job["urls"]["self"]).json()["state"] == "queued"
        assert finished(client, job)["state"] == "done"


def test_no_file_takes_an_endpoints_place(quick: Serving) -> None:
    """A file beside them is served, also below a name of theirs that no endpoint has."""
    names = ("docs", "healthz", "metrics", "openapi.json", "readyz", "api/jobs", "page/page.js", "docs2", "page.txt")
    with quick.client() as client:
        before = {name: client.get(f"/{name}").headers["content-type"] for name in names}
        for name in names:
            path = quick.root / "public" / name
            path.parent.mkdir(exist_ok=True)
            path.write_text("a file")
        for name in names[:-2]:
            answer = client.get(f"/{name}")
            assert (answer.headers["content-type"], answer.text == "a file") == (before[name], False), name
        assert [client.get(f"/{name}").text for name in names[-2:]] == ["a file", "a file"]
        assert client.post("/docs2").status_code == 405


def test_an_engine_that_fails_fails_the_job_with_its_reason(tmp_path: Path) -> None:
    studio = ToneStudio(tmp_path, fault="unavailable")
    with serving(tmp_path, studio=studio) as running, running.client() as client:
        over = finished(client, ask(client, digest_of()).json())
        assert over["state"] == "failed"
        assert "the tone engine does not answer" in str(over["problem"])
        assert files(tmp_path / "public") == set()
        assert 'podcast_engine_faults_total{reason="EngineUnavailable"} 1.0' in client.get("/metrics").text


def test_a_job_that_takes_too_long_is_ended_and_the_next_is_made(tmp_path: Path) -> None:
    studio = ToneStudio(tmp_path, delay_seconds=0.4)
    with serving(tmp_path, studio=studio, limits=Limits(job_seconds=1.0)) as running, running.client() as client:
        over = finished(client, ask(client, digest_of(items=9)).json())
        assert (over["state"], over["problem"]) == ("failed", "it took longer than 1 seconds")
        assert files(tmp_path / "public") == set()
        assert finished(client, ask(client, digest_of("2026-03-03")).json())["started"]


def test_finished_jobs_are_forgotten_after_a_while(tmp_path: Path) -> None:
    limits = Limits(keep_seconds=0.5, poll_seconds=0.1)
    with serving(tmp_path, limits=limits) as running, running.client() as client:
        job = ask(client, digest_of()).json()
        assert finished(client, job)["state"] == "done"
        while client.get(job["urls"]["self"]).status_code == 200:
            time.sleep(0.05)
        assert client.get(job["urls"]["audio"]).status_code == 200  # the episode is not
        assert ask(client, digest_of()).status_code == 202


def test_watched_digests_are_made_once_they_are_whole(tmp_path: Path) -> None:
    content = tmp_path / "content"
    content.mkdir()
    limits = Limits(poll_seconds=0.2)
    with serving(tmp_path, content=content, watch=True, limits=limits) as running, running.client() as client:
        whole = digest_of("2026-07-01")
        part = whole[: whole.index("2.  [")]  # by itself a digest too
        path = content / "2026-07-01.md"
        for _ in range(10):  # as a slow copy grows: no two looks see the same
            path.write_text(part, encoding="utf-8")
            os.utime(path, ns=(time.time_ns(), time.time_ns()))
            time.sleep(0.1)
        path.write_text(whole, encoding="utf-8")
        while not (jobs := client.get("/api/jobs").json()["jobs"]):
            time.sleep(0.05)
        assert finished(client, jobs[0])["state"] == "done"
        assert len(client.get("/api/jobs").json()["jobs"]) == 1
        record = json.loads((tmp_path / "public" / "episodes" / "2026-07-01" / "episode.json").read_text())
        assert record["source"] == "2026-07-01.md"
        assert any("第2号" in chapter["title"] for chapter in record["chapters"])
