"""The printed content of a view: its heading, facts and tables, all as text.

Amounts have their sign before the currency. The figures are the view's, as in files.
"""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from decimal import Decimal
from typing import Any

from credits_pipeline.core.money import for_people
from credits_pipeline.core.month import BillingMonth
from credits_pipeline.finops.chargeback import lines
from credits_pipeline.finops.chargeback.allocating import SHARED, PoolTable
from credits_pipeline.finops.chargeback.page import page_of
from credits_pipeline.finops.chargeback.shares import money
from credits_pipeline.finops.chargeback.statement import Section, label
from credits_pipeline.finops.chargeback.view import COLUMNS, REOPENED, View
from credits_pipeline.text import Outside

MINUS = "\N{MINUS SIGN}"
_LONGEST = 200
_WIDE_FROM = 6
#: A longer run of letters gets places where a line may break.
_RUN = 24


@dataclass(frozen=True)
class Part:
    """One table with its title.

    Attributes:
        title: above it.
        note: below the title; may be empty.
        heads: of the columns.
        widths: of each column: a share of the page, or 0 for the width of its text.
        money: which columns are amounts.
        rows: of texts.
        strong: the numbers of rows that are totals.
    """

    title: str
    note: str = ""
    heads: Sequence[str] = ()
    widths: Sequence[int] = ()
    money: Sequence[bool] = ()
    rows: Sequence[Sequence[str]] = ()
    strong: Sequence[int] = field(default_factory=list)


@dataclass(frozen=True)
class Layout:
    """A whole document.

    Attributes:
        title: for readers' lists.
        heading: on its first page.
        subtitle: below the heading.
        facts: names and values.
        parts: in order.
        footer: on every page.
        page: where the same is shown online; empty if that is not known.
        wide: whether pages are in landscape format.
    """

    title: str
    heading: str
    subtitle: str
    facts: Sequence[tuple[str, str]]
    parts: Sequence[Part]
    footer: str
    page: str
    wide: bool

    def texts(self) -> Iterator[str]:
        """Every text that is printed."""
        yield from (self.heading, self.subtitle, self.footer)
        for name, value in self.facts:
            yield from (name, value)
        for part in self.parts:
            yield from (part.title, part.note, *part.heads)
            for row in part.rows:
                yield from row

    def data(self) -> dict[str, Any]:
        """In the template's form, with places where a long word may break."""
        told = asdict(self)
        for part in told["parts"]:
            part["rows"] = [[_breakable(cell) for cell in row] for row in part["rows"]]
        told["heading"] = _breakable(told["heading"])
        return told


def layout(view: View) -> Layout:
    """What is printed of a view."""
    statement, month = view.statement, BillingMonth.parse(view.statement.month)
    whose = _text(view.title)
    parts: list[Part] = []
    several = len(view.sections) > 1
    for section in view.sections:
        of = f" ({_text(section.currency)})" if several else ""
        parts += _parts(view, section, of)
    if not parts:
        parts = [Part("Nothing is owed", "This month has no charges.")]
    return Layout(
        title=f"Cloud costs {statement.month}: {whose}",
        heading=whose,
        subtitle=f"Cloud costs of {month.start:%B %Y}, by {statement.to}",
        facts=_facts(view),
        parts=parts,
        footer=f"Statement {statement.digest}",
        page=page_of(view),
        wide=view.is_whole,
    )


def told(cents: int, currency: str) -> str:
    """Cents written for people, such as ``$1,234.50``, with a minus before the currency."""
    return _exact(money(cents), currency)


def _facts(view: View) -> list[tuple[str, str]]:
    statement, closing = view.statement, view.closing
    state = view.state
    if closing is not None:
        at, who = closing.at, closing.who
        if state == REOPENED and closing.reopened_at is not None:
            at, who = closing.reopened_at, closing.reopened_by
        state = f"{state} on {at:%Y-%m-%d %H:%M} UTC by {_text(who)}"
    found = [("Month", statement.month), ("Model", _text(statement.model)), ("State", state)]
    if view.only is not None and len(view.only) == 1:
        owner = statement.owner(view.only[0])
        found += [
            (name, _text(value))
            for name, value in (
                ("Cost centre", owner.cost_centre),
                ("GL account", owner.gl_account),
            )
            if value
        ]
    for section in view.sections:
        owed = sum(row.total for row in view.rows(section))
        found.append(("Total", told(owed, section.currency)))
        for up in section.adds_up_of_all(statement):
            if up.currency != section.currency:
                found.append(
                    ("Converted", f"1 {_text(up.currency)} = {up.rate:f} {_text(section.currency)}")
                )
    return [*found, ("Inputs", statement.inputs_digest), ("Digest", statement.digest)]


def _parts(view: View, section: Section, of: str) -> Iterator[Part]:
    currency = section.currency
    yield _summary(view, section, of) if len(view.rows(section)) > 1 else _owed(view, section, of)
    if not view.is_whole:
        yield from _details(view, section, of)
    if section.pools:
        yield _shared(view, section, of)
    if section.adjustments:
        yield Part(
            f"Changes of closed months{of}",
            "Bills that changed after their month was closed; they are owed with this month.",
            ["Closed month", view.statement.to.capitalize(), "Amount"],
            [0, 1, 0],
            [False, False, True],
            [[a.month, _text(label(a.owner)), told(a.cents, currency)]
             for a in section.adjustments],
        )  # fmt: skip
    yield _adds_up(view, section, of)


