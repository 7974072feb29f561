"""The tiles of the Overview: one answer each, which leads to the page with its details."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from html import escape

import streamlit as st

from credits_pipeline.finops.budgets.standing import RULE, Status
from credits_pipeline.finops.forecast.asking import outlook
from credits_pipeline.finops.forecast.telling import how_sure
from credits_pipeline.finops.optimization.judged import OPEN, PLANNED
from credits_pipeline.finops.pages import (
    budget_detail,
    budget_list,
    figures,
    governance_state,
    optimization_list,
)
from credits_pipeline.finops.pages.address import spelled
from credits_pipeline.finops.pages.credits_read import read_ledger
from credits_pipeline.finops.pages.credits_tab import ends
from credits_pipeline.finops.pages.frame import Frame
from credits_pipeline.finops.pages.navigation import page_of
from credits_pipeline.finops.pages.plain import plain
from credits_pipeline.finops.pages.screen import is_phone
from credits_pipeline.finops.queries.compare import Comparison
from credits_pipeline.finops.queries.scope import Scope
from credits_pipeline.finops.queries.spend import spend
from credits_pipeline.finops.queries.words import UNTAGGED

#: Two side by side.
_PHONE_TILE = 168
_FIGURE = "font-size:1.75rem;font-weight:600;line-height:1.15"


@dataclass(frozen=True)
class Tile:
    """One answer, which leads to the page with the details."""

    name: str
    figure: str
    note: str
    scope: Scope
    help: str | None = None
    page: str = "spend"
    more: Mapping[str, str] = field(default_factory=dict)


def tiles(frame: Frame, whole: Decimal, beside: Comparison) -> list[Tile]:
    """The tiles of a scope; those without data are left out or say so."""
    scope, currency = frame.scope, frame.currency
    today = frame.looking.today
    found = []
    if beside.why_not:
        found.append(Tile("Spend", figures.short(whole, currency), plain(beside.why_not), scope))
    else:
        now = figures.days(beside.now.start, beside.now.last, today)
        before = figures.days(beside.before.start, beside.before.last, today)
        note = change_of(beside.change, beside.current, beside.previous, currency)
        found.append(
            Tile(
                "Spend, complete days" if scope.period.end > today else "Spend",
                figures.short(beside.current, currency),
                f"{note}, {now} vs {before}",
                scope,
                "Complete days only, the same number on both sides.",
            )
        )
    found.append(_end(frame))
    found.append(_budgets(frame))
    found += _savings(frame)
    if "team" in frame.looking.published.tags and frame.looking.person.teams is None:
        by_team = frame.looking.ask(spend, scope.but(group=("team",)))
        untagged = next((row for row in by_team.rows if row.keys == (None,)), None)
        cost = untagged.cost if untagged else Decimal(0)
        share = untagged.share if untagged else Decimal(0)
        note = "of the spend" if share is None else f"{figures.percent(share)} of the spend"
        found.append(
            Tile(
                "Without a team",
                figures.short(cost, currency),
                note,
                scope.but(
                    filters={**scope.filters, "team": (UNTAGGED,)}, group=("account",)
                ),
                "Charges without the tag team.",
            )
        )  # fmt: skip
    found += _violations(frame)
    ledger = _ledger_tile(frame)
    if ledger is not None:
        return [*found, ledger]
    credits = _credits(frame)
    found.append(
        Tile(
            "Credits on the bills",
            figures.short(-credits, currency),
            "taken off in this period" if credits else "none in this period",
            scope.but(
                filters={**scope.filters, "charge": ("Credit",)}, credits=True, group=("account",)
            ),
        )
    )
    return found


def _ledger_tile(frame: Frame) -> Tile | None:
    """What is left of credits, if their ledger is read and the person sees all accounts."""
    if frame.looking.person.teams is not None:
        return None
    view = read_ledger(frame.looking.published.depot.root)
    if view is None or view.as_of is None:
        return None
    used = sum((one.total or Decimal(0) for one in view.of(frame.scope.period.months)), Decimal(0))
    note = f"{plain(figures.short(used, view.currency))} used in this period"
    told = "What is left of every credit."
    if view.alive:
        first = view.alive[0]
        end = ends(first, frame.looking.today)
        note = f"the first {plain(end)}; {note}"
        told = f"{told} {plain(first.credit.name)} {plain(end)}."
    return Tile(
        "Credits left",
        figures.short(view.left, view.currency),
        note,
        frame.scope,
        told,
        more={"tab": "credits"},
    )


def _end(frame: Frame) -> Tile:
    """Where the period is heading; for a period that is over, the previous one's total."""
    scope, currency, today = frame.scope, frame.currency, frame.looking.today
    if scope.period.by_month:
        found = frame.looking.ask(outlook, scope.but(group=()), today)
        ahead = found.forecast
        if ahead.expected is not None and not ahead.is_over:
            name = "Month end" if len(scope.period.months) == 1 else "Period's end"
            between = budget_detail.range_of(ahead, currency)
            note = f"expected, {between}" if between else "an estimate"
            return Tile(
                name, figures.short(ahead.expected, currency), plain(note), scope,
                how_sure(found.quality), page="budgets",
            )  # fmt: skip
    before = scope.period.previous()
    last = frame.looking.ask(spend, scope.but(period=before, group=())).total
    return Tile(
        figures.days(before.start, before.last, today),
        figures.short(last, currency),
        "the whole period before",
        scope.but(period=before),
    )


