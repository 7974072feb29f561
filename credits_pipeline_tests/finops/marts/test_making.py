"""A month's marts equal its rows to the last digit, whatever the order and parts of the rows."""

import json
import random
from decimal import Context, Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from credits_pipeline.finops.marts.columns import COSTS
from credits_pipeline.finops.marts.duck import DuckDBEngine
from credits_pipeline.finops.marts.engine import EngineError
from credits_pipeline.finops.marts.making import Rows, is_made, make
from credits_pipeline.finops.marts.sums import SumCheck
from credits_pipeline_tests.finops.typed import Bills, row, write

EXACT = Context(prec=100)
AMOUNTS = st.decimals(
    min_value=Decimal("-1e15"), max_value=Decimal("1e15"), places=18, allow_nan=False
)
ROWS = st.lists(
    st.fixed_dictionaries(
        {
            "BilledCost": AMOUNTS,
            "EffectiveCost": AMOUNTS,
            "ListCost": st.none() | AMOUNTS,
            "ContractedCost": st.none() | AMOUNTS,
            "SubAccountId": st.sampled_from(["111", "222", None]),
            "ServiceName": st.sampled_from(["Machines", "Storage", "", None]),
            "ChargeCategory": st.sampled_from(["Usage", "Purchase", "Tax", "Credit", "Adjustment"]),
            "CommitmentDiscountId": st.sampled_from([None, "sp-1", "ri-2"]),
            "BillingCurrency": st.sampled_from(["USD", "EUR"]),
            "ResourceId": st.sampled_from([None, "i-1", "i-2"]),
            "charge_date": st.sampled_from(["2024-02-28", "2024-02-29", "2024-03-01"]),
            "tag_team": st.sampled_from([None, "core", " core", "команда", "=1+1"]),
        }
    ),
    max_size=40,
)


def summed(rows: list[dict[str, Any]], cost: str, currency: str) -> Decimal:
    total = Decimal(0)
    for one in rows:
        if one["BillingCurrency"] == currency:
            total = EXACT.add(total, Decimal(one[cost] or 0))
    return total


def read(bills: Bills, mart: str, month: str = "2024-02") -> list[tuple[Any, ...]]:
    kept = bills.shelf.current(mart, "aws", month)
    assert kept is not None
    with duckdb.connect() as connection:
        return connection.execute(
            f"SELECT * FROM '{bills.shelf.file(kept)}' ORDER BY ALL"
        ).fetchall()


