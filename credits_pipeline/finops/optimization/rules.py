"""The rules of machines, volumes, snapshots, addresses, balancers and gateways.

Each is a pure function of a resource, the thresholds and the list prices that were seen.
"""

from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction

from credits_pipeline.finops.optimization import sizes
from credits_pipeline.finops.optimization.hints import command, own_name
from credits_pipeline.finops.optimization.opportunity import (
    COMPUTE,
    RUNNING,
    Confidence,
    Opportunity,
    Step,
    Unknown,
    Verdict,
    at_least,
    number,
    undecided,
)
from credits_pipeline.finops.optimization.prices import Prices
from credits_pipeline.finops.optimization.thresholds import Thresholds
from credits_pipeline.finops.scans.columns import (
    ADDRESS,
    BALANCER,
    DATABASE,
    EC2,
    NAT,
    SNAPSHOT,
    VOLUME,
)
from credits_pipeline.finops.scans.resources import Resource

Rule = Callable[[Resource, Thresholds, Prices], Verdict]
#: Values of the environment tag that are not production, in lower case.
NON_PRODUCTION = {
    "dev", "develop", "development", "test", "testing", "qa", "staging", "stage", "sandbox",
}  # fmt: skip
_ENVIRONMENTS = ("environment", "env", "stage")
#: Of the 168 hours of a week, 60 are work.
_WORK, _OFF = 60, 108
_SURE, _HALF = Decimal("0.9"), Decimal("0.5")
_WEEK = 7


def idle_instance(resource: Resource, t: Thresholds, _: Prices) -> Verdict:
    """An instance that computes and moves nothing."""
    if resource.kind != EC2 or resource.get("state") != "running":
        return None
    holds, unknown = undecided(
        "terminate_idle_instance", COMPUTE, resource,
        {
            "cpu_max_14d": lambda cpu: cpu < t["ec2_idle_cpu"],
            "network_mb_day_14d": lambda mb: mb < t["ec2_idle_network"],
        },
        t["hours_seen"],
    )  # fmt: skip
    if not holds:
        return unknown
    gpus = resource.get("gpus")
    says = (
        f"CPU at most {number(resource.get('cpu_max_14d'))} % and "
        f"{number(resource.get('network_mb_day_14d'))} MB a day in 14 days, {seen(resource)}"
    )
    if gpus:
        says += f"; what its {gpus} {resource.get('gpu_name')} did is not known"
    return Opportunity(
        "terminate_idle_instance", Step.IDLE, COMPUTE, resource, says,
        "Stop it, and terminate it if nobody misses it.", Fraction(1), RUNNING,
        confidence="low" if gpus else sure(resource),
        hint=command(resource, "ec2", "stop-instances", "--instance-ids", resource.id),
        material={"instance_type": str(resource.get("instance_type"))},
    )  # fmt: skip


def volume_of_stopped(resource: Resource, t: Thresholds, _: Prices) -> Verdict:
    """A volume of a machine that has been stopped for long."""
    if resource.kind != VOLUME or not resource.get("attached"):
        return None
    days = resource.get("holder_stopped_days")
    if days is None:
        why = resource.not_known.get("holder_stopped_days")
        if why is None:
            return None  # the machine runs
        return Unknown(
            "delete_volume_of_stopped_instance", COMPUTE, resource, {"holder_stopped_days": why}
        )
    if days <= t["stopped_days"]:
        return None
    return Opportunity(
        "delete_volume_of_stopped_instance", Step.IDLE, COMPUTE, resource,
        f"{resource.get('attached_to')}, to which it is attached, has been stopped for "
        f"{number(days)} days",
        "Take a snapshot, then delete the volume with its machine.", Fraction(1), effort="medium",
        hint=_snapshot(resource), material={"attached_to": str(resource.get("attached_to"))},
    )  # fmt: skip


def unattached_volume(resource: Resource, t: Thresholds, _: Prices) -> Verdict:
    """A volume that nothing uses."""
    if resource.kind != VOLUME:
        return None
    holds, unknown = undecided(
        "delete_unattached_volume", COMPUTE, resource,
        {
            "attached": lambda attached: not attached,
            "unattached_days": at_least(t["volume_unattached_days"]),
        },
    )  # fmt: skip
    if not holds:
        return unknown
    days = number(resource.get("unattached_days"))
    return Opportunity(
        "delete_unattached_volume", Step.IDLE, COMPUTE, resource,
        f"{number(resource.get('size_gb'))} GB that nothing has used for {days} days",
        "Take a snapshot, then delete it.", Fraction(1), hint=_snapshot(resource),
        material={"size_gb": str(resource.get("size_gb"))},
    )  # fmt: skip


