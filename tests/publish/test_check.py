"""The gate: every fault keeps the old feed byte for byte, and one line says what and which."""

from __future__ import annotations

import dataclasses
import json
import math
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from mutagen.id3 import ID3, TIT2

from podcast.errors import QualityError
from podcast.models import Show
from podcast.publish import check_public, publish_show
from podcast.publish.check import checksum, document_problems, episode_problems, guid_problems, longest_silence
from podcast.publish.episode import read_episodes
from podcast.publish.frames import walk
from podcast.publish.record import read_record
from tests.publish.shows import Publish, ffmpeg, make_digest, make_show, write_tone

DAY = "2025-11-05"
Damage = Callable[[Path], object]  # of the episode's folder


def audio(folder: Path) -> Path:
    return folder / f"{DAY}.mp3"


def changed(change: Callable[[bytes], bytes], *, unnoticed: bool = False) -> Damage:
    """Change the MP3; `unnoticed`: its length and checksum in the record as well."""

    def damage(folder: Path) -> None:
        data = change(audio(folder).read_bytes())
        audio(folder).write_bytes(data)
        if unnoticed:
            in_record(audio_sha256=checksum(data))(folder)
            values = json.loads((folder / "episode.json").read_text())
            in_record(enclosure=values["enclosure"] | {"length_bytes": len(data)})(folder)

    return damage


def in_record(**values: Any) -> Damage:
    """Change the record, as a wrong hand or another program would."""

    def damage(folder: Path) -> None:
        path = folder / "episode.json"
        path.write_text(json.dumps(json.loads(path.read_text()) | values))

    return damage


def in_chapter(place: int, **values: Any) -> Damage:
    def damage(folder: Path) -> None:
        chapters = json.loads((folder / "episode.json").read_text())["chapters"]
        chapters[place] |= values
        in_record(chapters=chapters)(folder)

    return damage


def in_cue(place: int, **values: Any) -> Damage:
    def damage(folder: Path) -> None:
        cues = json.loads((folder / "episode.json").read_text())["cues"]
        cues[place] |= values
        in_record(cues=cues)(folder)

    return damage


def tagged(change: Callable[[ID3], object]) -> Damage:
    """Change the ID3 tag, and tell the record, so that only the chapters can give it away."""

    def damage(folder: Path) -> None:
        tag = ID3(audio(folder))
        change(tag)
        tag.save(audio(folder))
        changed(bytes, unnoticed=True)(folder)

    return damage


def another_recording(folder: Path) -> None:
    """A sound MP3 of the same length in bytes and seconds, with the same tag."""
    data = audio(folder).read_bytes()
    other = folder / "other.mp3"
    ffmpeg("-f", "lavfi", "-i", "sine=frequency=330:sample_rate=44100:duration=60", "-b:a", "64k", str(other))
    old, new = walk(data), walk(other.read_bytes())
    assert (new.frames, new.duration_seconds) == (old.frames, old.duration_seconds)
    audio(folder).write_bytes(data[: old.tag_bytes] + other.read_bytes()[new.tag_bytes :])
    other.unlink()


def middle(data: bytes, size: int, byte: bytes = b"\x55") -> bytes:
    half = len(data) // 2
    return data[:half] + byte * size + data[half + size :]


