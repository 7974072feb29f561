"""Hostile texts on a terminal: no control character from a file, a name or a record gets there."""

import csv
import re
import unicodedata
from pathlib import Path

import pytest

from credits_pipeline.core.month import BillingMonth
from credits_pipeline.core.storage.store import FolderStore
from credits_pipeline.credits.state.attempt import Attempt, Verdict
from credits_pipeline.credits.state.journal import Journal
from credits_pipeline_tests.cli.terminal import on_a_terminal
from credits_pipeline_tests.text.hostile import TEXTS

#: What the command line itself sends: colours, a spinner's cursor, line ends.
OWN = re.compile(r"\x1b\[(?:\d*(?:;\d+)*m|\?25[lh]|2K|1A|\d*[AGK])|\r\n|[\r\n]")
SHORT = [text[:3_000] for text in TEXTS.values()]
#: Colours that our code never uses, and strings that can only come from a hostile text.
FOREIGN = re.compile(r"\x1b\]|\x1b\[2J|\x1b\[H|\x9b|\x9d|\x90|\x07")


def acts(shown: str) -> list[str]:
    left = OWN.sub("", shown)
    return [c for c in left if unicodedata.category(c) in {"Cc", "Cf", "Cs", "Zl", "Zp"}]


def clean(*arguments: str) -> tuple[int, str]:
    code, shown = on_a_terminal(*arguments)
    assert not FOREIGN.search(shown)
    assert acts(shown) == []
    return code, shown


@pytest.fixture
def hostile_file(tmp_path: Path) -> Path:
    path = tmp_path / "\x1b]52;c;ZQ==\x07\u202ecredits-2025-01.csv"
    with path.open("w", newline="", encoding="utf-8", errors="replace") as stream:
        writer = csv.writer(stream)
        writer.writerow(["Account ID", "Credit", "\x1b[2J\x9b31mnote"])
        writer.writerow(["112480036627", "$5.00", "x"])
        for text in SHORT:
            writer.writerow([text.replace("\x00", ""), "$1.00", "x"])
    return path


def test_check_shows_a_hostile_file_and_none_of_it_acts(hostile_file: Path) -> None:
    code, shown = clean("check", str(hostile_file), "--month", "2025-01")
    assert code in {1, 2}
    assert "would not be sent" in shown
    clean("check", str(hostile_file), "--month", "2025-01", "--json")


def test_split_and_a_wrong_use_show_a_hostile_name(hostile_file: Path, tmp_path: Path) -> None:
    clean("split", str(hostile_file), "--to", str(tmp_path / "\x1b[2Jto"))
    assert clean("check", str(tmp_path / "\x1b]0;title\x07gone.csv"))[0] == 2
    assert clean("check", str(hostile_file), "--expect-total", "\x1b[2J")[0] == 2
    assert clean("report", "--month", "\x9b31m")[0] == 2


def test_report_and_months_show_what_a_hostile_record_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CREDITS_STORAGE", str(tmp_path / "storage"))
    monkeypatch.setenv("CREDITS_START_MONTH", "2025-01")
    journal = Journal(FolderStore(tmp_path / "storage"))
    said = " ".join(SHORT)
    attempt = Attempt(
        run_id="\x1b[2J12345678",
        billing_month="2025-01",
        verdict=Verdict.BLOCKED,
        reason=said,
        what_to_do=said,
        file=SHORT[0],
        layout=said,
        warnings=SHORT,
        started_at="2025-02-03T04:05:06+00:00",
        ended_at="2025-02-03T04:05:07+00:00",
    )
    month = BillingMonth(2025, 1)
    journal.decide(
        month, "v", run_id="r", who=said, why=said, receipt="", decided={"signs": "as_is"}
    )
    attempt = Attempt(**{**vars(attempt), "run_id": "r1", "decided": journal.decided(month, "v")})
    journal.close(
        attempt, sent=False, rows={"rejected": [{"line": 1, "text": text} for text in SHORT]}
    )
    for command in (["report", "--month", "2025-01"], ["months"]):
        code, shown = clean(*command)
        assert code == 1
        assert "2025-01" in shown
        clean(*command, "--json")
