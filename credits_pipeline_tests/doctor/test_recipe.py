"""The runbook's recipe for the second wing, followed on an installation with planted faults."""

import asyncio
import re
from collections.abc import MutableMapping
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from typer.testing import CliRunner

from credits_pipeline.cli import app
from credits_pipeline.doctor.finding import State
from credits_pipeline.doctor.wing import wing_found
from credits_pipeline.finops.pages.door import configured_door
from credits_pipeline.finops.pages.person import UnknownPersonError, person_of
from credits_pipeline.finops.pages.server import OnlyOurs
from credits_pipeline_tests.docs.pages import ROOT
from credits_pipeline_tests.finops.bills import charge, csv_text, put

HEADING = "Something about bills or the pages is wrong"
RUNBOOK = (ROOT / "docs" / "runbook.md").read_text()
RECIPE = RUNBOOK.partition(f"## {HEADING}")[2].partition("\n## ")[0]
SPEND = ("spend", "--period", "2026-05", "--cost", "billed")


def said(code: int, *words: str) -> str:
    done = CliRunner().invoke(app, list(words))
    assert done.exit_code == code, done.output
    return " ".join(done.output.split())


def bill(at: Path, cost: str) -> None:
    put(at / "bills" / "2026-05.csv", csv_text([charge(BilledCost=cost)]))


@pytest.fixture
def wing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A wing with one bill of $1.50."""
    monkeypatch.setenv("FINOPS_STORAGE", str(tmp_path / "wing"))
    monkeypatch.setenv("FINOPS_DATABASE_URL", f"sqlite:///{tmp_path}/decisions.sqlite")
    bill(tmp_path, "1.5")
    said(0, "sources", "add", "shop", "--provider", "focus", "--location", str(tmp_path / "bills"))
    said(0, "ingest")
    return tmp_path


def what_to_do(name: str) -> list[tuple[str, str]]:
    """What doctor says about a faulty part, and how to repair it."""
    return [
        (one.says, one.to_do)
        for one in wing_found(lambda _: None)
        if one.name == name and one.state is State.WRONG
    ]


def test_yesterday_s_numbers_stay_until_the_bill_can_be_read_again(wing: Path) -> None:
    assert "yesterday's numbers" in RECIPE
    bill(wing, "not money")
    told = said(1, "ingest")
    assert "row 1, column BilledCost: 'not money'" in told
    assert "What to do" in told
    assert "$1.50" in said(0, *SPEND)
    bill(wing, "2.5")
    said(0, "ingest")
    assert "$2.50" in said(0, *SPEND)


def test_a_published_file_that_can_not_be_opened_is_removed_and_made_again(wing: Path) -> None:
    assert "remove it if it is damaged" in RECIPE
    published = list((wing / "wing").rglob("*.duckdb"))
    for file in published:
        file.write_bytes(b"no database" * 999)
    told = said(2, *SPEND)
    assert any(file.name in told for file in published)
    assert "What to do" in told
    ((_, to_do),) = what_to_do("spend, published")
    assert to_do
    for file in published:
        file.unlink()
    said(0, "ingest")
    assert "$1.50" in said(0, *SPEND)
    assert what_to_do("spend, published") == []


def test_tables_of_another_version_are_named_and_nothing_is_written(wing: Path) -> None:
    assert "belong to another version" in RECIPE
    engine = sa.create_engine(f"sqlite:///{wing}/decisions.sqlite")
    with engine.begin() as connection:
        (table,) = [one for one in sa.inspect(connection).get_table_names() if "version" in one]
        connection.execute(sa.text(f"UPDATE {table} SET version_num = 'f999'"))
    engine.dispose()
    told = said(1, "sources", "list")
    assert "What to do" in told
    ((_, to_do),) = what_to_do("spend, decisions")
    assert to_do


def test_who_is_not_let_in_reads_the_words_that_the_recipe_explains(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("FINOPS_PROXY_SECRET", "the pages know another one")
    monkeypatch.setenv("FINOPS_ROLES", "finance=admin")
    who = {"X-Forwarded-User": "ann", "X-Forwarded-Groups": "marketing"}
    for secret in ("the proxy's", "the pages know another one"):
        with pytest.raises(UnknownPersonError) as refused:
            person_of({**who, "X-Finops-Door": secret}, configured_door())
        words = re.findall(r'^\| "(.+?)"', RECIPE, re.MULTILINE)
        assert any(one in str(refused.value) for one in words), refused.value


def test_a_proxy_that_changes_the_host_gives_the_403_that_the_recipe_explains() -> None:
    assert "403 for `/_stcore/stream`" in RECIPE
    sent: list[MutableMapping[str, Any]] = []

    async def receive() -> MutableMapping[str, Any]:
        return {"type": "websocket.connect"}

    async def send(message: MutableMapping[str, Any]) -> None:
        sent.append(message)

    async def never(*_: Any) -> None:
        raise AssertionError

    headers = [(b"host", b"pages:8501"), (b"origin", b"https://spend.example.com")]
    # A socket that closes before it is accepted gets the answer 403.
    asyncio.run(
        OnlyOurs(never, ("spend.example.com",))(
            {"type": "websocket", "path": "/_stcore/stream", "headers": headers}, receive, send
        )
    )
    assert [one["type"] for one in sent] == ["websocket.close"]