def _summary(view: View, section: Section, of: str) -> Part:
    currency, rows = section.currency, view.rows(section)
    kinds = [kind for kind in COLUMNS if any(row.cents[kind] for row in rows)]
    cells = [
        [
            _text(row.label),
            *(told(row.cents[kind], currency) for kind in kinds),
            told(row.total, currency),
            "" if row.previous is None else told(row.previous, currency),
            "" if row.share is None else f"{row.share} %".replace("-", MINUS),
        ]
        for row in rows
    ]
    cells.append(
        [
            "Total",
            *(told(sum(row.cents[kind] for row in rows), currency) for kind in kinds),
            told(sum(row.total for row in rows), currency),
            "",
            "",
        ]
    )
    heads = [view.statement.to.capitalize(), *(COLUMNS[kind] for kind in kinds), "Total",
             "Month before", "Share"]  # fmt: skip
    return Part(
        f"What each {view.statement.to} owes{of}",
        "",
        heads,
        [1, *[0] * (len(heads) - 1)],
        [False, *[True] * (len(heads) - 1)],
        cells,
        [len(cells) - 1],
    )


def _owed(view: View, section: Section, of: str) -> Part:
    currency, rows = section.currency, view.rows(section)
    cells = [
        [name, told(sum(row.cents[kind] for row in rows), currency)]
        for kind, name in COLUMNS.items()
        if any(row.cents[kind] for row in rows)
    ]
    cells.append(["Total", told(sum(row.total for row in rows), currency)])
    return Part(
        f"What is owed{of}", "", ["Kind", "Amount"], [1, 0], [False, True], cells,
        [len(cells) - 1],
    )  # fmt: skip


def _details(view: View, section: Section, of: str) -> Iterator[Part]:
    rows = [
        [
            _text(view.account(line.account)),
            _text(line.service),
            COLUMNS[line.kind],
            told(line.cents, section.currency),
        ]
        for line in section.lines
        if line.kind != SHARED and line.cents
    ]
    if rows:
        yield Part(
            f"Own costs{of}",
            "",
            ["Account", "Service", "Kind", "Amount"],
            [3, 3, 0, 0],
            [False, False, False, True],
            rows,
        )


def _shared(view: View, section: Section, of: str) -> Part:
    currency = section.currency
    rows: list[list[str]] = []
    strong: list[int] = []
    for pool in section.pools:
        of_account = f" in {view.account(pool.account)}" if pool.account else ""
        strong.append(len(rows))
        rows.append(
            [_text(f"{pool.pool}{of_account}"), f"by {_text(pool.driver)}", _weights(view, pool),
             told(pool.cents, currency)]
        )  # fmt: skip
        rows += [
            ["", _text(label(part.owner)), _text(part.weight), told(part.cents, currency)]
            for part in pool.parts
        ]
    return Part(
        f"Shared costs{of}",
        "Each pool with all of its cost, by what it was shared, and the parts.",
        ["Pool", view.statement.to.capitalize(), "Weight", "Amount"],
        [3, 3, 0, 0],
        [False, False, True, True],
        rows,
        strong,
    )


def _weights(view: View, pool: PoolTable) -> str:
    """The sum of all weights, so that a part can be recomputed."""
    whole = [
        part.weight.removesuffix(" %")
        for section in view.statement.sections
        for one in section.pools
        if (one.pool, one.account, one.cents) == (pool.pool, pool.account, pool.cents)
        for part in one.parts
    ]
    if not whole or not all(whole):
        return ""
    percent = " %" if pool.parts[0].weight.endswith("%") else ""
    return f"of {sum(map(Decimal, whole)):f}{percent}"


def _adds_up(view: View, section: Section, of: str) -> Part:
    statement = view.statement
    if not view.is_whole:
        holds = "adds" if statement.holds else "does NOT add"
        return Part(
            f"How it adds up{of}",
            f"This is a part of the statement of all {statement.to}s with the digest below. All "
            f"{statement.to}s and what is unallocated are the spend of the month to the cent, and "
            f"the spend {holds} up to the invoices.",
        )
    rows = [
        [_text(words), _exact(Decimal(amount), currency)]
        for words, amount, currency, _ in lines.steps(section)
    ]
    strong = [at for at, row in enumerate(rows) if row[0] in ("Spend of the month", "All invoices")]
    return Part(
        f"How it adds up to the invoices{of}", "", ["Step", "Amount"], [1, 0], [False, True], rows,
        strong,
    )  # fmt: skip


def _exact(amount: Decimal, currency: str) -> str:
    return f"{MINUS if amount < 0 else ''}{for_people(amount.copy_abs(), _text(currency))}"


def _text(text: str) -> str:
    return Outside(text).line(_LONGEST)


def _breakable(text: str) -> str:
    return " ".join(
        "\u200b".join(word[at : at + _RUN] for at in range(0, len(word), _RUN))
        for word in text.split(" ")
    )
