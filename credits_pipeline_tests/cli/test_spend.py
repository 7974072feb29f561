"""``ingest`` and ``spend``: sample bills ingested by hand, and the output for people."""

import csv
import io
import json
import shutil
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from credits_pipeline.cli import app
from credits_pipeline.finops.samples import Written, generate
from credits_pipeline_tests.cli.terminal import on_a_terminal
from credits_pipeline_tests.finops.assets.conftest import TODAY, add

MONTH = "2026-05"


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, list(arguments))


def stated(written: Written, month: str, *, cost: str = "billed") -> dict[str, Decimal]:
    """What the generator recorded, by cloud."""
    found: dict[str, Decimal] = {}
    for one in json.loads((written.folder / "totals.json").read_text())["months"]:
        if one["month"] == month:
            found[one["provider"]] = found.get(one["provider"], Decimal(0)) + Decimal(one[cost])
    return found


@pytest.fixture(scope="module")
def taken_in(tmp_path_factory: pytest.TempPathFactory) -> tuple[Written, Path]:
    """Sample bills of three clouds, ingested by the command."""
    folder = tmp_path_factory.mktemp("spend")
    written = generate(folder / "bills", as_of=TODAY, months=2)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FINOPS_STORAGE", str(folder / "wing"))
        add(*written.sources)
        done = run("ingest", "--json")
    assert done.exit_code == 0, done.output
    answer = json.loads(done.stdout)
    assert {one["outcome"] for one in answer["months"]} == {"published"}
    assert answer["published"]["bills"] == len(written.totals) == len(answer["months"])
    return written, folder / "wing"


@pytest.fixture
def written(taken_in: tuple[Written, Path], monkeypatch: pytest.MonkeyPatch) -> Written:
    monkeypatch.setenv("FINOPS_STORAGE", str(taken_in[1]))
    return taken_in[0]


@pytest.mark.parametrize("month", [MONTH, "2026-06"])
@pytest.mark.parametrize(
    ("view", "column"), [("billed", "billed"), ("amortised", "effective"), ("list", "list")]
)
def test_the_totals_are_those_that_the_generator_wrote_down(
    written: Written, month: str, view: str, column: str
) -> None:
    done = run("spend", "--period", month, "--group-by", "cloud", "--cost", view, "--json")
    answer = json.loads(done.stdout)
    assert {row["cloud"]: Decimal(row["cost"]) for row in answer["rows"]} == stated(
        written, month, cost=column
    )
    assert Decimal(answer["total"]) == sum(stated(written, month, cost=column).values())
    assert set(answer) == {"period", "cost", "currency", "rows", "total", "sources"}
    assert (answer["cost"], answer["currency"]) == (view, "USD")
    assert {source["name"] for source in answer["sources"]} == {
        source.name for source in written.sources
    }
    for source in answer["sources"]:
        assert {"name", "manifest", "version", "complete_through", "rows"} <= set(source)
        assert len(source["manifest"]) == 64


def test_csv_adds_up_to_the_invoice_to_the_last_digit(written: Written) -> None:
    done = run("spend", "--period", MONTH, "--cost", "billed", "--csv", "--group-by", "account",
               "--group-by", "service", "--group-by", "team")  # fmt: skip
    lines = list(csv.DictReader(io.StringIO(done.stdout)))
    assert len(lines) > 20
    assert sum(Decimal(line["cost"]) for line in lines) == sum(stated(written, MONTH).values())
    assert {(line["currency"], line["from"], line["to"]) for line in lines} == {
        ("USD", "2026-05-01", "2026-05-31")
    }


def test_a_table_has_the_invoice_to_the_cent_and_says_where_it_comes_from(
    written: Written,
) -> None:
    done = run("spend", "--period", MONTH, "--group-by", "cloud", "--cost", "billed")
    assert done.exit_code == 0
    for amount in stated(written, MONTH).values():
        assert f"${amount:,.2f}" in done.stdout
    assert "Billed, credits in, tax in" in done.stderr
    assert "aws complete through 2026-05-31" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--account", "nobody"), "account 'nobody' occurs in no bill."),
        (("--cloud", "asw"), "Did you mean aws?"),
        (("--period", "whenever"), "'whenever' is not a period"),
        (("--cost", "blended"), "cost is one of amortised, billed, list, net"),
        (("--group-by", "colour"), "group is one of"),
        (("--tag", "environment"), "has no value"),
        (("--tag", "colour=red"), "'colour' is not a word of a scope"),
        (("--currency", "EUR"), "currency 'EUR' occurs in no bill. Did you mean USD?"),
        (("--json", "--csv"), "choose one"),
    ],
)
def test_what_can_t_be_answered_is_refused_with_what_is_right(
    written: Written, arguments: tuple[str, ...], told: str
) -> None:
    done = run("spend", *arguments)
    assert done.exit_code == 2
    assert told in done.stderr
    assert done.stdout == ""


def test_a_second_ingest_changes_nothing(written: Written) -> None:
    done = run("ingest", "--source", "aws-labs", "--json")
    answer = json.loads(done.stdout)
    assert done.exit_code == 0
    assert {one["outcome"] for one in answer["months"]} == {"unchanged"}
    assert not answer["published"]["is_new"]


def test_on_a_terminal_it_shows_how_far_it_is(written: Written) -> None:
    code, shown = on_a_terminal("ingest", "--source", "aws-labs", "--month", MONTH)
    assert code == 0
    assert "unchanged" in shown


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (("--source", "nobody"), 2, "There is no source 'nobody'. There are aws"),
        (("--month", "2019-01"), 1, "aws has delivered nothing of 2019-01."),
        (("--month", "May"), 2, "'May' is not a month"),
    ],
)
def test_an_ingest_of_nothing_says_so(
    written: Written, arguments: tuple[str, ...], code: int, told: str
) -> None:
    done = run("ingest", *arguments)
    assert done.exit_code == code
    assert told in " ".join(done.output.split())


def test_before_anything_is_there_each_command_names_the_next(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("FINOPS_STORAGE", str(tmp_path / "wing"))
    for command in ("spend", "ingest"):
        done = run(command)
        assert done.exit_code == 2
        assert "credits-pipeline sources add" in done.stderr
    assert not (tmp_path / "wing").exists()


def test_a_month_that_is_delivered_again_broken_keeps_its_version_and_fails_the_command(
    written: Written, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    folder = tmp_path / "bills"
    source = next(one for one in written.sources if one.name == "aws-labs")
    shutil.copytree(source.location, folder)
    monkeypatch.setenv("FINOPS_STORAGE", str(tmp_path / "wing"))
    add(type(source)(source.name, source.provider, str(folder), source.export))
    assert run("ingest").exit_code == 0

    def total() -> Any:
        done = run("spend", "--period", MONTH, "--json")
        return json.loads(done.stdout)["total"]

    before = total()
    for file in folder.rglob(f"*{MONTH}*/**/*.parquet"):
        file.write_bytes(file.read_bytes()[:-100])
    for manifest in folder.rglob(f"metadata/*{MONTH}*/**/*Manifest.json"):
        manifest.write_text(json.dumps({**json.loads(manifest.read_text()), "again": 1}))
    done = run("ingest")
    assert done.exit_code == 1
    assert "aws-labs 2026-05" in done.output
    assert total() == before
