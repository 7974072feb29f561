"""Long work is a Dagster run: started through its GraphQL, shown until it has ended."""

import json
import shlex
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import streamlit as st

from credits_pipeline.core.month import BillingMonth
from credits_pipeline.core.settings import SettingError
from credits_pipeline.finops.pages.dagster_link import run_link, ui
from credits_pipeline.finops.pages.person import Person, Role
from credits_pipeline.finops.pages.plain import plain
from credits_pipeline.finops.pages.variables import DAGSTER_URL

_LAST = "run"
_SECONDS = 10
_ENDED = {"SUCCESS", "FAILURE", "CANCELED"}
_LAUNCH = """
mutation Launch($params: ExecutionParams!) {
  launchRun(executionParams: $params) {
    __typename
    ... on LaunchRunSuccess { run { runId } }
    ... on PythonError { message }
    ... on RunConfigValidationInvalid { errors { message } }
    ... on PipelineNotFoundError { message }
    ... on UnauthorizedError { message }
  }
}
"""
_ADD = """
mutation Add($selector: RepositorySelector!, $name: String!, $key: String!) {
  addDynamicPartition(
    repositorySelector: $selector, partitionsDefName: $name, partitionKey: $key
  ) {
    __typename
    ... on PythonError { message }
    ... on UnauthorizedError { message }
  }
}
"""
_STATUS = """
query Status($id: ID!) {
  runOrError(runId: $id) { __typename ... on Run { status } }
}
"""
#: As named in `credits_pipeline.finops.assets`; a test compares.
JOB, LOCATION, REPOSITORY = "bill_month", "credits_pipeline", "__repository__"
CHARGEBACK_JOB = "chargeback_month"
POLICIES_JOB = "policies"
SCAN_JOB = "scan"
SOURCES = "finops_sources"
STATEMENTS = "statements"


@dataclass
class Started:
    """A run that was started in this session.

    Attributes:
        run_id: its id.
        done: the message once it succeeded.
        failed: the message once it ended otherwise.
        status: Dagster's last answer; empty before it was asked.
    """

    run_id: str
    done: str
    failed: str
    status: str = ""

    @property
    def has_ended(self) -> bool:
        """Whether Dagster is no longer asked."""
        return self.status in _ENDED


class NotStartedError(Exception):
    """Dagster did not start the run; the message says why."""


def ingest(source: str, month: BillingMonth, person: Person) -> None:
    """Start the reading of one bill, or show the command that does it."""
    if person.why_not(Role.EDITOR):
        return
    _begin(
        lambda: launch(source, month, person),
        f"credits-pipeline ingest --source {shlex.quote(source)} --month {month}",
        "The newest bill is read; its numbers are on the pages",
        "The bill was not read",
    )


def state_month(month: BillingMonth, person: Person) -> None:
    """Have a month's statements made and sent; without Dagster's address its sensor does it."""
    if not address():
        return
    tags = {"dagster/partition": month.partition_key}
    try:
        run_id = start(CHARGEBACK_JOB, tags, person)
    except NotStartedError as error:
        st.error(f"The run that makes and sends the statements was not started: {plain(error)}")
        return
    _show(
        run_id,
        "The statements were made, and sent to those who have an address",
        "The statements were not all made and sent",
    )


def print_month(month: BillingMonth, model: str, person: Person) -> None:
    """Have the documents of everybody in a month made, or show the command that does it."""
    if person.why_not(Role.EDITOR):
        return
    tags = {"dagster/partition": month.partition_key}
    config = {"ops": {STATEMENTS: {"config": {"models": [model]}}}}
    _begin(
        lambda: start(CHARGEBACK_JOB, tags, person, config),
        f"credits-pipeline chargeback --month {month} --model {shlex.quote(model)} --zip",
        "The documents are ready; ZIP of all has them",
        "The documents were not made",
    )


def evaluate(person: Person) -> None:
    """Have the policies evaluated, or show the command that does it."""
    _begin(
        lambda: start(POLICIES_JOB, {}, person),
        "credits-pipeline policies evaluate",
        "The policies were evaluated",
        "They were not evaluated",
    )


def scan(person: Person) -> None:
    """Start a scan, or show the command that does it."""
    if person.why_not(Role.EDITOR):
        return
    _begin(
        lambda: start(SCAN_JOB, {}, person),
        "credits-pipeline scan",
        "The scan is done",
        "The scan was not done",
    )


