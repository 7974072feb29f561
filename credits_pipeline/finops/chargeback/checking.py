"""The check of a month's statements: stored ones against the Spend page and the invoices."""

from dataclasses import dataclass
from decimal import Decimal

from credits_pipeline.core.money import to_text
from credits_pipeline.core.month import BillingMonth
from credits_pipeline.finops.chargeback.charges import scope_of
from credits_pipeline.finops.chargeback.month import stated
from credits_pipeline.finops.chargeback.opening import Office
from credits_pipeline.finops.chargeback.shares import cents
from credits_pipeline.finops.chargeback.statement import Section, Statement
from credits_pipeline.finops.chargeback.view import amount
from credits_pipeline.finops.queries.exactly import times, total
from credits_pipeline.finops.queries.invoices import invoices
from credits_pipeline.finops.queries.spend import spend


@dataclass(frozen=True)
class Checked:
    """One statement in one currency.

    Attributes:
        model: its model.
        currency: of it.
        owners: what all owners owe of the month itself.
        unallocated: spend without an owner.
        spend: by the Spend page's query, exact.
        billed: by the invoices, exact.
        holds: whether it all adds up.
        says: the same in a sentence.
        faults: what else a person has to resolve.
    """

    model: str
    currency: str
    owners: str
    unallocated: str
    spend: str
    billed: str
    holds: bool
    says: str
    faults: tuple[str, ...] = ()


def check_month(office: Office, month: BillingMonth) -> list[Checked]:
    """Every statement of a month that was stored last.

    Raises:
        KeptError: one can't be read.
    """
    found = stated(office.books.published.depot, month)
    if found is None:
        return []
    checked = []
    for name in sorted(found.statements):
        statement = office.kept.read(found.statements[name])
        frozen = office.closed.statement(str(month), name) is not None
        checked += [_checked(office, statement, one, frozen) for one in statement.sections]
    return checked


def _checked(office: Office, statement: Statement, section: Section, frozen: bool) -> Checked:
    """A closed statement is compared with itself: its bills may have changed since."""
    asked = section.spend if frozen else _asked(office, statement, section)
    unallocated = sum(line.cents for line in section.lines if line.owner is None)
    billed = (
        total(up.billed for up in section.adds_up)
        if frozen
        else _billed(office, statement, section)
    )
    stated_billed = total(up.billed for up in section.adds_up)
    holds = (
        section.holds and asked == section.spend and section.stated == cents(asked)
        and billed == stated_billed
    )  # fmt: skip
    told = "is" if holds else "is NOT"
    return Checked(
        model=statement.model,
        currency=section.currency,
        owners=amount(section.stated - unallocated),
        unallocated=amount(unallocated),
        spend=to_text(asked),
        billed=to_text(billed),
        holds=holds,
        says=f"{statement.model}, {section.currency}: {amount(section.stated)} {told} the spend "
        f"{to_text(asked)}, which leads to invoices of {to_text(billed)}.",
        faults=statement.faults,
    )


def _asked(office: Office, statement: Statement, section: Section) -> Decimal:
    model, month = office.model(statement.model), BillingMonth.parse(statement.month)
    return total(
        times(spend(office.books.published, scope_of(model, month, up.currency)).total, up.rate)
        for up in section.adds_up
    )


def _billed(office: Office, statement: Statement, section: Section) -> Decimal:
    model, month = office.model(statement.model), BillingMonth.parse(statement.month)
    return total(
        one.billed
        for up in section.adds_up
        for one in invoices(office.books.published, scope_of(model, month, up.currency))
    )
