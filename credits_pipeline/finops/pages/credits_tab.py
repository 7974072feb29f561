"""Credits on Spend: what is left, who used it, net of it, three sides, left on the table."""

from datetime import date
from decimal import Decimal

import streamlit as st

from credits_pipeline.core.month import BillingMonth
from credits_pipeline.finops.errors import BillError
from credits_pipeline.finops.ledger.outlook import Outlook, State
from credits_pipeline.finops.ledger.view import LedgerView, left_of, sides_of, used_csv
from credits_pipeline.finops.pages import figures
from credits_pipeline.finops.pages.credits_read import read_ledger, read_of_month
from credits_pipeline.finops.pages.frame import Frame
from credits_pipeline.finops.pages.plain import plain
from credits_pipeline.finops.pages.tables import Column, table
from credits_pipeline.finops.queries.bridge import View, bridge

MONTH = "month_of_credits"
_ALONE = (
    "Credits belong to whole accounts and payers, and you see the spend of some teams. Ask "
    "somebody who sees all of it."
)


def draw_credits(frame: Frame) -> None:
    """Draw the tab."""
    if frame.looking.person.teams is not None:
        st.info(_ALONE)
        return
    root = frame.looking.published.depot.root
    view = read_ledger(root)
    names = frame.looking.account_names()
    if view is None:
        return
    if view.as_of is None:
        st.info(
            "No ledger of credits has been read. Set FINOPS_LEDGER to the id of the payer's "
            "account, then run this command:"
        )
        st.code("credits-pipeline ledger", language="bash")
    else:
        _line(frame, view, view.as_of)
        _balances(view, names)
        _used(frame, view, names)
    _net(frame)
    month = _month(frame)
    _three_sides(root, month, names)
    _left(root, month)


def ends(one: Outlook, today: date) -> str:
    """How a credit ends, in words."""
    currency = one.credit.currency
    if one.state is State.RUNS_OUT and one.runs_out is not None:
        return f"runs out {figures.day(one.runs_out, today)}"
    if one.state is State.EXPIRES and one.credit.expiry is not None:
        lost = figures.short(one.lost, currency)
        return f"expires {figures.day(one.credit.expiry, today)} with {lost} left"
    return one.state.value


def between(one: Outlook, today: date) -> str:
    """The range of the day on which it runs out."""
    if one.earliest is None:
        return ""
    first = figures.day(one.earliest, today)
    if one.latest is not None:
        last = figures.day(one.latest, today)
        return first if one.latest == one.earliest else f"{first} \N{EN DASH} {last}"
    if one.credit.expiry is None:
        return f"from {first}"
    return f"from {first}; at the slowest pace it expires first"


def _line(frame: Frame, view: LedgerView, as_of: date) -> None:
    today, currency = frame.looking.today, view.currency
    left = plain(figures.exact(view.left, currency))
    told = [f"**{left}** left in {figures.count(len(view.alive), 'credit')}"]
    if view.alive:
        first = view.alive[0]
        told.append(f"{plain(first.credit.name)} {plain(ends(first, today))}")
    used = sum((one.total or Decimal(0) for one in view.of(frame.scope.period.months)), Decimal(0))
    period = figures.days(frame.scope.period.start, frame.scope.period.last, today)
    told.append(f"used in {period} {plain(figures.exact(used, currency))}")
    told.append(f":gray[as of {figures.day(as_of, today)}]")
    st.markdown(" · ".join(told))


def _balances(view: LedgerView, names: dict[str, str]) -> None:
    st.subheader("What is left", anchor=False)
    today = view.as_of or date.max
    table(
        [
            {
                "Credit": one.credit.name,
                "Owner": names.get(one.credit.owner, one.credit.owner),
                "Left": one.credit.left,
                "Of": one.credit.initial,
                "A month": one.a_month,
                "How it ends": ends(one, today),
                "Between": between(one, today),
                "Expires": str(one.credit.expiry or "never"),
                "Good for": ", ".join(one.credit.services) or "all services",
                "Sharing": one.credit.sharing.replace("_", " ").lower(),
                "Id": one.credit.id,
            }
            for one in view.found
        ],
        [
            Column("Credit", width="large"),
            Column("Owner"),
            Column("Left", "money", help="With open bills counted, as far as AWS estimates them."),
            Column("Of", "money"),
            Column("A month", "money", help="Its pace: the last three closed months, per 30 days."),
            Column("How it ends"),
            Column("Between", help="At the fastest and at the slowest of the last six months."),
            Column("Expires"),
            Column("Good for"),
            Column("Sharing"),
            Column("Id"),
        ],
        currency=view.currency,
        words="What is left of each credit",
    )


