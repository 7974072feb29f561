"""The life of an item over scans, judgements and bills."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from credits_pipeline.finops.decisions.item import State
from credits_pipeline.finops.optimization.finding import find, merge
from credits_pipeline.finops.optimization.item import Item
from credits_pipeline.finops.optimization.judged import KIND
from credits_pipeline.finops.optimization.opportunity import Step
from credits_pipeline.finops.optimization.proving import NOT_SEEN, PROVED, prove
from credits_pipeline.finops.optimization.standing import standing
from credits_pipeline.finops.scans.columns import EC2
from credits_pipeline.finops.scans.findings import ADVISOR, HUB, OPTIMIZER
from credits_pipeline.finops.scans.inventory import PARTLY, UNKNOWN
from credits_pipeline.finops.scans.life import FOUND, GONE
from credits_pipeline.finops.scans.life import NOT_SEEN as NOT_KNOWN
from credits_pipeline_tests.finops.optimization.seen import AT, resource, row

IDLE: dict[str, Any] = {"cpu_max_14d": 1.0, "network_mb_day_14d": 1.0}
NEXT = AT + timedelta(days=1)


def scan(
    before: list[Item],
    facts: dict[str, Any],
    *,
    at: datetime = NEXT,
    states: dict[str, State] | None = None,
    parts: list[dict[str, Any]] | None = None,
    cost: str = "100.00",
    there: bool = True,
) -> Item:
    rows = [row(resource(EC2, cost=cost, **facts))] if there else []
    found = find(rows, at)
    (one,) = [
        item
        for item in merge(before, found, states or {}, parts or [], at)
        if item.action == "terminate_idle_instance"
    ]
    return one


def state(word: str, item: Item, *, at: datetime = AT, **more: Any) -> dict[str, State]:
    return {item.id: State(KIND, item.id, word, 1, at, "ann", **more)}


def stands(item: Item, states: dict[str, State], now: datetime = NEXT) -> tuple[str, str]:
    found = standing(item, states.get(item.id), (), now)
    return found.state, found.says


def test_an_item_keeps_its_id_and_its_age_through_scans() -> None:
    first = scan([], IDLE, at=AT)
    second = scan([first], IDLE)
    assert (second.id, second.first_at, second.last_at) == (first.id, AT, NEXT)
    assert second.saving == Decimal("100.00")


@pytest.mark.parametrize(
    ("facts", "there", "parts", "seen"),
    [
        ({}, True, [], GONE),
        ({}, False, [], GONE),
        ({**IDLE, "cpu_max_14d": None}, True, [], NOT_KNOWN),
        ({}, False, [{"what": EC2, "region": "eu-central-1"}], NOT_KNOWN),
        ({}, False, [{"what": "account", "region": ""}], NOT_KNOWN),
        ({}, False, [{"what": EC2, "region": "us-east-1"}], GONE),
    ],
)
def test_only_a_scan_that_looked_says_that_it_is_gone(
    facts: dict[str, Any], there: bool, parts: list[dict[str, Any]], seen: str
) -> None:
    whole = [{**part, "account": "111111111111", "state": UNKNOWN} for part in parts]
    first = scan([], IDLE, at=AT)
    assert scan([first], facts, there=there, parts=whole).seen == seen


OTHER = "222222222222"


@pytest.mark.parametrize(
    ("origin", "part", "seen"),
    [
        # The hub is asked in one account for all of them; Compute Optimizer in each account.
        (HUB, {"what": HUB, "account": OTHER, "region": ""}, NOT_KNOWN),
        (
            OPTIMIZER,
            {"what": OPTIMIZER, "account": "111111111111", "region": "eu-central-1"},
            NOT_KNOWN,
        ),
        (OPTIMIZER, {"what": OPTIMIZER, "account": "111111111111", "region": "us-east-1"}, GONE),
        (OPTIMIZER, {"what": OPTIMIZER, "account": OTHER, "region": "eu-central-1"}, GONE),
        (OPTIMIZER, {"what": HUB, "account": OTHER, "region": ""}, GONE),
        # If a file can't be read, nobody knows whose findings it contains.
        (ADVISOR, {"what": "advisor.json", "account": "", "region": ""}, NOT_KNOWN),
        (HUB, {"what": "findings", "account": "", "region": ""}, NOT_KNOWN),
        ("rules", {"what": "findings", "account": "", "region": ""}, GONE),
        ("rules", {"what": HUB, "account": "111111111111", "region": ""}, GONE),
    ],
)
@pytest.mark.parametrize("state", [UNKNOWN, PARTLY])
def test_a_finding_of_a_cloud_is_gone_only_when_that_cloud_was_heard_to_the_end(
    origin: str, part: dict[str, Any], seen: str, state: str
) -> None:
    first = scan([], IDLE, at=AT).but(origin=origin)
    assert scan([first], {}, there=False, parts=[{**part, "state": state}]).seen == seen


def test_what_was_gone_and_is_back_starts_over_and_says_so() -> None:
    first = scan([], IDLE, at=AT)
    gone = scan([first], {})
    assert stands(gone, {})[0] == "gone"
    back = scan([gone], IDLE, at=NEXT + timedelta(days=1))
    assert (back.seen, back.times, back.first_at) == (FOUND, 1, NEXT + timedelta(days=1))
    assert stands(back, {}) == ("open", "It was gone, and is back.")


def test_a_dismissed_item_stays_so_until_its_saving_grows_by_more_than_a_quarter() -> None:
    first = scan([], IDLE, at=AT)
    said = state("dismissed", first, reason="too risky")
    same = scan([first], IDLE, states=said, cost="125.00")
    assert stands(same, said) == ("dismissed", "")
    grown = scan([same], IDLE, states=said, cost="125.01")
    word, says = stands(grown, said)
    assert word == "open"
    assert "ann had dismissed it (too risky)" in says
    assert "it would save 125.01 USD a month, and 100.00 when it was dismissed" in says


def test_a_dismissed_item_opens_again_if_what_it_is_based_on_changes() -> None:
    first = scan([], IDLE, at=AT)
    said = state("dismissed", first, reason="other")
    seen = scan([first], IDLE, states=said)
    changed = scan([seen], {**IDLE, "instance_type": "m7g.4xlarge"}, states=said)
    word, says = stands(changed, said)
    assert word == "open"
    assert "instance type was m7g.xlarge and is m7g.4xlarge" in says


@pytest.mark.parametrize("word", ["snoozed", "dismissed"])
def test_what_is_put_off_until_a_day_is_open_on_that_day(word: str) -> None:
    item = scan([], IDLE, at=AT)
    until = AT + timedelta(days=7)
    said = state(word, item, until=until, reason="temporary")
    assert stands(item, said, until - timedelta(seconds=1))[0] == word
    assert stands(item, said, until)[0] == "open"


MAY_20 = datetime(2026, 5, 20, tzinfo=UTC)


def proved(
    costs: dict[str, str], *, saving: str = "100.00", cost: str = "100.00"
) -> list[tuple[str, Decimal, str]]:
    item = scan([], IDLE, at=AT).but(
        judged_at=MAY_20, judged_saving=Decimal(saving), judged_cost=Decimal(cost)
    )
    said = state("done", item, at=MAY_20)
    accounts = [(item.account, month) for month in costs]
    spent = {month: Decimal(amount) for month, amount in costs.items()}
    found = prove([item], said, accounts, {(item.account, item.resource_id): spent})
    return [(one.billing_month, one.realised, one.state) for one in found]


def test_what_is_done_is_proved_by_the_first_whole_month_after_it() -> None:
    assert proved({"2026-05": "60.00"}) == []
    assert proved({"2026-06": "0"}) == [("2026-06", Decimal("100.00"), PROVED)]


@pytest.mark.parametrize(
    ("then", "word"), [("50.00", PROVED), ("50.01", NOT_SEEN), ("130", NOT_SEEN)]
)
def test_half_of_what_was_expected_proves_it(then: str, word: str) -> None:
    ((_, realised, said),) = proved({"2026-06": then})
    assert (realised, said) == (Decimal("100.00") - Decimal(then), word)


def test_savings_of_one_resource_are_counted_once() -> None:
    first = scan([], IDLE, at=AT)
    some = [
        first.but(
            id=f"{step}", step=step, action=f"a{step}", judged_at=MAY_20,
            judged_saving=Decimal(saving), judged_cost=Decimal("100.00"),
        )
        for step, saving in ((2, "60.00"), (3, "20.00"))
    ]  # fmt: skip
    said = {one.id: State(KIND, one.id, "done", 1, MAY_20, "ann") for one in some}
    spent = {(first.account, first.resource_id): {"2026-06": Decimal("30.00")}}
    found = prove(some, said, [(first.account, "2026-06")], spent)
    assert [one.realised for one in found] == [Decimal("60.00"), Decimal("10.00")]
    assert [one.state for one in found] == [PROVED, PROVED]


def test_a_month_without_a_bill_of_the_account_proves_nothing() -> None:
    assert proved({}) == []


def test_what_is_bought_comes_after_what_is_switched_off() -> None:
    rows = [
        row(resource(EC2, id_=id_, cost=cost, **IDLE)) for id_, cost in (("i-1", "5"), ("i-2", "9"))
    ]
    found = find(rows, NEXT)
    bought, small = sorted(found.items, key=lambda id_: -(found.items[id_].saving or 0))
    found.items[bought] = found.items[bought].but(step=Step.COMMITMENT)
    ids = [item.id for item in merge([], found, {}, [], NEXT) if item.saving]
    assert ids == [small, bought]
