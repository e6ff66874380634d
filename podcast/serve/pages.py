"""The service's own page at `/`, and the parts it loads."""

from __future__ import annotations

import hashlib
from datetime import datetime
from functools import lru_cache
from importlib import resources
from pathlib import Path
from typing import Annotated, Any

import jinja2
from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse, JSONResponse, Response

from podcast.errors import InputError
from podcast.publish.episode import EPISODES
from podcast.publish.record import RECORD, read_record
from podcast.serve.board import Board
from podcast.serve.problems import not_found
from podcast.serve.requests import board_of

NEWEST = 30  # episodes on the page; the published pages have them all
_PARTS = {  # name -> package it lies in, media type
    "favicon.svg": ("podcast.publish", "image/svg+xml"),
    "style.css": ("podcast.publish", "text/css; charset=utf-8"),
    "page.css": ("podcast.serve", "text/css; charset=utf-8"),
    "page.js": ("podcast.serve", "text/javascript; charset=utf-8"),
    "listen.js": ("podcast.serve", "text/javascript; charset=utf-8"),
}
_TEMPLATES = jinja2.Environment(
    loader=jinja2.PackageLoader("podcast.serve"), autoescape=True, undefined=jinja2.StrictUndefined
)

router = APIRouter(include_in_schema=False)


@router.api_route("/", methods=["GET", "HEAD"])
def page(request: Request) -> Response:
    """The page.  What it shows, its script asks for."""
    root = request.scope.get("root_path", "")
    title: str = request.app.state.title
    html = _TEMPLATES.get_template("page.html.j2").render(root=root, title=title)
    return HTMLResponse(html, headers={"Cache-Control": "no-cache"})


@router.api_route("/page/episodes.json", methods=["GET", "HEAD"])
def episodes(board: Annotated[Board, Depends(board_of)]) -> Response:
    """The newest episodes: their names begin with the day."""
    paths = sorted((board.public / EPISODES).glob(f"[!.]*/{RECORD}"), reverse=True)[:NEWEST]
    found = [row for path in paths if (row := _row(path, path.stat().st_mtime_ns))]
    found.sort(key=lambda row: datetime.fromisoformat(row["published"]), reverse=True)
    return JSONResponse({"episodes": found}, headers={"Cache-Control": "no-cache"})


@router.api_route("/page/{name}", methods=["GET", "HEAD"])
def part(name: str, request: Request) -> Response:
    """Style, script and icon."""
    if name not in _PARTS:
        raise not_found("part of the page")
    content, media_type, etag = _part(name)
    headers = {"ETag": etag, "Cache-Control": "no-cache"}
    if request.headers.get("if-none-match") == etag:
        return Response(status_code=304, headers=headers)
    return Response(content, media_type=media_type, headers=headers)


@lru_cache
def _part(name: str) -> tuple[bytes, str, str]:
    package, media_type = _PARTS[name]
    content = (resources.files(package) / "templates" / name).read_bytes()
    return content, media_type, f'"{hashlib.sha256(content).hexdigest()[:16]}"'


@lru_cache(maxsize=8 * NEWEST)
def _row(path: Path, changed_ns: int) -> dict[str, Any] | None:  # noqa: ARG001 -- the cache's key: another time is another file
    """What the page says of an episode; None where its record is damaged."""
    try:
        episode = read_record(path)
    except InputError:
        return None
    return {
        "id": path.parent.name,
        "title": episode.title,
        "published": episode.published.isoformat(),
        "summary": episode.summary,
        "duration_seconds": episode.duration_seconds,
        "length_bytes": episode.enclosure.length_bytes,
    }
