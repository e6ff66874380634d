"""Bytes of a feed -> text, whatever the server and the file say of their encoding."""

from __future__ import annotations

import codecs
import re

from podcast.errors import DigestError

_DECLARED = re.compile(rb"""^\s*<\?xml[^>]*?\bencoding\s*=\s*["']([A-Za-z0-9._:-]{1,40})["']""")
_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # before UTF-16, whose mark it begins with
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
    (b"<\0?\0", "utf-16-le"),
    (b"\0<\0?", "utf-16-be"),
)
# GB 2312 and GBK are parts of GB 18030, and pages of one use characters of the next (https://encoding.spec.whatwg.org/).
_WIDER = {"gb2312": "gb18030", "gbk": "gb18030", "big5": "big5hkscs"}
_REFUSED = frozenset({"utf-7", "unicode_escape", "raw_unicode_escape", "idna", "punycode"})  # no encodings of text


def decode(data: bytes, charset: str, where: str) -> str:
    """Decode by the byte order mark; as UTF-8 if it is that, whatever is declared; then as it says, or as GB 18030.

    `charset` is the server's.  Text that is no UTF-8 hardly ever decodes as such, while nearly any bytes decode as
    GB 18030 or Latin-1: so what is certain goes first.  Raises DigestError naming `where`.
    """
    for mark, name in _MARKS:
        if data.startswith(mark):
            return _strict(data.removeprefix(mark) if mark[0] != ord("<") and mark[:1] != b"\0" else data, name, where)
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        pass
    found = _DECLARED.match(data[:1000])
    declared = [_codec(name) for name in (charset, found[1].decode() if found else "") if name]
    for name in filter(_is_multi_byte, declared):
        try:
            return data.decode(name)
        except UnicodeDecodeError:
            continue
    if looks_like_gb18030(data):
        return data.decode("gb18030")
    for name in filter(None, declared):
        try:
            return data.decode(name)
        except UnicodeDecodeError:
            continue
    said = ", ".join(dict.fromkeys(name for name in declared if name)) or "UTF-8"
    raise DigestError(
        f"its characters cannot be read: it is neither {said} nor UTF-8 nor GB 18030",
        where=where,
        hint="Have the feed written in UTF-8.",
    )


def looks_like_gb18030(data: bytes) -> bool:
    """Whether it decodes, and half of what is not ASCII is of GB 2312 (bytes A1A1 to F7FE), the Han in daily use.

    Latin-1 hardly decodes (its letters stand alone), and what does is of the rare Han that GBK added.
    """
    try:
        text = data.decode("gb18030")
    except UnicodeDecodeError:
        return False
    encoded = [char.encode("gb18030") for char in text if not char.isascii()]
    common = sum(len(char) == 2 and b"\xa1\xa1" <= char <= b"\xf7\xfe" and char[1] >= 0xA1 for char in encoded)
    return common * 2 >= len(encoded)


def _codec(name: str) -> str:
    """Python's name of an encoding of text; empty where it knows none."""
    try:
        found = codecs.lookup(name.strip().strip("\"'")).name
    except (LookupError, ValueError):
        return ""
    known = codecs.lookup(found)
    is_text = getattr(known, "_is_text_encoding", True)  # not rot13, not zlib
    return "" if found in _REFUSED or not is_text else _WIDER.get(found, found)


def _is_multi_byte(name: str) -> bool:
    """Not Latin-1 and its like, which read any bytes as something: hardly what Chinese is written in."""
    try:
        return bool(name) and len(bytes(range(0x80, 0x100)).decode(name, "replace")) != 0x80
    except (UnicodeError, LookupError):
        return False


def _strict(data: bytes, name: str, where: str) -> str:
    try:
        return data.decode(name)
    except UnicodeDecodeError as error:
        raise DigestError(f"byte {error.start} cannot be read as {name.upper()}", where=where) from None
