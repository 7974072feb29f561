"""Questions that AWS's ledger did not answer, or not completely: stored and repeated in time.

After 15 minutes, 1 hour and 4 hours, then every 12 hours; the daily read asks anyway.
"""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

from credits_pipeline.finops.depot import Depot

#: What is asked for besides months.
BALANCES = "balances"
_ROOM = "credit_ledger_unanswered"
_WAITS = (timedelta(minutes=15), timedelta(hours=1), timedelta(hours=4), timedelta(hours=12))


@dataclass(frozen=True)
class Unanswered:
    """One open question.

    Attributes:
        payer: whose ledger.
        what: `BALANCES`, or a month as ``YYYY-MM``.
        at: when it was last asked, ISO 8601, UTC.
        tries: how often it was asked in vain.
        why: what was wrong with the last answer.
    """

    payer: str
    what: str
    at: str
    tries: int
    why: str

    @property
    def due_at(self) -> datetime:
        """When it is due again."""
        wait = _WAITS[min(self.tries, len(_WAITS)) - 1]
        return datetime.fromisoformat(self.at) + wait


def note(depot: Depot, payer: str, what: str, why: str, now: datetime) -> None:
    """Record that a question was asked in vain.

    Raises:
        ObjectsError: it can't be stored.
    """
    before = depot.read(_key(payer, what))
    tries = 1 if before is None else int(before["tries"]) + 1
    found = Unanswered(payer, what, now.isoformat(timespec="seconds"), tries, why)
    depot.write(_key(payer, what), asdict(found))


def settle(depot: Depot, payer: str, what: str) -> None:
    """Record that a question was answered completely.

    Raises:
        ObjectsError: it can't be stored.
    """
    key = _key(payer, what)
    if key in depot.keys(key):
        depot.forget([key])


def open_questions(depot: Depot) -> Iterator[Unanswered]:
    """All that is open, by payer and month.

    Raises:
        ObjectsError: it can't be read.
    """
    for key in depot.keys(f"{_ROOM}/"):
        found = depot.read(key)
        if found is not None:
            yield Unanswered(**found)


def _key(payer: str, what: str) -> str:
    return f"{_ROOM}/payer={payer}/{what}.json"
