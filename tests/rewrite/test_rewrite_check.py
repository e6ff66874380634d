"""What the check lets pass and what it stops: true rewrites, a table of lies, and mutations at random."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from mutations import mutated

from podcast.digest import read_digest
from podcast.rewrite.check import Line, Source, line_problems, problems
from podcast.rewrite.sources import sources
from podcast.text.normalize import normalize

FOLDER = Path(__file__).parent.parent / "data" / "rewrite"
SOURCES = sources(read_digest(FOLDER / "2026-03-02.md"), normalize)


def source(name: str) -> Source:
    return SOURCES["item", int(name)] if name.isdigit() else SOURCES[name, None]  # type: ignore[index]  # the kinds


TRUE = {
    name: tuple(Line(speaker, text, tuple(rests_on)) for speaker, text, rests_on in lines)
    for name, lines in json.loads((FOLDER / "conversation.json").read_text(encoding="utf-8")).items()
}
LIES = [
    row.split("\t")
    for row in (FOLDER / "lies.tsv").read_text(encoding="utf-8").splitlines()
    if row and not row.startswith("#")
]


@pytest.mark.parametrize("name", TRUE)
def test_a_true_rewrite_passes(name: str) -> None:
    assert problems(TRUE[name], source(name)) == ()


@pytest.mark.parametrize(("name", "rests_on", "text", "kind"), LIES, ids=[f"{row[3]}: {row[2]}" for row in LIES])
def test_a_lie_is_told(name: str, rests_on: str, text: str, kind: str) -> None:
    line = Line("anchor", text, tuple(int(number) for number in rests_on.split(",") if number))
    assert list(line_problems(line, source(name)))


def test_the_digest_s_own_words_pass(shared: Path) -> None:
    """The check has no quarrel with sentences that are the digest's, whatever real digests write."""
    checked = 0
    for path in sorted((shared / "digests").glob("*.md")):
        for one in sources(read_digest(path), normalize).values():
            title = [Line("anchor", one.title, (0,))] if one.title and one.title_is_said else []
            lines = [Line("anchor", text, (number,)) for number, text in enumerate(one.sentences, start=1)]
            assert problems([*title, *lines], one) == ()
            checked += 1
    assert checked > 50


@pytest.mark.parametrize(
    ("text", "means"),
    [
        ("年产能超过3.5万套。", "年产能超过35000套。"),
        ("年产能超过3.5万套。", "年产能超过三万五千套。"),
        ("年产能超过3.5万套。", "年产能3.5万多套。"),
        ("年产能超过3.5万套。", "三万五千多套，这是年产能。"),
        ("样品的续航提高30%。", "样品的续航提高百分之三十。"),
        ("3月1日宣布完成12亿元融资。", "3月1号宣布完成了1200000000元融资。"),
        ("赛道长5公里。", "赛道长5km。"),
        ("充电需要12小时。", "充电要12个小时。"),
        ("GPT-5发布。", "GPT 5发布了。"),
        ("Google发布新模型。", "谷歌发布了新模型。"),
        ("估值约80亿元。", "估值大约80亿元。"),
        ("估值约80亿元。", "估值80亿元左右。"),
        ("覆盖30多个国家。", "覆盖超过30个国家。"),
    ],
)
def test_the_same_may_be_said_in_other_words(text: str, means: str) -> None:
    assert problems([Line("anchor", means, (1,))], Source("overview", None, "", (text,), normalize)) == ()


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        ([Line("anchor", "青禾电池完成12亿元融资，估值约80亿元。", (0,))], "leaves out the sentences 1, 2, 3, 4"),
        (TRUE["1"][1:], "leaves out 1200000000元 of the title"),
        (TRUE["1"][:1], "leaves out 5 of the 7 numbers"),
        ([Line("anchor", "完成12亿元融资，估值约80亿元。", (0,)), *TRUE["1"][1:]], "leaves out the name '青禾电池'"),
    ],
)
def test_what_is_left_out_is_told(lines: list[Line], told: str) -> None:
    assert any(told in problem for problem in problems(lines, source("1")))


def test_a_sentence_that_rests_on_nothing_may_only_be_small_talk() -> None:
    talk = ["这条新闻很有意思，我们来看看。", "没错。", "接下来，第1条。", "那么，为什么值得关注呢？"]
    assert [list(line_problems(Line("anchor", text, ()), source("1"))) for text in talk] == [[], [], [], []]
    claims = ["青禾电池领先了。", "第2条。", "用户非常满意。", "他们有三个工厂。", "合肥真不错。"]
    assert all(list(line_problems(Line("anchor", text, ()), source("1"))) for text in claims)


# --- mutations at random ----------------------------------------------------------------------------------------

