"""The form of a budget: a new one for the current scope, or an existing one."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

import streamlit as st

from credits_pipeline.core.month import BillingMonth
from credits_pipeline.core.settings import SettingError
from credits_pipeline.finops.budgets.budget import CHANNELS, KIND, MONTHS, Budget, BudgetError
from credits_pipeline.finops.budgets.suggesting import as_last_year, suggested
from credits_pipeline.finops.decisions import Author, ChangedMeanwhileError, DecisionsError, Item
from credits_pipeline.finops.decisions.opening import open_decisions
from credits_pipeline.finops.pages import conflict, figures
from credits_pipeline.finops.pages.frame import Frame
from credits_pipeline.finops.pages.person import Role
from credits_pipeline.finops.pages.plain import plain
from credits_pipeline.finops.queries.scope import COSTS
from credits_pipeline.finops.queries.selection import SeveralCurrenciesError

_WORD = "budget"
_ONE, _TWELVE = "one for each period", "one for each month of the year"


def new(frame: Frame) -> None:
    """A form for a budget with the scope of the current filters."""
    chosen = frame.scope.filters
    told = "; ".join(f"{word} {', '.join(values)}" for word, values in chosen.items())
    st.markdown(f"Its scope is what the filters above choose: {plain(told or 'everything')}.")
    mean = _suggested(frame)
    body: dict[str, Any] = {
        "name": " ".join(value for values in chosen.values() for value in values)[:80],
        "scope": {word: list(values) for word, values in chosen.items()},
        "every": "month",
        "cost": frame.scope.cost,
        "from": str(BillingMonth(frame.looking.today.year, frame.looking.today.month)),
    }
    if mean is not None:
        body["amount"] = f"{mean:f}"
        st.markdown(
            f"The last three months cost {plain(figures.exact(mean, frame.currency))} a month on "
            "average, without credits."
        )
    if frame.currency:
        body["currency"] = frame.currency
    _form(frame, body, None)


def change(frame: Frame, item: Item) -> None:
    """A form for an existing budget, and a button that removes it."""
    read = st.session_state.setdefault(_read(item.id), item.version)
    _form(frame, dict(item.body), item.id)
    why_not = frame.looking.person.why_not(Role.EDITOR)
    if (
        st.button(
            "Remove this budget", key="budget:remove", disabled=bool(why_not), help=why_not or None
        )
        and not why_not
    ):
        try:
            with open_decisions() as decisions:
                decisions.delete(KIND, item.id, by=_author(frame), expected=read)
        except ChangedMeanwhileError as error:
            st.session_state[_read(item.id)] = conflict.show(item.id, error)
        except (DecisionsError, SettingError) as error:
            st.error(plain(error))
        else:
            st.session_state.pop(_read(item.id), None)
            st.query_params.pop(_WORD, None)
            st.rerun()


def _form(frame: Frame, body: Mapping[str, Any], id_: str | None) -> None:
    why_not = frame.looking.person.why_not(Role.EDITOR)
    with st.form(f"budget:{id_ or ''}", border=False):
        left, middle, right = st.columns(3)
        name = left.text_input("Name", body.get("name") or id_ or "", max_chars=80)
        every = middle.selectbox("Period", list(MONTHS), index=_at(MONTHS, body.get("every")))
        start = right.selectbox(
            "Its year begins in",
            range(1, 13),
            index=int(body.get("start_month", 1)) - 1,
            format_func=lambda month: f"{date(2000, month, 1):%B}",
            help="A fiscal year may begin in another month than January.",
        )
        amounts = body.get("amounts") or []
        kind = left.radio("Amounts", (_ONE, _TWELVE), index=1 if amounts else 0)
        amount = middle.text_input(
            f"Amount of a period{f', {frame.currency}' if frame.currency else ''}",
            str(body.get("amount") or ""),
        )
        twelve = right.text_area(
            "Amounts of twelve months, one per line",
            "\n".join(map(str, amounts)),
            help="The first is that of the month in which its year begins.",
        )
        cost = left.selectbox("Cost", COSTS, index=_at(COSTS, body.get("cost")))
        credits = middle.toggle("Count credits", body.get("credits") == "in")
        tax = right.toggle("Count tax", body.get("tax", "in") == "in")
        thresholds = left.text_input(
            "Alert when this many percent are used", _listed(body.get("thresholds", (50, 80, 100)))
        )
        expected = middle.text_input(
            "Alert when this many percent are expected",
            _listed(body.get("expected_thresholds", (100,))),
        )
        channels = right.multiselect(
            "Through",
            CHANNELS,
            body.get("channels", []),
            placeholder=("Every channel that is set up"),
        )
        owner = left.text_input("Owner", body.get("owner", ""), max_chars=320)
        first = middle.text_input("From, as YYYY-MM", body.get("from", ""))
        last = right.text_input("To, as YYYY-MM; empty for no end", body.get("to") or "")
        why = st.text_input("Why, for the log of changes", max_chars=500)
        saves = st.form_submit_button("Save", disabled=bool(why_not), help=why_not or None)
    if not saves or why_not:
        return
    try:
        wanted = {
            **{key: body[key] for key in ("scope", "currency") if body.get(key)},
            "name": name,
            "every": every,
            "start_month": start,
            **({"amount": amount} if kind == _ONE else {"amounts": twelve.split()}),
            "cost": cost,
            "credits": "in" if credits else "out",
            "tax": "in" if tax else "out",
            "thresholds": _numbers(thresholds),
            "expected_thresholds": _numbers(expected),
            "channels": channels,
            "owner": owner,
            "from": first,
            **({"to": last} if last.strip() else {}),
        }
        told = Budget.of(id_ or name.strip(), wanted)
    except (BudgetError, ValueError) as error:
        st.error(f"This can't be saved: {plain(error)}.")
        return
    _save(frame, told, id_, why)


def _save(frame: Frame, budget: Budget, id_: str | None, why: str) -> None:
    name = budget.id
    if not name:
        st.error("Give the budget a name.")
        return
    read = None if id_ is None else st.session_state.get(_read(name))
    try:
        with open_decisions() as decisions:
            decisions.put(
                KIND, name, budget.body(), by=_author(frame), expected=read, why=why.strip()
            )
    except ChangedMeanwhileError as error:
        if id_ is None:
            st.error(f"There is a budget {plain(name)} already. Choose another name.")
        else:
            st.session_state[_read(name)] = conflict.show(name, error)
    except (DecisionsError, SettingError) as error:
        st.error(plain(error))
    else:
        st.session_state.pop(_read(name), None)
        st.query_params[_WORD] = name
        st.rerun()


def last_year(frame: Frame) -> None:
    """Twelve amounts from the cost of the last twelve months, plus or minus a percentage."""
    more = st.number_input("Percent more or less than last year", -90, 500, 5, key="budget:more")
    try:
        found = frame.looking.ask(
            as_last_year, frame.scope, frame.looking.today, Decimal(int(more))
        )
    except SeveralCurrenciesError as error:
        st.markdown(plain(error))
        return
    if found is None:
        st.markdown("This scope does not have twelve whole months yet.")
        return
    st.markdown("Copy these into twelve amounts; the first is January's:")
    st.code("\n".join(f"{one:f}" for one in found), language=None)


def _suggested(frame: Frame) -> Decimal | None:
    """The mean of the last months; None if there are too few, or several currencies."""
    try:
        return frame.looking.ask(suggested, frame.scope, frame.looking.today)
    except SeveralCurrenciesError:
        return None  # the page asks for one above


def _author(frame: Frame) -> Author:
    return Author(frame.looking.person.name, "ui")


def _read(id_: str) -> str:
    return f"budget:read:{id_}"


def _at(choices: Any, value: Any) -> int:
    known = list(choices)
    return known.index(value) if value in known else 0


def _listed(numbers: Any) -> str:
    return ", ".join(map(str, numbers))


def _numbers(text: str) -> list[int]:
    try:
        return [int(part.strip().rstrip("%")) for part in text.split(",") if part.strip()]
    except ValueError:
        raise ValueError(f"{text!r} is not a list of percentages such as 50, 80, 100") from None
