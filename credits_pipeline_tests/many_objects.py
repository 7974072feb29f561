"""Buckets with thousands of objects, put directly where the embedded S3 stores them: each request
would take milliseconds of processor time.
"""

from collections.abc import Iterable

_ACCOUNT, _PARTITION = "123456789012", "aws"


def put_many(bucket: str, keys: Iterable[str]) -> None:
    """Put objects of one byte into a bucket of this process's embedded S3."""
    from moto.s3.models import s3_backends

    backend = s3_backends[_ACCOUNT][_PARTITION]
    for key in keys:
        backend.put_object(bucket, key, b"1")
