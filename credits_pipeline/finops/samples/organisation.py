"""The sample organisation: its payers, its accounts in every cloud, and what each account runs.

The AWS accounts are those of the sample credits, so that bills and credits meet in a demo.
"""

from dataclasses import dataclass

#: How much runs on each day of the week, in thousandths, beginning with Monday.
PROFILES = {
    "always": (1000,) * 7,
    "office": (1000, 1010, 1020, 1010, 970, 260, 230),
    "traffic": (960, 970, 980, 1000, 1050, 1120, 1080),
}


@dataclass(frozen=True)
class Payer:
    """The recipient of a source's bill.

    Attributes:
        id: FOCUS's BillingAccountId.
        name: FOCUS's BillingAccountName.
        kind: FOCUS's BillingAccountType.
        issuer: FOCUS's InvoiceIssuerName.
        provider: FOCUS's ProviderName.
        publisher: FOCUS's PublisherName.
        account_kind: FOCUS's SubAccountType.
        discount: percent that the contract takes off list prices.
    """

    id: str
    name: str
    kind: str
    issuer: str
    provider: str
    publisher: str
    account_kind: str
    discount: int


PAYERS = {
    "aws": Payer(
        "112480036627", "Meridian Holding", "Payer Account", "Amazon Web Services, Inc.", "AWS",
        "Amazon Web Services, Inc.", "Linked Account", 7,
    ),
    "aws-labs": Payer(
        "377920145508", "Meridian Labs", "Payer Account", "Amazon Web Services, Inc.", "AWS",
        "Amazon Web Services, Inc.", "Linked Account", 0,
    ),
    "azure": Payer(
        "7c1d9e52-0b7f-4f39-9a55-3f2f6f0a1c11", "Meridian Holding AG", "Billing Profile",
        "Microsoft", "Microsoft", "Microsoft", "Subscription", 5,
    ),
    "gcp": Payer(
        "01A2B3-C4D5E6-F70819", "Meridian Holding", "Billing Account", "Google Cloud",
        "Google Cloud", "Google Cloud", "Project", 4,
    ),
}  # fmt: skip

REGIONS = {
    "us-east-1": "US East (N. Virginia)",
    "us-west-2": "US West (Oregon)",
    "eu-west-1": "EU (Ireland)",
    "eu-central-1": "EU (Frankfurt)",
    "ap-northeast-1": "Asia Pacific (Tokyo)",
    "eastus": "East US",
    "westeurope": "West Europe",
    "germanywestcentral": "Germany West Central",
    "us-central1": "Iowa",
    "europe-west3": "Frankfurt",
    "asia-northeast1": "Tokyo",
}


@dataclass(frozen=True)
class Runs:
    """Some resources of one kind that an account runs.

    Attributes:
        meter: key in the catalogue.
        count: how many resources.
        scale: what each uses, in percent of the catalogue's day.
        profile: a key of `PROFILES`.
        growth: percent a month.
        tagged: percent of the resources that have tags.
        story: which story changes its use; empty for none.
        committed: the commitment that covers it from its start on; empty for none.
    """

    meter: str
    count: int
    scale: int = 100
    profile: str = "always"
    growth: int = 0
    tagged: int = 100
    story: str = ""
    committed: str = ""


@dataclass(frozen=True)
class Account:
    """A linked account, subscription or project.

    Attributes:
        source: whose bill it is on.
        id: FOCUS's SubAccountId.
        name: FOCUS's SubAccountName.
        region: where its resources are.
        tags: of its resources, with keys as its people write them.
        runs: what it runs.
        taxed: whether tax is charged on it.
    """

    source: str
    id: str
    name: str
    region: str
    tags: dict[str, str]
    runs: tuple[Runs, ...]
    taxed: bool = False


def _tags(team: str, product: str, environment: str, *, team_key: str = "team") -> dict[str, str]:
    return {team_key: team, "product": product, "environment": environment}


