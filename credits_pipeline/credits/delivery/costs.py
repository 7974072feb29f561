"""Calls of the costs endpoint, within the day's budget of calls."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from credits_pipeline.core import settings
from credits_pipeline.credits.delivery.connections import StorageConnection, StreamConnection

if TYPE_CHECKING:
    from credits_pipeline.credits.cloudzero.confirm import CostsQuery
    from credits_pipeline.credits.state.quota import CostsDay

#: A question beside a drop must not make it wait for long.
_PATIENCE_SECONDS = 180


def costs_day(storage: StorageConnection) -> "CostsDay":
    """Today, by UTC."""
    from credits_pipeline.credits.state.quota import CostsDay  # noqa: PLC0415 - when asked

    allowed = settings.COSTS_CALLS.read(settings.at_least(0))
    return CostsDay(storage.store(), datetime.now(UTC), allowed)


def ask(
    cloudzero: StreamConnection, day: "CostsDay", query: "CostsQuery", what_for: str
) -> tuple[Mapping[str, Any], ...]:
    """All rows of a costs query: one call of the day's budget, its further pages are free.

    Raises:
        BudgetSpentError: no call is left today.
        CloudZeroError: there was no complete answer.
        StorageError: the call can't be recorded.
    """
    day.spend(what_for)
    with cloudzero.client(seconds=_PATIENCE_SECONDS) as client, client.session() as session:
        try:
            return client.costs(query)
        finally:
            # CloudZero counts every attempt, and the first page of an answer only.
            for _ in range(sum(page.attempts - 1 for page in session.requests[:1])):
                day.note(f"{what_for}, again")
