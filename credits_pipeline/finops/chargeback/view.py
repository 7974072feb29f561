"""What one reader sees of a statement: all of it, or only the part of some owners.

Screen, CSV, spreadsheet and PDF are made from a view, so they agree.
"""

from dataclasses import dataclass, replace
from decimal import Decimal

from credits_pipeline.finops.chargeback.allocating import COMMITMENTS, CREDITS, DIRECT, SHARED, TAX
from credits_pipeline.finops.chargeback.shares import money
from credits_pipeline.finops.chargeback.statement import (
    ADJUSTMENTS,
    Section,
    Statement,
    label,
)
from credits_pipeline.finops.decisions import ClosedMonth
from credits_pipeline.finops.queries.exactly import percent

#: The columns of a summary, with their words.
COLUMNS = {
    DIRECT: "Direct",
    COMMITMENTS: "Commitments",
    CREDITS: "Credits",
    TAX: "Tax",
    SHARED: "Shared",
    ADJUSTMENTS: "Adjustments",
}
OPEN, CLOSED, REOPENED = "open", "closed", "reopened"


@dataclass(frozen=True)
class Row:
    """One owner's line of the summary.

    Attributes:
        owner: None for unallocated.
        label: for people.
        cents: by the kinds of `COLUMNS`.
        total: all of them.
        previous: of the previous month; None if that has no statement in this currency.
        share: of the section's total, in percent; None if that is zero.
    """

    owner: str | None
    label: str
    cents: dict[str, int]
    total: int
    previous: int | None
    share: Decimal | None


@dataclass(frozen=True)
class View:
    """A statement as a reader sees it.

    Attributes:
        statement: all of it.
        only: the owners whose part it is; None for all.
        previous: the previous month under the same model; None if there is none.
        closing: how the month was closed; None if it never was.
    """

    statement: Statement
    only: tuple[str | None, ...] | None = None
    previous: Statement | None = None
    closing: ClosedMonth | None = None

    def of(self, owner: str | None) -> "View":
        """One owner's part."""
        return replace(self, only=(owner,))

    @property
    def is_whole(self) -> bool:
        """Whether every owner is in it."""
        return self.only is None

    @property
    def title(self) -> str:
        """The owner that it is about, for people."""
        if self.only is None:
            return f"All {self.statement.to}s"
        return ", ".join(map(label, self.only))

    @property
    def state(self) -> str:
        """Open, closed or reopened."""
        if self.closing is None:
            return OPEN
        return CLOSED if self.closing.reopened_at is None else REOPENED

    @property
    def sections(self) -> tuple[Section, ...]:
        """By currency, with only this reader's content."""
        if self.only is None:
            return self.statement.sections
        return tuple(
            limited
            for one in self.statement.sections
            if (limited := _limited(one, set(self.only))).lines or limited.adjustments
        )

    def rows(self, section: Section) -> tuple[Row, ...]:
        """The summary of one of the sections: the largest first, unallocated last."""
        before = None if self.previous is None else _of_currency(self.previous, section.currency)
        whole = Decimal(section.total)
        found = [
            Row(
                owner=owner,
                label=label(owner),
                cents={kind: kinds[kind] for kind in COLUMNS},
                total=sum(kinds.values()),
                previous=None if before is None else before.owed(owner),
                share=percent(Decimal(sum(kinds.values())), whole) if self.is_whole else None,
            )
            for owner, kinds in section.owners.items()
            if self.only is None or owner in self.only
        ]
        return tuple(sorted(found, key=lambda row: (row.owner is None, -row.total, row.label)))

    def account(self, id_: str) -> str:
        """An account for people: its name and its id."""
        name = self.statement.accounts.get(id_, id_)
        return id_ if name == id_ else f"{name} ({id_})"


def amount(cents: int) -> str:
    """Cents as files have them: exact, with a dot."""
    return format(money(cents), "f")


def _limited(section: Section, owners: set[str | None]) -> Section:
    pools = [
        replace(pool, parts=parts)
        for pool in section.pools
        if (parts := tuple(part for part in pool.parts if part.owner in owners))
    ]
    return replace(
        section,
        lines=tuple(line for line in section.lines if line.owner in owners),
        pools=tuple(pools),
        adjustments=tuple(one for one in section.adjustments if one.owner in owners),
        adds_up=(),
    )


def _of_currency(statement: Statement, currency: str) -> Section | None:
    return next((one for one in statement.sections if one.currency == currency), None)
