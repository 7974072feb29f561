"""Alerts about budgets and anomalies: sent once, settled once, with the whole scope."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from credits_pipeline.alerts.alert import Alert
from credits_pipeline.alerts.state import AlertState
from credits_pipeline.credits.assets.finops_alerts import _SUBJECTS, _health
from credits_pipeline.finops.budgets.alerting import Notes, of_anomalies, of_budgets
from credits_pipeline.finops.queries.scope import Scope

BASE = "https://spend.example.com"
NOW = datetime(2026, 5, 20, tzinfo=UTC)
TODAY = NOW.date()


def budget(**changes: Any) -> dict[str, Any]:
    """A standing as the asset stores it."""
    words = {"period": ["2026-05"], "team": ["core", "a&b ü"], "cost": ["amortised"],
             "credits": ["out"], "tax": ["in"], "currency": ["USD"]}  # fmt: skip
    return {
        "id": "core", "name": "Core", "period": {"from": "2026-05-01", "to": "2026-05-31"},
        "scope": words, "currency": "USD", "amount": "1000", "used": "400.005",
        "used_percent": "40.0", "elapsed_percent": "61.3", "crosses": None, "crossed": None,
        "expected_to_cross": None, "channels": [],
        "forecast": {"estimates": {"expected": "700", "low": "650", "high": "750"}},
        **changes,
    }  # fmt: skip


def anomaly(**changes: Any) -> dict[str, Any]:
    return {
        "id": "a1", "cloud": "aws", "account": "222", "account_name": "data-prod",
        "service": "Warehouse", "currency": "USD", "since": "2026-05-15", "through": "2026-05-18",
        "days": 4, "cost": "900", "usual": "100.00", "more": "800", "times": "9.0",
        "goes_on": True, **changes,
    }  # fmt: skip


def looked(state: AlertState, *found: Mapping[str, Any]) -> AlertState:
    """The state after one look at budgets."""
    return _after(state, of_budgets({"budgets": list(found)}, BASE))


def _after(state: AlertState, notes: Notes) -> AlertState:
    return state.seen(_health(notes, state, _SUBJECTS, has_pages=True), NOW)


def told(state: AlertState) -> tuple[list[Alert], AlertState]:
    """Every message on a channel, and the state after that."""
    alerts = []
    while (alert := state.to_tell("slack")) is not None:
        alerts.append(alert)
        state = state.told("slack")
    return alerts, state.without_what_is_over(["slack"])


def test_each_threshold_is_reported_once_and_settled_once() -> None:
    state, titles = AlertState(), []
    looks = [
        budget(),
        budget(crossed=50),
        budget(crossed=50),
        budget(crossed=80),
        budget(crossed=100),
        budget(crossed=100),
        budget(),
        budget(),
        budget(crossed=50, period={"from": "2026-06-01", "to": "2026-06-30"}),
    ]
    for one in looks:
        alerts, state = told(looked(state, one))
        titles.append([alert.title for alert in alerts])
    assert titles == [
        [], ["Budget Core: 50 % is used"], [], ["Budget Core: 80 % is used"],
        ["Budget Core: it is over"], [], ["Budget Core: settled (it is over)"], [],
        ["Budget Core: 50 % is used"],
    ]  # fmt: skip


def test_what_is_expected_is_reported_apart_until_it_has_happened() -> None:
    first = budget(expected_to_cross=100, crosses="2026-05-27")
    alerts, state = told(looked(AlertState(), first))
    (alert,) = alerts
    assert alert.title == "Budget Core: more than 100 % is expected"
    assert "about 700.00 USD, between 650.00 and 750.00. The amount is crossed on" in alert.what
    alerts, state = told(looked(state, budget(expected_to_cross=100, crossed=100)))
    assert [alert.title for alert in alerts] == [
        "Budget Core: settled (more than 100 % is expected)", "Budget Core: it is over",
    ]  # fmt: skip


def test_the_link_spells_the_whole_scope() -> None:
    (alert,), _ = told(looked(AlertState(), budget(crossed=80)))
    address = urlsplit(alert.address)
    words = parse_qs(address.query)
    assert (address.netloc, address.path, words.pop("budget")) == (
        "spend.example.com", "/budgets", ["core"],
    )  # fmt: skip
    assert Scope.parse(words, today=TODAY).words() == budget()["scope"] | {
        "team": ["a&b ü", "core"]
    }
    assert alert.address in alert.text("")


@pytest.mark.parametrize("gone", [[], [budget(id="other")]])
def test_a_budget_that_is_gone_is_settled(gone: list[dict[str, Any]]) -> None:
    _, state = told(looked(AlertState(), budget(crossed=80)))
    alerts, state = told(looked(state, *gone))
    assert [alert.title for alert in alerts] == ["Budget Core: settled (80 % is used)"]
    assert state == AlertState()


def test_only_a_budget_s_own_channels_get_its_alerts() -> None:
    state = looked(AlertState(), budget(crossed=80, channels=["email"]))
    assert state.to_tell("slack") is None
    assert state.to_tell("email") is not None
    state = looked(state.told("email"), budget())
    assert state.to_tell("slack") is None
    assert state.told("email").without_what_is_over(["slack", "email"]) == AlertState()
    assert AlertState.from_json(state.to_json()) == state


def test_an_anomaly_above_the_limit_is_reported_once_and_settled_when_it_ends_or_is_judged() -> (
    None
):
    def look(state: AlertState, one: dict[str, Any], judged: str = "open") -> AlertState:
        notes = of_anomalies(
            {"anomalies": [one]}, {"a1": judged}, limit=Decimal(500), today=TODAY, base=BASE
        )
        return _after(state, notes)

    alerts, state = told(look(AlertState(), anomaly()))
    (alert,) = alerts
    assert alert.title == "Warehouse in data-prod: 9.0 times the usual for 4 days"
    assert "900.00 USD since 2026-05-15, where 100.00 is usual" in alert.what
    words = parse_qs(urlsplit(alert.address).query)
    assert (words["account"], words["service"]) == (["222"], ["Warehouse"])
    assert words["period"] == ["2026-05-01..2026-05-20"]
    longer = anomaly(cost="1900", more="1800", days=6, through="2026-05-20")
    assert told(look(state, longer))[0] == []
    ended = anomaly(goes_on=False, through="2026-05-10")
    assert [a.state for a in told(look(state, ended))[0]] == [
        "settled (9.0 times the usual for 4 days)"
    ]
    assert len(told(look(state, anomaly(), "acknowledged"))[0]) == 1
    for quiet in (anomaly(more="499.99"), ended):
        assert told(look(AlertState(), quiet))[0] == []
    assert told(look(AlertState(), anomaly(), "expected"))[0] == []


def test_without_pages_an_alert_has_no_link() -> None:
    health = _health(
        of_budgets({"budgets": [budget(crossed=80)]}, ""), AlertState(), _SUBJECTS, has_pages=False
    )
    assert [replace(alert, address="") for alert in health.wrong] == list(health.wrong)


def test_without_results_nothing_is_reported() -> None:
    nothing = of_anomalies(None, {}, limit=Decimal(1), today=date(2026, 5, 1), base="")
    assert (of_budgets(None, ""), nothing) == (Notes(), Notes())
