"""Every rule at its thresholds: just within, just beyond, and without its evidence."""

from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from credits_pipeline.finops.optimization.finding import judge
from credits_pipeline.finops.optimization.opportunity import Opportunity
from credits_pipeline.finops.optimization.prices import Prices
from credits_pipeline.finops.optimization.thresholds import ALL, Thresholds
from credits_pipeline.finops.scans.columns import (
    ADDRESS,
    BALANCER,
    DATABASE,
    EC2,
    FUNCTION,
    NAT,
    SERVICE,
    SNAPSHOT,
    VOLUME,
)
from credits_pipeline_tests.finops.optimization.seen import USUAL, resource

PRICES = Prices(
    {
        ("eu-central-1", "m4.xlarge"): Decimal("0.240"),
        ("eu-central-1", "m6i.xlarge"): Decimal("0.230"),
        ("eu-central-1", "m7g.xlarge"): Decimal("0.184"),
    }
)
TEST = {"Environment": " Test "}
IDLE = {"cpu_max_14d": 4.9, "network_mb_day_14d": 4.9}
NIGHTS = {"tags": TEST, "cpu_max_off_hours_14d": 4.9}
FOUND, CLEAN, UNKNOWN = "found", "clean", "not known"


def said(kind: str, action: str, **facts: Any) -> str:
    found, unknown = judge(resource(kind, **facts), prices=PRICES)
    if action in [one.action for one in found]:
        return FOUND
    return UNKNOWN if action in [one.action for one in unknown] else CLEAN


@pytest.mark.parametrize("kind", USUAL)
def test_nothing_is_found_where_nothing_is_wrong(kind: str) -> None:
    assert judge(resource(kind), prices=PRICES) == ([], [])


