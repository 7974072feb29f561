import multiprocessing
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from credits_pipeline.finops.decisions import DecisionsError, DecisionStore
from credits_pipeline.finops.decisions.connecting import engine_of
from credits_pipeline.finops.decisions.tables import METADATA, SCHEMA, VERSION_TABLE
from credits_pipeline_tests.finops.conftest import ANN
from credits_pipeline_tests.postgres import PASSWORD, PASSWORD_VARIABLE, PostgresServer


def _open_and_write(url: str, number: int) -> None:
    with DecisionStore.open(url) as store:
        store.put("x", str(number), {"n": number}, by=ANN, expected=None)


def test_processes_that_open_a_new_store_at_once_make_its_tables_once(decisions_url: str) -> None:
    context = multiprocessing.get_context("spawn")
    opening = [context.Process(target=_open_and_write, args=(decisions_url, n)) for n in range(4)]
    for process in opening:
        process.start()
    for process in opening:
        process.join(120)
    assert [process.exitcode for process in opening] == [0] * 4
    with DecisionStore.open(decisions_url) as store:
        assert [item.id for item in store.items("x")] == ["0", "1", "2", "3"]


def test_the_migrations_lead_to_the_tables_that_the_code_uses(
    decisions: DecisionStore, decisions_url: str
) -> None:
    engine = engine_of(decisions_url)
    schema = SCHEMA if engine.dialect.name == "postgresql" else None
    metadata = sa.MetaData()
    for table in METADATA.sorted_tables:
        table.to_metadata(metadata, schema=schema)
    with engine.connect() as connection:
        context = MigrationContext.configure(
            connection,
            opts={
                "version_table": VERSION_TABLE,
                "version_table_schema": schema,
                "include_schemas": schema is not None,
                "include_name": lambda name, type_, _: type_ != "schema" or name == schema,
                "compare_type": True,
            },
        )
        assert compare_metadata(context, metadata) == []
    engine.dispose()


def test_a_store_of_a_later_release_is_refused_and_left_as_it_is(decisions_url: str) -> None:
    DecisionStore.open(decisions_url).close()
    engine = sa.create_engine(decisions_url)
    table = VERSION_TABLE if engine.dialect.name == "sqlite" else f"{SCHEMA}.{VERSION_TABLE}"
    with engine.begin() as connection:
        connection.exec_driver_sql(f"UPDATE {table} SET version_num = 'f999'")
    with pytest.raises(DecisionsError, match="its tables have version f999"):
        DecisionStore.open(decisions_url)
    with engine.connect() as connection:
        assert connection.exec_driver_sql(f"SELECT * FROM {table}").scalar() == "f999"
    engine.dispose()


@pytest.mark.parametrize("first", ["dagster", "decisions"])
def test_the_store_and_dagster_share_a_database_whichever_came_first(
    postgres: PostgresServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, first: str
) -> None:
    from dagster import DagsterInstance

    monkeypatch.setenv(PASSWORD_VARIABLE, PASSWORD)
    database = postgres.create_database()
    (tmp_path / "dagster.yaml").write_text(postgres.dagster_yaml(database))

    def dagster_works() -> None:
        with DagsterInstance.from_config(str(tmp_path)) as instance:
            instance.upgrade()
            assert instance.get_runs_count() == 0

    def decisions_work() -> None:
        with DecisionStore.open(postgres.url(database)) as store:
            known = store.item("x", "a")
            store.put("x", "a", {}, by=ANN, expected=None if known is None else known.version)

    both = [dagster_works, decisions_work]
    for works in (both if first == "dagster" else both[::-1]) * 2:
        works()
    tables = {
        row[0]
        for row in postgres.query(
            "SELECT tablename FROM pg_tables WHERE schemaname = %s", SCHEMA, database=database
        )
    }
    assert tables == {"item", "state", "close", "change", "snapshot", VERSION_TABLE}


def test_a_user_who_may_not_make_a_schema_uses_the_one_that_is_there(
    postgres: PostgresServer,
) -> None:
    database = postgres.create_database()
    user = f"clerk_{database}"
    postgres.query(f"CREATE USER {user} PASSWORD 'clerk'")
    url = f"postgresql+psycopg2://{user}:clerk@127.0.0.1:{postgres.port}/{database}"
    with pytest.raises(DecisionsError, match="permission denied"):
        DecisionStore.open(url)
    postgres.query(f"CREATE SCHEMA {SCHEMA} AUTHORIZATION {user}", database=database)
    with DecisionStore.open(url) as store:
        assert store.put("x", "a", {}, by=ANN, expected=None).version == 1
