"""The demo: the whole product on this machine, from an empty state to a verified month."""

import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from credits_pipeline.core.month import BillingMonth
from credits_pipeline.core.storage.store import FolderStore
from credits_pipeline.credits.state.attempt import Attempt
from credits_pipeline.credits.state.journal import Journal
from credits_pipeline.sandbox.bills import SampleBills, can_show_bills
from credits_pipeline.sandbox.credit_ledger import CreditLedger, serving
from credits_pipeline.sandbox.dagster_dev import DagsterDev, DagsterDevError, free_port
from credits_pipeline.sandbox.estate.serving import organisation
from credits_pipeline.sandbox.sample import SAMPLE
from credits_pipeline.sandbox.sample_ledger import PAYER
from credits_pipeline.sandbox.servers import Sandbox, clean_environment, sandbox, upload

MONTH = BillingMonth(2025, 1)
_KEY = f"credits-{MONTH}.csv"
#: Lies in the folder of the demo for whoever wants to upload another month.
NEXT_KEY = f"credits-{MONTH.shift(1)}.csv"
_UI_PORT = 3000
_PAGES_PORT = 8501
_PATIENCE_SECONDS = 180
_MARK = "made-by-credits-pipeline-demo"

_RUNS = """query Runs($tag: String!) {
  runsOrError(filter: {tags: [{key: "dagster/partition", value: $tag}]}, limit: 1) {
    ... on Runs { results { runId status tags { key value } } } } }"""
_EVENTS = """query Events($run: ID!, $after: String) {
  logsForRun(runId: $run, afterCursor: $after) {
    __typename
    ... on EventConnection { cursor events {
      __typename
      ... on MessageEvent { timestamp message stepKey }
      ... on MaterializationEvent { assetKey { path } }
      ... on AssetCheckEvaluationEvent {
        evaluation { checkName success severity description } } } } } }"""


@dataclass(frozen=True)
class Demo:
    """A running demo.

    Attributes:
        dagster: its ``dagster dev``.
        servers: its S3 and its stand-in for CloudZero.
        journal: what its runs recorded.
        home: the folder of its state.
        bills: the sample bills; None if the second wing is not installed.
        environment: what a command needs to work on the same state.
    """

    dagster: DagsterDev
    servers: Sandbox
    journal: Journal
    home: Path
    bills: SampleBills | None
    environment: dict[str, str]

    def upload_sample(self) -> None:
        """Upload the sample month to the inbox, as a person would."""
        upload(self.servers, _KEY, SAMPLE)

    def follow(self, say: Callable[[str], None]) -> Attempt | None:
        """Report what happens until the sample month's run has ended.

        Args:
            say: called with one line for each event.

        Returns:
            The run's attempt; None if it left none.

        Raises:
            DagsterDevError: no run ended in time.
        """
        deadline = time.monotonic() + _PATIENCE_SECONDS
        run_id, cursor = "", None
        while time.monotonic() < deadline:
            self.dagster.check_alive()
            if not run_id:
                answer = self.dagster.graphql(_RUNS, tag=MONTH.partition_key)
                runs = answer["runsOrError"]["results"]
                if runs:
                    run_id = runs[0]["runId"]
                    say(f"the sensor credits_files saw it and started run {run_id[:8]}")
            else:
                logs = self.dagster.graphql(_EVENTS, run=run_id, after=cursor)["logsForRun"]
                cursor = logs["cursor"]
                for line in filter(None, map(_line, logs["events"])):
                    say(line)
                kinds = {event["__typename"] for event in logs["events"]}
                if kinds & {"RunSuccessEvent", "RunFailureEvent", "RunCanceledEvent"}:
                    return self.journal.attempt(MONTH, run_id)
            time.sleep(0.3)
        raise DagsterDevError(
            f"no run of {MONTH} ended within {_PATIENCE_SECONDS} s; see {self.dagster.log}"
        )


