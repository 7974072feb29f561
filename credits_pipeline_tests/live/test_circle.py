"""The whole circle on a running product: ledger, file, upload, verified drop, net view, alerts."""

import html
import os
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from typer.testing import CliRunner

from credits_pipeline.cli import app
from credits_pipeline.core.month import BillingMonth
from credits_pipeline.finops.depot import Depot
from credits_pipeline.finops.ledger.book import LedgerBook
from credits_pipeline.finops.publish.published import open_current
from credits_pipeline.finops.queries.scope import Scope
from credits_pipeline.sandbox.credit_ledger import CreditLedger, GrantedCredit
from credits_pipeline_tests.alerts.conftest import Mailbox, Webhook, mailbox, webhook
from credits_pipeline_tests.finops.bills import charge, credit, csv_text, put
from credits_pipeline_tests.finops.ledger.conftest import applied
from credits_pipeline_tests.finops.ledger.months import EC2, MAY, PAYER, A, B
from credits_pipeline_tests.finops.ledger.test_circle import bill, may, told
from credits_pipeline_tests.live.world import Live, running

__all__ = ["mailbox", "webhook"]
pytestmark = [pytest.mark.live, pytest.mark.timeout(900)]

APRIL, MARCH = BillingMonth(2026, 4), BillingMonth(2026, 3)
PAGES = "https://spend.example.com"
TODAY = datetime.now(UTC).date()
#: Days until each credit ends, by its id.
ENDS = {"9001": 50, "9002": 10, "9003": 300}


@pytest.fixture
def live(
    billing: CreditLedger,
    webhook: Webhook,
    mailbox: Mailbox,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Live]:
    """Both wings with their daemon; this process has the same environment."""
    billing.now = None
    billing.failing = frozenset({str(MARCH)})
    ends = {id_: TODAY + timedelta(days=days) for id_, days in ENDS.items()}
    billing.credits = [replace(one, end=date(TODAY.year + 2, 1, 1)) for one in billing.credits] + [
        GrantedCredit(id_, A, Decimal(100), f"Grant {id_}", date(2025, 1, 1), end)
        for id_, end in ends.items()
    ]
    # All of the third, in a separate month.
    billing.applied.append(applied("9003", A, "100", month="2026-02"))

    def as_here(world: Live) -> None:
        for name, value in world.servers.environment.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setenv("CREDITS_STORAGE", str(tmp_path / "credits"))
        monkeypatch.setenv("FINOPS_STORAGE", str(tmp_path / "wing"))
        bills_of_two_months(tmp_path)
        assert told("ingest")["failed"] == []
        # The years before: a run for each of their months would occupy the daemon for long.
        done = CliRunner().invoke(app, ["ledger"])
        assert (done.exit_code, "2026-03 is not known" in done.output) == (1, True)

    with running(
        tmp_path,
        before_start=as_here,
        FINOPS_STORAGE=str(tmp_path / "wing"),
        FINOPS_LEDGER=PAYER,
        FINOPS_PAGES_URL=PAGES,
        AWS_ENDPOINT_URL_BILLING=os.environ["AWS_ENDPOINT_URL_BILLING"],
        CREDITS_ALERT_SLACK=webhook.url,
        CREDITS_ALERT_EMAIL="finops@example.com",
        CREDITS_ALERT_SMTP=f"smtp://127.0.0.1:{mailbox.port}?from=credits@example.com",
        CREDITS_DUE_DAY="off",
    ) as world:
        yield world


def bills_of_two_months(folder: Path) -> None:
    bill(folder)
    mine = {"BillingAccountId": PAYER, "Tags": "", "ServiceName": EC2}
    april = {
        "BillingPeriodStart": "2026-04-01T00:00:00Z",
        "BillingPeriodEnd": "2026-05-01T00:00:00Z",
        "ChargePeriodStart": "2026-04-03T00:00:00Z",
        "ChargePeriodEnd": "2026-04-04T00:00:00Z",
        **mine,
    }
    rows = [
        charge(EffectiveCost="300", BilledCost="300", SubAccountId=A, **april),
        charge(EffectiveCost="100", BilledCost="100", SubAccountId=B, **april),
        credit("-90", SubAccountId=A, **april),
    ]
    put(folder / "bill/2026-04.csv", csv_text(rows))


def proposed(folder: Path, month: BillingMonth, booked: str) -> None:
    """Reviewed, confirmed and uploaded, while the daemon looks every second."""
    rule = ("--rule", "proportional", "--booked", booked)
    command = ("propose", "--month", str(month), *rule)
    digest = told(*command, "--to", str(folder / booked))["digest"]
    told(*command, "--upload", "--yes", "--who", "ann", "--digest", digest[:12])


