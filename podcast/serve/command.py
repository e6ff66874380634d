"""`podcast serve`: settings -> a running server."""

from __future__ import annotations

import asyncio
import hashlib
import ipaddress
import logging
import socket
from pathlib import Path
from urllib.parse import urlsplit

import platformdirs
import uvicorn
from fastapi import FastAPI

from podcast.errors import ConfigError, InputError, SetupError
from podcast.publish import check_show, prepare_public
from podcast.serve.app import Access, create_app
from podcast.serve.auth import Tokens
from podcast.serve.journal import write_log
from podcast.serve.limits import Limits
from podcast.serve.metrics import Metrics
from podcast.serve.patience import PatientProtocol
from podcast.serve.service import Service
from podcast.serve.studio import ConfiguredStudio
from podcast.settings import Config, ServeConfig

_CONNECTIONS = 2000  # at once; a listener costs one
STOP_SECONDS = 10  # that open answers are given when the server stops

log = logging.getLogger("podcast.serve")


def serve(
    config: Config,
    public: Path,
    *,
    host: str | None,
    port: int | None,
    engine: str | None,
    content: Path | None,
    watch: bool,
) -> None:
    """Serve until SIGTERM or SIGINT.  Raises ConfigError, SetupError."""
    settings = config.serve
    host = host or settings.host
    access = access_of(settings, host, config.show.base_url)
    public = public.resolve()  # workers stand in the same folder, but a person may name another one each time
    if content is None and (name := settings.content or next(iter(config.content), "")):
        content = config.resolve(name)
    if content and not content.is_dir():
        raise InputError("this is no folder of digests", where=str(content), hint="See --content and serve.content.")
    if (watch or settings.watch) and content is None:
        raise InputError("there is nothing to watch", hint="Name a folder of digests: serve.content, or --content.")
    studio = ConfiguredStudio(config.path, public, engine, config.name)
    show = studio().show
    check_show(show)
    prepare_public(public)
    metrics = Metrics()
    service = Service(
        state_folder(config, public),
        public,
        studio,
        limits=limits_of(settings),
        content=content,
        watch=watch or settings.watch,
        ended=metrics.ended,
    )
    write_log()
    app = create_app(service, access, metrics, title=show.title)
    run(app, host, settings.port if port is None else port, settings.trusted_proxies)


def run(app: FastAPI, host: str, port: int, trusted_proxies: tuple[str, ...] = ()) -> None:
    """Serve until a signal comes.  Raises SetupError, and what starting the service raises."""
    server = Server(server_config(app, host, port, trusted_proxies), app.state.service)
    with listening(host, port) as socket, asyncio.Runner(loop_factory=server.config.get_loop_factory()) as runner:
        runner.run(server.serve_service(socket))


def listening(host: str, port: int) -> socket.socket:
    """A socket that listens there.  Raises SetupError."""
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        return socket.create_server((host, port), family=family, backlog=2048)
    except OSError as error:
        where = f"{host}:{port}"
        raise SetupError(
            f"cannot listen there: {error.strerror}", where=where, hint="Choose another --port."
        ) from error


def server_config(app: FastAPI, host: str, port: int, trusted_proxies: tuple[str, ...] = ()) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        host,
        port,
        http=PatientProtocol,
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,  # the gate's has no query
        server_header=False,
        # Who may say in X-Forwarded-For where a request comes from: uvicorn would believe everyone on this machine.
        proxy_headers=bool(trusted_proxies),
        forwarded_allow_ips=list(trusted_proxies),
        limit_concurrency=_CONNECTIONS,
        timeout_keep_alive=15,
        timeout_graceful_shutdown=STOP_SECONDS,
    )


class Server(uvicorn.Server):
    """A server with its service, which hears first when it shall stop: streams end, and none is broken off."""

    def __init__(self, config: uvicorn.Config, service: Service) -> None:
        super().__init__(config)
        self._service = service

    async def serve_service(self, listening: socket.socket) -> None:
        async with self._service:
            host, port = listening.getsockname()[:2]
            log.info("listening", extra={"address": f"http://{f'[{host}]' if ':' in host else host}:{port}/"})
            await self.serve([listening])

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._service.close()
        await super().shutdown(sockets)


def access_of(settings: ServeConfig, host: str, base_url: str) -> Access:
    """Raises ConfigError where others could reach the server and nothing says who may have episodes made."""
    tokens = Tokens(settings.tokens, an_hour=settings.an_hour)
    if not tokens.needed and not is_loopback(host):
        raise ConfigError(
            f"the server would listen on {host}, where others reach it, and no token is set",
            hint="Set one, as in PODCAST_SERVE__TOKENS__ME, or listen on 127.0.0.1.",
        )
    names = {name for name in (urlsplit(base_url).hostname, *settings.hosts) if name}
    return Access(tokens, None if tokens.needed else names)


def is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def limits_of(settings: ServeConfig) -> Limits:
    return Limits(
        queue=settings.queue,
        concurrency=settings.concurrency,
        job_seconds=settings.job_minutes * 60,
        keep_seconds=settings.keep_days * 86400,
        digest_bytes=settings.digest_kilobytes * 1024,
        items=settings.items,
    )


def state_folder(config: Config, public: Path) -> Path:
    """Where the queue is kept: a folder for each public folder, outside of it, for nothing in it is for the web."""
    if config.serve.state:
        return config.resolve(config.serve.state) / config.name  # a show's own, where there are several
    name = f"{public.name}-{hashlib.sha256(str(public).encode()).hexdigest()[:12]}"
    return platformdirs.user_state_path("digestcast") / name
