"""What is asked for with a digest: the folder that `podcast make` would give its episode."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from podcast.cluster.ledger import Ledger
from podcast.cluster.places import FolderPlace
from podcast.cluster.submit import order_of
from podcast.digest import read_digest
from podcast.pipeline import make_episode
from podcast.publish.episode import episode_id
from tests.serve.stage import ToneStudio, digest_of

ZONE, SHOW = "Asia/Shanghai", "https://example.org/"


def write(folder: Path, name: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    path.write_text(digest_of(topic=path.stem[-6:]), encoding="utf-8")
    return path


def test_a_second_digest_of_a_day_has_the_folder_that_make_gives_it(tmp_path: Path) -> None:
    public = tmp_path / "public"
    first, second = write(tmp_path, "2026-03-02.md"), write(tmp_path, "2026-03-02-evening.md")
    make_episode(first, replace(ToneStudio(tmp_path)(), public=public))
    for source in (first, second):
        order = order_of(source, SHOW, FolderPlace(public), timezone=ZONE)
        assert order.names[0] == episode_id(public, read_digest(source, timezone=ZONE))


def test_of_two_that_wait_for_the_same_folder_the_second_has_another(tmp_path: Path) -> None:
    place = FolderPlace(tmp_path / "public")
    sources = [write(tmp_path / name, "2026-03-02-evening.md") for name in ("one",)]
    sources += [write(tmp_path, "2026-03-02.md"), write(tmp_path, "2026-03-02-noon.md")]
    ledger = Ledger(f"sqlite:///{tmp_path}/ledger.sqlite")
    jobs = ledger.add([order_of(source, SHOW, place, timezone=ZONE) for source in sources])
    assert [job.episode_id for job in jobs] == ["2026-03-02", jobs[1].episode_id, "2026-03-02-noon"]
    assert len({job.episode_id for job in jobs}) == 3


def test_the_same_digest_is_the_same_job_whatever_its_text_became(tmp_path: Path) -> None:
    place, ledger = FolderPlace(tmp_path / "public"), Ledger(f"sqlite:///{tmp_path}/ledger.sqlite")
    source = write(tmp_path, "2026-03-02.md")
    [first] = ledger.add([order_of(source, SHOW, place, timezone=ZONE)])
    [same] = ledger.add([order_of(source, SHOW, place, timezone=ZONE)])
    source.write_text(digest_of(topic="另一家"), encoding="utf-8")
    [changed] = ledger.add([order_of(source, SHOW, place, timezone=ZONE)])
    assert (same, changed.id) == (first, first.id)
    assert changed.turn > first.turn  # what is under way of the old text ends
