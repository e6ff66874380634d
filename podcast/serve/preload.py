"""Imported once in the process that workers are forked from: what they would all load, before they are asked."""

from podcast.serve import studio
from podcast.text.lexicon import BUILTIN
from podcast.text.normalize import normalize
from podcast.tts import edge

__all__ = ["edge", "studio"]

normalize("2026年3月2日，OpenAI发布第1条。", BUILTIN)  # reads the tables and the dictionary