def _begin(launched: Callable[[], str], command: str, done: str, failed: str) -> None:
    """Start a run and show it; if that can't be done, say why and show the command for it."""
    if not address():
        st.info("The pages do not know where Dagster is; this command does the same:")
        st.code(command, language="bash")
        return
    try:
        run_id = launched()
    except NotStartedError as error:
        st.error(f"The run was not started: {plain(error)}")
        st.code(command, language="bash")
        return
    _show(run_id, done, failed)
    # Where it stands is drawn above the button that started it.
    st.rerun()


def _show(run_id: str, done: str, failed: str) -> None:
    st.session_state[_LAST] = Started(run_id, done, failed)


def address() -> str:
    """Where the pages reach Dagster's webserver; empty if not set."""
    return DAGSTER_URL.text().rstrip("/") or ui()


def launch(source: str, month: BillingMonth, person: Person) -> str:
    """Start the run of one bill; returns its id.

    Raises:
        NotStartedError: Dagster can't be reached, or refuses.
    """
    selector = {"repositoryName": REPOSITORY, "repositoryLocationName": LOCATION}
    added = _ask(_ADD, {"selector": selector, "name": SOURCES, "key": source})
    if "message" in added["addDynamicPartition"]:
        raise NotStartedError(str(added["addDynamicPartition"]["message"]))
    tags = {
        "dagster/partition": f"{month.partition_key}|{source}",
        "dagster/partition/month": month.partition_key,
        "dagster/partition/source": source,
    }
    return start(JOB, tags, person)


def start(
    job: str, tags: dict[str, str], person: Person, config: dict[str, Any] | None = None
) -> str:
    """Start a run of a job; returns its id.

    Args:
        job: its name.
        tags: of the run.
        person: who starts it.
        config: of the run; None for the default.

    Raises:
        NotStartedError: Dagster can't be reached, or refuses.
    """
    params = {
        "selector": {
            "jobName": job,
            "repositoryName": REPOSITORY,
            "repositoryLocationName": LOCATION,
        },
        "runConfigData": config or {},
        "executionMetadata": {
            "tags": [
                {"key": key, "value": value} for key, value in {**tags, "user": person.name}.items()
            ]
        },
    }
    answer = _ask(_LAUNCH, {"params": params})["launchRun"]
    if answer["__typename"] != "LaunchRunSuccess":
        errors = answer.get("errors") or [{"message": answer.get("message", answer["__typename"])}]
        raise NotStartedError("; ".join(str(one["message"]) for one in errors))
    return str(answer["run"]["runId"])


def show_last_run() -> None:
    """The last run started in this session, until it has ended, and how."""
    run: Started | None = st.session_state.get(_LAST)
    if run is None:
        return
    if run.has_ended:
        _tell(run)
    else:
        _watch(run)


@st.fragment(run_every="2s")
def _watch(run: Started) -> None:
    """Ask every other second; once it has ended, the page is redrawn with the result."""
    try:
        answer = _ask(_STATUS, {"id": run.run_id})["runOrError"]
    except (NotStartedError, SettingError) as error:
        st.error(plain(error))
        return
    run.status = str(answer.get("status", "not found"))
    if run.has_ended:
        st.rerun()
    _tell(run)


def _tell(run: Started) -> None:
    where = run_link(run.run_id)
    told = f"[run {run.run_id[:8]}]({where})" if where else f"run {run.run_id[:8]}"
    if run.status == "SUCCESS":
        st.success(f"{run.done}: {told}.")
    elif run.has_ended:
        st.error(f"{run.failed}: {told} ended as {run.status.lower()}.")
    else:
        st.info(f"{told} is {run.status.lower().replace('_', ' ')}.")


def _ask(query: str, variables: dict[str, Any]) -> dict[str, Any]:
    import httpx  # noqa: PLC0415 - only where Dagster is asked

    try:
        answer = httpx.post(
            f"{address()}/graphql",
            json={"query": query, "variables": variables},
            timeout=_SECONDS,
            trust_env=False,
        )
        answer.raise_for_status()
        found = answer.json()
    except (httpx.HTTPError, json.JSONDecodeError) as error:
        raise NotStartedError(f"Dagster at {address()} did not answer ({error}).") from error
    if found.get("errors"):
        raise NotStartedError("; ".join(str(one.get("message")) for one in found["errors"]))
    data: dict[str, Any] = found["data"]
    return data
