"""RabbitMQ and PostgreSQL as Debian packages them, started with folders of their own on loopback; they can be killed.

    with running(Broker(folder)) as broker:
        broker.url, broker.kill(), broker.start()

A server that will not run as root is run as nobody.  `missing()` says why a server cannot be started here.
"""

from __future__ import annotations

import contextlib
import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Protocol, TypeVar

RABBITMQ = Path("/usr/lib/rabbitmq/bin")  # the scripts themselves: those in /usr/sbin become the user rabbitmq
_START_SECONDS = 90.0
_PORTS = range(20_000, 28_000)  # below those that the system gives to clients, beside those of tests.object_store


def free_ports(count: int) -> list[int]:
    """Chosen at random: others on this machine may be looking for some as well."""
    found: list[int] = []
    while len(found) < count:
        port = secrets.choice(_PORTS)
        with socket.socket() as one, contextlib.suppress(OSError):
            one.bind(("127.0.0.1", port))
            found.append(port)
    return found


class Restartable(Protocol):
    def start(self) -> None: ...

    def kill(self) -> None: ...


T = TypeVar("T", bound=Restartable)


@contextlib.contextmanager
def running(server: T) -> Iterator[T]:
    try:
        server.start()
        yield server
    finally:
        server.kill()


def postgres_folder() -> Path | None:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"), key=lambda path: int(path.parts[-3]))
    return found[-1].parent if found else None


def missing() -> str | None:
    """What is not installed, in words; None where both can be started."""
    if not (RABBITMQ / "rabbitmq-server").exists() or not shutil.which("epmd"):
        return "RabbitMQ is not installed (Debian: rabbitmq-server)"
    if postgres_folder() is None:
        return "PostgreSQL is not installed (Debian: postgresql)"
    if os.getuid() == 0 and not shutil.which("setpriv"):
        return "there is no setpriv, and PostgreSQL does not run as root"
    return None


def as_user(folder: Path, command: Sequence[str]) -> list[str]:
    """The command as one that PostgreSQL takes: root becomes nobody, whose the folder is then."""
    if os.getuid() != 0:
        return list(command)
    nobody = pwd.getpwnam("nobody")
    folder.mkdir(parents=True, exist_ok=True)
    os.chown(folder, nobody.pw_uid, nobody.pw_gid)
    for parent in folder.parents:  # pytest's folders are root's alone
        if parent.stat().st_uid == 0 and not parent.stat().st_mode & 0o001:
            parent.chmod(parent.stat().st_mode | 0o011)
    return ["setpriv", f"--reuid={nobody.pw_uid}", f"--regid={nobody.pw_gid}", "--clear-groups", *command]


