"""Control totals: what a file, or the object's metadata, states, against what is counted."""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from itertools import accumulate

import polars as pl

from credits_pipeline.credits.model.findings import ControlTotal
from credits_pipeline.credits.reading.amounts import parse_amount
from credits_pipeline.credits.reading.characters import clean
from credits_pipeline.credits.reading.extract import StatedTotal
from credits_pipeline.credits.reading.refusal import UnreadableFile
from credits_pipeline.credits.reading.sums import exact, exact_sum

_CENTS = 2
_SHOWN = 20


@dataclass(frozen=True)
class Controls:
    """What the object's metadata states about the file, as text.

    Attributes:
        total: the sum of its credits, in dollars.
        rows: how many records carry a credit.
        total_source: what to call the first in messages.
        rows_source: what to call the second.
    """

    total: str | None = None
    rows: str | None = None
    total_source: str = "object metadata credits-total"
    rows_source: str = "object metadata credits-rows"


@dataclass(frozen=True)
class ReadTotal:
    """A stated total, its amount signed as credits, and the decimals that it is written with."""

    said: StatedTotal
    usd: Decimal
    decimals: int


def decimals_of(text: str, mark: str) -> int:
    """How many decimals an amount is written with."""
    match = re.search(rf"{re.escape(mark)}([0-9]+)[^0-9]*$", text)
    return 0 if match is None else len(match[1])


def control_totals(
    totals: Iterable[ReadTotal],
    entries: pl.DataFrame,
    *,
    month: int | None,
    rounded_to: int | None,
) -> tuple[ControlTotal, ...]:
    """Compare the totals that concern one month, or the whole file, with the entries they cover.

    Totals of rows are compared with the rows that would be sent if every account were known; those
    of one line or column, which only show that its figures are complete, with all rows.

    Args:
        totals: as read.
        entries: every entry of the file, in its order, with `line`, `month`, `column`, `batch`,
            `usd`, signed as credits, and `counts`: whether it would be sent.
        month: the month; None if the file states none.
        rounded_to: decimals to which the file's maker rounds every figure.
    """
    concerned = [t for t in totals if t.said.month in {None, month} and t.said.scope != "none"]
    if not concerned:
        return ()
    compare = _Comparison(entries, concerned, rounded_to)
    found: list[ControlTotal] = []
    cells: dict[str, list[ControlTotal]] = {}
    for total in concerned:
        if total.said.scope in {"line", "column"}:
            cells.setdefault(total.said.scope, []).append(compare.group(total))
        elif total.said.scope == "batch":
            found.append(compare.group(total))
        else:
            found.append(compare.rows(total))
    for scope, compared in cells.items():
        found += _together(scope, compared)
    return tuple(found)


class _Comparison:
    """The sums that totals are compared with, each computed once."""

    def __init__(
        self, entries: pl.DataFrame, totals: list[ReadTotal], rounded_to: int | None
    ) -> None:
        self._entries = entries
        self._rounded_to = rounded_to
        self._by_month: dict[int | None, tuple[list[int], list[Decimal]]] = {}
        self._groups: dict[str, dict[int, tuple[Decimal, int]]] = {}
        lines: dict[int | None, set[int]] = {}
        for total in totals:
            if total.said.is_record and total.said.scope in {"all", "since"}:
                lines.setdefault(total.said.month, set()).add(total.said.line)
        self._peers = {of: sorted(found) for of, found in lines.items()}

    def rows(self, total: ReadTotal) -> ControlTotal:
        """A total of rows: of all, of those above it, or of those since the previous total."""
        said = total.said
        lines, sums = self._running(said.month)
        peers = self._peers.get(said.month, [])
        place = bisect_left(peers, said.line)
        before = peers[place - 1] if place else 0
        since = self._between(lines, sums, before, said.line)
        everything = (sums[-1], len(lines))
        if said.scope == "since":
            return self._control(total, *(since or (Decimal(0), 0)))
        candidates = [everything]
        if said.is_record and len(peers) > 1 and since is not None:
            candidates.append(since)
        if said.is_record and said.line != peers[-1]:
            above = self._between(lines, sums, 0, said.line)
            candidates += [above] if above is not None else []
        compared = [self._control(total, *candidate) for candidate in candidates]
        return next((control for control in compared if control.agrees), compared[0])

    def group(self, total: ReadTotal) -> ControlTotal:
        """A total of one line, column or batch."""
        scope = total.said.scope
        if scope not in self._groups:
            self._groups[scope] = {
                key: (exact_sum(group["usd"]), len(group))
                for (key,), group in self._entries.group_by(scope)
                if isinstance(key, int)
            }
        key = total.said.line if scope == "line" else total.said.column
        return self._control(total, *self._groups[scope].get(key or 0, (Decimal(0), 0)))

    def _running(self, month: int | None) -> tuple[list[int], list[Decimal]]:
        """The lines of a month's entries, and the sum before each and after the last."""
        if month not in self._by_month:
            entries = self._entries
            if month is not None:
                entries = entries.filter(pl.col("month") == month)
            entries = entries.filter("counts")
            amounts = entries["usd"].fill_null(0).to_list()
            self._by_month[month] = (
                entries["line"].to_list(),
                list(accumulate(amounts, lambda a, b: exact((a, b)), initial=Decimal(0))),
            )
        return self._by_month[month]

    @staticmethod
    def _between(
        lines: list[int], sums: list[Decimal], after: int, before: int
    ) -> tuple[Decimal, int] | None:
        first, last = bisect_right(lines, after), bisect_left(lines, before)
        return (
            (exact((sums[last], sums[first].copy_negate())), last - first) if last > first else None
        )

    def _control(self, total: ReadTotal, counted: Decimal, count: int) -> ControlTotal:
        said = total.said
        return ControlTotal(
            source=f"line {said.line} {said.label!r}",
            unit="usd",
            stated=total.usd,
            counted=counted,
            tolerance=rounding(
                counted,
                decimals=total.decimals,
                parts=said.parts,
                rounded_to=self._rounded_to,
                count=count,
            ),
        )


