"""Alerts about credits that will be lost or are used up; nothing if no credit ledger is read.

Each threshold of a credit is a subject of its own, so that each is told once. One that is past is
told no more, and what was told of it is settled with the credit's end.
"""

from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

from credits_pipeline.alerts.alert import Alert, Health
from credits_pipeline.alerts.state import AlertState
from credits_pipeline.core.money import for_people
from credits_pipeline.credits.assets.wings import finops_is_in_use

if TYPE_CHECKING:
    from collections.abc import Iterable

    from credits_pipeline.finops.ledger.outlook import Outlook

#: The days before an expiry with money left at which people are alerted.
THRESHOLDS = (60, 14)
#: A pace is taken from so many closed months.
_MONTHS = 3


def credits_of_the_ledger(book: AlertState, today: date | None = None) -> Health:
    """What is to be told of the credits that are kept.

    Args:
        book: what was told; a credit that AWS does not list any more is settled.
        today: the day; default: today, in UTC.

    Raises:
        BillError: the stored ledger can't be read.
        SettingError: a setting of the other wing can't be used.
    """
    if not finops_is_in_use():
        return Health()
    from credits_pipeline.finops.depot import Depot  # noqa: PLC0415 - only where it is in use
    from credits_pipeline.finops.ledger.book import LedgerBook  # noqa: PLC0415 - as above
    from credits_pipeline.finops.ledger.outlook import outlooks  # noqa: PLC0415 - as above
    from credits_pipeline.finops.settings import pages_url, storage_root  # noqa: PLC0415 - as above

    ledger = LedgerBook(Depot(storage_root()))
    as_of = ledger.asked_at()
    if as_of is None:
        return Health()
    credits = list(ledger.credits().values())
    found = outlooks(credits, list(ledger.months()), as_of)
    view = of_outlooks(found, today or datetime.now(UTC).date(), base=pages_url())
    listed = tuple(f"credit {one.id}, " for one in credits)
    gone = {
        episode.subject: "AWS no longer lists it."
        for episode in book.episodes
        if episode.subject.startswith("credit ") and not episode.subject.startswith(listed)
    }
    return view + Health(fine=gone)


def of_outlooks(found: "Iterable[Outlook]", today: date, *, base: str = "") -> Health:
    """The same of what is known of each credit.

    Args:
        found: of each credit.
        today: the day.
        base: the address of the pages; empty where nothing says it.
    """
    view = Health()
    for one in found:
        address = _address(one, base) if base else ""
        view += _of_expiry(one, today, address)
        view += _of_the_end(one, address)
    return view


def _address(one: "Outlook", base: str) -> str:
    """The tab of credits, over the months that the pace is taken from and the open one."""
    from credits_pipeline.core.month import BillingMonth  # noqa: PLC0415 - only where it is in use
    from credits_pipeline.finops.address import link  # noqa: PLC0415 - as above
    from credits_pipeline.finops.queries.scope import Scope  # noqa: PLC0415 - as above

    newest = BillingMonth(one.as_of.year, one.as_of.month)
    words = {"period": f"{newest.shift(-_MONTHS)}..{newest}", "currency": one.credit.currency}
    return link("spend", Scope.parse(words, today=one.as_of, tags=()), base=base, tab="credits")


def _of_expiry(one: "Outlook", today: date, address: str) -> Health:
    """The nearest threshold is told; behind it further ones are not judged, and not told anew."""
    credit = one.credit
    subjects = {days: f"credit {credit.id}, {days} days before it expires" for days in THRESHOLDS}
    if credit.expiry is None or credit.left <= 0:
        return Health(fine=dict.fromkeys(subjects.values(), "None of it can be lost."))
    ahead = (credit.expiry - today).days
    passed = [days for days in THRESHOLDS if ahead <= days]
    if ahead <= 0 or not passed:
        told = f"It expire{'d' if ahead <= 0 else 's'} on {credit.expiry}."
        return Health(fine=dict.fromkeys(subjects.values(), told))
    days = min(passed)
    later = {
        subjects[each]: f"It expires on {credit.expiry}." for each in THRESHOLDS if each < days
    }
    pace = (
        f" At its pace {for_people(one.lost)} of it will be lost."
        if one.a_month is not None
        else " What it gives in a month is not known."
    )
    alert = Alert(
        subject=subjects[days],
        cause=f"expires {credit.expiry}",
        about=f"Credit {credit.id}, {credit.name}",
        state=f"expires within {days} days with money left",
        what=f"It expires on {credit.expiry}, and {for_people(credit.left)} of "
        f"{for_people(credit.initial)} were left on {one.as_of}.{pace}",
        to_do=(
            "Check whether the services that it covers can be used before that, or ask AWS for "
            "more time."
        ),
        dollars=for_people(credit.left),
        address=address,
    )
    return Health((alert,), later)


def _of_the_end(one: "Outlook", address: str) -> Health:
    from credits_pipeline.finops.ledger.outlook import State  # noqa: PLC0415 - only where it is in use

    credit, subject = one.credit, f"credit {one.credit.id}, used up"
    if one.state is not State.USED_UP:
        return Health(fine={subject: f"{for_people(credit.left)} of it is left."})
    return Health(
        (
            Alert(
                subject=subject,
                cause="used up",
                about=f"Credit {credit.id}, {credit.name}",
                state="is used up",
                what=f"Nothing was left of its {for_people(credit.initial)} on {one.as_of}. What "
                "it paid for is billed from now on"
                + (
                    f": {for_people(one.a_month)} a month at its last pace." if one.a_month else "."
                ),
                to_do=(
                    "Expect the bill to grow by that, and adjust budgets that do not expect it."
                ),
                address=address,
            ),
        )
    )
