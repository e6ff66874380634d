"""The live stream beside the finished master of the same clips: the same sounds at the same samples."""

from __future__ import annotations

import io
import math
import shutil
import subprocess
import tracemalloc
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from synthetic import Plan, narrations, write_clip, write_music, write_script

from podcast.audio import Music, Tags, Target, make_master, mp3
from podcast.audio.live import LiveStream
from podcast.audio.loudness import loudness_of
from podcast.audio.peaks import true_peak
from podcast.errors import QualityError
from podcast.models import Clip, Cue, Script, Segment

RATE_HZ = mp3.RATE_HZ
PLANS = (
    Plan("opening", [[2.0, 1.5], [1.2]]),
    Plan("overview", [[2.5], [0.9]]),
    Plan("item", [[1.2], [0.25], [2.0, 1.5]]),
    Plan("item", [[1.8]]),
    Plan("commentary", [[2.0, 1.0]]),
    Plan("closing", [[1.5]]),
)


@pytest.fixture(scope="module")
def music(tmp_path_factory) -> Music:
    folder = tmp_path_factory.mktemp("music")
    lengths = {"intro": 6.0, "outro": 6.0, "sting": 1.5, "bed": 3.0}
    return Music(**{name: write_music(folder / f"{name}.flac", seconds) for name, seconds in lengths.items()})


@pytest.fixture(scope="module")
def narration(tmp_path_factory) -> tuple[Script, list[Clip]]:
    return write_script(tmp_path_factory.mktemp("clips"), PLANS)


def streamed(script: Script, clips: list[Clip], music: Music, target: Target | None = None) -> tuple[bytes, list[Cue]]:
    stream = LiveStream(music, target or Target())
    data = stream.begin(script) + added(stream, *clips)
    assert stream.complete
    return data, stream.cues


def added(stream: LiveStream, *clips: Clip) -> bytes:
    return b"".join(frames for clip in clips for frames in stream.add(clip))


def finished(script: Script, clips: list[Clip], music: Music, path: Path, target: Target | None = None):
    """The decoded samples and the cues of the master."""
    _, timeline = make_master(script, clips, path, music=music, target=target or Target(), tags=Tags("t"))
    return soundfile.read(path, dtype="float32", always_2d=True)[0], timeline.cues


def decoded(data: bytes) -> np.ndarray:
    """The samples as a player has them that skips what the first frame says.  libsndfile skips nothing."""
    return soundfile.read(io.BytesIO(data), dtype="float32", always_2d=True)[0][mp3.DELAY :]


def lag(samples: np.ndarray, reference: np.ndarray) -> int:
    """How many samples later `samples` has what `reference` has."""
    spectrum = np.fft.rfft(samples) * np.conj(np.fft.rfft(reference))
    found = int(np.argmax(np.fft.irfft(spectrum, len(samples))))
    return found if found < len(samples) // 2 else found - len(samples)


def level_db(samples: np.ndarray) -> float:
    return 10 * math.log10(float(np.mean(np.square(samples))) + 1e-12)


def measured(samples: np.ndarray) -> tuple[float, float]:
    """LUFS and dBTP."""
    sides = [np.ascontiguousarray(side) for side in samples.T]
    return loudness_of(sides, RATE_HZ).integrated_lufs(), 20 * math.log10(max(true_peak(side) for side in sides))


def assert_same_place(live: np.ndarray, master: np.ndarray, cues: list[Cue]) -> None:
    """Sample for sample, with a level that is at most 2.5 dB from that which was found with all clips known."""
    assert 0 <= len(live) - len(master) < mp3.FRAME
    for cue in cues:
        begin, end = round(cue.start_seconds * RATE_HZ), round(cue.end_seconds * RATE_HZ)
        assert lag(live[begin:end, 0], master[begin:end, 0]) == 0
        assert level_db(live[begin:end, 0]) == pytest.approx(level_db(master[begin:end, 0]), abs=2.5)


