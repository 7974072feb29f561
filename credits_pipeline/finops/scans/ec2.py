"""EC2 as a scan sees it: instances, volumes, snapshots, addresses, NAT gateways."""

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from functools import partial
from typing import Any

from credits_pipeline.finops.scans.columns import ADDRESS, EC2, NAT, SNAPSHOT, VOLUME
from credits_pipeline.finops.scans.resources import Fact, Resource
from credits_pipeline.finops.scans.sight import Look, batched, tags_of

#: The most types that one request may name.
_TYPES = 100
_STOPPED = re.compile(r"\((\d{4}-\d\d-\d\d \d\d:\d\d:\d\d) (?:GMT|UTC)\)")
_GONE = {"terminated", "shutting-down"}
_TYPE_COLUMNS = ("vcpus", "memory_mb", "gpus", "gpu_name", "current_generation")


def instances(look: Look) -> Iterator[Resource]:
    """Every instance that is not terminated, with facts about its type."""
    kinds: dict[str, dict[str, Fact]] = {}
    none: dict[str, dict[str, Fact]] = {}
    for some in batched(_instances(look), _TYPES):
        new = {one["InstanceType"] for one in some} - kinds.keys()
        kinds |= look.beside("instance types", partial(_types, look, new), none)
        for one in some:
            yield _instance(look, one, kinds.get(one["InstanceType"], {}))


def volumes(look: Look) -> Iterator[Resource]:
    """Every volume, with its users."""
    none: dict[str, datetime] = {}
    stopped = look.beside("stopped instances", lambda: _stopped(look), none)
    for one in look.asking.pages("ec2", "describe_volumes", "Volumes"):
        holders = [
            each["InstanceId"] for each in one.get("Attachments", ()) if "InstanceId" in each
        ]
        yield look.found(
            VOLUME,
            one["VolumeId"],
            one["VolumeId"],
            tags=tags_of(one.get("Tags")),
            facts={
                "state": one["State"],
                "age_days": look.days(one.get("CreateTime")),
                "volume_type": one["VolumeType"],
                "size_gb": float(one["Size"]),
                "iops": one.get("Iops"),
                "attached": bool(holders),
                "attached_to": holders[0] if holders else "",
                "holder_stopped_days": look.days(stopped.get(holders[0])) if holders else None,
            },
            needs={"stopped instances": ("holder_stopped_days",)},
        )


def snapshots(look: Look) -> Iterator[Resource]:
    """Every snapshot of the account's own, with the images made from it."""
    uses = look.beside("images", lambda: _images(look), None)
    volumes_there = look.beside("volumes", lambda: _volume_ids(look), None)
    pages = look.asking.pages("ec2", "describe_snapshots", "Snapshots", OwnerIds=["self"])
    for one in pages:
        yield look.found(
            SNAPSHOT,
            one["SnapshotId"],
            one["SnapshotId"],
            tags=tags_of(one.get("Tags")),
            facts={
                "state": one["State"],
                "age_days": look.days(one.get("StartTime")),
                "size_gb": float(one["VolumeSize"]),
                "image_uses": None if uses is None else uses.get(one["SnapshotId"], 0),
                "source_volume_exists": None
                if volumes_there is None
                else one.get("VolumeId") in volumes_there,
            },
            needs={"images": ("image_uses",), "volumes": ("source_volume_exists",)},
        )


def addresses(look: Look) -> Iterator[Resource]:
    """Every Elastic IP address, with its target."""
    for one in look.asking.pages("ec2", "describe_addresses", "Addresses"):
        target = one.get("InstanceId") or one.get("NetworkInterfaceId") or ""
        yield look.found(
            ADDRESS,
            one["AllocationId"],
            one.get("PublicIp", one["AllocationId"]),
            tags=tags_of(one.get("Tags")),
            facts={
                "state": "associated" if one.get("AssociationId") else "free",
                "attached": bool(one.get("AssociationId")),
                "attached_to": target,
            },
        )


