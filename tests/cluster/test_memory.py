"""How many processes a machine is given."""

from __future__ import annotations

from pathlib import Path

import pytest

from podcast.cluster.memory import processes_that_fit

MB = 1_000_000


def machine(folder: Path, available_mb: int, limit_mb: int | None = None, used_mb: int = 0) -> dict[str, Path]:
    (folder / "meminfo").write_text(f"MemTotal: 99 kB\nMemAvailable: {available_mb * MB // 1024} kB\n")
    (folder / "memory.max").write_text("max" if limit_mb is None else str(limit_mb * MB))
    (folder / "memory.current").write_text(str(used_mb * MB))
    return {"meminfo": folder / "meminfo", "container": folder}


@pytest.mark.parametrize(
    ("available_mb", "limit_mb", "cores", "expected"),
    [
        (64_000, None, 8, 8),  # one a core
        (4_100, None, 8, 5),  # 500 are kept
        (600, None, 8, 1),  # at least one
        (64_000, 2_100, 8, 2),  # a container's limit
    ],
)
def test_as_many_as_memory_and_cores_allow(
    tmp_path: Path, available_mb: int, limit_mb: int | None, cores: int, expected: int
) -> None:
    assert processes_that_fit(700 * MB, cores=cores, **machine(tmp_path, available_mb, limit_mb)) == expected


def test_where_memory_is_not_told_there_is_one_a_core(tmp_path: Path) -> None:
    assert processes_that_fit(700 * MB, cores=3, meminfo=tmp_path / "none", container=tmp_path) == 3
