"""Sends statements to owners by mail once a month is closed: each once, however often it is tried.

Before a letter goes, that is recorded, and so is its sending. If only the first record is found,
the letter is sent again as the same message, and says that it may be a repetition.
"""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from credits_pipeline.alerts.channel import ChannelError, MaybeToldError, PartlyToldError
from credits_pipeline.alerts.letter import Letter
from credits_pipeline.finops.chargeback import documents, files, lines
from credits_pipeline.finops.chargeback.layout import told
from credits_pipeline.finops.chargeback.page import page_of
from credits_pipeline.finops.chargeback.view import View
from credits_pipeline.finops.decisions import ClosedMonth
from credits_pipeline.finops.depot import Depot
from credits_pipeline.text import Outside

_FOLDER = "chargeback/sent"
_BEGUN = "sending"
_Send = Callable[[Letter], None]


#: A letter that was begun less than this ago may still be in progress in another run.
_MINUTES = 10
ON_ITS_WAY = timedelta(minutes=_MINUTES)


@dataclass(frozen=True)
class Sent:
    """The result for the statements of one closed month.

    Attributes:
        owners: whose statement was sent now.
        again: a sentence for each of them that may have been sent before.
        failures: a sentence for each that was not sent, or not to all.
    """

    owners: tuple[str, ...]
    again: tuple[str, ...]
    failures: tuple[str, ...]


class SentBook:
    """Which statements were sent, and which were about to be."""

    def __init__(self, depot: Depot) -> None:
        """Name the storage.

        Args:
            depot: of the wing.
        """
        self._depot = depot

    def has(self, closing: ClosedMonth, owner: str) -> bool:
        """Whether an owner received the statement of this closing."""
        found = self._depot.read(_key(closing, owner))
        return found is not None and found.get("state") != _BEGUN

    def begun_at(self, closing: ClosedMonth, owner: str) -> datetime | None:
        """When the statement was about to be sent, if its sending was never recorded."""
        found = self._depot.read(_key(closing, owner))
        if found is None or found.get("state") != _BEGUN:
            return None
        return datetime.fromisoformat(found["at"])

    def begin(self, closing: ClosedMonth, owner: str, to: tuple[str, ...], now: datetime) -> None:
        """Record that it is about to be sent."""
        self._write(closing, owner, to, now, _BEGUN)

    def add(self, closing: ClosedMonth, owner: str, to: tuple[str, ...], now: datetime) -> None:
        """Record that an owner received it."""
        self._write(closing, owner, to, now, "sent")

    def take_back(self, closing: ClosedMonth, owner: str) -> None:
        """Remove the record that it was about to be sent: the server said that it was not."""
        self._depot.forget([_key(closing, owner)])

    def _write(
        self, closing: ClosedMonth, owner: str, to: tuple[str, ...], now: datetime, state: str
    ) -> None:
        self._depot.write(
            _key(closing, owner),
            {
                "month": closing.month,
                "model": closing.model,
                "statement": closing.totals_digest,
                "owner": owner,
                "to": list(to),
                "state": state,
                "at": now.isoformat(),
            },
        )


def unsent(view: View, book: SentBook) -> Iterator[str]:
    """The owners who have an address and have not received the statement of a closed month yet."""
    closing = view.closing
    if closing is None or closing.reopened_at is not None:
        return
    for owner in view.statement.names():
        if owner is None or not view.statement.owner(owner).addresses:
            continue
        if view.of(owner).sections and not book.has(closing, owner):
            yield owner


def send_statements(view: View, book: SentBook, send: _Send, now: datetime) -> Sent:
    """Send the unsent statements of a closed month.

    Args:
        view: of all owners.
        book: which statements were sent.
        send: sends a letter.
        now: in UTC.
    """
    done, again, failures = [], [], []
    for owner in unsent(view, book):
        closing = view.closing
        assert closing is not None  # noqa: S101 - nothing is unsent of an open month
        to, begun = view.statement.owner(owner).addresses, book.begun_at(closing, owner)
        whose = f"The statement of {Outside(owner).line()} for {closing.month}"
        if begun is not None and now - begun < ON_ITS_WAY:
            failures.append(
                f"{whose} has been on its way since {_time(begun)}: another run is sending it, or "
                f"was interrupted. What to do: nothing; it is tried again after {_MINUTES} minutes."
            )
            continue
        try:
            letter = _letter(view.of(owner), to, _digest(closing, owner), begun)
            # Of two beginnings the first says since when it may have been sent.
            book.begin(closing, owner, to, begun or now)
            send(letter)
        except PartlyToldError as error:
            failures.append(str(error))
        except MaybeToldError as error:
            failures.append(str(error))
            continue
        except ChannelError as error:
            failures.append(str(error))
            if begun is None:
                book.take_back(closing, owner)
            continue
        except documents.DocumentError as error:
            failures.append(str(error))
            continue
        book.add(closing, owner, to, now)
        done.append(owner)
        if begun is not None:
            again.append(
                f"{whose} may have been sent at {_time(begun)}, when sending was cut short; it "
                "was sent again as the same message, and says so."
            )
    return Sent(tuple(done), tuple(again), tuple(failures))


def _digest(closing: ClosedMonth, owner: str) -> str:
    # A month that is closed again with the same figures is not sent again.
    of = f"{closing.month}\n{closing.model}\n{closing.totals_digest}\n{owner}"
    return hashlib.sha256(of.encode(errors="surrogatepass")).hexdigest()


def _key(closing: ClosedMonth, owner: str) -> str:
    return f"{_FOLDER}/{closing.month}/{_digest(closing, owner)}.json"


def _time(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC"


def _letter(view: View, to: tuple[str, ...], digest: str, begun: datetime | None) -> Letter:
    statement = view.statement
    totals = ", ".join(
        told(sum(row.total for row in view.rows(section)), section.currency)
        for section in view.sections
    )
    name = documents.file_name(view)
    maybe = (
        f"You may already have received this statement, at {_time(begun)}. It is the same "
        "statement, and is owed once.\n\n"
        if begun is not None
        else ""
    )
    page = page_of(view)
    there = f"\n\n{page}" if page else ""
    return Letter(
        id=f"statement.{digest[:32]}",
        to=to,
        subject=Outside(f"[cloud costs] {statement.month}: {view.title} owes {totals}"),
        text=Outside(
            f"{maybe}The cloud costs of {view.title} in {statement.month} are {totals}. The month "
            f"is closed; later changes to its bills are owed with a later month.\n\n"
            f"Attached are the statement as PDF and its lines as CSV. Its digest is "
            f"{statement.digest}.{there}"
        ),
        files={
            f"{name}.pdf": documents.pdf(view),
            f"{name}.csv": files.as_csv(lines.lines(view)),
        },
    )
