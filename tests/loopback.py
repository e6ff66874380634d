"""An HTTP server on loopback, in a thread, for as long as a `with` lasts."""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Self


class Loopback:
    """Requests go to a handler of its own, which finds the server as `self.site`; `port` is open from the start."""

    def __init__(self, handler: type[BaseHTTPRequestHandler]) -> None:
        bound = type("Bound", (handler,), {"site": self})
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), bound)
        self.port = self._server.server_port
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
