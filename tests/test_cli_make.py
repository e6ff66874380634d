"""`podcast make` and its neighbours as processes, speaking through a service on loopback."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.commands import run, run_afresh
from tests.fake_edge import FakeEdge
from tests.test_cli import DIGEST

SECOND = DIGEST.replace("2026.03.02", "2026.03.03").replace("12亿元", "15亿元").replace("80亿", "90亿")
ONLY_EDGE = '[tts]\nengine = "edge"\nfailover = "never"\n[tts.edge]\nattempts = 1\nendpoint = "{endpoint}"\n'
NO_MUSIC = '[audio]\nintro = ""\noutro = ""\nsting = ""\n'  # which would be mixed for most of the time


@pytest.fixture
def show(tmp_path: Path, service: FakeEdge) -> Path:
    """A folder with a config and two digests."""
    (tmp_path / "podcast.toml").write_text(NO_MUSIC + ONLY_EDGE.format(endpoint=service.endpoint), encoding="utf-8")
    (tmp_path / "digests").mkdir()
    (tmp_path / "digests/2026-03-02.md").write_text(DIGEST, encoding="utf-8")
    (tmp_path / "digests/2026-03-03.md").write_text(SECOND, encoding="utf-8")
    return tmp_path


def test_make_json_has_the_agreed_form_and_is_all_of_the_output(show: Path) -> None:
    result = run_afresh(show, "make", "digests", "--json")
    assert (result.returncode, result.stderr) == (0, "")
    answer = json.loads(result.stdout)
    assert answer["feed"] == "public/feed.xml"
    assert [episode["id"] for episode in answer["episodes"]] == ["2026-03-02", "2026-03-03"]
    first = answer["episodes"][0]
    keys = (
        "id guid title mp3 duration_seconds loudness_lufs true_peak_dbtp engine utterances synthesized cached seconds"
    )
    assert set(keys.split()) <= set(first)
    assert set(first["seconds"]) == {"script", "tts", "audio", "publish"}
    assert first["engine"] == "edge"
    assert (show / first["mp3"]).stat().st_size > 10_000


def test_made_again_nothing_is_asked_of_the_service(show: Path, service: FakeEdge) -> None:
    run(show, "make", "digests")
    asked = len(service.requests)
    again = json.loads(run(show, "make", "digests", "--json").stdout)
    assert [(episode["synthesized"], episode["changed"]) for episode in again["episodes"]] == [(0, False)] * 2
    forced = json.loads(run(show, "make", "digests", "--json", "--force").stdout)
    assert [(episode["synthesized"], episode["changed"]) for episode in forced["episodes"]] == [(0, True)] * 2
    assert len(service.requests) == asked


def test_a_file_that_is_no_digest_is_named_and_keeps_no_other_from_being_made(show: Path) -> None:
    (show / "digests/2026-03-01.md").write_text("没有条目。\n", encoding="utf-8")
    (show / "digests/README.md").write_text("# 说明\n", encoding="utf-8")
    result = run(show, "make", "digests", "--json")
    assert result.returncode == 2
    assert "2026-03-01.md" in result.stderr
    assert "README" not in result.stderr
    assert len(json.loads(result.stdout)["episodes"]) == 2
    assert (show / "public/feed.xml").is_file()


def test_an_episode_with_a_clip_cut_short_every_time_is_status_3_and_not_published(tmp_path: Path) -> None:
    with FakeEdge(rule=lambda text: "short:0.3" if "估值" in text else None) as fake:
        (tmp_path / "podcast.toml").write_text(ONLY_EDGE.format(endpoint=fake.endpoint), encoding="utf-8")
        (tmp_path / "2026-03-02.md").write_text(
            DIGEST.replace("估值约80亿元。", "估值约80亿元。" * 12), encoding="utf-8"
        )
        refused = run(tmp_path, "make", "2026-03-02.md")
        assert refused.returncode == 3
        assert "2026-03-02.md" in refused.stderr
        assert "audio" in refused.stderr
        assert not (tmp_path / "public/feed.xml").exists()


def heed_interrupts() -> None:
    """A suite in the background of a shell ignores SIGINT, and its children would, too."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


