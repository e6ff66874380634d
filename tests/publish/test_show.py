"""The published folder: what appears in it, when, and what never does."""

from __future__ import annotations

import dataclasses
import json
import os
import shutil
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from podcast.errors import ConfigError, InputError, QualityError, SetupError
from podcast.models import Show
from podcast.publish import check_public, prepare_public, publish_show
from podcast.publish.namespace import PODCAST
from tests.publish.shows import Publish, make_digest


def channel(feed: Path) -> ET.Element:
    found = ET.parse(feed).getroot().find("channel")
    assert found is not None
    return found


def guids(feed: Path) -> list[str | None]:
    return [item.findtext("guid") for item in channel(feed).findall("item")]


def snapshot(public: Path) -> dict[str, tuple[int, bytes]]:
    return {
        str(path.relative_to(public)): (path.stat().st_mtime_ns, path.read_bytes())
        for path in sorted(public.rglob("*"))
        if path.is_file()
    }


def test_two_digests_are_two_episodes_newest_first(public: Path, show: Show, write: Publish) -> None:
    write(make_digest("2025-11-05", "第二天"))
    write(make_digest("2025-11-04", "第一天"))
    feed = publish_show(public, show)
    assert [item.findtext("title") for item in channel(feed).findall("item")] == ["第二天", "第一天"]
    assert feed == public / "feed.xml"


def test_an_unchanged_show_is_not_written_again(public: Path, show: Show, write: Publish) -> None:
    write(make_digest())
    publish_show(public, show)
    before = snapshot(public)
    publish_show(public, show)
    assert snapshot(public) == before


def test_feed_and_pages_are_made_again_from_the_records_alone(public: Path, show: Show, write: Publish) -> None:
    write(make_digest())
    write(make_digest("2025-11-05", "第二天"))
    publish_show(public, show)
    before = {name: content for name, (_, content) in snapshot(public).items()}
    for name in before:
        if not name.endswith((".mp3", "episode.json", "script.md", "notes.txt", "waveform.svg")):
            (public / name).unlink()
    publish_show(public, show)
    assert {name: content for name, (_, content) in snapshot(public).items()} == before


def test_an_episode_keeps_its_guid_when_title_audio_and_address_change(
    public: Path, show: Show, write: Publish
) -> None:
    write(make_digest())
    before = channel(publish_show(public, show))
    moved = dataclasses.replace(show, base_url="https://elsewhere.example/")
    write(make_digest(title="改了标题"), to=moved, true_peak_dbtp=-2.0)
    after = channel(publish_show(public, moved))
    assert [item.findtext("title") for item in after.findall("item")] == ["改了标题"]
    assert [item.findtext("guid") for item in after.findall("item")] == [
        item.findtext("guid") for item in before.findall("item")
    ]
    assert after.findtext(f"{{{PODCAST}}}guid") == before.findtext(f"{{{PODCAST}}}guid")


@pytest.mark.parametrize("damage", ["cut", "gone", "noise"])
def test_a_damaged_audio_file_keeps_the_old_feed(public: Path, show: Show, write: Publish, damage: str) -> None:
    write(make_digest())
    feed = publish_show(public, show)
    write(make_digest("2025-11-05", "第二天"))
    audio = public / "episodes/2025-11-05/2025-11-05.mp3"
    if damage == "gone":
        audio.unlink()
    else:
        data = audio.read_bytes()
        audio.write_bytes(data[: len(data) // 2] if damage == "cut" else bytes(len(data)))
    before = snapshot(public)
    with pytest.raises(QualityError, match=r"2025-11-05\.mp3") as caught:
        publish_show(public, show)
    assert caught.value.exit_status == 4
    assert str(caught.value).startswith("2025-11-05: ")
    assert snapshot(public) == before
    assert len(guids(feed)) == 1


def test_a_changed_guid_keeps_the_old_feed(public: Path, show: Show, write: Publish) -> None:
    write(make_digest())
    publish_show(public, show)
    record = public / "episodes/2025-11-04/episode.json"
    record.write_text(json.dumps(json.loads(record.read_text()) | {"guid": "other"}))
    with pytest.raises(QualityError, match="its guid was"):
        publish_show(public, show)


def test_a_removed_episode_leaves_the_feed(public: Path, show: Show, write: Publish) -> None:
    write(make_digest())
    write(make_digest("2025-11-05", "第二天"))
    publish_show(public, show)
    shutil.rmtree(public / "episodes/2025-11-04")
    assert len(guids(publish_show(public, show))) == 1


def test_the_gate_lists_every_problem_without_raising(public: Path, show: Show, write: Publish) -> None:
    write(make_digest())
    record = public / "episodes/2025-11-04/episode.json"
    values = json.loads(record.read_text())
    values["loudness_lufs"] = -20.0
    values["cues"][0]["end_seconds"] = 900
    record.write_text(json.dumps(values))
    assert [problem.where for problem in check_public(public, show)] == ["2025-11-04"] * 2


def test_a_damaged_record_is_named(public: Path, show: Show, write: Publish) -> None:
    write(make_digest())
    record = public / "episodes/2025-11-04/episode.json"
    record.write_bytes(record.read_bytes()[:200])
    with pytest.raises(InputError, match=r"episode\.json: is damaged"):
        publish_show(public, show)


def test_a_folder_without_episodes_is_an_error(public: Path, show: Show) -> None:
    with pytest.raises(InputError, match="no episode"):
        publish_show(public, show)


def test_a_wrong_show_is_refused_before_anything_is_written(public: Path, show: Show, write: Publish) -> None:
    write(make_digest())
    before = snapshot(public)
    with pytest.raises(ConfigError):
        publish_show(public, dataclasses.replace(show, category=("Nachrichten",)))
    assert snapshot(public) == before


def test_what_a_killed_run_left_is_not_published(public: Path, show: Show, write: Publish) -> None:
    write(make_digest())
    shutil.copytree(public / "episodes/2025-11-04", public / "episodes/.2025-11-05.new")
    assert len(guids(publish_show(public, show))) == 1


def test_a_web_server_can_read_every_file(public: Path, show: Show, write: Publish) -> None:
    write(make_digest())
    publish_show(public, show)
    readable = 0o666 & ~current_umask()
    assert {path.stat().st_mode & 0o666 for path in public.rglob("*") if path.is_file()} == {readable}


def current_umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def test_a_folder_that_cannot_be_made_is_said_early(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(SetupError, match="cannot be"):
        prepare_public(tmp_path / "file" / "public")
