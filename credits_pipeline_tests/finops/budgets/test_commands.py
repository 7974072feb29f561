"""``budgets``, ``forecast``, ``decisions`` and the assets: the same figure everywhere."""

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner, Result

from credits_pipeline.alerts.state import AlertState
from credits_pipeline.cli import app
from credits_pipeline.core.settings import Schedule
from credits_pipeline.credits.assets.build import build_definitions
from credits_pipeline.credits.assets.finops_alerts import money
from credits_pipeline.finops import settings
from credits_pipeline.finops.budgets.results import ANOMALIES, BUDGETS, FORECAST
from credits_pipeline.finops.decisions import Author, DecisionStore, Ruling
from credits_pipeline.finops.decisions.opening import open_decisions
from credits_pipeline.finops.depot import Depot
from credits_pipeline_tests.dagster_instance import dagster_instance
from credits_pipeline_tests.finops.conftest import ANN

BODIES = {
    "Core": {"scope": {"team": "core"}, "amount": "1", "from": "2020-01", "owner": "ann"},
    "All": {"amount": "90000.50", "from": "2020-01", "every": "year", "start_month": 4},
}


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, list(arguments))


@pytest.fixture(autouse=True)
def _wing(recent_wing: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FINOPS_STORAGE", str(recent_wing))
    monkeypatch.setenv("CREDITS_STORAGE", str(tmp_path / "credits"))
    monkeypatch.setenv("FINOPS_DATABASE_URL", f"sqlite:///{tmp_path}/decisions.sqlite")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Budgets as files."""
    room = tmp_path / "decisions" / "budget"
    room.mkdir(parents=True)
    for name, body in BODIES.items():
        (room / f"{name}.yaml").write_text(yaml.safe_dump(body))
    return room.parent


def answered(*arguments: str, code: int = 0) -> Any:
    done = run(*arguments)
    assert done.exit_code == code, done.output
    return json.loads(done.stdout)


def test_budgets_from_files_agree_with_spend(folder: Path) -> None:
    told = answered("decisions", "import", str(folder), "--why", "first", "--json")
    assert [(one["what"], one["kind"], one["id"]) for one in told["differences"]] == [
        ("added", "budget", "All"), ("added", "budget", "Core"),
    ]  # fmt: skip
    found = answered("budgets", "--json", code=1)
    core = {one["name"]: one for one in found["budgets"]}["Core"]
    period = core["scope"]["period"][0]
    spent = answered("spend", "--team", "core", "--credits", "out", "--period", period, "--json")
    assert Decimal(core["used"]) == Decimal(spent["total"])
    ahead = answered("forecast", "--team", "core", "--period", period, "--json")
    assert ahead["estimates"] == core["forecast"]["estimates"]
    assert ahead["quality"] == core["quality"]
    assert "Over: more is used than the amount" in found["rule"]
    shown = run("budgets").output
    assert "Core" in shown
    assert core["status"] in shown


def test_what_is_exported_is_what_is_imported(folder: Path, tmp_path: Path) -> None:
    answered("decisions", "import", str(folder), "--json")
    again = tmp_path / "again"
    assert answered("decisions", "export", str(again), "--json")["files"] == [
        "budget/All.yaml", "budget/Core.yaml",
    ]  # fmt: skip
    assert answered("decisions", "diff", str(again), "--json") == {"differences": []}
    (again / "budget" / "Core.yaml").unlink()
    (again / "budget" / "All.yaml").write_text(yaml.safe_dump({**BODIES["All"], "amount": 1}))
    told = answered("decisions", "diff", str(again), "--json", code=1)["differences"]
    assert [(one["what"], one["id"]) for one in told] == [("changed", "All"), ("removed", "Core")]
    assert run("decisions", "import", str(again)).exit_code == 0
    assert answered("decisions", "diff", str(again), "--json", code=1)["differences"] != []
    assert run("decisions", "import", str(again), "--prune", "--why", "gone").exit_code == 0
    assert answered("decisions", "diff", str(again), "--json") == {"differences": []}
    log = answered("decisions", "log", "--kind", "budget", "--json")["changes"]
    newest = log[0]
    assert (newest["key"], newest["why"], newest["via"]) == ("Core", "gone", "cli")
    assert newest["after"] is None


def test_closed_months_are_exported_as_a_record_that_no_import_takes_in(
    folder: Path, tmp_path: Path
) -> None:
    with DecisionStore.open(settings.database_url()) as store:
        told = {"inputs_digest": "i" * 64, "totals_digest": "t" * 64, "by": ANN}
        store.closed_months.close("2026-05", "teams", **told)
        closed = store.closed_months.close("2026-06", "teams", **told)
        store.closed_months.reopen("2026-06", "teams", expected=closed.version, by=ANN)
    out = tmp_path / "out"
    assert answered("decisions", "export", str(out), "--json")["files"] == [
        "closed_months/2026-05 teams.yaml", "closed_months/2026-06 teams.yaml",
    ]  # fmt: skip
    record = yaml.safe_load((out / "closed_months/2026-06 teams.yaml").read_text())
    assert (record["statement"], record["closed_by"], record["reopened_by"]) == (
        "t" * 64, ANN.who, ANN.who,
    )  # fmt: skip
    (out / "closed_months/2026-05 teams.yaml").unlink()
    (out / "closed_months/2026-07 teams.yaml").write_text(yaml.safe_dump(record))
    assert answered("decisions", "diff", str(out), "--json") == {"differences": []}
    assert run("decisions", "import", str(out), "--prune").exit_code == 0
    with DecisionStore.open(settings.database_url()) as store:
        assert [one.month for one in store.closed_months.all()] == ["2026-05", "2026-06"]


def test_one_file_that_can_t_be_keeps_all_of_them_out_and_is_named(folder: Path) -> None:
    (folder / "budget" / "Bad.yaml").write_text("amount: 12\nfrm: 2026-01\n")
    done = run("decisions", "import", str(folder))
    assert done.exit_code == 1
    assert "the budget 'Bad' can't be stored: frm is no field of it; did you mean from?" in (
        " "
    ).join(done.output.split())
    assert answered("budgets", "--json")["budgets"] == []


def test_files_rule_where_they_are_set(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FINOPS_DECISIONS", f"files:{folder}")
    assert len(answered("budgets", "--json", code=1)["budgets"]) == 2
    done = run("decisions", "import", str(folder))
    assert done.exit_code == 2
    assert "decisions are kept in files" in " ".join(done.output.split())


def test_a_forecast_of_days_and_of_what_no_bill_has_is_refused_in_words() -> None:
    done = run("forecast", "--period", "last 30 days")
    assert (done.exit_code, "ask for whole months" in " ".join(done.output.split())) == (2, True)
    done = run("forecast", "--team", "cor")
    assert done.exit_code == 2
    assert "Did you mean core?" in done.output


def test_assets_keep_what_commands_say_and_alerts_tell_it(folder: Path, recent_wing: Path) -> None:
    run("decisions", "import", str(folder))
    definitions = build_definitions(schedule=Schedule())
    with dagster_instance() as instance:
        done = definitions.resolve_job_def("budgets_daily").execute_in_process(instance=instance)
        checks = {
            one.asset_check_evaluation_data.check_name: one.asset_check_evaluation_data
            for one in done.all_events
            if one.event_type_value == "ASSET_CHECK_EVALUATION"
        }
    assert {name: check.passed for name, check in checks.items()} == {
        "better_than_run_rate": True, "ranges_hold": True,
        "budgets_can_be_counted": True, "used_is_the_spend": True,
    }  # fmt: skip
    depot = Depot(str(recent_wing))
    kept, said = depot.read(BUDGETS), answered("budgets", "--json", code=1)
    assert kept is not None
    extra = {"crossed", "expected_to_cross", "channels"}
    told = [{k: v for k, v in one.items() if k not in extra} for one in kept["budgets"]]
    assert told == said["budgets"]
    with open_decisions() as decisions:
        assert kept["decisions"] == decisions.snapshot(["budget"]).digest
    forecasts = depot.read(FORECAST)
    assert forecasts is not None
    assert [one["subject"] for one in forecasts["series"]] == [
        "total USD", "budget All", "budget Core",
    ]  # fmt: skip
    found = depot.read(ANOMALIES)
    assert found is not None
    (one,) = found["anomalies"]
    titles = {alert.title for alert in money(AlertState()).wrong}
    assert any(title.startswith("Budget Core: ") for title in titles)
    assert not any("Warehouse" in title for title in titles)  # $210 of a limit of $500
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FINOPS_ANOMALY_LIMIT", "200")
        assert any("Warehouse" in alert.title for alert in money(AlertState()).wrong)
        with open_decisions() as decisions:
            decisions.states.set(
                "anomaly",
                one["id"],
                Ruling("expected", note="load"),
                by=Author("ann", "ui"),
                expected=None,
            )
        assert not any("Warehouse" in alert.title for alert in money(AlertState()).wrong)


def test_a_run_that_is_repeated_remembers_each_day_once(recent_wing: Path) -> None:
    definitions = build_definitions(schedule=Schedule())
    kept = []
    with dagster_instance() as instance:
        for _ in range(2):
            job = definitions.resolve_job_def("budgets_daily")
            assert job.execute_in_process(instance=instance).success
            kept.append(Depot(str(recent_wing)).read("results/forecasts_told.json"))
    assert kept[0] == kept[1]
