"""make_master(): an episode from clips, checked by what a player would hear and read."""

from __future__ import annotations

import io
import json
import math
import os
import re
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import mutagen
import numpy as np
import pytest
import soundfile
from hypothesis import HealthCheck, given, settings
from synthetic import Plan, narrations, write_clip, write_music, write_script

from podcast.audio import Music, Tags, Target, make_master
from podcast.audio.encoded import prune
from podcast.audio.loudness import loudness_of
from podcast.audio.peaks import true_peak
from podcast.errors import ConfigError, InputError, QualityError, SetupError
from podcast.models import Script

RATE_HZ = 44_100
PLANS = (
    Plan("opening", [[2.0, 1.5]]),
    Plan("overview", [[2.5]]),
    Plan("item", [[1.2], [0.25], [2.0, 1.5]]),
    Plan("item", [[1.8]]),
    Plan("commentary", [[2.0, 1.0]]),
    Plan("closing", [[1.5]]),
)
TAGS = Tags(
    title="十一月四日的消息",
    album="每日科技",
    artist="晓晓",
    album_artist="编辑部",
    date="2025-11-04",
    comment="本节目由合成语音播报。",
    lyrics="第一行\n第二行",
    url="https://example.org/episodes/2025-11-04/",
    feed_url="https://example.org/feed.xml",
    guid="2d1c",
    copyright="2025 编辑部",
)


@pytest.fixture(scope="module")
def music(tmp_path_factory) -> Music:
    folder = tmp_path_factory.mktemp("music")
    lengths = {"intro": 6.0, "outro": 6.0, "sting": 1.5, "bed": 3.0}
    return Music(**{name: write_music(folder / f"{name}.flac", seconds) for name, seconds in lengths.items()})


@pytest.fixture(scope="module")
def narration(tmp_path_factory):
    return write_script(tmp_path_factory.mktemp("clips"), PLANS)


@pytest.fixture(scope="module", params=[(1, 96, True), (2, 128, True), (1, 96, False), (2, 128, False)], ids=str)
def made(request, tmp_path_factory, narration, music):
    """(master, timeline, decoded samples), mono and stereo, with music and without."""
    channels, bitrate_kbps, with_music = request.param
    master, timeline = make_master(
        *narration,
        tmp_path_factory.mktemp("made") / "x.mp3",
        music=music if with_music else Music(),
        target=Target(channels=channels, bitrate_kbps=bitrate_kbps),
        tags=TAGS,
    )
    return master, timeline, soundfile.read(master.path, dtype="float32", always_2d=True)[0]


def measured(samples: np.ndarray) -> tuple[float, float]:
    """LUFS and dBTP."""
    sides = [np.ascontiguousarray(side) for side in samples.T]
    return loudness_of(sides, 44_100).integrated_lufs(), 20 * math.log10(max(true_peak(side) for side in sides))