class Broker:
    """RabbitMQ, and an epmd of its own."""

    def __init__(self, folder: Path, host: str = "127.0.0.1") -> None:
        self._folder, self._host = folder, host
        self.port, self._epmd_port, self._distribution_port = free_ports(3)
        self._process: subprocess.Popen[bytes] | None = None
        self._epmd: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"amqp://guest:guest@{self._host}:{self.port}//"

    def start(self) -> None:
        command = as_user(self._folder, [str(RABBITMQ / "rabbitmq-server")])
        self._folder.mkdir(parents=True, exist_ok=True)
        config = self._folder / "rabbitmq.conf"
        config.write_text(
            "loopback_users = none\ndisk_free_limit.absolute = 50MB\nvm_memory_high_watermark.relative = 0.2\n"
        )
        (self._folder / "plugins").write_text("[].\n")
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(self._folder),
            "ERL_EPMD_PORT": str(self._epmd_port),
            "ERL_EPMD_ADDRESS": "127.0.0.1",
            "RABBITMQ_CONF_ENV_FILE": os.devnull,
            "RABBITMQ_CONFIG_FILE": str(config),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(self._folder / "plugins"),
            "RABBITMQ_NODENAME": f"podcast{self.port}@localhost",
            "RABBITMQ_NODE_IP_ADDRESS": self._host,
            "RABBITMQ_NODE_PORT": str(self.port),
            "RABBITMQ_DIST_PORT": str(self._distribution_port),
            "RABBITMQ_MNESIA_BASE": str(self._folder / "data"),
            "RABBITMQ_LOG_BASE": str(self._folder / "log"),
            # Two schedulers, and no busy waiting: the machine is the workers'.
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "+S 2:2 +sbwt none +sbwtdcpu none +sbwtdio none",
        }
        if self._epmd is None:
            epmd = as_user(self._folder, [shutil.which("epmd") or "epmd"])
            self._epmd = subprocess.Popen(epmd, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        with (self._folder / "out").open("ab") as out:
            self._process = subprocess.Popen(
                command, env=environment, stdout=out, stderr=out, cwd=self._folder, start_new_session=True
            )
        _wait(lambda: answers(self.url), self._process)

    def kill(self) -> None:
        """The node, with everything it has started."""
        if self._process:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()

    def end(self) -> None:
        self.kill()
        if self._epmd:
            self._epmd.kill()
            self._epmd.wait()

    @property
    def resident_bytes(self) -> int:
        """Of the Erlang machine."""
        assert self._process is not None
        sizes = []
        for status in Path("/proc").glob("[0-9]*/status"):
            with contextlib.suppress(OSError):
                fields = dict(line.split(":", 1) for line in status.read_text().splitlines())
                if (
                    fields["Name"].strip().startswith("beam")
                    and os.getpgid(int(status.parent.name)) == self._process.pid
                ):
                    sizes.append(int(fields["VmRSS"].split()[0]) * 1024)
        return sum(sizes)


def answers(url: str) -> bool:
    from kombu.connection import Connection

    try:
        with Connection(url, connect_timeout=2) as connection:
            connection.ensure_connection(max_retries=1)
    except Exception:  # noqa: BLE001 -- whatever a client meets at a server that starts
        return False
    return True


class Postgres:
    def __init__(self, folder: Path, host: str = "127.0.0.1") -> None:
        self._folder, self._host = folder, host
        [self.port] = free_ports(1)
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"postgresql+psycopg://podcast@{self._host}:{self.port}/postgres"

    def start(self) -> None:
        programs = postgres_folder()
        assert programs is not None
        self._folder.mkdir(parents=True, exist_ok=True)
        data = self._folder / "data"
        if not data.exists():
            make = [str(programs / "initdb"), "-D", str(data), "-U", "podcast", "--auth=trust", "--no-sync"]
            subprocess.run(as_user(self._folder, make), check=True, capture_output=True, cwd=self._folder)
            with (data / "pg_hba.conf").open("a") as file:
                file.write("host all all 0.0.0.0/0 trust\n")
        command = [str(programs / "postgres"), "-D", str(data), "-h", self._host, "-p", str(self.port),
                   "-k", str(self._folder)]  # fmt: skip
        deadline = time.monotonic() + _START_SECONDS
        while True:  # what a killed one leaves behind takes a moment to end
            with (self._folder / "out").open("ab") as out:
                self._process = subprocess.Popen(
                    as_user(self._folder, command), stdout=out, stderr=out, cwd=self._folder, start_new_session=True
                )
            while self._process.poll() is None:
                if self._answers():
                    return
                time.sleep(0.05)
            if time.monotonic() > deadline:
                raise RuntimeError((self._folder / "out").read_text(errors="replace")[-2000:])
            time.sleep(0.2)

    def kill(self) -> None:
        if self._process:
            self._process.kill()
            self._process.wait()

    def _answers(self) -> bool:
        import psycopg

        try:
            psycopg.connect(self.url.replace("+psycopg", ""), connect_timeout=2).close()
        except psycopg.OperationalError:
            return False
        return True


def _wait(ready: Callable[[], bool], process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while not ready():
        if process.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(f"the server did not start: {process.args!r}")
        time.sleep(0.1)
