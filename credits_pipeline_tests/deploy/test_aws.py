"""The CloudFormation templates grant what the product needs, and no more."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import boto3
import dagster as dg
import pytest
from botocore.exceptions import ClientError

from credits_pipeline.core import aws
from credits_pipeline.core.month import BillingMonth
from credits_pipeline.core.settings import Schedule
from credits_pipeline.core.storage.store import open_store
from credits_pipeline.credits.assets.build import build_definitions
from credits_pipeline.credits.assets.resources import InboxResource, StorageResource
from credits_pipeline.credits.inbox.bucket import Inbox
from credits_pipeline.credits.state.attempt import Verdict
from credits_pipeline.credits.state.journal import Journal
from credits_pipeline.sandbox.cloudzero import CloudZeroStandIn
from credits_pipeline.sandbox.sample import SAMPLE
from credits_pipeline_tests.dagster_instance import dagster_instance
from credits_pipeline_tests.deploy.aws_account import REGION, Account, account
from credits_pipeline_tests.deploy.files import DEPLOY

JANUARY = BillingMonth(2025, 1)
PREFIX = "finops/"
KEY = f"{PREFIX}credits-{JANUARY}.csv"
REFUSED = {"AccessDenied", "AccessDeniedException", "403"}


@pytest.mark.parametrize(
    "name", ["data.yaml", "services.yaml", "exports.yaml", "scans.yaml", "ledger.yaml"]
)
def test_cloudformation_takes_the_template(name: str) -> None:
    program = str(Path(sys.executable).parent / "cfn-lint")
    told = subprocess.run(
        [program, str(DEPLOY / "aws" / name)], check=False, capture_output=True, text=True
    )
    assert told.returncode == 0, told.stdout


@pytest.fixture(scope="module")
def deployed() -> Iterator[Account]:
    with account(Prefix=PREFIX) as made:
        yield made


@pytest.fixture
def enforced(deployed: Account) -> Iterator[Account]:
    yield deployed
    deployed.allow_everything()


def use(monkeypatch: pytest.MonkeyPatch, on: Account, credentials: Mapping[str, str]) -> None:
    """Give this process these credentials."""
    settings = {
        "AWS_ENDPOINT_URL": on.url,
        "AWS_REGION": REGION,
        "CREDITS_BUCKET": on.outputs["Inbox"],
        "CREDITS_PREFIX": PREFIX,
        "CREDITS_STORAGE": f"s3://{on.outputs['Storage']}/credits",
        **credentials,
    }
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    # The SDK's default session keeps the first credentials that it finds.
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)
    aws.s3_client.cache_clear()


def refused(call: Any, **arguments: Any) -> bool:
    try:
        call(**arguments)
    except ClientError as error:
        return error.response["Error"]["Code"] in REFUSED
    return False


def resources(kind: str) -> list[dict[str, Any]]:
    """The properties of the template's resources of one type."""
    from cfnlint.decode import decode

    template, faults = decode(str(DEPLOY / "aws" / "data.yaml"))
    assert faults == []
    found = template["Resources"].values()
    return [made["Properties"] for made in found if made["Type"] == kind]


def test_no_bucket_is_public_and_every_version_is_kept() -> None:
    buckets = resources("AWS::S3::Bucket")
    assert len(buckets) == 2
    for bucket in buckets:
        assert bucket["VersioningConfiguration"] == {"Status": "Enabled"}
        assert len(bucket["PublicAccessBlockConfiguration"]) == 4
        assert all(bucket["PublicAccessBlockConfiguration"].values())
        assert bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"]
        assert bucket["OwnershipControls"]["Rules"] == [{"ObjectOwnership": "BucketOwnerEnforced"}]
    policies = resources("AWS::S3::BucketPolicy")
    assert len(policies) == len(buckets)
    for policy in policies:
        (statement,) = policy["PolicyDocument"]["Statement"]
        assert statement["Effect"] == "Deny"
        assert statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}