def inside_a_frame(data: bytes) -> bytes:
    """Garbage that touches no frame's header."""
    header = data.index(b"\xff\xfb", len(data) // 2)
    return data[: header + 50] + bytes(20) + data[header + 70 :]


def without_a_frame(data: bytes) -> bytes:
    """A hundred whole frames gone from the end: every header left is right, and so is the record."""
    for _ in range(100):
        data = data[: data.rindex(b"\xff\xfb")]
    return data


def move_first_chapter(tag: ID3) -> None:
    tag["CHAP:ch0"].start_time += 2


def rename_second_chapter(tag: ID3) -> None:
    tag["CHAP:ch1"].sub_frames["TIT2"] = TIT2(text=["另一个名字"])


def swap_in_contents(tag: ID3) -> None:
    names = tag.getall("CTOC")[0].child_element_ids
    names[1], names[2] = names[2], names[1]


def drop_chapter(tag: ID3) -> None:
    del tag["CHAP:ch2"]


REFUSED: dict[str, tuple[Damage, str]] = {
    "missing": (lambda folder: audio(folder).unlink(), "mp3 is not there"),
    "zero bytes": (lambda folder: audio(folder).write_bytes(b""), "mp3 is empty"),
    "a folder in its place": (lambda folder: (audio(folder).unlink(), audio(folder).mkdir()), "mp3 cannot be read"),
    "truncated": (changed(lambda data: data[:-5000]), "the record says"),
    "truncated, record and all": (changed(lambda data: data[:-5000], unnoticed=True), "are no frames"),
    "frames cut off, record and all": (changed(without_a_frame, unnoticed=True), "its header promises 2298"),
    "grown": (changed(lambda data: data + bytes(700)), "the record says"),
    "grown, record and all": (changed(lambda data: data + bytes(700), unnoticed=True), "700 bytes from byte"),
    "joined with another": (changed(lambda data: data + data, unnoticed=True), "are no frames"),
    "replaced by a page": (changed(lambda data: b"<html>" + bytes(len(data) - 6)), "SHA-256 is another"),
    "replaced by a page, record and all": (
        changed(lambda data: b"<html>" + bytes(len(data) - 6), unnoticed=True),
        "is no readable MP3: no MP3 frame at byte 0",
    ),
    "replaced by another recording": (another_recording, "SHA-256 is another"),
    "garbage in the middle": (changed(lambda data: middle(data, 2000)), "SHA-256 is another"),
    "garbage in the middle, record and all": (
        changed(lambda data: middle(data, 2000), unnoticed=True),
        "is damaged after 29.",
    ),
    "garbage inside one frame": (changed(inside_a_frame), "SHA-256 is another"),
    "zeros at the end": (changed(lambda data: data[:-4096] + bytes(4096), unnoticed=True), "are no frames"),
    "ID3 stripped": (changed(lambda data: data[walk(data).tag_bytes :]), "the record says"),
    "ID3 stripped, record and all": (
        changed(lambda data: data[walk(data).tag_bytes :], unnoticed=True),
        "has 0 chapters in its ID3 tag, not 7",
    ),
    "ID3 chapter at another time": (tagged(move_first_chapter), "has chapter 1 from 0.002 to"),
    "ID3 chapter with another title": (tagged(rename_second_chapter), "calls chapter 2 “另一个名字” in its ID3 tag"),
    "ID3 chapters in another order": (tagged(swap_in_contents), "has chapter 2 from"),
    "ID3 chapter gone": (tagged(drop_chapter), "does not list each chapter (CHAP) once"),
    "chapter of the record moved": (in_chapter(1, end_seconds=30.5), "chapter 2 from"),
    "chapter of the record renamed": (in_chapter(1, title="又一个名字"), "not “又一个名字”"),
    "chapters overlap": (in_chapter(1, end_seconds=31.0), "chapter 3 (30.000 to 36.000 s) begins before the one"),
    "chapter outside": (in_chapter(-1, end_seconds=70.0), "ends after the audio (60.000 s)"),
    "no chapter at 0": (in_chapter(0, start_seconds=1.0), "no chapter begins at 0"),
    "no chapters": (in_record(chapters=[]), "no chapter begins at 0"),
    "cue outside": (in_cue(-1, end_seconds=61.0), "ends after the audio (60.000 s)"),
    "cue before the one before it": (in_cue(1, start_seconds=0.5), "cue 2 (0.500 to"),
    "cue without a length": (in_cue(0, end_seconds=0.0), "cue 1 (0.000 to 0.000 s) has no length"),
    "cue at no time": (in_cue(0, start_seconds=math.nan), "cue 1 (nan to"),
    "no cues": (in_record(cues=[]), "the transcript is empty"),
    "wrong duration": (in_record(duration_seconds=63.0), "plays 60.00 s, the record says 63.00 s"),
    "no duration": (in_record(duration_seconds=math.nan), "the record says nan s"),
    "loudness off": (in_record(loudness_lufs=-17.2), "loudness is -17.2 LUFS, wanted -16 ±1"),
    "loudness unknown": (in_record(loudness_lufs=math.nan), "loudness is nan LUFS"),
    "true peak over the ceiling": (in_record(true_peak_dbtp=-0.4), "true peak is -0.40 dBTP, allowed -1.0"),
    "silent stretch": (in_record(longest_silence_seconds=2.6), "is silent for 2.6 s, allowed 2.5"),
    "wrong enclosure length": (
        in_record(enclosure={"url": f"episodes/{DAY}/{DAY}.mp3", "length_bytes": 7, "type": "audio/mpeg"}),
        "bytes, the record says 7",
    ),
    "guid changed": (in_record(guid="another"), "its guid was"),
}  # fmt: skip


@pytest.fixture(scope="module")
def published(tone: Path, cover: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A published folder of two episodes."""
    public = tmp_path_factory.mktemp("published") / "public"
    show = make_show(cover)
    write_tone(public, make_digest(), show, tone)
    write_tone(public, make_digest(DAY, "第二天"), show, tone)
    publish_show(public, show)
    return public


@pytest.fixture
def two(published: Path, tmp_path: Path) -> Path:
    """The folder, to be damaged."""
    return Path(shutil.copytree(published, tmp_path / "two"))


def listing(public: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in sorted(public.rglob("*")) if path.is_file()}


@pytest.mark.parametrize(("damage", "words"), REFUSED.values(), ids=REFUSED.keys())
def test_a_fault_keeps_the_old_feed_and_is_named_in_one_line(two: Path, show: Show, damage: Damage, words: str) -> None:
    damage(two / "episodes" / DAY)
    before = listing(two)
    with pytest.raises(QualityError) as caught:
        publish_show(two, dataclasses.replace(show, description="Anders."))  # the feed would be another one
    assert caught.value.exit_status == 4
    line = str(caught.value).splitlines()[0]
    assert line.startswith(f"{DAY}: ")
    assert listing(two) == before
    problems = check_public(two, show)
    assert {problem.where for problem in problems} == {DAY}
    assert any(words in problem.what for problem in problems), problems
    assert line.partition(" (and")[0] == str(problems[0])


def rewritten(name: str, change: Callable[[str], str]) -> Damage:
    def damage(folder: Path) -> None:
        path = folder / name
        path.write_text(change(path.read_text()))

    return damage


MENDED: dict[str, tuple[Damage, str]] = {
    **{
        f"{name} {fault}": (damage, f"{name} {words}")
        for name in ("chapters.json", "transcript.vtt", "transcript.srt", "transcript.json")
        for fault, damage, words in (
            ("missing", lambda folder, name=name: (folder / name).unlink(), "is not there"),
            ("empty", lambda folder, name=name: (folder / name).write_bytes(b""), "is empty"),
            ("cut", rewritten(name, lambda text: text[: len(text) // 2]), ""),
        )
    },
    "chapters.json renamed": (
        rewritten("chapters.json", lambda text: text.replace("今日概览", "概览")),
        "chapters.json has another chapter 2 than the record",
    ),
    "chapters.json without a source": (
        rewritten("chapters.json", lambda text: text.replace("https://news.example/chip", "https://else.example/")),
        "chapters.json has another chapter 3 than the record",
    ),
    "VTT says another word": (
        rewritten("transcript.vtt", lambda text: text.replace("感谢收听", "谢谢收听")),
        "transcript.vtt: does not say cue",
    ),
    "VTT at another time": (
        rewritten("transcript.vtt", lambda text: text.replace("00:00:00.000 -->", "00:00:00.500 -->")),
        "transcript.vtt: says cue 1 at another time",
    ),
    "VTT no VTT": (rewritten("transcript.vtt", lambda text: text[3:]), "transcript.vtt does not begin with WEBVTT"),
    "SRT without a time": (
        rewritten("transcript.srt", lambda text: text.replace("-->", "->", 1)),
        "transcript.srt has no times where a caption should be",
    ),
    "SRT says more": (
        rewritten("transcript.srt", lambda text: text + "\n99\n00:00:59,000 --> 00:00:59,900\n再见。\n"),
        "transcript.srt: has 1 captions more than the record",
    ),
    "JSON without a segment": (
        rewritten("transcript.json", lambda text: json.dumps({"segments": json.loads(text)["segments"][1:]})),
        "transcript.json: does not say cue 1",
    ),
    "JSON with words for a time": (
        rewritten("transcript.json", lambda text: text.replace('"startTime": 0.0', '"startTime": "0"')),
        "startTime is '0', no number",
    ),
}


@pytest.mark.parametrize(("damage", "words"), MENDED.values(), ids=MENDED.keys())
def test_what_the_record_says_too_is_named_and_made_again(two: Path, show: Show, damage: Damage, words: str) -> None:
    """Chapters and transcripts are made again from the record before the feed is replaced: nothing is lost."""
    folder = two / "episodes" / DAY
    before = listing(two)
    damage(folder)
    (episode,) = (episode for episode in read_episodes(two) if episode.id == DAY)
    problems = document_problems(episode, folder)
    assert {problem.where for problem in problems} == {DAY}
    assert any(words in problem.what for problem in problems), problems
    publish_show(two, show)
    assert listing(two) == before
    assert document_problems(episode, folder) == []


def test_a_good_folder_has_no_problem(two: Path, show: Show) -> None:
    assert check_public(two, show) == []
    assert [document_problems(each, two / "episodes" / each.id) for each in read_episodes(two)] == [[], []]


def test_two_episodes_with_one_guid_are_both_named(two: Path) -> None:
    first, second = read_episodes(two)
    (problem,) = guid_problems([first, dataclasses.replace(second, guid=first.guid)], {})
    assert str(problem) == f"{second.id}: has the same guid as {first.id}: {first.guid}"


def test_titles_that_the_tag_had_to_shorten_are_the_same(two: Path) -> None:
    path = two / "episodes" / DAY / f"{DAY}.mp3"
    episode = read_record(path.parent / "episode.json")
    long = "一条很长的标题" * 12
    tag = ID3(path)
    tag["CHAP:ch1"].sub_frames["TIT2"] = TIT2(text=[long[:50] + "…"])
    tag.save(path)
    enclosure = dataclasses.replace(episode.enclosure, length_bytes=path.stat().st_size)
    chapters = (episode.chapters[0], dataclasses.replace(episode.chapters[1], title=long), *episode.chapters[2:])
    episode = dataclasses.replace(episode, enclosure=enclosure, audio_sha256="", chapters=chapters)
    assert episode_problems(episode, path) == []
    other = (chapters[0], dataclasses.replace(chapters[1], title="另" + long), *chapters[2:])
    assert "calls chapter 2" in episode_problems(dataclasses.replace(episode, chapters=other), path)[0].what


def test_a_record_of_an_earlier_version_passes_without_checksum_and_silence(two: Path, show: Show) -> None:
    path = two / "episodes" / DAY / "episode.json"
    values = json.loads(path.read_text())
    assert len(values["audio_sha256"]) == 64
    for name in ("audio_sha256", "longest_silence_seconds"):
        del values[name]
    path.write_text(json.dumps(values))
    assert check_public(two, show) == []


def test_silence_is_measured_when_an_episode_is_written(write: Publish, public: Path) -> None:
    quiet = [0.5] * 1000 + [0.003] * 92 + [0.5] * 1206  # 92 frames of 26 ms under -50 dBFS: 2.4 s
    assert write(make_digest(), peaks=tuple(quiet)).longest_silence_seconds == pytest.approx(2.4, abs=0.01)
    silent = [0.5] * 1000 + [0.003] * 120 + [0.5] * 1178
    with pytest.raises(QualityError, match=r"is silent for 3\.1 s, allowed 2\.5"):
        write(make_digest(DAY), peaks=tuple(silent))
    assert not (public / "episodes" / DAY).exists()


@pytest.mark.parametrize(
    ("peaks", "seconds"),
    [
        ((), 0.0),
        ((0.5, 0.5), 0.0),
        ((0.0, 0.0, 0.5, 0.0), 2.0),
        ((0.5, 0.0031, 0.0032, 0.0), 1.0),  # -50.2 dBFS is silence, -49.9 is not
        ((0.0,) * 4, 4.0),
    ],
)
def test_the_longest_silence_is_the_longest_run_of_quiet_frames(peaks: tuple[float, ...], seconds: float) -> None:
    assert longest_silence(peaks, float(len(peaks))) == seconds


@pytest.mark.parametrize(
    "options",
    [
        ("-ar", "44100", "-b:a", "128k", "-ac", "2"),
        ("-ar", "48000", "-q:a", "4"),
        ("-ar", "22050", "-b:a", "32k"),
        ("-ar", "11025", "-q:a", "6"),
        ("-ar", "44100", "-b:a", "96k", "-write_id3v1", "1"),
        ("-ar", "32000", "-b:a", "320k", "-abr", "1"),
    ],
)
def test_frames_of_every_kind_are_walked_to_the_end(tmp_path: Path, options: tuple[str, ...]) -> None:
    path = tmp_path / "tone.mp3"
    ffmpeg("-f", "lavfi", "-i", "anoisesrc=duration=4:amplitude=0.3", *options, str(path))
    stream = walk(path.read_bytes())
    assert stream.is_whole
    assert stream.frames == stream.promised_frames
    assert stream.duration_seconds == pytest.approx(4, abs=0.001)
    half = walk(path.read_bytes()[: path.stat().st_size // 2])
    assert not half.is_whole or "-write_id3v1" in options
    assert half.duration_seconds < 3


def test_a_file_with_no_frame_is_said_to_have_none(tmp_path: Path) -> None:
    for data in (b"", b"ID3", b"ID3\x04\0\0\0\0\x01\0" + bytes(64), b"\xff\xfb", bytes(1000)):
        with pytest.raises(ValueError, match="no MP3 frame at byte"):
            walk(data)


def test_a_copied_folder_is_as_good_as_the_first(two: Path, show: Show, tmp_path: Path) -> None:
    assert check_public(Path(shutil.copytree(two, tmp_path / "copy")), show) == []
