"""Real servers for the tests: S3 and CloudZero over HTTP, each test with its own bucket."""

import gc
import os
import signal
from collections.abc import Generator, Iterator
from itertools import count
from pathlib import Path

import hypothesis
import pytest

from credits_pipeline.core import aws
from credits_pipeline.credits.inbox.bucket import Inbox
from credits_pipeline.sandbox.cloudzero import SCOPES, CloudZeroStandIn
from credits_pipeline.sandbox.s3 import EmbeddedS3, embedded_s3
from credits_pipeline_tests.order import longest_first
from credits_pipeline_tests.postgres import PostgresServer, missing, postgres_server
from credits_pipeline_tests.scratch import leave, quick_folder, write_to
from credits_pipeline_tests.skips import failed_if_skipped

# A slow example on a busy machine is no fault. CI tries the same examples every time, so that a
# failure there is due to the change; all other runs try different ones.
_BUSY = {"deadline": None, "suppress_health_check": [hypothesis.HealthCheck.too_slow]}
hypothesis.settings.register_profile("ci", **_BUSY, derandomize=True, print_blob=True)
hypothesis.settings.register_profile("here", **_BUSY)
hypothesis.settings.load_profile("ci" if os.environ.get("CI") == "true" else "here")

# A shell starts background processes with Ctrl-C ignored, and children inherit that: processes
# that tests start and interrupt would never notice.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

API_KEY = "key-for-tests-5f1d7c"
CONNECTION_ID = "stream-for-tests"
OTHER_CONNECTION_ID = "another-stream-for-tests"
_numbers = count()


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Write to memory, and make processes fast; workers inherit the same."""
    # There are as many processes as cores: threads for each core in each of them would only wait.
    os.environ.setdefault("POLARS_MAX_THREADS", "1")
    quick, found = str(Path(__file__).parent / "quick"), os.environ.get("PYTHONPATH", "")
    if quick not in found.split(os.pathsep):
        os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, (quick, found)))
    folder = quick_folder()
    if folder is not None:
        write_to(folder)
        config.add_cleanup(lambda: leave(folder))


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Collect garbage rarely: imported objects stay, and searching them takes long."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.set_threshold(10_000, 20, 20)
        gc.enable()


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Start with the files that take longest."""
    items[:] = longest_first(items)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """If CI is set, a missing part is a failure and not a skip."""
    report = yield
    failed_if_skipped(report)
    return report


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No setting of the machine reaches a test."""
    for name in list(os.environ):
        if name.startswith(
            ("AWS_", "AZURE_", "CREDITS_", "CLOUDZERO_", "DAGSTER_", "FINOPS_", "GOOGLE_")
        ):
            monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", os.devnull)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("CREDITS_STORAGE", str(tmp_path / "storage"))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    aws.forget_clients()


@pytest.fixture(scope="session", autouse=True)
def no_power_cut() -> Iterator[None]:
    """A run waits for the disk fifty times, which would matter only in a power cut.

    Processes that tests start and kill still wait for it.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", lambda handle: (os.fstat(handle), None)[1])
        yield


@pytest.fixture(scope="session")
def s3_server() -> Iterator[EmbeddedS3]:
    with embedded_s3() as s3:
        yield s3


@pytest.fixture
def s3(s3_server: EmbeddedS3, monkeypatch: pytest.MonkeyPatch) -> EmbeddedS3:
    """The S3 server, set in this process's environment."""
    for name, value in s3_server.environment.items():
        monkeypatch.setenv(name, value)
    aws.forget_clients()
    return s3_server


@pytest.fixture
def inbox(s3: EmbeddedS3, monkeypatch: pytest.MonkeyPatch) -> Inbox:
    """This test's own empty bucket."""
    bucket = f"inbox-{os.getpid()}-{next(_numbers)}"
    aws.s3_client().create_bucket(Bucket=bucket)
    monkeypatch.setenv("CREDITS_BUCKET", bucket)
    return Inbox(bucket)


@pytest.fixture
def versioned_inbox(inbox: Inbox) -> Inbox:
    """The same, with versions."""
    aws.s3_client().put_bucket_versioning(
        Bucket=inbox.bucket, VersioningConfiguration={"Status": "Enabled"}
    )
    return inbox


@pytest.fixture
def cloudzero(monkeypatch: pytest.MonkeyPatch) -> Iterator[CloudZeroStandIn]:
    """CloudZero's stand-in, set in this process's environment."""
    with CloudZeroStandIn(
        port=0, keys={API_KEY: SCOPES}, connections=[CONNECTION_ID, OTHER_CONNECTION_ID]
    ) as stand_in:
        monkeypatch.setenv("CLOUDZERO_BASE_URL", stand_in.base_url)
        monkeypatch.setenv("CLOUDZERO_CONNECTION_ID", CONNECTION_ID)
        monkeypatch.setenv("CLOUDZERO_API_KEY", API_KEY)
        yield stand_in


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """A PostgreSQL server; each user creates a separate database."""
    pytest.importorskip("psycopg2")
    why_not = missing()
    if why_not:
        pytest.skip(why_not)
    with postgres_server() as server:
        yield server
