"""The drop: read what CloudZero holds, plan, send one body after the other, read back, judge.

The caller holds the stream's lock. Anything that happens at CloudZero is returned as a result with
a verdict; an exception from here is a fault of this program, or of the journal.
"""

from collections.abc import Callable
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from decimal import Decimal

import polars as pl

from credits_pipeline.core.money import for_people
from credits_pipeline.core.month import BillingMonth
from credits_pipeline.core.wording import all_of, counted
from credits_pipeline.credits.cloudzero.cbf import ACCOUNT, zero_rows
from credits_pipeline.credits.cloudzero.client import CloudZeroClient
from credits_pipeline.credits.cloudzero.diff import Diff, compare
from credits_pipeline.credits.cloudzero.difference import Difference, difference, fingerprint
from credits_pipeline.credits.cloudzero.drop_options import DropOptions, PreviousAttempt
from credits_pipeline.credits.cloudzero.drop_result import DropResult
from credits_pipeline.credits.cloudzero.errors import (
    AmbiguousError,
    CloudZeroError,
    LockError,
    PermanentError,
    TransientError,
)
from credits_pipeline.credits.cloudzero.hold import hold
from credits_pipeline.credits.cloudzero.known import (
    WHAT_TO_DO,
    KnownAccounts,
    leave_out_unknown,
)
from credits_pipeline.credits.cloudzero.lock import HeldLock
from credits_pipeline.credits.cloudzero.operations import Operation
from credits_pipeline.credits.cloudzero.payload import Payload
from credits_pipeline.credits.cloudzero.plan import Plan, PlanError, plan_bodies
from credits_pipeline.credits.cloudzero.retrying import RequestRecord, Session
from credits_pipeline.text import log_of

_log = log_of(__name__)


#: The warning of a drop whose accounts CloudZero could not be asked about.
NOT_CHECKED = "Which accounts CloudZero knows was not checked: all are sent."
#: The waits between two reads that lag behind; each is double the one before.
_LONGEST_LOOK_WAIT = 8.0
_FIRST_LOOK_WAIT = 0.5
_FORBIDDEN = 403


def _quiet(_: str) -> None:
    """Progress that nobody follows."""


def drop(
    client: CloudZeroClient,
    payload: Payload,
    *,
    lock: HeldLock,
    journal: Callable[[DropResult], None],
    options: DropOptions | None = None,
    previous: PreviousAttempt | None = None,
    last_verified_usd: Decimal | None = None,
    known: AbstractSet[str] | None = None,
    progress: Callable[[str], None] = _quiet,
) -> DropResult:
    """Make a month of the stream equal to the payload, and prove it.

    Args:
        client: the stream.
        payload: the rows of the month; ignored with ``clear_month``.
        lock: the stream's lock, held by the caller; checked before every attempt of a request.
        journal: receives the result so far, with the verdict ``sending``, before the first
            create. If it raises, the drop ends with nothing sent.
        options: what to do beside the payload.
        previous: our last attempt that sent anything to this month.
        last_verified_usd: the usual total of the earlier verified months, for the hold.
        known: accounts that CloudZero knows; None if it could not be asked.
        progress: called with sentences about what happens.
    """
    with client.guarded(lock.still_held), client.session() as session:
        already = len(session.requests)
        options = options or DropOptions()
        work = _Drop(client, session, already, payload.month, options, progress)
        result = work.run(payload, journal, previous, last_verified_usd, known)
        return _with_requests(result, work.requests)


def _with_requests(result: DropResult, requests: tuple[RequestRecord, ...]) -> DropResult:
    creates = [request for request in requests if _is_create(request)]
    return replace(
        result,
        requests=requests,
        sent_something=bool(creates),
        ambiguous=result.ambiguous or any(request.ambiguous for request in creates),
        seconds_in_cloudzero=sum(request.seconds for request in requests),
    )


def _is_create(request: RequestRecord) -> bool:
    return request.endpoint is Operation.CREATE_DROP


