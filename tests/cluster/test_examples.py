"""The deployment examples: files that are read, with commands and settings that there are."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Any

import pytest
import yaml

from podcast.cli import _parser
from podcast.cluster.messages import QUEUES
from podcast.config import load_config

ROOT = Path(__file__).parent.parent.parent
COMPOSE = yaml.safe_load((ROOT / "deploy/compose/compose.yaml").read_text(encoding="utf-8"))
OBJECTS = list(yaml.safe_load_all((ROOT / "deploy/kubernetes/worker.yaml").read_text(encoding="utf-8")))
CONTAINERS = [
    container
    for found in OBJECTS
    if found["kind"] == "Deployment"
    for container in found["spec"]["template"]["spec"]["containers"]
]


def commands() -> list[list[str]]:
    ours = [service["command"] for service in COMPOSE["services"].values() if service["image"] == "podcast"]
    return [*map(shlex.split, ours), *(container["args"] for container in CONTAINERS)]


@pytest.mark.parametrize("arguments", commands(), ids=" ".join)
def test_every_command_is_one(arguments: list[str]) -> None:
    _parser().parse_args(arguments)  # ends the program where it is none


def environments() -> list[dict[str, Any]]:
    ours = [service["environment"] for service in COMPOSE["services"].values() if service["image"] == "podcast"]
    return [*ours, *({entry["name"]: entry.get("value", "x") for entry in found["env"]} for found in CONTAINERS)]


@pytest.mark.parametrize("environment", environments())
def test_every_setting_is_one(environment: dict[str, Any]) -> None:
    config = load_config(None, environment)  # raises for one that there is not
    assert config.cluster.broker
    assert config.cluster.ledger


def test_workers_scale_with_queues_that_there_are() -> None:
    [scaled] = [found for found in OBJECTS if found["kind"] == "ScaledObject"]
    queues = {trigger["metadata"]["queueName"] for trigger in scaled["spec"]["triggers"]}
    assert queues <= {f"podcast.{name}" for name in QUEUES}
    assert scaled["spec"]["scaleTargetRef"]["name"] in {found["metadata"]["name"] for found in OBJECTS}


def test_a_worker_is_given_the_time_of_its_longest_task() -> None:
    seconds = [found["spec"]["template"]["spec"] for found in OBJECTS if found["kind"] == "Deployment"]
    assert max(each["terminationGracePeriodSeconds"] for each in seconds) > 600
