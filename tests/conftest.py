"""What several test modules share."""

from __future__ import annotations

from pathlib import Path

import pytest

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