def test_interrupted_it_says_so_and_goes_on_next_time(show: Path, service: FakeEdge) -> None:
    with FakeEdge(rule=lambda text: "stall:0.5" if "感谢" in text else None) as slow:
        config = ONLY_EDGE.format(endpoint=slow.endpoint)
        (show / "podcast.toml").write_text(config, encoding="utf-8")
        command = [sys.executable, "-m", "podcast", "make", "digests/2026-03-02.md"]
        environment = {"PODCAST_TTS__CACHE": str(show / "cache"), "PATH": "/usr/bin:/bin"}
        process = subprocess.Popen(
            command,
            cwd=show,
            env=environment,
            stderr=subprocess.PIPE,
            text=True,
            preexec_fn=heed_interrupts,  # noqa: PLW1509 -- safe: this process has no lock that the child could wait for
        )
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline and not any("感谢" in request.text for request in slow.requests):
            time.sleep(0.05)
        time.sleep(0.3)
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=30)
    assert (process.returncode, "Traceback" in errors) == (130, False)
    assert "run it again" in errors
    assert not (show / "public/episodes/2026-03-02").exists()
    assert list((show / "cache").rglob("*.flac"))
    assert not list((show / "cache").rglob("*.part"))


def test_two_runs_do_not_write_to_one_folder(show: Path) -> None:
    from podcast.publish import exclusive, prepare_public

    prepare_public(show / "public")
    with exclusive(show / "public"):
        result = run(show, "make", "digests")
    assert (result.returncode, "another run" in result.stderr) == (2, True)
    assert run(show, "make", "digests").returncode == 0


def test_feed_is_made_again_from_the_folders(show: Path) -> None:
    run(show, "make", "digests")
    feed = show / "public/feed.xml"
    before = feed.read_bytes()
    feed.unlink()
    (show / "public/index.html").unlink()
    assert run(show, "feed").stdout == "public/feed.xml\n"
    assert feed.read_bytes() == before
    assert (show / "public/index.html").is_file()


def test_say_speaks_into_a_file(show: Path) -> None:
    result = run(show, "say", "重塑银行业，涨了12%。", "-o", "hear.wav", "--engine", "edge")
    assert (result.returncode, result.stdout) == (0, "hear.wav\n")
    assert "百分之十二" in result.stderr
    assert (show / "hear.wav").stat().st_size > 10_000
    assert run(show, "say", "。。。", "-o", "x.wav", "--engine", "edge").returncode == 2
    assert run(show, "say", "你好", "-o", "x.doc", "--engine", "edge").returncode == 2


def test_cache_and_doctor_answer(show: Path) -> None:
    run(show, "make", "digests")
    assert "clips" in run(show, "cache").stdout
    assert "encoded parts" in run(show, "cache").stdout
    pruned = run(show, "cache", "--prune", "0").stdout
    assert "0 clips" in pruned
    assert "0 encoded parts" in pruned
    doctor = run(show, "doctor")
    assert (doctor.returncode, "edge: can speak" in doctor.stdout) == (0, True)
    (show / "podcast.toml").write_text('[tts]\nengine = "edge"\nfailover = "never"\n[show]\ncategory = ["Nws"]\n')
    assert run(show, "doctor").returncode == 2


def test_both_editions_are_made_in_one_run(show: Path) -> None:
    result = run(show, "make", "digests/2026-03-02.md", "--edition", "full", "--edition", "brief", "--json")
    answer = json.loads(result.stdout)
    assert [(one["id"], one["edition"]) for one in answer["episodes"]] == [
        ("2026-03-02", "full"),
        ("2026-03-02-brief", "brief"),
    ]
    assert [bool(one["left_out"]) for one in answer["episodes"]] == [False, True]
    feed = (show / "public/feed.xml").read_text(encoding="utf-8")
    assert feed.count("<itunes:episodeType>bonus") == feed.count("<itunes:episodeType>full") == 1


