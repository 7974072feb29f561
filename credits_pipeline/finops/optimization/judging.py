"""What a person may decide about a recommendation, and storing it for one or several."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from credits_pipeline.finops.decisions import Author, ChangedMeanwhileError, Ruling
from credits_pipeline.finops.decisions.opening import open_decisions
from credits_pipeline.finops.optimization.judged import (
    DISMISSED,
    DONE,
    KIND,
    OPEN,
    PLANNED,
    REASONS,
    SNOOZED,
)
from credits_pipeline.finops.optimization.standing import Standing


class JudgementError(ValueError):
    """That can't be decided; the message says what is missing."""


@dataclass(frozen=True)
class Judgement:
    """Somebody's decision.

    Attributes:
        state: a word of a recommendation's states.
        owner: who does it.
        until: the day by which it is done, or on which it is open again; None for no day.
        reason: why it is dismissed.
        note: free text.
    """

    state: str
    owner: str = ""
    until: date | None = None
    reason: str = ""
    note: str = ""

    def check(self, today: date) -> None:
        """Refuse an incomplete decision.

        Raises:
            JudgementError: naming what is missing.
        """
        if self.state == PLANNED and not self.owner.strip():
            raise JudgementError("Say who does it.")
        if self.state == DISMISSED and self.reason not in REASONS:
            raise JudgementError("Choose why it is dismissed.")
        if self.state == SNOOZED and self.until is None:
            raise JudgementError("Choose the day on which it opens again.")
        if self.until is not None and self.until <= today:
            raise JudgementError("The day has to be after today.")


def say(
    some: Iterable[Standing],
    judgement: Judgement,
    by: Author,
    now: datetime,
    seen: Mapping[str, int | None] | None = None,
) -> list[ChangedMeanwhileError]:
    """Store the same decision for each; those that somebody else judged meanwhile stay as they are.

    Args:
        some: the items as the person saw them.
        judgement: the decision.
        by: who decides.
        now: the moment.
        seen: the versions that the person saw when beginning to decide; those of the items if
            they were read just now.

    Returns:
        What was refused, one for each item.

    Raises:
        JudgementError: it is incomplete.
        DecisionsError: the store can't be written.
    """
    judgement.check(now.date())
    until = None
    if judgement.until is not None and judgement.state not in (OPEN, DONE):
        # A plan is late the day after; a snoozed item is open on the day itself.
        late = judgement.until + timedelta(days=1 if judgement.state == PLANNED else 0)
        until = datetime(late.year, late.month, late.day, tzinfo=UTC)
    some = list(some)
    versions = versions_of(some) if seen is None else seen
    refused = []
    with open_decisions() as decisions:
        for one in some:
            try:
                decisions.states.set(
                    KIND,
                    one.item.id,
                    Ruling(
                        judgement.state,
                        until=until,
                        reason=judgement.reason if judgement.state == DISMISSED else "",
                        note=judgement.note.strip(),
                        owner=judgement.owner.strip(),
                    ),
                    by=by,
                    expected=versions[one.item.id],
                )
            except ChangedMeanwhileError as error:
                refused.append(error)
    return refused


def versions_of(some: Iterable[Standing]) -> dict[str, int | None]:
    """The version of the last decision about each; None if there was none."""
    return {one.item.id: None if one.judged is None else one.judged.version for one in some}
