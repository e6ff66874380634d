"""The published folder: what appears in it, when, and what never does."""

from __future__ import annotations

import dataclasses
import json
import os
import shutil
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from PIL import Image

from podcast.config import load_config
from podcast.errors import ConfigError, InputError, QualityError, SetupError
from podcast.models import Show
from podcast.production import show as configured_show
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


def test_a_further_episode_writes_only_what_changes(public: Path, show: Show, write: Publish) -> None:
    """Its own files, the page of the one before it, the lists and the feed."""
    for day in ("2025-11-03", "2025-11-04", "2025-11-05"):
        write(make_digest(day, day))
    publish_show(public, show)
    before = snapshot(public)
    write(make_digest("2025-11-06", "新的"))
    publish_show(public, show)
    after = snapshot(public)
    written = {name for name in after if after[name] != before.get(name)}
    assert {name for name in written if not name.startswith("episodes/2025-11-06/")} == {
        ".fingerprints.json",
        "archive/2025.html",
        "episodes/2025-11-05/index.html",
        "feed.xml",
        "index.html",
        "sitemap.xml",
    }


@pytest.mark.parametrize("fingerprints", ["", "{", "[]", "null"])
def test_fingerprints_say_nothing_that_is_not_in_the_folder(
    public: Path, show: Show, write: Publish, fingerprints: str
) -> None:
    """Without them, or with damaged ones, nothing but they themselves is written."""
    write(make_digest())
    publish_show(public, show)
    before = snapshot(public)
    (public / ".fingerprints.json").write_text(fingerprints)
    publish_show(public, show)
    after = snapshot(public)
    assert after.pop(".fingerprints.json")[1] == before.pop(".fingerprints.json")[1]
    assert after == before


@pytest.mark.parametrize(
    "name",
    [
        "episodes/2025-11-04/index.html",
        "episodes/2025-11-04/transcript.vtt",
        "episodes/2025-11-04/chapters.json",
        "archive/2025.html",
        "feed.xml",
    ],
)
@pytest.mark.parametrize("damage", ["edited", "gone"])
def test_a_derived_file_that_was_changed_is_made_again(
    public: Path, show: Show, write: Publish, name: str, damage: str
) -> None:
    write(make_digest())
    publish_show(public, show)
    content = (public / name).read_bytes()
    if damage == "gone":
        (public / name).unlink()
    else:
        edited = content.replace("科技".encode(), "财经".encode())
        assert edited != content
        (public / name).write_bytes(edited)
    publish_show(public, show)
    assert (public / name).read_bytes() == content


def test_a_changed_show_or_record_changes_what_is_made_of_it(public: Path, show: Show, write: Publish) -> None:
    write(make_digest())
    publish_show(public, show)
    publish_show(public, dataclasses.replace(show, disclosure="这是 AI 合成的声音。"))
    names = ("feed.xml", "episodes/2025-11-04/index.html")
    for name in names:
        assert "这是 AI 合成的声音。" in (public / name).read_text()
    record = public / "episodes/2025-11-04/episode.json"
    record.write_text(json.dumps(json.loads(record.read_text()) | {"title": "改了"}))
    publish_show(public, show)
    for name in names:
        assert "改了" in (public / name).read_text()


def test_feed_and_pages_are_made_again_from_the_records_alone(public: Path, show: Show, write: Publish) -> None:
    write(make_digest())
    write(make_digest("2025-11-05", "第二天"))
    publish_show(public, show)
    before = {name: content for name, (_, content) in snapshot(public).items()}
    for name in before:
        if not name.endswith((".mp3", "episode.json", "script.md", "readings.md", "notes.txt", "waveform.svg")):
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


def test_an_audio_file_that_passed_is_looked_at_again_once_it_is_touched(
    public: Path, show: Show, write: Publish
) -> None:
    """Of the same length, and with its old time: a copy put back from elsewhere, or a disk that failed."""
    write(make_digest())
    publish_show(public, show)
    audio = public / "episodes/2025-11-04/2025-11-04.mp3"
    data, before = audio.read_bytes(), audio.stat()
    audio.write_bytes(data[: len(data) // 2] + bytes(len(data) - len(data) // 2))
    os.utime(audio, ns=(before.st_atime_ns, before.st_mtime_ns))
    with pytest.raises(QualityError, match=r"2025-11-04\.mp3"):
        publish_show(public, show)
    audio.write_bytes(data)
    publish_show(public, show)


def test_a_picture_of_its_own_that_apple_rejects_keeps_the_old_feed(public: Path, show: Show, write: Publish) -> None:
    write(make_digest())
    publish_show(public, show)
    Image.new("RGB", (300, 300)).save(public / "episodes/2025-11-04/cover.jpg")
    with pytest.raises(QualityError, match="its own picture is 300 x 300 px"):
        publish_show(public, show)


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
    found = [str(problem) for problem in check_public(public, show)]
    assert any("loudness is -20.0" in problem for problem in found)
    assert any("cue 1 (0.000 to 900.000 s)" in problem for problem in found)
    assert any("transcript.vtt" in problem for problem in found)  # it no longer says what the record says
    assert {problem.split(":")[0] for problem in found} == {"2025-11-04"}


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


def test_the_feed_says_what_podcast_toml_says_of_persons(public: Path, write: Publish, tmp_path: Path) -> None:
    """Names that are not given are the built-in ones; the author is that of the show."""
    settings = """
        [show]
        author = "编辑部"
        voice_label = "合成语音"
        [show.persons.anchor]
        name = "小播"
        img = "https://pod.example/xiaobo.png"
        [show.persons.commentator]
        href = "https://pod.example/laoping"
        [show.txt]
        applepodcastsverify = "05124"
    """
    (tmp_path / "podcast.toml").write_text(settings)
    about = configured_show(
        load_config(tmp_path / "podcast.toml", {"PODCAST_SHOW__PERSONS__AUTHOR__HREF": "https://a.b/"})
    )
    write(make_digest(), to=about)
    found = channel(publish_show(public, about))
    assert [(person.text, person.attrib) for person in found.findall(f"{{{PODCAST}}}person")] == [
        ("小播（合成语音）", {"role": "host", "group": "cast", "img": "https://pod.example/xiaobo.png"}),
        ("评论员（合成语音）", {"role": "co-host", "group": "cast", "href": "https://pod.example/laoping"}),
        ("编辑部", {"role": "author", "group": "writing", "href": "https://a.b/"}),
    ]
    assert found.findtext(f"{{{PODCAST}}}txt[@purpose='applepodcastsverify']") == "05124"
    assert "<v 小播>" in (public / "episodes/2025-11-04/transcript.vtt").read_text()


def test_a_folder_that_cannot_be_made_is_said_early(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(SetupError, match="cannot be"):
        prepare_public(tmp_path / "file" / "public")
