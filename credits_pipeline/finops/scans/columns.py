"""The columns of the table `resources`: what rules and policies may use of a resource.

A value that could not be read is NULL, and `not_known` says why; NULL is never "no" and never 0.
Ages are whole days before `seen_at`, so a rule compares numbers and needs no clock.
"""

from dataclasses import dataclass

from credits_pipeline.finops.marts.columns import COUNT, MONEY, TEXT

NUMBER = "DOUBLE"
FLAG = "BOOLEAN"
TIME = "TIMESTAMP"
TAGS = "MAP(VARCHAR, VARCHAR)"
EC2, VOLUME, SNAPSHOT = "aws.ec2.instance", "aws.ec2.volume", "aws.ec2.snapshot"
ADDRESS, NAT = "aws.ec2.address", "aws.ec2.nat_gateway"
BALANCER, FUNCTION = "aws.elb.load_balancer", "aws.lambda.function"
SERVICE, DATABASE = "aws.ecs.service", "aws.rds.instance"
LOGS, BUCKET = "aws.logs.group", "aws.s3.bucket"
KINDS = (
    EC2, VOLUME, SNAPSHOT, ADDRESS, NAT, BALANCER, FUNCTION, SERVICE, DATABASE, LOGS, BUCKET,
)  # fmt: skip

_METERED = (EC2, DATABASE, SERVICE, FUNCTION, BALANCER, NAT)


@dataclass(frozen=True)
class Evidence:
    """One column.

    Attributes:
        name: as predicates write it.
        type: SQL's.
        meaning: one line for people.
        kinds: the kinds that have it; empty for all.
    """

    name: str
    type: str
    meaning: str
    kinds: tuple[str, ...] = ()


