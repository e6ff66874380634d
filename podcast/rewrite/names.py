"""The names of a text: Latin words, names in Chinese, persons, quotations, addresses.

Latin words are taken from what is said, where OpenAI and "Open AI" are the same words.  Names in Chinese are those of
data/names.tsv, a surname with a given name beside a title or a verb of saying, and runs of single characters that are
no words (文远知行): a name that is itself a common word cannot be told from one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache

from podcast.rewrite import tables
from podcast.text.dictionary import dictionary, is_han, segment
from podcast.text.normalize import normalize

_LATIN = re.compile(r"[A-Za-zÀ-ɏ](?:[A-Za-zÀ-ɏ']| (?=[A-Za-zÀ-ɏ]))*")
_GENERIC = frozenset({"a i", "app", "a p p"})
_QUOTED = re.compile(r"[“‘「『《\"]([^”’」』》\"]{1,60})[”’」』》\"]")
_ADDRESS = re.compile(
    r"(?:https?|ftp)\s?:|www\.|[\w.+-]+@[\w-]+\.|(?<![\w.])(?:[a-z0-9-]+\.)+(?:com|cn|net|org|io|ai|dev|app|co)\b",
    re.IGNORECASE | re.ASCII,
)
_TITLES = (
    "创始人|总裁|董事长|总经理|教授|博士|院士|部长|首席[^，。]{1,3}官|发言人|主席|总统|首相|总理|市长|校长|院长|主任"
    "|C E O|C T O|C F O|负责人|分析师|研究员|工程师"
)
_SAYING = "表示|称|说|认为|指出|透露|宣布|强调|解释|补充|坦言|介绍|提到|先生|女士"
_SUBJECT = re.compile(r"(?:^|[，。；：、 ]|[向与和由对被给从在同])(?=([\u4e00-\u9fff]{3,}))")
_PAUSES = frozenset("，。！？；：、…")
_PLACE = re.compile(r"(?:从|在|位于|来自|于|向|由|和|与|同|给|被|到)$")
# Characters that stand alone in any text: two of them in a row are no name.
_COMMON = frozenset(
    "这笔么且许的了是在和有这也不就都与及将对从但而以于被把让向由给等或则并还又再更最很太可会要想说看用做使叫我你他她它们那其"
    "该此各每某本今前后中上下内外里年月日时个种类次件家位名款只条张份项座所间场点分秒元地得着过吗呢吧啊呀嘛如若因"
    "据按经比跟同至到自往朝沿当随除连即便却只仅已曾正刚才未没无非大小新旧多少好坏高低一二三四五六七八九十百千万亿"
    "两几半第约近超长短快慢强弱重轻深远早晚去来起出能人事话听讲嗯哦哎呃喔咱啦哈您谁何另零负达型版等级性化者式"
    "枚颗套支辆架艘篇首场轮届批组类股台部片层步把根口句幅封副双对道面幢列棵株朵头匹群班团排行页字词门课科宗例桩席处站趟"
    "遍回顿番轨端侧仍均皆凭靠替为见之亦倒该占像算够需须带变存取找试买卖真假难易省贵省"
)


@dataclass(frozen=True, slots=True)
class Mention:
    """A name where it stands in the spoken text."""

    key: str  # Latin in lower case, or the first name of its row in data/names.tsv
    start: int


def same(one: str, other: str) -> bool:
    """Is one of the names the other, or whole words of it (google of google a i studio)?"""
    return f" {one} " in f" {other} " or f" {other} " in f" {one} "


@lru_cache(maxsize=2048)
def mentions(spoken: str, subjects: tuple[str, ...] = ()) -> tuple[Mention, ...]:
    """Latin names, those of data/names.tsv and `subjects`, in the order they are said; A I is none, all say it."""
    found = [Mention(_key(match[0]), match.start()) for match in _LATIN.finditer(spoken)]
    pattern = _known(subjects)
    found += [Mention(_key(match[0]), match.start()) for match in pattern.finditer(spoken)]
    return tuple(sorted((name for name in found if name.key not in _GENERIC), key=lambda name: name.start))


def subjects_of(texts: Sequence[str]) -> tuple[str, ...]:
    """What the spoken texts of one segment speak of again and again, by its own name: 青禾电池, 星河机器人.

    Three to eight Han that begin a clause or follow a preposition, said at least twice, up to a common character: as
    many of them as are said most often.
    """
    whole = "。".join(texts)
    found: dict[str, None] = {}
    for match in _SUBJECT.finditer(whole):
        run = _uncommon(match[1])
        counts = {length: whole.count(run[:length]) for length in range(3, min(8, len(run)) + 1)}
        most = max(counts.values(), default=0)
        if most > 1:
            found[run[: max(length for length, count in counts.items() if count == most)]] = None
    return tuple(found)


def _uncommon(run: str) -> str:
    """The run up to its first common character."""
    return run[: next((place for place, character in enumerate(run) if character in _COMMON), len(run))]


def foreign(spoken: str, written: str, source_spoken: str, source_written: str) -> Iterator[str]:
    """The names of a text that its source lacks, in words for a person."""
    known = [name.key for name in mentions(source_spoken)]
    for name in mentions(spoken):
        if not any(f" {name.key} " in f" {other} " for other in known):
            yield f"the name {name.key!r}"
    yield from (f"the person {person}" for person in _persons(spoken) if person not in source_spoken)
    yield from (f"{run!r}, which is no word," for run in _runs(spoken) if run not in source_spoken)
    yield from _strange_parties(spoken, source_spoken)
    yield from _foreign_marks(written, source_written)


def _strange_parties(spoken: str, source: str) -> Iterator[str]:
    """Words the source lacks where a place or a party stands: 从酒泉, and 青木电池 at the beginning of a clause."""
    words = ("，", *segment(spoken), "，")
    for before, word, after in zip(words, words[1:], words[2:], strict=False):
        # Names are looked at above; words of common characters alone (这次, 要是) name no one.
        known = word in source or word in tables.words("fillers") or word in _aliases() or _COMMON.issuperset(word)
        if len(word) < 2 or not is_han(word[0]) or known:
            continue
        begins = before in _PAUSES and len(after) > 1 and is_han(after[0]) and after in source
        if begins or _PLACE.match(before):
            yield f"{word!r}" + (f" after {before}" if not begins else "")


def _foreign_marks(written: str, source: str) -> Iterator[str]:
    letters = _letters(source)
    yield from (f"the quotation “{words}”" for words in _QUOTED.findall(written) if _letters(words) not in letters)
    for address in _ADDRESS.findall(written):
        if address.lower() not in source.lower() or "/" in address or ":" in address:
            yield f"the address {address}"


def _letters(text: str) -> str:
    return "".join(character for character in text.lower() if character.isalnum())


@cache
def _aliases() -> dict[str, str]:
    """Every spoken form of a known name -> the first of its row."""
    return {
        (name if is_han(name[0]) else normalize(name).lower()): first
        for first, *others in tables.rows("names")
        for name in (first, *others)
    }


@lru_cache(maxsize=256)
def _known(subjects: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile(tables.any_of({*(name for name in _aliases() if is_han(name[0])), *subjects}))


def _key(said: str) -> str:
    said = said.lower()
    return _aliases().get(said, said)


@cache
def _person_pattern() -> re.Pattern[str]:
    surname = tables.any_of(
        [*(word for word in tables.words("surnames") if len(word) == 2), *_single_surnames()],
    )
    name = rf"{surname}[\u4e00-\u9fff]{{1,2}}"
    return re.compile(rf"(?:{_TITLES})(?P<titled>{name})|(?P<saying>{name}?)(?={_SAYING})")


def _single_surnames() -> frozenset[str]:
    return frozenset("".join(word for word in tables.words("surnames") if len(word) > 2))


def _persons(spoken: str) -> Iterator[str]:
    """Surnames with a given name, which is cut to two characters where the third is no part of it."""
    for match in _person_pattern().finditer(spoken):
        name = match["titled"] or match["saying"]
        if name not in dictionary() and name[:2] not in dictionary():
            yield name[:2] if name[2:] in _COMMON else name


def _runs(spoken: str) -> Iterator[str]:
    """Two or more characters in a row that the dictionary has in no word, none of them a common one."""
    run = ""
    for word in (*segment(spoken), " "):
        if len(word) == 1 and is_han(word) and word not in _COMMON:
            run += word
            continue
        if len(run) > 1:
            yield run
        run = ""
