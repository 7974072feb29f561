"""Tag coverage by dollars: how much of the spend has each required tag, and what lacks it."""

from decimal import Decimal

import streamlit as st

from credits_pipeline.finops.governance.book import Policies
from credits_pipeline.finops.pages import figures
from credits_pipeline.finops.pages.frame import Frame
from credits_pipeline.finops.pages.governance_state import Governed
from credits_pipeline.finops.pages.plain import plain
from credits_pipeline.finops.pages.tables import Column, table
from credits_pipeline.finops.queries.exactly import less, percent, total
from credits_pipeline.finops.queries.spend import spend
from credits_pipeline.finops.queries.words import Vocabulary

_POLICY = "required-tags"
_ACCOUNTS = 10


def required(policies: Policies) -> tuple[str, ...]:
    """The tags in the policy about required tags."""
    kept = policies.kept.get(_POLICY)
    found = kept.policy.values.get("required_tags", ()) if kept is not None else ()
    several = found if isinstance(found, (list, tuple)) else (found,)
    return tuple(dict.fromkeys(str(one).strip().casefold() for one in several))


def draw(frame: Frame, found: Governed) -> None:
    """Draw it."""
    wanted = required(found.decided.policies)
    words = Vocabulary(frame.looking.published.tags).filters
    there = [tag for tag in wanted if tag in words]
    lost = [tag for tag in wanted if tag not in words]
    if lost:
        st.info(
            plain(
                f"{', '.join(lost)} is required but is not a column of the bills, so its dollars "
                "are not known. Add it to FINOPS_TAGS and read the bills again."
            )
        )
    if not there:
        st.info("No tag is required yet. Name some in the policy “Required tags are missing”.")
        return
    st.markdown(
        ":small[:gray[What was spent in the scope above, with its choice of credits and tax, and "
        "how much of it carries each required tag. The chosen tags come from the policy “Required "
        "tags are missing”.]]"
    )
    rows = [_row(frame, tag) for tag in there]
    table(
        rows,
        [
            Column("Tag"),
            Column("Tagged", "money"),
            Column("Not tagged", "money"),
            Column("Covered", "share"),
        ],
        currency=frame.currency,
        words="Tag coverage by dollars",
    )
    st.subheader("Accounts with the most untagged spend", anchor=False)
    tag = there[0]
    if len(there) > 1:
        tag = st.segmented_control(
            "Tag", there, default=there[0], label_visibility="collapsed", key="governance:of-tag",
            required=True,
        ) or there[0]  # fmt: skip
    _accounts(frame, tag)


def _row(frame: Frame, tag: str) -> dict[str, object]:
    found = frame.looking.ask(spend, frame.scope.but(group=(tag,)))
    blank = total(row.cost for row in found.rows if row.keys[0] is None)
    tagged = less(found.total, blank)
    return {
        "Tag": tag,
        "Tagged": tagged,
        "Not tagged": blank,
        "Covered": percent(tagged, found.total),
    }


def _accounts(frame: Frame, tag: str) -> None:
    found = frame.looking.ask(spend, frame.scope.but(group=("account", tag)))
    names = frame.looking.account_names()
    whole: dict[str | None, Decimal] = {}
    blank: dict[str | None, Decimal] = {}
    for row in found.rows:
        account, value = row.keys
        whole[account] = total((whole.get(account, Decimal(0)), row.cost))
        if value is None:
            blank[account] = total((blank.get(account, Decimal(0)), row.cost))
    worst = sorted(blank, key=lambda account: (-blank[account], account or ""))[:_ACCOUNTS]
    worst = [account for account in worst if blank[account] > 0]
    if not worst:
        st.markdown(f"Everything in this scope carries {plain(tag)}.")
        return
    table(
        [
            {
                "Account": names.get(account or "", account or "(none)"),
                "Not tagged": blank[account],
                "Spend": whole[account],
                "Covered": percent(less(whole[account], blank[account]), whole[account]),
            }
            for account in worst
        ],
        [
            Column("Account"),
            Column("Not tagged", "money"),
            Column("Spend", "money"),
            Column("Covered", "share"),
        ],
        currency=frame.currency,
        words=f"{figures.count(len(worst), 'account')} without {tag}",
    )
