"""``dismiss``: a month that will not be sent needs nobody, until something new arrives."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from credits_pipeline.cli import app
from credits_pipeline.core.month import BillingMonth
from credits_pipeline.core.settings import storage_root
from credits_pipeline.core.storage.store import open_store
from credits_pipeline.credits.assets.alert_sources import missing_files, months
from credits_pipeline.credits.assets.files_sensor import _outcomes
from credits_pipeline.credits.assets.resources import StorageResource
from credits_pipeline.credits.inbox.bucket import Inbox
from credits_pipeline.credits.inbox.retry_schedule import End
from credits_pipeline.credits.state.attempt import Attempt, Verdict
from credits_pipeline.credits.state.journal import Journal
from credits_pipeline_tests.cli.terminal import APerson
from credits_pipeline_tests.dagster_instance import dagster_instance

NOW = BillingMonth.at(datetime.now(UTC))
MONTH = NOW.shift(-1)


@pytest.fixture
def journal() -> Journal:
    return Journal(open_store(storage_root()))


@pytest.fixture(autouse=True)
def _start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CREDITS_START_MONTH", str(NOW.shift(-2)))


def ended(journal: Journal, verdict: Verdict, **fields: Any) -> Attempt:
    at = datetime.now(UTC).isoformat()
    told = {"reason": "It is so.", "file_version": "v1", "started_at": at, "ended_at": at, **fields}
    attempt = Attempt(told.pop("run_id", "run-1"), str(MONTH), verdict, **told)
    return journal.close(attempt, sent=verdict.has_receipt)


def run(*words: str, answer: str = "y\n") -> Result:
    return APerson().invoke(app, list(words), input=answer)


@pytest.mark.parametrize("verdict", [Verdict.BLOCKED, Verdict.HELD, Verdict.FAILED])
def test_a_dismissed_month_waits_for_nobody_and_a_new_version_does(
    journal: Journal, verdict: Verdict
) -> None:
    last = ended(journal, verdict)
    assert run("months").exit_code == 1
    assert [one.subject for one in months(journal).wrong] == [f"month {MONTH}"]
    report = run("report", str(MONTH))
    assert f"If it is not to be sent at all: credits-pipeline dismiss {MONTH}" in report.stderr

    done = run("dismiss", str(MONTH), "--who", "Ann", "--why", "[not] ours")
    assert done.exit_code == 0, done.output
    assert f"{MONTH} {verdict.value}: It is so. CloudZero was sent nothing for it." in done.output
    listed = run("months")
    assert listed.exit_code == 0
    assert f"{verdict.value}, dismissed" in listed.stdout
    assert "Dismissed by Ann" in (told := run("report", str(MONTH))).stdout.replace("*", "")
    assert "because: [not] ours" in told.stdout.replace("`", "")
    # CloudZero does not hold the month.
    assert told.exit_code == 1
    view = months(journal)
    assert view.wrong == ()
    assert view.fine[f"month {MONTH}"].startswith("Ann dismissed it, because: [not] ours.")
    shown = json.loads(run("months", "--json").stdout)["months"][1]["dismissed"]
    assert (shown["who"], shown["why"]) == ("Ann", "[not] ours")

    # The same version with the same result, as after a retry, stays dismissed; another does not.
    ended(journal, verdict, run_id="run-2")
    assert run("months").exit_code == 0
    ended(journal, verdict, run_id="run-3", file_version="v2")
    assert run("months").exit_code == 1
    assert last.verdict is verdict


def test_a_dismissed_month_is_not_tried_again_by_itself(journal: Journal) -> None:
    ended(journal, Verdict.FAILED)

    def how() -> End:
        with dagster_instance() as instance:
            return _outcomes(instance, [MONTH], StorageResource())[MONTH].end

    assert how() is End.TRANSIENT
    assert run("dismiss", str(MONTH)).exit_code == 0
    assert how() is End.SETTLED


def test_a_month_without_a_file_is_dismissed_before_anything_ran(
    journal: Journal, inbox: Inbox
) -> None:
    def missing() -> list[str]:
        now = datetime.now(UTC).replace(day=20)
        found = missing_files(
            journal, inbox, day=10, first=MONTH, now=now, missed=[NOW.shift(-2), MONTH]
        )
        return [one.subject for one in found.wrong]

    assert missing() == [f"file {NOW.shift(-2)}", f"file {MONTH}"]
    assert run("dismiss", str(MONTH), "--yes").exit_code == 0
    assert missing() == [f"file {NOW.shift(-2)}"]
    assert "none expected" in run("months").stdout
    # As after a backfill.
    ended(journal, Verdict.FAILED, file_version="")
    assert run("months").exit_code == 0
    assert run("dismiss", str(MONTH), "--undo").exit_code == 0
    assert run("months").exit_code == 1


@pytest.mark.parametrize(
    ("verdict", "told"),
    [
        (Verdict.VERIFIED, "credits-pipeline clear"),
        (Verdict.PARTIAL, "credits-pipeline clear"),
        (Verdict.INCOMPLETE, "CloudZero may hold a part"),
    ],
)
def test_what_cloudzero_holds_is_not_dismissed(
    journal: Journal, verdict: Verdict, told: str
) -> None:
    ended(journal, verdict)
    done = run("dismiss", str(MONTH), "--yes")
    assert done.exit_code == 2
    assert told in " ".join(done.output.replace("│", " ").split())
    assert journal.dismissals.months() == frozenset()


@pytest.mark.parametrize("words", [[str(NOW.shift(1))], [str(MONTH), "--undo"]])
def test_a_month_that_has_not_begun_or_is_not_dismissed_is_refused(words: list[str]) -> None:
    assert run("dismiss", *words, "--yes").exit_code == 2


def test_nobody_is_asked_in_a_pipe_and_no_changes_nothing(journal: Journal) -> None:
    ended(journal, Verdict.BLOCKED)
    assert run("dismiss", str(MONTH), answer="n\n").exit_code == 1
    assert CliRunner().invoke(app, ["dismiss", str(MONTH)], input="y\n").exit_code == 2
    assert journal.dismissals.months() == frozenset()
