"""Which objects S3's messages name, however they are written."""

import contextlib
import json
from collections.abc import Callable
from typing import Any

import pytest

from credits_pipeline.credits.inbox.bucket import Inbox
from credits_pipeline.credits.inbox.events import keys_named
from credits_pipeline_tests.work import assert_linear

INBOX = Inbox("inbox", "finance ops+é/")


def record(key: str, *, bucket: str = "inbox", event: str = "ObjectCreated:Put") -> dict[str, Any]:
    """As S3 writes it: the key is form-encoded, with ``+`` for a space."""
    return {
        "eventVersion": "2.1",
        "eventSource": "aws:s3",
        "eventName": event,
        "s3": {"bucket": {"name": bucket}, "object": {"key": key, "size": 9}},
    }


def message(*records: dict[str, Any]) -> str:
    return json.dumps({"Records": list(records)})


def test_keys_arrive_encoded_as_in_a_form() -> None:
    body = message(record("finance+ops%2B%C3%A9/credits-2025-01.csv"))
    assert keys_named(body, INBOX) == {"finance ops+é/credits-2025-01.csv"}


def test_one_message_may_name_several_objects() -> None:
    body = message(record("credits-2025-01.csv"), record("credits-2025-02.csv"))
    assert keys_named(body, Inbox("inbox")) == {"credits-2025-01.csv", "credits-2025-02.csv"}


@pytest.mark.parametrize(
    "body",
    [
        json.dumps({"Service": "Amazon S3", "Event": "s3:TestEvent", "Bucket": "inbox"}),
        message(),
        message(record("elsewhere/credits-2025-01.csv")),
        message(record("credits-2025-01.csv")),
        message(record("finance+ops%2B%C3%A9/credits-2025-01.csv", bucket="another")),
    ],
    ids=["S3's test", "no record", "another folder", "outside the prefix", "another bucket"],
)
def test_what_is_not_of_this_inbox_names_nothing(body: str) -> None:
    assert keys_named(body, INBOX) == frozenset()


@pytest.mark.parametrize(
    "body",
    ["", "hello", "[]", "7", "{}", '{"Records": 7}', '{"Records": [7]}', '{"Records": null}',
     '{"Records": [{"s3": {}}]}', message(record("") | {"s3": {"object": {"key": 7}}})],
)  # fmt: skip
def test_what_is_not_an_event_is_reported(body: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        keys_named(body, Inbox("inbox"))


@pytest.mark.parametrize(
    "make",
    [
        lambda n: message(*(record(f"credits-2025-01.csv{i}") for i in range(n))),
        lambda n: message(record("%" * 20 * n)),
        lambda n: message(record("%C3%A9" * 10 * n)),
        lambda n: message(record("+/" * 20 * n)),
        lambda n: '{"Records": ' + " " * 50 * n,
        lambda n: '{"Records": "' + "\\u00e9" * 10 * n,
        lambda n: "{" + ", ".join(f'"Records{i}": []' for i in range(n)) + "}",
    ],
    ids=["records", "percents", "characters", "folders", "spaces", "escapes", "names"],
)
def test_a_message_is_read_in_a_time_that_grows_with_its_length(
    make: Callable[[int], str],
) -> None:
    def read(body: str) -> None:
        with contextlib.suppress(ValueError):
            keys_named(body, Inbox("inbox"))

    assert_linear(make, read, 1_500)
