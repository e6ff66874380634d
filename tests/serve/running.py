"""A real server in a thread of its own."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import uvicorn

from podcast.serve.app import Access, create_app
from podcast.serve.command import Server, listening, server_config
from podcast.serve.limits import Limits
from podcast.serve.metrics import Metrics
from podcast.serve.service import Service
from tests.serve.stage import ToneStudio


@dataclass
class Serving:
    """A server that listens on loopback."""

    address: str
    port: int
    root: Path
    service: Service

    def client(self, **named: object) -> httpx.Client:
        return httpx.Client(base_url=self.address, timeout=30, trust_env=False, **named)  # type: ignore[arg-type]  # httpx's own


@contextmanager
def serving(
    root: Path,
    *,
    studio: ToneStudio | None = None,
    access: Access | None = None,
    limits: Limits = Limits(),  # noqa: B008 -- frozen
    content: Path | None = None,
    watch: bool = False,
) -> Iterator[Serving]:
    """A real server in a thread of its own, with real workers, until the block ends."""
    (root / "public").mkdir(parents=True, exist_ok=True)
    metrics = Metrics()
    service = Service(
        root / "state",
        root / "public",
        studio or ToneStudio(root),
        limits=limits,
        content=content,
        watch=watch,
        ended=metrics.ended,
    )
    app = create_app(service, access, metrics, title="晨间科技")
    with listening("127.0.0.1", 0) as socket:
        port = socket.getsockname()[1]
        server = Server(server_config(app, "127.0.0.1", port), service)
        failed: list[BaseException] = []

        def run() -> None:
            try:
                asyncio.run(server.serve_service(socket))
            except BaseException as error:  # noqa: BLE001 -- told to the test
                failed.append(error)

        thread = threading.Thread(target=run)
        thread.start()
        try:
            while not server.started and not failed:
                time.sleep(0.02)
            if failed:
                raise failed[0]
            yield Serving(f"http://127.0.0.1:{port}", port, root, service)
        finally:
            server.should_exit = True
            thread.join()


def finished(client: httpx.Client, job: dict[str, object], *, seconds: float = 60) -> dict[str, object]:
    """The job when it is over."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        found: dict[str, object] = client.get(f"/api/jobs/{job['id']}").json()
        if found["state"] not in ("queued", "running"):
            return found
        time.sleep(0.05)
    raise AssertionError(f"not over after {seconds} s: {found}")


@contextmanager
def threaded(config: uvicorn.Config) -> Iterator[int]:
    """The port of a server of any application."""
    with listening("127.0.0.1", 0) as socket:
        server = uvicorn.Server(config)
        thread = threading.Thread(target=lambda: asyncio.run(server.serve([socket])))
        thread.start()
        try:
            yield socket.getsockname()[1]
        finally:
            server.should_exit = True
            thread.join()
