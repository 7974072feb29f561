"""Every run leaves an attempt and one log line, however it ended (design decision 14)."""

import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, NoReturn, Self

import dagster as dg

from credits_pipeline.core import settings
from credits_pipeline.core.month import BillingMonth
from credits_pipeline.core.statement import Statement, blocking
from credits_pipeline.credits.assets import metadata, showing
from credits_pipeline.credits.assets.ends import Refused
from credits_pipeline.credits.assets.names import Names, StepContext
from credits_pipeline.credits.assets.resources import StorageResource
from credits_pipeline.credits.assets.runs import is_to_send
from credits_pipeline.credits.delivery import figures
from credits_pipeline.credits.delivery.artifacts import MonthCredits
from credits_pipeline.credits.model.names import DROP
from credits_pipeline.credits.state.attempt import Attempt, Verdict
from credits_pipeline.reporting import deciding
from credits_pipeline.reporting.links import Places
from credits_pipeline.reporting.log_line import log_line
from credits_pipeline.text import Outside

#: Set on every run that ended with an attempt.
VERDICT_TAG = "credits/verdict"
RowLists = dict[str, list[dict[str, Any]]]


@dataclass(frozen=True)
class Recorder:
    """Writes the attempt of one run and month.

    Attributes:
        storage: where it is written.
        run_id: Dagster's run.
        month: the billing month.
        to_send: whether the run means to send the month; otherwise its attempt is stored, and the
            state of the month does not change.
        context: the step's, if there is one: what stops it is shown at the drop.
        instance: Dagster's, if there is no step, for the run's tag.
    """

    storage: StorageResource
    run_id: str
    month: BillingMonth
    to_send: bool = True
    context: "StepContext | None" = None
    instance: dg.DagsterInstance | None = None

    @classmethod
    def of(cls, context: "StepContext", storage: StorageResource, month: BillingMonth) -> Self:
        """The recorder of the run that a step belongs to."""
        names = Names.of_step(context)
        reached = context.job_def.asset_layer.executable_asset_keys
        to_send = is_to_send(context.run, names) and names.asset(DROP) in reached
        return cls(storage, context.run.run_id, month, to_send, context)

    def new(self, verdict: Verdict, **fields: Any) -> Attempt:
        """An attempt of this run, not written yet."""
        now = _now()
        return Attempt(
            run_id=self.run_id,
            billing_month=str(self.month),
            verdict=verdict,
            **{"started_at": now, "ended_at": now, **fields},
        )

    def close(
        self, attempt: Attempt, *, sent: bool = False, rows: RowLists | None = None
    ) -> Attempt:
        """Write the attempt and its log line."""
        stored = self.storage.journal().close(attempt, sent=sent, rows=rows, to_send=self.to_send)
        log(stored)
        instance = self.instance or (None if self.context is None else self.context.instance)
        if instance is not None:
            _tag(instance, stored)
        return stored

    def refuse(
        self, attempt: Attempt, *, sent: bool = False, rows: RowLists | None = None
    ) -> NoReturn:
        """Write the attempt, then stop the step with its reason.

        Raises:
            Refused: always.
        """
        stored = self.close(attempt, sent=sent, rows=rows)
        self.show(stored, rows or {})
        raise Refused(Outside(told(stored)), {"report": metadata.report(stored, rows or {})})

    def show(self, stored: Attempt, rows: RowLists) -> None:
        """Show at the month of `cloudzero_drop` why it was not sent: people look there."""
        if self.to_send and self.context is not None:
            places = Places(stored_at=self.storage.journal().uri(stored))
            show_at_the_drop(self.context, stored, metadata.of_attempt(stored, rows, places))

    @contextmanager
    def watching(self, **known: Any) -> Iterator[None]:
        """Write an attempt for any error that stops the step without one, then re-raise it.

        Args:
            known: fields of the attempt that are known already.
        """
        try:
            yield
        except Refused:
            raise
        except Exception as error:
            before = self.storage.journal().attempt(self.month, self.run_id)
            if before is None:
                stored = self.close(failed(self.new(Verdict.FAILED, **known), error))
            elif before.verdict is Verdict.SENDING:
                stored = self.close(interrupted(before, str(error)), sent=True)
            else:
                # A later error, such as one of Dagster's database, changes nothing.
                raise
            if _explains_itself(error):
                self.show(stored, {})
                raise Refused(Outside(told(stored))) from error
            raise


def failed(attempt: Attempt, error: BaseException) -> Attempt:
    """The attempt of a run that an error stopped before anything was sent."""
    from credits_pipeline.credits.cloudzero.errors import (  # noqa: PLC0415 - loads httpx
        CloudZeroError,
        PermanentError,
        SettingsError,
    )

    if isinstance(error, CloudZeroError):
        reason, what_to_do = error.what, error.to_do
    elif _explains_itself(error):
        reason, _, what_to_do = str(error).partition(" What to do: ")
    else:
        reason = _sentence(error)
        what_to_do = "Nothing was sent. Look at the run's log, then materialise the month again."
    return replace(
        attempt,
        verdict=Verdict.FAILED,
        reason=reason,
        what_to_do=what_to_do,
        permanent=isinstance(error, settings.SettingError | SettingsError | PermanentError),
    )


def interrupted(attempt: Attempt, why: str) -> Attempt:
    """The attempt of a run that ended while it was still marked ``sending``."""
    return replace(
        attempt,
        verdict=Verdict.INCOMPLETE,
        reason="The run ended while it was sending, so CloudZero may hold a part of "
        f"{attempt.billing_month}: {why}",
        what_to_do=f"Materialise {attempt.billing_month} again: that sends the whole month.",
        ended_at=_now(),
        ambiguous=True,
    )


