"""Rules, pools, owners and tables of chargeback, as people edit them: tried first, then saved."""

import streamlit as st

from credits_pipeline.core.settings import SettingError
from credits_pipeline.finops.chargeback import model as models
from credits_pipeline.finops.chargeback import tables_in
from credits_pipeline.finops.chargeback.decided import (
    METRIC_KIND,
    OWNER_KIND,
    RATES_KIND,
    DecidedError,
    Owner,
    owner_id,
)
from credits_pipeline.finops.chargeback.model import Model, ModelError, Rule
from credits_pipeline.finops.chargeback.proposing import Effect, effect, read_model, spelled
from credits_pipeline.finops.chargeback.shares import money
from credits_pipeline.finops.chargeback.statement import label
from credits_pipeline.finops.chargeback.suggesting import suggestions
from credits_pipeline.finops.decisions import (
    Author,
    Body,
    ChangedMeanwhileError,
    DecisionsError,
)
from credits_pipeline.finops.decisions.opening import are_kept, open_decisions
from credits_pipeline.finops.pages import figures
from credits_pipeline.finops.pages.chargeback_office import Desk
from credits_pipeline.finops.pages.person import Role
from credits_pipeline.finops.pages.plain import plain
from credits_pipeline.finops.pages.tables import Column, table

_READ = "chargeback:read"
_SAID = "chargeback:saved"


def draw_rules(desk: Desk) -> None:
    """What allocates charges to owners, and the forms that change it."""
    said = st.session_state.pop(_SAID, "")
    with st.expander("Rules, pools and owners", icon=":material/rule:", expanded=bool(said)):
        if said:
            st.success(plain(said))
        rules, owners, tables = st.tabs(["Rules and pools", "Owners", "Metrics and rates"])
        with rules:
            _rules(desk)
        with owners:
            _owners(desk)
        with tables:
            _tables(desk)


def in_words(rule: Rule) -> str:
    """A rule in words."""
    when = " and ".join(f"{word} is {' or '.join(values)}" for word, values in rule.when)
    if rule.by:
        target = f"goes to whatever its {rule.by} says"
    elif rule.pool:
        target = f"goes into the pool {rule.pool}"
    else:
        target = f"goes to {rule.to}"
    return f"A charge whose {when} {target}" if when else f"Any charge {target}"


def _rules(desk: Desk) -> None:
    model, person = desk.model, desk.looking.person
    st.markdown("The first rule that matches counts; a charge that matches none is unallocated.")
    for at, rule in enumerate(model.rules, 1):
        st.markdown(f"{at}\\. {plain(in_words(rule))}")
    for pool in model.pools:
        st.markdown(f"Pool **{plain(pool.name)}**, split {plain(pool.split)}")
    _suggested(desk)
    version = _version(desk)
    refused = person.why_not(Role.EDITOR)
    with st.form("chargeback-model", border=False):
        name = st.text_input("Name of the model", model.name, max_chars=200)
        text = st.text_area("Rules and pools, as YAML", spelled(model), height=320)
        why = st.text_input("Why, for the log", max_chars=500)
        left, right = st.columns(2)
        tries = left.form_submit_button("Try it", width="stretch")
        saves = right.form_submit_button(
            "Save", type="primary", width="stretch", disabled=bool(refused),
            help=plain(refused) or None,
        )  # fmt: skip
    if not (tries or saves):
        return
    try:
        proposed = read_model(desk.office.books, name, text)
        found = effect(desk.office.books, proposed, desk.month, desk.view.statement)
    except (ModelError, DecidedError) as error:
        for fault in error.faults if isinstance(error, ModelError) else [str(error)]:
            st.error(plain(fault))
        return
    _effect(desk, found)
    if saves and not refused:
        expected = version if proposed.name == model.name else _version_of(proposed.name)
        _put(desk, models.KIND, proposed.name, proposed.body(), expected, why)


def _suggested(desk: Desk) -> None:
    if not desk.office.books.decided.is_default:
        return
    found = suggestions(desk.looking.published, desk.model, desk.month)
    if not found:
        return
    st.markdown("**Suggested rules**: these accounts already belong almost entirely to one owner.")
    table(
        [
            {
                "Account": one.account,
                desk.model.to.capitalize(): one.rule.to,
                "Share of its tagged costs": one.share,
                "Unallocated now": one.gained,
            }
            for one in found
        ],
        [
            Column("Account"), Column(desk.model.to.capitalize()),
            Column("Share of its tagged costs", "share"), Column("Unallocated now", "money"),
        ],
        currency=found[0].currency,
        words="Suggested rules",
    )  # fmt: skip
    st.code(
        spelled(Model("", desk.model.to, (*(one.rule for one in found), *desk.model.rules))),
        language="yaml",
    )


