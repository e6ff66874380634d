"""What a stranger may try: it is refused and logged, and the next person's episode is made."""

from __future__ import annotations

import gzip
import io
import json
import logging
import socket
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest

from podcast.serve.app import Access
from podcast.serve.auth import Tokens
from podcast.serve.journal import JsonLines
from podcast.serve.limits import Limits
from tests.serve.running import Serving, finished, serving
from tests.serve.stage import digest_of

SECRET = "what-nobody-may-see"  # noqa: S105 -- of a test
TOKEN = "a-token-of-enough-characters"  # noqa: S105 -- of a test
LIMITS = Limits(digest_bytes=16 * 1024, items=10, read_seconds=10.0)
BODY_BYTES = 2 * LIMITS.digest_bytes + 64 * 1024
MARKDOWN = "Content-Type: text/markdown\r\n"
JSON = "Content-Type: application/json\r\n"


@pytest.fixture(scope="module")
def log() -> Iterator[io.StringIO]:
    """Everything that the servers of this module write to their logs."""
    written = io.StringIO()
    lines = logging.StreamHandler(written)
    lines.setFormatter(JsonLines())
    loggers = [logging.getLogger(name) for name in ("podcast", "uvicorn")]
    for logger in loggers:
        logger.addHandler(lines)
        logger.setLevel(logging.INFO)
    yield written
    for logger in loggers:
        logger.removeHandler(lines)
        logger.setLevel(logging.NOTSET)


@pytest.fixture(scope="module")
def open_server(tmp_path_factory: pytest.TempPathFactory, log: io.StringIO) -> Iterator[Serving]:
    """Without tokens, as on one's own machine; a secret lies beside its folders."""
    root = tmp_path_factory.mktemp("open")
    (root / "secret.md").write_text(digest_of(topic=SECRET), encoding="utf-8")
    for folder in ("public", "content"):
        (root / folder).mkdir()
        (root / folder / "link.md").symlink_to(root / "secret.md")
    with serving(root, limits=LIMITS, content=root / "content") as running:
        yield running


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory, log: io.StringIO) -> Iterator[Serving]:
    """With a token."""
    access = Access(Tokens({"phone": TOKEN}), None)
    with serving(tmp_path_factory.mktemp("guarded"), access=access, limits=LIMITS) as running:
        yield running


@dataclass
class Reply:
    status: int
    head: str
    body: str


def send(running: Serving, head: str, body: bytes = b"", *, length: bool = True) -> Reply:
    """Send a request byte for byte; what comes back until the server closes."""
    if "\r\nHost:" not in head:
        head += f"Host: 127.0.0.1:{running.port}\r\n"
    if length and body:
        head += f"Content-Length: {len(body)}\r\n"
    with closing(socket.create_connection(("127.0.0.1", running.port), timeout=30)) as connection:
        connection.sendall(f"{head}Connection: close\r\n\r\n".encode("latin-1") + body)
        received = b""
        try:
            while part := connection.recv(65536):
                received += part
        except ConnectionResetError:
            pass  # it did not want the rest of the body
    answer, _, content = received.partition(b"\r\n\r\n")
    status = int(answer.split(b" ", 2)[1])
    return Reply(status, answer.decode("latin-1"), content.decode("utf-8", "replace"))


def get(path: str) -> str:
    return f"GET {path} HTTP/1.1\r\n"


def post(kind: str = MARKDOWN, more: str = "", path: str = "/api/episodes") -> str:
    return f"POST {path} HTTP/1.1\r\n{kind}{more}"


def form(name: str, content: bytes) -> tuple[str, bytes]:
    body = b"--x\r\nContent-Disposition: form-data; name=digest; filename=" + name.encode() + b"\r\n\r\n" + content
    return "Content-Type: multipart/form-data; boundary=x\r\n", body + b"\r\n--x--\r\n"


