"""The last attempt to read a month of a source, stored beside the bills, with its result and why.

A month that could not be read keeps its last good version; the attempt records that.
"""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from typing import Any

from credits_pipeline.core.month import BillingMonth
from credits_pipeline.finops.depot import Depot
from credits_pipeline.finops.errors import BillError
from credits_pipeline.finops.ingest import Ingested, Progress, ingest_month
from credits_pipeline.finops.ingest.tags import TagSpec
from credits_pipeline.finops.invoices.stated import StatedInvoice
from credits_pipeline.finops.lake import Lake
from credits_pipeline.finops.manifests import SourceSpec
from credits_pipeline.finops.marts.making import Made

FAILED = "failed"
#: Nothing is wrong with the month.
_FINE = ("published", "unchanged", "overtaken")


@dataclass(frozen=True)
class Attempt:
    """One attempt.

    Attributes:
        source: its name.
        month: ``YYYY-MM``.
        at: when it ended, ISO 8601, UTC.
        run_id: of the run; empty if run by hand.
        outcome: see `Ingested.outcome`, or `FAILED`.
        identity: of the delivery, if one was found.
        version: of the current typed rows, if there are any.
        says: what went wrong and what to do; empty if nothing did.
        passes: whether a retry may help without anybody's help.
        checks: the checks of the delivery, as plain data.
        marts: the checks of the marts, as plain data.
    """

    source: str
    month: str
    at: str
    run_id: str
    outcome: str
    identity: str = ""
    version: str = ""
    says: str = ""
    passes: bool = False
    checks: tuple[dict[str, Any], ...] = ()
    marts: tuple[dict[str, Any], ...] = ()

    @property
    def is_fine(self) -> bool:
        """Whether the month counts as it was delivered."""
        return self.outcome in _FINE and all(mart["passed"] for mart in self.marts)


def take_in(
    source: SourceSpec,
    month: BillingMonth,
    lake: Lake,
    depot: Depot,
    *,
    tags: Sequence[TagSpec],
    run_id: str = "",
    progress: Callable[[Progress], None] | None = None,
    accept: Sequence[str] = (),
    invoices: Sequence[StatedInvoice] = (),
) -> Ingested:
    """Ingest a month, and store the result.

    Args:
        source: whose month.
        month: which.
        lake: stores its rows.
        depot: stores the attempt.
        tags: keys that become columns.
        run_id: of the run.
        progress: called with files and bytes as they come.
        accept: names of failed checks that a person accepts, this time.
        invoices: of this month of this source, as a person has stated them.

    Raises:
        BillError: it could not be read; the attempt says so too.
    """
    try:
        found = ingest_month(
            source,
            month,
            lake,
            tags=tags,
            run_id=run_id,
            progress=progress,
            accept=accept,
            invoices=invoices,
        )
    except BillError as error:
        keep(depot, _attempt(source.name, month, run_id, FAILED, str(error), passes=error.passes))
        raise
    stops = [check for check in found.checks if check.stops]
    says = " ".join(check.says for check in stops)
    if found.outcome == "nothing":
        says = (
            f"{source.name} has delivered nothing of {month}. What to do: check that its export is "
            "switched on and covers the month, then run: credits-pipeline sources test "
            f"{source.name}"
        )
    attempt = _attempt(
        source.name,
        month,
        run_id,
        found.outcome,
        says,
        passes=bool(stops) and all(check.passes for check in stops),
    )
    attempt = replace(
        attempt,
        identity=found.delivery.identity if found.delivery else "",
        version=found.version.version if found.version else "",
        checks=tuple(check.to_data() for check in found.checks),
    )
    keep(depot, attempt)
    return found


def with_marts(depot: Depot, source: str, month: BillingMonth, made: Made) -> None:
    """Add the checks of the marts to a month's attempt."""
    attempt = last_attempt(depot, source, month)
    if attempt is None:
        return
    looked = tuple(
        {"mart": check.mart, "passed": check.holds, "says": check.says, "sums": check.sums}
        for check in made.checks
    )
    keep(depot, replace(attempt, marts=looked))


def last_attempt(depot: Depot, source: str, month: BillingMonth) -> Attempt | None:
    """The last attempt of a month; None if there was none."""
    found = depot.read(_key(source, str(month)))
    if found is None:
        return None
    return Attempt(**{**found, "checks": tuple(found["checks"]), "marts": tuple(found["marts"])})


def keep(depot: Depot, attempt: Attempt) -> None:
    """Store an attempt in place of the previous one."""
    depot.write(_key(attempt.source, attempt.month), asdict(attempt))


def _attempt(
    source: str, month: BillingMonth, run_id: str, outcome: str, says: str, *, passes: bool
) -> Attempt:
    at = datetime.now(UTC).isoformat(timespec="milliseconds")
    return Attempt(source, str(month), at, run_id, outcome, says=says, passes=passes)


def _key(source: str, month: str) -> str:
    return f"attempts/source={source}/billing_month={month}.json"
