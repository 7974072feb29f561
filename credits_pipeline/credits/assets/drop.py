"""One month's drop: the guards, the drop itself, and the attempt that reports it.

Everything from the check for a newer version to the receipt happens under the stream's lock (design
decision 2). `credits_pipeline.credits.cloudzero.drop` has what CloudZero is asked and sent.
"""

import sys
import time
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal
from functools import cached_property
from typing import TYPE_CHECKING, Any

import dagster as dg

from credits_pipeline.core.statement import Statement
from credits_pipeline.credits.assets import metadata, showing
from credits_pipeline.credits.assets.attempts import (
    Recorder,
    RowLists,
    held_for_a_person,
    interrupted,
    refuse_blocked,
    show_at_the_drop,
    told,
)
from credits_pipeline.credits.assets.config import DropConfig
from credits_pipeline.credits.assets.ends import Refused
from credits_pipeline.credits.assets.io_manager import load
from credits_pipeline.credits.assets.resources import (
    CloudZeroResource,
    InboxResource,
    StorageResource,
)
from credits_pipeline.credits.assets.wings import finops_is_in_use, three_sides
from credits_pipeline.credits.delivery import figures, policies
from credits_pipeline.credits.delivery.artifacts import MonthCredits, MonthPayload, parquet
from credits_pipeline.credits.delivery.decisions import given_up
from credits_pipeline.credits.delivery.known_accounts import Known, known_accounts_of
from credits_pipeline.credits.model.names import DROP as NOUN
from credits_pipeline.credits.state.attempt import Attempt, Verdict, rows_left_out
from credits_pipeline.reporting.links import Places, of_object
from credits_pipeline.text import Outside

if TYPE_CHECKING:
    import polars as pl

    from credits_pipeline.credits.cloudzero.drop_options import DropOptions, PreviousAttempt
    from credits_pipeline.credits.cloudzero.drop_result import DropResult
    from credits_pipeline.credits.state.journal import Journal


def drop_month(
    context: dg.AssetExecutionContext,
    config: DropConfig,
    made: MonthPayload,
    *,
    inbox: InboxResource,
    storage: StorageResource,
    cloudzero: CloudZeroResource,
) -> dg.MaterializeResult[Any] | None:
    """Make CloudZero's month equal to the payload, or say why not.

    Returns:
        The receipt, if CloudZero holds exactly what it says; None if nothing was to be sent.

    Raises:
        Failure: the month is blocked, held, incomplete or failed; the attempt says the same.
    """
    from credits_pipeline.credits.cloudzero.drop import drop  # noqa: PLC0415 - loads httpx and polars

    recorder = Recorder.of(context, storage, made.month)
    about = {"file": made.version.key, "file_version": made.version.token}
    with recorder.watching(**about), ExitStack() as stack:
        work = _MonthDrop(context, recorder, made, inbox, storage, cloudzero)
        client = stack.enter_context(cloudzero.client())
        held = stack.enter_context(cloudzero.lock(context.instance).hold(work.say))
        work.started = time.monotonic()
        begun = work.journal.moment_after(made.month, datetime.now(UTC))
        work.started_at = begun.isoformat(timespec="milliseconds")
        superseded = work.superseded()
        if superseded:
            return work.end(recorder.new(Verdict.SUPERSEDED, **about, reason=superseded))
        work.refuse_what_is_not_cleared()
        result = drop(
            client,
            made.payload,
            lock=held,
            journal=lambda so_far: work.journal.begin_sending(work.attempt(so_far)),
            options=work.options(config),
            previous=work.previous(),
            last_verified_usd=policies.usual_usd(work.journal, made.month),
            known=work.known.accounts,
            progress=work.say,
        )
        return work.end(work.attempt(result), result)


