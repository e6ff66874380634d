"""The body of a request that brings a digest: Markdown, a form with a file, or JSON."""

from __future__ import annotations

import re
from email.message import Message

from fastapi import Request
from pydantic import TypeAdapter, ValidationError
from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException

from podcast.publish.files import printable
from podcast.serve.problems import Refused
from podcast.serve.shapes import Chosen, Sent

_SAMPLE = """2026.03.02 科技早报

1.  [青禾电池完成 12 亿元融资](https://example.com/1)

    资金将用于固态电池量产。
"""
_NAME = re.compile(r"[^/\\]{1,120}\.(?:md|markdown|txt)")


_WISH: TypeAdapter[Chosen | Sent] = TypeAdapter(Chosen | Sent)
BODY = {
    "requestBody": {
        "required": True,
        "content": {
            "text/markdown": {"schema": {"type": "string"}, "example": _SAMPLE},
            "application/json": {
                "schema": {"oneOf": [{"$ref": f"#/components/schemas/{name}"} for name in ("Chosen", "Sent")]},
                "examples": {
                    "listed": {"value": {"digest": "0123456789abcdef"}},
                    "text": {"value": {"text": _SAMPLE, "name": "2026-03-02.md"}},
                },
            },
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["digest"],
                    "additionalProperties": False,
                    "properties": {"digest": {"type": "string", "format": "binary"}},
                }
            },
        },
    }
}


async def read_wish(request: Request, name: str | None) -> str | tuple[bytes, str | None]:
    """What a body asks for: the id of a listed digest, or a text and the name of its file.

    `name`: of a Markdown body, which has none itself.  Raises Refused.
    """
    kind = Message()
    kind["content-type"] = request.headers.get("content-type", "")
    match kind.get_content_type() if kind["content-type"] else "":
        case "text/markdown" | "text/x-markdown":
            return await request.body(), _file_name(name)
        case "application/json":
            return _of_json(await request.body())
        case "multipart/form-data":
            return await _of_form(request)
    raise Refused(415, "type", "a digest comes as text/markdown, multipart/form-data or application/json")


def _of_json(body: bytes) -> str | tuple[bytes, str | None]:
    try:
        wish = _WISH.validate_json(body)
        if isinstance(wish, Chosen):
            return wish.digest
        return wish.text.encode(), _file_name(wish.name)
    except (ValidationError, UnicodeEncodeError):  # the second: half a surrogate pair
        raise Refused(422, "invalid", 'the body has to be {"digest": id} or {"text": ..., "name": ...}') from None


async def _of_form(request: Request) -> tuple[bytes, str | None]:
    try:
        async with request.form(max_files=1, max_fields=4) as form:
            part = form.get("digest") or form.get("text")
            if isinstance(part, UploadFile):
                return await part.read(), _file_name(part.filename)
            if isinstance(part, str):
                return part.encode("utf-8", "surrogatepass"), None
    except (MultiPartException, UnicodeDecodeError, KeyError) as error:
        raise Refused(400, "form", f"the form cannot be read: {error}") from None
    raise Refused(422, "invalid", "the form has no field digest")


def _file_name(given: str | None) -> str | None:
    """The last part of a path that a sender gives, if it can name a digest; it never becomes more than a name."""
    name = printable(given or "").replace("\\", "/").rpartition("/")[2].strip()
    stem = name.partition(".")[0]
    usable = _NAME.fullmatch(name) and len(name.encode()) <= 200 and stem not in ("", "index", "_index")
    return name if usable else None