def told(attempt: Attempt) -> str:
    """An attempt for people, in one paragraph."""
    verdict = attempt.verdict.value.upper().replace("_", " ")
    text = f"{attempt.billing_month} {verdict}: {attempt.reason}"
    return f"{text} What to do: {attempt.what_to_do}" if attempt.what_to_do else text


def blocked(
    attempt: Attempt,
    statements: Iterable["Statement"],
    offers: Sequence[Mapping[str, Any]] = (),
) -> Attempt:
    """The attempt of a month whose findings stop the drop.

    Args:
        attempt: of the run.
        statements: those that did not pass.
        offers: decisions that would unblock the month.
    """
    decide = deciding.offered(attempt.billing_month, attempt.file_version, offers)
    return replace(
        attempt,
        verdict=Verdict.BLOCKED,
        # Without the names of the checks, which say the opposite: nothing_rejected.
        reason=" ".join(s.message for s in statements),
        what_to_do="Nothing was sent. Upload a corrected file"
        + (f", or decide: {decide}." if decide else "."),
        offers=[dict(offer) for offer in offers],
        permanent=True,
    )


def held_for_a_person(attempt: Attempt) -> Attempt:
    """The attempt of a month held for approval, with what can be decided."""
    offer = {"accept_change": True}
    decide = deciding.offered(attempt.billing_month, attempt.file_version, [offer])
    return replace(
        attempt,
        what_to_do="Look at the change by account. If it is right, decide: "
        f"{decide}. If not, upload a corrected file.",
        offers=[offer],
    )


def blocked_for_accounts(attempt: Attempt, unknown: list[dict[str, Any]]) -> Attempt:
    """The attempt of a month that is blocked only by accounts unknown to CloudZero.

    Its ledger names them; through it the month is found again once they are known.

    Args:
        attempt: as returned by `blocked`.
        unknown: the accounts, with their dollars as text.
    """
    from credits_pipeline.credits.cloudzero.known import WHAT_TO_DO  # noqa: PLC0415 - loads polars

    usd = sum((Decimal(row["usd"]) for row in unknown), Decimal(0))
    return replace(
        attempt,
        ledger=figures.without_unknown(attempt.ledger, len(unknown), usd),
        left_out_usd=figures.exact(Decimal(attempt.left_out_usd) + usd),
        what_to_do=WHAT_TO_DO,
    )


def show_at_the_drop(context: StepContext, attempt: Attempt, shown: Mapping[str, Any]) -> None:
    """Show at the month of `cloudzero_drop` how it ended: people look there for the reason."""
    context.op_execution_context.log_event(
        dg.AssetObservation(
            asset_key=Names.of_step(context).asset(DROP),
            partition=context.partition_key,
            description=showing.description(Outside(told(attempt))),
            metadata=showing.metadata(shown),
        )
    )


def _tag(instance: dg.DagsterInstance, attempt: Attempt) -> None:
    """Put the verdict on the run, so that Dagster's list of runs can be filtered by it.

    The attempt is already written: an unavailable database must not turn a sent month red.
    """
    try:
        instance.add_run_tags(attempt.run_id, {VERDICT_TAG: attempt.verdict.value})
    except Exception as error:  # noqa: BLE001 - whatever Dagster's storage of runs raises
        said = f"Run {attempt.run_id} got no tag {VERDICT_TAG}: {error}"
        sys.stderr.write(f"{showing.plain(Outside(said))}\n")


def log(attempt: Attempt) -> None:
    """Print the attempt as one line of JSON on standard output, and put it into its log group.

    The result of the month does not depend on the log group: if that can't be reached, the run's
    log says so as an error.
    """
    line = log_line(attempt)
    sys.stdout.write(line + "\n")
    sys.stdout.flush()
    group = settings.LOG_GROUP.text()
    if not group:
        return
    from credits_pipeline.core.cloudwatch import (  # noqa: PLC0415 - loads the AWS SDK
        CloudWatchError,
        put_line,
    )

    try:
        put_line(group, attempt.billing_month, line, datetime.now(UTC))
    except CloudWatchError as error:
        dg.get_dagster_logger().error(
            "%s The line of run %s is on standard output, and its verdict, %s, is unchanged.",
            showing.plain(Outside(str(error))),
            attempt.run_id,
            attempt.verdict.value,
        )


def _explains_itself(error: BaseException) -> bool:
    """Whether an error's text is written for people, so that a traceback would only hide it."""
    from credits_pipeline.core.storage.store import StorageError  # noqa: PLC0415 - as above
    from credits_pipeline.credits.cloudzero.errors import CloudZeroError  # noqa: PLC0415 - loads httpx
    from credits_pipeline.credits.inbox.bucket import InboxError  # noqa: PLC0415 - loads the AWS SDK

    return isinstance(error, CloudZeroError | InboxError | StorageError | settings.SettingError)


def _sentence(error: BaseException) -> str:
    if isinstance(error, dg.Failure) and error.description:
        return error.description
    return str(error) or type(error).__name__


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def refuse_blocked(recorder: Recorder, found: MonthCredits) -> None:
    """Stop a month whose findings are not cleared.

    Raises:
        Refused: a blocking statement did not pass.
    """
    stops = blocking(found.statements)
    if stops:
        recorder.refuse(
            blocked(
                recorder.new(Verdict.BLOCKED, **figures.attempt_fields(found)),
                stops,
                found.offers,
            ),
            rows=figures.row_lists(found),
        )
