"""Latin letters -> phonemes of Kokoro v1.0, by espeak-ng (which kokoro-onnx brings).

The model was trained on the American English of misaki: one capital letter for each diphthong, T for a flapped t.
"""

from __future__ import annotations

import re
import threading
from functools import lru_cache
from typing import Any

from podcast.errors import EngineUnavailable

# fmt: off
# espeak-ng's American English -> Kokoro's; ^ ties the two halves of one sound, U+0329 makes a consonant a syllable.
_SOUNDS = {
    "a^ɪ": "I", "a^ʊ": "W", "e^ɪ": "A", "o^ʊ": "O", "ɔ^ɪ": "Y", "d^ʒ": "ʤ", "t^ʃ": "ʧ", "ə^l": "ᵊl",
    "ʔn\u0329": "tᵊn", "n\u0329": "ᵊn", "l\u0329": "ᵊl", "m\u0329": "ᵊm", "ɜːɹ": "ɜɹ", "ɜː": "ɜɹ", "ɪə": "iə",
    "ɚ": "əɹ", "ɐ": "ə", "ɾ": "T", "ʔ": "t", "r": "ɹ", "x": "k", "ç": "k", "ɬ": "l", "e": "A", "o": "ɔ", "g": "ɡ",
    "ʲ": "", "ː": "", "^": "", "\u0303": "", "-": "",
}
# Letters by their names: espeak-ng reads a lone A as the article.
_LETTERS = {
    "A": "ˈA", "B": "bˈi", "C": "sˈi", "D": "dˈi", "E": "ˈi", "F": "ˈɛf", "G": "ʤˈi", "H": "ˈAʧ", "I": "ˈI",
    "J": "ʤˈA", "K": "kˈA", "L": "ˈɛl", "M": "ˈɛm", "N": "ˈɛn", "O": "ˈO", "P": "pˈi", "Q": "kjˈu", "R": "ˈɑɹ",
    "S": "ˈɛs", "T": "tˈi", "U": "jˈu", "V": "vˈi", "W": "dˈʌbᵊlju", "X": "ˈɛks", "Y": "wˈI", "Z": "zˈi",
}
# fmt: on
_SOUND = re.compile("|".join(sorted(map(re.escape, _SOUNDS), key=len, reverse=True)))
_LETTER = re.compile(r"(?<!\S)[A-Za-z](?!\S)")
_lock = threading.Lock()  # espeak-ng keeps its state in the whole program


@lru_cache(maxsize=4096)
def english(words: str) -> str:
    """Phonemes of Latin words; a letter that stands alone is said by its name, "a" before a word is the article.

    Raises ValueError for what gives no sound and EngineUnavailable where espeak-ng is not installed.
    """
    parts, start = [], 0
    for letter in _LETTER.finditer(words):
        if letter[0] == "a" and re.match(r" [a-zA-Z]{2}", words[letter.end() :]):
            continue
        parts += [_espeak(words[start : letter.start()]), _LETTERS[letter[0].upper()]]
        start = letter.end()
    parts.append(_espeak(words[start:]))
    said = " ".join(part for part in parts if part)
    if not said:
        raise ValueError(f"cannot say {words!r}")
    return said


def _espeak(words: str) -> str:
    words = words.strip().replace("’", "'")
    if not words:
        return ""
    with _lock:
        lines = _backend().phonemize([words], strip=True)
    return _SOUND.sub(lambda match: _SOUNDS[match[0]], " ".join(lines)).strip()


@lru_cache(maxsize=1)
def _backend() -> Any:
    try:
        import espeakng_loader
        from phonemizer.backend import EspeakBackend
        from phonemizer.backend.espeak.wrapper import EspeakWrapper
    except ImportError as error:
        raise EngineUnavailable(
            f"espeak-ng, which reads English for kokoro, is not installed ({error})",
            hint="Install it: pip install 'digestcast[kokoro]'",
        ) from error
    EspeakWrapper.set_library(espeakng_loader.get_library_path())
    EspeakWrapper.set_data_path(espeakng_loader.get_data_path())
    return EspeakBackend("en-us", preserve_punctuation=True, with_stress=True, tie="^")
