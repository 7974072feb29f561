"""``clear``: withdraw a month from CloudZero, by a run of the pipeline."""

import getpass
import sys
from contextlib import redirect_stdout
from dataclasses import asdict
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated

import typer

from credits_pipeline.billing.money import for_people
from credits_pipeline.billing.month import BillingMonth
from credits_pipeline.cli.instance import dagster_instance
from credits_pipeline.cli.options import month_option
from credits_pipeline.cli.output import Json, doing, fail, print_json, say

if TYPE_CHECKING:
    import dagster as dg

    from credits_pipeline.orchestration.resources import CloudZeroResource
    from credits_pipeline.reporting.attempt import Attempt


def clear(
    *,
    month: Annotated[str, typer.Option(help="The month to withdraw.", metavar="YYYY-MM")],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    as_json: Json = False,
) -> None:
    """Withdraw a month: every account that CloudZero holds for it gets a zero.

    Its file is not looked at, and a new upload sends the month again. Exit code 0 if CloudZero
    holds no credit for the month any more, 1 if it still may, 2 if the command can't be carried
    out. With `--json` the answer is the run's attempt.

    **Examples**

    `credits-pipeline clear --month 2025-01`

    `credits-pipeline clear --month 2025-01 --yes --json | jq -r .verdict`
    """
    from credits_pipeline.cloudzero.errors import CloudZeroError  # noqa: PLC0415 - loads httpx
    from credits_pipeline.orchestration.resources import (  # noqa: PLC0415 - loads Dagster
        CloudZeroResource,
    )
    from credits_pipeline.settings import SettingError  # noqa: PLC0415 - as above

    at = month_option(month, "--month")
    assert at is not None  # noqa: S101 - the option is required
    cloudzero = CloudZeroResource()
    try:
        not_set = cloudzero.why_not_set()
        if not_set is not None:
            raise SettingError(not_set)  # noqa: TRY301 - told as the other settings are
        _refuse_without_partition(at)
        with dagster_instance() as instance:
            with doing(f"Asking CloudZero what it holds for {at}"):
                held = _held(at, cloudzero, instance)
            if not yes and not typer.confirm(f"{held} Withdraw it?", err=True):
                say("Nothing was changed.")
                raise typer.Exit(1)
            # The run's own line is no part of the answer.
            with doing(f"Withdrawing {at}"), redirect_stdout(sys.stderr):
                attempt = _run(at, instance)
    except SettingError as error:
        fail(str(error), 2)
    except CloudZeroError as error:
        fail(str(error), 1)
    from credits_pipeline.orchestration.attempts import told  # noqa: PLC0415 - loads Dagster

    if attempt is None:
        fail(f"{at}: the run left no attempt; look at its log.", 1)
    withdrawn = attempt.verdict.has_receipt
    if as_json:
        print_json(asdict(attempt))
    typer.secho(told(attempt), err=True, fg="green" if withdrawn else "red")
    raise typer.Exit(0 if withdrawn else 1)


def _refuse_without_partition(month: BillingMonth) -> None:
    """Refuse a month that the pipeline has no partition for.

    Raises:
        BadParameter: it is before CREDITS_START_MONTH or in the future.
    """
    from credits_pipeline.settings import START_MONTH  # noqa: PLC0415 - when used

    first, last = START_MONTH.read(BillingMonth.parse), BillingMonth.at(datetime.now(UTC))
    if not first <= month <= last:
        raise typer.BadParameter(
            f"the pipeline has the months {first} to {last}: set CREDITS_START_MONTH for earlier "
            "ones",
            param_hint="--month",
        )


def _held(
    month: BillingMonth, cloudzero: "CloudZeroResource", instance: "dg.DagsterInstance"
) -> str:
    """What CloudZero holds for a month, in a sentence."""
    from credits_pipeline.cloudzero.diff import credit_by_account  # noqa: PLC0415 - loads polars

    with cloudzero.client() as client, cloudzero.lock(instance).hold(say):
        credit = credit_by_account(client.contents(month))
    total = for_people(Decimal(credit["usd"].sum() or 0))
    return f"CloudZero holds {total} of {credit.height:,} accounts for {month}."


def _run(month: BillingMonth, instance: "dg.DagsterInstance") -> "Attempt | None":
    """Run the month with the decision to withdraw it; its attempt."""
    from credits_pipeline.orchestration.build import build_definitions  # noqa: PLC0415 - Dagster
    from credits_pipeline.orchestration.resources import StorageResource  # noqa: PLC0415 - as above

    result = (
        build_definitions()
        .resolve_job_def("credits_month")
        .execute_in_process(
            partition_key=month.partition_key,
            instance=instance,
            raise_on_error=False,
            tags={"user": _who(), "credits/because": "credits-pipeline clear"},
            run_config={
                "ops": {"credits": {"config": {"clear_month": True}}},
                "loggers": {"console": {"config": {"log_level": "CRITICAL"}}},
            },
        )
    )
    return StorageResource().journal().attempt(month, result.run_id)


def _who() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return "credits-pipeline clear"
