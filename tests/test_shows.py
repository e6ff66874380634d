"""Several shows from one configuration."""

from __future__ import annotations

from pathlib import Path

import pytest

from podcast.config import example, load_config
from podcast.errors import ConfigError
from podcast.production import lexicon, roster, show

TWO = """
[show]
author = "编辑部"
base_url = "https://pod.example/"
guid = "917393e3-1b1e-5cef-ace4-edaa54e1f810"

[publish]
target = "s3://bucket/all"

[voices.anchor]
rate = 1.2

[lexicon]
Qwen = "千问"

[shows.tech]
content = "digests/tech"

[shows.tech.show]
title = "科技早报"

[shows.tech.voices.anchor]
kokoro = "zm_yunjian"

[shows.tech.lexicon]
Kimi = "月之暗面"

[shows.money]
content = ["digests/money", "digests/extra.md"]
output = "/srv/money"

[shows.money.show]
base_url = "https://money.example/feed/"

[shows.money.script]
edition = ["brief", "full"]
"""


def write(folder: Path, text: str) -> Path:
    path = folder / "podcast.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_show_has_what_its_table_says_and_the_rest_of_the_file(tmp_path: Path) -> None:
    config = load_config(write(tmp_path, TWO), {})
    tech, money = config.shows["tech"], config.shows["money"]
    assert (tech.show.title, tech.show.author, money.show.author) == ("科技早报", "编辑部", "编辑部")
    assert (tech.voices.anchor.kokoro, tech.voices.anchor.rate) == ("zm_yunjian", 1.2)
    assert (tech.content, money.content) == (("digests/tech",), ("digests/money", "digests/extra.md"))
    assert money.script.edition == ("brief", "full")
    assert {"Qwen", "Kimi"} <= set(lexicon(tech).entries)
    assert "Kimi" not in tech.shows
    assert "Kimi" not in lexicon(money).entries
    assert roster(tech, "kokoro").speakers[0].voices["anchor"].name == "zm_yunjian"
    assert show(tech).title == "科技早报"


def test_folder_address_target_and_guid_are_each_shows_own(tmp_path: Path) -> None:
    config = load_config(write(tmp_path, TWO), {})
    tech, money = config.shows["tech"], config.shows["money"]
    assert (tech.output, money.output) == ("public/tech", "/srv/money")
    assert (tech.show.base_url, money.show.base_url) == ("https://pod.example/tech/", "https://money.example/feed/")
    assert (tech.publish.target, money.publish.target) == ("s3://bucket/all/tech", "s3://bucket/all/money")
    assert tech.show.guid == money.show.guid == ""


def test_a_shows_table_wins_over_the_files_environment_and_its_own_over_all(tmp_path: Path) -> None:
    environment = {
        "PODCAST_SHOW__TITLE": "所有",
        "PODCAST_SHOW__EMAIL": "a@pod.example",
        "PODCAST_SHOWS__MONEY__SHOW__TITLE": "财经",
        "PODCAST_SHOWS__MONEY__LEXICON__GLM": "智谱",
        "PODCAST_SHOWS__MONEY__CONTENT": "a > b",
    }
    config = load_config(write(tmp_path, TWO), environment)
    assert {name: one.show.title for name, one in config.shows.items()} == {"tech": "科技早报", "money": "财经"}
    assert config.shows["tech"].show.email == "a@pod.example"
    assert config.shows["money"].lexicon == {"Qwen": "千问", "GLM": "智谱"}
    assert config.shows["money"].content == ("a", "b")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[shows.a.show]\ntitel = 'x'\n", r"podcast.toml:2: unknown key shows.a.show.titel\n  Did you mean title\?"),
        ("[shows.a.voises.anchor]\nrate = 1.1\n", r"unknown table shows.a.voises\n  Did you mean voices\?"),
        ("[shows.a]\ncontents = 'x'\n", r":2: unknown key shows.a.contents\n  Did you mean content\?"),
        ("[shows.a]\n[shows.a.serve]\nport = 1\n", "unknown table shows.a.serve"),
        ("[shows.a.voices.anchor]\nrate = 9.0\n", r":2: shows.a.voices.anchor.rate is 9.0"),
        ("[shows.a.script]\nedition = ['full', 'breif']\n", r"edition is 'breif'\n  Did you mean 'brief'\?"),
        ("[shows.a.show]\nbase_url = 'pod'\n", r":2: shows.a.show.base_url is 'pod'"),
        ("[shows]\na = 1\n", "shows must hold tables"),
        ("[shows.'早报']\n", "'早报' cannot be a show's name"),
        ("[shows.a]\n[shows.b]\noutput = 'public/x/../a'\n", r"shows a and b have the same public folder"),
        ("[shows.a]\n[shows.b.show]\nbase_url = 'http://127.0.0.1:8000/A'\n", r":3: the shows a and b have the same"),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        load_config(write(tmp_path, text), {})


def test_folders_that_are_one_by_a_link_are_one(tmp_path: Path) -> None:
    (tmp_path / "public").mkdir()
    (tmp_path / "public/a").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(ConfigError, match="same public folder"):
        load_config(write(tmp_path, f"[shows.a]\n[shows.b]\noutput = '{tmp_path}/elsewhere'\n"), {})


@pytest.mark.parametrize(
    ("variable", "message"),
    [
        ("PODCAST_SHOWS__TEC__SHOW__TITLE", r"unknown show\n  Did you mean TECH\?"),
        ("PODCAST_SHOWS__TECH__SHOW__TITEL", r"unknown key\n  Did you mean TITLE\?"),
        ("PODCAST_SHOWS__TECH", "names no key"),
    ],
)
def test_a_wrong_variable_of_a_show_is_named(tmp_path: Path, variable: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        load_config(write(tmp_path, TWO), {variable: "x"})


def test_the_example_explains_shows_and_what_it_shows_can_be_read(tmp_path: Path) -> None:
    text = example()
    start = text.index("# [shows.tech]")
    text = text[:start] + text[start:].replace("# [", "[").replace("# content", "content").replace("# output", "output")
    text = text.replace("# title =", "title =").replace("# base_url =", "base_url =")
    config = load_config(write(tmp_path, text), {})
    assert config.shows["tech"].content == ("digests/tech",)
    assert config.shows["tech"].show.title == "科技早报"
