"""Opens the inputs of statements, as the settings name them: decisions, closings, statements."""

from collections.abc import Mapping
from typing import Any

from credits_pipeline.core.month import BillingMonth
from credits_pipeline.finops.chargeback.charges import words_of
from credits_pipeline.finops.chargeback.closing import ClosedMonths, read_closed
from credits_pipeline.finops.chargeback.decided import KINDS, Decided
from credits_pipeline.finops.chargeback.kept import KeptStatements
from credits_pipeline.finops.chargeback.model import Model
from credits_pipeline.finops.chargeback.stating import Books
from credits_pipeline.finops.chargeback.view import View
from credits_pipeline.finops.decisions.opening import are_kept, open_decisions
from credits_pipeline.finops.publish.published import Published
from credits_pipeline.finops.queries.values import values


class Office:
    """The books with the closings and statements that are stored beside them.

    Attributes:
        books: the inputs of statements.
        kept: statements by their digest.
        closed: the months that are closed.
    """

    def __init__(self, books: Books, kept: KeptStatements, closed: ClosedMonths) -> None:
        """Take their current state.

        Args:
            books: the inputs of statements.
            kept: statements by their digest.
            closed: the months that are closed.
        """
        self.books, self.kept, self.closed = books, kept, closed

    def model(self, name: str | None) -> Model:
        """A model by its name; the first if none is named.

        Raises:
            DecidedError: there is none of that name.
        """
        return self.books.decided.model(name)

    def months(self) -> tuple[str, ...]:
        """The billing months that have bills, in order."""
        return tuple(sorted(values(self.books.published, "month")))

    def view(self, month: BillingMonth, model: Model) -> View:
        """The statement of a month, with the month before.

        Raises:
            KeptError: a statement that was closed can't be read.
        """
        before = month.shift(-1)
        previous = self.books.statement(before, model)
        return View(
            statement=self.books.statement(month, model),
            previous=previous if previous.sections else None,
            closing=self.closed.find(str(month), model.name),
        )


def read_contents() -> Mapping[str, Mapping[str, Any]]:
    """The bodies that people decided, by kind and id; empty if nothing is stored yet.

    Raises:
        SettingError: the settings name no store.
        DecisionsError: it can't be read.
    """
    if not are_kept():
        return {}
    with open_decisions() as decisions:
        return decisions.snapshot(KINDS).contents


def open_office(
    published: Published, contents: Mapping[str, Mapping[str, Any]] | None = None
) -> Office:
    """Open everything for one version of the bills.

    Args:
        published: the version.
        contents: what people decided; None for the store's current state.

    Raises:
        SettingError: the settings name no store.
        DecisionsError: it can't be read.
        ModelError: a model can't be used.
        DecidedError: another decision can't be used.
    """
    told = read_contents() if contents is None else contents
    kept = KeptStatements(published.depot)
    closed = read_closed(kept)
    decided = Decided.read(told, words_of(published))
    return Office(Books(published, decided, closed), kept, closed)
