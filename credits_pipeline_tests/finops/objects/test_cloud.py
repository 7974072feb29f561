"""A bucket over HTTP: pinned, whole, and each kind of trouble reported as what it is."""

import os
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from credits_pipeline.core import aws
from credits_pipeline.finops.lake import open_lake
from credits_pipeline.finops.objects import (
    ChangedError,
    MissingError,
    ObjectsError,
    Place,
    cloud,
    open_place,
)
from credits_pipeline.sandbox.s3 import EmbeddedS3
from credits_pipeline_tests.faults.proxy import FaultProxy, NetFault
from credits_pipeline_tests.finops.bills import (
    MAY,
    Source,
    billed,
    charge,
    csv_text,
    packed,
    take_in,
    write_aws,
)

_numbers = count()


@pytest.fixture
def bucket(s3: EmbeddedS3) -> str:
    name = f"bills-{os.getpid()}-{next(_numbers)}"
    aws.s3_client().create_bucket(Bucket=name)
    return name


@pytest.fixture
def proxy(s3: EmbeddedS3, monkeypatch: pytest.MonkeyPatch) -> Iterator[FaultProxy]:
    """In front of the server, with a short patience of the library."""
    from datetime import timedelta

    parts = urlsplit(s3.endpoint_url)
    short = {"max_retries": 1, "retry_timeout": timedelta(seconds=3)}
    monkeypatch.setattr(cloud, "_RETRIES", short)
    with FaultProxy(parts.hostname or "", parts.port or 0) as running:
        monkeypatch.setenv("AWS_ENDPOINT_URL_S3", running.url)
        yield running


def uploaded(bucket: str, key: str, content: bytes) -> Place:
    aws.s3_client().put_object(Bucket=bucket, Key=f"p/{key}", Body=content)
    return open_place(f"s3://{bucket}/p")


def test_files_are_listed_below_the_prefix_with_size_and_etag(bucket: str) -> None:
    for key in ("a/2", "a/1", "ab", "b"):
        place = uploaded(bucket, key, b"x" * 5)
    assert [one.key for one in place.list()] == ["a/1", "a/2", "ab", "b"]
    assert [one.key for one in place.list("a")] == ["a/1", "a/2", "ab"]
    assert [one.key for one in place.list("a/")] == ["a/1", "a/2"]
    assert {one.size for one in place.list()} == {5}
    assert place.head("b") == next(one for one in place.list("b"))
    assert place.uri("a/1") == f"s3://{bucket}/p/a/1"


def test_a_file_comes_whole_or_not_at_all(
    bucket: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cloud, "_PIECE", 1000)
    content = os.urandom(4567)
    place = uploaded(bucket, "a", content)
    listed = place.head("a")
    arrived: list[int] = []
    fetched = place.fetch(listed, tmp_path / "a", arrived.append)
    assert (tmp_path / "a").read_bytes() == content
    import hashlib

    assert fetched.sha256 == hashlib.sha256(content).hexdigest()
    assert (sum(arrived), len(arrived)) == (4567, 5)
    uploaded(bucket, "a", os.urandom(4567))
    with pytest.raises(ChangedError, match="changed while it was read") as raised:
        place.fetch(listed, tmp_path / "b")
    assert raised.value.passes
    assert not (tmp_path / "b").exists()


def test_a_file_replaced_between_two_pieces_is_never_a_mix(
    bucket: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cloud, "_PIECE", 1000)
    place = uploaded(bucket, "a", b"1" * 3000)

    def replaced(_size: int) -> None:
        uploaded(bucket, "a", b"2" * 3000)

    with pytest.raises(ChangedError):
        place.fetch(place.head("a"), tmp_path / "a", replaced)


def test_a_missing_file_is_told_apart_from_a_missing_bucket(bucket: str) -> None:
    with pytest.raises(MissingError, match="there is no file") as raised:
        open_place(f"s3://{bucket}").head("x")
    assert raised.value.passes
    with pytest.raises(ObjectsError) as raised_too:
        list(open_place(f"s3://{bucket}-no").list())
    assert "What to do" in str(raised_too.value)


def test_a_dead_store_passes_and_a_wrong_location_does_not(
    s3: EmbeddedS3, monkeypatch: pytest.MonkeyPatch, proxy: FaultProxy
) -> None:
    with pytest.raises(ObjectsError, match="not a location") as raised:
        open_place("ftp://x/y")
    assert not raised.value.passes
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", "http://127.0.0.1:9")
    with pytest.raises(ObjectsError, match="could not list") as raised:
        list(open_place("s3://bucket").list())
    assert raised.value.passes


