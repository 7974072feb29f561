"""Bills from CSV.gz to published marts, beside bare DuckDB reading, typing and grouping the same.

BENCH_BILL_ROWS (10,000,000) and BENCH_BILL_FILES (6) set the size.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

ROWS = int(os.environ.get("BENCH_BILL_ROWS", "10000000"))
FILES = int(os.environ.get("BENCH_BILL_FILES", "6"))
MEMORY = "1GB"
MONTH = "2026-05"
Answers = list[dict[str, Any]]

COSTS = ("BilledCost", "EffectiveCost", "ListCost", "ContractedCost")
HOUR = (
    "strftime(TIMESTAMP '2026-05-01' + to_hours(CAST(i % 744 + {} AS INTEGER)), "
    "'%Y-%m-%dT%H:%M:%SZ')"
)
#: Each has one account, service, region, team and product, as in a bill; a team is an account's.
RESOURCES = 150_000
#: The 57 columns of FOCUS 1.2 and three of the provider: SQL over a row ``i``, of a resource ``r``.
COLUMNS = {
    **{
        cost: f"printf('%.12f', hash(i * 7 + {at}) % 1000000000 / 1e9)"
        for at, cost in enumerate(COSTS)
    },
    "ListUnitPrice": "printf('%.10f', (i % 977) / 1e4)",
    "ContractedUnitPrice": "printf('%.10f', (i % 977) / 1e4)",
    "PricingQuantity": "CAST(1 + i % 24 AS VARCHAR)",
    "ConsumedQuantity": "CAST(1 + i % 24 AS VARCHAR)",
    "BillingAccountId": "'111122223333'",
    "BillingAccountName": "'Payer'",
    "BillingAccountType": "'Billing Account'",
    "BillingCurrency": "'USD'",
    "BillingPeriodStart": "'2026-05-01T00:00:00Z'",
    "BillingPeriodEnd": "'2026-06-01T00:00:00Z'",
    "ChargePeriodStart": HOUR.format(0),
    "ChargePeriodEnd": HOUR.format(1),
    "ChargeCategory": "'Usage'",
    "ChargeDescription": "'$0.0' || i % 977 || ' per hour of something in a region'",
    "ChargeFrequency": "'Usage-Based'",
    "ServiceCategory": (
        "['Compute', 'Storage', 'Databases', 'Networking'][CAST(1 + hash(r) % 4 AS INTEGER)]"
    ),
    "ServiceName": "'Service ' || hash(r) % 40",
    "ServiceSubcategory": "'Virtual Machines'",
    "SubAccountId": "CAST(100000000000 + r % 40 AS VARCHAR)",
    "SubAccountName": "'Account ' || r % 40",
    "SubAccountType": "'Account'",
    "ProviderName": "'AWS'",
    "PublisherName": "'Amazon Web Services'",
    "InvoiceIssuerName": "'Amazon Web Services, Inc.'",
    "InvoiceId": "'INV-2026-05'",
    "RegionId": "'eu-west-' || 1 + hash(r * 3) % 3",
    "RegionName": "'Europe'",
    "AvailabilityZone": "'eu-west-1a'",
    "ResourceId": "'arn:aws:ec2:eu-west-1:111122223333:instance/i-' || r",
    "ResourceName": "'vm-' || r",
    "ResourceType": "'Instance'",
    "SkuId": "'SKU' || i % 977",
    "SkuPriceId": "'SKU' || i % 977 || '.JRTC'",
    "SkuMeter": "'Box usage'",
    "PricingCategory": "'Standard'",
    "PricingCurrency": "'USD'",
    "PricingUnit": "'Hours'",
    "ConsumedUnit": "'Hours'",
    "Tags": (
        "'{\"team\": \"team-' || r % 40 % 30 || '\", \"product\": \"p' || hash(r * 5) % 2 || "
        "'\", \"env\": \"prod\"}'"
    ),
    **dict.fromkeys(
        (
            "CapacityReservationId",
            "CapacityReservationStatus",
            "ChargeClass",
            "CommitmentDiscountCategory",
            "CommitmentDiscountId",
            "CommitmentDiscountName",
            "CommitmentDiscountQuantity",
            "CommitmentDiscountStatus",
            "CommitmentDiscountType",
            "CommitmentDiscountUnit",
            "PricingCurrencyContractedUnitPrice",
            "PricingCurrencyEffectiveCost",
            "PricingCurrencyListUnitPrice",
            "SkuPriceDetails",
        ),
        "''",
    ),
    "x_Operation": "'RunInstances'",
    "x_ServiceCode": "'AmazonEC2'",
    "x_Discounts": "''",
}  # fmt: skip

#: Each in a process of its own, so that the peaks of memory are its own.
INGEST = """
import sys
from credits_pipeline.core.month import BillingMonth
from credits_pipeline.finops.ingest import Limits, ingest_month
from credits_pipeline.finops.lake import open_lake
from bench.bills import Source, report
lake = open_lake(sys.argv[2])
limits = Limits(memory=sys.argv[3])
done = ingest_month(Source(sys.argv[1]), BillingMonth(2026, 5), lake, limits=limits)
billed = done.version.totals["USD"]["BilledCost"]
report({"outcome": done.outcome, "rows": done.rows, "billed": billed})
"""
PUBLISH = """
import sys
from bench.bills import refresher, report
refreshed = refresher(sys.argv[2], sys.argv[3]).refresh()
assert refreshed.holds
report({})
"""
BARE = """
import sys
from bench.bills import bare, report
report(bare(sys.argv[1], sys.argv[2], sys.argv[3]))
"""
#: The texts of the marts over the rows of the lake, and each written as it is.
BARE_MARTS = """
import sys
from bench.bills import bare_marts, report
report(bare_marts(sys.argv[2], sys.argv[3]))
"""


class Source:
    """A folder of FOCUS files."""

    def __init__(self, location: str) -> None:
        self.name, self.provider, self.location, self.export = "bench", "focus", location, ""


def report(what: dict[str, object]) -> None:
    """Print the answer, with the peak of memory, for the process that started this one."""
    status = Path("/proc/self/status").read_text()
    peak = next(line.split()[1] for line in status.splitlines() if line.startswith("VmHWM"))
    print()
    print(json.dumps({**what, "peak_mb": int(peak) // 1024, "cpu": time.process_time()}))


def bare(folder: str, out: str, memory: str) -> dict[str, object]:
    """Read, type, tag and write the same files with DuckDB alone, then add up."""
    import duckdb

    money = {name for name in COLUMNS if name.endswith(("Cost", "Price", "Quantity"))}
    kinds = {
        name: "DECIMAL(36,18)" if name in money else "TIMESTAMP" if "Period" in name else "VARCHAR"
        for name in COLUMNS
    }
    columns = ", ".join(f"'{name}': '{kind}'" for name, kind in kinds.items())
    tags = ", ".join(
        f"json_extract_string(\"Tags\", '$.{key}') AS tag_{key}"
        for key in ("team", "product", "environment")
    )
    files = sorted(str(path) for path in Path(folder, "2026-05").glob("*.csv.gz"))
    with duckdb.connect(config={"memory_limit": memory}) as connection:
        connection.execute("SET enable_progress_bar = false")
        Path(out).mkdir(parents=True)
        for at, file in enumerate(files):
            connection.execute(
                f'COPY (SELECT *, CAST("ChargePeriodStart" AS DATE) AS charge_date, {tags} FROM '
                f"read_csv('{file}', columns = {{{columns}}}, auto_detect = false, header = true, "
                "delim = ',', quote = '\"', escape = '\"', nullstr = ['', 'NULL'])) "
                f"TO '{out}/{at}.parquet' (FORMAT parquet, COMPRESSION zstd)"
            )
        rows, billed = connection.execute(
            f"SELECT count(*), sum(\"BilledCost\") FROM '{out}/*.parquet'"
        ).fetchone()
    return {"rows": rows, "billed": str(billed)}


def refresher(storage: str, memory: str):  # noqa: ANN201 - its module is loaded here only
    """What makes and publishes the marts of a storage."""
    from credits_pipeline.finops.depot import Depot
    from credits_pipeline.finops.lake import open_lake
    from credits_pipeline.finops.publish.refreshing import Refresher

    keys = ["team", "product", "environment"]
    return Refresher(open_lake(storage), Depot(storage), keys, memory)


def bare_marts(storage: str, memory: str) -> dict[str, object]:
    """The marts of the lake's rows by DuckDB alone."""
    import duckdb

    from credits_pipeline.core.month import BillingMonth
    from credits_pipeline.finops.lake import open_lake
    from credits_pipeline.finops.marts.mart import ROWS as NAME

    lake = open_lake(storage)
    version = lake.current("bench", BillingMonth.parse(MONTH))
    assert version is not None
    files = [str(path) for path in lake.parquet(version)]
    with (
        tempfile.TemporaryDirectory() as out,
        duckdb.connect(config={"memory_limit": memory}) as connection,
    ):
        connection.execute("SET TimeZone = 'UTC'")
        connection.execute("SET preserve_insertion_order = false")
        connection.execute("SET enable_progress_bar = false")
        connection.execute(f"CREATE VIEW {NAME} AS FROM read_parquet({files})")
        for mart in refresher(storage, memory).catalogue:
            path = Path(out, f"{mart.name}.parquet")
            connection.execute(f"COPY ({mart.text}) TO '{path}' (FORMAT parquet, COMPRESSION zstd)")
            connection.execute(f"CREATE VIEW {mart.name} AS FROM read_parquet('{path}')")
    return {}


