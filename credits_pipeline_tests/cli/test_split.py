"""``credits-pipeline split``: one credits file for each month, in the product's own format."""

import errno
import json
import os
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from typer.testing import CliRunner

from credits_pipeline.cli import app
from credits_pipeline.core.month import BillingMonth
from credits_pipeline.credits.inbox.bucket import Inbox, InboxError
from credits_pipeline.credits.reading import read_month

WIDE = 'Account ID,2025-01,2025-02\n123456789012,5.123,7.30\n000000000002,$ -,"1,008.40"\n'
HEADERLESS = "123456789012,5.10,7.30\n000000000002,6.20,8.40\n"
JANUARY, FEBRUARY = BillingMonth(2025, 1), BillingMonth(2025, 2)


def split(tmp_path: Path, content: str, *options: str) -> Result:
    file = tmp_path / "sheet.csv"
    file.write_text(content)
    return CliRunner().invoke(app, ["split", str(file), *options])


def table(file: Path, month: BillingMonth) -> dict[str, Decimal]:
    rows = read_month(file.read_bytes(), month).rows
    return dict(zip(rows["account_id"], rows["amount_usd"], strict=True))


def test_every_month_becomes_a_file_that_reads_back_exactly(tmp_path: Path) -> None:
    out = tmp_path / "out"
    result = split(tmp_path, WIDE, "--to", str(out))
    assert result.exit_code == 0, result.output
    assert sorted(path.name for path in out.iterdir()) == [
        "credits-2025-01.csv",
        "credits-2025-02.csv",
    ]
    assert table(out / "credits-2025-01.csv", JANUARY) == {
        "123456789012": Decimal("5.123"),
        "000000000002": Decimal(0),
    }
    assert table(out / "credits-2025-02.csv", FEBRUARY) == {
        "123456789012": Decimal("7.30"),
        "000000000002": Decimal("1008.40"),
    }
    assert "2025-01  2 accounts  $5.123" in result.stdout
    assert "2025-02  2 accounts  $1,015.70" in result.stdout


def test_nothing_is_overwritten_unless_forced(tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / "credits-2025-02.csv").write_text("mine")
    result = split(tmp_path, WIDE, "--to", str(out))
    assert result.exit_code == 1
    assert "credits-2025-02.csv is there already" in result.stderr
    assert [path.name for path in out.iterdir()] == ["credits-2025-02.csv"]
    assert (out / "credits-2025-02.csv").read_text() == "mine"
    assert split(tmp_path, WIDE, "--to", str(out), "--force").exit_code == 0
    assert table(out / "credits-2025-02.csv", FEBRUARY)["123456789012"] == Decimal("7.30")


@pytest.mark.parametrize("folder", ["file/out", "n" * 300])
def test_a_folder_that_can_not_be_written_is_said(tmp_path: Path, folder: str) -> None:
    (tmp_path / "file").write_text("mine")
    result = split(tmp_path, WIDE, "--to", str(tmp_path / folder), "--json")
    assert result.exit_code == 2
    assert isinstance(result.exception, SystemExit)
    assert "can't be written: " in result.stderr
    told = json.loads(result.stdout)
    assert told["months"] == []
    assert told["reason"] in result.stderr


def test_what_was_written_before_a_disk_is_full_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out, sync, synced = tmp_path / "out", os.fsync, []

    def full(handle: int) -> None:
        if synced:
            raise OSError(errno.ENOSPC, "No space left on device")
        synced.append(handle)
        sync(handle)

    monkeypatch.setattr(os, "fsync", full)
    result = split(tmp_path, WIDE, "--to", str(out), "--json")
    assert result.exit_code == 2
    assert "credits-2025-02.csv can't be written: No space left on device." in result.stderr
    assert [month["billing_month"] for month in json.loads(result.stdout)["months"]] == ["2025-01"]
    assert [path.name for path in out.iterdir()] == ["credits-2025-01.csv"]


def test_a_dry_run_shows_and_writes_nothing(tmp_path: Path) -> None:
    out = tmp_path / "out"
    result = split(tmp_path, WIDE, "--to", str(out), "--dry-run")
    assert result.exit_code == 0
    assert "would be written" in result.stdout
    assert not out.exists()


