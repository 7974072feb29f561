"""What CloudZero says of a payload before anything is sent: whether it is valid, what it changes.

Where CloudZero can't be asked this says so and stops nothing: what needs CloudZero is the drop
(design decision 19).
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import dagster as dg

from credits_pipeline import settings
from credits_pipeline.orchestration import guards, metadata
from credits_pipeline.orchestration.resources import CloudZeroResource
from credits_pipeline.orchestration.stored import MonthCredits, MonthPayload

if TYPE_CHECKING:
    import polars as pl

    from credits_pipeline.cloudzero.client import CloudZeroClient
    from credits_pipeline.cloudzero.diff import Diff
    from credits_pipeline.cloudzero.errors import CloudZeroError
    from credits_pipeline.credits.judgement import Statement

VALID = "cloudzero_says_valid"
CHANGES = "changes_against_cloudzero"
#: For all of it, retries included: the drop has its own budget, and asks again.
_PATIENCE_SECONDS = 120
_ERRORS_SHOWN = 5


@dataclass(frozen=True)
class Preview:
    """What CloudZero says of a payload.

    Attributes:
        valid: the statement `VALID`.
        changes: the statement `CHANGES`.
        largest: the largest changes, as rows.
        errors: what CloudZero's validation named.
    """

    valid: "Statement"
    changes: "Statement"
    largest: list[dict[str, Any]] = field(default_factory=list)
    errors: tuple[str, ...] = ()


def preview(
    found: MonthCredits,
    made: MonthPayload,
    *,
    last_verified_usd: Decimal | None,
    cloudzero: CloudZeroResource,
    instance: dg.DagsterInstance,
    say: Callable[[str], None],
) -> Preview:
    """Ask CloudZero about a payload, under the stream's lock."""
    from credits_pipeline.cloudzero.errors import CloudZeroError  # noqa: PLC0415 - loads httpx

    try:
        with (
            cloudzero.client(seconds=_PATIENCE_SECONDS) as client,
            cloudzero.lock(instance).hold(say),
        ):
            rows, changes, largest = _changes(client, found, made, last_verified_usd)
            valid, errors = _valid(client, made, rows)
    except (CloudZeroError, settings.SettingError) as error:
        why = f"CloudZero was not asked: {error}"
        return Preview(_not_asked(VALID, why), _not_asked(CHANGES, why))
    return Preview(valid, changes, largest, errors)


def _changes(
    client: "CloudZeroClient",
    found: MonthCredits,
    made: MonthPayload,
    last_verified_usd: Decimal | None,
) -> tuple["pl.DataFrame", "Statement", list[dict[str, Any]]]:
    """The rows that are to be there, and what they change against what is there."""
    from credits_pipeline.cloudzero.cbf import ACCOUNT, zero_rows  # noqa: PLC0415 - loads polars
    from credits_pipeline.cloudzero.diff import compare  # noqa: PLC0415 - as above
    from credits_pipeline.cloudzero.errors import CloudZeroError  # noqa: PLC0415 - loads httpx
    from credits_pipeline.cloudzero.hold import hold  # noqa: PLC0415 - as above

    rows = made.payload.rows
    try:
        held = client.contents(made.month)
        if found.withdrawn and ACCOUNT in held.columns:
            rows = zero_rows(held[ACCOUNT].drop_nulls(), made.month, guards.cbf_settings())
        diff = compare(held, rows)
    except CloudZeroError as error:
        return rows, _not_asked(CHANGES, f"What CloudZero holds is not known: {error}"), []
    decided = found.withdrawn or found.decisions.accept_change
    held_back = None if decided else hold(diff, last_verified_usd)
    return rows, _changes_statement(diff, held_back), metadata.largest_changes(diff)


def _changes_statement(diff: "Diff", held_back: str | None) -> "Statement":
    from credits_pipeline.billing.money import for_people  # noqa: PLC0415 - loads polars
    from credits_pipeline.cloudzero.diff import CHANGES as KINDS  # noqa: PLC0415 - as above
    from credits_pipeline.credits.judgement import Statement  # noqa: PLC0415 - as above

    counted = ", ".join(f"{diff.counts[kind]:,} {kind}" for kind in KINDS)
    says = f"Accounts: {counted}. From {for_people(diff.old_usd)} to {for_people(diff.new_usd)}."
    if held_back is not None:
        says = f"{says} That will be held: {held_back}."
    summary = diff.summary
    numbers: dict[str, int | float | str] = {
        f"{kind}_accounts": diff.counts[kind] for kind in KINDS
    }
    for kind in KINDS:
        numbers |= {f"{kind}_{side}": summary[kind][side] for side in ("old_usd", "new_usd")}
    numbers |= {"old_usd": summary["old_usd"], "new_usd": summary["new_usd"]}
    return Statement(CHANGES, holds=held_back is None, blocks=False, says=says, numbers=numbers)


def _valid(
    client: "CloudZeroClient", made: MonthPayload, rows: "pl.DataFrame"
) -> tuple["Statement", tuple[str, ...]]:
    """What CloudZero's validation says of every request body of the rows."""
    from credits_pipeline.cloudzero.errors import CloudZeroError  # noqa: PLC0415 - loads httpx
    from credits_pipeline.cloudzero.plan import PlanError, plan_bodies  # noqa: PLC0415 - as above
    from credits_pipeline.credits.judgement import Statement  # noqa: PLC0415 - as above

    if rows.is_empty():
        says = "There is no row to send."
        return Statement(VALID, holds=True, blocks=True, says=says), ()
    try:
        plan = plan_bodies(rows, made.month, guards.sending_limits())
        for body, content in plan.contents():
            validation = client.validate(content, month=made.month)
            if not validation.is_valid:
                named = "; ".join(validation.errors[:_ERRORS_SHOWN]) or "it does not say why"
                more = len(validation.errors) - _ERRORS_SHOWN
                says = (
                    f"CloudZero would not take body {body.number} of {len(plan.bodies)}: {named}"
                    f"{f', and {more:,} more' if more > 0 else ''}."
                )
                numbers: dict[str, int | float | str] = {"errors": len(validation.errors)}
                return (
                    Statement(VALID, holds=False, blocks=True, says=says, numbers=numbers),
                    validation.errors,
                )
    except PlanError as error:
        return _not_asked(VALID, f"The rows can't be sent: {error}."), ()
    except CloudZeroError as error:
        return _not_asked(VALID, _why_not_validated(error)), ()
    says = f"CloudZero finds all {rows.height:,} rows valid, in {len(plan.bodies)} requests."
    numbers = {"rows": rows.height, "requests": len(plan.bodies), "bytes": plan.size}
    return Statement(VALID, holds=True, blocks=True, says=says, numbers=numbers), ()


def _why_not_validated(error: "CloudZeroError") -> str:
    if error.status == HTTPStatus.FORBIDDEN and error.operation is not None:
        return (
            f"CloudZero did not validate: the API key lacks the scope {error.operation.scope}. "
            "Without it a drop that CloudZero does not like fails only when it is sent."
        )
    return f"CloudZero was not asked: {error}"


def _not_asked(name: str, says: str) -> "Statement":
    from credits_pipeline.credits.judgement import Statement  # noqa: PLC0415 - loads polars

    return Statement(name, holds=False, blocks=False, says=says)
