"""Alerts about credits that will be lost or are used up; nothing if no credit ledger is read.

Each threshold of a credit is its own subject, so that each is reported once.
"""

from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

from credits_pipeline.alerts.alert import Alert, Health
from credits_pipeline.core.money import for_people
from credits_pipeline.credits.assets.wings import finops_is_in_use

if TYPE_CHECKING:
    from collections.abc import Iterable

    from credits_pipeline.finops.ledger.outlook import Outlook

#: The days before an expiry with money left at which people are alerted.
THRESHOLDS = (60, 14)


def credits_of_the_ledger(today: date | None = None) -> Health:
    """What to report about the stored credits.

    Args:
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
    from credits_pipeline.finops.settings import storage_root  # noqa: PLC0415 - as above

    book = LedgerBook(Depot(storage_root()))
    as_of = book.asked_at()
    if as_of is None:
        return Health()
    found = outlooks(list(book.credits().values()), list(book.months()), as_of)
    return of_outlooks(found, today or datetime.now(UTC).date())


def of_outlooks(found: "Iterable[Outlook]", today: date) -> Health:
    """The same for what is known about each credit."""
    view = Health()
    for one in found:
        for days in THRESHOLDS:
            view += _of_expiry(one, days, today)
        view += _of_the_end(one)
    return view


def _of_expiry(one: "Outlook", days: int, today: date) -> Health:
    credit = one.credit
    subject = f"credit {credit.id}, {days} days before it expires"
    if credit.expiry is None or credit.left <= 0:
        return Health(fine={subject: "Nothing of it can be lost."})
    ahead = (credit.expiry - today).days
    if not 0 < ahead <= days:
        return Health(fine={subject: f"It expires on {credit.expiry}."})
    pace = (
        f" At its pace {for_people(one.lost)} of it will be lost."
        if one.a_month is not None
        else " What it gives in a month is not known."
    )
    return Health(
        (
            Alert(
                subject=subject,
                cause=f"expires {credit.expiry}",
                about=f"Credit {credit.id}, {credit.name}",
                state=f"expires within {days} days with money left",
                what=f"It expires on {credit.expiry}, and {for_people(credit.left)} of "
                f"{for_people(credit.initial)} were left on {one.as_of}.{pace}",
                to_do="See whether what it is good for can be used before that, or ask AWS for "
                "more time.",
                dollars=for_people(credit.left),
            ),
        )
    )


def _of_the_end(one: "Outlook") -> Health:
    from credits_pipeline.finops.ledger.outlook import State  # noqa: PLC0415 - only where it is in use

    credit, subject = one.credit, f"credit {one.credit.id}, used up"
    if one.state is not State.USED_UP:
        return Health(fine={subject: f"{for_people(credit.left)} of it are left."})
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
                to_do="Expect the bill to be larger by that, and see that budgets know of it.",
            ),
        )
    )
