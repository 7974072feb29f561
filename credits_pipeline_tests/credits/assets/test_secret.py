"""CloudZero's key and connection id from AWS Secrets Manager, on moto's server over HTTP."""

import json
import os
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

import httpx
import pytest

from credits_pipeline.core import aws
from credits_pipeline.core.settings import SettingError
from credits_pipeline.credits.assets.resources import CloudZeroResource
from credits_pipeline.credits.cloudzero.errors import CloudZeroError, TransientError
from credits_pipeline.credits.delivery.secret import read_secret
from credits_pipeline.credits.state.attempt import Verdict
from credits_pipeline.sandbox.cloudzero import SCOPES
from credits_pipeline.sandbox.s3 import EmbeddedS3
from credits_pipeline_tests.conftest import API_KEY, CONNECTION_ID
from credits_pipeline_tests.credits.assets.conftest import JANUARY, Pipeline
from credits_pipeline_tests.credits.cloudzero.test_secrets import everything

GOOD = b"047210934418,$1.00\n112480036627,$2.50\n"
_numbers = count()


@pytest.fixture
def secret(s3: EmbeddedS3, monkeypatch: pytest.MonkeyPatch) -> str:
    """The name of this test's own secret, with the key and the connection id."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", s3.endpoint_url)
    name = f"credits/cloudzero-{os.getpid()}-{next(_numbers)}"
    told = {"CLOUDZERO_API_KEY": API_KEY, "CLOUDZERO_CONNECTION_ID": CONNECTION_ID}
    aws.secrets_client().create_secret(Name=name, SecretString=json.dumps(told))
    monkeypatch.setenv("CLOUDZERO_SECRET", name)
    return name


def store(name: str, text: str) -> None:
    aws.secrets_client().put_secret_value(SecretId=name, SecretString=text)


@pytest.fixture
def without_variables(pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CLOUDZERO_API_KEY")
    monkeypatch.delenv("CLOUDZERO_CONNECTION_ID")


@pytest.mark.usefixtures("without_variables", "secret")
def test_a_month_is_sent_with_the_key_and_the_connection_of_the_secret(pipeline: Pipeline) -> None:
    pipeline.upload(GOOD)
    attempt = pipeline.attempt(pipeline.run())
    assert attempt.verdict is Verdict.VERIFIED
    assert attempt.connection_id == CONNECTION_ID
    assert pipeline.held() == {"047210934418": "-1.00", "112480036627": "-2.50"}


@pytest.mark.usefixtures("without_variables")
def test_a_rotated_key_is_used_by_the_next_run_of_the_same_process(
    pipeline: Pipeline, secret: str
) -> None:
    pipeline.upload(GOOD)
    assert pipeline.attempt(pipeline.run()).verdict is Verdict.VERIFIED
    del pipeline.cloudzero.keys[API_KEY]
    pipeline.cloudzero.keys["rotated-91c2"] = SCOPES
    refused = pipeline.attempt(pipeline.run())
    assert refused.verdict is Verdict.FAILED
    assert "Check that the API key is the right one" in refused.what_to_do
    told = {"CLOUDZERO_API_KEY": "rotated-91c2", "CLOUDZERO_CONNECTION_ID": CONNECTION_ID}
    store(secret, json.dumps(told))
    assert pipeline.attempt(pipeline.run()).verdict is Verdict.UNCHANGED


def test_the_secret_wins_over_the_environment_and_that_fills_what_it_lacks(
    secret: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CLOUDZERO_API_KEY", "stale")
    monkeypatch.setenv("CLOUDZERO_CONNECTION_ID", "from-the-environment")
    assert CloudZeroResource().address()[1] == CONNECTION_ID
    store(secret, f"{API_KEY}\n")
    plain = CloudZeroResource()
    assert plain.address()[1] == "from-the-environment"
    assert plain._api_key() == API_KEY


def test_a_resource_asks_once(secret: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A run needs its stream's address many times, and each request costs time and money."""
    resource = CloudZeroResource()
    assert resource.why_not_set() is None
    aws.secrets_client().delete_secret(SecretId=secret, ForceDeleteWithoutRecovery=True)
    assert resource.address()[1] == CONNECTION_ID
    assert "ResourceNotFoundException" in str(CloudZeroResource().why_not_set())


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (f'{{"CLOUDZERO_API_KEY": "{API_KEY}"', "begins like JSON but is not a JSON object"),
        (f'{{"key": "{API_KEY}"}}', "has no CLOUDZERO_API_KEY, and CLOUDZERO_API_KEY is not set"),
        ('{"CLOUDZERO_API_KEY": 5}', "has no CLOUDZERO_API_KEY, and CLOUDZERO_API_KEY is not set"),
    ],
)
def test_a_secret_that_can_not_be_used_is_named_and_not_shown(
    secret: str, text: str, says: str
) -> None:
    store(secret, text)
    with pytest.raises(SettingError, match=says) as caught:
        CloudZeroResource(connection_id=CONNECTION_ID).client()
    assert f"The secret {secret} of CLOUDZERO_SECRET" in str(caught.value)
    assert API_KEY not in everything(caught.value)


