"""Every setting there is, with its default and its explanation.  `podcast.config` fills in file and environment."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import platformdirs


def key(default: Any, comment: str, *, choices: tuple[Any, ...] = (), limits: tuple[float, float] | None = None) -> Any:
    """A setting: its default, what `podcast init` writes beside it, and what it may be."""
    metadata = {"comment": comment, "choices": choices, "limits": limits}
    return field(default=default, metadata=metadata)


@dataclass(frozen=True)
class PersonConfig:
    name: str = key("", "name listeners read; empty = for the author that of show.author")
    href: str = key("", "address of a page about them")
    img: str = key("", "address of a picture")


@dataclass(frozen=True)
class PersonsConfig:
    anchor: PersonConfig = field(
        default_factory=lambda: PersonConfig(name="主播"), metadata={"comment": "the voice that reads the news"}
    )
    commentator: PersonConfig = field(
        default_factory=lambda: PersonConfig(name="评论员"), metadata={"comment": "the voice of the commentary"}
    )
    author: PersonConfig = field(default_factory=PersonConfig, metadata={"comment": "who stands behind the show"})


@dataclass(frozen=True)
class ShowConfig:
    title: str = key("每日新闻播报", "name of the show")
    description: str = key("每天几分钟，听完今天的科技新闻。", "what the show is about; at most 4000 bytes")
    author: str = key("每日新闻播报", "who makes it")
    email: str = key("", "owner's address; Spotify sends its ownership mail here")
    link: str = key("", "home page of the show; empty = base_url")
    base_url: str = key(
        "http://127.0.0.1:8000/", "where the public folder is reachable; the feed's addresses start with it"
    )
    language: str = key("zh-cn", "language of the show")
    category: tuple[str, ...] = key(("News", "Tech News"), "Apple's category and, if any, subcategory")
    cover: str = key("", "square JPEG or PNG, 1400 to 3000 px; empty = the built-in one")
    disclosure: str = key(
        "本节目由人工智能语音合成播报。", "spoken at the end and shown on every page: the voice is synthetic"
    )
    voice_label: str = key("AI 语音", "stands after each speaker's name in the feed; may be empty")
    explicit: bool = key(default=False, comment="whether it is unsuitable for children")
    copyright: str = key("", "copyright notice; empty = the author")
    guid: str = key("", "podcast:guid of a show that moves here; empty = made from the feed's address, then kept")
    license: str = key("arr", 'name of its license: "arr" = all rights reserved, "cc-by-4.0" ...')
    license_url: str = key("", "where a license of another name can be read")
    locked: bool = key(default=True, comment="whether other hosts are kept from importing the feed")
    funding: dict[str, str] = field(default_factory=dict, metadata={"comment": '"赞助我们" = "https://..."'})
    subscribe: dict[str, str] = field(default_factory=dict, metadata={"comment": '"小宇宙" = "https://..."'})
    update_rrule: str = key("FREQ=DAILY", "how often an episode comes, as RFC 5545 writes it; empty = not said")
    update_text: str = key("每日更新", "the same in words")
    hub: str = key("", "address of a WebSub hub")
    podroll: tuple[str, ...] = key((), "podcast:guid of shows it recommends")
    timezone: str = key("Asia/Shanghai", "zone of a digest's date where it names none")
    txt: dict[str, str] = field(
        default_factory=dict, metadata={"comment": 'podcast:txt by purpose: applepodcastsverify = "..."'}
    )
    persons: PersonsConfig = field(default_factory=PersonsConfig, metadata={"comment": "podcast:person"})


@dataclass(frozen=True)
class VoiceConfig:
    edge: str = key("zh-CN-YunyangNeural", "voice of edge; `podcast voices --engine edge` lists them")
    kokoro: str = key("zf_xiaoxiao", "voice of kokoro")
    openai: str = key("alloy", "voice of the OpenAI-compatible server")
    rate: float = key(1.0, "times the voice's natural speed, 0.5 to 2.0", limits=(0.5, 2.0))
    pitch_hz: float = key(0.0, "added to the voice's natural pitch; edge only")
    gain_db: float = key(0.0, "asked of the service; edge only, for every clip is levelled afterwards")


@dataclass(frozen=True)
class VoicesConfig:
    anchor: VoiceConfig = field(default_factory=VoiceConfig, metadata={"comment": "reads the news"})
    commentator: VoiceConfig = field(
        default_factory=lambda: VoiceConfig(edge="zh-CN-XiaoxiaoNeural", kokoro="zm_yunyang", openai="echo"),
        metadata={"comment": "speaks the commentary"},
    )


@dataclass(frozen=True)
class EdgeConfig:
    endpoint: str = key("", "wss://host/path of another server of this protocol, without /edge/v1; empty = Microsoft's")
    proxy: str = key("", "http://host:port of a proxy to reach it through")
    connect_timeout_seconds: float = key(10.0, "longest wait for a connection", limits=(0.1, 600))
    frame_timeout_seconds: float = key(20.0, "longest silence on the line before a try is given up", limits=(0.1, 600))
    attempts: int = key(5, "tries for one utterance", limits=(1, 50))


@dataclass(frozen=True)
class KokoroConfig:
    model: str = key("", "an ONNX export of Kokoro v1.0; empty = the int8 one of the extra `kokoro`")
    voices: str = key("", "an .npz of voices; empty = the built-in Chinese ones")
    threads: int = key(0, "of the processor; 0 = all cores", limits=(0, 1024))


@dataclass(frozen=True)
class OpenAIConfig:
    base_url: str = key("https://api.openai.com/v1", "any server with /audio/speech below this address")
    key_variable: str = key("OPENAI_API_KEY", "environment variable that holds the key; a key never stands in a file")
    model: str = key("tts-1", "model")
    attempts: int = key(5, "tries for one utterance", limits=(1, 50))
    timeout_seconds: float = key(120.0, "longest wait for an answer", limits=(0.1, 3600))
    extra: dict[str, Any] = field(default_factory=dict, metadata={"comment": "further fields of the request"})


@dataclass(frozen=True)
class TtsConfig:
    engine: str = key(
        "auto",
        "auto (edge where its service answers, else kokoro), edge, kokoro or openai",
        choices=("auto", "edge", "kokoro", "openai"),
    )
    concurrency: int = key(4, "requests to an online service at once; more than 4 invites refusals", limits=(1, 40))
    failover: str = key(
        "episode",
        "when an engine fails: never, episode (the next engine speaks it whole), utterance (only what failed)",
        choices=("never", "episode", "utterance"),
    )
    cache: str = key("", "folder of the clip cache; empty = the user's cache folder")
    cache_limit_gb: float = key(4.0, "least recently used clips beyond this are removed", limits=(0.0, 1e6))
    edge: EdgeConfig = field(default_factory=EdgeConfig, metadata={"comment": "edge-tts, online"})
    kokoro: KokoroConfig = field(default_factory=KokoroConfig, metadata={"comment": "Kokoro, offline"})
    openai: OpenAIConfig = field(default_factory=OpenAIConfig, metadata={"comment": "an OpenAI-compatible server"})


@dataclass(frozen=True)
class AudioConfig:
    intro: str = key("builtin", 'opening music: a file in any format, "builtin" or "" for none')
    outro: str = key("builtin", "closing music, likewise")
    sting: str = key("builtin", "short cue between blocks, likewise")
    bed: str = key("", "music under the overview, likewise")
    duck_db: float = key(-15.0, "how far music goes down under speech", limits=(-60.0, 0.0))
    loudness_lufs: float = key(-16.0, "integrated loudness of the master", limits=(-31.0, -9.0))
    mono_as_played: bool = key(
        default=False,
        comment="a mono file counts as two loudspeakers play it: 3 LU louder than its one channel measures",
    )
    true_peak_dbtp: float = key(-1.0, "highest true peak of the decoded MP3", limits=(-9.0, -0.1))
    channels: int = key(1, "1 = mono, 2 = stereo", choices=(1, 2))
    bitrate_kbps: int = key(
        96,
        "constant; 96 suits mono, 128 stereo",
        choices=(32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    )


@dataclass(frozen=True)
class ScriptConfig:
    edition: str = key("full", "full or brief", choices=("full", "brief"))
    templates: str = key("", "folder of templates (*.j2) that win over the built-in ones")
    lexicon: str = key("", "file of readings; empty = lexicon.toml beside this file, if there is one")


@dataclass(frozen=True)
class PublishConfig:
    target: str = key(
        "", "where `podcast publish` sends the public folder if it is told no other: s3://bucket/prefix or a folder"
    )


@dataclass(frozen=True)
class ServeConfig:
    host: str = key("127.0.0.1", "address to listen on; others than this machine's own need a token")
    port: int = key(8000, "port to listen on", limits=(0, 65535))
    content: str = key("", "folder of digests that are offered; empty = none")
    watch: bool = key(default=False, comment="whether episodes of new digests in that folder are made unasked")
    state: str = key("", "folder of the queue; empty = in the user's state folder")
    queue: int = key(20, "jobs that may wait", limits=(1, 10_000))
    concurrency: int = key(1, "episodes made at once; each worker needs an engine of its own", limits=(1, 64))
    job_minutes: float = key(60.0, "longest time for one episode", limits=(0.01, 1440))
    keep_days: float = key(7.0, "how long a finished job is remembered", limits=(0.0, 3650))
    digest_kilobytes: int = key(256, "largest digest; a day's has 10 to 20", limits=(1, 2048))
    items: int = key(100, "most news items in a digest", limits=(1, 10_000))
    an_hour: int = key(60, "episodes that one token may ask for in an hour", limits=(1, 100_000))
    hosts: tuple[str, ...] = key((), "names the server answers to, besides localhost and that of show.base_url")
    trusted_proxies: tuple[str, ...] = key((), "addresses of proxies whose X-Forwarded-For is believed")
    tokens: dict[str, str] = field(
        default_factory=dict, metadata={"comment": 'name = the token, or "sha256:" and its hash in hex'}
    )


@dataclass(frozen=True)
class ClusterConfig:
    broker: str = key(
        "", "amqp://user:password@host:5672// of RabbitMQ; a password is better set by PODCAST_CLUSTER__BROKER"
    )
    ledger: str = key(
        "", "postgresql+psycopg://user@host/name; empty = SQLite in the user's state folder, for one machine"
    )
    public: str = key("", "where workers put the show: a folder that all share, or s3://bucket/prefix; empty = public")
    clips: str = key("", "s3://bucket/prefix of the clip cache; empty = tts.cache, a folder that all workers share")
    processes: int = key(0, "of a worker; 0 = one a core, as far as memory goes", limits=(0, 1024))
    process_megabytes: int = key(700, "memory of one: kokoro takes up to 575, edge 220", limits=(50, 1_000_000))
    backlog: int = key(
        10_000, "episodes that wait in the backfill queue; fixed when that is made", limits=(1, 1_000_000)
    )
    edge_rate: float = key(4.0, "utterances a second that the whole cluster asks of edge", limits=(0.01, 100.0))
    metrics: str = key("", "file that a worker writes for the textfile collector of Prometheus' node_exporter")


@dataclass(frozen=True)
class Config:
    show: ShowConfig = field(default_factory=ShowConfig)
    voices: VoicesConfig = field(default_factory=VoicesConfig)
    tts: TtsConfig = field(default_factory=TtsConfig)
    audio: AudioConfig = field(default_factory=AudioConfig)
    script: ScriptConfig = field(default_factory=ScriptConfig)
    publish: PublishConfig = field(default_factory=PublishConfig)
    serve: ServeConfig = field(default_factory=ServeConfig, metadata={"comment": "episodes on demand"})
    cluster: ClusterConfig = field(default_factory=ClusterConfig, metadata={"comment": "many machines"})
    lexicon: dict[str, str] = field(default_factory=dict, metadata={"comment": '重塑 = "chong2 su4", Qwen = "千问"'})
    path: Path | None = field(default=None, metadata={"internal": True})  # the file it was read from

    def resolve(self, name: str) -> Path:
        """A path of the file, taken from the file's own folder."""
        folder = self.path.parent if self.path else Path.cwd()
        return folder / Path(name).expanduser()

    @property
    def cache_folder(self) -> Path:
        return self.resolve(self.tts.cache) if self.tts.cache else platformdirs.user_cache_path("digestcast")
