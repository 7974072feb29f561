"""``doctor`` against the real servers: what is right, what is wrong, and nothing is sent."""

import json
import socket
from datetime import UTC, datetime, timedelta
from importlib.resources import files
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from typer.testing import CliRunner, Result

from credits_pipeline.cli import app
from credits_pipeline.core import aws, settings
from credits_pipeline.core.month import BillingMonth
from credits_pipeline.credits.cloudzero.lock import FileStreamLock
from credits_pipeline.credits.cloudzero.operations import Operation
from credits_pipeline.credits.inbox.bucket import Inbox
from credits_pipeline.doctor import bucket, stream
from credits_pipeline.doctor.environment import PARSERS
from credits_pipeline.sandbox.cloudzero import SCOPES, CloudZeroStandIn
from credits_pipeline_tests.alerts.conftest import Mailbox, Webhook, mailbox, webhook
from credits_pipeline_tests.cli.terminal import on_a_terminal
from credits_pipeline_tests.conftest import API_KEY, CONNECTION_ID
from credits_pipeline_tests.postgres import PASSWORD, PASSWORD_VARIABLE, PostgresServer

__all__ = ["mailbox", "webhook"]
NEEDED = {Operation.CREATE_DROP, Operation.CONTENTS}


def doctor(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["doctor", *arguments])


def found(done: Result) -> dict[str, list[dict[str, Any]]]:
    """The findings, by name."""
    by_name: dict[str, list[dict[str, Any]]] = {}
    for finding in json.loads(done.stdout)["findings"]:
        by_name.setdefault(finding["name"], []).append(finding)
    return by_name


@pytest.fixture
def dagster_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    home = tmp_path / "dagster"
    home.mkdir()
    shipped = files("credits_pipeline.sandbox") / "dagster.yaml"
    (home / "dagster.yaml").write_text(shipped.read_text())
    monkeypatch.setenv("DAGSTER_HOME", str(home))
    return home


def test_where_all_is_there_nothing_is_wrong_and_nothing_is_dropped(
    inbox: Inbox, cloudzero: CloudZeroStandIn, dagster_home: Path
) -> None:
    inbox.upload("credits-2025-01.csv", b"047210934418,$1.00\n")
    done = doctor("--json")
    assert done.exit_code == 0, done.output
    told = json.loads(done.stdout)
    assert told["works"] is True
    states = {finding["name"]: finding["state"] for finding in told["findings"]}
    # No daemon runs in a test.
    assert states.pop("Dagster's daemon") == "note"
    assert states.pop("alerts") == "note"
    assert set(states.values()) == {"ok"}
    assert states.keys() >= {f"CloudZero, {operation.title}" for operation in Operation}
    creates = [record for record in cloudzero.log if record.operation == "create"]
    assert [(record.status, record.test_key is None) for record in creates] == [(400, False)]
    assert cloudzero.months(CONNECTION_ID) == []
    assert cloudzero.max_in_flight(CONNECTION_ID) == 1


@pytest.mark.parametrize("operation", list(Operation))
def test_a_scope_that_is_missing_is_wrong_only_where_months_stop_at_it(
    inbox: Inbox, cloudzero: CloudZeroStandIn, operation: Operation
) -> None:
    cloudzero.keys[API_KEY] = frozenset(SCOPES) - {operation.scope}
    done = doctor("--json")
    assert done.exit_code == (1 if operation in NEEDED else 0)
    (finding,) = found(done)[f"CloudZero, {operation.title}"]
    assert finding["state"] == ("wrong" if operation in NEEDED else "note")
    assert operation.scope in finding["to_do"]
    assert all(
        f["state"] == "ok"
        for name, (f, *_) in found(done).items()
        if name.startswith("CloudZero") and f != finding
    )


def test_a_wrong_key_is_one_finding(inbox: Inbox, cloudzero: CloudZeroStandIn) -> None:
    cloudzero.keys.clear()
    done = doctor("--json")
    assert done.exit_code == 1
    (finding,) = [f for fs in found(done).values() for f in fs if f["state"] == "wrong"]
    assert finding["name"] == "CloudZero, key"
    assert "nothing is allowed" in finding["says"]
    assert "403 Forbidden" in finding["says"]
    assert "without 'Bearer'" in finding["to_do"]


