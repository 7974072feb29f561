"""The made-up organisation, to the cent: after one scan, a second one, a fix, and a bill."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from credits_pipeline.cli import app
from credits_pipeline.core.month import BillingMonth
from credits_pipeline.finops.decisions import Author
from credits_pipeline.finops.decisions.opening import open_decisions
from credits_pipeline.finops.optimization.judging import Judgement, say
from credits_pipeline.finops.optimization.reading import Recommendations, read_recommendations
from credits_pipeline.finops.optimization.whole import scan_all
from credits_pipeline.finops.scans.findings import HUB as HUB_NAME
from credits_pipeline.finops.scans.findings import OPTIMIZER
from credits_pipeline.finops.scans.shelf import Kept
from credits_pipeline.finops.settings import storage_root
from credits_pipeline.finops.sources import Provider, Source, SourceBook
from credits_pipeline.sandbox.clouds import Fault
from credits_pipeline.sandbox.estate.bill import write_bill
from credits_pipeline.sandbox.estate.found import HUB, find
from credits_pipeline.sandbox.estate.things import THINGS, WEB, WEST
from credits_pipeline_tests.finops.estate import AS_OF, Estate

ME = Author("ann@example.com", "cli")
#: The monthly saving of each story; the others save nothing.
EXPECTED = {
    ("too-big", "rightsize_instance"): "420.00",  # 3/4 of 560
    ("too-big", "move_to_graviton"): "28.00",  # a fifth of the 140 that are left
    ("db-too-big", "rightsize_database"): "350.00",  # half of its 700 of hours
    ("volume-io1", "move_volume_to_gp3"): "272.50",  # 322.50 less the 50.00 of gp3
    ("dev-always-on", "stop_outside_work_hours"): "180.00",  # 108 of 168 hours of 280
    ("dev-always-on", "move_to_graviton"): "20.00",  # a fifth of the 100 that are left
    ("db-nobody", "stop_idle_database"): "150.00",  # its hours, not its storage
    ("load-test-7", "terminate_idle_instance"): "140.16",
    ("svc-three-percent", "rightsize_service"): "126.13",
    ("svc-three-percent", "move_service_to_graviton"): "3.60",
    ("too-big-memory-unknown", "rightsize_instance"): "125.00",
    ("too-big-memory-unknown", "move_to_graviton"): "18.75",
    ("fn-too-much-memory", "reduce_function_memory"): "48.75",
    ("volume-of-stopped", "delete_volume_of_stopped_instance"): "40.00",
    ("nat-idle", "delete_idle_nat_gateway"): "37.80",
    ("svc-idle", "stop_idle_service"): "36.04",
    ("lb-without-targets", "delete_idle_load_balancer"): "18.00",
    ("untagged-box", "move_to_graviton"): "17.22",
    ("lb-quiet", "delete_idle_load_balancer"): "17.20",
    ("volume-gp2-large", "move_volume_to_gp3"): "15.00",
    ("snapshot-old", "delete_old_snapshot"): "12.50",
    ("fn-x86", "move_function_to_graviton"): "6.00",
    ("old-generation", "upgrade_generation"): "5.84",
    ("address-free", "release_address"): "3.60",
    ("volume-gp2", "move_volume_to_gp3"): "2.00",
    ("metrics-missing", "move_to_graviton"): None,  # the price of t3.large is not known
    ("volume-unattached", "move_volume_to_gp3"): None,
}
#: 23.80 for 200 GB: gp3 at gp2's speed costs 21.00 and gp2 costs 20.00, so nothing is saved.
del EXPECTED["volume-unattached", "move_volume_to_gp3"]


def month_before(at: datetime) -> BillingMonth:
    return BillingMonth(at.year, at.month).shift(-1)


def deliver(estate: Estate, folder: Path, month: BillingMonth, **how: Any) -> None:
    write_bill(folder, estate.found, month.year, month.month, **how)
    done = CliRunner().invoke(app, ["ingest"])
    assert done.exit_code == 0, done.output


def read(now: datetime = AS_OF) -> Recommendations:
    found = read_recommendations(storage_root(), now=now)
    assert found is not None
    return found


def savings(estate: Estate, found: Recommendations) -> dict[tuple[str, str], str | None]:
    names = {id_: key for key, id_ in estate.found.ids.items()}
    return {
        (names[one.item.resource_id], one.item.action): None
        if one.item.saving is None
        else f"{one.item.saving:.2f}"
        for one in found.all
        if one.counts and one.item.resource_id in names
    }


@pytest.fixture
def billed(estate: Estate, tmp_path: Path) -> Path:
    """The organisation, with the bills of the two months before the scan."""
    folder = tmp_path / "bills"
    folder.mkdir()
    with open_decisions() as decisions:
        SourceBook(decisions).add(Source("acme", Provider.FOCUS, str(folder)), by=ME)
    month = month_before(AS_OF)
    write_bill(folder, estate.found, *_ym(month.shift(-2)))
    write_bill(folder, estate.found, *_ym(month.shift(-1)))
    deliver(estate, folder, month)
    return folder


def _ym(month: BillingMonth) -> tuple[int, int]:
    return month.year, month.month


def unseen(kept: dict[str, Kept]) -> list[dict[str, Any]]:
    return [
        part
        for name, one in kept.items()
        if name not in ("resources", "recommendations")
        for part in one.about.get("parts", ())
        if part["state"] != "seen"
    ]


# First, because what follows ends a machine and measures everything again.
@pytest.fixture
def found_by_aws(estate: Estate) -> Iterator[Estate]:
    """The organisation, and AWS's findings in it, one per page."""
    find(estate.found, estate.world, AS_OF)
    estate.world.page, before = 1, estate.world.page
    yield estate
    estate.world.page, estate.world.hub, estate.world.optimizer = before, [], {}


