"""CSV files become typed rows, exactly, or a fault that names file, row, column and text."""

from datetime import date, datetime
from decimal import ROUND_HALF_UP, Context, Decimal
from functools import reduce
from pathlib import Path

import hypothesis.strategies as st
import pytest
from hypothesis import HealthCheck, given, settings

from credits_pipeline.finops.focus import TYPED_COLUMNS
from credits_pipeline.finops.ingest import TagColumn
from credits_pipeline.finops.lake import Lake, open_lake
from credits_pipeline_tests.finops.bills import (
    MAY,
    charge,
    credit,
    csv_text,
    failed,
    folder_source,
    packed,
    put,
    rows_of,
    take_in,
)


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return open_lake(str(tmp_path / "lake"))


def test_a_folder_with_one_file_becomes_a_version_that_counts(tmp_path: Path, lake: Lake) -> None:
    source = folder_source(tmp_path / "bills", [charge(), charge(day=4), credit("-0.75")])
    done = take_in(source, lake, run_id="run-1")
    assert (done.outcome, done.ok) == ("published", True)
    version = lake.current(source.name, MAY)
    assert version == done.version
    assert version is not None
    assert version.totals == {
        "USD": {
            "BilledCost": "2.25",
            "EffectiveCost": "1.75",
            "ListCost": "3.25",
            "ContractedCost": "2.75",
        }
    }
    assert (version.rows, version.rounded_rows, version.run_id) == (3, 0, "run-1")
    assert version.focus_version == "1.2"
    assert lake.sources() == [source.name]
    assert lake.months(source.name) == [MAY]
    (row, *_) = rows_of(lake, version)
    assert row["BilledCost"] == Decimal("1.5")
    assert row["ChargePeriodStart"] == datetime(2026, 5, 3)  # noqa: DTZ001 - kept without a zone
    assert row["charge_date"] == date(2026, 5, 3)
    assert row["SubAccountId"] == "444455556666"
    assert (row["source"], row["provider"], row["billing_month"]) == ("folder", "aws", "2026-05")
    assert (row["tag_team"], row["tag_product"], row["tag_environment"]) == ("shop", "web", None)
    assert (row["file"], row["file_row"], row["rounded"]) == ("2026-05.csv", 1, False)


def test_the_columns_are_fixed_whatever_a_file_has(tmp_path: Path, lake: Lake) -> None:
    import duckdb

    short = [{name: charge()[name] for name in list(charge())[:16]}]
    done = take_in(
        folder_source(tmp_path / "bills", short), lake, tags=(TagColumn("squad", ("squad",)),)
    )
    assert done.version is not None
    (path,) = lake.parquet(done.version)
    found = duckdb.sql(f"DESCRIBE SELECT * FROM read_parquet('{path}')").fetchall()
    assert [(each[0], each[1]) for each in found] == [*TYPED_COLUMNS, ("tag_squad", "VARCHAR")]


def test_the_same_delivery_changes_nothing_the_second_time(tmp_path: Path, lake: Lake) -> None:
    source = folder_source(tmp_path / "bills", [charge()])
    first = take_in(source, lake)
    again = take_in(source, lake)
    assert again.outcome == "unchanged"
    assert again.version == first.version
    assert again.checks == first.checks
    assert len(lake.versions(source.name, MAY)) == 1


def test_other_tag_keys_type_the_month_again(tmp_path: Path, lake: Lake) -> None:
    source = folder_source(tmp_path / "bills", [charge(Tags='{"owner": "x"}')])
    take_in(source, lake)
    done = take_in(source, lake, tags=(TagColumn("team", ("team", "owner")),))
    assert done.outcome == "published"
    assert rows_of(lake, done.version, "tag_team")[0]["tag_team"] == "x"


