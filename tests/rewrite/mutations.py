"""One small change of a sentence that makes it untrue, of each kind that a language model makes."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator

from podcast.text.normalize import normalize

_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
_LATIN = re.compile(r"[A-Za-z]{3,}")
_NAME = re.compile(r"[A-Z][A-Za-z]{2,}|谷歌|微软|苹果|亚马逊|英伟达|特斯拉|欧盟|北辰汽车|星河机器人")

Change = Callable[[str, random.Random], str | None]


def mutated(text: str, *, times: int = 2) -> Iterator[tuple[str, str]]:
    """(kind, changed sentence), the same for the same text; only changes that are heard."""
    dice = random.Random(text)  # noqa: S311 -- a test's
    for kind, change in KINDS.items():
        for changed in {change(text, dice) for _ in range(times)} - {None, text}:
            if changed and normalize(changed) != normalize(text):
                yield kind, changed


def _words(pattern: str, words: str) -> Change:
    """One of the words, where the pattern (with {} for it) stands, becomes another."""
    group = words.split()

    def change(text: str, dice: random.Random) -> str | None:
        found = [match for word in group for match in re.finditer(pattern.format(re.escape(word)), text)]
        if not found:
            return None
        match = dice.choice(found)
        others = [word for word in group if word not in match[0] and match[0] not in word] or [""]
        return text[: match.start()] + dice.choice(others) + text[match.end() :]

    return change


def _pairs(words: str) -> Change:
    """The first word of a pair that stands in the text becomes the second."""
    pairs = [pair.split("=") for pair in words.split()]
    return lambda text, dice: next((text.replace(old, new, 1) for old, new in pairs if old in text), None)


def _number(text: str, dice: random.Random) -> str | None:
    found = list(_NUMBER.finditer(text))
    if not found:
        return None
    match = dice.choice(found)
    return f"{text[: match.start()]}{dice.randint(2, 9999)}{text[match.end() :]}"


def _digit(text: str, dice: random.Random) -> str | None:
    places = [place for place, character in enumerate(text) if character.isdigit()]
    if not places:
        return None
    place = dice.choice(places)
    return f"{text[:place]}{(int(text[place]) + dice.randint(1, 9)) % 10}{text[place + 1 :]}"


def _letter(text: str, dice: random.Random) -> str | None:
    found = list(_LATIN.finditer(text))
    if not found:
        return None
    match = dice.choice(found)
    place = dice.randrange(match.start(), match.end())
    letter = dice.choice("bcdfghklmnprst")
    return text[:place] + (letter.upper() if text[place].isupper() else letter) + text[place + 1 :]


def _exchanged(pattern: re.Pattern[str]) -> Change:
    """Two that follow one another change places."""

    def change(text: str, dice: random.Random) -> str | None:
        found = list(pattern.finditer(text))
        if len(found) < 2:
            return None
        place = dice.randrange(len(found) - 1)
        one, other = found[place], found[place + 1]
        return text[: one.start()] + other[0] + text[one.end() : other.start()] + one[0] + text[other.end() :]

    return change


KINDS: dict[str, Change] = {
    "number": _number,
    "one digit": _digit,
    "magnitude": _words(r"(?<=\d){}", "万 亿 千万 百万"),
    "unit": _words(r"(?<=\d){}", "公里 米 公斤 吨 亩 个 家 款 颗 套"),
    "time unit": _words(r"(?<=\d){}", "小时 分钟 秒 天 周 个月 年"),
    "currency": _words(r"{}", "美元 欧元 日元 港元"),
    "percent": lambda text, dice: text.replace("%", "‰", 1),
    "bound": _words(r"(?<!最){}(?=\d)", "超过 超 近 约 不到"),
    "bound dropped": lambda text, dice: re.sub(r"(?<!最)(?:超过|超|约|近)(?=\d)", "", text, count=1),
    "direction": _pairs(
        "提升=降低 提高=降低 增长=下降 增加=减少 上升=下降 下降=上升 减少=增加 降低=提高 缩短=延长 上涨=下跌"
    ),
    "opposite": _pairs(
        "开源=闭源 支持=反对 盈利=亏损 亏损=盈利 启动=停止 批准=否决 高于=低于 收购=出售 加入=退出 领先=落后 放缓=加快 "
        "推迟=提前 发布=撤回 推出=取消"
    ),
    "negation dropped": _pairs("不再= 没有= 无法=可以 不会=会 尚未=已经 不能=能 不是=是 未能="),
    "negation added": _pairs("发布=没有发布 推出=没有推出 宣布=没有宣布 支持=不支持 提供=不提供 完成=没有完成"),
    "plan as a fact": _pairs("计划=已经 预计=已经 将于=已于 将在=已在 将推出=推出了 将继续=继续 可能=确实 有望=已经"),
    "a letter": _letter,
    "known name": _words(r"{}", "谷歌 微软 苹果 亚马逊 英伟达 特斯拉 欧盟 中国 美国 日本 合肥 海南 苏州"),
    "numbers exchanged": _exchanged(_NUMBER),
    "names exchanged": _exchanged(_NAME),
    "year": _words(r"{}", "今年 明年 去年"),
    "season": _words(r"{}", "春季 夏季 秋季 冬季 上半年 下半年"),
}
