"""The month's file, to the cent: each rule, caps, reversals, offsets, and refusals."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from credits_pipeline.finops.ledger.credit import Credit
from credits_pipeline.finops.ledger.proposal import Proposal, propose
from credits_pipeline.finops.ledger.question import Booked, ProposalError
from credits_pipeline.finops.ledger.rules import Rule
from credits_pipeline_tests.finops.ledger.months import (
    EC2,
    RDS,
    A,
    B,
    C,
    asked,
    by_id,
    credit,
    ledger,
    usage,
)

USED = usage((A, EC2, "60", True), (A, RDS, "40"), (B, EC2, "30"), (C, RDS, "900", True))
EVERYTHING = by_id(credit("7"))
FOR_EC2 = by_id(credit("7", "AmazonEC2"))


def lines(made: Proposal) -> list[str]:
    return made.data.decode().splitlines()[1:]


@pytest.mark.parametrize(
    ("rule", "usd", "credits", "more", "expected"),
    [
        (Rule.AS_LEDGER, "50", EVERYTHING, {}, [f"{A},50.00"]),
        (Rule.PROPORTIONAL, "103", EVERYTHING, {}, [f"{A},10.00", f"{B},3.00", f"{C},90.00"]),
        (Rule.PROPORTIONAL, "1", EVERYTHING, {}, [f"{A},0.10", f"{B},0.03", f"{C},0.87"]),
        # For EC2 only, which Labs does not use. Both caps are reached, and 10 go nowhere.
        (Rule.PROPORTIONAL, "100", FOR_EC2, {}, [f"{A},60.00", f"{B},30.00", "unallocated,10.00"]),
        (Rule.EVEN, "100", EVERYTHING, {}, [f"{A},35.00", f"{B},30.00", f"{C},35.00"]),
        (Rule.EVEN, "0.02", EVERYTHING, {}, [f"{A},0.01", f"{B},0.01"]),
        (Rule.EVEN, "100.01", EVERYTHING, {}, [f"{A},35.01", f"{B},30.00", f"{C},35.00"]),
        (
            Rule.FIXED, "100", EVERYTHING, {"percent": {A: Decimal("12.5"), B: Decimal("87.5")}},
            # B can take 30; the rest goes to A.
            [f"{A},70.00", f"{B},30.00"],
        ),
        (Rule.OWNER_FIRST, "120", EVERYTHING, {}, [f"{A},100.00", f"{C},20.00"]),
        (Rule.EARNED_BY_TAG, "96", EVERYTHING, {}, [f"{A},6.00", f"{C},90.00"]),
        # More was taken back than given: the same shares with the other sign.
        (Rule.PROPORTIONAL, "-103", EVERYTHING, {}, [f"{A},-10.00", f"{B},-3.00", f"{C},-90.00"]),
        # A credit ledger with tenths of a cent is shared in tenths of a cent; 0.001 gets a fourth.
        (Rule.EVEN, "0.004", EVERYTHING, {}, [f"{A},0.0020", f"{B},0.0010", f"{C},0.0010"]),
    ],
)  # fmt: skip
def test_golden_months(
    rule: Rule,
    usd: str,
    credits: Mapping[str, Credit],
    more: dict[str, object],
    expected: list[str],
) -> None:
    made = propose(asked(rule, **more), [ledger(("7", A, usd))], credits, USED)
    assert lines(made) == expected
    assert made.total == Decimal(usd)


def test_one_account_takes_what_it_used_and_the_rest_is_a_line() -> None:
    alone = usage((B, EC2, "30.005"))
    made = propose(asked(Rule.PROPORTIONAL), [ledger(("7", A, "40"))], EVERYTHING, alone)
    assert lines(made) == [f"{B},30.00", "unallocated,10.00"]


def test_without_weights_nothing_is_invented() -> None:
    idle = usage((A, EC2, "0"), (B, EC2, "-3"))
    made = propose(asked(Rule.PROPORTIONAL), [ledger(("7", A, "40"))], EVERYTHING, idle)
    assert lines(made) == ["unallocated,40.00"]
    assert made.unallocated == Decimal(40)


def test_what_one_credit_covers_the_next_can_t() -> None:
    """The credit that expires first is used first, as at AWS."""
    both = by_id(credit("8", owner=B, expiry=date(2026, 7, 1)), credit("7", "AmazonEC2", owner=A))
    made = propose(asked(Rule.OWNER_FIRST), [ledger(("7", A, "50"), ("8", A, "25"))], both, USED)
    assert [(pool.credit, dict(pool.placed)) for pool in made.pools] == [
        ("8", {B: Decimal(25)}),
        ("7", {A: Decimal(50)}),
    ]
    more = propose(asked(Rule.OWNER_FIRST), [ledger(("7", A, "70"), ("8", A, "25"))], both, USED)
    # 60 of EC2 in A, and the 5 that are left of the 30 in B: 5 go nowhere.
    assert lines(more) == [f"{A},60.00", f"{B},30.00", "unallocated,5.00"]


def test_offsets_leave_net_zero_and_what_nobody_can_take_where_it_is() -> None:
    moved = propose(
        asked(Rule.PROPORTIONAL, Booked.OFFSET), [ledger(("7", A, "103"))], EVERYTHING, USED
    )
    assert lines(moved) == [f"{A},-93.00", f"{B},3.00", f"{C},90.00"]
    assert moved.takes_back
    over = propose(
        asked(Rule.PROPORTIONAL, Booked.OFFSET),
        [ledger(("7", C, "100"), ("7", A, "20"), ("7", B, "-20"))],
        FOR_EC2,
        USED,
    )
    # 90 are placed and 10 stay: A has 20 of the 120 that were given, C 100.
    assert lines(over) == [f"{A},41.67", f"{B},50.00", f"{C},-91.67"]
    assert over.unallocated == Decimal(10)


def test_pools_that_are_named_are_those_that_are_handed_out() -> None:
    month = [ledger(("7", A, "50"), ("8", A, "25"))]
    both = by_id(credit("7"), credit("8"))
    made = propose(asked(Rule.AS_LEDGER, pools=("8",)), month, both, USED)
    assert lines(made) == [f"{A},25.00"]
    with pytest.raises(ProposalError, match="credit 9 gave nothing in 2026-05; 7, 8 did"):
        propose(asked(Rule.AS_LEDGER, pools=("9",)), month, both, USED)


def test_the_same_bytes_each_time_and_another_digest_for_another_input() -> None:
    month = ledger(("7", A, "50"), ("7", B, "20"))
    turned = ledger(("7", B, "20"), ("7", A, "50"))
    first = propose(asked(Rule.EVEN), [month], EVERYTHING, USED)
    again = propose(asked(Rule.EVEN), [month], EVERYTHING, USED)
    assert (first.data, first.digest) == (again.data, again.digest)
    assert propose(asked(Rule.EVEN), [turned], EVERYTHING, USED).data == first.data
    other = propose(asked(Rule.EVEN), [month], by_id(credit("7", EC2, RDS)), USED)
    assert other.data == first.data
    assert other.digest != first.digest
    assert dict(first.inputs)["bill aws"] == "20260603T000000Z-0123456789ab"


@pytest.mark.parametrize(
    ("month", "more", "told"),
    [
        ([], {}, "has not been read yet"),
        ([ledger(complete=False, why="AWS could not read 2026-05")], {}, "AWS could not read"),
        ([ledger(("7", A, "5"), estimated=True)], {}, "is an estimate in 2026-05"),
        ([ledger(("7", A, "5"), ("8", A, "-5"))], {"rule": Rule.AS_LEDGER}, "would be empty"),
        ([ledger(("7", A, "5"))], {"rule": Rule.FIXED}, "percentages add up to 0"),
        (
            [ledger(("7", A, "5"))],
            {"rule": Rule.FIXED, "percent": {"999900001111": Decimal(100)}},
            "999900001111 is not on the bill",
        ),
        ([ledger(("7", A, "5"))], {"percent": {A: Decimal(100)}}, "belongs to the rule fixed"),
        (
            [ledger(("7", A, "5"))],
            {"rule": Rule.AS_LEDGER, "booked": Booked.OFFSET},
            "nothing would be left",
        ),
        ([ledger(("9", A, "5"))], {"rule": Rule.OWNER_FIRST}, "who owns credit 9 is not known"),
    ],
)
def test_what_can_t_be_answered_is_refused(
    month: list[object], more: dict[str, object], told: str
) -> None:
    question = {"rule": Rule.PROPORTIONAL, "booked": Booked.IGNORE, **more}
    with pytest.raises(ProposalError, match=told):
        propose(asked(**question), month, EVERYTHING, USED)  # type: ignore[arg-type]


def test_an_estimate_is_taken_where_a_person_asks_for_it() -> None:
    month = [ledger(("7", A, "5"), estimated=True)]
    assert lines(propose(asked(Rule.AS_LEDGER, estimates=True), month, EVERYTHING, USED)) == [
        f"{A},5.00"
    ]


def test_a_rule_that_needs_the_bill_says_where_there_is_none() -> None:
    month = [ledger(("7", A, "5"))]
    with pytest.raises(ProposalError, match="no bill of 111122223333"):
        propose(asked(Rule.EVEN), month, EVERYTHING, usage())
    with pytest.raises(ProposalError, match="the tag map-migrated"):
        propose(asked(Rule.EARNED_BY_TAG), month, EVERYTHING, usage((A, EC2, "5")))


CENTS = st.integers(-200_000, 200_000).map(lambda cents: Decimal(cents) / 100)
ROWS = st.lists(st.tuples(st.sampled_from("789"), st.sampled_from([A, B, C]), CENTS), max_size=6)
USES = st.lists(
    st.tuples(
        st.sampled_from([A, B, C]), st.sampled_from([EC2, RDS]), CENTS, st.booleans()
    ),
    min_size=1,
    max_size=6,
    unique_by=lambda row: (row[0], row[1], row[3]),
)  # fmt: skip
KNOWN = by_id(credit("7"), credit("8", "AmazonEC2", owner=B), credit("9", RDS, owner=C))


@given(
    st.sampled_from([rule for rule in Rule if rule is not Rule.FIXED]),
    st.sampled_from(list(Booked)),
    ROWS,
    USES,
)
def test_every_cent_of_every_pool_is_somewhere(
    rule: Rule, booked: Booked, rows: list[tuple[str, str, Decimal]], used: list[object]
) -> None:
    month = ledger(*((id_, account, str(usd)) for id_, account, usd in rows))
    try:
        made = propose(asked(rule, booked), [month], KNOWN, usage(*used))  # type: ignore[arg-type]
    except ProposalError:
        return
    assert made.total == sum((usd for _, _, usd in rows), Decimal(0))
    for pool in made.pools:
        assert sum(pool.placed.values()) + pool.unallocated == pool.amount
        assert pool.unallocated * pool.amount >= 0
        if booked is Booked.OFFSET:
            assert sum(pool.taken.values()) == sum(pool.placed.values())
    in_file = sum((Decimal(line.split(",")[1]) for line in lines(made)), Decimal(0))
    assert in_file == (made.total if booked is Booked.IGNORE else 0)
    if rule is not Rule.AS_LEDGER and all(pool.amount >= 0 for pool in made.pools):
        eligible: dict[str, Decimal] = {}
        for account, _, cost, _ in used:  # type: ignore[misc]
            eligible[account] = eligible.get(account, Decimal(0)) + max(cost, Decimal(0))
        assert all(row.credit <= eligible[row.account] for row in made.rows if row.credit)


PERCENT = {A: Decimal("12.5"), B: Decimal("33.3"), C: Decimal("54.2")}


@given(
    st.sampled_from(list(Rule)),
    st.sampled_from("789"),
    st.fixed_dictionaries({id_: st.integers(-50_000, 10**5) for id_ in "789"}),
    USES,
)
def test_one_more_cent_changes_one_account(
    rule: Rule, grown: str, cents: dict[str, int], used: list[tuple[str, str, Decimal, bool]]
) -> None:
    """By one cent, or the line of what nobody can take, however many credits are distributed."""
    fixed = {"percent": PERCENT} if rule is Rule.FIXED else {}
    here = {row[0] for row in used}
    every = [*used, *((to, EC2, Decimal(0), False) for to in (A, B, C) if to not in here)]

    def made(cents: dict[str, int]) -> tuple[dict[str, Decimal], dict[str, Decimal]]:
        """The whole file, and the part of the credit that has one more."""
        month = ledger(*((id_, A, str(Decimal(usd) / 100)) for id_, usd in cents.items()))
        found = propose(asked(rule, **fixed), [month], KNOWN, usage(*every))
        (pool,) = [one for one in found.pools if one.credit == grown]
        return (
            {**{row.account: row.credit for row in found.rows}, "unallocated": found.unallocated},
            {**pool.placed, "unallocated": pool.unallocated},
        )

    try:
        before, after = made(cents), made({**cents, grown: cents[grown] + 1})
    except ProposalError:
        return
    for one, other in zip(before, after, strict=True):
        assert changed(one, other) == [Decimal("0.01")]


def changed(before: Mapping[str, Decimal], after: Mapping[str, Decimal]) -> list[Decimal]:
    found = [after.get(to, Decimal(0)) - before.get(to, Decimal(0)) for to in {*before, *after}]
    return [one for one in found if one]
