"""What happens in the sample bills: growth, a step, spikes, idle machines, commitments, credits.

Everything is placed relative to the last month of the bills, so that nothing in the past changes during
that month.
"""

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from credits_pipeline.core.month import BillingMonth


@dataclass(frozen=True)
class Story:
    """What a story does to the use of its resources.

    Attributes:
        name: as in `Runs.story`.
        first: the first day.
        last: the last day.
        thousandths: the factor of the use.
        says: one sentence for people.
    """

    name: str
    first: date
    last: date
    thousandths: int
    says: str


@dataclass(frozen=True)
class Idle:
    """An unused resource that is paid for.

    Attributes:
        source: whose bill it is on.
        account: FOCUS's SubAccountId.
        meter: key in the catalogue.
        name: of the resource, the same in every sample.
        ago: how many months it has been there.
        why: one sentence for people.
        scale: what it uses, in percent of the catalogue's day.
    """

    source: str
    account: str
    meter: str
    name: str
    ago: int
    why: str
    scale: int = 100


@dataclass(frozen=True)
class Commitment:
    """A commitment to use or to spend, and how it is paid.

    Attributes:
        key: as in `Runs.committed`.
        source: whose bill it is on.
        account: that bought it.
        id: FOCUS's CommitmentDiscountId.
        name: FOCUS's CommitmentDiscountName.
        category: Spend or Usage.
        kind: FOCUS's CommitmentDiscountType.
        service: FOCUS's ServiceName of its own rows.
        code: the provider's short name of that service.
        grouping: FOCUS's ServiceCategory and ServiceSubcategory of its own rows.
        ago: how many months before the last one it begins.
        percent: of the list price, for a covered hour.
        slack: thousandths bought beyond the use.
        paid: daily, monthly or upfront.
    """

    key: str
    source: str
    account: str
    id: str
    name: str
    category: str
    kind: str
    service: str
    code: str
    grouping: tuple[str, str]
    ago: int
    percent: int
    slack: int
    paid: str


@dataclass(frozen=True)
class Credit:
    """A credit that a provider granted.

    Attributes:
        source: whose bill it is on.
        name: how its rows begin.
        owner: the account that it was granted to.
        amount: granted.
        ago: how many months before the last one it begins.
        percent: of each day's eligible charges that it covers.
        accounts: that it is shared with.
        codes: the services that it applies to; none for all.
        ends: months after the last one at whose end it expires.
    """

    source: str
    name: str
    owner: str
    amount: Decimal
    ago: int
    percent: int
    accounts: tuple[str, ...]
    codes: tuple[str, ...]
    ends: int

    @property
    def description(self) -> str:
        """FOCUS's ChargeDescription of its rows, as AWS writes it."""
        return f"{self.name}, credit from account: {self.owner}"


COMMITMENTS = (
    Commitment(
        "plan", "aws", "112480036627",
        "arn:aws:savingsplans::112480036627:savingsplan/5d0e7a4c-98b1-4f7e-a3c2-0b6f1d9e4a70",
        "Compute Savings Plan, 1 year, no upfront", "Spend", "Savings Plan",
        "Savings Plans for AWS Compute usage", "ComputeSavingsPlans", ("Compute", "Other (Compute)"),
        11, 72, 50, "daily",
    ),
    Commitment(
        "reserved", "aws", "112480036627",
        "arn:aws:rds:us-east-1:112480036627:ri:meridian-r6g-2026",
        "db.r6g.2xlarge, 1 year, all upfront", "Usage", "Reserved Instance",
        "Amazon Relational Database Service", "AmazonRDS", ("Databases", "Relational Databases"),
        9, 66, 0, "upfront",
    ),
    Commitment(
        "azure-reserved", "azure", "3f6b1c02-7d8e-4a15-8c11-92f0a4b7d601",
        "/providers/microsoft.capacity/reservationorders/b1f7c2d4-55aa-4e1e-8f60-6a1c9d0e7b10/reservations/0d2c4b6a-1e3f-4a5b-9c7d-8e9fa0b1c2d3",
        "VM_RI_E8s_v5", "Usage", "Reservation",
        "Virtual Machines", "Microsoft.Compute", ("Compute", "Virtual Machines"),
        13, 62, 0, "monthly",
    ),
    Commitment(
        "cud", "gcp", "meridian-web-481627",
        "projects/meridian-web-481627/regions/europe-west3/commitments/flex-cud-1",
        "Compute Flexible Committed Use Discount, 1 year", "Spend", "Committed Use Discount",
        "Compute Engine", "compute", ("Compute", "Virtual Machines"),
        6, 75, 30, "daily",
    ),
)  # fmt: skip

