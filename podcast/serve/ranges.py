"""What a request asks of a file: which bytes, and under which conditions (RFC 9110, sections 13 and 14)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from email.utils import parsedate_to_datetime

MAX_RANGES = 16  # no player asks for more than one; a request of thousands is an attack
# One range of a set.  Python reads no number of more than 4300 digits.
_RANGE = re.compile(r"(\d{1,4000})-(\d{0,4000})|-(\d{1,4000})", re.ASCII)


def wanted_ranges(header: str, size: int) -> list[range] | None:
    """The bytes that a Range header asks for of `size` bytes, in its order.

    None: the whole file, for the header is malformed, or of another unit than bytes, or asks for as much as that in
    pieces (all of which RFC 9110, 14.2 lets a server ignore).  An empty list: no byte of it is in the file (416).
    """
    unit, _, specification = header.partition("=")
    pieces = [piece.strip(" \t") for piece in specification.split(",", MAX_RANGES * 2)]
    pieces = [piece for piece in pieces if piece]  # a list may have empty elements (5.6.1)
    if unit.strip().lower() != "bytes" or not 1 <= len(pieces) <= MAX_RANGES:
        return None
    ranges = []
    for piece in pieces:
        match = _RANGE.fullmatch(piece)
        if match is None:
            return None
        first, last, suffix = match.groups()
        if last and int(last) < int(first):
            return None
        if suffix:
            found = range(max(0, size - int(suffix)), size)
        else:
            found = range(int(first), min(int(last) + 1, size) if last else size)
        if found:
            ranges.append(found)
    if len(ranges) > 1 and sum(map(len, ranges)) >= size:
        return None
    return ranges


def precondition_fails(headers: Mapping[str, str], etag: str, modified_seconds: int) -> bool:
    """Whether If-Match or, without one, If-Unmodified-Since forbids the answer (412; RFC 9110, 13.2.2)."""
    if (wanted := headers.get("if-match")) is not None:
        return wanted.strip() != "*" and etag not in [tag.strip() for tag in wanted.split(",")]
    moment = _seconds(headers.get("if-unmodified-since"))
    return moment is not None and modified_seconds > moment


def range_still_applies(condition: str | None, etag: str, last_modified: str) -> bool:
    """Whether If-Range lets the Range header count: none, the very entity tag, or the very date (RFC 9110, 13.1.5)."""
    return condition is None or condition.strip() in (etag, last_modified)


def accepts_gzip(header: str | None) -> bool:
    """Whether Accept-Encoding allows gzip (RFC 9110, 12.5.3)."""
    weights: dict[str, float] = {}
    for piece in (header or "").split(","):
        name, *parameters = (part.strip().lower() for part in piece.split(";"))
        weight = next((value[2:] for value in parameters if value.startswith("q=")), "1")
        try:
            weights[name] = float(weight)
        except ValueError:
            weights[name] = 0.0
    return weights.get("gzip", weights.get("*", 0.0)) > 0


def _seconds(date: str | None) -> float | None:
    """An HTTP date as POSIX time; None for none and for what is no date, which a condition ignores."""
    try:
        return parsedate_to_datetime(date).timestamp() if date else None
    except (ValueError, OverflowError):
        return None
