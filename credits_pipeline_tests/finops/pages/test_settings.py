"""The page Settings: people's rights, the coverage of tags, and channels that really send."""

import json
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest
from typer.testing import CliRunner

from credits_pipeline.cli import app as commands
from credits_pipeline.finops.budgets.results import BUDGETS
from credits_pipeline.finops.depot import Depot
from credits_pipeline.finops.pages import settings_page
from credits_pipeline.finops.pages.person import Person, Role
from credits_pipeline.finops.queries.spellings import looks_like
from credits_pipeline.finops.settings import TagKey
from credits_pipeline.finops.sources import Provider, Source
from credits_pipeline_tests.alerts.conftest import (
    Mailbox,
    Topic,
    Webhook,
    mailbox,
    topic,
    webhook,
)
from credits_pipeline_tests.finops.assets.conftest import add
from credits_pipeline_tests.finops.bills import charge, csv_text, put
from credits_pipeline_tests.finops.pages.conftest import Visit, shown

__all__ = ["mailbox", "topic", "webhook"]
VIEWER = Person("vic@example.com", Role.VIEWER)
LEAD = Person("lea@example.com", Role.ADMIN, ("search",))
BUDGET = {
    "id": "b1", "name": "Search", "channels": [], "currency": "USD",
    "period": {"from": "2026-05-01", "to": "2026-05-31"},
    "scope": {"period": ["2026-05"], "cost": ["amortised"], "credits": ["out"], "tax": ["in"],
              "team": ["search"]},
    "amount": "1000", "used": "1200.5", "used_percent": "120.1", "elapsed_percent": "50",
    "crossed": 100, "expected_to_cross": None, "crosses": None,
    "forecast": {"estimates": {"expected": None, "low": None, "high": None}},
}  # fmt: skip


def press(app: AppTest, label: str) -> AppTest:
    (button,) = [one for one in app.button if one.label == label]
    return button.click().run()


@pytest.mark.parametrize("section", settings_page.SECTIONS)
def test_every_section_has_an_address(visit: Visit, section: str) -> None:
    app = visit("settings", "one cloud", section=section)
    assert app.subheader
    assert not app.error


def test_a_missing_section_is_reported(visit: Visit) -> None:
    assert "no section secrets" in visit("settings", "one cloud", section="secrets").error[0].value


@pytest.mark.parametrize("section", settings_page.SECTIONS)
def test_a_team_lead_sees_nobody_else_s_settings(visit: Visit, section: str) -> None:
    app = visit("settings", "one cloud", person=LEAD, section=section)
    assert [one.value for one in app.subheader] == ["You"]
    assert not app.dataframe
    assert not app.button


