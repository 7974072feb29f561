"""Rows of CloudZero's Common Bill Format as FOCUS credits: what the first wing distributed."""

import duckdb

from credits_pipeline.core.month import BillingMonth
from credits_pipeline.finops.focus.columns import COSTS
from credits_pipeline.finops.ingest.fault import FileFault
from credits_pipeline.finops.ingest.relation import Relation
from credits_pipeline.finops.ingest.sql import literal

_NEEDED = ("resource/account", "cost/cost", "lineitem/description", "resource/service")


def credit_rows(
    connection: duckdb.DuckDBPyConnection, relation: Relation, month: BillingMonth, name: str
) -> Relation:
    """One credit per account, negative, over the whole month.

    Raises:
        FileFault: the rows are not of that format.
    """
    at = {header: index for index, header in enumerate(relation.headers)}
    missing = [header for header in _NEEDED if header not in at]
    if missing:
        raise FileFault("columns_are_there", name, f"has no column {', '.join(missing)}")
    account, cost, description, service = (relation.column(at[header]) for header in _NEEDED)
    start, end = (
        f"TIMESTAMP {literal(each.start.strftime('%Y-%m-%d'))}" for each in (month, month.shift(1))
    )
    cells = {
        **dict.fromkeys(COSTS, cost),
        "SubAccountId": account,
        "BillingCurrency": "'USD'",
        "BillingPeriodStart": start,
        "BillingPeriodEnd": end,
        "ChargePeriodStart": start,
        "ChargePeriodEnd": end,
        "ChargeCategory": "'Credit'",
        "ChargeFrequency": "'One-Time'",
        "ChargeDescription": description,
        "ServiceName": service,
        "ServiceCategory": "'Other'",
        "ProviderName": "'AWS'",
        "BillingAccountId": "CAST(NULL AS VARCHAR)",
    }
    select = ", ".join(f"{cell} AS c{index}" for index, cell in enumerate(cells.values()))
    sql = f"(SELECT {select}, r FROM {relation.sql})"
    types = connection.execute(f"DESCRIBE SELECT * EXCLUDE (r) FROM {sql}").fetchall()
    return Relation(sql, tuple(cells), tuple(str(each[1]) for each in types))
