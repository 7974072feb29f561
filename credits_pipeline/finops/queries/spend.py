"""Spend: where the money of a scope went, by the words that it is grouped by."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from credits_pipeline.finops.publish.bill import Bill
from credits_pipeline.finops.publish.published import Published
from credits_pipeline.finops.queries.exactly import percent, total
from credits_pipeline.finops.queries.scope import Scope
from credits_pipeline.finops.queries.selection import (
    COLUMNS,
    SeveralCurrenciesError,
    one_currency,
    read,
    select,
)
from credits_pipeline.finops.queries.sources import sources
from credits_pipeline.finops.queries.words import Vocabulary, spelled

__all__ = ["Row", "SeveralCurrenciesError", "Spend", "spend", "totals"]


@dataclass(frozen=True)
class Row:
    """One group.

    Attributes:
        keys: the value of each word that it is grouped by; None for the missing value.
        label: the same for people.
        cost: exact.
        line_items: how many rows of bills.
        share: of the total, in percent with one decimal; None if that is zero.
    """

    keys: tuple[str | None, ...]
    label: str
    cost: Decimal
    line_items: int
    share: Decimal | None


@dataclass(frozen=True)
class Spend:
    """An answer.

    Attributes:
        scope: what was asked, with the currency that was found.
        rows: the largest first.
        total: of all of them.
        line_items: rows of bills, in all.
        sources: the bills that it comes from.
    """

    scope: Scope
    rows: tuple[Row, ...]
    total: Decimal
    line_items: int
    sources: tuple[Bill, ...]

    @property
    def groups(self) -> tuple[str, ...]:
        """The words that it is grouped by."""
        return self.scope.group

    @property
    def currency(self) -> str | None:
        """Of all amounts; None if there is nothing."""
        return self.scope.currency


def spend(published: Published, scope: Scope) -> Spend:
    """Where the money of a scope went.

    Raises:
        SeveralCurrenciesError: it has several currencies, and none was chosen.
    """
    asked = one_currency(published, scope)
    rows = grouped(published, asked, asked.group)
    return Spend(
        scope=asked,
        rows=rows,
        total=total(row.cost for row in rows),
        line_items=sum(row.line_items for row in rows),
        sources=sources(published, asked),
    )


def totals(published: Published, scope: Scope) -> dict[str, tuple[Row, ...]]:
    """The spend of a scope by every word that filters; each has the same sum.

    Raises:
        SeveralCurrenciesError: it has several currencies, and none was chosen.
    """
    asked = one_currency(published, scope).but(group=())
    words = Vocabulary(published.tags).filters
    return {word: grouped(published, asked, (word,)) for word in words}


def grouped(published: Published, scope: Scope, words: Sequence[str]) -> tuple[Row, ...]:
    """The rows of a scope that has one currency, by words; the largest first."""
    found = sums(published, scope, words)
    whole = total(cost for cost, _ in found.values())
    made = [
        Row(
            keys=keys,
            label=label(words, keys),
            cost=cost,
            line_items=items,
            share=percent(cost, whole),
        )
        for keys, (cost, items) in found.items()
    ]
    return tuple(sorted(made, key=lambda row: (row.cost.copy_negate(), row.label)))


def sums(
    published: Published, scope: Scope, words: Sequence[str]
) -> dict[tuple[str | None, ...], tuple[Decimal, int]]:
    """Cost and rows of bills of a scope that has one currency, by the values of words."""
    columns = Vocabulary(published.tags).groups
    rows = select(published, scope, daily="day" in words)
    keys = [columns[word] for word in words]
    after = f"GROUP BY {', '.join(keys)}" if keys else ""
    measures = f"COALESCE(SUM({COLUMNS[scope.cost]}), 0), CAST(SUM(line_items) AS BIGINT)"
    return {
        tuple(None if key is None else str(key) for key in values): (Decimal(cost), items)
        for *values, cost, items in read(published, rows, ", ".join([*keys, measures]), after)
        if items
    }


def label(words: Sequence[str], keys: Sequence[str | None]) -> str:
    """The values of words, for people."""
    return " · ".join(spelled(word, value) for word, value in zip(words, keys, strict=True))