def generate(
    folder: Path, *, rows: int = ROWS, files: int = FILES, month: str = MONTH, seed: int = 0
) -> int:
    """Write a month of bills. Returns its size in bytes.

    Args:
        folder: where the bills go.
        rows: the number of rows.
        files: the number of files.
        month: as ``YYYY-MM``.
        seed: each value gives different rows.
    """
    import duckdb

    from credits_pipeline.core.month import BillingMonth

    own = folder / month
    own.mkdir(parents=True, exist_ok=True)
    cells = ", ".join(f'{sql} AS "{name}"' for name, sql in COLUMNS.items())
    after = str(BillingMonth.parse(month).shift(1))
    cells = cells.replace("2026-06-01", f"{after}-01").replace("2026-05", month)
    # A short month has fewer hours.
    cells = cells.replace("% 744", f"% {BillingMonth.parse(month).hours}")
    for at in range(files):
        start, end = seed + rows * at // files, seed + rows * (at + 1) // files
        with duckdb.connect() as connection:
            connection.execute(
                f"COPY (SELECT {cells} "
                f"FROM (SELECT i, hash(i) % {RESOURCES} AS r FROM range({start}, {end}) t(i))) TO "
                f"'{own}/bench-{at:05d}.csv.gz' (FORMAT csv, HEADER, COMPRESSION gzip)"
            )
    return sum(path.stat().st_size for path in own.iterdir())