def test_groups_are_listed_with_their_role_and_teams(
    visit: Visit, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FINOPS_PROXY_SECRET", "hush-hush-hush")
    monkeypatch.setenv("FINOPS_ROLES", "finance=approver,leads=viewer")
    monkeypatch.setenv("FINOPS_TEAMS", "leads=search;ranking,gone=shop")
    app = visit("settings", "one cloud", section="people")
    told = app.dataframe[1].value.to_dict("list")
    assert told["Group"] == ["finance", "leads"]
    assert told["Sees"] == ["all teams", "search, ranking"]
    assert "gone" in app.warning[0].value
    assert "hush" not in shown(app)


def test_a_test_of_a_channel_is_the_alert_that_would_come_now(
    visit: Visit, monkeypatch: pytest.MonkeyPatch, webhook: Webhook, tmp_path: Path
) -> None:
    monkeypatch.setenv("CREDITS_ALERT_SLACK", webhook.url)
    monkeypatch.setenv("FINOPS_PAGES_URL", "https://spend.example.com")
    root = tmp_path / "wing"
    Depot(str(root)).write(BUDGETS, {"budgets": [BUDGET]})
    app = press(visit("settings", root, section="alerts"), "Send a test by slack")
    assert "slack accepted “Test: Budget Search: it is over”" in app.success[0].value.replace(
        "\\", ""
    )
    (text,) = webhook.taken
    for part in (
        "1,200.50 used of 1,000.00 USD",
        "https://spend.example.com/budgets?",
        "budget=b1",
        "team=search",
        "This is a test that `ann@example.com` sent from Settings.",
    ):
        assert part in text, part


def test_without_a_budget_the_test_is_an_example_by_mail_and_sns_too(
    visit: Visit, monkeypatch: pytest.MonkeyPatch, mailbox: Mailbox, topic: Topic
) -> None:
    monkeypatch.setenv("CREDITS_ALERT_SMTP", f"smtp://127.0.0.1:{mailbox.port}?from=me@example.com")
    monkeypatch.setenv("CREDITS_ALERT_EMAIL", "you@example.com")
    monkeypatch.setenv("CREDITS_ALERT_SNS", topic.arn)
    app = visit("settings", "nothing yet", section="alerts")
    press(app, "Send a test by email")
    assert mailbox.to == [["you@example.com"]]
    assert "Test: Budget Example: 80 % is used" in mailbox.subjects[0]
    press(app, "Send a test by sns")
    (message,) = topic.taken()
    assert "8,123.45 used of 10,000.00 USD" in json.dumps(message)


def test_the_error_of_a_channel_that_refuses_shows_no_secret(
    visit: Visit, monkeypatch: pytest.MonkeyPatch, webhook: Webhook
) -> None:
    webhook.answers = [403]
    monkeypatch.setenv("CREDITS_ALERT_SLACK", webhook.url)
    app = press(visit("settings", "nothing yet", section="alerts"), "Send a test by slack")
    assert "403 no" in app.error[0].value.replace("\\", "")
    assert "secret-4c1e" not in shown(app)
    assert not app.success


def test_a_viewer_sends_no_test(
    visit: Visit, monkeypatch: pytest.MonkeyPatch, webhook: Webhook
) -> None:
    monkeypatch.setenv("CREDITS_ALERT_SLACK", webhook.url)
    app = visit("settings", "nothing yet", person=VIEWER, section="alerts")
    (button,) = [one for one in app.button if one.label == "Send a test by slack"]
    assert button.disabled
    assert "editor" in button.help
    assert webhook.asked == 0


def test_each_spelling_of_a_tag_is_shown_with_its_dollars(
    visit: Visit, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    root = tmp_path / "wing"
    monkeypatch.setenv("FINOPS_STORAGE", str(root))
    monkeypatch.setenv("FINOPS_TAGS", "team,team=squad")
    tags = ('{"team":"a"}', '{"TEAM":"b"}', '{"squad":"c"}', '{"owner-team":"d"}',
            '{"team":"a","owner-team":"d"}', '{"steam":"e"}', "")  # fmt: skip
    rows = [
        charge(EffectiveCost=str(2**at), BilledCost=str(2**at), Tags=text)
        for at, text in enumerate(tags)
    ]
    put(tmp_path / "bill/2026-05.csv", csv_text(rows))
    visit("settings", "nothing yet")  # from here on the decisions are the test's own
    monkeypatch.setenv("FINOPS_STORAGE", str(root))
    add(Source("bill", Provider.FOCUS, str(tmp_path / "bill")))
    assert CliRunner().invoke(commands, ["ingest"]).exit_code == 0
    app = visit("settings", root, section="tags")
    press(app, "Count the dollars of each spelling")
    told = app.dataframe[1].value
    found = dict(zip(told["Spelling"], told["Spend with it"], strict=True))
    assert found == {"team": 17.0, "squad": 4.0, "TEAM": 2.0, "owner-team": 24.0}
    gains = dict(zip(told["Spelling"], told["Would be tagged too"], strict=True))
    assert gains["owner-team"] == 8.0
    assert app.code[-1].value == "FINOPS_TAGS=team,team=squad,team=owner-team"


@pytest.mark.parametrize(
    ("text", "looks"),
    [("owner-team", True), ("TeamName", True), ("team_id", True), ("te-am", True),
     ("steam", False), ("teams", False), ("owner", False), ("", False)],
)  # fmt: skip
def test_a_spelling_looks_like_a_key_by_its_words(text: str, looks: bool) -> None:
    assert looks_like(text, TagKey("team", ("team",))) is looks


def test_no_password_in_an_address_is_shown(visit: Visit, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FINOPS_DAGSTER_URL", "https://ann:s3cr3t-word@dagster.example.com")
    text = shown(visit("settings", "nothing yet", person=VIEWER, section="settings"))
    assert "https://…@dagster.example.com" in text
    assert "s3cr3t-word" not in text
