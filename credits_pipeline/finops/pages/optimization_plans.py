"""Commitments: what is owned and used, and a Savings Plan compared with on-demand prices."""

from decimal import Decimal
from typing import Any

import streamlit as st

from credits_pipeline.finops.depot import Depot
from credits_pipeline.finops.optimization.making import USED
from credits_pipeline.finops.optimization.owned import owned as read_owned
from credits_pipeline.finops.optimization.reading import Recommendations
from credits_pipeline.finops.pages import figures
from credits_pipeline.finops.pages.frame import Frame, storage
from credits_pipeline.finops.pages.plain import plain
from credits_pipeline.finops.pages.tables import Column, table
from credits_pipeline.finops.scans.scanning import COMMITMENTS
from credits_pipeline.finops.scans.shelf import ScanShelf

_HEIGHT = 260


def owned(frame: Frame) -> None:
    """Coverage and utilisation of what is owned, in the newest whole month of the bill."""
    if frame.looking.person.teams is not None:
        st.info("Commitments belong to all teams; they are shown to people who see all of them.")
        return
    found = read_owned(frame.looking.published, frame.currency, frame.looking.today)
    if found is None or not found.rows:
        st.info("The bills contain no commitment, so there is none that could be used better.")
    else:
        coverage = "" if found.coverage is None else (
            f" Of what could be covered, **{figures.percent(found.coverage)}** was."
        )  # fmt: skip
        st.markdown(
            f"In {plain(found.month)}, **{figures.percent(found.utilisation)}** of what is owned "
            f"was used; {plain(figures.exact(found.unused, frame.currency))} was paid for but not "
            f"used.{coverage}"
        )
        table(
            [
                {
                    "Commitment": row.name or row.id,
                    "Kind": row.kind,
                    "Used": row.used,
                    "Unused": row.unused,
                    "Used %": row.utilisation,
                    "Id": row.id,
                }
                for row in found.rows
            ],
            [
                Column("Commitment"),
                Column("Kind"),
                Column("Used", "money"),
                Column("Unused", "money"),
                Column("Used %", "share"),
                Column("Id"),
            ],
            currency=frame.currency,
            words="Commitments",
        )
    _terms()


def _terms() -> None:
    shelf = ScanShelf(Depot(storage()))
    rows = list(shelf.rows(shelf.current(COMMITMENTS)))
    if not rows:
        return
    table(
        [
            {
                "What": f"{row['kind']}: {row['what']}",
                "Account": row["account"],
                "Region": row["region"],
                "An hour": row["hourly"],
                "Number": row["number"],
                "Payment": row["payment"],
                "Ends": "" if row["ends"] is None else f"{row['ends']:%Y-%m-%d}",
            }
            for row in sorted(rows, key=lambda row: str(row["ends"]))
        ],
        [
            Column("What"),
            Column("Account"),
            Column("Region"),
            Column("An hour", "money"),
            Column("Number", "count"),
            Column("Payment"),
            Column("Ends"),
        ],
        currency="USD",
        words="Terms of commitments, the earliest end first",
    )


def versus(frame: Frame, found: Recommendations) -> None:
    """On demand against a Savings Plan: break-even, the three lookbacks, the hours of use."""
    if frame.looking.person.teams is not None:
        st.info("A plan is bought for all teams; it is shown to people who see all of them.")
        return
    plans = [one for one in found.about.get("plans", ()) if one["currency"] == frame.currency]
    if not plans:
        st.info(
            "There is nothing to compare: the bills have no hours of use at on-demand prices, or "
            "the rates of Savings Plans are not known."
        )
        return
    for plan in plans:
        _plan(plan, frame.currency, whose=f"Payer {plan['payer']}: " if len(plans) > 1 else "")


