"""An open file's bytes as the body of an ASGI answer: whole, in part, or in several parts."""

from __future__ import annotations

import asyncio
import os
import secrets
from collections.abc import AsyncIterator, Sequence

from starlette.concurrency import run_in_threadpool
from starlette.types import Receive, Send

# Measured: 64 KiB costs a tenth more processor time for each byte, more than 128 KiB saves none, and a slow listener
# holds a chunk in memory.
CHUNK_BYTES = 128 * 1024

Piece = bytes | range  # bytes as they are, or a range of the file


def parts(ranges: Sequence[range], size: int, media_type: str) -> tuple[tuple[Piece, ...], str]:
    """The pieces of a multipart/byteranges body (RFC 9110, 14.6) and its media type."""
    boundary = secrets.token_hex(16)  # 128 bits: not in the file
    pieces: list[Piece] = []
    for span in ranges:
        head = f"\r\n--{boundary}\r\nContent-Type: {media_type}\r\nContent-Range: {content_range(span, size)}\r\n\r\n"
        pieces += (head.encode("latin-1"), span)
    pieces.append(f"\r\n--{boundary}--\r\n".encode())
    return tuple(pieces), f"multipart/byteranges; boundary={boundary}"


def content_range(span: range, size: int) -> str:
    return f"bytes {span.start}-{span.stop - 1}/{size}"


async def send_pieces(descriptor: int, pieces: Sequence[Piece], receive: Receive, send: Send) -> None:
    """Send the pieces, and stop when the listener goes.

    A file that has become shorter (no rename does that) ends the answer early: the server then closes the connection,
    and a client that compares Content-Length knows.
    """
    left = sum(map(len, pieces))
    if not left:
        await send({"type": "http.response.body", "body": b"", "more_body": False})
        return
    gone = asyncio.create_task(_disconnect(receive))
    try:
        async for chunk in _chunks(descriptor, pieces):
            left -= len(chunk)
            await send({"type": "http.response.body", "body": chunk, "more_body": left > 0})
            if gone.done():
                return
    finally:
        gone.cancel()


async def _disconnect(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _chunks(descriptor: int, pieces: Sequence[Piece]) -> AsyncIterator[bytes]:
    for piece in pieces:
        if isinstance(piece, bytes):
            yield piece
            continue
        start = piece.start
        while start < piece.stop:
            chunk = await _read(descriptor, start, min(CHUNK_BYTES, piece.stop - start))
            if not chunk:
                return  # the file has become shorter
            yield chunk
            start += len(chunk)


async def _read(descriptor: int, start: int, length: int) -> bytes:
    """Bytes of the file: at once where the system has them in memory, in a thread where it must ask the disk.

    RWF_NOWAIT (Linux 4.14) is refused where reading would wait, and by file systems that cannot tell (tmpfs).
    """
    if hasattr(os, "RWF_NOWAIT"):
        buffer = bytearray(length)
        try:
            if os.preadv(descriptor, [buffer], start, os.RWF_NOWAIT) == length:
                return bytes(buffer)
        except OSError:
            pass
    return await run_in_threadpool(os.pread, descriptor, length, start)
