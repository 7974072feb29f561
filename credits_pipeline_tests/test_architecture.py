"""Imports go one way, the stand-in shares nothing with the client, and loading stays light."""

import ast
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

import credits_pipeline

PACKAGE = Path(credits_pipeline.__file__).parent
#: Each room, and the rooms that it may import. Files at the top level are rooms too.
MAY_IMPORT = {
    "core": set(),
    "text": set(),
    "core.storage": {"core"},
    "credits.model": {"core"},
    "credits.reading": {"core", "credits.model"},
    "credits.opening": {"core", "credits.reading"},
    "credits.evaluation": {"core", "credits.model", "credits.reading", "credits.opening"},
    "credits.offers": {"core", "credits.evaluation", "credits.model", "credits.reading"},
    "credits.inbox": {"core"},
    "credits.cloudzero": {"core", "text"},
    "credits.state": {"core", "core.storage", "credits.model"},
    "reporting": {"core", "credits.state", "text"},
    "credits.delivery": {
        "core", "core.storage", "credits.model", "credits.reading", "credits.evaluation",
        "credits.offers", "credits.inbox", "credits.cloudzero", "credits.state", "reporting",
    },
    "alerts": {"core", "core.storage", "credits.state", "reporting", "text"},
    "finops": {"alerts", "core", "text"},
    "credits.assets": {
        "core", "core.storage", "credits.model", "credits.reading", "credits.evaluation",
        "credits.inbox", "credits.cloudzero", "credits.state", "credits.delivery", "reporting",
        "alerts", "text", "finops",
    },
    "doctor": {
        "alerts", "core", "core.storage", "credits.cloudzero", "credits.delivery",
        "credits.inbox", "credits.assets", "finops",
    },
    "sandbox": {"core", "core.storage", "credits.state"},
    "finops.pages": {
        "core", "core.storage", "credits.state", "doctor", "finops", "reporting", "text",
    },
    "guard": set(),
    "definitions": {"credits.assets"},
    "component": {"core", "credits.assets"},
    "cli": {
        "core", "core.storage", "credits.model", "credits.reading", "credits.opening",
        "credits.evaluation", "credits.inbox", "credits.cloudzero", "credits.state",
        "credits.delivery", "credits.assets", "reporting", "sandbox", "doctor", "text", "guard",
        "finops", "finops.pages", "component",
    },
}  # fmt: skip
#: What a room never uses, whatever it is for.
NEVER = {
    "text": {"dagster", "boto3", "httpx", "polars", "rich", "typer"},
    "core": {"dagster", "httpx"},
    "core.storage": {"dagster", "httpx"},
    "credits.model": {"dagster", "dagster_aws", "boto3", "botocore", "httpx"},
    "credits.reading": {"dagster", "dagster_aws", "boto3", "botocore", "httpx"},
    "credits.opening": {"dagster", "dagster_aws", "boto3", "botocore", "httpx"},
    "credits.evaluation": {"dagster", "dagster_aws", "boto3", "botocore", "httpx"},
    "credits.offers": {"dagster", "dagster_aws", "boto3", "botocore", "httpx"},
    "credits.inbox": {"dagster", "httpx"},
    "credits.cloudzero": {"dagster", "dagster_aws", "boto3", "botocore"},
    "credits.state": {"dagster", "boto3", "httpx"},
    "credits.delivery": {"dagster"},
    "alerts": {"dagster"},
    "guard": {"boto3"},
    "reporting": {"dagster", "boto3", "httpx"},
}
#: Folders of a wing whose parts are separate rooms.
_WINGS = {"core", "credits", "finops"}


def room_of(parts: Sequence[str]) -> str:
    """The room of a module: the longest name that has a rule, else its wing."""
    if parts[0] in _WINGS and len(parts) > 1:
        nested = f"{parts[0]}.{parts[1]}"
        if nested in MAY_IMPORT or (parts[0] == "credits" and parts[1] != "__init__"):
            return nested
    return parts[0]


def imports() -> list[tuple[str, str, str]]:
    """Every import as (file, room of the file, imported module), also those inside functions."""
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
    rooms = {room for _, room, _ in imports()} - {"__init__", "credits"}
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


@pytest.mark.parametrize("stand_in", ["cloudzero", "clouds", "credit_ledger"])
def test_the_stand_in_imports_nothing_of_the_product(stand_in: str) -> None:
    wrong = [
        f"{file} imports {module}"
        for file, _, module in imports()
        if file.startswith((f"sandbox/{stand_in}/", f"sandbox/{stand_in}.py"))
        and module.startswith("credits_pipeline")
        and not module.startswith(f"credits_pipeline.sandbox.{stand_in}")
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
