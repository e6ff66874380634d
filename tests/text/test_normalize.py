"""Written -> spoken: our own pairs by class, and what holds for any text."""

from __future__ import annotations

import re
import unicodedata
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from podcast.text.lexicon import BUILTIN, Lexicon, load_lexicon
from podcast.text.normalize import Change, normalize, read

PAIRS = Path(__file__).parent.parent / "data" / "text"

# Symbols that have a reading: unread, they make a pair fail.
_READ = set("%&@#/+=$*<>°~^_‰℃￥¥€£×÷±≥≤")


def _pairs() -> list[tuple[str, str, str]]:
    rows = []
    for path in sorted(PAIRS.glob("*.tsv")):
        for line in path.read_text(encoding="utf-8").splitlines():
            if line.strip() and not line.startswith("# "):
                written, spoken = line.split("\t")
                rows.append((path.stem, written, spoken))
    return rows


def _folded(text: str) -> str:
    """Without white space, pauses, quotes, brackets, hyphens and case: what two spoken forms are compared by."""
    folded = unicodedata.normalize("NFKC", text).lower()
    return "".join(
        character for character in folded if character in _READ or unicodedata.category(character)[0] not in "PZC"
    )


@pytest.mark.parametrize(("kind", "written", "spoken"), _pairs())
def test_reads_as_a_newsreader_would(kind: str, written: str, spoken: str):
    assert _folded(normalize(written)) in {_folded(right) for right in spoken.split("|")}, kind


def test_has_pairs_of_every_class():
    kinds = [kind for kind, _, _ in _pairs()]
    assert len(kinds) >= 400
    assert all(kinds.count(kind) >= 10 for kind in set(kinds))


# --- any text ---------------------------------------------------------------------------------------------------

_NOTATION = st.sampled_from(
    [
        *[
            "0",
            "1",
            "2",
            "7",
            "10",
            "12",
            "2025",
            "3.5",
            "1,299",
            "$",
            "€",
            "￥",
            "%",
            "‰",
            "B",
            "M",
            "K",
            "亿",
            "万",
            "-",
            "–",
            "—",
            "~",
            "至",
            "/",
            ":",
            "：",
            ".",
            "·",
            "x",
            "×",
            "+",
            "=",
            "≥",
            "->",
            "→",
            "#",
            "@",
            "&",
            "*",
            "_",
            "^",
        ],
        *[
            "(",
            "（",
            "“",
            "”",
            "《",
            "》",
            "年",
            "月",
            "日",
            "点",
            "个",
            "倍",
            "第",
            "Q3",
            "FY",
            "H100",
            "GPT",
            "AI",
            "OpenAI",
            "iOS",
            "v",
            "nm",
            "GB",
            "TB/s",
            "℃",
            "°C",
            "kWh",
            "km/h",
            "am",
            "pm",
        ],
        *[
            "https://",
            ".com",
            "²",
            "½",
            "①",
            "Ⅲ",
            "α",
            "🚀",
            "'",
            '"',
            ",",
            "。",
            "！",
            "٣",
            "Ａ",
            "％",
            "ﬁ",
            "㎡",
            "é",
            "ア",
            "한",
            "ж",
        ],
        *(" ", "\t", "\n", "\u200b", "\ufe0f", "\ud800", "\x00", "\u00a0"),
    ]
)
_LINES = st.one_of(st.text(), st.lists(_NOTATION, max_size=14).map("".join))


def _is_speakable(character: str) -> bool:
    """Letters, marks on letters, white space and pauses; an apostrophe stands inside English words."""
    return unicodedata.category(character)[0] in "LM" or character in " ，。！？；：、…,.!?;:'"