def test_a_length_and_a_format_are_asked_for_by_option(show: Path) -> None:
    path = show / "digests/2026-03-02.md"
    config = (show / "podcast.toml").read_text(encoding="utf-8")
    (show / "podcast.toml").write_text(config.removeprefix(NO_MUSIC), encoding="utf-8")  # it is a part of the length
    path.write_text(f"{DIGEST}\n### 点评\n\n成本正在成为主线。\n", encoding="utf-8")
    spoken = run(show, "script", str(path), "--hosts", "duo", "--format", "json").stdout
    assert '"speaker": "coanchor"' in spoken
    short = run(show, "script", str(path), "--hosts", "duo", "--minutes", "0.5")
    assert "0.5min edition" in short.stderr
    assert "coanchor" not in short.stdout  # the commentary is gone, and the only item is the first anchor's
    assert run(show, "make", "digests", "--edition", "brief", "--minutes", "5").returncode == 2


SHOWS = """
[shows.morning]
content = "digests/2026-03-02.md"
[shows.morning.show]
title = "早报"

[shows.short]
content = "digests/2026-03-02.md"
[shows.short.show]
title = "短报"
[shows.short.script]
edition = "brief"
hosts = "solo"
"""


@pytest.fixture
def shows(show: Path) -> Path:
    """Two shows of the same digests, in a file that is found from any folder below."""
    with (show / "podcast.toml").open("a", encoding="utf-8") as file:
        file.write(SHOWS)
    return show


def test_all_makes_every_show_and_does_nothing_again(shows: Path, service: FakeEdge) -> None:
    result = run(shows, "make", "--all", "--json")
    assert (result.returncode, result.stderr) == (0, "")
    answer = json.loads(result.stdout)["shows"]
    assert [one["show"] for one in answer] == ["morning", "short"]
    assert [[each["id"] for each in one["episodes"]] for one in answer] == [["2026-03-02"]] * 2
    feeds = [(shows / one["feed"]).read_text(encoding="utf-8") for one in answer]
    assert ["<title>早报</title>" in feed for feed in feeds] == [True, False]
    assert "http://127.0.0.1:8000/short/episodes/2026-03-02/" in feeds[1]
    asked = len(service.requests)
    files = {path: path.stat().st_mtime_ns for path in (shows / "public").rglob("*") if path.is_file()}
    again = json.loads(run(shows, "make", "--all", "--json").stdout)["shows"]
    assert [[each["changed"] for each in one["episodes"]] for one in again] == [[False]] * 2
    assert len(service.requests) == asked
    assert {path: path.stat().st_mtime_ns for path in (shows / "public").rglob("*") if path.is_file()} == files


def test_one_show_is_picked_for_any_command(shows: Path) -> None:
    made = run(shows, "make", "--show", "short", "digests/2026-03-02.md")
    assert "public/short/feed.xml" in made.stdout
    assert not (shows / "public/morning").exists()
    assert run(shows, "check", "--show", "short").stdout == "1 episode, 0 problems\n"
    assert run(shows, "feed", "--show", "short").stdout.endswith("public/short/feed.xml\n")
    assert "短报" in run(shows, "script", "--show", "short", "digests/2026-03-02.md").stdout
    wrong = run(shows, "feed", "--show", "sort")
    assert (wrong.returncode, "Did you mean short?" in wrong.stderr) == (2, True)


def test_a_show_that_cannot_be_made_keeps_no_other_from_it(shows: Path) -> None:
    text = (shows / "podcast.toml").read_text(encoding="utf-8").replace("digests/2026-03-02.md", "none", 1)
    (shows / "podcast.toml").write_text(text, encoding="utf-8")
    result = run(shows, "make", "--all", "--json")
    assert result.returncode == 2
    assert "none" in result.stderr
    assert [len(one["episodes"]) for one in json.loads(result.stdout)["shows"]] == [0, 1]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--all", "digests"), "--all takes no digest"),
        (("--all", "--show", "short"), "--all takes no digest"),
        ((), "no digest is named"),
    ],
)
def test_what_to_make_is_said_once(shows: Path, arguments: tuple[str, ...], message: str) -> None:
    result = run(shows, "make", *arguments)
    assert (result.returncode, message in result.stderr) == (2, True)


def test_all_needs_shows(show: Path) -> None:
    result = run(show, "make", "--all")
    assert (result.returncode, "has no shows" in result.stderr) == (2, True)
