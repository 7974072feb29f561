"""Alerts about credits: 60 and 14 days before money is lost, and when nothing is left."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from credits_pipeline.alerts.state import AlertState
from credits_pipeline.credits.assets.credit_alerts import credits_of_the_ledger, of_outlooks
from credits_pipeline.finops.depot import Depot
from credits_pipeline.finops.ledger.book import LedgerBook
from credits_pipeline.finops.ledger.credit import Balances, Credit
from credits_pipeline.finops.ledger.outlook import Outlook, State
from credits_pipeline_tests.alerts.conftest import Mailbox, Webhook, mailbox, webhook
from credits_pipeline_tests.credits.assets.conftest import Pipeline
from credits_pipeline_tests.credits.assets.test_alerts import pipeline

__all__ = ["mailbox", "pipeline", "webhook"]
JUNE_1 = date(2026, 6, 1)
CREDIT = Credit(
    "7001", "Migration", "Promotion", "100000000001", date(2025, 1, 1), date(2026, 9, 1),
    Decimal(1000), Decimal(500),
)  # fmt: skip


def of(credit: Credit, state: State = State.EXPIRES, **more: object) -> Outlook:
    told = {"a_month": Decimal(100), "lost": Decimal("200.00"), **more}
    return Outlook(credit, JUNE_1, state, **told)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("today", "told"),
    [
        (date(2026, 7, 2), []),
        (date(2026, 7, 3), ["credit 7001, 60 days before it expires"]),
        (date(2026, 8, 17), ["credit 7001, 60 days before it expires"]),
        # Nobody gets both alerts at once, or a message that 60 days are settled.
        (date(2026, 8, 18), ["credit 7001, 14 days before it expires"]),
        (date(2026, 9, 1), []),
    ],
)
def test_money_that_will_be_lost_is_reported_twice_before(today: date, told: list[str]) -> None:
    health = of_outlooks([of(CREDIT)], today)
    assert [alert.subject for alert in health.wrong] == told
    past = today == date(2026, 8, 18)
    assert len(health.wrong) + len(health.fine) == (2 if past else 3)
    for alert in health.wrong:
        assert alert.what == (
            "It expires on 2026-09-01, and $500.00 of $1,000.00 were left on 2026-06-01. At its "
            "pace $200.00 of it will be lost."
        )
        assert alert.dollars == "$500.00"


def test_a_credit_that_is_used_up_is_reported_once_and_none_of_it_is_lost() -> None:
    empty = of(replace(CREDIT, remaining=Decimal(0)), State.USED_UP)
    health = of_outlooks([empty], date(2026, 8, 20))
    assert [alert.subject for alert in health.wrong] == ["credit 7001, used up"]
    assert "$100.00 a month at its last pace" in health.wrong[0].what


def test_what_is_stored_is_reported_and_nothing_if_no_ledger_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    nothing = AlertState()
    assert credits_of_the_ledger(nothing, JUNE_1).wrong == ()
    monkeypatch.setenv("FINOPS_STORAGE", str(tmp_path / "wing"))
    assert credits_of_the_ledger(nothing, JUNE_1).fine == {}
    book = LedgerBook(Depot(str(tmp_path / "wing")))
    book.keep_balances(Balances("111122223333", (CREDIT,), "2026-06-01T00:00:00+00:00"))
    monkeypatch.setenv("FINOPS_PAGES_URL", "https://spend.example.com")
    view = credits_of_the_ledger(nothing, date(2026, 7, 10))
    (alert,) = view.wrong
    assert "What it gives in a month is not known." in alert.what
    assert alert.address == (
        "https://spend.example.com/spend?cost=amortised&credits=in&currency=USD"
        "&period=2026-03..2026-06&tab=credits&tax=in"
    )
    told = nothing.seen(view, datetime(2026, 7, 10, tzinfo=UTC))
    book.keep_balances(Balances("111122223333", (), "2026-06-01T00:00:00+00:00"))
    gone = credits_of_the_ledger(told, date(2026, 7, 11))
    assert gone.fine == {alert.subject: "AWS no longer lists it."}


def test_each_end_is_reported_once_by_each_channel_and_settled_once(
    pipeline: Pipeline, webhook: Webhook, mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:  # fmt: skip
    """The sensor as the daemon evaluates it, a server in Slack's place, and an SMTP server."""
    monkeypatch.setenv("FINOPS_STORAGE", str(tmp_path / "wing"))
    monkeypatch.setenv("FINOPS_PAGES_URL", "https://spend.example.com")
    monkeypatch.setenv("CREDITS_ALERT_SLACK", webhook.url)
    monkeypatch.setenv("CREDITS_ALERT_EMAIL", "finops@example.com")
    monkeypatch.setenv(
        "CREDITS_ALERT_SMTP", f"smtp://127.0.0.1:{mailbox.port}?from=credits@example.com"
    )
    monkeypatch.setenv("CREDITS_DUE_DAY", "off")
    today = datetime.now(UTC)
    ledger = LedgerBook(Depot(str(tmp_path / "wing")))

    def kept(left: str) -> None:
        found = [
            replace(CREDIT, id=id_, expiry=(today + timedelta(days=days)).date())
            for id_, days in (("7002", 10), ("7003", 50), ("7004", 90))
        ]
        found[0] = replace(found[0], remaining=Decimal(left))
        found.append(replace(found[2], id="7005", remaining=Decimal(0)))
        ledger.keep_balances(Balances("111122223333", tuple(found), today.isoformat()))

    def looked() -> None:
        nonlocal cursor
        for _ in range(2):
            cursor = pipeline.tick(cursor, sensor="credits_alerts").cursor or cursor

    cursor = None
    kept("500")
    looked()
    told = [
        "Credit 7002, Migration: expires within 14 days with money left",
        "Credit 7003, Migration: expires within 60 days with money left",
        "Credit 7005, Migration: is used up",
    ]
    slack = [text.splitlines()[0].strip("*") for text in webhook.taken]
    assert sorted(slack) == told
    assert sorted(one.removeprefix("[credits] ") for one in mailbox.subjects) == told
    for text in (*webhook.taken, *(str(mail.get_content()) for mail in mailbox.taken)):
        assert "https://spend.example.com/spend?" in text
        assert "tab=credits" in text
    kept("0")
    looked()
    later = [text.splitlines()[0].strip("*") for text in webhook.taken[3:]]
    assert sorted(later) == [
        "Credit 7002, Migration: is used up",
        "Credit 7002, Migration: settled (expires within 14 days with money left)",
    ]
    assert len(mailbox.subjects) == 5
