"""What a person specifies for a month's file, and which questions have no answer."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum

from credits_pipeline.core.month import BillingMonth
from credits_pipeline.finops.errors import BillError
from credits_pipeline.finops.ledger.credit import LedgerMonth
from credits_pipeline.finops.ledger.rules import Rule
from credits_pipeline.finops.ledger.usage import MAP_TAG, Usage

_ALL = Decimal(100)


class Booked(StrEnum):
    """What to do with the credits that AWS already has on its own bill; there is no default."""

    #: CloudZero counts them: each row is what an account should have minus what AWS gave it there.
    OFFSET = "offset"
    #: CloudZero excludes them from the cost that people use: each row is what an account gets.
    IGNORE = "ignore"


class ProposalError(BillError):
    """A month can't be proposed; the message says why and what to do."""


@dataclass(frozen=True)
class Asked:
    """The question.

    Attributes:
        month: the billing month.
        rule: how credits are distributed.
        booked: what to do with AWS's own.
        pools: ids of the credits to distribute; empty for all.
        percent: of each account, for the rule ``fixed``.
        estimates: whether a ledger that may still change is accepted.
    """

    month: BillingMonth
    rule: Rule
    booked: Booked
    pools: tuple[str, ...] = ()
    percent: Mapping[str, Decimal] = field(default_factory=dict)
    estimates: bool = False


def refuse_question(asked: Asked) -> None:
    """Refuse a question that has no answer, whatever the ledger says.

    Raises:
        ProposalError: says why.
    """
    if asked.rule is Rule.FIXED:
        whole = sum(asked.percent.values(), Decimal(0))
        if whole != _ALL or any(one <= 0 for one in asked.percent.values()):
            raise ProposalError(
                f"the percentages add up to {whole}, and each must be above 0. What to do: name "
                "accounts with --share ACCOUNT=PERCENT so that they add up to 100."
            )
    elif asked.percent:
        raise ProposalError(f"--share belongs to the rule fixed, not to {asked.rule.value}.")
    if asked.rule is Rule.AS_LEDGER and asked.booked is Booked.OFFSET:
        raise ProposalError(
            "as_ledger gives each account what AWS gave it, and offset takes the same away: "
            "nothing would be left. What to do: choose another rule, or ignore if CloudZero leaves "
            "out AWS's own credits."
        )


def refuse_ledger(asked: Asked, ledger: Sequence[LedgerMonth]) -> None:
    """Refuse a ledger that is not known, or that may still change.

    Raises:
        ProposalError: says why.
    """
    if not ledger:
        raise ProposalError(
            f"the ledger of {asked.month} has not been read yet. What to do: credits-pipeline "
            f"ledger --month {asked.month}."
        )
    for one in ledger:
        if not one.complete:
            raise ProposalError(
                f"what the ledger of {one.payer} has in {asked.month} is not known: {one.why}. "
                f"What to do: credits-pipeline ledger --month {asked.month} asks AWS again."
            )
    moving = [one.payer for one in ledger if one.estimated]
    if moving and not asked.estimates:
        raise ProposalError(
            f"the ledger of {', '.join(moving)} is an estimate in {asked.month}: the bill is not "
            "final. What to do: wait for the invoice, or accept the estimate with --estimate and "
            "propose again when the bill is final."
        )


def refuse_bill(asked: Asked, payers: set[str], usage: Usage) -> None:
    """Refuse rules that depend on usage if the usage is not known.

    Raises:
        ProposalError: says why.
    """
    missing = sorted(payers - usage.payers)
    if missing:
        raise ProposalError(
            f"no bill of {', '.join(missing)} has been read for {asked.month}, so nobody knows "
            "what accounts used. What to do: credits-pipeline ingest, or the rule as_ledger."
        )
    if asked.rule is Rule.EARNED_BY_TAG and not any(one.tagged for one in usage.rows):
        raise ProposalError(
            f"nothing on the bill of {asked.month} has the tag {MAP_TAG}, so nobody earned "
            "anything. What to do: check that it is an active cost allocation tag, or choose "
            "another rule."
        )


def refuse_accounts(asked: Asked, usage: Usage) -> None:
    """Refuse percentages for unknown accounts.

    Raises:
        ProposalError: says why.
    """
    unknown = sorted(set(asked.percent) - {one.account for one in usage.rows})
    if unknown:
        raise ProposalError(
            f"account {', '.join(unknown)} is not on the bill of {asked.month}. What to do: name "
            "accounts that are."
        )
