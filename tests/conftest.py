"""What several test modules share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fake_edge import FakeEdge

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="session")
def data() -> Path:
    """Small inputs beside their expected outputs."""
    return Path(__file__).parent / "data"


@pytest.fixture(scope="session")
def shared() -> Path:
    """Material kept beside the checkout, not in it: real digests, reading pairs, checks."""
    folder = ROOT.parent / "shared"
    if not folder.is_dir():
        pytest.skip("the shared material is not beside this checkout")
    return folder


@pytest.fixture
def service() -> Iterator[FakeEdge]:
    """Edge's service on loopback, which answers well."""
    with FakeEdge() as fake:
        yield fake