def _plan(plan: dict[str, Any], currency: str, *, whose: str) -> None:
    steady = "steady" if plan["stable"] else f"not steady: it differs by {plan['spread']} %"
    commitment, saving = (
        figures.exact(Decimal(plan[name]), currency) for name in ("commitment", "saving")
    )
    st.subheader(
        plain(f"{whose}{commitment} an hour would save {saving} a month"),
        anchor=False,
    )
    st.markdown(
        f"A plan costs {plain(figures.percent(Decimal(plan['discount']) * 100))} less than on "
        "demand, and is paid for every hour. It pays off if it is used in more than "
        f"**{plain(figures.percent(Decimal(plan['break_even'])))}** of the hours. Use is {steady}."
        + (" The bill has only days, so an hour is the mean of its day." if plan["by_day"] else "")
    )
    table(
        [
            {
                "Days": one["days"],
                "Commit an hour": Decimal(one["commitment"]),
                "Saves a month": Decimal(one["saving"]),
                "Used %": Decimal(one["utilisation"]),
                "Covers %": Decimal(one["coverage"]),
            }
            for one in plan["lookbacks"]
        ],
        [
            Column("Days", "count"),
            Column("Commit an hour", "money"),
            Column("Saves a month", "money"),
            Column("Used %", "share"),
            Column("Covers %", "share"),
        ],
        currency=currency,
        words=f"{whose}What 7, 30 and 60 days advise, at {commitment} an hour",
    )
    left, right = st.columns(2, gap="large")
    with left:
        _curve(plan, currency)
    with right:
        _hours(plan, currency)


def _curve(plan: dict[str, Any], currency: str) -> None:
    """The cost of a dollar's worth of use under the plan, by how often it is used."""
    import altair as alt  # noqa: PLC0415 - Streamlit has loaded it by now
    import pandas as pd  # noqa: PLC0415 - as above

    price = 1 - Decimal(plan["discount"])
    points = [
        {"used": used, "cost": float(price * 100 / used), "price": "Savings Plan"}
        for used in range(40, 101, 2)
    ] + [{"used": used, "cost": 1.0, "price": "On demand"} for used in (40, 100)]
    st.markdown("**What one unit of use costs, by how often the plan is used**")
    chart = (
        alt.Chart(pd.DataFrame(points))
        .mark_line()
        .encode(
            x=alt.X("used", title="used, percent of the hours"),
            y=alt.Y("cost", title=f"cost ({currency})", scale=alt.Scale(zero=False)),
            color=alt.Color("price", title=None, legend=alt.Legend(orient="top")),
        )
        .properties(height=_HEIGHT)
    )
    st.altair_chart(
        chart,
        width="stretch",
        alt=f"Both cost the same if the plan is used in {plan['break_even']} % of the hours.",
    )


def _hours(plan: dict[str, Any], currency: str) -> None:
    import altair as alt  # noqa: PLC0415 - as above
    import pandas as pd  # noqa: PLC0415 - as above

    shelf = ScanShelf(Depot(storage()))
    points = [
        {"hour": row["hour"], "cost": float(row["on_demand"])}
        for row in shelf.rows(shelf.current(USED))
        if row["payer"] == plan["payer"] and row["currency"] == plan["currency"]
    ]
    if not points:
        st.markdown("The hours behind it are not there any more: a later scan has none of them.")
        return
    covers = Decimal(plan["commitment"]) / (1 - Decimal(plan["discount"]))
    frame = pd.DataFrame(points)
    line = alt.Chart(frame).mark_area(opacity=0.4).encode(
        x=alt.X("hour", title=None), y=alt.Y("cost", title=f"on demand an hour ({currency})")
    )  # fmt: skip
    rule = alt.Chart(pd.DataFrame([{"covers": float(covers)}])).mark_rule(strokeDash=[4, 4]).encode(
        y="covers"
    )  # fmt: skip
    st.markdown("**Use in each hour, and what the plan would cover**")
    st.altair_chart(
        (line + rule).properties(height=_HEIGHT),
        width="stretch",
        alt=f"Hours of use at on-demand prices; the plan covers {covers:.2f} {currency} of each.",
    )
