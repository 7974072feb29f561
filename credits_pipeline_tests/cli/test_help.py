"""Every command's help teaches it, and the page of commands describes each command's output."""

import re
from importlib.metadata import version
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from credits_pipeline.cli import app

COMMANDS = sorted(typer.main.get_command(app).commands)
#: Some are groups; their commands have the output.
WITHOUT_ANSWER = {
    "allocation",
    "decisions",
    "demo",
    "pages",
    "policies",
    "sandbox",
    "invoices",
    "sources",
    "up",
}
PAGE = (Path(__file__).parents[2] / "docs" / "commands.md").read_text()


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_s_help_has_examples_and_exit_codes(name: str) -> None:
    # A terminal may break the text anywhere.
    shown = " ".join(CliRunner().invoke(app, [name, "--help"]).stdout.split())
    assert "Examples" in shown
    assert "Exit code 0" in shown
    assert f"credits-pipeline {name}" in shown


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_with_an_answer_gives_it_as_json(name: str) -> None:
    shown = CliRunner().invoke(app, [name, "--help"]).stdout
    assert ("--json" in shown) == (name not in WITHOUT_ANSWER)


@pytest.mark.parametrize("name", COMMANDS)
def test_help_may_be_asked_for_in_short(name: str) -> None:
    asked = [CliRunner().invoke(app, [name, option]) for option in ("-h", "--help")]
    assert [one.exit_code for one in asked] == [0, 0]
    assert asked[0].stdout == asked[1].stdout


def test_the_version_is_told() -> None:
    done = CliRunner().invoke(app, ["--version"])
    assert (done.exit_code, done.stdout) == (0, f"credits-pipeline {version('credits-pipeline')}\n")


def test_the_page_of_commands_has_a_line_for_each() -> None:
    assert sorted(re.findall(r"^\| `(\w+)` \|", PAGE, re.MULTILINE)) == COMMANDS


def test_the_shell_completes_commands_and_options(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("_CREDITS_PIPELINE_COMPLETE", "complete_bash")
    monkeypatch.setenv("COMP_WORDS", "credits-pipeline re")
    monkeypatch.setenv("COMP_CWORD", "1")
    done = CliRunner().invoke(app, [], prog_name="credits-pipeline")
    assert set(done.stdout.split()) == {n for n in COMMANDS if n.startswith("re")}
