"""The lexicon: what matches, what a reading may be, and errors that a person can act on."""

from __future__ import annotations

from pathlib import Path

import pytest

from podcast.errors import LexiconError
from podcast.text.lexicon import BUILTIN, load_lexicon, read_lexicon, syllables
from podcast.text.normalize import normalize, read


def _spoken(written: str, **terms: str) -> str:
    return normalize(written, BUILTIN.extended(load_lexicon(terms, where="test")))


@pytest.mark.parametrize(
    ("written", "spoken"),
    [
        ("Meta与谷歌", "米塔与谷歌"),
        ("Metadata字段", "Metadata字段"),
        ("（Meta）发布", "米塔，发布"),
        ("Meta2026大会", "米塔二零二六大会"),
    ],
)
def test_a_term_matches_between_ascii_word_boundaries(written: str, spoken: str):
    assert _spoken(written, Meta="米塔").replace(" ", "") == spoken


def test_the_longest_term_wins():
    assert _spoken("GPT-4o与GPT", **{"GPT-4o": "欧姆尼", "GPT": "吉皮提"}) == "欧姆尼与吉皮提"


def test_a_mixed_term_matches_in_any_case_and_capitals_only_as_written():
    assert _spoken("OPENAI和openai", OpenAI="欧鹏") == "欧鹏和欧鹏"
    assert _spoken("WHO与who", WHO="世卫") == "世卫与who"


def test_a_han_term_may_be_said_with_other_words():
    assert _spoken("乐奇发布", 乐奇="若琪") == "若琪发布"


def test_pinyin_of_a_han_term_goes_to_the_g2p_and_leaves_the_text():
    lexicon = load_lexicon({"重塑": "chong2 su4"}, where="test")
    assert lexicon.readings == {"重塑": ("chong2", "su4")}
    assert normalize("重塑", lexicon) == "重塑"


def test_pinyin_of_a_latin_term_is_said_with_han_of_that_sound():
    lexicon = load_lexicon({"Qwen": "qian1 wen4"}, where="test")
    spoken = normalize("Qwen3发布", lexicon).replace(" ", "")
    assert len(spoken) == len("千问三发布")
    assert spoken.endswith("三发布")
    assert lexicon.readings[spoken[:2]] == ("qian1", "wen4")


def test_ue_may_be_written_as_colon_or_umlaut():
    readings = load_lexicon({"绿": "lü4", "女": "nu:3"}, where="test").readings
    assert readings == {"绿": ("lv4",), "女": ("nv3",)}


def test_a_users_entry_replaces_the_built_in_one_in_any_case():
    lexicon = BUILTIN.extended(load_lexicon({"ChatGPT": "恰特"}, where="test"))
    assert normalize("ChatGPT、chatgpt", lexicon) == "恰特、恰特"


@pytest.mark.parametrize(
    ("term", "reading", "says"),
    [
        ("重塑", "chong2 sv4", "sv4"),
        ("重塑", "chong2", "2 characters"),
        ("重塑", "chong2 su", "digits or symbols"),
        ("H100", "H 100", "digits or symbols"),
        ("", "ai1", "empty"),
        ("AI", " ", "empty"),
    ],
)
def test_a_wrong_reading_is_refused(term: str, reading: str, says: str):
    with pytest.raises(LexiconError, match=says):
        load_lexicon({term: reading}, where="podcast.toml")


def test_a_wrong_syllable_names_its_line_and_near_syllables(tmp_path: Path):
    path = tmp_path / "lexicon.tsv"
    path.write_text("# names\n银行\tyin2 hang2\n重塑\tchong2 suu4\n", encoding="utf-8")
    with pytest.raises(LexiconError) as caught:
        read_lexicon(path)
    assert caught.value.where == f"{path}:3"
    assert "suu4" in caught.value.what
    assert "su4" in str(caught.value.hint)


def test_reads_toml_and_names_the_line(tmp_path: Path):
    path = tmp_path / "lexicon.toml"
    path.write_text('[lexicon]\n"Meta" = "米塔"\n重塑 = "chong2 su4"\n', encoding="utf-8")
    assert set(read_lexicon(path).entries) == {"Meta", "重塑"}
    path.write_text('Meta = "米塔"\n"重塑" = "chung2 su4"\n', encoding="utf-8")
    with pytest.raises(LexiconError) as caught:
        read_lexicon(path)
    assert caught.value.where == f"{path}:2"


@pytest.mark.parametrize("text", ["a = ", 'a = ["b"]', "重塑 chong2"])
def test_a_broken_file_is_a_lexicon_error(tmp_path: Path, text: str):
    path = tmp_path / ("lexicon.tsv" if "=" not in text else "lexicon.toml")
    path.write_text(text, encoding="utf-8")
    with pytest.raises(LexiconError, match=path.name):
        read_lexicon(path)


def test_a_missing_file_is_a_lexicon_error(tmp_path: Path):
    with pytest.raises(LexiconError):
        read_lexicon(tmp_path / "none.tsv")


def test_the_report_names_the_entry():
    lexicon = load_lexicon({"Meta": "米塔"}, where="test")
    assert [change.rule for change in read("Meta", lexicon).changes] == ["lexicon: Meta"]


def test_there_are_four_hundred_odd_syllables():
    assert 400 <= len(syllables()) <= 430
    assert {"zhuang", "lv", "er", "shei"} <= syllables()
