"""Proposes a profile for a file: what its columns look like, and what only a person can say."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

from credits_pipeline.credits.reading import headers
from credits_pipeline.credits.reading.accounts import account
from credits_pipeline.credits.reading.amounts import FOREIGN_CODES, Mark
from credits_pipeline.credits.reading.characters import clean
from credits_pipeline.credits.reading.columns import names_month, role_of
from credits_pipeline.credits.reading.grid import Grid
from credits_pipeline.credits.reading.profiles.profile import (
    AmountColumn,
    Credit,
    MonthColumn,
    Profile,
    RowRule,
    cell_key,
)
from credits_pipeline.credits.reading.profiles.sample import (
    Columns,
    UndecidedError,
    has_tail,
    is_amount,
    is_code,
    is_month,
    is_value,
    month_of_cell,
    sign_of,
)
from credits_pipeline.credits.reading.roles import Role
from credits_pipeline.credits.reading.totals import is_total

_PAYER = re.compile("payer|paying|management|master|billing|parent|root|bank|owner", re.IGNORECASE)
_SORTS_ROWS = re.compile(
    r"type|category|class|status|state\b|dr.?/?.?cr|sign|estimat|record|kind", re.IGNORECASE
)
_COST = re.compile("cost|charge|usage|spend|kosten|co[uû]t", re.IGNORECASE)
_MONEY = re.compile("credit|cost|amount|charge|usd|\\$", re.IGNORECASE)
_NOT_A_NAME = re.compile("[^a-z0-9]+")
_CREDIT = "credit"
_FALSE = frozenset({"false", "no", "0"})
_TRUE = frozenset({"true", "yes", "1"})
_VALUES_SHOWN = 4
_MOST_KINDS = 40


@dataclass(frozen=True)
class Said:
    """What a person said about the file; None or empty if nothing."""

    name: str | None = None
    account: str | None = None
    amount: str | None = None
    credit: Credit | None = None
    month: str | None = None
    without_month: bool = False
    currency: str | None = None
    count: Sequence[tuple[str, str]] = ()
    ignored: Sequence[str] = ()
    sums: bool | None = None
    decimals: int | None = None
    mark: Mark | None = None


def propose(grid: Grid, header: int, said: Said, *, file: str) -> Profile:
    """A profile for a file.

    Args:
        grid: its records.
        header: which of them is the header.
        said: what a person said.
        file: its name without its ending, for the profile's.

    Raises:
        UndecidedError: only a person can say something that the profile needs.
    """
    names = grid.rows(header, header + 1)[0]
    while names and not clean(names[-1]):
        names.pop()
    below = grid.below(header).rows(0, grid.height)
    rows, notes = _rows_and_notes(below, grid.rows(0, header))
    width = len(names)
    padded = [row[:width] + [""] * (width - len(row)) for row in rows]
    columns = Columns([clean(name) for name in names], [list(c) for c in zip(*padded, strict=True)])
    if not padded:
        raise UndecidedError("there is no row with an account id below the header")
    ids = _account(columns, said)
    currency = _currency(columns, said)
    rules = _rules(columns, said)
    month = _month(columns, said)
    amount = _amount(columns, said)
    counted = _counted(columns, rules)
    made = Profile(
        name=said.name or _NOT_A_NAME.sub("-", file.casefold()).strip("-")[:64] or "profile",
        about=f"Proposed from {file}.",
        header=tuple(columns.header),
        account=(columns.header[ids],),
        amount=_read_as(columns, amount, counted, said),
        month=month,
        currency=() if currency is None else (columns.header[currency],),
        rows=rules,
        sums=_sums(columns, ids, month, counted, said),
        ignored=tuple(columns.header[i] for i in columns.free(lambda _: True)),
        notes=notes,
    )
    return _with_ignored(made, columns, said)


def _rows_and_notes(
    below: list[list[str]], above: list[list[str]]
) -> tuple[list[list[str]], tuple[str, ...]]:
    """The records of the table, and the lines of one text beside it."""
    rows, notes = [], []
    for row in below:
        filled = [clean(cell) for cell in row if clean(cell)]
        if len(filled) == 1 and not any(map(is_value, filled)) and not is_total(filled[0]):
            notes.append(filled[0])
        elif filled and not any(map(is_total, filled)):
            rows.append(row)
    titles = [" ".join(clean(cell) for cell in row if clean(cell)) for row in above]
    return rows, tuple(dict.fromkeys([*filter(None, titles), *notes]))


def _account(columns: Columns, said: Said) -> int:
    if said.account is not None:
        found = columns.named(said.account, "--account")
    else:
        candidates = columns.free(lambda i: _share(columns, i) > 0.5)  # noqa: PLR2004 - most of them
        named = [i for i in candidates if headers.is_account(columns.header[i])]
        others = [i for i in candidates if not _PAYER.search(columns.header[i])]
        best = named or others or candidates
        if len(best) != 1:
            raise UndecidedError(
                f"{_which(columns, best)} can be the account: say --account COLUMN"
            )
        found = best[0]
    columns.taken.add(found)
    return found


def _share(columns: Columns, index: int) -> float:
    values = columns.values(index)
    return sum(account(value).id is not None for value in values) / max(len(values), 1)


def _currency(columns: Columns, said: Said) -> int | None:
    if said.currency is not None and cell_key(said.currency) == "usd":
        return None
    if said.currency is not None:
        found = columns.named(said.currency, "--currency")
    else:
        by_name = columns.free(
            lambda i: role_of(columns.header[i], columns.seen(i)) is Role.CURRENCY
        )
        by_value = columns.free(
            lambda i: (
                columns.all(i, is_code)
                and any(v == "USD" or v in FOREIGN_CODES for v in columns.values(i))
            )
        )
        both = by_name or by_value
        if not both:
            return None
        found = both[0]
    columns.taken.add(found)
    return found


def _rules(columns: Columns, said: Said) -> tuple[RowRule, ...]:
    """Which rows count: what a person said, and columns that classify rows by name or values."""
    wanted: dict[int, list[str]] = {}
    for name, value in said.count:
        wanted.setdefault(columns.named(name, "--count"), []).append(value)
    ignored = {columns.named(name, "--ignore") for name in said.ignored}
    suspects = columns.free(
        lambda i: (
            i not in ignored
            and (
                bool(_SORTS_ROWS.search(columns.header[i]))
                or _CREDIT in map(cell_key, columns.values(i))
            )
            and not columns.all(i, is_amount)
        )
    )
    rules = []
    for index in sorted({*wanted, *suspects}):
        rules.append(_rule(columns, index, wanted.get(index)))
        columns.taken.add(index)
    return tuple(rules)


def _rule(columns: Columns, index: int, wanted: list[str] | None) -> RowRule:
    name = columns.header[index]
    values = list(dict.fromkeys(map(clean, columns.cells[index])))
    keys = {cell_key(value): value for value in values}
    if wanted is not None:
        count = tuple(wanted)
    elif _CREDIT in keys:
        count = (keys[_CREDIT],)
    elif len(keys) == 1:
        count = tuple(values)
    elif {*keys} <= _TRUE | _FALSE and "estimat" in name.casefold():
        return RowRule(
            name,
            count=tuple(v for k, v in keys.items() if k in _FALSE) or ("false",),
            estimate=tuple(v for k, v in keys.items() if k in _TRUE),
        )
    else:
        shown = ", ".join(map(repr, values[:_VALUES_SHOWN]))
        raise UndecidedError(
            f"the column {name!r} says {shown}{' and more' if len(values) > _VALUES_SHOWN else ''}:"
            f" say which rows count, --count {name!r}=VALUE, or --ignore {name!r} if it can't"
            " change a dollar"
        )
    if "estimat" in name.casefold() and {*map(cell_key, count)} & _TRUE:
        return RowRule(name, count=("false",), estimate=count)
    if len(keys) > _MOST_KINDS:
        raise UndecidedError(f"the column {name!r} has too many values to sort rows by")
    left_out = [value for key, value in keys.items() if key not in {*map(cell_key, count)}]
    return RowRule(name, count=count, leave_out=tuple(left_out))


def _month(columns: Columns, said: Said) -> MonthColumn | None:
    if said.without_month:
        return None
    if said.month is not None:
        found = columns.named(said.month, "--month-column")
        columns.taken.add(found)
        return MonthColumn((columns.header[found],))
    keys = [cell_key(name) for name in columns.header]
    if "year" in keys and "month" in keys:
        year, month = keys.index("year"), keys.index("month")
        columns.taken |= {year, month}
        return MonthColumn(year=columns.header[year], number=columns.header[month])
    dates = columns.free(lambda i: columns.all(i, is_month))
    if not dates:
        return None
    by_name = [i for i in dates if names_month(columns.header[i])]
    different = {tuple(map(month_of_cell, columns.cells[i])) for i in (by_name or dates)}
    if len(different) > 1:
        raise UndecidedError(
            f"{_which(columns, by_name or dates)} hold dates: say which one states the month,"
            " --month-column COLUMN, or --no-month"
        )
    found = (by_name or dates)[0]
    columns.taken.add(found)
    return MonthColumn((columns.header[found],))


def _amount(columns: Columns, said: Said) -> int:
    if said.amount is not None:
        found = columns.named(said.amount, "--amount")
    else:
        numbers = columns.free(lambda i: columns.all(i, is_amount))
        sure = [i for i in numbers if headers.is_amount(columns.header[i])]
        money = [i for i in numbers if _MONEY.search(columns.header[i])]
        best = sure or money or numbers
        if len(best) != 1:
            raise UndecidedError(f"{_which(columns, best)} can be the amount: say --amount COLUMN")
        found = best[0]
    columns.taken.add(found)
    return found


def _read_as(columns: Columns, index: int, counted: list[int], said: Said) -> AmountColumn:
    name = columns.header[index]
    cells = [columns.cells[index][row] for row in counted]
    signs = Counter(sign_of(cell) for cell in cells)
    credit = said.credit
    if credit is None:
        if signs["-"] and signs["+"]:
            raise UndecidedError(
                f"the column {name!r} has {signs['+']:,} positive and {signs['-']:,} negative"
                " amounts in the rows that count: say which are credits, --credit negative or"
                " --credit positive"
            )
        if signs["+"] and _COST.search(name):
            raise UndecidedError(
                f"the column {name!r} has positive amounts, and is named like one of costs: if"
                " they are credits, say --credit positive"
            )
        credit = "negative" if signs["-"] else "positive"
    if said.decimals is None and any(has_tail(cell) for cell in cells):
        raise UndecidedError(
            f"the column {name!r} has amounts with more decimals than dollars have: say how many "
            "decimals count, such as --decimals 2"
        )
    return AmountColumn((name,), credit, said.decimals, said.mark)


def _counted(columns: Columns, rules: Sequence[RowRule]) -> list[int]:
    """The rows that every rule counts, or may count."""
    left_out = [
        (columns.named(rule.column, ""), {cell_key(value) for value in rule.leave_out})
        for rule in rules
    ]
    height = len(columns.cells[0])
    return [
        row
        for row in range(height)
        if all(cell_key(columns.cells[index][row]) not in values for index, values in left_out)
    ]


def _sums(
    columns: Columns, ids: int, month: MonthColumn | None, counted: list[int], said: Said
) -> bool:
    """Whether an account's rows are added up: proposed if an account has several."""
    if said.sums is not None:
        return said.sums
    months = [columns.named(name, "") for name in month.column[:1]] if month else []
    if month and month.year and month.number:
        months = [columns.named(month.year, ""), columns.named(month.number, "")]
    keys = Counter(
        (
            account(columns.cells[ids][row]).id,
            *(month_of_cell(columns.cells[i][row]) for i in months),
        )
        for row in counted
    )
    return any(count > 1 for count in keys.values())


def _with_ignored(made: Profile, columns: Columns, said: Said) -> Profile:
    """The profile, provided that no column a person wants to ignore is read."""
    for name in said.ignored:
        key = cell_key(columns.header[columns.named(name, "--ignore")])
        if key not in map(cell_key, made.ignored):
            raise UndecidedError(f"the column {name!r} is read: it can't be ignored")
    return replace(made, ignored=tuple(dict.fromkeys(made.ignored)))


def _which(columns: Columns, indices: Sequence[int]) -> str:
    if not indices:
        return "no column"
    return " and ".join(f"the column {columns.header[index]!r}" for index in indices)
