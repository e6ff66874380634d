"""A real broker and database for the tests of this folder, once for all of them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cluster.servers import Broker, Postgres, missing, running


@pytest.fixture(scope="session")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    if reason := missing():
        pytest.skip(reason)
    server = Broker(Path(tmp_path_factory.mktemp("broker")))
    try:
        server.start()
        yield server
    finally:
        server.end()


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Postgres]:
    if reason := missing():
        pytest.skip(reason)
    with running(Postgres(Path(tmp_path_factory.mktemp("postgres")))) as server:
        yield server
