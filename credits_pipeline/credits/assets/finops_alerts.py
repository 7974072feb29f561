"""What the second wing's assets found that people should know, as alerts.

It reads what those assets stored, so a check costs two small files and loads no engine.
"""

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from credits_pipeline.alerts.alert import Health
from credits_pipeline.alerts.state import AlertState

if TYPE_CHECKING:
    from credits_pipeline.finops.budgets.alerting import Notes
    from credits_pipeline.finops.decisions.item import State

_SUBJECTS = ("budget ", "anomaly ")
_RULES = ("policy ",)


def money(book: AlertState) -> Health:
    """Thresholds of budgets that were or will be crossed, and anomalies above the limit.

    Args:
        book: what was reported; what is in it and no longer seen is settled.

    Raises:
        SettingError: a setting of the wing can't be used.
        ObjectsError: its storage can't be read.
        DecisionsError: the decisions can't be read.
    """
    from credits_pipeline.finops import settings  # noqa: PLC0415 - only where the wing is in use
    from credits_pipeline.finops.budgets import alerting  # noqa: PLC0415 - as above
    from credits_pipeline.finops.budgets.results import ANOMALIES, BUDGETS  # noqa: PLC0415 - as above
    from credits_pipeline.finops.depot import Depot  # noqa: PLC0415 - as above

    depot, base = Depot(settings.storage_root()), settings.pages_url()
    notes = alerting.of_budgets(depot.read(BUDGETS), base)
    limit = settings.anomaly_limit()
    if limit is not None:
        notes += alerting.of_anomalies(
            depot.read(ANOMALIES),
            _judged(),
            limit=limit,
            today=datetime.now(UTC).date(),
            base=base,
        )
    return _health(notes, book, _SUBJECTS, has_pages=bool(base))


def rules(book: AlertState) -> Health:
    """Violations of high severity that nobody has acknowledged.

    Args:
        book: what was reported; what is in it and no longer seen is settled.

    Raises:
        SettingError: a setting of the wing can't be used.
        ObjectsError: its storage can't be read.
        DecisionsError: the decisions can't be read.
    """
    from credits_pipeline.finops import settings  # noqa: PLC0415 - only where the wing is in use
    from credits_pipeline.finops.depot import Depot  # noqa: PLC0415 - as above
    from credits_pipeline.finops.governance import alerting  # noqa: PLC0415 - as above

    base, high = settings.pages_url(), alerting.kept(Depot(settings.storage_root()))
    said = _said("violation") if high else {}
    notes = alerting.of_violations(high, said, datetime.now(UTC), base)
    return _health(notes, book, _RULES, has_pages=bool(base))


def _judged() -> dict[str, str]:
    """How people judged anomalies, by id."""
    from credits_pipeline.finops.anomalies.anomaly import KIND  # noqa: PLC0415 - as above

    return {id_: state.state for id_, state in _said(KIND).items()}


def _said(subject: str) -> "dict[str, State]":
    """How people judged the findings of one kind, by id."""
    from credits_pipeline.finops.decisions.opening import (  # noqa: PLC0415 - as above
        are_kept,
        open_decisions,
    )

    if not are_kept():
        return {}
    with open_decisions() as decisions:
        return decisions.states.of(subject)


def _health(
    notes: "Notes", book: AlertState, subjects: tuple[str, ...], *, has_pages: bool
) -> Health:
    from credits_pipeline.finops.budgets.alerting import alert_of  # noqa: PLC0415 - as above

    wrong = tuple(alert_of(note, has_pages=has_pages) for note in notes.wrong)
    seen = {*notes.fine, *(alert.subject for alert in wrong)}
    gone = {
        episode.subject: "It is no longer seen."
        for episode in book.episodes
        if episode.subject.startswith(subjects) and episode.subject not in seen
    }
    return Health(wrong, {**notes.fine, **gone})
