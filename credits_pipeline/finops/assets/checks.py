"""The checks of the spend group: statements with their numbers; blocking ones stop publishing.

Concept: https://docs.dagster.io/guides/test/asset-checks. They show what the pure rooms act on.
"""

import warnings
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import dagster as dg

from credits_pipeline.finops.assets.bills import FILES, MARTS, PUBLISHED, ROWS
from credits_pipeline.finops.assets.metadata import md, plain
from credits_pipeline.finops.assets.partitions import bill_of, bills
from credits_pipeline.finops.assets.resource import BillsResource
from credits_pipeline.finops.delivery_checks import CHECKS
from credits_pipeline.text import gated

if TYPE_CHECKING:
    from credits_pipeline.finops.publish.attempts import Attempt

SUMS = "sums_to_its_rows"
#: A source is late when it is this many days behind.
_LATE = timedelta(days=4)
_COUNTS = "this_delivery_counts"


def spend_checks() -> list[dg.AssetChecksDefinition]:
    """All checks."""
    with warnings.catch_warnings():
        # Partitions of checks are in preview in the pinned release; the tests cover them.
        warnings.simplefilter("ignore", dg.PreviewWarning)
        return [_of_files(), _of_rows(), _of_marts(), _of_published()]


def _of_files() -> dg.AssetChecksDefinition:
    @dg.asset_check(
        asset=FILES,
        name="manifest_names_files",
        blocking=True,
        partitions_def=bills,
        description="The manifest names at least one file, and each file once.",
    )
    @gated
    def manifest_names_files(
        context: dg.AssetCheckExecutionContext, bills: BillsResource
    ) -> dg.AssetCheckResult:
        from credits_pipeline.finops.manifests import current  # noqa: PLC0415 - when used

        name, month = bill_of(context)
        delivery = current(bills.source(name), month)
        files = delivery.files if delivery else ()
        sizes = sum(file.size or 0 for file in files)
        return dg.AssetCheckResult(
            passed=bool(files) and len({file.key for file in files}) == len(files),
            description=f"{len(files)} files of {sizes:,} bytes as stated.",
            metadata={"files": len(files), "bytes": sizes},
        )

    return manifest_names_files


def _of_rows() -> dg.AssetChecksDefinition:
    specs = [
        dg.AssetCheckSpec(
            name, asset=ROWS, description=description, blocking=True, partitions_def=bills
        )
        for name, description in {
            _COUNTS: (
                "The delivery counts from now on, or already did. If it failed, the version "
                "before it still counts."
            ),
            **CHECKS,
        }.items()
    ]

    @dg.multi_asset_check(name="focus_costs_statements", specs=specs, can_subset=True)
    @gated
    def focus_costs_statements(
        context: dg.AssetCheckExecutionContext, bills: BillsResource
    ) -> Iterator[dg.AssetCheckResult]:
        attempt = _attempt(context, bills)
        wanted = {key.name for key in context.selected_asset_check_keys}
        if _COUNTS in wanted:
            fine = attempt.outcome in ("published", "unchanged", "overtaken")
            yield dg.AssetCheckResult(
                asset_key=ROWS,
                check_name=_COUNTS,
                passed=fine,
                description=plain(attempt.says or f"It is {attempt.outcome}."),
                metadata={"outcome": attempt.outcome, "version": attempt.version},
            )
        looked = {check["name"]: check for check in attempt.checks}
        for name in CHECKS:
            if name in wanted and name in looked:
                yield _result(name, looked[name])
            elif name in wanted:
                yield dg.AssetCheckResult(
                    asset_key=ROWS,
                    check_name=name,
                    passed=False,
                    severity=dg.AssetCheckSeverity.WARN,
                    description="Not checked: the delivery was refused before this.",
                )

    return focus_costs_statements


