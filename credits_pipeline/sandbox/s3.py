"""The embedded S3: moto's server, over HTTP on loopback, in memory."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

#: moto accepts any credentials; these make the AWS SDK sign its requests.
CREDENTIALS = {
    "AWS_ACCESS_KEY_ID": "sandbox",
    "AWS_SECRET_ACCESS_KEY": "sandbox",
    "AWS_REGION": "us-east-1",
}


class SandboxMissingError(Exception):
    """The sandbox's own dependency is not installed."""


@dataclass(frozen=True)
class EmbeddedS3:
    """A running S3 server.

    Attributes:
        endpoint_url: ``http://127.0.0.1:<port>``.
    """

    endpoint_url: str

    @property
    def environment(self) -> dict[str, str]:
        """What a process needs to use it."""
        return {**CREDENTIALS, "AWS_ENDPOINT_URL_S3": self.endpoint_url}


@contextmanager
def embedded_s3(*buckets: str, port: int = 0, versioned: bool = False) -> Iterator[EmbeddedS3]:
    """Run an S3 server with these buckets until the block ends.

    Args:
        buckets: created at the start.
        port: 0 for a free one.
        versioned: whether the buckets keep versions.

    Raises:
        SandboxMissingError: moto is not installed.
    """
    import boto3  # noqa: PLC0415 - only where the sandbox runs

    try:
        from moto.server import ThreadedMotoServer  # noqa: PLC0415 - only where the sandbox runs
    except ImportError as error:
        raise SandboxMissingError(
            "The embedded S3 needs moto's server: pip install '.[sandbox]' in the project's folder."
        ) from error

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=port, verbose=False)
    server.start()
    try:
        _, bound = server.get_host_and_port()
        endpoint = f"http://127.0.0.1:{bound}"
        client = boto3.client(
            "s3",
            endpoint_url=endpoint,
            region_name=CREDENTIALS["AWS_REGION"],
            aws_access_key_id=CREDENTIALS["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=CREDENTIALS["AWS_SECRET_ACCESS_KEY"],
        )
        for bucket in buckets:
            client.create_bucket(Bucket=bucket)
            if versioned:
                client.put_bucket_versioning(
                    Bucket=bucket, VersioningConfiguration={"Status": "Enabled"}
                )
        try:
            yield EmbeddedS3(endpoint)
        finally:
            # moto keeps its objects per process, not per server: the next one must start empty.
            for bucket in buckets:
                _remove(client, bucket)
            client.close()
    finally:
        server.stop()


def _remove(client: "S3Client", bucket: str) -> None:
    present = {found["Name"] for found in client.list_buckets()["Buckets"]}
    if bucket not in present:  # another server of this process had the same, and removed it
        return
    for page in client.get_paginator("list_object_versions").paginate(Bucket=bucket):
        for found in (*page.get("Versions", []), *page.get("DeleteMarkers", [])):
            client.delete_object(Bucket=bucket, Key=found["Key"], VersionId=found["VersionId"])
    client.delete_bucket(Bucket=bucket)
