import time

import pytest

from credits_pipeline.core import aws
from credits_pipeline.core.month import BillingMonth
from credits_pipeline.credits.inbox.bucket import Inbox, InboxError, VersionGoneError
from credits_pipeline_tests.many_objects import put_many

KEY = "credits-2025-01.csv"


def test_a_file_reads_back_with_its_version(inbox: Inbox) -> None:
    uploaded = inbox.upload(KEY, b"047210934418,$1.00\n", metadata={"credits-rows": "1"})
    current = inbox.current(inbox.key(BillingMonth(2025, 1)))
    assert current == uploaded
    assert current.metadata == {"credits-rows": "1"}
    assert inbox.read(current) == b"047210934418,$1.00\n"


def test_a_listing_and_a_look_up_name_a_version_alike(versioned_inbox: Inbox) -> None:
    uploaded = versioned_inbox.upload(KEY, b"1")
    listed = versioned_inbox.listing().versions[0]
    assert listed.token == uploaded.token
    assert uploaded.version_id is not None
    assert uploaded.is_same(listed)


def test_there_is_no_version_where_there_is_no_object(inbox: Inbox) -> None:
    assert inbox.current(KEY) is None


@pytest.mark.parametrize("then", ["overwritten", "deleted"])
def test_a_version_that_was_replaced_is_not_read_as_another(inbox: Inbox, then: str) -> None:
    version = inbox.upload(KEY, b"first")
    if then == "overwritten":
        inbox.upload(KEY, b"second")
    else:
        aws.s3_client().delete_object(Bucket=inbox.bucket, Key=KEY)
    with pytest.raises(VersionGoneError, match="overwritten or deleted"):
        inbox.read(version)


def test_in_a_versioned_bucket_deleting_b_makes_a_current_again(versioned_inbox: Inbox) -> None:
    first = versioned_inbox.upload(KEY, b"A")
    second = versioned_inbox.upload(KEY, b"B")
    assert not first.is_same(second)
    aws.s3_client().delete_object(
        Bucket=versioned_inbox.bucket, Key=KEY, VersionId=str(second.version_id)
    )
    current = versioned_inbox.current(KEY)
    assert current is not None
    assert current.is_same(first)
    assert versioned_inbox.read(current) == b"A"


def test_a_listing_goes_over_pages_and_can_stop_and_go_on(inbox: Inbox) -> None:
    put_many(inbox.bucket, [f"n-{number:04d}" for number in range(1005)])
    whole = inbox.listing()
    assert whole.complete
    assert len(whole.versions) == 1005
    page = inbox.listing(pages=1)
    assert not page.complete
    rest = inbox.listing(after=page.versions[-1].key)
    assert [v.key for v in (*page.versions, *rest.versions)] == [v.key for v in whole.versions]


def test_an_object_above_the_limit_is_refused_before_it_is_read(inbox: Inbox) -> None:
    version = inbox.upload(KEY, b"x" * 100)
    with pytest.raises(InboxError, match="raise CREDITS_MAX_BYTES"):
        inbox.read(version, at_most=99)


def test_a_missing_bucket_is_named_with_what_to_do(inbox: Inbox) -> None:
    with pytest.raises(InboxError, match=r"no-such-bucket.*check CREDITS_BUCKET"):
        Inbox("no-such-bucket").listing()


def test_a_server_that_does_not_answer_is_an_error_and_not_an_empty_inbox(
    inbox: Inbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    from credits_pipeline.sandbox.dagster_dev import free_port

    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", f"http://127.0.0.1:{free_port()}")
    monkeypatch.setattr(time, "sleep", lambda _: None)
    aws.s3_client.cache_clear()
    with pytest.raises(InboxError, match="check the network"):
        inbox.listing()
