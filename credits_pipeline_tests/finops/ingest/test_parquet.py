"""Parquet in the shapes of three clouds, and Google's credits separated from their charges."""

from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Context, Decimal
from pathlib import Path

import hypothesis.strategies as st
import pytest
from hypothesis import HealthCheck, given, settings

from credits_pipeline.finops.lake import Lake, open_lake
from credits_pipeline_tests.finops.bills import (
    MAY,
    Source,
    aged,
    charge,
    failed,
    rows_of,
    take_in,
    write_parquet,
)


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return open_lake(str(tmp_path / "lake"))


def focus_select(values: str = "(VALUES (1))", **expressions: str) -> str:
    """A SELECT of ordinary charges, with some columns as SQL over ``t(v)``."""
    cells = {name: f"'{value}'" for name, value in charge().items()}
    cells |= {name: f"CAST({cells[name]} AS TIMESTAMPTZ)" for name in cells if "Period" in name}
    cells |= expressions
    columns = ", ".join(f'{sql} AS "{name}"' for name, sql in cells.items())
    return f"SELECT {columns} FROM {values} t(v)"


@settings(
    max_examples=4,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    doubles=st.lists(
        st.floats(-1e12, 1e12, allow_nan=False)
        | st.integers(-(10**12), 10**12).map(lambda n: n / 1e4),
        min_size=1,
        max_size=200,
    )
)
def test_a_double_is_kept_as_its_shortest_text(tmp_path: Path, doubles: list[float]) -> None:
    folder = tmp_path / str(len(list(tmp_path.iterdir())))
    lake = open_lake(str(folder / "lake"))
    values = ", ".join(f"({value!r}::DOUBLE)" for value in doubles)
    write_parquet(folder / "b/2026-05.parquet", focus_select(f"(VALUES {values})", BilledCost="v"))
    done = take_in(Source("s", "focus", str(folder / "b")), lake)
    wide = Context(prec=60, rounding=ROUND_HALF_UP)
    exact = [Decimal(repr(value)) for value in doubles]
    kept = [wide.quantize(value, Decimal("1e-18")) for value in exact]
    assert [row["BilledCost"] for row in rows_of(lake, done.version)] == kept
    assert done.version is not None
    assert done.version.rounded_rows == sum(a != b for a, b in zip(exact, kept, strict=True))


def test_types_of_many_writers_become_the_same_rows(tmp_path: Path, lake: Lake) -> None:
    shapes = {
        "text": focus_select(),
        "decimal": focus_select(
            BilledCost="1.5::DECIMAL(38,9)", Tags="MAP {'team': 'shop', 'Product': 'web'}"
        ),
        "double": focus_select(
            BilledCost="1.5::DOUBLE",
            Tags="[{'key': 'team', 'value': 'shop'}, {'key': 'Product', 'value': 'web'}]",
        ),
        "numbers": focus_select(SubAccountId="444455556666::BIGINT", BilledCost="1.5::FLOAT"),
        "bytes": focus_select(ServiceName="'Amazon EC2'::BLOB"),
        "times": focus_select(
            ChargePeriodStart="'2026-05-03'::DATE",
            ChargePeriodEnd="'2026-05-03 01:00'::TIMESTAMP_NS",
        ),
        "nulls": focus_select(ResourceId="'NULL'", RegionId="''"),
    }
    for name, select in shapes.items():
        write_parquet(tmp_path / f"b/2026-05/{name}.parquet", select)
    done = take_in(Source("s", "focus", str(tmp_path / "b")), lake)
    assert done.outcome == "published"
    names = (
        '"BilledCost", "SubAccountId", "ServiceName", "ChargePeriodStart", "ChargePeriodEnd", '
        'tag_team, tag_product, "ResourceId", "RegionId", file, file_row'
    )
    kept = [tuple(row.values()) for row in rows_of(lake, done.version, names)]
    assert len({row[:-2] for row in kept}) == 1
    assert {row[-2] for row in kept} == {f"{name}.parquet" for name in shapes}


@pytest.mark.parametrize(
    ("column", "value", "shown"),
    [
        ("BilledCost", "'abc'", "'abc'"), ("BilledCost", "'nan'::DOUBLE", "'nan'"),
        ("EffectiveCost", "1e20::DOUBLE", "'1e+20'"), ("ChargePeriodStart", "'soon'", "'soon'"),
    ],
)  # fmt: skip
def test_a_bad_cell_is_named_by_file_row_column_and_text(
    tmp_path: Path, lake: Lake, column: str, value: str, shown: str
) -> None:
    good = "1::DOUBLE" if "DOUBLE" in value else "NULL"
    select = focus_select(
        "(SELECT * FROM range(5))", **{column: f"CASE WHEN v = 3 THEN {value} ELSE {good} END"}
    )
    write_parquet(tmp_path / "b/2026-05.parquet", select)
    done = take_in(Source("s", "focus", str(tmp_path / "b")), lake)
    check = failed(done)["cells_have_their_types"]
    assert check.cases == (f"2026-05.parquet, row 4, column {column}: {shown}",)