def test_each_setting_of_cloudzero_that_is_missing_is_named(
    inbox: Inbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = ("CLOUDZERO_CONNECTION_ID", "CLOUDZERO_API_KEY")
    for name in names:
        monkeypatch.delenv(name, raising=False)
    says = [one["says"] for one in found(doctor("--json"))["CloudZero"]]
    assert [name for one in says for name in names if f"{name} is not set" in one] == [*names]


def test_a_bucket_that_is_not_there_is_named_and_what_stands_on_it_skipped(
    inbox: Inbox, cloudzero: CloudZeroStandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CREDITS_BUCKET", "no-such-bucket")
    done = doctor("--json")
    assert done.exit_code == 1
    (finding,) = found(done)["inbox"]
    assert finding["state"] == "wrong"
    assert "no-such-bucket" in finding["says"]
    assert finding["to_do"].startswith("check CREDITS_BUCKET")
    assert found(done)["inbox, reading"][0]["state"] == "skipped"
    assert found(done)["storage"][0]["state"] == "ok"


def test_an_inbox_that_may_be_listed_and_not_read_is_wrong(
    inbox: Inbox, cloudzero: CloudZeroStandIn
) -> None:
    inbox.upload("credits-2025-01.csv", b"047210934418,$1.00\n")
    forbids = {"Effect": "Deny", "Principal": "*", "Action": "s3:GetObject"}
    policy = {
        "Version": "2012-10-17",
        "Statement": [{**forbids, "Resource": f"arn:aws:s3:::{inbox.bucket}/*"}],
    }
    aws.s3_client().put_bucket_policy(Bucket=inbox.bucket, Policy=json.dumps(policy))
    done = doctor("--json")
    assert found(done)["inbox"][0]["state"] == "ok"
    (finding,) = found(done)["inbox, reading"]
    assert finding["state"] == "wrong"
    assert "s3:GetObject" in finding["to_do"]
    assert done.exit_code == 1


def test_a_bucket_with_versions_is_asked_for_one(
    versioned_inbox: Inbox, cloudzero: CloudZeroStandIn
) -> None:
    versioned_inbox.upload("credits-2025-01.csv", b"047210934418,$1.00\n")
    assert "the bucket keeps versions" in found(doctor("--json"))["inbox, reading"][0]["says"]


def test_settings_that_can_t_be_used_or_are_misspelt_are_named(
    inbox: Inbox, cloudzero: CloudZeroStandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CREDITS_ADOPT_DAYS", "soon")
    monkeypatch.setenv("CREDITS_HOLD_TIMES", "1")
    monkeypatch.setenv("CREDITS_BUKET", "x")
    done = doctor("--json")
    assert done.exit_code == 1
    told = found(done)["settings"]
    assert [finding["state"] for finding in told] == ["wrong", "wrong", "note"]
    texts = [finding["says"] for finding in told]
    for name, text in zip(
        ("CREDITS_ADOPT_DAYS", "CREDITS_HOLD_TIMES", "CREDITS_BUKET"), texts, strict=True
    ):
        assert name in text


@pytest.mark.parametrize(
    ("name", "value", "state", "says"),
    [
        ("CREDITS_ALERT_SNS", "arn:aws:sns:us-east-1:123456789012:credits", "ok", "go to "),
        ("CREDITS_ALERT_SLACK", "ftp://hooks.example.com/SECRET", "wrong", "CREDITS_ALERT_SLACK"),
        ("CREDITS_ALERT_EMAIL", "ada@example.com", "wrong", "CREDITS_ALERT_SMTP"),
    ],
)
def test_channels_of_alerts_are_named_and_their_secrets_are_not(
    inbox: Inbox,
    cloudzero: CloudZeroStandIn,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    value: str,
    state: str,
    says: str,
) -> None:
    monkeypatch.setenv(name, value)
    done = doctor("--json")
    (finding,) = found(done)["alerts"]
    assert finding["state"] == state
    assert says in finding["says"]
    assert "SECRET" not in done.output


@pytest.mark.parametrize("name", ["CLOUDZERO_API_KEY", "CLOUDZERO_CONNECTION_ID", "CREDITS_BUCKET"])
def test_a_setting_that_is_missing_is_named_with_the_way_to_the_env_file(
    inbox: Inbox,
    cloudzero: CloudZeroStandIn,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    name: str,
) -> None:
    monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".env").write_text(f"{name}=x\n")
    done = doctor("--json")
    assert done.exit_code == 1
    (finding,) = [f for fs in found(done).values() for f in fs if f["state"] == "wrong"]
    assert f"{name} is not set" in finding["says"]
    assert "set -a; . ./.env; set +a" in finding["to_do"]


def test_a_storage_that_can_t_be_written_is_wrong(
    inbox: Inbox, cloudzero: CloudZeroStandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CREDITS_STORAGE", "/dev/null/storage")
    done = doctor("--json")
    assert done.exit_code == 1
    (finding,) = found(done)["storage"]
    assert "Not a directory" in finding["says"]
    assert "CREDITS_STORAGE" in finding["to_do"]


def test_a_stream_that_is_in_use_is_left_alone(inbox: Inbox, cloudzero: CloudZeroStandIn) -> None:
    with FileStreamLock(cloudzero.base_url, CONNECTION_ID).hold():
        done = doctor("--json")
    assert done.exit_code == 0
    assert "is in use by another run" in found(done)["the stream's lock"][0]["says"]
    assert found(done)["the key's scopes"][0]["state"] == "skipped"
    assert not cloudzero.log


def test_a_cloudzero_that_does_not_answer_is_reported_once(
    inbox: Inbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    monkeypatch.setenv("CLOUDZERO_BASE_URL", f"http://127.0.0.1:{port}")
    monkeypatch.setenv("CLOUDZERO_CONNECTION_ID", CONNECTION_ID)
    monkeypatch.setenv("CLOUDZERO_API_KEY", API_KEY)
    monkeypatch.setattr(stream, "_PATIENCE_SECONDS", 1)
    done = doctor("--json")
    assert done.exit_code == 1
    (finding,) = found(done)["CloudZero's answer"]
    assert finding["state"] == "wrong"
    assert finding["to_do"]
    assert found(done)["the key's scopes"][0]["state"] == "skipped"


def test_an_instance_that_can_t_be_opened_is_wrong(
    inbox: Inbox, cloudzero: CloudZeroStandIn, dagster_home: Path
) -> None:
    (dagster_home / "dagster.yaml").write_text("run_storage: {module: no.such, class: Storage}\n")
    done = doctor("--json")
    assert done.exit_code == 1
    (finding,) = found(done)["Dagster's home"]
    assert finding["state"] == "wrong"
    assert str(dagster_home) in finding["says"]


def test_a_home_without_run_retries_is_noted(
    inbox: Inbox, cloudzero: CloudZeroStandIn, dagster_home: Path
) -> None:
    (dagster_home / "dagster.yaml").write_text("telemetry: {enabled: false}\n")
    (finding,) = found(doctor("--json"))["runs that die"]
    assert finding["state"] == "note"
    assert finding["says"].startswith("run_retries and run_monitoring are off")


@pytest.mark.parametrize(
    ("retries", "state"),
    [
        ("{enabled: true}", "note"),
        ("{enabled: true, retry_on_asset_or_op_failure: true}", "note"),
        ("{enabled: true, retry_on_asset_or_op_failure: false}", "ok"),
    ],
)
def test_runs_that_a_person_has_to_look_at_are_not_to_be_started_again(
    inbox: Inbox, cloudzero: CloudZeroStandIn, dagster_home: Path, retries: str, state: str
) -> None:
    (dagster_home / "dagster.yaml").write_text(
        "telemetry: {enabled: false}\nrun_monitoring: {enabled: true}\n"
        f"run_retries: {retries}\n"
    )
    (finding,) = found(doctor("--json"))["runs that die"]
    assert finding["state"] == state
    assert (state == "ok") == ("retry_on_asset_or_op_failure" not in finding["says"])


def test_the_daemon_of_a_running_installation_is_seen(
    inbox: Inbox, cloudzero: CloudZeroStandIn, dagster_home: Path
) -> None:
    from dagster._daemon.types import DaemonHeartbeat

    with dg.DagsterInstance.get() as instance:
        instance.add_daemon_heartbeat(
            DaemonHeartbeat(datetime.now(UTC).timestamp(), "SENSOR", "daemon-1", [])
        )
    (finding,) = found(doctor("--json"))["Dagster's daemon"]
    assert finding["state"] == "ok"


@pytest.mark.parametrize(
    ("seconds", "state"), [(0, "ok"), (-59, "ok"), (61, "note"), (-3600, "wrong"), (901, "wrong")]
)
def test_a_clock_that_is_off_is_reported_before_s3_refuses_it(seconds: int, state: str) -> None:
    asked = datetime(2025, 2, 3, 10, 11, 12, 300_000, tzinfo=UTC)
    theirs = (asked + timedelta(seconds=seconds)).replace(microsecond=0)
    finding = bucket._clock(theirs, asked, asked + timedelta(seconds=0.2))
    assert finding.state == state


def test_people_get_a_line_for_each_and_never_the_key(
    inbox: Inbox, cloudzero: CloudZeroStandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CREDITS_BUCKET", "no-such-bucket")
    done = doctor()
    assert done.exit_code == 1
    assert "\x1b" not in done.stdout
    lines = done.stdout.splitlines()
    assert any(line.startswith("ok       versions: credits-pipeline") for line in lines)
    assert any(line.startswith("wrong    inbox: S3 refused") for line in lines)
    assert "         What to do: check CREDITS_BUCKET" in done.stdout
    assert done.stderr.endswith("1 wrong\n")
    code, shown = on_a_terminal("doctor")
    assert code == 1
    assert "\x1b[32m✓" in shown
    assert "Asking CloudZero" in shown
    assert API_KEY not in done.output + shown


def test_it_reads_every_setting_that_is_not_free_text() -> None:
    free = {settings.BASE_URL, settings.DESCRIPTION, settings.SERVICE}
    missing = {v.name for v in settings.VARIABLES if v.default and v not in free | PARSERS.keys()}
    assert missing == set(), (
        "say how it is read in PARSERS of credits_pipeline/doctor/environment.py"
    )


def test_what_a_month_needs_by_default_can_be_read_by_it() -> None:
    for variable, parse in PARSERS.items():
        assert variable.default is not None
        parse(variable.default)
    assert BillingMonth.parse(settings.START_MONTH.default or "")


def test_with_dagster_in_postgresql_the_lock_is_there_and_its_password_nowhere(
    inbox: Inbox,
    cloudzero: CloudZeroStandIn,
    dagster_home: Path,
    postgres: PostgresServer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    yaml = (dagster_home / "dagster.yaml").read_text()
    yaml += postgres.dagster_yaml(postgres.create_database())
    (dagster_home / "dagster.yaml").write_text(yaml)
    monkeypatch.setenv(PASSWORD_VARIABLE, PASSWORD)
    done = doctor("--json")
    assert done.exit_code == 0, done.output
    assert "PostgresRunStorage" in found(done)["Dagster's home"][0]["says"]
    assert found(done)["the stream's lock"][0] == {
        "name": "the stream's lock",
        "state": "ok",
        "says": "in Dagster's PostgreSQL can be taken",
        "to_do": "",
    }
    down = yaml.replace(f"port: {postgres.port}", "port: 1")
    (dagster_home / "dagster.yaml").write_text(down)
    done_without = doctor("--json")
    assert done_without.exit_code == 1
    assert found(done_without)["Dagster's home"][0]["state"] == "wrong"
    assert PASSWORD not in done.output + done_without.output


@pytest.mark.parametrize("answer", [200, 404])
def test_a_channel_that_is_tried_gets_one_message_or_says_why_not(
    webhook: Webhook, mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch, answer: int
) -> None:
    monkeypatch.setenv("CREDITS_ALERT_SLACK", webhook.url)
    monkeypatch.setenv("CREDITS_ALERT_EMAIL", "finops@example.com")
    server = f"smtp://127.0.0.1:{mailbox.port}?from=credits@example.com"
    monkeypatch.setenv("CREDITS_ALERT_SMTP", server)
    webhook.answers = [answer]
    slack, mail = found(doctor("--json", "--try-alerts"))["alerts"]
    assert slack["state"] == ("ok" if answer == 200 else "wrong")
    assert len(webhook.taken) == (answer == 200)
    assert mail["state"] == "ok"
    assert mailbox.subjects == ["[credits] credits-pipeline: this is what alerts look like"]
    assert len(found(doctor("--json"))["alerts"]) == 1
    assert webhook.asked == len(mailbox.taken) == 1
