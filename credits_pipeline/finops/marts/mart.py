"""A mart: its text in the portable subset of SQL, its columns, and which rows it sums.

Every mart is local to a partition (one source, one billing month): a month that is delivered again
affects that month only. A mart is a sum of typed rows, and is checked against them to the last
digit.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from credits_pipeline.finops.marts.columns import COSTS, COUNT, LINE_ITEMS, MONEY, Column

ROWS = "focus_costs"


@dataclass(frozen=True)
class Mart:
    """One mart.

    Attributes:
        name: of its table.
        keys: what it is grouped by, in order.
        reads: the table that it is made from: `ROWS`, or another mart.
        of: which typed rows count in it, as a predicate over `ROWS`; empty for all.
        more: columns of its own between the keys and the costs.
        text: its SQL.
        is_large: it has a row for each resource, and is published in a separate file.
    """

    name: str
    keys: tuple[Column, ...]
    reads: str
    text: str
    of: str = ""
    more: tuple[Column, ...] = ()
    is_large: bool = False

    @property
    def columns(self) -> tuple[Column, ...]:
        """All columns, in the order of its files."""
        costs = tuple(Column(name, MONEY) for name in COSTS.values())
        return (*self.keys, *self.more, *costs, Column(LINE_ITEMS, COUNT))

    @property
    def digest(self) -> str:
        """The digest of its definition: another one makes another table of the same rows."""
        written = "\n".join(
            [self.name, self.text, self.of, *(f"{c.name} {c.type}" for c in self.columns)]
        )
        return hashlib.sha256(written.encode()).hexdigest()[:12]


def from_rows(
    name: str,
    keys: Sequence[tuple[Column, str]],
    *,
    of: str = "",
    more: Sequence[tuple[Column, str]] = (),
    is_large: bool = False,
) -> Mart:
    """A mart over typed rows.

    Args:
        name: of its table.
        keys: each with its expression.
        of: the predicate over rows, in the portable subset.
        more: further columns, each with its aggregate.
        is_large: see `Mart`.
    """
    costs = [f"CAST(SUM({focus}) AS {MONEY}) AS {ours}" for focus, ours in COSTS.items()]
    chosen = [
        *(_named(text, column.name) for column, text in keys),
        *(f"{text} AS {column.name}" for column, text in more),
        *costs,
        f"CAST(COUNT(1) AS {COUNT}) AS {LINE_ITEMS}",
    ]
    return Mart(
        name=name,
        keys=tuple(column for column, _ in keys),
        reads=ROWS,
        text=_select(chosen, ROWS, of, [text for _, text in keys]),
        of=of,
        more=tuple(column for column, _ in more),
        is_large=is_large,
    )


def from_mart(name: str, other: Mart, *, without: Sequence[str]) -> Mart:
    """A mart over another, grouped by fewer keys."""
    keys = tuple(column for column in other.keys if column.name not in without)
    names = [column.name for column in keys]
    chosen = [
        *names,
        *(f"CAST(SUM({cost}) AS {MONEY}) AS {cost}" for cost in COSTS.values()),
        f"CAST(SUM({LINE_ITEMS}) AS {COUNT}) AS {LINE_ITEMS}",
    ]
    return Mart(
        name=name,
        keys=keys,
        reads=other.name,
        text=_select(chosen, other.name, "", names),
        of=other.of,
    )


def _named(text: str, name: str) -> str:
    return text if text == name else f"{text} AS {name}"


def _select(chosen: Sequence[str], table: str, of: str, keys: Sequence[str]) -> str:
    where = f"\nWHERE {of}" if of else ""
    wanted, grouped = ",\n    ".join(chosen), ",\n    ".join(keys)
    return f"SELECT\n    {wanted}\nFROM {table}{where}\nGROUP BY\n    {grouped}\n"
