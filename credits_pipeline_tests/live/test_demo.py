"""`credits-pipeline demo` and `sandbox` as a newcomer runs them, in separate processes."""

import os
import re
import shlex
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import boto3
import httpx
import pytest
from filelock import FileLock
from typer.testing import CliRunner

from credits_pipeline.cli import app
from credits_pipeline.sandbox.servers import clean_environment
from credits_pipeline_tests.live.world import members

pytestmark = [pytest.mark.live, pytest.mark.timeout(900)]

COMMAND = [sys.executable, "-c", "from credits_pipeline.cli import main; main()"]
#: Python's own hook; it hides from a process everything that the second wing needs.
CREDITS_ONLY = "import sys; sys.modules.update(duckdb=None, obstore=None, streamlit=None)\n"
#: What every demo prints about its sample month.
OF_THE_MONTH = (
    "the sensor credits_files saw it",
    "check ledger_closes: passed",
    "the receipt says: verified",
    "$202,487.80",
)


@contextmanager
def started(*words: str, folder: Path, **more: str) -> Iterator[subprocess.Popen[str]]:
    """A command in its own process group, which ends with the block whatever happens."""
    process = subprocess.Popen(
        [*COMMAND, *words],
        cwd=folder,
        env=clean_environment(XDG_STATE_HOME=str(folder / "state"), **more),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            # The leftovers of a killed demo are in separate groups.
            for pid in children_of(folder):
                os.kill(pid, signal.SIGKILL)
        process.communicate()


def wait_for_line(
    process: subprocess.Popen[str], pattern: str, seen: list[str] | None = None
) -> re.Match[str]:
    """The first line with the pattern; fails with all lines if the command ends first."""
    assert process.stdout is not None
    seen = [] if seen is None else seen
    for line in process.stdout:
        seen.append(line)
        found = re.search(pattern, line)
        if found:
            return found
    raise AssertionError(f"{pattern!r} was not said:\n{''.join(seen)}")


def children_of(folder: Path) -> dict[int, str]:
    """The command line of every process that runs in a folder or mentions it."""
    found = {}
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            words = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode()
            where = str((entry / "cwd").readlink())
        except OSError:
            continue
        if str(folder) in words or where.startswith(str(folder)):
            found[int(entry.name)] = words
    return found


def test_once_ends_by_itself_with_a_verified_receipt_where_only_credits_are_installed(
    tmp_path: Path,
) -> None:
    hook = tmp_path / "hook"
    hook.mkdir()
    (hook / "sitecustomize.py").write_text(CREDITS_ONLY)
    path = os.pathsep.join([str(hook), *filter(None, sys.path)])
    with started("demo", "--once", folder=tmp_path, PYTHONPATH=path) as process:
        told, _ = process.communicate(timeout=800)
    assert process.returncode == 0, told
    for text in OF_THE_MONTH:
        assert text in told
    assert re.search(r"accounts known to CloudZero\W+checked", told)
    assert "bills" not in told
    assert children_of(tmp_path) == {}


def test_the_demo_stays_up_until_it_is_interrupted_and_leaves_nothing_behind(
    tmp_path: Path,
) -> None:
    with started("demo", "--months", "2", folder=tmp_path) as process:
        seen: list[str] = []
        url = wait_for_line(process, r"Dagster answers at (http://\S+)", seen)[1]
        wait_for_line(process, "End with Ctrl-C", seen)
        told = "".join(seen)
        for text in (
            *OF_THE_MONTH,
            "every bill adds up to the total that its generator wrote down",
            "the organisation was scanned",
            "Everything could be seen",
        ):
            assert text in told
        assert re.search(r"/optimization\?finding=[0-9a-f]{16}\n", told)
        pages = re.findall(r"the pages answer at (http://[^/\s]+)", told)
        assert len(pages) == 1
        # One server has the pages' port: a second one would end, and the demo with it.
        log = (tmp_path / ".demo" / "dagster" / "pages.log").read_text()
        assert "address already in use" not in log
        for asked in (f"{url}/server_info", f"{pages[0]}/healthz"):
            assert httpx.get(asked, trust_env=False).status_code == 200
        # Another terminal is in the same room.
        shown = subprocess.run(
            ["bash", "-c", f". .demo/env && {shlex.join([*COMMAND, 'months'])}"],  # noqa: S607 - a person's own shell
            cwd=tmp_path,
            env=clean_environment(),
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        assert re.search(r"^2025-01 +verified +\$202,487\.80", shown, re.MULTILINE)
        assert process.poll() is None
        assert len(children_of(tmp_path)) > 2
        os.kill(process.pid, signal.SIGINT)
        assert process.wait(timeout=240) == 0
    deadline = time.monotonic() + 120
    while children_of(tmp_path) and time.monotonic() < deadline:
        time.sleep(0.2)
    assert children_of(tmp_path) == {}
    assert members(process.pid) == []


def test_a_port_that_is_taken_is_told_at_once(tmp_path: Path) -> None:
    home = tmp_path / ".demo"
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        done = CliRunner().invoke(app, ["demo", "--home", str(home), "--port", port])
    assert done.exit_code == 1
    assert f"port {port} is in use: choose another with --port" in done.stdout.replace("\n", " ")
    assert not home.exists()


def test_a_second_demo_leaves_the_first_one_s_state_alone(tmp_path: Path) -> None:
    home = tmp_path / ".demo"
    home.mkdir()
    (home / "made-by-credits-pipeline-demo").touch()
    # As a demo that runs in the folder holds it.
    with FileLock(tmp_path / ".demo.lock"):
        done = CliRunner().invoke(app, ["demo", "--home", str(home)])
    assert done.exit_code == 1
    told = " ".join(done.stdout.split())
    assert "already: end it, or choose another folder with --home" in told
    assert list(home.iterdir()) != []


def test_a_folder_with_something_else_is_not_emptied(tmp_path: Path) -> None:
    (tmp_path / ".demo").mkdir()
    (tmp_path / ".demo" / "precious.txt").write_text("mine")
    with started("demo", "--once", folder=tmp_path) as process:
        told, _ = process.communicate(timeout=240)
    assert process.returncode == 1
    assert "contains files that no demo made" in told
    assert (tmp_path / ".demo" / "precious.txt").read_text() == "mine"


def test_the_sandbox_prints_an_environment_that_works(tmp_path: Path) -> None:
    with started("sandbox", folder=tmp_path) as process:
        printed = {}
        while "CLOUDZERO_API_KEY" not in printed:
            line = wait_for_line(process, r"^export (\w+)=(\S+)$")
            printed[line[1]] = line[2]
        s3 = boto3.client(
            "s3",
            endpoint_url=printed["AWS_ENDPOINT_URL_S3"],
            region_name=printed["AWS_REGION"],
            aws_access_key_id=printed["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=printed["AWS_SECRET_ACCESS_KEY"],
        )
        s3.put_object(Bucket=printed["CREDITS_BUCKET"], Key="a", Body=b"1")
        s3.close()
        path = f"/v2/connections/billing/anycost/{printed['CLOUDZERO_CONNECTION_ID']}/billing_drops"
        answer = httpx.get(
            printed["CLOUDZERO_BASE_URL"] + path,
            headers={"Authorization": printed["CLOUDZERO_API_KEY"]},
            trust_env=False,
        )
        assert answer.json() == {"billing_drops": []}
        os.kill(process.pid, signal.SIGTERM)
        assert process.wait(timeout=120) == 0


def test_the_sandbox_warns_of_a_file_that_would_lead_dagster_to_a_real_account(
    tmp_path: Path,
) -> None:
    (tmp_path / ".env").write_text("CLOUDZERO_BASE_URL=https://api.cloudzero.com\n")
    with started("sandbox", folder=tmp_path) as process:
        wait_for_line(process, r"dg dev` reads \.env .* move it away first")
        os.kill(process.pid, signal.SIGTERM)
        assert process.wait(timeout=120) == 0