#: Every resource has these.
IDENTITY = (
    Evidence("kind", TEXT, "one of the kinds, such as aws.ec2.instance"),
    Evidence("provider", TEXT, "aws, azure or gcp"),
    Evidence("account", TEXT, "id of the account, FOCUS's SubAccountId"),
    Evidence("account_name", TEXT, "its name; empty where nobody could say it"),
    Evidence("region", TEXT, "such as eu-central-1"),
    Evidence("resource_id", TEXT, "the id that the bill has, FOCUS's ResourceId"),
    Evidence("name", TEXT, "the tag Name, else the resource's own name"),
    Evidence("tags", TAGS, "NULL where they could not be read; no tags is an empty map"),
    Evidence("seen_at", TIME, "when the scan looked, UTC"),
)
#: Known if the bill has the resource.
COST = (
    Evidence("cost_month", MONEY, "amortised cost of the month; NULL where no bill contains it"),
    Evidence("list_cost_month", MONEY, "the same at list price"),
    Evidence("currency", TEXT, "of both"),
    Evidence("billing_month", TEXT, "the month that they are of, YYYY-MM"),
)
#: Columns of specific kinds of resources.
EVIDENCE = (
    Evidence("state", TEXT, "as the provider writes it: running, stopped, available"),
    Evidence("age_days", NUMBER, "since it was made"),
    Evidence(
        "hours_expected", COUNT, "hours that the metrics were asked for",
        _METERED,
    ),
    Evidence(
        "hours_seen", COUNT, "hours of them that have a value",
        _METERED,
    ),
    Evidence("instance_type", TEXT, "such as m6i.xlarge, db.r6g.large", (EC2, DATABASE)),
    Evidence("vcpus", NUMBER, "virtual CPUs of the type, or of a task", (EC2, SERVICE)),
    Evidence(
        "memory_mb", NUMBER, "memory of the type, a task or a function",
        (EC2, SERVICE, FUNCTION),
    ),
    Evidence("gpus", COUNT, "GPUs and accelerators of the type; 0 for none", (EC2,)),
    Evidence("gpu_name", TEXT, "such as H100; empty for none", (EC2,)),
    Evidence("current_generation", FLAG, "whether AWS still counts the type as current", (EC2,)),
    Evidence("architecture", TEXT, "x86_64 or arm64", (EC2, FUNCTION, SERVICE)),
    Evidence("platform", TEXT, "linux or windows", (EC2,)),
    Evidence("stopped_days", NUMBER, "since it was stopped; NULL while it runs", (EC2,)),
    Evidence(
        "cpu_max_14d", NUMBER, "highest CPU of an hour in 14 days, percent",
        (EC2, DATABASE, SERVICE),
    ),
    Evidence("cpu_avg_14d", NUMBER, "mean CPU of 14 days, percent", (EC2, DATABASE, SERVICE)),
    Evidence(
        "memory_max_14d", NUMBER, "highest memory of an hour in 14 days, percent",
        (EC2, SERVICE, FUNCTION),
    ),
    Evidence("network_mb_day_14d", NUMBER, "in and out, megabytes a day over 14 days", (EC2,)),
    Evidence(
        "off_hours_share", NUMBER, "percent of nights and weekends (UTC) in which it ran",
        (EC2, DATABASE),
    ),
    Evidence(
        "cpu_max_off_hours_14d", NUMBER, "highest CPU of those hours, percent", (EC2, DATABASE),
    ),
    Evidence("volume_type", TEXT, "gp2, gp3, io1 …", (VOLUME,)),
    Evidence("size_gb", NUMBER, "gibibytes", (VOLUME, SNAPSHOT, DATABASE)),
    Evidence("iops", COUNT, "provisioned, or what the type gives", (VOLUME,)),
    Evidence("attached", FLAG, "whether something uses it", (VOLUME, ADDRESS)),
    Evidence("attached_to", TEXT, "the resource that uses it; empty for none", (VOLUME, ADDRESS)),
    Evidence(
        "unattached_days", NUMBER, "since a scan first saw it used by nothing; 0 on the first",
        (VOLUME, ADDRESS),
    ),
    Evidence(
        "holder_stopped_days", NUMBER, "how long the instance that it is attached to is stopped",
        (VOLUME,),
    ),
    Evidence("image_uses", COUNT, "images that are made of it, disabled ones too", (SNAPSHOT,)),
    Evidence("source_volume_exists", FLAG, "whether the volume is still there", (SNAPSHOT,)),
    Evidence("targets", COUNT, "registered targets", (BALANCER,)),
    Evidence("requests_7d", NUMBER, "requests, or new flows, in 7 days", (BALANCER,)),
    Evidence("bytes_out_7d", NUMBER, "bytes to destinations in 7 days", (NAT,)),
    Evidence("engine", TEXT, "such as postgres", (DATABASE,)),
    Evidence("multi_az", FLAG, "whether a second one stands by", (DATABASE,)),
    Evidence("connections_max_7d", NUMBER, "most connections at once in 7 days", (DATABASE,)),
    Evidence("runtime", TEXT, "such as python3.12", (FUNCTION,)),
    Evidence("invocations_14d", NUMBER, "calls in 14 days", (FUNCTION,)),
    Evidence("launch_type", TEXT, "FARGATE or EC2", (SERVICE,)),
    Evidence("tasks", COUNT, "tasks that are wanted", (SERVICE,)),
    Evidence("has_expiry", FLAG, "whether what is in it is deleted some day", (LOGS, BUCKET)),
    Evidence("retention_days", COUNT, "days until then; NULL for never", (LOGS, BUCKET)),
    Evidence("stored_gb", NUMBER, "what is kept in it", (LOGS, BUCKET)),
)  # fmt: skip
#: Monday to Friday from 7 to 19 o'clock UTC are work; the rest is nights and weekends.
WORK_HOURS = (7, 19)
#: Why a column is NULL: its name, and one sentence for people.
NOT_KNOWN = Evidence("not_known", TAGS, "columns that could not be seen, each with why")
COLUMNS = (*IDENTITY, *COST, *EVIDENCE, NOT_KNOWN)
BY_NAME = {column.name: column for column in COLUMNS}


def applies(column: str, kind: str) -> bool:
    """Whether a kind has a column: for other kinds it is NULL because it does not apply."""
    kinds = BY_NAME[column].kinds
    return not kinds or kind in kinds
