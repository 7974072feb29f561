"""The forty resources: what each is, what it does, what it costs a month, and its story."""

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

#: Accounts by their word here; `planting` gives them ids.
PLATFORM, WEB, DEV = "acme-platform", "acme-web", "acme-dev"
ACCOUNTS = (PLATFORM, WEB, DEV)
EAST, WEST = "us-east-1", "eu-central-1"
REGIONS = (WEST, EAST)


@dataclass(frozen=True)
class Load:
    """CloudWatch's values for a resource, hour by hour.

    Attributes:
        cpu: highest CPU of working hours, percent; None for no value at all.
        night: highest CPU of all other hours; None if it does not run then.
        megabytes: in and out, per day; None for no value.
        memory: highest use, percent; None for no value.
        more: the hourly values of other metrics, by name.
        hours: how many of the last hours have values.
    """

    cpu: float | None = None
    night: float | None = 0.0
    megabytes: float | None = None
    memory: float | None = None
    more: dict[str, float] = field(default_factory=dict)
    hours: int = 336


@dataclass(frozen=True)
class Thing:
    """One resource.

    Attributes:
        key: its id here, and its name.
        what: the kind, as `planting` makes it.
        account: one of `ACCOUNTS`.
        region: one of `REGIONS`.
        story: what is wrong with it, or that nothing is.
        costs: per month, amortised and at list price, by unit.
        load: CloudWatch's values.
        tags: its tags.
        spec: its properties.
    """

    key: str
    what: str
    account: str
    region: str
    story: str
    costs: dict[str, tuple[str, str]]
    load: Load | None = None
    tags: dict[str, str] = field(default_factory=dict)
    spec: dict[str, Any] = field(default_factory=dict)

    @property
    def cost(self) -> Decimal:
        """Amortised, a month."""
        return sum((Decimal(effective) for effective, _ in self.costs.values()), Decimal(0))


_BUSY = Load(cpu=70, night=60, megabytes=90_000)
_WEB, _SEARCH = {"team": "web", "environment": "production"}, {"team": "search"}
_TEST = {"team": "web", "environment": "test"}


def _hours(effective: str, at_list: str) -> dict[str, tuple[str, str]]:
    return {"Hrs": (effective, at_list)}


def _gb(effective: str, at_list: str) -> dict[str, tuple[str, str]]:
    return {"GB-Mo": (effective, at_list)}


