"""Long work is a run of Dagster's: started through its GraphQL, shown until it has ended."""

import json
from typing import Any

import streamlit as st

from credits_pipeline.core.month import BillingMonth
from credits_pipeline.core.settings import SettingError
from credits_pipeline.finops.pages.dagster_link import run_link, ui
from credits_pipeline.finops.pages.person import Person, Role
from credits_pipeline.finops.pages.plain import plain
from credits_pipeline.finops.pages.variables import DAGSTER_URL

_LAST, _WHAT = "setup:run", "setup:run:what"
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
#: As `credits_pipeline.finops.assets` names them; a test compares.
SCAN_JOB = "scan"
JOB, LOCATION, REPOSITORY = "bill_month", "credits_pipeline", "__repository__"
SOURCES = "finops_sources"


class NotStartedError(Exception):
    """Dagster did not start the run; the message says why."""


def ingest(source: str, month: BillingMonth, person: Person) -> None:
    """Start the reading of one bill, or show the command that does it."""
    if person.why_not(Role.EDITOR):
        return
    if not address():
        st.info("The pages were not told where Dagster is; this command does the same:")
        st.code(f"credits-pipeline ingest --source {source} --month {month}", language="bash")
        return
    try:
        run_id = launch(source, month, person)
    except NotStartedError as error:
        st.error(f"The run was not started: {plain(error)}")
        st.code(f"credits-pipeline ingest --source {source} --month {month}", language="bash")
        return
    st.session_state[_LAST], st.session_state[_WHAT] = run_id, "Reading the bill"


def scan(person: Person) -> None:
    """Start a scan, or show the command that does it."""
    if person.why_not(Role.EDITOR):
        return
    command = "credits-pipeline scan"
    if not address():
        st.info("The pages were not told where Dagster is; this command does the same:")
        st.code(command, language="bash")
        return
    try:
        run_id = _launched(SCAN_JOB, [{"key": "user", "value": person.name}])
    except NotStartedError as error:
        st.error(f"The run was not started: {plain(error)}")
        st.code(command, language="bash")
        return
    st.session_state[_LAST], st.session_state[_WHAT] = run_id, "The scan"


def address() -> str:
    """Where Dagster's webserver is reached by the pages; empty where nothing says so."""
    return DAGSTER_URL.text().rstrip("/") or ui()


def launch(source: str, month: BillingMonth, person: Person) -> str:
    """Start the run of one bill, and its id.

    Raises:
        NotStartedError: Dagster can't be reached, or refuses.
    """
    selector = {"repositoryName": REPOSITORY, "repositoryLocationName": LOCATION}
    added = _ask(_ADD, {"selector": selector, "name": SOURCES, "key": source})
    if "message" in added["addDynamicPartition"]:
        raise NotStartedError(str(added["addDynamicPartition"]["message"]))
    partition = f"{month.partition_key}|{source}"
    return _launched(
        JOB,
        [
            {"key": "dagster/partition", "value": partition},
            {"key": "dagster/partition/month", "value": month.partition_key},
            {"key": "dagster/partition/source", "value": source},
            {"key": "user", "value": person.name},
        ],
    )


def _launched(job: str, tags: list[dict[str, str]]) -> str:
    params = {
        "selector": {
            "jobName": job,
            "repositoryName": REPOSITORY,
            "repositoryLocationName": LOCATION,
        },
        "runConfigData": {},
        "executionMetadata": {"tags": tags},
    }
    answer = _ask(_LAUNCH, {"params": params})["launchRun"]
    if answer["__typename"] != "LaunchRunSuccess":
        errors = answer.get("errors") or [{"message": answer.get("message", answer["__typename"])}]
        raise NotStartedError("; ".join(str(one["message"]) for one in errors))
    return str(answer["run"]["runId"])


@st.fragment(run_every="2s")
def show_last_run() -> None:
    """The run that was started last in this session, until it has ended."""
    run_id = st.session_state.get(_LAST)
    if run_id is None:
        return
    try:
        answer = _ask(_STATUS, {"id": run_id})["runOrError"]
        status = str(answer.get("status", "not found"))
    except (NotStartedError, SettingError) as error:
        st.error(plain(error))
        return
    what = st.session_state.get(_WHAT, "Reading the bill")
    where = run_link(run_id)
    told = f"[run {run_id[:8]}]({where})" if where else f"run {run_id[:8]}"
    if status == "SUCCESS":
        st.success(f"{what} is done: {told}. What it found is on the pages.")
    elif status in _ENDED:
        st.error(f"{what} was not done: {told} ended as {status.lower()}.")
    else:
        st.info(f"{told} is {status.lower().replace('_', ' ')}.")


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
