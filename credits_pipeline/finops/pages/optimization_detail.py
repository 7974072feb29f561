"""One recommendation: its evidence, the arithmetic of its saving, what became of it, the form."""

from decimal import Decimal

import streamlit as st

from credits_pipeline.core.settings import SettingError
from credits_pipeline.finops.decisions import DecisionsError, DecisionStore
from credits_pipeline.finops.decisions.opening import are_kept, open_decisions
from credits_pipeline.finops.optimization.judged import KIND
from credits_pipeline.finops.optimization.standing import Standing
from credits_pipeline.finops.pages import figures, optimization_form, optimization_usage
from credits_pipeline.finops.pages.frame import Frame
from credits_pipeline.finops.pages.plain import plain, visible
from credits_pipeline.finops.pages.tables import Column, table


def draw(frame: Frame, one: Standing) -> None:
    """Draw it, in place of the list."""
    item = one.item
    if st.button("All recommendations", icon=":material/arrow_back:"):
        del st.query_params["finding"]
        st.rerun()
    st.subheader(plain(item.name), anchor=False)
    where = " · ".join(
        filter(None, (item.kind, item.account_name or item.account, item.region, item.resource_id))
    )
    st.markdown(f":small[:gray[{plain(where)}]]")
    left, right = st.columns(2, gap="large")
    with left:
        st.markdown(f"**{plain(item.do)}**")
        st.markdown(f"{plain(item.says)}.")
        for origin, says in item.also.items():
            # AWS's sentences begin with who says it.
            told = says if says.startswith(origin) else f"{origin} agrees: {says}"
            st.markdown(f"{plain(told)}.")
        if item.hint:
            st.markdown(":small[:gray[A command to copy; nothing here runs it.]]")
            st.code(visible(item.hint), language="bash", wrap_lines=True)
        _arithmetic(one)
        optimization_usage.draw(item)
    with right:
        told = f"It is **{one.state}**, found on {figures.day(item.first_at.date())}."
        st.markdown(f"{told} {plain(one.says)}")
        said = st.session_state.pop("optimization:said", "")
        if said:
            st.success(said)
        optimization_form.one(frame, one)
        _bills(one)
        _history(item.id)


def _arithmetic(one: Standing) -> None:
    """How the saving is computed, in figures that add up."""
    item = one.item
    if item.saving is None:
        st.info(f"What it would save is not known: {plain(item.why_unknown)}.")
        return
    of = item.of_cost or Decimal(0)
    rows = [
        (f"the resource costs, {item.billing_month or 'a month'}", item.resource_cost),
        ("of which this is about, after the items before it", of),
        ("it saves", item.saving),
        ("and leaves", of - item.saving),
        ("at list price it saves", item.list_saving),
    ]
    if item.covered:
        rows.append(("covered by a commitment, which continues", item.covered))
    table(
        [{"What": what, "A month": amount} for what, amount in rows if amount is not None],
        [Column("What"), Column("A month", "money")],
        currency=item.currency,
        words="How the saving is computed",
    )


def _bills(one: Standing) -> None:
    if not one.realised:
        return
    table(
        [
            {
                "Bill": month.billing_month,
                "Cost before": month.before,
                "Cost then": month.actual,
                "Saved": month.realised,
                "Expected": month.expected,
                "So it is": month.state,
            }
            for month in one.realised
        ],
        [
            Column("Bill"),
            Column("Cost before", "money"),
            Column("Cost then", "money"),
            Column("Saved", "change"),
            Column("Expected", "money"),
            Column("So it is"),
        ],
        currency=one.item.currency,
        words="What later bills show",
    )


def _history(id_: str) -> None:
    try:
        if not are_kept():
            return
        with open_decisions() as decisions:
            changes = decisions.changes(KIND, id_) if isinstance(decisions, DecisionStore) else []
    except (DecisionsError, SettingError) as error:
        st.error(plain(error))
        return
    if changes:
        table(
            [
                {
                    "When": f"{change.at:%Y-%m-%d %H:%M} UTC",
                    "Who": change.who,
                    "Said": str((change.after or {}).get("state", "")),
                    "Why": change.why,
                }
                for change in changes
            ],
            [Column("When"), Column("Who"), Column("Said"), Column("Why")],
            currency="",
            words="What people said",
        )
