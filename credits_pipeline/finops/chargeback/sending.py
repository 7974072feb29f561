"""Statements to their owners by mail, once a month is closed: each once, however often it is tried.

A letter that went out is remembered right after; only a crash between the two sends it again.
"""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from credits_pipeline.alerts.channel import ChannelError, PartlyToldError
from credits_pipeline.alerts.letter import Letter
from credits_pipeline.finops.address import link
from credits_pipeline.finops.chargeback import documents, files, lines
from credits_pipeline.finops.chargeback.layout import told
from credits_pipeline.finops.chargeback.statement import label
from credits_pipeline.finops.chargeback.view import View
from credits_pipeline.finops.decisions import ClosedMonth
from credits_pipeline.finops.depot import Depot
from credits_pipeline.finops.settings import pages_url
from credits_pipeline.text import Outside

_FOLDER = "chargeback/sent"
_Send = Callable[[Letter], None]


@dataclass(frozen=True)
class Sent:
    """What became of the statements of one closed month.

    Attributes:
        owners: whose statement went out now.
        failures: a sentence for each that did not, or not to all.
    """

    owners: tuple[str, ...]
    failures: tuple[str, ...]


class SentBook:
    """Which statements went out."""

    def __init__(self, depot: Depot) -> None:
        """Name the storage.

        Args:
            depot: of the wing.
        """
        self._depot = depot

    def has(self, closing: ClosedMonth, owner: str) -> bool:
        """Whether an owner got the statement of this closing."""
        return self._depot.read(self._key(closing, owner)) is not None

    def add(self, closing: ClosedMonth, owner: str, to: tuple[str, ...]) -> None:
        """Remember that an owner got it."""
        self._depot.write(
            self._key(closing, owner),
            {
                "month": closing.month,
                "model": closing.model,
                "statement": closing.totals_digest,
                "owner": owner,
                "to": list(to),
                "at": datetime.now(UTC).isoformat(),
            },
        )

    def _key(self, closing: ClosedMonth, owner: str) -> str:
        # A month that is closed anew with the same figures is not sent again.
        of = f"{closing.month}\n{closing.model}\n{closing.totals_digest}\n{owner}"
        digest = hashlib.sha256(of.encode(errors="surrogatepass")).hexdigest()
        return f"{_FOLDER}/{closing.month}/{digest}.json"


def unsent(view: View, book: SentBook) -> Iterator[str]:
    """The owners who have an address and did not get the statement of a closed month yet."""
    closing = view.closing
    if closing is None or closing.reopened_at is not None:
        return
    for owner in view.statement.names():
        if owner is None or not view.statement.owner(owner).addresses:
            continue
        if view.of(owner).sections and not book.has(closing, owner):
            yield owner


def send_statements(view: View, book: SentBook, send: _Send) -> Sent:
    """Send what is unsent of a closed month.

    Args:
        view: of all owners.
        book: which statements went out.
        send: takes a letter.
    """
    done, failures = [], []
    for owner in unsent(view, book):
        assert view.closing is not None  # noqa: S101 - nothing is unsent of an open month
        to = view.statement.owner(owner).addresses
        try:
            send(_letter(view.of(owner), to))
        except PartlyToldError as error:
            failures.append(str(error))
        except (ChannelError, documents.DocumentError) as error:
            failures.append(str(error))
            continue
        book.add(view.closing, owner, to)
        done.append(owner)
    return Sent(tuple(done), tuple(failures))


def _link(view: View) -> str:
    """The page of exactly this statement, where people reach the pages."""
    base = pages_url()
    if not base or view.only is None:
        return ""
    statement, (owner,) = view.statement, view.only
    words = {"month": statement.month, "model": statement.model, statement.to: label(owner)}
    return f"\n\n{link('chargeback', None, base=base, **words)}"


def _letter(view: View, to: tuple[str, ...]) -> Letter:
    statement = view.statement
    totals = ", ".join(
        told(sum(row.total for row in view.rows(section)), section.currency)
        for section in view.sections
    )
    name = documents.file_name(view)
    return Letter(
        to=to,
        subject=Outside(f"[cloud costs] {statement.month}: {view.title} owes {totals}"),
        text=Outside(
            f"The cloud costs of {view.title} in {statement.month} are {totals}. The month is "
            f"closed; later changes of its bills are owed with a later month.\n\n"
            f"Attached are the statement as PDF and its lines as CSV. Its digest is "
            f"{statement.digest}.{_link(view)}"
        ),
        files={
            f"{name}.pdf": documents.pdf(view),
            f"{name}.csv": files.as_csv(lines.lines(view)),
        },
    )
