"""A rule's answer about a resource: something to save, not known, or nothing.

A saving is a share of the cost of the resource's own rows on the bill; no rule knows an amount.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import IntEnum
from fractions import Fraction
from typing import Any, Literal

from credits_pipeline.finops.scans.resources import Resource

Confidence = Literal["high", "medium", "low"]


class Step(IntEnum):
    """The order in which savings are taken from what is left of a resource's cost."""

    IDLE = 1
    SCHEDULE = 2
    RIGHTSIZE = 3
    GENERATION = 4
    COMMITMENT = 5


TABS = (
    "Compute", "Containers", "Serverless", "Commitment", "EC2 vs Savings Plans", "Data and storage",
)  # fmt: skip
COMPUTE, CONTAINERS, SERVERLESS, COMMITMENT, _, DATA = TABS
#: Units of what is paid while running, as bills write them.
RUNNING = ("hours", "hrs", "hour", "vcpu-hours", "gb-hours", "vcpu-hour", "gb-hour", "lcu-hrs")
DURATION = ("gb-seconds", "lambda-gb-second", "seconds", "second")


@dataclass(frozen=True)
class Opportunity:
    """Something to save.

    Attributes:
        action: its stable word, one item for each resource and action.
        step: when its saving is taken.
        tab: of the page.
        resource: the resource concerned.
        says: the evidence in words.
        do: what to do, in words.
        share: of the lines' cost that is saved; None if not known.
        units: lower-case units of the lines that count; empty for all.
        confidence: of the evidence.
        effort: of doing it.
        hint: a command to copy; it is never run here.
        material: what the item stands on; a change of it opens a dismissed item again.
        why_unknown: why the share is not known.
    """

    action: str
    step: Step
    tab: str
    resource: Resource
    says: str
    do: str
    share: Fraction | None
    units: tuple[str, ...] = ()
    confidence: Confidence = "high"
    effort: Confidence = "low"
    hint: str = ""
    material: Mapping[str, str] = field(default_factory=dict)
    why_unknown: str = ""


@dataclass(frozen=True)
class Unknown:
    """A rule that applies and can't decide, for lack of evidence.

    Attributes:
        action: as an opportunity would have it.
        tab: of the page.
        resource: what it is about.
        lacks: columns and why each is not known.
    """

    action: str
    tab: str
    resource: Resource
    lacks: Mapping[str, str]


Verdict = Opportunity | Unknown | None
Test = Callable[[Any], bool]


def undecided(
    action: str,
    tab: str,
    resource: Resource,
    tests: Mapping[str, Test],
    hours: Decimal = Decimal(0),
) -> tuple[bool, Unknown | None]:
    """Hold a resource against all of these.

    A known value that fails a test decides, whatever else is missing; what is missing decides
    nothing else. Neither do tests that hold for fewer hours than are needed.

    Args:
        action: that is at stake.
        tab: of the page.
        resource: what is looked at.
        tests: by column.
        hours: of metrics that are needed.

    Returns:
        Whether every test holds; and what is missing, where that keeps it open.
    """
    known = {name: resource.get(name) for name in tests}
    if any(value is not None and not tests[name](value) for name, value in known.items()):
        return False, None
    lacks = resource.missing(tests)
    seen = resource.get("hours_seen")
    if hours and (seen is None or seen < hours):
        lacks["hours_seen"] = f"{seen or 0} hours seen, {hours} are needed"
    if lacks:
        return False, Unknown(action, tab, resource, lacks)
    return True, None


def at_least(least: Decimal) -> Test:
    """A test of a value that has to reach something."""
    return lambda value: value >= least


def number(value: float | Decimal, unit: str = "") -> str:
    """A measured number for a sentence: short, never an exponent."""
    told = f"{float(value):,.1f}".removesuffix(".0")
    return f"{told} {unit}".strip()
