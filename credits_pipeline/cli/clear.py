"""``clear``: withdraw a month from CloudZero, by a run of the pipeline."""

from typing import Annotated

import typer

from credits_pipeline.cli.decide import agree, carried_out, end
from credits_pipeline.cli.ending import told_if_impossible
from credits_pipeline.cli.instance import dagster_instance
from credits_pipeline.cli.options import MonthNamed, MonthOption, Who, Why, one_month, who_option
from credits_pipeline.cli.output import Json, doing, say


def clear(
    named: MonthNamed = None,
    *,
    month: MonthOption = None,
    who: Who = None,
    why: Why = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    as_json: Json = False,
) -> None:
    """Withdraw a month: every account that CloudZero holds for it gets a zero.

    It is the decision `clear_month` about the month as it is now: a new upload sends the month
    again. Exit code 0 if CloudZero no longer holds credit for the month, 1 if it still may, 2 if
    the command can't be carried out. With `--json` the answer is the run's attempt.

    **Examples**

    `credits-pipeline clear --month 2025-01`

    `credits-pipeline clear --month 2025-01 --yes --json | jq -r .verdict`
    """
    from credits_pipeline.core.settings import SettingError  # noqa: PLC0415 - as above
    from credits_pipeline.credits.delivery.commands import (  # noqa: PLC0415 - loads Dagster
        Decision,
        NoPartitionError,
        held,
        refuse_past_another_stream,
        refuse_without_partition,
        version_now,
    )
    from credits_pipeline.credits.delivery.connections import (  # noqa: PLC0415 - as above
        StreamConnection,
    )

    at = one_month(named, month, "clear")
    person, cloudzero = who_option(who), StreamConnection()
    with told_if_impossible():
        not_set = cloudzero.why_not_set()
        if not_set is not None:
            raise SettingError(not_set)
        try:
            refuse_without_partition(at)
        except NoPartitionError as error:
            raise typer.BadParameter(str(error), param_hint="--month") from None
        refuse_past_another_stream(at, cloudzero)
        with dagster_instance() as instance:
            # Read before CloudZero is asked, so that the decision is about what was shown.
            decision = Decision(at, {"clear_month": True}, version_now(at), person, why or "")
            with doing(f"Asking CloudZero what it holds for {at}"):
                there = held(at, cloudzero, instance, say)
            if yes:
                say(there)
            agree(f"{there} Withdraw it?", yes=yes)
            attempt = carried_out(decision, instance, loud=as_json)
    end(at, attempt, as_json=as_json)
