"""The table that rules use: what scans saw, joined with the bill.

A resource that only the bill has is included, with its cost, its place and the tags that are
columns; all other evidence is not known. Tag keys are normalised as everywhere: lower case, no
spaces at either end, spellings of `FINOPS_TAGS` merged.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from credits_pipeline.core.month import BillingMonth
from credits_pipeline.finops.marts.columns import MONEY, TEXT
from credits_pipeline.finops.publish.bill import RECEIPTS, Bill
from credits_pipeline.finops.scans.building import SHORT
from credits_pipeline.finops.scans.columns import COLUMNS, COST, TAGS
from credits_pipeline.finops.settings import TagKey

if TYPE_CHECKING:
    import duckdb

#: A resource without a charge for this long before the bill's last complete day is gone.
_STILL_THERE = timedelta(days=7)
#: The bill's names of kinds that scans name differently.
_KINDS = {
    "aws.ec2_instance": "aws.ec2.instance",
    "aws.ebs_volume": "aws.ec2.volume",
    "aws.ebs_snapshot": "aws.ec2.snapshot",
    "aws.elastic_ip": "aws.ec2.address",
    "aws.nat_gateway": "aws.ec2.nat_gateway",
    "aws.load_balancer": "aws.elb.load_balancer",
    "aws.lambda_function": "aws.lambda.function",
    "aws.rds_instance": "aws.rds.instance",
    "aws.s3_bucket": "aws.s3.bucket",
    "aws.log_group": "aws.logs.group",
}
#: An id in the form that bills and scans share.
_SHORT = SHORT.format(id="resource_id")
_BILL_TAGS = "the bill tells only the tags that are columns: {}"
#: Which charges make up a resource's cost, as in scans.
_USED = "charge_category = 'Usage'"


@dataclass(frozen=True)
class Billed:
    """The costs of each resource in one month of one source.

    Attributes:
        bill: whose.
        file: Parquet, the mart `resource_costs`.
    """

    bill: Bill
    file: Path


def wanted(bills: Sequence[Bill]) -> list[Bill]:
    """The bills that show which resources exist and cost: the two newest months of each source."""
    by_source: dict[str, list[Bill]] = {}
    for bill in sorted(bills, key=lambda bill: bill.billing_month):
        if bill.source != RECEIPTS:
            by_source.setdefault(bill.source, []).append(bill)
    return [bill for found in by_source.values() for bill in found[-2:]]


def write_table(
    file: Path,
    scratch: Path,
    *,
    billed: Sequence[Billed],
    scanned: Path | None,
    tags: Sequence[TagKey],
) -> int:
    """Write the table as one Parquet file; returns the number of resources.

    Args:
        file: to be written.
        scratch: an empty folder.
        billed: of `wanted`.
        scanned: Parquet of the scans' contract; None before the first scan.
        tags: the tag keys that are columns of the bill.
    """
    from credits_pipeline.finops.scans.table import connected  # noqa: PLC0415 - loads DuckDB

    with connected(scratch) as connection:
        _bill(connection, billed, tags)
        _scan(connection, scanned, tags)
        connection.execute(f"COPY ({_JOINED}) TO {_text(str(file))} (FORMAT parquet)")
        counted = connection.execute(
            f"SELECT COUNT(*) FROM read_parquet({_text(str(file))})"  # noqa: S608 - quoted
        ).fetchone()
    return int(counted[0]) if counted else 0


def _bill(
    connection: "duckdb.DuckDBPyConnection", billed: Sequence[Billed], tags: Sequence[TagKey]
) -> None:
    """The table `on_bill`: one row per resource that the bill still has."""
    connection.execute(
        "CREATE TABLE months "
        "(source VARCHAR, billing_month VARCHAR, rank INTEGER, gone_before DATE)"
    )
    for row in _months([one.bill for one in billed]):
        connection.execute("INSERT INTO months VALUES (?, ?, ?, ?)", list(row))
    names = [key.column for key in tags]
    if billed:
        files = ", ".join(_text(str(one.file)) for one in billed)
        lines = f"SELECT * FROM read_parquet([{files}], union_by_name = true)"  # noqa: S608 - quoted
    else:
        lines = _no_lines(names)
    entries = ", ".join(
        f"{{'k': {_text(key.name)}, 'v': last.{_name(key.column)}}}" for key in tags
    )
    newest = ", ".join(
        f"ARG_MAX({_name(name)}, last_date) FILTER (WHERE rank_of_newest = 1) AS {_name(name)}"
        for name in names
    )
    kind = "CASE kind " + " ".join(
        f"WHEN {_text(theirs)} THEN {_text(ours)}" for theirs, ours in _KINDS.items()
    ) + " ELSE kind END"  # fmt: skip
    told = _text(_BILL_TAGS.format(", ".join(key.name for key in tags) or "none"))
    connection.execute(f"""
        CREATE TABLE on_bill AS
        WITH lines AS ({lines}),
        charged AS (
            SELECT lines.*, months.rank, months.gone_before,
                DENSE_RANK() OVER (
                    PARTITION BY lines.provider, sub_account_id, resource_id
                    ORDER BY lines.billing_month DESC
                ) AS rank_of_newest
            FROM lines JOIN months USING (source, billing_month)
            WHERE COALESCE(resource_id, '') <> '' AND charge_category NOT IN ('Credit', 'Tax')
        ),
        last AS (
            SELECT provider, sub_account_id, resource_id,
                MAX(last_date) AS last_date, MAX(gone_before) AS gone_before,
                MAX(sub_account_name) AS account_name, MAX(region_id) AS region,
                MAX(resource_name) AS resource_name, MAX(resource_type) AS resource_type,
                MIN(service_name) AS service{", " + newest if newest else ""}
            FROM charged GROUP BY ALL
        ),
        cost AS (
            SELECT provider, sub_account_id, resource_id, billing_month, billing_currency,
                CAST(SUM(effective_cost) FILTER (WHERE {_USED}) AS {MONEY}) AS effective,
                CAST(SUM(list_cost) FILTER (WHERE {_USED}) AS {MONEY}) AS list
            FROM charged
            GROUP BY provider, sub_account_id, resource_id, billing_month, billing_currency
            QUALIFY ROW_NUMBER() OVER (
                PARTITION BY provider, sub_account_id, resource_id
                ORDER BY MIN(rank), billing_month DESC, billing_currency
            ) = 1
        ),
        named AS (
            SELECT *, provider || '.' || TRIM(REGEXP_REPLACE(
                LOWER(COALESCE(resource_type, service, 'resource')), '[^a-z0-9]+', '_', 'g'
            ), '_') AS kind
            FROM last
        )
        SELECT {kind} AS kind, last.provider, COALESCE(sub_account_id, '') AS account,
            COALESCE(account_name, '') AS account_name,
            COALESCE(NULLIF(region, ''), 'global') AS region, resource_id, {_SHORT} AS short,
            COALESCE(resource_name, resource_id) AS name,
            {_map(entries)} AS tags, service,
            cost.effective AS cost_month, cost.list AS list_cost_month,
            cost.billing_currency AS currency, cost.billing_month AS billing_month,
            MAP {{'tags': {told}}} AS not_known,
            last.last_date >= last.gone_before AS is_there
        FROM named AS last JOIN cost USING (provider, sub_account_id, resource_id)
    """)  # noqa: S608 - names of ours, and quoted texts


def _map(entries: str) -> str:
    # A tag that is a column and has no value is known to be absent: its key is there.
    if not entries:
        return f"CAST(MAP {{}} AS {TAGS})"
    return f"MAP_FROM_ENTRIES([{entries}])"


def _no_lines(tags: Sequence[str]) -> str:
    texts = (
        "source", "provider", "billing_month", "sub_account_id", "sub_account_name",
        "service_name", "region_id", "resource_id", "resource_name", "resource_type",
        "charge_category", "billing_currency", *tags,
    )  # fmt: skip
    columns = [f"NULL::{TEXT} AS {_name(name)}" for name in texts]
    columns += [f"NULL::{MONEY} AS {name}" for name in ("effective_cost", "list_cost")]
    return f"SELECT {', '.join(columns)}, NULL::DATE AS last_date WHERE FALSE"


def _months(bills: Sequence[Bill]) -> list[tuple[str, str, int, date]]:
    """For each month: whether its cost comes first, and before which day a resource is gone.

    The cost of a whole month takes precedence over that of a month that has just begun.
    """
    found = []
    for source in sorted({bill.source for bill in bills}):
        own = sorted(
            (bill for bill in bills if bill.source == source),
            key=lambda bill: bill.billing_month,
            reverse=True,
        )
        through = next(
            (bill.complete_through for bill in own if bill.complete_through),
            _end(own[0].billing_month),
        )
        whole = [bill for bill in own if through >= _end(bill.billing_month)]
        first = whole[0] if whole else own[0]
        for bill in own:
            rank = 0 if bill is first else 1
            found.append((source, bill.billing_month, rank, through - _STILL_THERE))
    return found


def _end(month: str) -> date:
    return BillingMonth.parse(month).shift(1).start.date() - timedelta(days=1)


def _scan(
    connection: "duckdb.DuckDBPyConnection", scanned: Path | None, tags: Sequence[TagKey]
) -> None:
    """The table `in_scan`: the contract's columns, with normalised tag keys."""
    if scanned is None:
        columns = ", ".join(f"{_name(column.name)} {column.type}" for column in COLUMNS)
        connection.execute(f"CREATE TABLE in_scan ({columns}, short VARCHAR)")
        return
    spelled = {alias: key.name for key in tags for alias in key.aliases}
    pairs = ", ".join(f"({_text(alias)}, {_text(name)})" for alias, name in spelled.items())
    connection.execute("CREATE TABLE spelled (alias VARCHAR, name VARCHAR)")
    if pairs:
        connection.execute(f"INSERT INTO spelled VALUES {pairs}")  # noqa: S608 - quoted
    connection.execute(f"""
        CREATE TABLE in_scan AS
        WITH seen AS (
            SELECT *, ROW_NUMBER() OVER () AS number
            FROM read_parquet({_text(str(scanned))})
        ),
        each AS (
            SELECT number, LOWER(TRIM(entry.key)) AS key, entry.value AS value
            FROM (SELECT number, UNNEST(MAP_ENTRIES(tags)) AS entry FROM seen)
        ),
        merged AS (
            SELECT number, COALESCE(name, key) AS key, MAX(NULLIF(value, '')) AS value
            FROM each LEFT JOIN spelled ON alias = key
            GROUP BY ALL
        ),
        mapped AS (
            SELECT number, MAP_FROM_ENTRIES(LIST({{'k': key, 'v': value}} ORDER BY key)) AS tags
            FROM merged GROUP BY number
        )
        SELECT seen.* EXCLUDE (number) REPLACE (
            CASE WHEN seen.tags IS NULL THEN NULL
                ELSE COALESCE(mapped.tags, CAST(MAP {{}} AS {TAGS})) END AS tags
        ), {_SHORT} AS short
        FROM seen LEFT JOIN mapped USING (number)
    """)  # noqa: S608 - names of ours, and quoted texts


