"""``rehearse``: prove key, scopes and connection before the first real drop."""

import uuid
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated

import typer

from credits_pipeline.billing.month import BillingMonth
from credits_pipeline.cli.instance import dagster_instance
from credits_pipeline.cli.options import month_option
from credits_pipeline.cli.output import Json, doing, fail, print_json, print_table, say

if TYPE_CHECKING:
    from credits_pipeline.cloudzero.plan import Plan
    from credits_pipeline.cloudzero.rehearsal import Rehearsed
    from credits_pipeline.orchestration.resources import CloudZeroResource

_PATIENCE_SECONDS = 300
_MADE_UP = {"account_id": ["000000000001", "000000000002"], "amount_usd": ["0.01", "0.02"]}


def rehearse(
    *,
    month: Annotated[str, typer.Option(help="The month to rehearse.", metavar="YYYY-MM")],
    as_json: Json = False,
) -> None:
    """Try every operation on the real CloudZero, with no effect on live data.

    Drops go into a namespace of their own that CloudZero purges after an hour. Exit code 0 if every
    operation works, 1 if one does not, 2 if the command can't be carried out.

    **Examples**

    `credits-pipeline rehearse --month 2025-01`

    `credits-pipeline rehearse --month 2025-01 --json | jq '.operations[] | select(.works | not)'`
    """
    from credits_pipeline.cloudzero.errors import (  # noqa: PLC0415 - loads httpx
        LockError,
        SettingsError,
    )
    from credits_pipeline.cloudzero.plan import PlanError  # noqa: PLC0415 - loads polars
    from credits_pipeline.orchestration.resources import (  # noqa: PLC0415 - loads Dagster
        CloudZeroResource,
    )
    from credits_pipeline.settings import SettingError  # noqa: PLC0415 - as above
    from credits_pipeline.storage.store import StorageError  # noqa: PLC0415 - as above

    at = month_option(month, "--month")
    assert at is not None  # noqa: S101 - the option is required
    cloudzero = CloudZeroResource()
    try:
        with doing(f"Preparing {at}") as now:
            plan, what = _plan(at)
            steps = _rehearsed(cloudzero, plan, now)
            base_url, connection_id = cloudzero.address()
    except (SettingError, SettingsError, StorageError, PlanError, LockError) as error:
        fail(str(error), 2)
    works = all(step.works for step in steps)
    if as_json:
        print_json(
            {
                "billing_month": str(at),
                "base_url": base_url,
                "connection_id": connection_id,
                "rehearsed": what,
                "works": works,
                "operations": [
                    {
                        "operation": step.operation.title,
                        "scope": step.scope,
                        "works": step.works,
                        "says": step.says,
                        "to_do": step.to_do,
                    }
                    for step in steps
                ],
            }
        )
    else:
        _print(steps, f"Rehearsed {what} for {at} at {base_url}, stream {connection_id}")
    raise typer.Exit(0 if works else 1)


def _plan(month: BillingMonth) -> "tuple[Plan, str]":
    """The payload of the month as it is stored, or rows that are made up; and which it is."""
    import polars as pl

    from credits_pipeline.billing.columns import USD  # noqa: PLC0415 - loads polars
    from credits_pipeline.cloudzero.cbf import cbf_rows  # noqa: PLC0415 - as above
    from credits_pipeline.cloudzero.plan import plan_bodies  # noqa: PLC0415 - as above
    from credits_pipeline.orchestration import guards  # noqa: PLC0415 - as above
    from credits_pipeline.orchestration.resources import StorageResource  # noqa: PLC0415 - as above
    from credits_pipeline.orchestration.stored import MonthPayload  # noqa: PLC0415 - as above

    archive = StorageResource().archive()
    entry = archive.find("cbf_payload", month)
    if entry is not None:
        rows = MonthPayload.from_files(archive.files(entry)).payload.rows
        if not rows.is_empty():
            return (
                plan_bodies(rows, month, guards.sending_limits()),
                f"the {rows.height:,} rows of the payload",
            )
    made_up = pl.DataFrame(_MADE_UP).cast({"amount_usd": USD})
    rows = cbf_rows(made_up, month, guards.cbf_settings())
    return plan_bodies(rows, month, guards.sending_limits()), "two made-up accounts"


def _rehearsed(
    cloudzero: "CloudZeroResource", plan: "Plan", now: Callable[[str], None]
) -> "list[Rehearsed]":
    from credits_pipeline.cloudzero.rehearsal import rehearse as rehearsal  # noqa: PLC0415 - httpx
    from credits_pipeline.orchestration.costs import costs_day  # noqa: PLC0415 - loads Dagster
    from credits_pipeline.orchestration.resources import StorageResource  # noqa: PLC0415 - as above

    test_key = f"credits-pipeline-rehearsal-{uuid.uuid4()}"
    with (
        dagster_instance() as instance,
        cloudzero.client(seconds=_PATIENCE_SECONDS, test_key=test_key) as client,
        cloudzero.lock(instance).hold(say),
    ):
        # A person asked for it, so it is made even if the day's calls are used up.
        costs_day(StorageResource()).note("rehearsal")
        now("Asking CloudZero")
        steps = []
        for step in rehearsal(client, plan):
            steps.append(step)
            now(f"Asking CloudZero: {step.operation.title} tried")
        return steps


def _print(steps: "list[Rehearsed]", title: str) -> None:
    from rich.text import Text

    shown = {True: Text("yes", "green"), False: Text("no", "red"), None: Text("?", "yellow")}
    typer.echo(title)
    print_table(
        ["operation", "works", "scope of the key", "what was seen"],
        [
            [
                step.operation.title,
                shown[step.works],
                step.scope,
                f"{step.says} {step.to_do}".rstrip(),
            ]
            for step in steps
        ],
    )