PATHS = {
    "traversal": get("/../secret.md"),
    "encoded traversal": get("/%2e%2e/secret.md"),
    "encoded slash": get("/..%2fsecret.md"),
    "twice encoded": get("/%252e%252e%252fsecret.md"),
    "backslash": get("/..%5csecret.md"),
    "overlong UTF-8": get("/%c0%ae%c0%ae/secret.md"),
    "NUL": get("/index.html%00.md"),
    "absolute": get("//etc/passwd"),
    "symbolic link": get("/link.md"),
    "traversal below a folder": get("/episodes/../../secret.md"),
    "job that is a path": get("/api/jobs/..%2f..%2fsecret.md"),
    "episode that is a path": get("/api/episodes/..%2f..%2fsecret.md/live.mp3"),
    "part that is a path": get("/page/..%2f..%2fsecret.md"),
    "line end in a path": get("/%0d%0aSet-Cookie:%20a=b"),
    "job of another alphabet": get("/api/jobs/０１２３４５６７８９ａｂｃｄｅｆ".encode().decode("latin-1")),
}


@pytest.mark.parametrize("head", PATHS.values(), ids=PATHS)
def test_no_path_leads_out_of_the_public_folder(open_server: Serving, head: str) -> None:
    reply = send(open_server, head)
    assert reply.status in (400, 404, 422)
    assert SECRET not in reply.body
    assert "Set-Cookie" not in reply.head


LISTED = (
    "../secret.md",
    "/etc/passwd",
    "http://127.0.0.1:1/",
    "file:///etc/passwd",
    "link.md",
    "' OR 1=1 --",
    "0" * 16,
)


@pytest.mark.parametrize("wish", LISTED)
def test_a_listed_digest_is_named_by_a_hash_and_by_nothing_else(open_server: Serving, wish: str) -> None:
    reply = send(open_server, post(JSON), json.dumps({"digest": wish}).encode())
    assert reply.status in (404, 422)


def test_a_link_in_the_content_folder_that_leads_out_of_it_is_not_offered(open_server: Serving) -> None:
    assert json.loads(send(open_server, get("/api/digests")).body) == {"digests": []}


BODIES = {
    "larger than any": (413, post(), b"x" * (BODY_BYTES + 1)),
    "said to be larger": (413, post(more=f"Content-Length: {10**12}\r\n"), b""),
    "chunked and larger": (413, post(more="Transfer-Encoding: chunked\r\n"), b"fffff\r\n" + b"x" * 0xFFFFF),
    "two lengths": (400, post(more="Content-Length: 5\r\nContent-Length: 6\r\n"), b"12345"),
    "length and chunks": (400, post(more="Content-Length: 5\r\nTransfer-Encoding: chunked\r\n"), b"0\r\n\r\n"),
    "negative length": (400, post(more="Content-Length: -1\r\n"), b""),
    "larger than a digest": (422, post(), b"x" * (LIMITS.digest_bytes + 1)),
    "too many items": (422, post(), digest_of(items=11).encode()),
    "gzip bomb": (415, post(more="Content-Encoding: gzip\r\n"), gzip.compress(b"0" * 10**7)),
    "gzip, not said": (422, post(), gzip.compress(b"0" * 10**6)),
    "not UTF-8": (422, post(), "2026-03-02\n\n1. 青禾\n".encode("gb18030")),
    "NUL": (422, post(), digest_of().encode() + b"\0"),
    "empty": (422, post(), b""),
    "HTML": (415, post("Content-Type: text/html\r\n"), b"<p>"),
    "of no type": (415, post(""), b"x"),
    "a form's, from another site": (415, post("Content-Type: application/x-www-form-urlencoded\r\n"), b"digest=x"),
    "broken JSON": (422, post(JSON), b'{"text": '),
    "deep JSON": (422, post(JSON), b"[" * 20_000 + b"]" * 20_000),
    "JSON of another shape": (422, post(JSON), b'[{"text": 1}]'),
    "JSON with more": (422, post(JSON), b'{"text": "x", "path": "/etc/passwd"}'),
    "JSON with both": (422, post(JSON), b'{"text": "x", "digest": "0123456789abcdef"}'),
    "half a surrogate pair": (422, post(JSON), b'{"text": "\\ud800"}'),
    "form without an end": (400, post("Content-Type: multipart/form-data; boundary=x\r\n"), b"--y\r\nzzz"),
    "form without a boundary": (400, post("Content-Type: multipart/form-data\r\n"), b"--x--"),
    "form without a digest": (422, post("Content-Type: multipart/form-data; boundary=x\r\n"), b"--x--\r\n"),
    "deep Markdown": (422, post(), b"2026-03-02\n\n" + b"> " * 7000 + b"1. x\n"),
    "control character in a name": (400, post(more="X-Digest-Name: a\x7f.md\r\n"), digest_of("2026-08-01").encode()),
}  # fmt: skip