@settings(max_examples=1500, deadline=None)
@given(_LINES)
@example("1\u200b2")
@example("a'“b")
@example("......")
@example("２０２５年")
@example("AI-3年")
@example("v2.8.1-beta.3")
def test_holds_for_any_text(written: str):
    """No exception, no digit, no raw symbol, never silent where there is something to say, and stable."""
    reading = read(written)
    assert [character for character in reading.spoken if not _is_speakable(character)] == []
    if any(character.isascii() and character.isalnum() for character in written):
        assert any(character.isalpha() for character in reading.spoken)
    assert normalize(reading.spoken) == reading.spoken
    _check_changes(written, reading.changes)


def _check_changes(written: str, changes: tuple[Change, ...]) -> None:
    end = 0
    for change in changes:
        assert end <= change.start < change.end <= len(written)
        assert change.written == written[change.start : change.end]
        assert change.written != change.spoken
        assert change.rule
        end = change.end


@pytest.mark.parametrize(
    "written", ["Привет мир", "한국어", "カタカナ", "العربية", "ไทย", "𠀀字", "Größe", "café", "ελληνικά"]
)
def test_letters_of_other_scripts_stay(written: str):
    assert normalize(written) == written


def test_changes_tell_the_rule_and_cover_every_difference():
    reading = read("OpenAI融资$1.5B🚀")
    assert [(change.written, change.spoken) for change in reading.changes] == [
        ("OpenAI", "Open A I"),
        ("$1.5B", "十五亿美元"),
        ("🚀", ""),
    ]
    assert [change.rule for change in reading.changes] == ["lexicon: OpenAI", "money", "dropped symbol"]


def test_text_between_changes_is_kept_as_written():
    written = "苹果公司计划在2026年推出新品，售价$999起。"
    reading = read(written)
    kept = re.sub(r"[，。]", "", "".join(_kept(written, reading.changes)))
    assert all(character in reading.spoken for character in kept)


def _kept(written: str, changes: tuple[Change, ...]) -> list[str]:
    starts = [0, *(change.end for change in changes)]
    ends = [*(change.start for change in changes), len(written)]
    return [written[start:end] for start, end in zip(starts, ends, strict=True)]


@pytest.mark.parametrize(
    ("written", "guess"),
    [("ZAWEKO发布", "ZAWEKO"), ("编号007", ""), ("代号0451行动", "0451"), ("比赛结果12-23", "12-23")],
)
def test_marks_what_no_rule_was_sure_of(written: str, guess: str):
    unsure = [change.written for change in read(written).changes if not change.sure]
    assert unsure == ([guess] if guess else [])


def test_a_lexicon_entry_wins_over_the_rules():
    lexicon = BUILTIN.extended(load_lexicon({"NAS": "Nas", "重塑": "chong2 su4"}, where="test"))
    assert normalize("NAS重塑存储", lexicon) == "Nas重塑存储"
    assert lexicon.readings["重塑"] == ("chong2", "su4")


def test_every_entry_of_the_built_in_lexicon_is_stable():
    unstable = [entry.term for entry in BUILTIN.entries.values() if normalize(entry.spoken) != entry.spoken]
    assert unstable == []


def test_the_empty_lexicon_reads_too():
    assert normalize("OpenAI发布GPT-5", Lexicon.of([])) == "Open A I发布G P T 五"


@pytest.mark.parametrize(
    ("written", "spoken"),
    [
        ("亚马逊云科技（AWS）达成协议", "亚马逊云科技A W S达成协议"),
        ("OpenAI（ChatGPT的开发商）与Uber(UBER)", "Open A I，Chat G P T的开发商，与Uber，Uber"),
        ("国家体育场（鸟巢）和速滑馆", "国家体育场，鸟巢，和速滑馆"),
        ("智能体（助手）的竞赛", "智能体，助手的竞赛"),
        ("逾六成用户（62%）每天使用", "逾六成用户，百分之六十二，每天使用"),
        ("端-边-云协同——首次亮相", "端、边、云协同，首次亮相"),
        ("问界M9 2026款", "问界M 九，二零二六款"),
    ],
)
def test_pauses_where_a_newsreader_breathes(written: str, spoken: str):
    assert normalize(written) == spoken