def test_what_aws_finds_and_we_find_is_one_item_at_the_customer_s_price(
    found_by_aws: Estate, billed: Path
) -> None:
    world = found_by_aws.world
    world.faults += [
        Fault("ThrottlingException", "cost-optimization-hub", times=1),
        Fault("ThrottlingException", "compute-optimizer", times=1),
    ]
    kept = scan_all(AS_OF)
    assert unseen(kept) == []
    # One page for each finding, and the attempt that was throttled.
    assert world.requests["cost-optimization-hub:ListRecommendations"] == len(HUB) + 1
    found = read()
    keys = [(one.item.resource_id, one.item.action) for one in found.all]
    assert len(keys) == len(set(keys))
    names = {id_: key for key, id_ in found_by_aws.found.ids.items()}
    by = {(names.get(one.item.resource_id), one.item.action): one.item for one in found.all}
    theirs = {
        ("db-busy", "advised_upgrade"): "35.00",  # 39.00 of 390.00 at list, of 350.00
        ("volume-unattached", "delete_unattached_volume"): "23.80",  # a week before ours
    }
    assert savings(found_by_aws, found).items() >= theirs.items()
    assert {key for key, item in by.items() if item.origin != "rules"} == theirs.keys()
    said_too = {key for key, item in by.items() if item.also and item.origin == "rules"}
    assert said_too == {
        ("load-test-7", "terminate_idle_instance"),
        ("too-big", "rightsize_instance"),
        ("volume-gp2", "move_volume_to_gp3"),
        ("volume-gp2-large", "move_volume_to_gp3"),
        ("fn-too-much-memory", "reduce_function_memory"),
        ("svc-idle", "stop_idle_service"),
        ("svc-three-percent", "rightsize_service"),
        ("db-nobody", "stop_idle_database"),
        ("db-too-big", "rightsize_database"),
        ("nat-idle", "delete_idle_nat_gateway"),
    }
    both = by["load-test-7", "terminate_idle_instance"]
    assert both.saving == Decimal("140.16")  # ours; theirs is at list price, and stands beside it
    assert {origin: "151.20 USD" in says for origin, says in both.also.items()} == {
        HUB_NAME: True,
        OPTIMIZER: True,
    }

    # What may no longer be read is not gone.
    world.faults.append(Fault("AccessDeniedException", operation="GetIdleRecommendations"))
    kept = scan_all(AS_OF + timedelta(hours=1))
    lacking = {part["permission"] for part in unseen(kept)}
    assert lacking == {"compute-optimizer:GetIdleRecommendations"}
    again = savings(found_by_aws, read(AS_OF + timedelta(hours=1)))
    assert again["volume-unattached", "delete_unattached_volume"] == "23.80"


