"""The embedded S3 starts empty, whatever an earlier one in the process contained."""

from pathlib import Path

import boto3
import pytest

from credits_pipeline.sandbox.s3 import CREDENTIALS, embedded_s3


@pytest.mark.parametrize("versioned", [False, True])
def test_what_an_earlier_server_stored_is_gone(versioned: bool, tmp_path: Path) -> None:
    for _ in range(2):
        with embedded_s3("once-more", versioned=versioned) as s3:
            client = boto3.client(
                "s3",
                endpoint_url=s3.endpoint_url,
                region_name=CREDENTIALS["AWS_REGION"],
                aws_access_key_id=CREDENTIALS["AWS_ACCESS_KEY_ID"],
                aws_secret_access_key=CREDENTIALS["AWS_SECRET_ACCESS_KEY"],
            )
            assert client.list_objects_v2(Bucket="once-more")["KeyCount"] == 0
            for content in (b"1", b"2"):
                client.put_object(Bucket="once-more", Key="a", Body=content)
            client.delete_object(Bucket="once-more", Key="b")
            client.close()


def test_of_two_at_once_with_one_bucket_each_may_end_first() -> None:
    with embedded_s3("shared"), embedded_s3("shared"):
        pass
