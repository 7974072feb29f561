"""What the Dagster UI shows of each value: numbers as numbers, exact dollars also as text."""

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import dagster as dg

from credits_pipeline.core import settings
from credits_pipeline.core.settings import web_address
from credits_pipeline.credits.assets import showing
from credits_pipeline.credits.cloudzero.operations import Operation
from credits_pipeline.credits.delivery import figures
from credits_pipeline.credits.delivery.artifacts import MonthCredits, MonthPayload, RawFile
from credits_pipeline.credits.state.attempt import Attempt, rows_left_out
from credits_pipeline.reporting import tables
from credits_pipeline.reporting.links import Places
from credits_pipeline.reporting.report import markdown
from credits_pipeline.text import Outside

if TYPE_CHECKING:
    import pandera.polars as pa
    import polars as pl


Metadata = dict[str, Any]
#: More rows than this are listed only in the stored files; the UI says how many there are.
SHOWN = 50


def of_raw(raw: RawFile, uri: str) -> Metadata:
    """Metadata of a file's bytes."""
    if not raw.is_there:
        said = f"There is no {uri}; the month is withdrawn without one."
        return {"file": showing.text(Outside(said))}
    return {
        "dagster/uri": showing.text(Outside(uri)),
        "file": showing.text(Outside(raw.version.key)),
        "file_version": raw.version.token,
        "uploaded": dg.MetadataValue.timestamp(raw.version.last_modified),
        "size_bytes": raw.version.size,
        "sha256": raw.digest,
        "etag": showing.text(Outside(raw.version.etag)),
        "s3_version_id": showing.text(
            Outside(raw.version.version_id or "none (the bucket keeps no versions)")
        ),
    }


def of_credits(found: MonthCredits) -> Metadata:
    """Metadata of the table and its findings."""
    from credits_pipeline.credits.model.table import CreditsTable  # noqa: PLC0415 - loads pandera

    findings = found.reading.findings
    shown: Metadata = {
        "dagster/partition_row_count": findings.rows,
        "accounts": findings.rows,
        "credit_usd": float(findings.total_usd),
        "credit_usd_exact": figures.exact(findings.total_usd),
        "left_out_usd": float(findings.ledger.left_out_usd),
        "rejected_rows": found.reading.rejected.height,
        "duplicated_accounts": findings.duplicated_accounts,
        "padded_account_ids": findings.padded_accounts,
        "file": showing.text(Outside(found.version.key)),
        "file_version": found.version.token,
        "layout": f"{findings.layout} v{findings.layout_version}",
        "decisions": dg.MetadataValue.json(found.decisions.in_force)
        if found.decisions.in_force
        else "the product's rule",
        "ledger": showing.md(tables.ledger(figures.ledger_fields(findings.ledger), sent=False)),
    }
    if findings.warnings:
        shown["warnings"] = showing.md(tables.bullets(findings.warnings))
    for name, rows in figures.row_lists(found).items():
        if rows:
            shown[name] = showing.md(tables.of_rows(rows, at_most=SHOWN))
    # Last, because it is long and the same every month; the UI shows metadata in this order.
    shown["dagster/column_schema"] = table_schema(CreditsTable, found.reading.rows)
    return shown


def report(
    attempt: Attempt, rows: Mapping[str, Any], places: Places | None = None
) -> dg.MarkdownMetadataValue:
    """The run report for the UI."""
    places = places or Places()
    return showing.md(
        markdown(attempt, rows, places=replace(places, ui=settings.UI_URL.read(web_address)))
    )


def of_attempt(attempt: Attempt, rows: Mapping[str, Any], places: Places) -> Metadata:
    """Metadata of a drop's result: the run report, and separate figures if there is a receipt."""
    shown: Metadata = {
        "report": report(attempt, rows, places),
        "verdict": attempt.verdict.value,
        "left_out_usd": float(attempt.left_out_usd),
        "left_out_rows": rows_left_out(attempt.ledger),
        "file_version": attempt.file_version,
        "attempt": showing.path(Outside(places.stored_at)),
    }
    if attempt.verdict.has_receipt:
        shown |= {
            "dagster/partition_row_count": attempt.row_count,
            "accounts": attempt.unique_accounts,
            "credit_usd": float(attempt.total_credit_usd or 0),
            "credit_usd_exact": attempt.total_credit_usd,
            "requests": len(attempt.requests),
            "seconds": attempt.seconds,
            "seconds_at_cloudzero": attempt.seconds_at_cloudzero,
            "dagster/uri": showing.text(Outside(_stream_uri(attempt))),
        }
    return shown


def _stream_uri(attempt: Attempt) -> str:
    """Where CloudZero's API has the month."""
    path = Operation.CONTENTS.path(connection_id=attempt.connection_id, month=attempt.billing_month)
    return f"{attempt.base_url}{path}"


def of_payload(made: MonthPayload) -> Metadata:
    """Metadata of the CBF rows."""
    from credits_pipeline.credits.cloudzero.cbf import CbfRows  # noqa: PLC0415 - loads pandera

    rows = made.payload.rows
    return {
        "dagster/partition_row_count": rows.height,
        "dagster/column_schema": table_schema(CbfRows, rows),
        "rows": rows.height,
        "credit_usd": float(made.payload.total_usd),
        "credit_usd_exact": figures.exact(made.payload.total_usd),
        "sha256": made.payload.sha256,
        "file_version": made.version.token,
        "first_rows": showing.md(tables.of_rows(rows.head(5).to_dicts(), at_most=5)),
    }


def table_schema(model: "type[pa.DataFrameModel]", rows: "pl.DataFrame") -> dg.TableSchema:
    """A pandera model as the columns that Dagster shows: those that the rows have."""
    return dg.TableSchema(
        columns=[
            dg.TableColumn(
                name=name,
                type=str(column.dtype),
                description=column.description,
                constraints=dg.TableColumnConstraints(
                    nullable=column.nullable,
                    unique=column.unique,
                    other=[str(check.error or check) for check in column.checks],
                ),
            )
            for name, column in model.to_schema().columns.items()
            if name in rows.columns
        ]
    )
