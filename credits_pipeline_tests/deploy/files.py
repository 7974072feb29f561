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
    """What a container of the image runs where nothing else is said."""
    text = (DEPLOY / "Dockerfile").read_text()
    found = re.search(r"^CMD (\[.*?\])", text, re.MULTILINE | re.DOTALL)
    assert found is not None
    command: list[str] = yaml.safe_load(found[1].replace("\\\n", ""))
    return command
