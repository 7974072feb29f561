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

_LAST, _ABOUT = "run", "run:about"
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
JOB, LOCATION, REPOSITORY = "bill_month", "credits_pipeline", "__repository__"
CHARGEBACK_JOB = "chargeback_month"
POLICIES_JOB = "policies"
SCAN_JOB = "scan"
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
    _show(
        run_id, "The bill was read; its numbers are offered on the pages", "The bill was not read"
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
    _show(run_id, "The statements were made and sent", "The statements were not all made and sent")


def evaluate(person: Person) -> None:
    """Have the policies evaluated, or show the command that does it."""
    command = "credits-pipeline policies evaluate"
    if not address():
        st.info("The pages were not told where Dagster is; this command does the same:")
        st.code(command, language="bash")
        return
    try:
        run_id = start(POLICIES_JOB, {}, person)
    except NotStartedError as error:
        st.error(f"The run was not started: {plain(error)}")
        st.code(command, language="bash")
        return
    _show(run_id, "The policies were evaluated; load the page anew", "They were not evaluated")


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
        run_id = start(SCAN_JOB, {}, person)
    except NotStartedError as error:
        st.error(f"The run was not started: {plain(error)}")
        st.code(command, language="bash")
        return
    _show(run_id, "The scan is done; load the page anew", "The scan was not done")


def _show(run_id: str, done: str, failed: str) -> None:
    st.session_state[_LAST], st.session_state[_ABOUT] = run_id, (done, failed)


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
    tags = {
        "dagster/partition": f"{month.partition_key}|{source}",
        "dagster/partition/month": month.partition_key,
        "dagster/partition/source": source,
    }
    return start(JOB, tags, person)


def start(job: str, tags: dict[str, str], person: Person) -> str:
    """Start a run of a job, and its id.

    Raises:
        NotStartedError: Dagster can't be reached, or refuses.
    """
    params = {
        "selector": {
            "jobName": job,
            "repositoryName": REPOSITORY,
            "repositoryLocationName": LOCATION,
        },
        "runConfigData": {},
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
    where = run_link(run_id)
    told = f"[run {run_id[:8]}]({where})" if where else f"run {run_id[:8]}"
    done, failed = st.session_state[_ABOUT]
    if status == "SUCCESS":
        st.success(f"{done}: {told}.")
    elif status in _ENDED:
        st.error(f"{failed}: {told} ended as {status.lower()}.")
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
