"""Statements as Dagster stores them: of a check's own run, and of later checks of many months."""

from collections.abc import Mapping, Sequence
from typing import Any

import dagster as dg

from credits_pipeline.core.month import BillingMonth
from credits_pipeline.core.statement import Statement
from credits_pipeline.credits.assets import showing
from credits_pipeline.reporting import tables
from credits_pipeline.text import Outside


def check_result(
    asset: dg.AssetKey, statement: "Statement", **more: dg.MetadataValue
) -> dg.AssetCheckResult:
    """A statement as the result of the running check."""
    return dg.AssetCheckResult(asset_key=asset, **_shown(statement, more))


def evaluation(
    asset: dg.AssetKey,
    statement: "Statement",
    month: BillingMonth,
    rows: Sequence[dict[str, Any]] = (),
) -> dg.AssetCheckEvaluation:
    """A statement as a month's check, for a run that is not the month's own to yield.

    It is not reported without a run: Dagster stores one such evaluation per check and partition,
    and refuses the next.
    """
    more = {"accounts_differing_rows": of_rows(rows)} if rows else {}
    return dg.AssetCheckEvaluation(
        asset_key=asset, partition=month.partition_key, **_shown(statement, more)
    )


def _shown(statement: "Statement", more: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "check_name": statement.name,
        "passed": statement.passed,
        "severity": _severity(statement),
        "description": showing.description(Outside(statement.message)),
        "metadata": showing.metadata({**statement.metrics, **more}),
    }


def of_rows(rows: Sequence[dict[str, Any]]) -> dg.MetadataValue:
    """The first rows as a table."""
    return showing.md(tables.of_rows(rows, at_most=50))


def _severity(statement: "Statement") -> dg.AssetCheckSeverity:
    """An error for what blocks, a warning for the rest."""
    return dg.AssetCheckSeverity.ERROR if statement.blocking else dg.AssetCheckSeverity.WARN
