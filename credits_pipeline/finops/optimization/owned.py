"""Coverage and utilisation of the commitments that are owned, from the marts of the bill."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from credits_pipeline.finops.publish.published import Published

#: What commitments can cover, as FOCUS names the categories.
_CATEGORIES = ("Compute", "Databases")


@dataclass(frozen=True)
class OwnedRow:
    """One commitment in one month.

    Attributes:
        id: FOCUS's.
        name: FOCUS's.
        kind: FOCUS's.
        used: the used part of its cost.
        unused: the unused part of its cost.
    """

    id: str
    name: str
    kind: str
    used: Decimal
    unused: Decimal

    @property
    def utilisation(self) -> Decimal:
        """Percent that was used."""
        return _percent(self.used, self.used + self.unused)


@dataclass(frozen=True)
class Owned:
    """All commitments in one month.

    Attributes:
        month: ``YYYY-MM``.
        rows: by what was unused, the most first.
        coverage: percent of what could be covered, at list price; None if there is nothing.
    """

    month: str
    rows: tuple[OwnedRow, ...]
    coverage: Decimal | None

    @property
    def unused(self) -> Decimal:
        """What was paid without use."""
        return sum((row.unused for row in self.rows), Decimal(0))

    @property
    def utilisation(self) -> Decimal:
        """Percent of all that was used."""
        used = sum((row.used for row in self.rows), Decimal(0))
        return _percent(used, used + self.unused)


def owned(published: Published, currency: str, today: date) -> Owned | None:
    """What is owned, in the newest month that is over; None if no bill has one.

    Args:
        published: the version.
        currency: of the amounts.
        today: months that are not over by then do not count.
    """
    this = f"{today:%Y-%m}"
    ((month,),) = published.rows(
        "SELECT max(billing_month) FROM commitments WHERE billing_month < ? AND "
        "billing_currency = ?",
        [this, currency],
    )
    if month is None:
        return None
    rows = published.rows(
        "SELECT commitment_id, any_value(commitment_name), any_value(commitment_type), "
        "sum(CASE WHEN commitment_status = 'Used' THEN effective_cost ELSE 0 END), "
        "sum(CASE WHEN commitment_status = 'Unused' THEN effective_cost ELSE 0 END) "
        "FROM commitments WHERE billing_month = ? AND billing_currency = ? "
        "AND charge_category = 'Usage' GROUP BY commitment_id ORDER BY 5 DESC, 1",
        [month, currency],
    )
    ((covered, whole),) = published.rows(
        "SELECT sum(CASE WHEN commitment = 'yes' THEN list_cost ELSE 0 END), sum(list_cost) "
        "FROM spend_monthly WHERE billing_month = ? AND billing_currency = ? "
        "AND charge_category = 'Usage' AND service_category IN (?, ?)",
        [month, currency, *_CATEGORIES],
    )
    return Owned(
        month,
        tuple(OwnedRow(id_, name or "", kind or "", *costs) for id_, name, kind, *costs in rows),
        None if not whole else _percent(covered, whole),
    )


def _percent(part: Decimal, whole: Decimal) -> Decimal:
    return (part / whole * 100).quantize(Decimal("0.1")) if whole else Decimal(0)
