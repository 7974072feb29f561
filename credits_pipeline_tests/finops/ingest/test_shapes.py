"""Headers as they occur: marks, camel case, blanks; and exports that are not FOCUS."""

import csv
import io
import re
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest

from credits_pipeline.finops.lake import Lake, open_lake
from credits_pipeline_tests.finops.bills import (
    charge,
    csv_text,
    failed,
    folder_source,
    put,
    rows_of,
    take_in,
)

MARK = "\N{ZERO WIDTH NO-BREAK SPACE}"
#: Spellings of FOCUS's names by different writers.
SPELLINGS: dict[str, Callable[[str], str]] = {
    "as FOCUS has them": str,
    "camel case": lambda name: name[:1].lower() + name[1:],
    "words": lambda name: re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name),
    "snake case": lambda name: re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower(),
    "capitals": str.upper,
    "blanks around": lambda name: f" {name} ",
}
#: Azure's exports from before FOCUS: for an Enterprise Agreement, later ones, and in German.
OLDER = {
    "EA": "InvoiceSectionName,AccountName,SubscriptionId,Date,MeterCategory,Quantity,"
    "EffectivePrice,Cost,UnitPrice,BillingCurrency,BillingPeriodStartDate,BillingPeriodEndDate,Tags",
    "camel case": "invoiceSectionName,accountName,subscriptionId,date,meterCategory,quantity,"
    "effectivePrice,costInBillingCurrency,unitPrice,billingCurrency,billingPeriodStartDate,tags",
    "German": "Abonnement-GUID,Datum,Verbrauchskategorie,Verbrauchte Menge,Ressourcentarif,"
    "Gesamtkosten,Währung,Dienstname,Region der Ressource,Tags",
}


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return open_lake(str(tmp_path / "lake"))


@pytest.mark.parametrize("marks", ["", MARK, MARK * 2], ids=["bare", "marked", "marked twice"])
@pytest.mark.parametrize("spelling", SPELLINGS)
def test_a_header_means_the_same_however_it_is_spelled(
    tmp_path: Path, lake: Lake, spelling: str, marks: str
) -> None:
    rows = [charge(), charge(day=4, BilledCost="0.1")]
    first, _, rest = csv_text(rows).partition("\r\n")
    names = [SPELLINGS[spelling](name) for name in next(csv.reader([first]))]
    out = io.StringIO()
    csv.writer(out, lineterminator="\r\n").writerow(names)
    source = folder_source(tmp_path / "bills", rows)
    put(tmp_path / "bills/2026-05.csv", marks + out.getvalue() + rest)
    done = take_in(source, lake)
    assert done.outcome == "published", done.checks
    kept = rows_of(lake, done.version)
    assert [row["BilledCost"] for row in kept] == [Decimal("1.5"), Decimal("0.1")]
    assert {row["tag_team"] for row in kept} == {"shop"}
    assert {row["x_columns"] for row in kept} == {None}


@pytest.mark.parametrize("marks", ["", MARK], ids=["bare", "marked"])
@pytest.mark.parametrize("delimiter", [",", ";"])
@pytest.mark.parametrize("older", OLDER)
def test_an_export_that_is_not_focus_is_refused_with_what_it_lacks(
    tmp_path: Path, lake: Lake, older: str, delimiter: str, marks: str
) -> None:
    source = folder_source(tmp_path / "bills", [charge()])
    header = OLDER[older].replace(",", delimiter)
    line = delimiter.join("1" for _ in OLDER[older].split(","))
    put(tmp_path / "bills/2026-05.csv", f"{marks}{header}\r\n{line}\r\n")
    done = take_in(source, lake)
    check = failed(done)["columns_are_there"]
    assert done.outcome == "refused"
    assert "BilledCost" in check.says
    assert OLDER[older].split(",")[0] in check.says
    assert "It must be a FOCUS export" in check.says


@pytest.mark.parametrize("amount", ["1,5", "1.234,50", "1.5 €"])
def test_an_amount_of_another_tongue_is_named_and_never_guessed(
    tmp_path: Path, lake: Lake, amount: str
) -> None:
    """A German spreadsheet that saves a bill writes semicolons and decimal commas."""
    rows = [charge(), charge(BilledCost=amount)]
    source = folder_source(tmp_path / "bills", rows)
    put(tmp_path / "bills/2026-05.csv", MARK + csv_text(rows, delimiter=";"))
    check = failed(take_in(source, lake))["cells_have_their_types"]
    assert check.cases == (f"2026-05.csv, row 2, column BilledCost: {amount!r}",)


@pytest.mark.parametrize("column", ["BilledCost", "BillingCurrency", "SubAccountId", "Tags"])
@pytest.mark.parametrize("spelling", SPELLINGS)
@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_a_column_that_is_there_twice_is_refused_with_both_its_names(
    tmp_path: Path, lake: Lake, column: str, spelling: str, form: str
) -> None:
    again = SPELLINGS[spelling](column)
    source = folder_source(tmp_path / "bills", [charge()])
    if form == "csv":
        first, _, rest = csv_text([charge()]).partition("\r\n")
        put(tmp_path / "bills/2026-05.csv", f"{first},{again}\r\n{rest.rstrip()},7\r\n")
    else:
        import polars as pl

        if again == column:
            again += " "  # no writer accepts a name twice
        (tmp_path / "bills/2026-05.csv").unlink()
        cells = {**{name: str(cell) for name, cell in charge().items()}, again: "7"}
        pl.DataFrame({name: [cell] for name, cell in cells.items()}).write_parquet(
            tmp_path / "bills/2026-05.parquet"
        )
    done = take_in(source, lake)
    assert done.outcome == "refused"
    says = failed(done)["columns_are_there"].says
    assert f"2 columns that are {column} ({column!r}, {again!r}), and which" in says.replace(
        f"{again.strip()!r})", f"{again!r})"
    )
