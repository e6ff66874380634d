"""nginx, for a moment: the peer that our server and our folders are held against."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

TYPES = "types { application/rss+xml xml; audio/mpeg mp3; image/jpeg jpg; application/json json; text/html html; }"


@contextlib.contextmanager
def nginx(root: Path, state: Path, settings: str = TYPES) -> Iterator[int | None]:
    """The port of an nginx with a folder, or None where there is none.  `settings`: what else its server block has."""
    program = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/usr/local/sbin")
    if program is None:
        yield None
        return
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = int(free.getsockname()[1])
    bodies = " ".join(
        f"{name}_temp_path {state}/{name};" for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    user = "user root; " if os.geteuid() == 0 else ""  # the folder of a test is its user's alone
    config = state / "nginx.conf"
    config.write_text(
        f"{user}daemon off; master_process off; pid {state}/pid; error_log {state}/error; events {{ }} "
        f"http {{ access_log off; {bodies} server {{ listen 127.0.0.1:{port}; root {root}; {settings}\n }} }}",
        encoding="utf-8",
    )
    with subprocess.Popen([program, "-e", str(state / "error"), "-c", str(config)]) as running:
        try:
            for _ in range(500):
                with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port)):
                    break
                assert running.poll() is None, (state / "error").read_text()
                time.sleep(0.01)
            yield port
        finally:
            running.terminate()
