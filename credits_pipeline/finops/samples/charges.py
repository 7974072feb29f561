"""Every charge of the sample bills, computed in DuckDB: whole numbers and decimals, never a float.

The noise of a day is a hash of seed, resource and day, so that nothing depends on the order of
rows, on how many days there are, or on the machine.
"""

import csv
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import astuple, fields
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from credits_pipeline.billing.month import BillingMonth
from credits_pipeline.finops.samples.fleet import Line, lines
from credits_pipeline.finops.samples.organisation import ACCOUNTS, PAYERS, PROFILES
from credits_pipeline.finops.samples.stories import (
    COMMITMENTS,
    CREDITS,
    LATE,
    REFUND,
    REFUNDED,
    SUPPORT,
    TAX,
    Commitment,
    Credit,
    stories,
)

if TYPE_CHECKING:
    import duckdb

MONEY = "DECIMAL(36,18)"
_PRICE = "DECIMAL(18,12)"
_QUANTITY = "DECIMAL(18,6)"
_TYPES = {int: "BIGINT", Decimal: _PRICE, date: "DATE", str: "VARCHAR"}
#: The growth of a month reaches its end in so many steps.
_DAYS = 30
_WHOLE = 1000
#: How much of the newest day is there already, in thousandths: it is not complete.
_PARTIAL = 550

_CHARGE = f"""
CREATE TABLE charge (
    source VARCHAR, month VARCHAR, line BIGINT, account VARCHAR, account_name VARCHAR,
    category VARCHAR, class VARCHAR, frequency VARCHAR, description VARCHAR,
    first DATE, until DATE, quantity {_QUANTITY}, commitment VARCHAR, status VARCHAR,
    service VARCHAR, service_category VARCHAR, service_subcategory VARCHAR, code VARCHAR,
    unit VARCHAR, list_price {_PRICE}, contracted_price {_PRICE}, sku VARCHAR,
    billed {MONEY}, effective {MONEY}, list {MONEY}, contracted {MONEY}, delivery INTEGER
)"""  # fmt: skip

_USAGE = f"""
INSERT INTO charge
WITH amount AS (
    SELECT
        line.*, day.day,
        covering.key IS NOT NULL AND day.day >= covering.first AS covered,
        CAST(CAST(
            CAST(line.millionths AS HUGEINT) * day.part // {_WHOLE}
            * shape.thousandths // {_WHOLE}
            * growth.millionths // 1000000
            * coalesce(story.thousandths, {_WHOLE}) // {_WHOLE}
            * ({_WHOLE} + CASE WHEN noise = 0 THEN 0 ELSE CAST(
                md5_number_lower(concat_ws('|', $seed, resource, meter, day.day))
                % (2 * noise + 1) AS BIGINT) - noise END) // {_WHOLE}
        AS DECIMAL(18,0)) / 1000000 AS {_QUANTITY}) AS quantity
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
FROM amount WHERE quantity > 0"""


def charges(connection: "duckdb.DuckDBPyConnection", *, as_of: date, seed: int, months: int, size: int) -> None:
    """Fill the tables ``line`` and ``charge``.

    Args:
        connection: to an empty database.
        as_of: the day on which the bills are looked at; the day before is the newest in them.
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
    _table(
        connection,
        "day(day DATE, part BIGINT)",
        [(day, _PARTIAL if day == days[-1] else _WHOLE) for day in days],
    )
    _table(
        connection,
        "shape(profile VARCHAR, weekday BIGINT, thousandths BIGINT)",
        [
            (profile, number, part)
            for profile, parts in PROFILES.items()
            for number, part in enumerate(parts, 1)
        ],
    )
    _table(connection, "growth(percent BIGINT, day DATE, millionths BIGINT)", _growth(days, last))
    _table(
        connection,
        "story(name VARCHAR, first DATE, last DATE, thousandths BIGINT)",
        [(one.name, one.first, one.last, one.thousandths) for one in stories(last)],
    )
    _table(
        connection,
        "covering(key VARCHAR, first DATE)",
        [(one.key, last.shift(-one.ago).start.date()) for one in COMMITMENTS],
    )
    connection.execute(_CHARGE)
    connection.execute(_USAGE, {"seed": str(seed)})
    for commitment in COMMITMENTS:
        _commit(connection, commitment, last.shift(-commitment.ago).start.date(), days)
    for credit in CREDITS:
        begins = last.shift(-credit.ago).start.date()
        _credit(connection, credit, begins, last.shift(credit.ends + 1).start.date())
    _monthly(connection, days, last)


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


def _table(
    connection: "duckdb.DuckDBPyConnection", name: str, rows: Sequence[tuple[Any, ...]]
) -> None:
    connection.execute(f"CREATE TABLE {name}")
    into = name.partition("(")[0]
    if rows:
        values = f"({', '.join('?' * len(rows[0]))})"
        connection.execute(
            f"INSERT INTO {into} VALUES {', '.join([values] * len(rows))}",  # noqa: S608 - our own names
            [value for row in rows for value in row],
        )


def _growth(days: Iterable[date], last: BillingMonth) -> list[tuple[int, date, int]]:
    """What growth makes of a day's use, in millionths: all of it on the first of the last month."""
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