def onset_seconds(samples: np.ndarray, near_seconds: float) -> float:
    """Where the sound sets in after the silence around a time: 1 ms frames, 30 dB under the sound that follows."""
    first = max(0, round((near_seconds - 0.1) * RATE_HZ))
    around = np.abs(samples[first : first + round(0.3 * RATE_HZ), 0])
    level = around[: len(around) // 44 * 44].reshape(-1, 44).max(axis=1)
    return (first + 44 * int(np.flatnonzero(level > level.max() * 10 ** (-30 / 20))[0])) / RATE_HZ


def test_loudness_and_peak_are_on_target_in_the_decoded_file(made):
    _, _, samples = made
    loudness, peak = measured(samples)
    assert loudness == pytest.approx(-16.0, abs=0.5)
    assert peak <= -1.0
    assert np.abs(samples).max() < 1.0


def test_the_figures_are_those_of_the_file(made):
    """What Master says is what the whole file measures, though it was measured in parts."""
    master, _, samples = made
    loudness, peak = measured(samples)
    assert master.loudness_lufs == pytest.approx(loudness, abs=0.02)
    assert master.true_peak_dbtp == pytest.approx(peak, abs=0.1)


def test_the_duration_is_exact_to_the_sample(made):
    master, timeline, samples = made
    assert round(master.duration_seconds * RATE_HZ) == len(samples)
    assert timeline.duration_seconds == master.duration_seconds
    assert mutagen.File(master.path).info.length == pytest.approx(master.duration_seconds, abs=1e-6)


def test_chapters_follow_one_another_over_the_whole(made, narration):
    _, timeline, _ = made
    script, _ = narration
    assert [chapter.title for chapter in timeline.chapters] == [segment.title for segment in script.segments]
    assert [chapter.url for chapter in timeline.chapters] == [segment.url for segment in script.segments]
    starts = [chapter.start_seconds for chapter in timeline.chapters]
    ends = [chapter.end_seconds for chapter in timeline.chapters]
    assert starts == [0.0, *ends[:-1]]
    assert ends[-1] == timeline.duration_seconds


def test_every_sentence_has_a_cue_inside_its_chapter(made, narration):
    _, timeline, _ = made
    script, clips = narration
    sentences = [(u.speaker, s.text) for u in script.utterances for s in u.sentences]
    assert [(cue.speaker, cue.text) for cue in timeline.cues] == sentences
    assert timeline.clips == tuple(clips)
    cues = iter(timeline.cues)
    for segment, chapter in zip(script.segments, timeline.chapters, strict=True):
        for _ in range(sum(len(utterance.sentences) for utterance in segment.utterances)):
            cue = next(cues)
            assert chapter.start_seconds <= cue.start_seconds < cue.end_seconds <= chapter.end_seconds


def test_no_silence_is_longer_than_two_and_a_half_seconds(made):
    _, _, samples = made
    window = RATE_HZ // 100
    level = np.abs(samples[: len(samples) // window * window, 0]).reshape(-1, window).max(axis=1)
    silent = np.flatnonzero(np.diff(np.concatenate(([0], (level < 10 ** (-50 / 20)).astype(int), [0])))).reshape(-1, 2)
    assert (silent[:, 1] - silent[:, 0]).max(initial=0) <= 250


def test_the_tag_says_what_was_given(made):
    master, timeline, _ = made
    tag = mutagen.File(master.path).tags
    assert tag.version == (2, 4, 0)
    values = {"TIT2": TAGS.title, "TALB": TAGS.album, "TPE1": TAGS.artist, "TPE2": TAGS.album_artist}
    values |= {"TDRC": TAGS.date, "TCON": "Podcast", "TCOP": TAGS.copyright, "TLAN": "zho"}
    values |= {"COMM::zho": TAGS.comment, "USLT::zho": TAGS.lyrics, "WFED": TAGS.feed_url, "TGID": TAGS.guid}
    values |= {"TLEN": str(round(timeline.duration_seconds * 1000))}
    assert {key: str(tag[key]) for key in values} == values
    assert tag.getall("WOAF")[0].url == TAGS.url
    assert tag.getall("PCST")[0].value == 1


def test_chapters_in_the_file_are_those_of_the_timeline(made):
    """In order of time as they stand in the file, to the millisecond, each with title and link."""
    master, timeline, _ = made
    tag = mutagen.File(master.path).tags
    frames = sorted(tag.getall("CHAP"), key=lambda frame: frame.element_id)
    assert len(frames) == len(timeline.chapters)
    data = master.path.read_bytes()
    in_the_file = re.findall(rb"CHAP.{6}(ch\d+)\0", data[: data.index(b"Info")], re.DOTALL)
    assert in_the_file == [frame.element_id.encode() for frame in frames]
    for frame, chapter in zip(frames, timeline.chapters, strict=True):
        assert frame.start_time == round(chapter.start_seconds * 1000)
        assert frame.end_time == round(chapter.end_seconds * 1000)
        assert str(frame.sub_frames["TIT2"]) == chapter.title
        links = [link.url for link in frame.sub_frames.getall("WXXX")]
        assert links == ([chapter.url] if chapter.url else [])
    (contents,) = tag.getall("CTOC")
    assert contents.child_element_ids == [frame.element_id for frame in frames]


@pytest.mark.skipif(not shutil.which("ffprobe"), reason="reads the file with ffprobe")
def test_ffprobe_reads_the_same_duration_and_chapters(made):
    master, timeline, _ = made
    command = ["ffprobe", "-v", "warning", "-show_chapters", "-show_format", "-of", "json", master.path]
    result = subprocess.run(command, capture_output=True, text=True, check=True)
    assert result.stderr == ""
    found = json.loads(result.stdout)
    assert float(found["format"]["duration"]) == pytest.approx(master.duration_seconds, abs=0.03)  # whole frames
    for chapter, expected in zip(found["chapters"], timeline.chapters, strict=True):
        assert float(chapter["start_time"]) == pytest.approx(expected.start_seconds, abs=0.001)
        assert float(chapter["end_time"]) == pytest.approx(expected.end_seconds, abs=0.001)
        assert chapter["tags"]["title"] == expected.title


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(narration=narrations())
def test_every_cue_is_where_its_speech_begins(tmp_path: Path, narration):
    """Within 20 ms, whatever the lengths, the engine's silences, level and rate; and the loudness is right."""
    plans, options = narration
    output = tmp_path / "x.mp3"
    _, timeline = make_master(
        *write_script(tmp_path, plans, **options), output, music=Music(), target=Target(), tags=Tags("t")
    )
    samples = soundfile.read(output, dtype="float32", always_2d=True)[0]
    assert len(samples) == round(timeline.duration_seconds * RATE_HZ)
    for cue in timeline.cues:
        assert onset_seconds(samples, cue.start_seconds) == pytest.approx(cue.start_seconds, abs=0.02)
    assert measured(samples)[0] == pytest.approx(-16.0, abs=0.5)


def test_loud_and_soft_clips_come_out_alike(tmp_path: Path):
    """Voices 20 dB apart, and clips of one voice 3 dB apart, within 1 LU; a short word does not shout."""
    script, clips = write_script(tmp_path, [Plan("item", [[3.0], [3.0], [0.2]]), Plan("commentary", [[3.0]])])
    for clip, gain, seed, seconds in zip(clips, (1.0, 0.7, 0.7, 0.1), range(4), (3.0, 3.0, 0.2, 3.0), strict=True):
        write_clip(tmp_path, clip.utterance_id, [seconds], gain=gain, seed=seed)
    master, timeline = make_master(script, clips, tmp_path / "x.mp3", music=Music(), target=Target(), tags=Tags("t"))
    samples = soundfile.read(master.path, dtype="float32", always_2d=True)[0]
    spoken = [samples[round(c.start_seconds * RATE_HZ) : round(c.end_seconds * RATE_HZ)] for c in timeline.cues]
    levels = [10 * math.log10(float(np.mean(piece**2))) for piece in spoken]
    assert max(levels[0], levels[1], levels[3]) - min(levels[0], levels[1], levels[3]) < 1.0
    assert levels[2] < max(levels) + 1.0


def test_pauses_are_as_the_script_wants_them(tmp_path: Path):
    """From the last sound to the next, to 30 ms (a part ends on a whole frame), capped at 2 s."""
    script, clips = write_script(tmp_path, [Plan("item", [[1.0]] * 4)])
    pauses = (0.3, 0.8, 9.0, 0.5)
    segment = script.segments[0]
    utterances = tuple(replace(u, pause_after_seconds=p) for u, p in zip(segment.utterances, pauses, strict=True))
    script = replace(script, segments=(replace(segment, utterances=utterances),))
    _, timeline = make_master(script, clips, tmp_path / "x.mp3", music=Music(), target=Target(), tags=Tags("t"))
    gaps = [b.start_seconds - a.end_seconds for a, b in zip(timeline.cues, timeline.cues[1:], strict=False)]
    assert gaps == pytest.approx([0.3, 0.8, 2.0], abs=0.03)


def test_music_leads_in_and_out_and_is_down_under_speech(tmp_path: Path, narration, music):
    """Alone it is near the speech's loudness; the last words end before the outro is up."""
    music = replace(music, bed=None, sting=None)
    master, timeline = make_master(*narration, tmp_path / "x.mp3", music=music, target=Target(), tags=Tags("t"))
    samples = soundfile.read(master.path, dtype="float32", always_2d=True)[0]
    level = lambda a, b: measured(samples[round(a * RATE_HZ) : round(b * RATE_HZ)])[0]  # noqa: E731  # used twice here
    first, last = timeline.cues[0].start_seconds, timeline.cues[-1].end_seconds
    assert first == pytest.approx(4.0, abs=0.1)  # two thirds of an intro of 6 s
    assert level(0.5, first - 0.5) == pytest.approx(-17.0, abs=2.0)
    assert level(last + 1.0, last + 3.0) == pytest.approx(-17.0, abs=2.5)
    plain, _ = make_master(*narration, tmp_path / "y.mp3", music=Music(), target=Target(), tags=Tags("t"))
    assert master.duration_seconds > plain.duration_seconds + 6


def test_the_same_input_gives_the_same_bytes(tmp_path: Path, narration, music):
    paths = [tmp_path / "a" / "x.mp3", tmp_path / "b" / "x.mp3"]
    for path in paths:
        make_master(*narration, path, music=music, target=Target(), tags=TAGS)
    assert paths[0].read_bytes() == paths[1].read_bytes()


def test_an_edit_encodes_only_what_changed(tmp_path: Path, narration):
    """With a cache, one clip changed adds one encoded part; and the bytes are those made without a cache."""
    script, clips = narration
    cache = tmp_path / "cache"
    settings = {"music": Music(), "target": Target(), "tags": TAGS}
    make_master(script, clips, tmp_path / "x.mp3", **settings, cache=cache)
    before = set(cache.iterdir())
    assert len(before) == len(script.segments)
    edited = [*clips[:5], write_clip(tmp_path, clips[5].utterance_id, [1.8], seed=77), *clips[6:]]
    make_master(script, edited, tmp_path / "y.mp3", **settings, cache=cache)
    assert len(set(cache.iterdir()) - before) == 1
    make_master(script, edited, tmp_path / "z.mp3", **settings)
    assert (tmp_path / "y.mp3").read_bytes() == (tmp_path / "z.mp3").read_bytes()


@pytest.mark.parametrize("damage", ["cut short", "cut at a frame", "empty", "one bit"])
def test_a_damaged_encoded_part_is_encoded_again(tmp_path: Path, narration, damage: str):
    """Every kept part is damaged: the master is still the one made without a cache, and the parts are mended."""
    cache = tmp_path / "cache"
    settings = {"music": Music(), "target": Target(), "tags": TAGS}
    make_master(*narration, tmp_path / "x.mp3", **settings, cache=cache)
    whole = {path: path.read_bytes() for path in cache.iterdir()}
    for path, content in whole.items():
        middle = len(content) // 2
        frame = content.rindex(content[32:34])  # where the last frame begins, or what looks like it
        flipped = content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :]
        damaged = {"cut short": content[:middle], "cut at a frame": content[:frame], "empty": b"", "one bit": flipped}
        path.write_bytes(damaged[damage])
    make_master(*narration, tmp_path / "y.mp3", **settings, cache=cache)
    assert (tmp_path / "y.mp3").read_bytes() == (tmp_path / "x.mp3").read_bytes()
    assert {path: path.read_bytes() for path in cache.iterdir()} == whole


def test_encoded_parts_longest_unused_go_first(tmp_path: Path, narration):
    cache = tmp_path / "cache"
    settings = {"music": Music(), "target": Target(), "tags": TAGS}
    make_master(*narration, tmp_path / "x.mp3", **settings, cache=cache)
    used = set(cache.iterdir())
    for path in used:
        os.utime(path, (1000, 1000))  # long ago, but used again below
    unused, unfinished = cache / "unused.frames", cache / ".old.frames.1-1.part"
    for path in (unused, unfinished):
        path.write_bytes(b"x")
        os.utime(path, (2000, 2000))
    make_master(*narration, tmp_path / "x.mp3", **settings, cache=cache)
    assert set(cache.iterdir()) == {*used, unused}  # all fit in the limit; what a killed run left is gone
    prune(cache, sum(path.stat().st_size for path in used))
    assert set(cache.iterdir()) == used
    prune(cache, 0)
    assert not list(cache.iterdir())


def test_peaks_are_those_of_the_decoded_frames(made):
    master, _, samples = made
    assert len(samples) == 1152 * len(master.peaks)
    expected = np.abs(samples).reshape(-1, 1152 * samples.shape[1]).max(axis=1)
    assert master.peaks == pytest.approx(expected, abs=0.01)  # the end of a part is decoded once with the next


@pytest.mark.parametrize(
    ("target", "measured_lufs"),
    [
        (Target(loudness_lufs=-19.0), -19.0),
        (Target(loudness_lufs=-14.0, channels=2, bitrate_kbps=128), -14.0),
        (Target(mono_as_played=True), -19.0),
    ],
    ids=["-19 mono", "-14 stereo", "mono as played"],
)
def test_other_targets_are_met(tmp_path: Path, narration, target, measured_lufs):
    master, _ = make_master(*narration, tmp_path / "x.mp3", music=Music(), target=target, tags=Tags("t"))
    samples = soundfile.read(master.path, dtype="float32", always_2d=True)[0]
    loudness, peak = measured(samples)
    assert loudness == pytest.approx(measured_lufs, abs=0.5)
    assert master.loudness_lufs == pytest.approx(target.loudness_lufs, abs=0.5)
    assert peak <= -1.0


def test_a_target_out_of_reach_is_an_error_and_leaves_no_file(tmp_path: Path, narration):
    with pytest.raises(QualityError, match="LUFS"):
        make_master(*narration, tmp_path / "x.mp3", music=Music(), target=Target(loudness_lufs=-3.0), tags=Tags("t"))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("wrong", [{"channels": 6}, {"bitrate_kbps": 100}])
def test_a_setting_mp3_does_not_know_is_refused(wrong):
    with pytest.raises(ConfigError):
        Target(**wrong)


def test_a_damaged_clip_is_named_and_the_old_file_stays(tmp_path: Path, narration):
    script, clips = narration
    output = tmp_path / "x.mp3"
    output.write_bytes(b"the last good one")
    broken = tmp_path / "broken.flac"
    broken.write_bytes(b"fLaC")
    with pytest.raises(QualityError, match=clips[3].utterance_id):
        make_master(
            script,
            [*clips[:3], replace(clips[3], path=broken), *clips[4:]],
            output,
            music=Music(),
            target=Target(),
            tags=Tags("t"),
        )
    assert output.read_bytes() == b"the last good one"
    assert set(tmp_path.iterdir()) == {output, broken}


def test_clips_that_do_not_match_the_script_are_refused(tmp_path: Path, narration):
    script, clips = narration
    for wrong in (clips[:-1], [clips[1], clips[0], *clips[2:]], [replace(clips[0], marks=()), *clips[1:]]):
        with pytest.raises(QualityError):
            make_master(script, wrong, tmp_path / "x.mp3", music=Music(), target=Target(), tags=Tags("t"))
    with pytest.raises(QualityError, match="nothing to say"):
        make_master(
            Script("", script.published, ()), [], tmp_path / "x.mp3", music=Music(), target=Target(), tags=Tags("t")
        )


def test_a_folder_that_cannot_be_written_is_a_setup_error(tmp_path: Path, narration):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(SetupError) as caught:
        make_master(*narration, tmp_path / "file" / "x.mp3", music=Music(), target=Target(), tags=Tags("t"))
    assert "file" in str(caught.value.where)


def test_the_cover_is_in_the_file_and_a_wrong_one_is_refused(tmp_path: Path, narration):
    cover, text = tmp_path / "c.jpg", tmp_path / "c.txt"
    cover.write_bytes(b"\xff\xd8\xff\xe0 stands for a picture \xff\xd9")
    text.write_text("no picture")
    output = tmp_path / "x.mp3"
    for path, error in ((text, "no JPEG or PNG"), (tmp_path / "none.jpg", "cannot be read")):
        with pytest.raises(InputError, match=error):
            make_master(*narration, output, music=Music(), target=Target(), tags=replace(TAGS, cover=path))
    make_master(*narration, output, music=Music(), target=Target(), tags=replace(TAGS, cover=cover))
    (picture,) = mutagen.File(io.BytesIO(output.read_bytes())).tags.getall("APIC")
    assert (picture.mime, picture.type, picture.data) == ("image/jpeg", 3, cover.read_bytes())


def test_a_long_segment_is_one_chapter(tmp_path: Path):
    """It is encoded in stretches; its chapter and cues run through."""
    script, clips = write_script(tmp_path, [Plan("commentary", [[12.0]] * 5)])
    cache = tmp_path / "cache"
    master, timeline = make_master(
        script, clips, tmp_path / "x.mp3", music=Music(), target=Target(), tags=Tags("t"), cache=cache
    )
    assert len(list(cache.iterdir())) == 2
    (chapter,) = timeline.chapters
    assert (chapter.start_seconds, chapter.end_seconds) == (0.0, master.duration_seconds)
    gaps = [b.start_seconds - a.end_seconds for a, b in zip(timeline.cues, timeline.cues[1:], strict=False)]
    assert gaps == pytest.approx([0.35] * 4, abs=0.04)
