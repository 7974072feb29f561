"""The month's proposed file: which credit goes to whom, by which rule, from which inputs.

Pure: the same inputs make the same bytes. Money is shared in the smallest unit in which its amount
is written, cents or smaller, so that nothing is rounded away.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property

from credits_pipeline.core.money import to_text
from credits_pipeline.finops.ledger.credit import Credit, LedgerMonth, in_aws_order
from credits_pipeline.finops.ledger.question import (
    Asked,
    Booked,
    ProposalError,
    refuse_accounts,
    refuse_bill,
    refuse_ledger,
    refuse_question,
)
from credits_pipeline.finops.ledger.rules import Pool, Rule, placed
from credits_pipeline.finops.ledger.services import same_service
from credits_pipeline.finops.ledger.shares import shared
from credits_pipeline.finops.ledger.usage import Usage, Used

UNALLOCATED = "unallocated"
_CENTS = 2


@dataclass(frozen=True)
class PoolShare:
    """The result for one credit.

    Attributes:
        credit: its id.
        payer: whose ledger it is in.
        name: of it; empty if AWS's balances no longer have it.
        amount: what the ledger says it gave.
        placed: what each account should get.
        booked: what AWS gave each account.
        taken: what is deducted there again, so that nothing counts twice.
    """

    credit: str
    payer: str
    name: str
    amount: Decimal
    placed: Mapping[str, Decimal]
    booked: Mapping[str, Decimal]
    taken: Mapping[str, Decimal]

    @property
    def unallocated(self) -> Decimal:
        """What no account could use."""
        return self.amount - sum(self.placed.values(), Decimal(0))


@dataclass(frozen=True)
class Row:
    """One account of the file.

    Attributes:
        account: its id.
        name: as on the bill; empty if it has none.
        credit: what it should get.
        taken: what AWS gave it, and is deducted.
        amount: what the file says.
    """

    account: str
    name: str
    credit: Decimal
    taken: Decimal

    @property
    def amount(self) -> Decimal:
        """What the file says of it."""
        return self.credit - self.taken


@dataclass(frozen=True)
class Proposal:
    """A month's file, and its origin.

    Attributes:
        asked: the question.
        pools: the result for each credit, in the order in which AWS applies them.
        rows: by account; one whose amount is zero is not in the file.
        inputs: what it was made from, each with its version.
        notes: what a person should know.
    """

    asked: Asked
    pools: tuple[PoolShare, ...]
    rows: tuple[Row, ...]
    inputs: tuple[tuple[str, str], ...]
    notes: tuple[str, ...]

    @property
    def total(self) -> Decimal:
        """What the credits gave in the month."""
        return sum((pool.amount for pool in self.pools), Decimal(0))

    @property
    def unallocated(self) -> Decimal:
        """What no account could use."""
        return sum((pool.unallocated for pool in self.pools), Decimal(0))

    @property
    def in_file(self) -> tuple[Row, ...]:
        """The rows that the file has."""
        return tuple(row for row in self.rows if row.amount)

    @property
    def takes_back(self) -> bool:
        """Whether a row is a charge: only a person can confirm that its sign is intended."""
        return any(row.amount < 0 for row in self.rows)

    @cached_property
    def data(self) -> bytes:
        """The file. What no account could use is a line in it, unless it stays where AWS put it."""
        lines = [f"{row.account},{_amount(row.amount)}" for row in self.in_file]
        if self.unallocated and self.asked.booked is Booked.IGNORE:
            lines.append(f"{UNALLOCATED},{_amount(self.unallocated)}")
        return "".join(f"{line}\n" for line in ("account_id,credit_amount", *lines)).encode()

    @cached_property
    def digest(self) -> str:
        """Of the file, the question and the inputs: any change gives another digest."""
        told = {
            "month": str(self.asked.month),
            "rule": self.asked.rule.value,
            "booked": self.asked.booked.value,
            "pools": [pool.credit for pool in self.pools],
            "percent": {name: str(one) for name, one in sorted(self.asked.percent.items())},
            "inputs": self.inputs,
            "file": hashlib.sha256(self.data).hexdigest(),
        }
        return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()


def propose(
    asked: Asked, ledger: Sequence[LedgerMonth], credits: Mapping[str, Credit], usage: Usage
) -> Proposal:
    """The file of a month.

    Args:
        asked: the question.
        ledger: the month of each payer.
        credits: by id, as far as balances have them.
        usage: from the month's bills.

    Raises:
        ProposalError: the ledger is not known or may still change, or there is no answer.
    """
    refuse_question(asked)
    refuse_ledger(asked, ledger)
    chosen = _pools(asked, ledger, credits)
    if asked.rule is not Rule.AS_LEDGER:
        refuse_bill(asked, {payer for payer, _ in chosen}, usage)
    refuse_accounts(asked, usage)
    sharing = _Sharing(asked, {one.payer: one for one in ledger}, credits, usage)
    pools = tuple(sharing.share(payer, credit) for payer, credit in chosen)
    made = Proposal(asked, pools, _rows(pools, usage.names), _inputs(ledger, sharing), ())
    if not made.in_file and not made.unallocated:
        raise ProposalError(
            f"the file of {asked.month} would be empty: its credits add up to nothing. "
            "What to do: there is nothing to upload."
        )
    return Proposal(asked, pools, made.rows, made.inputs, tuple(sharing.notes))


class _Sharing:
    """Pools in a row: usage that one covers is not available to the next."""

    def __init__(
        self,
        asked: Asked,
        ledger: Mapping[str, LedgerMonth],
        credits: Mapping[str, Credit],
        usage: Usage,
    ) -> None:
        self.asked, self.ledger, self.credits, self.usage = asked, ledger, credits, usage
        self.used: dict[Used, Decimal] = {one: max(one.cost, Decimal(0)) for one in usage.rows}
        self.left = dict(self.used)
        self.notes: list[str] = []

    def share(self, payer: str, id_: str) -> PoolShare:
        month = self.ledger[payer]
        amount, booked = month.by_credit()[id_], month.by_account([id_])
        digits = max(_CENTS, _places(amount), *map(_places, booked.values()))
        known = self.credits.get(id_)
        # What is taken back covers nothing, so it does not matter what others have covered.
        left = self.left if amount > 0 else self.used
        good = [] if self.asked.rule is Rule.AS_LEDGER else self._good_for(payer, id_, known)
        found = placed(
            self.asked.rule,
            Pool(
                units=_units(amount, digits),
                booked={name: _units(one, digits) for name, one in booked.items()},
                used=_sums({one: self.used[one] for one in good}, digits),
                eligible=_sums({one: left[one] for one in good}, digits),
                tagged=_sums({one: left[one] for one in good if one.tagged}, digits),
                owner=known.owner if known else "",
                percent=self.asked.percent,
            ),
        )
        given = {name: _money(units, digits) for name, units in sorted(found.items()) if units}
        self._cover(good, given)
        over = amount - sum(given.values(), Decimal(0))
        return PoolShare(
            credit=id_,
            payer=payer,
            name=known.name if known else "",
            amount=amount,
            placed=given,
            booked=booked,
            taken=_taken(booked, over, digits) if self.asked.booked is Booked.OFFSET else {},
        )

    def _good_for(self, payer: str, id_: str, known: Credit | None) -> list[Used]:
        """The usage that a credit may cover."""
        rows = [one for one in self.usage.rows if one.payer == payer]
        if known is None:
            self.notes.append(
                f"Credit {id_} is not among the balances of {payer}: it is not known whether it "
                "covers only some services, so it is shared over all."
            )
            if self.asked.rule is Rule.OWNER_FIRST:
                raise ProposalError(
                    f"who owns credit {id_} is not known: it is not among the balances of {payer}. "
                    "What to do: choose another rule for it, or leave it out with --pool."
                )
            return rows
        if not known.services:
            return rows
        names = {same_service(name) for name in known.services}
        good = [one for one in rows if same_service(one.service) in names]
        there = {same_service(one.service) for one in good}
        lacking = [name for name in known.services if same_service(name) not in there]
        if lacking:
            self.notes.append(
                f"Credit {id_} covers {', '.join(lacking)}, which the bill of {payer} does "
                f"not have in {self.usage.month}."
            )
        return good

    def _cover(self, rows: Sequence[Used], given: Mapping[str, Decimal]) -> None:
        """Deduct what was given from the largest usage first; what is taken back frees none."""
        for account, amount in given.items():
            left = amount
            own = [one for one in rows if one.account == account]
            for one in sorted(own, key=lambda one: (-self.left[one], one.service, one.tagged)):
                covered = min(left, self.left[one])
                if covered > 0:
                    self.left[one] -= covered
                    left -= covered


def _sums(rows: Mapping[Used, Decimal], digits: int) -> dict[str, int]:
    """The sum of each account, in units."""
    found: dict[str, Decimal] = {}
    for one, cost in rows.items():
        found[one.account] = found.get(one.account, Decimal(0)) + cost
    return {name: int(cost.scaleb(digits)) for name, cost in sorted(found.items())}


def _taken(booked: Mapping[str, Decimal], over: Decimal, digits: int) -> dict[str, Decimal]:
    """What AWS gave each account, minus what no other account could use: that stays there."""
    sign = -1 if over < 0 else 1
    weights = {name: max(0, sign * _units(one, digits)) for name, one in booked.items()}
    stays = shared(abs(_units(over, digits)), weights, weights)
    return {
        name: one - sign * _money(stays.get(name, 0), digits)
        for name, one in sorted(booked.items())
    }


def _rows(pools: Sequence[PoolShare], names: Mapping[str, str]) -> tuple[Row, ...]:
    accounts = sorted({account for pool in pools for account in (*pool.placed, *pool.taken)})
    return tuple(
        Row(
            account,
            names.get(account, ""),
            sum((pool.placed.get(account, Decimal(0)) for pool in pools), Decimal(0)),
            sum((pool.taken.get(account, Decimal(0)) for pool in pools), Decimal(0)),
        )
        for account in accounts
    )


def _pools(
    asked: Asked, ledger: Sequence[LedgerMonth], credits: Mapping[str, Credit]
) -> list[tuple[str, str]]:
    """Payer and credit of each pool, in the order in which AWS applies credits."""
    there = {(one.payer, id_) for one in ledger for id_ in one.by_credit()}
    ids = {id_ for _, id_ in there}
    unknown = sorted(set(asked.pools) - ids)
    if unknown:
        raise ProposalError(
            f"credit {', '.join(unknown)} gave nothing in {asked.month}; "
            f"{', '.join(sorted(ids)) or 'none'} did. What to do: name one of those with --pool."
        )
    order = [one.id for one in in_aws_order(list(credits.values()))]
    at = {id_: place for place, id_ in enumerate(order)}
    chosen = [pair for pair in there if not asked.pools or pair[1] in asked.pools]
    return sorted(chosen, key=lambda pair: (at.get(pair[1], len(at)), pair[1], pair[0]))


def _inputs(ledger: Sequence[LedgerMonth], sharing: _Sharing) -> tuple[tuple[str, str], ...]:
    """Each input with its version; the ledger has none, so a digest of its content."""
    found = [
        (f"ledger {one.payer}", _digest([one.to_data()["allocations"], one.estimated]))
        for one in ledger
    ]
    used = {id_ for one in ledger for id_ in one.by_credit()}
    known = [[one.id, one.owner, str(one.expiry), str(one.start), list(one.services)]
             for one in sharing.credits.values() if one.id in used]  # fmt: skip
    found.append(("credits", _digest(sorted(known, key=lambda one: str(one[0])))))
    if sharing.asked.rule is not Rule.AS_LEDGER:
        found += [(f"bill {source}", version) for source, version in sharing.usage.versions]
    return tuple(sorted(found))


def _digest(of: object) -> str:
    return hashlib.sha256(json.dumps(of, sort_keys=True).encode()).hexdigest()[:12]


def _amount(amount: Decimal) -> str:
    """An amount in a file; three decimals get a fourth, because 1.234 may mean a thousand."""
    text = to_text(amount)
    return f"{text}0" if len(text.partition(".")[2]) == _CENTS + 1 else text


def _places(amount: Decimal) -> int:
    exponent = amount.normalize().as_tuple().exponent
    return -exponent if isinstance(exponent, int) and exponent < 0 else 0


def _units(amount: Decimal, digits: int) -> int:
    return int(amount.scaleb(digits))


def _money(units: int, digits: int) -> Decimal:
    return Decimal(units).scaleb(-digits)
