"""``chargeback``, ``close``, ``reopen`` and ``allocation``, as people and programs use them."""

import csv
import io
import json
from decimal import Decimal
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from credits_pipeline.cli import app
from credits_pipeline.finops.decisions.opening import open_decisions
from credits_pipeline_tests.finops.chargeback.conftest import (
    OWNERS,
    TEAMS,
    bills,
    filled_bills,
    may,
)
from credits_pipeline_tests.finops.conftest import ANN
from credits_pipeline_tests.finops.typed import Bills

__all__ = ["bills", "filled_bills"]


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, list(arguments))


@pytest.fixture
def wing(bills: Bills, monkeypatch: pytest.MonkeyPatch) -> Bills:
    monkeypatch.setenv("FINOPS_STORAGE", str(bills.storage))
    with open_decisions() as decisions:
        decisions.put("allocation_model", "teams", TEAMS, by=ANN, expected=None)
        for id_, body in OWNERS.items():
            decisions.put("statement_owner", id_, body, by=ANN, expected=None)
    return bills


def test_screen_json_csv_and_journal_say_the_same(wing: Bills) -> None:
    screen = run("chargeback", "--month", "2026-05")
    assert screen.exit_code == 0, screen.output
    assert "$25.73" in screen.stdout
    assert "it adds up" in screen.stderr
    told = json.loads(run("chargeback", "--month", "2026-05", "--json").stdout)
    assert told["adds_up"] is True
    (usd,) = [one for one in told["currencies"] if one["currency"] == "USD"]
    totals = {one["owner"]: Decimal(one["total"]) for one in usd["owners"]}
    assert totals == {
        "search": Decimal("25.73"), "shop": Decimal("36.18"), "core": 0, None: Decimal("0.11"),
    }  # fmt: skip
    lines = csv.DictReader(io.StringIO(run("chargeback", "--month", "2026-05", "--csv").stdout))
    amounts = [Decimal(one["amount"]) for one in lines if one["currency"] == "USD"]
    assert sum(amounts) == sum(totals.values()) == Decimal(usd["total"])
    journal = run("chargeback", "--month", "2026-05", "--journal").stdout
    assert "2026-05-31,2026-05,CC-7,6400,search,Cloud costs 2026-05,25.73,,USD" in journal


def test_one_team_s_pdf_is_written_where_it_is_asked_for(wing: Bills, tmp_path: Path) -> None:
    file = tmp_path / "search.pdf"
    done = run("chargeback", "--month", "2026-05", "--team", "search", "--pdf", "--to", str(file))
    assert done.exit_code == 0, done.output
    first = file.read_bytes()
    assert first.startswith(b"%PDF-")
    run("chargeback", "--month", "2026-05", "--team", "search", "--pdf", "--to", str(file))
    assert file.read_bytes() == first


def test_a_month_is_closed_adjusted_and_opened_again(wing: Bills) -> None:
    done = run("close", "--month", "2026-05", "--why", "agreed", "--json")
    assert done.exit_code == 0, done.output
    closed = json.loads(done.stdout)
    again = run("close", "--month", "2026-05")
    assert (again.exit_code, "is there already" in again.stderr) == (1, True)
    wing.bills["aws", "2026-05"] = wing.bills["aws", "2026-05"]
    wing.put("aws", "2026-05", may("40.333333333333333333"), version="v2")
    wing.publish()
    told = json.loads(run("chargeback", "--month", "2026-05", "--json").stdout)
    assert (told["state"], told["statement"]) == ("closed", closed["statement"])
    june = json.loads(run("chargeback", "--month", "2026-06", "--json").stdout)
    adjusted = [Decimal(one["amount"]) for one in june["currencies"][0]["adjustments"]]
    assert sum(adjusted) == 10
    assert run("reopen", "--month", "2026-05").exit_code == 2
    assert run("reopen", "--month", "2026-05", "--why", "too early").exit_code == 0
    assert json.loads(run("chargeback", "--month", "2026-05", "--json").stdout)["state"] == (
        "reopened"
    )
    assert run("reopen", "--month", "2026-05", "--why", "again").exit_code == 1