def volume_type(resource: Resource, _: Thresholds, __: Prices) -> Verdict:
    """A volume of a type for which gp3 is a cheaper equivalent."""
    if resource.kind != VOLUME or resource.get("volume_type") not in ("gp2", "io1"):
        return None
    share = sizes.gp3_saves(
        resource.get("volume_type"), resource.get("size_gb"), resource.get("iops")
    )
    if share is None or share <= 0:
        return None
    return Opportunity(
        "move_volume_to_gp3", Step.GENERATION, COMPUTE, resource,
        f"{number(resource.get('size_gb'))} GB of {resource.get('volume_type')} with "
        f"{resource.get('iops') or 'no stated'} IOPS; gp3 gives the same for less",
        "Change the type to gp3; the volume stays in use meanwhile.", share,
        hint=command(
            resource, "ec2", "modify-volume", "--volume-id", resource.id, "--volume-type", "gp3"
        ),
        material={"volume_type": str(resource.get("volume_type"))},
    )  # fmt: skip


def old_snapshot(resource: Resource, t: Thresholds, _: Prices) -> Verdict:
    """An old snapshot that no image needs, not even a disabled one."""
    if resource.kind != SNAPSHOT:
        return None
    holds, unknown = undecided(
        "delete_old_snapshot", COMPUTE, resource,
        {
            "age_days": lambda age: age > t["snapshot_days"],
            "image_uses": lambda uses: uses == 0,
        },
    )  # fmt: skip
    if not holds:
        return unknown
    gone = resource.get("source_volume_exists") is False
    return Opportunity(
        "delete_old_snapshot", Step.IDLE, COMPUTE, resource,
        f"{number(resource.get('age_days'))} days old, and no image uses it"
        + (", and its volume is gone" if gone else ""),
        "Delete it, unless somebody has to keep it.", Fraction(1),
        confidence="high" if gone else "medium",
        hint=command(resource, "ec2", "delete-snapshot", "--snapshot-id", resource.id),
    )  # fmt: skip


def idle_address(resource: Resource, _: Thresholds, __: Prices) -> Verdict:
    """An address that points to nothing."""
    if resource.kind != ADDRESS:
        return None
    holds, unknown = undecided(
        "release_address", COMPUTE, resource, {"attached": lambda attached: not attached}
    )
    if not holds:
        return unknown
    return Opportunity(
        "release_address", Step.IDLE, COMPUTE, resource, "it points to nothing", "Release it.",
        Fraction(1),
        hint=command(resource, "ec2", "release-address", "--allocation-id", resource.id),
    )  # fmt: skip


def idle_balancer(resource: Resource, t: Thresholds, _: Prices) -> Verdict:
    """A load balancer without targets, or with hardly any calls."""
    if resource.kind != BALANCER:
        return None
    targets, requests = resource.get("targets"), resource.get("requests_7d")
    few = t["elb_idle_requests"] * _WEEK
    none, quiet = targets == 0, requests is not None and requests < few
    if not none and not quiet:
        # If one of both would have said yes, the other's "no" is not enough.
        lacks = resource.missing(("targets", "requests_7d"))
        return Unknown("delete_idle_load_balancer", COMPUTE, resource, lacks) if lacks else None
    told = ["no targets"] if none else []
    if requests is not None:
        told.append(f"{number(requests)} requests in 7 days, {seen(resource)}")
    return Opportunity(
        "delete_idle_load_balancer", Step.IDLE, COMPUTE, resource, "; ".join(told), "Delete it.",
        Fraction(1), confidence="high" if none else sure(resource),
        hint=command(
            resource, "elbv2", "delete-load-balancer", "--load-balancer-arn", resource.id
        ),
    )  # fmt: skip


def idle_gateway(resource: Resource, t: Thresholds, _: Prices) -> Verdict:
    """A NAT gateway that sends nothing."""
    if resource.kind != NAT:
        return None
    holds, unknown = undecided(
        "delete_idle_nat_gateway", COMPUTE, resource,
        {
            "bytes_out_7d": lambda sent: sent <= t["nat_idle_bytes"],
        },
        t["hours_seen"],
    )  # fmt: skip
    if not holds:
        return unknown
    return Opportunity(
        "delete_idle_nat_gateway", Step.IDLE, COMPUTE, resource,
        f"nothing sent in 7 days, {seen(resource)}", "Delete it, and the routes to it.",
        Fraction(1), confidence=sure(resource), effort="medium",
        hint=command(resource, "ec2", "delete-nat-gateway", "--nat-gateway-id", resource.id),
    )  # fmt: skip


def schedule(resource: Resource, t: Thresholds, _: Prices) -> Verdict:
    """A machine of a test environment that runs while nobody works."""
    if resource.kind not in (EC2, DATABASE) or resource.get("state") in ("stopped", "stopping"):
        return None
    action, tab = "stop_outside_work_hours", sizes.tab_of(resource.kind)
    if resource.tags is None:
        why = resource.not_known.get("tags", "its tags could not be read")
        return Unknown(action, tab, resource, {"tags": why})
    environment = environment_of(resource)
    if environment.lower() not in NON_PRODUCTION:
        return None
    holds, unknown = undecided(
        action, tab, resource,
        {
            "off_hours_share": at_least(t["off_hours_share"]),
            "cpu_max_off_hours_14d": lambda cpu: cpu < t["off_hours_cpu"],
        },
        t["hours_seen"],
    )  # fmt: skip
    if not holds:
        return unknown
    ran = Fraction(Decimal(str(resource.get("off_hours_share")))) * _OFF / 100
    return Opportunity(
        action, Step.SCHEDULE, tab, resource,
        f"environment {environment}: it ran in {number(resource.get('off_hours_share'))} % of "
        f"nights and weekends, with CPU of at most {number(resource.get('cpu_max_off_hours_14d'))} "
        f"% then, {seen(resource)}",
        "Run it Monday to Friday, from 7:00 to 19:00.", ran / (_WORK + ran), RUNNING,
        confidence=sure(resource), effort="medium",
        material={"environment": environment},
    )  # fmt: skip