@pytest.mark.parametrize(
    ("kind", "action", "facts", "expected"),
    [
        (EC2, "terminate_idle_instance", IDLE, FOUND),
        (EC2, "terminate_idle_instance", {**IDLE, "cpu_max_14d": 5.0}, CLEAN),
        (EC2, "terminate_idle_instance", {**IDLE, "network_mb_day_14d": 5.0}, CLEAN),
        (EC2, "terminate_idle_instance", {**IDLE, "hours_seen": 30}, FOUND),
        (EC2, "terminate_idle_instance", {**IDLE, "hours_seen": 29}, UNKNOWN),
        (EC2, "terminate_idle_instance", {**IDLE, "network_mb_day_14d": None}, UNKNOWN),
        # What is known to be busy needs no other evidence.
        (EC2, "terminate_idle_instance", {"network_mb_day_14d": None}, CLEAN),
        (EC2, "terminate_idle_instance", {**IDLE, "state": "stopped"}, CLEAN),
        (EC2, "stop_outside_work_hours", NIGHTS, FOUND),
        (EC2, "stop_outside_work_hours", {**NIGHTS, "tags": {"env": "production"}}, CLEAN),
        (EC2, "stop_outside_work_hours", {**NIGHTS, "tags": {}}, CLEAN),
        (EC2, "stop_outside_work_hours", {**NIGHTS, "tags": None}, UNKNOWN),
        (EC2, "stop_outside_work_hours", {**NIGHTS, "cpu_max_off_hours_14d": 5.0}, CLEAN),
        (EC2, "stop_outside_work_hours", {**NIGHTS, "off_hours_share": 90.0}, FOUND),
        (EC2, "stop_outside_work_hours", {**NIGHTS, "off_hours_share": 89.9}, CLEAN),
        (EC2, "stop_outside_work_hours", {**NIGHTS, "off_hours_share": None}, UNKNOWN),
        (DATABASE, "stop_outside_work_hours", NIGHTS, FOUND),
        (EC2, "rightsize_instance", {"cpu_max_14d": 40.0, "memory_max_14d": 40.0}, FOUND),
        (EC2, "rightsize_instance", {"cpu_max_14d": 40.1, "memory_max_14d": 40.0}, CLEAN),
        (EC2, "rightsize_instance", {"cpu_max_14d": 40.0, "memory_max_14d": 40.1}, CLEAN),
        (EC2, "rightsize_instance", {"cpu_max_14d": 40.0, "memory_max_14d": None}, FOUND),
        (EC2, "rightsize_instance", {"cpu_max_14d": None}, UNKNOWN),
        (EC2, "rightsize_instance", {"cpu_max_14d": 1, "instance_type": "g5.2xlarge"}, CLEAN),
        (EC2, "rightsize_instance", {"cpu_max_14d": 1, "instance_type": "m7g.large"}, CLEAN),
        (EC2, "upgrade_generation", {"instance_type": "m4.xlarge", "current_generation": False}, FOUND),
        (EC2, "upgrade_generation", {"instance_type": "m4.xlarge", "current_generation": None}, UNKNOWN),
        (EC2, "move_to_graviton", {"instance_type": "m6i.xlarge", "architecture": "x86_64"}, FOUND),
        (EC2, "move_to_graviton", {"instance_type": "m6i.xlarge", "architecture": "x86_64", "platform": "windows"}, CLEAN),
        (VOLUME, "delete_unattached_volume", {"attached": False, "unattached_days": 32.0}, FOUND),
        (VOLUME, "delete_unattached_volume", {"attached": False, "unattached_days": 31.9}, CLEAN),
        (VOLUME, "delete_unattached_volume", {"attached": False, "unattached_days": None}, UNKNOWN),
        (VOLUME, "delete_volume_of_stopped_instance", {"holder_stopped_days": 30.1}, FOUND),
        (VOLUME, "delete_volume_of_stopped_instance", {"holder_stopped_days": 30.0}, CLEAN),
        (VOLUME, "delete_volume_of_stopped_instance", {"holder_stopped_days": None}, UNKNOWN),
        (VOLUME, "move_volume_to_gp3", {"volume_type": "gp2"}, FOUND),
        (VOLUME, "move_volume_to_gp3", {"volume_type": "io1", "iops": 16001}, CLEAN),
        (VOLUME, "move_volume_to_gp3", {"volume_type": "st1"}, CLEAN),
        (SNAPSHOT, "delete_old_snapshot", {"age_days": 90.1, "image_uses": 0}, FOUND),
        (SNAPSHOT, "delete_old_snapshot", {"age_days": 90.0, "image_uses": 0}, CLEAN),
        (SNAPSHOT, "delete_old_snapshot", {"age_days": 91.0, "image_uses": 1}, CLEAN),
        (SNAPSHOT, "delete_old_snapshot", {"age_days": 91.0, "image_uses": None}, UNKNOWN),
        (SNAPSHOT, "delete_old_snapshot", {"age_days": 9.0, "image_uses": None}, CLEAN),
        (ADDRESS, "release_address", {"attached": False}, FOUND),
        (ADDRESS, "release_address", {"attached": None}, UNKNOWN),
        (BALANCER, "delete_idle_load_balancer", {"targets": 0, "requests_7d": None}, FOUND),
        (BALANCER, "delete_idle_load_balancer", {"requests_7d": 699.0}, FOUND),
        (BALANCER, "delete_idle_load_balancer", {"requests_7d": 700.0}, CLEAN),
        (BALANCER, "delete_idle_load_balancer", {"requests_7d": None}, UNKNOWN),
        (NAT, "delete_idle_nat_gateway", {"bytes_out_7d": 0.0}, FOUND),
        (NAT, "delete_idle_nat_gateway", {"bytes_out_7d": 1.0}, CLEAN),
        (NAT, "delete_idle_nat_gateway", {"bytes_out_7d": 0.0, "hours_seen": 29}, UNKNOWN),
        (FUNCTION, "reduce_function_memory", {"memory_max_14d": 12.0}, FOUND),
        (FUNCTION, "reduce_function_memory", {"memory_max_14d": 80.0}, CLEAN),
        (FUNCTION, "reduce_function_memory", {"memory_max_14d": 12.0, "invocations_14d": 49.0}, CLEAN),
        (FUNCTION, "reduce_function_memory", {"memory_max_14d": 12.0, "memory_mb": 1793.0}, CLEAN),
        (FUNCTION, "reduce_function_memory", {"memory_max_14d": None}, UNKNOWN),
        (FUNCTION, "move_function_to_graviton", {"architecture": "x86_64"}, FOUND),
        (FUNCTION, "move_function_to_graviton", {"architecture": "x86_64", "runtime": "go1.x"}, CLEAN),
        (SERVICE, "stop_idle_service", {"cpu_max_14d": 1.0, "memory_max_14d": 1.0}, FOUND),
        (SERVICE, "stop_idle_service", {"cpu_max_14d": 1.1, "memory_max_14d": 1.0}, CLEAN),
        (SERVICE, "stop_idle_service", {"cpu_max_14d": 1.0, "memory_max_14d": None}, UNKNOWN),
        (SERVICE, "rightsize_service", {"cpu_max_14d": 3.0, "memory_max_14d": 10.0}, FOUND),
        (SERVICE, "rightsize_service", {"cpu_max_14d": 3.0, "memory_max_14d": 10.0, "launch_type": "EC2"}, CLEAN),
        (SERVICE, "move_service_to_graviton", {"architecture": "x86_64"}, FOUND),
        (DATABASE, "stop_idle_database", {"connections_max_7d": 0.0}, FOUND),
        (DATABASE, "stop_idle_database", {"connections_max_7d": 1.0}, CLEAN),
        (DATABASE, "stop_idle_database", {"connections_max_7d": None}, UNKNOWN),
        (DATABASE, "rightsize_database", {"cpu_max_14d": 40.0, "instance_type": "db.r6g.xlarge"}, FOUND),
    ],
)  # fmt: skip
def test_a_rule_holds_at_its_threshold_and_knows_what_it_lacks(
    kind: str, action: str, facts: dict[str, Any], expected: str
) -> None:
    assert said(kind, action, **facts) == expected


