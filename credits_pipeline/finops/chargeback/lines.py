"""A view as tables: headings and rows of texts, from which CSV and spreadsheets are written.

Each row has its month, model, currency and state, so that a row copied elsewhere still says what it
is. Amounts are to the cent and add up to the statement.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from credits_pipeline.core.money import to_text
from credits_pipeline.finops.chargeback.allocating import SHARED
from credits_pipeline.finops.chargeback.statement import ADJUSTMENTS, Section, label
from credits_pipeline.finops.chargeback.view import COLUMNS, View, amount

#: A row of texts; amounts are among them, as `-12.30`.
Cells = tuple[str, ...]


@dataclass(frozen=True)
class Table:
    """One table of a view.

    Attributes:
        name: of it, a word.
        heads: of its columns.
        rows: in their order.
        money: which columns are amounts.
    """

    name: str
    heads: Cells
    rows: tuple[Cells, ...]
    money: frozenset[str]


def lines(view: View) -> Table:
    """Every line: what adds up to what each owner owes."""
    heads = (
        "month", view.statement.to, "cost_centre", "gl_account", "kind", "account", "account_name",
        "service", "pool", "driver", "weight", "of_month", "amount", *_ABOUT,
    )  # fmt: skip
    rows = tuple(row for section in view.sections for row in _lines(view, section))
    return Table("lines", heads, rows, frozenset({"amount"}))


def summary(view: View) -> Table:
    """What each owner owes, by kind."""
    heads = (
        "month", view.statement.to, "cost_centre", "gl_account", *COLUMNS, "total",
        "previous_month", "share_percent", *_ABOUT,
    )  # fmt: skip
    rows = []
    for section in view.sections:
        for row in view.rows(section):
            owner = view.statement.owner(row.owner)
            rows.append(
                (
                    view.statement.month,
                    row.label,
                    owner.cost_centre,
                    owner.gl_account,
                    *(amount(row.cents[kind]) for kind in COLUMNS),
                    amount(row.total),
                    "" if row.previous is None else amount(row.previous),
                    "" if row.share is None else f"{row.share}",
                    *_about(view, section),
                )
            )
    return Table("summary", heads, tuple(rows), frozenset({*COLUMNS, "total", "previous_month"}))


def shared(view: View) -> Table:
    """How shared costs were shared."""
    heads = (
        "month", "pool", "account", "driver", "pool_amount", view.statement.to, "weight", "amount",
        *_ABOUT,
    )  # fmt: skip
    rows = tuple(
        (
            view.statement.month, pool.pool, pool.account, pool.driver, amount(pool.cents),
            label(part.owner), part.weight, amount(part.cents), *_about(view, section),
        )
        for section in view.sections
        for pool in section.pools
        for part in pool.parts
    )  # fmt: skip
    return Table("shared-costs", heads, rows, frozenset({"pool_amount", "amount"}))


def adds_up(view: View) -> Table:
    """How the whole statement adds up to the invoices; empty for a part of it."""
    heads = ("month", "step", "amount", "of_currency", "rate", *_ABOUT)
    rows = tuple(
        (view.statement.month, *step, *_about(view, section))
        for section in view.sections
        for step in steps(section)
    )
    return Table("adds-up", heads, rows, frozenset({"amount"}))


def steps(section: Section) -> Iterator[tuple[str, str, str, str]]:
    """From what owners owe to the invoices: words, amount, currency, rate."""
    mine = section.currency
    for up in section.adds_up:
        rate = "" if up.currency == mine else format(up.rate, "f")
        if up is section.adds_up[0]:
            named = sum(line.cents for line in section.lines if line.owner is not None)
            if section.adjustments:
                yield "Owed in all", amount(section.total), mine, ""
                yield "Without adjustments of closed months", amount(-section.adjusted), mine, ""
            yield "All owners", amount(named), mine, ""
            yield "Unallocated", amount(section.stated - named), mine, ""
            if section.rounding:
                yield "Rounding to the cent", to_text(-section.rounding), mine, ""
            yield "Spend of the month", to_text(section.spend), mine, ""
        if section.is_converted:
            yield (
                f"Of which {up.currency}, before conversion",
                to_text(up.spend),
                up.currency,
                rate,
            )
        for step in up.steps:
            yield step.words, to_text(step.amount), up.currency, rate
        for one in up.invoices:
            told = one.invoice or "Not invoiced yet"
            yield f"Invoice {told} of {one.source}", to_text(one.billed), up.currency, rate
        yield "All invoices", to_text(up.billed), up.currency, rate
        yield "Difference", to_text(up.difference), up.currency, rate


_ABOUT = ("currency", "converted", "model", "state", "statement")


def _about(view: View, section: Section) -> Cells:
    converted = "; ".join(
        f"{up.currency} at {up.rate:f}"
        for up in section.adds_up_of_all(view.statement)
        if up.currency != section.currency
    )
    return (
        section.currency, converted, view.statement.model, view.state, view.statement.digest,
    )  # fmt: skip


def _lines(view: View, section: Section) -> Iterator[Cells]:
    about = _about(view, section)
    month = view.statement.month

    def row(owner: str | None, kind: str, *rest: str) -> Cells:
        told = view.statement.owner(owner)
        return (month, label(owner), told.cost_centre, told.gl_account, kind, *rest, *about)

    for line in section.lines:
        if line.kind != SHARED:
            name = view.statement.accounts.get(line.account, "")
            yield row(
                line.owner, line.kind, line.account, name, line.service, "", "", "", "",
                amount(line.cents),
            )  # fmt: skip
    for pool in section.pools:
        for part in pool.parts:
            yield row(
                part.owner, SHARED, pool.account, "", "", pool.pool, pool.driver, part.weight, "",
                amount(part.cents),
            )  # fmt: skip
    for one in section.adjustments:
        yield row(one.owner, ADJUSTMENTS, "", "", "", "", "", "", one.month, amount(one.cents))
