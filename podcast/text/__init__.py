"""Written Chinese -> spoken Chinese: pure functions over tables that are data.

`narrate` fits a script to an engine: it splits each paragraph into sentences, says what is spoken for each, and adds
pinyin for engines that take phonemes.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Literal

from podcast.models import Override, Script, Segment, Sentence, Utterance
from podcast.text.g2p import cut, respell, spoken_pinyin
from podcast.text.lexicon import Lexicon
from podcast.text.normalize import normalize, read
from podcast.text.overrides import fixed, within
from podcast.text.split import split_sentences

SENTENCE_PAUSE_SECONDS = 0.35
CLAUSE_PAUSE_SECONDS = 0.18  # after a piece of a sentence that was too long for the engine
_STOPS = "。！？!?…；;"
_CLOSERS = "”’」』）》\"')"


def narrate(script: Script, lexicon: Lexicon, *, unit: Literal["sentence", "paragraph"], max_characters: int) -> Script:
    """The script with every utterance split to the engine's liking and ready to be spoken.

    `unit` is how much text is one utterance; `max_characters` bounds the spoken text of one.  Utterances without
    anything to say (a line of emoji) are left out; joined, the sentences' text is that of the script that came in.
    """
    segments = []
    for segment in script.segments:
        utterances = [
            part for paragraph in segment.utterances for part in _utterances(paragraph, lexicon, unit, max_characters)
        ]
        if utterances:
            segments.append(replace(segment, utterances=_numbered(segment, utterances)))
    return replace(script, segments=tuple(segments))


def read_sentence(text: str, lexicon: Lexicon, overrides: tuple[Override, ...] = ()) -> Sentence:
    """One written sentence with how it is said.  Raises LexiconError for an override that cannot be said."""
    reading = read(text, lexicon, fixed(text, overrides))
    spoken, given = reading.spoken, {start: entry.pinyin for start, entry in reading.fixed}
    return Sentence(
        text,
        spoken,
        spoken_pinyin(spoken, lexicon.readings, given),
        cut(spoken, lexicon.readings, given),
        respell(spoken, lexicon.readings, given),
        overrides,
    )


def _utterances(
    paragraph: Utterance, lexicon: Lexicon, unit: Literal["sentence", "paragraph"], max_characters: int
) -> Iterator[Utterance]:
    sentences = _sentences(paragraph, lexicon, max_characters)
    groups: list[list[Sentence]] = []
    for sentence in sentences:
        fits = groups and sum(len(s.spoken) for s in groups[-1]) + len(sentence.spoken) <= max_characters
        if groups and unit == "paragraph" and fits:
            groups[-1].append(sentence)
        else:
            groups.append([sentence])
    for place, group in enumerate(groups, start=1):
        whole = group[-1].text.rstrip().rstrip(_CLOSERS).endswith(tuple(_STOPS))
        between = SENTENCE_PAUSE_SECONDS if whole else CLAUSE_PAUSE_SECONDS
        pause = paragraph.pause_after_seconds if place == len(groups) else between
        yield replace(paragraph, sentences=tuple(group), pause_after_seconds=pause)


def _sentences(paragraph: Utterance, lexicon: Lexicon, max_characters: int) -> list[Sentence]:
    """The sentences of a paragraph, each with something to say: one without joins its neighbour."""
    text = paragraph.text
    overrides = [override for sentence in paragraph.sentences for override in sentence.overrides]
    sentences: list[Sentence] = []
    start = 0  # of what is not yet in a sentence
    end = 0
    for piece in pieces(text, lexicon, max_characters):
        end += len(piece)
        if any(override.start < end < override.end for override in overrides):
            continue  # a reading is not torn apart
        sentence = read_sentence(text[start:end], lexicon, within(overrides, start, end))
        if any(character.isalnum() for character in sentence.spoken):
            sentences.append(sentence)
        elif sentences:
            sentences[-1] = replace(sentences[-1], text=sentences[-1].text + sentence.text)
        else:
            continue  # silence before the first words
        start = end
    return sentences


def pieces(text: str, lexicon: Lexicon, max_characters: int) -> Iterator[str]:
    """The sentences of a text, cut further where what is said is too long: it may be several times what is written."""
    for piece in split_sentences(text, max_characters):
        spoken = len(normalize(piece, lexicon))
        if spoken <= max_characters or len(piece) < 2:
            yield piece
        else:
            yield from split_sentences(piece, max(1, len(piece) * max_characters // (spoken + 1)))


def _numbered(segment: Segment, utterances: list[Utterance]) -> tuple[Utterance, ...]:
    prefix = segment.utterances[0].id.split("-")[0]
    return tuple(replace(part, id=f"{prefix}-u{place:02}") for place, part in enumerate(utterances, start=1))
