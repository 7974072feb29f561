"""A stored budget: a scope, one amount or twelve, and who wants to know about it."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import date
from decimal import Decimal
from typing import Any, Self

from credits_pipeline.core.month import BillingMonth
from credits_pipeline.finops.decisions import fields as say
from credits_pipeline.finops.decisions.fields import NEEDED, Field
from credits_pipeline.finops.decisions.kind import ItemKind
from credits_pipeline.finops.queries.periods import Period
from credits_pipeline.finops.queries.scope import AMORTISED, COSTS, Scope

KIND = "budget"
#: Months of each kind of period.
MONTHS = {"month": 1, "quarter": 3, "year": 12}
_YEAR = 12
CHANNELS = ("slack", "email", "sns")
THRESHOLDS, EXPECTED_THRESHOLDS = (50, 80, 100), (100,)
#: Fields with another name in a body, or that are not in it.
_ELSEWHERE = ("id", "first", "last", "chosen")
#: Words of a scope that a budget has as separate fields.
_OWN_WORDS = ("period", "group", "cost", "credits", "tax", "currency")


def _thresholds(value: Any) -> tuple[int, ...]:
    return tuple(sorted(set(say.each(say.whole(1, 1000), most=20)(value))))


_FIELDS = (
    Field("name", say.text(80)),
    Field("scope", say.scope_words, {}),
    Field("every", say.choice(*MONTHS), "month"),
    Field("start_month", say.whole(1, _YEAR), 1),
    Field("amount", say.amount(least=Decimal(0))),
    Field("amounts", say.each(say.amount(least=Decimal(0)), least=_YEAR, most=_YEAR)),
    Field("currency", say.text(3)),
    Field("cost", say.choice(*COSTS), AMORTISED),
    Field("credits", say.choice("in", "out"), "out"),
    Field("tax", say.choice("in", "out"), "in"),
    Field("thresholds", _thresholds, THRESHOLDS),
    Field("expected_thresholds", _thresholds, EXPECTED_THRESHOLDS),
    Field("owner", say.text(320, empty=True), ""),
    Field("channels", say.each(say.choice(*CHANNELS), most=len(CHANNELS)), ()),
    Field("from", say.month, NEEDED),
    Field("to", say.month),
)


class BudgetError(ValueError):
    """A budget can't be used; the message says what is wrong with it."""


@dataclass(frozen=True)
class Budget:
    """What somebody plans to spend.

    Attributes:
        id: within the budgets; its name unless set separately.
        name: for people.
        chosen: words that filter, each with its values, in a fixed order.
        every: month, quarter or year.
        start_month: in which the (fiscal) year begins.
        amount: of one period; None if there are twelve.
        amounts: of each month of the year, beginning with `start_month`; otherwise empty.
        currency: of the amounts; None for that of the scope.
        cost: the cost view at which it counts.
        credits: whether credits count.
        tax: whether tax counts.
        thresholds: percentages of the amount at which people want to know that they are used.
        expected_thresholds: the same, for what is expected.
        owner: who answers for it.
        channels: the channels of its alerts; empty for all.
        first: the first month in which it applies, as YYYY-MM.
        last: the last one; None for no end.
    """

    id: str
    name: str
    chosen: tuple[tuple[str, tuple[str, ...]], ...]
    every: str
    start_month: int
    amount: Decimal | None
    amounts: tuple[Decimal, ...]
    currency: str | None
    cost: str
    credits: bool
    tax: bool
    thresholds: tuple[int, ...]
    expected_thresholds: tuple[int, ...]
    owner: str
    channels: tuple[str, ...]
    first: str
    last: str | None = None

    @classmethod
    def of(cls, id_: str, body: Mapping[str, Any]) -> Self:
        """A budget from its stored form.

        Raises:
            BudgetError: names every field that is wrong.
        """
        try:
            told = say.read_fields(_FIELDS, body)
        except ValueError as error:
            raise BudgetError(str(error)) from None
        wrong = []
        amounts = tuple(told["amounts"] or ())
        if (told["amount"] is None) == (not amounts):
            wrong.append("it needs either amount, or amounts for twelve months")
        own = sorted({*told["scope"]} & {*_OWN_WORDS})
        if own:
            wrong.append(f"scope has {', '.join(own)}, which are fields of the budget itself")
        if told["cost"] == "net" and "source" in told["scope"]:
            wrong.append("source can't be combined with cost net: narrow it by cloud or account")
        if told["to"] is not None and told["to"] < told["from"]:
            wrong.append(f"to is {told['to']}, which is before from, {told['from']}")
        if wrong:
            raise BudgetError("; ".join(wrong))
        return cls(
            id=id_,
            name=told["name"] or id_,
            chosen=tuple(told["scope"].items()),
            every=told["every"],
            start_month=told["start_month"],
            amount=told["amount"],
            amounts=amounts,
            currency=told["currency"].upper() if told["currency"] else None,
            cost=told["cost"],
            credits=told["credits"] == "in",
            tax=told["tax"] == "in",
            thresholds=told["thresholds"],
            expected_thresholds=told["expected_thresholds"],
            owner=told["owner"],
            channels=told["channels"],
            first=told["from"],
            last=told["to"],
        )

    def body(self) -> dict[str, Any]:
        """Its stored form."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        told = {name: value for name, value in values.items() if name not in _ELSEWHERE}
        in_out = {True: "in", False: "out"}
        told |= {"credits": in_out[self.credits], "tax": in_out[self.tax]}
        # An empty list of thresholds has a meaning: nobody wants to know.
        lists = {
            "thresholds": list(self.thresholds),
            "expected_thresholds": list(self.expected_thresholds),
        }
        told["scope"] = self.scope
        return {**say.body_of({**told, "from": self.first, "to": self.last}), **lists}

    def period_at(self, day: date) -> Period | None:
        """Its period at a day, cut to the months in which it applies; None outside them."""
        month = BillingMonth(day.year, day.month)
        length = MONTHS[self.every]
        since = (month.month - self.start_month) % _YEAR
        start = month.shift(-(since % length))
        end = start.shift(length - 1)
        first, last = str(start), str(end)
        cut_first = max(first, self.first)
        cut_last = last if self.last is None else min(last, self.last)
        if not cut_first <= str(month) <= cut_last:
            return None
        word = cut_first if cut_first == cut_last else f"{cut_first}..{cut_last}"
        return Period.parse(word, day)

    def amount_of(self, period: Period) -> Decimal:
        """What is planned for one of its periods."""
        if not self.amounts:
            return self.amount or Decimal(0)
        return sum((self.month_amount(month) for month in period.months), Decimal(0))

    def month_amount(self, month: str) -> Decimal:
        """A month's own amount, if each month has one."""
        return self.amounts[(BillingMonth.parse(month).month - self.start_month) % _YEAR]

    def scope_of(self, period: Period) -> Scope:
        """What counts, as a scope: the Spend page uses the same."""
        return Scope(
            period,
            self.chosen,
            cost=self.cost,
            credits=self.credits,
            tax=self.tax,
            currency=self.currency,
        )

    @property
    def scope(self) -> dict[str, tuple[str, ...]]:
        """Words that filter, each with its values."""
        return dict(self.chosen)


def _check(id_: str, body: Mapping[str, Any]) -> None:
    Budget.of(id_, body)


#: Tells the store of decisions whether a budget is valid.
DECIDED = ItemKind(KIND, _check, "budgets")
