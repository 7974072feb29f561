"""The documents agree with the code: settings, decisions, verdicts, rooms, commands, links."""

import re
from dataclasses import fields
from pathlib import Path

import httpx
import pytest
import typer

from credits_pipeline.cli import app
from credits_pipeline.core.settings import VARIABLES
from credits_pipeline.credits.assets.config import CreditsConfig, DropConfig
from credits_pipeline.credits.cloudzero.operations import Operation
from credits_pipeline.credits.state.attempt import Attempt, Verdict
from credits_pipeline.definitions import defs
from credits_pipeline.finops.pages.variables import VARIABLES as PAGES_VARIABLES
from credits_pipeline.finops.settings import VARIABLES as FINOPS_VARIABLES
from credits_pipeline_tests.docs.pages import PAGES, ROOT, anchors, code, links, section, table
from credits_pipeline_tests.test_architecture import MAY_IMPORT, NEVER

README = (ROOT / "README.md").read_text()
STARTING = (ROOT / "docs" / "getting-started.md").read_text()
CONCEPTS = (ROOT / "docs" / "concepts.md").read_text()
MONTHS = (ROOT / "docs" / "months.md").read_text()
SETTINGS = (ROOT / "docs" / "settings.md").read_text()
RECEIPTS = (ROOT / "docs" / "receipts.md").read_text()
ARCHITECTURE = (ROOT / "docs" / "architecture.md").read_text()
EXAMPLE = (ROOT / ".env.example").read_text()
DECIDE = "Decide about a blocked month"
#: Each setting as the pages write it: name, default, meaning.
AS_IN_THE_CODE = [
    [
        f"`{variable.name}`",
        {None: "needed", "": "empty"}.get(variable.default, f"`{variable.default}`"),
        variable.meaning,
    ]
    for variable in (*VARIABLES, *FINOPS_VARIABLES, *PAGES_VARIABLES)
]

COMMANDS = typer.main.get_command(app).commands

by_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))


def test_the_page_of_settings_lists_them_as_the_code_has_them() -> None:
    assert sorted(table(SETTINGS)) == sorted(AS_IN_THE_CODE)


def test_the_readme_shows_every_setting_that_is_needed_as_the_code_has_it() -> None:
    shown = table(section("Settings", README))
    assert [row for row in shown if row not in AS_IN_THE_CODE] == []
    assert [row for row in AS_IN_THE_CODE if row[1] == "needed" and row not in shown] == []


def test_the_example_environment_lists_the_settings_as_the_code_has_them() -> None:
    found = [
        [name, value.strip('"'), " ".join(line.removeprefix("# ") for line in comment.splitlines())]
        for comment, name, value in re.findall(
            r"((?:^# (?!---).*\n)+)^((?:CREDITS|CLOUDZERO|FINOPS)_\w+)=(.*)$", EXAMPLE, re.MULTILINE
        )
    ]
    every = (*VARIABLES, *FINOPS_VARIABLES, *PAGES_VARIABLES)
    expected = [[v.name, v.default or "", v.meaning] for v in every]
    assert sorted(found) == sorted(expected)


def test_the_page_and_the_example_environment_have_the_same_settings_in_the_same_order() -> None:
    on_the_page = re.findall(
        r"^## (.+)$|^\| `((?:CREDITS|CLOUDZERO|FINOPS)_\w+)`", SETTINGS, re.MULTILINE
    )
    in_the_example = re.findall(
        r"^# --- (.+?) -+$|^((?:CREDITS|CLOUDZERO|FINOPS)_\w+)=", EXAMPLE, re.MULTILINE
    )
    ends = [title for title, _ in on_the_page].index("The AWS SDK's own")
    assert on_the_page[:ends] == in_the_example[:ends]


def test_the_page_of_months_lists_every_decision_of_the_run_config() -> None:
    listed = [
        (asset.strip("`"), field.strip("`")) for asset, field, *_ in table(section(DECIDE, MONTHS))
    ]
    assert sorted(listed) == sorted(
        (asset, field)
        for asset, config in {"credits": CreditsConfig, "cloudzero_drop": DropConfig}.items()
        for field in config.model_fields
    )


def test_the_page_of_months_lists_every_verdict_that_a_run_can_end_with() -> None:
    listed = [verdict.strip("`") for verdict, *_ in table(section("Verdicts", MONTHS))]
    assert sorted(listed) == sorted(v.value for v in Verdict if v is not Verdict.SENDING)


def test_the_page_of_months_says_which_verdicts_are_red_and_which_have_a_receipt() -> None:
    for verdict, _, shown in table(section("Verdicts", MONTHS)):
        known = Verdict(verdict.strip("`"))
        assert shown.startswith("red") == known.is_red
        assert shown.startswith("a receipt") == known.has_receipt


