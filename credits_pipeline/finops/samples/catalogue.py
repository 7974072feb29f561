"""What the sample organisation uses: one meter for each thing that a cloud charges for.

Prices are public list prices, rounded; `day` is the use of one resource in a full day.
"""

from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True)
class Meter:
    """One thing that is charged for.

    Attributes:
        service: FOCUS's ServiceName.
        category: FOCUS's ServiceCategory.
        subcategory: FOCUS's ServiceSubcategory.
        code: the provider's short name of the service.
        meter: what is counted, FOCUS's SkuMeter.
        kind: FOCUS's ResourceType.
        path: what precedes the resource's name in its id.
        unit: of the quantity.
        price: list price of a unit.
        day: units of one resource and day.
        details: of the SKU, as FOCUS's SkuPriceDetails.
    """

    service: str
    category: str
    subcategory: str
    code: str
    meter: str
    kind: str
    path: str
    unit: str
    price: Decimal
    day: Decimal
    details: tuple[tuple[str, str | int], ...] = ()


_COMPUTE = ("Compute", "Virtual Machines")
_CONTAINERS = ("Compute", "Containers")
_SERVERLESS = ("Compute", "Serverless Compute")
_BLOCKS = ("Storage", "Block Storage")
_OBJECTS = ("Storage", "Object Storage")
_RELATIONAL = ("Databases", "Relational Databases")
_DOCUMENTS = ("Databases", "NoSQL Databases")
_WAREHOUSE = ("Databases", "Data Warehouses")
_NETWORK = ("Networking", "Network Infrastructure")
_TRAFFIC = ("Networking", "Network Connectivity")
_DELIVERY = ("Networking", "Content Delivery")
_MODELS = ("AI and Machine Learning", "Generative AI")
_LEARNING = ("AI and Machine Learning", "Machine Learning")
_WATCHING = ("Management and Governance", "Observability")
_CACHE = ("Databases", "Caching")


def _m(
    names: tuple[str, str],
    kind: tuple[str, str],
    resource: tuple[str, str],
    priced: tuple[str, str, str, str],
    **details: str | int,
) -> Meter:
    meter, unit, price, day = priced
    return Meter(
        names[0], kind[0], kind[1], names[1], meter, resource[0], resource[1], unit,
        Decimal(price), Decimal(day), tuple(details.items()),
    )  # fmt: skip


# FOCUS wants one category a service, so what EC2 sells besides machines has names of its own.
_EC2 = ("Amazon Elastic Compute Cloud", "AmazonEC2")
_EBS = ("Amazon Elastic Block Store", "AmazonEC2")
_VPC = ("Amazon Virtual Private Cloud", "AmazonEC2")
_INSTANCE, _VOLUME = ("EC2 Instance", "instance/"), ("EBS Volume", "volume/")
_NAT = ("NAT Gateway", "natgateway/")
_S3, _RDS = (
    ("Amazon Simple Storage Service", "AmazonS3"),
    (
        "Amazon Relational Database Service",
        "AmazonRDS",
    ),
)


def _ec2(kind: str, price: str, cores: int, memory: int, system: str = "Linux") -> Meter:
    return _m(
        _EC2, _COMPUTE, _INSTANCE, (f"BoxUsage:{kind}", "Hours", price, "24"),
        InstanceType=kind, CoreCount=cores, MemorySize=memory, OperatingSystem=system,
    )  # fmt: skip


