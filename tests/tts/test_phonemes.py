from __future__ import annotations

import random
from pathlib import Path

import pytest

from podcast.tts.phonemes import VOCABULARY, phonemes, syllable

NO_HAN = "_"


def said(text: str, pinyin: str, words: tuple[str, ...] = ()) -> str:
    return phonemes(text, pinyin.split(), words)


def test_every_syllable_has_the_phonemes_the_model_was_trained_on(data: Path) -> None:
    """misaki gives yo the sound of wo: there we differ."""
    lines = (data / "g2p" / "misaki.tsv").read_text(encoding="utf-8").splitlines()
    trained = dict(line.split("\t") for line in lines if not line.startswith("#"))
    ours = {token: syllable(token) for token in trained if token[:-1] != "yo"}
    assert len(trained) > 2000
    assert ours == {token: trained[token] for token in ours}
    assert syllable("yo1") == "jɔ→"


def test_a_thousand_sentences_sound_as_misaki_has_them() -> None:
    """Random Han with punctuation, in misaki's words and readings; seed and all are fixed."""
    zh = pytest.importorskip("misaki.zh", reason="misaki is a development tool")
    jieba = pytest.importorskip("jieba")
    pypinyin = pytest.importorskip("pypinyin")
    dice = random.Random(4)  # noqa: S311 - no secret
    han = [chr(code) for code in pypinyin.pinyin_dict.pinyin_dict if 0x4E00 <= code <= 0x9FA5]
    for _ in range(1000):
        clauses = ["".join(dice.choices(han, k=dice.randint(1, 9))) for _ in range(dice.randint(1, 4))]
        text = "，".join(clauses) + "。"
        words = [*[word for clause in clauses for word in (*jieba.lcut(clause), "，")][:-1], "。"]
        tokens: list[str] = []
        for word in words:
            style = pypinyin.Style.TONE3
            tokens += [NO_HAN] if word in "，。" else pypinyin.lazy_pinyin(word, style, neutral_tone_with_five=True)
        if any(token[:-1] in {"yo", "ê"} for token in tokens):
            continue
        theirs = zh.ZHG2P.legacy_call(zh.ZHG2P.map_punctuation(text))
        assert phonemes(text, [token.replace("ü", "v") for token in tokens], words) == theirs


def test_a_space_parts_two_words_and_none_a_word() -> None:
    assert said("银行增长", "yin2 hang2 zeng1 zhang3", ("银行", "增长")) == "i↗nxa↗ŋ ʦə→ŋꭧa↓ŋ"
    assert said("银行增长", "yin2 hang2 zeng1 zhang3") == "i↗nxa↗ŋʦə→ŋꭧa↓ŋ"


def test_punctuation_is_the_models() -> None:
    assert said("他，她。“好”（好）：好！好？", "ta1 _ ta1 _ _ hao3 _ _ hao3 _ _ hao3 _ hao3 _") == (
        "tʰa→, tʰa→. “xau↓” (xau↓): xau↓! xau↓?"
    )
    assert said("史·乔", "shi3 _ qiao2") == "ʂɨ↓ ʨʰjau↗"


def test_a_neutral_tone_has_no_arrow_and_erhua_joins_its_word() -> None:
    assert said("了", "le5") == "lɤ"
    assert said("一点儿", "yi4 dian3 er5", ("一点儿",)) == "i↘tjɛ↓nɚ"


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("A W S", "ˈA dˈʌbᵊlju ˈɛs"),
        ("I", "ˈI"),
        ("A", "ˈA"),
        ("OpenAI", "ˈOpən ˌAˈI"),
        ("a new model", "ə nˈu mˈɑdᵊl"),
        ("Claude’s", "klˈɔdz"),
    ],
)
def test_latin_text_alone_is_said(text: str, wanted: str) -> None:
    pytest.importorskip("phonemizer", reason="the kokoro extra is not installed")
    assert phonemes(text, [NO_HAN] * len(text)) == wanted


def test_latin_words_stand_apart_from_han() -> None:
    pytest.importorskip("phonemizer", reason="the kokoro extra is not installed")
    line = said("与OpenAI的", "yu3 _ _ _ _ _ _ de5", ("与", *"OpenAI", "的"))
    assert line == "y↓ ˈOpən ˌAˈI tɤ"


def test_english_stays_inside_the_vocabulary() -> None:
    pytest.importorskip("phonemizer", reason="the kokoro extra is not installed")
    text = (
        "The quick brown fox, Zürich, naïve café, kitten, button, bottle, rhythm, loch, Bach, uh-oh, hour, fire, poor"
    )
    assert set(phonemes(text, [NO_HAN] * len(text))) <= VOCABULARY


def test_the_vocabulary_is_the_models() -> None:
    config = pytest.importorskip("kokoro_onnx.config", reason="the kokoro extra is not installed")
    assert set(config.DEFAULT_VOCAB) == VOCABULARY


@pytest.mark.parametrize("text", ["さくら", "アニメ", "한국", "مرحبا"])
def test_a_word_of_another_script_is_heard_by_the_names_of_its_letters(text: str) -> None:
    pytest.importorskip("phonemizer", reason="the kokoro extra is not installed")
    line = phonemes(f"新{text}好", ["xin1", *([NO_HAN] * len(text)), "hao3"])
    assert len(line) > len(phonemes("新好", ["xin1", "hao3"])) + 3
    assert set(line) <= VOCABULARY


@pytest.mark.parametrize("text", ["5", "好5", "€", "①"])
def test_what_cannot_be_said_is_named(text: str) -> None:
    with pytest.raises(ValueError, match=text[-1]):
        phonemes(text, ["hao3" if character == "好" else NO_HAN for character in text])


@pytest.mark.parametrize("token", ["zhong", "zhong6", "xx1", "", "5", "bü1"])
def test_what_is_no_syllable_is_named(token: str) -> None:
    with pytest.raises(ValueError, match="no pinyin syllable"):
        syllable(token)


def test_han_without_a_reading_is_named() -> None:
    pytest.importorskip("phonemizer", reason="the kokoro extra is not installed")
    with pytest.raises(ValueError, match="㐀"):
        phonemes("㐀", [NO_HAN])


def test_a_token_for_each_character_is_needed() -> None:
    with pytest.raises(ValueError, match="1 pinyin tokens for 2 characters"):
        phonemes("你好", ["ni3"])
