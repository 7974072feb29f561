"""The charges of a month from a published version, as far as a model distinguishes them."""

from collections import defaultdict
from collections.abc import Iterator
from decimal import Decimal

from credits_pipeline.core.month import BillingMonth
from credits_pipeline.finops.chargeback.allocating import (
    COMMITMENTS,
    CREDITS,
    DIRECT,
    TAX,
    Charge,
)
from credits_pipeline.finops.chargeback.model import RECEIPTS, Model
from credits_pipeline.finops.publish.bill import RECEIPTS as RECEIPTS_SOURCE
from credits_pipeline.finops.publish.published import Published
from credits_pipeline.finops.queries.periods import Period
from credits_pipeline.finops.queries.scope import AMORTISED, NET, Scope
from credits_pipeline.finops.queries.selection import read, select
from credits_pipeline.finops.queries.words import Vocabulary

_KIND = (
    f"CASE WHEN charge_category = 'Credit' THEN '{CREDITS}' "
    f"WHEN charge_category = 'Tax' THEN '{TAX}' "
    f"WHEN commitment = 'yes' THEN '{COMMITMENTS}' ELSE '{DIRECT}' END"
)
_ALWAYS = ("sub_account_id", "sub_account_name", "service_name")


def scope_of(model: Model, month: BillingMonth, currency: str | None = None) -> Scope:
    """The spend that a model allocates: every charge, with fees spread over time."""
    cost = NET if model.credits == RECEIPTS else AMORTISED
    return Scope(period=Period.of_month(month), cost=cost, currency=currency)


def charges_of(published: Published, model: Model, month: BillingMonth) -> dict[str, list[Charge]]:
    """All charges of a month by currency; what a model does not distinguish is added up.

    Args:
        published: the version.
        model: whose words tell charges apart.
        month: the billing month.
    """
    scope = scope_of(model, month)
    resources = "resource" in model.words
    columns = {word: column for word, column in _columns(published).items() if word in model.words}
    rows = select(published, scope.but(group=("resource",)) if resources else scope)
    keys = [*_ALWAYS, *dict.fromkeys(columns.values()), _handed_out(), _KIND, "billing_currency"]
    found = read(published, rows, f"{', '.join(keys)}, SUM(effective_cost)", "GROUP BY ALL")
    by_currency: dict[str, list[Charge]] = defaultdict(list)
    names = list(dict.fromkeys(columns.values()))
    for account, account_name, service, *values, handed_out, kind, currency, cost in found:
        told = dict(zip(names, values, strict=True))
        words = {word: _some(told[column]) for word, column in columns.items()}
        if "account" in model.words:
            words["account"] = tuple(_texts(account, account_name))
        by_currency[str(currency or "")].append(
            Charge(
                words=words,
                kind=kind,
                account=str(account or ""),
                service=str(service or ""),
                cost=Decimal(str(cost)),
                handed_out=handed_out,
            )
        )
    return dict(by_currency)


def words_of(published: Published) -> tuple[str, ...]:
    """The tag keys and other words that rules can use in this version."""
    return tuple(_columns(published))


def _columns(published: Published) -> dict[str, str]:
    return {**Vocabulary(published.tags).filters, "resource": "resource_id"}


def _handed_out() -> str:
    return f"source = '{RECEIPTS_SOURCE}'"


def _some(value: object) -> tuple[str, ...]:
    return () if value is None else (str(value),)


def _texts(*values: object) -> Iterator[str]:
    for value in dict.fromkeys(values):
        if value is not None:
            yield str(value)