def gateways(look: Look) -> Iterator[Resource]:
    """Every existing NAT gateway."""
    for one in look.asking.pages("ec2", "describe_nat_gateways", "NatGateways"):
        if one["State"] in ("deleted", "deleting", "failed"):
            continue
        yield look.found(
            NAT,
            one["NatGatewayId"],
            one["NatGatewayId"],
            tags=tags_of(one.get("Tags")),
            facts={"state": one["State"], "age_days": look.days(one.get("CreateTime"))},
        )


def _instances(look: Look) -> Iterator[Mapping[str, Any]]:
    for reservation in look.asking.pages("ec2", "describe_instances", "Reservations"):
        for one in reservation["Instances"]:
            if one["State"]["Name"] not in _GONE:
                yield one


def _instance(look: Look, one: Mapping[str, Any], kind: Mapping[str, Fact]) -> Resource:
    state = one["State"]["Name"]
    return look.found(
        EC2,
        one["InstanceId"],
        one["InstanceId"],
        tags=tags_of(one.get("Tags")),
        facts={
            "state": state,
            # A restarted instance has a new launch time; it may be older.
            "age_days": look.days(one.get("LaunchTime")),
            "instance_type": one["InstanceType"],
            "architecture": one.get("Architecture") or kind.get("architecture"),
            "platform": "windows" if one.get("Platform") == "windows" else "linux",
            "stopped_days": look.days(_stopped_at(one)) if state == "stopped" else None,
            **{column: kind.get(column) for column in _TYPE_COLUMNS},
        },
        needs={"instance types": _TYPE_COLUMNS},
    )


def _types(look: Look, names: Iterable[str]) -> dict[str, dict[str, Fact]]:
    found: dict[str, dict[str, Fact]] = {}
    for some in batched(sorted(names), _TYPES):
        pages = look.asking.pages(
            "ec2", "describe_instance_types", "InstanceTypes", InstanceTypes=list(some)
        )
        for one in pages:
            cards = [
                *one.get("GpuInfo", {}).get("Gpus", ()),
                *one.get("InferenceAcceleratorInfo", {}).get("Accelerators", ()),
                *one.get("NeuronInfo", {}).get("NeuronDevices", ()),
            ]
            found[one["InstanceType"]] = {
                "vcpus": float(one["VCpuInfo"]["DefaultVCpus"]),
                "memory_mb": float(one["MemoryInfo"]["SizeInMiB"]),
                "gpus": sum(int(card.get("Count", 1)) for card in cards),
                "architecture": "arm64"
                if "arm64" in one.get("ProcessorInfo", {}).get("SupportedArchitectures", ())
                else "x86_64",
                "gpu_name": str(cards[0].get("Name", "")) if cards else "",
                "current_generation": bool(one["CurrentGeneration"]),
            }
    return found


def _stopped(look: Look) -> dict[str, datetime]:
    filters = [{"Name": "instance-state-name", "Values": ["stopped"]}]
    found = {}
    for reservation in look.asking.pages(
        "ec2", "describe_instances", "Reservations", Filters=filters
    ):
        for one in reservation["Instances"]:
            at = _stopped_at(one)
            if at is not None:
                found[one["InstanceId"]] = at
    return found


def _stopped_at(one: Mapping[str, Any]) -> datetime | None:
    """When it was stopped, from AWS's sentence about that; None if it does not say."""
    told = _STOPPED.search(one.get("StateTransitionReason", ""))
    return None if told is None else datetime.fromisoformat(told[1]).replace(tzinfo=UTC)


def _images(look: Look) -> dict[str, int]:
    """How many images use a snapshot, including disabled ones, which are only listed on request."""
    found: dict[str, int] = {}
    pages = look.asking.pages(
        "ec2", "describe_images", "Images", Owners=["self"], IncludeDisabled=True
    )
    for image in pages:
        for mapping in image.get("BlockDeviceMappings", ()):
            used = mapping.get("Ebs", {}).get("SnapshotId")
            if used:
                found[used] = found.get(used, 0) + 1
    return found


def _volume_ids(look: Look) -> set[str]:
    return {one["VolumeId"] for one in look.asking.pages("ec2", "describe_volumes", "Volumes")}
