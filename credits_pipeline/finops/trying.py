"""Tests the channels of alerts, with a current alert or one about the first budget."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from credits_pipeline.alerts.alert import Alert
from credits_pipeline.alerts.channel import ChannelError
from credits_pipeline.core.settings import UI_URL, SettingError, web_address
from credits_pipeline.finops import settings
from credits_pipeline.finops.address import link
from credits_pipeline.finops.budgets import alerting
from credits_pipeline.finops.budgets.alerting import Notes, alert_of
from credits_pipeline.finops.budgets.results import ANOMALIES, BUDGETS
from credits_pipeline.finops.decisions.item import State
from credits_pipeline.finops.depot import Depot
from credits_pipeline.finops.governance import alerting as violations

#: Used without a budget: an example budget, with figures that nobody takes for their own.
_EXAMPLE: Mapping[str, Any] = {
    "id": "example",
    "name": "Example",
    "channels": [],
    "currency": "USD",
    "amount": "10000",
    "used": "8123.45",
    "used_percent": "81.2",
    "elapsed_percent": "66.7",
}


class NotTriedError(Exception):
    """A message was not delivered; the text says why and what to do."""


def channels() -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The names of the channels that are set, and what is wrong with the settings of the others."""
    from credits_pipeline.alerts.channels import configured  # noqa: PLC0415 - loads httpx

    found, faults = configured()
    return tuple(channel.name for channel in found), tuple(faults)


def settings_of_channels() -> dict[str, str]:
    """The settings of every channel, by its name."""
    from credits_pipeline.alerts.channels import settings_of  # noqa: PLC0415 - loads httpx

    return settings_of()


def send(channel: str, who: str, said: Mapping[str, Mapping[str, State]]) -> Alert:
    """Send a test through a channel, and return what was sent.

    Args:
        channel: its name.
        who: sends it.
        said: people's decisions about anomalies and violations, by kind and id.

    Raises:
        NotTriedError: it was not taken.
        SettingError: a setting of the wing can't be used.
        ObjectsError: its storage can't be read.
    """
    from credits_pipeline.alerts.channels import configured  # noqa: PLC0415 - loads httpx

    (found,) = [one for one in configured()[0] if one.name == channel]
    alert = sample(channel, who, said)
    try:
        found.send(alert, UI_URL.read(web_address))
    except (ChannelError, SettingError) as error:
        raise NotTriedError(str(error)) from error
    return alert


def sample(channel: str, who: str, said: Mapping[str, Mapping[str, State]]) -> Alert:
    """What is sent: a real alert with two words before it and one sentence after it.

    Args:
        channel: the channel that it goes through.
        who: sends it.
        said: as above.
    """
    depot, base = Depot(settings.storage_root()), settings.pages_url()
    alert = _real(depot, base, channel, said) or _example(depot, base)
    return replace(
        alert,
        about=f"Test: {alert.about}",
        to_do=f"{alert.to_do} This is a test that {who} sent from Settings.",
    )


def _real(
    depot: Depot, base: str, channel: str, said: Mapping[str, Mapping[str, State]]
) -> Alert | None:
    """The first alert that this channel would send now; None if nothing is wrong."""
    now = datetime.now(UTC)
    notes = alerting.of_budgets(depot.read(BUDGETS), base)
    limit = settings.anomaly_limit()
    if limit is not None:
        judged = {id_: state.state for id_, state in said.get("anomaly", {}).items()}
        notes += alerting.of_anomalies(
            depot.read(ANOMALIES), judged, limit=limit, today=now.date(), base=base
        )
    high = violations.kept(depot)
    notes += violations.of_violations(high, said.get("violation", {}), now, base)
    alerts = (alert_of(note, has_pages=bool(base)) for note in notes.wrong)
    return next((alert for alert in alerts if alert.is_for(channel)), None)


def _example(depot: Depot, base: str) -> Alert:
    """The alert if four fifths of the first budget were used, or of an example."""
    kept = (depot.read(BUDGETS) or {}).get("budgets", [])
    one = kept[0] if kept else {**_EXAMPLE, **_this_month()}
    crossed = {**one, "crossed": 80, "expected_to_cross": None}
    crossed["forecast"] = {"estimates": {"expected": None}}
    notes: Notes = alerting.of_budgets({"budgets": [crossed]}, base)
    alert = alert_of(notes.wrong[0], has_pages=bool(base))
    if not kept and base:
        alert = replace(alert, address=link("budgets", None, base=base))
    return alert


def _this_month() -> dict[str, Any]:
    first = datetime.now(UTC).date().replace(day=1)
    scope = {"period": [f"{first:%Y-%m}"], "cost": ["amortised"], "credits": ["out"], "tax": ["in"]}
    return {"period": {"from": str(first), "to": str(first.replace(day=28))}, "scope": scope}