AWS: dict[str, Meter] = {
    "m6i.xlarge": _ec2("m6i.xlarge", "0.192", 4, 16),
    "m6i.8xlarge": _ec2("m6i.8xlarge", "1.536", 32, 128),
    "c6i.2xlarge": _ec2("c6i.2xlarge", "0.34", 8, 16),
    "m4.2xlarge": _ec2("m4.2xlarge", "0.4", 8, 32),
    "t3.large": _ec2("t3.large", "0.0832", 2, 8),
    "g5.2xlarge": _ec2("g5.2xlarge", "1.212", 8, 32),
    "p4d.24xlarge": _ec2("p4d.24xlarge", "32.7726", 96, 1152),
    "gp3": _m(_EBS, _BLOCKS, _VOLUME, ("EBS:VolumeUsage.gp3", "GB-Months", "0.08", "16.13")),
    "gp2": _m(_EBS, _BLOCKS, _VOLUME, ("EBS:VolumeUsage.gp2", "GB-Months", "0.1", "32.26")),
    "snapshot": _m(
        _EBS, _BLOCKS, ("EBS Snapshot", "snapshot/"),
        ("EBS:SnapshotUsage", "GB-Months", "0.05", "64.5"),
    ),
    "address": _m(_VPC, _NETWORK, ("Elastic IP", "eip/"), ("PublicIPv4:IdleAddress", "Hours", "0.005", "24")),
    "nat.hours": _m(_VPC, _NETWORK, _NAT, ("NatGateway-Hours", "Hours", "0.045", "24")),
    "nat.bytes": _m(_VPC, _NETWORK, _NAT, ("NatGateway-Bytes", "GB", "0.045", "1900")),
    "alb": _m(
        ("Elastic Load Balancing", "AWSELB"), ("Networking", "Application Networking"),
        ("Load Balancer", "loadbalancer/app/"), ("LoadBalancerUsage", "Hours", "0.0225", "24"),
    ),
    "transfer": _m(
        ("AWS Data Transfer", "AWSDataTransfer"), _TRAFFIC, ("Data Transfer", "transfer/"),
        ("DataTransfer-Out-Bytes", "GB", "0.09", "820"),
    ),
    "s3": _m(_S3, _OBJECTS, ("S3 Bucket", ":::"), ("TimedStorage-ByteHrs", "GB-Months", "0.023", "1100")),
    "s3.requests": _m(_S3, _OBJECTS, ("S3 Bucket", ":::"), ("Requests-Tier1", "1000 Requests", "0.005", "5200")),
    "rds": _m(
        _RDS, _RELATIONAL, ("RDS Instance", "db:"), ("InstanceUsage:db.r6g.2xlarge", "Hours", "0.956", "24"),
        InstanceType="db.r6g.2xlarge", CoreCount=8, MemorySize=64, x_Engine="PostgreSQL",
    ),
    "rds.storage": _m(_RDS, _RELATIONAL, ("RDS Instance", "db:"), ("RDS:GP3-Storage", "GB-Months", "0.115", "66")),
    "lambda": _m(
        ("AWS Lambda", "AWSLambda"), _SERVERLESS, ("Lambda Function", "function:"),
        ("Lambda-GB-Second", "GB-Seconds", "0.0000166667", "1450000"),
    ),
    "fargate": _m(
        ("Amazon Elastic Container Service", "AmazonECS"), _CONTAINERS, ("ECS Service", "service/"),
        ("Fargate-vCPU-Hours:perCPU", "Hours", "0.04048", "768"),
    ),
    "eks": _m(
        ("Amazon Elastic Kubernetes Service", "AmazonEKS"), _CONTAINERS, ("EKS Cluster", "cluster/"),
        ("AmazonEKS-Hours:perCluster", "Hours", "0.1", "24"),
    ),
    "dynamodb": _m(
        ("Amazon DynamoDB", "AmazonDynamoDB"), _DOCUMENTS, ("DynamoDB Table", "table/"),
        ("WriteRequestUnits", "1000000 Requests", "0.625", "130"),
    ),
    "redshift": _m(
        ("Amazon Redshift", "AmazonRedshift"), _WAREHOUSE, ("Redshift Cluster", "cluster:"),
        ("Node:ra3.4xlarge", "Hours", "3.26", "96"),
    ),
    "elasticache": _m(
        ("Amazon ElastiCache", "AmazonElastiCache"), _CACHE, ("ElastiCache Cluster", "cluster:"),
        ("NodeUsage:cache.r6g.xlarge", "Hours", "0.411", "48"),
    ),
    "cloudfront": _m(
        ("Amazon CloudFront", "AmazonCloudFront"), _DELIVERY, ("CloudFront Distribution", "distribution/"),
        ("DataTransfer-Out-Bytes", "GB", "0.085", "3700"),
    ),
    "cloudwatch": _m(
        ("Amazon CloudWatch", "AmazonCloudWatch"), _WATCHING, ("Log Group", "log-group:"),
        ("DataProcessing-Bytes", "GB", "0.5", "140"),
    ),
    "sagemaker": _m(
        ("Amazon SageMaker", "AmazonSageMaker"), _LEARNING, ("SageMaker Training Job", "training-job/"),
        ("Train:ml.g5.12xlarge", "Hours", "7.09", "38"),
    ),
    "bedrock": _m(
        ("Amazon Bedrock", "AmazonBedrock"), _MODELS, ("Bedrock Model", "foundation-model/"),
        ("OutputTokenCount", "1000 Tokens", "0.015", "21000"),
    ),
}  # fmt: skip

_VM = ("Virtual Machines", "Microsoft.Compute")
_MACHINE = ("Virtual machine", "Microsoft.Compute/virtualMachines/")

