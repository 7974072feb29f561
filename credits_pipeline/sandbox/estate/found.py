"""What AWS itself says of the organisation: the Cost Optimization Hub, and Compute Optimizer.

In the form of their answers, with what real ones have beside a finding: what is as it should be,
and what is too small.
"""

from datetime import datetime
from decimal import Decimal
from typing import Any

from credits_pipeline.sandbox.clouds.world import World
from credits_pipeline.sandbox.estate.planting import Planted
from credits_pipeline.sandbox.estate.things import THINGS, Thing

#: What the hub says: the action, its words for kind, now and then, and a month's saving.
HUB = {
    "load-test-7": ("Stop", "Ec2Instance", "m6i.xlarge", "", "151.20"),
    "too-big": ("Rightsize", "Ec2Instance", "m6i.4xlarge", "m6i.xlarge", "480.00"),
    "volume-gp2-large": ("Upgrade", "EbsVolume", "1000 GB of gp2", "1000 GB of gp3", "23.80"),
    "fn-too-much-memory": ("Rightsize", "LambdaFunction", "1024 MB", "256 MB", "49.50"),
    # Nothing of ours says it.
    "db-busy": ("Upgrade", "RdsDbInstance", "db.r6g.xlarge", "db.r7g.xlarge", "39.00"),
}
#: What Compute Optimizer finds idle: its words for kind and state, and a month's saving.
IDLE = {
    "load-test-7": ("EC2Instance", "Idle", "151.20"),
    "svc-idle": ("ECSService", "Idle", "36.04"),
    "volume-unattached": ("EBSVolume", "Unattached", "23.80"),
    "db-nobody": ("RDSDBInstance", "Idle", "164.00"),
    "nat-idle": ("NatGateway", "Unused", "37.80"),
}
_ARNS = {"instance": "ec2:{0}:{1}:instance/", "volume": "ec2:{0}:{1}:volume/",
         "nat": "ec2:{0}:{1}:natgateway/"}  # fmt: skip


def find(found: Planted, world: World, at: datetime) -> None:
    """Have the stand-in know what AWS says of everything.

    Args:
        found: where everything is.
        world: of the stand-in; is filled.
        at: when AWS looked last.
    """
    by_key = {thing.key: thing for thing in THINGS}
    when = at.timestamp()
    world.hub = [_of_hub(found, by_key[key], when, *said) for key, said in HUB.items()]
    world.optimizer = {
        "GetIdleRecommendations": (
            "idleRecommendations",
            [_of_idle(found, by_key[key], when, *said) for key, said in IDLE.items()],
        ),
        "GetEC2InstanceRecommendations": (
            "instanceRecommendations",
            [
                _of_machine(found, by_key["too-big"], when, "Overprovisioned", "m6i.xlarge", "480"),
                _of_machine(found, by_key["graviton-busy"], when, "Underprovisioned", "m7g.xlarge"),
                _of_machine(found, by_key["render-gpu"], when, "Optimized", "g5.2xlarge"),
            ],
        ),
        "GetEBSVolumeRecommendations": (
            "volumeRecommendations",
            [_of_volume(found, by_key["volume-gp2"], when, "2.38")],
        ),
        "GetLambdaFunctionRecommendations": (
            "lambdaFunctionRecommendations",
            [_of_function(found, by_key["fn-too-much-memory"], when, 256, "49.50")],
        ),
        "GetECSServiceRecommendations": (
            "ecsServiceRecommendations",
            [_of_service(found, by_key["svc-three-percent"], when, "126.13")],
        ),
        "GetRDSDatabaseRecommendations": (
            "rdsDBRecommendations",
            [_of_database(found, by_key["db-too-big"], when, "db.r6g.xlarge", "390.00")],
        ),
    }


def arn(found: Planted, thing: Thing) -> str:
    """The whole name of a thing."""
    id_ = found.ids[thing.key]
    form = _ARNS.get(thing.what)
    if form is None:
        return id_
    return "arn:aws:" + form.format(thing.region, found.accounts[thing.account]) + id_


def _common(found: Planted, thing: Thing, when: float) -> dict[str, Any]:
    return {
        "accountId": found.accounts[thing.account],
        "lastRefreshTimestamp": when,
        "tags": [{"key": key, "value": value} for key, value in thing.tags.items()],
    }


def _saved(value: str, share: float = 50.0) -> dict[str, Any]:
    return {
        "savingsOpportunityPercentage": share,
        "estimatedMonthlySavings": {"currency": "USD", "value": float(Decimal(value))},
    }


