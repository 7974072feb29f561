"""Creates the organisation in moto, and in the stand-in what moto lacks; returns every id."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from credits_pipeline.sandbox.clouds.world import World
from credits_pipeline.sandbox.estate.things import (
    ACCOUNTS,
    PLAN_RATES,
    PLATFORM,
    PRICES,
    THINGS,
    Load,
    Thing,
)

ROLE = "FinOpsReadOnly"
_HOUR = 3600
_OWN = "123456789012"
#: For moto's server, so that its accounts start empty: otherwise it has hundreds of images.
EMPTY = {"MOTO_EC2_LOAD_DEFAULT_AMIS": "false"}
_ROOT = {"VolumeType": "gp3", "VolumeSize": 8}
_LAMBDA_ROLE = {"Version": "2012-10-17", "Statement": []}


@dataclass
class Planted:
    """Where everything is.

    Attributes:
        accounts: ids by their words.
        ids: of every thing, as in bills.
        names: its CloudWatch dimensions.
        home: account and region of every thing.
    """

    accounts: dict[str, str]
    ids: dict[str, str] = field(default_factory=dict)
    clients: dict[tuple[str, str, str], Any] = field(default_factory=dict, repr=False)
    keys: dict[str, dict[str, str]] = field(default_factory=dict, repr=False)
    endpoint: str = ""

    def client(self, service: str, account: str, region: str) -> Any:
        """A client of moto for a service in an account."""
        import boto3  # noqa: PLC0415 - only where the sandbox runs

        key = (service, account, region)
        if key not in self.clients:
            make: Any = boto3.client
            self.clients[key] = make(
                service, region_name=region, endpoint_url=self.endpoint, **self.keys[account]
            )
        return self.clients[key]

    def close(self) -> None:
        """Close all connections."""
        for client in self.clients.values():
            client.close()
        self.clients.clear()


@contextmanager
def planted(moto_url: str, world: World, as_of: datetime) -> Iterator[Planted]:
    """The organisation, created now and valid until the block ends.

    Args:
        moto_url: of moto's server, without accounts.
        world: of the stand-in; it is filled.
        as_of: when it will be scanned; CloudWatch's values end there.
    """
    found = Planted({}, endpoint=moto_url)
    try:
        _accounts(found)
        for thing in THINGS:
            _MAKERS[thing.what](found, thing)
        _images(found, world)
        world.prices.update(PRICES)
        world.plan_rates.update(PLAN_RATES)
        for thing in THINGS:
            if thing.load is not None:
                measure(found, world, thing, thing.load, as_of)
        yield found
    finally:
        found.close()


def measure(found: Planted, world: World, thing: Thing, load: Load, as_of: datetime) -> None:
    """Give a thing its CloudWatch values, hour by hour."""
    end = as_of.replace(minute=0, second=0, microsecond=0)
    hours = [end - timedelta(hours=back) for back in range(load.hours, 0, -1)]
    for space, metric, dimensions, name in _metrics(found, thing):
        values = {}
        for hour in hours:
            value = _value(load, name, hour)
            if value is not None:
                stats = dict.fromkeys(("Maximum", "Sum"), value)
                values[int(hour.timestamp())] = {**stats, "Average": value / 2}
        world.metrics[space, metric, frozenset(dimensions.items())] = values


def _value(load: Load, name: str, hour: datetime) -> float | None:
    works = hour.weekday() < 5 and 7 <= hour.hour < 19  # noqa: PLR2004 - Monday to Friday
    match name:
        case "cpu":
            return load.cpu if works else load.night if load.cpu is not None else None
        case "network":
            return None if load.megabytes is None else load.megabytes * 1e6 / 24 / 2
        case "memory":
            return load.memory
        case _:
            return load.more.get(name)


def _metrics(found: Planted, thing: Thing) -> list[tuple[str, str, dict[str, str], str]]:
    """Namespace, name, dimensions, and the part of a load that it shows."""
    id_, key = found.ids[thing.key], thing.key
    machine, gateway = {"InstanceId": id_}, {"NatGatewayId": id_}
    database = {"DBInstanceIdentifier": key}
    service = {"ClusterName": f"cluster-{key}", "ServiceName": key}
    balancer = {"LoadBalancer": id_.rsplit("loadbalancer/", 1)[-1]}
    every = {
        "instance": [
            ("AWS/EC2", "CPUUtilization", machine, "cpu"),
            ("AWS/EC2", "NetworkIn", machine, "network"),
            ("AWS/EC2", "NetworkOut", machine, "network"),
            ("CWAgent", "mem_used_percent", machine, "memory"),
        ],
        "database": [
            ("AWS/RDS", "CPUUtilization", database, "cpu"),
            ("AWS/RDS", "DatabaseConnections", database, "DatabaseConnections"),
        ],
        "service": [
            ("AWS/ECS", "CPUUtilization", service, "cpu"),
            ("AWS/ECS", "MemoryUtilization", service, "memory"),
        ],
        "function": [
            ("AWS/Lambda", "Invocations", {"FunctionName": key}, "Invocations"),
            ("LambdaInsights", "memory_utilization", {"function_name": key}, "memory"),
        ],
        "balancer": [
            ("AWS/ApplicationELB", name, balancer, name)
            for name in ("ConsumedLCUs", "RequestCount")
        ],
        "nat": [("AWS/NATGateway", "BytesOutToDestination", gateway, "BytesOutToDestination")],
    }
    return every.get(thing.what, [])


def _accounts(found: Planted) -> None:
    root = {"aws_access_key_id": "sandbox", "aws_secret_access_key": "sandbox"}
    found.keys[PLATFORM] = root
    found.accounts[PLATFORM] = _OWN
    organizations = found.client("organizations", PLATFORM, "us-east-1")
    organizations.create_organization(FeatureSet="ALL")
    for name in ACCOUNTS[1:]:
        made = organizations.create_account(AccountName=name, Email=f"{name}@example.com")
        found.accounts[name] = made["CreateAccountStatus"]["AccountId"]
        session = found.client("sts", PLATFORM, "us-east-1").assume_role(
            RoleArn=f"arn:aws:iam::{found.accounts[name]}:role/{ROLE}", RoleSessionName="planting"
        )["Credentials"]
        found.keys[name] = {
            "aws_access_key_id": session["AccessKeyId"],
            "aws_secret_access_key": session["SecretAccessKey"],
            "aws_session_token": session["SessionToken"],
        }


def _tags(thing: Thing) -> list[dict[str, str]]:
    named = {"Name": thing.key, **thing.tags} if thing.tags else {}
    return [{"Key": key, "Value": value} for key, value in named.items()]


def _spec(kind: str, thing: Thing) -> list[dict[str, Any]]:
    tags = _tags(thing)
    return [{"ResourceType": kind, "Tags": tags}] if tags else []


def _instance(found: Planted, thing: Thing) -> None:
    ec2 = found.client("ec2", thing.account, thing.region)
    # Moto has an image in each region and account only after somebody registers one.
    image = ec2.register_image(Name=f"of {thing.key}")["ImageId"]
    made = ec2.run_instances(
        ImageId=image, InstanceType=thing.spec["type"], MinCount=1, MaxCount=1,
        BlockDeviceMappings=[{"DeviceName": "/dev/sda1", "Ebs": _ROOT}],
        TagSpecifications=_spec("instance", thing),
    )["Instances"][0]  # fmt: skip
    found.ids[thing.key] = made["InstanceId"]
    if thing.spec.get("stopped"):
        ec2.stop_instances(InstanceIds=[made["InstanceId"]])


def _volume(found: Planted, thing: Thing) -> None:
    ec2 = found.client("ec2", thing.account, thing.region)
    more = {"Iops": thing.spec["iops"]} if "iops" in thing.spec else {}
    made = ec2.create_volume(
        AvailabilityZone=f"{thing.region}a", Size=thing.spec["gb"], VolumeType=thing.spec["type"],
        TagSpecifications=_spec("volume", thing), **more,
    )  # fmt: skip
    found.ids[thing.key] = made["VolumeId"]
    if "of" in thing.spec:
        ec2.attach_volume(
            Device="/dev/xvdf", InstanceId=found.ids[thing.spec["of"]], VolumeId=made["VolumeId"]
        )


def _snapshot(found: Planted, thing: Thing) -> None:
    ec2 = found.client("ec2", thing.account, thing.region)
    if thing.spec.get("image") == "registered":
        # Moto creates the snapshot together with its image.
        image = ec2.register_image(Name=thing.key)["ImageId"]
        mapping = ec2.describe_images(ImageIds=[image])["Images"][0]["BlockDeviceMappings"][0]
        found.ids[thing.key] = mapping["Ebs"]["SnapshotId"]
        ec2.create_tags(Resources=[found.ids[thing.key]], Tags=_tags(thing))
        return
    made = ec2.create_snapshot(
        VolumeId=found.ids[thing.spec["of"]], TagSpecifications=_spec("snapshot", thing)
    )
    found.ids[thing.key] = made["SnapshotId"]


def _address(found: Planted, thing: Thing) -> None:
    ec2 = found.client("ec2", thing.account, thing.region)
    made = ec2.allocate_address(Domain="vpc", TagSpecifications=_spec("elastic-ip", thing))
    found.ids[thing.key] = made["AllocationId"]
    if "of" in thing.spec:
        ec2.associate_address(
            AllocationId=made["AllocationId"], InstanceId=found.ids[thing.spec["of"]]
        )


def _subnets(found: Planted, thing: Thing) -> list[dict[str, Any]]:
    ec2 = found.client("ec2", thing.account, thing.region)
    subnets: list[dict[str, Any]] = ec2.describe_subnets()["Subnets"]
    return sorted(subnets, key=lambda subnet: str(subnet["AvailabilityZone"]))


def _balancer(found: Planted, thing: Thing) -> None:
    elb = found.client("elbv2", thing.account, thing.region)
    subnets = _subnets(found, thing)[:2]
    made = elb.create_load_balancer(
        Name=thing.key, Subnets=[one["SubnetId"] for one in subnets], Tags=_tags(thing)
    )["LoadBalancers"][0]
    found.ids[thing.key] = made["LoadBalancerArn"]
    if thing.spec.get("target"):
        group = elb.create_target_group(
            Name=thing.key, Protocol="HTTP", Port=80, VpcId=subnets[0]["VpcId"], TargetType="ip"
        )["TargetGroups"][0]["TargetGroupArn"]
        elb.create_listener(
            LoadBalancerArn=made["LoadBalancerArn"], Protocol="HTTP", Port=80,
            DefaultActions=[{"Type": "forward", "TargetGroupArn": group}],
        )  # fmt: skip
        elb.register_targets(TargetGroupArn=group, Targets=[{"Id": "10.0.0.9", "Port": 80}])


def _nat(found: Planted, thing: Thing) -> None:
    made = found.client("ec2", thing.account, thing.region).create_nat_gateway(
        SubnetId=_subnets(found, thing)[0]["SubnetId"], ConnectivityType="private",
        TagSpecifications=_spec("natgateway", thing),
    )  # fmt: skip
    found.ids[thing.key] = made["NatGateway"]["NatGatewayId"]


def _function(found: Planted, thing: Thing) -> None:
    iam = found.client("iam", thing.account, "us-east-1")
    role = iam.create_role(
        RoleName=f"role-{thing.key}", AssumeRolePolicyDocument=json.dumps(_LAMBDA_ROLE)
    )["Role"]["Arn"]
    made = found.client("lambda", thing.account, thing.region).create_function(
        FunctionName=thing.key, Runtime="python3.12", Handler="main.run", Role=role,
        Code={"ZipFile": b"x"}, MemorySize=thing.spec["mb"], Tags=thing.tags,
        Architectures=["arm64" if thing.spec.get("arm") else "x86_64"],
    )  # fmt: skip
    found.ids[thing.key] = made["FunctionArn"]


def _service(found: Planted, thing: Thing) -> None:
    ecs = found.client("ecs", thing.account, thing.region)
    cluster = f"cluster-{thing.key}"
    ecs.create_cluster(clusterName=cluster)
    machine = "ARM64" if thing.spec.get("arm") else "X86_64"
    kind = "EC2" if thing.spec.get("ec2") else "FARGATE"
    task = ecs.register_task_definition(
        family=thing.key, cpu=thing.spec["cpu"], memory=thing.spec["mb"], networkMode="awsvpc",
        requiresCompatibilities=[kind], runtimePlatform={"cpuArchitecture": machine},
        containerDefinitions=[{"name": "main", "image": "example"}],
    )["taskDefinition"]["taskDefinitionArn"]  # fmt: skip
    subnet = _subnets(found, thing)[0]
    ec2 = found.client("ec2", thing.account, thing.region)
    group = ec2.describe_security_groups()["SecurityGroups"][0]["GroupId"]
    network = {"subnets": [subnet["SubnetId"]], "securityGroups": [group]}
    made = ecs.create_service(
        cluster=cluster, serviceName=thing.key, taskDefinition=task, desiredCount=2,
        launchType=kind, networkConfiguration={"awsvpcConfiguration": network},
        tags=[{"key": key, "value": value} for key, value in thing.tags.items()],
    )  # fmt: skip
    found.ids[thing.key] = made["service"]["serviceArn"]


def _database(found: Planted, thing: Thing) -> None:
    made = found.client("rds", thing.account, thing.region).create_db_instance(
        DBInstanceIdentifier=thing.key, DBInstanceClass=thing.spec["type"], Engine="postgres",
        AllocatedStorage=thing.spec["gb"], MasterUsername="root", MasterUserPassword="hunter2222",
        Tags=_tags(thing),
    )  # fmt: skip
    found.ids[thing.key] = made["DBInstance"]["DBInstanceArn"]


def _logs(found: Planted, thing: Thing) -> None:
    logs = found.client("logs", thing.account, thing.region)
    logs.create_log_group(logGroupName=thing.key, tags=thing.tags)
    if "days" in thing.spec:
        logs.put_retention_policy(logGroupName=thing.key, retentionInDays=thing.spec["days"])
    account = found.accounts[thing.account]
    found.ids[thing.key] = f"arn:aws:logs:{thing.region}:{account}:log-group:{thing.key}"


def _bucket(found: Planted, thing: Thing) -> None:
    s3 = found.client("s3", thing.account, thing.region)
    s3.create_bucket(
        Bucket=thing.key, CreateBucketConfiguration={"LocationConstraint": thing.region}
    )
    if "days" in thing.spec:
        rule = {"ID": "all", "Status": "Enabled", "Filter": {"Prefix": ""}}
        rule["Expiration"] = {"Days": thing.spec["days"]}
        s3.put_bucket_lifecycle_configuration(
            Bucket=thing.key, LifecycleConfiguration={"Rules": [rule]}
        )
    found.ids[thing.key] = thing.key


def _images(found: Planted, world: World) -> None:
    for thing in THINGS:
        snapshot = found.ids.get(thing.key, "")
        if thing.spec.get("image") == "disabled":
            world.disabled_images.setdefault(thing.region, []).append(("ami-disabled", snapshot))


_MAKERS = {
    "instance": _instance, "volume": _volume, "snapshot": _snapshot, "address": _address,
    "balancer": _balancer, "nat": _nat, "function": _function, "service": _service,
    "database": _database, "logs": _logs, "bucket": _bucket,
}  # fmt: skip