THINGS = (
    # Machines
    Thing("load-test-7", "instance", WEB, WEST, "idle", _hours("140.16", "168.00"),
          Load(cpu=1.8, night=1.2, megabytes=2), _WEB, {"type": "m6i.xlarge"}),
    Thing("render-gpu", "instance", DEV, EAST, "a GPU in the wrong account", _hours("884.76", "884.76"),
          _BUSY, _SEARCH, {"type": "g5.2xlarge"}),
    Thing("untagged-box", "instance", WEB, WEST, "no tags, and x86", _hours("86.10", "91.50"),
          _BUSY, {}, {"type": "m7i.large"}),
    Thing("dev-always-on", "instance", DEV, WEST, "a test machine that runs at nights",
          _hours("280.00", "320.00"), Load(cpu=65, night=2, megabytes=4_000), _TEST,
          {"type": "m6i.2xlarge"}),
    Thing("too-big", "instance", WEB, WEST, "four times too big", _hours("560.00", "640.00"),
          Load(cpu=15, night=10, megabytes=9_000, memory=18), _WEB, {"type": "m6i.4xlarge"}),
    Thing("too-big-memory-unknown", "instance", WEB, EAST, "too big, memory not known",
          _hours("250.00", "280.32"), Load(cpu=12, night=9, megabytes=8_000), _WEB,
          {"type": "m6i.2xlarge"}),
    Thing("old-generation", "instance", WEB, EAST, "of a previous generation",
          _hours("146.00", "146.00"), _BUSY, _WEB, {"type": "m4.xlarge"}),
    Thing("graviton-busy", "instance", PLATFORM, WEST, "nothing is wrong", _hours("70.00", "77.00"),
          _BUSY, _SEARCH, {"type": "m7g.large", "arm": True}),
    Thing("metrics-missing", "instance", PLATFORM, EAST, "CloudWatch has no value",
          _hours("60.74", "60.74"), None, _SEARCH, {"type": "t3.large"}),
    Thing("stopped-long-ago", "instance", WEB, EAST, "stopped, and its volume is paid for", {},
          None, _WEB, {"type": "m5.large", "stopped": True}),
    # Volumes
    Thing("volume-of-stopped", "volume", WEB, EAST, "of a stopped machine", _gb("40.00", "40.00"),
          None, _WEB, {"type": "gp3", "gb": 500, "of": "stopped-long-ago"}),
    Thing("volume-unattached", "volume", DEV, WEST, "attached to nothing", _gb("23.80", "23.80"),
          None, _TEST, {"type": "gp2", "gb": 200}),
    Thing("volume-gp2", "volume", WEB, WEST, "gp2", _gb("10.00", "11.90"), None, _WEB,
          {"type": "gp2", "gb": 100, "of": "untagged-box"}),
    Thing("volume-gp2-large", "volume", WEB, WEST, "gp2, and large", _gb("100.00", "119.00"), None,
          _WEB, {"type": "gp2", "gb": 1000, "of": "too-big"}),
    Thing("volume-io1", "volume", WEB, EAST, "io1", _gb("322.50", "322.50"), None, _WEB,
          {"type": "io1", "gb": 500, "iops": 4000, "of": "old-generation"}),
    Thing("volume-gp3", "volume", PLATFORM, WEST, "nothing is wrong", _gb("8.00", "8.00"), None,
          _SEARCH, {"type": "gp3", "gb": 100, "of": "graviton-busy"}),
    # Snapshots
    Thing("snapshot-old", "snapshot", WEB, WEST, "old, and nothing uses it", _gb("12.50", "12.50"),
          None, _WEB, {"of": "volume-gp2"}),
    Thing("snapshot-of-disabled-image", "snapshot", WEB, WEST, "used by a disabled image",
          _gb("8.00", "8.00"), None, _WEB, {"of": "volume-gp2", "image": "disabled"}),
    Thing("snapshot-of-image", "snapshot", WEB, EAST, "used by an image", _gb("9.00", "9.00"), None,
          _WEB, {"of": "volume-io1", "image": "registered"}),
    # Network
    Thing("address-free", "address", WEB, WEST, "points to nothing", _hours("3.60", "3.60"), None,
          _WEB),
    Thing("address-used", "address", PLATFORM, WEST, "nothing is wrong", _hours("3.60", "3.60"),
          None, _SEARCH, {"of": "graviton-busy"}),
    Thing("lb-without-targets", "balancer", WEB, WEST, "has no targets", _hours("18.00", "18.00"),
          Load(more={"ConsumedLCUs": 0.0}), _WEB),
    Thing("lb-quiet", "balancer", WEB, EAST, "hardly anybody calls", _hours("17.20", "17.20"),
          Load(more={"ConsumedLCUs": 0.01, "RequestCount": 0.25}), _WEB, {"target": True}),
    Thing("lb-busy", "balancer", PLATFORM, WEST, "nothing is wrong", _hours("25.00", "25.00"),
          Load(more={"ConsumedLCUs": 1.0, "RequestCount": 9000.0}), _SEARCH, {"target": True}),
    Thing("nat-idle", "nat", DEV, WEST, "sends nothing", _hours("37.80", "37.80"),
          Load(more={"BytesOutToDestination": 0.0}), _TEST),
    Thing("nat-busy", "nat", PLATFORM, WEST, "nothing is wrong",
          {"Hrs": ("37.80", "37.80"), "GB": ("90.00", "90.00")},
          Load(more={"BytesOutToDestination": 4e9}), _SEARCH),
    # Functions
    Thing("fn-too-much-memory", "function", WEB, WEST, "uses 12 % of its memory",
          {"GB-Seconds": ("60.00", "66.00"), "Requests": ("4.00", "4.00")},
          Load(memory=12, more={"Invocations": 900.0}), _WEB, {"mb": 1024, "arm": True}),
    Thing("fn-x86", "function", DEV, WEST, "runs on x86", {"GB-Seconds": ("30.00", "30.00")},
          Load(memory=75, more={"Invocations": 50.0}), _TEST, {"mb": 512}),
    Thing("fn-memory-unknown", "function", WEB, EAST, "its memory is not known",
          {"GB-Seconds": ("11.00", "11.00")}, Load(more={"Invocations": 10.0}), _WEB,
          {"mb": 256, "arm": True}),
    # Containers
    Thing("svc-three-percent", "service", WEB, WEST, "a Fargate service at 3 %",
          _hours("144.15", "144.15"), Load(cpu=3, night=3, memory=10), _WEB,
          {"cpu": "2048", "mb": "4096"}),
    Thing("svc-idle", "service", DEV, EAST, "does nothing", _hours("36.04", "36.04"),
          Load(cpu=0.5, night=0.4, memory=0.6), _TEST, {"cpu": "512", "mb": "1024"}),
    Thing("svc-busy", "service", PLATFORM, WEST, "nothing is wrong", _hours("57.66", "57.66"),
          Load(cpu=78, night=70, memory=75), _SEARCH, {"cpu": "1024", "mb": "2048", "arm": True}),
    Thing("svc-on-ec2", "service", PLATFORM, EAST, "runs on machines of its own", {},
          Load(cpu=2, night=1, memory=3), _SEARCH, {"cpu": "256", "mb": "512", "ec2": True}),
    # Databases
    Thing("db-nobody", "database", DEV, WEST, "nobody connects",
          {"Hrs": ("150.00", "164.00"), "GB-Mo": ("20.00", "20.00")},
          Load(cpu=2, night=2, more={"DatabaseConnections": 0.0}), {"team": "web"},
          {"type": "db.m5.large", "gb": 150}),
    Thing("db-too-big", "database", WEB, WEST, "twice too big",
          {"Hrs": ("700.00", "780.00"), "GB-Mo": ("60.00", "60.00")},
          Load(cpu=22, night=12, more={"DatabaseConnections": 40.0}), _WEB,
          {"type": "db.r6g.2xlarge", "gb": 400}),
    Thing("db-busy", "database", PLATFORM, WEST, "nothing is wrong", _hours("350.00", "390.00"),
          Load(cpu=65, night=55, more={"DatabaseConnections": 90.0}), _SEARCH,
          {"type": "db.r6g.xlarge", "gb": 200}),
    # Storage
    Thing("/acme/forever", "logs", PLATFORM, WEST, "kept for ever", _gb("55.00", "55.00"), None,
          _SEARCH),
    Thing("/acme/thirty-days", "logs", PLATFORM, WEST, "nothing is wrong", _gb("6.00", "6.00"), None,
          _SEARCH, {"days": 30}),
    Thing("acme-archive", "bucket", PLATFORM, WEST, "no lifecycle", _gb("210.00", "210.00"), None,
          _SEARCH),
    Thing("acme-expires", "bucket", PLATFORM, WEST, "nothing is wrong", _gb("30.00", "30.00"), None,
          _SEARCH, {"days": 30}),
)  # fmt: skip

#: List prices of Linux machines per hour; missing ones are not known.
PRICES = {
    (WEST, "m6i.xlarge"): "0.230", (WEST, "m7g.xlarge"): "0.184",
    (WEST, "m7i.large"): "0.120", (WEST, "m7g.large"): "0.096",
    (WEST, "m6i.2xlarge"): "0.460", (WEST, "m7g.2xlarge"): "0.368",
    (WEST, "m6i.4xlarge"): "0.920", (WEST, "m7g.4xlarge"): "0.736",
    (EAST, "m6i.2xlarge"): "0.384", (EAST, "m7g.2xlarge"): "0.3264",
    (EAST, "m4.xlarge"): "0.200", (EAST, "m6i.xlarge"): "0.192",
}  # fmt: skip
#: The same under a one-year Compute Savings Plan without upfront payment.
PLAN_RATES = {key: f"{Decimal(price) * Decimal('0.72'):f}" for key, price in PRICES.items()}
