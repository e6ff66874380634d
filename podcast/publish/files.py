"""Files that are whole or not there: written beside their place and renamed, and left alone when nothing changed."""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TextIO
from urllib.parse import urlsplit, urlunsplit

from podcast.errors import SetupError

# One sync of the whole machine takes as long as about so many of single files, and also waits for others' writing.
FEW_FILES = 100
# What XML 1.0 (2.2) and HTML have no way to say: C0 controls but tab and line ends, C1 controls, lone surrogates,
# noncharacters.  lxml raises on most of them, and a reader sees none of them.
_UNPRINTABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]")


def printable(text: str) -> str:
    """The text without characters that XML forbids."""
    return _UNPRINTABLE.sub("", text)


def web_address(url: str | None) -> str | None:
    """The address if it is an absolute http(s) one that may stand in a feed or a page, percent-encoded; else None.

    `javascript:`, `data:`, relative addresses and addresses without a host are None: shown as words, never linked.
    """
    if url is None:
        return None
    url = printable(url).strip()
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
        if parts.scheme not in ("http", "https") or not host:
            return None
        if not host.isascii():
            parts = parts._replace(netloc=parts.netloc.lower().replace(host, host.encode("idna").decode()))
    except ValueError:  # of urlsplit: brackets that are no IPv6 address; of idna: a label that is none
        return None
    return re.sub(r"[^\x21-\x7e]|[\"'<>\\^`{|}]", _percent, urlunsplit(parts))


def _percent(match: re.Match[str]) -> str:
    return "".join(f"%{byte:02X}" for byte in match.group().encode())


@contextlib.contextmanager
def exclusive(public: Path) -> Iterator[None]:
    """Keep every other run from writing to the folder at the same time.

    Raises SetupError where another one does, or where there is no such folder.
    """
    path = public / ".lock"
    file = _locked(path)
    while not _is_there(file, path):  # opened while the run before this one was about to remove it: it keeps nobody out
        file.close()
        file = _locked(path)
    with file:
        try:
            yield
        finally:
            path.unlink(missing_ok=True)


def _locked(path: Path) -> TextIO:
    try:
        file = path.open("w")
    except OSError as error:
        raise SetupError(f"cannot be written: {error.strerror}", where=str(path.parent)) from error
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        file.close()
        hint = "Wait until it is done, or choose another folder."
        raise SetupError("another run is writing to this folder", where=str(path.parent), hint=hint) from error
    return file


def _is_there(file: TextIO, path: Path) -> bool:
    """Whether the open file is the one of that name."""
    try:
        return os.path.samestat(os.fstat(file.fileno()), path.stat())
    except FileNotFoundError:
        return False


def replace_file(path: Path, content: bytes, *, durable: bool = True) -> bool:
    """Make `content` the content of `path`, atomically.  Nothing is written, and False returned, if it is so already.

    Not `durable`: a power cut may leave the file empty until `sync_files` has seen to it.
    Raises SetupError when the folder cannot be written.
    """
    try:
        if path.stat().st_size == len(content) and path.read_bytes() == content:
            return False
    except FileNotFoundError:
        pass
    except OSError as error:
        raise SetupError(f"cannot be read: {error.strerror}", where=str(path)) from error
    # Not tempfile: its files are 0600, and a web server must be able to read this one.
    temporary = path.with_name(f".{path.name}.{os.getpid()}.new")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with temporary.open("wb") as file:
            file.write(content)
            if durable:
                file.flush()
                os.fsync(file.fileno())  # a rename may reach the disk before the data it names
        temporary.replace(path)
    except OSError as error:
        raise SetupError(
            f"cannot be written: {error.strerror}", where=str(path), hint="Choose a folder you may write to."
        ) from error
    finally:
        temporary.unlink(missing_ok=True)
    return True


def sync_files(paths: Sequence[Path]) -> None:
    """See that these files are on the disk."""
    if len(paths) > FEW_FILES:
        os.sync()
        return
    for path in paths:
        with path.open("rb") as file:
            os.fsync(file.fileno())
