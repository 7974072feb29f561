"""What CloudZero says about a payload before it is sent: validity, changes, unknown accounts.

If CloudZero can't be asked, the preview says so and stops nothing: it is the drop that needs
CloudZero (design decision 19).
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from credits_pipeline.core import settings
from credits_pipeline.core.money import for_people
from credits_pipeline.core.statement import Statement
from credits_pipeline.core.wording import all_of, counted
from credits_pipeline.credits.delivery import figures, policies
from credits_pipeline.credits.delivery.artifacts import MonthCredits, MonthPayload
from credits_pipeline.credits.delivery.connections import (
    Instance,
    StorageConnection,
    StreamConnection,
)
from credits_pipeline.credits.delivery.known_accounts import known_accounts_of

if TYPE_CHECKING:
    import polars as pl

    from credits_pipeline.credits.cloudzero.client import CloudZeroClient
    from credits_pipeline.credits.cloudzero.diff import Diff
    from credits_pipeline.credits.cloudzero.errors import CloudZeroError

VALID = "cloudzero_says_valid"
CHANGES = "changes_against_cloudzero"
KNOWN = "accounts_known"
#: For all of it, retries included: the drop has its own budget, and asks again.
_PATIENCE_SECONDS = 120
_ERRORS_SHOWN = 5


@dataclass(frozen=True)
class Preview:
    """What CloudZero says about a payload.

    Attributes:
        valid: the statement `VALID`.
        changes: the statement `CHANGES`.
        known: the statement `KNOWN`.
        largest: the largest changes, as rows.
        unknown: accounts that will be left out, as rows.
        errors: the errors that CloudZero's validation listed.
    """

    valid: "Statement"
    changes: "Statement"
    known: "Statement"
    largest: list[dict[str, Any]] = field(default_factory=list)
    unknown: list[dict[str, Any]] = field(default_factory=list)
    errors: tuple[str, ...] = ()


def preview(
    found: MonthCredits,
    made: MonthPayload,
    *,
    storage: StorageConnection,
    cloudzero: StreamConnection,
    instance: Instance,
    say: Callable[[str], None],
) -> Preview:
    """Ask CloudZero about a payload, under the stream's lock."""
    from credits_pipeline.credits.cloudzero.errors import CloudZeroError  # noqa: PLC0415 - loads httpx

    try:
        with cloudzero.locked_client(instance, say, seconds=_PATIENCE_SECONDS) as client:
            try:
                held = client.contents(made.month)
            except CloudZeroError as error:
                why = f"What CloudZero holds is not known: {error}"
                valid, errors = _valid(client, made, made.payload.rows)
                return Preview(
                    valid, _not_asked(CHANGES, why), _not_asked(KNOWN, why), errors=errors
                )
            rows = _rows(found, made, held)
            last_usd = policies.usual_usd(storage.journal(), made.month)
            changes, largest = _changes(found, held, rows, last_usd)
            known, unknown = _known(found, made, held, storage, cloudzero)
            valid, errors = _valid(client, made, rows)
    except (CloudZeroError, settings.SettingError) as error:
        why = f"CloudZero was not asked: {error}"
        return Preview(_not_asked(VALID, why), _not_asked(CHANGES, why), _not_asked(KNOWN, why))
    return Preview(valid, changes, known, largest, unknown, errors)


def _rows(found: MonthCredits, made: MonthPayload, held: "pl.DataFrame") -> "pl.DataFrame":
    """The rows that CloudZero should hold."""
    from credits_pipeline.credits.cloudzero.cbf import ACCOUNT, zero_rows  # noqa: PLC0415 - loads polars

    if found.withdrawn and ACCOUNT in held.columns:
        return zero_rows(held[ACCOUNT].drop_nulls(), made.month, policies.cbf_settings())
    return made.payload.rows