AZURE: dict[str, Meter] = {
    "d4s": _m(
        _VM, _COMPUTE, _MACHINE, ("D4s v5", "Hours", "0.192", "24"),
        InstanceType="Standard_D4s_v5", CoreCount=4, MemorySize=16, OperatingSystem="Linux",
    ),
    "e8s": _m(
        _VM, _COMPUTE, _MACHINE, ("E8s v5", "Hours", "0.504", "24"),
        InstanceType="Standard_E8s_v5", CoreCount=8, MemorySize=64, OperatingSystem="Windows",
    ),
    "disk": _m(
        ("Azure Disk Storage", "Microsoft.Compute"), _BLOCKS, ("Disk", "Microsoft.Compute/disks/"),
        ("P30 LRS Disk", "Units/Month", "135.17", "0.0329"),
    ),
    "blob": _m(
        ("Storage Accounts", "Microsoft.Storage"), _OBJECTS, ("Storage account", "Microsoft.Storage/storageAccounts/"),
        ("Hot LRS Data Stored", "GB-Months", "0.0184", "900"),
    ),
    "sql": _m(
        ("Azure SQL Database", "Microsoft.Sql"), _RELATIONAL, ("SQL database", "Microsoft.Sql/servers/databases/"),
        ("vCore General Purpose", "Hours", "0.2521", "192"),
    ),
    "cosmos": _m(
        ("Azure Cosmos DB", "Microsoft.DocumentDB"), _DOCUMENTS, ("Azure Cosmos DB account", "Microsoft.DocumentDB/databaseAccounts/"),
        ("100 RU/s", "Hours", "0.008", "2400"),
    ),
    "aks": _m(
        ("Azure Kubernetes Service", "Microsoft.ContainerService"), _CONTAINERS, ("Kubernetes service", "Microsoft.ContainerService/managedClusters/"),
        ("Standard Uptime SLA", "Hours", "0.1", "24"),
    ),
    "openai": _m(
        ("Azure OpenAI Service", "Microsoft.CognitiveServices"), _MODELS, ("Azure OpenAI", "Microsoft.CognitiveServices/accounts/"),
        ("Output Tokens", "1000 Tokens", "0.01", "14000"),
    ),
    "gateway": _m(
        ("NAT Gateway", "Microsoft.Network"), _NETWORK, ("NAT gateway", "Microsoft.Network/natGateways/"),
        ("Standard Data Processed", "GB", "0.045", "310"),
    ),
    "functions": _m(
        ("Azure Functions", "Microsoft.Web"), _SERVERLESS, ("Function app", "Microsoft.Web/sites/"),
        ("On Demand Execution Time", "GB-Seconds", "0.000016", "610000"),
    ),
    "monitor": _m(
        ("Azure Monitor", "Microsoft.OperationalInsights"), _WATCHING, ("Log Analytics workspace", "Microsoft.OperationalInsights/workspaces/"),
        ("Analytics Logs Data Ingestion", "GB", "2.3", "44"),
    ),
}  # fmt: skip

_GCE = ("Compute Engine", "compute")

GCP: dict[str, Meter] = {
    "n2": _m(
        _GCE, _COMPUTE, ("Instance", "compute.googleapis.com/projects/{account}/zones/{zone}/instances/"),
        ("N2 Instance", "Hours", "0.1942", "24"),
        InstanceType="n2-standard-4", CoreCount=4, MemorySize=16, OperatingSystem="Linux",
    ),
    "a2": _m(
        _GCE, _COMPUTE, ("Instance", "compute.googleapis.com/projects/{account}/zones/{zone}/instances/"),
        ("A2 Instance", "Hours", "3.6734", "24"),
        InstanceType="a2-highgpu-1g", CoreCount=12, MemorySize=85, OperatingSystem="Linux",
    ),
    "pd": _m(
        ("Persistent Disk", "compute"), _BLOCKS, ("Disk", "compute.googleapis.com/projects/{account}/zones/{zone}/disks/"),
        ("Balanced PD Capacity", "GiB-Months", "0.1", "16.4"),
    ),
    "gcs": _m(
        ("Cloud Storage", "storage"), _OBJECTS, ("Bucket", "storage.googleapis.com/projects/_/buckets/"),
        ("Standard Storage", "GiB-Months", "0.02", "900"),
    ),
    "bigquery": _m(
        ("BigQuery", "bigquery"), _WAREHOUSE, ("Reservation", "bigquery.googleapis.com/projects/{account}/datasets/"),
        ("Analysis", "TiB", "6.25", "19"),
    ),
    "run": _m(
        ("Cloud Run", "run"), _SERVERLESS, ("Service", "run.googleapis.com/projects/{account}/services/"),
        ("CPU Allocation Time", "Seconds", "0.000024", "2300000"),
    ),
    "gke": _m(
        ("Google Kubernetes Engine", "container"), _CONTAINERS, ("Cluster", "container.googleapis.com/projects/{account}/clusters/"),
        ("Regional Kubernetes Clusters", "Hours", "0.1", "24"),
    ),
    "sql": _m(
        ("Cloud SQL", "cloudsql"), _RELATIONAL, ("Instance", "cloudsql.googleapis.com/projects/{account}/instances/"),
        ("Cloud SQL for PostgreSQL: Regional - vCPU", "Hours", "0.0826", "192"),
    ),
    "vertex": _m(
        ("Vertex AI", "aiplatform"), _MODELS, ("Model", "aiplatform.googleapis.com/projects/{account}/models/"),
        ("Gemini Output Text Tokens", "1000000 Tokens", "2.5", "46"),
    ),
    "logging": _m(
        ("Cloud Logging", "logging"), _WATCHING, ("Log Bucket", "logging.googleapis.com/projects/{account}/buckets/"),
        ("Log Storage", "GiB", "0.5", "120"),
    ),
    "egress": _m(
        ("Networking", "compute"), _TRAFFIC, ("Network", "compute.googleapis.com/projects/{account}/global/networks/"),
        ("Network Internet Data Transfer Out", "GiB", "0.085", "410"),
    ),
}  # fmt: skip

METERS = {"aws": AWS, "aws-labs": AWS, "azure": AZURE, "gcp": GCP}
