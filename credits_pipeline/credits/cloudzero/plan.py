"""The plan of a drop: which rows go out in which request bodies, each sized to the byte.

The first body is `replace_drop` with its rows in hour 0 of the month, each one after it is
`replace_hourly` with its rows in the next hour, so every request replaces exactly itself and may be
repeated (CloudZero contract, section 4).
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Literal

import polars as pl

from credits_pipeline.core.month import BillingMonth
from credits_pipeline.credits.cloudzero.cbf import USAGE_START
from credits_pipeline.credits.cloudzero.jsontext import JsonObjects

BodyOperation = Literal["replace_drop", "replace_hourly"]


class PlanError(ValueError):
    """These rows can't be sent as they are; the message says why and what to do."""


@dataclass(frozen=True)
class SendingLimits:
    """The limits of CloudZero (CloudZero contract, section 3).

    Attributes:
        body_bytes: the most bytes of one request body. CloudZero says 5 MB, but not which megabyte.
        month_rows: the most rows of one stream and month.
        month_bytes: the most bytes of one stream and month.
    """

    body_bytes: int = 4_500_000
    month_rows: int = 1_000_000
    month_bytes: int = 70_000_000


@dataclass(frozen=True)
class Body:
    """One request body: a slice of the plan's rows, and how many bytes it will have."""

    number: int
    operation: BodyOperation
    first_row: int
    row_count: int
    size: int


@dataclass(frozen=True, eq=False)
class Plan:
    """Rows and the bodies that carry them. The bytes of a body are made on demand."""

    month: BillingMonth
    rows: pl.DataFrame
    bodies: tuple[Body, ...]
    _objects: JsonObjects = field(repr=False)

    @property
    def size(self) -> int:
        """Bytes of all bodies together."""
        return sum(body.size for body in self.bodies)

    def content(self, body: Body) -> bytes:
        """The exact JSON of a body.

        Raises:
            RuntimeError: its size is not the one planned, which would be a fault of this module.
        """
        start = {USAGE_START: _hour(self.month, body.number)}
        text = (
            self.rows.slice(body.first_row, body.row_count)
            .select(self._objects.texts(start).str.join(",", ignore_nulls=False))
            .item()
        )
        content = f"{_opening(self.month, body.operation)}{text}]}}".encode()
        if len(content) != body.size:
            raise RuntimeError(
                f"body {body.number} of {self.month} has {len(content)} bytes, planned {body.size}"
            )
        return content

    def contents(self) -> Iterator[tuple[Body, bytes]]:
        """Every body with its bytes, one at a time."""
        for body in self.bodies:
            yield body, self.content(body)

    def placed(self) -> pl.DataFrame:
        """The rows as CloudZero should hold them: each with the hour of its body."""
        if len(self.bodies) <= 1:
            return self.rows
        hours = pl.concat(
            [
                pl.Series([_hour(self.month, body.number)]).new_from_index(0, body.row_count)
                for body in self.bodies
            ]
        )
        return self.rows.with_columns(hours.alias(USAGE_START))

    @property
    def summary(self) -> dict[str, Any]:
        """The plan as plain values, for the attempt."""
        return {
            "rows": self.rows.height,
            "bytes": self.size,
            "bodies": [
                {"operation": body.operation, "rows": body.row_count, "bytes": body.size}
                for body in self.bodies
            ],
        }


def plan_bodies(
    rows: pl.DataFrame, month: BillingMonth, limits: SendingLimits | None = None
) -> Plan:
    """Cut rows, in their order, into as few bodies as the limit allows.

    Args:
        rows: rows of `CbfRows`, all of the first hour of the month.
        month: the billing month.
        limits: the limits of CloudZero.

    Raises:
        PlanError: no rows, a missing value, or more than CloudZero accepts for a month.
    """
    limits = limits or SendingLimits()
    if rows.is_empty():
        raise PlanError(
            f"{month}: there is no row to send; an empty drop would withdraw the month, which is "
            "a separate act: clear the month if that is intended"
        )
    holes = [name for name in rows.columns if rows[name].null_count()]
    if holes:
        raise PlanError(f"{month}: rows without a value in {', '.join(holes)} can't be sent")
    if rows.height > limits.month_rows:
        raise PlanError(
            f"{month}: {rows.height:,} rows are more than the {limits.month_rows:,} that CloudZero "
            "accepts for one stream and month: distribute the accounts over several streams"
        )
    objects = JsonObjects.of(rows, {USAGE_START: _hour(month, 1)})
    bodies = tuple(_cut(objects.lengths(rows), month, limits))
    if len(bodies) > month.hours:
        raise PlanError(
            f"{month}: {len(bodies):,} request bodies are more than the month has hours "
            f"({month.hours}): raise the limit of {limits.body_bytes:,} bytes for one body"
        )
    size = sum(body.size for body in bodies)
    if size > limits.month_bytes:
        raise PlanError(
            f"{month}: {rows.height:,} rows make {size:,} bytes, more than the "
            f"{limits.month_bytes:,} that CloudZero accepts for one stream and month: shorten the "
            "description, or distribute the accounts over several streams"
        )
    return Plan(month, rows, bodies, objects)


def _cut(lengths: pl.Series, month: BillingMonth, limits: SendingLimits) -> Iterator[Body]:
    # Where each row ends, counting a comma after every row.
    ends = (lengths + 1).cum_sum()
    first, before, number = 0, 0, 0
    while first < len(ends):
        number += 1
        operation: BodyOperation = "replace_drop" if number == 1 else "replace_hourly"
        frame = len(_opening(month, operation).encode()) + len("]}")
        # The last row has no comma after it.
        room = limits.body_bytes - frame + 1
        following = int(ends.search_sorted(before + room, side="right"))
        if following <= first:
            raise PlanError(
                f"{month}: a single row needs {ends[first] - before - 1 + frame:,} bytes, more "
                f"than the limit of {limits.body_bytes:,} for one body: shorten the description"
            )
        size = int(ends[following - 1]) - before - 1 + frame
        yield Body(number, operation, first, following - first, size)
        first, before = following, int(ends[following - 1])


def _opening(month: BillingMonth, operation: BodyOperation) -> str:
    return f'{{"month":"{month}","operation":"{operation}","data":['


def _hour(month: BillingMonth, number: int) -> str:
    return (month.start + timedelta(hours=number - 1)).strftime("%Y-%m-%dT%H:%M:%SZ")
