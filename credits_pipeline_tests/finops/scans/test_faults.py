"""What fails in a scan: that part is not known, with its missing permission; the rest is."""

from collections.abc import Iterator
from typing import Any

import pytest

from credits_pipeline.finops.depot import Depot
from credits_pipeline.finops.scans.accounts import ScanError
from credits_pipeline.finops.scans.asking import Asking, NotSeenError, Requests
from credits_pipeline.finops.scans.metrics import METRICS
from credits_pipeline.finops.scans.scanning import Scan
from credits_pipeline.finops.scans.settings import Scanned, scanned
from credits_pipeline.finops.settings import storage_root
from credits_pipeline.sandbox.clouds import Fault
from credits_pipeline.sandbox.estate.things import DEV, EAST, PLATFORM, REGIONS, WEB, WEST
from credits_pipeline_tests.finops.estate import AS_OF, Estate


@pytest.fixture
def own_only(estate: Estate, monkeypatch: pytest.MonkeyPatch) -> Iterator[Estate]:
    """One account, so that a scan is short."""
    monkeypatch.setenv("FINOPS_SCAN_ACCOUNTS", "own")
    values = estate.world.values
    yield estate
    estate.world.values = values
    estate.world.faults.clear()


def scan_of() -> Scan:
    return Scan(Depot(storage_root()), scanned(), attempts=2)


def unseen(kept: Any) -> dict[tuple[str, str, str], tuple[str, str]]:
    return {
        (part["what"], part["account"], part["region"]): (part["state"], part["permission"])
        for part in kept.about["parts"]
        if part["state"] != "seen"
    }


def test_each_part_that_fails_is_named_and_the_rest_is_seen(estate: Estate) -> None:
    accounts = estate.found.accounts
    estate.world.faults += [
        Fault("AccessDenied", "sts", "AssumeRole", contains=accounts[DEV], status=403),
        Fault("UnauthorizedOperation", "ec2", "DescribeNatGateways", status=403),
        Fault("AuthFailure", "rds", region=EAST, status=401),
        Fault("UnauthorizedOperation", "ec2", "DescribeImages", region=WEST, status=403),
        Fault("Throttling", "logs", region=WEST),
    ]
    scan = scan_of()
    kept = scan.inventory(AS_OF)
    told = unseen(scan.findings(AS_OF))
    estate.world.faults.clear()
    platform, web, dev = (accounts[name] for name in (PLATFORM, WEB, DEV))
    assert unseen(kept) == {
        ("account", dev, ""): ("not known", "sts:AssumeRole"),
        **{
            ("aws.ec2.nat_gateway", account, region): ("not known", "ec2:DescribeNatGateways")
            for account in (platform, web)
            for region in REGIONS
        },
        **{("aws.rds.instance", account, EAST): ("not known", "") for account in (platform, web)},
        **{
            ("aws.ec2.snapshot", account, WEST): ("partly seen", "ec2:DescribeImages")
            for account in (platform, web)
        },
        **{("aws.logs.group", account, WEST): ("not known", "") for account in (platform, web)},
    }
    # Nor is anything known about AWS's findings in an account whose role can't be assumed.
    assert told["AWS Compute Optimizer", dev, ""] == ("not known", "sts:AssumeRole")
    rows = {row["resource_id"]: row for row in scan.shelf.rows(kept)}
    assert estate.id("load-test-7") in rows
    assert estate.id("dev-always-on") not in rows
    snapshot = rows[estate.id("snapshot-old")]
    assert snapshot["image_uses"] is None
    assert "ec2:DescribeImages is not allowed" in dict(snapshot["not_known"])["image_uses"]
    says = {part["what"]: part["says"] for part in kept.about["parts"] if part["says"]}
    assert "add ec2:DescribeNatGateways to the role's policy" in says["aws.ec2.nat_gateway"]
    assert "throttled" in says["aws.logs.group"]
    assert "the region is off" in says["aws.rds.instance"]
    assert "trust policy" in says["account"]


