"""Which alerts were sent through which channels: stored, so that nothing is sent twice.

It has only what is wrong now or not sent everywhere yet, and so stays small for years.
"""

import itertools
import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Self

from credits_pipeline.alerts.alert import Alert, Health
from credits_pipeline.core.storage import schema

if TYPE_CHECKING:
    from credits_pipeline.core.storage.store import Store

NAME = "alerts/told.json"
#: After this nothing is retried by itself (`credits_pipeline.credits.inbox.retry_schedule`).
GIVEN_UP = timedelta(hours=80)


@dataclass(frozen=True)
class Message:
    """An alert, and which channels have it.

    Attributes:
        alert: what is sent.
        since: when it was first due, aware.
        told: the names of the channels that have it.
        over: it says that all is well again.
    """

    alert: Alert
    since: datetime
    told: frozenset[str] = frozenset()
    over: bool = False


@dataclass(frozen=True)
class Incident:
    """What there is to report about one subject, until all of it is sent and all is well.

    Attributes:
        subject: of its alerts.
        since: when it last went wrong, aware.
        messages: one for each cause, in order, and one for each time that it was well again.
    """

    subject: str
    since: datetime
    messages: tuple[Message, ...]

    @property
    def over(self) -> bool:
        """Whether it is well now."""
        return self.messages[-1].over

    @property
    def causes(self) -> dict[str, datetime]:
        """What has been wrong since it was last well, and since when."""
        rounds = itertools.takewhile(lambda message: not message.over, reversed(self.messages))
        return {message.alert.cause: message.since for message in rounds}


@dataclass(frozen=True)
class AlertState:
    """All incidents, the oldest first."""

    episodes: tuple[Incident, ...] = ()

    def seen(self, view: Health, now: datetime) -> "AlertState":
        """The state after a check."""
        known = {episode.subject: episode for episode in self.episodes}
        for alert in view.wrong:
            known[alert.subject] = _wrong(known.get(alert.subject), alert, now)
        for subject, text in view.fine.items():
            if subject in known:
                known[subject] = _fine(known[subject], text, now)
        return AlertState(tuple(known.values()))

    def to_tell(self, channel: str) -> Alert | None:
        """The first alert that a channel does not have yet; None if it has all."""
        return next(
            (
                message.alert
                for episode in self.episodes
                for message in episode.messages
                if channel not in message.told and message.alert.is_for(channel)
            ),
            None,
        )

    def told(self, channel: str) -> "AlertState":
        """The state after a channel took the first alert that it did not have."""
        episodes = list(self.episodes)
        for at, episode in enumerate(episodes):
            for number, message in enumerate(episode.messages):
                if channel not in message.told and message.alert.is_for(channel):
                    messages = list(episode.messages)
                    messages[number] = replace(message, told=message.told | {channel})
                    episodes[at] = replace(episode, messages=tuple(messages))
                    return AlertState(tuple(episodes))
        return self

    def without_what_is_over(self, channels: Iterable[str]) -> "AlertState":
        """The state without the incidents that are over and sent through all of these channels."""
        names = set(channels)
        return AlertState(
            tuple(
                episode
                for episode in self.episodes
                if not (episode.over and all(_has_gone(m, names) for m in episode.messages))
            )
        )

    def to_json(self) -> bytes:
        """The stored form."""
        told = {
            schema.FIELD: schema.VERSION,
            "episodes": [
                {
                    "subject": episode.subject,
                    "since": episode.since.isoformat(),
                    "messages": [
                        {
                            "alert": asdict(message.alert),
                            "since": message.since.isoformat(),
                            "told": sorted(message.told),
                            "over": message.over,
                        }
                        for message in episode.messages
                    ],
                }
                for episode in self.episodes
            ],
        }
        return json.dumps(told, indent=1, ensure_ascii=False).encode(errors="backslashreplace")

    @classmethod
    def from_json(cls, text: bytes) -> Self:
        """Read the stored form.

        Raises:
            StorageError: it was stored by a later release.
        """
        stored = json.loads(text)
        schema.refuse_later(stored, "The state of the alerts")
        return cls(
            tuple(
                Incident(
                    subject=told["subject"],
                    since=datetime.fromisoformat(told["since"]),
                    messages=tuple(
                        Message(
                            _alert(one["alert"]),
                            # Earlier releases stored only the incident's.
                            datetime.fromisoformat(one.get("since", told["since"])),
                            frozenset(one["told"]),
                            one["over"],
                        )
                        for one in told["messages"]
                    ),
                )
                for told in stored["episodes"]
            )
        )

    @classmethod
    def load(cls, store: "Store") -> Self:
        """The stored state; an empty one if there is none.

        Raises:
            StorageError: the storage can't be read.
        """
        text = store.read(NAME)
        return cls() if text is None else cls.from_json(text)

    def keep(self, store: "Store") -> None:
        """Store it.

        Raises:
            StorageError: it could not be written.
        """
        store.write(NAME, self.to_json())


def _alert(stored: dict[str, Any]) -> Alert:
    return Alert(**{**stored, "channels": tuple(stored.get("channels", ()))})


def _has_gone(message: Message, channels: set[str]) -> bool:
    """Whether all of these channels have it, as far as it is meant for them."""
    return {name for name in channels if message.alert.is_for(name)} <= message.told


def _wrong(episode: Incident | None, alert: Alert, now: datetime) -> Incident:
    now = now.astimezone(UTC)
    if episode is None:
        return Incident(alert.subject, now, (Message(alert, now),))
    if episode.over and not episode.messages[-1].told:
        # Nobody has been told yet that it was well.
        episode = replace(episode, messages=episode.messages[:-1])
    if episode.over:
        episode = replace(episode, since=now)
    if alert.passes and now - episode.causes.get(alert.cause, now) > GIVEN_UP:
        alert = replace(
            alert,
            cause=f"{alert.cause} given up",
            state=f"{alert.state}; given up",
            to_do="Nothing is retried automatically any more: settle the cause, then materialise "
            "the month.",
            passes=False,
        )
    if alert.cause in episode.causes:
        return episode
    return replace(episode, messages=(*episode.messages, Message(alert, now)))


def _fine(episode: Incident, text: str, now: datetime) -> Incident:
    if episode.over:
        return episode
    last = episode.messages[-1].alert
    well = Alert(
        subject=episode.subject,
        cause="over",
        about=last.about,
        state=f"settled ({last.state})",
        what=text,
        address=last.address,
        channels=last.channels,
    )
    message = Message(well, now.astimezone(UTC), over=True)
    return replace(episode, messages=(*episode.messages, message))
