"""Marts from DuckDB and from a real Spark cluster: equal in every cell, even if a worker dies."""

import os
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from credits_pipeline.finops.depot import Depot
from credits_pipeline.finops.marts.catalogue import marts
from credits_pipeline.finops.marts.columns import MONEY, Column
from credits_pipeline.finops.marts.duck import DuckDBEngine
from credits_pipeline.finops.marts.engine import Engine, EngineError
from credits_pipeline.finops.marts.making import Made, Rows, make
from credits_pipeline.finops.marts.shelf import Shelf
from credits_pipeline.finops.marts.spark import SparkEngine
from credits_pipeline_tests.finops.emulators import MissingEmulatorError
from credits_pipeline_tests.finops.spark_cluster import Cluster, cluster, home
from credits_pipeline_tests.finops.typed import TAGS, TYPES

pytestmark = [pytest.mark.live, pytest.mark.timeout(1800)]

NEW_YORK = "America/New_York"
#: Starting the cluster costs most: 80 s of processor time. By hand: SPARK_ROWS=30000000.
ROWS = int(os.environ.get("SPARK_ROWS", "20000"))
CATALOGUE = marts((*TAGS, "cost-center"))
#: A row, computed from its number: nulls, empty and padded text, scripts, credits, 18 decimals.
_MADE = """
SELECT
    'payer' AS BillingAccountId,
    CASE WHEN i % 97 = 0 THEN 'EUR' ELSE 'USD' END AS BillingCurrency,
    lpad(CAST(h % 40 AS VARCHAR), 12, '0') AS SubAccountId,
    CASE WHEN h % 40 = 7 THEN NULL ELSE 'account ' || (h % 40) END AS SubAccountName,
    CASE WHEN h % 53 = 0 THEN NULL ELSE 'service ' || (h % 25) END AS ServiceName,
    CASE h % 4 WHEN 0 THEN 'Compute' WHEN 1 THEN 'Storage' ELSE 'Other' END AS ServiceCategory,
    CASE WHEN h % 11 = 0 THEN '' WHEN h % 13 = 0 THEN NULL ELSE 'eu-west-' || (h % 5) END
        AS RegionId,
    CASE WHEN i % 31 = 0 THEN 'Credit' WHEN i % 29 = 0 THEN 'Tax' ELSE 'Usage' END
        AS ChargeCategory,
    'Usage-Based' AS ChargeFrequency,
    CASE WHEN i % 31 = 0 THEN 'credit ' || (h % 9) END AS ChargeDescription,
    CASE WHEN i % 17 = 0 THEN 'plan-' || (h % 6) END AS CommitmentDiscountId,
    CAST(NULL AS VARCHAR) AS CommitmentDiscountName,
    'Savings Plan' AS CommitmentDiscountType, 'Spend' AS CommitmentDiscountCategory,
    CASE WHEN i % 34 = 0 THEN 'Unused' ELSE 'Used' END AS CommitmentDiscountStatus,
    'USD' AS CommitmentDiscountUnit,
    'I-' || (h % 3) AS InvoiceId, 'Issuer' AS InvoiceIssuerName,
    'i-' || (h % 20000) AS ResourceId, CAST(NULL AS VARCHAR) AS ResourceName,
    'Machine' AS ResourceType, 'Hours' AS ConsumedUnit,
    'aws' AS source, 'aws' AS provider, '2026-05' AS billing_month,
    CASE WHEN h % 5 = 0 THEN NULL
         ELSE '{" Cost-Center ": "c' || (h % 8) || '", "z": "\\"\\u00e9"}' END AS tags,
    CASE h % 6 WHEN 0 THEN NULL WHEN 1 THEN '' WHEN 2 THEN 'core ' WHEN 3 THEN 'größe 東京'
               ELSE 'team-' || (h % 12) END AS tag_team,
    CASE WHEN h % 3 = 0 THEN 'web' END AS tag_product,
    CAST(NULL AS VARCHAR) AS tag_environment,
    CAST(CAST(CASE WHEN i % 31 = 0 THEN -1 ELSE 1 END * (h % 1000003) AS DECIMAL(36, 18))
        + CAST('0.000000000000000' || lpad(CAST(h % 1000 AS VARCHAR), 3, '0') AS DECIMAL(36, 18))
        AS DECIMAL(36, 18))
        AS BilledCost,
    CAST('0.' || lpad(CAST(h % 999999999999999999 AS VARCHAR), 18, '0') AS DECIMAL(36, 18))
        AS EffectiveCost,
    CASE WHEN i % 7 <> 0 THEN CAST(h % 777 AS DECIMAL(36, 18)) END AS ListCost,
    CAST(NULL AS DECIMAL(36, 18)) AS ContractedCost,
    CAST('1.000000000000000001' AS DECIMAL(36, 18)) AS ConsumedQuantity,
    CASE WHEN i % 17 = 0 THEN CAST(1 AS DECIMAL(36, 18)) END AS CommitmentDiscountQuantity,
    DATE '2026-05-01' + CAST(i % 31 AS INTEGER) AS charge_date
FROM (SELECT i, CAST(hash(i) % 9000000000000000000 AS BIGINT) AS h
"""


