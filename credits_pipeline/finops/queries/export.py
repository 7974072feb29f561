"""An answer for programs and spreadsheets: the same rows as on the screen, exact.

Every line of the CSV has its scope, currency and cost view, so that a line copied elsewhere still
says what it is.
"""

from typing import Any

from credits_pipeline.core.money import to_text
from credits_pipeline.finops.publish.bill import Bill
from credits_pipeline.finops.queries.spend import Spend
from credits_pipeline.finops.queries.words import spelled
from credits_pipeline.text.spreadsheet import csv_cell, csv_file


def as_json(answer: Spend) -> dict[str, Any]:
    """The answer for programs; money as text."""
    period = answer.scope.period
    return {
        "period": {"from": str(period.start), "to": str(period.last)},
        "cost": answer.scope.cost,
        "currency": answer.currency,
        "rows": [
            {
                **dict(zip(answer.groups, row.keys, strict=True)),
                "cost": to_text(row.cost),
                "rows": row.line_items,
            }
            for row in answer.rows
        ],
        "total": to_text(answer.total),
        "sources": [_source(bill) for bill in answer.sources],
    }


def as_csv(answer: Spend, names: dict[str, str] | None = None) -> bytes:
    """The answer for spreadsheets: UTF-8, a comma, a dot in decimals.

    Args:
        answer: what is written.
        names: of accounts, which get a separate column.
    """
    scope, named = answer.scope, names is not None and "account" in answer.groups
    heads = ["cost", "currency", "basis", "from", "to", "scope", "rows"]
    rows: list[list[object]] = [[*answer.groups, *(["account_name"] if named else []), *heads]]
    about = "; ".join(f"{word}={','.join(values)}" for word, values in scope.chosen)
    for row in answer.rows:
        keys = dict(zip(answer.groups, row.keys, strict=True))
        account = keys.get("account")
        rows.append(
            [
                *(csv_cell(spelled(word, key)) for word, key in keys.items()),
                *([csv_cell((names or {}).get(account or "", ""))] if named else []),
                to_text(row.cost),
                answer.currency or "",
                scope.basis,
                scope.period.start,
                scope.period.last,
                csv_cell(about),
                row.line_items,
            ]
        )
    return csv_file(rows)


def _source(bill: Bill) -> dict[str, Any]:
    return {
        "name": bill.source,
        "month": bill.billing_month,
        "manifest": bill.manifest,
        "version": bill.version,
        "complete_through": None if bill.complete_through is None else str(bill.complete_through),
        "rows": bill.rows,
    }
