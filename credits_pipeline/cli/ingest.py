"""``ingest``: does by hand what the sensor does, without a daemon."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Any

import typer

from credits_pipeline.cli.options import month_option
from credits_pipeline.cli.output import Json, doing, fail, print_json, print_table, say
from credits_pipeline.core.month import BillingMonth
from credits_pipeline.core.wording import counted

if TYPE_CHECKING:
    from rich.text import Text

    from credits_pipeline.finops.depot import Depot
    from credits_pipeline.finops.ingest import Check, Ingested, Progress
    from credits_pipeline.finops.lake import Lake
    from credits_pipeline.finops.manifests import SourceSpec
    from credits_pipeline.finops.publish.refreshing import Refreshed


@dataclass
class _Done:
    """How the months of the sources ended."""

    months: list["Ingested"] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)


def ingest(
    *,
    source: Annotated[
        str | None, typer.Option(help="One source; default: all.", metavar="NAME")
    ] = None,
    month: Annotated[
        str | None,
        typer.Option(help="One billing month; default: all that are delivered.", metavar="YYYY-MM"),
    ] = None,
    accept: Annotated[
        list[str] | None,
        typer.Option(
            help="A failed check that you accept for this source and month; may be repeated.",
            metavar="CHECK",
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Read the bills that the sources deliver, and publish what pages and commands read.

    A month that has not changed since it was read costs nothing. A month that fails a blocking
    check keeps its previous version; a warning is printed, and the month counts. Exit code 0 if
    no blocking check failed, 1 if one did or a source could not be read, 2 if the command can't
    be carried out.

    **Examples**

    `credits-pipeline ingest`

    `credits-pipeline ingest --source aws --month 2026-05`

    `credits-pipeline ingest --source aws --month 2026-05 --accept totals_match_invoices`

    `credits-pipeline ingest --json | jq '.months[] | select(.outcome == "refused")'`
    """
    at = month_option(month, "--month")
    accepted = _accepted(accept or [], source, at)
    with _told_errors():
        from credits_pipeline.finops.depot import Depot  # noqa: PLC0415 - when used
        from credits_pipeline.finops.lake import open_lake  # noqa: PLC0415 - as above
        from credits_pipeline.finops.publish.refreshing import Refresher  # noqa: PLC0415 - as above
        from credits_pipeline.finops.settings import storage_root, tag_keys  # noqa: PLC0415

        chosen = _sources(source)
        root, keys = storage_root(), tag_keys()
        lake = open_lake(root)
        with doing("Reading manifests") as now:
            depot = Depot(root)
            done = _take_in(chosen, at, lake, depot, now, accepted)
            refresher = Refresher(lake, depot, [key.name for key in keys])
            refreshed = refresher.refresh(say=now)
    if as_json:
        print_json(_as_json(done, refreshed))
    else:
        _print(done, refreshed)
    held = all(one.ok for one in done.months) and not done.failed and refreshed.holds
    raise typer.Exit(0 if held else 1)


def _accepted(names: list[str], source: str | None, month: BillingMonth | None) -> list[str]:
    """The names of checks, each of which exists; a person looks at one month at a time."""
    if not names:
        return []
    from credits_pipeline.finops.delivery_checks import CHECKS  # noqa: PLC0415 - when used

    unknown = [name for name in names if name not in CHECKS]
    if unknown:
        fail(f"There is no check {unknown[0]!r}; there are {', '.join(CHECKS)}.", 2)
    if source is None or month is None:
        fail("What you accept is of one bill: name its --source and its --month.", 2)
    return names


@contextmanager
def _told_errors() -> Iterator[None]:
    from credits_pipeline.core.settings import SettingError  # noqa: PLC0415 - as above
    from credits_pipeline.finops.decisions import DecisionsError  # noqa: PLC0415 - when used
    from credits_pipeline.finops.errors import BillError  # noqa: PLC0415 - as above
    from credits_pipeline.finops.marts.engine import EngineError  # noqa: PLC0415 - as above
    from credits_pipeline.finops.publish.form import PublishError  # noqa: PLC0415 - as above
    from credits_pipeline.finops.sources import SourceError  # noqa: PLC0415 - as above

    try:
        yield
    except (DecisionsError, SettingError, SourceError) as error:
        fail(str(error), 2)
    except (EngineError, PublishError, BillError) as error:
        fail(str(error), 1)


def _sources(name: str | None) -> list["SourceSpec"]:
    from credits_pipeline.finops.manifests import own_receipts  # noqa: PLC0415 - when used
    from credits_pipeline.finops.sources import configured_sources  # noqa: PLC0415 - as above

    configured: list[SourceSpec] = [*configured_sources()]
    receipts = own_receipts()
    # Without a bill the source is asked for; receipts alone say nothing about spend.
    found = [*configured, receipts] if configured or name == receipts.name else []
    chosen = [one for one in found if name in (None, one.name)]
    if not chosen:
        there = f"There are {', '.join(one.name for one in found)}." if found else ""
        what = f"no source {name!r}" if name else "no source yet"
        fail(
            f"There is {what}. {there} What to do: credits-pipeline sources add NAME --provider "
            "aws|azure|gcp|focus --location WHERE.",
            2,
        )
    return chosen


