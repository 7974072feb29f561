"""Bills from CSV.gz to typed versions, compared with bare DuckDB that reads and types the same.

BENCH_BILL_ROWS (10,000,000) and BENCH_BILL_FILES (6) set the size.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROWS = int(os.environ.get("BENCH_BILL_ROWS", "10000000"))
FILES = int(os.environ.get("BENCH_BILL_FILES", "6"))
MEMORY = "1GB"
MONTH = "2026-05"

COSTS = ("BilledCost", "EffectiveCost", "ListCost", "ContractedCost")
HOUR = (
    "strftime(TIMESTAMP '2026-05-01' + to_hours(CAST(i % 744 + {} AS INTEGER)), "
    "'%Y-%m-%dT%H:%M:%SZ')"
)
#: The 57 columns of FOCUS 1.2 and three of the provider, as SQL over ``i``.
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
    "ServiceCategory": "['Compute', 'Storage', 'Databases', 'Networking'][1 + i % 4]",
    "ServiceName": "'Service ' || hash(i) % 40",
    "ServiceSubcategory": "'Virtual Machines'",
    "SubAccountId": "CAST(100000000000 + hash(i * 3) % 40 AS VARCHAR)",
    "SubAccountName": "'Account ' || hash(i * 3) % 40",
    "SubAccountType": "'Account'",
    "ProviderName": "'AWS'",
    "PublisherName": "'Amazon Web Services'",
    "InvoiceIssuerName": "'Amazon Web Services, Inc.'",
    "InvoiceId": "'INV-2026-05'",
    "RegionId": "'eu-west-' || 1 + i % 3",
    "RegionName": "'Europe'",
    "AvailabilityZone": "'eu-west-1a'",
    "ResourceId": "'arn:aws:ec2:eu-west-1:111122223333:instance/i-' || hash(i) % 150000",
    "ResourceName": "'vm-' || hash(i) % 150000",
    "ResourceType": "'Instance'",
    "SkuId": "'SKU' || i % 977",
    "SkuPriceId": "'SKU' || i % 977 || '.JRTC'",
    "SkuMeter": "'Box usage'",
    "PricingCategory": "'Standard'",
    "PricingCurrency": "'USD'",
    "PricingUnit": "'Hours'",
    "ConsumedUnit": "'Hours'",
    "Tags": (
        "'{\"team\": \"team-' || hash(i * 5) % 30 || '\", \"product\": \"p' || i % 12 || "
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

#: Each runs in its own process, which has its own peak of memory.
OURS = """
import sys
from pathlib import Path
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
BARE = """
import sys
from bench.bills import bare, report
report(bare(sys.argv[1], sys.argv[2], sys.argv[3]))
"""


class Source:
    """A folder of FOCUS files."""

    def __init__(self, location: str) -> None:
        self.name, self.provider, self.location, self.export = "bench", "focus", location, ""


def report(what: dict[str, object]) -> None:
    """Print the answer, with the peak of memory, for the process that started this one."""
    status = Path("/proc/self/status").read_text()
    peak = next(line.split()[1] for line in status.splitlines() if line.startswith("VmHWM"))
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
                f"COPY (SELECT {cells} FROM range({start}, {end}) t(i)) TO "
                f"'{own}/bench-{at:05d}.csv.gz' (FORMAT csv, HEADER, COMPRESSION gzip)"
            )
    return sum(path.stat().st_size for path in own.iterdir())


def main() -> None:
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        size = generate(folder / "bills")
        print(f"{ROWS:,} rows of {len(COLUMNS)} columns, {size / 1e6:,.0f} MB in {FILES} files")
        bare_seconds, bare_answer = _timed(BARE, folder, "bare")
        our_seconds, our_answer = _timed(OURS, folder, "lake")
        assert our_answer["rows"] == bare_answer["rows"] == ROWS
        assert float(str(our_answer["billed"])) == float(str(bare_answer["billed"]))
        for name, seconds, answer in (
            ("bare DuckDB", bare_seconds, bare_answer), ("ingest", our_seconds, our_answer),
        ):  # fmt: skip
            print(
                f"{name:12} {seconds:8.1f} s  {ROWS / seconds / 1000:7.0f} k rows/s  "
                f"CPU {answer['cpu']:7.1f} s  peak {answer['peak_mb']:,} MB"
            )
        cpu = float(str(our_answer["cpu"])) / float(str(bare_answer["cpu"]))
        print(f"ratio {our_seconds / bare_seconds:.2f}, of CPU {cpu:.2f} (at most 1.3 is wanted)")


def _timed(script: str, folder: Path, out: str) -> tuple[float, dict[str, object]]:
    began = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-c", script, str(folder / "bills"), str(folder / out), MEMORY],
        capture_output=True,
        text=True,
        check=True,
    )
    return time.perf_counter() - began, json.loads(done.stdout)
