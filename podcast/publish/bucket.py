"""A prefix of an S3 bucket as a store.

Credentials, region and endpoint are found as every tool of that ecosystem finds them: AWS_ACCESS_KEY_ID, AWS_PROFILE,
AWS_ENDPOINT_URL, ~/.aws, the role of the machine.  For servers of other makers nothing newer is asked than Content-MD5
and, where they know it, If-Match (a 501 turns it off).
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import io
import mimetypes
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from podcast.errors import ConfigError, SetupError
from podcast.publish.storage import S3, NotThere, Stored, conflict

LARGE_BYTES = 64 << 20  # from here on in parts, each of which is tried again by itself: 90 minutes at 96 kbit/s
PART_BYTES = 16 << 20
MEDIA_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".m4a": "audio/mp4",
    ".md": "text/markdown; charset=utf-8",
    ".mp3": "audio/mpeg",
    ".opus": "audio/ogg",
    ".srt": "application/x-subrip",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
    ".vtt": "text/vtt; charset=utf-8",
    ".webmanifest": "application/manifest+json",
    ".xml": "application/xml",
}
# Pages name assets with a hash of their content.  Audio keeps its name when it is made again: a day is the longest that
# a cache may go on with the old one.
FOR_EVER, A_DAY, FIVE_MINUTES = "public, max-age=31536000, immutable", "public, max-age=86400", "public, max-age=300"
_other_types = mimetypes.MimeTypes(filenames=())  # those of Python, whatever the machine's own table says
_NOT_THERE = ("NoSuchKey", "NotFound", "404")
_WRONG_KEY = ("InvalidAccessKeyId", "SignatureDoesNotMatch", "InvalidToken", "ExpiredToken", "InvalidClientTokenId")
_TRIES_LATER = ("SlowDown", "ServiceUnavailable", "InternalError", "RequestTimeout", "503", "500")
_RIGHTS = "It needs s3:ListBucket, s3:GetObject and s3:PutObject, and s3:DeleteObject for --delete."


def media_type(key: str) -> str:
    if key == "chapters.json" or key.endswith("/chapters.json"):
        return "application/json+chapters"  # as the Podcasting 2.0 namespace has it
    if re.fullmatch(r"feed(-\d+)?\.xml", key):
        return "application/rss+xml; charset=utf-8"
    suffix = Path(key).suffix.lower()
    return MEDIA_TYPES.get(suffix) or _other_types.guess_type(key)[0] or "application/octet-stream"


def cache_control(key: str) -> str:
    if key.startswith("assets/"):
        return FOR_EVER
    return A_DAY if media_type(key).startswith(("audio/", "image/")) else FIVE_MINUTES


def open_bucket(target: str) -> Bucket:
    """The store of "s3://bucket/prefix".  Raises ConfigError for a name that is none, SetupError without boto3."""
    name, _, prefix = target.removeprefix(S3).partition("/")
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]+", name):
        raise ConfigError(f"{target} names no bucket", hint="Write it as s3://bucket/prefix.")
    return Bucket(name, prefix.strip("/"))


class Bucket:
    """See `podcast.publish.storage.Store`."""

    def __init__(
        self, bucket: str, prefix: str = "", *, large_bytes: int = LARGE_BYTES, part_bytes: int = PART_BYTES
    ) -> None:
        self._bucket, self._prefix = bucket, f"{prefix}/" if prefix else ""
        self._large_bytes, self._part_bytes = large_bytes, part_bytes
        self._conditions = True  # until the server says that it knows none
        self._client = self._connect()

    def _connect(self) -> Any:
        try:
            import boto3  # type: ignore[import-untyped]  # has no types
            from botocore.config import Config  # type: ignore[import-untyped]  # likewise
        except ImportError as error:
            hint = 'Install it: pip install "digestcast[s3]"'
            raise SetupError("publishing to S3 needs boto3", where=self.name, hint=hint) from error
        config = Config(
            retries={"mode": "standard", "total_max_attempts": 5},
            connect_timeout=10,
            read_timeout=60,
            max_pool_connections=32,  # as many as `upload` sends at once, some of them in parts
            # The newer checksums are refused by some servers of other makers; Content-MD5 is sent below.
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
            user_agent_extra="digestcast",
        )
        with self._told():
            try:
                return boto3.session.Session().client("s3", config=config)
            except ValueError as error:
                raise SetupError(str(error), where=self.name, hint="Look at AWS_ENDPOINT_URL.") from error

    @property
    def name(self) -> str:
        return f"{S3}{self._bucket}/{self._prefix}".rstrip("/")

    def contents(self) -> dict[str, Stored]:
        found = {}
        with self._told():
            pages = self._client.get_paginator("list_objects_v2").paginate(Bucket=self._bucket, Prefix=self._prefix)
            for entry in (entry for page in pages for entry in page.get("Contents", ())):
                key = entry["Key"].removeprefix(self._prefix)
                if key and not key.endswith("/") and not any(part.startswith(".") for part in key.split("/")):
                    found[key] = Stored(entry["Size"], entry["ETag"])
        return found

    def holds(self, key: str, stored: Stored, file: Path) -> bool:
        with _local(file), file.open("rb") as content:
            if content.seek(0, os.SEEK_END) != stored.size_bytes:
                return False
            if self._etag(content) == stored.tag:
                return True
            # An ETag is no MD5 where the bucket encrypts with a key of KMS, or another tool cut it into other parts.
            with self._told(key):
                metadata = self._client.head_object(Bucket=self._bucket, Key=self._prefix + key)["Metadata"]
            return bool(metadata.get("sha256") == _digest(content, "sha256").hex())

    def read(self, key: str) -> bytes:
        with self._told(key):
            return bytes(self._client.get_object(Bucket=self._bucket, Key=self._prefix + key)["Body"].read())

    def put(self, key: str, content: Path | bytes, before: Stored | None) -> Stored:
        if isinstance(content, bytes):
            return self._put_whole(key, io.BytesIO(content), before)
        with _local(content), content.open("rb") as body:
            if content.stat().st_size < self._large_bytes:
                return self._put_whole(key, body, before)
            return self._put_parts(key, body)

    def copy(self, key: str, stored: Stored, to: str) -> None:
        source = {"Bucket": self._bucket, "Key": self._prefix + key}
        with self._told(key):
            self._client.copy_object(
                Bucket=self._bucket, Key=self._prefix + to, CopySource=source, CopySourceIfMatch=stored.tag
            )

    def remove(self, key: str) -> None:
        # One at a time: for many at once other makers' servers want a checksum that boto3 no longer sends.
        with self._told(key):
            self._client.delete_object(Bucket=self._bucket, Key=self._prefix + key)

    def _put_whole(self, key: str, body: io.BufferedIOBase, before: Stored | None) -> Stored:
        from botocore.exceptions import ClientError  # type: ignore[import-untyped]  # has no types

        sha256 = _digest(body, "sha256").hex()
        fields = self._fields(key, sha256) | {"ContentMD5": base64.b64encode(_digest(body, "md5")).decode()}
        condition: dict[str, str] = {}
        if self._conditions:
            condition = {"IfMatch": before.tag} if before else {"IfNoneMatch": "*"}
        with self._told(key):
            try:
                answer = self._client.put_object(
                    Bucket=self._bucket, Key=self._prefix + key, Body=body, **fields, **condition
                )
            except ClientError as error:
                status = error.response["ResponseMetadata"]["HTTPStatusCode"]
                if status == 501 and condition:
                    self._conditions = False
                    return self._put_whole(key, body, before)
                if status in (404, 409, 412) and (found := self._ours(key, sha256)):
                    return found  # the answer to an earlier try was lost
                raise
        return Stored(body.seek(0, os.SEEK_END), answer["ETag"])

    def _put_parts(self, key: str, body: io.BufferedIOBase) -> Stored:
        """boto3's transfer has no conditions; the look at the store before the feed finds what another has put."""
        from boto3.s3.transfer import TransferConfig  # type: ignore[import-untyped]  # has no types

        config = TransferConfig(multipart_threshold=self._large_bytes, multipart_chunksize=self._part_bytes)
        fields = self._fields(key, _digest(body, "sha256").hex())
        with self._told(key):
            self._client.upload_fileobj(body, self._bucket, self._prefix + key, ExtraArgs=fields, Config=config)
            found = self._client.head_object(Bucket=self._bucket, Key=self._prefix + key)
        return Stored(found["ContentLength"], found["ETag"])

    def _ours(self, key: str, sha256: str) -> Stored | None:
        """What is there, if it is what we want there."""
        from botocore.exceptions import ClientError

        try:
            found = self._client.head_object(Bucket=self._bucket, Key=self._prefix + key)
        except ClientError:
            return None
        return Stored(found["ContentLength"], found["ETag"]) if found["Metadata"].get("sha256") == sha256 else None

    @staticmethod
    def _fields(key: str, sha256: str) -> dict[str, Any]:
        return {"ContentType": media_type(key), "CacheControl": cache_control(key), "Metadata": {"sha256": sha256}}

    def _etag(self, content: io.BufferedIOBase) -> str:
        """What S3 gives as ETag to a file that we have sent: MD5, or MD5 of the parts' MD5s and their count."""
        if content.seek(0, os.SEEK_END) < self._large_bytes:
            return f'"{_digest(content, "md5").hex()}"'
        content.seek(0)
        parts = []
        while part := content.read(self._part_bytes):
            parts.append(hashlib.md5(part, usedforsecurity=False).digest())
        return f'"{hashlib.md5(b"".join(parts), usedforsecurity=False).hexdigest()}-{len(parts)}"'

    @contextlib.contextmanager
    def _told(self, key: str = "") -> Iterator[None]:
        """Say what went wrong in a person's words."""
        from botocore import exceptions as known  # type: ignore[import-untyped]  # has no types

        where = f"{self.name}/{key}" if key else self.name
        try:
            yield
        except (known.NoCredentialsError, known.PartialCredentialsError) as error:
            hint = "Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE."
            raise SetupError("no credentials were found", where=where, hint=hint) from error
        except known.ClientError as error:
            raise self._refusal(error, where, key) from error
        except (known.HTTPClientError, known.ConnectionError) as error:
            hint = "Check the network and AWS_ENDPOINT_URL; run it again, what was sent is kept."
            raise SetupError(f"the server does not answer: {error}", where=where, hint=hint) from error
        except known.ParamValidationError as error:
            raise ConfigError(" ".join(str(error).split()), where=where, hint="Write s3://bucket/prefix.") from error
        except known.BotoCoreError as error:
            raise SetupError(str(error), where=where, hint="Look at AWS_* variables and ~/.aws/config.") from error

    def _refusal(self, error: Any, where: str, key: str) -> SetupError:
        code = str(error.response.get("Error", {}).get("Code", ""))
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode")
        if code in ("PreconditionFailed", "ConditionalRequestConflict") or status in (409, 412):
            return conflict(key)
        if code == "NoSuchBucket":
            what, hint = "there is no such bucket", "Make it first, or check its name and AWS_ENDPOINT_URL."
        elif code in _WRONG_KEY:
            what, hint = f"the key is not accepted ({code})", "Check AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY."
        elif status == 403:
            what, hint = f"the key may not {error.operation_name} here ({code})", _RIGHTS
        elif code in _TRIES_LATER or (status or 0) >= 500:
            what, hint = f"the server cannot now ({code})", "Run it again later; what was sent is kept."
        elif code == "BadDigest":
            what, hint = "it changed while it was sent", "Run it again when nothing writes to the folder."
        elif code in _NOT_THERE:
            return NotThere("it is gone", where=where, hint="Another publisher may be at work. Run it again.")
        else:
            message = error.response.get("Error", {}).get("Message", "")
            what, hint = f"{error.operation_name} was refused: {code} {message}".strip(), "See the server's manual."
        return SetupError(what, where=where, hint=hint)


@contextlib.contextmanager
def _local(file: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise SetupError(f"cannot be read: {error.strerror}", where=str(file)) from error


def _digest(content: io.BufferedIOBase, name: str) -> bytes:
    """Of all of it; the next to read it begins at its beginning."""
    content.seek(0)
    digest = hashlib.file_digest(content, lambda: hashlib.new(name, usedforsecurity=False)).digest()
    content.seek(0)
    return digest