def test_from_the_ledger_to_net_by_sensors_alone(
    live: Live, billing: CreditLedger, webhook: Webhook, mailbox: Mailbox, tmp_path: Path
) -> None:
    assert [one["total"] for one in told("ledger", "--month", "2026-05")["months"]] == ["125.37"]
    proposed(tmp_path, MAY, "ignore")
    receipt = live.receipt(MAY, "125.37")
    assert receipt.verdict == "verified"
    assert receipt.proposal["rule"] == "proportional"
    assert receipt.reconciliation["holds"]
    held = live.held(MAY)
    assert held == {A: "-94.03", B: "-31.34"}

    def taken_in() -> bool:
        published = open_current(tmp_path / "wing")
        return published is not None and may(tmp_path, cost=["net"]) != may(
            tmp_path, credits=["out"]
        )

    live.wait_for("the receipt in what is published", taken_in)
    at_cloudzero = -sum(map(Decimal, held.values()))
    assert may(tmp_path, cost=["net"]) == may(tmp_path, credits=["out"]) - at_cloudzero

    the_offset_is_verified_at_once(live, tmp_path)
    what_was_partial_is_asked_for_again(live, billing, tmp_path)
    ends_are_told_once(live, billing, webhook, mailbox)


def the_offset_is_verified_at_once(live: Live, folder: Path) -> None:
    """AWS gave 90 to A, and B used a quarter: the daemon's only run of it is not blocked."""
    proposed(folder, APRIL, "offset")
    receipt = live.receipt(APRIL, "0.00")
    assert receipt.verdict == "verified"
    assert live.held(APRIL) == {A: "22.50", B: "-22.50"}
    assert [one["decided"] for one in receipt.decided] == [{"signs": "as_is"}]
    runs = [run for run in live.finished(APRIL, 1) if run["jobName"] == "credits_month"]
    assert [run["status"] for run in runs] == ["SUCCESS"]


def what_was_partial_is_asked_for_again(live: Live, billing: CreditLedger, folder: Path) -> None:
    depot = Depot(str(folder / "wing"))
    book, (key,) = LedgerBook(depot), depot.keys("credit_ledger_unanswered/")
    found = book.month(PAYER, MARCH)
    assert found is not None
    assert not found.complete
    billing.failing = frozenset()
    open_ = depot.read(key)
    assert open_ is not None
    # Half a day passes: the daily request fails, too, and the waits grow.
    depot.write(key, {**open_, "at": (datetime.now(UTC) - timedelta(hours=13)).isoformat()})

    def known() -> bool:
        now = book.month(PAYER, MARCH)
        return now is not None and now.complete

    live.wait_for("the month that was partial", known)
    live.wait_for("nothing that is open", lambda: not depot.keys("credit_ledger_unanswered/"))


def ends_are_told_once(
    live: Live, billing: CreditLedger, webhook: Webhook, mailbox: Mailbox
) -> None:
    near = "Credit 9001, Grant 9001: expires within 60 days with money left"
    nearer = "Credit 9002, Grant 9002: expires within 14 days with money left"
    empty = "Credit 9003, Grant 9003: is used up"

    def heard() -> list[list[str]]:
        slack = [text.splitlines()[0].strip("*") for text in webhook.taken]
        mails = [subject.removeprefix("[credits] ") for subject in mailbox.subjects]
        return [sorted(one for one in of if "redit 900" in one) for of in (slack, mails)]

    live.wait_for("three ends by both channels", lambda: all(len(one) >= 3 for one in heard()))
    assert heard() == [[near, nearer, empty]] * 2
    (text,) = [one for one in webhook.taken if near in one]
    address = html.unescape(text[text.index(PAGES) :].partition("|")[0])
    words = parse_qs(urlsplit(address).query)
    assert words.pop("tab") == ["credits"]
    assert Scope.parse(words, today=TODAY, tags=()).words() == words
    # AWS books all of the first: the alert about its end is settled, and a new one says so.
    billing.applied.append(applied("9001", A, "100", month="2026-02"))
    told("ledger", "--month", "2026-02")
    settled = f"{near.replace(': expires', ': settled (expires')})"
    gone = "Credit 9001, Grant 9001: is used up"
    live.wait_for("two more by both channels", lambda: all(len(one) >= 5 for one in heard()))
    before = webhook.asked
    assert heard() == [sorted([near, nearer, empty, settled, gone])] * 2
    assert before == len(webhook.taken)
