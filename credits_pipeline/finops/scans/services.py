"""Load balancers, functions, services, databases, log groups and buckets as a scan sees them."""

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

from credits_pipeline.finops.scans.asking import NotSeenError
from credits_pipeline.finops.scans.columns import (
    BALANCER,
    BUCKET,
    DATABASE,
    FUNCTION,
    LOGS,
    SERVICE,
)
from credits_pipeline.finops.scans.resources import Resource
from credits_pipeline.finops.scans.sight import Look, batched, tags_by_arn, tags_of

#: The most that one request may name.
_SERVICES, _BALANCERS = 10, 20
_GIB = 1 << 30
_UNITS = 1024


def balancers(look: Look) -> Iterator[Resource]:
    """Every application, network and gateway load balancer, with its registered targets."""
    targets = look.beside("targets", lambda: _targets(look), None)
    pages = look.asking.pages("elbv2", "describe_load_balancers", "LoadBalancers")
    for some in batched(pages, _BALANCERS):
        arns = [one["LoadBalancerArn"] for one in some]
        tags = look.beside("tags", partial(_balancer_tags, look, arns), None)
        for one in some:
            arn = one["LoadBalancerArn"]
            yield look.found(
                BALANCER,
                arn,
                one["LoadBalancerName"],
                tags=None if tags is None else tags.get(arn, {}),
                facts={
                    "state": one.get("State", {}).get("Code", ""),
                    "age_days": look.days(one.get("CreatedTime")),
                    "targets": None if targets is None else targets.get(arn, 0),
                },
                needs={"targets": ("targets",), "tags": ("tags",)},
            )


def functions(look: Look) -> Iterator[Resource]:
    """Every Lambda function."""
    tags = tags_by_arn(look, "lambda:function")
    for one in look.asking.pages("lambda", "list_functions", "Functions"):
        yield look.found(
            FUNCTION,
            one["FunctionArn"],
            one["FunctionName"],
            tags=None if tags is None else tags.get(one["FunctionArn"], {}),
            facts={
                "memory_mb": float(one["MemorySize"]),
                "runtime": one.get("Runtime", ""),
                "architecture": (one.get("Architectures") or ["x86_64"])[0],
            },
            needs={"tags": ("tags",)},
        )


def containers(look: Look) -> Iterator[Resource]:
    """Every ECS service, with the size of its tasks."""
    sizes: dict[str, Mapping[str, Any]] = {}
    for cluster in look.asking.pages("ecs", "list_clusters", "clusterArns"):
        arns = look.asking.pages("ecs", "list_services", "serviceArns", cluster=cluster)
        for some in batched(arns, _SERVICES):
            answer = look.asking.one(
                "ecs", "describe_services", cluster=cluster, services=list(some), include=["TAGS"]
            )
            for one in answer["services"]:
                task = one["taskDefinition"]
                if task not in sizes:
                    sizes[task] = look.beside(
                        "task definitions",
                        partial(_task, look, task),
                        {},
                    )
                yield _service(look, one, sizes[task])


def databases(look: Look) -> Iterator[Resource]:
    """Every RDS instance."""
    for one in look.asking.pages("rds", "describe_db_instances", "DBInstances"):
        yield look.found(
            DATABASE,
            one["DBInstanceArn"],
            one["DBInstanceIdentifier"],
            tags=tags_of(one.get("TagList")),
            facts={
                "state": one["DBInstanceStatus"],
                "age_days": look.days(one.get("InstanceCreateTime")),
                "instance_type": one["DBInstanceClass"],
                "engine": one["Engine"],
                "multi_az": bool(one.get("MultiAZ")),
                "size_gb": float(one.get("AllocatedStorage", 0)),
            },
        )


