"""The scope bar: the words of the address, as fields that change the address."""

import streamlit as st

from credits_pipeline.finops.pages.looking import Looking
from credits_pipeline.finops.pages.plain import visible
from credits_pipeline.finops.pages.screen import is_phone
from credits_pipeline.finops.queries.periods import PERIOD_WORDS
from credits_pipeline.finops.queries.scope import COSTS, Scope
from credits_pipeline.finops.queries.words import Vocabulary

#: Filters in the bar; the others are behind a button.
_FIRST = ("cloud", "account", "team")
_COSTS = {"amortised": "Amortised", "billed": "Billed", "list": "List", "net": "Net of credits"}
_HELP = {
    "amortised": "Fees paid in advance are spread over the time that they pay for.",
    "billed": "As on the invoices.",
    "list": "At public prices, before any discount.",
    "net": "Amortised, with the credits that were actually distributed instead of the bill's own.",
}


def draw_bar(looking: Looking, scope: Scope) -> None:
    """Draw the fields, each with the address's value."""
    options = _options(looking, scope)
    names = looking.account_names()
    first = [word for word in _FIRST if word in options]
    rest = [word for word in options if word not in _FIRST]
    if is_phone():
        _period(looking, scope)
        first, rest = [], list(options)
        row = st.container(horizontal=True)
        more, money = row.container(width=168), row.container(width=168)
    else:
        period, *columns, more, money = st.columns(
            [2, *(3 if word == "account" else 2 for word in first), 1.4, 1.8],
            vertical_alignment="bottom",
        )
        with period:
            _period(looking, scope)
        for word, column in zip(first, columns, strict=True):
            with column:
                _many(word, scope, options[word], names if word == "account" else {})
    used = sum(1 for word in rest if word in scope.filters)
    label = "Filters" if not first else "More"
    with more, st.popover(f"{label} ({used})" if used else label, width="stretch"):
        for word in rest:
            _many(word, scope, options[word], names if word == "account" else {})
    with money, st.popover(_money_label(scope), icon=":material/payments:", width="stretch"):
        _money(scope)


def _options(looking: Looking, scope: Scope) -> dict[str, tuple[str, ...]]:
    """The choices, by word; the address's value is among them, or it would be lost."""
    chosen = scope.filters
    return {
        word: tuple(dict.fromkeys((*looking.values(word), *chosen.get(word, ()))))
        for word in Vocabulary(looking.published.tags).filters
    }


def _period(looking: Looking, scope: Scope) -> None:
    months = sorted(looking.values("month"), reverse=True)
    st.session_state["bar:period"] = scope.period.word
    st.selectbox(
        "Period",
        list(dict.fromkeys((*PERIOD_WORDS, *months, scope.period.word))),
        key="bar:period",
        accept_new_options=True,
        help=(
            "A month such as 2026-05, a range such as 2026-05-03..2026-05-09, or one from the list."
        ),
        on_change=_take,
        args=("period",),
    )


def _many(word: str, scope: Scope, options: tuple[str, ...], names: dict[str, str]) -> None:
    key = f"bar:{word}"
    st.session_state[key] = list(scope.filters.get(word, ()))
    st.multiselect(
        word.capitalize(),
        options,
        key=key,
        placeholder=f"All {len(options)}" if len(options) > 1 else "All",
        format_func=lambda value: visible(names.get(value, value)),
        on_change=_take,
        args=(word,),
        help="By name; the address has the account's id." if names else None,
    )


def _money_label(scope: Scope) -> str:
    told = [_COSTS[scope.cost]]
    if not scope.credits:
        told.append("less credits")
    if not scope.tax:
        told.append("no tax")
    return ", ".join(told)


def _money(scope: Scope) -> None:
    st.session_state["bar:cost"] = scope.cost
    st.radio(
        "Cost",
        COSTS,
        key="bar:cost",
        format_func=lambda cost: _COSTS[cost],
        captions=[_HELP[cost] for cost in COSTS],
        on_change=_take,
        args=("cost",),
    )
    for word, label in (("credits", "Count credits"), ("tax", "Count tax")):
        st.session_state[f"bar:{word}"] = getattr(scope, word)
        st.toggle(label, key=f"bar:{word}", on_change=_take, args=(word,))


def _take(word: str) -> None:
    """Write a field into the address, from where the next view reads it."""
    value = st.session_state[f"bar:{word}"]
    words = {name: st.query_params.get_all(name) for name in st.query_params}
    if isinstance(value, bool):
        words[word] = ["in" if value else "out"]
    elif isinstance(value, list):
        words[word] = value
    else:
        words[word] = [value] if value else []
    st.query_params.from_dict({name: some for name, some in words.items() if some})
