"""Buckets with thousands of objects, put where the embedded S3 keeps them: each request takes
milliseconds of the processor.
"""

from collections.abc import Iterable

_ACCOUNT, _PARTITION = "123456789012", "aws"


def put_many(bucket: str, keys: Iterable[str]) -> None:
    """Put objects of one byte into a bucket of this process's embedded S3."""
    from moto.s3.models import s3_backends

    backend = s3_backends[_ACCOUNT][_PARTITION]
    for key in keys:
        backend.put_object(bucket, key, b"1")
