"""Credits left on the table: usage without the tag that the migration programme pays for.

Pure. What a tag would have earned is an estimate: AWS pays a percentage of tagged usage, which is
taken from what the programme's credits gave on the tagged usage.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_DOWN, Decimal

from credits_pipeline.core.month import BillingMonth
from credits_pipeline.finops.ledger.credit import Credit, LedgerMonth
from credits_pipeline.finops.ledger.services import same_service
from credits_pipeline.finops.ledger.usage import Usage

#: How these credits are recognised in AWS's descriptions.
_PROGRAMME = ("migration acceleration", "map credit", "map 2.0", "map2.0")
_CENT = Decimal("0.01")


@dataclass(frozen=True)
class Left:
    """One account's month.

    Attributes:
        account: its id.
        name: as the bill has it.
        tagged: eligible usage with the tag.
        untagged: eligible usage without it.
        earned: what a tag on the latter would have earned; None if no percentage is known.
    """

    account: str
    name: str
    tagged: Decimal
    untagged: Decimal
    earned: Decimal | None


@dataclass(frozen=True)
class LeftOnTheTable:
    """A month.

    Attributes:
        month: the billing month.
        lines: the largest untagged usage first.
        rate: what the programme's credits gave per dollar of tagged usage; None if nothing is
            tagged, or no credit of the programme is known.
        credits: ids of the credits that count as the programme's.
    """

    month: BillingMonth
    lines: tuple[Left, ...]
    rate: Decimal | None
    credits: tuple[str, ...]

    @property
    def untagged(self) -> Decimal:
        """Eligible usage without the tag, in total."""
        return sum((line.untagged for line in self.lines), Decimal(0))

    @property
    def earned(self) -> Decimal | None:
        """What tags would have earned, in total."""
        known = [line.earned for line in self.lines if line.earned is not None]
        return sum(known, Decimal(0)) if self.rate is not None else None


def is_of_the_programme(credit: Credit) -> bool:
    """Whether a credit is one of the Migration Acceleration Program's, by its description."""
    name = credit.name.casefold()
    return any(word in name for word in _PROGRAMME)


def left_on_the_table(
    usage: Usage, credits: Mapping[str, Credit], ledger: Sequence[LedgerMonth]
) -> LeftOnTheTable:
    """A month's usage with and without the tag.

    Args:
        usage: of the month's bills.
        credits: by id; the services that the programme's credits apply to are eligible.
        ledger: the month of each payer.
    """
    own = {id_: one for id_, one in credits.items() if is_of_the_programme(one)}
    services = {same_service(name) for one in own.values() for name in one.services}
    everything = not own or any(not one.services for one in own.values())
    sums: dict[str, list[Decimal]] = {}
    for one in usage.rows:
        if one.cost > 0 and (everything or same_service(one.service) in services):
            held = sums.setdefault(one.account, [Decimal(0), Decimal(0)])
            held[0 if one.tagged else 1] += one.cost
    tagged = sum((held[0] for held in sums.values()), Decimal(0))
    gave = sum(
        (
            amount
            for month in ledger
            if month.complete
            for id_, amount in month.by_credit().items()
            if id_ in own
        ),
        Decimal(0),
    )
    rate = min(Decimal(1), gave / tagged) if tagged > 0 and gave > 0 else None
    names = usage.names
    lines = [
        Left(
            account,
            names.get(account, ""),
            with_tag,
            without,
            None if rate is None else (without * rate).quantize(_CENT, ROUND_DOWN),
        )
        for account, (with_tag, without) in sums.items()
    ]
    lines.sort(key=lambda line: (-line.untagged, line.account))
    return LeftOnTheTable(usage.month, tuple(lines), rate, tuple(sorted(own)))