@settings(
    max_examples=6,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    amounts=st.lists(
        st.decimals(min_value=-(10**15), max_value=10**15, places=20, allow_nan=False),
        min_size=1,
        max_size=200,
    )
)
def test_money_is_exact_and_what_is_rounded_is_counted(
    tmp_path: Path, amounts: list[Decimal]
) -> None:
    folder = tmp_path / str(len(list(tmp_path.iterdir())))
    lake = open_lake(str(folder / "lake"))
    rows = [charge(BilledCost=f"{amount:f}") for amount in amounts]
    done = take_in(folder_source(folder / "bills", rows), lake)
    wide = Context(prec=60, rounding=ROUND_HALF_UP)
    kept = [wide.quantize(amount, Decimal("1e-18")) for amount in amounts]
    assert done.version is not None
    assert [row["BilledCost"] for row in rows_of(lake, done.version, "*")] == kept
    assert done.version.rounded_rows == sum(a != b for a, b in zip(amounts, kept, strict=True))
    total = reduce(wide.add, kept)
    assert Decimal(done.version.totals["USD"]["BilledCost"]) == total
    assert ("money_is_exact" in failed(done)) == (done.version.rounded_rows > 0)


def test_amounts_are_read_however_they_are_written(tmp_path: Path, lake: Lake) -> None:
    written = {
        "1e-7": "0.0000001", " 1.5 ": "1.5", ".5": "0.5", "-0": "0", "1E3": "1000",
        "0000012.5000": "12.5", "+3": "3", "-1.5e-18": "-0.000000000000000002",
    }  # fmt: skip
    rows = [charge(BilledCost=text) for text in written]
    done = take_in(folder_source(tmp_path / "bills", rows), lake)
    kept = [row["BilledCost"] for row in rows_of(lake, done.version)]
    assert kept == [Decimal(value) for value in written.values()]


BAD_CELLS = [
    ("BilledCost", "12,50"), ("BilledCost", "1x5"), ("EffectiveCost", "nan"), ("ListCost", "inf"),
    ("ContractedCost", "$5"), ("BilledCost", "1234567890123456789"), ("ListUnitPrice", "free"),
    ("BillingPeriodStart", "May"), ("ChargePeriodStart", "2026-13-01T00:00:00Z"),
    ("ChargePeriodEnd", "2026-02-30"), ("BilledCost", "=1+1"), ("BilledCost", "1.5.2"),
    ("BilledCost", "x" * 100),
]  # fmt: skip


def test_a_bad_cell_is_named_by_file_row_column_and_text(tmp_path: Path, lake: Lake) -> None:
    good = charge(ListUnitPrice="1", ChargeDescription="secret of somebody")
    rows = [row for column, text in BAD_CELLS for row in (good, {**good, column: text})]
    done = take_in(folder_source(tmp_path / "bills", rows), lake)
    assert (done.outcome, done.version) == ("refused", None)
    check = failed(done)["cells_have_their_types"]
    assert check.cases == tuple(
        f"2026-05.csv, row {2 * at}, column {column}: {text[:60]!r}{'…' * (len(text) > 60)}"
        for at, (column, text) in enumerate(BAD_CELLS, start=1)
    )
    assert "2026-05.csv has 13 cells that can't be read" in check.says
    assert "What to do" in check.says
    assert "secret" not in str(check)


def test_every_bad_cell_is_counted_and_the_first_are_shown(tmp_path: Path, lake: Lake) -> None:
    rows = [charge(BilledCost="?" if n % 2 else "1") for n in range(100)]
    check = failed(take_in(folder_source(tmp_path / "bills", rows), lake))["cells_have_their_types"]
    assert check.numbers["faults"] == 50
    assert len(check.cases) == 20
    assert check.cases[1] == "2026-05.csv, row 4, column BilledCost: '?'"


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("1,2", "too few cells"),
        ("1" + ",2" * 40, "too many cells"),
        ('"a"b,' + "1," * 18 + "1", "quote"),
        ('"never ends', "quote"),
    ],
)
def test_a_broken_line_is_named_by_its_row(
    tmp_path: Path, lake: Lake, line: str, said: str
) -> None:
    source = folder_source(tmp_path / "bills", [charge()])
    put(tmp_path / "bills/2026-05.csv", csv_text([charge()]) + line + "\r\n")
    done = take_in(source, lake)
    check = failed(done)["cells_have_their_types"]
    assert "2026-05.csv, row 2" in check.cases[0]
    assert said in check.cases[0]