@dataclass(frozen=True, eq=False)
class _Drop:
    """The state that the steps of one drop share."""

    client: CloudZeroClient
    session: Session
    already: int
    month: BillingMonth
    options: DropOptions
    progress: Callable[[str], None]

    @property
    def requests(self) -> tuple[RequestRecord, ...]:
        """The requests of this drop."""
        return self.session.requests[self.already :]

    def run(
        self,
        payload: Payload,
        journal: Callable[[DropResult], None],
        previous: PreviousAttempt | None,
        last_verified_usd: Decimal | None,
        known: AbstractSet[str] | None,
    ) -> DropResult:
        """All steps; each either ends the drop with a verdict or leads to the next."""
        try:
            self.progress(f"reading what CloudZero holds for {self.month}")
            held = self.client.contents(self.month)
            planned = self._planned(held, payload, known)
        except CloudZeroError as error:
            return _failed(DropResult(self.month, "sending"), error, "Nothing was sent.")
        if isinstance(planned, DropResult):
            return planned
        result = self._stopped(planned, held, previous, last_verified_usd)
        # A full month is large, and is read once more at the end.
        del held
        result = result or self._validated(planned)
        if result.verdict != "sending":
            return result
        journal(_with_requests(result, self.requests))
        broken = self._created(planned.plan)
        planned = replace(planned, result=result)
        return self._read_back(planned) if broken is None else self._judged(planned, broken)

    def _planned(
        self, held: pl.DataFrame, payload: Payload, known: AbstractSet[str] | None
    ) -> "_Planned | DropResult":
        """Rows, bodies and the change against what CloudZero holds."""
        result = DropResult(self.month, "sending")
        if self.options.clear_month and held.is_empty():
            return replace(
                result,
                verdict="unchanged",
                reason=f"CloudZero holds nothing for {self.month}: there is nothing to clear.",
            )
        part = self._part(held, payload, known)
        if self.options.clear_month and part.sent.is_empty():
            return replace(
                result,
                verdict="failed",
                permanent=True,
                reason=(
                    f"CloudZero holds {held.height:,} rows for {self.month}, none of them with an "
                    "account that a zero-cost row could stand for. Nothing was sent."
                ),
                what_to_do="Withdraw these rows by the hand or the feeder that sent them.",
            )
        result = replace(result, left_out=part.left_out, accounts_checked=part.checked)
        if part.blocked:
            return replace(
                result,
                verdict="blocked",
                reason=f"{part.blocked} Nothing was sent.",
                what_to_do=WHAT_TO_DO,
            )
        sent = Payload(self.month, part.sent)
        try:
            plan = plan_bodies(part.sent, self.month, self.options.sending)
        except PlanError as error:
            return replace(
                result,
                verdict="failed",
                permanent=True,
                reason=f"{error}. Nothing was sent.",
                what_to_do="Correct the file, or the setting that is named.",
            )
        diff = compare(held, part.sent)
        warnings: list[str] = []
        if part.checked is False:
            warnings.append(NOT_CHECKED)
        if not self.options.clear_month and not diff.new_usd:
            warnings.append(f"The total of {self.month} is zero; it is sent anyway.")
        result = replace(
            result,
            plan=plan,
            diff=diff,
            sent_sha256=sent.sha256,
            sent_rows=part.sent.height,
            sent_usd=sent.total_usd,
            warnings=tuple(warnings),
        )
        return _Planned(result, fingerprint(held), plan, diff)

    def _part(
        self, held: pl.DataFrame, payload: Payload, known: AbstractSet[str] | None
    ) -> KnownAccounts:
        """The rows to send, and those to leave out."""
        if self.options.clear_month:
            accounts = held[ACCOUNT].drop_nulls() if ACCOUNT in held.columns else pl.Series()
            named = accounts.cast(pl.String).replace("", None).drop_nulls()
            rows = zero_rows(named, self.month, self.options.cbf)
            return KnownAccounts(rows, rows.clear(), checked=None)
        if self.options.unknown == "send":
            return KnownAccounts(payload.rows, payload.rows.clear(), checked=None)
        return leave_out_unknown(payload.rows, known, held, self.options.unknown_limits)

    def _stopped(
        self,
        planned: "_Planned",
        held: pl.DataFrame,
        previous: PreviousAttempt | None,
        last_verified_usd: Decimal | None,
    ) -> DropResult | None:
        """The result if nothing is to be sent, or None."""
        options, result = self.options, planned.result
        sent_last = previous.sent_sha256 if previous and previous.verified else None
        if sent_last == result.sent_sha256 and not options.force:
            found = difference(planned.plan.placed(), held)
            if found.equal:
                return replace(
                    result,
                    verdict="unchanged",
                    read_back=found,
                    reason=(
                        f"CloudZero holds these {result.sent_rows:,} rows for {self.month} "
                        "already, as we sent and verified them: nothing was sent."
                    ),
                )
        if not (options.accept_change or options.clear_month):
            why = hold(planned.diff, last_verified_usd, options.hold)
            if why:
                return replace(
                    result,
                    verdict="held",
                    reason=f"{self.month} is held, and nothing was sent: {why}.",
                    what_to_do=(
                        "Look at the change by account. If it is right, run this month again with "
                        "accept_change; if not, upload a corrected file."
                    ),
                )
        if options.dry_run:
            return replace(
                result,
                verdict="dry_run",
                reason=(
                    f"A dry run: {counted(result.sent_rows, 'row')} with "
                    f"{for_people(result.sent_usd)} in "
                    f"{counted(len(planned.plan.bodies), 'request')} would have been sent for "
                    f"{self.month}."
                ),
            )
        return None

    def _validated(self, planned: "_Planned") -> DropResult:
        """Have CloudZero validate every body before the first is created."""
        result, plan = planned.result, planned.plan
        for body, content in plan.contents():
            self.progress(f"validating body {body.number} of {len(plan.bodies)}")
            try:
                validation = self.client.validate(content, month=self.month)
            except PermanentError as error:
                if error.status != _FORBIDDEN:
                    return _failed(result, error, "Nothing was sent.")
                warning = (
                    "CloudZero was not asked to validate the drop beforehand: the key lacks the "
                    f"scope {Operation.VALIDATE.scope}."
                )
                _log.warning("%s: %s", self.month, warning)
                return replace(result, warnings=(*result.warnings, warning))
            except CloudZeroError as error:
                return _failed(result, error, "Nothing was sent.")
            if not validation.is_valid:
                named = "; ".join(validation.errors[:5]) or "it does not say why"
                more = len(validation.errors) - 5
                return replace(
                    result,
                    verdict="failed",
                    permanent=True,
                    validation_errors=validation.errors,
                    reason=(
                        f"CloudZero's validation refuses body {body.number} of "
                        f"{len(plan.bodies)} of {self.month}: {named}"
                        f"{f', and {more} more' if more > 0 else ''}. Nothing was sent, and the "
                        "month is unchanged."
                    ),
                    what_to_do="Correct what it names: the file, or the texts of the rows.",
                )
        return result

    def _created(self, plan: Plan) -> "_Broken | None":
        """Create one body after the other; say where it broke off, or None."""
        so_far = 0
        for body, content in plan.contents():
            so_far += body.row_count
            self.progress(
                f"sending body {body.number} of {len(plan.bodies)}: "
                f"{counted(body.row_count, 'row')}, "
                f"{body.size:,} bytes"
            )
            # CloudZero does not say whether it counts the body or the drop after replace_hourly.
            counts = {body.row_count} if body.number == 1 else {body.row_count, so_far}
            try:
                self.client.create_drop(
                    content, month=self.month, row_counts=counts, label=body.operation
                )
            except CloudZeroError as error:
                return _Broken(body.number, error)
        return None

    def _read_back(self, planned: "_Planned") -> DropResult:
        """Prove that CloudZero holds what was sent."""
        result, plan = planned.result, planned.plan
        self.progress(f"reading {self.month} back")
        try:
            found, _ = self._look_until_equal(plan)
        except CloudZeroError as error:
            return replace(
                result,
                verdict="incomplete",
                # Another run may have held the lock while the last request was on its way.
                ambiguous=isinstance(error, LockError),
                permanent=isinstance(error, PermanentError),
                reason=(
                    f"CloudZero accepted {all_of(len(plan.bodies), 'request')} of {self.month}, "
                    "but the month could not be read back, so nothing proves that it landed. "
                    f"{error.what}"
                ),
                what_to_do=error.to_do,
            )
        result = replace(result, read_back=found)
        if found.equal:
            return self._verified(result)
        return replace(
            result,
            verdict="incomplete",
            reason=(
                f"CloudZero accepted {all_of(len(plan.bodies), 'request')} of {self.month}, but "
                f"what it holds is not what was sent: {found.says}."
            ),
            what_to_do=(
                "Run this month again. If it differs again, look for another feeder of this "
                "stream: it must have one only."
            ),
        )

    def _verified(self, result: DropResult, note: str = "") -> DropResult:
        left_out = result.left_out.height
        told = f"{counted(result.sent_rows, 'row')} with {for_people(result.sent_usd)}"
        reason = f"CloudZero holds {told} for {self.month}, read back and equal in every column."
        if note:
            reason = f"{reason} {note}"
        if left_out:
            return replace(
                result,
                verdict="partial",
                reason=f"{reason} Left out: {counted(left_out, 'account')} that CloudZero does not "
                "know.",
                what_to_do="Nothing: they are sent by themselves once CloudZero knows them.",
            )
        return replace(result, verdict="verified", reason=reason)

    def _judged(self, planned: "_Planned", broken: "_Broken") -> DropResult:
        """Judge a drop that broke off; by the month's contents, if there is doubt."""
        result, plan, error = planned.result, planned.plan, broken.error
        attempts = [
            attempt
            for request in self.requests
            if _is_create(request)
            for attempt in request.history
        ]
        uncertain = any(attempt.may_be_applied for attempt in attempts)
        refused = broken.number == 1 and not uncertain
        if refused and all(attempt.status is None for attempt in attempts):
            return _failed(result, error, "The month is unchanged.")
        lost = isinstance(error, LockError)
        incomplete = replace(
            result,
            verdict="incomplete",
            # What went out before the lock was lost may be applied over another run's drop.
            ambiguous=uncertain or lost,
            permanent=isinstance(error, PermanentError),
            reason=(
                f"The drop of {self.month} broke off at request {broken.number} of "
                f"{len(plan.bodies)}. {error.what}"
            ),
            what_to_do=f"{error.to_do} Until then the month is not in order.",
        )
        if lost:
            # Another run may be using the stream: not even a read belongs to this run any more.
            return incomplete
        self.progress(f"reading {self.month} again after: {error.what}")
        try:
            # What was certainly not applied is not waited for.
            _, rows = self._look_until_equal(plan, patient=uncertain)
        except CloudZeroError as unread:
            if refused:
                return _failed(result, error, "By that answer the month is unchanged.")
            ambiguous = incomplete.ambiguous or isinstance(unread, LockError)
            incomplete = replace(incomplete, ambiguous=ambiguous)
            return _adding(incomplete, f"What it holds now could not be read. {unread.what}")
        return self._judged_by(incomplete, planned, broken, rows)

    def _judged_by(
        self, incomplete: DropResult, planned: "_Planned", broken: "_Broken", rows: pl.DataFrame
    ) -> DropResult:
        """Judge a drop that broke off by the rows that the month holds now."""
        found, error = difference(planned.plan.placed(), rows), broken.error
        incomplete = replace(incomplete, read_back=found)
        if found.equal:
            if isinstance(error, (AmbiguousError, TransientError)):
                landed = replace(planned.result, read_back=found, ambiguous=incomplete.ambiguous)
                return self._verified(landed, f"One request had no good answer: {error.what}")
            return _adding(incomplete, "What CloudZero holds now equals the payload anyway.")
        if broken.number == 1 and fingerprint(rows) == planned.held:
            return _failed(incomplete, error, "Read again, the month is unchanged.")
        return _adding(incomplete, f"What CloudZero holds now is not the payload: {found.says}.")

    def _look_until_equal(
        self, plan: Plan, *, patient: bool = True
    ) -> tuple[Difference, pl.DataFrame]:
        """Read the month until it equals the plan, or until the time is over."""
        expected = plan.placed()
        policy = self.client.policy
        until = policy.clock() + (self.options.read_back_seconds if patient else 0.0)
        # The time budget may be used up, but the month's contents must be known.
        self.session.allow(2 * self.options.read_back_seconds)
        wait = _FIRST_LOOK_WAIT
        while True:
            rows = self.client.contents(self.month)
            found = difference(expected, rows)
            if found.equal or policy.clock() + wait > until:
                return found, rows
            _log.info("%s: read back in part (%s), again in %g s", self.month, found.says, wait)
            policy.sleep(wait)
            wait = min(2 * wait, _LONGEST_LOOK_WAIT)


@dataclass(frozen=True, eq=False)
class _Planned:
    """A drop that may be sent: the result so far, and what it is based on."""

    result: DropResult
    held: tuple[int, int]
    plan: Plan
    diff: Diff


@dataclass(frozen=True)
class _Broken:
    """Where a drop broke off: at which body, and why."""

    number: int
    error: CloudZeroError


def _failed(result: DropResult, error: CloudZeroError, certainty: str) -> DropResult:
    return replace(
        result,
        verdict="failed",
        permanent=isinstance(error, PermanentError),
        reason=f"{error.what} {certainty}",
        what_to_do=error.to_do,
    )


def _adding(result: DropResult, sentence: str) -> DropResult:
    return replace(result, reason=f"{result.reason} {sentence}")
