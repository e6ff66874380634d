"""What the documents say is so: commands parse, links lead somewhere, the reference is that of the program."""

from __future__ import annotations

import re
import shlex
import tomllib
from pathlib import Path

import pytest

from podcast.cli import _parser, command_parsers
from scripts.cli_reference import reference
from tests.conftest import ROOT

DOCUMENTS = sorted([ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").glob("*.md")])
LINK = re.compile(r"\]\((?!https?:|#)([^)#\s]+)")
COMMAND = re.compile(r"(?:^|[`(]|\$ |&& |run: )(podcast [a-z].*?)(?: +#.*|`|$)", re.MULTILINE)


def commands(text: str) -> list[list[str]]:
    """Those in code: the words after `podcast`, without pipes, redirections and what stands for anything."""
    found = []
    for block in re.findall(r"^(?: {4}.*\n)+|```.*?```|`podcast [^`]+`", text, re.MULTILINE | re.DOTALL):
        plain = re.sub(r"\\\n\s*", " ", re.sub(r"^ {4}|^```\w*", "", block, flags=re.MULTILINE))
        found += [re.split(r" [|>&]", command)[0] for command in COMMAND.findall(plain)]
    return [shlex.split(command)[1:] for command in found]


def test_the_reference_of_commands_is_that_of_the_program() -> None:
    """scripts/cli_reference.py > docs/cli.md"""
    assert (ROOT / "docs/cli.md").read_text(encoding="utf-8") == reference()
    assert not [
        (name, action.dest)
        for name, parser in command_parsers().items()
        for action in parser._actions
        if not action.help
    ]


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_links_between_files_lead_somewhere(path: Path) -> None:
    text = re.sub(r"`[^`]*`", "", path.read_text(encoding="utf-8"))
    assert [link for link in LINK.findall(text) if not (path.parent / link).exists()] == []


@pytest.mark.parametrize("path", [path for path in DOCUMENTS if path.name != "cli.md"], ids=lambda path: path.name)
def test_commands_in_documents_are_commands(path: Path) -> None:
    for name, *rest in commands(path.read_text(encoding="utf-8")):
        assert name in command_parsers()
        needed = [
            action for action in command_parsers()[name]._actions if action.required and not action.option_strings
        ]
        mention = ["x" for _ in needed]  # `podcast make --force` speaks of the option alone
        assert not rest or parses(name, *rest) or parses(name, *mention, *rest), (name, *rest)


def parses(*words: str) -> bool:
    try:
        _parser().parse_args(words)
    except SystemExit:
        return False
    return True


def test_the_readme_has_commands() -> None:
    """Else the test above says nothing."""
    assert len(commands((ROOT / "README.md").read_text(encoding="utf-8"))) > 5


def test_every_dependency_is_in_the_notice() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    lines = [*project["dependencies"], *(line for extra in project["optional-dependencies"].values() for line in extra)]
    names = {re.sub(r"(-\d)?[\s\[<>=;].*", "", line).lower() for line in lines}
    notice = (ROOT / "NOTICE").read_text(encoding="utf-8").lower()
    assert sorted(name for name in names if not re.search(rf"\b{re.escape(name)}\b", notice)) == []