def test_the_life_of_the_organisation(estate: Estate, billed: Path) -> None:
    # One scan: every story, to the cent.
    kept = scan_all(AS_OF)
    assert unseen(kept) == []
    found = read()
    assert savings(estate, found) == EXPECTED
    amounts = [Decimal(saving) for saving in EXPECTED.values() if saving]
    (plan,) = [one.item for one in found.all if one.item.action == "buy_savings_plan"]
    assert plan.saving is not None
    assert found.to_be_had("USD") == sum(amounts) + plan.saving
    costs = {estate.id(thing.key): thing.cost for thing in THINGS}
    for id_, cost in costs.items():
        assert sum(one.item.saving or 0 for one in found.all if one.item.resource_id == id_) <= cost
    lacking = {one["action"]: one["resources"] for one in found.about["not_known"]}
    assert lacking == {
        "reduce_function_memory": 1,  # fn-memory-unknown
        "terminate_idle_instance": 1,  # metrics-missing
        "rightsize_instance": 1,
    }

    # What people say about it.
    by = {(one.item.name, one.item.action): one for one in found.all}
    done = by["load-test-7", "terminate_idle_instance"]
    unsaved = by["lb-without-targets", "delete_idle_load_balancer"]
    dismissed = by["svc-idle", "stop_idle_service"]
    say([done, unsaved], Judgement("done"), ME, AS_OF)
    say([dismissed], Judgement("dismissed", reason="needed as it is"), ME, AS_OF)

    # A second scan, 33 days later: ids stay, and what was idle all the time is now unused.
    later = AS_OF + timedelta(days=33)
    for thing in THINGS:
        if thing.load is not None:
            _measure(estate, thing.key, later)
    ids = {one.item.id for one in found.all}
    month = month_before(later)
    while month.start > month_before(AS_OF).start:
        deliver(estate, billed, month, without=["load-test-7"])
        month = month.shift(-1)
    _stop(estate, "load-test-7")
    scan_all(later)
    second = read(later)
    now = savings(estate, second)
    assert ids <= {one.item.id for one in second.all}
    assert now["volume-unattached", "delete_unattached_volume"] == "23.80"
    assert ("svc-idle", "stop_idle_service") not in now
    assert ("load-test-7", "terminate_idle_instance") not in now

    # After a bill: done items are proved or not.
    judged = {(one.item.name, one.state) for one in second.all if one.judged}
    whole = _whole_month_after_now(later)
    expected = {("svc-idle", "dismissed")}
    if whole:
        expected |= {("load-test-7", "proved"), ("lb-without-targets", "not seen")}
        assert second.proved("USD") == Decimal("140.16")
    assert judged == expected


def _whole_month_after_now(later: datetime) -> bool:
    """Whether a month that began after this moment, when people decided, is over by then."""
    return BillingMonth(datetime.now(UTC).year, datetime.now(UTC).month).shift(1).end <= later


def _measure(estate: Estate, key: str, at: datetime) -> None:
    from credits_pipeline.sandbox.estate.planting import measure

    (thing,) = [thing for thing in THINGS if thing.key == key]
    assert thing.load is not None
    measure(estate.found, estate.world, thing, thing.load, at)


def _stop(estate: Estate, key: str) -> None:
    client = estate.found.client("ec2", WEB, WEST)
    client.terminate_instances(InstanceIds=[estate.id(key)])
