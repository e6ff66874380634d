"""A loopback server that speaks the protocol of Edge's read-aloud service, and fails in all the ways that it does.

    with FakeEdge(faults=["403", "drop:0.5"]) as fake:
        engine = EdgeEngine(endpoint=fake.endpoint)

It runs in a thread with an event loop of its own.  The audio is the tones of `podcast.testing` as MP3, 24 kHz mono at
48 kbit/s, with the pauses that the service puts before and after; a boundary for each sentence tells when it is said.

More than `most` websockets at once are answered with 429.  Faults are used up one for each websocket request (those of
the list of voices, in `list_faults`, are a status or mute); once the text is known, `rule` may name another:
    403 429 503 401 ...   that status, with a Date; 429:3 also asks for patience (Retry-After: 3); 403:nodate without
    reset                 the connection is cut during the handshake
    empty                 an orderly answer without audio
    drop:0.5              the connection is cut after this part of the audio
    close:0.5             the websocket is closed in order after this part, before the turn has ended
    refuse                the websocket is closed with 1007 after the text has come
    short:0.5             this part of the audio, then an orderly end, with all boundaries
    lost                  as if the last sentence had not been in the text
    order                 the boundaries in reversed order
    nomarks               no boundaries
    badmeta badpath badbinary     messages that the client does not understand
    noise                 bytes that are no MP3
    garble                0.15 s in the middle that is no MP3: a decoder leaves it out
    stall:0.5             this part of the audio, then nothing
    noend                 all of the audio, then nothing
    mute                  nothing after the text has come
    delay:0.2             a wait before the first message
    slow:0.01             a wait before each audio message
    ok                    none
"""

from __future__ import annotations

import asyncio
import io
import json
import re
import ssl
import subprocess
import threading
import xml.etree.ElementTree as ET
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from email.utils import formatdate
from functools import lru_cache
from pathlib import Path
from typing import Self

import numpy as np
import soundfile
from aiohttp import WSMsgType, web

from podcast.testing import SAMPLE_RATE_HZ, speak_in_tones
from podcast.tts.base import Voice
from podcast.tts.edge import VOICES

PATH = "/speech"
FRAME_BYTES = 144  # of an MP3 frame: 24 ms
LEAD_IN_SECONDS, TAIL_SECONDS = 0.1, 0.8  # what the service adds
TICKS_PER_SECOND = 10_000_000
SSML = "{http://www.w3.org/2001/10/synthesis}"

Times = list[tuple[float, float, str]]  # start and duration in seconds, text


@dataclass
class Request:
    """One websocket request, as the server saw it."""

    fault: str
    host: str
    text: str = ""
    voice: str = ""
    prosody: dict[str, str] = field(default_factory=dict)
    ended: bool = False  # the turn's end was sent


