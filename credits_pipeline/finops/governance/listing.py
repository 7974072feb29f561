"""Violations as lists: which are wanted, and their form for programs and spreadsheets."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any

from credits_pipeline.core.money import to_text
from credits_pipeline.finops.governance.judging import said_of
from credits_pipeline.finops.governance.policy import Severity
from credits_pipeline.finops.governance.violations import Seen, Status
from credits_pipeline.text.spreadsheet import csv_cell, csv_file

ALL = "all"


class WantedError(ValueError):
    """A word names no violations; the message says what there is."""


@dataclass(frozen=True)
class Wanted:
    """Which violations are wanted; empty for all.

    Attributes:
        policy: ids.
        account: ids.
        severity: words.
        state: words.
        since: the first day.
    """

    policy: tuple[str, ...] = ()
    account: tuple[str, ...] = ()
    severity: tuple[str, ...] = ()
    state: tuple[str, ...] = ()
    since: date | None = None

    @classmethod
    def of(
        cls,
        *,
        policy: Iterable[str] | None = None,
        account: Iterable[str] | None = None,
        severity: Iterable[str] | None = None,
        state: Iterable[str] | None = None,
        since: str | None = None,
    ) -> "Wanted":
        """Read the words of a command or an address.

        Raises:
            WantedError: one means nothing.
        """
        states = tuple(state or ())
        return cls(
            tuple(policy or ()),
            tuple(account or ()),
            _words("severity", tuple(severity or ()), Severity),
            () if ALL in states else _words("state", states, Status),
            _day(since),
        )

    def holds(self, one: Seen) -> bool:
        """Whether a violation is wanted."""
        each = one.violation
        return (
            (not self.policy or each.policy in self.policy)
            and (not self.account or each.account in self.account)
            and (not self.severity or each.severity in self.severity)
            and (not self.state or one.status in self.state)
            and (self.since is None or each.since.date() >= self.since)
        )


def _words(name: str, given: tuple[str, ...], words: type[StrEnum]) -> tuple[str, ...]:
    for one in given:
        if one not in set(words):
            raise WantedError(f"{name} is {one!r}, and is one of {', '.join(words)}")
    return given


def _day(text: str | None) -> date | None:
    if text is None:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise WantedError(f"since is {text!r}, and is a day such as 2026-11-27") from None


def for_programs(one: Seen) -> dict[str, Any]:
    """A violation for programs; money as text."""
    each = one.violation
    return {
        "id": each.id,
        "policy": each.policy,
        "policy_name": each.policy_name,
        "severity": each.severity.value,
        "state": one.status.value,
        "says": each.says,
        "kind": each.kind,
        "provider": each.provider,
        "account": each.account,
        "account_name": each.account_name,
        "region": each.region,
        "resource_id": each.resource_id,
        "name": each.name,
        "service": each.service,
        "tags": dict(each.tags),
        "owner": one.owner,
        "cost_month": None if each.cost_month is None else to_text(each.cost_month),
        "currency": each.currency,
        "billing_month": each.billing_month,
        "since": each.since.isoformat(timespec="seconds"),
        "last_seen": each.last_seen.isoformat(timespec="seconds"),
        "evidence_missing": one.is_evidence_missing,
        "came_back": each.times,
        "origin": each.origin or "policy",
        "said": said_of(one.said),
    }


_COLUMNS = (
    "id", "policy", "severity", "state", "says", "kind", "provider", "account", "account_name",
    "region", "resource_id", "name", "service", "owner", "cost_month", "currency",
    "billing_month", "since", "last_seen", "evidence_missing", "origin",
)  # fmt: skip
_SAID = ("reason", "note", "until", "by")


def as_csv(found: Sequence[Seen]) -> bytes:
    """Violations for spreadsheets: the rows that a page or a command shows, exact."""
    rows = [[*_COLUMNS, *_SAID]]
    for one in found:
        told = for_programs(one)
        said = told["said"] or {}
        told |= {name: said.get(name) for name in ("reason", "note", "until")}
        told["by"] = said.get("who")
        rows.append([_cell(name, told[name]) for name in rows[0]])
    return csv_file(rows)


def _cell(name: str, value: Any) -> str:
    if value is None:
        return ""
    # An amount is ours, and may be negative.
    return str(value) if name == "cost_month" else csv_cell(str(value))
