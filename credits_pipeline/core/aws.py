"""The AWS SDK's clients, made in one place; credentials and endpoints come from the SDK's chain.

The resources of `dagster_aws` offer no time-outs, and a tick of Dagster's daemon has 60 seconds.
"""

import os
from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, Any, TypedDict

if TYPE_CHECKING:
    from botocore.config import Config
    from mypy_boto3_logs import CloudWatchLogsClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_secretsmanager import SecretsManagerClient
    from mypy_boto3_sns import SNSClient
    from mypy_boto3_sqs import SQSClient

CONNECT_SECONDS = 5.0
#: The longest silence. With all attempts, an answer takes no longer than a tick may take.
READ_SECONDS = 10.0
ATTEMPTS = 4
#: For the credit ledger, where nobody waits.
ATTEMPTS_OF_BILLING = 8
#: For log lines: they must not keep the stream's lock or a tick for long.
ATTEMPTS_BESIDE = 2
#: For a message. Dagster's daemon begins ticks every five seconds at most: a tick that ends just
#: before leaves hardly a moment in which nobody listens.
WAIT_SECONDS = 4


class _Options(TypedDict):
    region_name: str | None
    config: "Config"


@cache
def s3_client() -> "S3Client":
    """An S3 client with time-outs and the SDK's standard retries, one per process."""
    import boto3

    return boto3.client("s3", **_options(ATTEMPTS))


@cache
def secrets_client() -> "SecretsManagerClient":
    """A Secrets Manager client, with the same time-outs."""
    import boto3

    return boto3.client("secretsmanager", **_options(ATTEMPTS))


@cache
def logs_client() -> "CloudWatchLogsClient":
    """A CloudWatch Logs client, with shorter time-outs."""
    import boto3

    return boto3.client("logs", **_options(ATTEMPTS_BESIDE))


@cache
def sns_client(region: str) -> "SNSClient":
    """An Amazon SNS client in the topic's region."""
    import boto3

    return boto3.client("sns", **_options(ATTEMPTS_BESIDE, region))


@cache
def sqs_client() -> "SQSClient":
    """An SQS client, which lets SQS take `WAIT_SECONDS` to answer."""
    import boto3

    return boto3.client("sqs", **_options(ATTEMPTS_BESIDE))


def reading_client(
    service: str, region: str, credentials: Mapping[str, str] | None, attempts: int
) -> Any:
    """A client of any service in a region. It is not cached: a scan has one per account and region.

    Args:
        service: as the SDK calls it.
        region: where.
        credentials: of an assumed role, by the SDK's names; None for the SDK's own chain.
        attempts: of each request, including the first.
    """
    return _session().client(service, **_options(attempts, region), **(credentials or {}))


@cache
def _session() -> Any:
    """One session for all of a scan's clients, so that the SDK reads a service's model once."""
    import boto3

    return boto3.session.Session()


@cache
def billing_client(profile: str = "") -> Any:
    """A client of AWS's billing service, which is in one region and throttles early.

    Args:
        profile: of the credentials, as in AWS's own files; default: the SDK's own chain.
    """
    import boto3

    session = boto3.Session(profile_name=profile or None)
    return session.client("billing", **_options(ATTEMPTS_OF_BILLING, "us-east-1"))


def forget_clients() -> None:
    """Drop the cached clients; the next ones are made from the environment as it is then."""
    clients = (s3_client, secrets_client, logs_client, sns_client, sqs_client, billing_client)
    for client in clients:
        client.cache_clear()
    _session.cache_clear()


def _options(attempts: int, region: str | None = None) -> _Options:
    from botocore.config import Config

    return {
        # boto3 reads only AWS_DEFAULT_REGION and the profile, unlike AWS's other SDKs.
        "region_name": region or os.environ.get("AWS_REGION") or None,
        "config": Config(
            connect_timeout=CONNECT_SECONDS,
            read_timeout=READ_SECONDS,
            retries={"mode": "standard", "total_max_attempts": attempts},
            tcp_keepalive=True,
            # Several threads of one process may wait on the same client.
            max_pool_connections=10,
        ),
    }