def main() -> None:
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        size = generate(folder / "bills")
        print(f"{ROWS:,} rows of {len(COLUMNS)} columns, {size / 1e6:,.0f} MB in {FILES} files")
        bare_read = _timed("bare DuckDB, read and typed", BARE, folder, "bare")
        read = _timed("ingest", INGEST, folder, "lake")
        assert read["rows"] == bare_read["rows"] == ROWS
        assert float(read["billed"]) == float(bare_read["billed"])
        bare_grouped = _timed("bare DuckDB, the marts", BARE_MARTS, folder, "lake")
        grouped = _timed("marts, checked and published", PUBLISH, folder, "lake")
    _ratio("reading and typing", [read], [bare_read], "1.3 in all is wanted")
    _ratio("marts", [grouped], [bare_grouped], "at most 1.2 is wanted")
    _ratio("in all", [read, grouped], [bare_read, bare_grouped], "at most 1.3 is wanted")


def _timed(name: str, script: str, folder: Path, out: str) -> dict[str, Any]:
    began = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-c", script, str(folder / "bills"), str(folder / out), MEMORY],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise SystemExit(done.stderr)
    # DuckDB may have drawn something before the answer.
    answer = {**json.loads(done.stdout.splitlines()[-1]), "seconds": time.perf_counter() - began}
    print(
        f"{name:28} {answer['seconds']:8.1f} s  {ROWS / answer['seconds'] / 1000:7.0f} k rows/s  "
        f"CPU {answer['cpu']:7.1f} s  peak {answer['peak_mb']:,} MB"
    )
    return answer


def _ratio(name: str, ours: Answers, bare_ones: Answers, wanted: str) -> None:
    seconds, cpu = (
        sum(each[unit] for each in ours) / sum(each[unit] for each in bare_ones)
        for unit in ("seconds", "cpu")
    )
    print(f"{name:28} ratio {seconds:.2f}, of CPU {cpu:.2f} ({wanted})")
