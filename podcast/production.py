"""Config -> Production: the one place where settings become what the stages take."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from podcast.audio import Music, Target
from podcast.config import key_lines
from podcast.editions import editions
from podcast.errors import ConfigError
from podcast.models import Edition, Link, Person, Show
from podcast.rewrite import Desk
from podcast.script import HOSTS
from podcast.settings import Config, PersonConfig, VoiceConfig
from podcast.text.lexicon import BUILTIN, Lexicon, load_lexicon, read_lexicon
from podcast.tts.base import Engine, Voice
from podcast.tts.cache import ClipCache
from podcast.tts.roster import Roster
from podcast.tts.synthesis import Speaker
from podcast.work import Production

ASSETS = next(
    folder for folder in (Path(__file__).parent / "assets", Path(__file__).parent.parent / "assets") if folder.is_dir()
)
BUILTIN_FILE = "builtin"
LEXICON_NAME = "lexicon.toml"


def production(
    config: Config,
    *,
    public: Path,
    engine: str | None = None,
    edition: Edition | None = None,
    hosts: str | None = None,
    accept: frozenset[str] = frozenset(),
    rewrite: str | None = None,
) -> Production:
    """What `podcast make` works with.  `engine`, `edition`, `hosts` and `rewrite` (a style) win over the config.

    Raises ConfigError, LexiconError.
    """
    return Production(
        show=show(config, hosts),
        public=public,
        roster=roster(config, engine),
        cache=clip_cache(config),
        parts=parts_folder(config),
        lexicon=lexicon(config),
        music=music(config),
        target=target(config),
        timezone=config.show.timezone,
        edition=edition or chosen_editions(config)[0],
        hosts=hosts or config.script.hosts,
        templates=existing(config, config.script.templates, "script.templates"),
        accept=accept,
        desk=desk(config, rewrite),
    )


def desk(config: Config, style: str | None = None) -> Desk | None:
    """Who rewrites the script; None where no style is wished for, or no server is set.  Raises ConfigError."""
    rewrite = config.rewrite
    style = style or rewrite.style
    if style == "off" or not rewrite.base_url or not rewrite.model:
        return None
    parameters = {"temperature": rewrite.temperature, "seed": rewrite.seed, "max_tokens": rewrite.max_tokens}
    return Desk(
        style=style,
        base_url=rewrite.base_url,
        model=rewrite.model,
        folder=config.cache_folder / "rewrites",
        api_key=os.environ.get(rewrite.key_variable, ""),
        parameters=parameters | rewrite.extra,
        templates=existing(config, rewrite.templates, "rewrite.templates"),
        again=rewrite.again,
        attempts=rewrite.attempts,
        timeout_seconds=rewrite.timeout_seconds,
        limit_seconds=60 * rewrite.limit_minutes,
        concurrency=rewrite.concurrency,
    )


def chosen_editions(config: Config, names: Sequence[str] = (), minutes: float | None = None) -> tuple[Edition, ...]:
    """The editions to make: those of the config, or of the command line, which wins.  Raises ConfigError."""
    own = editions(config.script.edition, config.script.minutes)
    if not names and minutes is None:
        return own
    names = names or ("full",)
    if minutes is None:
        minutes = config.script.minutes if "full" in names else 0.0
    return editions(names, minutes, own[0])


def show(config: Config, hosts: str | None = None) -> Show:
    settings = config.show
    return Show(
        title=settings.title,
        description=settings.description,
        author=settings.author,
        email=settings.email,
        link=settings.link or settings.base_url,
        base_url=settings.base_url if settings.base_url.endswith("/") else f"{settings.base_url}/",
        language=settings.language,
        category=settings.category,
        cover=existing(config, settings.cover, "show.cover") or ASSETS / "cover.jpg",
        disclosure=settings.disclosure,
        explicit=settings.explicit,
        copyright=settings.copyright or settings.author,
        guid=settings.guid,
        license=settings.license,
        license_url=settings.license_url,
        locked=settings.locked,
        funding=tuple(Link(title, url) for title, url in settings.funding.items()),
        subscribe=tuple(Link(title, url) for title, url in settings.subscribe.items()),
        update_rrule=settings.update_rrule,
        update_text=settings.update_text,
        hub=settings.hub,
        podroll=settings.podroll,
        voice_label=settings.voice_label,
        txt=settings.txt,
        cast={
            "anchor": _person(settings.persons.anchor, "host"),
            "commentator": _person(settings.persons.commentator, "co-host"),
            "coanchor": _person(settings.persons.coanchor, "co-host"),
        },
        hosts=tuple(dict.fromkeys(HOSTS[hosts or config.script.hosts].values())),
        persons=(_person(settings.persons.author, "author", "writing", name=settings.author),),
    )


def _person(settings: PersonConfig, role: str, group: str = "cast", *, name: str = "") -> Person:
    return Person(settings.name or name, role, group, url=settings.href, image=settings.img)


def target(config: Config) -> Target:
    audio = config.audio
    return Target(
        loudness_lufs=audio.loudness_lufs,
        true_peak_dbtp=audio.true_peak_dbtp,
        channels=audio.channels,
        bitrate_kbps=audio.bitrate_kbps,
        mono_as_played=audio.mono_as_played,
    )


def lexicon(config: Config) -> Lexicon:
    """The built-in readings, then those of the lexicon file, then those of podcast.toml."""
    result = BUILTIN
    file = existing(config, config.script.lexicon, "script.lexicon")
    if file is None and config.path and config.resolve(LEXICON_NAME).is_file():
        file = config.resolve(LEXICON_NAME)
    if file:
        result = result.extended(read_lexicon(file))
    if config.lexicon:
        where = str(config.path or "environment")
        result = result.extended(load_lexicon(config.lexicon, where=where, lines=key_lines(config, "lexicon")))
    return result


def parts_folder(config: Config) -> Path:
    return config.cache_folder / "parts"


def clip_cache(config: Config) -> ClipCache:
    return ClipCache(config.cache_folder / "clips", limit_bytes=round(config.tts.cache_limit_gb * 1e9))


def roster(config: Config, name: str | None = None, *, alone: bool = False) -> Roster:
    """The engines in order of preference; `alone`: of a named one no other takes the place."""
    name = name or config.tts.engine
    names = {"auto": ("edge", "kokoro"), "edge": ("edge", "kokoro"), "openai": ("openai", "kokoro")}.get(name, (name,))
    if name != "auto" and (alone or config.tts.failover == "never"):
        names = names[:1]
    return Roster([_speaker(config, name) for name in names], failover=config.tts.failover, any_will_do=name == "auto")  # type: ignore[arg-type]  # one of its choices


def engine(config: Config, name: str) -> Engine:
    tts = config.tts
    if name == "edge":
        from podcast.tts.edge import EdgeEngine

        return EdgeEngine(
            endpoint=tts.edge.endpoint or None,
            proxy=tts.edge.proxy or None,
            connect_timeout_seconds=tts.edge.connect_timeout_seconds,
            frame_timeout_seconds=tts.edge.frame_timeout_seconds,
            attempts=tts.edge.attempts,
            concurrency=tts.concurrency,
        )
    if name == "openai":
        from podcast.tts.openai import OpenAIEngine

        return OpenAIEngine(
            base_url=tts.openai.base_url,
            api_key=os.environ.get(tts.openai.key_variable, ""),
            model=tts.openai.model,
            extra=tts.openai.extra,
            attempts=tts.openai.attempts,
            timeout_seconds=tts.openai.timeout_seconds,
            concurrency=tts.concurrency,
        )
    from podcast.tts.kokoro import KokoroEngine

    return KokoroEngine(
        model_folder=config.cache_folder / "models",
        voices_folder=ASSETS / "voices",
        model=existing(config, tts.kokoro.model, "tts.kokoro.model"),
        voices=existing(config, tts.kokoro.voices, "tts.kokoro.voices"),
        threads=tts.kokoro.threads,
    )


def _speaker(config: Config, name: str) -> Speaker:
    voices = {
        "anchor": config.voices.anchor,
        "commentator": config.voices.commentator,
        "coanchor": config.voices.coanchor,
    }
    return Speaker(engine(config, name), {role: _voice(settings, name) for role, settings in voices.items()})


def _voice(settings: VoiceConfig, engine_name: str) -> Voice:
    name: str = getattr(settings, engine_name)
    return Voice(name, rate=settings.rate, pitch_hz=settings.pitch_hz, gain_db=settings.gain_db)


def music(config: Config) -> Music:
    audio = config.audio
    return Music(
        intro=_music_file(config, "intro"),
        outro=_music_file(config, "outro"),
        sting=_music_file(config, "sting"),
        bed=_music_file(config, "bed"),
        duck_db=audio.duck_db,
    )


def _music_file(config: Config, name: str) -> Path | None:
    value: str = getattr(config.audio, name)
    if value == BUILTIN_FILE:
        return ASSETS / f"{name}.flac"
    return existing(config, value, f"audio.{name}")


def existing(config: Config, name: str, key: str) -> Path | None:
    """The path a setting names, or None for an empty one."""
    if not name:
        return None
    path = config.resolve(name)
    if not path.exists():
        raise ConfigError(f"{key} names a file that is not there: {path}", where=str(config.path or "environment"))
    return path
