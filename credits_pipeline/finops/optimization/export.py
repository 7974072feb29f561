"""Recommendations for programs and for spreadsheets: the same rows as the screen, exact."""

from decimal import Decimal
from typing import Any

from credits_pipeline.core.money import to_text
from credits_pipeline.finops.optimization.reading import Recommendations
from credits_pipeline.finops.optimization.standing import Standing
from credits_pipeline.text.spreadsheet import csv_cell, csv_file

_COLUMNS = (
    "id", "action", "tab", "provider", "account", "account_name", "region", "kind", "resource_id",
    "name", "says", "do", "confidence", "effort", "saving", "list_saving", "currency",
    "billing_month", "why_unknown", "origin", "first_at", "last_at",
)  # fmt: skip


def as_json(found: Recommendations) -> dict[str, Any]:
    """For programs: amounts as text, exact."""
    return {
        "as_of": found.as_of.isoformat(),
        "looked_at": dict(found.about["looked_at"]),
        "no_evidence": found.about["no_evidence"],
        "not_known": list(found.about["not_known"]),
        "unseen": [part for part in found.about["parts"] if part["state"] != "seen"],
        "total": [
            {
                "currency": currency,
                "saving": to_text(found.to_be_had(currency)),
                "proved": to_text(found.proved(currency)),
            }
            for currency in found.currencies
        ],
        "rows": [_row(one) for one in found.all],
    }


def as_csv(found: Recommendations) -> bytes:
    """For spreadsheets: a cell that looks like a formula is quoted."""
    heads = (*_COLUMNS, "state", "owner", "until", "reason", "note")
    rows = map(_row, found.all)
    return csv_file([heads, *([csv_cell(str(row[head] or "")) for head in heads] for row in rows)])


def _row(one: Standing) -> dict[str, Any]:
    item, judged = one.item, one.judged
    row: dict[str, Any] = {}
    for name in _COLUMNS:
        value = getattr(item, name)
        if isinstance(value, Decimal):
            value = to_text(value)
        row[name] = value.isoformat() if hasattr(value, "isoformat") else value
    return {
        **row,
        "also": dict(item.also),
        "state": one.state,
        "state_says": one.says,
        "owner": judged.owner if judged else "",
        "until": judged.until.isoformat() if judged and judged.until else "",
        "reason": judged.reason if judged else "",
        "note": judged.note if judged else "",
        "realised": [
            {"month": r.billing_month, "realised": to_text(r.realised), "state": r.state}
            for r in one.realised
        ],
    }