_COSTS = tuple(column.name for column in COST)
#: A scan's monthly cost is a whole month's; without one, the bill's month is used.
_SCANNED = ", ".join(
    f"COALESCE(in_scan.{column.name}, on_bill.{column.name}) AS {column.name}"
    if column.name in (*_COSTS, "account_name")
    else "COALESCE(in_scan.tags, on_bill.tags) AS tags"
    if column.name == "tags"
    else (
        "CASE WHEN in_scan.tags IS NULL AND on_bill.tags IS NOT NULL "
        "THEN MAP_CONCAT(in_scan.not_known, on_bill.not_known) "
        "ELSE in_scan.not_known END AS not_known"
    )
    if column.name == "not_known"
    else f"in_scan.{column.name}"
    for column in COLUMNS
)
_ON_BILL = {"kind", "provider", "account", "account_name", "region", "resource_id", "name", "tags",
            *_COSTS, "not_known"}  # fmt: skip
_BILLED = ", ".join(
    column.name if column.name in _ON_BILL else f"CAST(NULL AS {column.type}) AS {column.name}"
    for column in COLUMNS
)
#: Everything a scan saw, and what a bill still has that no scan saw.
_JOINED = f"""
    SELECT ROW_NUMBER() OVER (ORDER BY provider, account, region, kind, resource_id) AS number,
        *, {_SHORT} AS short
    FROM (
        SELECT {_SCANNED}, on_bill.service AS service
        FROM in_scan LEFT JOIN on_bill
            ON on_bill.provider = in_scan.provider AND on_bill.account = in_scan.account
            AND on_bill.short = in_scan.short
        UNION ALL
        SELECT {_BILLED}, service
        FROM on_bill
        WHERE is_there AND (provider, account, short) NOT IN (
            SELECT (provider, account, short) FROM in_scan
        )
    )
    ORDER BY number
"""  # noqa: S608 - names of ours


def rows(file: Path, scratch: Path) -> list[Mapping[str, Any]]:
    """What identifies each resource of a table, and what people want to see of it, in order."""
    from credits_pipeline.finops.scans.table import connected, rows_of  # noqa: PLC0415 - as above

    columns = (
        "number, kind, provider, account, account_name, region, resource_id, short, name, tags, "
        "service, cost_month, currency, billing_month, seen_at"
    )
    with connected(scratch) as connection:
        text = f"SELECT {columns} FROM read_parquet({_text(str(file))}) ORDER BY number"  # noqa: S608 - quoted
        return list(rows_of(connection, text))


def _text(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _name(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