def test_a_sheet_without_a_header_needs_the_first_month(tmp_path: Path) -> None:
    out = tmp_path / "out"
    result = split(tmp_path, HEADERLESS, "--to", str(out))
    assert result.exit_code == 1
    assert "--first-month" in result.stderr
    result = split(tmp_path, HEADERLESS, "--to", str(out), "--first-month", "2024-12")
    assert result.exit_code == 0, result.output
    assert table(out / "credits-2024-12.csv", BillingMonth(2024, 12)) == {
        "123456789012": Decimal("5.10"),
        "000000000002": Decimal("6.20"),
    }
    assert table(out / "credits-2025-01.csv", JANUARY)["000000000002"] == Decimal("8.40")


def test_a_first_month_that_the_file_contradicts_is_refused(tmp_path: Path) -> None:
    result = split(tmp_path, WIDE, "--to", str(tmp_path / "out"), "--first-month", "2024-06")
    assert result.exit_code == 1
    assert "2025-01" in result.stderr


def test_cost_explorers_negative_costs_become_positive_credits(tmp_path: Path) -> None:
    download = (
        '"Linked account","123456789012","Total costs ($)"\n'
        '"Linked account name","Prod ($)","Total costs ($)"\n'
        '"2025-01-01","-5.1234567891","-5.1234567891"\n'
    )
    out = tmp_path / "out"
    assert split(tmp_path, download, "--to", str(out)).exit_code == 0
    assert table(out / "credits-2025-01.csv", JANUARY) == {"123456789012": Decimal("5.1234567891")}


def test_a_month_that_is_blocked_stops_the_whole_sheet(tmp_path: Path) -> None:
    out = tmp_path / "out"
    result = split(tmp_path, WIDE + "000000000003,1.00,x\n", "--to", str(out))
    assert result.exit_code == 1
    assert "2025-02" in result.stderr
    assert "line 4" in result.stderr
    assert not out.exists()


def test_a_month_with_both_signs_is_written_and_its_decision_named(tmp_path: Path) -> None:
    sheet = "Account ID,2025-01,2025-02\n123456789012,5.00,7.00\n000000000002,-1.00,2.00\n"
    out = tmp_path / "out"
    result = split(tmp_path, sheet, "--to", str(out), "--signs", "as_is")
    assert result.exit_code == 0, result.output
    told = result.stderr.replace("\n", " ")
    assert "2025-01  The file has both signs" in told
    assert "credits-pipeline decide 2025-01 --signs as_is" in told
    assert "2025-02  " not in told
    # What it says is so.
    for month, code in (("2025-01", 1), ("2025-02", 0)):
        done = CliRunner().invoke(app, ["check", str(out / f"credits-{month}.csv")])
        assert done.exit_code == code, done.output


def test_a_month_of_claw_backs_only_is_not_written_as_credits(tmp_path: Path) -> None:
    sheet = "Account ID,2025-01,2025-02\n123456789012,5.00,-1.00\n"
    result = split(tmp_path, sheet, "--to", str(tmp_path / "out"), "--signs", "as_is")
    assert result.exit_code == 1
    assert "2025-02 holds claw-backs only" in result.stderr


@pytest.mark.parametrize(
    "options", [[], ["--to", "out", "--upload"], ["--to", "out", "--first-month", "January"]]
)
def test_wrong_usage_exits_with_2(tmp_path: Path, options: list[str]) -> None:
    assert split(tmp_path, WIDE, *options).exit_code == 2


def test_uploads_go_to_the_inbox_with_their_totals(tmp_path: Path, inbox: Inbox) -> None:
    result = split(tmp_path, WIDE, "--upload")
    assert result.exit_code == 0, result.output
    version = inbox.current("credits-2025-02.csv")
    assert version is not None
    assert version.metadata == {"credits-rows": "2", "credits-total": "1015.70"}
    assert inbox.read(version) == b"000000000002,1008.40\n123456789012,7.30\n"


def test_an_upload_replaces_nothing_unless_forced(tmp_path: Path, inbox: Inbox) -> None:
    inbox.upload("credits-2025-02.csv", b"123456789012,1.00\n")
    result = split(tmp_path, WIDE, "--upload")
    assert result.exit_code == 1
    assert "credits-2025-02.csv is there already" in result.stderr
    assert inbox.current("credits-2025-01.csv") is None
    assert split(tmp_path, WIDE, "--upload", "--force").exit_code == 0
    assert inbox.current("credits-2025-01.csv") is not None


