"""A digest cut to a length: what an edition that says less leaves out, and in which order.

Everything is left out by whole sentences, from the end.  The steps, until it fits:

1. passages between the items, the last one first;
2. sentences of summaries and overview, one each in a round, the longest and the last items first, and after each round
   a paragraph of the commentary, down to its first point; then that point's sentences: each has its first left;
3. summaries, the last item's first: a headline is left;
4. the overview, then the commentary;
5. items, the last one first.

The brief edition begins with what is left after 3, and its steps are the sentences of the overview and of the point,
and the overview.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache

from podcast.models import Digest, Edition, Item
from podcast.script.rundown import speakable_headline

Paragraphs = tuple[str, ...]
Split = Callable[[str], Sequence[str]]  # a paragraph -> its sentences, which joined give it back


@dataclass(frozen=True, slots=True)
class Cutting:
    """A digest as an edition has it."""

    digest: Digest  # what is to be said
    seconds: float  # about how long that takes; 0 where no length was asked for
    left_out: tuple[str, ...]  # what is not said of the whole, in words for a person


@dataclass(frozen=True, slots=True)
class _State:
    """How far each part is cut: places in the lists of `_Forms`."""

    overview: int
    commentary: int
    interludes: int  # how many are left
    items: tuple[int, ...]  # one for each item that is left


@dataclass(frozen=True, slots=True)
class _Forms:
    """Each part whole, then shorter and shorter."""

    overview: Sequence[Paragraphs]  # the last is empty
    commentary: Sequence[Paragraphs]  # the last is empty
    items: Sequence[Sequence[Paragraphs]]  # the last is that of a headline
    points: int  # from this place on the commentary is its first point alone


def cut_digest(digest: Digest, edition: Edition, split: Split, measure: Callable[[Digest], float]) -> Cutting:
    """The digest as `edition` says it; `measure`: about how long a digest takes to say, in seconds.

    A length is met by the state nearest to it; the brief edition stays below its own.  Where no state is short enough
    it is the shortest.
    """
    if edition.seconds is None:
        return Cutting(digest, 0.0, ())
    wanted, brief = edition.seconds, edition.name == "brief"
    forms = _forms(digest, split)
    states = list(_brief_states(digest, forms) if brief else _states(digest, forms))
    shown = cache(lambda place: _shown(digest, forms, states[place]))
    length = cache(lambda place: measure(shown(place)))
    # Lengths fall from state to state: the first that is short enough, and the one before it.
    place = min(bisect_left(range(len(states)), -wanted, key=lambda index: -length(index)), len(states) - 1)
    if place and not brief and length(place - 1) - wanted < wanted - length(place):
        place -= 1
    return Cutting(shown(place), length(place), _told(digest, shown(place)))


def _forms(digest: Digest, split: Split) -> _Forms:
    commentary, points = _commentary_forms(digest.commentary, split)
    return _Forms(
        overview=[*_shorter(digest.overview, split), ()],
        commentary=commentary,
        items=[_item_forms(item, split) for item in digest.items],
        points=points,
    )


def _item_forms(item: Item, split: Split) -> Sequence[Paragraphs]:
    """An item without a headline that can be said keeps a sentence."""
    forms = list(_shorter(item.summary, split)) or [()]
    return [*forms, ()] if item.summary and speakable_headline(item.title) else forms


def _commentary_forms(paragraphs: Paragraphs, split: Split) -> tuple[Sequence[Paragraphs], int]:
    """Paragraph by paragraph down to the first point, then its sentences.

    A first paragraph of one sentence, with others after it, leads in to the points and is none.
    """
    lead_in = len(paragraphs) > 1 and len(split(paragraphs[0])) == 1
    first = 1 if lead_in else 0
    whole = [paragraphs[:count] for count in range(len(paragraphs), 1, -1)]
    return [*whole, *_shorter(paragraphs[first : first + 1], split), ()], len(whole)


def _shorter(paragraphs: Paragraphs, split: Split) -> Iterator[Paragraphs]:
    """All, then without the last sentence, down to the first."""
    sentences = [(place, sentence) for place, text in enumerate(paragraphs) for sentence in split(text)]
    for count in range(len(sentences), 0, -1):
        kept = sentences[:count]
        yield tuple(
            "".join(sentence for of, sentence in kept if of == place).rstrip() if count < len(sentences) else text
            for place, text in enumerate(paragraphs)
            if place <= kept[-1][0]
        )


def _states(digest: Digest, forms: _Forms) -> Iterator[_State]:
    """From the whole to one headline, a step at a time."""
    state = _State(0, 0, len(digest.interludes), (0,) * len(digest.items))
    yield state
    while state.interludes:
        state = replace(state, interludes=state.interludes - 1)
        yield state
    for shorter in _by_sentences(state, forms):
        state = shorter
        yield state
    for place in reversed(range(len(forms.items))):
        last = len(forms.items[place]) - 1
        if state.items[place] < last:
            state = _with_item(state, place, last)
            yield state
    if state.overview < len(forms.overview) - 1:
        state = replace(state, overview=len(forms.overview) - 1)
        yield state
    if state.commentary < len(forms.commentary) - 1:
        state = replace(state, commentary=len(forms.commentary) - 1)
        yield state
    while len(state.items) > 1:
        state = replace(state, items=state.items[:-1])
        yield state


def _by_sentences(state: _State, forms: _Forms) -> Iterator[_State]:
    """Rounds that leave each summary and the overview with a sentence less, and the commentary with a paragraph."""
    sentences = [sum(1 for form in item if form) for item in forms.items]
    of_overview = len(forms.overview) - 1
    for most in range(max([*sentences, of_overview], default=1), 1, -1):
        for place in reversed(range(len(sentences))):
            if sentences[place] >= most:
                state = _with_item(state, place, state.items[place] + 1)
                yield state
        if of_overview >= most:
            state = replace(state, overview=state.overview + 1)
            yield state
        if state.commentary < forms.points:
            state = replace(state, commentary=state.commentary + 1)
            yield state
    while state.commentary < len(forms.commentary) - 2:
        state = replace(state, commentary=state.commentary + 1)
        yield state


def _brief_states(digest: Digest, forms: _Forms) -> Iterator[_State]:
    """A headline for each item, the overview's first paragraph and the first point; then shorter, the longer first."""
    headlines = tuple(len(item) - 1 for item in forms.items)
    first = next((place for place, form in enumerate(forms.overview) if len(form) < 2), 0)
    state = _State(first, forms.points, 0, headlines)
    yield state
    while True:
        left = len(forms.overview) - 2 - state.overview, len(forms.commentary) - 2 - state.commentary
        if max(left) <= 0:
            break
        if left[0] >= left[1]:
            state = replace(state, overview=state.overview + 1)
        else:
            state = replace(state, commentary=state.commentary + 1)
        yield state
    if digest.overview:
        yield replace(state, overview=len(forms.overview) - 1)


