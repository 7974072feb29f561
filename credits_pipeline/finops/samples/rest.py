"""The charges beside usage: commitments, credits, fees, tax, a refund, corrections."""

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from credits_pipeline.core.month import BillingMonth
from credits_pipeline.finops.samples.organisation import ACCOUNTS, PAYERS
from credits_pipeline.finops.samples.stories import (
    LATE,
    REFUND,
    REFUNDED,
    SUPPORT,
    TAX,
    Commitment,
    Credit,
)
from credits_pipeline.finops.samples.tables import MONEY, PRICE, QUANTITY, WHOLE, table

if TYPE_CHECKING:
    import duckdb


def commit(
    connection: "duckdb.DuckDBPyConnection", bought: Commitment, begins: date, days: Sequence[date]
) -> None:
    """The cost of a commitment, and its unused part."""
    values: dict[str, Any] = {
        "key": bought.key, "source": bought.source, "account": bought.account, "name": bought.name,
        "service": bought.service, "category": bought.grouping[0],
        "subcategory": bought.grouping[1], "code": bought.code, "begins": begins,
        "slack": WHOLE + bought.slack,
        "account_name": next(
            (one.name for one in ACCOUNTS if one.id == bought.account), PAYERS[bought.source].name
        ),
    }  # fmt: skip
    # Its daily cost: everything that it covers, run for whole days, and what was bought beyond.
    daily = connection.execute(
        "SELECT round(CAST(sum(millionths * committed_price) AS DECIMAL(38,12)) / 1000000 * "  # noqa: S608 - our own names
        f"$slack / {WHOLE}, 6)::DECIMAL(18,6) FROM line WHERE commitment = $key",
        {"key": bought.key, "slack": WHOLE + bought.slack},
    ).fetchone()
    assert daily is not None  # noqa: S101 - an aggregate answers one row
    row = """
        INSERT INTO charge
        SELECT $source, strftime(first, '%%Y-%%m'), NULL, $account, $account_name, %(kind)s,
            first, until, amount, $key, %(status)s, $service, $category, $subcategory, $code,
            'USD', 1, 1, $key, %(billed)s, %(effective)s, amount, amount, 1 FROM %(rows)s"""
    purchases = _purchases(bought.paid, Decimal(daily[0]), begins, days)
    values |= {"daily": daily[0]}
    del values["begins"], values["slack"]
    if purchases:
        table(connection, f"bought(first DATE, until DATE, amount {QUANTITY})", purchases)
        frequency = "One-Time" if bought.paid == "upfront" else "Recurring"
        said = row % {
            "kind": f"'Purchase', NULL, '{frequency}', $name",
            "status": "NULL", "billed": "amount", "effective": "0", "rows": "bought",
        }  # fmt: skip
        connection.execute(said, {k: v for k, v in values.items() if k != "daily"})
        connection.execute("DROP TABLE bought")
    unused = f"""(
        SELECT day AS first, day + 1 AS until, CAST(
            $daily * any_value(day.part) / {WHOLE} - coalesce(sum(effective), 0)
            AS {QUANTITY}) AS amount
        FROM day LEFT JOIN charge ON charge.first = day.day AND charge.commitment = $key
            AND charge.status = 'Used'
        WHERE day.day >= $begins GROUP BY day) WHERE amount > 0"""  # noqa: S608 - our own names
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


def grant(
    connection: "duckdb.DuckDBPyConnection", credit: Credit, begins: date, ends: date
) -> None:
    """A credit, spent day by day until nothing is left."""
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
        WHERE given > 0""",  # noqa: S608 - our own names
        {
            "source": credit.source, "percent": credit.percent, "begins": begins, "ends": ends,
            "accounts": list(credit.accounts), "codes": list(credit.codes),
            "description": credit.description, "granted": credit.amount,
        },
    )  # fmt: skip


def monthly(
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
    table(
        connection,
        "fee(source VARCHAR, month VARCHAR, first DATE, until DATE, account VARCHAR, "
        f"account_name VARCHAR, service VARCHAR, code VARCHAR, amount {PRICE})",
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
