"""The tag keys that are columns, their spellings, and what each spelling is worth in the bills."""

import streamlit as st

from credits_pipeline.core.month import BillingMonth
from credits_pipeline.core.settings import SettingError
from credits_pipeline.finops import settings
from credits_pipeline.finops.errors import BillError
from credits_pipeline.finops.pages.plain import plain
from credits_pipeline.finops.pages.tables import Column, table
from credits_pipeline.finops.publish.published import Published
from credits_pipeline.finops.queries.sources import bills
from credits_pipeline.finops.queries.spellings import Spelling, spellings

_COUNTED = "settings:spellings"


def draw(published: Published | None) -> None:
    """Draw the keys, and count dollars on request: that reads every row of a month."""
    st.subheader("Tags that are columns", anchor=False)
    try:
        keys = settings.tag_keys()
    except SettingError as error:
        st.error(plain(error))
        return
    table(
        [{"Column": key.name, "Its spellings": ", ".join(key.aliases)} for key in keys],
        [Column("Column"), Column("Its spellings")],
        currency="",
        words="Tags",
    )
    st.caption(
        "Managed in the setting FINOPS_TAGS. Case and spaces at either end never count. A new "
        "spelling counts from the next time a bill is read."
    )
    if published is None:
        return
    months = sorted({bill.billing_month for bill in bills(published)}, reverse=True)
    with (
        st.form("spellings", border=False),
        st.container(horizontal=True, vertical_alignment="bottom"),
    ):
        month = st.selectbox("Month", months, index=min(1, len(months) - 1), width=160)
        if st.form_submit_button("Count the dollars of each spelling"):
            st.session_state[_COUNTED] = (published.version, month, _count(published, month, keys))
    counted = st.session_state.get(_COUNTED)
    if counted is not None and counted[0] == published.version and counted[2] is not None:
        _show(counted[1], counted[2])


def _count(
    published: Published, month: str, keys: tuple[settings.TagKey, ...]
) -> tuple[Spelling, ...] | None:
    try:
        return spellings(published.depot.root, bills(published), BillingMonth.parse(month), keys)
    except BillError as error:
        st.error(plain(error))
        return None


def _show(month: str, found: tuple[Spelling, ...]) -> None:
    if not found:
        st.info(f"No spelling of these keys, and nothing similar, occurs in the bills of {month}.")
    for currency in sorted({one.currency for one in found}):
        table(
            [
                {
                    "Column": one.column,
                    "Spelling": one.key,
                    "Counts": "yes" if one.means else "no, but similar",
                    "Spend with it": one.cost,
                    "Would be tagged too": None if one.means else one.gain,
                }
                for one in found
                if one.currency == currency
            ],
            [
                Column("Column"), Column("Spelling"), Column("Counts"),
                Column("Spend with it", "money"),
                Column("Would be tagged too", "money",
                       help="Spend that has no value in the column now, and would get one."),
            ],
            currency=currency,
            words=f"Spellings of tag keys in {month}, {currency}",
        )  # fmt: skip
    more = {(one.column, one.key) for one in found if not one.means and one.gain}
    if more:
        added = ",".join(f"{column}={key}" for column, key in sorted(more))
        st.markdown("To count them too, add this to the setting:")
        st.code(f"FINOPS_TAGS={settings.TAGS.text()},{added}", language="bash")
