"""Three sides of a month: what agrees, what differs and why, and what is not known."""

from decimal import Decimal

import pytest

from credits_pipeline.finops.ledger.reconciliation import Cause, Sides, reconcile
from credits_pipeline_tests.finops.ledger.months import MAY, A, B, C

ON_THE_BILL = frozenset({A, B})


def sides(
    file: dict[str, str] | None, ledger: dict[str, str] | None, bill: dict[str, str] | None,
    **more: object,
) -> Sides:  # fmt: skip
    read = [
        None if one is None else {name: Decimal(usd) for name, usd in one.items()}
        for one in (file, ledger, bill)
    ]
    return Sides(MAY, *read, accounts=ON_THE_BILL, **more)  # type: ignore[arg-type]


SAME = {A: "30", B: "5"}
MOVED = {A: "5", B: "30"}


@pytest.mark.parametrize(
    ("given", "causes", "holds"),
    [
        (sides(SAME, SAME, SAME), {}, True),
        (sides(SAME, None, SAME), {}, True),
        (sides(SAME, SAME, None), {}, True),
        # The sums agree: somebody moved it on purpose, by a rule or by hand.
        (sides(MOVED, SAME, SAME), {A: Cause.REDISTRIBUTED, B: Cause.REDISTRIBUTED}, True),
        # With offsets, a file says what it moves.
        (
            sides({A: "-25", B: "25"}, SAME, SAME, moved=True, offset=True),
            {A: Cause.REDISTRIBUTED, B: Cause.REDISTRIBUTED},
            True,
        ),
        # AWS changed the month after the file was made from it.
        (sides(SAME, {A: "31", B: "5"}, {A: "31", B: "5"}), {A: Cause.UNEXPLAINED}, False),
        (sides(SAME, {A: "31", B: "5"}, SAME), {A: Cause.LATE}, False),
        (sides(SAME, {A: "31", B: "5"}, SAME, estimated=True), {A: Cause.ESTIMATE}, True),
        (
            sides({A: "5", B: "29"}, SAME, SAME, moved=True, unallocated=Decimal(1)),
            {A: Cause.REDISTRIBUTED, B: Cause.REDISTRIBUTED},
            True,
        ),
        (
            sides({A: "5", B: "29"}, SAME, SAME, moved=True),
            {A: Cause.REDISTRIBUTED, B: Cause.REDISTRIBUTED},
            False,
        ),
        (sides({A: "30", C: "5"}, SAME, SAME),
         {B: Cause.REDISTRIBUTED, C: Cause.ACCOUNT_UNKNOWN}, False),
        # One of several credits: its own sum counts.
        (
            sides({A: "10"}, SAME, SAME, moved=True, pools=Decimal(10)),
            {A: Cause.REDISTRIBUTED, B: Cause.REDISTRIBUTED},
            True,
        ),
        (sides(None, SAME, SAME), {}, True),
        # A bill has more digits than cents: a difference that rounding explains is none.
        (sides(SAME, SAME, {A: "30.014", B: "5"}, rounded={A: 3}), {}, True),
        (sides(SAME, SAME, {A: "30.016", B: "5"}, rounded={A: 3}), {A: Cause.LATE}, False),
        (sides(SAME, None, {A: "29.9951", B: "5.004"}), {}, True),
    ],
)  # fmt: skip
def test_each_difference_has_its_likely_cause(
    given: Sides, causes: dict[str, Cause], holds: bool
) -> None:
    found = reconcile(given)
    assert {line.account: line.cause for line in found.lines if line.cause} == causes
    assert found.holds == holds
    assert len(found.to_data()["differences"]) == len(causes)


def test_one_side_alone_is_not_clean() -> None:
    found = reconcile(sides(SAME, None, None))
    assert not found.holds
    assert "file $35.00, ledger not known, bill not known" in found.says
    assert "nothing to compare it with" in found.says
    assert found.to_data()["ledger_usd"] is None


def test_the_sentence_names_the_largest_and_what_to_do() -> None:
    says = reconcile(sides(SAME, {A: "31", B: "9"}, SAME)).says
    assert says == (
        "2026-05: file $35.00, ledger $40.00, bill $35.00. Accounts that differ: 2 late credit. "
        "The sums differ: AWS has changed the month since the file was made. The largest is "
        f"account {B}, $4.00. What to do: read ledger and bill again, then propose the month again "
        "if it persists."
    )
