"""A month's statements under every model, stored with their inputs."""

from dataclasses import dataclass
from typing import Any

from credits_pipeline.core.month import BillingMonth
from credits_pipeline.finops.chargeback.opening import Office
from credits_pipeline.finops.chargeback.statement import Statement
from credits_pipeline.finops.decisions.body import digest
from credits_pipeline.finops.depot import Depot
from credits_pipeline.finops.queries.sources import bills

_MONTHS = "chargeback/months"


@dataclass(frozen=True)
class StatedMonth:
    """What was stated for a month.

    Attributes:
        month: ``YYYY-MM``.
        of: the digest of its bills, decisions and closings.
        statements: the digest of each statement, by model.
    """

    month: str
    of: str
    statements: dict[str, str]


def state_month(office: Office, month: BillingMonth) -> dict[str, Statement]:
    """Make and store the statements of a month, by model; a closed month's do not change."""
    found = {
        name: office.books.statement(month, model)
        for name, model in office.books.decided.models.items()
    }
    kept = {name: office.kept.keep(statement) for name, statement in found.items()}
    _depot(office).write(_key(month), {"of": made_from(office, month), "statements": kept})
    return found


def stated(depot: Depot, month: BillingMonth) -> StatedMonth | None:
    """What was last stated; None if nothing was."""
    found = depot.read(_key(month))
    return None if found is None else StatedMonth(str(month), found["of"], found["statements"])


def made_from(office: Office, month: BillingMonth) -> str:
    """A digest of everything that the statements of a month depend on."""
    published = office.books.published
    told: dict[str, Any] = {
        "bills": [
            [bill.source, bill.billing_month, bill.version]
            for bill in bills(published)
            if bill.billing_month <= str(month)
        ],
        "decisions": office.books.decided.contents,
        "closed": [
            [one.month, one.model, one.version]
            for one in office.closed.all()
            if one.month <= str(month)
        ],
    }
    return digest(told)


def _depot(office: Office) -> Depot:
    return office.books.published.depot


def _key(month: BillingMonth) -> str:
    return f"{_MONTHS}/{month}.json"