class FakeEdge:
    def __init__(
        self,
        *,
        faults: Iterable[str] = (),
        rule: Callable[[str], str | None] | None = None,
        list_faults: Iterable[str] = (),
        most: int = 40,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self.requests: list[Request] = []
        self.active = self.peak = 0  # websockets open now, and at most
        self.heard = threading.Event()  # a text has come
        self.gone = threading.Event()  # a websocket has been closed
        self._faults = deque(faults)
        self._rule = rule
        self._list_faults = deque(list_faults)
        self._most = most
        self._tls = tls
        self._ready = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), daemon=True)

    @property
    def endpoint(self) -> str:
        return f"{'wss' if self._tls else 'ws'}://127.0.0.1:{self.port}{PATH}"

    def __enter__(self) -> Self:
        self._thread.start()
        assert self._ready.wait(10), "the fake service did not start"
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(10)

    async def _serve(self) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        app = web.Application()
        app.router.add_get(f"{PATH}/edge/v1", self._answer)
        app.router.add_get(f"{PATH}/voices/list", self._list)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.05)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=self._tls).start()
        self.port = runner.addresses[0][1]
        self._ready.set()
        await self._stop.wait()
        await runner.cleanup()

    async def _list(self, _: web.Request) -> web.Response:
        fault = self._list_faults.popleft() if self._list_faults else "ok"
        if fault == "mute":
            await asyncio.sleep(60)
        if fault[:3].isdigit():
            return _status(fault)
        return web.json_response([{"ShortName": name, "Locale": name[:5], "Gender": "Male"} for name in VOICES])

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        fault = self._faults.popleft() if self._faults else "ok"
        if self.active >= self._most:
            fault = "429"
        seen = Request(fault, request.host)
        self.requests.append(seen)
        if fault[:3].isdigit():
            return _status(fault)
        if fault == "reset":
            assert request.transport
            request.transport.abort()
            return web.Response()
        websocket = web.WebSocketResponse(compress=True)
        self.active += 1
        self.peak = max(self.peak, self.active)
        try:
            await websocket.prepare(request)
            await self._talk(websocket, request, seen)
        except ConnectionError:
            pass  # the client has gone
        finally:
            self.active -= 1
            self.gone.set()
        return websocket

    async def _talk(self, websocket: web.WebSocketResponse, request: web.Request, seen: Request) -> None:
        async for message in websocket:
            if message.type is not WSMsgType.TEXT:
                continue
            head, _, body = message.data.partition("\r\n\r\n")
            if "Path:ssml" in head:
                seen.voice, seen.prosody, seen.text = _read_ssml(body)
                self.heard.set()
                seen.fault = (self._rule(seen.text) if self._rule else None) or seen.fault
                await _Turn(websocket, request, seen).speak()
                return