def _result(name: str, check: dict[str, Any]) -> dg.AssetCheckResult:
    error, warn = dg.AssetCheckSeverity.ERROR, dg.AssetCheckSeverity.WARN
    cases = "".join(f"\n- {plain(case)}" for case in check["cases"])
    return dg.AssetCheckResult(
        asset_key=ROWS,
        check_name=name,
        passed=check["passed"],
        severity=error if check["blocking"] else warn,
        description=plain(check["says"]),
        metadata={
            **check["numbers"],
            **({"cases": md(cases)} if cases else {}),
        },
    )


def _of_marts() -> dg.AssetChecksDefinition:
    specs = [
        dg.AssetCheckSpec(
            SUMS,
            asset=key,
            description="It sums to the typed rows that count in it, in every currency and cost, "
            "to the last digit.",
            blocking=True,
            partitions_def=bills,
        )
        for key in MARTS.values()
    ]

    @dg.multi_asset_check(name="marts_statements", specs=specs, can_subset=True)
    @gated
    def marts_statements(
        context: dg.AssetCheckExecutionContext, bills: BillsResource
    ) -> Iterator[dg.AssetCheckResult]:
        looked = {mart["mart"]: mart for mart in _attempt(context, bills).marts}
        wanted = {key.asset_key for key in context.selected_asset_check_keys}
        for mart, key in MARTS.items():
            if dg.AssetKey(key) not in wanted:
                continue
            found = looked.get(mart)
            says = "It was not made, because a mart before it failed its check."
            yield dg.AssetCheckResult(
                asset_key=key,
                check_name=SUMS,
                passed=bool(found and found["passed"]),
                description=plain(found["says"] if found else says),
                metadata={
                    f"{column} {currency}": amount
                    for currency, sums in (found or {"sums": {}})["sums"].items()
                    for column, amount in sums.items()
                },
            )

    return marts_statements


def _of_published() -> dg.AssetChecksDefinition:
    specs = [
        dg.AssetCheckSpec(
            "every_month_is_published",
            asset=PUBLISHED,
            description="Every month of the lake is in it, as the lake has it.",
        ),
        dg.AssetCheckSpec(
            "totals_are_the_bills_totals",
            asset=PUBLISHED,
            description="Each month of each source is billed what its delivery added up to when "
            "it was taken in, to the last digit.",
        ),
        dg.AssetCheckSpec(
            "invoices_are_as_stated",
            asset=PUBLISHED,
            description="Every invoice that a person has stated adds up to that total, also where "
            "it was stated after its bill was read.",
        ),
        dg.AssetCheckSpec(
            "data_is_fresh",
            asset=PUBLISHED,
            description="No source is more than four days behind. It only warns.",
        ),
    ]

    @dg.multi_asset_check(name="published_statements", specs=specs, can_subset=True)
    @gated
    def published_statements(
        context: dg.AssetCheckExecutionContext, bills: BillsResource
    ) -> Iterator[dg.AssetCheckResult]:
        wanted = {key.name for key in context.selected_asset_check_keys}
        looks = {
            "every_month_is_published": _every_month,
            "totals_are_the_bills_totals": _totals,
            "invoices_are_as_stated": _invoices,
            "data_is_fresh": _fresh,
        }
        for name, look in looks.items():
            if name in wanted:
                yield look(name, bills)

    return published_statements


def _every_month(name: str, bills: BillsResource) -> dg.AssetCheckResult:
    from credits_pipeline.finops.publish.published import open_current  # noqa: PLC0415 - when used
    from credits_pipeline.finops.queries.sources import bills as held_bills  # noqa: PLC0415

    published = open_current(bills.storage())
    held = {
        (bill.source, bill.billing_month): bill.version
        for bill in (held_bills(published) if published else ())
    }
    there = {(bill.source, bill.billing_month): bill.version for bill in bills.refresher().bills()}
    apart = sorted(key for key in held.keys() | there.keys() if held.get(key) != there.get(key))
    told = ", ".join(f"{source} {month}" for source, month in apart)
    return dg.AssetCheckResult(
        asset_key=PUBLISHED,
        check_name=name,
        passed=not apart,
        description=plain(
            f"Not as the lake has them: {told}. What to do: materialise their marts."
            if apart
            else f"{len(there)} months of {len({source for source, _ in there})} sources."
        ),
        metadata={"months": len(there), "apart": len(apart)},
    )


