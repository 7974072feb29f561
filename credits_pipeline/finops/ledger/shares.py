"""Shares of a sum in whole units: each unit goes to whoever is furthest behind their share.

Floors and largest remainders can take a cent from one account when the sum grows by one. Here the
units have one fixed order, and a larger sum takes more of that order: one more cent changes one
account, whatever the weights and the caps are.
"""

import heapq
from collections.abc import Mapping
from fractions import Fraction


def shared(
    total: int, weights: Mapping[str, int], caps: Mapping[str, int] | None = None
) -> dict[str, int]:
    """Share a sum by weights; the excess over a cap goes to the others.

    Args:
        total: units to share; a negative sum is shared as its opposite, with the sign restored.
        weights: of each name; a name without weight gets nothing. None is negative.
        caps: the most that a name can take; without them there is no limit.

    Returns:
        Units of each name that has a weight. Their sum falls short of the total only if every
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

    The unit number k of a name is at weight / (2k - 1), the largest first, ties by name. Rounding
    gives a beginning of that order, at most half a unit per name from its end.
    """
    whole = sum(weights.values())
    found = {
        name: -((whole - 2 * total * weight) // (2 * whole)) for name, weight in weights.items()
    }
    missing = total - sum(found.values())
    # From above the next in the order is taken; from below the last, whose name comes last too.
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
    """The place of the unit to add or to remove; the smallest is added or removed first."""
    if step > 0:
        return -Fraction(weight, 2 * units + 1)
    # A name without a unit has none to give: it comes after all others.
    return Fraction(weight, 2 * units - 1) if units else Fraction(whole + 1)
