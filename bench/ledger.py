"""The reconciliation of a month with a large bill, compared with bare DuckDB adding up its rows.

The bill has BENCH_LEDGER_ROWS (10,000,000) rows.
"""

import os
import tempfile
import time
from decimal import Decimal
from pathlib import Path

from bench.bills import MEMORY, generate
from bench.growth import INGEST, seconds
from credits_pipeline.core.month import BillingMonth

ROWS = int(os.environ.get("BENCH_LEDGER_ROWS", "10000000"))
MAY = BillingMonth(2026, 5)
PAYER = "111122223333"
_BARE = """
SELECT "SubAccountId", "ServiceName", contains(tags, 'map-migrated'),
  sum("EffectiveCost") FILTER ("ChargeCategory" = 'Usage'),
  sum("BilledCost") FILTER ("ChargeCategory" = 'Credit')
FROM read_parquet({files}) WHERE provider = 'aws' GROUP BY ALL
"""


def main() -> None:
    import duckdb

    from credits_pipeline.finops.depot import Depot
    from credits_pipeline.finops.lake import open_lake
    from credits_pipeline.finops.ledger.at_hand import reconciliation_of
    from credits_pipeline.finops.ledger.book import LedgerBook
    from credits_pipeline.finops.ledger.credit import Allocation, LedgerMonth

    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        generate(folder / "bills", rows=ROWS)
        seconds(INGEST, folder)
        root = str(folder / "wing")
        accounts = [f"{100_000_000_000 + number}" for number in range(40)]
        given = tuple(
            Allocation("7001", account, "AmazonEC2", Decimal("12.34"), estimated=False)
            for account in accounts
        )
        book, asked = LedgerBook(Depot(root)), "2026-06-08T00:00:00+00:00"
        book.keep(LedgerMonth(PAYER, MAY, given, asked, complete=True, signed=True))
        lake = open_lake(root)
        version = lake.current("bench", MAY)
        assert version is not None
        files = [str(path) for path in lake.parquet(version)]
        turns = {"bare DuckDB": [], "three sides": []}  # type: dict[str, list[float]]
        for _ in range(3):
            began = time.process_time()
            with duckdb.connect(config={"memory_limit": MEMORY}) as connection:
                assert connection.execute(_BARE.format(files=files)).fetchall()
            turns["bare DuckDB"].append(time.process_time() - began)
            began = time.process_time()
            found = reconciliation_of(root, MAY, credits_root=str(folder / "credits"))
            turns["three sides"].append(time.process_time() - began)
        assert not found.holds  # nothing was handed out, and the bill has no credit
        bare, ours = (min(of) for of in turns.values())
        print(
            f"{ROWS:,} rows: three sides {ours:6.2f} s of CPU, bare DuckDB {bare:.2f} s  "
            f"ratio {ours / bare:.2f}"
        )


if __name__ == "__main__":
    main()
