"""The books of chargeback as one person sees them: which month, which model, which owners.

Statements are cached by their inputs: no view of a page computes one twice.
"""

import threading
from collections import OrderedDict
from dataclasses import dataclass
from typing import Any

import streamlit as st

from credits_pipeline.core.month import BillingMonth
from credits_pipeline.core.settings import SettingError
from credits_pipeline.finops.chargeback.decided import DecidedError
from credits_pipeline.finops.chargeback.kept import KeptError
from credits_pipeline.finops.chargeback.model import Model, ModelError
from credits_pipeline.finops.chargeback.opening import Office, open_office
from credits_pipeline.finops.chargeback.statement import Statement
from credits_pipeline.finops.chargeback.view import View
from credits_pipeline.finops.decisions import DecisionsError
from credits_pipeline.finops.decisions.body import digest
from credits_pipeline.finops.objects import ObjectsError
from credits_pipeline.finops.pages.frame import say_wrong
from credits_pipeline.finops.pages.looking import Looking
from credits_pipeline.finops.pages.plain import plain
from credits_pipeline.finops.queries.seen import has_teams
from credits_pipeline.finops.queries.words import UNTAGGED

_MOST = 128
_lock = threading.Lock()
_statements: "OrderedDict[tuple[Any, ...], Statement]" = OrderedDict()


@dataclass(frozen=True)
class Desk:
    """The context of the page.

    Attributes:
        looking: who looks at which version.
        office: the current books.
        month: the month.
        model: the model.
        view: the statement as the person sees it.
    """

    looking: Looking
    office: Office
    month: BillingMonth
    model: Model
    view: View

    @property
    def sees_all(self) -> bool:
        """Whether the person sees every owner."""
        return self.looking.person.teams is None

    def statement(self, month: BillingMonth, model: Model) -> Statement:
        """The statement of a month."""
        return remembered(self.office, month, model)


def open_desk(looking: Looking) -> Desk:
    """The desk that the address names; the page ends with the reason if there is none."""
    try:
        office = open_office(looking.published)
    except (DecidedError, DecisionsError, ModelError, SettingError) as error:
        st.error(plain(error))
        st.stop()
    month, model = _asked(looking, office)
    try:
        view = _view(office, month, model)
    except (KeptError, ObjectsError) as error:
        st.error(plain(error))
        st.stop()
    return Desk(looking, office, month, model, _limited(looking, view))


def remembered(office: Office, month: BillingMonth, model: Model) -> Statement:
    """A statement, from the cache if it was computed from the same inputs before."""
    published = office.books.published
    closed = [(one.month, one.model, one.version) for one in office.closed.all()]
    key = (
        published.depot.root, published.version, digest(office.books.decided.contents),
        tuple(closed), str(month), model.name,
    )  # fmt: skip
    with _lock:
        if key in _statements:
            _statements.move_to_end(key)
            return _statements[key]
    made = office.books.statement(month, model)
    with _lock:
        _statements[key] = made
        while len(_statements) > _MOST:
            _statements.popitem(last=False)
    return made


def _view(office: Office, month: BillingMonth, model: Model) -> View:
    before = remembered(office, month.shift(-1), model)
    return View(
        statement=remembered(office, month, model),
        previous=before if before.sections else None,
        closing=office.closed.find(str(month), model.name),
    )


def _asked(looking: Looking, office: Office) -> tuple[BillingMonth, Model]:
    months = office.months()
    text = st.query_params.get("month") or _usual(looking, months)
    if text not in months:
        say_wrong(f"There is no bill for the month {text!r}; there are {', '.join(months[-14:])}.")
        st.stop()
    try:
        return BillingMonth.parse(text), office.model(st.query_params.get("model"))
    except DecidedError as error:
        say_wrong(error)
        st.stop()


def _usual(looking: Looking, months: tuple[str, ...]) -> str:
    """The newest month that has ended; otherwise the newest."""
    this = f"{looking.today:%Y-%m}"
    return max((month for month in months if month < this), default=months[-1])


def _limited(looking: Looking, view: View) -> View:
    """What the address names, within what the person may see."""
    to, teams = view.statement.to, looking.person.teams
    asked = tuple(dict.fromkeys(st.query_params.get_all(to)))
    if teams is not None:
        if to != "team" or not has_teams(looking.published):
            st.info("You see only the statements of some teams, and this one is not by team.")
            st.stop()
        strange = [one for one in asked if one not in teams]
        if strange or not teams:
            say_wrong(
                f"You see {', '.join(teams) or 'no team'}; this address asks for "
                f"{', '.join(strange) or 'all teams'}."
            )
            st.stop()
        return View(view.statement, asked or teams, view.previous, view.closing)
    names = {one or UNTAGGED for one in view.statement.names()}
    if view.previous is not None:
        names |= {one for one in view.previous.names() if one is not None}
    strange = [one for one in asked if one not in names]
    if strange:
        say_wrong(f"{to} {strange[0]!r} owes nothing in {view.statement.month}.")
        st.stop()
    only = tuple(None if one == UNTAGGED else one for one in asked)
    return View(view.statement, only or None, view.previous, view.closing)