@settings(max_examples=4, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(drawn=narrations(shortest_seconds=0.4), with_music=st.booleans())
def test_everything_is_where_the_master_has_it(tmp_path: Path, music: Music, drawn, with_music: bool) -> None:
    """Whatever is said, by which engine, with music and without; and as loud, and no louder at its peaks."""
    plans, options = drawn
    script, clips = write_script(tmp_path, [Plan("opening", [[1.0]]), *plans], **options)
    chosen = music if with_music else Music()
    master, cues = finished(script, clips, chosen, tmp_path / "x.mp3")
    data, live_cues = streamed(script, clips, chosen)
    assert live_cues == list(cues)
    live = decoded(data)
    assert_same_place(live, master, live_cues)
    loudness, peak = measured(live)
    assert peak <= -1.0
    if not with_music:  # of few words with much music the master corrects the whole in the end
        assert loudness == pytest.approx(-16.0, abs=1.0)


@pytest.mark.parametrize("target", [Target(channels=2, bitrate_kbps=128), Target(loudness_lufs=-19.0)], ids=str)
def test_other_targets(tmp_path: Path, narration, music: Music, target: Target) -> None:
    master, _ = finished(*narration, music, tmp_path / "x.mp3", target)
    data, cues = streamed(*narration, music, target)
    live = decoded(data)
    assert live.shape[1] == target.channels
    assert_same_place(live, master, cues)
    loudness, peak = measured(live)
    assert loudness == pytest.approx(target.loudness_lufs, abs=1.0)
    assert peak <= -1.0


def test_the_music_is_that_of_the_master(tmp_path: Path, narration, music: Music) -> None:
    """Alone before the greeting, and after the end: the same to -20 dB; and silence is silence."""
    master, cues = finished(*narration, music, tmp_path / "x.mp3")
    live = decoded(streamed(*narration, music)[0])[: len(master)]
    alone = [(0.0, cues[0].start_seconds - 0.1), (cues[-1].end_seconds + 0.5, len(master) / RATE_HZ)]
    for begin, end in alone:
        window = slice(round(begin * RATE_HZ), round(end * RATE_HZ))
        assert level_db(live[window] - master[window]) < level_db(master[window]) - 20
    peaks = [np.abs(each[:, 0]).reshape(-1, mp3.FRAME // 4).max(axis=1) for each in (live, master)]
    assert peaks[0][peaks[1] < 0.001].max() < 0.002


def test_a_long_segment_is_divided_where_the_master_divides_it(tmp_path: Path, music: Music) -> None:
    script, clips = write_script(tmp_path, [Plan("opening", [[12.0]] * 4)])
    _, cues = finished(script, clips, music, tmp_path / "x.mp3")
    assert streamed(script, clips, music)[1] == list(cues)


@settings(max_examples=2, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(order=st.permutations(range(10)))
def test_the_bytes_do_not_depend_on_the_order_in_which_clips_come(narration, music: Music, order: list[int]) -> None:
    """So that a listener can read on in a file that was begun again."""
    script, clips = narration
    assert streamed(script, [clips[place] for place in order], music) == streamed(script, clips, music)


def test_the_intro_sounds_before_anything_was_spoken(narration, music: Music) -> None:
    """All of it up to the first word, which comes after two thirds of an intro of 6 s."""
    heard = decoded(LiveStream(music, Target()).begin(narration[0]))
    assert len(heard) / RATE_HZ == pytest.approx(4.0, abs=0.2)
    assert level_db(heard[: 3 * RATE_HZ]) > -25


def test_each_clip_is_heard_to_its_end_as_soon_as_it_is_there(narration, music: Music) -> None:
    """What is held back of it, for the look ahead and the encoder, is shorter than the silence at its end."""
    script, clips = narration
    stream = LiveStream(music, Target())
    data = stream.begin(script)
    for clip in clips:
        data += added(stream, clip)
        assert len(decoded(data)) >= stream.cues[-1].end_seconds * RATE_HZ


def test_a_clip_out_of_turn_waits_and_one_that_was_heard_is_not_taken_back(narration, music: Music) -> None:
    script, clips = narration
    stream = LiveStream(music, Target())
    data = stream.begin(script) + added(stream, clips[0])
    assert added(stream, clips[2], clips[0]) == b""
    data += added(stream, clips[1], *clips[3:])
    assert data == streamed(script, clips, music)[0]
    assert added(stream, clips[-1]) == b""
    assert stream.begin(script) == b""


def test_what_waited_for_a_clip_comes_piece_by_piece(narration, music: Music) -> None:
    """Nobody waits for the whole episode to be mixed where only its first sentence was not in the cache."""
    script, clips = narration
    stream = LiveStream(music, Target())
    stream.begin(script)
    added(stream, *clips[1:])
    pieces = stream.add(clips[0])
    assert next(pieces)
    assert len(stream.cues) == len(script.utterances[0].sentences)
    assert len([*pieces]) == len(clips) - 1


def by_paragraph(script: Script, folder: Path) -> tuple[Script, list[Clip]]:
    """The same sentences, each segment one utterance, spoken anew."""
    segments, clips = [], []
    for number, segment in enumerate(script.segments):
        sentences = tuple(sentence for utterance in segment.utterances for sentence in utterance.sentences)
        whole = replace(segment.utterances[0], sentences=sentences)
        segments.append(replace(segment, utterances=(whole,)))
        clips.append(write_clip(folder, whole.id, [0.8] * len(sentences), seed=40 + number, gap=0.4))
    return replace(script, segments=tuple(segments)), clips


@pytest.mark.parametrize("heard", [0, 1, 3, 9])
def test_another_engine_goes_on_with_the_first_sentence_that_was_not_heard(
    tmp_path: Path, narration, music: Music, heard: int
) -> None:
    """Wherever the first gave up; in the middle of an utterance of the second too."""
    script, clips = narration
    stream = LiveStream(music, Target())
    data = stream.begin(script) + added(stream, *clips[:heard])
    before = list(stream.cues)
    again, spoken = by_paragraph(script, tmp_path)
    data += stream.begin(again) + added(stream, *spoken)
    assert stream.complete
    assert stream.cues[: len(before)] == before
    sentences = [sentence.text for utterance in script.utterances for sentence in utterance.sentences]
    assert [cue.text for cue in stream.cues] == sentences
    samples = decoded(data)[:, 0]
    for cue, following in zip(stream.cues, stream.cues[1:], strict=False):
        assert cue.end_seconds <= following.start_seconds
    for cue in stream.cues:
        sound = samples[round(cue.start_seconds * RATE_HZ) : round(cue.end_seconds * RATE_HZ)]
        assert level_db(sound) == pytest.approx(-17, abs=4)


def test_a_sentence_that_the_other_engine_cuts_elsewhere_is_said_again_rather_than_lost(tmp_path: Path) -> None:
    script, clips = write_script(tmp_path, [Plan("item", [[1.0], [1.0], [1.0]])])
    stream = LiveStream(Music(), Target())
    stream.begin(script)
    added(stream, clips[0])
    first, second, third = script.utterances
    joined = replace(first, sentences=(replace(first.sentences[0], text=first.text + second.text),))
    again = replace(script, segments=(replace(script.segments[0], utterances=(joined, third)),))
    stream.begin(again)
    added(stream, clips[0], clips[2])
    assert [cue.text for cue in stream.cues] == [first.text, joined.text, third.text]


def test_it_is_whole_frames_of_one_stream(narration, music: Music) -> None:
    """Each piece ends with a frame, and nothing but frames of one bit rate is in them."""
    script, clips = narration
    stream = LiveStream(music, Target())
    for piece in (stream.begin(script), *(added(stream, clip) for clip in clips)):
        assert [0, *mp3.frame_ends(piece)][-1] == len(piece)
    data, _ = streamed(script, clips, music)
    starts = [0, *mp3.frame_ends(data)][:-1]
    assert {data[start + 2] >> 4 for start in starts} == {7}  # 96 kbit/s


@pytest.mark.skipif(not shutil.which("ffmpeg"), reason="decodes the stream with ffmpeg")
def test_ffmpeg_skips_the_delay_of_a_stream_that_it_reads_from_a_pipe(tmp_path: Path, narration, music: Music) -> None:
    """As Chromium does, which has it inside: no offset to the finished file."""
    data, cues = streamed(*narration, music)
    command = ["ffmpeg", "-v", "error", "-i", "pipe:", "-f", "f32le", "-c:a", "pcm_f32le", "pipe:"]
    result = subprocess.run(command, input=data, capture_output=True, check=True)
    assert result.stderr == b""
    live = np.frombuffer(result.stdout, dtype="<f4")[:, None]
    assert_same_place(live, finished(*narration, music, tmp_path / "x.mp3")[0], cues)


@pytest.mark.skipif(not shutil.which("mp3val"), reason="checks the stream with mp3val")
def test_mp3val_finds_every_frame_whole(tmp_path: Path, narration, music: Music) -> None:
    path = tmp_path / "x.mp3"
    path.write_bytes(streamed(*narration, music)[0])
    mp3val = str(shutil.which("mp3val"))
    lines = subprocess.run([mp3val, path], capture_output=True, text=True, check=True).stdout.splitlines()
    warnings = [line for line in lines if line.startswith(("WARNING", "ERROR"))]
    assert all("Xing header" in line or "No supported tags" in line for line in warnings)


def test_a_damaged_clip_is_named(tmp_path: Path, narration) -> None:
    script, clips = narration
    (tmp_path / "x.flac").write_bytes(b"fLaC")
    stream = LiveStream(Music(), Target())
    stream.begin(script)
    with pytest.raises(QualityError, match=clips[0].utterance_id):
        added(stream, replace(clips[0], path=tmp_path / "x.flac"))


def test_memory_does_not_grow_with_the_episode(tmp_path: Path) -> None:
    """Three times as much speech holds as much in memory."""
    script, (clip,) = write_script(tmp_path, [Plan("item", [[3.0]])])
    (utterance,) = script.utterances

    def peak_bytes(items: int) -> int:
        said = [tuple(replace(utterance, id=f"s{i:02}-u{k}") for k in range(4)) for i in range(items)]
        long = replace(script, segments=tuple(Segment("item", "", None, each) for each in said))
        stream = LiveStream(Music(), Target())
        tracemalloc.start()
        try:
            stream.begin(long)
            for each in long.utterances:
                added(stream, replace(clip, utterance_id=each.id))
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    assert peak_bytes(6) < 1.1 * peak_bytes(2)
