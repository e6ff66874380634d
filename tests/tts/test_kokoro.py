"""The offline engine.  Tests marked `speaks` load the model and really speak; they skip where it is not installed."""

from __future__ import annotations

import asyncio
import hashlib
from pathlib import Path

import numpy as np
import pytest

from podcast.errors import SetupError, SpeechRefused
from podcast.models import Utterance
from podcast.production import ASSETS
from podcast.text import read_sentence
from podcast.text.lexicon import BUILTIN
from podcast.tts.base import Voice
from podcast.tts.kokoro import MODEL_SHA256, KokoroEngine
from podcast.tts.verify import Pace, verify

ANCHOR = Voice("zf_xiaoxiao")


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> KokoroEngine:
    pytest.importorskip("kokoro_onnx", reason="the extra `kokoro` is not installed")
    return KokoroEngine(model_folder=tmp_path_factory.mktemp("models"), voices_folder=ASSETS / "voices")


def utterance(*texts: str) -> Utterance:
    return Utterance("s00-u01", "anchor", tuple(read_sentence(text, BUILTIN) for text in texts), 0.3)


def test_the_model_is_joined_once_and_verified(engine: KokoroEngine) -> None:
    path = engine.model_path()
    assert hashlib.sha256(path.read_bytes()).hexdigest() == MODEL_SHA256
    written = path.stat().st_mtime_ns
    assert engine.model_path().stat().st_mtime_ns == written
    assert [file.name for file in path.parent.iterdir()] == [path.name]


def test_voices_are_those_of_the_assets(engine: KokoroEngine) -> None:
    assert engine.voices() == ("zf_xiaoxiao", "zf_xiaoyi", "zm_yunjian", "zm_yunyang")


def test_the_request_is_the_phonemes_so_that_a_reading_makes_a_clip_stale(engine: KokoroEngine) -> None:
    one = engine.request(utterance("重塑格局。"), ANCHOR)
    assert one != engine.request(utterance("重视格局。"), ANCHOR)
    assert one == engine.request(utterance("重塑格局。"), ANCHOR)
    assert one != engine.request(utterance("重塑格局。"), Voice("zf_xiaoxiao", rate=1.2))


def test_an_unknown_voice_is_refused_with_the_known_ones(engine: KokoroEngine) -> None:
    with pytest.raises(SpeechRefused, match="zf_xiaoxiao"):
        asyncio.run(engine.synthesize(utterance("你好。"), Voice("nobody")))


def test_a_model_that_is_not_there_is_named(tmp_path: Path) -> None:
    engine = KokoroEngine(model_folder=tmp_path, voices_folder=ASSETS / "voices", model=tmp_path / "my.onnx")
    with pytest.raises(SetupError, match=r"my\.onnx"):
        asyncio.run(engine.check())


@pytest.mark.speaks
def test_it_speaks_chinese_with_english_names_and_marks_each_sentence(engine: KokoroEngine) -> None:
    what = utterance("青禾电池完成融资。", "OpenAI表示欢迎。")
    speech = asyncio.run(engine.synthesize(what, ANCHOR))
    assert verify(speech, what, Pace()) == []
    first, second = speech.marks
    assert first.offset_seconds + first.duration_seconds < second.offset_seconds
    quiet = speech.samples[
        round((first.offset_seconds + first.duration_seconds) * 24000) : round(second.offset_seconds * 24000)
    ]
    assert np.abs(quiet).max() < 0.02 * np.abs(speech.samples).max()


@pytest.mark.speaks
def test_the_same_sentence_gives_the_same_samples(engine: KokoroEngine) -> None:
    one, two = (asyncio.run(engine.synthesize(utterance("银行业。"), ANCHOR)) for _ in range(2))
    assert np.array_equal(one.samples, two.samples)
