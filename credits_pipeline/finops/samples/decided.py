"""The sample organisation's budgets: one over, some near, a fiscal year."""

from datetime import date
from typing import Any

from credits_pipeline.core.month import BillingMonth

_BACK = 13


def sample_budgets(as_of: date, size: int = 1) -> dict[str, dict[str, Any]]:
    """The bodies of their budgets, by id.

    Args:
        as_of: the day on which the sample bills are viewed.
        size: how many organisations of the sample's size they are for.
    """
    first = str(BillingMonth(as_of.year, as_of.month).shift(-_BACK))

    def budget(amount: int, team: str = "", owner: str = "", **more: Any) -> dict[str, Any]:
        scope = {"scope": {"team": [team]}} if team else {}
        return {
            **scope,
            "amount": str(amount * size),
            "from": first,
            "owner": owner or "finance@meridian.example",
            **more,
        }

    return {
        "All clouds": budget(455_000),
        "Data": budget(105_000, "data", "data-leads@meridian.example"),
        "Machine learning": budget(51_000, "ml", "ml-leads@meridian.example"),
        "Payments, by quarter": budget(60_000, "payments", every="quarter"),
        "Platform, fiscal year": budget(1_250_000, "platform", every="year", start_month=4),
        "Web": budget(18_000, "web", "web-leads@meridian.example"),
    }
