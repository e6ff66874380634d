"""Before reading: one way to write each thing.

Full-width letters and digits become ASCII, squared units letters, every kind of white space a blank; what cannot be
seen goes (zero-width and control characters, surrogates, variation selectors).  Chinese punctuation stays as it is.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

# Cleaned as they stand: ASCII, Han, kana and the punctuation of Chinese.  Anything else is looked at one by one.
_ODD = re.compile(
    r"[^\x20-\x7e\u3001-\u3005\u3007-\u3011\u3041-\u30ff\u3400-\u9fff"
    r"\uff0c\uff1a\uff1b\uff01\uff1f\uff08\uff09“”‘’—…·]|丨"
)
_WIDE = (  # code points that NFKC turns into plain letters, digits and units without a change of meaning
    (0x2100, 0x214F), (0x2474, 0x249B), (0x3300, 0x33FF), (0xF900, 0xFB06), (0xFE30, 0xFE6F),
    (0xFF01, 0xFFEF), (0x1D400, 0x1D7FF),
)  # fmt: skip
_CLEANED = {character: character for character in "，：；！？（）｜™℠"} | {
    "№": "No.", "µ": "μ", "∶": ":", "丨": "｜", "㎡": "m²",  # a ratio's colon; the stroke that headlines use as a bar
}  # fmt: skip
_REMOVED = {"Cc", "Cf", "Cs", "Co", "Cn"}
_MODIFIERS = re.compile(r"[\u20d0-\u20ff\ufe00-\ufe0f\U000e0100-\U000e01ef\U0001f3fb-\U0001f3ff]")


@lru_cache(maxsize=4096)
def _cleaned(character: str) -> str:
    """What a character becomes; "" if it cannot be seen."""
    category = unicodedata.category(character)
    if character in _CLEANED:
        return _CLEANED[character]
    if category in ("Zs", "Zl", "Zp") or character in "\t\n\r\v\f\x1c\x1d\x1e\x1f\x85":
        return " "
    if category in _REMOVED or _MODIFIERS.match(character):
        return ""
    if category == "Nd":
        return str(unicodedata.digit(character))
    wide = any(low <= ord(character) <= high for low, high in _WIDE)
    return unicodedata.normalize("NFKC", character) if wide else character


def clean(text: str) -> tuple[str, list[int] | None]:
    """The line with one way to write each thing, and where in `text` each of its characters stood (None: the same)."""
    if not _ODD.search(text):
        return text, None
    cleaned: list[str] = []
    places: list[int] = []
    for place, character in enumerate(text):
        for replacement in _cleaned(character) if _ODD.match(character) else character:
            cleaned.append(replacement)
            places.append(place)
    places.append(len(text))
    return "".join(cleaned), places