def _commit(
    connection: "duckdb.DuckDBPyConnection", bought: Commitment, begins: date, days: Sequence[date]
) -> None:
    """What a commitment costs, and what of it nobody used."""
    values: dict[str, Any] = {
        "key": bought.key, "source": bought.source, "account": bought.account, "name": bought.name,
        "service": bought.service, "category": bought.grouping[0],
        "subcategory": bought.grouping[1], "code": bought.code, "begins": begins,
        "slack": _WHOLE + bought.slack,
        "account_name": next(
            (one.name for one in ACCOUNTS if one.id == bought.account), PAYERS[bought.source].name
        ),
    }  # fmt: skip
    # What it costs a day: all that it covers, run for whole days, and what was bought beyond.
    daily = connection.execute(
        "SELECT round(CAST(sum(millionths * committed_price) AS DECIMAL(38,12)) / 1000000 * "
        f"$slack / {_WHOLE}, 6)::DECIMAL(18,6) FROM line WHERE commitment = $key",
        {"key": bought.key, "slack": _WHOLE + bought.slack},
    ).fetchone()
    assert daily is not None  # noqa: S101 - an aggregate answers one row
    row = f"""
        INSERT INTO charge
        SELECT $source, strftime(first, '%%Y-%%m'), NULL, $account, $account_name, %(kind)s,
            first, until, amount, $key, %(status)s, $service, $category, $subcategory, $code,
            'USD', 1, 1, $key, %(billed)s, %(effective)s, amount, amount, 1 FROM %(rows)s"""
    purchases = _purchases(bought.paid, Decimal(daily[0]), begins, days)
    values |= {"daily": daily[0]}
    del values["begins"], values["slack"]
    if purchases:
        _table(connection, f"bought(first DATE, until DATE, amount {_QUANTITY})", purchases)
        frequency = "One-Time" if bought.paid == "upfront" else "Recurring"
        said = row % {
            "kind": f"'Purchase', NULL, '{frequency}', $name",
            "status": "NULL", "billed": "amount", "effective": "0", "rows": "bought",
        }  # fmt: skip
        connection.execute(said, {k: v for k, v in values.items() if k != "daily"})
        connection.execute("DROP TABLE bought")
    unused = f"""(
        SELECT day AS first, day + 1 AS until, CAST(
            $daily * any_value(day.part) / {_WHOLE} - coalesce(sum(effective), 0)
            AS {_QUANTITY}) AS amount
        FROM day LEFT JOIN charge ON charge.first = day.day AND charge.commitment = $key
            AND charge.status = 'Used'
        WHERE day.day >= $begins GROUP BY day) WHERE amount > 0"""
    said = row % {
        "kind": "'Usage', NULL, 'Usage-Based', $name || ', not used'", "status": "'Unused'",
        "billed": "0", "effective": "amount", "rows": unused,
    }  # fmt: skip
    connection.execute(said, values | {"begins": begins})


def _purchases(
    paid: str, daily: Decimal, begins: date, days: Sequence[date]
) -> list[tuple[date, date, Decimal]]:
    """When a commitment is paid, and how much."""
    due = [day for day in days if day >= begins]
    match paid:
        case "daily":
            return [(day, day + timedelta(days=1), daily) for day in due]
        case "monthly":
            firsts = [day for day in due if day.day == 1]
            ends = [BillingMonth(day.year, day.month).shift(1).start.date() for day in firsts]
            return [
                (day, end, daily * (end - day).days) for day, end in zip(firsts, ends, strict=True)
            ]
        case _:
            at = [day for day in due if day == begins]
            return [(day, day + timedelta(days=1), daily * 365) for day in at]


