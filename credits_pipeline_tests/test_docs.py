"""The documents say what the code says: settings, decisions, verdicts, commands, targets, links."""

import re
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest
import typer
import yaml

from credits_pipeline.cli import app
from credits_pipeline.cloudzero.operations import Operation
from credits_pipeline.definitions import defs
from credits_pipeline.orchestration.config import CreditsConfig, DropConfig
from credits_pipeline.reporting.attempt import Verdict
from credits_pipeline.settings import VARIABLES

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
README = PAGES[0].read_text()
SETTINGS = (ROOT / "docs" / "settings.md").read_text()
EXAMPLE = (ROOT / ".env.example").read_text()
#: Each setting as the pages write it: name, default, meaning.
AS_IN_THE_CODE = [
    [
        f"`{variable.name}`",
        {None: "needed", "": "empty"}.get(variable.default, f"`{variable.default}`"),
        variable.meaning,
    ]
    for variable in VARIABLES
]
DECIDE = "Decide about a blocked month"

_FENCE = re.compile(r"^ *```(?P<kind>\w*)\n(?P<code>.*?)^ *```$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"!?\[[^\]]*\]\((?P<target>[^)\s]+)\)")
_HEADING = re.compile(r"^#+ (?P<text>.+)$", re.MULTILINE)

by_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))


def prose(text: str) -> str:
    """A page without its blocks of code."""
    return _FENCE.sub("", text)


def code(text: str) -> Iterator[str]:
    """Every line of code on a page, in blocks and between backticks."""
    for block in _FENCE.finditer(text):
        yield from block["code"].splitlines()
    yield from re.findall(r"`([^`\n]+)`", prose(text))


def section(title: str, page: str = README) -> str:
    """What stands under a heading."""
    return page.split(f"# {title}\n", 1)[1].split("\n#", 1)[0]


def table(title: str, page: str = README) -> list[list[str]]:
    """The cells of the one table under a heading, without its head."""
    return rows(section(title, page))


def rows(text: str) -> list[list[str]]:
    """The cells of all tables in a text, without their heads."""
    lines = [line for line in text.splitlines() if line.startswith("|")]
    found = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    heads = {at - 1 for at, line in enumerate(lines) if line.startswith("|---")}
    rules = {at + 1 for at in heads}
    return [cells for at, cells in enumerate(found) if at not in heads | rules]


def anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, spelled as GitHub spells them."""
    texts = (heading["text"].lower() for heading in _HEADING.finditer(prose(page.read_text())))
    return {re.sub(r"[^\w\- ]", "", text).replace(" ", "-") for text in texts}


def test_the_page_of_settings_lists_them_as_the_code_has_them() -> None:
    assert sorted(rows(SETTINGS)) == sorted(AS_IN_THE_CODE)


def test_the_readme_shows_every_setting_that_is_needed_as_the_code_has_it() -> None:
    shown = table("Settings")
    assert [row for row in shown if row not in AS_IN_THE_CODE] == []
    assert [row for row in AS_IN_THE_CODE if row[1] == "needed" and row not in shown] == []


def test_the_example_environment_lists_the_settings_as_the_code_has_them() -> None:
    found = [
        [name, value.strip('"'), " ".join(line.removeprefix("# ") for line in comment.splitlines())]
        for comment, name, value in re.findall(
            r"((?:^# (?!---).*\n)+)^((?:CREDITS|CLOUDZERO)_\w+)=(.*)$", EXAMPLE, re.MULTILINE
        )
    ]
    expected = [[v.name, v.default or "", v.meaning] for v in VARIABLES]
    assert sorted(found) == sorted(expected)


def test_the_page_and_the_example_environment_have_the_same_settings_in_the_same_order() -> None:
    on_the_page = re.findall(r"^## (.+)$|^\| `((?:CREDITS|CLOUDZERO)_\w+)`", SETTINGS, re.MULTILINE)
    in_the_example = re.findall(
        r"^# --- (.+?) -+$|^((?:CREDITS|CLOUDZERO)_\w+)=", EXAMPLE, re.MULTILINE
    )
    ends = [title for title, _ in on_the_page].index("The AWS SDK's own")
    assert on_the_page[:ends] == in_the_example[:ends]


def test_the_readme_lists_every_decision_of_the_run_config() -> None:
    listed = [(asset.strip("`"), field.strip("`")) for asset, field, *_ in table(DECIDE)]
    assert sorted(listed) == sorted(
        (asset, field)
        for asset, config in {"credits": CreditsConfig, "cloudzero_drop": DropConfig}.items()
        for field in config.model_fields
    )


def test_the_run_config_in_the_readme_is_one_that_the_job_takes() -> None:
    (block,) = (b for b in _FENCE.finditer(section(DECIDE)) if b["kind"] == "yaml")
    config = yaml.safe_load(block["code"])
    assert dg.validate_run_config(defs.resolve_job_def("credits_month"), config)


def test_the_readme_lists_every_verdict_that_a_run_can_end_with() -> None:
    listed = [verdict.strip("`") for verdict, *_ in table("Verdicts")]
    assert sorted(listed) == sorted(v.value for v in Verdict if v is not Verdict.SENDING)


def test_the_readme_says_which_verdicts_are_red_and_which_have_a_receipt() -> None:
    for verdict, _, shown in table("Verdicts"):
        known = Verdict(verdict.strip("`"))
        assert shown.startswith("red") == known.is_red
        assert shown.startswith("a receipt") == known.has_receipt


def test_the_concepts_list_every_check() -> None:
    concepts = (ROOT / "docs" / "concepts.md").read_text()
    listed = [check.strip("`") for _, check, *_ in table("Checks show, code stops", concepts)]
    checks = {key.name for found in defs.asset_checks or () for key in found.check_keys}
    assert sorted(listed) == sorted(checks)


def test_the_readme_lists_every_scope_that_a_key_may_need() -> None:
    listed = [scope.strip("`") for scope, *_ in table("CloudZero")]
    assert sorted(listed) == sorted(operation.scope for operation in Operation)


@by_page
def test_every_link_between_pages_leads_somewhere(page: Path) -> None:
    broken = []
    for link in _LINK.finditer(prose(page.read_text())):
        path, _, anchor = link["target"].partition("#")
        if path.startswith(("https://", "http://", "mailto:")):
            continue
        target = (page.parent / path).resolve() if path else page
        if not target.exists() or (anchor and anchor not in anchors(target)):
            broken.append(link["target"])
    assert broken == []


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
    commands = typer.main.get_command(app).commands
    unknown = []
    for line in code(page.read_text()):
        called = re.search(r"\bcredits-pipeline ([a-z][a-z-]*)([^#|;&]*)", line)
        if called is None:
            continue
        name, rest = called.groups()
        if name not in commands:
            unknown.append(name)
            continue
        options = {option for found in commands[name].params for option in found.opts}
        unknown += [word for word in re.findall(r"--[a-z-]+", rest) if word not in options]
    assert unknown == []


def test_every_screenshot_is_shown_somewhere() -> None:
    shown = {
        (page.parent / link["target"]).resolve()
        for page in PAGES
        for link in _LINK.finditer(page.read_text())
    }
    assert {*(ROOT / "docs" / "images").iterdir()} <= shown
