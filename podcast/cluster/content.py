"""An utterance as text for the ledger, and back."""

from __future__ import annotations

import json
from dataclasses import asdict

from podcast.models import Sentence, Utterance


def to_json(utterance: Utterance) -> str:
    return json.dumps(asdict(utterance), ensure_ascii=False)


def from_json(text: str) -> Utterance:
    found = json.loads(text)
    sentences = tuple(
        Sentence(**{**sentence, "pinyin": tuple(sentence["pinyin"]), "words": tuple(sentence["words"])})
        for sentence in found.pop("sentences")
    )
    return Utterance(sentences=sentences, **found)
