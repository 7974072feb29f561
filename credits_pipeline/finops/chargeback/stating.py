"""Makes the statement of a month from a published version, the decisions, and the closed months.

A closed month is what was stored. An open month is computed; it includes the later changes of the
closed months right before it, so that no closed statement is ever rewritten.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Protocol

from credits_pipeline.core.month import BillingMonth
from credits_pipeline.finops.chargeback.allocating import Allocation, Charge, allocate
from credits_pipeline.finops.chargeback.charges import charges_of, scope_of
from credits_pipeline.finops.chargeback.decided import Decided
from credits_pipeline.finops.chargeback.model import RECEIPTS, Model
from credits_pipeline.finops.chargeback.statement import (
    FORM,
    AddsUp,
    Adjustment,
    Invoice,
    Section,
    Statement,
    Step,
)
from credits_pipeline.finops.publish.bill import RECEIPTS as RECEIPTS_SOURCE
from credits_pipeline.finops.publish.published import Published
from credits_pipeline.finops.queries.bridge import bridge
from credits_pipeline.finops.queries.exactly import times
from credits_pipeline.finops.queries.invoices import invoices
from credits_pipeline.finops.queries.sources import bills
from credits_pipeline.finops.queries.values import account_names, values

_ONE = Decimal(1)


class Closed(Protocol):
    """The months that are closed."""

    def statement(self, month: str, model: str) -> Statement | None:
        """What was closed; None if the month is open."""


class NothingClosed:
    """No month is closed."""

    def statement(self, month: str, model: str) -> Statement | None:  # noqa: ARG002 - none is
        """None, ever."""
        return None


@dataclass(frozen=True)
class Books:
    """The inputs of statements.

    Attributes:
        published: the version of the bills.
        decided: what people decided.
        closed: the months that are closed.
    """

    published: Published
    decided: Decided
    closed: Closed

    def statement(self, month: BillingMonth, model: Model) -> Statement:
        """The statement of a month: as it was closed, or as it is now."""
        return self.closed.statement(str(month), model.name) or self.draft(month, model)

    def draft(self, month: BillingMonth, model: Model) -> Statement:
        """The month by the current bills and decisions, closed or not."""
        sections, faults = self._sections(self.decided, model, month)
        before = self._closed_before(month, model)
        adjustments = self._adjustments(before)
        sections = [
            replace(section, adjustments=adjustments.pop(section.currency, ()))
            for section in sections
        ]
        sections += [
            Section(currency, Decimal(0), (), (), found, ())
            for currency, found in sorted(adjustments.items())
        ]
        months = [str(month), *(statement.month for statement in before)]
        return Statement(
            month=str(month),
            model=model.name,
            to=model.to,
            sections=tuple(sections),
            owners={
                name: owner for (to, name), owner in self.decided.owners.items() if to == model.to
            },
            accounts=self._names(sections),
            inputs={
                "form": FORM,
                "month": str(month),
                "bills": {one: self._bills(one, model) for one in months},
                "decisions": self.decided.used(model),
                "closed": [[statement.month, statement.digest] for statement in before],
            },
            faults=(*faults, *self._unknown(model)),
        )

    def _sections(
        self, decided: Decided, model: Model, month: BillingMonth
    ) -> tuple[list[Section], list[str]]:
        """The month by its own bills alone."""
        by_currency = charges_of(self.published, model, month)
        adds_up = {
            currency: self._adds_up(model, month, currency) for currency in sorted(by_currency)
        }
        groups, faults = _converted(by_currency, adds_up, model, decided, month)
        metrics, sections = decided.metrics_of(month), []
        for currency, (charges, ups) in sorted(groups.items()):
            found: Allocation = allocate(charges, model, metrics)
            faults += found.faults
            sections.append(
                Section(currency, found.spend, found.lines, found.pools, (), tuple(ups))
            )
        return sections, faults

    def _adds_up(self, model: Model, month: BillingMonth, currency: str) -> AddsUp:
        scope = scope_of(model, month, currency)
        steps = bridge(self.published, scope)
        return AddsUp(
            currency=currency,
            rate=_ONE,
            spend=steps.start,
            steps=tuple(Step(step.words, step.amount) for step in steps.steps if step.amount),
            invoices=tuple(
                Invoice(one.source, one.invoice_id or "", one.billed)
                for one in invoices(self.published, scope)
            ),
        )

    def _closed_before(self, month: BillingMonth, model: Model) -> list[Statement]:
        """The closed months before this one with no open month in between; in order."""
        found: list[Statement] = []
        at = month.shift(-1)
        while (statement := self.closed.statement(str(at), model.name)) is not None:
            found.insert(0, statement)
            at = at.shift(-1)
        return found

    def _adjustments(self, before: Iterable[Statement]) -> dict[str, tuple[Adjustment, ...]]:
        """Changes of closed months that no closed month has stated yet; by currency."""
        owed: dict[tuple[str, str, str | None], int] = defaultdict(int)
        for statement in before:
            for currency, owner, amount in self._changed(statement):
                owed[currency, statement.month, owner] += amount
            for section in statement.sections:
                for one in section.adjustments:
                    owed[section.currency, one.month, one.owner] -= one.cents
        found: dict[str, list[Adjustment]] = defaultdict(list)
        order = sorted(owed, key=lambda key: (*key[:2], key[2] is None, key[2] or ""))
        months = {statement.month for statement in before}
        for currency, month, owner in order:
            amount = owed[currency, month, owner]
            if amount and month in months:
                found[currency].append(Adjustment(month, owner, amount))
        return {currency: tuple(some) for currency, some in found.items()}

    def _changed(self, statement: Statement) -> Iterable[tuple[str, str | None, int]]:
        """A closed month by its current bills and the decisions of then, minus what was stated."""
        decided = Decided.read(statement.inputs["decisions"])
        model = decided.model(statement.model)
        if self._bills(statement.month, model) == statement.inputs["bills"][statement.month]:
            return
        now, _ = self._sections(decided, model, BillingMonth.parse(statement.month))
        for sign, sections in ((1, now), (-1, statement.sections)):
            for section in sections:
                for line in section.lines:
                    yield section.currency, line.owner, sign * line.cents

    def _bills(self, month: str, model: Model) -> list[list[str]]:
        return [
            [bill.source, bill.version]
            for bill in bills(self.published)
            if bill.billing_month == month
            and (model.credits == RECEIPTS or bill.source != RECEIPTS_SOURCE)
        ]

    def _names(self, sections: Iterable[Section]) -> dict[str, str]:
        there = {line.account for section in sections for line in section.lines}
        return {id_: n for id_, n in account_names(self.published).items() if id_ in there}

    def _unknown(self, model: Model) -> list[str]:
        return unknown_owners(self.published, self.decided, model)


def unknown_owners(published: Published, decided: Decided, model: Model) -> list[str]:
    """A sentence for each owner of a model that is in no bill and no list of owners."""
    if not model.owners:
        return []
    known = {name for to, name in decided.owners if to == model.to}
    if model.to in published.tags:
        known |= set(values(published, model.to))
    return [
        f"The {model.to} {name!r} is in no bill and is no statement owner. What to do: correct its "
        f"name in the model, or add it as a statement owner."
        for name in model.owners
        if name not in known
    ]


def _converted(
    by_currency: Mapping[str, list[Charge]],
    adds_up: Mapping[str, AddsUp],
    model: Model,
    decided: Decided,
    month: BillingMonth,
) -> tuple[dict[str, tuple[list[Charge], list[AddsUp]]], list[str]]:
    """The charges in the currency that they are stated in, and what kept one separate."""
    groups: dict[str, tuple[list[Charge], list[AddsUp]]] = defaultdict(lambda: ([], []))
    faults: list[str] = []
    for currency, charges in sorted(by_currency.items()):
        to, rate = currency, _ONE
        if model.convert and currency != model.convert:
            rates = decided.rates.get(model.rates)
            told = None if rates is None else rates.months.get(str(month), {}).get(currency)
            if rates is None or rates.to != model.convert or told is None:
                faults.append(
                    f"The rates {model.rates!r} don't say what one {currency} was worth in "
                    f"{model.convert} in {month}: {currency} is stated apart. What to do: add the "
                    "month to the file of rates and read it in again."
                )
            else:
                to, rate = model.convert, told
        there = groups[to]
        there[0].extend(
            charges if rate == 1 else [replace(c, cost=times(c.cost, rate)) for c in charges]
        )
        there[1].append(replace(adds_up[currency], rate=rate))
    return groups, faults
