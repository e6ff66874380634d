"""What a model answered -> lines, or why they cannot be read.

The answer is a JSON object, {"lines": [{"speaker": "anchor", "text": "…", "from": [1, 2]}]}; a fence around it and
thoughts before it are passed over.  A text may hold words, digits and marks of punctuation: what else there is (markup,
emoji, stage directions, a speaker's name) is no sentence that can be spoken.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Collection, Iterator
from typing import Any

from podcast.rewrite.check import Line

LONGEST_LINE = 160  # characters: half a minute
_THOUGHT = re.compile(r"<think(?:ing)?>.*?</think(?:ing)?>", re.DOTALL | re.IGNORECASE)
_MARKS = frozenset("，。！？；：、“”‘’《》「」『』（）—…·～ ,.!?:;%‰'\"/&+-–−×=$€£¥￥℃°()")
_SPEAKER = re.compile(
    r"^\s*(?:[【\[(（]?(?:主播|评论员?|主持人|嘉宾|旁白|男|女|anchor|commentator|host|speaker)[A-Za-z0-9甲乙]{0,2}[】\])）]?|[A-Z甲乙])\s*[:：]",
    re.IGNORECASE,
)
_ASIDE = re.compile(r"[（(]([^（）()]*)[）)]")


class Unreadable(Exception):
    """The answer is no list of lines: what is wrong, in words for the model and for a person."""


def read_answer(content: str, *, speakers: Collection[str], most: int) -> tuple[Line, ...]:
    """The lines of an answer.  Raises Unreadable."""
    lines = _object(content).get("lines")
    if not isinstance(lines, list) or not lines:
        raise Unreadable('there is no list "lines"')
    if len(lines) > most:
        raise Unreadable(f"{len(lines)} lines: at most {most} are wanted")
    return tuple(_line(line, place, speakers) for place, line in enumerate(lines, start=1))


def _object(content: str) -> dict[str, Any]:
    """The first JSON object of the text."""
    text = _THOUGHT.sub("", content)
    start = text.find("{")
    if start < 0:
        raise Unreadable("the answer is no JSON object")
    try:
        found, _ = json.JSONDecoder().raw_decode(text, start)
    except (ValueError, RecursionError) as error:
        raise Unreadable(f"the answer is no JSON object ({type(error).__name__})") from error
    if not isinstance(found, dict):
        raise Unreadable("the answer is no JSON object")
    return found


def _line(line: object, place: int, speakers: Collection[str]) -> Line:
    if not isinstance(line, dict):
        raise Unreadable(f"line {place} is no object")
    text, speaker, rests_on = line.get("text"), line.get("speaker"), line.get("from", [])
    if not isinstance(text, str) or not any(character.isalnum() for character in text):
        raise Unreadable(f"line {place} has no text")
    if speaker not in speakers:
        raise Unreadable(f"line {place} is spoken by {speaker!r}: {' or '.join(sorted(speakers))} is wanted")
    if not isinstance(rests_on, list) or not all(type(number) is int for number in rests_on):
        raise Unreadable(f'"from" of line {place} is no list of sentence numbers')
    return Line(str(speaker), " ".join(text.split()), tuple(dict.fromkeys(rests_on)))


def unspeakable(text: str, source: str) -> Iterator[str]:
    """What of a line is no sentence to be spoken; what the digest itself has may stay."""
    if len(text) > LONGEST_LINE:
        yield f"{len(text)} characters in one line: at most {LONGEST_LINE} are wanted"
    strange = [character for character in text if not _is_speakable(character) and character not in source]
    if strange:
        yield f"{strange[0]!r} is no letter, digit or mark of punctuation"
    if _SPEAKER.match(text):
        yield "the speaker's name is in the text"
    for aside in _ASIDE.findall(text):
        if aside not in source:
            yield f"（{aside}） is an aside that the digest lacks"


def _is_speakable(character: str) -> bool:
    return character in _MARKS or unicodedata.category(character) in {"Lu", "Ll", "Lo", "Lt", "Nd"}
