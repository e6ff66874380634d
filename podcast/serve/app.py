"""The web application: a gate, the API, live audio, the page, and the public folder below them."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from fastapi import APIRouter, FastAPI, Request
from fastapi.responses import Response
from starlette.routing import BaseRoute, Match, Route
from starlette.types import ASGIApp, Receive, Scope, Send

from podcast import __version__
from podcast.serve import api, live, pages, problems, reference, shapes
from podcast.serve.auth import Tokens
from podcast.serve.files import PublicFiles
from podcast.serve.gate import Gate
from podcast.serve.metrics import Metrics
from podcast.serve.problems import Refused, not_found
from podcast.serve.service import Service

_FORM_BYTES = 64 * 1024  # around a digest: the boundaries of a form, the escapes of JSON
_METHODS = ("DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "TRACE")
FOLLOWERS = 500  # of jobs at once, each an open connection


@dataclass(frozen=True)
class Access:
    """Who may do what."""

    tokens: Tokens = field(default_factory=lambda: Tokens({}))
    hosts: Iterable[str] | None = ()  # names besides those of loopback; None = any


def create_app(
    service: Service, access: Access | None = None, metrics: Metrics | None = None, *, title: str = ""
) -> FastAPI:
    """The application of a service, which is started and stopped elsewhere.  `title`: of the show."""
    access = access or Access()
    app = FastAPI(
        title="podcast serve",
        summary="Episodes on demand",
        version=__version__,
        docs_url=None,  # FastAPI's pages load their scripts from elsewhere
        redoc_url=None,
    )
    app.state.service, app.state.board = service, service.board
    app.state.title = title
    app.state.tokens = access.tokens
    app.state.metrics = metrics or Metrics()
    app.state.followers = asyncio.Semaphore(FOLLOWERS)
    problems.register(app)
    routers = (api.router, live.router, pages.router, reference.router)
    for router in (*routers, _elsewhere(api.router, live.router)):
        app.include_router(router)
    files = PublicFiles(service.board.public)
    app.mount("/", files)
    own = frozenset(_first_name(path) for router in routers for path in _paths(router.routes))
    app.add_middleware(_FilesFirst, files=files, own=own | {_first_name(app.openapi_url or "")})
    app.add_middleware(Gate, body_bytes=2 * service.limits.digest_bytes + _FORM_BYTES, hosts=access.hosts)
    _describe(app, token_needed=access.tokens.needed)
    return app


class _FilesFirst:
    """Sends what lies beside all endpoints to the public folder; FastAPI would try each of them before.

    `own`: the first names of the endpoints' paths.  What begins with one of them goes through FastAPI, and may still be
    a file in the end.
    """

    def __init__(self, app: ASGIApp, *, files: ASGIApp, own: frozenset[str]) -> None:
        self._app, self._files, self._own = app, files, own

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope.get("path", "").removeprefix(scope.get("root_path", ""))
        app = self._app if _first_name(path) in self._own else self._files
        await app(scope, receive, send)


def _first_name(path: str) -> str:
    """Of "/api/jobs" it is "api", of "/" nothing."""
    return path.partition("/")[2].partition("/")[0]


def _paths(routes: Iterable[BaseRoute]) -> list[str]:
    return [route.path for route in routes if isinstance(route, Route)]


def _elsewhere(*routers: APIRouter) -> APIRouter:
    """What is below /api and no endpoint: a problem document, not the public folder's page for what is not there."""
    router = APIRouter(include_in_schema=False)

    @router.api_route("/api/{path:path}", methods=list(_METHODS))
    async def nowhere(request: Request) -> Response:
        routes = [route for each in routers for route in each.routes]
        allowed = [method for method in _METHODS if _is_answered(routes, method, request.scope["path"])]
        if allowed:
            raise Refused(405, "method", f"{request.method} is not for this", headers={"Allow": ", ".join(allowed)})
        raise not_found("part of the API")

    return router


def _is_answered(routes: Iterable[BaseRoute], method: str, path: str) -> bool:
    scope = {"type": "http", "method": method, "path": path, "root_path": "", "headers": []}
    return any(route.matches(scope)[0] is Match.FULL for route in routes)


def _describe(app: FastAPI, *, token_needed: bool) -> None:
    """Complete the OpenAPI document by what FastAPI cannot see: bodies that we read ourselves, problems, the token."""
    plain = app.openapi

    def document() -> dict[str, Any]:
        if app.openapi_schema:
            return app.openapi_schema
        found = plain()
        schemas = found["components"]["schemas"]
        for model in (shapes.Problem, shapes.Chosen, shapes.Sent):
            schemas[model.__name__] = model.model_json_schema(ref_template="#/components/schemas/{model}")
        for unused in ("HTTPValidationError", "ValidationError"):  # ours are problem documents
            schemas.pop(unused, None)
        if token_needed:
            bearer = {"type": "http", "scheme": "bearer"}
            found["components"]["securitySchemes"] = {"token": bearer}
            for path, methods in found["paths"].items():
                for method, operation in methods.items():
                    if method in ("post", "delete") or path == "/metrics":
                        operation["security"] = [{"token": []}]
        return found

    app.openapi = document  # type: ignore[method-assign]  # as FastAPI's documentation has it
