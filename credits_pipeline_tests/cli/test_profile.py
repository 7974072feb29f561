"""``credits-pipeline profile``: proposed, shown, stored after a yes, and used by every command."""

import json
from decimal import Decimal
from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

from credits_pipeline.cli import app
from credits_pipeline_tests.credits.opening.sheets import xlsx

HEADER = "Customer,AWS Account,Type,Amount,Currency\n"
ROWS = (
    "Acme,123456789012,Credit,-61.50,USD\n"
    "Acme,123456789012,Usage,500.00,USD\n"
    "Acme,123456789012,Credit,-1.25,USD\n"
)


@pytest.fixture(autouse=True)
def storage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("CREDITS_STORAGE", str(tmp_path / "storage"))
    return tmp_path / "storage" / "profiles"


def invoke(*arguments: str, answer: str | None = None) -> Result:
    return CliRunner().invoke(app, list(arguments), input=answer)


def file(tmp_path: Path, content: str = HEADER + ROWS, name: str = "partner.csv") -> str:
    path = tmp_path / name
    path.write_text(content)
    return str(path)


def checked(path: str, *options: str) -> dict[str, object]:
    result = invoke("check", path, "--month", "2025-01", "--json", *options)
    return dict(json.loads(result.stdout))


def test_a_profile_is_stored_after_a_yes_and_read_by_from_then_on(
    tmp_path: Path, storage: Path
) -> None:
    path = file(tmp_path)
    assert checked(path)["profile"] is None
    result = invoke("profile", path, answer="y\n")
    assert result.exit_code == 0, result.output
    assert 'count = ["Credit"]' in result.stdout
    assert "unknown: 1 account, $62.75" in result.stdout
    assert "The whole column 'Amount' adds up to $437.25 (3 amounts)." in result.stdout
    assert (storage / "partner.toml").exists()
    other = file(tmp_path, HEADER + ROWS.replace("61.50", "70.00"), "another.csv")
    found = checked(other)
    assert str(found["profile"]).startswith("partner ")
    assert found["months"] == {
        "2025-01": {
            "rows": [{"account_id": "123456789012", "amount_usd": "71.25", "line": 2}],
            "total_usd": "71.25",
        }
    }


@pytest.mark.parametrize(("options", "answer"), [((), "n\n"), ((), ""), (("--dry-run",), None)])
def test_without_a_yes_nothing_is_stored(
    tmp_path: Path, storage: Path, options: tuple[str, ...], answer: str | None
) -> None:
    result = invoke("profile", file(tmp_path), *options, answer=answer)
    assert result.exit_code == (0 if options else 1)
    assert not storage.exists()


def test_a_split_by_a_profile_reads_back(tmp_path: Path) -> None:
    path = file(tmp_path)
    assert invoke("profile", path, "--yes").exit_code == 0
    out = tmp_path / "out"
    result = invoke("split", path, "--first-month", "2025-01", "--to", str(out))
    assert result.exit_code == 0, result.output
    assert (out / "credits-2025-01.csv").read_text() == "123456789012,62.75\n"


@pytest.mark.parametrize(
    ("content", "options", "says"),
    [
        ("A,B\nx,y\n", (), "no header|can be the account"),
        (HEADER.replace("Type", "Status") + ROWS.replace("Credit", "Done"), (), "--count 'Status'"),
        (HEADER + ROWS.replace("-1.25", "1.25"), (), "--credit negative or --credit positive"),
        (HEADER + ROWS.replace("-1.25", "-1.25000000000001"), (), "--decimals 2"),
        (HEADER + ROWS, ("--amount", "Betrag"), "no column 'Betrag' for --amount"),
        (HEADER + ROWS, ("--ignore", "Amount"), "'Amount' is read: it can't be ignored"),
        (
            HEADER.replace("Customer", "Cost") + ROWS.replace("Acme", "5.00"),
            ("--amount", "Cost"),
            "--credit positive",
        ),
        (
            HEADER.replace("Customer", "Payer Account") + ROWS.replace("Acme", "999988887777"),
            (),
            "",
        ),
    ],
)
def test_what_only_a_person_can_say_is_asked_for(
    tmp_path: Path, storage: Path, content: str, options: tuple[str, ...], says: str
) -> None:
    result = invoke("profile", file(tmp_path, content), "--yes", *options)
    if not says:
        assert result.exit_code == 0, result.output
        return
    assert result.exit_code == 1, result.output
    assert any(words in " ".join(result.stderr.split()) for words in says.split("|"))
    assert not storage.exists()