class _Turn:
    """The answer to one text."""

    def __init__(self, websocket: web.WebSocketResponse, request: web.Request, seen: Request) -> None:
        self.websocket, self.request, self.seen = websocket, request, seen
        self.fault, _, argument = seen.fault.partition(":")
        self.amount = float(argument or 0)

    async def speak(self) -> None:
        if self.fault == "refuse":
            await self.websocket.close(code=1007)
            return
        if self.fault == "mute":
            await self._stand_still()
        if self.fault == "delay":
            await asyncio.sleep(self.amount)
        await self._send("turn.start", {"context": {"serviceTag": "0"}})
        await self._send("response", {"audio": {"type": "inline", "streamId": "0"}})
        known = any(name.split("-")[-1] in self.seen.voice for name in VOICES)
        if self.fault != "empty" and known and re.search(r"\w", self.seen.text):
            await self._send_speech()
        if not self.websocket.closed:
            self.seen.ended = True
            await self._send("turn.end", {})

    async def _send_speech(self) -> None:
        sentences = re.findall(r"[^。！？]+[。！？]?", self.seen.text)
        audio, times = _spoken(tuple(sentences[:-1] if self.fault == "lost" else sentences), self.seen.voice)
        if self.fault in {"badmeta", "badpath"}:
            await self._send("audio.metadata" if self.fault == "badmeta" else "surprise", {"Metadata": []})
        if self.fault == "badbinary":
            await self.websocket.send_bytes(b"\xff\xff")
        audio = self._spoilt(audio)
        for start in range(0, len(audio), FRAME_BYTES * 10):
            if self.fault == "slow":
                await asyncio.sleep(self.amount)
            await self._send_audio(audio[start : start + FRAME_BYTES * 10])
        await self._end_badly()
        for time in {"order": times[::-1], "nomarks": []}.get(self.fault, times):
            await self._send_boundary(*time)
        if self.fault == "noend":
            await self._stand_still()

    def _spoilt(self, audio: bytes) -> bytes:
        if self.fault == "noise":
            return bytes(range(256)) * (len(audio) // 256)
        if self.fault == "garble":
            return audio[:6000] + bytes(900) + audio[6900:]
        if self.fault in {"drop", "close", "short", "stall"}:
            return audio[: int(len(audio) * self.amount) // FRAME_BYTES * FRAME_BYTES]
        return audio

    async def _end_badly(self) -> None:
        if self.fault == "drop":
            await asyncio.sleep(0.02)  # until what was sent has left
            assert self.request.transport
            self.request.transport.abort()
            raise ConnectionResetError
        if self.fault == "close":
            await self.websocket.close()
            raise ConnectionResetError
        if self.fault == "stall":
            await self._stand_still()

    async def _stand_still(self) -> None:
        """Say nothing until the client goes."""
        while (transport := self.request.transport) and not transport.is_closing():  # noqa: ASYNC110 -- it tells nobody
            await asyncio.sleep(0.01)
        raise ConnectionResetError

    async def _send(self, path: str, body: object) -> None:
        head = f"X-RequestId:0\r\nContent-Type:application/json; charset=utf-8\r\nPath:{path}\r\n\r\n"
        await self.websocket.send_str(head + json.dumps(body, ensure_ascii=False))

    async def _send_audio(self, data: bytes) -> None:
        head = b"X-RequestId:0\r\nContent-Type:audio/mpeg\r\nX-StreamId:0\r\nPath:audio\r\n"
        await self.websocket.send_bytes(len(head).to_bytes(2, "big") + head + data)

    async def _send_boundary(self, start_seconds: float, duration_seconds: float, text: str) -> None:
        data = {
            "Offset": round(start_seconds * TICKS_PER_SECOND),
            "Duration": round(duration_seconds * TICKS_PER_SECOND),
            "text": {"Text": text, "Length": len(text), "BoundaryType": "SentenceBoundary"},
        }
        await self._send("audio.metadata", {"Metadata": [{"Type": "SentenceBoundary", "Data": data}]})


def _status(fault: str) -> web.Response:
    status, _, argument = fault.partition(":")
    headers = {} if argument == "nodate" else {"Date": formatdate(usegmt=True)}
    if argument.isdigit():
        headers["Retry-After"] = argument
    response = web.Response(status=int(status), headers=headers)
    if argument == "nodate":
        response.headers["Date"] = "no date"  # the server would add one of its own
    return response


def _read_ssml(ssml: str) -> tuple[str, dict[str, str], str]:
    voice = ET.fromstring(ssml).find(f"{SSML}voice")
    assert voice is not None
    prosody = voice.find(f"{SSML}prosody")
    assert prosody is not None
    return voice.attrib["name"], prosody.attrib, prosody.text or ""


@lru_cache(maxsize=256)
def _spoken(sentences: tuple[str, ...], voice: str) -> tuple[bytes, Times]:
    speech = speak_in_tones(list(sentences), Voice(voice))
    samples = np.concatenate([speech.samples, np.zeros(round((TAIL_SECONDS - 0.2) * SAMPLE_RATE_HZ), np.float32)])
    file = io.BytesIO()
    # 0.75 of the way from 160 to 8 kbit/s is 48 kbit/s.
    soundfile.write(
        file, samples, SAMPLE_RATE_HZ, "MPEG_LAYER_III", format="MP3", compression_level=0.75, bitrate_mode="CONSTANT"
    )
    audio = file.getvalue()[FRAME_BYTES:]  # the first frame only describes the file; the service sends none
    delay_seconds = 0.046  # of this encoder, which the removed frame would have told
    return audio, [(mark.offset_seconds + delay_seconds, mark.duration_seconds, mark.text) for mark in speech.marks]


def certificate(folder: Path) -> tuple[ssl.SSLContext, Path]:
    """A context for a server at 127.0.0.1, and the file with the certificate that a client must trust."""
    key, trusted = folder / "key.pem", folder / "certificate.pem"
    command = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=fake"
    names = ["-addext", "subjectAltName=IP:127.0.0.1", "-keyout", str(key), "-out", str(trusted)]
    subprocess.run([*command.split(), *names], check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(trusted, key)
    return context, trusted
