"""Imported CSV tables: metrics that pools follow, exchange rates, statement owners.

A table is read completely or not at all; faults are reported with line and column.
"""

import csv
import io
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from credits_pipeline.core.money import from_text
from credits_pipeline.core.month import BillingMonth
from credits_pipeline.finops.chargeback.decided import Owner, owner_id
from credits_pipeline.finops.chargeback.model import DIMENSIONS

_MOST_FAULTS = 10
_LARGEST = 5_000_000


class TableError(ValueError):
    """The table can't be used; the message names lines and columns."""


def metric(content: bytes) -> dict[str, Any]:
    """A metric's body from ``month,owner,value``.

    Raises:
        TableError: it can't be used.
    """
    months: dict[str, dict[str, str]] = {}

    def take(row: Mapping[str, str]) -> None:
        month, value = _month(row), _number(row, "value")
        if row["owner"] in months.setdefault(month, {}):
            raise ValueError(f"owner: {row['owner']!r} occurs twice in {month}")
        months[month][row["owner"]] = value

    _read(content, ("month", "owner", "value"), take)
    return {"months": months}


def rates(content: bytes) -> dict[str, Any]:
    """The body of exchange rates from ``month,from,to,rate``: what one unit is worth.

    Raises:
        TableError: it can't be used.
    """
    months: dict[str, dict[str, str]] = {}
    targets: set[str] = set()

    def take(row: Mapping[str, str]) -> None:
        month, rate = _month(row), _number(row, "rate")
        source, to = row["from"].upper(), row["to"].upper()
        if targets - {to}:
            raise ValueError(
                f"to: it is {to}, and was {min(targets)} before; use one file for each"
            )
        if Decimal(rate) == 0:
            raise ValueError("rate: it is zero, and must be above zero")
        if source in months.setdefault(month, {}):
            raise ValueError(f"from: {source} occurs twice in {month}")
        targets.add(to)
        months[month][source] = rate

    _read(content, ("month", "from", "to", "rate"), take)
    return {"to": min(targets), "months": months}


def owners(content: bytes) -> dict[str, dict[str, Any]]:
    """The bodies of statement owners by id, from ``kind,name,cost_centre,gl_account,addresses``.

    Raises:
        TableError: it can't be used.
    """
    found: dict[str, dict[str, Any]] = {}

    def take(row: Mapping[str, str]) -> None:
        if row["kind"] not in DIMENSIONS:
            raise ValueError(f"kind: it is {row['kind']!r}, and is one of {', '.join(DIMENSIONS)}")
        id_ = owner_id(row["kind"], row["name"])
        if id_ in found:
            raise ValueError(f"name: {row['name']!r} occurs twice")
        addresses = tuple(one for one in row["addresses"].replace(";", " ").split() if one)
        body = Owner(row["cost_centre"], row["gl_account"], addresses).body()
        Owner.parse(id_, body)
        found[id_] = body

    _read(content, ("kind", "name", "cost_centre", "gl_account", "addresses"), take,
          needed=("kind", "name"))  # fmt: skip
    return found


def _read(
    content: bytes,
    heads: Sequence[str],
    take: Callable[[Mapping[str, str]], None],
    needed: Sequence[str] | None = None,
) -> None:
    lines = _lines(content)
    if not lines or [cell.strip().lower() for cell in lines[0]] != list(heads):
        raise TableError(f"Line 1 has to be {','.join(heads)}.")
    faults, taken = [], 0
    for number, cells in enumerate(lines[1:], 2):
        if not any(cell.strip() for cell in cells):
            continue
        try:
            take(_row(cells, heads, heads if needed is None else needed))
            taken += 1
        except ValueError as error:
            faults.append(f"Line {number}, {error}.")
    if not taken and not faults:
        faults.append("There is no row below line 1.")
    if faults:
        more = len(faults) - _MOST_FAULTS
        told = " ".join(faults[:_MOST_FAULTS])
        raise TableError(f"{told}{f' And {more} more.' if more > 0 else ''} Nothing was imported.")


def _lines(content: bytes) -> list[list[str]]:
    if len(content) > _LARGEST:
        raise TableError(f"The table is larger than {_LARGEST:,} bytes.")
    try:
        return list(csv.reader(io.StringIO(content.decode("utf-8-sig")), strict=True))
    except UnicodeDecodeError as error:
        raise TableError(
            f"The table is not UTF-8: {error}. What to do: save it as UTF-8."
        ) from None
    except csv.Error as error:
        raise TableError(f"The table is not CSV: {error}.") from None


def _row(cells: Sequence[str], heads: Sequence[str], needed: Sequence[str]) -> dict[str, str]:
    if len(cells) != len(heads):
        raise ValueError(f"it has {len(cells)} cells, and has {len(heads)}")
    row = {head: cell.strip() for head, cell in zip(heads, cells, strict=True)}
    empty = [head for head in needed if not row[head]]
    if empty:
        raise ValueError(f"{empty[0]}: it is empty")
    return row


def _month(row: Mapping[str, str]) -> str:
    try:
        return str(BillingMonth.parse(row["month"]))
    except ValueError as error:
        raise ValueError(f"month: {error}") from None


def _number(row: Mapping[str, str], name: str) -> str:
    try:
        value = from_text(row[name])
    except ValueError:
        value = Decimal(-1)
    if value < 0:
        raise ValueError(f"{name}: {row[name]!r} is not a number of zero or more, such as 12.5")
    return format(value, "f")