def test_what_a_person_says_goes_into_the_profile(tmp_path: Path, storage: Path) -> None:
    content = (
        "Payee;Konto;Status;Betrag;Rest;Tag\n"
        'x;123456789012;PAID;"1,5";9;2025-01-03\n'
        'x;123456789012;OPEN;"2,5";9;2025-01-03\n'
    )
    result = invoke(
        "profile",
        file(tmp_path, content),
        "--name=payout",
        "--account=Konto",
        "--amount=Betrag",
        "--credit=positive",
        "--count=Status=PAID",
        "--currency=USD",
        "--no-sum",
        "--decimals=2",
        "--json",
        "--yes",
    )
    assert result.exit_code == 0, result.output
    told = json.loads(result.stdout)
    assert told["name"] == "payout"
    assert told["profile"] == (storage / "payout.toml").read_text()
    assert 'leave_out = ["OPEN"]' in told["profile"]
    assert 'ignored = ["Payee", "Rest"]' in told["profile"]
    assert Decimal(told["verdict"]["months"]["2025-01"]["total_usd"]) == Decimal("1.5")


def test_a_profile_written_by_hand_is_tried_and_stored(tmp_path: Path, storage: Path) -> None:
    path = file(tmp_path)
    text = json.loads(invoke("profile", path, "--dry-run", "--json").stdout)["profile"]
    mine = tmp_path / "mine.toml"
    mine.write_text(text.replace('"partner"', '"mine"').replace('["Credit"]', '["credit"]'))
    assert str(checked(path, "--profile", str(mine))["profile"]).startswith("mine ")
    assert invoke("profile", path, "--profile", str(mine), "--yes").exit_code == 0
    assert (storage / "mine.toml").read_bytes() == mine.read_bytes()
    mine.write_text(text.replace("sum = true", "sum = 5"))
    refused = invoke("check", path, "--profile", str(mine))
    assert refused.exit_code == 2
    assert f"{mine}, line 9: sum has to be true or false." in refused.stderr


def test_a_name_and_a_header_are_taken_once(tmp_path: Path, storage: Path) -> None:
    path = file(tmp_path)
    assert invoke("profile", path, "--yes").exit_code == 0
    assert invoke("profile", path, "--yes").exit_code == 0
    again = invoke("profile", path, "--yes", "--ignore", "Customer", "--no-sum")
    assert again.exit_code == 1
    changed = invoke("profile", path, "--yes", "--decimals", "3")
    assert "There is a profile partner already" in changed.stderr
    other = invoke("profile", path, "--yes", "--name", "other")
    assert "The profile partner is for the same header" in other.stderr
    assert invoke("profile", path, "--yes", "--decimals", "3", "--replace").exit_code == 0
    assert len(list((storage / "versions").iterdir())) == 2


def test_profiles_are_listed_shown_and_forgotten(tmp_path: Path) -> None:
    path = file(tmp_path)
    invoke("profile", path, "--yes")
    told = json.loads(invoke("profile", "--list", "--json").stdout)["profiles"]
    assert [one["name"] for one in told if one["from"] == "stored"] == ["partner"]
    assert "focus-credits" in [one["name"] for one in told if one["from"] == "shipped"]
    shown = invoke("profile", "--show", "partner").stdout
    assert invoke("profile", "--show", told[0]["sha256"]).stdout == shown
    assert "ChargeCategory" in invoke("profile", "--show", "focus-credits").stdout
    assert invoke("profile", "--show", "nobody").exit_code == 1
    assert invoke("profile", "--forget", "partner").exit_code == 0
    assert invoke("profile", "--forget", "partner").exit_code == 1
    assert checked(path)["profile"] is None
    assert invoke("profile").exit_code == 2


def test_a_stored_profile_that_somebody_broke_stops_every_reading_with_its_place(
    tmp_path: Path, storage: Path
) -> None:
    path = file(tmp_path)
    invoke("profile", path, "--yes")
    stored = storage / "partner.toml"
    stored.write_text(stored.read_text().replace('credit = "negative"', 'credit = "minus"'))
    result = invoke("check", path)
    assert result.exit_code == 2
    assert "profiles/partner.toml, line" in " ".join(result.stderr.split())


def test_a_spreadsheet_is_proposed_checked_and_split_like_any_file(tmp_path: Path) -> None:
    rows = [line.split(",") for line in (HEADER + ROWS).splitlines()]
    table = [rows[0], *([*r[:3], float(r[3]), r[4]] for r in rows[1:])]
    path = tmp_path / "credits-2025-01.xlsx"
    path.write_bytes(xlsx(table))
    assert invoke("profile", str(path), "--name", "partner", "--yes").exit_code == 0
    found = checked(str(path))
    assert str(found["profile"]).startswith("partner ")
    assert "split credits-2025-01.xlsx" in str(found["notes"])
    out = tmp_path / "out"
    result = invoke("split", str(path), "--to", str(out))
    assert result.exit_code == 0, result.output
    assert (out / "credits-2025-01.csv").read_text() == "123456789012,62.75\n"
