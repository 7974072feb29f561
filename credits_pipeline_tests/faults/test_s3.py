"""S3 fails, hangs, truncates, or changes between two reads: a real server behind a proxy."""

from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

import dagster as dg
import pytest

from credits_pipeline.core import aws
from credits_pipeline.credits.assets.resources import InboxResource, StorageResource
from credits_pipeline.credits.inbox.bucket import BrokenOffError, Inbox, InboxError
from credits_pipeline.credits.state.attempt import Verdict
from credits_pipeline.sandbox.cloudzero import Fault
from credits_pipeline.sandbox.cloudzero.journal import RequestRecord
from credits_pipeline.sandbox.s3 import EmbeddedS3
from credits_pipeline_tests.credits.assets.conftest import JANUARY, Pipeline
from credits_pipeline_tests.faults.proxy import FaultProxy, Kind, NetFault

GOOD = b"047210934418,$150000.00\n"
OTHER = b"047210934418,$160000.00\n"
KEY = "credits-2025-01.csv"
LISTING = b"list-type=2"


@pytest.fixture
def network(s3: EmbeddedS3, inbox: Inbox, monkeypatch: pytest.MonkeyPatch) -> Iterator[FaultProxy]:
    """S3 behind a proxy, with a patience of one second."""
    address = urlsplit(s3.endpoint_url)
    assert address.hostname is not None
    assert address.port is not None
    with FaultProxy(address.hostname, address.port) as proxy:
        monkeypatch.setenv("AWS_ENDPOINT_URL_S3", proxy.url)
        monkeypatch.setattr(aws, "READ_SECONDS", 0.5)
        aws.s3_client.cache_clear()
        yield proxy
        aws.s3_client().close()
        aws.s3_client.cache_clear()


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the SDK's own retries, so that one fault is enough."""
    monkeypatch.setattr(aws, "ATTEMPTS", 1)
    aws.s3_client.cache_clear()


def tick(pipeline: Pipeline, cursor: str | None = None) -> Any:
    with dg.build_sensor_context(
        instance=pipeline.instance,
        cursor=cursor,
        definitions=pipeline.defs,
        resources={"credits_inbox": InboxResource(), "credits_storage": StorageResource()},
    ) as context:
        return pipeline.defs.resolve_sensor_def("credits_files").evaluate_tick(context)


@pytest.mark.parametrize(
    ("kind", "after"),
    [("reset", -1), ("reset", 40), ("truncate", -1), ("truncate", 40), ("blackhole", -1)],
)
@pytest.mark.usefixtures("impatient")
def test_a_listing_that_fails_is_a_red_tick_and_never_an_empty_inbox(
    kind: Kind, after: int, network: FaultProxy, pipeline: Pipeline
) -> None:
    pipeline.upload(GOOD)
    first = tick(pipeline)
    network.inject(NetFault(kind, having=LISTING, after=after))
    with pytest.raises(InboxError, match=r"list of .*(check the network|was cut off)"):
        tick(pipeline, first.cursor)
    assert network.hits
    network.clear()
    second = tick(pipeline, first.cursor)
    assert second.run_requests == []
    assert "removed" not in second.skip_message


@pytest.mark.parametrize("kind", ["latency", "reset", "truncate", "blackhole"])
def test_a_listing_that_fails_once_is_asked_again_within_the_tick(
    kind: Kind, network: FaultProxy, pipeline: Pipeline
) -> None:
    pipeline.upload(GOOD)
    network.inject(NetFault(kind, having=LISTING, seconds=0.2, times=1))
    assert [request.partition_key for request in tick(pipeline).run_requests] == ["2025-01-01"]
    assert network.hits == 1


@pytest.mark.parametrize(
    ("kind", "after"),
    [("reset", 900), ("truncate", 900), ("corrupt", -1), ("reset", -1), ("blackhole", -1)],
)
def test_a_file_that_breaks_off_is_read_again(
    kind: Kind, after: int, network: FaultProxy, pipeline: Pipeline
) -> None:
    data = b"".join(b"%012d,$1000.00\n" % n for n in range(400))
    pipeline.upload(data)
    network.inject(NetFault(kind, having=b"GET /" + pipeline.inbox.bucket.encode() + b"/credits-",
                            after=after, times=1))  # fmt: skip
    attempt = pipeline.attempt(pipeline.run())
    assert network.hits == 1
    assert attempt.verdict is Verdict.VERIFIED
    assert attempt.row_count == 400