def _take_in(
    chosen: list["SourceSpec"],
    at: BillingMonth | None,
    lake: "Lake",
    depot: "Depot",
    now: Callable[[str], None],
    accept: list[str],
) -> _Done:
    from credits_pipeline.finops.errors import BillError  # noqa: PLC0415 - as above
    from credits_pipeline.finops.invoices import of_bill, stated_invoices  # noqa: PLC0415 - as above
    from credits_pipeline.finops.manifests import RECEIPTS, months  # noqa: PLC0415 - as above
    from credits_pipeline.finops.publish.attempts import take_in  # noqa: PLC0415 - as above
    from credits_pipeline.finops.settings import tag_keys  # noqa: PLC0415 - as above

    tags, stated = tag_keys(), stated_invoices()
    done = _Done()
    for one in chosen:
        try:
            delivered = months(one)
        except BillError as error:
            done.failed.append(f"{one.name}: {error}")
            continue
        # Not every month has credits that were distributed.
        if at is not None and at not in delivered and (one.name != RECEIPTS or len(chosen) == 1):
            done.failed.append(f"{one.name} has delivered nothing of {at}.")
        for month in delivered:
            if at in (None, month):
                about = f"{one.name} {month}"
                now(about)
                try:
                    told = _progress(about, now)
                    done.months.append(
                        take_in(
                            one,
                            month,
                            lake,
                            depot,
                            tags=tags,
                            progress=told,
                            accept=accept,
                            invoices=of_bill(stated, one.name, str(month)),
                        )
                    )
                except BillError as error:
                    done.failed.append(f"{about}: {error}")
    return done


def _progress(about: str, now: Callable[[str], None]) -> Callable[["Progress"], None]:
    def tell(at: "Progress") -> None:
        now(
            f"{about}: file {at.files_done} of {at.files}, {at.bytes_done / 1e6:,.1f} of "
            f"{at.bytes / 1e6:,.1f} MB, {at.rows:,} rows"
        )

    return tell


def _print(done: _Done, refreshed: "Refreshed") -> None:
    print_table(
        ["source", "month", "outcome", "rows", "billed", "checks"],
        [_line(one) for one in done.months],
        right=["rows", "billed"],
    )
    for one in done.months:
        for check in one.checks:
            if not check.passed:
                where = f"{one.delivery.source} {one.delivery.month}" if one.delivery else ""
                _tell(where, check)
    for told in [*done.failed, *_failed_marts(refreshed)]:
        say(told, "red")
    publication = refreshed.publication
    state = "Published" if publication.is_new else "Nothing new to publish; current is"
    say(
        f"{state} version {publication.pointer.version}: {counted(len(publication.bills), 'bill')}."
    )


def _line(one: "Ingested") -> list["str | Text"]:
    from rich.text import Text

    failed = sum(not check.passed for check in one.checks)
    checks = f"{len(one.checks) - failed} held" + (f", {failed} not" if failed else "")
    style = {"published": "green", "unchanged": "dim", "refused": "red"}.get(one.outcome, "")
    version, delivery = one.version, one.delivery
    return [
        delivery.source if delivery else "",
        str(delivery.month) if delivery else "",
        Text(one.outcome, style),
        f"{version.rows:,}" if version else "",
        "; ".join(f"{currency} {costs['BilledCost']}" for currency, costs in version.totals.items())
        if version
        else "",
        checks,
    ]


def _tell(where: str, check: "Check") -> None:
    say(f"{where}: {check.says}", "red" if check.blocking else "yellow")
    for case in check.cases:
        say(f"  {case}")


def _failed_marts(refreshed: "Refreshed") -> list[str]:
    told = [
        f"{source} {month}: {check.says}"
        for (source, month), made in refreshed.made.items()
        for check in made.checks
        if not check.holds
    ]
    return [*told, *refreshed.publication.waiting]


def _as_json(done: _Done, refreshed: "Refreshed") -> dict[str, Any]:
    publication = refreshed.publication
    return {
        "months": [_month_json(one) for one in done.months],
        "failed": [*done.failed, *_failed_marts(refreshed)],
        "published": {
            "version": publication.pointer.version,
            "is_new": publication.is_new,
            "bills": len(publication.bills),
        },
    }


def _month_json(one: "Ingested") -> dict[str, Any]:
    version, delivery = one.version, one.delivery
    return {
        "source": delivery.source if delivery else None,
        "month": str(delivery.month) if delivery else None,
        "outcome": one.outcome,
        "manifest": delivery.identity if delivery else None,
        "version": version.version if version else None,
        "rows": version.rows if version else None,
        "totals": version.totals if version else None,
        "checks": [
            {
                "name": check.name,
                "passed": check.passed,
                "blocking": check.blocking,
                "says": check.says,
                "cases": list(check.cases),
            }
            for check in one.checks
        ],
    }