def test_the_concepts_list_every_check() -> None:
    found = table(section("Checks show, code stops", CONCEPTS))
    listed = [check.strip("`") for _, check, *_ in found]
    checks = {key.name for found in defs.asset_checks or () for key in found.check_keys}
    assert sorted(listed) == sorted(checks)


def test_the_first_page_lists_every_scope_that_a_key_may_need() -> None:
    listed = [scope.strip("`") for scope, *_ in table(STARTING)]
    assert sorted(listed) == sorted(operation.scope for operation in Operation)


def test_the_page_of_receipts_lists_every_field() -> None:
    listed = [name.strip("`") for name, _ in table(section("The fields", RECEIPTS))]
    assert listed == [field.name for field in fields(Attempt)]


def test_the_readme_lists_every_command() -> None:
    found = table(section("Commands", README))
    listed = {command.strip("`").split()[1] for command, _ in found}
    assert listed == set(COMMANDS)


def test_the_page_of_architecture_lists_every_room_with_what_it_may_import() -> None:
    found = table(section("The rooms", ARCHITECTURE))
    order = [room.strip("`") for room, *_ in found]
    assert sorted(order) == sorted(MAY_IMPORT)
    for at, (room, _, may, never) in enumerate(found):
        named = set(re.findall(r"`([\w.]+)`", may))
        rooms = set(order[:at]) - named if "all of the above" in may else named
        assert rooms == MAY_IMPORT[room.strip("`")], room
        words = {"dagster": "Dagster", "boto3": "the AWS SDK", "httpx": "HTTP"}
        for module, word in words.items():
            assert (module in NEVER.get(room.strip("`"), set())) == (word in never), room


def test_every_page_is_in_the_contents_of_the_readme() -> None:
    contents = README.split("\n## Documentation\n", 1)[1]
    linked = {(ROOT / target).resolve() for target in links(contents)}
    assert {page for page in PAGES if page.parent.name != "adr"} - linked == {ROOT / "README.md"}


def test_every_decision_is_in_the_contents_of_the_page_of_architecture() -> None:
    linked = {(ROOT / "docs" / target).resolve() for target in links(ARCHITECTURE)}
    assert {page for page in PAGES if page.parent.name == "adr"} <= linked


@by_page
def test_every_link_between_pages_leads_somewhere(page: Path) -> None:
    broken = []
    for link in links(page.read_text()):
        path, _, anchor = link.partition("#")
        if re.match(r"\w+:", path):
            continue
        target = (page.parent / path).resolve() if path else page
        if not target.is_file() or (anchor and anchor not in anchors(target)):
            broken.append(link)
    assert broken == []


@by_page
def test_every_link_to_elsewhere_is_an_address_of_the_web(page: Path) -> None:
    elsewhere = [httpx.URL(link) for link in links(page.read_text()) if re.match(r"\w+:", link)]
    assert [
        str(url)
        for url in elsewhere
        if url.scheme != "https" or "." not in url.host or url.port or url.userinfo
    ] == []


@by_page
def test_every_make_target_that_a_page_names_exists(page: Path) -> None:
    makefile = (ROOT / "Makefile").read_text()
    targets = set(re.findall(r"^([a-z]+):.*## ", makefile, re.MULTILINE))
    named = {
        target
        for line in code(page.read_text())
        for target in re.findall(r"(?:^|[ (])make ([a-z]+)\b(?!=)", line)
    }
    assert named <= targets


@by_page
def test_every_command_and_option_that_a_page_names_exists(page: Path) -> None:
    unknown = []
    for line in code(page.read_text()):
        called = re.search(r"\bcredits-pipeline ([a-z][a-z-]*)([^#|;&]*)", line)
        if called is None:
            continue
        name, rest = called.groups()
        if name not in COMMANDS:
            unknown.append(name)
            continue
        command = COMMANDS[name]
        if isinstance(command, typer.core.TyperGroup):
            # A group may itself be a command.
            below = next((word for word in rest.split()[:1] if not word.startswith("-")), "")
            if below and below not in command.commands:
                unknown.append(f"{name} {below}")
                continue
            command = command.commands[below] if below else command
        options = {option for one in command.params for option in (*one.opts, *one.secondary_opts)}
        unknown += [word for word in re.findall(r"--[a-z-]+", rest) if word not in options]
    assert unknown == []


def test_every_design_decision_that_the_code_cites_is_on_its_page() -> None:
    page = (ROOT / "docs" / "design.md").read_text()
    there = set(re.findall(r"^(\d+)\. \*\*", page, re.MULTILINE))
    cited = {
        number
        for source in (ROOT / "credits_pipeline").rglob("*.py")
        for number in re.findall(r"design\s+decision\s+(\d+)", source.read_text())
    }
    assert cited
    assert cited <= there


def test_every_screenshot_is_shown_somewhere() -> None:
    shown = {(page.parent / link).resolve() for page in PAGES for link in links(page.read_text())}
    assert {*(ROOT / "docs" / "images").iterdir()} <= shown
