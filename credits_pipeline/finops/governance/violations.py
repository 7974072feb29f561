"""Violations: what evaluations saw of each over time, and what people decided about it.

What evaluations saw is a fold over days: an evaluation never changes people's decisions, and people
never change what was seen. Both meet in `Seen.state`.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

from credits_pipeline.finops.decisions import State
from credits_pipeline.finops.governance.accepting import is_accepted, was_accepted
from credits_pipeline.finops.governance.evaluating import Outcome
from credits_pipeline.finops.governance.policy import Severity
from credits_pipeline.finops.scans.life import FOUND, GONE, NOT_SEEN, Sighting, finding_id, sight

Key = tuple[str, str, str, str]


class Status(StrEnum):
    """The status of a violation."""

    OPEN = "open"
    ACKNOWLEDGED = "acknowledged"
    FIXED = "fixed"


@dataclass(frozen=True)
class Violation:
    """One resource that breaks one policy, as evaluations saw it.

    Attributes:
        id: the same through all evaluations.
        policy: its id.
        policy_name: for people.
        severity: of the policy when it was last seen.
        kind: of the resource.
        provider: short code.
        account: its id.
        account_name: for people.
        region: where it is.
        resource_id: as on the bill.
        short: the form that bills and scans share.
        name: of the resource.
        service: as on the bill; empty if no bill contains it.
        tags: the known tags of the resource that have a value.
        owner: who has to act, from the policy's owner tag; empty if nobody is named.
        says: the sentence.
        cost_month: the resource's monthly cost; None if no bill contains it.
        currency: of it.
        billing_month: of it.
        since: when it was first seen; reset after it was fixed.
        last_seen: when it was last seen.
        seen: the newest evaluation's result: found, gone, or not known.
        times: how often it came back after it was fixed.
        origin: the policies' own evaluation, or another tool's name.
    """

    id: str
    policy: str
    policy_name: str
    severity: Severity
    kind: str
    provider: str
    account: str
    account_name: str
    region: str
    resource_id: str
    short: str
    name: str
    service: str
    tags: Mapping[str, str]
    owner: str
    says: str
    cost_month: Decimal | None
    currency: str
    billing_month: str
    since: datetime
    last_seen: datetime
    seen: str = FOUND
    times: int = 0
    origin: str = ""

    @property
    def key(self) -> Key:
        """The resource that it is about."""
        return self.provider, self.account, self.region, self.short

    @property
    def is_high(self) -> bool:
        """Whether it is of high severity."""
        return self.severity is Severity.HIGH

    @property
    def is_fixed(self) -> bool:
        """Whether an evaluation has seen it gone."""
        return self.seen == GONE

    def to_json(self) -> dict[str, Any]:
        """Its stored form."""
        told = asdict(self)
        told["tags"] = dict(self.tags)
        told["cost_month"] = None if self.cost_month is None else format(self.cost_month, "f")
        return {
            key: value.isoformat() if isinstance(value, datetime) else value
            for key, value in told.items()
        }

    @classmethod
    def from_json(cls, told: Mapping[str, Any]) -> "Violation":
        """From the stored form."""
        cost = told["cost_month"]
        return cls(
            **{
                **told,
                "severity": Severity(told["severity"]),
                "cost_month": None if cost is None else Decimal(cost),
                "since": datetime.fromisoformat(told["since"]),
                "last_seen": datetime.fromisoformat(told["last_seen"]),
            }
        )


def found_by(
    outcomes: Iterable[Outcome], resources: Sequence[Mapping[str, Any]], at: datetime
) -> dict[str, Violation]:
    """What breaks a policy now, by id.

    Args:
        outcomes: of one evaluation.
        resources: of the table, by its numbers from 1.
        at: the moment of the evaluation.
    """
    return {
        one.id: one
        for outcome in outcomes
        for number, says in outcome.broken.items()
        for one in [_violation(outcome, resources[number - 1], says, at)]
    }


def _violation(outcome: Outcome, row: Mapping[str, Any], says: str, at: datetime) -> Violation:
    policy = outcome.policy
    tags = {key: value for key, value in (row["tags"] or {}).items() if value}
    return Violation(
        id=finding_id(policy.id, key_of(row)),
        policy=policy.id,
        policy_name=policy.name,
        severity=policy.severity,
        kind=row["kind"],
        provider=row["provider"],
        account=row["account"],
        account_name=row["account_name"] or "",
        region=row["region"],
        resource_id=row["resource_id"],
        short=row["short"],
        name=row["name"] or "",
        service=row["service"] or "",
        tags=tags,
        owner=tags.get(policy.owner_tag, ""),
        says=says,
        cost_month=row["cost_month"],
        currency=row["currency"] or "",
        billing_month=row["billing_month"] or "",
        since=at,
        last_seen=at,
    )


def key_of(row: Mapping[str, Any]) -> Key:
    """Identifies a resource, whether a bill or a scan has it; a bill may not know its kind."""
    return row["provider"], row["account"], row["region"], row["short"]


def fold(
    before: Iterable[Violation],
    found: Mapping[str, Violation],
    looked: Callable[[Violation], bool],
    at: datetime,
) -> list[Violation]:
    """The state of every violation after one more evaluation.

    Args:
        before: the previous state.
        found: what breaks a policy now, by id.
        looked: whether the evaluation could judge a violation that it did not find.
        at: its moment.
    """
    known = {one.id: one for one in before}
    sightings = [
        Sighting(one.id, one.since, one.last_seen, one.seen, one.times) for one in known.values()
    ]
    missed = {id_: looked(one) for id_, one in known.items() if id_ not in found}
    after = sight(sightings, set(found), missed, at)
    return [_with(found.get(id_) or known[id_], seen) for id_, seen in sorted(after.items())]


def _with(one: Violation, seen: Sighting) -> Violation:
    return replace(
        one, since=seen.first_at, last_seen=seen.last_at, seen=seen.seen, times=seen.times
    )


@dataclass(frozen=True)
class Seen:
    """A violation, and what people decided about it, at one moment.

    Attributes:
        violation: what evaluations saw.
        said: people's decision; None if there is none.
        now: the moment.
    """

    violation: Violation
    said: State | None
    now: datetime

    @property
    def status(self) -> Status:
        """Its status: an acknowledgement ends on its day, and with its violation."""
        if self.violation.is_fixed:
            return Status.FIXED
        return Status.ACKNOWLEDGED if self.is_acknowledged else Status.OPEN

    @property
    def is_acknowledged(self) -> bool:
        """Whether somebody accepts it as it is now."""
        return is_accepted(self.said, self.violation.since, self.now)

    @property
    def has_come_back(self) -> bool:
        """Whether it was acknowledged until a day that is over."""
        return self.status is Status.OPEN and was_accepted(self.said, self.violation.since)

    @property
    def owner(self) -> str:
        """Who has to act: the person that somebody named, otherwise the one in the tag."""
        return (self.said.owner if self.said else "") or self.violation.owner

    @property
    def is_evidence_missing(self) -> bool:
        """Whether the newest evaluation could not say whether it is still there."""
        return self.violation.seen == NOT_SEEN


def seen_now(
    violations: Iterable[Violation], said: Mapping[str, State], now: datetime | None = None
) -> list[Seen]:
    """Every violation with its current status, the most expensive first."""
    at = now or datetime.now(UTC)
    found = [Seen(one, said.get(one.id), at) for one in violations]
    rank = {Severity.HIGH: 0, Severity.MEDIUM: 1, Severity.LOW: 2}
    return sorted(
        found,
        key=lambda one: (
            -(one.violation.cost_month or Decimal(0)),
            rank[one.violation.severity],
            one.violation.policy,
            one.violation.id,
        ),
    )
