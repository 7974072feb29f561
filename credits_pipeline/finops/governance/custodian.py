"""Cloud Custodian's output, imported as violations: one folder per policy, as Custodian left it.

::

    OUTPUT/[ACCOUNT/REGION/]<policy>/metadata.json     which policy ran, in which account and region
    OUTPUT/[ACCOUNT/REGION/]<policy>/resources.json    the resources that it matched

Resources that a policy ran on and no longer lists are fixed. Custodian treats a missing metric as
no
match: what it does not list is not proven clean, and is shown as its answer only.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from credits_pipeline.finops.governance.policy import Severity
from credits_pipeline.finops.governance.violations import Violation
from credits_pipeline.finops.scans.life import finding_id

ORIGIN = "Cloud Custodian"
_PREFIX = "custodian."
_LARGEST = 256 << 20
#: Custodian's names of kinds that scans name differently, and the field with the resource's id.
_KINDS = {
    "ec2": ("aws.ec2.instance", "InstanceId"),
    "ebs": ("aws.ec2.volume", "VolumeId"),
    "ebs-snapshot": ("aws.ec2.snapshot", "SnapshotId"),
    "elastic-ip": ("aws.ec2.address", "AllocationId"),
    "network-addr": ("aws.ec2.address", "AllocationId"),
    "nat-gateway": ("aws.ec2.nat_gateway", "NatGatewayId"),
    "app-elb": ("aws.elb.load_balancer", "LoadBalancerArn"),
    "lambda": ("aws.lambda.function", "FunctionArn"),
    "ecs-service": ("aws.ecs.service", "serviceArn"),
    "rds": ("aws.rds.instance", "DBInstanceArn"),
    "log-group": ("aws.logs.group", "logGroupName"),
    "s3": ("aws.s3.bucket", "Name"),
}
#: Where other kinds of resources have their ids.
_IDS = ("Arn", "arn", "ARN", "Id", "id", "Name", "name")


class CustodianError(ValueError):
    """The output can't be read; the message names the file and what to do."""


@dataclass(frozen=True)
class Output:
    """What Custodian found.

    Attributes:
        found: violations by id.
        ran: policy, account and region of what ran.
        at: when the last of it ended.
    """

    found: Mapping[str, Violation]
    ran: frozenset[tuple[str, str, str]]
    at: datetime

    def looked(self, one: Violation) -> bool:
        """Whether the policy of a violation ran again where its resource is."""
        return (one.policy, one.account, one.region) in self.ran


def read(folder: Path, costs: Mapping[tuple[str, str], Mapping[str, Any]]) -> Output:
    """Read an output folder, however deep its policies lie.

    Args:
        folder: what was given to ``custodian run --output-dir``.
        costs: what is known of resources, by account and id.

    Raises:
        CustodianError: there is no output in it, or a file can't be read.
    """
    if not folder.is_dir():
        raise CustodianError(
            f"{folder} is not a folder. What to do: name Custodian's output folder."
        )
    found: dict[str, Violation] = {}
    ran = set()
    ended = []
    for file in sorted(folder.rglob("metadata.json")):
        policy = _policy(file)
        at = policy.at
        ended.append(at)
        ran.add((policy.id, policy.account, policy.region))
        for number, resource in enumerate(_list(file.with_name("resources.json")), start=1):
            one = _violation(policy, resource, costs, file.with_name("resources.json"), number)
            found[one.id] = one
    if not ended:
        raise CustodianError(
            f"{folder} holds no metadata.json of a policy. What to do: name the folder that was "
            "given to custodian run as --output-dir."
        )
    return Output(found, frozenset(ran), max(ended))


@dataclass(frozen=True)
class _Policy:
    id: str
    name: str
    resource: str
    severity: Severity
    says: str
    account: str
    region: str
    owner_tag: str
    at: datetime


