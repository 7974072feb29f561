"""The portable subset of SQL for marts, checked on the parsed tree.

Each rule covers a difference that was seen between engines: a silently lost digit, a sum written as
a double, a day shifted by a session's time zone. What is not allowed here is done on the small
marts, in exact Python.
"""

from collections.abc import Collection, Iterator
from typing import Any

import sqlglot
from sqlglot import exp

from credits_pipeline.finops.marts.columns import COUNT, MONEY

_FUNCTIONS: tuple[Any, ...] = (
    exp.And,
    exp.Case,
    exp.Cast,
    exp.Coalesce,
    exp.Count,
    exp.If,
    exp.Lag,
    exp.Lower,
    exp.Max,
    exp.Min,
    exp.Not,
    exp.Nullif,
    exp.Or,
    exp.RowNumber,
    exp.Sum,
)
_ARITHMETIC = (exp.Add, exp.Mul, exp.Div, exp.IntDiv, exp.Mod, exp.Pow)
_COUNTS = (exp.Count, exp.RowNumber)
_TYPES = tuple(exp.DataType.build(name) for name in (MONEY, COUNT))


def findings(text: str, *, tables: Collection[str]) -> tuple[str, ...]:
    """The parts of a mart's text that some engine would compute differently; empty if all agree.

    Args:
        text: one SELECT.
        tables: the tables that it may read.
    """
    try:
        statements = sqlglot.parse(text)
    except sqlglot.errors.ParseError as error:
        return (f"it can't be parsed: {error.errors[0]['description']}",)
    tree = statements[0] if len(statements) == 1 else None
    if not isinstance(tree, exp.Query):
        return ("it is not one SELECT",)
    return tuple(dict.fromkeys(_found(tree, frozenset(tables))))


def _found(tree: exp.Query, tables: frozenset[str]) -> Iterator[str]:
    known = tables | {cte.alias for cte in tree.find_all(exp.CTE)}
    for node in tree.walk():
        if isinstance(node, exp.Table):
            if node.name not in known:
                yield f"the table {node.sql()} is not one that it may read"
        elif isinstance(node, exp.Group):
            yield from _of_group(node)
        elif isinstance(node, (exp.Sum, *_COUNTS, exp.Sub)):
            yield from _of_sum(node)
        elif isinstance(node, exp.Cast):
            yield from _of_cast(node)
        elif isinstance(node, exp.Literal):
            yield from _of_number(node)
        else:
            yield from _of_kind(node)


def _of_kind(node: exp.Expr) -> Iterator[str]:
    """What is refused wherever it occurs."""
    told = node.sql().strip()
    if isinstance(node, _ARITHMETIC):
        yield f"{told}: marts know only SUM and -; compute it when it is displayed"
    elif isinstance(node, exp.Star):
        yield "a star: name the columns"
    elif isinstance(node, exp.Qualify):
        yield "QUALIFY: number the rows in a subquery"
    elif isinstance(node, (exp.Order, exp.Limit, exp.Offset)):
        if not isinstance(node.parent, exp.Window):
            yield f"{told}: rows have no order in a mart"
    elif isinstance(node, exp.SetOperation):
        if node.args.get("distinct"):
            yield "a set operation that drops equal rows: they may be two charges"
    elif isinstance(node, exp.Func) and not isinstance(node, _FUNCTIONS):
        yield f"{told}: the function is not in the list of those that all engines share"


def _of_group(group: exp.Group) -> Iterator[str]:
    if group.args.get("all") or any(
        group.args.get(name) for name in ("cube", "grouping_sets", "rollup", "totals")
    ):
        yield f"{group.sql().strip()}: name the columns to group by"
    for key in group.expressions:
        if isinstance(key, (exp.Cube, exp.GroupingSets, exp.Rollup)):
            yield f"{key.sql()}: a row of sums among rows is counted twice"
        elif isinstance(key, exp.Literal):
            yield f"GROUP BY {key.sql()}: name the column, not its place"


def _of_sum(node: exp.Expression) -> Iterator[str]:
    outer = node.parent
    while isinstance(outer, (exp.Paren, exp.Window)):
        outer = outer.parent
    wanted = _TYPES[1:] if isinstance(node, _COUNTS) else _TYPES
    if not (isinstance(outer, exp.Cast) and outer.to in wanted):
        names = " or ".join(kind.sql() for kind in wanted)
        yield f"{node.sql()}: cast it, because engines give it different types: {names}"


def _of_cast(node: exp.Cast) -> Iterator[str]:
    if isinstance(node, exp.TryCast):
        yield f"{node.sql()}: what can't be cast would silently become NULL"
    elif node.to not in _TYPES:
        yield f"{node.sql()}: types are made at ingest; a mart casts to {MONEY} or {COUNT} only"
    elif isinstance(node.this, (exp.Column, exp.Literal)) and not (
        isinstance(node.this, exp.Literal) and not node.this.is_string
    ):
        yield f"{node.sql()}: a column has its type from ingest"


def _of_number(node: exp.Literal) -> Iterator[str]:
    if node.is_string:
        return
    outer = node.parent
    if isinstance(outer, exp.Neg):
        outer = outer.parent
    if isinstance(outer, (exp.Case, exp.Coalesce, exp.Nullif)) or (
        isinstance(outer, exp.If) and node is not outer.this
    ):
        yield f"{node.sql()} beside a typed value: cast it"