def _totals(name: str, bills: BillsResource) -> dg.AssetCheckResult:
    from credits_pipeline.core.month import BillingMonth  # noqa: PLC0415 - when used
    from credits_pipeline.finops.publish.published import open_current  # noqa: PLC0415 - as above

    published, lake = open_current(bills.storage()), bills.lake()
    found = (
        published.rows(
            "SELECT source, billing_month, billing_currency, SUM(billed_cost) FROM spend_daily "
            "GROUP BY ALL ORDER BY ALL"
        )
        if published
        else []
    )
    apart = []
    for source, month, currency, billed in found:
        version = lake.current(source, BillingMonth.parse(month))
        stated = (version.totals.get(currency) or {}).get("BilledCost") if version else None
        if stated is None or Decimal(stated) != billed:
            apart.append(f"{source} {month} {currency}: published {billed}, delivered {stated}")
    return dg.AssetCheckResult(
        asset_key=PUBLISHED,
        check_name=name,
        passed=not apart,
        description=plain("; ".join(apart) or f"{len(found)} totals are equal."),
        metadata={"totals": len(found), "apart": len(apart)},
    )


def _invoices(name: str, bills: BillsResource) -> dg.AssetCheckResult:
    from credits_pipeline.finops.publish.published import open_current  # noqa: PLC0415 - when used
    from credits_pipeline.finops.queries.invoices import compare  # noqa: PLC0415 - as above

    published, stated = open_current(bills.storage()), bills.invoices()
    apart = [one for one in (compare(published, stated) if published else ()) if not one.is_equal]
    told = "; ".join(
        f"{one.stated.id}: stated {one.stated.told}, "
        + ("billed nothing" if one.billed is None else f"billed {one.billed}")
        for one in apart
    )
    return dg.AssetCheckResult(
        asset_key=PUBLISHED,
        check_name=name,
        passed=not apart,
        description=plain(
            f"{told}. What to do: compare the paper with the bill on the page Spend, under How "
            "this adds up."
            if apart
            else f"{len(stated)} invoices are as stated."
        ),
        metadata={"invoices": len(stated), "apart": len(apart)},
    )


def _fresh(name: str, bills: BillsResource) -> dg.AssetCheckResult:
    from credits_pipeline.finops.publish.published import open_current  # noqa: PLC0415 - when used
    from credits_pipeline.finops.queries.sources import ages  # noqa: PLC0415 - as above

    published = open_current(bills.storage())
    found = ages(published, datetime.now(UTC).date()) if published else ()
    late = [age for age in found if age.days_behind is None or age.days_behind > _LATE.days]
    told = "; ".join(
        f"{age.name} complete through {age.complete_through or 'no day yet'}" for age in found
    )
    return dg.AssetCheckResult(
        asset_key=PUBLISHED,
        check_name=name,
        passed=not late,
        severity=dg.AssetCheckSeverity.WARN,
        description=plain(f"{told}."),
        metadata={age.name: -1 if age.days_behind is None else age.days_behind for age in found},
    )


def _attempt(context: dg.AssetCheckExecutionContext, bills: BillsResource) -> "Attempt":
    from credits_pipeline.finops.publish.attempts import last_attempt  # noqa: PLC0415 - when used

    name, month = bill_of(context)
    attempt = last_attempt(bills.depot(), name, month)
    if attempt is None:
        raise dg.Failure(
            f"Nobody has tried to ingest {month} of {name}. What to do: materialise {ROWS}.",
            allow_retries=False,
        )
    return attempt