def share_of(kind: str, action: str, **facts: Any) -> Fraction:
    found, _ = judge(resource(kind, **facts), prices=PRICES)
    (one,) = [one for one in found if one.action == action]
    assert one.share is not None
    return one.share


@pytest.mark.parametrize(
    ("kind", "action", "facts", "share"),
    [
        (EC2, "stop_outside_work_hours", NIGHTS, Fraction(108, 168)),
        (EC2, "rightsize_instance", {"cpu_max_14d": 40.0, "memory_max_14d": 1.0, "instance_type": "m7g.4xlarge"}, Fraction(1, 2)),
        (EC2, "rightsize_instance", {"cpu_max_14d": 10.0, "memory_max_14d": 10.0, "instance_type": "m7g.8xlarge"}, Fraction(7, 8)),
        # Without its memory, one size smaller is as far as its CPU allows.
        (EC2, "rightsize_instance", {"cpu_max_14d": 10.0, "memory_max_14d": None, "instance_type": "m7g.8xlarge"}, Fraction(1, 2)),
        (EC2, "upgrade_generation", {"instance_type": "m4.xlarge", "current_generation": False}, Fraction(1, 24)),
        (EC2, "move_to_graviton", {"instance_type": "m6i.xlarge", "architecture": "x86_64"}, Fraction(1, 5)),
        (VOLUME, "move_volume_to_gp3", {"volume_type": "gp2", "size_gb": 100.0}, Fraction(1, 5)),
        (VOLUME, "move_volume_to_gp3", {"volume_type": "gp2", "size_gb": 1000.0}, Fraction(15, 100)),
        (VOLUME, "move_volume_to_gp3", {"volume_type": "io1", "size_gb": 500.0, "iops": 4000}, 1 - Fraction(50) / Fraction("322.5")),
        (FUNCTION, "reduce_function_memory", {"memory_max_14d": 12.0, "memory_mb": 1024.0}, 1 - Fraction(192, 1024)),
        (FUNCTION, "reduce_function_memory", {"memory_max_14d": 1.0}, 1 - Fraction(128, 512)),
    ],
)  # fmt: skip
def test_a_share_is_what_the_list_prices_say(
    kind: str, action: str, facts: dict[str, Any], share: Fraction
) -> None:
    assert share_of(kind, action, **facts) == share