def test_a_secret_that_is_not_there_is_named_with_what_to_do(
    secret: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CLOUDZERO_SECRET", "credits/misspelt")
    with pytest.raises(SettingError, match=r"credits/misspelt of CLOUDZERO_SECRET.*AWS_REGION"):
        CloudZeroResource().address()


@pytest.fixture
def denied(
    s3: EmbeddedS3, secret: str, monkeypatch: pytest.MonkeyPatch
) -> Iterator[dict[str, Any]]:
    """Credentials of a user without any permission, on a server that checks permissions."""
    import boto3

    iam = boto3.client("iam", region_name="us-east-1")
    iam.create_user(UserName="without-permission")
    key = iam.create_access_key(UserName="without-permission")["AccessKey"]
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", key["AccessKeyId"])
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", key["SecretAccessKey"])
    aws.forget_clients()
    switch = f"{s3.endpoint_url}/moto-api/reset-auth"
    httpx.post(switch, content=b"0").raise_for_status()
    yield {}
    httpx.post(switch, content=b"inf").raise_for_status()
    iam.delete_access_key(UserName="without-permission", AccessKeyId=key["AccessKeyId"])
    iam.delete_user(UserName="without-permission")


@pytest.mark.usefixtures("denied")
def test_a_secret_that_may_not_be_read_is_named_with_the_permission(secret: str) -> None:
    with pytest.raises(SettingError, match=rf"{secret}.*secretsmanager:GetSecretValue"):
        read_secret(secret)


@pytest.mark.usefixtures("without_variables", "secret")
def test_secrets_manager_that_does_not_answer_fails_the_month_for_a_cause_that_may_pass(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_SECRETS_MANAGER", "http://127.0.0.1:9")
    aws.forget_clients()
    pipeline.upload(GOOD)
    attempt = pipeline.attempt(pipeline.run())
    assert attempt.verdict is Verdict.FAILED
    assert not attempt.permanent
    assert "could not be read" in attempt.reason
    assert pipeline.held(JANUARY) == {}
    with pytest.raises(TransientError):
        CloudZeroResource().why_not_set()


@pytest.mark.usefixtures("without_variables", "secret")
def test_the_key_is_in_nothing_that_a_run_leaves_behind(
    pipeline: Pipeline, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    pipeline.upload(GOOD)
    result = pipeline.run()
    pipeline.cloudzero.keys[API_KEY] = frozenset()
    refused = pipeline.run()
    assert pipeline.attempt(refused).verdict is Verdict.FAILED
    told = [repr(event) for run in (result, refused) for event in run.all_events]
    told += [path.read_bytes().decode(errors="replace") for path in tmp_path.rglob("*.json")]
    told += capfd.readouterr()
    assert not [text for text in told if API_KEY in text]


def test_nothing_shows_a_secret_that_was_read(secret: str) -> None:
    resource = CloudZeroResource()
    assert resource.why_not_set() is None
    assert API_KEY not in f"{read_secret(secret)}{resource}{resource!r}"
    with pytest.raises(CloudZeroError) as caught:
        CloudZeroResource(base_url="http://example.com").client()
    assert API_KEY not in everything(caught.value)