def _savings(frame: Frame) -> list[Tile]:
    """What can be saved, once there was a scan."""
    own, known = optimization_list.recommendations(frame)
    if known is None:
        return []
    saving = known.to_be_had(own.currency)
    items, waiting = known.count(OPEN, PLANNED), known.count(OPEN)
    told = f"a month, {figures.count(items, 'item')}"
    return [
        Tile(
            "Savings open",
            figures.short(saving, own.currency),
            f"{told} to decide" if waiting == items else f"{told}, {waiting} to decide",
            frame.scope,
            "At your own price; what is open or planned.",
            page="optimization",
        )
    ]


def _budgets(frame: Frame) -> Tile:
    """How many budgets are over and at risk, and how much of all of them is used."""
    found = budget_list.budgets_of(frame).standings
    if not found:
        return Tile("Budgets", "none yet", "add one of this scope", frame.scope, page="budgets")
    over = sum(one.status is Status.OVER for one in found)
    risk = sum(one.status is Status.AT_RISK for one in found)
    figure = f"{over} over" if over else f"{risk} at risk" if risk else "on track"
    note = f"{risk} at risk, of {len(found)}" if over else f"of {len(found)}"
    return Tile("Budgets", figure, note, frame.scope, RULE, page="budgets")


def _violations(frame: Frame) -> list[Tile]:
    """How many policies are broken, once they were evaluated."""
    if governance_state.not_of_resources(frame.scope):
        return []
    try:
        known = governance_state.known(frame)
    except governance_state.ERRORS as error:
        st.error(plain(error))
        return []
    if known.record is None:
        return []
    cost, _ = governance_state.cost_of(known.open, frame.currency)
    return [
        Tile(
            "Violations",
            f"{len(known.open)} open",
            plain(f"{known.high} high; {figures.short(cost, frame.currency)} a month"),
            frame.scope,
            "Resources that break a policy, and what they cost.",
            page="governance",
        )
    ]


def _credits(frame: Frame) -> Decimal:
    scope = frame.scope.but(cost="billed", credits=True, group=("charge",))
    found = frame.looking.ask(spend, scope)
    return next((row.cost for row in found.rows if row.keys == ("Credit",)), Decimal(0))


def draw(found: list[Tile]) -> None:
    """Draw the tiles: in one row, or two by two on a phone."""
    row = st.container(horizontal=True) if is_phone() else None
    columns = st.columns(len(found)) if row is None else []
    for number, tile in enumerate(found):
        place = (
            columns[number].container(border=True, height="stretch", gap="xxsmall")
            if row is None
            else row.container(border=True, width=_PHONE_TILE, gap="xxsmall")
        )
        with place:
            st.page_link(
                page_of(tile.page),
                label=plain(tile.name),
                icon=":material/chevron_right:",
                icon_position="right",
                help=tile.help,
                query_params=spelled(tile.scope, tile.more),
            )
            st.html(f"<div style='{_FIGURE}'>{escape(tile.figure)}</div>")
            st.markdown(f":small[{tile.note}]")


def change_of(change: Decimal, current: Decimal, previous: Decimal, currency: str) -> str:
    """A change for people, in its colour: more is red, less is green."""
    told = figures.change(change, currency, tile=True)
    share = figures.percent_change(current, previous)
    text = plain(f"{told} ({share})" if share else told)
    colour = "red" if change > 0 else "green" if change < 0 else "gray"
    return f":{colour}[{text}]"
