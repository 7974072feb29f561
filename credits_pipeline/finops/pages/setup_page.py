"""Setup: is everything connected, and how old is it."""

from datetime import UTC, datetime
from decimal import Decimal

import streamlit as st

from credits_pipeline import settings as credits_settings
from credits_pipeline.billing.month import BillingMonth
from credits_pipeline.finops.decisions import Author, ChangedMeanwhileError, DecisionsError
from credits_pipeline.finops.decisions.opening import open_decisions
from credits_pipeline.finops.pages import connecting, figures, starting
from credits_pipeline.finops.pages.dagster_link import run_link, ui
from credits_pipeline.finops.pages.frame import pinned, storage, who
from credits_pipeline.finops.pages.person import Person, Role
from credits_pipeline.finops.pages.plain import plain, visible
from credits_pipeline.finops.pages.tables import Column, table
from credits_pipeline.finops.publish.bill import Bill
from credits_pipeline.finops.queries.sources import ages, bills
from credits_pipeline.finops.sources import Provider, Source, SourceBook, SourceError
from credits_pipeline.finops.sources import configured_sources
from credits_pipeline.settings import SettingError

_PROVIDERS = {
    Provider.AWS: "AWS Data Exports",
    Provider.AZURE: "Azure Cost Management",
    Provider.GCP: "Google Cloud",
    Provider.FOCUS: "FOCUS files",
}
_LATE_DAYS = 3


def page() -> None:
    """Draw the page."""
    person = who()
    st.title("Setup")
    root = storage()
    try:
        sources = configured_sources()
    except (SettingError, DecisionsError, SourceError) as error:
        st.error(plain(error))
        st.stop()
    published = pinned(root)
    found = bills(published) if published else ()
    today = datetime.now(UTC).date()
    behind = {one.name: one.days_behind for one in (ages(published, today) if published else ())}
    if not sources:
        _begin()
    else:
        _sources(sources, found, behind)
        _look_closer(sources, person)
    _add(person)
    _credits()


def _begin() -> None:
    st.info(
        "No source of bills is connected yet. Add one below, test it, then read its bills. To look "
        "around first, run `credits-pipeline demo`, which brings sample bills of three clouds."
    )


def _sources(
    sources: list[Source], found: tuple[Bill, ...], behind: dict[str, int | None]
) -> None:
    by_source: dict[str, list[Bill]] = {}
    for bill in found:
        by_source.setdefault(bill.source, []).append(bill)
    rows = []
    for source in sources:
        of = by_source.get(source.name, [])
        newest = max(of, key=lambda bill: bill.billing_month, default=None)
        rows.append(
            {
                "Source": source.name,
                "State": _state(newest, behind.get(source.name)),
                "Provider": _PROVIDERS[source.provider],
                "Complete through": "" if newest is None else str(newest.complete_through or ""),
                "Newest delivery": "" if newest is None else newest.delivered_at[:16],
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
            Column("Months", "count"),
            Column("Rows", "count"),
            Column("Size"),
            Column("Place"),
        ],
        currency="",
        words="Sources of bills",
    )


def _state(newest: Bill | None, days_behind: int | None) -> str:
    if newest is None:
        return "never read"
    if days_behind is None:
        return "age not known"
    return f"late, {days_behind} days behind" if days_behind >= _LATE_DAYS else "ok"


def _look_closer(sources: list[Source], person: Person) -> None:
    names = [source.name for source in sources]
    chosen = st.segmented_control("Look closer", names, key="setup:source", format_func=plain)
    if chosen is None:
        return
    source = next(one for one in sources if one.name == chosen)
    with st.container(border=True):
        st.markdown(f"**{plain(source.name)}** reads {plain(source.location)}")
        with st.container(horizontal=True, vertical_alignment="bottom"):
            if st.button("Test the connection", key="setup:test"):
                _test(source)
            why_not = person.why_not(Role.EDITOR)
            month = st.text_input(
                "Month", str(BillingMonth.at(datetime.now(UTC))), key="setup:month", max_chars=7
            )
            if st.button(
                "Read its bill", key="setup:ingest", disabled=bool(why_not), help=why_not or None
            ):
                _ingest(source, month, person)
            if st.button(
                "Remove", key="setup:remove", disabled=bool(why_not), help=why_not or None
            ):
                _remove(source, person)
        starting.show_last_run()


def _test(source: Source) -> None:
    with st.spinner("Looking at the place"):
        for line in connecting.tried(source):
            if line.passed:
                st.markdown(f":material/check: {plain(line.says)}")
            else:
                st.markdown(f":material/close: {plain(line.says)}")
                if line.to_do:
                    st.markdown(f"&emsp;{plain(line.to_do)}")


def _ingest(source: Source, text: str, person: Person) -> None:
    try:
        month = BillingMonth.parse(text)
    except ValueError as error:
        st.error(plain(error))
        return
    starting.ingest(source.name, month, person)


def _remove(source: Source, person: Person) -> None:
    try:
        with open_decisions() as decisions:
            SourceBook(decisions).remove(source.name, by=Author(person.name, "ui"))
    except (SettingError, DecisionsError, SourceError, ChangedMeanwhileError) as error:
        st.error(plain(error))
        return
    st.rerun()


def _add(person: Person) -> None:
    with st.expander("Add a source"):
        provider = st.radio(
            "Whose bill",
            list(_PROVIDERS),
            format_func=lambda one: _PROVIDERS[one],
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
    body = {"provider": provider.value, "location": location.strip(), "export": export.strip()}
    try:
        source = Source.of(name.strip(), body)
        with open_decisions() as decisions:
            SourceBook(decisions).add(source, by=Author(person.name, "ui"))
    except (SettingError, DecisionsError, SourceError, ChangedMeanwhileError) as error:
        st.error(plain(error))
        return
    st.rerun()


def _credits() -> None:
    """The months of the first wing, where it is set up."""
    from credits_pipeline.reporting.journal import Journal  # noqa: PLC0415 - when it is drawn
    from credits_pipeline.reporting.overview import states  # noqa: PLC0415 - as above
    from credits_pipeline.storage.store import StorageError, open_store  # noqa: PLC0415 - as above

    st.subheader("Months of credits")
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