GOOGLE = """
SELECT '01AB-CD' AS billing_account_id, {'id': 'S', 'description': 'Compute Engine'} AS service,
 {'id': 'K-' || k, 'description': 'Core'} AS sku,
 TIMESTAMPTZ '2026-05-02 00:00+00' AS usage_start_time,
 TIMESTAMPTZ '2026-05-02 01:00+00' AS usage_end_time,
 {'id': 'shop', 'name': 'Shop', 'labels': [{'key': 'team', 'value': 'of-project'},
 {'key': 'product', 'value': 'web'}]} AS project,
 [{'key': 'team', 'value': 'shop'}] AS labels,
 {'region': 'europe-west1', 'zone': 'europe-west1-b'} AS location,
 {'name': 'vm', 'global_name': '//compute/vm'} AS resource,
 TIMESTAMPTZ '2026-05-03 00:00+00' AS export_time, cost::DOUBLE AS cost, 'EUR' AS currency,
 {'amount': 3600.0::DOUBLE, 'unit': 'seconds', 'amount_in_pricing_units': 1.0::DOUBLE,
 'pricing_unit': 'hour'} AS usage,
 credits::STRUCT(name VARCHAR, amount DOUBLE, type VARCHAR, id VARCHAR)[] AS credits,
 {'month': '202605'} AS invoice, cost_type, list::DOUBLE AS cost_at_list
FROM (VALUES
 (1, 10.1, 'regular', 12.5, [('Promo', -0.3, 'PROMOTION', 'p'),
  ('CUD', -2.05, 'COMMITTED_USAGE_DISCOUNT', 'c')]),
 (2, 0.2, 'regular', NULL, [('Free', -0.2, 'FREE_TIER', 'f'),
  ('SUD', -0.01, 'SUSTAINED_USAGE_DISCOUNT', 's')]),
 (3, 1.0, 'tax', NULL, []),
 (4, -0.5, 'adjustment', NULL, NULL),
 (5, 7.0, 'regular', 7.0, [('New kind', -1.0, 'SOMETHING_NEW', 'n'),
  ('Nothing', 0.0, 'PROMOTION', 'z')])
) t(k, cost, cost_type, list, credits)
"""


def test_google_s_nested_credits_become_rows_and_nothing_is_lost(
    tmp_path: Path, lake: Lake
) -> None:
    write_parquet(tmp_path / "b/2026-05/x-000000000000.parquet", GOOGLE)
    write_parquet(tmp_path / "b/2026-05/x-000000000001.parquet", f"{GOOGLE} LIMIT 0")
    done = take_in(Source("g", "gcp", str(tmp_path / "b")), lake)
    assert done.outcome == "published", done.checks
    version = done.version
    assert version is not None
    rows = rows_of(lake, version)
    billed = sum(row["BilledCost"] for row in rows)
    costs = Decimal("10.1") + Decimal("0.2") + 1 - Decimal("0.5") + 7
    assert billed == costs - Decimal("0.3") - Decimal("2.05") - Decimal("0.2") - Decimal("0.01") - 1
    granted = [row for row in rows if row["ChargeCategory"] == "Credit"]
    assert sorted(row["BilledCost"] for row in granted) == [-1, Decimal("-0.3"), Decimal("-0.2")]
    for row in granted:
        assert row["BilledCost"] == row["EffectiveCost"] == row["ListCost"] == row["ContractedCost"]
    usage = next(row for row in rows if row["SkuId"] == "K-1" and row["ChargeCategory"] == "Usage")
    assert (usage["BilledCost"], usage["ListCost"], usage["ContractedCost"]) == (
        Decimal("8.05"), Decimal("12.5"), Decimal("10.1"),
    )  # fmt: skip
    assert (usage["tag_team"], usage["tag_product"], usage["SubAccountId"]) == (
        "shop",
        "web",
        "shop",
    )
    assert (usage["RegionId"], usage["provider"], usage["BillingCurrency"]) == (
        "europe-west1", "gcp", "EUR",
    )  # fmt: skip
    assert [row["ChargeCategory"] for row in rows if row["SkuId"] in ("K-3", "K-4")] == [
        "Tax", "Adjustment",
    ]  # fmt: skip
    assert (version.files[0].rows, version.parts[0].rows, version.rows) == (5, 8, 8)


def test_google_s_focus_export_with_numerics_and_repeated_tags_is_read(
    tmp_path: Path, lake: Lake
) -> None:
    select = focus_select(
        "(VALUES ('0.123456789'), ('-1.5'))",
        **dict.fromkeys(
            ("BilledCost", "EffectiveCost", "ListCost", "ContractedCost"), "v::DECIMAL(38,9)"
        ),
        Tags="[{'key': 'team', 'value': 'shop', 'inherited': true}]",
        ProviderName="'Google Cloud'",
        x_Labels="[{'key': 'a', 'value': 'b'}]",
    )
    write_parquet(tmp_path / "b/2026-05/x-000000000000.parquet", select)
    aged(tmp_path / "b", datetime(2026, 6, 3, tzinfo=UTC))
    done = take_in(Source("g", "gcp", str(tmp_path / "b")), lake)
    rows = rows_of(lake, done.version)
    assert [row["BilledCost"] for row in rows] == [Decimal("0.123456789"), Decimal("-1.5")]
    assert rows[0]["tag_team"] == "shop"
    assert rows[0]["x_columns"] == '{"x_Labels":[{"key":"a","value":"b"}]}'
    assert lake.current("g", MAY) == done.version
