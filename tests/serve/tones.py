"""A real service whose engine speaks in tones, on a port of its own."""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time
from collections.abc import Iterator
from pathlib import Path

from podcast.publish import prepare_public
from podcast.serve.app import Access, create_app
from podcast.serve.command import Server, listening, server_config
from podcast.serve.limits import Limits
from podcast.serve.service import Service
from tests.serve.stage import ToneStudio


@contextlib.contextmanager
def tone_service(folder: Path, *, delay_seconds: float = 0.0, access: Access | None = None) -> Iterator[int]:
    """The port of a service with the folders public, digests and state in `folder`."""
    for name in ("public", "digests"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    prepare_public(folder / "public")
    started = threading.Event()
    servers: list[Server] = []
    with listening("127.0.0.1", 0) as socket:
        port: int = socket.getsockname()[1]

        async def run() -> None:
            studio = ToneStudio(folder, delay_seconds)
            content = folder / "digests"
            service = Service(folder / "state", folder / "public", studio, content=content, limits=Limits())
            app = create_app(service, access, title="每日新闻播报")
            servers.append(Server(server_config(app, "127.0.0.1", port), service))
            started.set()
            await servers[0].serve_service(socket)

        thread = threading.Thread(target=asyncio.run, args=(run(),))
        thread.start()
        try:
            assert started.wait(30)
            while not servers[0].started:
                assert thread.is_alive()
                time.sleep(0.02)
            yield port
        finally:
            for server in servers:
                server.should_exit = True
            thread.join()
