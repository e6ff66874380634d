"""Imports point down only: cli -> pipeline -> stages -> models, errors; stages do not import one another."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "podcast"
STAGES = {"digest", "script", "text", "tts", "audio", "publish"}
GROUND = {"models", "errors", "folders", "sounds"}
# What each top module may import besides the ground.  A stage may import itself.
ALLOWED = {
    "models": set(),
    "errors": set(),
    "folders": set(),
    "sounds": set(),
    "settings": set(),
    "work": {"audio", "rewrite", "text", "tts"},
    "draft": {"digest", "editions", "publish", "rewrite", "script", "text", "tts", "work"},
    "plan": {"audio", "draft", "rewrite", "script", "text", "tts", "work"},
    "fetch": set(),
    "sources": {"digest", "draft", "fetch", "script"},
    "overlay": {"settings"},
    "shows": {"overlay", "settings"},
    "config": {"overlay", "settings", "shows"},
    "editions": {"audio", "script", "text", "tts"},
    "testing": {"tts"},
    "rewrite": {"script", "text", "tts"},
    "pipeline": STAGES | {"draft", "editions", "plan", "work"},
    "production": STAGES | {"config", "editions", "rewrite", "settings", "work"},
    "unchanged": {"pipeline", "publish", "work"},
    "audition": {"text", "tts"},
    "listen": {"text"},
    "measure": {"audio", "publish"},
    "curve": {"audio", "measure"},
    "console": {"script", "text", "tts", "pipeline", "rewrite"},
    "doctor": {"audio", "production", "publish", "script", "settings", "tts"},
    "serve": STAGES | {"config", "draft", "editions", "pipeline", "production", "settings", "work", ""},
    "commands": STAGES
    | {
        "audition",
        "config",
        "console",
        "curve",
        "doctor",
        "draft",
        "editions",
        "listen",
        "measure",
        "pipeline",
        "production",
        "rewrite",
        "serve",
        "sources",
        "unchanged",
        "work",
    }
    | {"settings", ""},
    "cli": {"commands", ""},
    "__main__": {"cli"},
    "": set(),
}


def _imports(path: Path) -> set[str]:
    """Names of the modules directly below `podcast` that the file imports; "" is the package itself."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] == "podcast":
            found.add(".".join(node.module.split(".")[1:2]))
        elif isinstance(node, ast.Import):
            found |= {
                ".".join(name.name.split(".")[1:2]) for name in node.names if name.name.split(".")[0] == "podcast"
            }
    return found


def _modules() -> list[tuple[str, Path]]:
    modules = []
    for path in sorted(PACKAGE.rglob("*.py")):
        top = path.relative_to(PACKAGE).parts[0].removesuffix(".py")
        modules.append(("" if top == "__init__" else top, path))
    return modules


@pytest.mark.parametrize(
    ("top", "path"), _modules(), ids=lambda value: value.name if isinstance(value, Path) else value
)
def test_imports_point_down(top: str, path: Path) -> None:
    allowed = ALLOWED.get(top, {top} if top in STAGES else set()) | GROUND
    assert _imports(path) <= allowed | {top}


def test_help_loads_nothing_heavy() -> None:
    """`podcast --help` answers at once because the command line imports its stages only when it runs them."""
    code = "import podcast.cli, sys; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    heavy = {"numpy", "jinja2", "markdown_it", "soundfile", "edge_tts", "aiohttp", "rich", "pypinyin", "feedgen"}
    assert heavy.isdisjoint(loaded)
