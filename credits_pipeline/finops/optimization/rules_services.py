"""The rules of containers, functions and databases."""

import math
from decimal import Decimal
from fractions import Fraction

from credits_pipeline.finops.optimization import sizes
from credits_pipeline.finops.optimization.hints import cluster_of, command, own_name
from credits_pipeline.finops.optimization.opportunity import (
    CONTAINERS,
    DATA,
    DURATION,
    RUNNING,
    SERVERLESS,
    Opportunity,
    Step,
    Verdict,
    at_least,
    number,
    undecided,
)
from credits_pipeline.finops.optimization.prices import Prices
from credits_pipeline.finops.optimization.rules import Rule, seen, sure
from credits_pipeline.finops.optimization.thresholds import Thresholds
from credits_pipeline.finops.scans.columns import DATABASE, FUNCTION, SERVICE
from credits_pipeline.finops.scans.resources import Resource

_MB = 1024
_LEAST_MEMORY, _MEMORY_STEP = 128, 64
#: AWS's lower price for the same time on its own processor.
_ARM = Fraction(1, 5)
#: Runtimes that exist on x86 alone.
_X86_ONLY = {"go1.x", "java8", "nodejs10.x", "python2.7", "python3.7", "dotnetcore2.1", "ruby2.5"}


def idle_service(resource: Resource, t: Thresholds, _: Prices) -> Verdict:
    """A Fargate service that does nothing."""
    if not _is_fargate(resource):
        return None
    holds, unknown = undecided(
        "stop_idle_service", CONTAINERS, resource,
        {
            "cpu_max_14d": lambda cpu: cpu <= t["ecs_idle_cpu"],
            "memory_max_14d": lambda memory: memory <= t["ecs_idle_memory"],
        },
        t["hours_seen"],
    )  # fmt: skip
    if not holds:
        return unknown
    return Opportunity(
        "stop_idle_service", Step.IDLE, CONTAINERS, resource,
        f"CPU at most {number(resource.get('cpu_max_14d'))} % and memory at most "
        f"{number(resource.get('memory_max_14d'))} % in 14 days, {seen(resource)}",
        "Set the number of its tasks to 0, then delete it.", Fraction(1),
        confidence=sure(resource), hint=command(
            resource, "ecs", "update-service", "--cluster", cluster_of(resource), "--service",
            own_name(resource), "--desired-count", "0",
        ),
        material={"tasks": str(resource.get("tasks"))},
    )  # fmt: skip


def rightsize_service(resource: Resource, t: Thresholds, _: Prices) -> Verdict:
    """A Fargate service whose tasks fit in smaller ones."""
    if not _is_fargate(resource):
        return None
    action = "rightsize_service"
    holds, unknown = undecided(
        action, CONTAINERS, resource,
        {
            "vcpus": lambda vcpus: vcpus > 0,
            "memory_mb": lambda memory: memory > 0,
            "cpu_max_14d": lambda _: True,
            "memory_max_14d": lambda _: True,
        },
        t["hours_seen"],
    )  # fmt: skip
    if not holds:
        return unknown
    free = 1 - t["headroom"] / 100
    now = (_exact(resource.get("vcpus")), _exact(resource.get("memory_mb")) / _MB)
    peaks = [_exact(resource.get(name)) / 100 for name in ("cpu_max_14d", "memory_max_14d")]
    then = sizes.fargate_size(now[0] * peaks[0] / free, now[1] * peaks[1] / free)
    if then is None:
        return None
    share = sizes.fargate_saves(now, then)
    if share <= 0:
        return None
    return Opportunity(
        action, Step.RIGHTSIZE, CONTAINERS, resource,
        f"CPU at most {number(peaks[0] * 100)} % of {number(now[0])} vCPU, memory at most "
        f"{number(peaks[1] * 100)} % of {number(now[1])} GB in 14 days, {seen(resource)}",
        f"Give its tasks {then[0].normalize():f} vCPU and {then[1].normalize():f} GB.", share,
        confidence=sure(resource), effort="medium",
        material={"vcpus": str(now[0]), "memory_gb": str(now[1])},
    )  # fmt: skip


