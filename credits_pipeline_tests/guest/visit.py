"""A visit to the company: what must work in its project, with any Dagster.

``python -m credits_pipeline_tests.guest.visit oldest newest`` makes one with the oldest and one
with the newest Dagster that the package allows.
"""

import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import httpx
from packaging.requirements import Requirement
from packaging.version import Version

from credits_pipeline.sandbox.cloudzero import SCOPES, CloudZeroStandIn
from credits_pipeline.sandbox.dagster_dev import free_port
from credits_pipeline.sandbox.s3 import CREDENTIALS, embedded_s3
from credits_pipeline_tests.guest.environment import ROOT, Guest, make
from credits_pipeline_tests.waiting import eventually

GOOD = b"047210934418,$150000.00\n"
#: One row can't be read: the month is blocked until a person decides.
BLOCKED = b"047210934418,$120000.00\nrubbish,$2.00\n"
US, EU = "stream-us", "stream-eu"
EU_FOLDER = "src/acme/defs/eu"


@dataclass(frozen=True)
class Company:
    """Where the company's buckets and streams are.

    Attributes:
        told: the environment of its processes.
        cloudzero: the stand-in of both streams.
        s3_url: where its buckets are.
    """

    told: Mapping[str, str]
    cloudzero: CloudZeroStandIn
    s3_url: str

    def upload(self, bucket: str, key: str, content: bytes) -> None:
        """Upload a file to one of its inboxes."""
        client = boto3.client(
            "s3",
            endpoint_url=self.s3_url,
            region_name=CREDENTIALS["AWS_REGION"],
            aws_access_key_id=CREDENTIALS["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=CREDENTIALS["AWS_SECRET_ACCESS_KEY"],
        )
        client.put_object(Bucket=bucket, Key=key, Body=content)
        client.close()

    def held(self, stream: str, month: str) -> dict[str, str]:
        """What CloudZero holds, by account."""
        rows = self.cloudzero.rows(stream, month)
        return {row["resource/account"]: row["cost/cost"] for row in rows}


@contextmanager
def company(folder: Path) -> Iterator[Company]:
    """Two buckets, two streams with a key each, and their storages."""
    stand_in = CloudZeroStandIn(
        port=0, keys={"key-us": SCOPES, "key-eu": SCOPES}, connections=[US, EU]
    )
    with embedded_s3("credits-us") as s3, stand_in as cloudzero:
        home = folder / "dagster"
        home.mkdir()
        told = {
            **s3.environment,
            "DAGSTER_HOME": str(home),
            "XDG_STATE_HOME": str(folder / "state"),
            "ACME_SHELF": str(folder / "shelf"),
            "CREDITS_BUCKET": "credits-us",
            "CREDITS_STORAGE": str(folder / "us"),
            "CREDITS_SENSOR_SECONDS": "1",
            "CLOUDZERO_BASE_URL": cloudzero.base_url,
            "CLOUDZERO_CONNECTION_ID": US,
            "CLOUDZERO_API_KEY": "key-us",
            "EU_BUCKET": "credits-eu",
            "EU_STORAGE": str(folder / "eu"),
            "EU_CONNECTION_ID": EU,
            "EU_API_KEY": "key-eu",
        }
        found = Company(told, cloudzero, s3.endpoint_url)
        client = boto3.client(
            "s3",
            endpoint_url=s3.endpoint_url,
            region_name=CREDENTIALS["AWS_REGION"],
            aws_access_key_id=CREDENTIALS["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=CREDENTIALS["AWS_SECRET_ACCESS_KEY"],
        )
        client.create_bucket(Bucket="credits-eu")
        client.close()
        yield found


def definitions_load(guest: Guest, company: Company) -> None:
    """`dg check defs` accepts the project, without a warning."""
    done = guest.run("dg", "check", "defs", told=company.told)
    printed = done.stdout + done.stderr
    assert "All definitions loaded successfully" in printed
    assert "Warning" not in printed


def streams_are_listed(guest: Guest, company: Company) -> None:
    """`dg list defs` has both streams and the company's own, and `dg` shows a YAML's fields."""
    listed = guest.run("dg", "list", "defs", "--json", told=company.told).stdout
    assets = {one["asset_key"] for one in json.loads(listed)["assets"]}
    assert {"us/cloudzero_drop", "eu/cloudzero_drop", "loyalty/credits", "visits"} <= assets
    kind = "credits_pipeline.component.CreditsPipelineComponent"
    schema = guest.run("dg", "utils", "inspect-component", kind, told=company.told).stdout
    assert all(f'"{name}"' in schema for name in ("hold_times", "due_day", "alert_slack_variable"))


def a_stream_is_scaffolded(guest: Guest, company: Company) -> None:
    """`dg scaffold` starts a third stream, which loads once its variables are set."""
    kind = "credits_pipeline.component.CreditsPipelineComponent"
    guest.run("dg", "scaffold", "defs", kind, "apac", told=company.told)
    folder = guest.project / "src/acme/defs/apac"
    try:
        refused = guest.run("dg", "check", "defs", told=company.told, fails=True)
        assert refused.returncode != 0
        assert "apac has no bucket and no storage and no connection_id of its own" in re.sub(
            r"\s+", " ", refused.stdout + refused.stderr
        )
        more = {"APAC_BUCKET": "b", "APAC_STORAGE": "/tmp/apac", "APAC_CONNECTION_ID": "apac"}  # noqa: S108 - nothing is kept there
        guest.run("dg", "check", "defs", told={**company.told, **more})
    finally:
        shutil.rmtree(folder)


def it_comes_up(guest: Guest, company: Company) -> None:
    """`dg dev` serves the project, its sensors read both inboxes, and it warns about nothing."""
    port, log = free_port(), guest.project / "dev.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [str(guest.environment / "bin" / "dg"), "dev", "--port", str(port)],
            cwd=guest.project,
            env=guest.told(company.told),
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )

    def is_up() -> bool:
        assert process.poll() is None, log.read_text()
        looked = log.read_text()
        # A tick of each is over, whether it found files or not.
        sensors = ("credits_files", "credits_files_eu")
        ticked = all(
            re.search(rf"Sensor {one} skipped: |for sensor {one}\b", looked) for one in sensors
        )
        return ticked and _loaded(port) == {"acme": "RepositoryLocation"}

    try:
        eventually(is_up, f"the project is served, see {log}")
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
        try:
            process.wait(60)
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
    assert re.findall(r".*[a-z]Warning.*", log.read_text()) == []


def _loaded(port: int) -> dict[str, str]:
    """The state of each code location, as the webserver on a port says; empty if it is silent."""
    query = """{ workspaceOrError { ... on Workspace { locationEntries {
        name locationOrLoadError { __typename } } } } }"""
    try:
        answer = httpx.post(
            f"http://127.0.0.1:{port}/graphql", json={"query": query}, trust_env=False
        )
    except httpx.HTTPError:
        return {}
    entries = answer.json()["data"]["workspaceOrError"]["locationEntries"]
    return {
        one["name"]: one["locationOrLoadError"]["__typename"]
        for one in entries
        if one["locationOrLoadError"]
    }


def months_run(guest: Guest, company: Company) -> None:
    """A month of each stream goes to its own, and the company's failure concerns no month."""
    company.upload("credits-us", "credits-2025-01.csv", GOOD)
    company.upload("credits-eu", "credits-2025-03.csv", GOOD.replace(b"150000", b"90000"))
    company.upload("credits-eu", "credits-2025-04.csv", BLOCKED)
    wanted = {
        "credits_month=2025-01-01": (True, "verified"),
        "credits_month_eu=2025-03-01": (True, "verified"),
        "credits_month_eu=2025-04-01": (False, "blocked"),
        "loyalty_month=2025-02-01": (False, None),
    }
    done = guest.run("python", "-m", "acme.tour", *wanted, told=company.told)
    told: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    ended = {one: (told[one]["success"], told[one]["verdict"]) for one in wanted}
    assert ended == wanted, done.stdout + done.stderr
    assert told["points"]["success"]
    assert company.held(US, "2025-01") == {"047210934418": "-150000.00"}
    assert company.held(EU, "2025-03") == {"047210934418": "-90000.00"}
    assert company.held(US, "2025-03") == company.held(EU, "2025-04") == {}


def commands_work_for_the_stream_that_is_named(guest: Guest, company: Company) -> None:
    """`months`, `report` and `decide` of a stream use its storage and run its own month."""

    def ended(*words: str) -> tuple[int, str]:
        done = guest.run("credits-pipeline", *words, told=company.told, fails=True)
        return done.returncode, done.stdout + ("" if done.returncode < 2 else done.stderr)

    def verdicts(*stream: str) -> dict[str, str]:
        _, printed = ended(*stream, "months", "--json")
        return {
            one["billing_month"]: one["verdict"]
            for one in json.loads(printed)["months"]
            if one["verdict"]
        }

    eu = ("--stream", EU_FOLDER)
    assert verdicts() == {"2025-01": "verified"}
    assert verdicts(*eu) == {"2025-03": "verified", "2025-04": "blocked"}
    code, report = ended(*eu, "report", "2025-04")
    assert code == 1
    # The pasted command of the report is about this stream, and so is the launchpad's config.
    (pasted,) = re.findall(r"^credits-pipeline .*--accept-rejected.*$", report, re.MULTILINE)
    assert pasted.startswith(f"credits-pipeline --stream {EU_FOLDER} decide")
    assert "  eu__credits:" in report
    code, printed = ended(*shlex.split(pasted)[1:], "--yes", "--who", "Ann")
    assert code == 0, printed
    assert company.held(EU, "2025-04") == {"047210934418": "-120000.00"}
    assert verdicts(*eu)["2025-04"] == "partial"
    code, printed = ended("--stream", "src/acme/defs/apa", "months")
    assert code == 2
    assert "name the folder of the stream" in re.sub(r"[\s│]+", " ", printed)


EACH = (months_run, commands_work_for_the_stream_that_is_named)
WITH_DG = (definitions_load, streams_are_listed, a_stream_is_scaffolded, it_comes_up)


def versions() -> dict[str, str]:
    """The oldest Dagster that the package allows, and the newest available."""
    text = (ROOT / "pyproject.toml").read_text()
    (oldest,) = re.findall(r'"dagster>=([\d.]+),', text)
    (allowed,) = re.findall(r'"(dagster>=[^"]+)"', text)
    done = subprocess.run(
        [sys.executable, "-m", "pip", "index", "versions", "dagster"],
        capture_output=True,
        text=True,
        check=True,
    )
    (told,) = re.findall(r"Available versions: (.*)", done.stdout)
    range_ = Requirement(allowed).specifier
    return {"oldest": oldest, "newest": str(max(map(Version, range_.filter(told.split(", ")))))}


def main() -> None:
    """Make the named visits."""
    known = versions()
    for name in sys.argv[1:]:
        with tempfile.TemporaryDirectory() as there:
            folder = Path(there)
            # The commands of `dg` require one exact Dagster, which is not always the newest.
            extras, more = (("dg", "webserver"), WITH_DG) if name == "oldest" else ((), ())
            guest = make(folder, dagster=known[name], extras=extras)
            with company(folder) as at:
                for visit in (*EACH, *more):
                    visit(guest, at)
        sys.stdout.write(f"The {name} Dagster, {known[name]}: all of it works.\n")


if __name__ == "__main__":
    main()
