"""What to report about budgets and anomalies, from what assets found; each thing once.

A threshold that is used and one that is expected are two things; so is each anomaly.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from credits_pipeline.alerts.alert import Alert
from credits_pipeline.finops.address import link
from credits_pipeline.finops.queries.periods import Period
from credits_pipeline.finops.queries.scope import Scope

#: An anomaly that ended earlier than this many days ago is no longer reported.
_RECENT = timedelta(days=4)
_HUNDRED = 100
_CENT = Decimal("0.01")
OPEN = "open"


@dataclass(frozen=True)
class Note:
    """One thing that people should know.

    Attributes:
        subject: what may be right or wrong; one name, one thing.
        cause: what is wrong with it; the same cause is reported once.
        about: the subject, written for people.
        state: what is wrong with it, in a few words.
        what: what happened.
        to_do: what to do.
        dollars: the amounts.
        address: of the page that shows it, with its whole scope.
        channels: that it goes through; empty for all.
    """

    subject: str
    cause: str
    about: str
    state: str
    what: str
    to_do: str
    dollars: str
    address: str
    channels: tuple[str, ...] = ()


@dataclass(frozen=True)
class Notes:
    """The result of a check.

    Attributes:
        wrong: what to report.
        fine: what is right: by subject, what is true of it.
    """

    wrong: tuple[Note, ...] = ()
    fine: Mapping[str, str] = field(default_factory=dict)

    def __add__(self, other: "Notes") -> "Notes":
        return Notes(self.wrong + other.wrong, {**self.fine, **other.fine})


def alert_of(note: Note, *, has_pages: bool) -> Alert:
    """A note in the form that channels take.

    Args:
        note: what people should know.
        has_pages: whether the address of the pages is known.
    """
    return Alert(
        subject=note.subject,
        cause=note.cause,
        about=note.about,
        state=note.state,
        what=note.what,
        to_do=note.to_do,
        dollars=note.dollars,
        address=note.address if has_pages else "",
        channels=note.channels,
    )


def of_budgets(results: Mapping[str, Any] | None, base: str) -> Notes:
    """Thresholds that were or will be crossed.

    Args:
        results: as stored by `credits_pipeline.finops.budgets.results`; None if there are none.
        base: the address of the pages; empty if not set.
    """
    notes = Notes()
    for one in (results or {}).get("budgets", []):
        notes += _of_budget(one, base)
    return notes


def of_anomalies(
    results: Mapping[str, Any] | None,
    states: Mapping[str, str],
    *,
    limit: Decimal,
    today: date,
    base: str,
) -> Notes:
    """Anomalies above a limit that nobody has judged.

    Args:
        results: as stored; None if there are none.
        states: how people judged them, by id.
        limit: how much more than usual is reported, in the currency of the bill.
        today: in UTC.
        base: the address of the pages.
    """
    wrong, fine = [], {}
    for one in (results or {}).get("anomalies", []):
        subject = f"anomaly {one['id']}"
        state = states.get(one["id"], OPEN)
        recent = one["goes_on"] or date.fromisoformat(one["through"]) >= today - _RECENT
        if state != OPEN:
            fine[subject] = f"Somebody judged it: {state}."
        elif not recent:
            fine[subject] = f"It ended on {one['through']}."
        elif Decimal(one["more"]) >= limit:
            wrong.append(_of_anomaly(subject, one, today, base))
    return Notes(tuple(wrong), fine)


def _of_budget(one: Mapping[str, Any], base: str) -> Notes:
    name, period = one["name"], one["period"]
    used, expected = f"budget {one['id']} used", f"budget {one['id']} expected"
    currency = one["currency"] or ""
    amounts = (
        f"{_cents(one['used'])} used of {_cents(one['amount'])} {currency}, "
        f"{period['from']} to {period['to']}"
    )
    address = link("budgets", _scope(one["scope"]), base=base, budget=one["id"])
    common: dict[str, Any] = {
        "about": f"Budget {name}",
        "dollars": amounts,
        "address": address,
        "channels": tuple(one["channels"]),
        "to_do": (
            "See what drives it: the page shows the largest moves. If the budget is wrong, "
            "change the budget."
        ),
    }
    crossed, to_cross = one["crossed"], one["expected_to_cross"]
    wrong: list[Note] = []
    fine: dict[str, str] = {}
    if crossed is None:
        fine[used] = f"{one['used_percent'] or 0} % is used, which is below every threshold."
    else:
        wrong.append(
            Note(
                subject=used,
                cause=f"{period['from']} used {crossed}",
                state=f"{crossed} % is used" if crossed < _HUNDRED else "it is over",
                what=f"{one['used_percent']} % is used after {one['elapsed_percent']} % of the "
                "days.",
                **common,
            )
        )
    if to_cross is None:
        known = one["forecast"]["estimates"]["expected"] is not None
        fine[expected] = (
            "The forecast ends below every threshold." if known else "There is no forecast."
        )
    elif crossed is None or crossed < to_cross:
        estimate = one["forecast"]["estimates"]
        between = (
            f", between {_cents(estimate['low'])} and {_cents(estimate['high'])}"
            if estimate["low"]
            else ""
        )
        when = f" The amount is crossed on {one['crosses']}." if one["crosses"] else ""
        wrong.append(
            Note(
                subject=expected,
                cause=f"{period['from']} expected {to_cross}",
                state=f"more than {to_cross} % is expected",
                what=f"The period is expected to end at about {_cents(estimate['expected'])} "
                f"{currency}{between}."
                f"{when}",
                **common,
            )
        )
    else:
        fine[expected] = "What was expected has happened: see how much is used."
    return Notes(tuple(wrong), fine)


def _of_anomaly(subject: str, one: Mapping[str, Any], today: date, base: str) -> Note:
    since = date.fromisoformat(one["since"])
    words = {
        "period": f"{since.replace(day=1)}..{today}",
        "cloud": one["cloud"],
        "account": one["account"] or "(none)",
        "service": one["service"] or "(none)",
        "currency": one["currency"],
        "credits": "out",
        "tax": "out",
    }
    much = "new" if one["times"] is None else f"{one['times']} times the usual"
    where = f"{one['service'] or 'no service'} in {one['account_name'] or 'no account'}"
    days = "one day" if one["days"] == 1 else f"{one['days']} days"
    return Note(
        subject=subject,
        cause=subject,
        about=where,
        state=f"{much} for {days}",
        what=f"{where} cost {_cents(one['cost'])} {one['currency']} since {one['since']}, where "
        f"{_cents(one['usual'])} is usual.",
        to_do=(
            "Check whether it was intended. Acknowledge it on the page Spend, or mark it as "
            "expected; it is settled when it ends."
        ),
        dollars=f"{_cents(one['more'])} {one['currency']} more than usual",
        address=link("spend", Scope.parse(words, today=today), base=base),
    )


def _cents(amount: str) -> str:
    """An amount written for people."""
    return f"{Decimal(amount).quantize(_CENT, ROUND_HALF_UP):,}"


def _scope(words: Mapping[str, Any]) -> Scope:
    """A scope as stored; its words were valid then."""
    period = words["period"][0]
    filters = {
        word: tuple(values)
        for word, values in words.items()
        if word not in ("period", "cost", "credits", "tax", "group", "currency")
    }
    return Scope(
        Period.parse(period, date.min.replace(year=2000)),
        tuple(sorted(filters.items())),
        cost=words["cost"][0],
        credits=words["credits"] == ["in"],
        tax=words["tax"] == ["in"],
        currency=words["currency"][0] if "currency" in words else None,
    )
