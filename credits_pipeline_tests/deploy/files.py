"""The files below deploy/, as data."""

import re
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"


def load(name: str) -> Any:
    """A YAML file below deploy/."""
    return yaml.safe_load((DEPLOY / name).read_text())


def compose() -> dict[str, Any]:
    """The services of docker-compose.yaml, by name."""
    services: dict[str, Any] = load("docker-compose.yaml")["services"]
    return services


def image_command() -> list[str]:
    """What a container of the image runs by default."""
    text = (DEPLOY / "Dockerfile").read_text()
    found = re.search(r"^CMD (\[.*?\])", text, re.MULTILINE | re.DOTALL)
    assert found is not None
    command: list[str] = yaml.safe_load(found[1].replace("\\\n", ""))
    return command


class _Template(yaml.SafeLoader):
    """CloudFormation's YAML: its own tags are replaced by their values."""


def _held(loader: _Template, _: str, node: yaml.Node) -> Any:
    if isinstance(node, yaml.ScalarNode):
        return loader.construct_scalar(node)
    if isinstance(node, yaml.SequenceNode):
        return loader.construct_sequence(node, deep=True)
    assert isinstance(node, yaml.MappingNode)
    return loader.construct_mapping(node, deep=True)


_Template.add_multi_constructor("!", _held)


def resources(name: str) -> dict[str, Any]:
    """The resources of a CloudFormation template, by name."""
    text = (DEPLOY / "aws" / name).read_text()
    found: dict[str, Any] = yaml.load(text, _Template)["Resources"]  # noqa: S506 - a safe loader
    return found
