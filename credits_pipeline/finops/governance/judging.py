"""What people may decide about violations and policies, and who may decide it.

High severity is for approvers: they accept such violations and change such policies, so that nobody
makes one harmless by lowering its severity first.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import TYPE_CHECKING, Any

from credits_pipeline.finops.decisions import Author, Ruling, State
from credits_pipeline.finops.decisions.kind import ItemKind, JudgedKind
from credits_pipeline.finops.governance import book
from credits_pipeline.finops.governance.policy import Policy, Severity
from credits_pipeline.finops.governance.violations import Seen, Status, Violation

if TYPE_CHECKING:
    from credits_pipeline.finops.decisions.opening import Judging

SUBJECT = "violation"
#: Why somebody accepts it.
REASONS = (
    "accepted risk",
    "needed as it is",
    "will be fixed",
    "false alarm",
    "other",
)
#: Tells the store of decisions whether one is valid.
DECIDED = ItemKind(book.KIND, Policy.of, "policies")
JUDGED = JudgedKind(
    SUBJECT,
    (Status.OPEN.value, Status.ACKNOWLEDGED.value),
    "violations",
    {Status.ACKNOWLEDGED.value: REASONS},
)
_LONGEST = 500


class JudgingError(ValueError):
    """That can't be decided about a violation; the message says what to do."""


@dataclass(frozen=True)
class By:
    """Who decides.

    Attributes:
        author: as in the log.
        is_approver: whether the person may accept what is of high severity.
    """

    author: Author
    is_approver: bool


def acknowledge(
    states: "Judging",
    seen: Seen,
    *,
    by: By,
    reason: str,
    note: str = "",
    until: date | None = None,
) -> State:
    """Accept a violation as it is.

    Args:
        states: how findings were judged.
        seen: the violation, with the decisions about it when it was read.
        by: who.
        reason: one of `REASONS`.
        note: in the person's words.
        until: the last day on which it is accepted; None for always.

    Raises:
        JudgingError: it can't be accepted, or not by this person.
        ChangedMeanwhileError: somebody else judged it since.
    """
    one = seen.violation
    _check(seen, by)
    if reason not in REASONS:
        raise JudgingError(
            f"{reason!r} is not a reason. What to do: give one of {', '.join(REASONS)}."
        )
    if reason == "other" and not note.strip():
        raise JudgingError("The reason is other, but there is no note. What to do: write one.")
    ends = None if until is None else datetime.combine(until, time.max, UTC)
    if ends is not None and ends <= seen.now:
        raise JudgingError(f"{until} is over. What to do: give a day in the future.")
    return states.set(
        SUBJECT,
        one.id,
        Ruling(
            Status.ACKNOWLEDGED.value,
            until=ends,
            reason=reason,
            note=_note(note),
            owner=seen.said.owner if seen.said else "",
        ),
        by=by.author,
        expected=_version(seen),
    )


def open_again(states: "Judging", seen: Seen, *, by: By, note: str = "") -> State:
    """Withdraw an acknowledgement.

    Raises:
        JudgingError: not by this person.
        ChangedMeanwhileError: somebody else judged it since.
    """
    _check(seen, by)
    return states.set(
        SUBJECT,
        seen.violation.id,
        Ruling(Status.OPEN.value, note=_note(note), owner=seen.said.owner if seen.said else ""),
        by=by.author,
        expected=_version(seen),
    )


def assign(states: "Judging", seen: Seen, owner: str, *, by: By) -> State:
    """Name who has to act; other decisions about it stay.

    Raises:
        ChangedMeanwhileError: somebody else judged it since.
    """
    said = seen.said
    return states.set(
        SUBJECT,
        seen.violation.id,
        Ruling(
            said.state if said else Status.OPEN.value,
            until=said.until if said else None,
            reason=said.reason if said else "",
            note=said.note if said else "",
            owner=owner.strip()[:320],
        ),
        by=by.author,
        expected=_version(seen),
    )


def why_not_judged(violation: Violation, *, is_approver: bool) -> str:
    """Why a person may not accept a violation; empty if they may."""
    if violation.severity is Severity.HIGH and not is_approver:
        return "Violations of high severity are accepted by approvers."
    return ""


def why_not_changed(*versions: Policy | None, is_approver: bool) -> str:
    """Why a person may not change a policy; empty if they may.

    Args:
        versions: of the policy, before and after.
        is_approver: whether the person is one.
    """
    high = any(one is not None and one.severity is Severity.HIGH for one in versions)
    if high and not is_approver:
        return "Policies of high severity are changed by approvers."
    return ""


def said_of(state: State | None) -> Mapping[str, Any] | None:
    """People's decisions, for programs."""
    if state is None:
        return None
    return {
        "state": state.state,
        "reason": state.reason,
        "note": state.note,
        "owner": state.owner,
        "until": None if state.until is None else state.until.date().isoformat(),
        "who": state.who,
        "at": state.at.isoformat(timespec="seconds"),
    }


def _check(seen: Seen, by: By) -> None:
    if seen.status is Status.FIXED:
        raise JudgingError("It is fixed, so there is nothing to accept.")
    why = why_not_judged(seen.violation, is_approver=by.is_approver)
    if why:
        raise JudgingError(f"{why} What to do: ask one of them.")


def _note(note: str) -> str:
    return note.strip()[:_LONGEST]


def _version(seen: Seen) -> int | None:
    return None if seen.said is None else seen.said.version
