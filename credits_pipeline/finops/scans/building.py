"""The table of resources: the inventory, CloudWatch's values and the bill, joined."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from credits_pipeline.core.month import BillingMonth
from credits_pipeline.finops.publish.bill import RECEIPTS, Bill
from credits_pipeline.finops.scans import table
from credits_pipeline.finops.scans.billed import monthly, rows_of, spelled
from credits_pipeline.finops.scans.columns import COLUMNS
from credits_pipeline.finops.scans.inventory import RESOURCES
from credits_pipeline.finops.scans.table import Table
from credits_pipeline.finops.scans.utilisation import MEASURED

if TYPE_CHECKING:
    from credits_pipeline.finops.marts.shelf import Shelf

#: The columns of the contract, and the lines of the cost, from which rules take savings.
BUILT = Table((*RESOURCES.columns, ("cost_lines", "VARCHAR")))
_KEYS = "account, region, kind, resource_id"
#: An id in a form that both sides share: some bills have ARNs, and inventories short ids.
SHORT = """CASE
    WHEN {id} LIKE 'arn:%' AND regexp_matches({id}, '[/:](i|vol|snap|nat|eipalloc)-[^/:]*$')
        THEN regexp_extract({id}, '[^/:]+$')
    WHEN {id} LIKE 'arn:aws:s3:::%' THEN substr({id}, 14)
    ELSE {id} END"""


@dataclass(frozen=True)
class BillFile:
    """The costs of each resource in one month of one source.

    Attributes:
        month: the billing month.
        file: Parquet, of the mart ``resource_costs``.
        through: the last day that it covers; None for the last with rows.
    """

    month: BillingMonth
    file: Path
    through: date | None


def bill_files(bills: Iterable[Bill], shelf: "Shelf", at: datetime) -> list[BillFile]:
    """The newest whole month of each source; its current one if there is none yet.

    Args:
        bills: that are published.
        shelf: the marts.
        at: the scan's as-of time; later months are ignored.
    """
    months: dict[str, list[tuple[BillingMonth, Bill]]] = {}
    for bill in bills:
        month = BillingMonth.parse(bill.billing_month)
        if month.start <= at and bill.source != RECEIPTS:
            months.setdefault(bill.source, []).append((month, bill))
    found = []
    for source, some in sorted(months.items()):
        whole = [one for one in some if one[0].end <= at]
        month, bill = max(whole or some, key=lambda one: one[0])
        kept = shelf.current("resource_costs", source, str(month))
        if kept is not None:
            # For a month that is over, its rows show how far it goes.
            through = None if whole else min(bill.complete_through or at.date(), at.date())
            found.append(BillFile(month, shelf.file(kept), through))
    return found


def build(
    inventory: Path | None, outside: Path | None, utilisation: Path | None, before: Path | None,
    bills: list[BillFile], scratch: Path, unmeasured: str = "",
) -> Iterator[dict[str, Any]]:  # fmt: skip
    """The rows of the table, by account, region, kind and id.

    Args:
        inventory: its file; None if nothing was scanned, because no cloud is asked.
        outside: resources of clouds' findings, as far as those describe them.
        utilisation: its file; None if nothing was measured.
        before: the table of the previous scan; None for the first.
        bills: see `bill_files`.
        scratch: a folder for what does not fit into memory.
        unmeasured: why nothing was measured, if something usually is.
    """
    with table.connected(scratch) as connection:
        _inventory(connection, inventory, outside)
        _view(connection, "utilisation", utilisation, "facts", "MAP(VARCHAR, DOUBLE)")
        _view(connection, "before", before, "unattached_days", "DOUBLE", "attached", "BOOLEAN")
        _costs(connection, bills)
        text = f"""
            SELECT inventory.*, utilisation.facts AS measured, utilisation.not_known AS unmeasured,
                before.unattached_days AS days_before, before.attached AS attached_before,
                before.seen_at AS seen_before, cost.month AS month, cost.rows AS cost_rows
            FROM inventory
            LEFT JOIN utilisation USING ({_KEYS})
            LEFT JOIN before USING ({_KEYS})
            LEFT JOIN cost ON cost.account = inventory.account
                AND cost.short = {SHORT.format(id="inventory.resource_id")}
            ORDER BY {", ".join(f"inventory.{key}" for key in _KEYS.split(", "))}"""  # noqa: S608 - our own names
        for row in table.rows_of(connection, text):
            yield _built(row, unmeasured)


def _inventory(connection: Any, inventory: Path | None, outside: Path | None) -> None:
    """What was scanned, and the resources of findings that were not."""
    columns = ", ".join(f'"{name}" {kind}' for name, kind in RESOURCES.columns)
    connection.execute(f"CREATE TABLE inventory ({columns})")
    if inventory is not None:
        connection.execute(f"INSERT INTO inventory BY NAME FROM read_parquet({_quoted(inventory)})")
    if outside is not None:
        connection.execute(
            f"INSERT INTO inventory BY NAME FROM read_parquet({_quoted(outside)}) "  # noqa: S608 - our own names
            "WHERE (account, resource_id) NOT IN (SELECT (account, resource_id) FROM inventory)"
        )


def _view(connection: Any, name: str, file: Path | None, *columns: str) -> None:
    """A view over a file, or an empty one with its columns."""
    if file is not None:
        connection.execute(f"CREATE VIEW {name} AS FROM read_parquet({_quoted(file)})")
        return
    pairs = zip(columns[::2], columns[1::2], strict=True)
    more = ", ".join(f"{column} {kind}" for column, kind in pairs)
    keys = ", ".join(f"{key} VARCHAR" for key in _KEYS.split(", "))
    connection.execute(
        f"CREATE TABLE {name} ({keys}, not_known MAP(VARCHAR, VARCHAR), seen_at TIMESTAMP, {more})"
    )


def _costs(connection: Any, bills: list[BillFile]) -> None:
    """The cost of each resource of the inventory, each unit a struct; one month per source."""
    connection.execute(
        "CREATE TABLE cost (account VARCHAR, short VARCHAR, month VARCHAR, rows STRUCT(unit "
        "VARCHAR, covered BOOLEAN, effective DECIMAL(36, 18), list DECIMAL(36, 18), currency "
        'VARCHAR, "first" DATE, "through" DATE)[])'
    )
    short = SHORT.format(id="resource_id")
    for bill in bills:
        connection.execute(
            f"""
            INSERT INTO cost
            WITH line AS (
                SELECT sub_account_id AS account, {short} AS short,
                    coalesce(consumed_unit, '') AS unit, commitment = 'yes' AS covered,
                    sum(effective_cost) AS effective, sum(list_cost) AS list,
                    billing_currency AS currency, min(first_date) AS first_day,
                    (SELECT max(last_date) FROM read_parquet({_quoted(bill.file)})) AS through
                FROM read_parquet({_quoted(bill.file)})
                WHERE charge_category = 'Usage' AND resource_id IS NOT NULL
                    AND (sub_account_id, {short}) IN (
                        SELECT (account, {SHORT.format(id="resource_id")}) FROM inventory)
                GROUP BY ALL
            )
            SELECT account, short, ?, list(struct_pack(unit := unit, covered := covered,
                effective := effective, list := list, currency := currency,
                "first" := first_day, "through" := coalesce(?, through))
                ORDER BY unit, covered, currency)
            FROM line GROUP BY ALL""",  # noqa: S608 - our own names
            [str(bill.month), bill.through],
        )


def _built(row: Mapping[str, Any], why: str) -> dict[str, Any]:
    measured, unmeasured = row["measured"] or {}, row["unmeasured"] or {}
    if why:
        unmeasured = dict.fromkeys(MEASURED.get(row["kind"], ()), why)
    found = {column.name: row[column.name] for column in COLUMNS}
    for column in COLUMNS:
        value = measured.get(column.name)
        if value is not None:
            found[column.name] = int(value) if column.type == "BIGINT" else value
    missing = {**dict(row["not_known"] or {}), **dict(unmeasured)}
    if found["attached"] is False:
        found["unattached_days"] = _unattached(row)
    cost, lines, no_cost = monthly(
        rows_of(row["cost_rows"] or ()), BillingMonth.parse(row["month"] or "2000-01")
    )
    if cost is None:
        missing["cost_month"] = no_cost
    else:
        found["cost_month"], found["list_cost_month"] = cost.effective, cost.list
        found["currency"], found["billing_month"] = cost.currency, cost.month
    found["not_known"] = {name: says for name, says in missing.items() if found[name] is None}
    found["cost_lines"] = spelled(lines)
    return found


def _unattached(row: Mapping[str, Any]) -> float:
    """How long scans have seen it unused: the first that does so starts the count."""
    if row["attached_before"] is not False or row["seen_before"] is None:
        return 0.0
    days = (row["seen_at"] - row["seen_before"]).total_seconds() / 86400
    more: float = max(0.0, round(days, 4))
    return float(row["days_before"] or 0.0) + more


def _quoted(path: Path) -> str:
    return "'" + str(path).replace("'", "''") + "'"
