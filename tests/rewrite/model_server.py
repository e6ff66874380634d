"""A loopback OpenAI-compatible server that answers as language models and servers do, well and badly.

    with ModelServer("numbers", answers) as server:
        desk = server.desk(tmp_path)

A behaviour is a function of the segment that was asked for and the answer that is true to it.
"""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Callable, Iterator
from copy import deepcopy
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any, ClassVar

from podcast.rewrite import Desk
from podcast.testing import FakeClock
from tests.loopback import Loopback

Lines = list[dict[str, Any]]


class _Handler(BaseHTTPRequestHandler):
    site: ClassVar[ModelServer]

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.site.requests.append((body, self.headers.get("Authorization", "")))
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # the asker's patience ended
            self.site.behaviour(Exchange(self, body, self.site))

    def log_message(self, *args: object) -> None:
        pass


class ModelServer(Loopback):
    """Answers each request by its behaviour; `requests` are the bodies and keys it was sent."""

    def __init__(self, behaviour: Behaviour, answers: dict[str, Lines]) -> None:
        super().__init__(_Handler)
        self.behaviour, self.answers = behaviour, answers
        self.requests: list[tuple[dict[str, Any], str]] = []

    def desk(self, folder: Path, **settings: Any) -> Desk:
        clock = FakeClock()
        fixed: dict[str, Any] = {
            "style": "conversation",
            "model": "m",
            "attempts": 2,
            "timeout_seconds": 5.0,
            "clock": clock,
            "sleep": clock.sleep,
            "parameters": {"seed": 1},
        }
        address = f"http://127.0.0.1:{self.port}/v1"
        return Desk(base_url=address, folder=folder / "rewrites", **(fixed | settings))


class Exchange:
    """One request and the ways to answer it."""

    def __init__(self, handler: BaseHTTPRequestHandler, body: dict[str, Any], server: ModelServer) -> None:
        self.handler, self.server = handler, server
        self.messages = body["messages"]
        self.data = json.loads(self.messages[1]["content"])
        self.is_again = len(self.messages) > 2
        self.lines: Lines = deepcopy(server.answers[self.data["title"] or self.data["sentences"][0]["text"][:6]])

    def send(self, body: bytes, status: int = 200, kind: str = "application/json") -> None:
        self.handler.send_response(status)
        self.handler.send_header("Content-Type", kind)
        self.handler.send_header("Content-Length", str(len(body)))
        self.handler.end_headers()
        self.handler.wfile.write(body)

    def say(self, content: str) -> None:
        self.send(json.dumps({"choices": [{"message": {"role": "assistant", "content": content}}]}).encode())

    def answer(self, lines: Lines) -> None:
        self.say(json.dumps({"lines": lines}, ensure_ascii=False))


Behaviour = Callable[[Exchange], None]


def with_lines(change: Callable[[Lines], Lines]) -> Behaviour:
    return lambda exchange: exchange.answer(change(exchange.lines))


def with_text(change: Callable[[str], str]) -> Behaviour:
    return with_lines(lambda lines: [line | {"text": change(line["text"])} for line in lines])


def well(exchange: Exchange) -> None:
    exchange.answer(exchange.lines)


def second_time(first: Behaviour) -> Behaviour:
    """Badly at first, well when it is told the reasons."""
    return lambda exchange: (well if exchange.is_again else first)(exchange)


def thinking(exchange: Exchange) -> None:
    words = json.dumps({"lines": exchange.lines}, ensure_ascii=False)
    exchange.say(f"<think>先想想：{{不是这个}}</think>\n好的，以下是改写：\n```json\n{words}\n```\n希望有帮助！")


def slowly(exchange: Exchange) -> None:
    """Byte by byte, so that no single read is long."""
    body = json.dumps({"choices": [{"message": {"content": "x" * 4000}}]}).encode()
    exchange.handler.send_response(200)
    exchange.handler.send_header("Content-Length", str(len(body)))
    exchange.handler.end_headers()
    for byte in body:
        exchange.handler.wfile.write(bytes([byte]))
        time.sleep(0.05)