def _effect(desk: Desk, found: Effect) -> None:
    """What a proposal changes in the shown month."""
    for fault in found.faults:
        st.warning(plain(fault))
    to = found.model.to.capitalize()
    for currency, owners in sorted(found.changes.items()):
        changed = {owner: sides for owner, sides in owners.items() if sides[0] != sides[1]}
        if not changed:
            st.info(f"Nothing changes in {desk.month}, in {plain(currency)}.")
            continue
        told = figures.count(len(changed), found.model.to)
        st.markdown(f"With these rules, {told} would owe something else in {desk.month}:")
        table(
            [
                {
                    to: label(owner),
                    "Now": money(now),
                    "With these rules": money(then),
                    "Change": money(then - now),
                }
                for owner, (now, then) in changed.items()
            ],
            [
                Column(to), Column("Now", "money"), Column("With these rules", "money"),
                Column("Change", "change"),
            ],
            currency=currency,
            words="What the rules would change",
        )  # fmt: skip


def _owners(desk: Desk) -> None:
    to, person = desk.model.to, desk.looking.person
    known = {name: owner for (kind, name), owner in desk.office.books.decided.owners.items()
             if kind == to}  # fmt: skip
    names = sorted({*known, *(one for one in desk.view.statement.names() if one is not None)})
    table(
        [
            {
                to.capitalize(): name,
                "Cost centre": known.get(name, Owner()).cost_centre,
                "GL account": known.get(name, Owner()).gl_account,
                "Statement goes to": ", ".join(known.get(name, Owner()).addresses),
            }
            for name in names
        ],
        [Column(to.capitalize()), Column("Cost centre"), Column("GL account"),
         Column("Statement goes to")],
        currency="",
        words="Owners",
    )  # fmt: skip
    refused = person.why_not(Role.EDITOR)
    with st.form("chargeback-owner", border=False, clear_on_submit=False):
        name = st.text_input(f"Name of the {to}", max_chars=190)
        centre = st.text_input("Cost centre", max_chars=100)
        account = st.text_input("GL account", max_chars=100)
        addresses = st.text_input("Addresses that receive the statement, separated by commas")
        if not st.form_submit_button(
            "Save owner", disabled=bool(refused), help=plain(refused) or None
        ):
            return
    if refused:
        return
    if not name.strip():
        st.error("Say whose they are: the name is empty.")
        return
    told = tuple(one.strip() for one in addresses.split(",") if one.strip())
    owner = Owner(centre.strip(), account.strip(), told)
    id_ = owner_id(to, name.strip())
    _put(desk, OWNER_KIND, id_, owner.body(), _version_of(id_, OWNER_KIND), "")


def _tables(desk: Desk) -> None:
    decided, person = desk.office.books.decided, desk.looking.person
    told = [f"metric {name}: {figures.count(len(months), 'month')}"
            for name, months in decided.metrics.items()]  # fmt: skip
    told += [
        f"rates {name} to {rates.to}: {figures.count(len(rates.months), 'month')}"
        for name, rates in decided.rates.items()
    ]
    st.markdown(plain("; ".join(told) or "There are none yet."))
    refused = person.why_not(Role.EDITOR)
    with st.form("chargeback-table", border=False):
        kind = st.radio(
            "What it is",
            ["Metric", "Rates"],
            captions=["month,owner,value", "month,from,to,rate"],
            horizontal=True,
        )
        name = st.text_input("Name of the metric or rates", max_chars=100)
        file = st.file_uploader("CSV", type="csv")
        if not st.form_submit_button(
            "Save table", disabled=bool(refused), help=plain(refused) or None
        ):
            return
    if refused:
        return
    if file is None or not name.strip():
        st.error("Give it a name, and choose its CSV.")
        return
    try:
        content = file.getvalue()
        body = tables_in.metric(content) if kind == "Metric" else tables_in.rates(content)
    except tables_in.TableError as error:
        st.error(plain(error))
        return
    where = METRIC_KIND if kind == "Metric" else RATES_KIND
    _put(desk, where, name.strip(), body, _version_of(name.strip(), where), "")


def _put(desk: Desk, kind: str, id_: str, body: Body, expected: int | None, why: str) -> None:
    try:
        with open_decisions() as decisions:
            decisions.put(
                kind, id_, body, by=Author(desk.looking.person.name, "ui"), expected=expected,
                why=why,
            )  # fmt: skip
    except ChangedMeanwhileError as error:
        st.error(f"Somebody else saved it first. {plain(error)}")
    except (DecisionsError, SettingError) as error:
        st.error(plain(error))
    else:
        st.session_state.pop(_READ, None)
        st.session_state[_SAID] = f"Saved: {id_}."
        if kind == models.KIND:
            st.query_params["model"] = id_
        st.rerun()


def _version(desk: Desk) -> int | None:
    """The version of the model that the form was filled from, however long it stays open."""
    kept: dict[str, int | None] = st.session_state.setdefault(_READ, {})
    if desk.model.name not in kept:
        kept[desk.model.name] = _version_of(desk.model.name)
    return kept[desk.model.name]


def _version_of(id_: str, kind: str = models.KIND) -> int | None:
    if not are_kept():
        return None
    with open_decisions() as decisions:
        found = decisions.item(kind, id_)
    return None if found is None else found.version