def test_s3_tells_the_queue_of_a_month_s_file_and_of_nothing_else(deployed: Account) -> None:
    s3, sqs = deployed.client("s3"), deployed.client("sqs")
    inbox, queue = deployed.outputs["Inbox"], deployed.outputs["Events"]
    told = next(b for b in resources("AWS::S3::Bucket") if "NotificationConfiguration" in b)
    (made,) = told["NotificationConfiguration"]["QueueConfigurations"]
    # moto's CloudFormation omits this, so it is done by S3's own call.
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]
    rules = [
        {"Name": rule["Name"], "Value": str(value).replace("${Prefix}", PREFIX)}
        for rule in made["Filter"]["S3Key"]["Rules"]
        for value in [rule["Value"]["Fn::Sub"] if "Fn::Sub" in rule["Value"] else rule["Value"]]
    ]
    configuration = {
        "QueueArn": arn["QueueArn"],
        "Events": [made["Event"]],
        "Filter": {"Key": {"FilterRules": rules}},
    }
    s3.put_bucket_notification_configuration(
        Bucket=inbox, NotificationConfiguration={"QueueConfigurations": [configuration]}
    )
    sqs.purge_queue(QueueUrl=queue)
    for key in (KEY, f"{PREFIX}notes.txt", "credits-2025-01.csv"):
        s3.put_object(Bucket=inbox, Key=key, Body=b"047210934418,$1.00\n")
    messages = sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10)["Messages"]
    keys = [json.loads(found["Body"])["Records"][0]["s3"]["object"]["key"] for found in messages]
    assert keys == [KEY.replace("/", "%2F")]


