"""Savings add up: no resource saves more than it costs, whatever the rules say about it."""

from decimal import Decimal
from fractions import Fraction

from hypothesis import given, settings
from hypothesis import strategies as st

from credits_pipeline.finops.optimization.ledger import Left, savings
from credits_pipeline.finops.optimization.opportunity import COMPUTE, Opportunity, Step
from credits_pipeline.finops.scans.billed import Line
from credits_pipeline.finops.scans.columns import EC2
from credits_pipeline_tests.finops.optimization.seen import line, resource

UNITS = ("hrs", "gb-mo", "requests", "")
MONEY = st.decimals(min_value=0, max_value=10**7, places=6, allow_nan=False)
LINES = st.lists(
    st.builds(line, st.sampled_from(UNITS), MONEY, MONEY, covered=st.booleans()), max_size=5
)
SHARES = st.fractions(min_value=0, max_value=1, max_denominator=1000)


def opportunity(step: Step, share: Fraction | None, units: tuple[str, ...] = ()) -> Opportunity:
    return Opportunity(
        f"do_{step.name.lower()}", step, COMPUTE, resource(EC2), "because", "do it", share, units
    )


@settings(max_examples=150, deadline=None)
@given(
    LINES,
    st.lists(st.tuples(st.sampled_from(Step), SHARES, st.sampled_from([(), ("hrs",)])), max_size=6),
)
def test_the_savings_of_a_resource_never_exceed_its_cost(
    lines: list[Line], some: list[tuple[Step, Fraction, tuple[str, ...]]]
) -> None:
    found = savings([opportunity(*one) for one in some], lines)
    for kind in ("effective", "list"):
        taken = [getattr(saving, kind) for _, saving in found]
        known = [amount for amount in taken if amount is not None]
        assert all(amount >= 0 for amount in known)
        assert all(amount == amount.quantize(Decimal("0.01")) for amount in known)
        assert sum(known) <= sum(getattr(one, kind) for one in lines)


@settings(max_examples=100, deadline=None)
@given(LINES, SHARES)
def test_a_share_of_all_is_that_share_to_the_cent(lines: list[Line], share: Fraction) -> None:
    taken = Left(lines).take(share).effective
    whole = sum((one.effective for one in lines), Decimal(0))
    assert taken is not None
    assert abs(Fraction(taken) - Fraction(whole) * share) <= Fraction(1, 100)


def test_savings_are_taken_in_the_order_of_the_steps() -> None:
    lines = [line("hrs", "100.00")]
    some = [
        opportunity(Step.GENERATION, Fraction(1, 5)),
        opportunity(Step.RIGHTSIZE, Fraction(1, 2)),
        opportunity(Step.SCHEDULE, Fraction(9, 14)),
    ]
    found = [(one.step, saving.effective) for one, saving in savings(some, lines)]
    assert found == [
        (Step.SCHEDULE, Decimal("64.29")),
        (Step.RIGHTSIZE, Decimal("17.86")),  # half of 35.71
        (Step.GENERATION, Decimal("3.57")),  # a fifth of 17.85
    ]


def test_what_is_idle_leaves_nothing_to_what_comes_after() -> None:
    some = [opportunity(Step.IDLE, Fraction(1)), opportunity(Step.RIGHTSIZE, Fraction(1, 2))]
    found = savings(some, [line("hrs", "3.335")])
    assert [saving.effective for _, saving in found] == [Decimal("3.33"), Decimal("0.00")]


def test_only_the_lines_of_the_named_units_count() -> None:
    lines = [line("hrs", "80.00", covered=True), line("gb", "20.00")]
    ((_, saving),) = savings([opportunity(Step.RIGHTSIZE, Fraction(1, 2), ("hrs",))], lines)
    assert saving.effective == Decimal("40.00")
    assert saving.of == saving.covered == Decimal("80.00")


def test_without_a_bill_a_saving_is_not_known_and_not_nothing() -> None:
    ((_, saving),) = savings([opportunity(Step.IDLE, Fraction(1))], [])
    assert saving.effective is None
    assert "no bill contains it" in saving.why_unknown
