"""The marts beside spend, in a scope: invoices, credits, commitments and costs of resources."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from credits_pipeline.finops.publish.bill import RECEIPTS
from credits_pipeline.finops.publish.published import Published
from credits_pipeline.finops.queries.scope import Scope
from credits_pipeline.finops.queries.selection import COLUMNS, counted, filters_of, one_currency


@dataclass(frozen=True)
class Invoice:
    """What one invoice adds up to, in one charge category.

    Attributes:
        invoice_id: None until the provider has written the invoice: the bill is open.
    """

    source: str
    billing_month: str
    billing_account_id: str | None
    invoice_id: str | None
    invoice_issuer: str | None
    charge_category: str | None
    currency: str
    billed: Decimal
    line_items: int


@dataclass(frozen=True)
class Credit:
    """Credits of one description that one account got on one day, as billed: less than nothing."""

    source: str
    charge_date: date
    sub_account_id: str | None
    sub_account_name: str | None
    service_name: str | None
    charge_description: str | None
    currency: str
    billed: Decimal


@dataclass(frozen=True)
class Commitment:
    """One commitment in one month of one account.

    Attributes:
        status: ``Used`` or ``Unused``; None for what was paid for it.
        billed: as on the invoice.
        amortised: as spread over its time.
        quantity: in `unit`; None where it is not stated.
    """

    source: str
    billing_month: str
    sub_account_id: str | None
    commitment_id: str
    commitment_name: str | None
    commitment_type: str | None
    commitment_category: str | None
    status: str | None
    charge_category: str | None
    currency: str
    billed: Decimal
    amortised: Decimal
    list: Decimal
    quantity: Decimal | None
    unit: str | None


@dataclass(frozen=True)
class Resource:
    """What one resource cost in a period.

    Attributes:
        cost: in the scope's view.
        list: at list price.
        first_date: of its charges in the period.
        last_date: of its charges in the period.
    """

    source: str
    provider: str
    sub_account_id: str | None
    service_name: str | None
    region_id: str | None
    resource_id: str
    resource_name: str | None
    resource_type: str | None
    currency: str
    cost: Decimal
    list: Decimal | None
    first_date: date
    last_date: date


def invoices(published: Published, scope: Scope) -> tuple[Invoice, ...]:
    """The invoices of a scope's months, as billed; the largest first. Currencies stay apart."""
    keys = (
        "source, billing_month, billing_account_id, invoice_id, invoice_issuer, charge_category, "
        "billing_currency"
    )
    where, values = _where(published, scope, "invoices")
    found = published.rows(
        f"SELECT {keys}, COALESCE(SUM(billed_cost), 0) AS billed, "  # noqa: S608 - names of ours
        f"CAST(SUM(line_items) AS BIGINT) FROM invoices WHERE {where} AND source <> ? "
        f"GROUP BY {keys} ORDER BY billed DESC, {keys}",
        [*values, RECEIPTS],
    )
    return tuple(Invoice(*row) for row in found)


def credits(published: Published, scope: Scope) -> tuple[Credit, ...]:
    """The credits of a scope's bills, in the order of days; receipts are none of them."""
    keys = (
        "source, charge_date, sub_account_id, sub_account_name, service_name, charge_description, "
        "billing_currency"
    )
    where, values = _where(published, scope, "credits")
    found = published.rows(
        f"SELECT {keys}, COALESCE(SUM(billed_cost), 0) FROM credits "  # noqa: S608 - names of ours
        f"WHERE {where} AND source <> ? GROUP BY {keys} ORDER BY charge_date, {keys}",
        [*values, RECEIPTS],
    )
    return tuple(Credit(*row) for row in found)


def commitments(published: Published, scope: Scope) -> tuple[Commitment, ...]:
    """The commitments of a scope's months, by commitment."""
    keys = (
        "source, billing_month, sub_account_id, commitment_id, commitment_name, commitment_type, "
        "commitment_category, commitment_status, charge_category, billing_currency"
    )
    where, values = _where(published, scope, "commitments")
    found = published.rows(
        f"SELECT {keys}, COALESCE(SUM(billed_cost), 0), COALESCE(SUM(effective_cost), 0), "  # noqa: S608 - ours
        "COALESCE(SUM(list_cost), 0), SUM(commitment_quantity), commitment_unit "
        f"FROM commitments WHERE {where} GROUP BY {keys}, commitment_unit "
        f"ORDER BY commitment_id, {keys}",
        values,
    )
    return tuple(Commitment(*row) for row in found)


def resources(
    published: Published, scope: Scope, *, limit: int | None = None
) -> tuple[Resource, ...]:
    """The resources of a scope's months that cost something, the dearest first.

    Args:
        published: the version.
        scope: what is asked for; its tags count too.
        limit: how many.

    Raises:
        SeveralCurrenciesError: it holds several currencies, and none was chosen.
    """
    asked = one_currency(published, scope)
    keys = (
        "source, provider, sub_account_id, service_name, region_id, resource_id, "
        "MAX(resource_name), MAX(resource_type), billing_currency"
    )
    where, values = _where(published, asked, "resource_costs")
    most = "" if limit is None else f"LIMIT {int(limit)}"
    found = published.resource_rows(
        f"SELECT {keys}, COALESCE(SUM({COLUMNS[asked.cost]}), 0) AS cost, SUM(list_cost), "  # noqa: S608 - ours
        f"MIN(first_date), MAX(last_date) FROM resource_costs WHERE {where} "
        f"AND {counted(asked.cost)} AND resource_id IS NOT NULL "
        "GROUP BY source, provider, sub_account_id, service_name, region_id, resource_id, "
        f"billing_currency ORDER BY cost DESC, resource_id {most}",
        values,
    )
    return tuple(Resource(*row) for row in found)


def _where(published: Published, scope: Scope, table: str) -> tuple[str, list[object]]:
    """A scope as far as a mart has its words; a word that it lacks narrows nothing.

    Of a period that is no whole months, the months that it touches count, but where there are days.
    """
    ask = published.resource_rows if table == "resource_costs" else published.rows
    there = {name for (name,) in ask("SELECT name FROM pragma_table_info(?)", [table])}
    if scope.period.by_month or "charge_date" not in there:
        months = scope.period.months
        where, values = ["billing_month BETWEEN ? AND ?"], _list(months[0], months[-1])
    else:
        where = ["charge_date >= ? AND charge_date < ?"]
        values = _list(scope.period.start, scope.period.end)
    for text, marks, column in filters_of(published, scope):
        if column in there:
            where.append(text)
            values.extend(marks)
    return " AND ".join(where), values


def _list(*values: object) -> list[object]:
    return list(values)
