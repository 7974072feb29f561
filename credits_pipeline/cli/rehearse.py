"""``rehearse``: prove key, scopes and connection before the first real drop."""

from typing import TYPE_CHECKING

import typer

from credits_pipeline.cli.ending import told_if_impossible
from credits_pipeline.cli.instance import dagster_instance
from credits_pipeline.cli.options import MonthNamed, MonthOption, one_month
from credits_pipeline.cli.output import Json, doing, echo, print_json, print_table, say

if TYPE_CHECKING:
    from credits_pipeline.credits.cloudzero.rehearsal import Rehearsed


def rehearse(
    named: MonthNamed = None,
    *,
    month: MonthOption = None,
    as_json: Json = False,
) -> None:
    """Try every operation on the real CloudZero, with no effect on live data.

    Drops go to a separate namespace that CloudZero purges after an hour. Exit code 0 if every
    operation works, 1 if one does not, 2 if the command can't be carried out.

    **Examples**

    `credits-pipeline rehearse --month 2025-01`

    `credits-pipeline rehearse --month 2025-01 --json | jq '.operations[] | select(.works | not)'`
    """
    from credits_pipeline.credits.delivery.commands import (  # noqa: PLC0415 - loads Dagster
        rehearsal_of,
    )
    from credits_pipeline.credits.delivery.commands import (  # noqa: PLC0415 - as above
        rehearse as tried,
    )
    from credits_pipeline.credits.delivery.connections import (  # noqa: PLC0415 - as above
        StreamConnection,
    )

    at = one_month(named, month, "rehearse")
    cloudzero = StreamConnection()
    with told_if_impossible(), doing(f"Preparing {at}") as now:
        rehearsal = rehearsal_of(at)
        steps = []
        with dagster_instance() as instance:
            now("Asking CloudZero")
            for step in tried(rehearsal, cloudzero, instance, say):
                steps.append(step)
                now(f"Asking CloudZero: {step.operation.title} tried")
        base_url, connection_id = cloudzero.address()
    works = all(step.works for step in steps)
    if as_json:
        print_json(
            {
                "billing_month": str(at),
                "base_url": base_url,
                "connection_id": connection_id,
                "rehearsed": rehearsal.what,
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
        _print(steps, f"Rehearsed {rehearsal.what} for {at} at {base_url}, stream {connection_id}")
    raise typer.Exit(0 if works else 1)


def _print(steps: "list[Rehearsed]", title: str) -> None:
    from rich.text import Text

    shown = {True: Text("yes", "green"), False: Text("no", "red"), None: Text("?", "yellow")}
    echo(title)
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
        folds=["scope of the key", "what was seen"],
    )