CREDITS = (
    Credit(
        "aws", "AWS Migration Acceleration Program Credits", "112480036627", Decimal("150000.00"),
        12, 18, ("301146728835", "158220914476"), ("AmazonEC2", "AmazonRDS", "AmazonRedshift"), 6,
    ),
    Credit(
        "aws", "AWS Activate Promotional Credits", "906633172048", Decimal("95000.00"),
        6, 25, ("906633172048", "334018865921"), (), 1,
    ),
    Credit(
        "gcp", "Google Cloud Promotional Credit", "meridian-lab-160942", Decimal("9000.00"),
        8, 30, ("meridian-lab-160942",), (), 3,
    ),
)  # fmt: skip

#: AWS pays for what was migrated where it bears this tag, and not everything does.
MAP_TAG, MAP_PROJECT = "map-migrated", "mig5T578"
MIGRATED = frozenset({"301146728835", "158220914476", "476602831190"})
#: Percent of the resources there.
MARKED = 62

IDLE = (
    Idle("aws", "268834019952", "m6i.8xlarge", "i-0idle", 7, "a load test ended, the machine did not"),
    Idle("aws", "268834019952", "m4.2xlarge", "i-1idle", 13, "an old generation that nobody uses"),
    Idle("aws", "476602831190", "m6i.8xlarge", "i-2idle", 4, "a staging machine without traffic"),
    Idle("aws", "301146728835", "c6i.2xlarge", "i-3idle", 3, "a batch machine whose batch moved away"),
    Idle("aws", "301146728835", "gp2", "vol-0idle", 9, "a volume that is attached to nothing", 200),
    Idle("aws", "158220914476", "gp2", "vol-1idle", 5, "a volume that is attached to nothing", 300),
    Idle("aws", "268834019952", "gp3", "vol-2idle", 13, "a volume that is attached to nothing", 150),
    Idle("aws", "268834019952", "address", "eipalloc-0idle", 13, "an address that points to nothing"),
    Idle("aws", "476602831190", "address", "eipalloc-1idle", 6, "an address that points to nothing"),
    Idle("aws", "268834019952", "nat.hours", "nat-0idle", 8, "a NAT gateway without traffic"),
    Idle("aws", "158220914476", "snapshot", "snap-0idle", 13, "a snapshot of a volume that is gone", 250),
    Idle("aws", "583140926675", "rds", "shop-dev-old", 6, "a database that nobody connects to"),
    Idle("aws", "476602831190", "alb", "staging-old", 10, "a load balancer without targets"),
    Idle("aws-labs", "702264815393", "g5.2xlarge", "i-4idle", 2, "a notebook machine left running"),
    Idle("azure", "c4d7f8a9-6b21-4e03-9d52-0e7b6a5c4d33", "e8s", "vm-idle-0", 5, "a machine without load"),
    Idle("azure", "9a2e4d13-1f60-4b7c-b0de-5c8d3e1f7a22", "disk", "disk-idle-0", 13, "a disk that is attached to nothing"),
    Idle("gcp", "meridian-lab-160942", "a2", "gpu-idle-0", 2, "a machine with a GPU left running"),
    Idle("gcp", "meridian-analytics-739104", "pd", "disk-idle-0", 9, "a disk that is attached to nothing", 400),
)  # fmt: skip

#: Two of the machines that the Savings Plan was bought for stop; after that it is partly unused.
RETIRED = 2
RETIRING = ("301146728835", "plan")
_NAT_DAYS, _GPU_DAYS, _STEP_DAY, _RETIRE_DAY = (17, 20), (3, 4), 10, 20
#: This many months before the last one, a month is delivered again, with corrections.
LATE = 3
REFUND = 4
REFUNDED = Decimal("-412.50")

#: The monthly cost of support, and in whose name it is charged.
SUPPORT = {
    "aws": ("AWS Support (Enterprise)", "AWSSupportEnterprise", Decimal("9800.00")),
    "azure": ("Azure Support", "Microsoft.Support", Decimal("1000.00")),
    "gcp": ("Support", "support", Decimal("500.00")),
}
#: Percent of tax on accounts that pay it.
TAX = 19


def stories(last: BillingMonth) -> tuple[Story, ...]:
    """The changes of use in bills that end in a month."""
    before, step = last.shift(-1), last.shift(-4)
    return (
        Story(
            "nat",
            date(before.year, before.month, _NAT_DAYS[0]),
            date(before.year, before.month, _NAT_DAYS[1]),
            14_000,
            "A misrouted backup goes through the NAT gateway of platform-prod: 14 times the usual.",
        ),
        Story(
            "gpu",
            date(last.year, last.month, _GPU_DAYS[0]),
            date(last.year, last.month, _GPU_DAYS[1]),
            3_000,
            "A training run in ml-training takes three times the usual machines.",
        ),
        Story(
            "step",
            date(step.year, step.month, _STEP_DAY),
            date.max - timedelta(days=1),
            2_100,
            "data-lake moves to a Redshift cluster of twice the size.",
        ),
    )


def retired_on(last: BillingMonth) -> date:
    """The day on which machines with a commitment stop."""
    month = last.shift(-2)
    return date(month.year, month.month, _RETIRE_DAY)