def log_groups(look: Look) -> Iterator[Resource]:
    """Every log group, with its retention."""
    tags = tags_by_arn(look, "logs:log-group")
    for one in look.asking.pages("logs", "describe_log_groups", "logGroups"):
        arn = one.get("logGroupArn") or one["arn"].removesuffix(":*")
        kept = one.get("retentionInDays")
        yield look.found(
            LOGS,
            arn,
            one["logGroupName"],
            tags=None if tags is None else tags.get(arn, {}),
            facts={
                "has_expiry": kept is not None,
                "retention_days": kept,
                "stored_gb": one.get("storedBytes", 0) / _GIB,
            },
            needs={"tags": ("tags",)},
        )


def buckets(look: Look) -> Iterator[Resource]:
    """Every bucket of the account, wherever it is; listed once, not in each region."""
    tags = tags_by_arn(look, "s3")
    for one in look.asking.pages("s3", "list_buckets", "Buckets"):
        name = one["Name"]
        region = one.get("BucketRegion") or look.beside(
            f"location of {name}", partial(_location, look, name), ""
        )
        rules = f"lifecycle of {name}"  # a bucket may refuse what another allows
        has = look.beside(rules, partial(_expires, look, name), None)
        yield look.found(
            BUCKET,
            name,
            name,
            tags=None if tags is None else tags.get(f"arn:aws:s3:::{name}", {}),
            facts={"has_expiry": has, "age_days": look.days(one.get("CreationDate"))},
            needs={rules: ("has_expiry",), "tags": ("tags",)},
            region=region,
        )


def _targets(look: Look) -> dict[str, int]:
    found: dict[str, int] = {}
    for group in look.asking.pages("elbv2", "describe_target_groups", "TargetGroups"):
        health = look.asking.one(
            "elbv2", "describe_target_health", TargetGroupArn=group["TargetGroupArn"]
        )
        for arn in group.get("LoadBalancerArns", ()):
            found[arn] = found.get(arn, 0) + len(health["TargetHealthDescriptions"])
    return found


def _balancer_tags(look: Look, arns: list[str]) -> dict[str, dict[str, str]]:
    answer = look.asking.one("elbv2", "describe_tags", ResourceArns=arns)
    return {one["ResourceArn"]: tags_of(one.get("Tags")) for one in answer["TagDescriptions"]}


def _task(look: Look, task: str) -> Mapping[str, Any]:
    answer = look.asking.one("ecs", "describe_task_definition", taskDefinition=task)
    found: Mapping[str, Any] = answer["taskDefinition"]
    return found


def _service(look: Look, one: Mapping[str, Any], task: Mapping[str, Any]) -> Resource:
    platform = task.get("runtimePlatform", {}).get("cpuArchitecture", "X86_64") if task else ""
    return look.found(
        SERVICE,
        one["serviceArn"],
        one["serviceName"],
        tags=tags_of(one.get("tags")),
        facts={
            "state": one["status"],
            "age_days": look.days(one.get("createdAt")),
            "launch_type": one.get("launchType") or _strategy(one),
            "tasks": one["desiredCount"],
            "vcpus": float(task["cpu"]) / _UNITS if task.get("cpu") else None,
            "memory_mb": float(task["memory"]) if task.get("memory") else None,
            "architecture": {"X86_64": "x86_64", "ARM64": "arm64"}.get(platform),
        },
        needs={"task definitions": ("vcpus", "memory_mb", "architecture")},
    )


def _strategy(one: Mapping[str, Any]) -> str:
    names = {each["capacityProvider"] for each in one.get("capacityProviderStrategy", ())}
    return "FARGATE" if names & {"FARGATE", "FARGATE_SPOT"} else "EC2"


def _location(look: Look, name: str) -> str:
    answer = look.asking.one("s3", "get_bucket_location", Bucket=name)
    return str(answer.get("LocationConstraint") or "us-east-1")


def _expires(look: Look, name: str) -> bool:
    try:
        answer = look.asking.one("s3", "get_bucket_lifecycle_configuration", Bucket=name)
    except NotSeenError as error:
        if "NoSuchLifecycleConfiguration" in error.says:
            return False
        raise
    rules = [rule for rule in answer.get("Rules", ()) if rule.get("Status") == "Enabled"]
    return any("Expiration" in rule or "Transitions" in rule for rule in rules)
