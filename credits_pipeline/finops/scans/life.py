"""The life of a finding, whatever found it: stable id, what scans saw, people's decisions.

::

    open -> planned -> done -> proved | not seen      dismissed, snoozed or acknowledged, then open
    open -> gone (a scan could read its part and no longer found it)

A scan that could not read changes nothing: what is not known is neither found nor gone.
"""

import hashlib
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

#: A scan's result for a finding.
FOUND, GONE, NOT_SEEN = "found", "gone", "not known"


def finding_id(rule: str, resource: tuple[str, str, str, str]) -> str:
    """The permanent id of a finding across scans.

    Args:
        rule: the action or the policy.
        resource: kind, account, region and id, as `Resource.key`.
    """
    return hashlib.sha256("\n".join((rule, *resource)).encode()).hexdigest()[:16]


@dataclass(frozen=True)
class Sighting:
    """What all scans together saw of one finding.

    Attributes:
        id: of `finding_id`.
        first_at: when it was first found; reset after it was gone.
        last_at: when it was last found.
        seen: the newest scan's result: `FOUND`, `GONE` or `NOT_SEEN`.
        times: how often it came back after it was gone.
    """

    id: str
    first_at: datetime
    last_at: datetime
    seen: str = FOUND
    times: int = 0


def sight(
    before: Iterable[Sighting],
    found: Collection[str],
    looked: Mapping[str, bool] | None,
    at: datetime,
) -> dict[str, Sighting]:
    """The state of every finding after one more scan.

    Args:
        before: the previous state.
        found: ids that the scan found.
        looked: whether the scan could read a finding's resource (missing ids: yes, and it was
            not found); None if it could read nothing.
        at: the scan's time.
    """
    after = {
        one.id: replace(one, seen=_unseen(one, looked)) for one in before if one.id not in found
    }
    known = {one.id: one for one in before}
    for id_ in found:
        one = known.get(id_)
        if one is None:
            after[id_] = Sighting(id_, at, at)
        elif one.seen == GONE:
            after[id_] = replace(one, first_at=at, last_at=at, seen=FOUND, times=one.times + 1)
        else:
            after[id_] = replace(one, last_at=at, seen=FOUND)
    return after


def _unseen(one: Sighting, looked: Mapping[str, bool] | None) -> str:
    if one.seen == GONE:
        return GONE
    return GONE if looked is not None and looked.get(one.id, True) else NOT_SEEN
