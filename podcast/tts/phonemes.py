"""Spoken Chinese with its pinyin -> the phonemes of Kokoro v1.0.

Kokoro was trained on IPA with arrows for tones: → first, ↗ second, ↓ third, ↘ fourth, none for the neutral tone, and
with a space between two words.  The symbols are those of misaki 0.9.4 on its path for Kokoro v1.0 (after Duanmu, The
Phonology of Standard Chinese, 2007), but for yo, which misaki gives the sound of wo.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import accumulate, takewhile

from podcast.tts.english import english

_NO_HAN = "_"
_ARROWS = {"1": "→", "2": "↗", "3": "↓", "4": "↘", "5": ""}

# fmt: off
_INITIALS = {
    "b": "p", "p": "pʰ", "m": "m", "f": "f", "d": "t", "t": "tʰ", "n": "n", "l": "l", "g": "k", "k": "kʰ", "h": "x",
    "j": "ʨ", "q": "ʨʰ", "x": "ɕ", "z": "ʦ", "c": "ʦʰ", "s": "s", "zh": "ꭧ", "ch": "ꭧʰ", "sh": "ʂ", "r": "ɻ", "": "",
}
# The tone's arrow stands where the digit 0 is.
_FINALS = {
    "a": "a0", "ai": "ai0", "an": "a0n", "ang": "a0ŋ", "ao": "au0",
    "e": "ɤ0", "ei": "ei0", "en": "ə0n", "eng": "ə0ŋ", "er": "ɚ0", "o": "wo0", "ong": "ʊ0ŋ", "ou": "ou0",
    "i": "i0", "ia": "ja0", "ian": "jɛ0n", "iang": "ja0ŋ", "iao": "jau0", "ie": "je0", "in": "i0n", "ing": "i0ŋ",
    "iong": "jʊ0ŋ", "iou": "jou0", "-i": "ɨ0",  # -i as in zhi and zi
    "u": "u0", "ua": "wa0", "uai": "wai0", "uan": "wa0n", "uang": "wa0ŋ", "uei": "wei0", "uen": "wə0n", "ueng": "wə0ŋ",
    "uo": "wo0", "v": "y0", "van": "ɥɛ0n", "ve": "ɥe0", "vn": "y0n",
}
# Finals that pinyin writes shorter after a consonant.
_SHORT = {"iu": "iou", "ui": "uei", "un": "uen", "ue": "ve"}
# Interjections that are no initial and final.
_WHOLE = {"o": "ɔ0", "io": "jɔ0", "yo": "jɔ0", "hm": "hm0", "hng": "hŋ0", "m": "m0", "n": "n0", "ng": "ŋ0"}
# fmt: on

_PUNCTUATION = {
    **dict.fromkeys("，、,", ", "),
    **dict.fromkeys("。．.", ". "),
    **dict.fromkeys("！!", "! "),
    **dict.fromkeys("？?", "? "),
    **dict.fromkeys("：:", ": "),
    **dict.fromkeys("；;", "; "),
    **dict.fromkeys("“「『《〈【«‘", " “"),
    **dict.fromkeys("”」』》〉】»’", "” "),
    **dict.fromkeys("（(", " ("),
    **dict.fromkeys("）)", ") "),
    **dict.fromkeys("—–", "—"),
    "…": "…",
    '"': '"',
}

# All that the model knows: it skips any other symbol in silence (config.json of kokoro-onnx 0.6).
VOCABULARY = frozenset(
    ';:,.!?—…"()“” \u0303abcdefhijklmnopqrstuvwxyzAIOQSTWYˈˌːʰʲ↓→↗↘'
    "ʣʥʦʨᵝꭧᵊɑɐɒæβɔɕçɖðʤəɚɛɜɟɡɥɨɪʝɯɰŋɳɲɴøɸθœɹɾɻʁɽʂʃʈʧʊʋʌɣɤχʎʒʔᵻ"
)

# Scripts that espeak-ng reads: Latin, Greek and Cyrillic.  Of others it says "Chinese letter".
_ALPHABET = "[A-Za-zÀ-ÖØ-öø-ɏͰ-ϿЀ-ӿḀ-ỿ]"
_LETTERS = re.compile(rf"{_ALPHABET}+(?:['’ -]+{_ALPHABET}+)*")


def phonemes(spoken: str, pinyin: Sequence[str], words: Sequence[str] = ()) -> str:
    """The phonemes of one sentence.

    `pinyin` has a token for each character of `spoken`, tones as they are said, "_" for what is no Han.  `words`, which
    joined are `spoken`, put a space between two words; without them Han runs on.  Raises ValueError that names what
    cannot be said, so that nothing is skipped in silence, and EngineUnavailable where Latin text needs espeak-ng and it
    is not installed.
    """
    if len(spoken) != len(pinyin):
        raise ValueError(f"{len(pinyin)} pinyin tokens for {len(spoken)} characters of {spoken!r}")
    line = "".join(_parts(spoken, pinyin, set(accumulate(map(len, words)))))
    line = re.sub(r"(?<=[“(]) +| +(?=[,.!?:;”)…])", "", re.sub(r"\s+", " ", line)).strip()
    unknown = sorted(set(line) - VOCABULARY)
    if unknown:
        raise ValueError(f"no phonemes for {' '.join(unknown)} in {spoken!r}")
    return line


def _parts(spoken: str, pinyin: Sequence[str], starts: set[int]) -> Iterator[str]:
    """Phonemes piece by piece: Han syllables, Latin runs, punctuation.  A word begins at each place of `starts`."""
    place = 0
    while place < len(spoken):
        end = place + 1
        if pinyin[place] != _NO_HAN:
            yield f" {syllable(pinyin[place])}" if place in starts else syllable(pinyin[place])
        elif run := _LETTERS.match(spoken, place):
            end = run.end()
            yield f" {english(run[0])} "
        elif romanized := _romanized(spoken[place:]):
            word, length = romanized
            end = place + length
            yield f" {english(word)} "
        else:
            yield _punctuation(spoken[place])
        place = end


def _romanized(text: str) -> tuple[str, int] | None:
    """A word of kana, hangul or another script at the start of `text` in Latin letters, and its length; else None.

    The letters are those of the characters' Unicode names (HIRAGANA LETTER SA -> sa): rough, but a foreign name is
    heard and not lost.
    """
    letters = "".join(takewhile(lambda character: character.isalpha() and not _is_han(character), text))
    names = [unicodedata.name(character, "").split() for character in letters]
    word = "".join(name[-1].lower() for name in names if name and name[-1].isalpha() and name[-1] != "MARK")
    return (word, len(letters)) if word else None


def _is_han(character: str) -> bool:
    return unicodedata.name(character, "").startswith("CJK")


def _punctuation(character: str) -> str:
    if character in _PUNCTUATION:
        return _PUNCTUATION[character]
    if character.isspace() or unicodedata.category(character).startswith("P"):
        return " "  # · and the like part words and have no sound
    raise ValueError(f"cannot say {character!r}")


def syllable(token: str) -> str:
    """Phonemes of one pinyin syllable: zhong4 -> ꭧʊ↘ŋ.  Raises ValueError for what is no syllable."""
    arrow, template = _ARROWS.get(token[-1:]), _template(token[:-1])
    if arrow is None or template is None:
        raise ValueError(f"{token!r} is no pinyin syllable")
    return template.replace("0", arrow)


@lru_cache(maxsize=1024)
def _template(letters: str) -> str | None:
    """Phonemes of a syllable with 0 for its tone, None for what is none."""
    if letters in _WHOLE:
        return _WHOLE[letters]
    if letters.startswith(("y", "w")):
        initial, final = "", _after_glide(letters)
    else:
        initial = next(start for start in (letters[:2], letters[:1], "") if start in _INITIALS)
        final = letters[len(initial) :]
    if initial in {"j", "q", "x"} and final.startswith("u"):
        final = "v" + final[1:]
    elif initial in {"zh", "ch", "sh", "r", "z", "c", "s"} and final == "i":
        final = "-i"
    final = _SHORT.get(final, final)
    return _INITIALS[initial] + _FINALS[final] if final in _FINALS else None


def _after_glide(letters: str) -> str:
    """The final of a syllable that is written with y or w: yao -> iao, yuan -> van, wen -> uen."""
    glide, rest = letters[0], letters[1:]
    if glide == "y":
        return "v" + rest[1:] if rest.startswith("u") else rest if rest.startswith("i") else "i" + rest
    return rest if rest == "u" else "u" + rest