def _known(
    found: MonthCredits,
    made: MonthPayload,
    held: "pl.DataFrame",
    storage: StorageConnection,
    cloudzero: StreamConnection,
) -> tuple["Statement", list[dict[str, Any]]]:
    """Whether CloudZero knows the accounts, and which it does not know."""
    from credits_pipeline.credits.cloudzero.known import leave_out_unknown  # noqa: PLC0415 - as above

    if found.withdrawn or policies.unknown_accounts() == "send":
        says = "All accounts are sent, whether or not CloudZero knows them."
        return Statement(KNOWN, passed=True, blocking=True, message=says), []
    asked = known_accounts_of(made.month, cloudzero=cloudzero, storage=storage)
    if asked.accounts is None:
        return _not_asked(KNOWN, f"Not checked, so all are sent: {asked.why_not}"), []
    part = leave_out_unknown(made.payload.rows, asked.accounts, held)
    left_out = part.left_out.height
    numbers: dict[str, int | float | str] = {
        "known_accounts": len(asked.accounts),
        "unknown_accounts": left_out,
        "unknown_usd": figures.exact(part.left_out_usd),
    }
    says = f"CloudZero knows {all_of(part.sent.height, 'account')}."
    if left_out:
        says = (
            f"CloudZero does not know {counted(left_out, 'account')} with "
            f"{for_people(part.left_out_usd)}: left out now, and sent by itself once it does."
        )
    if part.blocked is not None:
        says = f"{part.blocked} Nothing is sent."
    return (
        Statement(
            KNOWN,
            passed=not left_out,
            blocking=part.blocked is not None,
            message=says,
            metrics=numbers,
        ),
        figures.credits_of(part.left_out),
    )


def _changes(
    found: MonthCredits,
    held: "pl.DataFrame",
    rows: "pl.DataFrame",
    last_verified_usd: Decimal | None,
) -> tuple["Statement", list[dict[str, Any]]]:
    """What the rows change against what is there, and the largest changes."""
    from credits_pipeline.credits.cloudzero.diff import compare  # noqa: PLC0415 - loads polars
    from credits_pipeline.credits.cloudzero.errors import CloudZeroError  # noqa: PLC0415 - loads httpx
    from credits_pipeline.credits.cloudzero.hold import hold  # noqa: PLC0415 - as above

    try:
        diff = compare(held, rows)
    except CloudZeroError as error:
        return _not_asked(CHANGES, f"What CloudZero holds can't be compared: {error}"), []
    decided = found.withdrawn or found.decisions.accept_change
    held_back = None if decided else hold(diff, last_verified_usd, policies.hold_limits())
    return _changes_statement(diff, held_back), figures.largest_changes(diff)


def _changes_statement(diff: "Diff", held_back: str | None) -> "Statement":
    from credits_pipeline.credits.cloudzero.diff import CHANGES as KINDS  # noqa: PLC0415 - as above

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
    return Statement(
        CHANGES, passed=held_back is None, blocking=False, message=says, metrics=numbers
    )


def _valid(
    client: "CloudZeroClient", made: MonthPayload, rows: "pl.DataFrame"
) -> tuple["Statement", tuple[str, ...]]:
    """What CloudZero's validation says about every request body of the rows."""
    from credits_pipeline.credits.cloudzero.errors import CloudZeroError  # noqa: PLC0415 - loads httpx
    from credits_pipeline.credits.cloudzero.plan import PlanError, plan_bodies  # noqa: PLC0415 - as above

    if rows.is_empty():
        says = "There is no row to send."
        return Statement(VALID, passed=True, blocking=True, message=says), ()
    try:
        plan = plan_bodies(rows, made.month, policies.sending_limits())
        for body, content in plan.contents():
            validation = client.validate(content, month=made.month)
            if not validation.is_valid:
                named = "; ".join(validation.errors[:_ERRORS_SHOWN]) or "it does not say why"
                more = len(validation.errors) - _ERRORS_SHOWN
                says = (
                    f"CloudZero would not accept body {body.number} of {len(plan.bodies)}: {named}"
                    f"{f', and {more:,} more' if more > 0 else ''}."
                )
                numbers: dict[str, int | float | str] = {"errors": len(validation.errors)}
                return (
                    Statement(VALID, passed=False, blocking=True, message=says, metrics=numbers),
                    validation.errors,
                )
    except PlanError as error:
        return _not_asked(VALID, f"The rows can't be sent: {error}."), ()
    except CloudZeroError as error:
        return _not_asked(VALID, _why_not_validated(error)), ()
    says = f"CloudZero finds all {rows.height:,} rows valid."
    numbers = {"rows": rows.height, "requests": len(plan.bodies), "bytes": plan.size}
    return Statement(VALID, passed=True, blocking=True, message=says, metrics=numbers), ()


def _why_not_validated(error: "CloudZeroError") -> str:
    if error.status == HTTPStatus.FORBIDDEN and error.operation is not None:
        return (
            f"CloudZero did not validate: the API key lacks the scope {error.operation.scope}. "
            "Without it a drop that CloudZero does not like fails only when it is sent."
        )
    return f"CloudZero was not asked: {error}"


def _not_asked(name: str, says: str) -> "Statement":

    return Statement(name, passed=False, blocking=False, message=says)
