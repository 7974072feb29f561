"""Where steps run: the setting, and what a code location says about it."""

import json
import os
import subprocess
import sys
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.remote_representation.external_data import RepositorySnap
from dagster._serdes import serialize_value

from credits_pipeline.core.settings import SettingError
from credits_pipeline.credits.assets.build import build_code_location, build_definitions
from credits_pipeline.credits.assets.executor import executor_of_settings
from credits_pipeline.credits.assets.resources import StorageResource
from credits_pipeline_tests.credits.assets.conftest import JANUARY, Pipeline

PASSWORD = "broker-password-for-tests-77c1"
BROKER = f"redis://:{PASSWORD}@127.0.0.1:1/0"
MATERIALISE = [sys.executable, "-m", "dagster", "asset", "materialize"]
MATERIALISE += ["-m", "credits_pipeline.definitions", "--partition", JANUARY.partition_key]


@pytest.mark.parametrize("name", ["in_process", "multiprocess", "celery"])
def test_the_setting_names_the_executor_of_every_job(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv("CREDITS_EXECUTOR", name)
    monkeypatch.setenv("CREDITS_CELERY_BROKER", BROKER)
    defs = build_code_location()
    for job in ("credits_month", "__ASSET_JOB", "credits_still_held"):
        assert defs.resolve_job_def(job).executor_def.name == name


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"CREDITS_EXECUTOR": "ray"}, "it is one of in_process, multiprocess, celery"),
        ({"CREDITS_EXECUTOR": "celery"}, "CREDITS_CELERY_BROKER can't be used"),
        (
            {"CREDITS_EXECUTOR": "celery", "CREDITS_CELERY_BROKER": f"amqp://u:{PASSWORD}@host"},
            "CREDITS_CELERY_BROKER can't be used: it is an address such as redis://",
        ),
        (
            {
                "CREDITS_EXECUTOR": "celery",
                "CREDITS_CELERY_BROKER": BROKER,
                "CREDITS_CELERY_SECONDS": "soon",
            },
            "CREDITS_CELERY_SECONDS='soon' can't be used",
        ),
    ],
)
def test_what_can_t_be_used_is_named_and_no_password_with_it(
    monkeypatch: pytest.MonkeyPatch, settings: dict[str, str], says: str
) -> None:
    for variable, value in settings.items():
        monkeypatch.setenv(variable, value)
    with pytest.raises(SettingError) as told:
        executor_of_settings()
    assert says in str(told.value)
    assert PASSWORD not in str(told.value)


# Dagster reads its own deprecated property here.
@pytest.mark.filterwarnings("ignore:Property .ScheduleDefinition:DeprecationWarning")
def test_what_a_code_location_tells_of_itself_holds_no_password(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("CREDITS_EXECUTOR", "celery")
    monkeypatch.setenv("CREDITS_CELERY_BROKER", BROKER)
    told = serialize_value(RepositorySnap.from_def(build_definitions().get_repository_def()))
    assert "credits_month" in told
    assert PASSWORD not in told


def test_a_run_that_is_executed_by_hand_needs_no_worker(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As `credits-pipeline clear` does it."""
    monkeypatch.setenv("CREDITS_EXECUTOR", "celery")
    monkeypatch.setenv("CREDITS_CELERY_BROKER", BROKER)
    pipeline.defs = build_definitions()
    pipeline.upload(b"047210934418,$1.00\n")
    assert pipeline.run().success
    assert pipeline.held() == {"047210934418": "-1.00"}


def test_a_step_in_a_process_of_its_own_does_what_it_does_in_the_run_s(
    pipeline: Pipeline, tmp_path: Path
) -> None:
    pipeline.upload(b"047210934418,$1.00\n")
    home = tmp_path / "home"
    home.mkdir()
    (home / "dagster.yaml").write_text("telemetry: {enabled: false}")
    done = subprocess.run(
        [*MATERIALISE, "--select", "raw_credits_csv,credits"],
        env={**os.environ, "DAGSTER_HOME": str(home), "CREDITS_EXECUTOR": "multiprocess"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "Multiprocess executor: parent process exiting" in done.stderr
    found = StorageResource().archive().find("credits", JANUARY)
    assert found is not None


def test_the_workers_read_the_same_settings_and_load_nothing_that_must_not_be_forked() -> None:
    script = """
import json, sys
from credits_pipeline.credits.assets.celery_app import app
print(json.dumps({
    "broker": app.conf.broker_url,
    "late": app.conf.task_acks_late,
    "again": bool(app.conf.task_reject_on_worker_lost),
    "silence": app.conf.broker_transport_options["visibility_timeout"],
    "forked": sorted({"polars", "pandera", "httpx", "boto3"} & sys.modules.keys()),
}))"""
    settings = {"CREDITS_CELERY_BROKER": BROKER, "CREDITS_CELERY_SECONDS": "77"}
    done = subprocess.run(
        [sys.executable, "-c", script],
        env={**os.environ, **settings},
        capture_output=True,
        text=True,
        check=True,
    )
    assert json.loads(done.stdout) == {
        "broker": BROKER,
        "late": True,
        "again": False,
        "silence": 77,
        "forked": [],
    }


def test_the_executor_may_also_be_an_argument() -> None:
    mine = dg.multiprocess_executor.configured({"max_concurrent": 2}, name="mine")
    defs = build_definitions(executor=mine)
    assert defs.resolve_job_def("credits_month").executor_def.name == "mine"
