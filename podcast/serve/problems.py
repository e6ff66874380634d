"""Refusals as RFC 9457 problem documents (application/problem+json)."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from starlette.exceptions import HTTPException

from podcast.errors import PodcastError
from podcast.serve.board import Conflict
from podcast.serve.reader import Busy

MEDIA_TYPE = "application/problem+json"


class Refused(Exception):
    """A request that is not done.  `code` is for programs, `detail` and `hint` for people."""

    def __init__(
        self, status: int, code: str, detail: str, *, hint: str | None = None, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(detail)
        self.status, self.code, self.detail, self.hint = status, code, detail, hint
        self.headers = dict(headers or {})


def problem(refused: Refused) -> Response:
    """`type` is about:blank: the status says what kind of problem it is, `code` which one."""
    body: dict[str, Any] = {
        "type": "about:blank",
        "title": HTTPStatus(refused.status).phrase,
        "status": refused.status,
        "detail": refused.detail,
        "code": refused.code,
    }
    if refused.hint:
        body["hint"] = refused.hint
    return JSONResponse(body, refused.status, {"Cache-Control": "no-store", **refused.headers}, MEDIA_TYPE)


def not_found(what: str) -> Refused:
    return Refused(404, "not_found", f"there is no such {what}")


def register(app: FastAPI) -> None:
    """Every error of the application becomes a problem document."""

    @app.exception_handler(Refused)
    def _refused(_: Request, error: Refused) -> Response:
        return problem(error)

    @app.exception_handler(PodcastError)
    def _input(_: Request, error: PodcastError) -> Response:
        # `where` names a file of this machine, or the name that the sender gave it: neither tells anything.
        return problem(Refused(422, type(error).__name__, error.what, hint=error.hint))

    @app.exception_handler(Busy)
    def _busy(_: Request, error: Busy) -> Response:
        wait = str(max(1, round(error.retry_seconds)))
        detail = "as much is waiting as may wait"
        return problem(Refused(429, "busy", detail, hint=f"Ask again in {wait} s.", headers={"Retry-After": wait}))

    @app.exception_handler(Conflict)
    def _conflict(_: Request, error: Conflict) -> Response:
        return problem(Refused(409, "conflict", error.what))

    @app.exception_handler(RequestValidationError)
    def _invalid(_: Request, error: RequestValidationError) -> Response:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"] if isinstance(part, str))
        return problem(Refused(422, "invalid", f"{where}: {first['msg']}"))

    @app.exception_handler(HTTPException)
    def _http(_: Request, error: HTTPException) -> Response:
        code = HTTPStatus(error.status_code).name.lower()
        return problem(Refused(error.status_code, code, str(error.detail), headers=error.headers))

    @app.exception_handler(Exception)
    def _defect(_: Request, __: Exception) -> Response:
        return problem(Refused(500, "defect", "an error that nobody foresaw; the log has it"))
