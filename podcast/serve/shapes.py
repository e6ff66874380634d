"""What the API takes and gives, as its OpenAPI document says it."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field


class Problem(BaseModel):
    """RFC 9457."""

    type: str = "about:blank"
    title: str = Field(examples=["Too Many Requests"])
    status: int = Field(examples=[429])
    detail: str = Field(examples=["as much is waiting as may wait"])
    code: str = Field(examples=["busy"], description="for programs")
    hint: str | None = Field(None, examples=["Ask again in 60 s."])


class Urls(BaseModel):
    self: str = Field(examples=["/api/jobs/0123456789abcdef"])
    events: str = Field(examples=["/api/jobs/0123456789abcdef/events"])
    live: str = Field(examples=["/api/episodes/2026-03-02/live.mp3"])
    page: str = Field(examples=["/episodes/2026-03-02/"], description="once it is done")
    audio: str = Field(examples=["/episodes/2026-03-02/2026-03-02.mp3"], description="once it is done")


class JobOut(BaseModel):
    """A digest on its way to an episode."""

    id: str = Field(examples=["0123456789abcdef"])
    episode_id: str = Field(examples=["2026-03-02"])
    title: str = Field(examples=["2026.03.02 科技早报"])
    published: datetime
    state: Literal["queued", "running", "done", "failed", "cancelled"]
    stage: Literal["", "script", "tts", "audio", "publish"] = Field(description="of a running job")
    done: int = Field(description="utterances that are spoken")
    total: int = Field(description="utterances")
    seconds_made: float = Field(description="of speech")
    seconds_left: float | None = Field(description="until all is spoken, where that can be told")
    place: int | None = Field(description="in the queue, 1 = next")
    problem: str = Field(description="why it failed")
    hint: str
    created: datetime
    started: datetime | None
    finished: datetime | None
    duration_seconds: float | None = Field(description="of the finished episode")
    urls: Urls


class Jobs(BaseModel):
    jobs: list[JobOut]


class DigestOut(BaseModel):
    """A digest of the content folder that has no episode yet."""

    id: str = Field(examples=["0123456789abcdef"])
    name: str = Field(examples=["2026-03-02.md"])
    title: str
    published: datetime | None
    items: int
    state: Literal["new", "queued", "running", "failed", "unreadable"]
    problem: str
    job_id: str | None


class Digests(BaseModel):
    digests: list[DigestOut]


class ServiceOut(BaseModel):
    token_needed: bool
    digest_bytes: int
    items: int
    queue: int


class Preview(BaseModel):
    """What `podcast script` says of it."""

    model_config = ConfigDict(extra="allow")
    title: str
    published: datetime
    episode_id: str
    items: int
    characters: int
    segments: list[dict[str, Any]]
    report: list[dict[str, Any]]
    warnings: list[str]


class Chosen(BaseModel):
    """A digest of the content folder."""

    model_config = ConfigDict(extra="forbid", strict=True)
    digest: str = Field(pattern="^[0-9a-f]{16}$", description="id of a listed one", examples=["0123456789abcdef"])


class Sent(BaseModel):
    """A digest's text."""

    model_config = ConfigDict(extra="forbid", strict=True)
    text: str = Field(min_length=1)
    name: str | None = Field(None, max_length=120, examples=["2026-03-02.md"])