def _policy(file: Path) -> _Policy:
    told = _json(file)
    policy, config = told.get("policy") or {}, told.get("config") or {}
    name = policy.get("name")
    resource = str(policy.get("resource") or "").removeprefix("aws.")
    account, region = str(config.get("account_id") or ""), str(config.get("region") or "")
    if not isinstance(name, str) or not name or not resource or not account:
        raise CustodianError(
            f"{file} does not say which policy ran on which resource in which account. What to do: "
            "let a current release of Custodian write it."
        )
    about = policy.get("metadata") or {}
    severity = str(about.get("severity") or "").lower()
    ended = (told.get("execution") or {}).get("end_time") or (told.get("execution") or {}).get(
        "start"
    )
    return _Policy(
        id=f"{_PREFIX}{name}",
        name=name,
        resource=resource,
        severity=Severity(severity) if severity in set(Severity) else Severity.MEDIUM,
        says=str(policy.get("description") or policy.get("comment") or name).strip(),
        account=account,
        region=region or "global",
        owner_tag=str(about.get("owner_tag") or "team").casefold(),
        at=_moment(ended, file),
    )


def _moment(told: Any, file: Path) -> datetime:
    if isinstance(told, (int, float)):
        return datetime.fromtimestamp(told, UTC)
    return datetime.fromtimestamp(file.stat().st_mtime, UTC)


def _violation(
    policy: _Policy,
    resource: Any,
    costs: Mapping[tuple[str, str], Mapping[str, Any]],
    file: Path,
    number: int,
) -> Violation:
    kind, field = _KINDS.get(policy.resource, (f"aws.{policy.resource.replace('-', '_')}", ""))
    fields = (field,) if field else _IDS
    id_ = next((resource[name] for name in fields if isinstance(resource, dict)
                and isinstance(resource.get(name), str)), None)  # fmt: skip
    if not id_:
        raise CustodianError(
            f"{file}, resource {number}: it has no {' or '.join(fields)}. What to do: remove the "
            f"policy {policy.name} from the folder, or report the kind {policy.resource}."
        )
    tags = dict(_tags(resource.get("Tags") or resource.get("tags")))
    row = costs.get((policy.account, id_), {})
    key = ("aws", policy.account, policy.region, id_)
    return Violation(
        id=finding_id(policy.id, key),
        policy=policy.id,
        policy_name=policy.name,
        severity=policy.severity,
        kind=kind,
        provider="aws",
        account=policy.account,
        account_name=row.get("account_name") or "",
        region=policy.region,
        resource_id=id_,
        short=id_,
        name=tags.get("name") or row.get("name") or id_,
        service=row.get("service") or "",
        tags=tags,
        owner=tags.get(policy.owner_tag, ""),
        says=policy.says,
        cost_month=row.get("cost_month"),
        currency=row.get("currency") or "",
        billing_month=row.get("billing_month") or "",
        since=policy.at,
        last_seen=policy.at,
        origin=ORIGIN,
    )


def _tags(told: Any) -> Iterator[tuple[str, str]]:
    pairs: Sequence[Any] = []
    if isinstance(told, dict):
        pairs = list(told.items())
    elif isinstance(told, list):
        pairs = [
            (one.get("Key", one.get("key")), one.get("Value", one.get("value")))
            for one in told
            if isinstance(one, dict)
        ]
    for key, value in pairs:
        if isinstance(key, str) and isinstance(value, str) and value:
            yield key.strip().casefold(), value


def _list(file: Path) -> list[Any]:
    found = _json(file)
    if not isinstance(found, list):
        raise CustodianError(
            f"{file} is not a list of resources. What to do: run the policy again."
        )
    return found


def _json(file: Path) -> Any:
    try:
        if file.stat().st_size > _LARGEST:
            raise CustodianError(
                f"{file} is larger than {_LARGEST >> 20} MB. What to do: run its policy for fewer "
                "accounts at a time."
            )
        return json.loads(file.read_text("utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        if isinstance(error, CustodianError):
            raise
        raise CustodianError(
            f"{file} can't be read: {error}. What to do: run the policy again; an output that was "
            "cut off counts for nothing."
        ) from error
