"""Where numbers come from: the bills behind a scope, and how old each source is."""

from dataclasses import dataclass, fields
from datetime import date

from credits_pipeline.finops.publish.bill import RECEIPTS, Bill
from credits_pipeline.finops.publish.published import Published
from credits_pipeline.finops.queries.scope import NET, Scope
from credits_pipeline.finops.queries.selection import select_all
from credits_pipeline.finops.queries.words import Vocabulary


@dataclass(frozen=True)
class SourceAge:
    """How old a source is.

    Attributes:
        name: of the source.
        provider: its short code.
        complete_through: the last day that is complete; None where no bill says so.
        days_behind: whole days between it and yesterday; None with it.
        delivered_at: of its newest delivery, ISO 8601.
    """

    name: str
    provider: str
    complete_through: date | None
    days_behind: int | None
    delivered_at: str


def bills(published: Published) -> tuple[Bill, ...]:
    """All bills of a version, by source and month."""
    names = ", ".join(field.name for field in fields(Bill))
    found = published.rows(f"SELECT {names} FROM bills ORDER BY source, billing_month")  # noqa: S608 - ours
    return tuple(Bill(*row) for row in found)


def sources(published: Published, scope: Scope) -> tuple[Bill, ...]:
    """The bills that the numbers of a scope come from, by source and month.

    All of its clouds and days: that an account or a team spent nothing is known from a bill too.
    """
    there = _with_rows(published, scope)
    return tuple(bill for bill in bills(published) if (bill.source, bill.billing_month) in there)


def ages(published: Published, today: date) -> tuple[SourceAge, ...]:
    """How old each source is; the receipts are no bill and have no age.

    Args:
        published: the version.
        today: in UTC.
    """
    by_source: dict[str, list[Bill]] = {}
    for bill in bills(published):
        if bill.source != RECEIPTS:
            by_source.setdefault(bill.source, []).append(bill)
    return tuple(_age(name, found, today) for name, found in by_source.items())


def _age(name: str, found: list[Bill], today: date) -> SourceAge:
    through = max((bill.complete_through for bill in found if bill.complete_through), default=None)
    behind = None if through is None else max(0, (today - through).days - 1)
    newest = max(bill.delivered_at for bill in found)
    return SourceAge(name, found[-1].provider, through, behind, newest)


def _with_rows(published: Published, scope: Scope) -> set[tuple[str, str]]:
    columns = Vocabulary(published.tags).filters
    narrow = {word: values for word, values in scope.chosen if columns[word] in _OF_BILLS}
    wide = scope.but(filters=narrow, group=(), currency=None)
    rows = select_all(published, wide)
    if scope.cost != NET:
        rows = rows.and_("source <> ?", RECEIPTS)
    found = published.rows(
        f"SELECT DISTINCT source, billing_month FROM {rows.table} WHERE {rows.where}",  # noqa: S608 - ours
        rows.values,
    )
    return set(found)


_OF_BILLS = ("provider", "source")