def test_a_quarter_is_added_up(wing: Bills, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FINOPS_FISCAL_YEAR", "5")
    done = run("chargeback", "--month", "2026-06", "--over", "quarter", "--json")
    told = json.loads(done.stdout)
    assert (told["span"], told["stated"]) == ("Q1 of FY2027", ["2026-05", "2026-06", "2026-07"])
    usd = {one["owner"]: one["total"] for one in told["owners"] if one["currency"] == "USD"}
    assert usd == {"search": "30.73", "shop": "42.18", "core": "0.00", None: "0.11"}


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--month", "May"), "is not a month"),
        (("--month", "2020-01"), "There is no bill for 2020-01"),
        (("--month", "2026-05", "--model", "x"), "there is no allocation model 'x'"),
        (("--month", "2026-05", "--team", "x"), "owes nothing in 2026-05"),
        (("--month", "2026-05", "--csv", "--json"), "several answers"),
        (("--month", "2026-05", "--over", "decade"), "is not one of month"),
    ],
)
def test_what_can_not_be_carried_out_ends_with_2_and_the_reason(
    wing: Bills, arguments: tuple[str, ...], says: str
) -> None:
    done = run("chargeback", *arguments)
    assert (done.exit_code, says in done.stderr) == (2, True), done.output


def test_something_that_needs_attention_ends_with_1(wing: Bills) -> None:
    with open_decisions() as decisions:
        rules = {"rules": [{"to": "serach"}]}
        decisions.put("allocation_model", "typo", rules, by=ANN, expected=None)
    done = run("chargeback", "--month", "2026-05", "--model", "typo")
    assert (done.exit_code, "'serach' is in no bill" in done.stderr) == (1, True)
    assert run("close", "--month", "2026-05", "--model", "typo").exit_code == 1


def test_tables_are_kept_and_the_statement_follows_them(wing: Bills, tmp_path: Path) -> None:
    (tmp_path / "rates.csv").write_text("month,from,to,rate\n2026-05,EUR,USD,2\n")
    (tmp_path / "uses.csv").write_text("month,owner,value\n2026-05,search,1\n2026-05,shop,3\n")
    (tmp_path / "owners.csv").write_text(
        "kind,name,cost_centre,gl_account,addresses\nteam,shop,CC-9,6500,\n"
    )
    assert run("allocation", "rates", "ecb", str(tmp_path / "rates.csv")).exit_code == 0
    assert run("allocation", "metric", "uses", str(tmp_path / "uses.csv")).exit_code == 0
    assert run("allocation", "owners", str(tmp_path / "owners.csv")).exit_code == 0
    assert run("allocation", "owners", str(tmp_path / "owners.csv")).exit_code == 0
    model = {
        "rules": [{"by": "team"}, {"when": {"charge": "Tax"}, "pool": "tax"}],
        "pools": [{"name": "tax", "split": "metric", "metric": "uses"}],
        "convert": "USD",
        "rates": "ecb",
    }
    with open_decisions() as decisions:
        decisions.put("allocation_model", "metric", model, by=ANN, expected=None)
    told = json.loads(run("chargeback", "--month", "2026-05", "--model", "metric", "--json").stdout)
    (usd,) = told["currencies"]
    assert [one["rate"] for one in usd["invoices"]] == ["2", "1"]
    parts = {part["owner"]: part["amount"] for part in usd["shared"][0]["parts"]}
    assert parts == {"search": "0.75", "shop": "2.25"}
    listed = json.loads(run("allocation", "list", "--json").stdout)
    assert listed["statement_owner"]["team:shop"]["gl_account"] == "6500"
    (tmp_path / "rates.csv").write_text("month,from,to,rate\n2026-05,EUR,USD,much\n")
    done = run("allocation", "rates", "ecb", str(tmp_path / "rates.csv"))
    assert (done.exit_code, "Line 2, rate: 'much'" in done.stderr) == (2, True)
