"""The API: ask for an episode, follow it, cancel it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, Path, Request
from fastapi.responses import JSONResponse, Response, StreamingResponse

from podcast.publish.files import printable
from podcast.serve import events, metrics
from podcast.serve.auth import Tokens
from podcast.serve.board import Board
from podcast.serve.jobs import Job
from podcast.serve.problems import MEDIA_TYPE, Refused, not_found
from podcast.serve.requests import board_of, client_of, service_of
from podcast.serve.service import Service
from podcast.serve.shapes import Digests, JobOut, Jobs, Preview, ServiceOut
from podcast.serve.wishes import BODY, read_wish

_PROBLEM = {"content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}}


def _problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    what = {
        400: "Not understood", 401: "A token is needed, or it is unknown", 403: "A page of another site asks",
        404: "There is none", 408: "The body did not come in time", 409: "Not in this state", 413: "Too large",
        415: "Of another type, or coded", 421: "Not this server's name", 422: "No digest, or not as described",
        429: "Too much at once; see Retry-After", 503: "The service stops",
    }  # fmt: skip
    return {status: {"description": what[status], **_PROBLEM} for status in statuses}


_EVENT = {  # as fields of each event; "data" is a job as JSON
    "type": "object",
    "properties": {name: {"type": "string"} for name in ("id", "event", "data")},
}
JobId = Annotated[str, Path(pattern="^[0-9a-f]{16}$", description="of a job")]
Name = Annotated[str | None, Header(pattern=r"^[\x21-\x7e]{1,120}$", description="of the file, for text/markdown")]
Ours = Annotated[Service, Depends(service_of)]
JobsBoard = Annotated[Board, Depends(board_of)]
router = APIRouter(responses=_problems(421))


def _bearer(request: Request, *, spend: bool) -> None:
    tokens: Tokens = request.app.state.tokens
    tokens.admit(request.headers.get("authorization"), client_of(request), spend=spend)


def may_make(request: Request) -> None:
    _bearer(request, spend=True)


def may_ask(request: Request) -> None:
    _bearer(request, spend=False)


@router.post(
    "/api/episodes",
    summary="Have an episode made of a digest",
    status_code=202,
    response_model=JobOut,
    responses={
        200: {"model": JobOut, "description": "This text is an episode already"},
        202: {"description": "Accepted: it is on disk and will be made, whatever happens to the server"},
        **_problems(400, 401, 403, 404, 408, 409, 413, 415, 422, 429),
    },
    openapi_extra=BODY,
    dependencies=[Depends(may_make)],
)
async def make(request: Request, service: Ours, x_digest_name: Name = None) -> Response:
    """The same text twice is one job, also when it is done.  A file's name and day say which episode it becomes, as
    for `podcast make`: the same name and day again, with another text, makes that episode anew.
    """
    wish = await read_wish(request, x_digest_name)
    if isinstance(wish, str):
        job = await service.submit_listed(wish)
        if job is None:
            raise not_found("digest: list them again")
    else:
        job = await service.submit(*wish)
    status = 200 if job.state == "done" else 202
    content = told(service.board, job)
    return JSONResponse(content, status, {"Location": content["urls"]["self"], "Cache-Control": "no-store"})


@router.post(
    "/api/preview",
    summary="The script of a digest, and how it will be read",
    response_model=Preview,
    responses=_problems(400, 401, 403, 404, 408, 413, 415, 422, 429),
    openapi_extra=BODY,
    dependencies=[Depends(may_ask)],
)
async def preview(request: Request, service: Ours, x_digest_name: Name = None) -> Response:
    wish = await read_wish(request, x_digest_name)
    if isinstance(wish, str):
        sheet = await service.listed(wish)
        if sheet is None:
            raise not_found("digest: list them again")
        wish = (sheet.text, sheet.name)
    return _json(await service.preview(*wish))


@router.get(
    "/api/digests", summary="Digests that have no episode yet", response_model=Digests, responses=_problems(429)
)
async def digests(service: Ours) -> Response:
    listed = [
        {
            "id": each.sheet.id,
            "name": printable(each.sheet.name),
            "title": each.summary.title if each.summary else "",
            "published": each.summary.published.isoformat() if each.summary else None,
            "items": each.summary.items if each.summary else 0,
            "state": each.state,
            "problem": each.problem or (each.job.problem if each.job else ""),
            "job_id": each.job.id if each.job else None,
        }
        for each in await service.listing()
    ]
    return _json({"digests": listed})


@router.get("/api/jobs", summary="The newest hundred jobs", response_model=Jobs)
async def jobs(board: JobsBoard) -> Response:
    return _json({"jobs": [told(board, job) for job in board.jobs()]})


@router.get("/api/jobs/{job_id}", summary="A job", response_model=JobOut, responses=_problems(404, 422))
async def job(job_id: JobId, board: JobsBoard) -> Response:
    return _json(told(board, _found(board, job_id)))


@router.get(
    "/api/jobs/{job_id}/events",
    summary="A job's events, until it is over",
    response_class=StreamingResponse,
    responses={
        200: {
            "description": "Server-sent events named queued, script, tts, audio, publish, done, failed and cancelled; "
            "each carries the whole job",
            "content": {events.MEDIA_TYPE: {"schema": _EVENT}},
        },
        **_problems(404, 422, 503),
    },
)
async def job_events(
    job_id: JobId, request: Request, board: JobsBoard, last_event_id: Annotated[str, Header(max_length=20)] = ""
) -> Response:
    _found(board, job_id)
    if request.app.state.followers.locked():
        raise Refused(503, "followers", "too many follow jobs", headers={"Retry-After": "10"})
    last = int(last_event_id) if last_event_id.isascii() and last_event_id.isdecimal() else 0

    async def stream() -> Any:
        async with request.app.state.followers:
            async for text in events.events(board, job_id, last, lambda job: told(board, job)):
                yield text

    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}  # nginx would keep events back
    return StreamingResponse(stream(), media_type=events.MEDIA_TYPE, headers=headers)


@router.delete(
    "/api/jobs/{job_id}",
    summary="Cancel a job",
    status_code=204,
    responses=_problems(401, 403, 404, 409, 422, 429),
    dependencies=[Depends(may_ask)],
)
async def cancel(job_id: JobId, service: Ours) -> Response:
    """When this is answered nothing of it is left.  Once its episode is being published it is too late."""
    _found(service.board, job_id)
    await service.makers.cancel(job_id)
    return Response(status_code=204)


@router.get("/api/service", summary="What this service asks for", response_model=ServiceOut)
async def about(request: Request, service: Ours) -> Response:
    limits = service.limits
    needed = request.app.state.tokens.needed
    return _json(
        {"token_needed": needed, "digest_bytes": limits.digest_bytes, "items": limits.items, "queue": limits.queue}
    )


@router.get("/healthz", summary="Whether the server answers", response_class=Response)
async def healthz() -> Response:
    return Response("ok\n", media_type="text/plain")


@router.get("/readyz", summary="Whether episodes can be made", response_class=Response, responses=_problems(503))
async def readyz(service: Ours) -> Response:
    if not service.ready:
        raise Refused(503, "not_ready", "a worker is starting, or the service stops", headers={"Retry-After": "5"})
    return Response("ready\n", media_type="text/plain")


@router.get(
    "/metrics",
    summary="For Prometheus",
    response_class=Response,
    responses=_problems(401, 429),
    dependencies=[Depends(may_ask)],
)
async def measures(request: Request, board: JobsBoard) -> Response:
    return Response(request.app.state.metrics.text(board.counts()), media_type=metrics.CONTENT_TYPE)


def told(board: Board, job: Job) -> dict[str, Any]:
    """A job as the API tells it."""
    episode = f"/episodes/{job.episode_id}/"
    return {
        "id": job.id,
        "episode_id": job.episode_id,
        "title": printable(job.title),
        "published": job.published.isoformat(),
        "state": job.state,
        "stage": job.stage,
        "done": job.done,
        "total": job.total,
        "seconds_made": round(job.seconds_made, 1),
        "seconds_left": None if job.seconds_left is None else round(job.seconds_left, 1),
        "place": board.place(job),
        "problem": job.problem,
        "hint": job.hint,
        "created": _time(job.created),
        "started": _time(job.started),
        "finished": _time(job.finished),
        "duration_seconds": job.duration_seconds,
        "urls": {
            "self": f"/api/jobs/{job.id}",
            "events": f"/api/jobs/{job.id}/events",
            "live": f"/api/episodes/{job.episode_id}/live.mp3",
            "page": episode,
            "audio": f"{episode}{job.episode_id}.mp3",
        },
    }


def _time(seconds: float | None) -> str | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds")


def _json(content: Any) -> Response:
    return JSONResponse(content, headers={"Cache-Control": "no-store"})


def _found(board: Board, job_id: str) -> Job:
    if job := board.job(job_id):
        return job
    raise not_found("job")