def arm_service(resource: Resource, _: Thresholds, __: Prices) -> Verdict:
    """A Fargate service on x86."""
    if not _is_fargate(resource):
        return None
    action = "move_service_to_graviton"
    holds, unknown = undecided(
        action, CONTAINERS, resource, {"architecture": lambda kind: kind == "x86_64"}
    )
    if not holds:
        return unknown
    return Opportunity(
        action, Step.GENERATION, CONTAINERS, resource, "its tasks run on x86; Graviton costs less",
        "Build its image for arm64, then run its tasks there.", _ARM, confidence="medium",
        effort="high",
    )  # fmt: skip


def function_memory(resource: Resource, t: Thresholds, _: Prices) -> Verdict:
    """A function with more memory than it ever uses."""
    if resource.kind != FUNCTION:
        return None
    action = "reduce_function_memory"
    holds, unknown = undecided(
        action, SERVERLESS, resource,
        {
            "memory_mb": lambda memory: _LEAST_MEMORY < memory <= t["lambda_memory"],
            "invocations_14d": at_least(t["lambda_calls"]),
            "memory_max_14d": lambda used: used < 100 - t["headroom"],
        },
    )  # fmt: skip
    if not holds:
        return unknown
    memory, used = _exact(resource.get("memory_mb")), _exact(resource.get("memory_max_14d"))
    needed = memory * used / (100 - t["headroom"])
    wanted = max(_LEAST_MEMORY, math.ceil(needed / _MEMORY_STEP) * _MEMORY_STEP)
    if wanted >= memory:
        return None
    return Opportunity(
        action, Step.RIGHTSIZE, SERVERLESS, resource,
        f"at most {number(used)} % of {number(memory)} MB used in "
        f"{number(resource.get('invocations_14d'))} calls in 14 days",
        f"Give it {wanted} MB; watch its duration, because less memory also means less CPU.",
        1 - Fraction(wanted) / Fraction(memory), DURATION, confidence="medium",
        hint=command(
            resource, "lambda", "update-function-configuration", "--function-name",
            own_name(resource), "--memory-size", str(wanted),
        ),
        material={"memory_mb": str(memory)},
    )  # fmt: skip


def arm_function(resource: Resource, _: Thresholds, __: Prices) -> Verdict:
    """A function on x86."""
    if resource.kind != FUNCTION or resource.get("runtime") in _X86_ONLY:
        return None
    action = "move_function_to_graviton"
    holds, unknown = undecided(
        action, SERVERLESS, resource, {"architecture": lambda kind: kind == "x86_64"}
    )
    if not holds:
        return unknown
    return Opportunity(
        action, Step.GENERATION, SERVERLESS, resource,
        f"{resource.get('runtime') or 'an image'} on x86; Graviton costs less",
        "Deploy it for arm64.", _ARM, DURATION, confidence="medium", effort="medium",
    )  # fmt: skip


def idle_database(resource: Resource, t: Thresholds, _: Prices) -> Verdict:
    """A database that nobody connects to."""
    if resource.kind != DATABASE or resource.get("state") != "available":
        return None
    holds, unknown = undecided(
        "stop_idle_database", DATA, resource,
        {
            "connections_max_7d": lambda most: most <= t["rds_idle_connections"],
        },
        t["hours_seen"],
    )  # fmt: skip
    if not holds:
        return unknown
    return Opportunity(
        "stop_idle_database", Step.IDLE, DATA, resource,
        f"at most {number(resource.get('connections_max_7d'))} connections in 7 days, "
        f"{seen(resource)}",
        "Take a snapshot and delete it; a stopped database starts again after 7 days.",
        Fraction(1), RUNNING, confidence=sure(resource), effort="medium",
        hint=command(
            resource, "rds", "stop-db-instance", "--db-instance-identifier", own_name(resource)
        ),
        material={"instance_type": str(resource.get("instance_type"))},
    )  # fmt: skip


def _is_fargate(resource: Resource) -> bool:
    return (
        resource.kind == SERVICE
        and resource.get("launch_type") == "FARGATE"
        and bool(resource.get("tasks"))
    )


def _exact(value: float) -> Decimal:
    return Decimal(str(value))


RULES: tuple[Rule, ...] = (
    idle_service, rightsize_service, arm_service, function_memory, arm_function, idle_database,
)  # fmt: skip