@dataclass
class _MonthDrop:
    """What the steps around one drop share."""

    context: dg.AssetExecutionContext
    recorder: Recorder
    made: MonthPayload
    inbox: InboxResource
    storage: StorageResource
    cloudzero: CloudZeroResource
    started: float = 0.0
    started_at: str = ""

    @cached_property
    def journal(self) -> "Journal":
        return self.storage.journal()

    @cached_property
    def found(self) -> MonthCredits:
        """The stored credits: what this run read, otherwise what is current."""
        _, found = load(self.storage, "credits", self.made.month, run_id=self.recorder.run_id)
        if not isinstance(found, MonthCredits):
            raise TypeError(f"the archive gave a {type(found).__name__} for credits")
        return found

    def say(self, text: str) -> None:
        """Report progress in Dagster's log; an unwritable log must not stop a drop half way."""
        try:
            self.context.log.info(showing.plain(Outside(text)))
        except Exception as error:  # noqa: BLE001 - whatever Dagster's storage of events raises
            said = f"{text} (Dagster's log can't be written: {error})"
            sys.stderr.write(f"{showing.plain(Outside(said))}\n")

    def superseded(self) -> str | None:
        """Why this version is no longer the one to send, or None (design decision 1).

        A month is withdrawn whether or not its file is still there, but not past a newer version.
        """
        box = self.inbox.open()
        key = box.key(self.made.month)
        current = box.current(key)
        if current is None and self.found.withdrawn:
            return self._given_up()
        if current is None:
            return f"{box.uri(key)} was removed since this run read it. Nothing was sent."
        if not current.is_same(self.made.version):
            return (
                f"{box.uri(key)} was uploaded again since this run read it (now "
                f"{current.token}). Nothing was sent; the newer version has a run of its own."
            )
        return self._given_up()

    def _given_up(self) -> str | None:
        """Why a decision no longer applies, or None."""
        month, version = self.made.month, self.made.version
        told = given_up(self.journal, month, version, self.found.decisions)
        if not told:
            return None
        return (
            f"{told} was decided about version {version.token} of {month} and no longer "
            "applies: the month was sent, or decided about, since. Nothing was sent."
        )

    def refuse_what_is_not_cleared(self) -> None:
        """Stop the month if a blocking check is red (design decision 3).

        Raises:
            Refused: findings are not cleared, or the payload was not made from the credits.
        """
        refuse_blocked(self.recorder, self.found)
        statement = policies.payload_statement(self.found, self.made)
        if not statement.passed:
            self.recorder.refuse(
                self.recorder.new(
                    Verdict.BLOCKED,
                    **figures.attempt_fields(self.found),
                    reason=statement.message,
                    what_to_do="Nothing was sent. Materialise cbf_payload again, then this.",
                )
            )

    def options(self, config: DropConfig) -> "DropOptions":
        """What this run should do."""
        from credits_pipeline.credits.cloudzero.drop_options import DropOptions  # noqa: PLC0415 - loads httpx

        return DropOptions(
            force=config.force,
            dry_run=config.dry_run,
            accept_change=self.found.decisions.accept_change,
            clear_month=self.found.decisions.clear_month,
            unknown=policies.unknown_accounts(),
            cbf=policies.cbf_settings(),
            sending=policies.sending_limits(),
            hold=policies.hold_limits(),
        )

    @cached_property
    def plausible(self) -> "Statement":
        """Compares the month with earlier ones, which are read before anything is sent."""
        return policies.plausible_statement(self.journal, self.found)

    @cached_property
    def known(self) -> Known:
        """The accounts that CloudZero knows, if they are checked (design decision 10)."""
        if self.found.withdrawn or policies.unknown_accounts() == "send":
            return Known(None)
        return known_accounts_of(self.made.month, cloudzero=self.cloudzero, storage=self.storage)

    def previous(self) -> "PreviousAttempt | None":
        """Our last attempt that sent anything to this stream and month.

        One still marked ``sending`` belongs to a dead run, because this one holds the lock.
        """
        from credits_pipeline.credits.cloudzero.drop_options import PreviousAttempt  # noqa: PLC0415 - loads httpx

        last = self.journal.last_sent(self.made.month)
        if last is not None and last.verdict is Verdict.SENDING:
            # It may have ended before its first create and recorded that.
            last = self.journal.attempt(self.made.month, last.run_id) or last
        if last is not None and last.verdict is Verdict.SENDING:
            last = self.recorder.close(interrupted(last, "its process ended"), sent=True)
            self.context.log.warning(showing.plain(Outside(told(last))))
        if last is None or (last.base_url, last.connection_id) != self.cloudzero.address():
            return None
        return PreviousAttempt(verified=last.verdict.has_receipt, sent_sha256=last.sent_sha256)

    def attempt(self, result: "DropResult") -> Attempt:
        """A result of the drop as this run's attempt."""
        from credits_pipeline.credits.cloudzero.drop import NOT_CHECKED  # noqa: PLC0415 - loads httpx

        base_url, connection_id = self.cloudzero.address()
        known = figures.attempt_fields(self.found)
        left_out_usd = Decimal(known["left_out_usd"])
        ledger: dict[str, dict[str, Any]] = known["ledger"]
        if result.left_out.height:
            ledger = figures.without_unknown(ledger, result.left_out.height, result.left_out_usd)
            left_out_usd += result.left_out_usd
        why = f"{NOT_CHECKED} {self.known.why_not}"
        warnings = [
            *known["warnings"],
            *(why if one == NOT_CHECKED else one for one in result.warnings),
        ]
        if not self.plausible.passed:
            warnings.append(self.plausible.message)
        planned = result.plan is not None
        verdict = Verdict(result.verdict)
        if rows_left_out(ledger) and verdict is Verdict.VERIFIED:
            # Rows count, not dollars: the dollars of an unreadable amount are unknown.
            verdict = Verdict.PARTIAL
        if result.validation_errors:
            verdict = Verdict.BLOCKED
        attempt = replace(
            self.recorder.new(verdict),
            **{
                **known,
                "connection_id": connection_id,
                "base_url": base_url,
                "reason": result.reason,
                "what_to_do": result.what_to_do,
                "row_count": result.sent_rows if planned else known["row_count"],
                "unique_accounts": result.sent_rows if planned else known["unique_accounts"],
                "total_credit_usd": (
                    figures.exact(result.sent_usd) if planned else known["total_credit_usd"]
                ),
                "payload_sha256": self.made.payload.sha256,
                "sent_sha256": result.sent_sha256
                or (self.made.payload.sha256 if verdict.has_receipt else ""),
                "accounts_checked": result.accounts_checked,
                "decided": self.journal.decided(self.made.month, self.made.version.token),
                "ledger": ledger,
                "left_out_usd": figures.exact(left_out_usd),
                "requests": [
                    {
                        "operation": request.operation,
                        "drop_id": request.drop_id,
                        "row_count": request.row_count,
                        "attempts": request.attempts,
                        "status": request.status,
                    }
                    for request in result.requests
                ],
                "diff": {} if result.diff is None else result.diff.summary,
                "warnings": warnings,
                "started_at": self.started_at,
                "seconds": round(time.monotonic() - self.started, 3),
                "seconds_at_cloudzero": round(result.seconds_in_cloudzero, 3),
                "ambiguous": result.ambiguous,
                "permanent": result.permanent,
            },
        )
        return held_for_a_person(attempt) if verdict is Verdict.HELD else attempt

    def _reconciled(self, attempt: Attempt, rows: "pl.DataFrame") -> Attempt:
        """The attempt with ledger and bill beside what was sent, if bills are read."""
        if not finops_is_in_use():
            return attempt
        file: dict[str, Decimal] = {}
        for account, cost in zip(rows["resource/account"], rows["cost/cost"], strict=True):
            file[account] = file.get(account, Decimal(0)) - Decimal(cost)
        told = {"proposal": attempt.proposal, "left_out_usd": attempt.left_out_usd}
        try:
            found = three_sides(self.made.month, self.storage.root, file=file, told=told)
        except Exception as error:  # noqa: BLE001 - whatever a bill's engine says, credits are sent
            said = f"Ledger and bill could not be compared: {error}"
            self.say(said)
            return replace(attempt, warnings=[*attempt.warnings, said])
        return attempt if found is None else replace(attempt, reconciliation=found.to_data())

    def end(
        self, attempt: Attempt, result: "DropResult | None" = None
    ) -> dg.MaterializeResult[Any] | None:
        """Write the attempt and report to Dagster; see `drop_month`."""
        rows = self._rows(result)
        if attempt.verdict.has_receipt and result is not None:
            # What is proven to be there, and what was there before: later checks need both.
            made = self.made.payload.rows if result.plan is None else result.plan.placed()
            attempt = self._reconciled(attempt, made)
            files = {"sent.parquet": parquet(made)}
            if result.diff is not None:
                files["before.parquet"] = parquet(figures.held_before(result.diff))
            self.storage.archive().keep(
                NOUN,
                self.made.month,
                run_id=self.recorder.run_id,
                version=self.made.version.token,
                digest=attempt.sent_sha256,
                files=files,
            )
        sent = result is not None and result.sent_something
        stored = self.recorder.close(attempt, rows=rows, sent=sent)
        shown = self._shown(stored, rows)
        if stored.verdict.has_receipt:
            self.say(told(stored))
            return dg.MaterializeResult(
                metadata=showing.metadata(shown), data_version=dg.DataVersion(stored.sent_sha256)
            )
        show_at_the_drop(self.context, stored, shown)
        if stored.verdict.is_red:
            raise Refused(Outside(told(stored)), {"report": shown["report"]})
        self.say(told(stored))
        return None

    def _rows(self, result: "DropResult | None") -> RowLists:
        if result is None:
            return {}
        rows = figures.row_lists(self.found)
        if result.left_out.height:
            rows["unknown"] = figures.credits_of(result.left_out)
        if result.diff is not None:
            rows["changes"] = figures.largest_changes(result.diff)
        if result.read_back is not None and not result.read_back.equal:
            rows["read_back"] = figures.plain(result.read_back.rows)
        return rows

    def _shown(self, attempt: Attempt, rows: Mapping[str, Any]) -> metadata.Metadata:
        box = self.inbox.open()
        version = self.made.version
        places = Places(
            file=box.uri(attempt.file),
            file_page=of_object(box.endpoint, box.bucket, version.key, version.version_id),
            stored_at=self.journal.uri(attempt),
        )
        shown = metadata.of_attempt(attempt, rows, places)
        if attempt.verdict.has_receipt and not self.found.withdrawn:
            age = datetime.now(UTC) - version.last_modified
            shown["seconds_from_upload"] = round(age.total_seconds(), 3)
        return shown
