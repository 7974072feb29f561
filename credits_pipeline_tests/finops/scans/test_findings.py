"""Clouds' findings from files, understood by their columns; ours and theirs are one item."""

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from credits_pipeline.finops.objects import open_place
from credits_pipeline.finops.optimization.finding import find
from credits_pipeline.finops.scans.columns import EC2
from credits_pipeline.finops.scans.findings import ADVISOR, HUB, OPTIMIZER, RECOMMENDER, Outside
from credits_pipeline.finops.scans.findings_files import UnreadableError, parse, read_findings
from credits_pipeline.finops.scans.inventory import Part
from credits_pipeline_tests.finops.optimization.seen import AT, line, resource, row

HUB_CSV = """account_id,region,resource_id,resource_arn,action_type,current_resource_type,current_resource_summary,recommended_resource_summary,estimated_monthly_savings_before_discount,estimated_monthly_savings_after_discount,currency_code,last_refresh_timestamp
111111111111,eu-central-1,i-1,arn:aws:ec2:eu-central-1:111111111111:instance/i-1,Stop,Ec2Instance,m6i.xlarge,,90.00,80.5,USD,2026-05-31T00:00:00Z
111111111111,eu-central-1,fn,arn:aws:lambda:eu-central-1:111111111111:function:fn,Rightsize,LambdaFunction,512 MB,256 MB,4,3.5,USD,
"""
OPTIMIZER_CSV = """accountId,instanceArn,finding,recommendationOptions_1_instanceType,recommendationOptions_1_estimatedMonthlySavingsValue,lastRefreshTimestamp_UTC,errorCode,errorMessage
111111111111,arn:aws:ec2:eu-central-1:111111111111:instance/i-2,OVER_PROVISIONED,m6i.large,12.25,2026-05-31,,
111111111111,arn:aws:ec2:eu-central-1:111111111111:instance/i-3,OPTIMIZED,,,2026-05-31,,
111111111111,arn:aws:ec2:eu-central-1:111111111111:instance/i-4,,,,,MISSING_RESOURCE,not enough metrics
"""
SUBSCRIPTION = "c4d7f8a9-6b21-4e03-9d52-0e7b6a5c4d33"
MACHINE = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/Web/providers/Microsoft.Compute/virtualMachines/VM-1"


def advice(name: str, **more: Any) -> dict[str, Any]:
    return {
        "id": f"{MACHINE}/providers/Microsoft.Advisor/recommendations/{name}",
        "type": "microsoft.advisor/recommendations",
        "properties": {
            "category": "Cost",
            "impactedField": "Microsoft.Compute/virtualMachines",
            "recommendationTypeId": "e10b1381",
            "shortDescription": {"problem": "It is idle", "solution": "Shut it down"},
            "resourceMetadata": {"resourceId": MACHINE},
            "extendedProperties": {"annualSavingsAmount": "1200", "savingsCurrency": "EUR"},
            **more,
        },
    }


ADVISOR_JSON = [
    advice("one"),
    advice("two"),
    {
        "id": f"{advice('two')['id']}/suppressions/x",
        "type": "Microsoft.Advisor/suppressions",
        "properties": {},
    },
    advice("three", category="Security"),
]
DISK = "compute.googleapis.com/projects/acme/zones/europe-west3-a/disks/d-1"
RECOMMENDER_JSON = {
    "recommender": "google.compute.disk.IdleResourceRecommender",
    "recommender_subtype": "DELETE_DISK",
    "location": "europe-west3-a",
    "state": "ACTIVE",
    "description": "Delete it",
    "target_resources": [f"//{DISK}"],
    "primary_impact": {
        "cost_projection": {
            "cost": {"currency_code": "USD", "units": -3, "nanos": -500000000},
            "duration": "2592000s",
        }
    },
}


def parsed(content: str | bytes) -> tuple[list[Outside], list[str]]:
    refused: list[str] = []
    raw = content.encode() if isinstance(content, str) else content
    return list(parse(raw, refused)), refused