@pytest.mark.parametrize(("status", "head", "body"), BODIES.values(), ids=BODIES)
def test_a_body_that_is_no_digest_is_refused(open_server: Serving, status: int, head: str, body: bytes) -> None:
    chunked = "chunked" in head
    reply = send(open_server, head, body, length=not chunked and "Content-Length" not in head)
    assert reply.status == status
    if status != 400:
        assert json.loads(reply.body.partition("\r\n0\r\n")[0])["status"] == status


OTHER_SITES = {
    "another name for this machine": (421, get("/api/jobs") + "Host: evil.example\r\n"),
    "that name with our port": (421, get("/") + "Host: evil.example:8000\r\n"),
    "a name that looks like ours": (421, get("/api/jobs") + "Host: 127.0.0.1.evil.example\r\n"),
    "no name": (421, get("/api/jobs") + "Host: \r\n"),
    "a page of another site": (403, post(more="Sec-Fetch-Site: cross-site\r\n")),
    "a page of a neighbour": (403, post(more="Sec-Fetch-Site: same-site\r\n")),
    "an origin": (403, post(more="Origin: https://evil.example\r\n")),
    "a hidden origin": (403, post(more="Origin: null\r\n")),
    "an origin on another port": (403, post(more="Origin: http://127.0.0.1:1\r\n")),
}


@pytest.mark.parametrize(("status", "head"), OTHER_SITES.values(), ids=OTHER_SITES)
def test_pages_of_other_sites_ask_in_vain(open_server: Serving, status: int, head: str) -> None:
    assert send(open_server, head, digest_of("2026-08-02").encode() if "POST" in head else b"").status == status


def test_other_sites_are_not_told_that_they_may_read(open_server: Serving) -> None:
    for head in (get("/api/jobs"), "OPTIONS /api/episodes HTTP/1.1\r\nAccess-Control-Request-Method: POST\r\n"):
        reply = send(open_server, f"{head}Origin: https://evil.example\r\n")
        assert "access-control" not in reply.head.lower()


@pytest.mark.parametrize("path", ["/", "/api/jobs", "/feed.xml", "/api/nothing", "/api/jobs/x"])
def test_every_answer_says_that_nothing_of_elsewhere_may_run_in_it(open_server: Serving, path: str) -> None:
    head = send(open_server, get(path)).head.lower()
    policy = next(line for line in head.splitlines() if line.startswith("content-security-policy:"))
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "x-content-type-options: nosniff" in head
    assert "server: " not in head


@pytest.mark.parametrize("method", ["PUT", "PATCH", "TRACE", "DELETE", "CONNECT"])
def test_other_methods_are_refused(open_server: Serving, method: str) -> None:
    assert send(open_server, f"{method} /api/jobs HTTP/1.1\r\n").status in (400, 403, 404, 405)


def test_a_web_socket_is_not_opened(open_server: Serving) -> None:
    upgrade = "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
    assert send(open_server, get("/api/jobs") + upgrade).status != 101


@pytest.mark.parametrize(
    "name", ["../../x.md", "/etc/cron.d/x.md", "..", ".md", ".hidden.md", "index.md", "a" * 300 + ".md", "x.sh"]
)
def test_a_file_name_never_becomes_a_path(open_server: Serving, name: str) -> None:
    before = {path for path in open_server.root.parent.rglob("*") if "open" not in path.parts[-1]}
    kind, body = form(name, digest_of("2026-08-03", f"名{len(name)}{name[0] == '.'}{name[-3:]}").encode())
    reply = send(open_server, post(kind), body)
    assert reply.status in (202, 409)
    with open_server.client() as client:
        for job in client.get("/api/jobs").json()["jobs"]:
            finished(client, job)
    made = {path for path in open_server.root.parent.rglob("x.md") if "jobs" not in path.parts}
    assert made <= before
    sources = [
        json.loads(path.read_text())["source"] for path in open_server.root.glob("public/episodes/*/episode.json")
    ]
    assert not any("/" in source or source.startswith(".") for source in sources)