def test_a_price_that_is_not_known_leaves_the_saving_unknown_and_says_which() -> None:
    old = resource(EC2, instance_type="r4.large", current_generation=False, architecture="x86_64")
    found, _ = judge(old, prices=PRICES)
    (one,) = [one for one in found if one.action == "upgrade_generation"]
    assert one.share is None
    assert one.why_unknown.startswith("the price of r4.large and r6i.large in eu-central-1")


def test_a_gpu_s_own_work_is_not_seen_which_is_stated() -> None:
    found, _ = judge(resource(EC2, **IDLE, gpus=1, gpu_name="A10G", instance_type="g5.xlarge"))
    (one,) = [one for one in found if one.action == "terminate_idle_instance"]
    assert one.confidence == "low"
    assert "A10G did is not known" in one.says


def test_every_rule_of_the_issue_has_an_action() -> None:
    """Idle, rightsizing, stopped, unattached, types, snapshots, addresses, generations, schedules."""
    kinds = {
        "terminate_idle_instance", "delete_volume_of_stopped_instance", "delete_unattached_volume",
        "move_volume_to_gp3", "delete_old_snapshot", "release_address",
        "delete_idle_load_balancer", "delete_idle_nat_gateway", "stop_outside_work_hours",
        "rightsize_instance", "upgrade_generation", "move_to_graviton", "stop_idle_service",
        "rightsize_service", "move_service_to_graviton", "reduce_function_memory",
        "move_function_to_graviton", "stop_idle_database", "rightsize_database",
    }  # fmt: skip
    tried = test_a_rule_holds_at_its_threshold_and_knows_what_it_lacks.pytestmark[0].args[1]
    assert {action for _, action, _, expected in tried if expected == FOUND} == kinds


def test_a_threshold_is_a_setting() -> None:
    busy = resource(EC2, cpu_max_14d=6.0, network_mb_day_14d=1.0)
    found, _ = judge(busy, Thresholds.parse("ec2_idle_cpu=7, snapshot_days=1"))
    assert "terminate_idle_instance" in [one.action for one in found]
    assert isinstance(found[0], Opportunity)


@pytest.mark.parametrize(
    "text",
    [
        "cpu=3",
        "ec2_idle_cpu",
        "ec2_idle_cpu=x",
        "ec2_idle_cpu=-1",
        "ec2_idle_cpu=NaN",
        "ec2_idle_cpu=1e5",
        "ec2_idle_cpu=1__0",
        "ec2_idle_cpu=5,headroom=20, ec2_idle_cpu =7",
        "ec2_idle_cpu=\N{ARABIC-INDIC DIGIT FIVE}",
    ],
)
def test_a_threshold_that_can_t_be_is_named(text: str) -> None:
    with pytest.raises(ValueError, match=text.partition("=")[0]):
        Thresholds.parse(text)


def test_every_threshold_has_its_source() -> None:
    assert all(one.source and one.meaning and one.unit for one in ALL)
    assert len({one.name for one in ALL}) == len(ALL)


def test_the_page_of_the_docs_has_every_threshold_as_it_is() -> None:
    page = (Path(__file__).parents[3] / "docs" / "optimization.md").read_text()
    for one in ALL:
        line = f"| `{one.name}` | {one.default} {one.unit} | {one.meaning} | {one.source} |"
        assert line in page
