"""The scope bar: what is in the address, as fields that write the address."""

import streamlit as st

from credits_pipeline.finops.pages.looking import Looking, NotYoursError
from credits_pipeline.finops.pages.plain import plain
from credits_pipeline.finops.queries.periods import PERIOD_WORDS
from credits_pipeline.finops.queries.scope import COSTS, Scope
from credits_pipeline.finops.queries.selection import SeveralCurrenciesError
from credits_pipeline.finops.queries.spend import totals
from credits_pipeline.finops.queries.values import account_names, values
from credits_pipeline.finops.queries.words import Vocabulary

#: Filters that stand in the bar; the others are behind a button.
_FIRST = ("cloud", "account", "team")
_COSTS = {"amortised": "Amortised", "billed": "Billed", "list": "List", "net": "Net of credits"}
_HELP = {
    "amortised": "Fees paid in advance are spread over the time that they pay for.",
    "billed": "As the invoices have it.",
    "list": "At public prices, before any discount.",
    "net": "Amortised, with the credits that were really handed out instead of the bill's own.",
}


def draw_bar(looking: Looking, scope: Scope) -> None:
    """Draw the fields, each with what the address says."""
    options = _options(looking, scope)
    names = account_names(looking.published)
    period, *columns, more, money = st.columns([2, 2, 3, 2, 1.4, 1.8], vertical_alignment="bottom")
    with period:
        _period(looking, scope)
    for word, column in zip(_FIRST, columns, strict=True):
        if word in options:
            with column:
                _many(word, scope, options[word], names if word == "account" else {})
    rest = [word for word in options if word not in _FIRST]
    used = sum(1 for word in rest if word in scope.filters)
    with more, st.popover(f"More ({used})" if used else "More", width="stretch"):
        for word in rest:
            _many(word, scope, options[word], {})
    with money, st.popover(_money_label(scope), icon=":material/payments:", width="stretch"):
        _money(scope)


def _options(looking: Looking, scope: Scope) -> dict[str, tuple[str, ...]]:
    """What can be chosen, by word; of a person who sees some teams only what they have."""
    words = tuple(Vocabulary(looking.published.tags).filters)
    if looking.person.teams is None:
        found = {word: values(looking.published, word) for word in words}
    else:
        try:
            seen = looking.ask(totals, scope.but(filters={}))
        except (NotYoursError, SeveralCurrenciesError):
            seen = {}
        found = {word: tuple(row.label for row in seen.get(word, ())) for word in words}
    chosen = scope.filters
    return {word: tuple(dict.fromkeys((*some, *chosen.get(word, ())))) for word, some in
            found.items()}  # fmt: skip


def _period(looking: Looking, scope: Scope) -> None:
    months = sorted(values(looking.published, "month"), reverse=True)
    st.session_state["bar:period"] = scope.period.word
    st.selectbox(
        "Period",
        list(dict.fromkeys((*PERIOD_WORDS, *months, scope.period.word))),
        key="bar:period",
        accept_new_options=True,
        help="A month such as 2026-05, a range such as 2026-05-03..2026-05-09, or one of the list.",
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
        format_func=lambda value: plain(names.get(value, value)),
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
    """Write a field into the address, which is where the next look reads it."""
    value = st.session_state[f"bar:{word}"]
    words = {name: st.query_params.get_all(name) for name in st.query_params}
    if isinstance(value, bool):
        words[word] = ["in" if value else "out"]
    elif isinstance(value, list):
        words[word] = value
    else:
        words[word] = [value] if value else []
    st.query_params.from_dict({name: some for name, some in words.items() if some})