def test_an_upload_without_a_bucket_names_the_variable(tmp_path: Path) -> None:
    result = split(tmp_path, WIDE, "--upload")
    assert result.exit_code == 2
    assert "CREDITS_BUCKET" in result.stderr


def test_programs_get_the_files_as_json_and_the_reason_where_there_are_none(tmp_path: Path) -> None:
    out = tmp_path / "out"
    told = json.loads(split(tmp_path, WIDE, "--to", str(out), "--json").stdout)
    assert told["reason"] is None
    assert told["months"][1] == {
        "billing_month": "2025-02",
        "accounts": 2,
        "total_usd": "1015.70",
        "left_out_rows": 0,
        "left_out_usd": "0.00",
        "left_out_unknown": 0,
        "warnings": [],
        "file": str(out / "credits-2025-02.csv"),
        "written": True,
    }
    again = split(tmp_path, WIDE, "--to", str(out), "--json")
    assert again.exit_code == 1
    told = json.loads(again.stdout)
    assert told["months"] == []
    assert "there already" in told["reason"]


#: One row can't be read in either month, and one has an unreadable amount in January.
TORN = WIDE + "12345,1.00,2.00\n000000000003,x,3.00\n"


def test_what_is_left_out_is_reported_and_counted(tmp_path: Path) -> None:
    out = tmp_path / "out"
    result = split(tmp_path, TORN, "--to", str(out), "--accept-rejected")
    assert result.exit_code == 1
    january = (
        "2025-01  Left out: 2 rows that can't be read (at least $1.00, and 1 with dollars unknown)."
    )
    assert january in result.stdout
    assert "2025-02  Left out: 1 row that can't be read ($2.00)." in result.stdout
    known = split(tmp_path, TORN, "--to", str(out), "--accept-rejected", "--force", "--json",
                  "--accept-left-out")  # fmt: skip
    assert known.exit_code == 0
    first = json.loads(known.stdout)["months"][0]
    assert (first["left_out_rows"], first["left_out_usd"], first["left_out_unknown"]) == (
        2, "1.00", 1,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("sheet", "month"),
    [
        (WIDE + "123456789012,9.00,7.30\n", "2025-01"),
        (HEADERLESS + "123456789012,5.10,9.00\n", "2025-02"),
        ("123456789012,5.10\n123456789012,9.00\n", "2025-01"),
    ],
    ids=["header", "no header", "the product's own format"],
)
def test_rows_that_contradict_each_other_are_never_left_out(
    tmp_path: Path, sheet: str, month: str
) -> None:
    out = tmp_path / "out"
    options = ["--to", str(out), "--accept-rejected", "--accept-left-out"]
    first = [] if "Account" in sheet else ["--first-month", "2025-01"]
    result = split(tmp_path, sheet, *options, *first)
    assert result.exit_code == 1
    assert month in result.stderr
    assert "123456789012" in result.stderr
    assert "decide duplicates = sum" in result.stderr
    assert not out.exists()


def test_an_upload_that_would_look_complete_and_is_not_has_to_be_confirmed(
    tmp_path: Path, inbox: Inbox
) -> None:
    result = split(tmp_path, TORN, "--upload", "--accept-rejected")
    assert result.exit_code == 1
    assert "--accept-left-out" in result.stderr
    assert inbox.current("credits-2025-01.csv") is None
    known = split(tmp_path, TORN, "--upload", "--accept-rejected", "--accept-left-out")
    assert known.exit_code == 0, known.output
    assert inbox.current("credits-2025-02.csv") is not None


def test_s3_out_of_reach_is_reported_with_what_can_t_be_done_and_what_was_done_before(
    tmp_path: Path, inbox: Inbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    uploaded: list[str] = []
    upload = Inbox.upload

    def breaks(self: Inbox, key: str, *told: Any, **more: Any) -> None:
        if uploaded:
            raise InboxError("S3 can't be reached")
        uploaded.append(key)
        upload(self, key, *told, **more)

    monkeypatch.setattr(Inbox, "upload", breaks)
    result = split(tmp_path, WIDE, "--upload")
    assert result.exit_code == 2
    assert f"Written before that: s3://{inbox.bucket}/credits-2025-01.csv." in result.stderr
    monkeypatch.setenv("CREDITS_BUCKET", "no-such-bucket-anywhere")
    nowhere = split(tmp_path, WIDE, "--upload")
    assert nowhere.exit_code == 2
    assert "Written before" not in nowhere.stderr
