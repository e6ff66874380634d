"""The episode's folder and its name."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest

from podcast.errors import InputError, QualityError
from podcast.publish.episode import episode_id, read_episode, read_episodes
from podcast.publish.record import episode_json
from tests.publish.shows import Publish, make_digest

FILES = {
    "chapters.json",
    "episode.json",
    "notes.txt",
    "script.md",
    "readings.md",
    "transcript.json",
    "transcript.srt",
    "transcript.vtt",
    "waveform.svg",
}


def test_an_episode_is_one_folder_and_is_read_back_as_it_was(public: Path, write: Publish) -> None:
    episode = write(make_digest())
    names = {path.name for path in (public / "episodes/2025-11-04").iterdir()}
    assert names == FILES | {"2025-11-04.mp3"}
    assert read_episodes(public) == [episode]
    assert read_episode(public, "2025-11-04") == episode
    assert read_episode(public, "2025-11-05") is None


def test_the_same_input_gives_the_same_bytes(public: Path, write: Publish) -> None:
    folder = public / "episodes/2025-11-04"
    write(make_digest())
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    write(make_digest())
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


def test_the_first_digest_of_a_day_is_named_by_the_day(public: Path) -> None:
    assert episode_id(public, make_digest()) == "2025-11-04"


@pytest.mark.parametrize(
    ("source", "name"),
    [
        ("2025-11-04-evening", "2025-11-04-evening"),
        ("Evening News!", "2025-11-04-evening-news"),
        ("晚间", "2025-11-04-56a8f4f0"),
    ],
)
def test_a_second_digest_of_a_day_is_named_by_its_file(public: Path, write: Publish, source: str, name: str) -> None:
    write(make_digest())
    assert episode_id(public, make_digest(source=source)) == name


def test_the_same_file_is_the_same_episode_whatever_its_title(public: Path, write: Publish) -> None:
    first = write(make_digest())
    second = write(make_digest(source="evening", title="晚间"))
    assert first.id != second.id
    assert write(make_digest(source="evening", title="换了标题")).guid == second.guid
    assert write(make_digest(title="也换了标题")).guid == first.guid
    assert len(read_episodes(public)) == 2


def test_posts_named_index_are_told_apart_by_their_folders(public: Path, write: Publish) -> None:
    morning = dataclasses.replace(make_digest(), source=Path("/blog/morning/index.md"))
    evening = dataclasses.replace(make_digest(), source=Path("/blog/evening/index.md"))
    write(morning)
    assert episode_id(public, morning) == "2025-11-04"
    assert episode_id(public, evening) != "2025-11-04"


@pytest.mark.parametrize(
    ("master", "message"),
    [
        ({"loudness_lufs": -20.0}, "loudness is -20.0 LUFS"),
        ({"loudness_lufs": float("-inf")}, "loudness"),
        ({"true_peak_dbtp": -0.2}, "true peak is -0.20 dBTP"),
        ({"duration_seconds": 70.0}, "plays 60.0"),
        ({"duration_seconds": 50.0}, "plays 60.00 s, the record says 50.00 s"),
    ],
)
def test_an_episode_that_fails_its_checks_leaves_the_folder_as_it_was(
    public: Path, write: Publish, master: dict[str, float], message: str
) -> None:
    before = write(make_digest())
    with pytest.raises(QualityError, match=message):
        write(make_digest(title="新的"), **master)
    assert read_episodes(public) == [before]
    with pytest.raises(QualityError):
        write(make_digest("2025-11-05"), **master)
    assert [path.name for path in (public / "episodes").iterdir()] == ["2025-11-04"]


def test_chapters_are_json_chapters_with_sources(public: Path, write: Publish) -> None:
    write(make_digest())
    chapters = json.loads((public / "episodes/2025-11-04/chapters.json").read_text())
    assert chapters["version"] == "1.2.0"
    assert chapters["chapters"][0] == {"startTime": 0.0, "endTime": 6.0, "title": "开场"}
    assert chapters["chapters"][2]["url"] == "https://news.example/chip?a=1&b=2"
    assert [chapter.get("img") for chapter in chapters["chapters"][3:5]] == [None, "https://news.example/chip.png"]


def test_notes_name_every_item_source_figure_and_who_spoke(public: Path, write: Publish) -> None:
    digest = make_digest()
    episode = write(digest)
    plain = (public / "episodes/2025-11-04/notes.txt").read_text()
    for notes in (episode.show_notes, plain):
        for words in (*digest.overview, *digest.commentary, "论文", "图片：芯片照片", "表格：参数", "评论员 high"):
            assert words in notes
        assert "AI-generated voice" in notes
    assert '00:30 <a href="https://news.example/chip?a=1&amp;b=2">新芯片发布，功耗降低 30%</a>' in episode.show_notes
    assert "00:30 新芯片发布，功耗降低 30%\nhttps://news.example/chip?a=1&b=2" in plain


def test_the_script_can_be_read(public: Path, write: Publish) -> None:
    write(make_digest())
    assert (public / "episodes/2025-11-04/script.md").read_text() == "# 文稿\n"


@pytest.mark.parametrize(
    "change",
    [
        {"published": "2025-11-04T08:00:00"},
        {"published": "yesterday"},
        {"title": 7},
        {"duration_seconds": "long"},
        {"chapters": [{"title": "no times"}]},
        {"cues": 1},
        {"voices": None},
        {"enclosure": None},
    ],
)
def test_a_record_that_is_not_ours_is_named(public: Path, write: Publish, change: dict[str, object]) -> None:
    episode = write(make_digest())
    path = public / "episodes/2025-11-04/episode.json"
    path.write_text(json.dumps(json.loads(episode_json(episode)) | change))
    with pytest.raises(InputError, match=r"2025-11-04/episode\.json: "):
        read_episodes(public)


def test_a_record_lacking_a_field_says_which(public: Path, write: Publish) -> None:
    write(make_digest())
    path = public / "episodes/2025-11-04/episode.json"
    values = json.loads(path.read_text())
    del values["guid"]
    path.write_text(json.dumps(values))
    with pytest.raises(InputError, match="lacks 'guid'"):
        read_episodes(public)


def test_a_record_of_a_later_version_can_be_read(public: Path, write: Publish) -> None:
    episode = write(make_digest())
    path = public / "episodes/2025-11-04/episode.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"colour": "blue"}))
    assert read_episodes(public) == [episode]
