"""What `podcast make` and `podcast script` take besides a Markdown file, as a person meets it."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from podcast.cli import main
from podcast.draft import Source
from podcast.errors import PodcastError
from podcast.models import Digest
from podcast.pipeline import Made, make_episode
from podcast.sources import Wanted, read_one, read_sources
from podcast.testing import ToneEngine
from tests.commands import run
from tests.feed_host import FeedHost, content, redirect
from tests.test_cli import DIGEST
from tests.test_feeds import SAMPLES, entry, rss
from tests.test_pipeline import studio

FEEDS = Path(__file__).parent / "data" / "feeds"
TWO_DAYS = rss(
    entry(title="2026.03.03 早报", guid="b", moment="2026-03-03T00:00:00Z"),
    entry(title="2026.03.02 早报", guid="a", moment="2026-03-02T00:00:00Z"),
)


@pytest.fixture
def host() -> Iterator[FeedHost]:
    with FeedHost() as running:
        yield running


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "podcast.toml").touch()
    (tmp_path / "feed.xml").write_text(TWO_DAYS, "utf-8")
    (tmp_path / "page.html").write_text("<!doctype html><title>首页</title>", "utf-8")
    (tmp_path / "bomb.xml").write_text('<!DOCTYPE r [<!ENTITY a "a">]><rss><a>&a;</a></rss>', "utf-8")
    return tmp_path


def read(*names: str, stdin: bytes = b"", wanted: Wanted | None = None) -> list[Digest | PodcastError]:
    found = read_sources(names, wanted or Wanted(), timezone="Asia/Shanghai", stdin=io.BytesIO(stdin))
    return [each if isinstance(each, PodcastError) else each.digest for each in found]


def titles(found: list[Digest | PodcastError]) -> list[str]:
    return [each.title if isinstance(each, Digest) else str(each) for each in found]


# --- one name after the other ---

WRITTEN = '{"title": "JSON 早报", "published": "2026-03-02", "items": [{"title": "青禾电池完成融资"}]}'


@pytest.mark.parametrize(
    ("given", "title"),
    [
        (DIGEST, "2026.03.02 科技早报"),
        ('{"title": "前言", "date": "2026-03-02"}\n\n1. 青禾电池完成融资\n', "前言"),
        ('<!-- 草稿 -->\n<img src="https://a.example/a.png">\n\n' + DIGEST, "2026.03.02 科技早报"),
        (WRITTEN, "JSON 早报"),
        (TWO_DAYS, "2026.03.03 早报"),
        ((FEEDS / "jsonfeed.jsonfeed").read_text("utf-8"), "2026.03.06 微光日报"),
    ],
    ids=["markdown", "json front matter", "markdown that begins with a tag", "json", "rss", "json feed"],
)
def test_standard_input_is_told_apart_by_its_content(given: str, title: str) -> None:
    assert titles(read("-", stdin=given.encode())) == [title]


def test_a_file_a_folder_and_a_feed_can_be_named_together(tmp_path: Path) -> None:
    (tmp_path / "posts").mkdir()
    (tmp_path / "posts/2026-03-02.md").write_text(DIGEST, "utf-8")
    (tmp_path / "posts/notes.txt").write_text("不是", "utf-8")
    (tmp_path / "feed.xml").write_text(TWO_DAYS, "utf-8")
    (tmp_path / "d.json").write_text(WRITTEN, "utf-8")
    found = read(*(str(tmp_path / name) for name in ("posts", "none.md", "feed.xml", "d.json")))
    assert titles(found)[0] == "2026.03.02 科技早报"
    assert "none.md: there is no such file" in titles(found)[1]
    assert titles(found)[2:] == ["2026.03.03 早报", "JSON 早报"]


def test_entries_are_chosen_by_number_or_by_day(tmp_path: Path) -> None:
    path = tmp_path / "feed.xml"
    path.write_text(TWO_DAYS, "utf-8")
    assert titles(read(str(path), wanted=Wanted(newest=9))) == ["2026.03.02 早报", "2026.03.03 早报"]
    assert titles(read(str(path), wanted=Wanted(newest=None, since=date(2026, 3, 3)))) == ["2026.03.03 早报"]
    [none] = titles(read(str(path), wanted=Wanted(newest=None, since=date(2026, 3, 4))))
    assert "no entry from 2026-03-04 on" in none


def test_one_bad_entry_does_not_keep_the_others(tmp_path: Path) -> None:
    path = tmp_path / "feed.xml"
    path.write_text(rss(entry(guid="1"), entry("<p>没有条目</p>", guid="2", title="公告")), "utf-8")
    found = read(str(path), wanted=Wanted(newest=None))
    assert [isinstance(each, Digest) for each in found] == [False, True]
    assert "「公告」" in str(found[0])


def test_a_feed_is_read_from_its_address(host: FeedHost) -> None:
    host.answers["/feed"] = content((FEEDS / "gbk.xml").read_bytes(), "text/html; charset=utf-8")
    digest = read_one(f"{host.address}/feed", Wanted(allow_private=True), timezone="Asia/Shanghai").digest
    assert digest.title == "科技版 2026年3月9日"
    assert str(digest.source).startswith("127.0.0.1/feed/node-12-")


def test_relative_addresses_of_a_fetched_feed_start_where_it_was_found(host: FeedHost) -> None:
    feed = rss(entry("<ol><li><a href='x/1'>甲公司开源模型</a></li></ol>"))
    host.answers |= {"/": redirect("/blog/feed.xml"), "/blog/feed.xml": content(feed)}
    digest = read_one(f"{host.address}/", Wanted(allow_private=True), timezone="Asia/Shanghai").digest
    assert digest.items[0].url == f"{host.address}/blog/x/1"


# --- the command line ---


def test_script_takes_standard_input(tmp_path: Path) -> None:
    (tmp_path / "podcast.toml").touch()
    assert (
        json.loads(run(tmp_path, "script", "-", "--format", "json", stdin=TWO_DAYS).stdout)["title"]
        == "2026.03.03 早报"
    )


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ("{address}/feed", "127.0.0.1 is 127.0.0.1, an address inside"),
        ("{address}/none --allow-private", "status 404"),
        ("{folder}/page.html", "web page, not a feed"),
        ("{folder}/bomb.xml", "declares an entity of its own"),
        ("{folder}/feed.xml --since 2026-04-01", "no entry from 2026-04-01 on"),
        ("{folder}/feed.xml --entries 0", "--entries: invalid"),
        ("{folder}/feed.xml --since gestern", "--since: invalid"),
    ],
)
@pytest.mark.parametrize("command", ["make", "script"])
def test_what_cannot_be_read_is_status_2_and_a_line(
    folder: Path, host: FeedHost, capsys: pytest.CaptureFixture[str], *, command: str, arguments: str, said: str
) -> None:
    given = [command, *arguments.format(address=host.address, folder=folder).split(), "-c", f"{folder}/podcast.toml"]
    try:
        status = main([*given, *(["-o", f"{folder}/public"] if command == "make" else [])])
    except SystemExit as left:  # of argparse
        status = int(left.code or 0)
    told = capsys.readouterr().err
    assert status == 2
    assert said in told
    assert "Traceback" not in told
    assert not (folder / "public").exists()


# --- the episodes of a feed ---


def test_a_feed_that_did_not_change_makes_nothing_again(tmp_path: Path) -> None:
    path = tmp_path / "feed.xml"

    def make(text: str) -> list[Made]:
        path.write_text(text, "utf-8")
        found = read(str(path), wanted=Wanted(newest=2))
        assert all(isinstance(each, Digest) for each in found), titles(found)
        work = studio(tmp_path, ToneEngine())
        return [make_episode(Source(each.source, each), work) for each in found if isinstance(each, Digest)]

    first, again = make(TWO_DAYS), make(TWO_DAYS)
    # The next evening there is another entry, of the same day.
    evening = entry(guid="c", title="晚报", moment="2026-03-03T11:00:00Z")
    later = make(TWO_DAYS.replace("<channel>", f"<channel>{evening}"))
    assert [made.episode.id for made in first] == ["2026-03-02", "2026-03-03"]
    assert [made.changed for made in again] == [False, False]
    assert [made.episode.guid for made in again] == [made.episode.guid for made in first]
    assert [(made.changed, made.episode.guid) for made in later[:1]] == [(False, first[1].episode.guid)]
    assert later[1].episode.id.startswith("2026-03-03-")


def test_every_sample_has_what_is_expected_of_it_beside_it() -> None:
    assert len(SAMPLES) >= 10
    assert all(path.with_suffix(".json").is_file() for path in SAMPLES)