def _used(frame: Frame, view: LedgerView, names: dict[str, str]) -> None:
    months = frame.scope.period.months
    here = view.of(months)
    found = view.used(months)
    wanted = frame.scope.filters.get("account", ())
    if wanted:
        found = tuple(
            one for one in found if one.account in wanted or names.get(one.account) in wanted
        )
    left, right = st.columns([6, 1], vertical_alignment="bottom")
    left.subheader("Used by whom", anchor=False)
    unknown = [one for one in here if not one.complete]
    for one in unknown:
        st.warning(f"{one.month} of {one.payer} is not known: {plain(one.why)}.")
    if not here:
        st.markdown("The ledger of this period has not been read.")
        return
    if not found:
        st.markdown("No credit was used in this scope.")
        return
    right.download_button(
        "CSV",
        used_csv(found, names, months),
        file_name=f"credits-used-{months[0]}-{months[-1]}.csv",
        mime="text/csv",
        icon=":material/download:",
        width="stretch",
        on_click="ignore",
    )
    called = {one.credit.id: one.credit.name for one in view.found}
    table(
        [
            {
                "Account": names.get(one.account, one.account),
                "Credit": called.get(one.credit, one.credit),
                "Service": one.service,
                "Used": one.amount,
                "State": "estimate" if one.estimated else "final",
                "Account id": one.account,
            }
            for one in found
        ],
        [
            Column("Account"),
            Column("Credit", width="large"),
            Column("Service"),
            Column("Used", "money"),
            Column("State", help="An estimate changes until the bill is final."),
            Column("Account id"),
        ],
        currency=view.currency,
        words="Credits by account, credit and service",
        has_csv=True,
    )


def _net(frame: Frame) -> None:
    st.subheader("Net of credits", anchor=False)
    scope = frame.scope.but(cost="amortised", credits=True, group=())
    made = frame.looking.ask(bridge, scope, View("net", scope.credits, scope.tax))
    rows = [
        {"Step": "Amortised, with the credits of the bill", "Amount": made.start},
        *({"Step": step.words, "Amount": step.amount} for step in made.steps if step.amount),
        {"Step": "Net: credits as they were distributed", "Amount": made.end},
    ]
    if made.start == made.end and len(rows) == 2:  # noqa: PLR2004 - both ends
        st.markdown(
            f"{plain(figures.exact(made.end, frame.currency))}: no month of this period has a "
            "receipt, so net equals amortised."
        )
        return
    table(
        rows,
        [Column("Step"), Column("Amount", "money")],
        currency=frame.currency,
        words="From amortised to net",
    )


def _month(frame: Frame) -> BillingMonth:
    """The chosen month, from the address."""
    months = list(reversed(frame.scope.period.months))
    asked = st.query_params.get(MONTH, "")
    now = BillingMonth(frame.looking.today.year, frame.looking.today.month)
    # The newest that is over, because an open month agrees with nothing yet.
    first = next((one for one in months if BillingMonth.parse(one) < now), months[0])
    st.session_state["credits:month"] = asked if asked in months else first

    def take() -> None:
        st.query_params[MONTH] = st.session_state["credits:month"]

    st.selectbox("Month", months, key="credits:month", on_change=take, width=160)
    return BillingMonth.parse(st.session_state["credits:month"])


def _three_sides(root: str, month: BillingMonth, names: dict[str, str]) -> None:
    st.subheader(f"Distributed, ledger and bill of {month}", anchor=False)
    try:
        found = read_of_month(root, month, sides_of)
    except BillError as error:
        st.error(plain(error))
        return
    say = st.success if found.holds else st.warning if found.is_known else st.info
    say(plain(found.says))
    if not found.lines:
        return
    order = sorted(found.lines, key=lambda line: (not line.cause, -line.difference, line.account))
    table(
        [
            {
                "Account": names.get(line.account, line.account),
                "Handed out": line.file,
                "Ledger": line.ledger,
                "Bill": line.bill,
                "Difference": line.difference,
                "Likely cause": line.cause.value,
                "Account id": line.account,
            }
            for line in order
        ],
        [
            Column("Account"),
            Column("Handed out", "money", help="What CloudZero holds, according to the receipt."),
            Column("Ledger", "money", help="What AWS's ledger of credits has."),
            Column("Bill", "money", help="The credits of AWS's own bill."),
            Column("Difference", "money"),
            Column("Likely cause"),
            Column("Account id"),
        ],
        currency="USD",
        words=f"Three sides of {month}",
    )


def _left(root: str, month: BillingMonth) -> None:
    st.subheader(f"Left on the table in {month}", anchor=False)
    try:
        found = read_of_month(root, month, left_of)
    except BillError as error:
        st.error(plain(error))
        return
    if not found.lines:
        st.markdown("No AWS bill has been read for this month.")
        return
    told = (
        f"**{plain(figures.exact(found.untagged, 'USD'))}** of eligible usage had no tag "
        "map-migrated"
    )
    if found.earned is not None and found.rate is not None:
        share = figures.percent(found.rate * 100)
        told += (
            f"; tagged, it would have earned about {plain(figures.exact(found.earned, 'USD'))}, at "
            f"the {plain(share)} that tagged usage earned"
        )
    else:
        told += ". What a tag would have earned is not known: no credit of the programme was used"
    st.markdown(f"{told}.")
    table(
        [
            {
                "Account": line.name or line.account,
                "With the tag": line.tagged,
                "Without it": line.untagged,
                "Would have earned": line.earned,
                "Account id": line.account,
            }
            for line in found.lines
        ],
        [
            Column("Account"),
            Column("With the tag", "money"),
            Column("Without it", "money"),
            Column("Would have earned", "money"),
            Column("Account id"),
        ],
        currency="USD",
        words=f"Usage with and without the tag map-migrated in {month}",
    )
