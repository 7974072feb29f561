"""How this adds up: from one view of the same charges to another, step by step, to the last digit.

A charge belongs to exactly one step, and a step is what its charges are in the one view less what
they are in the other: the steps close the gap by themselves, whatever is in the bill.
"""

from dataclasses import dataclass
from decimal import Decimal

from credits_pipeline.finops.publish.bill import RECEIPTS
from credits_pipeline.finops.publish.published import Published
from credits_pipeline.finops.queries.exactly import less, total
from credits_pipeline.finops.queries.scope import BILLED, NET, Scope
from credits_pipeline.finops.queries.selection import (
    COLUMNS,
    REPLACED,
    one_currency,
    read,
    select_all,
)
from credits_pipeline.finops.queries.spend import grouped

#: Each step, in the order in which it is told, with the words for people.
STEPS = {
    "usage": "Usage, at the prices of either view",
    "purchases": "One-time and recurring fees, as billed and as spread over their time",
    "commitments": "Commitments: fees as billed against the use that they pay for",
    "adjustments": "Adjustments",
    "credits": "Credits",
    "credits_of_the_bill": "Credits of the bill, which receipts replace",
    "credits_handed_out": "Credits as the receipts distributed them",
    "tax": "Tax",
}
#: Told even where they are nothing.
_ALWAYS = ("commitments", "credits", "tax")
#: The words of a scope that show a step's charges.
_CHARGES = {
    "adjustments": {"charge": ["Adjustment"]},
    "credits": {"charge": ["Credit"]},
    "credits_of_the_bill": {"charge": ["Credit"]},
    "credits_handed_out": {"charge": ["Credit"]},
    "purchases": {"charge": ["Purchase"]},
    "tax": {"charge": ["Tax"]},
    "usage": {"charge": ["Usage"]},
}
_OF_RECEIPTS = (
    f"WHEN source = '{RECEIPTS}' THEN 'credits_handed_out' "
    f"WHEN {REPLACED} THEN 'credits_of_the_bill'"
)
_KINDS = (
    "WHEN charge_category = 'Credit' THEN 'credits' "
    "WHEN charge_category = 'Tax' THEN 'tax' "
    "WHEN charge_category = 'Adjustment' THEN 'adjustments' "
    "WHEN commitment = 'yes' THEN 'commitments' "
    "WHEN charge_category = 'Purchase' THEN 'purchases' ELSE 'usage' END"
)


class BridgeError(Exception):
    """The steps do not lead to the other view; that is a fault of this program."""


@dataclass(frozen=True)
class View:
    """What a charge counts as.

    Attributes:
        cost: amortised, billed, list or net.
        credits: whether credits count.
        tax: whether tax counts.
    """

    cost: str = BILLED
    credits: bool = True
    tax: bool = True

    def of(self, scope: Scope) -> Scope:
        """The scope in this view."""
        return scope.but(cost=self.cost, credits=self.credits, tax=self.tax)


@dataclass(frozen=True)
class Step:
    """What one kind of charge adds.

    Attributes:
        name: of the kind.
        words: for people.
        amount: exact.
        charges: scope words that show its charges, where there are some.
    """

    name: str
    words: str
    amount: Decimal
    charges: dict[str, list[str]]


@dataclass(frozen=True)
class Bridge:
    """From one view to another.

    Attributes:
        start: the total in the scope's own view.
        steps: what leads to the other.
        end: the total in the other.
        scope: what was asked, with its currency.
        to: the other view.
    """

    start: Decimal
    steps: tuple[Step, ...]
    end: Decimal
    scope: Scope
    to: View


def bridge(published: Published, scope: Scope, to: View | None = None) -> Bridge:
    """How a scope's total adds up to its total in another view.

    Args:
        published: the version.
        scope: what is asked for, in its own view.
        to: the other view; default: the invoice, all of it.

    Raises:
        SeveralCurrenciesError: it holds several currencies, and none was chosen.
        BridgeError: the steps do not lead there.
    """
    there = to or View()
    asked = one_currency(published, scope).but(group=())
    here = View(asked.cost, asked.credits, asked.tax)
    sums = _sums(published, asked, with_receipts=NET in (here.cost, there.cost))
    steps = tuple(
        Step(name, words, amount, _CHARGES.get(name, {}))
        for name, words in STEPS.items()
        if (amount := less(_amount(name, sums, there), _amount(name, sums, here)))
        or name in _ALWAYS
    )
    start, end = _total(published, asked), _total(published, there.of(asked))
    if total([start, *(step.amount for step in steps)]) != end:
        raise BridgeError(
            f"{asked.basis} is {start}, and its steps do not lead to {end}, which is "
            f"{there.of(asked).basis}. What to do: report this with the scope {asked.words()}."
        )
    return Bridge(start, steps, end, asked, there)


def _total(published: Published, scope: Scope) -> Decimal:
    return total(row.cost for row in grouped(published, scope, ()))


def _sums(
    published: Published, scope: Scope, *, with_receipts: bool
) -> dict[str, dict[str, Decimal]]:
    """What each kind of charge is, in each column; credits are told apart where receipts count."""
    columns = dict.fromkeys(COLUMNS.values())
    measures = ", ".join(f"COALESCE(SUM({column}), 0)" for column in columns)
    rows = select_all(published, scope)
    kinds = f"CASE {_OF_RECEIPTS} {_KINDS}" if with_receipts else f"CASE {_KINDS}"
    if not with_receipts:
        rows = rows.and_("source <> ?", RECEIPTS)
    found = read(published, rows, f"{kinds} AS kind, {measures}", "GROUP BY kind")
    return {
        str(kind): dict(zip(columns, (Decimal(str(cost)) for cost in costs), strict=True))
        for kind, *costs in found
    }


def _amount(name: str, sums: dict[str, dict[str, Decimal]], view: View) -> Decimal:
    counts = {
        "credits": view.credits,
        "credits_of_the_bill": view.credits and view.cost != NET,
        "credits_handed_out": view.credits and view.cost == NET,
        "tax": view.tax,
    }.get(name, True)
    if not counts or name not in sums:
        return Decimal(0)
    return sums[name][COLUMNS[view.cost]]