_DIGITS = re.compile(r"(?<!第)\d+(?:\.\d+)?")
_SWAPS = {  # kind -> words that are exchanged for another of their group
    "unit": ["公里 米 海里", "亿元 万元 亿美元", "个月 年 天", "亩 平方米 公顷", "% ‰", "颗 枚 吨", "万套 套 亿套"],
    "bound": ["超过 不到 约", "约 超过 近"],
    "direction": [
        "提高 下降 降低", "下降 上升 提高", "高于 低于", "亏损 盈利", "推迟 提前 取消", "支持 反对", "增长 减少 下跌",
        "开源 闭源", "投资 出售", "放缓 加快", "反对 支持 欢迎",
    ],
    "negation": ["尚未 已经", "没有 已经", "不会 将会 会", "不会 一定会"],
    "certainty": ["计划在 已经在", "预计 已经", "将在 已在"],
    "name": [
        "谷歌 苹果 三星", "微软 亚马逊", "合肥 上海 北京", "海南 四川", "苏州 杭州", "周海明 周海鸣 王海明",
        "OpenWeaver OpenAI Anthropic", "启明创投 红杉中国 启明星创投", "云岭航天 云海航天", "青禾电池 青木电池",
        "北辰汽车 星河机器人 北极汽车", "星河机器人 北辰汽车", "山鹰二号 山鹰三号", "欧盟 美国 英国",
    ],
    "time": ["今年 明年 去年", "秋季 春季 夏季", "下半年 上半年", "去年 今年 前年"],
}  # fmt: skip


def _candidates(kind: str) -> list[tuple[str, int, str, str]]:
    """(segment, place of the line, what is exchanged, by what) wherever a mutation of this kind can be made."""
    groups = [group.split(" ") for group in _SWAPS[kind]]
    return [
        (name, place, group[0], other)
        for name, lines in TRUE.items()
        for place, line in enumerate(lines)
        for group in groups
        if group[0] in line.text
        for other in group[1:]
    ]


def _is_told(name: str, place: int, text: str) -> bool:
    """Is the whole segment refused with this line in the place of the true one?"""
    lines = list(TRUE[name])
    lines[place] = Line(lines[place].speaker, text, lines[place].rests_on)
    return bool(problems(lines, source(name)))


_slow = settings(max_examples=60, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
_NUMBERED = [
    (name, place, match.span())
    for name, lines in TRUE.items()
    for place, line in enumerate(lines)
    for match in _DIGITS.finditer(line.text)
]


@_slow
@given(st.sampled_from(_NUMBERED), st.integers(1, 9999), st.sampled_from(["digits", "times ten", "plus one", "point"]))
def test_no_changed_number_passes(where: tuple[str, int, tuple[int, int]], other: int, how: str) -> None:
    name, place, (start, end) = where
    text = TRUE[name][place].text
    old = text[start:end]
    new = {
        "digits": str(other),
        "times ten": f"{old.rstrip('0')}0" if "." in old else f"{old}0",
        "plus one": f"{float(old) + 1:g}",
        "point": f"{old}.5" if "." not in old else f"{old}5",
    }[how]
    changed = text[:start] + new + text[end:]
    there = rf"(?<![\d.]){re.escape(new)}{re.escape(text[end : end + 2])}"
    if normalize(changed) == normalize(text) or re.search(there, source(name).whole.replace(" ", "")):
        return  # the digest says that too
    assert _is_told(name, place, changed), changed


@_slow
@given(st.data())
@pytest.mark.parametrize("kind", _SWAPS)
def test_no_changed_word_passes(kind: str, data: st.DataObject) -> None:
    name, place, old, new = data.draw(st.sampled_from(_candidates(kind)))
    changed = TRUE[name][place].text.replace(old, new)
    assert _is_told(name, place, changed), changed


@_slow
@given(st.sampled_from([(name, place) for name, lines in TRUE.items() for place in range(len(lines))]), st.data())
def test_no_two_numbers_of_a_segment_change_places(where: tuple[str, int], data: st.DataObject) -> None:
    """Two numbers of a line that measure the same are exchanged."""
    name, place = where
    text = TRUE[name][place].text
    found = re.findall(r"\d+(?:\.\d+)?(?:亿元|万元|%|个)", text)
    if len(set(found)) < 2:
        return
    one, other = data.draw(st.permutations(sorted(set(found))))[:2]
    changed = text.replace(one, "\0").replace(other, one).replace("\0", other)
    assert _is_told(name, place, changed), changed


def _told_of_mutations(paths: Iterable[Path]) -> tuple[int, int]:
    """How many mutations of the digests' own sentences are told, and of how many; prints the table by kind."""
    made: Counter[str] = Counter()
    told: Counter[str] = Counter()
    for one in (one for path in paths for one in sources(read_digest(path), normalize).values()):
        for number, text in enumerate(one.sentences, start=1):
            for kind, changed in mutated(text):
                made[kind] += 1
                told[kind] += bool(list(line_problems(Line("anchor", changed, (number,)), one)))
    rows = [f"{kind:20}{told[kind]:5} of {made[kind]}" for kind in made]
    print("", *rows, f"{'all':20}{told.total():5} of {made.total()}", sep="\n")  # noqa: T201 -- with -s
    return told.total(), made.total()


def test_mutations_of_the_samples_are_told(data: Path) -> None:
    told, made = _told_of_mutations([*sorted((data / "digests").glob("*.md")), FOLDER / "2026-03-02.md"])
    assert made > 200
    assert told >= 0.98 * made


def test_mutations_of_real_digests_are_told(shared: Path) -> None:
    """Run with -s, it prints the table of docs/rewrite.md."""
    told, made = _told_of_mutations(sorted((shared / "digests").glob("*.md")))
    assert made > 500
    assert told >= 0.97 * made