def rightsize_machine(resource: Resource, t: Thresholds, _: Prices) -> Verdict:
    """A machine that fits into one of half the size, or less."""
    if resource.kind not in (EC2, DATABASE) or resource.get("state") not in (
        "running",
        "available",
    ):
        return None
    action = "rightsize_instance" if resource.kind == EC2 else "rightsize_database"
    tab = sizes.tab_of(resource.kind)
    most = float(100 - t["headroom"])
    holds, unknown = undecided(
        action, tab, resource,
        {
            "instance_type": lambda kind: sizes.half(kind) is not None,
            "cpu_max_14d": lambda cpu: cpu * 2 <= most,
        },
        t["hours_seen"],
    )  # fmt: skip
    if not holds:
        return unknown
    memory = resource.get("memory_max_14d")
    if memory is not None and memory * 2 > most:
        return None
    cpu = resource.get("cpu_max_14d")
    # Without memory, the CPU alone supports only one step.
    peak, steps = max(cpu, memory or 0), 3 if memory is not None else 1
    wanted, share = sizes.smaller(resource.get("instance_type"), peak, most, steps)
    told = "" if memory is None else f", memory at most {number(memory)} %"
    return Opportunity(
        action, Step.RIGHTSIZE, tab, resource,
        f"CPU at most {number(cpu)} %{told} in 14 days, {seen(resource)}"
        + ("" if memory is not None else "; its memory is not known"),
        f"Change {resource.get('instance_type')} to {wanted}.", share, RUNNING,
        confidence="medium" if memory is None else sure(resource), effort="medium",
        hint=command(
            resource, "ec2", "modify-instance-attribute", "--instance-id", resource.id,
            "--instance-type", wanted,
        ) if resource.kind == EC2 else command(
            resource, "rds", "modify-db-instance", "--db-instance-identifier",
            own_name(resource), "--db-instance-class", wanted,
        ),
        material={"instance_type": str(resource.get("instance_type"))},
    )  # fmt: skip


def newer_family(resource: Resource, _: Thresholds, prices: Prices) -> Verdict:
    """A machine of an old generation, or one with a cheaper Graviton equivalent."""
    if resource.kind != EC2 or resource.get("state") != "running":
        return None
    kind, current = resource.get("instance_type"), resource.get("current_generation")
    if current is None:
        lacks = resource.missing(("current_generation",))
        return Unknown("upgrade_generation", COMPUTE, resource, lacks)
    is_x86 = resource.get("architecture") == "x86_64"
    wanted = sizes.successor(kind) if not current else None
    action, says = "upgrade_generation", f"{kind} is of a previous generation"
    if wanted is None:
        wanted = sizes.graviton(kind) if is_x86 and resource.get("platform") == "linux" else None
        action, says = "move_to_graviton", f"{kind} runs Linux on x86; Graviton costs less"
    if wanted is None:
        return None
    share, why = prices.saves(resource.region, kind, wanted)
    if share is not None and share <= 0:
        return None
    return Opportunity(
        action, Step.GENERATION, COMPUTE, resource, says,
        f"Change {kind} to {wanted}." if action == "upgrade_generation" else
        f"Build for arm64, then change {kind} to {wanted}.", share, RUNNING,
        confidence="medium", effort="medium" if action == "upgrade_generation" else "high",
        material={"instance_type": str(kind)}, why_unknown=why,
    )  # fmt: skip


def environment_of(resource: Resource) -> str:
    """The value of the tag that names the environment; empty for none."""
    lower = {key.strip().lower(): value for key, value in (resource.tags or {}).items()}
    return next((lower[key].strip() for key in _ENVIRONMENTS if lower.get(key)), "")


def seen(resource: Resource) -> str:
    """How many hours the evidence covers, in words."""
    return f"{resource.get('hours_seen')} of {resource.get('hours_expected')} hours seen"


def sure(resource: Resource) -> Confidence:
    """How certain the evidence is, by the hours seen."""
    expected = Decimal(resource.get("hours_expected") or 0)
    hours = Decimal(resource.get("hours_seen") or 0)
    if expected and hours >= expected * _SURE:
        return "high"
    return "medium" if expected and hours >= expected * _HALF else "low"


def _snapshot(resource: Resource) -> str:
    return command(resource, "ec2", "create-snapshot", "--volume-id", resource.id)


RULES: tuple[Rule, ...] = (
    idle_instance, volume_of_stopped, unattached_volume, volume_type, old_snapshot, idle_address,
    idle_balancer, idle_gateway, schedule, rightsize_machine, newer_family,
)  # fmt: skip