def test_a_month_is_verified_with_the_pipeline_s_role_and_no_other_right(
    enforced: Account, cloudzero: CloudZeroStandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    inbox, storage = enforced.outputs["Inbox"], enforced.outputs["Storage"]
    enforced.client("s3").put_object(Bucket=inbox, Key=KEY, Body=SAMPLE)
    use(monkeypatch, enforced, enforced.role(enforced.outputs["PipelineRole"]))
    enforced.enforce()
    defs = build_definitions(schedule=Schedule())
    with dagster_instance() as instance:
        result = defs.resolve_job_def("credits_month").execute_in_process(
            partition_key=JANUARY.partition_key, instance=instance
        )
        with dg.build_sensor_context(
            instance=instance,
            definitions=defs,
            resources={"credits_inbox": InboxResource(), "credits_storage": StorageResource()},
        ) as context:
            assert defs.resolve_sensor_def("credits_files").evaluate_tick(context).run_requests
    journal = Journal(open_store(os.environ["CREDITS_STORAGE"]))
    attempt = journal.attempt(JANUARY, result.run_id)
    assert attempt is not None
    assert attempt.verdict is Verdict.VERIFIED
    s3 = aws.s3_client()
    body = {"Body": b"x"}
    assert refused(s3.put_object, Bucket=inbox, Key=KEY, **body)
    assert refused(s3.delete_object, Bucket=inbox, Key=KEY)
    assert refused(s3.get_object, Bucket=inbox, Key="credits-2025-01.csv")
    assert refused(s3.put_object, Bucket=storage, Key="elsewhere", **body)
    assert refused(s3.delete_object, Bucket=storage, Key=f"credits/receipts/{JANUARY}.json")
    assert refused(s3.put_bucket_policy, Bucket=inbox, Policy="{}")
    assert refused(aws.s3_client().list_buckets)


def test_an_upload_with_the_pipeline_s_role_says_which_right_is_missing(
    enforced: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    from credits_pipeline.credits.inbox.bucket import InboxError

    use(monkeypatch, enforced, enforced.role(enforced.outputs["PipelineRole"]))
    enforced.enforce()
    with pytest.raises(InboxError, match="AccessDenied"):
        Inbox(enforced.outputs["Inbox"], PREFIX).upload(KEY, SAMPLE)


def test_who_uploads_can_upload_a_month_and_nothing_else(
    enforced: Account, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """`split --upload` with the uploader's policy alone."""
    from typer.testing import CliRunner

    from credits_pipeline.cli import app

    use(monkeypatch, enforced, enforced.user(enforced.outputs["UploaderPolicy"]))
    enforced.enforce()
    sheet = tmp_path / "sheet.csv"
    sheet.write_bytes(b"account,2025-02,2025-03\n047210934418,$5.00,$6.00\n")
    told = CliRunner().invoke(app, ["split", str(sheet), "--upload"])
    assert told.exit_code == 0, told.output
    inbox, s3 = enforced.outputs["Inbox"], aws.s3_client()
    assert s3.head_object(Bucket=inbox, Key=f"{PREFIX}credits-2025-02.csv")["ContentLength"]
    assert refused(s3.delete_object, Bucket=inbox, Key=f"{PREFIX}credits-2025-02.csv")
    assert refused(s3.put_object, Bucket=inbox, Key=f"{PREFIX}notes.csv", Body=b"x")
    assert refused(s3.put_object, Bucket=inbox, Key="credits-2025-02.csv", Body=b"x")
    storage = enforced.outputs["Storage"]
    # moto checks no conditions, such as the one on prefixes that may be listed.
    assert refused(s3.get_object, Bucket=storage, Key="credits/receipts/2025-02.json")
    assert refused(s3.put_object, Bucket=storage, Key="credits/profiles/x.toml", Body=b"x")
    secrets = enforced.client("secretsmanager", dict(os.environ))
    assert refused(secrets.get_secret_value, SecretId=enforced.outputs["Secret"])


def test_the_ui_s_role_reads_what_runs_printed_and_nothing_else(
    enforced: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    inbox, storage = enforced.outputs["Inbox"], enforced.outputs["Storage"]
    before = enforced.client("s3")
    before.put_object(Bucket=storage, Key="dagster-logs/storage/run/out", Body=b"x")
    before.put_object(Bucket=storage, Key="credits/receipts/2025-01.json", Body=b"x")
    before.put_object(Bucket=inbox, Key=KEY, Body=SAMPLE)
    use(monkeypatch, enforced, enforced.role(enforced.outputs["DagsterRole"]))
    enforced.enforce()
    s3 = aws.s3_client()
    assert s3.get_object(Bucket=storage, Key="dagster-logs/storage/run/out")
    assert refused(s3.get_object, Bucket=storage, Key="credits/receipts/2025-01.json")
    assert refused(s3.get_object, Bucket=inbox, Key=KEY)
    secrets = enforced.client("secretsmanager", dict(os.environ))
    assert refused(secrets.get_secret_value, SecretId=enforced.outputs["Secret"])


def test_a_bill_is_read_and_shown_with_the_rights_of_each_and_no_other(
    enforced: Account, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The exports' policy and the pipeline's role read the bill; the pages' role shows it."""
    from typer.testing import CliRunner

    from credits_pipeline.cli import app
    from credits_pipeline.finops.depot import Depot
    from credits_pipeline.finops.errors import BillError
    from credits_pipeline.finops.objects import open_place
    from credits_pipeline.finops.publish.published import open_current
    from credits_pipeline_tests.finops.bills import charge, csv_text

    exports, storage = "somebodys-exports", enforced.outputs["Storage"]
    root, place = f"s3://{storage}/finops", f"s3://{exports}/bills/shop"
    s3 = enforced.client("s3")
    s3.create_bucket(Bucket=exports)
    s3.put_object(Bucket=exports, Key="bills/shop/2026-05.csv", Body=csv_text([charge()]).encode())
    s3.put_object(Bucket=exports, Key="payroll/2026-05.csv", Body=b"secret")
    role = enforced.outputs["PipelineRole"]
    enforced.client("cloudformation").create_stack(
        StackName="exports",
        TemplateBody=(DEPLOY / "aws" / "exports.yaml").read_text(),
        Capabilities=["CAPABILITY_NAMED_IAM"],
        Parameters=[
            {"ParameterKey": name, "ParameterValue": value}
            for name, value in {
                "Bucket": exports, "Prefix": "bills/", "Role": role.rpartition("/")[2],
            }.items()
        ],
    )  # fmt: skip
    pipeline, pages = enforced.role(role), enforced.role(enforced.outputs["PagesRole"])
    for name, value in {
        "AWS_ENDPOINT_URL_S3": enforced.url,
        "FINOPS_STORAGE": root,
        "FINOPS_DATABASE_URL": f"sqlite:///{tmp_path / 'decisions.sqlite'}",
        "XDG_CACHE_HOME": str(tmp_path / "cache"),
    }.items():
        monkeypatch.setenv(name, value)
    use(monkeypatch, enforced, pipeline)
    enforced.enforce()
    for words in (
        ("sources", "add", "shop", "--provider", "focus", "--location", place),
        ("ingest", "--source", "shop"),
    ):
        told = CliRunner().invoke(app, list(words))
        assert told.exit_code == 0, told.output
    mine = enforced.client("s3", pipeline)
    assert refused(mine.put_object, Bucket=exports, Key="bills/shop/2026-05.csv", Body=b"x")
    assert refused(mine.delete_object, Bucket=exports, Key="bills/shop/2026-05.csv")
    assert refused(mine.get_object, Bucket=exports, Key="payroll/2026-05.csv")
    assert refused(mine.delete_object, Bucket=storage, Key="credits/receipts/2025-01.json")

    use(monkeypatch, enforced, pages)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache of the pages"))
    published = open_current(root)
    assert published is not None
    assert published.rows("SELECT COUNT(*) FROM spend_daily") == [(1,)]
    with pytest.raises(BillError, match=r"not allowed|denied|Forbidden|403"):
        Depot(root).write("published/CURRENT.json", {})
    with pytest.raises(BillError):
        list(open_place(place).list())
    theirs = enforced.client("s3", pages)
    assert refused(theirs.delete_object, Bucket=storage, Key="finops/published/CURRENT.json")
    assert refused(theirs.get_object, Bucket=storage, Key="dagster-logs/storage/run/out")
    secrets = enforced.client("secretsmanager", pages)
    assert refused(secrets.get_secret_value, SecretId=enforced.outputs["Secret"])