def _of_hub(
    found: Planted,
    thing: Thing,
    when: float,
    action: str,
    kind: str,
    now: str,
    then: str,
    saved: str,
) -> dict[str, Any]:
    id_ = found.ids[thing.key].rsplit("/", 1)[-1]
    return {
        "recommendationId": f"stand-in-{thing.key}",
        "accountId": found.accounts[thing.account],
        "region": thing.region,
        "resourceId": id_.rsplit(":", 1)[-1],
        "resourceArn": arn(found, thing),
        "currentResourceType": kind,
        "recommendedResourceType": kind,
        "estimatedMonthlySavings": float(Decimal(saved)),
        "estimatedMonthlyCost": float(thing.cost),
        "currencyCode": "USD",
        "implementationEffort": "Low",
        "restartNeeded": False,
        "actionType": action,
        "rollbackPossible": True,
        "currentResourceSummary": now,
        "recommendedResourceSummary": then,
        "lastRefreshTimestamp": when,
        "recommendationLookbackPeriodInDays": 14,
        "source": "ComputeOptimizer",
    }


def _of_idle(
    found: Planted, thing: Thing, when: float, kind: str, finding: str, saved: str
) -> dict[str, Any]:
    return {
        **_common(found, thing, when),
        "resourceArn": arn(found, thing),
        "resourceId": found.ids[thing.key],
        "resourceType": kind,
        "finding": finding,
        "findingDescription": "It was not used in the look-back period",
        "savingsOpportunity": _saved(saved, 100.0),
        "savingsOpportunityAfterDiscounts": _saved(saved, 100.0),
        "lookBackPeriodInDays": 14.0,
    }


def _of_machine(
    found: Planted, thing: Thing, when: float, finding: str, then: str, saved: str = "0"
) -> dict[str, Any]:
    return {
        **_common(found, thing, when),
        "instanceArn": arn(found, thing),
        "instanceName": thing.key,
        "currentInstanceType": thing.spec["type"],
        "finding": finding,
        "lookBackPeriodInDays": 14.0,
        "recommendationOptions": [
            {"instanceType": "m6i.2xlarge", "rank": 2, "savingsOpportunity": _saved("320")},
            {"instanceType": then, "rank": 1, "savingsOpportunity": _saved(saved)},
        ],
    }


def _of_volume(found: Planted, thing: Thing, when: float, saved: str) -> dict[str, Any]:
    size = {"volumeSize": thing.spec["gb"], "volumeBaselineIOPS": 3000}
    return {
        **_common(found, thing, when),
        "volumeArn": arn(found, thing),
        "currentConfiguration": {**size, "volumeType": thing.spec["type"]},
        "finding": "NotOptimized",
        "volumeRecommendationOptions": [
            {
                "configuration": {**size, "volumeType": "gp3"},
                "rank": 1,
                "savingsOpportunity": _saved(saved),
            }
        ],
    }


def _of_function(
    found: Planted, thing: Thing, when: float, memory: int, saved: str
) -> dict[str, Any]:
    return {
        **_common(found, thing, when),
        "functionArn": f"{arn(found, thing)}:$LATEST",
        "functionVersion": "$LATEST",
        "currentMemorySize": thing.spec["mb"],
        "finding": "NotOptimized",
        "findingReasonCodes": ["MemoryOverprovisioned"],
        "memorySizeRecommendationOptions": [
            {"rank": 1, "memorySize": memory, "savingsOpportunity": _saved(saved)}
        ],
    }


def _of_service(found: Planted, thing: Thing, when: float, saved: str) -> dict[str, Any]:
    return {
        **_common(found, thing, when),
        "serviceArn": arn(found, thing),
        "launchType": "Fargate",
        "finding": "Overprovisioned",
        "serviceRecommendationOptions": [
            {"cpu": 256, "memory": 512, "savingsOpportunity": _saved(saved)}
        ],
    }


def _of_database(
    found: Planted, thing: Thing, when: float, then: str, saved: str
) -> dict[str, Any]:
    return {
        **_common(found, thing, when),
        "resourceArn": arn(found, thing),
        "engine": "postgres",
        "currentDBInstanceClass": thing.spec["type"],
        "instanceFinding": "Overprovisioned",
        "instanceRecommendationOptions": [
            {"rank": 1, "dbInstanceClass": then, "savingsOpportunity": _saved(saved)}
        ],
    }