@pytest.fixture(scope="module")
def spark(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    pytest.importorskip("pyspark", reason="pyspark-client is not installed")
    try:
        home()
    except MissingEmulatorError as error:
        pytest.skip(str(error))
    with cluster(tmp_path_factory.mktemp("spark"), zone=NEW_YORK) as running:
        yield running


def written(folder: Path, count: int, parts: int = 4) -> Rows:
    """Typed rows, as several files of one version."""
    folder.mkdir(parents=True)
    files = []
    with duckdb.connect() as connection:
        for part in range(parts):
            first, last = count * part // parts, count * (part + 1) // parts
            files.append(folder / f"part-{part}.parquet")
            text = f"{_MADE} FROM range({first}, {last}) t(i))"
            connection.execute(f"COPY ({text}) TO '{files[-1]}' (FORMAT parquet, COMPRESSION zstd)")
            told = connection.execute(f"DESCRIBE FROM '{files[-1]}'").fetchall()
            assert {name: kind.replace(",", ", ") for name, kind, *_ in told} == TYPES
    return Rows("aws", "2026-05", "v1", tuple(files))


def made_by(engine: Engine, storage: Path, rows: Rows, say: object = None) -> tuple[Shelf, Made]:
    shelf = Shelf(Depot(str(storage)))
    how = {} if say is None else {"say": say}
    return shelf, make(engine, shelf, CATALOGUE, rows, **how)  # type: ignore[arg-type] # as given


def differences(ours: tuple[Shelf, Made], theirs: tuple[Shelf, Made]) -> dict[str, int]:
    """How many rows of each mart are in only one of the two; every cell counts."""
    found = {}
    with duckdb.connect() as connection:
        for one, other in zip(ours[1].kept, theirs[1].kept, strict=True):
            assert (one.mart, one.rows, one.sums) == (other.mart, other.rows, other.sums)
            here, there = ours[0].file(one), theirs[0].file(other)
            both = [(here, there), (there, here)]
            types = [connection.execute(f"DESCRIBE FROM '{a}'").fetchall() for a, _ in both]
            assert [row[:2] for row in types[0]] == [row[:2] for row in types[1]], one.mart
            found[one.mart] = sum(
                connection.execute(
                    f"SELECT COUNT(*) FROM (FROM '{a}' EXCEPT ALL FROM '{b}')"
                ).fetchall()[0][0]
                for a, b in both
            )
    return found


def test_marts_of_a_cluster_are_those_of_duckdb_cell_by_cell_also_if_a_worker_is_killed(
    spark: Cluster, tmp_path: Path
) -> None:
    rows = written(tmp_path / "rows", ROWS)
    told: list[str] = []

    def say(what: str) -> None:
        told.append(what)
        if what.endswith("commitments"):
            spark.kill_a_worker()

    with SparkEngine.opened(spark.address) as engine:
        theirs = made_by(engine, tmp_path / "spark", rows, say)
    assert len(spark.workers) == 1
    with DuckDBEngine.opened(tmp_path / "scratch") as local:
        ours = made_by(local, tmp_path / "duckdb", rows)
    assert theirs[1].holds
    assert ours[1].holds
    assert len(told) == len(CATALOGUE)
    assert ours[1].kept[0].rows > 10_000
    assert differences(ours, theirs) == dict.fromkeys((mart.name for mart in CATALOGUE), 0)


def test_what_a_cluster_can_not_do_says_what_and_what_to_do(spark: Cluster, tmp_path: Path) -> None:
    with SparkEngine.opened(spark.address) as engine:
        with pytest.raises(EngineError, match=r"reading focus_costs from .*gone.*What to do"):
            engine.register("focus_costs", [tmp_path / "gone.parquet"], ())
        duckdb.sql("SELECT 1 AS a").write_parquet(str(tmp_path / "one.parquet"))
        with pytest.raises(EngineError, match="no column BilledCost"):
            engine.register("x", [tmp_path / "one.parquet"], [Column("BilledCost", MONEY)])
        with pytest.raises(EngineError, match=r"computing made .*What to do"):
            engine.run("SELECT nothing FROM nowhere", "made")
        with pytest.raises(EngineError):
            # An overflow is an error and not a null.
            engine.read("SELECT CAST(99999999999999999999 AS DECIMAL(36, 18))")