@pytest.mark.parametrize("kind", ["reset", "truncate"])
@pytest.mark.parametrize("after", [-1, 0, 300, 900])
def test_an_answer_that_breaks_off_is_asked_for_again(
    bucket: str, tmp_path: Path, proxy: FaultProxy, kind: str, after: int
) -> None:
    content = os.urandom(200_000)
    uploaded(bucket, "a", content)
    place = open_place(f"s3://{bucket}/p")
    listed = place.head("a")
    proxy.inject(NetFault(kind, having=b"GET", after=after, times=1))  # type: ignore[arg-type]
    place.fetch(listed, tmp_path / "a")
    assert (tmp_path / "a").read_bytes() == content
    assert proxy.hits == 1


def test_a_store_that_breaks_off_for_ever_is_reported_and_leaves_nothing(
    bucket: str, tmp_path: Path, proxy: FaultProxy
) -> None:
    place = uploaded(bucket, "a", os.urandom(200_000))
    listed = place.head("a")
    proxy.inject(NetFault("truncate", having=b"GET", after=900))
    with pytest.raises(ObjectsError) as raised:
        place.fetch(listed, tmp_path / "a")
    assert raised.value.passes
    assert not (tmp_path / "a").exists()


def test_a_month_comes_in_from_a_bucket_and_back_into_one(
    bucket: str, tmp_path: Path, s3: EmbeddedS3
) -> None:
    files = {f"bills-{at}.csv.gz": packed(csv_text([charge()])) for at in range(3)}
    write_aws(tmp_path / "b", files)
    for path in (tmp_path / "b").rglob("*.*"):
        if path.is_file():
            key = f"exports/{path.relative_to(tmp_path / 'b').as_posix()}"
            aws.s3_client().upload_file(str(path), bucket, key)
    source = Source("aws-bills", "aws", f"s3://{bucket}/exports", "bills")
    lake = open_lake(f"s3://{bucket}/finops", cache=tmp_path / "cache")
    done = take_in(source, lake)
    assert done.outcome == "published"
    assert billed(lake, source) == 4.5
    assert done.version is not None
    assert [file.rows for file in done.version.files] == [1, 1, 1]
    assert lake.months(source.name) == [MAY]
    assert take_in(source, lake).outcome == "unchanged"


def test_a_refresh_that_is_written_over_the_last_one_is_waited_for(
    bucket: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from datetime import timedelta

    from credits_pipeline.finops.manifests import DeliveryError
    from credits_pipeline.finops.manifests import aws as manifests

    monkeypatch.setattr(manifests, "_SAME_MOMENT", timedelta(days=-1))
    write_aws(tmp_path / "b", {"bills-1.csv.gz": packed(csv_text([charge()]))})
    for path in (tmp_path / "b").rglob("*.*"):
        if path.is_file():
            key = path.relative_to(tmp_path / "b").as_posix()
            aws.s3_client().upload_file(str(path), bucket, key)
    source = Source("aws-bills", "aws", f"s3://{bucket}", "bills")
    with pytest.raises(DeliveryError, match="is overwriting this one") as raised:
        take_in(source, open_lake(str(tmp_path / "lake")))
    assert raised.value.passes


def test_a_store_that_says_503_passes_and_one_that_says_403_needs_a_person(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from datetime import timedelta
    from http.server import BaseHTTPRequestHandler, HTTPServer
    from threading import Thread

    status = 503

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            code = {503: "SlowDown", 403: "AccessDenied"}[status]
            body = f"<Error><Code>{code}</Code><Message>{code}</Message></Error>".encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_HEAD = do_GET  # noqa: N815 - http.server names it

        def log_message(self, *_: object) -> None:
            return

    short = {"max_retries": 1, "retry_timeout": timedelta(seconds=2)}
    monkeypatch.setattr(cloud, "_RETRIES", short)
    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        monkeypatch.setenv("AWS_ENDPOINT_URL_S3", f"http://127.0.0.1:{server.server_port}")
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "k")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "very-secret")
        try:
            with pytest.raises(ObjectsError) as raised:
                list(open_place("s3://bucket/p").list())
            assert raised.value.passes
            status = 403
            with pytest.raises(ObjectsError, match="not allowed to list") as raised:
                list(open_place("s3://bucket/p").list())
            assert not raised.value.passes
            assert "very-secret" not in str(raised.value)
        finally:
            server.shutdown()
            thread.join()
