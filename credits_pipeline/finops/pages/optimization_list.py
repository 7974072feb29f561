"""The recommendations that a person sees within a scope, and the form of a row."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import streamlit as st

from credits_pipeline.core.settings import SettingError
from credits_pipeline.finops import settings
from credits_pipeline.finops.decisions import DecisionsError
from credits_pipeline.finops.objects import ObjectsError
from credits_pipeline.finops.optimization.item import Item
from credits_pipeline.finops.optimization.reading import Recommendations, read_recommendations
from credits_pipeline.finops.optimization.standing import Standing
from credits_pipeline.finops.pages.frame import Frame, storage
from credits_pipeline.finops.pages.plain import plain
from credits_pipeline.finops.queries.words import UNTAGGED

_CONFIDENCE = {"high": "sure", "medium": "likely", "low": "perhaps"}
#: Words of the scope that do not concern resources.
NOT_OF_RESOURCES = ("service", "category", "charge", "source", "month")


def recommendations(frame: Frame) -> tuple[Frame, Recommendations | None]:
    """What the person sees in the scope, and the frame in the currency of its amounts.

    The page ends with the reason if it can't be read.
    """
    try:
        found = read_recommendations(storage())
        keys = settings.tag_keys()
    except (ObjectsError, DecisionsError, SettingError) as error:
        st.error(plain(error))
        st.stop()
    if found is None:
        return frame, None
    # A scope without any spend has no currency; resources have their own.
    if not frame.currency and found.currencies:
        frame = replace(frame, scope=frame.scope.but(currency=found.currencies[0]))
    tags = {key.name: key for key in keys}
    return frame, found.only(
        lambda one: (
            _is_seen(one.item, frame.looking.person.teams, tags)
            and _in_scope(one.item, frame, tags)
            and one.item.currency in ("", frame.currency)
        )
    )


def tag_of(item: Item, key: settings.TagKey | None) -> str:
    """The value of a tag, in any spelling of its key; empty for none."""
    if key is None:
        return ""
    return next((value for name, value in (item.tags or {}).items() if key.matches(name)), "")


def row_of(one: Standing) -> dict[str, Any]:
    """One item as a row of the table."""
    item = one.item
    return {
        "Resource": item.name,
        "What to do": item.do,
        "Saves a month": item.saving,
        "At list price": item.list_saving,
        "Why": item.says if not item.why_unknown else f"{item.says}; {item.why_unknown}",
        "How sure": _CONFIDENCE.get(item.confidence, item.confidence),
        "Effort": item.effort,
        "Account": item.account_name or item.account,
        "Region": item.region,
        "Since": f"{item.first_at:%Y-%m-%d}",
        "State": one.state,
        "Owner": one.judged.owner if one.judged else "",
    }


def _is_seen(
    item: Item, teams: tuple[str, ...] | None, tags: Mapping[str, settings.TagKey]
) -> bool:
    """Whether the person may know about it: members of teams see what is tagged as theirs."""
    return teams is None or tag_of(item, tags.get("team")) in teams


def _in_scope(item: Item, frame: Frame, tags: Mapping[str, settings.TagKey]) -> bool:
    for word, values in frame.scope.filters.items():
        if word in NOT_OF_RESOURCES:
            continue
        if word == "cloud":
            known = {item.provider}
        elif word == "account":
            known = {item.account, item.account_name}
        elif word == "region":
            known = {item.region}
        else:
            known = {tag_of(item, tags.get(word)) or UNTAGGED}
        if not known & set(values):
            return False
    return True
