#!/usr/bin/env python3
"""footprint.py [EXTRA...]: what the program and each of its extras take, in MB, and under which licenses.

Every extra goes into a virtualenv of its own, from nothing; the licenses are those that the packages declare.  Sizes
are of files, without pip and without compiled .pyc files.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import tomllib
import venv
from pathlib import Path

ROOT = Path(__file__).parent.parent
LIST = """
import json, importlib.metadata as metadata
def license(dist):
    told = dist.metadata
    classified = [line.split(" :: ")[-1] for line in told.get_all("Classifier") or () if line.startswith("License")]
    return told.get("License-Expression") or " / ".join(classified) or (told.get("License") or "?").splitlines()[0]
print(json.dumps({
    dist.metadata["Name"]: [dist.version, license(dist), sum(
        file.locate().stat().st_size for file in dist.files or ()
        if file.suffix != ".pyc" and file.locate().is_file()
    )] for dist in metadata.distributions() if dist.metadata["Name"] not in ("pip", "setuptools")
}))
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("extras", nargs="*", metavar="EXTRA", help="default: all of them")
    options = parser.parse_args()
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    base = installed("")
    seen = dict(base)
    print(
        f"Python {sys.version_info.major}.{sys.version_info.minor}\n\n| install | MB | more packages |\n|---|---|---|"
    )
    print(f"| digestcast | {megabytes(base)} | {len(base)} |", flush=True)
    for extra in options.extras or project["optional-dependencies"]:
        found = installed(extra)
        more = {name: found[name] for name in found.keys() - base.keys()}
        print(f"| [{extra}] | +{megabytes(more)} | {len(more)} |", flush=True)
        seen |= more
    print("\n| package | version | license |\n|---|---|---|")
    for name, (version, license_name, _) in sorted(seen.items(), key=lambda item: item[0].lower()):
        print(f"| {name} | {version} | {license_name} |")


def installed(extra: str) -> dict[str, tuple[str, str, int]]:
    """Version, license and bytes of each package."""
    with tempfile.TemporaryDirectory() as folder:
        venv.create(folder, with_pip=True)
        python = Path(folder, "Scripts" if sys.platform == "win32" else "bin", "python")
        what = f"{ROOT}[{extra}]" if extra else str(ROOT)
        subprocess.run(
            [python, "-m", "pip", "install", "-q", what], check=True, stdout=sys.stderr, stderr=subprocess.DEVNULL
        )
        answer = subprocess.run([python, "-c", LIST], check=True, capture_output=True, text=True)
    found: dict[str, tuple[str, str, int]] = json.loads(answer.stdout)
    return found


def megabytes(packages: dict[str, tuple[str, str, int]]) -> int:
    return round(sum(size for _, _, size in packages.values()) / 1e6)


if __name__ == "__main__":
    main()
