"""``doctor`` checks every part of the second wing, and says how to repair each."""

import json
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import pytest
import sqlalchemy as sa
from typer.testing import CliRunner

from credits_pipeline.cli import app
from credits_pipeline.doctor.finding import Finding, State
from credits_pipeline.doctor.wing import wing_found
from credits_pipeline.sandbox.dagster_dev import free_port
from credits_pipeline_tests.finops.bills import charge, csv_text, put

PARTS = {
    "spend, storage", "spend, decisions", "source shop", "spend, published", "spend, tags",
    "spend, engine", "spend, pages", "spend, fonts", "spend, rules", "spend, scans",
}  # fmt: skip


def looked() -> dict[str, list[Finding]]:
    found: dict[str, list[Finding]] = {}
    for one in wing_found(lambda _: None):
        found.setdefault(one.name, []).append(one)
    return found


def states(found: dict[str, list[Finding]], state: State) -> set[str]:
    return {name for name, ones in found.items() if any(one.state is state for one in ones)}


def run(*words: str) -> None:
    done = CliRunner().invoke(app, list(words))
    assert done.exit_code == 0, done.output


@pytest.fixture
def wing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A wing with one bill, read and published."""
    monkeypatch.setenv("FINOPS_STORAGE", str(tmp_path / "wing"))
    put(tmp_path / "bills" / "2026-05.csv", csv_text([charge()]))
    run("sources", "add", "shop", "--provider", "focus", "--location", str(tmp_path / "bills"))
    run("ingest")
    return tmp_path


@pytest.fixture
def answering() -> Iterator[Callable[[int, str], str]]:
    """Serves one answer; yields its address."""
    servers = []

    def serve(status: int, body: str) -> str:
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_response(status)
                self.end_headers()
                self.wfile.write(body.encode())

            def log_message(self, *_: object) -> None:
                return

        server = HTTPServer(("127.0.0.1", 0), Handler)
        servers.append(server)
        Thread(target=server.serve_forever, daemon=True).start()
        return f"http://127.0.0.1:{server.server_port}"

    yield serve
    for server in servers:
        server.shutdown()
        server.server_close()


def test_a_credits_only_installation_is_asked_nothing_about_bills() -> None:
    assert looked() == {}


def test_where_all_is_there_every_part_is_looked_at_and_nothing_is_wrong(
    wing: Path, monkeypatch: pytest.MonkeyPatch, answering: Callable[[int, str], str]
) -> None:
    monkeypatch.setenv("FINOPS_PAGES_URL", answering(200, "ok\n"))
    found = looked()
    assert found.keys() == PARTS
    assert states(found, State.WRONG) == set()
    # A database in a file, and nothing to scan.
    assert states(found, State.NOTE) == {"spend, decisions", "spend, scans"}
    assert all(one.to_do for ones in found.values() for one in ones if one.state is State.NOTE)


def test_what_is_wrong_with_one_part_hides_no_other(
    wing: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (wing / "bills" / "2026-05.csv").unlink()
    pointer = wing / "wing" / "published" / "CURRENT.json"
    (pointer.parent / Path(json.loads(pointer.read_text())["file"]).name).unlink()
    for name, value in {
        "FINOPS_PAGES_URL": f"http://127.0.0.1:{free_port()}",
        "FINOPS_ENGINE": "spark",
        "FINOPS_SPARK": f"sc://127.0.0.1:{free_port()}",
        "FINOPS_FONTS": str(wing / "nowhere"),
        "FINOPS_RULES": "no_such_rule=3",
        "FINOPS_SCAN_FILES": str(wing / "no findings"),
    }.items():
        monkeypatch.setenv(name, value)
    found = looked()
    assert states(found, State.WRONG) >= {
        "source shop, location", "spend, published", "spend, engine", "spend, pages",
        "spend, fonts", "spend, rules", "spend, scans",
    }  # fmt: skip
    assert found["spend, storage"][0].state is State.OK
    # The advice of the finding repairs it.
    monkeypatch.delenv("FINOPS_ENGINE")
    put(wing / "bills" / "2026-05.csv", csv_text([charge()]))
    run("ingest")
    assert looked()["spend, published"][0].state is State.OK
    for ones in found.values():
        for one in ones:
            assert one.to_do or one.state in {State.OK, State.SKIPPED}, one


@pytest.mark.parametrize(
    ("status", "body", "state"),
    [(401, "", State.OK), (302, "", State.OK), (502, "bad gateway", State.WRONG),
     (200, "a page of somebody else", State.WRONG), (200, "ok", State.OK)],
)  # fmt: skip
def test_the_pages_address_has_to_be_that_of_the_pages(
    wing: Path, monkeypatch: pytest.MonkeyPatch, answering: Callable[[int, str], str],
    status: int, body: str, state: State,
) -> None:  # fmt: skip
    monkeypatch.setenv("FINOPS_PAGES_URL", answering(status, body))
    (found,) = looked()["spend, pages"]
    assert found.state is state, found


def test_tables_of_another_release_are_reported_and_left_as_they_are(wing: Path) -> None:
    engine = sa.create_engine(f"sqlite:///{wing / 'wing' / 'decisions.sqlite'}")
    with engine.begin() as connection:
        name = sa.inspect(connection).get_table_names()
        (table,) = [one for one in name if "version" in one]
        connection.execute(sa.text(f"UPDATE {table} SET version_num = 'yesterday'"))
    found = looked()["spend, decisions"]
    assert "tables have version yesterday" in found[0].says
    assert "install the release that wrote it" in found[0].to_do
    with engine.connect() as connection:
        assert connection.execute(sa.text(f"SELECT version_num FROM {table}")).scalar() == (
            "yesterday"
        )


def test_a_storage_that_can_not_be_written_is_wrong(
    wing: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    blocked = wing / "a file"
    blocked.write_text("no folder")
    monkeypatch.setenv("FINOPS_STORAGE", str(blocked / "wing"))
    (found,) = looked()["spend, storage"]
    assert found.state is State.WRONG
    assert found.to_do
    assert blocked.read_text() == "no folder"


def test_tags_that_differ_between_pages_and_runs_are_named(
    wing: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FINOPS_TAGS", "team,product,cost_center")
    (found,) = looked()["spend, tags"]
    assert "cost_center, environment" in found.says
