"""A state as a file: only what somebody decided, in `states/<kind of finding>/<id>.yaml`."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from credits_pipeline.finops.decisions.fields import NEEDED, Field, read_fields, text
from credits_pipeline.finops.decisions.item import State
from credits_pipeline.finops.decisions.kind import JUDGED, InvalidDecisionError, judged_kind

#: The folder of all states.
STATES = "states"


def _moment(value: Any) -> datetime:
    try:
        found = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        raise ValueError(f"is {value!r}, and is a moment such as 2026-05-01T00:00:00Z") from None
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)


_FIELDS = (
    Field("state", text(40), NEEDED),
    Field("until", _moment),
    Field("reason", text(200, empty=True), ""),
    Field("note", text(10_000, empty=True), ""),
    Field("owner", text(320, empty=True), ""),
)


def folder_of(subject_kind: str) -> str:
    """The folder of the states of a kind of findings."""
    return f"{STATES}/{subject_kind}"


def judged_of(folder: str) -> str | None:
    """The kind of findings whose states are there; None if items are."""
    room, _, subject_kind = folder.partition("/")
    return subject_kind if room == STATES and subject_kind else None


def first_of(subject_kind: str) -> str:
    """The state of a finding that nobody judged."""
    return judged_kind(subject_kind).states[0] if subject_kind in JUDGED else "open"


def said(state: State) -> dict[str, Any]:
    """What somebody decided about a finding; empty if it is as if nobody had."""
    told = {"reason": state.reason, "note": state.note, "owner": state.owner}
    found: dict[str, Any] = {name: value for name, value in told.items() if value}
    if state.until is not None:
        found["until"] = state.until.astimezone(UTC).isoformat()
    if not found and state.state == first_of(state.subject_kind):
        return {}
    return {"state": state.state, **found}


def read_state(
    subject_kind: str, subject_id: str, body: Mapping[str, Any], at: datetime, who: str
) -> State:
    """A state from a file's content; without content it is as if nobody had judged.

    Raises:
        InvalidDecisionError: it can't be kept.
    """
    try:
        told = read_fields(_FIELDS, body or {"state": first_of(subject_kind)})
    except ValueError as error:
        raise InvalidDecisionError(
            f"the state of {subject_kind} {subject_id!r} can't be stored: {error}. What to do: "
            "change it there."
        ) from error
    return State(subject_kind, subject_id, version=1, at=at, who=who, **told)