def _credit(
    connection: "duckdb.DuckDBPyConnection", credit: Credit, begins: date, ends: date
) -> None:
    """A credit, spent day by day until nothing is left of it."""
    connection.execute(
        f"""
        INSERT INTO charge
        WITH eligible AS (
            SELECT first, account, any_value(account_name) AS account_name, code,
                any_value(service) AS service, any_value(service_category) AS category,
                any_value(service_subcategory) AS subcategory,
                CAST(round(sum(billed) * $percent / 100, 6) AS DECIMAL(28,6)) AS amount
            FROM charge
            WHERE source = $source AND category = 'Usage' AND billed > 0
                AND first >= $begins AND first < $ends
                AND list_contains($accounts, account)
                AND (len($codes) = 0 OR list_contains($codes, code))
            GROUP BY first, account, code
        ), running AS (
            SELECT *, sum(amount) OVER (ORDER BY first, account, code) - amount AS before
            FROM eligible
        )
        SELECT $source, strftime(first, '%Y-%m'), NULL, account, account_name, 'Credit', NULL,
            'One-Time', $description, first, first + 1, NULL, NULL, NULL, service, category,
            subcategory, code, NULL, NULL, NULL, NULL, -given, -given, -given, -given, 1
        FROM (SELECT *, CAST(least(amount, CAST($granted AS DECIMAL(28,6)) - before)
            AS {MONEY}) AS given FROM running)
        WHERE given > 0""",
        {
            "source": credit.source, "percent": credit.percent, "begins": begins, "ends": ends,
            "accounts": list(credit.accounts), "codes": list(credit.codes),
            "description": credit.description, "granted": credit.amount,
        },
    )  # fmt: skip


def _monthly(
    connection: "duckdb.DuckDBPyConnection", days: Sequence[date], last: BillingMonth
) -> None:
    """Support, tax, a refund, and the corrections of the month that is delivered again."""
    months = sorted({BillingMonth(day.year, day.month) for day in days})
    fees = [
        (source, str(month), month.start.date(), month.shift(1).start.date(), PAYERS[source].id,
         PAYERS[source].name, service, code, amount)
        for source, (service, code, amount) in SUPPORT.items()
        for month in months
    ]  # fmt: skip
    _table(
        connection,
        "fee(source VARCHAR, month VARCHAR, first DATE, until DATE, account VARCHAR, "
        f"account_name VARCHAR, service VARCHAR, code VARCHAR, amount {_PRICE})",
        fees,
    )
    connection.execute("""
        INSERT INTO charge
        SELECT source, month, NULL, account, account_name, 'Purchase', NULL, 'Recurring',
            service || ', monthly fee', first, until, 1, NULL, NULL, service,
            'Management and Governance', 'Support', code, 'Months', amount, amount, code,
            amount, amount, amount, amount, 1 FROM fee""")
    refunded = last.shift(-REFUND)
    if refunded in months:
        day = refunded.start.date() + timedelta(days=13)
        connection.execute(
            """
            INSERT INTO charge
            SELECT source, $month, NULL, account, account_name, 'Adjustment', NULL, 'One-Time',
                'Refund: storage that was charged after it was deleted', $day, $day + 1, NULL,
                NULL, NULL, service, category, subcategory, code, NULL, NULL, NULL, NULL,
                $amount, $amount, $amount, $amount, 1
            FROM line WHERE account = '158220914476' AND code = 'AmazonS3' ORDER BY id LIMIT 1""",
            {"month": str(refunded), "day": day, "amount": REFUNDED},
        )
    # Azure corrects a closed month, and delivers it again as a whole.
    connection.execute(
        """
        INSERT INTO charge
        SELECT source, month, NULL, account, any_value(account_name), 'Usage', 'Correction',
            'Usage-Based', 'Correction of ' || service, min(first), min(first) + 1, NULL, NULL,
            NULL, service, any_value(service_category), any_value(service_subcategory), code, NULL,
            NULL, NULL, NULL, -off, -off, -off, -off, 2
        FROM (SELECT *, CAST(round(sum(billed) OVER (PARTITION BY account, code) * 3 / 200, 2)
            AS DECIMAL(18,2)) AS off FROM charge WHERE source = 'azure' AND month = $month
            AND category = 'Usage' AND billed > 0 AND account LIKE 'c4d7f8a9%')
        GROUP BY source, month, account, service, code, off HAVING off > 0""",
        {"month": str(last.shift(-LATE))},
    )
    connection.execute(
        """
        INSERT INTO charge
        SELECT source, month, NULL, account, any_value(account_name), 'Tax', NULL, 'One-Time',
            'VAT of ' || $percent || ' %', strptime(month, '%Y-%m')::DATE,
            (strptime(month, '%Y-%m') + INTERVAL 1 MONTH)::DATE, NULL, NULL, NULL, 'Tax', 'Other',
            'Other (Other)', 'Tax', NULL, NULL, NULL, NULL, tax, tax, tax, tax, delivery
        FROM (SELECT *, CAST(round(sum(billed) OVER (PARTITION BY source, month, account)
            * $percent / 100, 2) AS DECIMAL(18,2)) AS tax FROM charge
            WHERE list_contains($taxed, account) AND delivery = 1)
        GROUP BY source, month, account, tax, delivery HAVING tax > 0""",
        {"percent": TAX, "taxed": [account.id for account in ACCOUNTS if account.taxed]},
    )
