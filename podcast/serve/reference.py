"""The OpenAPI document as a page for people, without a script: FastAPI's own loads its scripts from elsewhere."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import jinja2
from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response

_TEMPLATES = jinja2.Environment(
    loader=jinja2.PackageLoader("podcast.serve"), autoescape=True, undefined=jinja2.StrictUndefined
)
router = APIRouter(include_in_schema=False)


@router.api_route("/docs", methods=["GET", "HEAD"])
async def docs(request: Request) -> Response:
    document = request.app.openapi()
    html = _TEMPLATES.get_template("api.html.j2").render(
        about=document["info"],
        paths=document["paths"],
        token=request.app.state.tokens.needed,
        root=str(request.base_url).rstrip("/"),
        examples=_examples,
    )
    return HTMLResponse(html)


def _examples(content: dict[str, Any]) -> Iterator[str]:
    if "example" in content:
        yield content["example"]
    for example in content.get("examples", {}).values():
        yield json.dumps(example["value"], ensure_ascii=False)
