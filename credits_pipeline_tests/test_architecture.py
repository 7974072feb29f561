"""Imports run one way, the stand-in shares nothing with the client, and loading stays light."""

import ast
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

import credits_pipeline

PACKAGE = Path(credits_pipeline.__file__).parent
#: Each room, and the rooms that it may import from. Files at the top level are rooms too.
MAY_IMPORT = {
    "billing": set(),
    "text": set(),
    "aws": set(),
    "credits": {"billing"},
    "cloudzero": {"billing"},
    "inbox": {"billing", "aws"},
    "storage": {"billing", "aws"},
    "reporting": {"billing", "credits", "cloudzero", "storage", "text"},
    "alerts": {"billing", "reporting", "storage", "settings", "aws", "text"},
    "settings": {"billing"},
    "secret": {"aws", "settings", "cloudzero"},
    "cloudwatch": {"aws"},
    "sandbox": {"billing", "reporting", "storage"},
    "finops": {"billing", "settings", "text"},
    "pages": {"billing", "settings", "text", "finops", "doctor", "reporting", "storage"},
    "orchestration": {
        "billing", "credits", "cloudzero", "inbox", "storage", "reporting", "settings", "secret",
        "cloudwatch", "alerts", "text", "finops",
    },
    "doctor": {
        "alerts", "billing", "cloudzero", "finops", "inbox", "storage", "settings", "orchestration",
    },
    "guard": set(),
    "definitions": {"orchestration"},
    "component": {"billing", "orchestration", "settings"},
    "cli": {
        "billing", "credits", "cloudzero", "inbox", "storage", "reporting", "settings", "sandbox",
        "orchestration", "aws", "doctor", "text", "guard", "finops", "pages",
    },
}  # fmt: skip
#: What a room never touches, whatever it is for.
NEVER = {
    "billing": {"dagster", "boto3", "httpx"},
    "text": {"dagster", "boto3", "httpx", "polars", "rich", "typer"},
    "credits": {"dagster", "dagster_aws", "boto3", "botocore", "httpx"},
    "cloudzero": {"dagster", "dagster_aws", "boto3", "botocore"},
    "inbox": {"dagster", "httpx"},
    "storage": {"dagster", "httpx"},
    "secret": {"dagster"},
    "cloudwatch": {"dagster", "httpx"},
    "alerts": {"dagster"},
    "guard": {"boto3"},
    "reporting": {"dagster", "boto3", "httpx"},
}


def room_of(parts: Sequence[str]) -> str:
    """The room of a module; the pages of the second wing, which show all others, are one."""
    return "pages" if tuple(parts[:2]) == ("finops", "pages") else parts[0]


def imports() -> list[tuple[str, str, str]]:
    """Every import as (file, room of the file, module imported), also those inside functions."""
    found = []
    for path in sorted(PACKAGE.rglob("*.py")):
        relative = path.relative_to(PACKAGE)
        room = room_of(relative.with_suffix("").parts)
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                found += [(str(relative), room, alias.name) for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and node.module:
                found += [
                    (str(relative), room, f"{node.module}.{alias.name}") for alias in node.names
                ]
    return found


def test_every_room_has_a_rule() -> None:
    rooms = {room for _, room, _ in imports()} - {"__init__"}
    assert rooms == set(MAY_IMPORT)


def test_imports_run_one_way() -> None:
    wrong = []
    for file, room, module in imports():
        parts = module.split(".")
        if parts[0] == "credits_pipeline" and len(parts) > 1 and room != "__init__":
            target = room_of(parts[1:])
            if target != room and target not in MAY_IMPORT[room]:
                wrong.append(f"{file} imports {module}")
    assert wrong == []


def test_the_stand_in_imports_nothing_of_the_product() -> None:
    wrong = [
        f"{file} imports {module}"
        for file, _, module in imports()
        if file.startswith("sandbox/cloudzero")
        and module.startswith("credits_pipeline")
        and not module.startswith("credits_pipeline.sandbox.cloudzero")
    ]
    assert wrong == []


def test_the_pure_rooms_know_neither_dagster_nor_the_other_side_s_network() -> None:
    wrong = [
        f"{file} imports {module}"
        for file, room, module in imports()
        if module.split(".")[0] in NEVER.get(room, set())
    ]
    assert wrong == []


@pytest.mark.parametrize(
    ("module", "not_loaded"),
    [
        (
            "credits_pipeline.definitions",
            {"polars", "pandera", "pandas", "httpx", "boto3", "dagster_aws", "moto", "rich.console",
             "tenacity"},
        ),
        ("credits_pipeline.cli", {"polars", "pandera", "dagster", "boto3", "httpx", "moto"}),
    ],
)  # fmt: skip
def test_loading_does_not_load_what_only_steps_need(module: str, not_loaded: set[str]) -> None:
    script = f"import sys, {module}; print('\\n'.join(sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert not_loaded & set(done.stdout.split()) == set()
