"""One source on Setup: tested, read, changed, removed; and its bills, month by month."""

from datetime import UTC, datetime

import streamlit as st

from credits_pipeline.core.month import BillingMonth
from credits_pipeline.core.settings import SettingError
from credits_pipeline.finops.decisions import Author, ChangedMeanwhileError, DecisionsError
from credits_pipeline.finops.decisions.opening import open_decisions
from credits_pipeline.finops.pages import conflict, connecting, figures, starting
from credits_pipeline.finops.pages.dagster_link import run_link
from credits_pipeline.finops.pages.person import Person, Role
from credits_pipeline.finops.pages.plain import plain
from credits_pipeline.finops.pages.tables import Column, table
from credits_pipeline.finops.publish.bill import Bill
from credits_pipeline.finops.sources import KIND, Provider, Source, SourceBook, SourceError

PROVIDERS = {
    Provider.AWS: "AWS Data Exports",
    Provider.AZURE: "Azure Cost Management",
    Provider.GCP: "Google Cloud",
    Provider.FOCUS: "FOCUS files",
}
_ERRORS = (SettingError, DecisionsError, SourceError)
_WORD = "source"
_SIGNS = {True: ":material/check:", False: ":material/close:", None: ":material/remove:"}


def look_closer(sources: list[Source], found: tuple[Bill, ...], person: Person) -> None:
    """Draw the choice of a source, which is in the address, and what is chosen."""
    names = [source.name for source in sources]
    asked = st.query_params.get(_WORD)
    if asked is not None and asked not in names:
        st.error(f"There is no source {plain(asked)} here.", icon=":material/link_off:")
    st.session_state["setup:source"] = asked if asked in names else None

    def take() -> None:
        chosen = st.session_state["setup:source"]
        if chosen is None:
            st.query_params.pop(_WORD, None)
        else:
            st.query_params[_WORD] = chosen

    st.segmented_control(
        "Look closer", names, key="setup:source", format_func=plain, on_change=take
    )
    source = next((one for one in sources if one.name == asked), None)
    if source is None:
        return
    with st.container(border=True):
        place = f"{source.location}{f', export {source.export}' if source.export else ''}"
        st.markdown(f"**{plain(source.name)}** reads {plain(place)}")
        _act(source, person)
        starting.show_last_run()
        _change(source, person)
        _months([bill for bill in found if bill.source == source.name])


def _act(source: Source, person: Person) -> None:
    why_not = person.why_not(Role.EDITOR)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        test = st.button(
            "Test the connection", key="setup:test", disabled=bool(why_not), help=why_not or None
        )
        month = st.text_input(
            "Month",
            str(BillingMonth.at(datetime.now(UTC))),
            key="setup:month",
            max_chars=7,
            width=120,
        )
        read = st.button(
            "Read its bill", key="setup:ingest", disabled=bool(why_not), help=why_not or None
        )
    if test and not why_not:
        _test(source)
    if read:
        try:
            starting.ingest(source.name, BillingMonth.parse(month), person)
        except ValueError as error:
            st.error(plain(error))


def _test(source: Source) -> None:
    with st.spinner("Checking the location"):
        for line in connecting.tried(source):
            st.markdown(f"{_SIGNS[line.passed]} {plain(line.says)}")
            if line.to_do:
                st.markdown(f"&emsp;{plain(line.to_do)}")


def _change(source: Source, person: Person) -> None:
    why_not = person.why_not(Role.EDITOR)
    with st.expander("Change or remove"):
        try:
            with open_decisions() as decisions:
                item = decisions.item(KIND, source.name)
        except _ERRORS as error:
            st.error(plain(error))
            return
        if item is None:
            return
        # What the person has read, not what is there by the time it is saved; a field whose first
        # value changed while open would lose what was typed into it.
        read, place, export_name = st.session_state.setdefault(
            f"setup:read:{source.name}", (item.version, source.location, source.export)
        )
        with st.form(f"change:{source.name}", border=False):
            location = st.text_input("Place", place)
            export = (
                st.text_input("Export's name", export_name)
                if source.provider is Provider.AWS
                else ""
            )
            save = st.form_submit_button("Save", disabled=bool(why_not), help=why_not or None)
        remove = st.button(
            "Remove this source",
            key="setup:remove",
            disabled=bool(why_not),
            help=why_not or "Its bills stay in the storage, but are no longer read.",
        )
        if save and not why_not:
            body = {"provider": source.provider.value, "location": location.strip()}
            _save(source.name, {**body, "export": export.strip()}, read, person)
        if remove and not why_not:
            _remove(source, read, person)


def _save(name: str, body: dict[str, str], read: int, person: Person) -> None:
    refused = connecting.why_no_folder(body["location"], person)
    if refused:
        st.error(plain(refused))
        return
    try:
        changed = Source.of(name, body)
        with open_decisions() as decisions:
            SourceBook(decisions).change(changed, expected=read, by=Author(person.name, "ui"))
    except ChangedMeanwhileError as error:
        _conflict(name, error)
    except _ERRORS as error:
        st.error(plain(error))
    else:
        st.session_state.pop(f"setup:read:{name}", None)
        st.rerun()


def _remove(source: Source, read: int, person: Person) -> None:
    try:
        with open_decisions() as decisions:
            decisions.delete(KIND, source.name, by=Author(person.name, "ui"), expected=read)
    except ChangedMeanwhileError as error:
        _conflict(source.name, error)
    except _ERRORS as error:
        st.error(plain(error))
    else:
        st.session_state.pop(f"setup:read:{source.name}", None)
        st.query_params.pop(_WORD, None)
        st.rerun()


def _conflict(name: str, error: ChangedMeanwhileError) -> None:
    """Both versions side by side; the next save is on top of the current one."""
    version = conflict.show(name, error)
    if version is not None:
        _, *shown = st.session_state[f"setup:read:{name}"]
        st.session_state[f"setup:read:{name}"] = (version, *shown)


def _months(found: list[Bill]) -> None:
    if not found:
        st.markdown("None of its bills has been read yet.")
        return
    today = figures.today()
    rows = []
    for bill in sorted(found, key=lambda bill: bill.billing_month, reverse=True):
        through = bill.complete_through
        rows.append(
            {
                "Month": bill.billing_month,
                "Complete through": "" if through is None else figures.day(through, today),
                "Rows": bill.rows,
                "Files": bill.files,
                "Version": bill.version,
                "Manifest": bill.address,
                "Run": run_link(bill.run_id) or None,
            }
        )
    table(
        rows,
        [
            Column("Month"),
            Column("Complete through"),
            Column("Rows", "count"),
            Column("Files", "count"),
            Column("Version"),
            Column("Manifest"),
            *([Column("Run", "link")] if any(row["Run"] for row in rows) else []),
        ],
        currency="",
        words="Bills of this source",
    )
