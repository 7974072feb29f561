"""A scope as SQL over a published version: what is counted (the cost views) and which rows.

*Net* is amortised, with the credits of the bill replaced by those that receipts distributed, if a
payer's month has a receipt. Receipts count in no other view, or credits would count twice.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from credits_pipeline.finops.publish.bill import RECEIPTS
from credits_pipeline.finops.publish.published import Published
from credits_pipeline.finops.queries.scope import AMORTISED, BILLED, LIST, NET, Scope
from credits_pipeline.finops.queries.words import Vocabulary, blank

COLUMNS = {
    AMORTISED: "effective_cost",
    BILLED: "billed_cost",
    LIST: "list_cost",
    NET: "effective_cost",
}
#: A credit of a bill whose payer and month have a receipt.
REPLACED = (
    "(charge_category = 'Credit' AND (source, billing_month, COALESCE(billing_account_id, '')) IN "
    "(SELECT (source, billing_month, COALESCE(billing_account_id, '')) FROM net_replaces))"
)


class SeveralCurrenciesError(ValueError):
    """The scope holds more than one currency, and none was chosen.

    Attributes:
        currencies: those that it has.
    """

    def __init__(self, currencies: Sequence[str]) -> None:
        self.currencies = tuple(currencies)
        super().__init__(
            f"the scope holds {' and '.join(currencies)}, which are never added up: choose one, "
            f"such as currency={currencies[0]}"
        )


@dataclass(frozen=True)
class Selection:
    """Rows of one table.

    Attributes:
        table: of the published file.
        where: the condition, with a mark for each value.
        values: of the marks.
    """

    table: str
    where: str
    values: tuple[object, ...]

    def and_(self, where: str, *values: object) -> "Selection":
        """A subset of them."""
        return Selection(self.table, f"{self.where} AND {where}", (*self.values, *values))


def select(published: Published, scope: Scope, *, daily: bool = False) -> Selection:
    """The rows of a scope, in its view.

    Args:
        published: the version.
        scope: which.
        daily: whether days have to be distinguished.
    """
    whole = select_all(published, scope, daily=daily)
    rows = Selection(whole.table, f"{whole.where} AND {counted(scope.cost)}", whole.values)
    if not scope.credits:
        rows = rows.and_("charge_category IS DISTINCT FROM 'Credit'")
    if not scope.tax:
        rows = rows.and_("charge_category IS DISTINCT FROM 'Tax'")
    return rows


def select_all(published: Published, scope: Scope, *, daily: bool = False) -> Selection:
    """The rows of a scope in any view: including receipts, credits and tax."""
    resources = "resource" in scope.group
    days = daily or "day" in scope.group or not scope.period.by_month
    table = "resource_costs" if resources else "spend_daily" if days else "spend_monthly"
    rows = in_period(table, scope)
    for where, marks, _ in filters_of(published, scope):
        rows = rows.and_(where, *marks)
    return rows


def filters_of(published: Published, scope: Scope) -> Iterator[tuple[str, tuple[str, ...], str]]:
    """Each condition of a scope except its period, with the values of its marks and its column."""
    columns = Vocabulary(published.tags).filters
    for word, values in scope.chosen:
        # Accounts can also be given by name.
        wanted = _ids(published, values) if word == "account" else values
        where, marks = _one_of(columns[word], blank(word), wanted)
        yield where, marks, columns[word]
    if scope.currency is not None:
        yield "billing_currency = ?", (scope.currency,), "billing_currency"


def in_period(table: str, scope: Scope) -> Selection:
    """The rows of a period: of whole months as billed, otherwise by the date of the charge."""
    period = scope.period
    if period.by_month:
        return Selection(
            table, "billing_month BETWEEN ? AND ?", (period.months[0], period.months[-1])
        )
    return Selection(table, "charge_date >= ? AND charge_date < ?", (period.start, period.end))


def counted(cost: str) -> str:
    """Which rows count in a cost view."""
    if cost == NET:
        return f"NOT COALESCE({REPLACED}, FALSE)"
    return f"source <> '{RECEIPTS}'"


def read(
    published: Published, rows: Selection, columns: str, after: str = ""
) -> list[tuple[Any, ...]]:
    """Columns of the selected rows."""
    text = f"SELECT {columns} FROM {rows.table} WHERE {rows.where} {after}"  # noqa: S608 - names of ours
    ask = published.resource_rows if rows.table == "resource_costs" else published.rows
    return ask(text, rows.values)


def currencies(published: Published, scope: Scope) -> tuple[str, ...]:
    """The currencies of a scope's rows."""
    rows = select(published, scope.but(currency=None))
    found = read(published, rows, "DISTINCT billing_currency", "ORDER BY 1")
    return tuple(str(currency or "") for (currency,) in found)


def one_currency(published: Published, scope: Scope) -> Scope:
    """The scope with its one currency set; without rows it has none.

    Raises:
        SeveralCurrenciesError: it has several.
    """
    if scope.currency is not None:
        return scope
    found = currencies(published, scope)
    if len(found) > 1:
        raise SeveralCurrenciesError(found)
    return scope.but(currency=found[0]) if found else scope


def _one_of(column: str, lack: str, values: Iterable[str]) -> tuple[str, tuple[str, ...]]:
    wanted = tuple(values)
    marks = ", ".join("?" * len(wanted))
    some = f"{column} IN ({marks})" if wanted else "FALSE"
    return (f"({some} OR {column} IS NULL)" if lack in wanted else some), wanted


def _ids(published: Published, values: Sequence[str]) -> tuple[str, ...]:
    """The ids of accounts that are given by id or by name."""
    marks = ", ".join("?" * len(values))
    found = published.rows(
        "SELECT DISTINCT sub_account_id FROM accounts "  # noqa: S608 - marks
        f"WHERE sub_account_id IN ({marks}) OR sub_account_name IN ({marks})",
        [*values, *values],
    )
    return tuple(dict.fromkeys([*values, *(account for (account,) in found)]))
