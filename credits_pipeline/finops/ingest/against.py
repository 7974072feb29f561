"""Statements about a delivery as a whole: against its manifest, and the previous version."""

from collections.abc import Collection, Mapping, Sequence
from decimal import Decimal

from credits_pipeline.core.money import to_text
from credits_pipeline.core.wording import counted
from credits_pipeline.finops.focus import FOCUS_COLUMNS, columns_of
from credits_pipeline.finops.ingest.check import Check, held
from credits_pipeline.finops.ingest.contract import EXACT, Measured
from credits_pipeline.finops.ingest.reading import Read
from credits_pipeline.finops.invoices.stated import StatedInvoice
from credits_pipeline.finops.lake import Version
from credits_pipeline.finops.manifests import Delivery

_KEEPS = "The month keeps its current version."
#: Invoices that one sentence names; the check's cases have them all.
_MOST = 5


def accepted(checks: Sequence[Check], accept: Collection[str]) -> tuple[Check, ...]:
    """The same, with those that a person accepted."""
    return tuple(
        check.accepted() if check.stops and check.name in accept else check for check in checks
    )


def is_newest(delivery: Delivery, counts: Version | None) -> Check:
    """A bucket that goes back in time must not take the month back with it."""
    name = "delivery_is_newest"
    at = f"{delivery.delivered_at:%Y-%m-%d %H:%M:%S} UTC"
    if counts is None or delivery.delivered_at >= counts.delivered_at:
        return held(name, f"The delivery of {at} is the newest.", delivered_at=at)
    return Check(
        name,
        passed=False,
        says=(
            f"{delivery.manifest} is of {at}, and the version that counts was delivered later, "
            f"{counts.delivered_at:%Y-%m-%d %H:%M:%S} UTC. {_KEEPS} What to do: find out why the "
            "bucket has an older delivery; if that is right, ingest the month with this check "
            "accepted."
        ),
        numbers={"delivered_at": at},
        passes=True,
    )


def against_manifest(delivery: Delivery, read: Read) -> list[Check]:
    """Files, bytes, rows and columns, as the manifest states them."""
    return [_files(delivery, read), _rows(delivery, read), _columns(delivery, read)]


def _files(delivery: Delivery, read: Read) -> Check:
    name = "files_match_manifest"
    size = sum(file.size for file in read.files)
    told = f"{counted(len(read.files), 'file')} of {size:,} bytes"
    if delivery.size is None or delivery.size == size:
        return held(name, f"Complete: {told}.", files=len(read.files), bytes=size)
    return Check(
        name,
        passed=False,
        says=f"There are {told}, and the manifest states {delivery.size:,} bytes. {_KEEPS} What to "
        "do: nothing if it is still being delivered; otherwise have the provider deliver it again.",
        numbers={"files": len(read.files), "bytes": size, "stated_bytes": delivery.size},
        passes=True,
    )


def _rows(delivery: Delivery, read: Read) -> Check:
    name = "rows_match_manifest"
    stated, rows = delivery.rows, counted(read.rows, "row")
    if stated is None:
        return held(name, f"{rows}; the manifest states no number.", rows=read.rows)
    if stated == read.rows:
        return held(name, f"{rows}, as the manifest states.", rows=read.rows)
    return Check(
        name,
        passed=False,
        says=f"The files have {rows}, and the manifest states {stated:,}. {_KEEPS} "
        "What to do: have the provider deliver the month again.",
        numbers={"rows": read.rows, "stated_rows": stated},
        passes=True,
    )


def _columns(delivery: Delivery, read: Read) -> Check:
    found = set(columns_of(read.columns, delivery.provider))
    lacking = [
        column.name
        for column in FOCUS_COLUMNS.values()
        if column.level == "expected" and column.name not in found
    ]
    told = f"{len(read.columns)} columns, all that a bill needs"
    return Check(
        "columns_are_there",
        passed=not lacking,
        blocking=False,
        says=f"{told}, and not {', '.join(lacking)}: not known there." if lacking else f"{told}.",
        numbers={"columns": len(read.columns)},
    )


def match_invoices(
    stated: Sequence[StatedInvoice], billed: Mapping[tuple[str, str], Decimal]
) -> Check:
    """Whether invoices add up to what a person read on paper.

    Args:
        stated: the invoices of this month of this source.
        billed: what the rows of each are billed, by number and currency.
    """
    name = "totals_match_invoices"
    if not stated:
        return held(name, "Nobody has stated an invoice of this month.", invoices=0)
    cases = []
    for invoice in stated:
        found = billed.get((invoice.invoice, invoice.currency))
        if found is None:
            others = sorted(code for number, code in billed if number == invoice.invoice)
            told = f"are in {', '.join(others)}" if others else "do not exist"
            cases.append(f"{invoice.invoice} states {invoice.told}; its rows {told}")
        elif found != invoice.total:
            cases.append(
                f"{invoice.invoice} states {invoice.told}; its rows add up to "
                f"{to_text(found)}, a difference of "
                f"{to_text(EXACT.subtract(found, invoice.total))}"
            )
    if not cases:
        told = ", ".join(f"{one.invoice} {one.told}" for one in stated)
        return held(name, f"As stated: {told}.", invoices=len(stated), apart=0)
    return Check(
        name,
        passed=False,
        says=f"{'; '.join(cases[:_MOST])}. {_KEEPS} What to do: wait for the provider's next "
        "delivery if the invoice is new; correct what was stated: credits-pipeline invoices "
        "state --help; or ingest the month with this check accepted.",
        numbers={"invoices": len(stated), "apart": len(cases)},
        cases=tuple(cases),
        passes=True,
    )


def not_smaller(
    read: Read, measured: Measured, counts: Version | None, stated: int | None = None
) -> Check:
    """A month that lost rows may be right. One that lost all of them is not accepted.

    Args:
        read: the rows in the files.
        measured: the sums of the typed rows.
        counts: the previous version.
        stated: how many rows the manifest states: if it says zero, an empty month is intended.
    """
    name = "not_smaller_than_before"
    if counts is None:
        if not measured.rows:
            return held(name, "The month has no rows.", blocking=False, rows=0)
        return held(
            name,
            f"{counted(measured.rows, 'row')}; there is no earlier version.",
            blocking=False,
            rows=measured.rows,
        )
    lost = [
        column
        for column in counts.columns
        if column.casefold() not in {each.casefold() for each in read.columns}
    ]
    numbers: dict[str, str | int] = {"rows": measured.rows, "rows_before": counts.rows}
    if measured.rows >= counts.rows and not lost:
        return Check(
            name,
            passed=True,
            says=f"{counted(measured.rows, 'row')}, {counts.rows:,} before.",
            blocking=False,
            numbers=numbers,
        )
    empty = not measured.rows and stated != 0
    billed = {currency: costs.get("BilledCost", "0") for currency, costs in measured.totals.items()}
    before = {currency: costs.get("BilledCost", "0") for currency, costs in counts.totals.items()}
    says = (
        f"{counted(measured.rows, 'row')}, {counts.rows:,} before; billed "
        f"{_told(billed)}, {_told(before)} before"
    )
    if lost:
        says += f"; no column {', '.join(lost[:8])} any more"
    return Check(
        name,
        passed=False,
        blocking=empty,
        says=f"{says}. "
        + (
            f"{_KEEPS} What to do: find out why the delivery is empty; if that is right, ingest "
            "the month with this check accepted."
            if empty
            else "The new delivery counts."
        ),
        numbers=numbers,
    )


def _told(amounts: dict[str, str]) -> str:
    return " and ".join(f"{amount} {currency}" for currency, amount in amounts.items()) or "nothing"