@contextmanager
def demo(home: Path, *, port: int | None = None, months_of_bills: int = 14) -> Iterator[Demo]:
    """Start the sandbox and Dagster from an empty state; both end with the block.

    Args:
        home: the folder for its state; the state of an earlier demo is removed.
        port: of the UI; None for 3000 if it is free, otherwise any.
        months_of_bills: the number of months of sample bills, including the current one.

    Raises:
        DagsterDevError: Dagster did not start, or the folder holds something else.
    """
    home = home.absolute()
    if port is not None and free_port(port) != port:
        raise DagsterDevError(f"port {port} is in use: choose another with --port")
    ledger = CreditLedger({})
    with ExitStack() as stack:
        stack.enter_context(_only_one(home))
        running = stack.enter_context(sandbox())
        _bill(running)
        (home / NEXT_KEY).write_bytes(SAMPLE)
        at = free_port(_UI_PORT) if port is None else port
        told = {
            **running.environment,
            "CREDITS_STORAGE": str(home / "credits"),
            "CREDITS_UI_URL": f"http://127.0.0.1:{at}",
            "DAGSTER_HOME": str(home / "dagster"),
        }
        pages = free_port(_PAGES_PORT)
        there = None
        if can_show_bills():
            there = stack.enter_context(organisation(running.s3_url))
            # The demo reads the sample bills itself, all in one go; the pages run beside Dagster.
            told |= {
                **there.environment,
                "FINOPS_PORT": str(pages),
                "FINOPS_STORAGE": str(home / "finops"),
                "FINOPS_AUTOMATION": "off",
                "FINOPS_LEDGER": PAYER,
                "AWS_ENDPOINT_URL_BILLING": stack.enter_context(serving(ledger)),
            }
        environment = clean_environment(**told, CREDITS_SENSOR_SECONDS="5")
        bills = None
        if can_show_bills():
            bills = SampleBills(home, environment, pages, months_of_bills, ledger, there)
        dagster = DagsterDev(home / "dagster", environment, port=at, guarded=True)
        try:
            with dagster:
                dagster.wait_until_ready(_PATIENCE_SECONDS)
                journal = Journal(FolderStore(home / "credits"))
                yield Demo(dagster, running, journal, home, bills, told)
        finally:
            if bills is not None:
                bills.end()


def _bill(running: Sandbox) -> None:
    """Have the sample's accounts on the AWS bill that CloudZero reads, as real ones are."""
    now = str(BillingMonth.at(datetime.now(UTC)))
    for account in sorted({line.partition(b",")[0].decode() for line in SAMPLE.splitlines()}):
        running.cloudzero.bill(now, account, "100.00")


@contextmanager
def _only_one(home: Path) -> Iterator[None]:
    """Reserve and empty the folder: a demo that is running there keeps its state."""
    lock = FileLock(home.parent / f".{home.name.lstrip('.')}.lock", blocking=False)
    try:
        home.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DagsterDevError(
            f"{home.parent} can't be made: {error.strerror}; choose another folder with --home"
        ) from None
    try:
        with lock:
            _empty(home)
            yield
    except Timeout:
        raise DagsterDevError(
            f"a demo is running in {home} already: end it, or choose another folder with --home"
        ) from None


def _empty(home: Path) -> None:
    if home.is_symlink() or (home.exists() and not home.is_dir()):
        raise DagsterDevError(f"{home} is a file or a link, and no folder; choose another")
    if home.exists() and any(home.iterdir()) and not (home / _MARK).exists():
        raise DagsterDevError(f"{home} contains files that no demo made; choose another folder")
    shutil.rmtree(home, ignore_errors=True)
    home.mkdir(parents=True)
    (home / _MARK).touch()


def _line(event: dict[str, Any]) -> str | None:
    match event["__typename"]:
        case "MaterializationEvent":
            return f"{event['assetKey']['path'][-1]}: materialised"
        case "AssetCheckEvaluationEvent":
            found = event["evaluation"]
            sign = "passed" if found["success"] else f"{found['severity'].lower()}"
            return f"  check {found['checkName']}: {sign}. {found['description'] or ''}".rstrip()
        case "ExecutionStepFailureEvent" | "RunFailureEvent":
            return f"{event.get('stepKey') or 'the run'} failed: {event['message']}"
        case _:
            return None