@settings(
    max_examples=6,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(rows=ROWS, seed=st.integers(0, 9))
def test_sums_are_those_of_the_rows_and_never_depend_on_order_or_parts(
    tmp_path_factory: pytest.TempPathFactory, rows: list[dict[str, Any]], seed: int
) -> None:
    typed = [row(**one) for one in rows]
    one, other = (Bills(tmp_path_factory.mktemp("wing")) for _ in range(2))
    made = one.put("aws", "2024-02", typed)
    shuffled = random.Random(seed).sample(typed, len(typed))  # noqa: S311 - an order, no secret
    again = other.put("aws", "2024-02", shuffled, parts=3)
    assert made.holds
    assert again.holds
    assert made.checks == again.checks
    for mart in one.catalogue:
        assert read(one, mart.name) == read(other, mart.name)
    daily = next(check for check in made.checks if check.mart == "spend_daily")
    for currency, sums in daily.sums.items():
        for focus, ours in COSTS.items():
            assert Decimal(sums.get(ours, 0)) == summed(typed, focus, currency)
    assert sum(int(sums["line_items"]) for sums in daily.sums.values()) == len(typed)


def test_a_month_without_rows_has_marts_without_rows(tmp_path: Path) -> None:
    bills = Bills(tmp_path)
    made = bills.put("aws", "2024-02", [])
    assert made.holds
    assert read(bills, "spend_daily") == []


def test_a_mart_that_does_not_sum_to_its_rows_never_counts(tmp_path: Path) -> None:
    bills = Bills(tmp_path)
    bills.put("aws", "2024-02", [row("1")])
    before = bills.shelf.current("spend_daily", "aws", "2024-02")
    assert before is not None

    class Losing(DuckDBEngine):
        """An engine that forgets a row, as a lossy type would forget a digit."""

        def run(self, text: str, into: str) -> None:
            super().run(text, into)
            self._connection.execute(f"DELETE FROM \"{into}\" WHERE service_name = 'Lost'")

    typed = write(
        tmp_path / "x.parquet", [row("2"), row("0.000000000000000001", ServiceName="Lost")]
    )
    with DuckDBEngine.opened(tmp_path) as opened:
        engine = Losing(opened._connection)
        made = make(engine, bills.shelf, bills.catalogue, Rows("aws", "2024-02", "v2", (typed,)))
    assert not made.holds
    assert "the mart is USD billed 2.00" in made.checks[-1].says
    assert "2.000000000000000001" in made.checks[-1].says
    assert bills.shelf.current("spend_daily", "aws", "2024-02") == before
    # Nothing of it disturbs a run that counts correctly.
    with DuckDBEngine.opened(tmp_path) as engine:
        rows = Rows("aws", "2024-02", "v2", (typed,))
        assert make(engine, bills.shelf, bills.catalogue, rows).holds
        assert is_made(bills.shelf, bills.catalogue, rows)


def test_the_same_rows_are_not_computed_again(tmp_path: Path) -> None:
    bills = Bills(tmp_path)
    bills.put("aws", "2024-02", [row("1")])
    first = bills.shelf.file(bills.shelf.current("spend_daily", "aws", "2024-02"))  # type: ignore[arg-type]
    written = first.stat().st_mtime_ns
    bills.put("aws", "2024-02", [row("1")])
    assert first.stat().st_mtime_ns == written


def test_a_file_that_was_changed_on_the_disk_is_noticed_and_made_again(tmp_path: Path) -> None:
    bills = Bills(tmp_path)
    bills.put("aws", "2024-02", [row("1")])
    kept = bills.shelf.current("spend_daily", "aws", "2024-02")
    assert kept is not None
    file = bills.shelf.file(kept)
    with duckdb.connect() as connection:
        connection.execute(
            f"COPY (SELECT * REPLACE (billed_cost + 1 AS billed_cost) FROM '{file}') "
            f"TO '{file}.x' (FORMAT parquet)"
        )
    Path(f"{file}.x").replace(file)
    assert bills.put("aws", "2024-02", [row("1")]).holds
    assert [line[-5:] for line in read(bills, "spend_daily")] == [(1, 1, 1, 1, 1)]
    file.write_bytes(b"half a fi")
    assert bills.put("aws", "2024-02", [row("1")]).holds
    assert [line[-5:] for line in read(bills, "spend_daily")] == [(1, 1, 1, 1, 1)]


def test_a_tag_that_was_no_column_when_the_rows_were_typed_is_read_from_their_tags(
    tmp_path: Path,
) -> None:
    bills = Bills(tmp_path, tags=("team", "owner"))
    tagged = {"Owner ": "ana", "team": "core"}
    bills.put("aws", "2024-02", [row("1", tags=json.dumps(tagged)), row("2")])
    kept = bills.shelf.current("spend_daily", "aws", "2024-02")
    assert kept is not None
    with duckdb.connect() as connection:
        found = connection.execute(
            f"SELECT tag_owner, billed_cost FROM '{bills.shelf.file(kept)}' ORDER BY 2"
        ).fetchall()
    assert found == [("ana", 1), (None, 2)]


def test_rows_that_lost_a_column_are_named(tmp_path: Path) -> None:
    bills = Bills(tmp_path)
    file = write(tmp_path / "typed.parquet", [row()], without=["BilledCost"])
    with (
        DuckDBEngine.opened(tmp_path) as engine,
        pytest.raises(EngineError, match=r"typed.parquet has no column BilledCost. What to do"),
    ):
        make(engine, bills.shelf, bills.catalogue, Rows("aws", "2024-02", "v1", (file,)))


def test_types_of_files_are_stated_and_not_the_engine_s(tmp_path: Path) -> None:
    bills = Bills(tmp_path)
    bills.put("aws", "2024-02", [row()])
    for mart in bills.catalogue:
        kept = bills.shelf.current(mart.name, "aws", "2024-02")
        assert kept is not None
        with duckdb.connect() as connection:
            found = connection.execute(f"DESCRIBE FROM '{bills.shelf.file(kept)}'").fetchall()
        types = {name: kind.replace(",", ", ") for name, kind, *_ in found}
        assert types == {column.name: column.type for column in mart.columns}


def test_what_a_check_says_has_both_sides() -> None:
    check = SumCheck("credits", {}, {"USD": {"billed_cost": "1.00", "line_items": "1"}})
    assert not check.holds
    assert "the rows are USD none" in check.says
    assert "the mart is USD billed 1.00, effective not stated" in check.says
