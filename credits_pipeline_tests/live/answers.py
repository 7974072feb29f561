"""The webserver's answers to anybody who asks its API, as one text to search for secrets."""

import json
from typing import Any

from credits_pipeline.sandbox.dagster_dev import DagsterDev
from credits_pipeline_tests.live.world import ASSETS

_METADATA = """metadataEntries { label description
    ... on TextMetadataEntry { text } ... on MarkdownMetadataEntry { mdStr }
    ... on JsonMetadataEntry { jsonString } ... on UrlMetadataEntry { url }
    ... on PathMetadataEntry { path } ... on TableMetadataEntry { table { records } } }"""
_ERROR = "message stack className causes { message stack }"
_EVENT = f"""__typename ... on MessageEvent {{ message }}
    ... on DisplayableEvent {{ label description {_METADATA} }}
    ... on ErrorEvent {{ error {{ {_ERROR} }} }}
    ... on ExecutionStepFailureEvent {{ failureMetadata {{ {_METADATA} }} }}"""
_RUNS = """{ runsOrError(limit: 1000) { ... on Runs { results { runId status jobName runConfigYaml
    tags { key value } stepKeysToExecute executionPlan { artifactsPersisted } } } } }"""
_EVENTS = f"""query Events($run: ID!) {{ logsForRun(runId: $run, limit: 1000) {{
    ... on EventConnection {{ events {{ {_EVENT} }} }} }} }}"""
_PRINTED = """query Printed($key: [String!]!) { capturedLogs(logKey: $key) { stdout stderr } }"""
_ASSET = f"""query History($asset: AssetKeyInput!) {{ assetOrError(assetKey: $asset) {{
    ... on Asset {{ assetEventHistory(
        limit: 1000, eventTypeSelectors: [MATERIALIZATION, OBSERVATION]) {{ results {{
        ... on MaterializationEvent {{ label description {_METADATA} }}
        ... on ObservationEvent {{ label description {_METADATA} }} }} }}
    definition {{ description {_METADATA} }} }} }} }}"""
_CHECKS = f"""query Checks($asset: AssetKeyInput!) {{ assetNodeOrError(assetKey: $asset) {{
    ... on AssetNode {{ assetChecksOrError {{ ... on AssetChecks {{ checks {{ name description
        executionForLatestMaterialization {{ evaluation {{ description {_METADATA} }} }}
    }} }} }} }} }} }}"""
_LOCATION = f"""{{ version instance {{ info executablePath
        daemonHealth {{ allDaemonStatuses {{ daemonType lastHeartbeatErrors {{ {_ERROR} }} }} }} }}
    workspaceOrError {{ ... on Workspace {{ locationEntries {{ displayMetadata {{ key value }}
        locationOrLoadError {{ ... on PythonError {{ {_ERROR} }}
        ... on RepositoryLocation {{ environmentPath repositories {{
            pipelines {{ name description runTags {{ key value }}
                modes {{ resources {{ name description configField {{ defaultValueAsJson }} }} }} }}
            allTopLevelResourceDetails {{ name description configuredValues {{ key value type }}
                configFields {{ name description defaultValueAsJson }} }}
            sensors {{ name description sensorState {{ ticks(limit: 500) {{
                skipReason cursor runKeys error {{ {_ERROR} }}
                logEvents {{ events {{ message }} }} }}
                typeSpecificData {{ ... on SensorData {{ lastCursor lastRunKey }} }} }} }}
            schedules {{ name description scheduleState {{ ticks(limit: 50) {{ skipReason
                error {{ {_ERROR} }} }} }} }}
        }} }} }} }} }} }} }}"""


def all_answers(dagster: DagsterDev) -> dict[str, str]:
    """Every answer as text, by what was asked."""
    found: dict[str, Any] = {"location": dagster.graphql(_LOCATION), "runs": dagster.graphql(_RUNS)}
    for run in found["runs"]["runsOrError"]["results"]:
        run_id = run["runId"]
        events = dagster.graphql(_EVENTS, run=run_id)["logsForRun"]["events"]
        found[f"events of {run_id}"] = events
        for key in _log_keys(dagster, run_id):
            found[f"printed by {run_id} {key}"] = dagster.graphql(
                _PRINTED, key=[run_id, "compute_logs", key]
            )
    for asset in (*ASSETS, "credits_inbox"):
        for name, query in (("history", _ASSET), ("checks", _CHECKS)):
            found[f"{name} of {asset}"] = dagster.graphql(query, asset={"path": [asset]})
    return {asked: json.dumps(answer, ensure_ascii=False) for asked, answer in found.items()}


def _log_keys(dagster: DagsterDev, run_id: str) -> list[str]:
    query = """query Keys($run: ID!) { logsForRun(runId: $run, limit: 1000) {
        ... on EventConnection { events { ... on LogsCapturedEvent { fileKey } } } } }"""
    events = dagster.graphql(query, run=run_id)["logsForRun"]["events"]
    return [event["fileKey"] for event in events if "fileKey" in event]
