"""The journal for the ledger: a debit for each owner's cost centre, one credit of the total.

Debits and credits of a currency are equal to the cent; negative amounts are on the other side.
"""

from credits_pipeline.core.month import BillingMonth
from credits_pipeline.finops.chargeback.lines import Table
from credits_pipeline.finops.chargeback.statement import Section
from credits_pipeline.finops.chargeback.view import View, amount

_HEADS = (
    "date", "month", "cost_centre", "gl_account", "owner", "text", "debit", "credit", "currency",
    "document",
)  # fmt: skip


def journal_of(view: View) -> Table:
    """The journal of a view; empty where nothing is owed."""
    rows = [row for section in view.sections for row in _entries(view, section)]
    return Table("journal", _HEADS, tuple(rows), frozenset({"debit", "credit"}))


def _entries(view: View, section: Section) -> list[tuple[str, ...]]:
    found = [row for row in view.rows(section) if row.total]
    whole = sum(row.total for row in found)
    last = _last_day(view)
    document = f"{view.statement.month} {view.statement.digest[:12]}"
    entries: list[tuple[str, ...]] = []
    for row in found:
        owner = view.statement.owner(row.owner)
        entries.append(
            (
                last, view.statement.month, owner.cost_centre, owner.gl_account, row.label,
                f"Cloud costs {view.statement.month}", *_sides(row.total), section.currency,
                document,
            )
        )  # fmt: skip
    if found:
        entries.append(
            (
                last, view.statement.month, "", "", "Cloud costs, all invoices",
                f"Cloud costs {view.statement.month}, charged to owners", *_sides(-whole),
                section.currency, document,
            )
        )  # fmt: skip
    return entries


def _sides(cents: int) -> tuple[str, str]:
    return (amount(cents), "") if cents >= 0 else ("", amount(-cents))


def _last_day(view: View) -> str:
    return str(BillingMonth.parse(view.statement.month).end.date())
