"""The dates of feeds: RFC 822 and RFC 3339 as they should be, and what servers make of them."""

from __future__ import annotations

import re
from datetime import date, datetime
from email.utils import parsedate_to_datetime
from zoneinfo import ZoneInfo

from podcast.digest.head import read_date, with_zone

_NAMED_ZONE = re.compile(r"\s([A-Z]{3,4})$")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_CHINESE_MONTH = re.compile(r"(?<=\d)\s(1[0-2]|[1-9])月\s(?=\d{4})")  # "周一, 02 3月 2026": RFC 822 through a locale
_DAY_FIRST = re.compile(r"(?:[A-Za-z]{3,9},?\s+)?(\d{1,2})\s+([A-Z][a-z]{2})[a-z]*\s+(\d{4})$")
_MONTH_FIRST = re.compile(r"([A-Z][a-z]{2})[a-z]*\.?\s+(\d{1,2}),?\s+(\d{4})$")


def read_moment(text: str, zone: ZoneInfo) -> datetime | None:
    """A date in the zone of the show: a digest belongs to the day it is read on, and feeds tell it in UTC.

    A date without a zone is one of `zone`, and so is one in an abbreviation that `zone` itself goes by: CST is China's
    in a Chinese feed.  None where it is no date.
    """
    text = re.sub(r"\s*\([^)]*\)\s*$", "", " ".join(text.split()))  # (中国标准时间), as JavaScript writes
    text = re.sub(r"\b(?:GMT|UTC)(?=[+-]\d)", "", text)
    text = re.sub(r"^(?:星期|周)[一二三四五六日天],?\s*", "", text)
    text = _CHINESE_MONTH.sub(lambda match: f" {_MONTHS[int(match[1]) - 1]} ", text)
    written = read_date(text)
    if written is None:
        written = _without_time(text)
    if written is None:
        written = _rfc822(text, zone)
    if written is None:
        return None
    try:
        return with_zone(written, zone).astimezone(zone)
    except (OverflowError, ValueError):  # the year 1 or 9999 in another zone
        return None


def _rfc822(text: str, zone: ZoneInfo) -> datetime | None:
    named = _NAMED_ZONE.search(text)
    try:
        written = parsedate_to_datetime(text)
        if named and zone.tzname(written.replace(tzinfo=None)) == named[1]:
            return written.replace(tzinfo=zone)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return written


def _without_time(text: str) -> date | None:
    """ "2 Mar 2026", "March 2, 2026": at the time of day that a digest without one has elsewhere."""
    if match := _DAY_FIRST.match(text):
        day, month, year = match.groups()
    elif match := _MONTH_FIRST.match(text):
        month, day, year = match.groups()
    else:
        return None
    if month not in _MONTHS:
        return None
    try:
        return date(int(year), _MONTHS.index(month) + 1, int(day))
    except ValueError:
        return None
