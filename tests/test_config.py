"""podcast.toml and the environment."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from podcast.config import example, find_config, load_config
from podcast.errors import ConfigError
from podcast.settings import Config


def write(folder: Path, text: str) -> Path:
    path = folder / "podcast.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_the_example_is_the_defaults(tmp_path: Path) -> None:
    loaded = load_config(write(tmp_path, example()), {})
    assert dataclasses.replace(loaded, path=None) == Config()


def test_file_then_environment_wins(tmp_path: Path) -> None:
    path = write(tmp_path, '[show]\ntitle = "早报"\nbase_url = "https://a.example/"\n')
    config = load_config(path, {"PODCAST_SHOW__BASE_URL": "https://b.example/", "PODCAST_TTS__EDGE__ATTEMPTS": "2"})
    assert (config.show.title, config.show.base_url, config.tts.edge.attempts) == ("早报", "https://b.example/", 2)


def test_a_speaker_keeps_its_own_voices_for_what_is_not_given(tmp_path: Path) -> None:
    config = load_config(write(tmp_path, "[voices.commentator]\nrate = 1.1\n"), {})
    assert config.voices.commentator == dataclasses.replace(Config().voices.commentator, rate=1.1)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('[show]\ntitel = "x"\n', r"podcast.toml:2: unknown key show.titel\n  Did you mean title\?"),
        ('[tts]\n\nengine = "koko"\n', r":3: tts.engine is 'koko'\n  Did you mean 'kokoro'\?"),
        ("[audio]\nbitrate_kbps = 97\n", r":2: audio.bitrate_kbps is 97"),
        ("[voices.anchor]\nrate = 9.0\n", r":2: voices.anchor.rate is 9.0\n  Use a value from 0.5 to 2.0"),
        ("[voices.anchor]\nrate = 'fast'\n", r":2: voices.anchor.rate must be a number"),
        ("show = 3\n", r"show must be a table"),
        ("[show\n", r"podcast.toml:1: is not valid TOML"),
        ('[show]\nbase_url = "example.org"\n', r":2: show.base_url"),
        ("[lexicon]\nGPT = 4\n", r"lexicon must be a table of strings"),
        ("[publishing]\n", r":1: unknown table publishing"),
    ],
)
def test_what_is_wrong_is_named_with_its_place(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        load_config(write(tmp_path, text), {})


@pytest.mark.parametrize(
    ("name", "value"),
    [("PODCAST_SHOW__TITEL", "x"), ("PODCAST_TTS__CONCURRENCY", "many"), ("PODCAST_TTS__CONCURRENCY", "900")],
)
def test_a_wrong_variable_is_named(name: str, value: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load_config(None, {name: value})
    assert "TITLE" in str(caught.value) or "concurrency" in str(caught.value).lower()


def test_found_upward(tmp_path: Path) -> None:
    path = write(tmp_path, "")
    deep = tmp_path / "a" / "b"
    deep.mkdir(parents=True)
    assert find_config(deep) == path.resolve()
    assert load_config(path, {}).resolve("music/intro.mp3") == tmp_path / "music" / "intro.mp3"
