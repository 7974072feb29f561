"""Setup: is everything connected, and how old is it."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import streamlit as st

from credits_pipeline.core import settings as credits_settings
from credits_pipeline.core.month import BillingMonth
from credits_pipeline.core.settings import SettingError
from credits_pipeline.finops.decisions import Author, ChangedMeanwhileError, DecisionsError
from credits_pipeline.finops.decisions.opening import open_decisions
from credits_pipeline.finops.pages import connecting, figures, setup_rest
from credits_pipeline.finops.pages.dagster_link import run_link, ui
from credits_pipeline.finops.pages.frame import pinned, storage, who
from credits_pipeline.finops.pages.looking import Looking
from credits_pipeline.finops.pages.one_source import PROVIDERS, look_closer
from credits_pipeline.finops.pages.person import Person, Role
from credits_pipeline.finops.pages.plain import plain, visible
from credits_pipeline.finops.pages.tables import Column, table
from credits_pipeline.finops.publish.bill import Bill
from credits_pipeline.finops.sources import (
    Provider,
    Source,
    SourceBook,
    SourceError,
    configured_sources,
)

_LATE_DAYS = 3
#: The three clouds deliver an open month at least once a day; nobody knows when a file is put
#: into a folder.
_EVERY = timedelta(days=1)


def page() -> None:
    """Draw the page."""
    person = who()
    st.title("Setup", anchor=False)
    root = storage()
    try:
        sources = configured_sources()
    except (SettingError, DecisionsError, SourceError) as error:
        st.error(plain(error))
        st.stop()
    published = pinned(root)
    found: tuple[Bill, ...] = ()
    behind: dict[str, int | None] = {}
    if published is not None:
        looking = Looking(published, person, figures.today())
        found, behind = looking.bills(), {one.name: one.days_behind for one in looking.ages()}
    if person.teams is not None:
        there = {bill.source for bill in found}
        sources = [source for source in sources if source.name in there]
    if not sources:
        _begin()
    else:
        _sources(sources, found, behind)
        look_closer(sources, found, person)
    if person.teams is None:
        _add(person)
        if published is not None:
            setup_rest.draw(root)
        _credits()


def _begin() -> None:
    st.info(
        "No source of bills is connected yet. Add one below, test it, then read its bills. To look "
        "around first, run `credits-pipeline demo`, which brings sample bills of three clouds."
    )


def _sources(sources: list[Source], found: tuple[Bill, ...], behind: dict[str, int | None]) -> None:
    by_source: dict[str, list[Bill]] = {}
    for bill in found:
        by_source.setdefault(bill.source, []).append(bill)
    rows, today = [], figures.today()
    for source in sources:
        of = by_source.get(source.name, [])
        newest = max(of, key=lambda bill: bill.billing_month, default=None)
        rows.append(
            {
                "Source": source.name,
                "State": _state(newest, behind.get(source.name)),
                "Provider": PROVIDERS[source.provider],
                "Complete through": ""
                if newest is None or newest.complete_through is None
                else figures.day(newest.complete_through, today),
                "Newest delivery": ""
                if newest is None
                else figures.moment(datetime.fromisoformat(newest.delivered_at)),
                "Next expected": _next(source, newest),
                "Run": None if newest is None else run_link(newest.run_id) or None,
                "Months": len(of),
                "Rows": sum(bill.rows for bill in of),
                "Size": figures.size(sum(bill.bytes for bill in of)),
                "Place": source.location,
            }
        )
    table(
        rows,
        [
            Column("Source"),
            Column("State"),
            Column("Provider"),
            Column("Complete through"),
            Column("Newest delivery"),
            Column("Next expected", help="A day after the newest: clouds deliver once a day."),
            *([Column("Run", "link")] if any(row["Run"] for row in rows) else []),
            Column("Months", "count"),
            Column("Rows", "count"),
            Column("Size"),
            Column("Place"),
        ],
        currency="",
        words="Sources of bills",
    )


def _next(source: Source, newest: Bill | None) -> str:
    """When the next delivery should be there."""
    if newest is None:
        return ""
    if source.provider is Provider.FOCUS:
        return "not known"
    due = datetime.fromisoformat(newest.delivered_at) + _EVERY
    told = figures.moment(due)
    return f"overdue since {told}" if due < datetime.now(UTC) else told


def _state(newest: Bill | None, days_behind: int | None) -> str:
    if newest is None:
        return "never read"
    if days_behind is None:
        return "age not known"
    return f"⚠ {days_behind} days behind" if days_behind >= _LATE_DAYS else "✓ up to date"


def _add(person: Person) -> None:
    with st.expander("Add a source"):
        provider = st.radio(
            "Whose bill",
            list(PROVIDERS),
            format_func=lambda one: PROVIDERS[one],
            horizontal=True,
            key="setup:provider",
        )
        st.markdown(connecting.steps(provider))
        needed = connecting.needed(provider)
        if needed:
            st.code(needed, language="json")
        why_not = person.why_not(Role.EDITOR)
        with st.form("add-source", border=False):
            name = st.text_input("Name", help="Lower case letters, digits and hyphens.")
            location = st.text_input("Place", placeholder=connecting.PLACES[provider])
            export = st.text_input("Export's name") if provider is Provider.AWS else ""
            if st.form_submit_button("Add", disabled=bool(why_not), help=why_not or None):
                _keep(name, provider, location, export, person)


def _keep(name: str, provider: Provider, location: str, export: str, person: Person) -> None:
    if person.why_not(Role.EDITOR):
        return
    refused = connecting.why_no_folder(location, person)
    if refused:
        st.error(plain(refused))
        return
    body = {"provider": provider.value, "location": location.strip(), "export": export.strip()}
    try:
        source = Source.of(name.strip(), body)
        with open_decisions() as decisions:
            SourceBook(decisions).add(source, by=Author(person.name, "ui"))
    except (SettingError, DecisionsError, SourceError, ChangedMeanwhileError) as error:
        st.error(plain(error))
        return
    st.query_params["source"] = source.name  # so that it can be tested at once
    st.rerun()


def _credits() -> None:
    """The months of the first wing, if it is set up."""
    from credits_pipeline.core.storage.store import StorageError, open_store  # noqa: PLC0415 - as above
    from credits_pipeline.credits.state.journal import Journal  # noqa: PLC0415 - when it is drawn
    from credits_pipeline.reporting.overview import states  # noqa: PLC0415 - as above

    st.subheader("Months of credits", anchor=False)
    now = datetime.now(UTC)
    try:
        first = credits_settings.START_MONTH.read(BillingMonth.parse)
        journal = Journal(open_store(credits_settings.storage_root()))
        found = [
            state
            for state in states(journal, first, BillingMonth.at(now))
            if state.last is not None or state.receipt is not None
        ]
    except (SettingError, StorageError) as error:
        st.error(plain(error))
        return
    if not found:
        st.markdown(
            "No credits file has been sent yet. Upload one to the inbox and it appears here."
        )
        return
    table(
        [
            {
                "Month": str(state.month),
                "Verdict": "" if state.last is None else state.last.verdict.value,
                "CloudZero holds": Decimal(state.receipt.total_credit_usd or 0)
                if state.receipt
                else None,
                "Left out": Decimal(state.last.left_out_usd)
                if state.last and state.last.left_out_usd
                else None,
                "Why": "" if state.last is None else state.last.reason,
            }
            for state in found
        ],
        [
            Column("Month"),
            Column("Verdict"),
            Column("CloudZero holds", "money"),
            Column("Left out", "money"),
            Column("Why"),
        ],
        currency="USD",
        words="Months of credits",
    )
    if ui():
        links = [
            f"[{state.month}]({run_link(state.last.run_id)})"
            for state in found
            if state.last is not None and run_link(state.last.run_id)
        ]
        if links:
            st.markdown(f"Receipts and reports in Dagster: {', '.join(links)}")
    else:
        st.markdown(f"The report of a month: `credits-pipeline report {visible(found[0].month)}`")
