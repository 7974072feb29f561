"""Shares of a sum in whole units: each unit goes to whoever is furthest behind their share.

Floors and largest remainders can take a cent from one account when the sum grows by one. Here the
units stand in one fixed order, and a larger sum takes more of that order: one more cent changes
one account, whatever the weights and the caps are.
"""

import heapq
from collections.abc import Mapping
from fractions import Fraction


def shared(
    total: int, weights: Mapping[str, int], caps: Mapping[str, int] | None = None
) -> dict[str, int]:
    """Share a sum by weights; what is over somebody's cap is handed on to the others.

    Args:
        total: units to share; a negative sum is shared as its opposite, with the sign restored.
        weights: of each name; a name without weight gets nothing. None is negative.
        caps: the most that a name can take; without them there is no end.

    Returns:
        Units of each name that has a weight. Their sum falls short of the total only where every
        cap is reached, or nobody has a weight.
    """
    if total < 0:
        return {name: -units for name, units in shared(-total, weights, caps).items()}
    active = {name: weight for name, weight in weights.items() if weight > 0}
    done = dict.fromkeys(active, 0)
    left = total
    while active and left:
        found = _shared(left, active)
        full = {name for name in active if caps is not None and found[name] > caps[name]}
        if not full:
            return {**done, **found}
        for name in full:
            assert caps is not None  # noqa: S101 - nobody is full without
            done[name] = caps[name]
            left -= caps[name]
            del active[name]
    return done


def _shared(total: int, weights: Mapping[str, int]) -> dict[str, int]:
    """The same without caps, for names that all have a weight.

    The unit number k of a name stands at weight / (2k - 1), the largest first, ties by name. What
    rounding gives is a beginning of that order, and at most half a unit a name from its end.
    """
    whole = sum(weights.values())
    found = {
        name: -((whole - 2 * total * weight) // (2 * whole)) for name, weight in weights.items()
    }
    missing = total - sum(found.values())
    # From above the next of the order is wanted; from below the last, whose name comes last too.
    names = sorted(weights, reverse=missing < 0)
    step = 1 if missing > 0 else -1
    places = [
        (_place(weights[name], found[name], step, whole), at) for at, name in enumerate(names)
    ]
    heapq.heapify(places)
    for _ in range(abs(missing)):
        name = names[places[0][1]]
        found[name] += step
        heapq.heapreplace(places, (_place(weights[name], found[name], step, whole), places[0][1]))
    return found


def _place(weight: int, units: int, step: int, whole: int) -> Fraction:
    """Where the unit that is to come, or to go, stands; the smallest comes, or goes, first."""
    if step > 0:
        return -Fraction(weight, 2 * units + 1)
    # A name without a unit has none to give: it stands behind all others.
    return Fraction(weight, 2 * units - 1) if units else Fraction(whole + 1)