ACCOUNTS: tuple[Account, ...] = (
    Account(
        "aws", "301146728835", "platform-prod", "us-east-1", _tags("platform", "core", "prod"),
        (
            Runs("m6i.8xlarge", 34, committed="plan"),
            Runs("m6i.8xlarge", 30, 80, "traffic", 2, 90),
            Runs("c6i.2xlarge", 10, 90, "traffic", 1),
            Runs("eks", 3), Runs("alb", 6), Runs("gp3", 8, 400),
            Runs("nat.hours", 1), Runs("nat.bytes", 1, 110, "traffic", 1, story="nat"),
            Runs("transfer", 2, 260, "traffic", 2), Runs("rds", 4, 100, committed="reserved"),
            Runs("rds.storage", 2, 300), Runs("s3", 2, 220, growth=2), Runs("cloudwatch", 2, 180, "traffic"),
            Runs("elasticache", 2), Runs("dynamodb", 2, 240, "traffic", 2),
        ),
    ),
    Account(
        "aws", "476602831190", "platform-staging", "us-east-1", _tags("platform", "core", "staging", team_key="Team"),
        (
            Runs("m6i.8xlarge", 10, 70, "office", 0, 80), Runs("rds", 1), Runs("eks", 1), Runs("alb", 1),
            Runs("nat.hours", 1), Runs("gp3", 3, 200),
        ),
    ),
    Account(
        "aws", "158220914476", "data-lake", "us-east-1", _tags("data", "insights", "prod"),
        (
            Runs("s3", 4, 700, growth=3), Runs("s3.requests", 2, 150, "office", 2),
            Runs("redshift", 2, 100, story="step"), Runs("m6i.8xlarge", 6, 90, "office", 1, 60),
            Runs("lambda", 2, 160, "office", 2), Runs("gp2", 2, 300), Runs("cloudwatch", 1),
        ),
    ),
    Account(
        "aws", "906633172048", "ml-training", "us-west-2", _tags("ml", "search", "prod"),
        (
            Runs("p4d.24xlarge", 1, 60, "office", 3), Runs("g5.2xlarge", 5, 90, "office", 4, story="gpu"),
            Runs("sagemaker", 2, 130, "office", 4), Runs("bedrock", 2, 140, "office", 6, 50),
            Runs("s3", 1, 400, growth=2), Runs("gp3", 2, 500),
        ),
    ),
    Account(
        "aws", "412077356218", "payments-prod", "eu-west-1", _tags("payments", "checkout", "prod"),
        (
            Runs("m6i.xlarge", 8, committed="plan"), Runs("rds", 3, 100, committed="reserved"), Runs("rds.storage", 1, 200),
            Runs("fargate", 3, 120, "traffic", 2), Runs("dynamodb", 2, 200, "traffic", 1), Runs("alb", 2),
            Runs("nat.hours", 1), Runs("nat.bytes", 1, 30, "traffic"), Runs("cloudwatch", 1),
        ),
        taxed=True,
    ),
    Account(
        "aws", "129903477015", "shop-prod", "eu-central-1", _tags("shop", "checkout", "prod"),
        (
            Runs("fargate", 4, 150, "traffic", 2), Runs("cloudfront", 2, 130, "traffic", 3),
            Runs("elasticache", 2), Runs("rds", 2), Runs("s3", 1, 150), Runs("lambda", 3, 90, "traffic", 2),
        ),
        taxed=True,
    ),
    Account(
        "aws", "583140926675", "shop-dev", "eu-central-1", _tags("shop", "checkout", "dev", team_key="Team"),
        (Runs("t3.large", 6, 70, "office", 0, 50), Runs("rds", 1), Runs("gp2", 2), Runs("fargate", 1, 40, "office")),
    ),
    Account(
        "aws", "334018865921", "研究開発", "ap-northeast-1", _tags("research", "search", "prod"),
        (
            Runs("m6i.xlarge", 4, 80, "office", 1), Runs("g5.2xlarge", 2, 70, "office", 2),
            Runs("s3", 1, 120, growth=2), Runs("gp3", 2), Runs("bedrock", 1, 60, "office", 5),
        ),
    ),
    Account(
        "aws", "231905581247", "Бухгалтерия", "eu-central-1", {" org": "finance", "product": "back-office", "environment": "prod"},
        (Runs("t3.large", 3), Runs("rds", 1), Runs("s3", 1, 40), Runs("gp3", 1)),
        taxed=True,
    ),
    Account(
        "aws", "548817203364", "مختبر البيانات", "eu-west-1", _tags("data", "insights", "dev"),
        (Runs("m6i.xlarge", 4, 70, "office", 0, 40), Runs("redshift", 1, 25, "office"), Runs("s3", 1, 90)),
    ),
    Account(
        "aws", "758109346682", "Vertrieb-Süd", "eu-central-1", {},
        (Runs("m4.2xlarge", 3, 100, growth=1), Runs("rds", 1), Runs("s3", 1, 80, growth=4), Runs("transfer", 1, 90)),
    ),
    Account(
        "aws", "268834019952", "sandbox", "us-west-2", _tags("platform", "sandbox", "dev"),
        (Runs("t3.large", 6, 60, "office", 3, 20), Runs("gp3", 2, 100, tagged=0), Runs("lambda", 1, 20, "office"), Runs("bedrock", 1, 30, "office", 9, 0)),
    ),
    Account(
        "aws-labs", "377920145508", "labs-shared", "us-east-1", _tags("research", "labs", "prod"),
        (Runs("m6i.xlarge", 3), Runs("s3", 1, 60), Runs("nat.hours", 1), Runs("cloudwatch", 1, 50, "office")),
    ),
    Account(
        "aws-labs", "702264815393", "labs-gpu", "us-west-2", _tags("research", "labs", "dev"),
        (Runs("g5.2xlarge", 4, 80, "office", 5), Runs("gp3", 2, 200), Runs("sagemaker", 1, 60, "office", 3)),
    ),
    Account(
        "aws-labs", "512039748867", "демо", "eu-west-1", _tags("sales", "labs", "demo", team_key="Team"),
        (Runs("t3.large", 3, 100, "office"), Runs("alb", 1), Runs("rds", 1)),
    ),
    Account(
        "azure", "3f6b1c02-7d8e-4a15-8c11-92f0a4b7d601", "Corp-IT", "westeurope", _tags("it", "back-office", "prod", team_key="Team"),
        (
            Runs("e8s", 14, committed="azure-reserved"), Runs("disk", 10, 100), Runs("sql", 3, 120), Runs("blob", 2, 180, growth=2),
            Runs("monitor", 2), Runs("gateway", 1),
        ),
        taxed=True,
    ),
    Account(
        "azure", "9a2e4d13-1f60-4b7c-b0de-5c8d3e1f7a22", "Produktion Süd", "germanywestcentral", _tags("shop", "checkout", "prod"),
        (
            Runs("d4s", 16, 90, "traffic", 2, 80), Runs("aks", 2), Runs("cosmos", 2, 300, "traffic", 2), Runs("blob", 1, 120),
            Runs("functions", 3, 140, "traffic", 1), Runs("gateway", 2, 150), Runs("monitor", 1), Runs("disk", 4),
        ),
        taxed=True,
    ),
    Account(
        "azure", "c4d7f8a9-6b21-4e03-9d52-0e7b6a5c4d33", "数据平台", "eastus", _tags("data", "insights", "prod"),
        (
            Runs("e8s", 6, 80, "office", 1, 70), Runs("openai", 3, 150, "office", 7, 60), Runs("blob", 3, 500, growth=3),
            Runs("sql", 1, 80), Runs("disk", 4, 200),
        ),
    ),
    Account(
        "gcp", "meridian-web-481627", "meridian-web", "europe-west3", _tags("web", "search", "prod"),
        (
            Runs("run", 4, 180, "traffic", 3), Runs("gke", 2), Runs("n2", 14, committed="cud"), Runs("sql", 2, 120), Runs("egress", 2, 220, "traffic", 2),
            Runs("gcs", 2, 90), Runs("logging", 1, 110), Runs("pd", 5, 300),
        ),
    ),
    Account(
        "gcp", "meridian-analytics-739104", "meridian-analytics", "us-central1", _tags("data", "insights", "prod", team_key="Team"),
        (Runs("bigquery", 4, 150, "office", 3), Runs("gcs", 3, 600, growth=3), Runs("n2", 6, 80, "office", 0, 60), Runs("logging", 1), Runs("pd", 2, 200)),
    ),
    Account(
        "gcp", "meridian-lab-160942", "מעבדה", "asia-northeast1", _tags("ml", "labs", "dev"),
        (Runs("a2", 2, 60, "office", 4, 50), Runs("vertex", 3, 130, "office", 8, 40), Runs("gcs", 1, 100), Runs("n2", 3, 70, "office", 0, 30)),
    ),
)  # fmt: skip
