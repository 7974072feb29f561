"""The last attempt to take in a month of a source, kept beside the bills: what came of it and why.

A month that could not be taken in keeps its last good version; this is what says so.
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
        run_id: of the run; empty by hand.
        outcome: see `Ingested.outcome`, or `FAILED`.
        identity: of the delivery, where one was found.
        version: of the typed rows that count now, where there are some.
        says: what went wrong and what to do; empty where nothing did.
        passes: whether trying again may help without anybody's help.
        checks: what was looked at in the delivery, as plain data.
        marts: what was looked at in the marts, as plain data.
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
) -> Ingested:
    """Ingest a month, and keep what came of it.

    Args:
        source: whose month.
        month: which.
        lake: takes it in.
        depot: keeps the attempt.
        tags: keys that become columns.
        run_id: of the run.
        progress: told of files and bytes as they come.
        accept: names of checks that a person accepts as not held, this time.

    Raises:
        BillError: it could not be read; the attempt says so too.
    """
    try:
        found = ingest_month(
            source, month, lake, tags=tags, run_id=run_id, progress=progress, accept=accept
        )
    except BillError as error:
        keep(depot, _attempt(source.name, month, run_id, FAILED, str(error), passes=error.passes))
        raise
    stops = [check for check in found.checks if check.stops]
    says = " ".join(check.says for check in stops)
    if found.outcome == "nothing":
        says = (
            f"{source.name} has delivered nothing of {month}. What to do: see that its export is "
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
    """Add to a month's attempt what its marts sum to."""
    attempt = last_attempt(depot, source, month)
    if attempt is None:
        return
    looked = tuple(
        {"mart": check.mart, "passed": check.holds, "says": check.says, "sums": check.sums}
        for check in made.checks
    )
    keep(depot, replace(attempt, marts=looked))


def last_attempt(depot: Depot, source: str, month: BillingMonth) -> Attempt | None:
    """The last attempt of a month; None where there was none."""
    found = depot.read(_key(source, str(month)))
    if found is None:
        return None
    return Attempt(**{**found, "checks": tuple(found["checks"]), "marts": tuple(found["marts"])})


def keep(depot: Depot, attempt: Attempt) -> None:
    """Keep an attempt in the place of the one before."""
    depot.write(_key(attempt.source, attempt.month), asdict(attempt))


def _attempt(
    source: str, month: BillingMonth, run_id: str, outcome: str, says: str, *, passes: bool
) -> Attempt:
    at = datetime.now(UTC).isoformat(timespec="milliseconds")
    return Attempt(source, str(month), at, run_id, outcome, says=says, passes=passes)


def _key(source: str, month: str) -> str:
    return f"attempts/source={source}/billing_month={month}.json"
