"""What a resource did in the days before the scan: the evidence of a recommendation as charts."""

import streamlit as st

from credits_pipeline.finops.depot import Depot
from credits_pipeline.finops.objects import ObjectsError
from credits_pipeline.finops.optimization.item import Item
from credits_pipeline.finops.pages import charts, figures
from credits_pipeline.finops.pages.frame import storage
from credits_pipeline.finops.pages.plain import plain
from credits_pipeline.finops.scans.daily import FIGURES, Daily, Days, Figure, read_daily
from credits_pipeline.finops.scans.scanning import UTILISED
from credits_pipeline.finops.scans.shelf import ScanShelf

_HEIGHT = 120


def draw(item: Item) -> None:
    """Draw each figure of the item's resource that has a value; nothing for kinds without any."""
    if item.kind not in FIGURES:
        return
    shelf = ScanShelf(Depot(storage()))
    try:
        kept = shelf.current(UTILISED)
        if kept is None:
            return
        key = {
            "kind": item.kind,
            "account": item.account,
            "region": item.region,
            "resource_id": item.resource_id,
        }
        found = read_daily(shelf, kept, key)
    except ObjectsError as error:
        st.error(plain(error))
        return
    for figure in FIGURES[item.kind]:
        days = found.days.get(figure.name, {})
        words = in_words(figure, days, found)
        st.markdown(f"**{figure.name}, day by day**")
        if days:
            charts.daily(found.every, days, unit=figure.unit, words=words, height=_HEIGHT)
        st.markdown(f":small[:gray[{words}]]")


def in_words(figure: Figure, days: Days, found: Daily) -> str:
    """What a chart shows, in a sentence or two."""
    every = found.every
    span = figures.days(every[0], every[-1])
    if not days:
        return f"CloudWatch has no value for it, {span}: it is not known."
    lowest, highest = min(days.values()), max(days.values())
    between = (
        f"{_amount(lowest)} {figure.unit} every day"
        if lowest == highest
        else f"between {_amount(lowest)} and {_amount(highest)} {figure.unit} a day"
    )
    missing = len(every) - len(days)
    lacks = f" {figures.count(missing, 'day')} without a value." if missing else ""
    return (
        f"{between[0].upper()}{between[1:]}, {span}, in days up to {found.until:%H:%M} UTC.{lacks}"
    )


def _amount(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 or value == int(value) else f"{value:.2g}"  # noqa: PLR2004
