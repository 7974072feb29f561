"""Alerts about violations of high severity, on a real channel: each new one once."""

from datetime import timedelta
from pathlib import Path

from credits_pipeline.alerts.channels.slack import Slack
from credits_pipeline.alerts.delivery import deliver
from credits_pipeline.alerts.state import AlertState
from credits_pipeline.core.storage.store import FolderStore
from credits_pipeline.credits.assets.finops_alerts import _RULES, _health
from credits_pipeline.finops.decisions import State
from credits_pipeline.finops.governance import alerting
from credits_pipeline_tests.alerts.conftest import Webhook, webhook
from credits_pipeline_tests.finops.governance.test_governing import DAY, World, volume, world

__all__ = ["webhook", "world"]


def test_each_new_high_violation_is_reported_once_its_acceptance_once_and_again_after_its_day(
    world: World, webhook: Webhook, tmp_path: Path
) -> None:
    store, said = FolderStore(tmp_path / "told"), dict[str, State]()

    def told() -> list[str]:
        """What the channel gets at one look; the next look must add nothing."""
        for _ in range(2):
            high = alerting.kept(world.published.depot)
            notes = alerting.of_violations(high, said, world.now, "https://pages.example.com")
            before = AlertState.load(store)
            book = before.seen(_health(notes, before, _RULES, has_pages=True), world.now)
            _, failures = deliver(book, [Slack(webhook.url)], lambda kept: kept.keep(store), ui="")
            assert failures == []
        titles = [text.splitlines()[0].strip("*") for text in webhook.taken]
        webhook.taken.clear()
        return titles

    assert told() == []
    world.scan(volume("vol-1"))
    world.evaluate()
    assert told() == ["Policy Unattached: 1 new of high severity, 1 open"]
    world.scan(volume("vol-1"), volume("vol-2"))
    world.evaluate()
    assert told() == ["Policy Unattached: 1 new of high severity, 2 open"]

    # An approver accepts both until a day: that ends them, and after the day they are back.
    until = world.now + DAY
    for one in world.all:
        said[one.id] = State("violation", one.id, "acknowledged", 1, world.now, "ann", until)
    assert told() == ["Policy Unattached: settled (1 new of high severity, 2 open)"]
    world.now = until + timedelta(days=1)
    (again,) = told()
    assert again.endswith("2 open")

    world.scan(volume("vol-1", attached=True), volume("vol-2", attached=True))
    world.evaluate()
    assert [title.split("(")[0] for title in told()] == ["Policy Unattached: settled "]
