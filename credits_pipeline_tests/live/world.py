"""Everything that runs in production, for tests: servers, `dagster dev`, and their records."""

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

from credits_pipeline.core.month import BillingMonth
from credits_pipeline.core.storage.store import FolderStore
from credits_pipeline.credits.state.attempt import Attempt, Verdict
from credits_pipeline.credits.state.journal import Journal
from credits_pipeline.sandbox.dagster_dev import DagsterDev
from credits_pipeline.sandbox.servers import (
    CONNECTION_ID,
    Sandbox,
    clean_environment,
    sandbox,
    upload,
)
from credits_pipeline_tests.waiting import pause

ASSETS = ["raw_credits_csv", "credits", "cbf_payload", "cloudzero_drop"]
DONE = {"SUCCESS", "FAILURE", "CANCELED"}
#: Seconds that one thing may take on a machine with ten other tasks: nothing that comes takes this
#: long, and what does not come is reported.
PATIENCE = 480.0
SELECTOR = {
    "repositoryLocationName": "credits_pipeline",
    "repositoryName": "__repository__",
}
SHIPPED_YAML = files("credits_pipeline.sandbox").joinpath("dagster.yaml").read_text()
LAUNCH = """mutation Launch($params: ExecutionParams!) {
    launchPipelineExecution(executionParams: $params) { __typename
        ... on LaunchRunSuccess { run { runId } } ... on PythonError { message } } }"""


@dataclass
class Live:
    """Everything that runs, and its records."""

    dagster: DagsterDev
    servers: Sandbox
    home: Path

    @property
    def journal(self) -> Journal:
        return Journal(FolderStore(self.home / "credits"))

    def upload(self, month: BillingMonth, content: bytes) -> None:
        upload(self.servers, f"credits-{month}.csv", content)

    def wait_for(self, what: str, found: Callable[[], Any], seconds: float = PATIENCE) -> Any:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            self.dagster.check_alive()
            began = time.monotonic()
            value = found()
            if value:
                return value
            pause(began, 0.25)
        log = self.dagster.log.read_text()[-4000:]
        raise AssertionError(f"{what} did not come within {seconds:.0f} s\n{log}")

    def runs(self, month: BillingMonth) -> list[dict[str, str]]:
        query = """query Runs($month: String!) { runsOrError(filter: {tags: [
            {key: "dagster/partition", value: $month}]}) {
            ... on Runs { results { runId status jobName } } } }"""
        answer = self.dagster.graphql(query, month=month.partition_key)
        results: list[dict[str, str]] = answer["runsOrError"]["results"]
        return results

    def finished(self, month: BillingMonth, count: int) -> list[dict[str, str]]:
        def all_done() -> list[dict[str, str]] | None:
            runs = self.runs(month)
            return runs if len(runs) >= count and {r["status"] for r in runs} <= DONE else None

        runs: list[dict[str, str]] = self.wait_for(f"{count} finished runs of {month}", all_done)
        return runs

    def receipt(self, month: BillingMonth, total: str) -> Attempt:
        def found() -> Attempt | None:
            receipt = self.journal.receipt(month)
            return receipt if receipt and receipt.total_credit_usd == total else None

        receipt: Attempt = self.wait_for(f"a receipt of {month} over {total}", found)
        return receipt

    def held(self, month: BillingMonth) -> dict[str, str]:
        rows = self.servers.cloudzero.rows(CONNECTION_ID, str(month))
        return {row["resource/account"]: row["cost/cost"] for row in rows}

    def sending(self, month: BillingMonth) -> Attempt:
        """The attempt of the run that is sending a month."""

        def found() -> Attempt | None:
            last = self.journal.last_sent(month)
            return last if last is not None and last.verdict is Verdict.SENDING else None

        attempt: Attempt = self.wait_for(f"a run that sends {month}", found)
        return attempt

    def rematerialise(self, month: BillingMonth, config: dict[str, Any] | None = None) -> str:
        """Press "Materialize" on the assets' page."""
        answer = self.dagster.graphql(
            LAUNCH,
            params={
                "selector": {
                    **SELECTOR,
                    "jobName": "__ASSET_JOB",
                    "assetSelection": [{"path": [name]} for name in ASSETS],
                },
                "runConfigData": {"ops": {n: {"config": c} for n, c in (config or {}).items()}},
                "mode": "default",
                "executionMetadata": {
                    "tags": [{"key": "dagster/partition", "value": month.partition_key}]
                },
            },
        )["launchPipelineExecution"]
        assert answer["__typename"] == "LaunchRunSuccess", answer
        run_id: str = answer["run"]["runId"]
        return run_id

    def told(self, month: BillingMonth) -> str:
        """What a month's runs wrote to Dagster's own log."""
        messages = [self._messages(run["runId"]) for run in self.runs(month)]
        return "\n".join(message for of_run in messages for message in of_run)

    def _messages(self, run_id: str) -> list[str]:
        query = """query Events($run: ID!) { logsForRun(runId: $run) { ... on EventConnection {
            events { ... on MessageEvent { message } } } } }"""
        events = self.dagster.graphql(query, run=run_id)["logsForRun"]["events"]
        return [event.get("message") or "" for event in events]

    def lives(self, process: int) -> bool:
        """Whether one of Dagster's processes is still running."""
        return process in members(self.dagster.group)

    def cpu_seconds(self) -> float:
        """The processor time that Dagster's processes have used so far."""
        ticks = 0
        for pid in members(self.dagster.group):
            try:
                fields = Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()
            except OSError:
                continue
            ticks += int(fields[11]) + int(fields[12])
        return ticks / os.sysconf("SC_CLK_TCK")

    def found_in_files(self, *secrets: str) -> list[Path]:
        """The remaining files in which one of these can be read."""
        return [
            path
            for path in self.home.rglob("*")
            if path.is_file() and any(secret.encode() in path.read_bytes() for secret in secrets)
        ]

    def run_process(self, run_id: str) -> int:
        """The process id of the run, from Dagster's own events."""

        def pid() -> int | None:
            told = [message for message in self._messages(run_id) if "(pid: " in message]
            return int(told[-1].rpartition("(pid: ")[2].partition(")")[0]) if told else None

        found: int = self.wait_for("the run's process", pid)
        return found


@contextmanager
def running(
    home: Path,
    *,
    more_yaml: str = "",
    before_start: Callable[[Live], None] = lambda _: None,
    on: Sandbox | None = None,
    **environment: str,
) -> Iterator[Live]:
    """Run everything below a folder until the block ends.

    Args:
        home: of its records.
        more_yaml: appended to the shipped dagster.yaml.
        before_start: gets what exists before Dagster starts, for example to fill it.
        on: servers that already run and continue; default: new ones.
        environment: more variables, or other values.
    """
    with sandbox() if on is None else nullcontext(on) as servers:
        settings = {
            **servers.environment,
            "CREDITS_SENSOR_SECONDS": "3",
            "CREDITS_STORAGE": str(home / "credits"),
            "XDG_STATE_HOME": str(home / "state"),
            **environment,
        }
        instance = home / "dagster"
        instance.mkdir()
        (instance / "dagster.yaml").write_text(SHIPPED_YAML + more_yaml)
        live = Live(DagsterDev(instance, clean_environment(**settings)), servers, home)
        before_start(live)
        with live.dagster:
            live.dagster.wait_until_ready(PATIENCE)
            yield live


def members(group: int) -> list[int]:
    """Processes of a group or session, from the kernel's own table."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(") ")[2].split()
        except OSError:
            continue
        if fields[0] != "Z" and group in (int(fields[2]), int(fields[3])):
            found.append(int(stat.parent.name))
    return found
