"""Slow clients, against a server with little patience."""

from __future__ import annotations

import contextlib
import socket
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager

import pytest
import uvicorn
from starlette.types import Receive, Scope, Send

from podcast.serve.patience import PatientProtocol
from tests.serve.running import threaded


class Impatient(PatientProtocol):
    head_seconds, body_seconds, unread_seconds = 0.3, 0.3, 0.3


async def app(scope: Scope, receive: Receive, send: Send) -> None:
    """Takes the body whole; answers with 64 MB at /large."""
    while (await receive()).get("more_body"):
        pass
    large = scope["path"] == "/large"
    await send({"type": "http.response.start", "status": 200, "headers": []})
    for _ in range(64 if large else 1):
        await send({"type": "http.response.body", "body": b"x" * 2**20 if large else b"ok", "more_body": True})
    await send({"type": "http.response.body", "body": b""})


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    config = uvicorn.Config(
        app, port=0, http=Impatient, ws="none", lifespan="off", log_config=None, timeout_keep_alive=60
    )
    with threaded(config) as port:
        yield port


@contextmanager
def connected(port: int) -> Iterator[socket.socket]:
    with closing(socket.create_connection(("127.0.0.1", port), timeout=20)) as connection:
        yield connection


def rest(connection: socket.socket) -> bytes:
    """What comes until the server closes; it must do so before the socket's own timeout."""
    received = b""
    try:
        while part := connection.recv(2**16):
            received += part
    except ConnectionResetError:
        pass
    return received


def test_who_says_nothing_is_hung_up_on(port: int) -> None:
    with connected(port) as connection:
        assert rest(connection).startswith(b"HTTP/1.1 408 ")


def test_a_head_that_drips_is_not_waited_for(port: int) -> None:
    with connected(port) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n")
        sent = 0
        with contextlib.suppress(OSError):  # it is closed: that is what we are for
            while sent < 400:
                connection.sendall(b"X-Slow: loris\r\n")
                sent += 1
                time.sleep(0.05)
        assert sent < 400


def test_nor_is_the_second_one_of_a_connection(port: int) -> None:
    with connected(port) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        while b"0\r\n\r\n" not in connection.recv(2**16):
            pass
        connection.sendall(b"GET / HTTP/1.1\r\nHost")
        assert rest(connection).startswith(b"HTTP/1.1 408 ")


def test_a_body_that_drips_is_not_waited_for(port: int) -> None:
    with connected(port) as connection:
        connection.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nxx")
        assert rest(connection).startswith(b"HTTP/1.1 408 ")


def test_a_head_without_end_is_refused(port: int) -> None:
    with connected(port) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\n" + b"X-Long: loris\r\n" * 4000)
        assert rest(connection)[:13] in (b"HTTP/1.1 431 ", b"")  # the rest of the head may reset it first


def test_an_answer_that_is_not_read_ends_the_connection(port: int) -> None:
    with connected(port) as connection:
        connection.sendall(b"GET /large HTTP/1.1\r\nHost: x\r\n\r\n")
        time.sleep(1.5)
        assert len(rest(connection)) < 64 * 2**20


def test_who_is_quick_is_served_on_one_connection(port: int) -> None:
    with connected(port) as connection:
        for _ in range(3):
            connection.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nxx")
            received = b""
            while b"0\r\n\r\n" not in received:
                received += connection.recv(2**16)
            assert received.startswith(b"HTTP/1.1 200 ")
        time.sleep(0.5)  # longer than a head may take: between two requests that does not count
        connection.sendall(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        assert rest(connection).startswith(b"HTTP/1.1 200 ")