def test_the_hub_s_export_is_read_after_discounts() -> None:
    found, _ = parsed(HUB_CSV)
    assert [(one.origin, one.action, one.saving, one.kind) for one in found] == [
        (HUB, "terminate_idle_instance", Decimal("80.50"), EC2),
        (HUB, "reduce_function_memory", Decimal("3.50"), "aws.lambda.function"),
    ]
    assert found[0].short == "i-1"


def test_compute_optimizer_says_of_which_resources_it_knows_nothing() -> None:
    found, refused = parsed(OPTIMIZER_CSV)
    assert [(one.origin, one.action, one.short, one.saving) for one in found] == [
        (OPTIMIZER, "rightsize_instance", "i-2", Decimal("12.25"))
    ]
    assert refused == ["MISSING_RESOURCE: not enough metrics"]


def test_advisor_s_costs_count_and_what_was_put_off_does_not() -> None:
    (one,), _ = parsed(json.dumps({"data": ADVISOR_JSON}))
    assert (one.origin, one.account, one.saving, one.currency) == (
        ADVISOR, SUBSCRIPTION, Decimal("100.00"), "EUR",
    )  # fmt: skip
    assert one.resource_id == MACHINE.lower()


@pytest.mark.parametrize("state", ["ACTIVE", {"state": "ACTIVE"}])
def test_google_s_saving_is_a_negative_cost(state: Any) -> None:
    lines = json.dumps({**RECOMMENDER_JSON, "state": state}) + "\n"
    (one,), _ = parsed(lines * 1)
    assert (one.origin, one.account, one.saving) == (RECOMMENDER, "acme", Decimal("3.50"))
    assert one.resource_id == DISK


def test_what_google_has_applied_is_not_a_finding() -> None:
    assert parsed(json.dumps([{**RECOMMENDER_JSON, "state": "SUCCEEDED"}])) == ([], [])


@pytest.mark.parametrize(
    "content",
    [b"a,b\n1,2\n", b"[1]", b'{"x": 1}', b"{", b"\xff\xfe\x00", b"[[", b'{"properties": 3}'],
)
def test_a_file_that_is_none_of_these_is_reported(content: bytes) -> None:
    with pytest.raises(UnreadableError, match="What to do"):
        parsed(content)


def test_one_file_that_can_t_be_read_stops_no_other(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("who,knows\n1,2\n")
    (tmp_path / "hub.csv").write_text(HUB_CSV)
    (tmp_path / "notes.txt").write_text("not looked at")
    (tmp_path / "optimizer.csv").write_text(OPTIMIZER_CSV)
    parts: list[Part] = []
    found = list(read_findings(open_place(str(tmp_path)), parts))
    assert len(found) == 3
    assert [(part.what, part.state, part.resources) for part in parts] == [
        ("a.csv", "not known", 0),
        ("hub.csv", "seen", 2),
        ("optimizer.csv", "partly seen", 1),
    ]


IDLE: dict[str, Any] = {"cpu_max_14d": 1.0, "network_mb_day_14d": 1.0}


def test_ours_and_theirs_are_one_item() -> None:
    outside, _ = parsed(HUB_CSV)
    found = find([row(resource(EC2, id_="i-1", **IDLE))], AT, outside=outside[:1])
    (item,) = found.items.values()
    assert item.origin == "rules"
    assert item.saving == Decimal("100.00")  # ours, at the bill's price
    assert "80.50 USD" in item.also[HUB]


def test_what_only_they_find_saves_their_share_of_our_price() -> None:
    outside, _ = parsed(HUB_CSV)
    busy = row(resource(EC2, id_="i-1"), line("hrs", "70.00", "161.00"))
    busy["list_cost_month"] = Decimal("161.00")
    (item,) = find([busy], AT, outside=outside[:1]).items.values()
    assert item.origin == HUB
    assert (item.saving, item.list_saving) == (Decimal("35.00"), Decimal("80.50"))


def test_a_finding_without_a_bill_saves_what_is_not_known() -> None:
    outside, _ = parsed(json.dumps(RECOMMENDER_JSON))
    (item,) = find([], AT, outside=outside).items.values()
    assert item.saving is None
    assert "no bill contains the resource" in item.why_unknown