def rounding(
    counted: Decimal,
    *,
    decimals: int,
    parts: int = 1,
    rounded_to: int | None = None,
    count: int = 1,
) -> Decimal:
    """How far a total may differ because its maker rounded.

    A total stated with fewer decimals than what it covers was rounded to them (to cents at the
    coarsest); if every figure is rounded separately, each may add half a unit.
    """
    allowed = Decimal(0)
    counted_decimals = len(format(counted, "f").partition(".")[2].rstrip("0"))
    decimals = max(_CENTS, decimals)
    if counted_decimals > decimals:
        allowed = Decimal(5).scaleb(-decimals - 1) * parts
    if rounded_to is not None and counted_decimals >= rounded_to - 1:
        allowed += Decimal(5).scaleb(-rounded_to - 1) * (count + 1)
    return allowed


def _together(scope: str, compared: list[ControlTotal]) -> list[ControlTotal]:
    """The disagreeing totals one by one, the agreeing ones as one."""
    wrong = [control for control in compared if not control.agrees]
    right = [control for control in compared if control.agrees]
    found = wrong[:_SHOWN]
    if right:
        what = {"line": "rows", "column": "accounts"}.get(scope, scope)
        counted = exact(control.counted for control in right)
        stated = exact(control.stated for control in right)
        found.append(
            ControlTotal(
                source=f"totals of {len(right)} {what}",
                unit="usd",
                stated=stated,
                counted=counted,
                tolerance=abs(stated - counted),
            )
        )
    return found


def from_metadata(
    controls: Controls,
    *,
    sent_usd: Decimal,
    rows: int,
    negative_is_credit: bool,
    name: str,
) -> tuple[ControlTotal, ...]:
    """Compare what the object's metadata states with what would be sent.

    Accounts that CloudZero does not know are left out later, and count here.

    A total may be signed as in the file.

    Raises:
        UnreadableFile: it is not an amount, or not a number of rows.
    """
    found = []
    if controls.total is not None:
        stated = parse_amount(controls.total).point if clean(controls.total) else None
        if stated is None:
            raise UnreadableFile(
                f"{name}: {controls.total_source} {controls.total!r} is not an amount in US dollars"
                " such as 116319.27; correct it."
            )
        if negative_is_credit and stated < 0:
            stated = stated.copy_negate()
        found.append(
            ControlTotal(
                controls.total_source,
                "usd",
                stated,
                sent_usd,
                tolerance=rounding(sent_usd, decimals=decimals_of(controls.total, ".")),
            )
        )
    if controls.rows is not None:
        text = clean(controls.rows)
        if not (text.isascii() and text.isdigit()):
            raise UnreadableFile(
                f"{name}: {controls.rows_source} {controls.rows!r} is not a number of rows; correct"
                " it."
            )
        found.append(ControlTotal(controls.rows_source, "rows", Decimal(text), Decimal(rows)))
    return tuple(found)