def test_nothing_in_a_digest_becomes_a_script_or_a_request(open_server: Serving) -> None:
    """XSS in each field, a template in each text, and addresses that nobody is to fetch."""
    with closing(socket.create_server(("127.0.0.1", 0))) as trap:
        address = f"http://127.0.0.1:{trap.getsockname()[1]}"
        evil = "<script>alert(1)</script><img src=x onerror=alert(1)>{{ 7*7 }}"
        text = (
            f"---\ntitle: '2026-08-04 {evil}'\ndate: 2026-08-04\ncover: {address}/c.jpg\n---\n\n概览{evil}。\n\n"
            f"1.  [题{evil}]({address}/a)\n\n    摘要{evil} ![图{evil}]({address}/i.png)。\n\n"
            f"2.  [脚本](javascript:alert(1))\n\n    [数据](data:text/html,<script>alert(1)</script>)。\n\n"
            f"### 点评\n\n点评{evil}。\n"
        )
        with open_server.client() as client:
            answer = client.post("/api/episodes", content=text.encode(), headers={"Content-Type": "text/markdown"})
            job = finished(client, answer.json())
            assert job["state"] == "done", job["problem"]
            episode = client.get(answer.json()["urls"]["page"]).text
            pages = [episode, client.get("/index.html").text, client.get("/").text]
            for page in pages:
                assert "<script>alert" not in page
                assert "<img src=x" not in page
                assert "javascript:alert" not in page.replace("&#", "")
            assert "7*7" in episode
            assert client.get("/api/jobs").headers["content-type"] == "application/json"
        trap.settimeout(0.2)
        with pytest.raises(TimeoutError):
            trap.accept()


def test_without_the_token_nothing_is_made_and_nothing_cancelled(guarded: Serving, log: io.StringIO) -> None:
    digest = digest_of("2026-08-05").encode()
    assert send(guarded, post(), digest).status == 401
    assert send(guarded, post(more="Authorization: Basic eDp5\r\n"), digest).status == 401
    reply = send(guarded, post(more="Authorization: Bearer wrong-wrong-wrong-wrong\r\n"), digest)
    assert reply.status == 401
    assert "www-authenticate: bearer" in reply.head.lower()
    assert send(guarded, post(path="/api/preview"), digest).status == 401
    assert send(guarded, get("/metrics")).status == 401
    accepted = send(guarded, post(more=f"Authorization: Bearer {TOKEN}\r\n"), digest)
    assert accepted.status == 202
    assert send(guarded, f"DELETE {json.loads(accepted.body)['urls']['self']} HTTP/1.1\r\n").status == 401
    assert send(guarded, get(f"/api/jobs?token={TOKEN}")).status == 200
    assert TOKEN not in log.getvalue()
    assert "wrong-wrong" not in log.getvalue()


def test_guessing_has_an_end(guarded: Serving) -> None:
    guesses = [send(guarded, post(more=f"Authorization: Bearer {n:032}\r\n"), b"x").status for n in range(12)]
    assert guesses[-1] == 429
    assert set(guesses) == {401, 429}


def test_what_was_refused_is_in_the_log_a_line_each(open_server: Serving, log: io.StringIO) -> None:
    start = len(log.getvalue())
    send(open_server, get('/%0a{"status":200,"forged":true}%1b[31m'.replace('"', "%22")))
    send(open_server, get("/api/jobs") + "Host: evil.example\r\n")
    lines = [json.loads(line) for line in log.getvalue()[start:].splitlines()]
    requests = [(line["status"], line["path"]) for line in lines if line["event"] == "request"]
    assert requests == [(404, '/\n{"status":200,"forged":true}\x1b[31m'), (421, "/api/jobs")]


def test_after_all_that_an_episode_is_made(open_server: Serving) -> None:
    with open_server.client() as client:
        text = digest_of("2026-08-06")
        answer = client.post("/api/episodes", content=text.encode(), headers={"Content-Type": "text/markdown"})
        assert finished(client, answer.json())["state"] == "done"
    assert (open_server.root / "secret.md").read_text(encoding="utf-8") == digest_of(topic=SECRET)
    assert not list(Path(open_server.root / "public").rglob("*secret*"))
