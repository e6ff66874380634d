"""The queue on disk."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from podcast.serve.jobs import Job, Store, job_id

PUBLISHED = datetime(2026, 3, 2, 8, 0, tzinfo=ZoneInfo("Asia/Shanghai"))


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with closing(Store(tmp_path / "jobs.sqlite3")) as store:
        yield store


def job(text: bytes = b"one", episode: str = "2026-03-02") -> Job:
    return Job(job_id(text), "2026-03-02.md", episode, "早报", PUBLISHED, created=1.0)


def test_what_was_added_is_there_for_the_next_server(store: Store, tmp_path: Path) -> None:
    added = store.add(job(), b"one")
    with closing(Store(tmp_path / "jobs.sqlite3")) as other:
        assert other.get(added.id) == added
        assert other.text(added.id) == b"one"
        assert other.active() == [added]


def test_jobs_keep_the_order_in_which_they_were_accepted(store: Store) -> None:
    texts = [b"one", b"two", b"three"]
    added = [store.add(job(text, f"2026-03-0{place}"), text) for place, text in enumerate(texts, 1)]
    assert store.active() == added
    assert store.newest(2) == [added[2], added[1]]


def test_an_episode_has_one_job_in_work(store: Store) -> None:
    store.add(job(), b"one")
    with pytest.raises(sqlite3.IntegrityError):
        store.add(job(b"two"), b"two")
    assert [each.id for each in store.active()] == [job_id(b"one")]


def test_a_job_that_is_over_makes_room_for_another_of_its_episode(store: Store) -> None:
    store.put(replace(store.add(job(), b"one"), state="done", finished=2.0))
    store.add(job(b"two"), b"two")
    assert store.counts() == {"queued": 1, "running": 0, "done": 1, "failed": 0, "cancelled": 0}
    newest = store.of_episode("2026-03-02")
    assert newest is not None
    assert newest.id == job_id(b"two")


def test_a_failed_job_asked_for_again_is_the_last_in_the_queue(store: Store) -> None:
    first = store.add(job(), b"one")
    store.put(replace(first, state="failed", finished=2.0, problem="no engine", error="EngineUnavailable"))
    other = store.add(job(b"two", "2026-03-03"), b"two")
    again = store.add(job(), b"one")
    assert [each.id for each in store.active()] == [other.id, again.id]
    assert again.problem == ""


def test_a_job_in_work_is_not_replaced(store: Store) -> None:
    store.put(replace(store.add(job(), b"one"), state="running"))
    with pytest.raises(sqlite3.IntegrityError):
        store.add(job(), b"one")
    [found] = store.active()
    assert found.state == "running"


def test_jobs_that_have_long_been_over_are_forgotten_and_no_others(store: Store) -> None:
    old = replace(store.add(job(), b"one"), state="done", finished=10.0)
    new = replace(store.add(job(b"two", "2026-03-03"), b"two"), state="failed", finished=30.0)
    waiting = store.add(job(b"three", "2026-03-04"), b"three")
    store.put(old)
    store.put(new)
    assert store.forget(finished_before=20.0) == [old.id]
    assert {each.id for each in store.newest(9)} == {new.id, waiting.id}
