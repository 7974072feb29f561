"""``invoices`` on the command line, and how it changes ``ingest``."""

import json
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from typer.testing import CliRunner

from credits_pipeline.cli import app
from credits_pipeline.cli.invoices import _text
from credits_pipeline_tests.finops.bills import MAY, charge, csv_text, put

run = CliRunner().invoke


@pytest.fixture(autouse=True)
def bill(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("FINOPS_STORAGE", str(tmp_path / "finops"))
    day = datetime(2026, 5, 2, tzinfo=UTC)
    rows = [charge(BilledCost="61.10", InvoiceId="I-7", ChargePeriodStart=day)]
    put(tmp_path / f"bills/{MAY}.csv", csv_text(rows))
    place = str(tmp_path / "bills")
    added = run(app, ["sources", "add", "saas", "--provider", "focus", "--location", place])
    assert added.exit_code == 0, added.output


def state(total: str) -> None:
    said = run(app, ["invoices", "state", "saas", "I-7", "--month", "2026-05", "--total", total])
    assert said.exit_code == 0, said.output
    assert "ingest --source saas --month 2026-05" in said.stderr


def listed() -> dict[str, str | None]:
    (found,) = json.loads(run(app, ["invoices", "list", "--json"]).stdout)["invoices"]
    return {name: found[name] for name in ("total", "billed", "difference")}


def test_a_wrong_bill_is_held_back_until_it_is_accepted_or_the_paper_corrected() -> None:
    state("61.00")
    ingest = ["ingest", "--source", "saas", "--month", "2026-05"]
    refused = run(app, ingest)
    assert refused.exit_code == 1
    assert "a difference of 0.10" in " ".join(refused.stderr.split())
    assert listed() == {"total": "61.00", "billed": None, "difference": None}
    assert run(app, [*ingest, "--accept", "totals_match_invoices"]).exit_code == 0
    assert listed() == {"total": "61.00", "billed": "61.1", "difference": "0.1"}
    shown = run(app, ["invoices", "list"])
    assert shown.exit_code == 1
    assert "I-7" in shown.stdout
    state("61.10")
    assert run(app, ["invoices", "list"]).exit_code == 0
    assert run(app, ["invoices", "remove", "saas", "I-7", "--month", "2026-05"]).exit_code == 0
    assert json.loads(run(app, ["invoices", "list", "--json"]).stdout) == {"invoices": []}


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (["invoices", "state", "x", "I", "--month", "2026-05", "--total", "1"], 1, "no source 'x'"),
        (["invoices", "state", "saas", "I", "--month", "2026-05", "--total", "1,5"], 2, "amount"),
        (["invoices", "state", "saas", "I", "--month", "2026-05", "--total", "1",
          "--currency", "$"], 2, "a code such as USD"),
        (["invoices", "remove", "saas", "I", "--month", "2026-05"], 1, "nobody has stated"),
        (["ingest", "--accept", "no_such_check"], 2, "There is no check 'no_such_check'"),
        (["ingest", "--accept", "totals_match_invoices"], 2, "name its --source and its --month"),
    ],
)  # fmt: skip
def test_what_can_t_be_done_is_reported(arguments: list[str], code: int, says: str) -> None:
    done = run(app, arguments)
    assert done.exit_code == code, done.output
    assert says in " ".join(done.stderr.split())


@pytest.mark.parametrize(
    ("amount", "told"),
    [
        (Decimal(1000), "1000"),
        (Decimal("1E+3"), "1000"),
        (Decimal("0E-18"), "0"),
        (Decimal("-0.10"), "-0.1"),
        (Decimal("123456789012345678.123456789012345678"), "123456789012345678.123456789012345678"),
        (None, None),
    ],
)
def test_an_amount_is_shown_to_its_last_digit(amount: Decimal | None, told: str | None) -> None:
    assert _text(amount) == told
