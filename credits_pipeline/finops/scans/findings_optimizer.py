"""Compute Optimizer's answers for one account and region: idle and oversized resources.

It names a replacement for a resource; undersized ones save nothing and are left out.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from credits_pipeline.finops.scans.asking import Asking
from credits_pipeline.finops.scans.columns import DATABASE, EC2, FUNCTION, SERVICE, VOLUME
from credits_pipeline.finops.scans.findings import OPTIMIZER, Outside
from credits_pipeline.finops.scans.meaning import action_of, kind_of

_Found = Mapping[str, Any]
#: Its words for optimal, undersized and undecided resources.
NOTHING = {"optimized", "underprovisioned", "unavailable", ""}
#: The colons in a function's ARN; one more precedes a version.
_OF_FUNCTION = 7


@dataclass(frozen=True)
class Listing:
    """One of its operations.

    Attributes:
        operation: in snake case.
        key: of the list in each answer.
        read: converts an entry to a finding; None if there is nothing to save.
    """

    operation: str
    key: str
    read: "Callable[[_Found, Asking], Outside | None]"

    def found(self, asking: Asking) -> Iterator[Outside]:
        """Every finding of it in an account and region.

        Raises:
            NotSeenError: it may not be asked.
        """
        for one in asking.pages("compute-optimizer", self.operation, self.key):
            told = self.read(one, asking)
            if told is not None:
                yield told


def _idle(one: _Found, asking: Asking) -> Outside:
    kind = kind_of(str(one.get("resourceType", "")))
    finding = str(one.get("finding", "idle")).lower()
    return _told(
        one,
        asking,
        kind=kind,
        arn=str(one.get("resourceArn", "")),
        action=action_of(kind, "Delete"),
        says=f"{OPTIMIZER} finds it {finding}: {one.get('findingDescription', '')}".rstrip(": "),
        do="Stop or delete it.",
        saving=_saving(one),
    )


def _sized(
    kind: str, arn: str, finding: str, options: str, size: "Callable[[_Found], str]"
) -> "Callable[[_Found, Asking], Outside | None]":
    """How a list of oversized resources is read.

    Args:
        kind: of the resources.
        arn: the field with its ARN.
        finding: the field with its finding.
        options: the field with its replacements.
        size: of one option, in words.
    """

    def read(one: _Found, asking: Asking) -> Outside | None:
        found = str(one.get(finding, ""))
        best = min(one.get(options) or (), key=lambda each: each.get("rank", 1), default=None)
        if best is None or found.lower() in NOTHING:
            return None
        whole = str(one.get(arn, ""))
        if kind == FUNCTION:
            whole = ":".join(whole.split(":")[:_OF_FUNCTION])
        return _told(
            one,
            asking,
            kind=kind,
            arn=whole,
            action=action_of(kind, "Upgrade" if _of_another_type(one, best) else "Rightsize"),
            says=f"{OPTIMIZER} finds it {_spaced(found)}",
            do=f"Change it to {size(best)}.",
            saving=_saving(best),
        )

    return read


LISTINGS = (
    Listing("get_idle_recommendations", "idleRecommendations", _idle),
    Listing(
        "get_ec2_instance_recommendations",
        "instanceRecommendations",
        _sized(EC2, "instanceArn", "finding", "recommendationOptions",
               lambda one: str(one.get("instanceType", ""))),
    ),
    Listing(
        "get_ebs_volume_recommendations",
        "volumeRecommendations",
        _sized(VOLUME, "volumeArn", "finding", "volumeRecommendationOptions",
               lambda one: "{volumeSize} GB of {volumeType}".format_map(one["configuration"])),
    ),
    Listing(
        "get_lambda_function_recommendations",
        "lambdaFunctionRecommendations",
        _sized(FUNCTION, "functionArn", "finding", "memorySizeRecommendationOptions",
               lambda one: f"{one.get('memorySize')} MB"),
    ),
    Listing(
        "get_ecs_service_recommendations",
        "ecsServiceRecommendations",
        _sized(SERVICE, "serviceArn", "finding", "serviceRecommendationOptions",
               lambda one: f"{one.get('cpu')} CPU units and {one.get('memory')} MB"),
    ),
    Listing(
        "get_rds_database_recommendations",
        "rdsDBRecommendations",
        _sized(DATABASE, "resourceArn", "instanceFinding", "instanceRecommendationOptions",
               lambda one: str(one.get("dbInstanceClass", ""))),
    ),
)  # fmt: skip


def _told(
    one: _Found,
    asking: Asking,
    *,
    kind: str,
    arn: str,
    action: str,
    says: str,
    do: str,
    saving: Mapping[str, Any],
) -> Outside:
    return Outside(
        origin=OPTIMIZER,
        provider="aws",
        account=str(one.get("accountId", asking.account)),
        region=asking.region,
        resource_id=arn,
        kind=kind,
        action=action,
        says=says,
        do=do,
        saving=_amount(saving.get("value")),
        currency=str(saving.get("currency") or "USD"),
        at=str(one.get("lastRefreshTimestamp") or ""),
    )


def _saving(one: _Found) -> Mapping[str, Any]:
    """The monthly saving, after discounts if it knows them."""
    said = one.get("savingsOpportunityAfterDiscounts") or one.get("savingsOpportunity") or {}
    found: Mapping[str, Any] = said.get("estimatedMonthlySavings") or {}
    return found


def _of_another_type(one: _Found, best: _Found) -> bool:
    """Whether the volume's type would change, which is not a change of size."""
    wanted = best.get("configuration", {}).get("volumeType")
    return wanted == "gp3" and one.get("currentConfiguration", {}).get("volumeType") != wanted


def _spaced(word: str) -> str:
    """NotOptimized as two words."""
    return "".join(f" {each.lower()}" if each.isupper() else each for each in word).strip()


def _amount(value: Any) -> Decimal | None:
    return None if value is None else Decimal(str(value)).quantize(Decimal("0.01"))
