"""``close`` and ``reopen``: when a month's statement is final."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from credits_pipeline.cli.chargeback import ModelName, Month, amount_of, month_of, opened_office
from credits_pipeline.cli.output import Json, doing, fail, print_json, say
from credits_pipeline.cli.sources import whoever_runs_this

if TYPE_CHECKING:
    from credits_pipeline.finops.decisions import DecisionStore

_Why = Annotated[str, typer.Option(help="Why, for the log of decisions.", metavar="TEXT")]


def close(*, month: Month, model: ModelName = None, why: _Why = "", as_json: Json = False) -> None:
    """Close a month: its statement is frozen, and later changes are owed with the next one.

    A bill that is delivered again afterwards changes no closed statement: the difference appears as
    an adjustment in the next open month. Exit code 0 if it is closed, 1 if it can't be closed yet,
    2 if the command can't be carried out.

    **Examples**

    `credits-pipeline close --month 2026-05 --why "agreed with finance"`
    """
    from credits_pipeline.finops.chargeback.closing import close_month  # noqa: PLC0415 - when used

    at = month_of(month)
    with opened_office() as office, doing(f"Closing {at}"):
        chosen = office.model(model)
        with _closings() as store:
            closed, statement = close_month(
                office.books, office.kept, store, at, chosen,
                by=whoever_runs_this(), today=datetime.now(UTC).date(), why=why,
            )  # fmt: skip
    if as_json:
        print_json(
            {
                "month": closed.month,
                "model": closed.model,
                "state": "closed",
                "by": closed.who,
                "at": closed.at.isoformat(),
                "inputs": closed.inputs_digest,
                "statement": closed.totals_digest,
            }
        )
        return
    told = ", ".join(f"{amount_of(one.total, one.currency)}" for one in statement.sections)
    say(
        f"{at} is closed under the model {chosen.name!r}: {told}, statement "
        f"{statement.digest[:12]}."
    )


def reopen(*, month: Month, why: _Why, model: ModelName = None, as_json: Json = False) -> None:
    """Open a closed month again; its statement is kept, and the log says who and why.

    Exit code 0 if it is open, 1 if it is not closed, 2 if the command can't be carried out.

    **Examples**

    `credits-pipeline reopen --month 2026-05 --why "support was shared by the wrong rule"`
    """
    from credits_pipeline.finops.chargeback.closing import reopen_month  # noqa: PLC0415 - when used

    at = month_of(month)
    with opened_office() as office, doing(f"Opening {at} again"):
        name = model if model is not None else office.model(None).name
        with _closings() as store:
            opened = reopen_month(store, at, name, by=whoever_runs_this(), why=why)
    if as_json:
        print_json(
            {
                "month": opened.month,
                "model": opened.model,
                "state": "reopened",
                "by": opened.reopened_by,
            }
        )
        return
    say(f"{at} is open again under the model {name!r}.")


@contextmanager
def _closings() -> Iterator["DecisionStore"]:
    """Where closings are stored; ends the command if one can't be changed."""
    from credits_pipeline.finops.chargeback.closing import (  # noqa: PLC0415 - when used
        ClosingError,
        open_closings,
    )
    from credits_pipeline.finops.decisions import ChangedMeanwhileError  # noqa: PLC0415 - as above

    try:
        with open_closings() as store:
            yield store
    except (ClosingError, ChangedMeanwhileError) as error:
        fail(str(error), 1)