def _with_item(state: _State, place: int, form: int) -> _State:
    return replace(state, items=(*state.items[:place], form, *state.items[place + 1 :]))


def _shown(digest: Digest, forms: _Forms, state: _State) -> Digest:
    items = zip(digest.items, forms.items, state.items, strict=False)
    return replace(
        digest,
        overview=forms.overview[state.overview],
        items=tuple(replace(item, summary=of_item[form]) for item, of_item, form in items),
        commentary=forms.commentary[state.commentary],
        interludes=digest.interludes[: state.interludes],
    )


def _told(whole: Digest, shown: Digest) -> tuple[str, ...]:
    """What of `whole` is not in `shown`."""
    lines = []
    if gone := [item.number for item in whole.items[len(shown.items) :]]:
        lines.append(f"left out: {_numbers('item', gone)}")
    pairs = [pair for pair in zip(whole.items, shown.items, strict=False) if pair[0].summary != pair[1].summary]
    if headlines := [item.number for item, cut in pairs if not cut.summary]:
        lines.append(f"headline only: {_numbers('item', headlines)}")
    if shortened := [item.number for item, cut in pairs if cut.summary]:
        lines.append(f"shortened: {_numbers('item', shortened)}")
    for name, before, after in (
        ("the overview", whole.overview, shown.overview),
        ("the commentary", whole.commentary, shown.commentary),
    ):
        if before != after:
            lines.append(f"shortened: {name}" if after else f"left out: {name}")
    if count := len(whole.interludes) - len(shown.interludes):
        lines.append(f"left out: {count} passage{'s' * (count > 1)} between the items")
    return tuple(lines)


def _numbers(name: str, numbers: Sequence[int]) -> str:
    """`items 3-5, 8`."""
    runs: list[list[int]] = []
    for number in numbers:
        if runs and number == runs[-1][-1] + 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    texts = [f"{run[0]}-{run[-1]}" if len(run) > 1 else f"{run[0]}" for run in runs]
    return f"{name}{'s' * (len(numbers) > 1)} {', '.join(texts)}"
