"""Runs of text -> lines, with the figures and links that stand beside them: the inside of a paragraph."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import unquote, urlsplit

from podcast.digest.lines import ADDRESS, Line, Note, Run, plain, shorten
from podcast.models import Figure, Link


def leads_on(href: str) -> bool:
    """Whether an address can be followed from the web: http or https, with a host."""
    try:
        parts = urlsplit(href)
        return parts.scheme.lower() in {"http", "https"} and bool(parts.hostname)
    except ValueError:  # such as http://[
        return False


class Inline:
    """Is told runs, images and line ends in the order they stand; `finish` gives the lines."""

    def __init__(self, number: int, notes: list[Note], is_at_margin: Callable[[int], bool]) -> None:
        self.number = number  # of the line being filled
        self.figures: list[Figure] = []
        self.links: list[Link] = []
        self._notes = notes
        self._is_at_margin = is_at_margin
        self._lines: list[Line] = []
        self._runs: list[Run] = []
        self._joined = False

    @property
    def run_count(self) -> int:
        """Of the line being filled."""
        return len(self._runs)

    def add(self, text: str, *, bold: bool = False, url: str | None = None) -> None:
        """Append text; addresses in it become links."""
        at = 0
        for match in ADDRESS.finditer(text) if url is None else ():
            self._runs.append(Run(text[at : match.start()], bold))
            self._runs.append(Run(match[0], bold, self.link(match[0])))
            at = match.end()
        self._runs.append(Run(text[at:], bold, url))

    def add_raw(self, text: str, *, bold: bool = False, url: str | None = None) -> None:
        """Append text in which no address is looked for."""
        self._runs.append(Run(text, bold, url))

    def add_image(self, alt: str, src: str) -> None:
        self.figures.append(Figure("image", plain(alt), self.link(src) or None))

    def link(self, href: str) -> str:
        """The address of a link, "" where it has none that can be followed."""
        if not href.strip():
            self.note("a link without an address: its text is kept")
            return ""
        if not leads_on(href):
            self.note(f"the address {shorten(unquote(href))} is not http or https: left out")
            return ""
        return href

    def note(self, text: str) -> None:
        self._notes.append(Note(self.number, text))

    def end_line(self, *, joined: bool, number: int) -> None:
        runs = tuple(run for run in self._runs if run.text)
        if "".join(run.text for run in runs).strip():
            self._lines.append(Line(self.number, runs, self._joined, self._is_at_margin(self.number)))
            self._joined = joined
        else:
            self._joined = self._joined and joined
        self._runs = []
        self.number = number

    def finish(self) -> tuple[Line, ...]:
        self.end_line(joined=False, number=self.number)
        return tuple(self._lines)