@pytest.mark.parametrize(
    ("delimiter", "ending", "mark"),
    [(",", "\n", "\ufeff"), (";", "\r\n", ""), ("\t", "\n", ""), ("|", "\r\n", "\ufeff")],
)
def test_writers_habits_make_no_difference(
    tmp_path: Path, lake: Lake, delimiter: str, ending: str, mark: str
) -> None:
    rows = [charge(ChargeDescription='two\nlines, "quoted"; and | more\t'), charge(day=4)]
    text = mark + csv_text(rows, delimiter=delimiter, lineterminator=ending)
    source = folder_source(tmp_path / "bills", rows)
    put(tmp_path / "bills/2026-05.csv", text)
    done = take_in(source, lake)
    assert done.outcome == "published"
    first, second = rows_of(lake, done.version)
    assert first["ChargeDescription"] == 'two\nlines, "quoted"; and | more\t'
    assert (first["file_row"], second["file_row"], second["charge_date"].day) == (1, 2, 4)


def test_literal_null_and_nothing_are_null(tmp_path: Path, lake: Lake) -> None:
    row = charge(ChargeDescription="NULL", ServiceSubcategory="", ListUnitPrice="NULL", Tags="NULL")
    done = take_in(folder_source(tmp_path / "bills", [row]), lake)
    (kept,) = rows_of(lake, done.version)
    names = ("ChargeDescription", "ServiceSubcategory", "ListUnitPrice", "tags")
    assert [kept[name] for name in names] == [None] * 4


def test_times_are_utc_whatever_their_zone(tmp_path: Path, lake: Lake) -> None:
    evening = datetime(2026, 5, 3, 22)  # noqa: DTZ001 - kept without a zone
    midnight = datetime(2026, 5, 3)  # noqa: DTZ001 - as above
    written = {
        "2026-05-03T22:00:00Z": evening,
        "2026-05-03 22:00:00": evening,
        "2026-05-03T22:00Z": evening,
        "2026-05-03T22:00:00.000Z": evening,
        "2026-05-04T01:00:00+03:00": evening,
        "2026-05-03T17:00:00-05:00": evening,
        "2026-05-03": midnight,
    }
    rows = [charge(ChargePeriodStart=text) for text in written]
    done = take_in(folder_source(tmp_path / "bills", rows), lake)
    kept = rows_of(lake, done.version)
    assert [row["ChargePeriodStart"] for row in kept] == list(written.values())
    assert {row["charge_date"] for row in kept} == {date(2026, 5, 3)}


def test_unknown_columns_are_kept_and_no_name_of_theirs_is_sql(tmp_path: Path, lake: Lake) -> None:
    hostile = "x\"; DROP TABLE x; -- '); COPY (SELECT 1) TO '/tmp/x'"
    rows = [charge(x_Discounts="0.5", **{hostile: "it's"}), charge(x_Discounts="")]
    done = take_in(folder_source(tmp_path / "bills", rows), lake)
    import json

    first, second = rows_of(lake, done.version, "*")
    assert json.loads(first["x_columns"]) == {"x_Discounts": "0.5", hostile: "it's"}
    assert second["x_columns"] is None


def test_a_gzip_of_several_members_is_read_whole(tmp_path: Path, lake: Lake) -> None:
    rows = [charge(), charge(day=4)]
    whole = csv_text(rows)
    middle = len(whole) // 2
    source = folder_source(tmp_path / "bills", rows)
    (tmp_path / "bills/2026-05.csv").unlink()
    put(
        tmp_path / "bills/2026-05.csv.gz",
        packed(whole[:middle]) + packed(whole[middle:]) + b"\0" * 9,
    )
    done = take_in(source, lake)
    assert done.rows == 2


def test_a_month_may_be_a_folder_of_files_with_other_columns(tmp_path: Path, lake: Lake) -> None:
    source = folder_source(tmp_path / "bills", [charge()])
    (tmp_path / "bills/2026-05.csv").unlink()
    put(tmp_path / "bills/2026-05/a.csv.gz", packed(csv_text([charge(BilledCost="1")])))
    wider = [charge(BilledCost="2", AllocatedMethodId="m", ServiceProviderName="Oracle")]
    put(tmp_path / "bills/2026-05/b.csv", csv_text(wider))
    done = take_in(source, lake)
    assert done.version is not None
    assert [part.rows for part in done.version.parts] == [1, 1]
    assert done.version.focus_version == "1.3"
    kept = rows_of(lake, done.version)
    assert [(row["file"], row["AllocatedMethodId"], row["provider"]) for row in kept] == [
        ("a.csv.gz", None, "aws"), ("b.csv", "m", "oci"),
    ]  # fmt: skip
