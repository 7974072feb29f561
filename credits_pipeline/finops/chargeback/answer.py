"""A view as JSON for programs: the figures of the screen, money as text."""

from typing import Any

from credits_pipeline.core.money import to_text
from credits_pipeline.finops.chargeback.view import COLUMNS, View, amount


def as_json(view: View) -> dict[str, Any]:
    """The answer of the command."""
    statement = view.statement
    return {
        "month": statement.month,
        "model": statement.model,
        "to": statement.to,
        "state": view.state,
        "statement": statement.digest,
        "inputs": statement.inputs_digest,
        "adds_up": statement.holds,
        "faults": list(statement.faults),
        "currencies": [
            {
                "currency": section.currency,
                "owners": [
                    {
                        "owner": row.owner,
                        **{kind: amount(row.cents[kind]) for kind in COLUMNS},
                        "total": amount(row.total),
                        "previous": None if row.previous is None else amount(row.previous),
                    }
                    for row in view.rows(section)
                ],
                "total": amount(sum(row.total for row in view.rows(section))),
                "spend": to_text(section.spend) if view.is_whole else None,
                "shared": [
                    {
                        "pool": pool.pool,
                        "account": pool.account,
                        "driver": pool.driver,
                        "total": amount(pool.cents),
                        "parts": [
                            {"owner": p.owner, "weight": p.weight, "amount": amount(p.cents)}
                            for p in pool.parts
                        ],
                    }
                    for pool in section.pools
                ],
                "adjustments": [
                    {"month": one.month, "owner": one.owner, "amount": amount(one.cents)}
                    for one in section.adjustments
                ],
                "invoices": [
                    {
                        "currency": up.currency,
                        "rate": format(up.rate, "f"),
                        "spend": to_text(up.spend),
                        "billed": to_text(up.billed),
                        "difference": to_text(up.difference),
                    }
                    for up in section.adds_up
                ],
            }
            for section in view.sections
        ],
    }