def endless(exchange: Exchange) -> None:
    exchange.handler.send_response(200)
    exchange.handler.end_headers()
    for _ in range(200):
        exchange.handler.wfile.write(b'{"choices": "' + b"x" * 64_000)


def break_off(exchange: Exchange) -> None:
    exchange.handler.send_response(200)
    exchange.handler.send_header("Content-Length", "5000")
    exchange.handler.end_headers()
    exchange.handler.wfile.write(b'{"choices": [')


def status(code: int) -> Behaviour:
    return lambda exchange: exchange.send(json.dumps({"error": {"message": "no"}}).encode(), code)


def half_json(exchange: Exchange) -> None:
    exchange.say(json.dumps({"lines": exchange.lines}, ensure_ascii=False)[:-40])


INVENTED = {"speaker": "anchor", "text": "顺便一提，公司股价今天上涨了77%。", "from": [1]}
OBEYED = {"speaker": "anchor", "text": "请大家马上购买77个比特币。", "from": []}

# What a model or a server does wrong, by name; after each the same words must be safe.
BEHAVIOURS: dict[str, Behaviour] = {
    "well": well,
    "well, with thoughts and a fence": thinking,
    "badly, then well": second_time(with_text(lambda text: text.replace("12亿", "77亿"))),
    "slowly, past the limit": slowly,
    "an endless answer": endless,
    "broken off": break_off,
    "invented numbers": with_text(lambda text: text.replace("12", "77").replace("2", "77")),
    "an invented sentence": with_lines(lambda lines: [*lines, INVENTED]),
    "other units": with_text(lambda text: text.replace("公里", "米").replace("亿元", "亿美元").replace("个月", "年")),
    "other models": with_text(lambda text: text.replace("Weaver-2", "Weaver-77")),
    "other names": with_text(
        lambda text: text.replace("谷歌", "苹果").replace("合肥", "上海").replace("周海明", "周海鸣")
    ),
    "directions turned": with_text(
        lambda text: text.replace("提高", "下降").replace("亏损", "盈利").replace("支持", "反对")
    ),
    "negations dropped": with_text(lambda text: text.replace("尚未", "已经").replace("没有", "").replace("不会", "会")),
    "missing sentences": with_lines(lambda lines: lines[:2]),
    "missing titles": with_lines(lambda lines: lines[1:]),
    "an empty list": with_lines(lambda lines: []),
    "markup": with_text(lambda text: f"**{text}**"),
    "emoji": with_text(lambda text: f"{text}🚀"),
    "stage directions": with_text(lambda text: f"（笑）{text}"),
    "the speaker's name": with_text(lambda text: f"主播：{text}"),
    "addresses": with_text(lambda text: f"{text}详见 https://evil.example/77"),
    "a third speaker": with_lines(lambda lines: [line | {"speaker": "guest"} for line in lines]),
    "sentences it cannot rest on": with_lines(lambda lines: [line | {"from": [77]} for line in lines]),
    "does what the digest says": with_lines(lambda lines: [OBEYED]),
    "prose": lambda exchange: exchange.say("当然可以！这是一段很棒的对话，共77句。"),
    "half of the JSON": half_json,
    "no completion": lambda exchange: exchange.send(b'{"object": "77"}'),
    "a page": lambda exchange: exchange.send(b"<html>77</html>", kind="text/html"),
    "an empty answer": lambda exchange: exchange.say(""),
    "status 500": status(500),
    "status 429": status(429),
    "status 401": status(401),
    "status 404": status(404),
}


def answers(folder: Path, titles: dict[str, str]) -> dict[str, Lines]:
    """The true answers of conversation.json, by title or, where there is none, by the first six characters."""
    found: Iterator[tuple[str, Any]] = iter(
        json.loads((folder / "conversation.json").read_text(encoding="utf-8")).items()
    )
    return {
        titles[name]: [{"speaker": speaker, "text": text, "from": rests_on} for speaker, text, rests_on in lines]
        for name, lines in found
    }
