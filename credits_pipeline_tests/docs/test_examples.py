"""Every example in the documents does what the page says.

``UPDATE_EXAMPLES=1`` writes the commands' output into the pages. We have our own runner because the
known ones run Python. These examples are a shell's; some start servers that stay open, and their
output is kept up to date.
"""

import json
import os
import sys
from pathlib import Path

import dagster as dg
import pytest
import yaml

from credits_pipeline.credits.reading.profiles.parsing import parse
from credits_pipeline.credits.state.attempt import Attempt
from credits_pipeline.definitions import defs
from credits_pipeline.finops.governance.reading import read as read_policies
from credits_pipeline.sandbox.dagster_dev import free_port
from credits_pipeline.sandbox.servers import clean_environment
from credits_pipeline_tests.docs.examples import agrees, examples, run_page, terminal
from credits_pipeline_tests.docs.pages import PAGES, ROOT, blocks

KINDS = {"bash", "csv", "json", "python", "sql", "text", "toml", "yaml", ""}
WITH_COMMANDS = [page for page in PAGES if examples(page.read_text())]
STAYING_OPEN = {
    page for page in WITH_COMMANDS if any(e.exit is None for e in examples(page.read_text()))
}


def name(page: Path) -> str:
    return str(page.relative_to(ROOT))


def of_kind(kind: str) -> list[object]:
    """The blocks of a kind on all pages, as parameters."""
    return [
        pytest.param(block.code, id=f"{name(page)}:{block.line}")
        for page in PAGES
        for block in blocks(page.read_text())
        if block.kind == kind
    ]


@pytest.mark.parametrize(
    "page",
    [
        pytest.param(
            page,
            id=name(page),
            marks=[pytest.mark.live, pytest.mark.timeout(900)] if page in STAYING_OPEN else [],
        )
        for page in WITH_COMMANDS
    ],
)
def test_every_command_of_a_page_does_what_the_page_says(page: Path, tmp_path: Path) -> None:
    for name_ in ("pyproject.toml", "credits_pipeline"):
        (tmp_path / name_).symlink_to(ROOT / name_)
    (tmp_path / ".venv").symlink_to(sys.prefix)
    environment = clean_environment(
        HOME=str(tmp_path),
        XDG_STATE_HOME=str(tmp_path / "state"),
        CREDITS_SENSOR_SECONDS="2",
        # As its `activate` does, and a port that nothing else has.
        VIRTUAL_ENV=str(tmp_path / ".venv"),
        DAGSTER_DG_DEV_PORT=str(free_port()),
    )
    with terminal(tmp_path, environment) as opened:
        now = run_page(page, opened)
    if os.environ.get("UPDATE_EXAMPLES"):
        page.write_text(now)
    assert page.read_text() == now


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_every_block_of_a_page_is_of_a_kind_that_is_checked_against_the_product(page: Path) -> None:
    found = blocks(page.read_text())
    assert {block.kind for block in found} <= KINDS
    assert [
        f"{name(page)}:{block.line}: say <!-- run -->, or <!-- not run: why -->, above the block"
        for block in found
        if block.kind == "bash" and not block.mark.startswith(("run", "not run: "))
    ] == []
    marked = [block for block in found if block.kind == "bash" and block.mark.startswith("run")]
    assert [example.block for example in examples(page.read_text())] == marked


@pytest.mark.parametrize("code", of_kind("python"))
def test_every_python_example_runs(code: str) -> None:
    exec(compile(code, "example", "exec"), {"__name__": "example"})  # noqa: S102 - our own pages


@pytest.mark.parametrize("code", of_kind("yaml"))
def test_every_yaml_example_is_one_that_its_reader_takes(code: str) -> None:
    found = yaml.safe_load(code)
    assert isinstance(found, dict)
    if "ops" in found:
        assert dg.validate_run_config(defs.resolve_job_def("credits_month"), found)
    if "when" in found:
        assert read_policies(code)


@pytest.mark.parametrize("code", of_kind("toml"))
def test_every_toml_example_is_a_profile_that_is_read(code: str) -> None:
    assert parse(code.encode(), file="example.toml").header


@pytest.mark.parametrize("code", of_kind("json"))
def test_every_json_example_is_json_and_an_attempt_is_one_that_is_read(code: str) -> None:
    found = json.loads(code)
    if "payload_sha256" in found:
        assert json.loads(Attempt.from_json(code.encode()).to_json()) == found


@pytest.mark.parametrize(
    ("shown", "printed", "equal"),
    [
        ("a\nb", "a\nb\n", True),
        ("a\nb", "a  \nb", True),
        ("a\nb", "a\nb\nc", False),
        ("a\n…", "a\nb\nc", True),
        ("run …: verified", "run 1f2: verified", True),
        ("run …: verified", "run 1f2: failed", False),
        ("$1.00", "$1000", False),
    ],
)
def test_what_is_shown_is_compared_to_the_letter_but_for_dots(
    shown: str, printed: str, equal: bool
) -> None:
    assert agrees(shown, printed) == equal
