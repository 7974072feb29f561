"""The AWS SDK's clients, made in one place: credentials and endpoints are the SDK's own chain.

`dagster_aws.s3.S3Resource` offers no time-outs, and a tick of Dagster's daemon has 60 seconds.
"""

from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

CONNECT_SECONDS = 5.0
#: Without a byte. With all attempts an answer is waited for no longer than a tick may take.
READ_SECONDS = 10.0
ATTEMPTS = 4


@cache
def s3_client() -> "S3Client":
    """An S3 client with time-outs and the SDK's standard retries, one per process."""
    import boto3
    from botocore.config import Config

    return boto3.client(
        "s3",
        config=Config(
            connect_timeout=CONNECT_SECONDS,
            read_timeout=READ_SECONDS,
            retries={"mode": "standard", "total_max_attempts": ATTEMPTS},
            tcp_keepalive=True,
            # Several threads of one process may wait on the same client.
            max_pool_connections=10,
        ),
    )
