"""``clear``: withdraw a month from CloudZero, by a run of the pipeline."""

import sys
from contextlib import redirect_stdout
from dataclasses import asdict
from io import StringIO
from typing import Annotated

import typer

from credits_pipeline.cli.instance import dagster_instance
from credits_pipeline.cli.options import month_option
from credits_pipeline.cli.output import Json, agrees, doing, fail, print_json, say


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
    from credits_pipeline.orchestration.attempts import told  # noqa: PLC0415 - loads Dagster
    from credits_pipeline.orchestration.by_hand import (  # noqa: PLC0415 - as above
        AnotherStreamError,
        NoPartitionError,
        held,
        refuse_past_another_stream,
        refuse_without_partition,
        withdraw,
    )
    from credits_pipeline.orchestration.resources import (  # noqa: PLC0415 - as above
        CloudZeroResource,
    )
    from credits_pipeline.settings import SettingError  # noqa: PLC0415 - as above
    from credits_pipeline.storage.store import StorageError  # noqa: PLC0415 - as above

    at = month_option(month, "--month")
    assert at is not None  # noqa: S101 - the option is required
    cloudzero = CloudZeroResource()
    try:
        not_set = cloudzero.why_not_set()
        if not_set is not None:
            raise SettingError(not_set)  # noqa: TRY301 - told as the other settings are
        refuse_without_partition(at)
        refuse_past_another_stream(at, cloudzero)
        with dagster_instance() as instance:
            with doing(f"Asking CloudZero what it holds for {at}"):
                there = held(at, cloudzero, instance, say)
            if not yes and not agrees(f"{there} Withdraw it?"):
                say("Nothing was changed.")
                raise typer.Exit(1)
            # The run's own line is for machines, and no part of the answer.
            log = StringIO() if sys.stderr.isatty() else sys.stderr
            with doing(f"Withdrawing {at}"), redirect_stdout(log):
                attempt = withdraw(at, instance)
    except NoPartitionError as error:
        raise typer.BadParameter(str(error), param_hint="--month") from None
    except (SettingError, StorageError, AnotherStreamError) as error:
        fail(str(error), 2)
    except CloudZeroError as error:
        fail(str(error), 1)
    if attempt is None:
        fail(f"{at}: the run left no attempt; look at its log.", 1)
    withdrawn = attempt.verdict.has_receipt
    if as_json:
        print_json(asdict(attempt))
    say(told(attempt), "green" if withdrawn else "red")
    raise typer.Exit(0 if withdrawn else 1)
