"""Read-back: what a recogniser hears against what was to be said."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from podcast.config import load_config
from podcast.errors import InputError, QualityError
from podcast.listen import RATE_HZ, Samples, WhisperRecogniser, edits, read_back, worst_first
from podcast.models import Cue
from podcast.pipeline import Made, make_episode
from podcast.production import production
from podcast.testing import ToneEngine
from podcast.text.lexicon import BUILTIN
from podcast.tts.base import Voice
from podcast.tts.cache import ClipCache
from podcast.tts.roster import Roster
from podcast.tts.synthesis import Speaker

DIGEST = """2026.03.02 科技早报

今天有一条新闻。

1. [青禾电池完成 12 亿元融资](https://example.com/1)

   估值约80亿元。资金将用于固态电池量产。OpenWeaver发布7B模型。
"""


class Listener:
    """Hears the sentences of an episode in turn as they are written, but for those it is told to mishear."""

    def __init__(self, cues: tuple[Cue, ...], misheard: Mapping[str, str]) -> None:
        self.heard: list[Samples] = []
        self._cues = cues
        self._misheard = misheard

    def transcribe(self, samples: Samples) -> str:
        text = self._cues[len(self.heard)].text
        self.heard.append(samples)
        return next((heard for part, heard in self._misheard.items() if part in text), text)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    folder = tmp_path_factory.mktemp("show")
    source = folder / "2026-03-02.md"
    source.write_text(DIGEST, encoding="utf-8")
    speaker = Speaker(ToneEngine(), {"anchor": Voice("low"), "commentator": Voice("high")})
    built = production(load_config(None, {}), public=folder / "public")
    caches = {"cache": ClipCache(folder / "clips"), "parts": folder / "parts"}
    return make_episode(source, replace(built, roster=Roster([speaker]), **caches))


def test_what_was_heard_as_written_has_no_error(made: Made) -> None:
    heard = list(read_back(made.episode, made.path, Listener(made.episode.cues, {}), BUILTIN))
    assert [each.cue for each in heard] == list(made.episode.cues)
    assert {each.error for each in heard} == {0.0}


def test_homophones_and_digits_are_no_errors(made: Made) -> None:
    listener = Listener(made.episode.cues, {"估值": "姑直曰八十億元", "资金": "资金将用于固态电池亮铲"})
    heard = list(read_back(made.episode, made.path, listener, BUILTIN))
    by_text = {each.cue.text: each.error for each in heard}
    assert by_text["资金将用于固态电池量产。"] == 0.0
    assert by_text["估值约80亿元。"] == 0.0


def test_misheard_sentences_come_worst_first_and_the_others_not(made: Made) -> None:
    listener = Listener(
        made.episode.cues,
        {"估值": "", "资金": "资金将用于固态电视生产", "OpenWeaver": "发布七模型"},  # all, 2 of 11, B is no Han
    )
    heard = list(read_back(made.episode, made.path, listener, BUILTIN))
    wrong = worst_first(heard, 0.1)
    assert [each.cue.text for each in wrong] == ["估值约80亿元。", "资金将用于固态电池量产。"]
    assert [each.error for each in wrong] == [1.0, pytest.approx(2 / 11)]
    assert [each.cue.text for each in worst_first(heard, 0.2)] == ["估值约80亿元。"]


def test_the_recogniser_is_given_each_sentence_whole_and_alone(made: Made) -> None:
    listener = Listener(made.episode.cues, {})
    list(read_back(made.episode, made.path, listener, BUILTIN))
    for cue, samples in zip(made.episode.cues, listener.heard, strict=True):
        margin_seconds = len(samples) / RATE_HZ - (cue.end_seconds - cue.start_seconds)
        assert (samples.ndim, samples.dtype) == (1, np.float32)
        assert -0.001 <= margin_seconds <= 0.401
        loud = np.flatnonzero(np.abs(samples) > 0.05)
        assert loud[-1] - loud[0] > 0.8 * (cue.end_seconds - cue.start_seconds) * RATE_HZ


def test_a_sentence_without_chinese_is_not_judged(made: Made) -> None:
    cue = replace(made.episode.cues[0], text="OpenWeaver.")
    episode = replace(made.episode, cues=(cue,))
    [heard] = read_back(episode, made.path, Listener(episode.cues, {"Open": "欧喷"}), BUILTIN)
    assert heard.error is None
    assert worst_first([heard], 0.0) == []


def test_damaged_audio_is_an_error_and_not_a_misheard_sentence(made: Made, tmp_path: Path) -> None:
    listener = Listener(made.episode.cues, {})
    cut = tmp_path / "cut.mp3"
    whole = made.path.read_bytes()
    cut.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(QualityError, match="ends inside"):
        list(read_back(made.episode, cut, listener, BUILTIN))
    cut.write_bytes(b"no sound" * 1000)
    with pytest.raises(QualityError, match=r"cut.mp3: the audio cannot be read"):
        list(read_back(made.episode, cut, listener, BUILTIN))


def test_edits_is_the_levenshtein_distance() -> None:
    assert edits("kitten", "sitting") == edits("sitting", "kitten") == 3
    assert (edits("", "ab"), edits("ab", ""), edits("ab", "ab")) == (2, 2, 0)


def test_a_folder_that_holds_no_model_is_told_before_anything_is_loaded(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such folder"):
        WhisperRecogniser(tmp_path / "none")
    (tmp_path / "model.bin").touch()
    with pytest.raises(InputError, match=r"no config\.json, no tokenizer\.json"):
        WhisperRecogniser(tmp_path)
