"""``policies`` and ``violations``: from trying a file to accepting a violation."""

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from credits_pipeline.cli import app
from credits_pipeline_tests.finops.typed import Bills, row

RULE = """\
id: dear
name: Dear machine
type: cost
severity: high
owner_tag: team
when: cost_month > 50
say: "{name} costs {cost_month:.2f}"
"""


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, list(arguments))


def told(*arguments: str) -> Any:
    done = run(*arguments, "--json")
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


@pytest.fixture
def rule(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    bills = Bills(tmp_path / "wing")
    bills.put(
        "aws", "2026-10",
        [
            row("100.5", ResourceId="i-1", ResourceName="\x1b[31mred", charge_date="2026-10-30"),
            row("7", ResourceId="i-2", charge_date="2026-10-30"),
        ],
    )  # fmt: skip
    bills.publish()
    monkeypatch.setenv("FINOPS_STORAGE", str(bills.storage))
    file = tmp_path / "rule.yaml"
    file.write_text(RULE)
    return file


def test_a_policy_is_tried_added_evaluated_and_its_violation_accepted(rule: Path) -> None:
    (tried,) = told("policies", "test", str(rule))["policies"]
    assert (tried["broken"], tried["clean"], tried["cost_month"]) == (1, 1, {"USD": "100.50"})
    assert tried["examples"][0]["says"] == "\\x1b[31mred costs 100.50"
    assert not run("violations").stdout
    assert told("policies", "add", str(rule)) == {"kept": ["dear"]}
    refused = run("policies", "add", str(rule))
    assert refused.exit_code == 1
    assert "use --replace" in refused.output
    evaluated = told("policies", "evaluate")
    assert (evaluated["resources"], evaluated["errors"]) == (2, {})
    (one,) = told("violations", "--severity", "high")["violations"]
    assert (one["policy"], one["cost_month"], one["owner"]) == ("dear", "100.50", "core")
    shown = run("violations", "--policy", "dear")
    assert "\x1b" not in shown.output
    accept = ("violations", "acknowledge", one["id"], "--until", "2100-01-01", "--reason")
    assert run(*accept, "because").exit_code == 1
    assert run(*accept, "will be fixed").exit_code == 0
    assert told("violations", "--severity", "high")["violations"] == []
    (said,) = told("violations", "--state", "acknowledged")["violations"]
    assert (said["said"]["reason"], said["said"]["until"]) == ("will be fixed", "2100-01-01")
    assert run("violations", "assign", one["id"], "ann@example.com").exit_code == 0
    assert run("violations", "reopen", one["id"]).exit_code == 0
    lines = list(csv.DictReader(io.StringIO(run("violations", "--csv").stdout)))
    assert lines[0]["owner"] == "ann@example.com"
    assert run("policies", "disable", "dear", "--why", "enough").exit_code == 0
    assert run("policies", "remove", "dear").exit_code == 0
    assert run("policies", "remove", "dear").exit_code == 2


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (RULE.replace("cost_month > 50", "cost > 50"), "line 6: policy 'dear', when: there is no"),
        (RULE.replace("cost_month > 50", "length(repeat('x', 4000000000)) > 1"), "repeat"),
        ("[", "line 1"),
    ],
)
def test_a_file_that_is_refused_is_reported_with_its_line_and_saves_nothing(
    text: str, says: str, rule: Path
) -> None:
    rule.write_text(text)
    for command in ("test", "add"):
        done = run("policies", command, str(rule))
        assert done.exit_code == 1
        assert says in done.output
    assert "dear" not in [one["id"] for one in told("policies", "list")["policies"]]


def test_a_rule_that_can_not_be_computed_is_reported(rule: Path) -> None:
    rule.write_text(RULE.replace("cost_month > 50", "regexp_matches(name, '(')"))
    done = run("policies", "test", str(rule))
    assert done.exit_code == 1
    assert "can't be computed" in done.output


def test_a_built_in_is_shown_changed_and_brought_back(rule: Path) -> None:
    shown = run("policies", "show", "region-not-allowed").stdout
    filled = shown.replace("allowed_regions: []", "allowed_regions: [us-east-1]")
    rule.write_text(filled.replace("enabled: false", "enabled: true"))
    assert run("policies", "add", str(rule)).exit_code == 0
    assert told("policies", "evaluate")["broken"] >= 2
    listed = {one["id"]: one for one in told("policies", "list")["policies"]}
    assert len(listed) == 15
    assert listed["region-not-allowed"]["broken"] == 2
    assert listed["ec2-idle"]["evidence"] == ["cpu_max_14d", "network_mb_day_14d", "state"]
    assert run("policies", "remove", "region-not-allowed").exit_code == 0
    off = run("policies", "enable", "region-not-allowed")
    assert off.exit_code == 1
    assert "the list allowed_regions is empty" in off.output


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("violations",), "No policy has been evaluated yet"),
        (("violations", "--state", "closed"), "state is 'closed'"),
        (("violations", "--since", "now"), "since is 'now'"),
        (("violations", "--json", "--csv"), "two answers"),
        (("policies", "show", "none"), "There is no policy 'none'"),
        (("policies", "enable", "none"), "there is no such policy"),
        (("policies", "test", "none.yaml"), "can't be read"),
        (("violations", "import", "none"), "not a folder"),
    ],
)
def test_what_can_not_be_carried_out_says_why(
    arguments: tuple[str, ...], says: str, rule: Path
) -> None:
    done = run(*arguments)
    assert done.exit_code in (1, 2)
    assert says in done.output
