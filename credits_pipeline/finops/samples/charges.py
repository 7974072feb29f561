"""Every charge of the sample bills, computed in DuckDB: whole numbers and decimals, never a float.

The noise of a day is a hash of seed, resource and day, so nothing depends on the order of rows, on
the number of days, or on the machine.
"""

import csv
import tempfile
from collections.abc import Iterable
from dataclasses import astuple, fields
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

from credits_pipeline.core.month import BillingMonth
from credits_pipeline.finops.samples.fleet import Line, lines
from credits_pipeline.finops.samples.organisation import ACCOUNTS, PROFILES
from credits_pipeline.finops.samples.rest import commit, grant, monthly
from credits_pipeline.finops.samples.stories import COMMITMENTS, CREDITS, stories
from credits_pipeline.finops.samples.tables import MONEY, PRICE, QUANTITY, WHOLE, table

if TYPE_CHECKING:
    import duckdb

_TYPES = {int: "BIGINT", Decimal: PRICE, date: "DATE", str: "VARCHAR"}
#: The growth of a month is reached in this many steps.
_DAYS = 30
#: How much of the newest day is there already, in thousandths: it is incomplete.
_PARTIAL = 550

_CHARGE = f"""
CREATE TABLE charge (
    source VARCHAR, month VARCHAR, line BIGINT, account VARCHAR, account_name VARCHAR,
    category VARCHAR, class VARCHAR, frequency VARCHAR, description VARCHAR,
    first DATE, until DATE, quantity {QUANTITY}, commitment VARCHAR, status VARCHAR,
    service VARCHAR, service_category VARCHAR, service_subcategory VARCHAR, code VARCHAR,
    unit VARCHAR, list_price {PRICE}, contracted_price {PRICE}, sku VARCHAR,
    billed {MONEY}, effective {MONEY}, list {MONEY}, contracted {MONEY}, delivery INTEGER
)"""  # fmt: skip

_USAGE = f"""
INSERT INTO charge
WITH amount AS (
    SELECT
        line.*, day.day,
        covering.key IS NOT NULL AND day.day >= covering.first AS covered,
        CAST(CAST(
            CAST(line.millionths AS HUGEINT) * day.part // {WHOLE}
            * shape.thousandths // {WHOLE}
            * growth.millionths // 1000000
            * coalesce(story.thousandths, {WHOLE}) // {WHOLE}
            * ({WHOLE} + CASE WHEN noise = 0 THEN 0 ELSE CAST(
                md5_number_lower(concat_ws('|', $seed, resource, meter, day.day))
                % (2 * noise + 1) AS BIGINT) - noise END) // {WHOLE}
        AS DECIMAL(18,0)) / 1000000 AS {QUANTITY}) AS quantity
    FROM line
    JOIN day ON day.day BETWEEN line.first AND line.last
    JOIN shape ON shape.profile = line.profile AND shape.weekday = isodow(day.day)
    JOIN growth ON growth.percent = line.growth AND growth.day = day.day
    LEFT JOIN story ON story.name = line.story AND day.day BETWEEN story.first AND story.last
    LEFT JOIN covering ON covering.key = line.commitment
)
SELECT
    source, strftime(day, '%Y-%m'), id, account, account_name, 'Usage', NULL, 'Usage-Based',
    meter || ' in ' || region, day, day + 1, quantity,
    CASE WHEN covered THEN commitment END, CASE WHEN covered THEN 'Used' END,
    service, category, subcategory, code, unit, list_price, contracted_price, sku,
    CASE WHEN covered THEN 0 ELSE quantity * contracted_price END,
    quantity * CASE WHEN covered THEN committed_price ELSE contracted_price END,
    quantity * list_price, quantity * contracted_price, 1
FROM amount WHERE quantity > 0"""  # noqa: S608 - our own names


def charges(
    connection: "duckdb.DuckDBPyConnection", *, as_of: date, seed: int, months: int, size: int
) -> None:
    """Fill the tables ``line`` and ``charge``.

    Args:
        connection: to an empty database.
        as_of: the day on which the bills are viewed; the day before is their newest.
        seed: of the noise.
        months: how many, the last being that of ``as_of``.
        size: how many organisations of the sample's size there are resources for.
    """
    last = BillingMonth(as_of.year, as_of.month)
    first = last.shift(1 - months)
    days = [
        first.start.date() + timedelta(days=number)
        for number in range((as_of - first.start.date()).days)
    ]
    _load_lines(connection, last, size)
    table(
        connection,
        "day(day DATE, part BIGINT)",
        [(day, _PARTIAL if day == days[-1] else WHOLE) for day in days],
    )
    table(
        connection,
        "shape(profile VARCHAR, weekday BIGINT, thousandths BIGINT)",
        [
            (profile, number, part)
            for profile, parts in PROFILES.items()
            for number, part in enumerate(parts, 1)
        ],
    )
    table(connection, "growth(percent BIGINT, day DATE, millionths BIGINT)", _growth(days, last))
    table(
        connection,
        "story(name VARCHAR, first DATE, last DATE, thousandths BIGINT)",
        [(one.name, one.first, one.last, one.thousandths) for one in stories(last)],
    )
    table(
        connection,
        "covering(key VARCHAR, first DATE)",
        [(one.key, last.shift(-one.ago).start.date()) for one in COMMITMENTS],
    )
    connection.execute(_CHARGE)
    connection.execute(_USAGE, {"seed": str(seed)})
    for commitment in COMMITMENTS:
        commit(connection, commitment, last.shift(-commitment.ago).start.date(), days)
    for credit in CREDITS:
        begins = last.shift(-credit.ago).start.date()
        grant(connection, credit, begins, last.shift(credit.ends + 1).start.date())
    monthly(connection, days, last)


def _load_lines(connection: "duckdb.DuckDBPyConnection", last: BillingMonth, size: int) -> None:
    columns = {"id": "BIGINT"} | {field.name: _TYPES[field.type] for field in fields(Line)}  # type: ignore[index]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "lines.csv")
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            for number, line in enumerate(lines(last, size), 1):
                writer.writerow((number, *astuple(line), line.region_name))
        connection.execute(
            "CREATE TABLE line AS SELECT * FROM read_csv($path, header = false, "
            "auto_detect = false, delim = ',', quote = '\"', escape = '\"', columns = $columns)",
            {"path": str(path), "columns": columns | {"region_name": "VARCHAR"}},
        )


def _growth(days: Iterable[date], last: BillingMonth) -> list[tuple[int, date, int]]:
    """The effect of growth on a day's use, in millionths: all of it from the last month on."""
    found = []
    for percent in sorted({runs.growth for account in ACCOUNTS for runs in account.runs}):
        at = {0: 1_000_000}
        for month in range(1, 60):
            at[month] = at[month - 1] * 100 // (100 + percent)
        at[-1] = 1_000_000 * (100 + percent) // 100
        for day in days:
            ago = (last.year - day.year) * 12 + last.month - day.month
            step = min(day.day - 1, _DAYS)
            found.append((percent, day, at[ago] + (at[ago - 1] - at[ago]) * step // _DAYS))
    return found
