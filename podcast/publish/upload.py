"""Public folder -> store, in an order in which the feed out there never names audio that is not there and whole.

1. Audio that the feed out there names, and that was made again under its name with another length, is kept as a copy,
   and that feed made to name the copy: its lengths stay true, and no episode goes away for a while.
2. Files of the episodes, other files, pages.
3. Another look at the store: everything that the new feed names has to be there, with the length it says.
4. The older pages of the feed, feed.xml last of all.
5. Where asked for, what is not in the public folder is removed.

It can be killed at any instant and run again.  Each file replaces only what was seen at the start: two publishers
cannot overwrite each other unseen where the store can tell (`Store.put`).
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar
from urllib.parse import quote, unquote, urlsplit

from podcast.errors import InputError, QualityError
from podcast.publish.episode import EPISODES
from podcast.publish.feed import FEED
from podcast.publish.namespace import PODCAST, parse_xml
from podcast.publish.storage import Store, Stored, conflict, visible_files

WORKERS = 8  # requests at once: most files are small, and each waits for its answer
Tell = Callable[[str, int, int], None]  # key, bytes of it, bytes there are to send in all
T = TypeVar("T")
R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Uploaded:
    """What was done, or would be."""

    sent: tuple[str, ...]  # keys, in order
    sent_bytes: int
    unchanged: int  # files that were there already
    removed: tuple[str, ...]  # keys
    kept: tuple[str, ...]  # keys that are not in the public folder and were left


def upload(
    public: Path,
    store: Store,
    *,
    delete: bool = False,
    dry_run: bool = False,
    tell: Tell | None = None,
    before: Mapping[str, Stored] | None = None,
) -> Uploaded:
    """Bring the store to what the public folder is; files whose bytes are there already are not sent.

    `delete` removes what is not in the folder; `dry_run` only says what would be done.  The folder must have passed
    `publish_show` and must not change meanwhile: see `exclusive`.  `before`: what the store held when the folder was
    taken from it (default: what it holds now); a feed that was put there since is a conflict, not overwritten.
    Raises InputError for a folder without a feed; QualityError, with the feed out there unchanged, where a file changed
    or the new feed would name what is not in the store; SetupError for the store's own troubles.
    """
    files = {key: _File.of(path) for key, path in visible_files(public)}
    if FEED not in files:
        raise InputError("there is no feed to publish", where=str(public / FEED), hint="Run podcast make first.")
    before = store.contents() if before is None else before
    if delete and before and FEED not in before:
        hint = "Nothing was changed. Publish once without --delete."
        raise InputError(
            f"no {FEED} is there: --delete could remove what is not this show's", where=store.name, hint=hint
        )

    def is_new(key: str) -> bool:
        return key not in before or not store.holds(key, before[key], files[key].path)

    flags = at_once(is_new, files)
    changed = sorted((key for key, new in zip(files, flags, strict=True) if new), key=lambda key: (_rank(key), key))
    gone = sorted((key for key in before if key not in files), key=lambda key: (-_rank(key), key))
    if not dry_run:
        work = _Work(store, files, dict(before), changed, tell or (lambda *_: None))
        work.send()
        if delete:
            at_once(store.remove, [key for key in gone if _is_feed(key)])
            at_once(store.remove, [key for key in gone if not _is_feed(key)])
    return Uploaded(
        sent=tuple(changed),
        sent_bytes=sum(files[key].size_bytes for key in changed),
        unchanged=len(files) - len(changed),
        removed=tuple(gone) if delete else (),
        kept=() if delete else tuple(gone),
    )


@dataclass(frozen=True, slots=True)
class _File:
    path: Path
    size_bytes: int
    changed_ns: int

    @classmethod
    def of(cls, path: Path) -> _File:
        status = path.stat()
        return cls(path, status.st_size, status.st_mtime_ns)


@dataclass
class _Work:
    store: Store
    files: Mapping[str, _File]
    there: dict[str, Stored]  # what the store holds, as far as we know
    changed: list[str]
    tell: Tell
    total_bytes: int = field(init=False)

    def __post_init__(self) -> None:
        self.total_bytes = sum(self.files[key].size_bytes for key in self.changed)

    def send(self) -> None:
        # Read now: what is held against the store below is then what is sent.
        new = {key: self.files[key].path.read_bytes() for key in self.files if _is_feed(key)}
        feeds = sorted({*self.changed, *self._set_aside()} & new.keys(), key=_rank)
        for rank in (0, 1, 2):
            at_once(self._send, [key for key in self.changed if _rank(key) == rank])
        self._hold_still()
        if feeds:
            self._hold_to_store({key: new[key] for key in feeds})
        for key in feeds:
            self._put(key, new[key])
            self.tell(key, len(new[key]), self.total_bytes)

    def _send(self, key: str) -> None:
        self._put(key, self.files[key].path)
        self.tell(key, self.files[key].size_bytes, self.total_bytes)

    def _put(self, key: str, content: Path | bytes) -> None:
        self.there[key] = self.store.put(key, content, self.there.get(key))

    def _set_aside(self) -> list[str]:
        """Let the feed that is out there name copies of audio whose length is about to change; the pages put so."""
        there = self.there
        changed = [key for key in self.changed if _is_audio(key) and key in there]
        replaced = {
            key: _aside(key, there[key]) for key in changed if there[key].size_bytes != self.files[key].size_bytes
        }
        present = {key: self.store.read(key) for key in there if _is_feed(key)} if replaced else {}
        named = {feed: replaced.keys() & enclosures(content) for feed, content in present.items()}
        for key in set().union(*named.values()):
            self.store.copy(key, there[key], replaced[key])
        feeds = sorted((feed for feed in present if named[feed]), key=_rank)
        for feed in feeds:
            content = present[feed]
            for key in named[feed]:
                content = content.replace(quote(key).encode(), quote(replaced[key]).encode())
            self._put(feed, content)
        return feeds

    def _hold_still(self) -> None:
        """Raise QualityError where a file is not as it was before it was sent."""
        for key in self.changed:
            if not self.files[key].path.is_file() or _File.of(self.files[key].path) != self.files[key]:
                hint = "The feed was not replaced. Run it again when nothing writes to the folder."
                raise QualityError("the file changed while it was sent", where=key, hint=hint)

    def _hold_to_store(self, feeds: Mapping[str, bytes]) -> None:
        """Raise where something is not in the store as this run left it, or as a feed would say."""
        now = self.store.contents()
        for key, stored in self.there.items():
            if (key in self.files or _is_feed(key)) and now.get(key) != stored:
                raise conflict(key)
        for feed, content in feeds.items():
            for key, length_bytes in enclosures(content).items():
                found = now[key].size_bytes if key in now else None
                if found != length_bytes:
                    what = f"it has {found} bytes in the store" if found is not None else "it is not in the store"
                    hint = "The feed was not replaced. Run podcast feed, then this again."
                    raise QualityError(f"{what}, {feed} says {length_bytes}", where=key, hint=hint)


def enclosures(feed: bytes) -> dict[str, int]:
    """key -> length in bytes of all audio that a feed names below episodes/; nothing where it is no feed."""
    try:
        items = parse_xml(feed).findall("channel/item")
    except SyntaxError:  # lxml's XMLSyntaxError is one; no app can read it either
        return {}
    named = [(found.get("url"), found.get("length")) for item in items for found in item.findall("enclosure")]
    for other in (found for item in items for found in item.findall(f"{{{PODCAST}}}alternateEnclosure")):
        named += [(source.get("uri"), other.get("length")) for source in other.findall(f"{{{PODCAST}}}source")]
    lengths = {}
    for url, length in named:
        if match := re.search(rf"{EPISODES}/[^/]+/[^/]+$", unquote(urlsplit(url or "").path)):
            lengths[match.group()] = int(length) if length and length.isdecimal() else -1
    return lengths


def _aside(key: str, stored: Stored) -> str:
    """The key of the copy: the same for the same content, so that a second run makes no second one."""
    stem, _, suffix = key.rpartition(".")
    return f"{stem}.former-{hashlib.sha256(stored.tag.encode()).hexdigest()[:8]}.{suffix}"


def _rank(key: str) -> int:
    """When a file is sent: episodes, the rest, pages, older pages of the feed, the feed."""
    if key == FEED:
        return 4
    if _is_feed(key):
        return 3
    if key.endswith(".html") or key == "sitemap.xml":
        return 2
    return 0 if key.startswith(f"{EPISODES}/") else 1


def _is_feed(key: str) -> bool:
    return re.fullmatch(r"feed(-\d+)?\.xml", key) is not None


def _is_audio(key: str) -> bool:
    return key.endswith((".mp3", ".m4a", ".opus", ".ogg"))


def at_once(call: Callable[[T], R], values: Iterable[T]) -> list[R]:
    """The answers, in order; the first error ends it, and what has not begun is not begun."""
    with ThreadPoolExecutor(WORKERS) as pool:
        try:
            return list(pool.map(call, values))
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise
