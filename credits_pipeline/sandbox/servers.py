"""Both servers of the sandbox together, and the environment that points to them."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

import boto3

from credits_pipeline.sandbox.cloudzero import SCOPES, CloudZeroStandIn
from credits_pipeline.sandbox.s3 import CREDENTIALS, embedded_s3

BUCKET = "credits-inbox"
CONNECTION_ID = "sandbox-stream"
API_KEY = "sandbox-key"


@dataclass(frozen=True)
class Sandbox:
    """A running S3 server and a running CloudZero stand-in.

    Attributes:
        environment: what a process needs to use both, and nothing else.
        s3_url: of the S3 server.
        cloudzero: the stand-in.
    """

    environment: Mapping[str, str]
    s3_url: str
    cloudzero: CloudZeroStandIn


@contextmanager
def sandbox(*, s3_port: int = 0, cloudzero_port: int = 0) -> Iterator[Sandbox]:
    """Run both until the block ends.

    Args:
        s3_port: 0 for a free one.
        cloudzero_port: 0 for a free one.
    """
    stand_in = CloudZeroStandIn(
        port=cloudzero_port, keys={API_KEY: SCOPES}, connections=[CONNECTION_ID]
    )
    with embedded_s3(BUCKET, port=s3_port) as s3, stand_in as cloudzero:
        environment = {
            **s3.environment,
            "CREDITS_BUCKET": BUCKET,
            "CLOUDZERO_BASE_URL": cloudzero.base_url,
            "CLOUDZERO_CONNECTION_ID": CONNECTION_ID,
            "CLOUDZERO_API_KEY": API_KEY,
        }
        yield Sandbox(environment, s3.endpoint_url, cloudzero)


def upload(running: Sandbox, key: str, content: bytes) -> None:
    """Upload a file to the sandbox's inbox, as a person would."""
    client = boto3.client(
        "s3",
        endpoint_url=running.s3_url,
        region_name=CREDENTIALS["AWS_REGION"],
        aws_access_key_id=CREDENTIALS["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=CREDENTIALS["AWS_SECRET_ACCESS_KEY"],
    )
    client.put_object(Bucket=BUCKET, Key=key, Body=content)
    client.close()


def clean_environment(**added: str) -> dict[str, str]:
    """This process's environment without any setting of AWS, CloudZero, Dagster or this product.

    Processes in the sandbox must not reach a real account by accident.
    """
    ours = ("AWS_", "AZURE_", "CREDITS_", "CLOUDZERO_", "DAGSTER_", "FINOPS_", "GOOGLE_")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    nowhere = {
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
    }
    return {**kept, **nowhere, **added}