@pytest.mark.parametrize(("kind", "after"), [("truncate", 900), ("corrupt", -1)])
def test_a_file_that_never_arrives_whole_is_refused_and_asked_for_again_later(
    kind: Kind, after: int, network: FaultProxy, pipeline: Pipeline
) -> None:
    data = b"".join(b"%012d,$1000.00\n" % n for n in range(400))
    pipeline.upload(data)
    network.inject(NetFault(kind, having=b"GET /" + pipeline.inbox.bucket.encode() + b"/credits-",
                            after=after))  # fmt: skip
    attempt = pipeline.attempt(pipeline.run())
    assert attempt.verdict is Verdict.FAILED
    assert not attempt.permanent
    assert "8,800 bytes" in attempt.reason
    assert pipeline.cloudzero.log == []


def test_bytes_that_are_not_those_uploaded_are_noticed_by_s3_s_own_checksum(
    network: FaultProxy, inbox: Inbox
) -> None:
    version = inbox.upload(KEY, GOOD)
    network.inject(NetFault("corrupt", having=b"GET /"))
    with pytest.raises(BrokenOffError, match="checksum"):
        inbox.read(version)


def overwritten(pipeline: Pipeline) -> None:
    pipeline.upload(OTHER)


def deleted(pipeline: Pipeline) -> None:
    aws.s3_client().delete_object(Bucket=pipeline.inbox.bucket, Key=KEY)


@pytest.mark.parametrize("then", [overwritten, deleted], ids=lambda act: act.__name__)
def test_what_changes_between_the_tick_and_the_run(
    then: Callable[[Pipeline], None], pipeline: Pipeline
) -> None:
    """The run uses the version that is current when it starts, or says that there is no file."""
    pipeline.upload(GOOD)
    assert len(tick(pipeline).run_requests) == 1
    then(pipeline)
    attempt = pipeline.attempt(pipeline.run())
    if then is overwritten:
        assert attempt.verdict is Verdict.VERIFIED
        assert pipeline.held() == {"047210934418": "-160000.00"}
    else:
        assert (attempt.verdict, attempt.permanent) == (Verdict.FAILED, True)
        assert "There is no s3://" in attempt.reason
        assert pipeline.cloudzero.log == []


@pytest.mark.parametrize("then", [overwritten, deleted], ids=lambda act: act.__name__)
def test_what_changes_between_the_read_and_the_send_is_not_sent(
    then: Callable[[Pipeline], None], pipeline: Pipeline
) -> None:
    pipeline.upload(GOOD)
    assert pipeline.run(only=["raw_credits_csv", "credits", "cbf_payload"]).success
    then(pipeline)
    attempt = pipeline.attempt(pipeline.run(only=["cloudzero_drop"]))
    assert attempt.verdict is Verdict.SUPERSEDED
    assert pipeline.held() == {}


def test_what_is_overwritten_while_it_is_sent_is_followed_by_the_newer_version(
    pipeline: Pipeline,
) -> None:
    pipeline.upload(GOOD)
    first = tick(pipeline)

    def meanwhile(record: RequestRecord) -> bool:
        if record.operation == "create":
            pipeline.upload(OTHER)
        return False

    pipeline.cloudzero.inject(
        Fault(operation="create", kind="delay", when=meanwhile, at=1),
    )
    assert pipeline.attempt(pipeline.run()).verdict is Verdict.VERIFIED
    second = tick(pipeline, first.cursor)
    assert [request.partition_key for request in second.run_requests] == [JANUARY.partition_key]
    assert pipeline.attempt(pipeline.run()).verdict is Verdict.VERIFIED
    assert pipeline.held() == {"047210934418": "-160000.00"}


def test_a_storage_in_s3_that_fails_before_the_drop_sends_nothing(
    network: FaultProxy, pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = f"{pipeline.inbox.bucket}-kept"
    aws.s3_client().create_bucket(Bucket=kept)
    monkeypatch.setenv("CREDITS_STORAGE", f"s3://{kept}")
    pipeline.upload(GOOD)
    network.inject(NetFault("reset", having=f"PUT /{kept}/sent/".encode()))
    result = pipeline.run()
    assert not result.success
    assert network.hits
    assert all(record.operation != "create" for record in pipeline.cloudzero.log)
    network.clear()
    assert pipeline.attempt(pipeline.run()).verdict is Verdict.VERIFIED
