"""The frame of the pages about spend: who looks at which version, the scope bar, the status line.

Each state of a page is reported here, in one sentence with one thing to do.
"""

from dataclasses import dataclass, field
from typing import Any

import streamlit as st

from credits_pipeline.core.settings import SettingError
from credits_pipeline.finops import settings
from credits_pipeline.finops.objects import ObjectsError
from credits_pipeline.finops.pages import figures
from credits_pipeline.finops.pages.bar import draw_bar
from credits_pipeline.finops.pages.door import configured_door
from credits_pipeline.finops.pages.looking import Looking, NotYoursError, words_of
from credits_pipeline.finops.pages.navigation import OWN, page_of
from credits_pipeline.finops.pages.person import Person, UnknownPersonError, person_of
from credits_pipeline.finops.pages.plain import plain
from credits_pipeline.finops.pages.screen import is_phone
from credits_pipeline.finops.publish.form import PublishError
from credits_pipeline.finops.publish.published import Published, current_version, open_current
from credits_pipeline.finops.queries.scope import Scope, ScopeError
from credits_pipeline.finops.queries.selection import SeveralCurrenciesError, one_currency
from credits_pipeline.finops.queries.sources import SourceAge

_PINNED = "published"
_LOOK_EVERY = "60s"
#: A source that is this many days behind is reported separately.
_LATE_DAYS = 3
_CLOUDS = {"aws": "AWS", "azure": "Azure", "gcp": "Google Cloud"}


@dataclass(frozen=True)
class Frame:
    """The context of a page.

    Attributes:
        looking: who looks at which version.
        scope: within what the person may see, in one currency.
        read: what was read from the store of decisions while the page is drawn, by name, so that
            it is read once and is the same everywhere on the page.
    """

    looking: Looking
    scope: Scope
    read: dict[str, Any] = field(default_factory=dict, compare=False, repr=False)

    @property
    def currency(self) -> str:
        """Of every amount on the page."""
        return self.scope.currency or ""


def who() -> Person:
    """The person who looks; the page ends with the reason if that is not known."""
    try:
        return person_of(dict(st.context.headers), configured_door())
    except (UnknownPersonError, SettingError) as error:
        st.error(plain(error), icon=":material/lock:")
        st.stop()


def storage() -> str:
    """Where the second wing stores its data; the page ends with the reason if it is not set."""
    try:
        return settings.storage_root()
    except SettingError as error:
        st.error(plain(error))
        st.stop()


def pinned(root: str) -> Published | None:
    """The version of this session: the newest at its start, until it takes a newer one."""
    found: Published | None = st.session_state.get(_PINNED)
    if found is None:
        try:
            found = open_current(root)
        except (PublishError, ObjectsError) as error:
            st.error(plain(error))
            st.stop()
        if found is not None:
            st.session_state[_PINNED] = found
    return found


def open_frame(title: str) -> Frame:
    """Draw what is above every page about spend, or say why there is nothing to show."""
    looking = open_looking(title)
    scope = _scope(looking, title)
    _offer_newer(storage(), looking.published.version)
    return Frame(looking, scope)


def open_month(title: str) -> Looking:
    """The same for a page about a month, which has no scope bar."""
    looking = open_looking(title)
    _head(title, looking)
    _offer_newer(storage(), looking.published.version)
    return looking


def open_looking(title: str) -> Looking:
    """Who looks at which version, or why there is nothing to show; nothing else is drawn."""
    person, root = who(), storage()
    published = pinned(root)
    if published is None:
        st.title(title, anchor=False)
        st.info("No bill has been read yet. Add a source on Setup, or run this command:")
        st.code("credits-pipeline ingest", language="bash")
        st.page_link(page_of("setup"), label="Go to Setup")
        st.stop()
    return Looking(published, person, figures.today())


def _scope(looking: Looking, title: str) -> Scope:
    words = words_of({w: st.query_params.get_all(w) for w in st.query_params}, OWN)
    try:
        asked = Scope.parse(words, today=looking.today, tags=looking.published.tags)
        limited = looking.limited(asked)
    except (ScopeError, NotYoursError) as error:
        st.title(title, anchor=False)
        say_wrong(error)
        st.stop()
    draw_bar(looking, asked)
    _head(title, looking)
    strange = looking.strange(asked)
    if strange:
        say_wrong(" ".join(strange))
        st.stop()
    try:
        return one_currency(looking.published, limited)
    except SeveralCurrenciesError as error:
        choose_currency(error.currencies)
        st.stop()


def say_wrong(error: object) -> None:
    """Say why an address can't be shown, with a button that leads to a valid one."""
    st.error(f"This address can't be shown. {plain(error)}", icon=":material/link_off:")
    if st.button("Show everything, this month"):
        st.query_params.clear()
        st.rerun()


def choose_currency(currencies: tuple[str, ...]) -> None:
    """Buttons that write a currency into the address: several are never added."""
    st.info("This scope holds several currencies, which are never added up. Choose one.")
    with st.container(horizontal=True):
        for currency in currencies:
            if st.button(currency, key=f"currency:{currency}"):
                st.query_params["currency"] = currency
                st.rerun()


def _head(title: str, looking: Looking) -> None:
    left, right = st.columns([1, 3], vertical_alignment="bottom")
    left.title(title, anchor=False)
    told = " · ".join(_age(one) for one in looking.ages())
    if told:
        right.markdown(
            f":small[:gray[Complete through] {told}]",
            text_alignment="left" if is_phone() else "right",
        )


def _age(one: SourceAge) -> str:
    cloud = plain(_CLOUDS.get(one.provider, one.provider))
    name = cloud if one.name == one.provider else f"{cloud} ({plain(one.name)})"
    if one.complete_through is None:
        return f"{name} not known"
    told = f"{name} {figures.day(one.complete_through)}"
    if one.days_behind is not None and one.days_behind >= _LATE_DAYS:
        return f"{told} :orange[{one.days_behind} days behind]"
    return told


@st.fragment(run_every=_LOOK_EVERY)
def _offer_newer(root: str, version: str) -> None:
    try:
        newest = current_version(root)
    except (PublishError, ObjectsError):
        return  # The page shows what it has; the next access to the storage says what is wrong.
    if newest in (None, version):
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        st.info("There is newer data than this page shows.", icon=":material/update:")
        if st.button("Show it"):
            st.session_state.pop(_PINNED, None)
            st.rerun()