def test_a_metric_that_spans_several_answers_is_one_and_hours_are_counted(
    own_only: Estate,
) -> None:
    scan = scan_of()
    scan.inventory(AS_OF)
    own_only.world.values = 1000  # an answer ends in the middle of a metric
    kept = scan.utilisation()
    rows = {row["resource_id"]: row for row in scan.shelf.rows(kept)}
    busy = dict(rows[own_only.id("graviton-busy")]["facts"])
    assert busy["hours_seen"] == busy["hours_expected"] == 336
    assert busy["cpu_max_14d"] == 70
    assert busy["off_hours_share"] == 100
    assert busy["network_mb_day_14d"] == pytest.approx(90_000)
    silent = rows[own_only.id("metrics-missing")]
    assert dict(silent["facts"])["hours_seen"] == 0
    assert dict(silent["not_known"])["cpu_max_14d"] == "CloudWatch has no value for it in 14 days"
    asked = own_only.world.requests["monitoring:GetMetricData"]
    assert kept.about["requests"]["cloudwatch:GetMetricData"] == asked > 5
    assert kept.about["metrics"] == sum(
        len(METRICS[row["kind"]])
        for row in rows.values()
    )  # fmt: skip

    # Throttled permanently: none of it is known, and none of it is clean.
    own_only.world.faults.append(Fault("ThrottlingException", operation="GetMetricData"))
    kept = scan.utilisation()
    assert {state for state, _ in unseen(kept).values()} == {"not known"}
    row = next(scan.shelf.rows(kept))
    assert dict(row["facts"]) == {}
    assert "throttled cloudwatch:GetMetricData" in dict(row["not_known"])["cpu_max_14d"]


def test_a_throttled_request_is_asked_again_and_counted(own_only: Estate) -> None:
    own_only.world.faults.append(Fault("RequestLimitExceeded", "ec2", "DescribeAddresses", times=1))
    requests = Requests()
    asking = Asking("123456789012", "", WEST, requests, attempts=3)
    assert len(list(asking.pages("ec2", "describe_addresses", "Addresses"))) == 1
    assert requests.by_operation == {"ec2:DescribeAddresses": 2}


@pytest.mark.parametrize(
    ("service", "operation"),
    [
        ("ec2", "terminate_instances"),
        ("ec2", "modify_volume"),
        ("lambda", "update_function_configuration"),
        ("s3", "put_object"),
    ],
)
def test_nothing_that_writes_is_ever_asked(service: str, operation: str) -> None:
    with pytest.raises(ValueError, match="scans change nothing"):
        Asking("1", "", WEST, Requests()).one(service, operation)


def test_without_a_region_or_credentials_it_says_what_to_do(
    own_only: Estate, monkeypatch: pytest.MonkeyPatch
) -> None:
    nothing = Scan(Depot(storage_root()), Scanned(()))
    with pytest.raises(ScanError, match="FINOPS_SCAN_REGIONS"):
        nothing.inventory(AS_OF)
    with pytest.raises(ScanError, match="credits-pipeline scan"):
        nothing.utilisation()
    own_only.world.faults.append(Fault("InvalidClientTokenId", "sts", status=403))
    with pytest.raises(ScanError, match="give the scan credentials"):
        scan_of().inventory(AS_OF)


def test_prices_and_findings_that_may_not_be_asked_are_reported(own_only: Estate) -> None:
    own_only.world.faults += [
        Fault("AccessDeniedException", "pricing"),
        Fault("AccessDeniedException", "cost-optimization-hub"),
        Fault("OptInRequiredException", "compute-optimizer", region=EAST),
        Fault("AccessDeniedException", "savingsplans"),
    ]
    scan = scan_of()
    scan.inventory(AS_OF)
    prices = scan.prices([(WEST, "m6i.xlarge")])
    (row,) = scan.shelf.rows(prices)
    assert (row["price"], row["plan_rate"]) == (None, None)
    told = {permission for _, permission in unseen(prices).values()}
    assert told == {"pricing:GetProducts", "savingsplans:DescribeSavingsPlansOfferingRates"}
    findings = unseen(scan.findings(AS_OF))
    assert {permission for _, permission in findings.values()} == {
        "cost-optimization-hub:ListRecommendations",
        "",  # an enrolment is not a permission
    }
    assert len(findings) == 2
    commitments = unseen(scan.commitments())
    assert [what for what, _, _ in commitments] == ["Savings Plan"]
    with pytest.raises(NotSeenError, match="pricing:GetProducts"):
        next(
            Asking("1", "", EAST, Requests(), attempts=1).pages(
                "pricing", "get_products", "PriceList", ServiceCode="AmazonEC2"
            )
        )
